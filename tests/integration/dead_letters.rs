//! Jobs that failed too often, or can never get done: set aside, told, and tried again by the
//! operator. And every job run twice.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    complaint::{hidden::CountUnreviewed, notice::NotifyReporter, recovery::SendCodes},
    jobs,
    photo::sample::scene,
    platform::{
        db::{
            Id, UtcTime,
            schema::{
                clock, complaint, complaint_text, evidence, evidence_band, job, ledger_entry,
                match_fact, match_key, notice, petitioner, record,
            },
        },
        jobs::{ATTEMPTS_MAX, Job as _},
    },
};
use diesel::{dsl::count_star, prelude::*};
use serde_json::{Value, json};

use crate::{
    cli,
    support::{
        Actor, World,
        actors::form,
        bodies::{fumes, river},
        queued,
    },
};

/// Longer than any pause between two attempts.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(512);

fn enqueue(world: &World, kind: &str, payload: Value) {
    let now = world.server.app.now();
    world.db_read(|c| queued::enqueue(c, kind, payload, now, now).unwrap());
}

async fn run_due(world: &World) -> usize {
    jobs::run_due(&world.server.app).await.unwrap()
}

/// Runs what is due, again and again, until a job was tried so often.
async fn try_times(world: &World, times: i32) {
    for attempt in 0..times {
        assert_eq!(run_due(world).await, 1, "attempt {attempt}");
        world.clock.advance(LONGEST_PAUSE);
    }
}

async fn listed(admin: &Actor, state: &str) -> Vec<Value> {
    let page = admin.get(&format!("/api/v1/jobs?state={state}")).await;
    page.expect(200).body["items"].as_array().unwrap().clone()
}

/// How many dead jobs `/metrics` counts, and whether there is an alarm.
async fn told(world: &World) -> (u32, bool) {
    let metrics = world.resident().get("/metrics").await.expect(200).bytes;
    let metrics = String::from_utf8(metrics).unwrap();
    let value = |name: &str| -> u32 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    };
    let alarm = value("dengwen_alarm{alarm=\"jobs_dead\"}") == 1;
    (value("dengwen_jobs_dead "), alarm)
}

async fn submitted(world: &World, phone: &str) -> (Id, String) {
    let receipt = world
        .resident()
        .post("/api/v1/complaints", river(Some(phone)))
        .await
        .expect(201);
    let number = receipt.text("/number");
    let of = complaint::table.filter(complaint::number.eq(&number));
    let id = world.db_read(|c| of.select(complaint::id).first(c).unwrap());
    (id, number)
}

/// A notice that fails is tried for a weekend, then set aside and told; the administrator has it
/// tried again, and it is sent.
async fn a_job_that_fails_too_often_waits_for_the_operator(world: World) {
    let (id, _) = submitted(&world, "13800000001").await;
    enqueue(
        &world,
        NotifyReporter::NAME,
        json!({ "complaint": Id::new(), "event": "accept" }),
    );
    try_times(&world, ATTEMPTS_MAX - 1).await;
    assert_eq!(told(&world).await, (0, false));
    let admin = world.staff(Role::Admin).await;
    assert_eq!(listed(&admin, "waiting").await.len(), 1);
    assert_eq!(listed(&admin, "dead").await.len(), 0);

    try_times(&world, 1).await;
    assert_eq!(told(&world).await, (1, true));
    world.resident().get("/readyz").await.expect(200);
    world.clock.advance(TimeDelta::days(30));
    assert_eq!(run_due(&world).await, 0, "it is not tried by itself");
    let admin = world.sign_in("admin").await;
    let dead = listed(&admin, "dead").await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["kind"], "notify_reporter");
    assert_eq!(dead[0]["attempts"], ATTEMPTS_MAX);
    let error = dead[0]["last_error"].as_str().unwrap();
    assert!(error.contains("load a complaint"), "{error}");

    world.db_read(|c| {
        let payload = dengwen::platform::db::JsonValue(json!({ "complaint": id }));
        let mended = diesel::update(job::table).set(job::payload.eq(payload));
        mended.execute(c).unwrap()
    });
    let retry = format!("/api/v1/jobs/{}/retry", dead[0]["id"].as_str().unwrap());
    let once = admin
        .post_once(&retry, "a-key", json!({}))
        .await
        .expect(200);
    assert_eq!(
        (once.text("/state"), &once.body["attempts"]),
        ("waiting".to_owned(), &json!(0))
    );
    let again = admin
        .post_once(&retry, "a-key", json!({}))
        .await
        .expect(200);
    assert_eq!(once.body, again.body);
    let other = admin.post(&retry, json!({})).await;
    other.expect_problem(409, "wrong_state");
    assert_eq!(run_due(&world).await, 1);
    assert!(world.sms.last_to("13800000001").is_some());
    assert_eq!(told(&world).await, (0, false));
    assert_eq!(listed(&admin, "dead").await.len(), 0);
    admin
        .post(&retry, json!({}))
        .await
        .expect_problem(404, "not_found");
    let by: Vec<(String, String)> = world.db_read(|c| {
        let of = record::table.filter(record::subject_kind.eq("job"));
        of.select((record::event, record::actor_name))
            .load(c)
            .unwrap()
    });
    assert_eq!(by, [("retry".to_owned(), "admin".to_owned())]);
}

