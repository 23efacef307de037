//! What is swept every night: what is done, what has ended, what nobody refers to, what is half
//! written. And every night a share of the blobs is read and held against what was stored.

use std::collections::{BTreeMap, HashSet};

use actix_web::web;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::account::{self, session::queries as sessions};
use crate::app::App;
use crate::complaint::senders;
use crate::evidence::stored::kept_among;
use crate::platform::{
    alarms::Alarm,
    blob::{Listed, PhotoKeys, photo_of},
    crypto::blobs::Kept,
    db::{Connection, Patience, integrity, schema::evidence},
    http::idempotency,
    jobs::{self, Job, Registered},
    problem::{Code, OnDb, Problem},
};

/// Days a blob is left alone: its complaint may still be on its way.
const FRESH_DAYS: i64 = 1;

/// Rows removed in one transaction.
const BATCH: i64 = 500;

/// Blobs looked up in one read.
const LOOKED_UP: usize = 200;

/// Nights in which every blob is read once.
const SHARES: u32 = 7;

/// What this room does after the answer.
pub const JOBS: &[Registered<App>] = &[
    Registered::of::<ForgetKeys>(),
    Registered::of::<Sweep>(),
    Registered::of::<Verify>(),
];

/// Forgets idempotency keys and sending addresses past their time.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetKeys {}

impl Job for ForgetKeys {
    type App = App;
    const NAME: &'static str = "forget_keys";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        app.db
            .write(move |conn| {
                senders::forget_old(conn, now).or_fault("forget senders")?;
                idempotency::forget_old(conn, now).or_fault("forget keys")
            })
            .await
            .map(|_| ())
    }
}

/// Removes done jobs, ended sessions, blobs nobody refers to and files left half written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    type App = App;
    const NAME: &'static str = "sweep";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let db = app.db.with_patience(Patience::Work);
        while db.write(move |conn| rows(conn, now)).await? {}
        let removed = blobs(app).await?;
        tracing::info!(removed, "swept blobs nobody refers to");
        Ok(())
    }
}

/// Checks the database thoroughly, and a share of the blobs against what was stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct Verify {}

impl Job for Verify {
    type App = App;
    const NAME: &'static str = "verify";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        verify_database(app).await?;
        let read = verify_blobs(app, now).await?;
        tracing::info!(read, "blobs read and held against what was stored");
        Ok(())
    }
}

/// Removes the next done jobs, ended sessions and codes past their time; answers whether there may
/// be more.
fn rows(conn: &mut Connection, now: DateTime<Utc>) -> Result<bool, Problem> {
    let jobs = jobs::forget_done(conn, now, BATCH).or_fault("sweep jobs")?;
    let sessions = sessions::forget_ended(conn, now, BATCH).or_fault("sweep sessions")?;
    let codes = account::queries::forget_codes(conn, now, BATCH).or_fault("sweep codes")?;
    let full = |removed: usize| i64::try_from(removed).is_ok_and(|removed| removed >= BATCH);
    Ok([jobs, sessions, codes].into_iter().any(full))
}

