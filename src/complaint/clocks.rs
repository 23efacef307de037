//! A complaint's clocks: those its channel and its procedure give it, and the day it is due by them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::untold;
use crate::clock::{
    kinds::{Ground, Kind, Meaning, NOTIFY, OBJECTION, OF_HANDLING, REPLY, of_channel},
    queries as clocks,
    rows::{ClockRow, NewClock},
};
use crate::district::{DeadlineKind, Profile, calendar::date_of};
use crate::platform::db::{Connection, Id, schema::complaint};
use crate::record::{Actor, ComplaintState};

/// The clocks of a new complaint, from the day it reached its channel.
#[must_use]
pub fn of_new(
    profile: &Profile,
    channel: &str,
    complaint: Id,
    received_on: NaiveDate,
) -> Vec<NewClock> {
    let terms = profile.channel_terms(channel);
    let clocks = terms.map(|(kind, term)| {
        let kind = of_channel(kind);
        NewClock::of(&profile.calendar, kind, complaint, term, received_on)
    });
    clocks.collect()
}

/// The first day on which one of the duties is due.
#[must_use]
pub fn first_due(clocks: &[NewClock]) -> Option<NaiveDate> {
    let duties = clocks.iter().filter(|clock| clock.is_duty());
    duties.map(|clock| clock.due_on).min()
}

/// The clocks of a complaint's handling, the first due first.
///
/// # Errors
/// What the database answers.
pub fn of_handling(conn: &mut Connection, id: Id) -> QueryResult<Vec<ClockRow>> {
    let mut rows = clocks::of_subject(conn, "complaint", id)?;
    rows.retain(|row| OF_HANDLING.iter().any(|kind| kind.name == row.kind));
    Ok(rows)
}

/// Sets a complaint's due date to that of the first duty that still runs. A right that lapses is no
/// due date.
///
/// # Errors
/// What the database answers.
pub fn refresh_due(conn: &mut Connection, id: Id) -> QueryResult<()> {
    if let Some(next) = clocks::next_due(conn, &OF_HANDLING, id)? {
        diesel::update(complaint::table.find(id))
            .set(complaint::due_on.eq(next))
            .execute(conn)?;
    }
    Ok(())
}

