//! `dengwen jobs`: what waits, what was set aside because it failed too often, and trying it again.

use chrono::Utc;
use clap::{Args, Subcommand};

use super::{open_database, operator_error, write};
use crate::config::Settings;
use crate::platform::{
    clock::to_micros,
    db::{Connection, Database, Id},
    jobs::operator::{self, JobRow, JobState},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Actor, Event, JobEvent, local};

/// Jobs listed or retried in one go.
const BATCH: i64 = 500;

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List the jobs that are not done: first those that were set aside, the latest first
    List {
        /// Only those that were set aside because they failed too often
        #[arg(long)]
        dead: bool,
    },
    /// Have jobs that were set aside tried again from now on
    Retry(Retry),
}

/// Which jobs to retry.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Retry {
    /// A job's id, as `dengwen jobs list --dead` lists it
    id: Option<uuid::Uuid>,
    /// All that were set aside
    #[arg(long)]
    all: bool,
}

pub(super) fn run(settings: &Settings, action: Action) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    match action {
        Action::List { dead } => {
            let mut conn = database.blocking().map_err(operator_error)?;
            list(&mut conn, JobState::Dead)?;
            if dead {
                return Ok(());
            }
            list(&mut conn, JobState::Waiting)
        }
        Action::Retry(Retry { id: Some(id), .. }) => {
            write(&database, move |conn| {
                if retry(conn, Id(id))? {
                    return Ok(());
                }
                let message = format!("no job {id} was set aside; see `dengwen jobs list --dead`");
                Err(Problem::because(Code::NotFound, message))
            })?;
            tell!("job {id} is tried again; a server runs it within seconds")
        }
        Action::Retry(Retry { id: None, .. }) => {
            let retried = retry_all(&database)?;
            tell!("{retried} jobs are tried again; a server runs them within seconds")
        }
    }
}

fn list(conn: &mut Connection, state: JobState) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let rows = operator::list(conn, state, after, BATCH)?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(last.place());
        for row in &rows {
            tell_job(row)?;
        }
    }
}

fn tell_job(row: &JobRow) -> anyhow::Result<()> {
    let (state, at) = match row.dead_at {
        Some(at) => ("since", at),
        None => ("until", row.run_at),
    };
    let at = local(at).format("%Y-%m-%d %H:%M");
    let error = row.last_error.as_deref().unwrap_or_default();
    tell!(
        "{}  {:<20} {:<7} {state} {at}  tried {}  {error}",
        row.id,
        row.kind,
        row.state().as_str(),
        row.attempts
    )
}

fn retry(conn: &mut Connection, id: Id) -> Result<bool, Problem> {
    let now = to_micros(Utc::now());
    let retried = operator::retry(conn, id, now).or_fault("retry a job")?;
    if retried {
        let event = Event::of(JobEvent::Retry, id, &Actor::System);
        record::append(conn, &event, now).or_fault("record")?;
    }
    Ok(retried)
}

/// Has all jobs that are set aside tried again, a batch in each write, and answers how many.
fn retry_all(database: &Database) -> anyhow::Result<usize> {
    let mut retried = 0;
    loop {
        let batch = write(database, |conn| {
            let dead =
                operator::list(conn, JobState::Dead, None, BATCH).or_fault("list dead jobs")?;
            for row in &dead {
                retry(conn, row.id)?;
            }
            Ok(dead.len())
        })?;
        if batch == 0 {
            return Ok(retried);
        }
        retried += batch;
    }
}