/// What its type does not read is set aside at once, and the error tells nothing of what it holds.
async fn an_unreadable_job_is_set_aside_at_once(world: World) {
    let payload = json!({ "complaint": "林小雨 13800001234" });
    enqueue(&world, NotifyReporter::NAME, payload);
    assert_eq!(run_due(&world).await, 1);
    assert_eq!(told(&world).await, (1, true));
    let admin = world.staff(Role::Admin).await;
    let dead = listed(&admin, "dead").await;
    assert_eq!(dead[0]["attempts"], 1);
    let error = dead[0]["last_error"].as_str().unwrap();
    assert!(
        error.contains("payload of notify_reporter is unreadable"),
        "{error}"
    );
    assert!(
        !error.contains("林小雨") && !error.contains("1380000"),
        "{error}"
    );
}

/// A job of a name nobody knows is kept and told: another release may know it.
async fn a_job_of_an_unknown_kind_is_kept(world: World) {
    enqueue(&world, "of_a_later_release", json!({}));
    assert_eq!(run_due(&world).await, 1);
    let admin = world.staff(Role::Admin).await;
    let waiting = listed(&admin, "waiting").await;
    assert_eq!(
        waiting[0]["last_error"],
        "no job is called of_a_later_release"
    );
    world.clock.advance(LONGEST_PAUSE);
    try_times(&world, ATTEMPTS_MAX - 1).await;
    assert_eq!(told(&world).await, (1, true));
    let admin = world.sign_in("admin").await;
    assert_eq!(
        listed(&admin, "dead").await[0]["kind"],
        "of_a_later_release"
    );
}

/// A job that takes its process down with it each time does not do so for ever.
async fn a_job_that_ends_its_runner_is_set_aside(world: World) {
    enqueue(&world, CountUnreviewed::NAME, json!({}));
    world.db_read(|c| {
        let often = diesel::update(job::table).set(job::attempts.eq(ATTEMPTS_MAX));
        often.execute(c).unwrap()
    });
    assert_eq!(run_due(&world).await, 1);
    let admin = world.staff(Role::Admin).await;
    let dead = listed(&admin, "dead").await;
    let error = dead[0]["last_error"].as_str().unwrap();
    assert!(error.contains("in the middle of it"), "{error}");
}

