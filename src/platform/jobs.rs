//! Jobs: work after the answer, queued as a row in the same transaction as its cause.
//!
//! A runner claims due jobs one by one (`SKIP LOCKED` on PostgreSQL; SQLite has one writer
//! anyway), runs them and marks them done. A job that fails comes back later, ever later; a job
//! whose process died comes back when its lock expires. So every job must bear running twice.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::Value;

use super::db::{Connection, Id, JsonValue, UtcTime, schema::job};

/// How long a claimed job belongs to its runner.
const LOCK: TimeDelta = TimeDelta::minutes(5);

/// A job to run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: Id,
    /// Which handler runs it.
    pub kind: String,
    /// What the handler is told.
    pub payload: Value,
    /// How often it was tried before.
    pub attempts: i32,
}

/// Queues a job, to run at `run_at` or soon after.
///
/// # Errors
/// What the database answers.
pub fn enqueue(
    conn: &mut Connection,
    kind: &str,
    payload: Value,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(job::table)
        .values((
            job::id.eq(Id::new()),
            job::kind.eq(kind),
            job::payload.eq(JsonValue(payload)),
            job::run_at.eq(UtcTime(run_at)),
            job::attempts.eq(0),
            job::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Claims the job that is due longest.
///
/// # Errors
/// What the database answers.
pub fn claim(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<Option<Job>> {
    let due = job::table
        .filter(job::done_at.is_null())
        .filter(job::run_at.le(UtcTime(now)))
        .filter(
            job::locked_until
                .is_null()
                .or(job::locked_until.lt(UtcTime(now))),
        )
        .order(job::run_at.asc())
        .select((job::id, job::kind, job::payload, job::attempts));
    let found: Option<(Id, String, JsonValue, i32)> = match conn {
        Connection::Postgres(c) => due.for_update().skip_locked().first(c).optional()?,
        Connection::Sqlite(c) => due.first(c).optional()?,
    };
    let Some((id, kind, payload, attempts)) = found else {
        return Ok(None);
    };
    diesel::update(job::table.find(id))
        .set((
            job::locked_until.eq(UtcTime(now + LOCK)),
            job::attempts.eq(attempts + 1),
        ))
        .execute(conn)?;
    Ok(Some(Job {
        id,
        kind,
        payload: payload.0,
        attempts,
    }))
}

/// Marks a job done.
///
/// # Errors
/// What the database answers.
pub fn finish(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(job::table.find(id))
        .set(job::done_at.eq(UtcTime(now)))
        .execute(conn)
}

/// Puts a failed job back, to be tried after 1, 2, 4 … up to 512 minutes.
///
/// # Errors
/// What the database answers.
pub fn put_back(
    conn: &mut Connection,
    failed: &Job,
    error: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let delay = TimeDelta::minutes(1 << failed.attempts.clamp(0, 9));
    let error: String = error.chars().take(500).collect();
    diesel::update(job::table.find(failed.id))
        .set((
            job::locked_until.eq(None::<UtcTime>),
            job::run_at.eq(UtcTime(now + delay)),
            job::last_error.eq(error),
        ))
        .execute(conn)
}
