//! What runs after the answer: the list of all kinds of jobs, and the runner.

pub mod routes;

use std::time::{Duration, Instant};

use actix_web::web;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use diesel::QueryResult;

use crate::account::{Operation, operation::operation};
use crate::app::App;
use crate::district::{calendar::date_of, shanghai};
use crate::platform::{
    alarms::Alarm,
    db::Connection,
    jobs::{self, Claimed, Failure, Fate, Registered, operator},
    problem::{OnDb, Problem},
};
use crate::{complaint, evidence, matching, rotation, sweep, triage, verification};

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(&[Admin]), routes::list_jobs),
    operation!(Staff(&[Admin]), keyed, routes::retry_job),
];

/// The jobs of every capability.
pub static CAPABILITIES: &[&[Registered<App>]] = &[
    complaint::JOBS,
    verification::JOBS,
    triage::JOBS,
    evidence::JOBS,
    matching::JOBS,
    rotation::JOBS,
    sweep::JOBS,
];

/// How long the runner sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(2);

/// How often the plan for the night is looked over: clocks jump.
const LOOK_OVER_EVERY: Duration = Duration::from_secs(300);

/// Every kind of job there is.
pub fn all() -> impl Iterator<Item = &'static Registered<App>> {
    CAPABILITIES.iter().copied().flatten()
}

/// Runs due jobs until the process ends.
pub async fn run_forever(app: web::Data<App>) {
    let mut looked_over: Option<Instant> = None;
    loop {
        let ran = async {
            if looked_over.is_none_or(|at| at.elapsed() >= LOOK_OVER_EVERY) {
                look_over(&app).await?;
                looked_over = Some(Instant::now());
            }
            run_due(&app).await
        };
        match ran.await {
            Ok(0) => tokio::time::sleep(IDLE).await,
            Ok(_) => {}
            Err(problem) => {
                tracing::error!("job runner: {}", problem.internal().unwrap_or_default());
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}

/// Runs what is due now and answers how many jobs that were.
///
/// # Errors
/// When jobs cannot be claimed; a job that fails is put back or set aside and is no error here.
pub async fn run_due(app: &web::Data<App>) -> Result<usize, Problem> {
    let mut ran = 0;
    loop {
        let now = app.now();
        let claimed = app
            .db
            .write(move |c| jobs::claim(c, now).or_fault("claim a job"))
            .await?;
        let Some(job) = claimed else { break };
        match run_held(app, &job, now).await {
            Some(result) => {
                app.db
                    .write(move |c| settle(c, &job, result, now).or_fault("settle a job"))
                    .await?;
            }
            None => tracing::warn!(job = %job.id, kind = job.kind, "job lost to another runner"),
        }
        ran += 1;
    }
    if ran > 0 {
        tell_dead(app).await?;
    }
    Ok(ran)
}

/// Runs a job while its lease is renewed; `None` when the lease was lost and the job left off.
async fn run_held(
    app: &web::Data<App>,
    job: &Claimed,
    now: DateTime<Utc>,
) -> Option<Result<(), Failure>> {
    let mut work = std::pin::pin!(run(app, job, now));
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            () = tokio::time::sleep(jobs::RENEW_EVERY) => {
                let (held, now) = (job.clone(), app.now());
                let renewed = app.db.write(move |c| jobs::renew(c, &held, now).or_fault("renew a lease"));
                // A database that is away keeps the lease from others, too.
                if let Ok(false) = renewed.await {
                    return None;
                }
            }
        }
    }
}

async fn run(app: &web::Data<App>, job: &Claimed, now: DateTime<Utc>) -> Result<(), Failure> {
    if job.attempts >= jobs::ATTEMPTS_MAX {
        let error = format!(
            "its runner ended in the middle of it, {} times",
            job.attempts
        );
        return Err(Failure::lasting(error));
    }
    match registered(job) {
        Some(kind) => kind.run(app, job.payload.clone(), now).await,
        // Another server may be of a newer release and know it.
        None => Err(Failure::passing(format!("no job is called {}", job.kind))),
    }
}

fn registered(job: &Claimed) -> Option<&'static Registered<App>> {
    all().find(|kind| kind.name == job.kind)
}

/// A job's end and, when it comes every night, the plan for the next: one transaction.
fn settle(
    conn: &mut Connection,
    job: &Claimed,
    result: Result<(), Failure>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let kind = registered(job);
    let is_over = match result {
        Ok(()) => {
            let mine = jobs::finish(conn, job, now)?;
            if let Some(kind) = kind.filter(|_| mine) {
                kind.make_good(conn, now)?;
            }
            mine
        }
        Err(failure) => {
            let (id, name, error) = (job.id, &job.kind, failure.error());
            let fate = jobs::fail(conn, job, &failure, now)?;
            tracing::warn!(job = %id, kind = name, ?fate, "job failed: {error}");
            fate == Fate::Dead
        }
    };
    match kind {
        Some(kind) if is_over => kind.plan(conn, next_night(now), now),
        _ => Ok(()),
    }
}

/// Tells how many jobs are set aside: in the metrics, and by an alarm until there are none.
async fn tell_dead(app: &web::Data<App>) -> Result<(), Problem> {
    let dead = app
        .db
        .read(|c| operator::dead(c).or_fault("count dead jobs"))
        .await?;
    let count = dead.as_ref().map_or(0, |(count, _)| *count);
    app.metrics.jobs_dead(count);
    match dead {
        None => app.alarms.clear(Alarm::JobsDead),
        Some((count, kind)) => {
            let words = format!(
                "{count} jobs were set aside, such as {kind}: `dengwen jobs list --dead` says why, `dengwen jobs retry` has them tried again"
            );
            app.alarms.raise(Alarm::JobsDead, &words);
        }
    }
    Ok(())
}

/// Looks over what is planned, at the start and now and then: what a clock ahead of this one put
/// off is due now, every nightly job is planned for the next night at the latest, and what was set
/// aside is told.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn look_over(app: &web::Data<App>) -> Result<(), Problem> {
    let (now, keys) = (app.now(), app.keys.clone());
    let lease = TimeDelta::minutes(app.profile.rules.triage.lease_minutes);
    app.db
        .write(move |conn| {
            rotation::plan_drop(conn, &keys, now).or_fault("plan dropping former indexes")?;
            matching::refile::plan(conn, now).or_fault("plan filing anew")?;
            jobs::pull_back(conn, now).or_fault("pull jobs back")?;
            let latest = now + lease;
            triage::claims::cut_longer(conn, latest, jobs::CLOCKS_DIFFER).or_fault("cut claims")?;
            for kind in all() {
                kind.plan_first(conn, next_night(now), now)
                    .or_fault("plan a nightly job")?;
            }
            Ok(())
        })
        .await?;
    tell_dead(app).await
}

/// Five past midnight in Shanghai.
fn next_night(now: DateTime<Utc>) -> DateTime<Utc> {
    let tomorrow = date_of(now) + Days::new(1);
    NaiveTime::from_hms_opt(0, 5, 0)
        .and_then(|time| {
            tomorrow
                .and_time(time)
                .and_local_timezone(shanghai())
                .single()
        })
        .map_or(now + TimeDelta::days(1), |at| at.to_utc())
}