/// A night that died is followed by the next, and one that goes well makes it good.
async fn a_nightly_job_comes_again_after_a_dead_night(world: World) {
    enqueue(&world, CountUnreviewed::NAME, json!(7));
    assert_eq!(run_due(&world).await, 1);
    assert_eq!(told(&world).await, (1, true));
    let next = || -> Vec<UtcTime> {
        let waiting = job::table.filter(job::done_at.is_null());
        let waiting = waiting.filter(job::dead_at.is_null()).select(job::run_at);
        world.db_read(|c| waiting.load(c).unwrap())
    };
    assert_eq!(next(), [UtcTime("2026-11-24T16:05:00Z".parse().unwrap())]);
    jobs::look_over(&world.server.app).await.unwrap();
    assert_eq!(told(&world).await, (1, true), "it is told at every start");

    world.clock.advance(TimeDelta::days(1));
    assert!(run_due(&world).await > 1, "all that comes every night");
    assert_eq!(told(&world).await, (0, false));
    let left: i64 = world.db_read(|c| {
        let dead = job::table.filter(job::dead_at.is_not_null());
        dead.count().get_result(c).unwrap()
    });
    assert_eq!(left, 0);
}

/// The operator's commands list what waits and what was set aside, and have it tried again.
async fn jobs_are_retried_from_the_command_line(world: World) {
    let keys = [("DENGWEN_DATABASE_URL", world.database_url.as_str())];
    let operator = |arguments: &[&str]| {
        let arguments = [&["jobs"], arguments].concat();
        cli::run(world.dir.path(), &arguments, &keys, "")
    };
    let ids = || -> BTreeSet<String> {
        let dead = job::table.filter(job::dead_at.is_not_null());
        let ids: Vec<Id> = world.db_read(|c| dead.select(job::id).load(c).unwrap());
        ids.into_iter().map(|id| id.to_string()).collect()
    };
    assert_eq!(operator(&["list"]).well(), "");
    for _ in 0..3 {
        enqueue(&world, NotifyReporter::NAME, json!(null));
    }
    assert_eq!(run_due(&world).await, 3);
    enqueue(&world, "of_a_later_release", json!({}));
    let list = operator(&["list"]).well();
    assert_eq!(list.lines().count(), 4, "{list}");
    let list = operator(&["list", "--dead"]).well();
    assert_eq!(list.lines().count(), 3, "{list}");
    let dead = ids();
    for (line, id) in list.lines().zip(dead.iter().rev()) {
        assert!(
            line.starts_with(id) && line.contains("unreadable"),
            "{line}"
        );
    }

    let one = dead.first().unwrap();
    operator(&["retry", one]).well();
    assert_eq!(ids().len(), 2);
    operator(&["retry", one]).refused("was set aside");
    operator(&["retry", "nonsense"]).refused("nonsense");
    operator(&["retry"]).refused("--all");
    let said = operator(&["retry", "--all"]).well();
    assert!(said.starts_with("2 jobs are tried again"), "{said}");
    assert_eq!(ids().len(), 0);
    let recorded: i64 = world.db_read(|c| {
        let of = record::table.filter(record::subject_kind.eq("job"));
        of.count().get_result(c).unwrap()
    });
    assert_eq!(recorded, 3);
}

/// One notice is sent once, though its job runs twice; another about the same complaint is sent.
async fn a_notice_is_sent_once(world: World) {
    let (id, _) = submitted(&world, "13800000001").await;
    let text = || world.sms.last_to("13800000001");
    let state = |state: &str| {
        let all = diesel::update(complaint::table).set(complaint::state.eq(state));
        world.db_read(|c| all.execute(c).unwrap());
    };
    let told = json!({ "complaint": id, "notice": Id::new() });
    enqueue(&world, NotifyReporter::NAME, told.clone());
    assert_eq!(run_due(&world).await, 1);
    let first = text().unwrap();
    // A second message would say another state.
    state("closed");
    enqueue(&world, NotifyReporter::NAME, told);
    assert_eq!(run_due(&world).await, 1);
    assert_eq!(text(), Some(first.clone()));
    enqueue(&world, NotifyReporter::NAME, json!({ "complaint": id }));
    assert_eq!(run_due(&world).await, 1);
    assert_ne!(text(), Some(first));
    let sent: i64 = world.db_read(|c| notice::table.count().get_result(c).unwrap());
    assert_eq!(sent, 2);
}

