//! Whether a write can succeed now, found out by writing.
//!
//! A row is written under a short limit of its own, and the outcome is kept for a second, so that
//! many probes ask once. With it the folders are looked at, whether they are still there and ours. A
//! write into room that is there already says nothing of a full disk: once the database refused a
//! write, the probe asks for new room, until it gets it. Nor does it say that the other tables are
//! there: what a request found missing is kept for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use rand::RngExt;

use super::{
    db::{Connection, Database, UtcTime, schema::heartbeat},
    metrics::Scrape,
    outage::Outage,
    owned::Owned,
    problem::{OnDb, Problem},
};
use crate::on_each;

/// How long an outcome holds.
const KEPT: Duration = Duration::from_secs(1);

/// How long the write may take.
const LIMIT: Duration = Duration::from_secs(3);

/// Rows that processes on one database write to, so that they seldom meet.
const SLOTS: i32 = 64;

/// New room asked for after a refused write, bytes that cannot be compressed.
const ROOM: usize = 256 * 1024;

/// What was last found out.
#[derive(Debug)]
pub struct Readiness {
    slot: i32,
    folders: Vec<Owned>,
    last: Mutex<Last>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

/// When it was found out, and what.
type Last = Option<(Instant, Result<(), Outage>)>;

impl Readiness {
    /// With the folders that must be there.
    #[must_use]
    pub fn new(folders: Vec<Owned>) -> Self {
        Self {
            slot: rand::rng().random_range(0..SLOTS),
            folders,
            last: Mutex::default(),
            one_at_a_time: tokio::sync::Mutex::default(),
        }
    }

    /// Whether a write succeeds, at most a second old. What is wrong with the folders is told by
    /// their alarms.
    ///
    /// # Errors
    /// Why no write succeeds.
    pub async fn look(&self, db: &Database, now: DateTime<Utc>) -> Result<(), Outage> {
        let _turn = self.one_at_a_time.lock().await;
        let last = *self.last();
        if let Some((at, outcome)) = last
            && at.elapsed() < KEPT
        {
            return outcome;
        }
        self.look_around().await;
        let outcome = self.beat(db, now).await;
        *self.last() = Some((Instant::now(), outcome));
        outcome
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look_around(&self) {
        let folders = self.folders.clone();
        let looked = tokio::task::spawn_blocking(move || {
            for folder in &folders {
                // The alarm it raises says it; the others are looked at as well.
                let _ = folder.look();
            }
        });
        if let Err(e) = looked.await {
            tracing::error!("cannot look at the folders: {e}");
        }
    }

    async fn beat(&self, db: &Database, now: DateTime<Utc>) -> Result<(), Outage> {
        let slot = self.slot;
        let new_room = db.take_refused_writes();
        let outcome = db
            .write_within(LIMIT, move |conn| {
                if new_room {
                    let mut filler = vec![0_u8; ROOM];
                    rand::rng().fill(&mut filler[..]);
                    store(conn, slot, now, &filler)?;
                }
                Ok(())
            })
            .await;
        let outcome = match outcome {
            Ok(()) => {
                db.write_within(LIMIT, move |conn| store(conn, slot, now, &[]))
                    .await
            }
            failed => failed,
        };
        outcome.map_err(|problem| {
            let why = problem.internal().unwrap_or_default();
            tracing::warn!("not ready: {why}");
            problem.outage_met().unwrap_or(Outage::Busy)
        })?;
        // The row written is one table of many.
        if db.is_unfit() {
            return Err(Outage::Unfit);
        }
        Ok(())
    }

    /// Names what is known for a scrape, without asking anew.
    pub fn register(&self, db: &Database, scrape: &mut Scrape) {
        let ready = self.last().is_none_or(|(_, outcome)| outcome.is_ok());
        scrape.gauge("ready", "Whether a write can succeed", i64::from(ready));
        scrape.counters(
            "database_outages",
            "Refusals of the database",
            "reason",
            db.outages().map(|(outage, count)| (outage.as_str(), count)),
        );
        scrape.counter(
            "database_circuit_opened",
            "How often the database was given up for a moment",
            db.circuit_opened(),
        );
        let hanging = i64::try_from(db.hanging()).unwrap_or(i64::MAX);
        scrape.gauge(
            "database_hanging",
            "Connections whose database does not answer",
            hanging,
        );
    }
}

fn store(
    conn: &mut Connection,
    slot: i32,
    now: DateTime<Utc>,
    filler: &[u8],
) -> Result<(), Problem> {
    let row = (
        heartbeat::slot.eq(slot),
        heartbeat::at.eq(UtcTime(now)),
        heartbeat::filler.eq(filler),
    );
    let again = (heartbeat::at.eq(UtcTime(now)), heartbeat::filler.eq(filler));
    on_each!(conn, |c| diesel::insert_into(heartbeat::table)
        .values(row)
        .on_conflict(heartbeat::slot)
        .do_update()
        .set(again)
        .execute(c))
    .or_fault("write a heartbeat")
    .map(|_| ())
}
