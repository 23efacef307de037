//! Which complaints a visit answers, the one it was ordered for first. What is found there counts
//! for each of them, and the visit stands in the ledger wherever the first of them stands: moved,
//! merged and taken back, a complaint takes the visit along that was ordered for it.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::complaint::queries::ComplaintRow;
use crate::platform::db::{
    Connection, Id,
    schema::{complaint, verification_complaint as table},
};
use crate::record::ComplaintState;

/// States in which a complaint waits for what a visit finds.
pub const WAITING: [ComplaintState; 2] = [ComplaintState::Accepted, ComplaintState::InProgress];

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

/// Whether somebody beside this complaint still waits for what a visit finds.
#[must_use]
pub fn others_wait(answered: &[ComplaintRow], complaint: Id) -> bool {
    answered
        .iter()
        .any(|other| other.id != complaint && WAITING.contains(&other.state))
}
