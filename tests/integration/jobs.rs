//! Work after the answer: tried again when it fails, taken over when its worker died, planned anew
//! each night.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use dengwen::{
    complaint::ranks::RefreshRanks,
    complaint::reckoning::ReckonClocks,
    complaint::returned::TakeBackReturned,
    jobs,
    matching::refile::RefileFacts,
    platform::jobs::Job as _,
    platform::{
        db::{
            Id, JsonValue, UtcTime,
            schema::{complaint, idempotency, job, record},
        },
        jobs as queue,
    },
    sweep::ForgetKeys,
};
use diesel::prelude::*;
use serde_json::json;

use crate::support::{World, bodies::river, queued};

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
            .filter(job::done_at.is_null())
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
    world.db_read(|c| queued::enqueue(c, kind, json!({}), now, now).unwrap());
}

async fn run_due(world: &World) -> usize {
    jobs::run_due(&world.server.app).await.unwrap()
}

/// A job that fails waits 1, 2, 4 … minutes, up to 512, and keeps the reason; others go on.
async fn a_failing_job_comes_back_ever_later(world: World) {
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

/// A job whose worker died is another's once its lock ends, and two never hold one job.
async fn a_dead_workers_job_is_taken_over(world: World) {
    enqueue(&world, "a");
    let claim = |now: DateTime<Utc>| world.db_read(|c| queue::claim(c, now).unwrap());
    let now = world.server.app.now();
    let held = claim(now).unwrap();
    assert!(claim(now).is_none(), "one holder");
    let renewed = |job: &queue::Claimed, at: DateTime<Utc>| {
        world.db_read(|c| queue::renew(c, job, at).unwrap())
    };
    assert!(renewed(&held, now + TimeDelta::seconds(15)));
    assert!(
        claim(now + TimeDelta::seconds(35)).is_none(),
        "as long as the lease lasts"
    );
    let taken = claim(now + TimeDelta::seconds(36)).unwrap();
    assert_eq!((taken.id, held.attempts, taken.attempts), (held.id, 0, 1));
    assert!(!renewed(&held, now), "it is another's");
    assert!(
        !world.db_read(|c| queue::finish(c, &held, now).unwrap()),
        "and another's to end"
    );
    world.db_read(|c| queue::fail(c, &held, &queue::Failure::passing("late"), now).unwrap());
    assert!(
        claim(now + TimeDelta::seconds(40)).is_none(),
        "and to put back"
    );
    assert!(world.db_read(|c| queue::finish(c, &taken, now).unwrap()));
    assert!(claim(now + TimeDelta::days(1)).is_none(), "done is done");
}

/// Clocks. A lease, a plan, a retry and a claim made by a clock a month ahead do not rest
/// for a month once it is set right, and a lease is not taken from a runner that lives.
async fn a_clock_that_was_ahead_rests_nothing(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let number = resident
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    let now = world.server.app.now();
    let month = TimeDelta::days(30);
    world.clock.advance(month);
    jobs::look_over(&world.server.app).await.unwrap();
    run_due(&world).await;
    enqueue(&world, "nobody_handles_this");
    run_due(&world).await;
    enqueue(&world, "queued_ahead");
    enqueue(&world, "held_ahead");
    let held = world.db_read(|c| {
        diesel::update(job::table.filter(job::kind.eq("held_ahead")))
            .set(job::run_at.eq(UtcTime(now)))
            .execute(c)
            .unwrap();
        queue::claim(c, now + month).unwrap().unwrap()
    });
    assert_eq!(held.kind, "held_ahead");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect_problem(401, "token_expired");
    let ahead = world.sign_in("brigade").await;
    ahead
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);

    world.clock.set(now);
    jobs::look_over(&world.server.app).await.unwrap();
    for kind in [
        RefreshRanks::NAME,
        ForgetKeys::NAME,
        TakeBackReturned::NAME,
        ReckonClocks::NAME,
    ] {
        assert_eq!(only(&world, kind).1.0, now, "{kind}");
    }
    for kind in ["nobody_handles_this", "queued_ahead"] {
        assert_eq!(only(&world, kind).1.0, now, "{kind}");
    }
    let other = world
        .staff_named(dengwen::account::Role::Brigade, "brigade2")
        .await;
    other
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect_problem(409, "claimed_by_other");
    world.clock.advance(TimeDelta::minutes(12));
    other
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);

    let claim = |at: DateTime<Utc>| world.db_read(|c| queue::claim(c, at).unwrap());
    let kinds: Vec<String> = std::iter::from_fn(|| claim(now))
        .map(|job| job.kind)
        .collect();
    assert!(
        !kinds.contains(&held.kind),
        "{kinds:?}: cut short, not taken away"
    );
    assert!(
        world.db_read(|c| queue::renew(c, &held, now + month).unwrap()),
        "who lives renews it"
    );
    assert!(claim(now + TimeDelta::seconds(15)).is_none());
    let taken =
        std::iter::from_fn(|| claim(now + TimeDelta::seconds(36))).find(|job| job.id == held.id);
    assert!(taken.is_some(), "who died does not");
}

