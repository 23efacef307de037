//! Visits in the database.

use std::{collections::HashMap, slice};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::{
    answers::{self, others_wait},
    clocks,
    machine::{Facts, MACHINE},
    rules::Band,
};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{verification, verification_complaint, verification_event},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::Condition;
use crate::record::{
    self, Actor, ComplaintEvent, ComplaintState, Step, Subject, VisitEvent, VisitState,
    machine::{Machine, Trait},
};

/// A visit as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = verification)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct VisitRow {
    pub id: Id,
    pub grid_code: String,
    pub officer_id: Option<Id>,
    pub state: VisitState,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub radius_m: f64,
    pub band_from: Option<i32>,
    pub band_to: Option<i32>,
    pub instructions: Option<String>,
    pub due_on: Option<NaiveDate>,
    pub assigned_at: Option<UtcTime>,
    pub result: Option<String>,
    pub version: i32,
    pub created_at: UtcTime,
    pub updated_at: UtcTime,
    pub entry_id: Id,
}

/// A visit, as what has states.
pub struct Visit;

impl Subject for Visit {
    type State = VisitState;
    type Event = VisitEvent;
    type Facts = Facts;

    const MACHINE: &'static Machine<VisitState, VisitEvent, Facts> = &MACHINE;

    fn write_state(
        conn: &mut Connection,
        id: Id,
        from: VisitState,
        to: VisitState,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> QueryResult<usize> {
        let present = verification::table.find(id);
        let written = diesel::update(present.filter(verification::state.eq(from)))
            .set((
                verification::state.eq(to),
                verification::version.eq(verification::version + 1),
                verification::updated_at.eq(UtcTime(now)),
            ))
            .execute(conn)?;
        clocks::follow(conn, id, to, actor, now)?;
        Ok(written)
    }
}

impl VisitRow {
    /// A step from where it stands.
    #[must_use]
    pub fn step<'a>(&self, event: VisitEvent, actor: &'a Actor) -> Step<'a, Visit> {
        Step::new(self.id, self.state, event, actor)
    }

    /// What the officer is to look at, opened.
    #[must_use]
    pub fn read_instructions(&self, keys: &Keys) -> Option<String> {
        sealed::INSTRUCTIONS.read_maybe(keys, self.id.0.as_bytes(), self.instructions.clone())
    }

    /// The hours a visit must fall in.
    #[must_use]
    pub fn band(&self) -> Option<Band> {
        let hour = |n: i32| u32::try_from(n).ok();
        let (from, until) = self
            .band_from
            .and_then(hour)
            .zip(self.band_to.and_then(hour))?;
        Some(Band { from, until })
    }
}

/// An uploaded event as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = verification_event)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct EventRow {
    pub id: Id,
    pub kind: String,
    pub client_id: String,
    pub officer_id: Id,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub accuracy_m: Option<f64>,
    pub distance_m: Option<f64>,
    pub in_grid: Option<bool>,
    pub result: Option<String>,
    pub notes: Option<String>,
    pub notes_masked: Option<String>,
    pub reason: Option<String>,
    pub same_time_of_day: Option<bool>,
    pub late: bool,
    pub device_time: UtcTime,
    pub received_at: UtcTime,
    pub clock_offset_ms: Option<i64>,
}

impl EventRow {
    /// The words opened; of notes whose key is lost the masked ones stay.
    #[must_use]
    pub fn opened(mut self, keys: &Keys) -> Self {
        let open = |stored| sealed::NOTES.open_text(keys, self.id.0.as_bytes(), stored);
        self.notes = self
            .notes
            .and_then(open)
            .or_else(|| self.notes_masked.clone());
        self.reason = sealed::ELSEWHERE.read_maybe(keys, self.id.0.as_bytes(), self.reason);
        self
    }
}

/// A visit by the id in a path, of those there are for the caller.
///
/// # Errors
/// 404 when there is none for them.
pub fn find(
    conn: &mut Connection,
    theirs: Condition<verification::table>,
    id: &str,
) -> Result<VisitRow, Problem> {
    let id = named(id)?;
    among(conn, theirs, id)
        .or_fault("load a visit")?
        .ok_or_else(Problem::not_found)
}

fn named(id: &str) -> Result<Id, Problem> {
    let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found())?;
    Ok(id.into())
}

/// A visit by id, if it is among those there are for the caller.
///
/// # Errors
/// What the database answers.
pub fn among(
    conn: &mut Connection,
    theirs: Condition<verification::table>,
    id: Id,
) -> QueryResult<Option<VisitRow>> {
    verification::table
        .find(id)
        .filter(theirs)
        .select(VisitRow::as_select())
        .first(conn)
        .optional()
}

/// A visit by id, whoever it is for.
///
/// # Errors
/// What the database answers.
pub fn by_id(conn: &mut Connection, id: Id) -> QueryResult<Option<VisitRow>> {
    verification::table
        .find(id)
        .select(VisitRow::as_select())
        .first(conn)
        .optional()
}

