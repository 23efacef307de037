//! Jobs: work after the answer, queued as a row in the same transaction as its cause.
//!
//! A runner claims due jobs one by one (`SKIP LOCKED` on PostgreSQL; SQLite has one writer
//! anyway), runs them and marks them done. A job that fails comes back later, ever later. A claim
//! is a lease, renewed while the job runs: the job of a process that died is another's within half
//! a minute. So every job must bear running twice, though never twice at once.
//!
//! Clocks are set back and jump. A lease that ends far later than any lease may was given by
//! another clock: it is cut short, and whoever lives renews it. What was planned by such a clock is
//! pulled back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::Value;

use super::db::{Connection, Id, JsonValue, UtcTime, schema::job};

/// How long a claimed job belongs to its runner, unless renewed.
const LEASE: TimeDelta = TimeDelta::seconds(20);

/// How often a runner renews its lease.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

/// How far the clocks of several servers may differ.
pub const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// The longest a failed job waits is 2 to this power, in minutes.
const LAST_DOUBLING: i32 = 9;

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
    cut_leases_of_other_clocks(conn, now)?;
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
            job::locked_until.eq(UtcTime(now + LEASE)),
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

fn cut_leases_of_other_clocks(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let far = now + LEASE + CLOCKS_DIFFER;
    let cut = job::table
        .filter(job::done_at.is_null())
        .filter(job::locked_until.gt(UtcTime(far)));
    diesel::update(cut)
        .set(job::locked_until.eq(UtcTime(now + LEASE)))
        .execute(conn)
}

/// Renews a lease; `false` when the job is another's by now.
///
/// # Errors
/// What the database answers.
pub fn renew(conn: &mut Connection, held: &Job, now: DateTime<Utc>) -> QueryResult<bool> {
    let renewed = diesel::update(job::table.find(held.id))
        .filter(job::done_at.is_null())
        .filter(job::attempts.eq(held.attempts + 1))
        .set(job::locked_until.eq(UtcTime(now + LEASE)))
        .execute(conn)?;
    Ok(renewed == 1)
}

/// Marks a job done; `false` when it is another's by now.
///
/// # Errors
/// What the database answers.
pub fn finish(conn: &mut Connection, held: &Job, now: DateTime<Utc>) -> QueryResult<bool> {
    let done = diesel::update(job::table.find(held.id))
        .filter(job::attempts.eq(held.attempts + 1))
        .set(job::done_at.eq(UtcTime(now)))
        .execute(conn)?;
    Ok(done == 1)
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
    let delay = TimeDelta::minutes(1 << failed.attempts.clamp(0, LAST_DOUBLING));
    let error: String = error.chars().take(500).collect();
    diesel::update(job::table.find(failed.id))
        .filter(job::attempts.eq(failed.attempts + 1))
        .set((
            job::locked_until.eq(None::<UtcTime>),
            job::run_at.eq(UtcTime(now + delay)),
            job::last_error.eq(error),
        ))
        .execute(conn)
}

/// Pulls back to `now` what a clock ahead of this one queued or put back.
///
/// # Errors
/// What the database answers.
pub fn pull_back(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let longest = TimeDelta::minutes(1 << LAST_DOUBLING) + CLOCKS_DIFFER;
    let put_back = job::attempts
        .gt(0)
        .and(job::run_at.gt(UtcTime(now + longest)));
    let queued = job::created_at
        .gt(UtcTime(now + CLOCKS_DIFFER))
        .and(job::run_at.gt(UtcTime(now)));
    let ahead = job::table
        .filter(job::done_at.is_null())
        .filter(put_back.or(queued));
    diesel::update(ahead)
        .set((
            job::run_at.eq(UtcTime(now)),
            job::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Plans a job that comes again and again for `next`, unless it is planned for then or earlier.
///
/// # Errors
/// What the database answers.
pub fn plan(
    conn: &mut Connection,
    kind: &str,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let waiting = || {
        job::table
            .filter(job::kind.eq(kind))
            .filter(job::done_at.is_null())
    };
    let planned: i64 = waiting().count().get_result(conn)?;
    if planned == 0 {
        return enqueue(conn, kind, Value::Object(serde_json::Map::new()), next, now);
    }
    let too_late = waiting()
        .filter(job::attempts.eq(0))
        .filter(job::run_at.gt(UtcTime(next)));
    diesel::update(too_late)
        .set(job::run_at.eq(UtcTime(next)))
        .execute(conn)
        .map(|_| ())
}
