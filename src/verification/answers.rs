//! Which complaints a visit answers, the one it was ordered for first. What is found there counts
//! for each of them, and the visit stands in the ledger wherever the first of them stands: moved,
//! merged and taken back, a complaint takes the visit along that was ordered for it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use serde_json::json;

use crate::complaint::queries::ComplaintRow;
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, verification, verification_complaint as table},
    },
    problem::{OnDb, Problem},
};
use crate::record::{
    self, Actor, ComplaintEvent, ComplaintState, Event, VisitEvent, VisitState, machine::Trait,
};

/// A link that nobody confirmed yet: nothing is done for two as one on the strength of it.
pub(super) const PROVISIONAL: &str = "provisional";

/// States in which a complaint waits for what a visit finds.
pub const WAITING: [ComplaintState; 3] = [
    ComplaintState::Accepted,
    ComplaintState::InProgress,
    ComplaintState::TakenUp,
];

/// Names the complaints a visit answers.
///
/// # Errors
/// What the database answers.
pub fn name(conn: &mut Connection, visit: Id, complaints: &[Id]) -> QueryResult<()> {
    for (position, complaint) in (0..).zip(complaints) {
        diesel::insert_into(table::table)
            .values((
                table::verification_id.eq(visit),
                table::complaint_id.eq(complaint),
                table::position.eq(position),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Complaints of an entry that wait for what a visit finds and that no open visit answers, the oldest
/// first. What the abuse list hides and what nobody confirmed to be of the matter waits for none.
///
/// # Errors
/// What the database answers.
pub fn unanswered(conn: &mut Connection, entry: Id) -> QueryResult<Vec<ComplaintRow>> {
    let visit = verification::table
        .filter(verification::id.eq(table::verification_id))
        .filter(verification::state.ne_all(VisitState::that_are(Trait::Ended)));
    let open = table::table
        .filter(table::complaint_id.eq(complaint::id))
        .filter(exists(visit));
    complaint::table
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::state.eq_any(WAITING))
        .filter(complaint::hidden.eq(false))
        .filter(complaint::link.ne(PROVISIONAL))
        .filter(not(exists(open)))
        .order(complaint::id.asc())
        .select(ComplaintRow::as_select())
        .load(conn)
}

/// Has a visit answer further complaints of its matter, and says so in its history and in theirs.
///
/// # Errors
/// A fault when the database fails.
pub fn take_in(
    conn: &mut Connection,
    visit: Id,
    newcomers: &[ComplaintRow],
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if newcomers.is_empty() {
        return Ok(());
    }
    let taken: Vec<i32> = table::table
        .filter(table::verification_id.eq(visit))
        .select(table::position)
        .load(conn)
        .or_fault("look for the last complaint")?;
    let next = taken.into_iter().max().map_or(0, |last| last + 1);
    for (position, newcomer) in (next..).zip(newcomers) {
        diesel::insert_into(table::table)
            .values((
                table::verification_id.eq(visit),
                table::complaint_id.eq(newcomer.id),
                table::position.eq(position),
            ))
            .execute(conn)
            .or_fault("name a complaint")?;
        let taken = Event::of(VisitEvent::TakeComplaint, visit, actor)
            .with(json!({ "complaint": newcomer.number }));
        let sent = Event::of(ComplaintEvent::Dispatch, newcomer.id, actor)
            .with(json!({ "verification": visit }));
        record::append_all(conn, &[taken, sent], now).or_fault("record")?;
    }
    Ok(())
}

/// Has a visit answer whatever of its matter waits for a visit by now: who came to it since the order,
/// because a link was confirmed or entries were merged.
///
/// # Errors
/// A fault when the database fails.
pub fn take_in_all(conn: &mut Connection, visit: Id, now: DateTime<Utc>) -> Result<(), Problem> {
    let answered = of(conn, visit).or_fault("load complaints")?;
    let Some(first) = answered.first().filter(|first| first.link != PROVISIONAL) else {
        return Ok(());
    };
    let newcomers = unanswered(conn, first.entry_id).or_fault("load who waits")?;
    take_in(conn, visit, &newcomers, &Actor::System, now)
}

/// Open visits that answer complaints of an entry, as far as these are known to be of its matter; the
/// oldest first.
///
/// # Errors
/// What the database answers.
pub fn under_way(conn: &mut Connection, entry: Id) -> QueryResult<BTreeSet<Id>> {
    let visits: Vec<Id> = verification::table
        .inner_join(table::table.inner_join(complaint::table))
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::link.ne(PROVISIONAL))
        .filter(verification::state.ne_all(VisitState::that_are(Trait::Ended)))
        .select(verification::id)
        .load(conn)?;
    Ok(visits.into_iter().collect())
}

/// Takes a complaint from a visit that stays for others.
///
/// # Errors
/// What the database answers.
pub fn release(conn: &mut Connection, visit: Id, complaint: Id) -> QueryResult<usize> {
    diesel::delete(table::table.find((visit, complaint))).execute(conn)
}

/// The complaints that visits answer, by visit, in one query however many there are.
///
/// # Errors
/// What the database answers.
pub fn of_each(
    conn: &mut Connection,
    visits: &[Id],
) -> QueryResult<HashMap<Id, Vec<ComplaintRow>>> {
    let rows: Vec<(Id, ComplaintRow)> = table::table
        .inner_join(complaint::table)
        .filter(table::verification_id.eq_any(visits))
        .order((table::verification_id.asc(), table::position.asc()))
        .select((table::verification_id, ComplaintRow::as_select()))
        .load(conn)?;
    let mut answered: HashMap<Id, Vec<ComplaintRow>> = HashMap::new();
    for (visit, complaint) in rows {
        answered.entry(visit).or_default().push(complaint);
    }
    Ok(answered)
}

/// The complaints a visit answers.
///
/// # Errors
/// What the database answers.
pub fn of(conn: &mut Connection, visit: Id) -> QueryResult<Vec<ComplaintRow>> {
    Ok(of_each(conn, &[visit])?.remove(&visit).unwrap_or_default())
}

/// Whether somebody beside this complaint still waits for what a visit finds: what staff found on the spot
/// does before it is studied.
#[must_use]
pub fn others_wait(answered: &[ComplaintRow], complaint: Id) -> bool {
    let waits =
        |state: &ComplaintState| WAITING.contains(state) || *state == ComplaintState::ToStudy;
    answered
        .iter()
        .any(|other| other.id != complaint && waits(&other.state))
}
