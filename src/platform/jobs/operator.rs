//! What the operator sees of jobs and does about them: those that were set aside are listed and
//! tried again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::waiting;
use crate::platform::db::{Connection, Id, UtcTime, schema::job};

/// Where a job stands that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It runs at its time.
    Waiting,
    /// It failed too often, or can never get done, and waits for the operator.
    Dead,
}

impl JobState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }
}

/// A job that is not done.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = job)]
pub struct JobRow {
    /// Its id.
    pub id: Id,
    /// The name of its type.
    pub kind: String,
    /// When it is to run.
    pub run_at: UtcTime,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it failed the last time.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: UtcTime,
    /// When it was set aside.
    pub dead_at: Option<UtcTime>,
}

impl JobRow {
    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> JobState {
        if self.dead_at.is_some() {
            JobState::Dead
        } else {
            JobState::Waiting
        }
    }
}

/// Jobs that were set aside.
#[diesel::dsl::auto_type]
fn dead_jobs() -> _ {
    job::table
        .filter(job::done_at.is_null())
        .filter(job::dead_at.is_not_null())
}

/// Where a page of jobs goes on: the instant and the id of the last one before.
pub type Place = (UtcTime, Id);

impl JobRow {
    /// Its place in the list of its state.
    #[must_use]
    pub fn place(&self) -> Place {
        (self.dead_at.unwrap_or(self.run_at), self.id)
    }
}

/// Jobs of a state, the latest first: dead ones by when they were set aside, others by when they run.
///
/// # Errors
/// What the database answers.
pub fn list(
    conn: &mut Connection,
    state: JobState,
    after: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<JobRow>> {
    macro_rules! page {
        ($rows:expr, $at:expr) => {{
            let mut rows = $rows
                .order(($at.desc(), job::id.desc()))
                .limit(limit)
                .select(JobRow::as_select())
                .into_boxed();
            if let Some((at, id)) = after {
                rows = rows
                    .filter($at.le(at))
                    .filter($at.lt(at).or(job::id.lt(id)));
            }
            rows.load(conn)
        }};
    }
    match state {
        JobState::Waiting => page!(waiting(), job::run_at),
        JobState::Dead => page!(dead_jobs(), job::dead_at.assume_not_null()),
    }
}

/// A job that is not done.
///
/// # Errors
/// What the database answers.
pub fn find(conn: &mut Connection, id: Id) -> QueryResult<Option<JobRow>> {
    job::table
        .find(id)
        .filter(job::done_at.is_null())
        .select(JobRow::as_select())
        .first(conn)
        .optional()
}

/// How many jobs are set aside, and the kind of the oldest.
///
/// # Errors
/// What the database answers.
pub fn dead(conn: &mut Connection) -> QueryResult<Option<(i64, String)>> {
    let count: i64 = dead_jobs().count().get_result(conn)?;
    let oldest: Option<String> = dead_jobs()
        .order(job::dead_at.asc())
        .select(job::kind)
        .first(conn)
        .optional()?;
    Ok(oldest.map(|kind| (count, kind)))
}

/// Has a job that was set aside tried again from now on, as if it had never failed; `false` when it
/// is not set aside.
///
/// # Errors
/// What the database answers.
pub fn retry(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<bool> {
    let dead = dead_jobs().filter(job::id.eq(id));
    let retried = diesel::update(dead)
        .set((
            job::dead_at.eq(None::<UtcTime>),
            job::attempts.eq(0),
            job::run_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    Ok(retried == 1)
}

/// Jobs of a kind that were set aside count as done: a later one did their work.
pub(super) fn make_good(conn: &mut Connection, kind: &str, now: DateTime<Utc>) -> QueryResult<()> {
    let dead = dead_jobs().filter(job::kind.eq(kind));
    diesel::update(dead)
        .set((
            job::dead_at.eq(None::<UtcTime>),
            job::done_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
}
