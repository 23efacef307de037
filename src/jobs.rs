//! What runs after the answer: one handler for each kind of job, and the runner.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use actix_web::web;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::app::App;
use crate::complaint::{
    clocks, hidden, machine::MACHINE, petitioners, queries, rank::rank_of, returned, reuse,
    senders, take,
};
use crate::district::{calendar::date_of, shanghai};
use crate::ledger::queries as ledger;
use crate::matching::queries as matching;
use crate::platform::{
    db::{
        Connection, Database, Id, Patience, UtcTime,
        schema::{complaint, job, ledger_entry, triage_claim},
    },
    http::idempotency,
    jobs::{self, Job},
    problem::{OnDb, Problem},
};
use crate::{rotation, sweep};

/// Tells a reporter by text message that something happened.
pub const NOTIFY_REPORTER: &str = "notify_reporter";
/// Makes the queue's order anew for the new day.
pub const REFRESH_RANKS: &str = "refresh_ranks";
/// Forgets idempotency keys and sending addresses past their time.
pub const FORGET_KEYS: &str = "forget_keys";

/// Brings back complaints that were returned for completion and never completed.
pub const TAKE_BACK_RETURNED: &str = "take_back_returned";

/// Reckons provisional clocks anew, once the holidays of their year are published.
pub const RECKON_CLOCKS: &str = "reckon_clocks";

/// Files all complaints anew for matching, after an update that changed how they are filed.
pub const REFILE_FACTS: &str = "refile_facts";

/// Files older photos for finding them again; planned by a migration, once.
pub const FILE_PHOTOS: &str = "file_photos";

/// Drops the blind indexes of a key that was changed for another; planned at the first start
/// without it.
pub const DROP_FORMER_INDEXES: &str = "drop_former_indexes";

/// Counts the hidden complaints nobody looked at in time.
pub const COUNT_UNREVIEWED: &str = "count_unreviewed";

/// Removes done jobs, ended sessions, blobs nobody refers to and files left half written.
pub const SWEEP: &str = "sweep";

/// Checks the database thoroughly, and a share of the blobs against what was stored.
pub const VERIFY: &str = "verify";

/// Seals what was kept before it was sealed; planned by a migration, once.
pub const SEAL_OLDER: &str = "seal_older";

/// Jobs that plan themselves again for the next night.
const NIGHTLY: [&str; 7] = [
    COUNT_UNREVIEWED,
    RECKON_CLOCKS,
    TAKE_BACK_RETURNED,
    REFRESH_RANKS,
    FORGET_KEYS,
    SWEEP,
    VERIFY,
];

/// How long the runner sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(2);

/// How often the plan for the night is looked over: clocks jump.
const LOOK_OVER_EVERY: Duration = Duration::from_secs(300);

