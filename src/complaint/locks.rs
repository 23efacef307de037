//! Taking complaints for changing: nobody else changes them until the transaction ends.
//!
//! Whoever changes a complaint recounts its entry, and whoever moves an entry moves its complaints.
//! So that the two never wait for each other, every write locks in one order: what near-simultaneous
//! reports share, entries by their ids, complaints by theirs, visits, what units have, the series of
//! numbers. On SQLite there is one writer anyway. What a write will need is found out first, taken in one go,
//! and looked at again under the locks (`platform::db::settled`); `joining` does so for new
//! complaints and for the parts of a letter.

use diesel::prelude::*;

use super::queries::{self, ComplaintRow};
use crate::ledger::queries as ledger;
use crate::platform::{
    db::{self, Connection, Id, schema::complaint},
    problem::{OnDb, Problem},
};

/// Takes a complaint by number.
///
/// # Errors
/// 404 when there is none.
pub fn by_number(conn: &mut Connection, number: &str) -> Result<ComplaintRow, Problem> {
    let found = queries::by_number(conn, number).or_fault("load a complaint")?;
    one(conn, found.ok_or_else(Problem::not_found)?.id)
}

/// Takes complaints by their numbers, in one go; numbers that are none are passed over.
///
/// # Errors
/// 503 when they are moved again and again.
pub fn numbered(conn: &mut Connection, numbers: &[&str]) -> Result<Vec<ComplaintRow>, Problem> {
    let found = queries::by_numbers(conn, numbers).or_fault("load complaints")?;
    let ids: Vec<Id> = found.iter().map(|row| row.id).collect();
    all(conn, &ids, &[])
}

/// A complaint that was taken before, as it stands now.
///
/// # Errors
/// 404 when there is none.
pub fn held(conn: &mut Connection, number: &str) -> Result<ComplaintRow, Problem> {
    let found = queries::by_number(conn, number).or_fault("load a complaint")?;
    found.ok_or_else(Problem::not_found)
}

/// Takes a complaint by tracking code.
///
/// # Errors
/// 404 when there is none.
pub fn by_code(conn: &mut Connection, code: &str) -> Result<ComplaintRow, Problem> {
    let found = queries::by_tracking_code(conn, code).or_fault("load a complaint")?;
    one(conn, found.ok_or_else(Problem::not_found)?.id)
}

/// Takes a complaint by id.
///
/// # Errors
/// 404 when there is none.
pub fn one(conn: &mut Connection, id: Id) -> Result<ComplaintRow, Problem> {
    all(conn, &[id], &[])?.pop().ok_or_else(Problem::not_found)
}

/// Takes complaints with their entries, and further entries, in the order of their ids.
///
/// # Errors
/// 503 when they are moved again and again.
pub fn all(
    conn: &mut Connection,
    ids: &[Id],
    entries: &[Id],
) -> Result<Vec<ComplaintRow>, Problem> {
    db::settled(conn, |conn| look(conn, ids, entries))
}

/// One look of `settled`: `None` when a complaint moved to an entry that is not held. What was
/// locked is let go then, because locking one entry after another would break the order.
///
/// # Errors
/// A fault when the database fails.
pub fn look(
    conn: &mut Connection,
    ids: &[Id],
    entries: &[Id],
) -> Result<Option<Vec<ComplaintRow>>, Problem> {
    where_they_are(conn, ids, entries).or_fault("take complaints")
}

fn where_they_are(
    conn: &mut Connection,
    ids: &[Id],
    entries: &[Id],
) -> QueryResult<Option<Vec<ComplaintRow>>> {
    let wanted = complaint::table.filter(complaint::id.eq_any(ids));
    let mut held: Vec<Id> = wanted.clone().select(complaint::entry_id).load(conn)?;
    held.extend(entries);
    ledger::take(conn, &held)?;
    if let Connection::Postgres(c) = conn {
        // Not `FOR UPDATE`: rows that only name a complaint may come meanwhile.
        let _: Vec<Id> = wanted
            .clone()
            .order(complaint::id.asc())
            .select(complaint::id)
            .for_no_key_update()
            .load(c)?;
    }
    let rows: Vec<ComplaintRow> = wanted
        .order(complaint::id.asc())
        .select(ComplaintRow::as_select())
        .load(conn)?;
    let all_held = rows.iter().all(|row| held.contains(&row.entry_id));
    Ok(all_held.then_some(rows))
}