/// Id, state, version and rank.
type Complaint = (Id, String, i32, i32);

/// What jobs leave behind: rows of each table, and what is said of each complaint.
fn left_behind(world: &World) -> (Vec<i64>, Vec<Complaint>) {
    macro_rules! counts {
        ($conn:ident, $($table:ident),*) => {
            vec![$($table::table.select(count_star()).first($conn).unwrap()),*]
        };
    }
    world.db_read(|c| {
        let rows = counts!(
            c,
            complaint,
            complaint_text,
            clock,
            evidence,
            evidence_band,
            ledger_entry,
            match_fact,
            match_key,
            notice,
            petitioner,
            record
        );
        let complaints = complaint::table.order(complaint::id).select((
            complaint::id,
            complaint::state,
            complaint::version,
            complaint::queue_rank,
        ));
        (rows, complaints.load(c).unwrap())
    })
}

/// Whatever a job did, doing it again changes nothing.
async fn every_job_bears_running_twice(world: World) {
    let brigade = world.brigade().await;
    let (_, returned) = submitted(&world, "13800000001").await;
    let parts = [
        ("complaint", None, fumes(None, 0.0).to_string().into_bytes()),
        ("photo", Some("a.jpg"), scene(1, 300, 200)),
    ];
    let resident = world.resident();
    resident
        .send(reqwest::Method::POST, "/api/v1/complaints", |r| {
            r.multipart(form(&parts))
        })
        .await
        .expect(201);
    let decision = json!({ "items": [{ "number": returned, "decision": { "action": "return", "reason": "请补充具体楼栋" } }] });
    brigade
        .post("/api/v1/triage/decisions", decision)
        .await
        .expect(200);
    run_due(&world).await;
    world.db_read(|c| diesel::delete(evidence_band::table).execute(c).unwrap());
    world.clock.advance(TimeDelta::days(60));
    let before = left_behind(&world);
    // Those two are told whom to text; their stories run them twice.
    let told = [NotifyReporter::NAME, SendCodes::NAME];
    for kind in jobs::all().filter(|kind| !told.contains(&kind.name)) {
        enqueue(&world, kind.name, json!({}));
        run_due(&world).await;
        let once = left_behind(&world);
        enqueue(&world, kind.name, json!({}));
        run_due(&world).await;
        assert_eq!(once, left_behind(&world), "{}", kind.name);
    }
    assert_ne!(before, left_behind(&world), "there was something to do");
    let dead: i64 = world.db_read(|c| {
        let failed = job::table.filter(job::last_error.is_not_null());
        failed.count().get_result(c).unwrap()
    });
    assert_eq!(dead, 0);
}

on_both!(
    a_job_that_fails_too_often_waits_for_the_operator,
    an_unreadable_job_is_set_aside_at_once,
    a_job_of_an_unknown_kind_is_kept,
    a_job_that_ends_its_runner_is_set_aside,
    a_nightly_job_comes_again_after_a_dead_night,
    jobs_are_retried_from_the_command_line,
    a_notice_is_sent_once,
    every_job_bears_running_twice,
);

/// Names are for ever: jobs of earlier releases wait under them, and migrations plan some.
#[test]
fn jobs_keep_their_names() {
    let names: Vec<&str> = jobs::all().map(|kind| kind.name).collect();
    let known: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(known.len(), names.len(), "two of one name");
    let kept = [
        "close_answered",
        "count_unreviewed",
        "drop_former_indexes",
        "file_photos",
        "file_terms",
        "forget_keys",
        "notify_reporter",
        "reckon_clocks",
        "reckon_visits",
        "refile_facts",
        "refresh_ranks",
        "seal_older",
        "send_tracking_codes",
        "sweep",
        "take_back_returned",
        "verify",
    ];
    assert_eq!(known, BTreeSet::from(kept));
}
