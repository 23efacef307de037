//! A row's way into the database, the same as that of `POST /api/v1/intake`, with its steps of the past
//! after it, in a transaction of its own.

use std::sync::mpsc;

use actix_web::web;
use chrono::{DateTime, Utc};

use super::{
    batch::{self, Place},
    before::{self, Before},
    mapping::Plan,
    row::Row,
    taken::{Known, Taken, is_ours, taken},
};
use crate::app::App;
use crate::complaint::{
    desk::check_intake,
    otherwise::{Grains, first_of, tells_otherwise},
    person::Question,
    submission::Prepared,
};
use crate::district::calendar::date_of;
use crate::matching;
use crate::platform::{
    db::{Connection, Id},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{Actor, machine::Trait};
use crate::triage::past;

/// How rows are taken in.
#[derive(Clone)]
pub(super) struct Taking {
    /// What the table means.
    pub(super) plan: Plan,
    /// The account that takes them in.
    pub(super) by: Option<Id>,
    /// The run they belong to; none for a trial, which keeps nothing.
    pub(super) batch: Option<Id>,
}

/// What became of a row.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Whether it was there already.
    pub(super) known: bool,
    /// Whether it was placed by a name the profile knows.
    pub(super) placed: bool,
    /// Whether it joined a matter that was there.
    pub(super) joined: bool,
    /// Whether its handling has ended.
    pub(super) ended: bool,
    /// Whether one of its duties is overdue.
    pub(super) overdue: bool,
    /// Whether it stands behind the work of the day, without an end.
    pub(super) backlog: bool,
    pub(super) questions: Vec<Question>,
    pub(super) warnings: Vec<String>,
}

/// A row that was read and checked.
struct Ready {
    id: String,
    prepared: Prepared,
    grains: Grains,
    known: Known,
    before: Before,
}

/// Stores a row, or finds that it is known. In a trial all is done and taken back.
///
/// # Errors
/// Words for the line.
pub(super) async fn store(
    app: &web::Data<App>,
    taking: &Taking,
    line: u64,
    row: &Row,
) -> Result<Kept, String> {
    let now = app.now();
    let (ready, questions) = ready(app, taking, row, now)?;
    let place = taking.batch.map(|batch| Place { batch, line });
    let (shared, (tell, told)) = (app.clone(), mpsc::channel());
    let done = app
        .db
        .write(move |conn| {
            let kept = take(conn, &shared, &ready, place, now)?;
            // Who hears it waits for as long as this takes.
            let _ = tell.send(kept);
            match place {
                Some(_) => Ok(()),
                None => Err(Problem::because(Code::GuardFailed, "a trial keeps nothing")),
            }
        })
        .await;
    let kept = match (done, told.try_recv()) {
        (Ok(()), Ok(kept)) => kept,
        (Err(_), Ok(kept)) if taking.batch.is_none() => kept,
        (Err(p), _) => return Err(format!("{p}: {}", p.internal().unwrap_or_default())),
        (Ok(()), Err(e)) => return Err(e.to_string()),
    };
    Ok(Kept { questions, ..kept })
}

fn ready(
    app: &App,
    taking: &Taking,
    row: &Row,
    now: DateTime<Utc>,
) -> Result<(Ready, Vec<Question>), String> {
    let plan = &taking.plan;
    let Taken {
        body,
        received_at,
        grains,
        known,
    } = taken(plan, row, now)?;
    let before = before::of(plan, row, (received_at, grains.received_at), taking.by, now)?;
    let unknown = |what: &str, code: &str| {
        format!("the profile has no {what} {code:?}; translate it in the mapping's [import.values]")
    };
    let (procedure, unit) = (&before.past.procedure, &before.past.unit);
    if app.profile.procedure(procedure).is_none() {
        return Err(unknown("procedure", procedure));
    }
    if let Some(unit) = unit
        .as_ref()
        .filter(|code| app.profile.unit(code).is_none())
    {
        return Err(unknown("unit", unit));
    }
    let draft = check_intake(app, body, Actor::Import).map_err(|p| p.to_string())?;
    let questions = draft.questions().to_vec();
    let mut prepared = draft.prepare(app);
    if !is_ours(&app.profile, row) {
        prepared.forget_named_place();
    }
    if before.history {
        prepared = prepared.as_history();
    }
    if known.row_key.is_some() && prepared.known().stands_in(&row.id) {
        return Err(
            "its own id holds a name or a number of whoever reports; give the rows other ids"
                .to_owned(),
        );
    }
    let ready = Ready {
        id: row.id.clone(),
        prepared,
        grains,
        known,
        before,
    };
    Ok((ready, questions))
}

fn take(
    conn: &mut Connection,
    app: &App,
    ready: &Ready,
    place: Option<Place>,
    now: DateTime<Utc>,
) -> Result<Kept, Problem> {
    let Ready {
        prepared, before, ..
    } = ready;
    // Whoever takes the same row in, by whichever door, waits here.
    matching::queries::lock(conn, &[&prepared.report], &app.profile).or_fault("lock the matter")?;
    if let Some(first) = first(conn, app, ready)? {
        return again(conn, app, ready, first);
    }
    let stored = past::file(conn, app, prepared, &before.past, now)?;
    if let Some(place) = place {
        let key = ready.known.row_key.as_deref();
        batch::keep_row(conn, place, stored.row.id, key).or_fault("keep where it came from")?;
    }
    let ended = stored.row.state.is(Trait::Ended);
    let due_on = stored.row.owed_on();
    Ok(Kept {
        placed: prepared.is_placed_by_name(),
        joined: stored.verdict.joins().is_some(),
        ended,
        overdue: due_on.is_some_and(|day| day < date_of(now)),
        backlog: before.history && due_on.is_some(),
        ..Kept::default()
    })
}

/// The complaint a row is already.
fn first(conn: &mut Connection, app: &App, ready: &Ready) -> Result<Option<Id>, Problem> {
    let known = &ready.known;
    if let Some(key) = &known.row_key {
        let first = batch::complaint_of(conn, key).or_fault("look for the row")?;
        if first.is_some() {
            return Ok(first);
        }
    }
    let numbers = known.number.iter().chain([&known.former]);
    let numbers: Vec<&str> = numbers.map(String::as_str).collect();
    first_of(conn, &app.keys, &ready.prepared.door.channel, &numbers)
}

/// A row that is known: it stays as it is. What came by another door may be told there in other words;
/// an import's own rows are told the same or are another matter.
fn again(conn: &mut Connection, app: &App, ready: &Ready, first: Id) -> Result<Kept, Problem> {
    let id = &ready.id;
    let first = tells_otherwise(conn, &app.keys, first, &ready.prepared, ready.grains)?;
    let (number, what) = (&first.number, first.what.join(" and "));
    if !what.is_empty() && !first.elsewhere {
        let message = format!("the id {id:?} is known as {number} with {what}");
        return Err(Problem::invalid("id", ItemCode::TellsOtherwise, message));
    }
    let mut warnings = Vec::new();
    if !what.is_empty() {
        warnings.push(format!(
            "is known as {number}, which came by another door with {what} and stands as it is"
        ));
    }
    if ready.before.past.standing.has_ended() && !first.state.is(Trait::Ended) {
        let state = first.state.as_str();
        warnings.push(format!(
            "has ended in the table and is {number} here, which is `{state}`: end it here"
        ));
    }
    Ok(Kept {
        known: true,
        warnings,
        ..Kept::default()
    })
}
