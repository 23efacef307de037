//! Work after the answer: tried again when it fails, taken over when its worker died, planned anew
//! each night.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use dengwen::{
    jobs,
    platform::{
        db::{
            UtcTime,
            schema::{complaint, idempotency, job},
        },
        jobs as queue,
    },
};
use diesel::prelude::*;
use serde_json::json;

use crate::support::{World, bodies::river};

type Row = (
    i32,
    UtcTime,
    Option<UtcTime>,
    Option<String>,
    Option<UtcTime>,
);

/// Attempts, when to run, lock, error and end of the only job of a kind that is not done.
fn only(world: &World, kind: &str) -> Row {
    world.db_read(|c| {
        job::table
            .filter(job::kind.eq(kind))
            .select((
                job::attempts,
                job::run_at,
                job::locked_until,
                job::last_error,
                job::done_at,
            ))
            .first(c)
            .unwrap()
    })
}

fn enqueue(world: &World, kind: &str) {
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, kind, json!({}), now, now).unwrap());
}

async fn run_due(world: &World) -> usize {
    jobs::run_due(&world.server.app).await.unwrap()
}

on_both! {
    /// A job that fails waits 1, 2, 4 … minutes, up to 512, and keeps the reason; others go on.
    async fn a_failing_job_comes_back_ever_later(world) {
        enqueue(&world, "nobody_handles_this");
        for attempt in 0..12_u32 {
            assert_eq!(run_due(&world).await, 1, "attempt {attempt}");
            let now = world.server.app.now();
            let (attempts, run_at, lock, error, done) = only(&world, "nobody_handles_this");
            let wait = TimeDelta::minutes(1 << attempt.min(9));
            assert_eq!((attempts, run_at.0 - now), (attempt as i32 + 1, wait));
            assert_eq!((lock, done), (None, None));
            assert!(error.unwrap().contains("nobody_handles_this"));
            assert_eq!(run_due(&world).await, 0, "not before its time");
            world.clock.advance(wait - TimeDelta::seconds(1));
            assert_eq!(run_due(&world).await, 0, "not a second before its time");
            world.clock.advance(TimeDelta::seconds(1));
        }
    }
}

on_both! {
    /// A job whose worker died is another's once its lock ends, and two never hold one job.
    async fn a_dead_workers_job_is_taken_over(world) {
        enqueue(&world, "a");
        let claim = |now: DateTime<Utc>| world.db_read(|c| queue::claim(c, now).unwrap());
        let now = world.server.app.now();
        let held = claim(now).unwrap();
        assert!(claim(now).is_none(), "one holder");
        assert!(claim(now + TimeDelta::minutes(5)).is_none(), "as long as the lock lasts");
        let taken = claim(now + TimeDelta::minutes(5) + TimeDelta::seconds(1)).unwrap();
        assert_eq!((taken.id, held.attempts, taken.attempts), (held.id, 0, 1));
        world.db_read(|c| queue::finish(c, taken.id, now).unwrap());
        assert!(claim(now + TimeDelta::days(1)).is_none(), "done is done");
    }
}

on_both! {
    /// Many workers at once: every job runs once.
    async fn workers_share_the_jobs(world) {
        for _ in 0..20 {
            enqueue(&world, jobs::REFILE_FACTS);
        }
        let ran = Arc::new(AtomicUsize::new(0));
        let workers = (0..4).map(|_| {
            let (app, ran) = (world.server.app.clone(), ran.clone());
            async move { ran.fetch_add(jobs::run_due(&app).await.unwrap(), Ordering::SeqCst) }
        });
        futures_util::future::join_all(workers).await;
        assert_eq!(ran.load(Ordering::SeqCst), 20);
        let tries: Vec<i32> = world.db_read(|c| job::table.select(job::attempts).load(c).unwrap());
        assert!(tries.iter().all(|n| *n == 1), "{tries:?}");
    }
}

on_both! {
    /// At night the queue is ranked for the new day, old keys are forgotten, and the next night is
    /// planned for five past midnight.
    async fn the_night_does_its_work_and_plans_the_next(world) {
        let resident = world.resident();
        resident.post_once("/api/v1/complaints", "a-key", river(None)).await.expect(201);
        let rank = || world.db_read(|c| complaint::table.select(complaint::queue_rank).first::<i32>(c).unwrap());
        let keys = || world.db_read(|c| idempotency::table.count().get_result::<i64>(c).unwrap());
        let (fresh, kept) = (rank(), keys());
        assert_eq!(kept, 1);
        enqueue(&world, jobs::REFRESH_RANKS);
        enqueue(&world, jobs::FORGET_KEYS);
        run_due(&world).await;
        assert_eq!((rank(), keys()), (fresh, 1), "nothing is due and nothing is old");
        let planned: Vec<UtcTime> = world.db_read(|c| {
            job::table.filter(job::done_at.is_null()).order(job::kind).select(job::run_at).load(c).unwrap()
        });
        let midnight: DateTime<Utc> = "2026-11-25T00:05:00+08:00".parse().unwrap();
        assert_eq!(planned, [UtcTime(midnight), UtcTime(midnight)]);

        world.clock.advance(TimeDelta::days(14));
        assert_eq!(run_due(&world).await, 2, "missed nights are made good by one");
        assert!(rank() < fresh, "more urgent than it was");
        assert_eq!(keys(), 1, "a phone may still retry");
        world.clock.advance(TimeDelta::days(17));
        run_due(&world).await;
        assert_eq!(keys(), 0);
        assert_eq!(run_due(&world).await, 0);
    }
}