/// Removes blobs no photo refers to and files left half written, none of them fresh; answers how
/// many.
async fn blobs(app: &App) -> Result<usize, Problem> {
    // The store's clock, not ours: it is the store that says when a blob came.
    let until = Utc::now() - TimeDelta::days(FRESH_DAYS);
    let mut removed = app.blobs.remove_unfinished(until).await?;
    let old = app.blobs.list().await?;
    let old: Vec<Listed> = old.into_iter().filter(|l| l.modified < until).collect();
    for some in old.chunks(LOOKED_UP) {
        let used = used_among(app, some).await?;
        let unused = some
            .iter()
            .filter(|l| photo_of(&l.key).is_none_or(|photo| !used.contains(photo)));
        for blob in unused {
            // The same photo may have come again meanwhile.
            if app.blobs.stored_at(&blob.key).await? == Some(blob.modified) {
                app.blobs.remove(&blob.key).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

async fn used_among(app: &App, blobs: &[Listed]) -> Result<HashSet<String>, Problem> {
    let photos = blobs.iter().filter_map(|l| photo_of(&l.key));
    let photos: Vec<String> = photos.map(str::to_owned).collect();
    app.db.read(move |conn| kept_among(conn, &photos)).await
}

/// Reads this night's share of the photos' blobs; an alarm, until the next start, when one is
/// missing or is not what was stored. Answers how many were read.
async fn verify_blobs(app: &App, now: DateTime<Utc>) -> Result<usize, Problem> {
    let share = now
        .num_days_from_ce()
        .rem_euclid(SHARES.cast_signed())
        .cast_unsigned();
    verify_share(app, |sha256| {
        u32::from_str_radix(sha256.get(..2).unwrap_or("00"), 16).is_ok_and(|n| n % SHARES == share)
    })
    .await
}

/// Reads the blobs of the photos chosen.
///
/// # Errors
/// 503 when the store or the database does not answer.
pub async fn verify_share(app: &App, chosen: impl Fn(&str) -> bool) -> Result<usize, Problem> {
    let mut after = String::new();
    let (mut read, mut bad) = (0, Vec::new());
    loop {
        let from = after.clone();
        let photos = app.db.read(move |conn| photos_after(conn, &from)).await?;
        let Some((last, _)) = photos.last_key_value() else {
            break;
        };
        after.clone_from(last);
        for (sha256, has_copies) in photos.into_iter().filter(|(photo, _)| chosen(photo)) {
            let keys = PhotoKeys::of(&sha256);
            let copies = [keys.large, keys.small].into_iter().filter(|_| has_copies);
            for key in [keys.original].into_iter().chain(copies) {
                match app.blobs.get(&key).await {
                    Ok(_) => {}
                    Err(p) if p.code() == Code::PhotoLost => {
                        tracing::error!("{}", p.internal().unwrap_or_default());
                        bad.push(key);
                    }
                    Err(problem) => return Err(problem),
                }
                read += 1;
            }
        }
    }
    if let Some(first) = bad.first() {
        let words = format!(
            "{} blobs are missing or not what was stored, such as {first}: take them from a backup",
            bad.len()
        );
        app.alarms.raise(Alarm::BlobsDamaged, &words);
    }
    Ok(read)
}

/// Seals the originals that still lie bare, and gives the copies their checksums.
///
/// # Errors
/// 503 when the store or the database does not answer.
pub async fn seal_older_photos(app: &App) -> Result<(), Problem> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let photos = app.db.read(move |conn| photos_after(conn, &from)).await?;
        let Some((last, _)) = photos.last_key_value() else {
            return Ok(());
        };
        after.clone_from(last);
        for sha256 in photos.into_keys() {
            let keys = PhotoKeys::of(&sha256);
            for key in [keys.original, keys.large, keys.small] {
                match app.blobs.read(&key).await {
                    Ok((bytes, Kept::AsBefore)) => app.blobs.put(&key, bytes).await?,
                    Ok(_) => {}
                    // What is missing or damaged is the night's to tell.
                    Err(p) if matches!(p.code(), Code::NotFound | Code::PhotoLost) => {}
                    Err(problem) => return Err(problem),
                }
            }
        }
    }
}

/// The next photos by their hashes, and whether they have copies.
fn photos_after(conn: &mut Connection, after: &str) -> Result<BTreeMap<String, bool>, Problem> {
    let rows: Vec<(String, bool)> = evidence::table
        .filter(evidence::sha256.gt(after))
        .filter(evidence::status.eq("kept"))
        .order(evidence::sha256.asc())
        .limit(BATCH)
        .select((evidence::sha256, evidence::has_derivatives))
        .load(conn)
        .or_fault("list photos")?;
    Ok(rows.into_iter().collect())
}

/// Checks the database thoroughly: an alarm when it is damaged, its end when it is whole.
///
/// # Errors
/// 503 when no connection is to be had.
pub async fn verify_database(app: &App) -> Result<(), Problem> {
    let found = app
        .db
        .with_patience(Patience::Work)
        .read(|conn| integrity::thorough(conn).or_fault("check the database"))
        .await?;
    match found.first() {
        None => app.alarms.clear(Alarm::DatabaseDamaged),
        Some(first) => {
            let words =
                format!("the database is damaged: {first}. Stop the server and restore a backup");
            app.alarms.raise(Alarm::DatabaseDamaged, &words);
        }
    }
    Ok(())
}
