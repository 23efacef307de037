//! Jobs: work after the answer, queued as a row in the same transaction as its cause.
//!
//! A job is a type: its fields are what it is told, and it is queued by a value of it, so that
//! nothing is queued that its own type does not read. A capability lists its jobs as
//! [`Registered`].
//!
//! A runner claims due jobs one by one (`SKIP LOCKED` on PostgreSQL; SQLite has one writer
//! anyway), runs them and marks them done. A job that fails comes back later, ever later, and one
//! that failed too often is set aside for the operator ([`operator`]). A claim is a lease, renewed
//! while the job runs: the job of a process that died is another's within half a minute. So every
//! job must bear running twice, though never twice at once.
//!
//! Clocks are set back and jump. A lease that ends far later than any lease may was given by
//! another clock: it is cut short, and whoever lives renews it. What was planned by such a clock is
//! pulled back.

mod kind;
pub mod operator;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::Value;

pub use kind::{Job, Registered};

use super::db::{Connection, Database, Id, JsonValue, Patience, UtcTime, schema::job};
use super::problem::Problem;

/// How long a claimed job belongs to its runner, unless renewed.
const LEASE: TimeDelta = TimeDelta::seconds(20);

/// How often a runner renews its lease.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

/// How far the clocks of several servers may differ.
pub const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// The longest a failed job waits is 2 to this power, in minutes.
const LAST_DOUBLING: i32 = 9;

/// How often a job is tried. With the pauses between, the last time is 68 hours after the first: a
/// gateway may be away from Friday evening to Monday morning.
pub const ATTEMPTS_MAX: i32 = 17;

/// Days a done job is kept, to see what was done.
const KEPT_DAYS: i64 = 30;

/// Letters kept of an error.
const ERROR_LETTERS: usize = 500;

/// Stands for what is left out of an error.
const LEFT_OUT: &str = "…";

/// Digits in a row that may be somebody's number.
const TELLING_DIGITS: usize = 7;

/// A job that was claimed, as it lies in the table.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: Id,
    /// The name of its type.
    pub kind: String,
    /// What it is told.
    pub payload: Value,
    /// How often it was tried before.
    pub attempts: i32,
}

/// Why a job did not get done.
#[derive(Debug, Clone)]
pub struct Failure {
    error: String,
    is_final: bool,
}

impl Failure {
    /// It may get done when it is tried again.
    pub fn passing(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            is_final: false,
        }
    }

    /// However often it is tried, it will not get done.
    pub fn lasting(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            is_final: true,
        }
    }

    /// In words for the log.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }
}

/// What became of a job that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again after a pause.
    PutBack,
    /// It is set aside.
    Dead,
    /// It is another runner's by now.
    Lost,
}

/// Queues a job, to run at `due` or soon after.
///
/// # Errors
/// What the database answers, or that the job cannot be written as JSON.
pub fn enqueue<J: Job>(
    conn: &mut Connection,
    new: &J,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    insert(conn, J::NAME, kind::payload(new)?, due, now)
}