/// Clocks. Set back across a restart, the clock orders the history as it happened.
async fn a_clock_set_back_keeps_the_history_in_order(mut world: World) {
    let number = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    let id: Id = world.db_read(|c| complaint::table.select(complaint::id).first(c).unwrap());
    // What a server wrote whose clock was a day ahead: of the newest id rather than of this
    // machine's clock, because the ids of all stories of this process keep one order.
    let (seconds, _) = Id::new().0.get_timestamp().unwrap().to_unix();
    let tomorrow = uuid::Timestamp::from_unix(uuid::NoContext, seconds + 86_400, 0);
    world.db_read(|c| {
        diesel::insert_into(record::table)
            .values((
                record::id.eq(Id(uuid::Uuid::new_v7(tomorrow))),
                record::subject_kind.eq("complaint"),
                record::subject_id.eq(id),
                record::event.eq("before_the_restart"),
                record::actor_kind.eq("system"),
                record::actor_name.eq(""),
                record::detail.eq(JsonValue(json!({}))),
                record::at.eq(UtcTime(world.server.app.now())),
            ))
            .execute(c)
            .unwrap()
    });
    world.restart_with("DENGWEN_LOG", "info").await;
    world.clock.advance(TimeDelta::days(-1));
    let brigade = world.brigade().await;
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let returned = json!({ "action": "return", "reason": "请补充具体楼栋" });
    brigade
        .post(&format!("/api/v1/complaints/{number}/decision"), returned)
        .await
        .expect(200);
    let events: Vec<String> = world.db_read(|c| {
        let history = dengwen::record::history(c, &world.server.app.keys, id, 100).unwrap();
        history.into_iter().map(|r| r.event).collect()
    });
    let before = events
        .iter()
        .position(|e| e == "before_the_restart")
        .unwrap();
    assert!(before > 0 && before < events.len() - 1, "{events:?}");
    let later = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    let newest = brigade
        .get("/api/v1/complaints?limit=1")
        .await
        .expect(200)
        .text("/items/0/number");
    assert_eq!(newest, later, "lists begin with what came last");
}

/// Many workers at once: every job runs once.
async fn workers_share_the_jobs(world: World) {
    for _ in 0..20 {
        enqueue(&world, RefileFacts::NAME);
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

/// At night the queue is ranked for the new day, old keys are forgotten, and the next night is
/// planned for five past midnight.
async fn the_night_does_its_work_and_plans_the_next(world: World) {
    let resident = world.resident();
    resident
        .post_once("/api/v1/complaints", "a-key", river(None))
        .await
        .expect(201);
    let rank = || {
        world.db_read(|c| {
            complaint::table
                .select(complaint::queue_rank)
                .first::<i32>(c)
                .unwrap()
        })
    };
    let keys = || world.db_read(|c| idempotency::table.count().get_result::<i64>(c).unwrap());
    let (fresh, kept) = (rank(), keys());
    assert_eq!(kept, 1);
    enqueue(&world, RefreshRanks::NAME);
    enqueue(&world, ForgetKeys::NAME);
    run_due(&world).await;
    assert_eq!(
        (rank(), keys()),
        (fresh, 1),
        "nothing is due and nothing is old"
    );
    let planned: Vec<UtcTime> = world.db_read(|c| {
        job::table
            .filter(job::done_at.is_null())
            .order(job::kind)
            .select(job::run_at)
            .load(c)
            .unwrap()
    });
    let midnight: DateTime<Utc> = "2026-11-25T00:05:00+08:00".parse().unwrap();
    assert_eq!(planned, [UtcTime(midnight), UtcTime(midnight)]);

    world.clock.advance(TimeDelta::days(14));
    assert_eq!(
        run_due(&world).await,
        2,
        "missed nights are made good by one"
    );
    assert!(rank() < fresh, "more urgent than it was");
    assert_eq!(keys(), 1, "a phone may still retry");
    world.clock.advance(TimeDelta::days(17));
    run_due(&world).await;
    assert_eq!(keys(), 0);
    assert_eq!(run_due(&world).await, 0);
}

on_both!(
    a_failing_job_comes_back_ever_later,
    a_dead_workers_job_is_taken_over,
    a_clock_that_was_ahead_rests_nothing,
    a_clock_set_back_keeps_the_history_in_order,
    workers_share_the_jobs,
    the_night_does_its_work_and_plans_the_next,
);