/// Loads a visit for changing, of those there are for the caller.
///
/// # Errors
/// 404 when there is none for them.
pub fn take(
    conn: &mut Connection,
    theirs: Condition<verification::table>,
    id: &str,
) -> Result<VisitRow, Problem> {
    hold(conn, named(id)?).or_fault("take a visit")?;
    find(conn, theirs, id)
}

/// Loads a visit that follows what it was ordered for.
///
/// # Errors
/// 404 when there is none.
pub(super) fn take_along(conn: &mut Connection, id: Id) -> Result<VisitRow, Problem> {
    hold(conn, id).or_fault("take a visit")?;
    by_id(conn, id)
        .or_fault("load a visit")?
        .ok_or_else(Problem::not_found)
}

/// Has others wait who would change a visit.
fn hold(conn: &mut Connection, id: Id) -> QueryResult<()> {
    if let Connection::Postgres(c) = conn {
        verification::table
            .find(id)
            .select(verification::id)
            .for_update()
            .load::<Id>(c)?;
    }
    Ok(())
}

/// A visit's events, as they reached us.
///
/// # Errors
/// What the database answers.
pub fn events_of(conn: &mut Connection, id: Id) -> QueryResult<Vec<EventRow>> {
    Ok(events_of_each(conn, &[id])?.remove(&id).unwrap_or_default())
}

/// The events of visits, by visit, in one query however many there are.
///
/// # Errors
/// What the database answers.
pub fn events_of_each(
    conn: &mut Connection,
    visits: &[Id],
) -> QueryResult<HashMap<Id, Vec<EventRow>>> {
    let rows: Vec<(Id, EventRow)> = verification_event::table
        .filter(verification_event::verification_id.eq_any(visits))
        .order(verification_event::id.asc())
        .select((verification_event::verification_id, EventRow::as_select()))
        .load(conn)?;
    let mut events: HashMap<Id, Vec<EventRow>> = HashMap::new();
    for (visit, event) in rows {
        events.entry(visit).or_default().push(event);
    }
    Ok(events)
}

/// The visits that answer a complaint and have not ended, the oldest first.
///
/// # Errors
/// What the database answers.
pub fn open_of(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<VisitRow>> {
    verification::table
        .inner_join(verification_complaint::table)
        .filter(verification_complaint::complaint_id.eq(complaint))
        .filter(verification::state.ne_all(VisitState::that_are(Trait::Ended)))
        .order(verification::id.asc())
        .select(VisitRow::as_select())
        .load(conn)
}

/// Ends the open visits that answer a complaint, because its handling has ended and nobody is to go
/// there for it. One that others wait for goes on, whether it was ordered for them or they came to the
/// matter since.
///
/// # Errors
/// A fault when the database fails.
pub fn cancel_open(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    actor: &Actor,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    for visit in open_of(conn, complaint).or_fault("load open visits")? {
        // Taken as an upload takes it, so that a check-in is before or after this, never across.
        let visit = take_along(conn, visit.id)?;
        if visit.state.is(Trait::Ended) {
            continue;
        }
        answers::take_in_all(conn, visit.id, now)?;
        let answered = answers::of(conn, visit.id).or_fault("load complaints")?;
        if !others_wait(&answered, complaint) {
            call_off(conn, &visit, keys, actor, reason, now)?;
        }
    }
    Ok(())
}

/// Has a complaint that was accepted, or a find that was taken up, share in the visit that is under way to its matter, if one is.
/// Answers the state it is in then.
///
/// # Errors
/// A fault when the database fails.
pub fn join_open(
    conn: &mut Connection,
    entry: Id,
    complaint: Id,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Option<ComplaintState>, Problem> {
    let waiting = answers::unanswered(conn, entry).or_fault("load who waits")?;
    let Some(row) = waiting.iter().find(|waiting| waiting.id == complaint) else {
        return Ok(None);
    };
    for visit in answers::under_way(conn, entry).or_fault("look for a visit")? {
        let visit = take_along(conn, visit)?;
        if !visit.state.is(Trait::Ended) {
            answers::take_in(conn, visit.id, slice::from_ref(row), actor, now)?;
            if row.state != ComplaintState::Accepted {
                return Ok(Some(row.state));
            }
            let step = row.step(ComplaintEvent::Start, actor);
            return record::advance(conn, &step, now).map(Some);
        }
    }
    Ok(None)
}

/// Ends a visit that nobody is to make any more.
///
/// # Errors
/// A fault when the database fails.
pub fn call_off(
    conn: &mut Connection,
    visit: &VisitRow,
    keys: &Keys,
    actor: &Actor,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let needless = Facts {
        needless: true,
        ..Facts::default()
    };
    let step = visit.step(VisitEvent::Cancel, actor).given(needless);
    record::advance(conn, &step.because(keys, reason), now).map(|_| ())
}
