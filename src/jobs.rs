//! What runs after the answer: one handler for each kind of job, and the runner.

use std::{collections::HashMap, time::Duration};

use actix_web::web;
use chrono::{DateTime, Days, NaiveTime, Utc};
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
        Connection, Id,
        schema::{complaint, job, ledger_entry},
    },
    http::idempotency,
    jobs::{self, Job},
    problem::{OnDb, Problem},
};
use crate::rotation;

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

/// Jobs that plan themselves again for the next night.
const NIGHTLY: [&str; 5] = [
    COUNT_UNREVIEWED,
    RECKON_CLOCKS,
    TAKE_BACK_RETURNED,
    REFRESH_RANKS,
    FORGET_KEYS,
];

/// How long the runner sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(2);

/// Complaints re-ranked in one transaction.
const RANK_BATCH: i64 = 500;

/// Runs due jobs until the process ends.
pub async fn run_forever(app: web::Data<App>) {
    if let Err(problem) = plan_nightly(&app).await {
        tracing::error!(
            "cannot plan the nightly jobs: {}",
            problem.internal().unwrap_or_default()
        );
    }
    loop {
        match run_due(&app).await {
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
        let result = run(app, &job, now).await;
        app.db
            .write(move |c| {
                match result {
                    Ok(()) => jobs::finish(c, job.id, now),
                    Err(problem) => {
                        let error = problem.internal().unwrap_or_default().to_owned();
                        tracing::warn!(job = %job.id, kind = job.kind, "job put back: {problem} {error}");
                        jobs::put_back(c, &job, &error, now)
                    }
                }
                .or_fault("settle a job")
            })
            .await?;
        ran += 1;
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
            .await?;
            plan(app, RECKON_CLOCKS, now).await
        }
        TAKE_BACK_RETURNED => {
            in_batches(app, move |c, shared, after| {
                returned::take_back(c, &shared.profile, after, now)
            })
            .await?;
            plan(app, TAKE_BACK_RETURNED, now).await
        }
        REFRESH_RANKS => {
            refresh_ranks(app, now).await?;
            plan(app, REFRESH_RANKS, now).await
        }
        FORGET_KEYS => {
            app.db
                .write(move |c| {
                    senders::forget_old(c, now).or_fault("forget senders")?;
                    idempotency::forget_old(c, now).or_fault("forget keys")
                })
                .await?;
            plan(app, FORGET_KEYS, now).await
        }
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
            app.metrics.set("hidden_reviews_overdue", overdue);
            plan(app, COUNT_UNREVIEWED, now).await
        }
        REFILE_FACTS => refile_facts(app).await,
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
        after = app.db.write(move |c| batch(c, &shared, from)).await?;
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
        let from = after;
        let (_, last) = app
            .db
            .write(move |c| matching::refile_after(c, from))
            .await?;
        after = last;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn plan_nightly(app: &web::Data<App>) -> Result<(), Problem> {
    let (now, keys) = (app.now(), app.keys.clone());
    app.db
        .write(move |conn| {
            if rotation::leaves_indexes(conn, &keys).or_fault("look for former indexes")? {
                jobs::enqueue(conn, DROP_FORMER_INDEXES, json!({}), now, now)
                    .or_fault("plan dropping former indexes")?;
            }
            if matching::nothing_is_filed(conn).or_fault("look for facts")? {
                jobs::enqueue(conn, REFILE_FACTS, json!({}), now, now)
                    .or_fault("plan filing anew")?;
            }
            for kind in NIGHTLY {
                let waiting: i64 = job::table
                    .filter(job::kind.eq(kind))
                    .filter(job::done_at.is_null())
                    .count()
                    .get_result(conn)
                    .or_fault("look for nightly jobs")?;
                if waiting == 0 {
                    jobs::enqueue(conn, kind, json!({}), now, now)
                        .or_fault("plan a nightly job")?;
                }
            }
            Ok(())
        })
        .await
}

/// Plans a nightly job for five past midnight in Shanghai.
async fn plan(app: &web::Data<App>, kind: &'static str, now: DateTime<Utc>) -> Result<(), Problem> {
    let tomorrow = date_of(now) + Days::new(1);
    let at = NaiveTime::from_hms_opt(0, 5, 0)
        .and_then(|time| {
            tomorrow
                .and_time(time)
                .and_local_timezone(shanghai())
                .single()
        })
        .map_or(now + chrono::TimeDelta::days(1), |at| at.to_utc());
    app.db
        .write(move |c| jobs::enqueue(c, kind, json!({}), at, now).or_fault("plan a job"))
        .await
}
