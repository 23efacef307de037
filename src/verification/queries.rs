//! Visits in the database.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::{
    machine::{ENDED, MACHINE},
    rules::Band,
};
use crate::account::{Role, Staff};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{photo, verification, verification_event},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::record::{self, Actor, Event};

/// A visit as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = verification)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct VisitRow {
    pub id: Id,
    pub complaint_id: Id,
    pub grid_code: String,
    pub officer_id: Option<Id>,
    pub state: String,
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
}

impl VisitRow {
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

/// A visit by the id in a path.
///
/// # Errors
/// 404 when there is none.
pub fn find(conn: &mut Connection, id: &str) -> Result<VisitRow, Problem> {
    let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found())?;
    by_id(conn, id.into())
        .or_fault("load a visit")?
        .ok_or_else(Problem::not_found)
}

/// A visit by id.
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

/// Loads a visit for changing.
///
/// # Errors
/// 404 when there is none.
pub fn take(conn: &mut Connection, id: &str) -> Result<VisitRow, Problem> {
    let row = find(conn, id)?;
    if let Connection::Postgres(c) = conn {
        verification::table
            .find(row.id)
            .select(verification::id)
            .for_update()
            .load::<Id>(c)
            .or_fault("take a visit")?;
    }
    by_id(conn, row.id)
        .or_fault("load a visit")?
        .ok_or_else(Problem::not_found)
}

/// Whether staff may see a visit: officers those of their grid, the brigade all. One that was
/// called off, because the matter lies elsewhere or has ended, is closed to officers.
///
/// # Errors
/// 404 when it is not theirs to see.
pub fn visible(staff: &Staff, row: &VisitRow) -> Result<(), Problem> {
    let theirs = match staff.role {
        Role::GridOfficer => row.state != CALLED_OFF && is_near(staff, row),
        _ => true,
    };
    if theirs {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

/// State of a visit that nobody is to make any more.
const CALLED_OFF: &str = "cancelled";

fn is_near(staff: &Staff, row: &VisitRow) -> bool {
    row.officer_id == Some(staff.id) || staff.grid_code.as_deref() == Some(row.grid_code.as_str())
}

/// Whether staff may send what they captured on a visit: also after it was called off. What an
/// officer did on the way is kept, however late it comes.
///
/// # Errors
/// 404 when it is not theirs.
pub fn may_upload(staff: &Staff, row: &VisitRow) -> Result<(), Problem> {
    if staff.role != Role::GridOfficer || is_near(staff, row) {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

/// A visit's events, as they reached us.
///
/// # Errors
/// What the database answers.
pub fn events_of(conn: &mut Connection, id: Id) -> QueryResult<Vec<EventRow>> {
    verification_event::table
        .filter(verification_event::verification_id.eq(id))
        .order(verification_event::id.asc())
        .select(EventRow::as_select())
        .load(conn)
}

/// Photos of a visit: when taken, if they tell, and when received.
///
/// # Errors
/// What the database answers.
pub fn photo_times(conn: &mut Connection, id: Id) -> QueryResult<Vec<(Option<UtcTime>, UtcTime)>> {
    photo::table
        .filter(photo::verification_id.eq(id))
        .filter(photo::status.eq("kept"))
        .select((photo::taken_at, photo::created_at))
        .load(conn)
}

/// A complaint's visits that have not ended, the oldest first.
///
/// # Errors
/// What the database answers.
pub fn open_of(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<VisitRow>> {
    verification::table
        .filter(verification::complaint_id.eq(complaint))
        .filter(verification::state.ne_all(ENDED))
        .order(verification::id.asc())
        .select(VisitRow::as_select())
        .load(conn)
}

/// Ends a complaint's open visits, because its handling has ended and nobody is to go there for it.
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
        let visit = take(conn, &visit.id.to_string())?;
        if !ENDED.contains(&visit.state.as_str()) {
            let event = Event::new("verification", visit.id, "cancel", actor).because(keys, reason);
            advance(conn, &visit, &event, now)?;
        }
    }
    Ok(())
}

/// Moves a visit by an event of its machine and records it.
///
/// # Errors
/// 409 when the machine has no such move; a fault when the database fails.
pub fn advance(
    conn: &mut Connection,
    row: &VisitRow,
    event: &Event<'_>,
    now: DateTime<Utc>,
) -> Result<&'static str, Problem> {
    let step = MACHINE.next(&row.state, event.event)?;
    diesel::update(verification::table.find(row.id))
        .set((
            verification::state.eq(step.to),
            verification::version.eq(verification::version + 1),
            verification::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("move a visit")?;
    record::append(conn, &event.clone().moving(step.from, step.to), now).or_fault("record")?;
    Ok(step.to)
}