/// Complaints re-ranked in one transaction.
const RANK_BATCH: i64 = 500;

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
/// When jobs cannot be claimed; a job that fails is put back and is no error here.
pub async fn run_due(app: &web::Data<App>) -> Result<usize, Problem> {
    let mut ran = 0;
    loop {
        let now = app.now();
        let claimed = app
            .db
            .write(move |c| jobs::claim(c, now).or_fault("claim a job"))
            .await?;
        let Some(job) = claimed else { return Ok(ran) };
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
}

/// Runs a job while its lease is renewed; `None` when the lease was lost and the job left off.
async fn run_held(
    app: &web::Data<App>,
    job: &Job,
    now: DateTime<Utc>,
) -> Option<Result<(), Problem>> {
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

/// A job's end and, when it comes every night, the plan for the next: one transaction.
fn settle(
    conn: &mut Connection,
    job: &Job,
    result: Result<(), Problem>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    match result {
        Ok(()) => {
            let mine = jobs::finish(conn, job, now)?;
            match NIGHTLY.iter().find(|kind| **kind == job.kind) {
                Some(kind) if mine => jobs::plan(conn, kind, next_night(now), now),
                _ => Ok(()),
            }
        }
        Err(problem) => {
            let error = problem.internal().unwrap_or_default();
            tracing::warn!(job = %job.id, kind = job.kind, "job put back: {problem} {error}");
            jobs::put_back(conn, job, error, now).map(|_| ())
        }
    }
}

async fn run(app: &web::Data<App>, job: &Job, now: DateTime<Utc>) -> Result<(), Problem> {
    match job.kind.as_str() {
        NOTIFY_REPORTER => notify_reporter(app, &job.payload).await,
        RECKON_CLOCKS => {
            in_batches(app, move |c, shared, after| {
                let (last, changed) = clocks::reckon_anew(c, &shared.profile, after)?;
                for id in changed {
                    let row = queries::by_id(c, id).or_fault("load a complaint")?;
                    ledger::refresh(c, &shared.profile, row.entry_id, now)?;
                }
                Ok(last)
            })
            .await
        }
        TAKE_BACK_RETURNED => {
            in_batches(app, move |c, shared, after| {
                returned::take_back(c, &shared.profile, after, now)
            })
            .await
        }
        REFRESH_RANKS => refresh_ranks(app, now).await,
        FORGET_KEYS => app
            .db
            .write(move |c| {
                senders::forget_old(c, now).or_fault("forget senders")?;
                idempotency::forget_old(c, now).or_fault("forget keys")
            })
            .await
            .map(|_| ()),
        COUNT_UNREVIEWED => {
            let overdue = app
                .db
                .read(move |c| hidden::overdue(c, date_of(now)).or_fault("count reviews"))
                .await?;
            if overdue > 0 {
                tracing::warn!(
                    overdue,
                    "hidden complaints wait for somebody to look at them"
                );
            }
            app.metrics.hidden_reviews_overdue(overdue);
            Ok(())
        }
        REFILE_FACTS => refile_facts(app).await,
        SWEEP => {
            while patient(app).write(move |c| sweep::rows(c, now)).await? {}
            let removed = sweep::blobs(app).await?;
            tracing::info!(removed, "swept blobs nobody refers to");
            Ok(())
        }
        VERIFY => {
            sweep::verify_database(app).await?;
            let read = sweep::verify_blobs(app, now).await?;
            tracing::info!(read, "blobs read and held against what was stored");
            Ok(())
        }
        SEAL_OLDER => {
            rotation::seal_older(app).await?;
            sweep::seal_older_photos(app).await
        }
        DROP_FORMER_INDEXES => {
            in_batches(app, move |c, shared, after| {
                rotation::drop_indexes(c, &shared.keys, after)
            })
            .await
        }
        FILE_PHOTOS => reuse::file_older(app).await,
        other => Err(Problem::fault(format!(
            "no handler for jobs of kind {other}"
        ))),
    }
}

/// Texts the first petitioner who left a mobile number. The message names no matter: phones are
/// read by others.
async fn notify_reporter(app: &web::Data<App>, payload: &Value) -> Result<(), Problem> {
    if !app.sms.is_there() {
        return Ok(());
    }
    let id: Id = serde_json::from_value(payload.get("complaint").cloned().unwrap_or_default())
        .map_err(|e| Problem::fault(format!("job payload: {e}")))?;
    let keys = app.keys.clone();
    let found = app
        .db
        .read(move |c| {
            let row = queries::by_id(c, id).or_fault("load a complaint")?;
            for signer in petitioners::load(c, &keys, id)? {
                let person = signer.person;
                let mut phones = person.phone.into_iter().chain(person.more_phones);
                if let Some(phone) = phones.find(|p| p.len() == 11 && p.starts_with('1')) {
                    return Ok(Some((phone, row.number, row.state)));
                }
            }
            Ok(None)
        })
        .await?;
    let Some((phone, number, state)) = found else {
        return Ok(());
    };
    let text = format!(
        "【登闻】您的信访件 {number} 状态：{}。凭查询码查看详情。",
        MACHINE.label(&state)
    );
    app.sms.send(&phone, &text)
}

/// The database, for work nobody waits for.
fn patient(app: &App) -> Database {
    app.db.with_patience(Patience::Work)
}

/// Works through rows in order of their ids, one transaction for each batch.
async fn in_batches(
    app: &web::Data<App>,
    batch: impl Fn(&mut Connection, &App, Option<Id>) -> Result<Option<Id>, Problem>
    + Clone
    + Send
    + 'static,
) -> Result<(), Problem> {
    let mut after: Option<Id> = None;
    loop {
        let (shared, from, batch) = (app.clone(), after, batch.clone());
        after = patient(app).write(move |c| batch(c, &shared, from)).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Makes the rank of every queued complaint anew, in batches.
async fn refresh_ranks(app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
    in_batches(app, move |c, shared, after| {
        rank_batch(c, shared, after, now)
    })
    .await
}

fn rank_batch(
    conn: &mut Connection,
    app: &App,
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<Option<Id>, Problem> {
    let mut query = complaint::table
        .inner_join(ledger_entry::table)
        .filter(complaint::in_queue.eq(true))
        .order(complaint::id.asc())
        .limit(RANK_BATCH)
        .select((
            queries::ComplaintRow::as_select(),
            ledger_entry::distinct_reporters,
        ))
        .into_boxed();
    if let Some(id) = after {
        query = query.filter(complaint::id.gt(id));
    }
    let rows: Vec<(queries::ComplaintRow, i32)> = query.load(conn).or_fault("load the queue")?;
    let moved: HashMap<Id, (i32, i32)> = rows
        .iter()
        .map(|(row, reporters)| (row, rank_of(&app.profile, row, *reporters, now)))
        .filter(|(row, rank)| *rank != row.queue_rank)
        .map(|(row, rank)| (row.id, (row.version, rank)))
        .collect();
    let ids: Vec<Id> = moved.keys().copied().collect();
    for row in take::all(conn, &ids, &[])? {
        // What somebody decided on meanwhile got its rank by that.
        let unchanged = moved
            .get(&row.id)
            .filter(|(version, _)| *version == row.version);
        if let Some((_, rank)) = unchanged {
            diesel::update(complaint::table.find(row.id))
                .set(complaint::queue_rank.eq(rank))
                .execute(conn)
                .or_fault("rank a complaint")?;
        }
    }
    Ok(rows.last().map(|(row, _)| row.id))
}

async fn refile_facts(app: &web::Data<App>) -> Result<(), Problem> {
    let mut after: Option<Id> = None;
    loop {
        let (from, keys) = (after, app.keys.clone());
        let (_, last) = patient(app)
            .write(move |c| matching::refile_after(c, &keys, from))
            .await?;
        after = last;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Looks over what is planned, at the start and now and then: what a clock ahead of this one put
/// off is due now, and every nightly job is planned for the next night at the latest.
///
/// # Errors
/// 503 when the database does not answer.
pub async fn look_over(app: &web::Data<App>) -> Result<(), Problem> {
    let (now, keys) = (app.now(), app.keys.clone());
    let lease = TimeDelta::minutes(app.profile.rules.triage.lease_minutes);
    app.db
        .write(move |conn| {
            if rotation::leaves_indexes(conn, &keys).or_fault("look for former indexes")? {
                jobs::plan(conn, DROP_FORMER_INDEXES, now, now)
                    .or_fault("plan dropping former indexes")?;
            }
            if matching::nothing_is_filed(conn).or_fault("look for facts")? {
                jobs::enqueue(conn, REFILE_FACTS, json!({}), now, now)
                    .or_fault("plan filing anew")?;
            }
            jobs::pull_back(conn, now).or_fault("pull jobs back")?;
            cut_claims_of_other_clocks(conn, now + lease).or_fault("cut claims")?;
            for kind in NIGHTLY {
                first_or_next(conn, kind, now).or_fault("plan a nightly job")?;
            }
            Ok(())
        })
        .await
}

/// Cuts claims that end later than any may: they were made by a clock ahead of this one, and would
/// keep an item from everybody else until it catches up.
fn cut_claims_of_other_clocks(conn: &mut Connection, latest: DateTime<Utc>) -> QueryResult<usize> {
    let far = UtcTime(latest + jobs::CLOCKS_DIFFER);
    diesel::update(triage_claim::table.filter(triage_claim::expires_at.gt(far)))
        .set(triage_claim::expires_at.eq(UtcTime(latest)))
        .execute(conn)
}

/// A nightly job that was never planned runs now.
fn first_or_next(conn: &mut Connection, kind: &str, now: DateTime<Utc>) -> QueryResult<()> {
    let known: i64 = job::table
        .filter(job::kind.eq(kind))
        .filter(job::done_at.is_null())
        .count()
        .get_result(conn)?;
    let next = if known == 0 { now } else { next_night(now) };
    jobs::plan(conn, kind, next, now)
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