fn insert(
    conn: &mut Connection,
    kind: &str,
    payload: Value,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(job::table)
        .values((
            job::id.eq(Id::new()),
            job::kind.eq(kind),
            job::payload.eq(JsonValue(payload)),
            job::run_at.eq(UtcTime(due)),
            job::attempts.eq(0),
            job::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Jobs that are neither done nor set aside.
#[diesel::dsl::auto_type]
fn waiting() -> _ {
    job::table
        .filter(job::done_at.is_null())
        .filter(job::dead_at.is_null())
}

/// A job as its runner holds it: whoever takes it over counts one attempt more.
#[diesel::dsl::auto_type]
fn held_as(id: Id, attempts: i32) -> _ {
    job::table
        .filter(job::id.eq(id))
        .filter(job::attempts.eq(attempts))
}

/// Claims the job that is due longest.
///
/// # Errors
/// What the database answers.
pub fn claim(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<Option<Claimed>> {
    cut_leases_of_other_clocks(conn, now)?;
    let due = waiting()
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
    Ok(Some(Claimed {
        id,
        kind,
        payload: payload.0,
        attempts,
    }))
}

fn cut_leases_of_other_clocks(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let far = now + LEASE + CLOCKS_DIFFER;
    let cut = waiting().filter(job::locked_until.gt(UtcTime(far)));
    diesel::update(cut)
        .set(job::locked_until.eq(UtcTime(now + LEASE)))
        .execute(conn)
}

/// Renews a lease; `false` when the job is another's by now.
///
/// # Errors
/// What the database answers.
pub fn renew(conn: &mut Connection, held: &Claimed, now: DateTime<Utc>) -> QueryResult<bool> {
    let renewed = diesel::update(held_as(held.id, held.attempts + 1))
        .filter(job::done_at.is_null())
        .set(job::locked_until.eq(UtcTime(now + LEASE)))
        .execute(conn)?;
    Ok(renewed == 1)
}

/// Marks a job done; `false` when it is another's by now.
///
/// # Errors
/// What the database answers.
pub fn finish(conn: &mut Connection, held: &Claimed, now: DateTime<Utc>) -> QueryResult<bool> {
    let done = diesel::update(held_as(held.id, held.attempts + 1))
        .set(job::done_at.eq(UtcTime(now)))
        .execute(conn)?;
    Ok(done == 1)
}

/// How long a job rests that failed and was tried so often before: 1, 2, 4 … up to 512 minutes;
/// `None` when that was the last time.
fn pause(tried_before: i32) -> Option<TimeDelta> {
    let minutes = 1 << tried_before.clamp(0, LAST_DOUBLING);
    (tried_before + 1 < ATTEMPTS_MAX).then(|| TimeDelta::minutes(minutes))
}

/// Puts a failed job back, to be tried again after a pause, or sets it aside.
///
/// # Errors
/// What the database answers.
pub fn fail(
    conn: &mut Connection,
    held: &Claimed,
    failure: &Failure,
    now: DateTime<Utc>,
) -> QueryResult<Fate> {
    let rests = pause(held.attempts).filter(|_| !failure.is_final);
    let kept = diesel::update(held_as(held.id, held.attempts + 1))
        .set((
            job::locked_until.eq(None::<UtcTime>),
            job::run_at.eq(UtcTime(now + rests.unwrap_or_default())),
            job::dead_at.eq(rests.is_none().then_some(UtcTime(now))),
            job::last_error.eq(told_of(&failure.error)),
        ))
        .execute(conn)?;
    Ok(match rests {
        _ if kept == 0 => Fate::Lost,
        Some(_) => Fate::PutBack,
        None => Fate::Dead,
    })
}

/// What is kept of an error: it may quote what it is about, and is read by who may not know that.
/// So what stands in quotation marks, long numbers and letters of other scripts are left out.
#[must_use]
pub fn told_of(error: &str) -> String {
    let unquoted = error.split('"').enumerate().map(|(n, part)| {
        let is_quoted = n % 2 == 1;
        if is_quoted { LEFT_OUT } else { part }
    });
    let mut told = String::new();
    let mut digits = 0;
    for letter in unquoted.collect::<Vec<_>>().join("\"").chars() {
        digits = if letter.is_ascii_digit() {
            digits + 1
        } else {
            0
        };
        if digits == TELLING_DIGITS {
            told.truncate(told.len() + 1 - TELLING_DIGITS);
        }
        let is_told = letter.is_ascii() && digits < TELLING_DIGITS;
        if is_told {
            told.push(letter);
        } else if !told.ends_with(LEFT_OUT) {
            told.push_str(LEFT_OUT);
        }
    }
    told.chars().take(ERROR_LETTERS).collect()
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
    let ahead = waiting().filter(put_back.or(queued));
    diesel::update(ahead)
        .set((
            job::run_at.eq(UtcTime(now)),
            job::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Plans a job for `next`, unless one of its kind is planned for then or earlier.
///
/// # Errors
/// What the database answers, or that the job cannot be written as JSON.
pub fn plan<J: Job>(
    conn: &mut Connection,
    new: &J,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    plan_kind(conn, J::NAME, kind::payload(new)?, next, now)
}

fn plan_kind(
    conn: &mut Connection,
    kind: &str,
    payload: Value,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if !is_planned(conn, kind)? {
        return insert(conn, kind, payload, next, now);
    }
    let too_late = waiting()
        .filter(job::kind.eq(kind))
        .filter(job::attempts.eq(0))
        .filter(job::run_at.gt(UtcTime(next)));
    diesel::update(too_late)
        .set(job::run_at.eq(UtcTime(next)))
        .execute(conn)
        .map(|_| ())
}

fn is_planned(conn: &mut Connection, kind: &str) -> QueryResult<bool> {
    let planned: i64 = waiting()
        .filter(job::kind.eq(kind))
        .count()
        .get_result(conn)?;
    Ok(planned > 0)
}

/// Removes the next done jobs past their time; answers how many.
///
/// # Errors
/// What the database answers.
pub fn forget_done(conn: &mut Connection, now: DateTime<Utc>, batch: i64) -> QueryResult<usize> {
    let until = UtcTime(now - TimeDelta::days(KEPT_DAYS));
    let old: Vec<Id> = job::table
        .filter(job::done_at.lt(until))
        .limit(batch)
        .select(job::id)
        .load(conn)?;
    diesel::delete(job::table.filter(job::id.eq_any(&old))).execute(conn)
}

/// Works through rows in their order, for a job nobody waits for: one transaction for each batch,
/// which answers after which row the next begins.
///
/// # Errors
/// Those of the batches; 503 when the database does not answer.
pub async fn in_batches<K: Clone + Send + 'static>(
    db: &Database,
    batch: impl Fn(&mut Connection, Option<K>) -> Result<Option<K>, Problem> + Clone + Send + 'static,
) -> Result<(), Problem> {
    let db = db.with_patience(Patience::Work);
    let mut after: Option<K> = None;
    loop {
        let (from, batch) = (after, batch.clone());
        after = db.write(move |conn| batch(conn, from)).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_is_after_a_weekend() {
        let pauses: Vec<TimeDelta> = (0..).map_while(pause).collect();
        assert_eq!(pauses.len() + 1, usize::try_from(ATTEMPTS_MAX).unwrap());
        assert_eq!(pauses[..3], [1, 2, 4].map(TimeDelta::minutes));
        let all: TimeDelta = pauses.iter().sum();
        assert_eq!(all.num_hours(), 68);
    }

    #[test]
    fn an_error_is_kept_without_what_it_quotes() {
        for (error, told) in [
            (
                "load a complaint: Record not found",
                "load a complaint: Record not found",
            ),
            (
                "invalid type: string \"林小雨\", expected a UUID",
                "invalid type: string \"…\", expected a UUID",
            ),
            (
                "gateway 502: 13800001234 is barred",
                "gateway 502: … is barred",
            ),
            ("一二三 in column 4", "… in column 4"),
            ("open \"a", "open \"…"),
        ] {
            assert_eq!(told_of(error), told);
        }
        assert_eq!(told_of(&"x".repeat(900)).len(), ERROR_LETTERS);
    }
}
