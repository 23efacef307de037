//! What was added to a complaint after its acceptance and nobody who handles it has read yet. Before
//! that, whoever decides on it reads all of it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::on_each;
use crate::platform::db::{Connection, Id, UtcTime, schema::complaint_unread};
use crate::record::{Actor, ComplaintState, role::Role};

/// States in which a complaint is handled, and what comes is seen by nobody who does not look for it.
const HANDLED: [ComplaintState; 4] = [
    ComplaintState::Accepted,
    ComplaintState::InProgress,
    ComplaintState::Replied,
    ComplaintState::FollowUp,
];

/// Whether somebody handles complaints: they know what they added themselves, and have read what they
/// take a step on.
#[must_use]
pub fn is_handler(actor: &Actor) -> bool {
    matches!(
        actor,
        Actor::Staff {
            role: Role::Brigade | Role::Admin,
            ..
        }
    )
}

/// Something was added to a complaint: it waits to be read, since the first that waits.
///
/// # Errors
/// What the database answers.
pub fn came(
    conn: &mut Connection,
    id: Id,
    state: ComplaintState,
    actor: &Actor,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if is_handler(actor) || !HANDLED.contains(&state) {
        return Ok(());
    }
    let waits = (
        complaint_unread::complaint_id.eq(id),
        complaint_unread::since.eq(UtcTime(now)),
        complaint_unread::latest.eq(UtcTime(now)),
    );
    on_each!(conn, |c| diesel::insert_into(complaint_unread::table)
        .values(waits)
        .on_conflict(complaint_unread::complaint_id)
        .do_update()
        .set(complaint_unread::latest.eq(UtcTime(now)))
        .execute(c))
    .map(|_| ())
}

/// What became of it that somebody read what was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing waited to be read.
    Nothing,
    /// All that waited was read.
    Whole,
    /// Something came after what they read, the last of it at this instant.
    Short(UtcTime),
}

/// What was added until an instant was read.
///
/// # Errors
/// What the database answers.
pub fn read(conn: &mut Connection, id: Id, until: DateTime<Utc>) -> QueryResult<Reading> {
    let latest: Option<UtcTime> = complaint_unread::table
        .find(id)
        .select(complaint_unread::latest)
        .first(conn)
        .optional()?;
    let Some(latest) = latest else {
        return Ok(Reading::Nothing);
    };
    if latest.0 > until {
        return Ok(Reading::Short(latest));
    }
    forget(conn, id)?;
    Ok(Reading::Whole)
}

/// Nothing waits to be read any more.
///
/// # Errors
/// What the database answers.
pub fn forget(conn: &mut Connection, id: Id) -> QueryResult<usize> {
    diesel::delete(complaint_unread::table.find(id)).execute(conn)
}

/// Since when something waits to be read, of complaints of which something does.
///
/// # Errors
/// What the database answers.
pub fn since(conn: &mut Connection, ids: &[Id]) -> QueryResult<Vec<(Id, UtcTime)>> {
    complaint_unread::table
        .filter(complaint_unread::complaint_id.eq_any(ids))
        .select((complaint_unread::complaint_id, complaint_unread::since))
        .load(conn)
}
