//! Complaints that were decided on and whose reporters wait to be told. Being decided on tells nobody:
//! the clock runs until a notice arrived, was handed over or published.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::clock::{kinds::NOTIFY, queries as clocks};
use crate::platform::db::{Connection, Id, UtcTime, schema::complaint};
use crate::record::ComplaintState;

/// States of which a reporter is to be told, or was.
pub const DECIDED: [ComplaintState; 8] = [
    ComplaintState::Accepted,
    ComplaintState::Refused,
    ComplaintState::NoLongerAccepted,
    ComplaintState::Transferred,
    ComplaintState::InProgress,
    ComplaintState::Replied,
    ComplaintState::FollowUp,
    ComplaintState::Closed,
];

/// A complaint was decided on: while its clock to tell runs, its reporter waits, since the first that
/// they were not told of. Answers whether they do.
///
/// # Errors
/// What the database answers.
pub fn waits(
    conn: &mut Connection,
    id: Id,
    state: ComplaintState,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    if !DECIDED.contains(&state) || clocks::running(conn, &NOTIFY, id)?.is_none() {
        return Ok(false);
    }
    let told = complaint::table.find(id);
    diesel::update(told.filter(complaint::untold_since.is_null()))
        .set(complaint::untold_since.eq(UtcTime(now)))
        .execute(conn)?;
    Ok(true)
}

/// Nobody waits to be told any more.
///
/// # Errors
/// What the database answers.
pub fn over(conn: &mut Connection, id: Id) -> QueryResult<usize> {
    let waits = complaint::table.find(id);
    diesel::update(waits.filter(complaint::untold_since.is_not_null()))
        .set(complaint::untold_since.eq(None::<UtcTime>))
        .execute(conn)
}

/// Since when the reporter waited, or that they did not, before a decision that is undone.
///
/// # Errors
/// What the database answers.
pub fn put_back(conn: &mut Connection, id: Id, since: Option<DateTime<Utc>>) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set(complaint::untold_since.eq(since.map(UtcTime)))
        .execute(conn)
}
