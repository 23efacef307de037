//! What a job is: a type, and a line in its capability's table.

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::{QueryResult, result::Error};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Failure, is_planned, operator, plan_kind};
use crate::platform::{db::Connection, problem::Problem};

/// A kind of job. A value of the type is one job: its fields are what it is told.
pub trait Job: Serialize + DeserializeOwned + 'static {
    /// What jobs are run with.
    type App: 'static;

    /// Its name in the database, where jobs of earlier releases wait.
    const NAME: &'static str;

    /// What it is told every night, when it comes by itself; `None` when it is queued for a cause.
    const NIGHTLY: Option<Self> = None;

    /// Does the work. It may be run again after it was done, by a runner that did not come to say so.
    fn run(
        self,
        app: &web::Data<Self::App>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Problem>>;
}

type Work<'a> = LocalBoxFuture<'a, Result<(), Problem>>;

/// A kind of job as a line of its capability's table.
pub struct Registered<A: 'static> {
    /// Its name in the database.
    pub name: &'static str,
    nightly: fn() -> QueryResult<Option<Value>>,
    work: for<'a> fn(&'a web::Data<A>, Value, DateTime<Utc>) -> serde_json::Result<Work<'a>>,
}

impl<A: 'static> Registered<A> {
    /// The line of a type.
    #[must_use]
    pub const fn of<J: Job<App = A>>() -> Self {
        Self {
            name: J::NAME,
            nightly: || J::NIGHTLY.as_ref().map(payload).transpose(),
            work: work::<J>,
        }
    }

    /// Runs a job of this kind.
    ///
    /// # Errors
    /// A lasting failure when what it is told is not what its type reads, else a passing one.
    pub async fn run(
        &self,
        app: &web::Data<A>,
        payload: Value,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let work = (self.work)(app, payload, now).map_err(|e| {
            Failure::lasting(format!("the payload of {} is unreadable: {e}", self.name))
        })?;
        let done = std::panic::AssertUnwindSafe(work).catch_unwind().await;
        done.map_err(|_| Failure::passing("it broke off in a panic"))?
            .map_err(|problem| {
                let internal = problem.internal().unwrap_or_default();
                Failure::passing(format!("{problem} {internal}"))
            })
    }

    /// Plans a nightly job for `next` at the latest; another one not at all.
    ///
    /// # Errors
    /// What the database answers.
    pub fn plan(
        &self,
        conn: &mut Connection,
        next: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        match (self.nightly)()? {
            Some(payload) => plan_kind(conn, self.name, payload, next, now),
            None => Ok(()),
        }
    }

    /// Plans a nightly job for `next` at the latest, or for now when none is planned at all.
    ///
    /// # Errors
    /// What the database answers.
    pub fn plan_first(
        &self,
        conn: &mut Connection,
        next: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        let first = if is_planned(conn, self.name)? {
            next
        } else {
            now
        };
        self.plan(conn, first, now)
    }

    /// A night that went well makes the nights good that did not.
    ///
    /// # Errors
    /// What the database answers.
    pub fn make_good(&self, conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<()> {
        match (self.nightly)()? {
            Some(_) => operator::make_good(conn, self.name, now),
            None => Ok(()),
        }
    }
}

fn work<'a, J: Job>(
    app: &'a web::Data<J::App>,
    payload: Value,
    now: DateTime<Utc>,
) -> serde_json::Result<Work<'a>> {
    let job: J = serde_json::from_value(payload)?;
    Ok(job.run(app, now).boxed_local())
}

/// A job as it is written.
pub(super) fn payload(job: &impl Job) -> QueryResult<Value> {
    serde_json::to_value(job).map_err(|e| Error::SerializationError(e.into()))
}