/// A complaint was decided on: it is no longer sent back upstream. Its reporter is yet to be told.
///
/// # Errors
/// What the database answers.
pub fn decided(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<()> {
    clocks::lapse(conn, &[&OBJECTION], id, now)?;
    refresh_due(conn, id)
}

/// The reporter was told at an instant. Whoever told them is who acts.
///
/// # Errors
/// What the database answers.
pub fn told(conn: &mut Connection, id: Id, actor: &Actor, at: DateTime<Utc>) -> QueryResult<()> {
    clocks::meet(conn, &NOTIFY, id, actor, at)?;
    refresh_due(conn, id)
}

/// What told the reporter came back: they are yet to be told, by the day it was to be done by.
///
/// # Errors
/// What the database answers.
pub fn told_in_vain(conn: &mut Connection, id: Id) -> QueryResult<()> {
    clocks::send_back(conn, &NOTIFY, id)?;
    refresh_due(conn, id)
}

/// There is nobody to tell (信访工作条例23条: 姓名、住址不清的除外): the duty falls away, neither met nor missed.
///
/// # Errors
/// What the database answers.
pub fn nobody_to_tell(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<()> {
    clocks::lapse(conn, &[&NOTIFY], id, now)?;
    refresh_due(conn, id)
}

/// Whether the right to send a complaint back upstream still runs.
///
/// # Errors
/// What the database answers.
pub fn may_object(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<bool> {
    let right = clocks::running(conn, &OBJECTION, id)?;
    Ok(right.is_some_and(|right| date_of(now) <= right.due_on))
}

/// A complaint was sent back upstream (退单): the right is used. Whoever has it back tells its reporter, so
/// that the duty to do so falls away here.
///
/// # Errors
/// What the database answers.
pub fn objected(
    conn: &mut Connection,
    id: Id,
    actor: &Actor,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    clocks::meet(conn, &OBJECTION, id, actor, now)?;
    clocks::lapse(conn, &[&NOTIFY], id, now)
}

/// A decision was taken back: its clocks run again, those that were met once more from this day on.
///
/// # Errors
/// What the database answers.
pub fn taken_back(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    for kind in OF_HANDLING {
        clocks::take_back(conn, &profile.calendar, kind, id, now)?;
    }
    refresh_due(conn, id)
}

/// A complaint was answered.
///
/// # Errors
/// What the database answers.
pub fn answered(
    conn: &mut Connection,
    id: Id,
    actor: &Actor,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    clocks::meet(conn, &REPLY, id, actor, now).map(|_| ())
}

/// A complaint was decided on in the past, on a day nobody knows: what that met has fallen away,
/// because whether it was in time cannot be said.
///
/// # Errors
/// What the database answers.
pub fn decided_some_day(conn: &mut Connection, id: Id, until: DateTime<Utc>) -> QueryResult<()> {
    clocks::lapse(conn, &[&NOTIFY, &OBJECTION], id, until)?;
    refresh_due(conn, id)
}

/// The same of an answer.
///
/// # Errors
/// What the database answers.
pub fn answered_some_day(conn: &mut Connection, id: Id, until: DateTime<Utc>) -> QueryResult<()> {
    clocks::lapse(conn, &[&REPLY], id, until)
}

/// The handling of a complaint has ended: what still runs has fallen away with it. Its reporter is still
/// told of what was decided, unless they ended it themselves.
///
/// # Errors
/// What the database answers.
pub fn ended(
    conn: &mut Connection,
    id: Id,
    state: ComplaintState,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let to_tell = untold::DECIDED.contains(&state);
    let over = OF_HANDLING.into_iter();
    let over = over.filter(|kind| !to_tell || kind.name != NOTIFY.name);
    clocks::lapse(conn, &over.collect::<Vec<_>>(), id, now)
}

/// The first day on which a running duty of each complaint's handling is due, for those that have one.
///
/// # Errors
/// What the database answers.
pub fn first_running(
    conn: &mut Connection,
    complaints: &[Id],
) -> QueryResult<HashMap<Id, NaiveDate>> {
    let clocks = clocks::of_subjects(conn, "complaint", complaints)?;
    let first = clocks.into_iter().filter_map(|(id, rows)| {
        let of_handling = |row: &&ClockRow| OF_HANDLING.iter().any(|kind| kind.name == row.kind);
        let due = rows.iter().filter(of_handling).filter(|row| row.is_due());
        due.map(|row| row.due_on).min().map(|day| (id, day))
    });
    Ok(first.collect())
}

/// The duties of a complaint's handling stand still while the reporter completes it (退回补正).
///
/// # Errors
/// What the database answers.
pub fn suspend(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<()> {
    for kind in duties() {
        clocks::suspend(conn, kind, id, Ground::Completion, date_of(now))?;
    }
    Ok(())
}

/// What stood still runs again, from this day on.
///
/// # Errors
/// What the database answers.
pub fn resume(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    for kind in duties() {
        clocks::resume(conn, &profile.calendar, kind, id, date_of(now))?;
    }
    refresh_due(conn, id)
}

fn duties() -> impl Iterator<Item = &'static Kind> {
    let duties = OF_HANDLING.into_iter();
    duties.filter(|kind| kind.meaning == Meaning::Duty)
}

/// The procedure brings its own reply clock; the stricter of it and the channel's counts, from the day
/// the clock started. What a procedure does not know, an extension under another, falls away.
///
/// # Errors
/// What the database answers.
pub fn follow_procedure(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    (channel, procedure): (&str, &str),
) -> QueryResult<()> {
    let Some(reply) = clocks::running(conn, &REPLY, id)? else {
        return Ok(());
    };
    let of_channel = profile.channel_terms(channel);
    let of_channel = of_channel.filter(|(kind, _)| *kind == DeadlineKind::Reply);
    let terms = of_channel.map(|(_, term)| term);
    let terms = terms.chain(profile.procedure_term(procedure));
    let strictest = terms.min_by_key(|term| profile.calendar.due(reply.started_on, &term.rule).on);
    let may_extend = profile.procedure(procedure).is_some_and(|it| it.may_extend);
    if !may_extend {
        clocks::drop_extensions(conn, reply.id)?;
    }
    if let Some(term) = strictest {
        clocks::count_by(conn, &profile.calendar, &reply, &term)?;
    }
    refresh_due(conn, id)
}

/// Starts the reply clock again, by the rule it had, and answers what it was before.
///
/// # Errors
/// What the database answers.
pub fn restart_reply(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    now: DateTime<Utc>,
) -> QueryResult<Option<Value>> {
    let former = clocks::restart(conn, &profile.calendar, &REPLY, id, now)?;
    refresh_due(conn, id)?;
    let told = former.map(|clock| {
        json!({
            "started_on": clock.started_on,
            "due_on": clock.due_on,
            "met_at": clock.met_at.map(|at| at.0),
        })
    });
    Ok(told)
}
