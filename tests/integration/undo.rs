//! A mis-click is undone by who made it, in time, while nobody was told: the complaint stands as the decision
//! found it, and nobody is told of either.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    complaint::notice::NotifyReporter,
    jobs,
    platform::{
        db::{UtcTime, schema::job},
        jobs::Job as _,
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, Reply, World,
    bodies::{LAT, LON, fumes, river},
    district, facts,
};
use crate::visits::{accepted, grid_of};

const PHONE: &str = "13800000001";

async fn seen(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}");
    actor.get(&path).await.expect(200)
}

async fn decide(brigade: &Actor, number: &str, decision: Value) {
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let path = format!("/api/v1/complaints/{number}/decision");
    brigade.post(&path, decision).await.expect(200);
}

async fn undo(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}/undo");
    actor.post(&path, json!({})).await
}

fn accept() -> Value {
    json!({ "action": "accept", "procedure": "enforcement_request" })
}

fn refuse() -> Value {
    json!({ "action": "refuse", "reason": "非本局职责", "notice": "请向城管反映。" })
}

/// What was decided is undone, whatever it was.
async fn undone(world: &World, number: &str, code: Option<&str>, decision: Value) {
    let brigade = world.sign_in("brigade").await;
    let before = seen(&brigade, number).await;
    assert_eq!(before.body["undo"], Value::Null);
    decide(&brigade, number, decision.clone()).await;
    let decided = seen(&brigade, number).await;
    let until = (world.server.app.now() + TimeDelta::minutes(5))
        .with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap());
    assert_eq!(decided.body["undo"]["decision"], decision["action"]);
    assert_eq!(decided.body["undo"]["leads_to"], before.body["state"]);
    let told = decided.text("/undo/until");
    let told = chrono::DateTime::parse_from_rfc3339(&told).unwrap();
    assert_eq!(told.timestamp(), until.timestamp());
    let done = undo(&brigade, number).await.expect(200);
    assert_eq!(done.body["state"], before.body["state"]);
    let after = seen(&brigade, number).await;
    for field in ["state", "deadlines", "due_on", "procedure", "link", "undo"] {
        assert_eq!(after.body[field], before.body[field], "{field}: {decision}");
    }
    assert_eq!(after.text("/decisions/0/action"), decision["action"]);
    assert!(after.body["decisions"][0]["undone_at"].is_string());
    let events: Vec<&Value> = after.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["event"])
        .collect();
    assert!(events.contains(&&json!("undo")) && events.contains(&&decision["action"]));
    if let Some(code) = code {
        let tracking = format!("/api/v1/tracking/{code}");
        let told = world.resident().get(&tracking).await.expect(200);
        assert_eq!(told.body["decisions"], json!([]));
        let timeline = told.body["timeline"].as_array().unwrap();
        let events: Vec<&Value> = timeline.iter().map(|item| &item["event"]).collect();
        assert_eq!(events, ["register"]);
    }
    world.clock.advance(TimeDelta::minutes(6));
    jobs::run_due(&world.server.app).await.unwrap();
    assert_eq!(world.sms.last_to(PHONE), None, "{decision}");
}

/// Each decision is undone, and nobody is told: not the reporter, not the unit.
async fn a_misclick_tells_nobody(world: World) {
    world.brigade().await;
    world.unit(Role::Department, "urban", "dept_urban").await;
    let decisions = [
        accept(),
        refuse(),
        json!({ "action": "transfer", "reason": "属城管职责", "notice": "已转城管。", "transfer_to": "dept_urban" }),
        json!({ "action": "return", "reason": "请补充具体楼栋" }),
    ];
    for decision in decisions {
        let receipt = world.file(river(Some(PHONE))).await;
        let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
        undone(&world, &number, Some(&code), decision).await;
    }
    let unit = world.sign_in("urban").await;
    let had = unit.get("/api/v1/handovers").await.expect(200);
    assert_eq!(had.text("/items/0/state"), "withdrawn");
    let office = world.staff(Role::Office).await;
    let ticket = json!({ "channel": "hotline_12345", "external_no": "FZ-1",
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡" } });
    let ticket = office.post("/api/v1/intake", ticket).await.expect(201);
    let number = ticket.text("/number");
    let object = json!({ "action": "object", "reason": "属住建部门职责" });
    undone(&world, &number, None, object).await;
    // It is decided on again as if nothing had been.
    let brigade = world.sign_in("brigade").await;
    decide(&brigade, &number, accept()).await;
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Not after its time, not by another, not twice, not once something followed or somebody was told.
async fn undoing_has_its_bounds(world: World) {
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    let refused = |reply: Reply| reply.expect_problem(409, "undo_refused").text("/detail");
    refused(undo(&brigade, &number).await);
    undo(&brigade, "GL20200101-0001")
        .await
        .expect_problem(404, "not_found");
    decide(&brigade, &number, refuse()).await;
    let leader = world.staff(Role::Leader).await;
    undo(&leader, &number)
        .await
        .expect_problem(403, "forbidden");
    let other = world.staff_named(Role::Brigade, "brigade2").await;
    assert_eq!(seen(&other, &number).await.body["undo"], Value::Null);
    assert!(refused(undo(&other, &number).await).contains("another"));
    let version = seen(&brigade, &number).await.body["version"]
        .as_i64()
        .unwrap();
    let path = format!("/api/v1/complaints/{number}/undo");
    brigade
        .post_if(&path, version + 3, json!({}))
        .await
        .expect_problem(412, "precondition_failed");
    let once = brigade
        .post_once(&path, "a-key", json!({}))
        .await
        .expect(200);
    let again = brigade
        .post_once(&path, "a-key", json!({}))
        .await
        .expect(200);
    assert_eq!(once.body, again.body);
    refused(undo(&brigade, &number).await);

    // Gone on with.
    decide(&brigade, &number, accept()).await;
    let progress = json!({ "kind": "progress", "text": "正在核实" });
    brigade
        .post(&format!("/api/v1/complaints/{number}/reply"), progress)
        .await
        .expect(201);
    assert!(refused(undo(&brigade, &number).await).contains("progress"));

    // Its time is over.
    let late = world.file(fumes(None, 0.0)).await.text("/number");
    decide(&brigade, &late, refuse()).await;
    world.clock.advance(TimeDelta::minutes(5));
    assert_eq!(seen(&brigade, &late).await.body["undo"], Value::Null);
    refused(undo(&brigade, &late).await);
    let back = json!({ "cause": "mistake", "reason": "应由本局办理", "notice": "将继续办理。" });
    brigade
        .post(
            &format!("/api/v1/complaints/{late}/decision-reversal"),
            back,
        )
        .await
        .expect(200);

    // The reporter was told.
    let brigade = world.sign_in("brigade").await;
    decide(&brigade, &late, refuse()).await;
    let now = world.server.app.now();
    world.db_read(|c| {
        let notices = job::table.filter(job::kind.eq(NotifyReporter::NAME));
        let waiting = diesel::update(notices.filter(job::done_at.is_null()));
        waiting
            .set(job::run_at.eq(UtcTime(now)))
            .execute(c)
            .unwrap()
    });
    jobs::run_due(&world.server.app).await.unwrap();
    assert!(refused(undo(&brigade, &late).await).contains("told"));
}

/// A unit that signed has it; an officer who checked in was there.
async fn what_others_went_on_with_stays(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let unit = world.unit(Role::Department, "urban", "dept_urban").await;
    let sent = world.file(river(None)).await.text("/number");
    brigade.transfer(&sent, "dept_urban").await;
    let had = unit.get("/api/v1/handovers").await.expect(200);
    let path = format!("/api/v1/handovers/{}/signature", had.text("/items/0/id"));
    unit.post(&path, json!({})).await.expect(200);
    let signed = undo(&brigade, &sent).await;
    let signed = signed.expect_problem(409, "undo_refused");
    assert!(signed.text("/detail").contains("signed"));

    // Accepted by mistake, one shares in the visit under way, and leaves it to who waits for it.
    let (first, _) = accepted(&world, &brigade, fumes(Some(PHONE), 0.0)).await;
    let grid = grid_of(&brigade, &first).await;
    let officer = world.officer("officer1", &grid).await;
    let order = format!("/api/v1/complaints/{first}/verifications");
    let visit = brigade
        .post(&order, json!({}))
        .await
        .expect(201)
        .text("/id");
    let path = format!("/api/v1/verifications/{visit}");
    let (second, _) = accepted(&world, &brigade, fumes(Some("13800000002"), 4.0)).await;
    assert_eq!(seen(&brigade, &second).await.text("/state"), "in_progress");
    let done = undo(&brigade, &second).await.expect(200);
    assert_eq!(done.text("/state"), "awaiting_acceptance");
    let read = brigade.get(&path).await.expect(200);
    assert_eq!(read.body["complaints"], json!([first]));
    brigade.accept(&second).await;
    assert_eq!(seen(&brigade, &second).await.text("/state"), "in_progress");
    let here = json!({ "client_id": "c1", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0,
        "device_time": EVENING });
    officer
        .post(&format!("{path}/check-in"), here)
        .await
        .expect(200);
    let there = undo(&brigade, &second).await;
    there.expect_problem(409, "undo_refused");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Links, merges and closings are undone by the same door.
async fn links_merges_and_closings_are_undone(world: World) {
    let brigade = world.brigade().await;
    let first = world.file(fumes(Some(PHONE), 0.0)).await.text("/number");
    let second = world.file(fumes(Some("13800000002"), 8.0)).await;
    let second = second.text("/number");
    for decision in ["confirm", "reject"] {
        let path = format!("/api/v1/complaints/{second}/match-decision");
        let before = seen(&brigade, &second).await;
        let decided = json!({ "decision": decision });
        brigade.post(&path, decided).await.expect(200);
        let view = seen(&brigade, &second).await;
        assert_eq!(view.text("/undo/decision"), "match");
        assert_eq!(view.body["undo"]["leads_to"], before.body["state"]);
        undo(&brigade, &second).await.expect(200);
        let after = seen(&brigade, &second).await;
        for field in ["state", "link", "link_rule", "entry", "undo"] {
            assert_eq!(after.body[field], before.body[field], "{decision}: {field}");
        }
    }

    let other = world.file(river(None)).await.text("/number");
    let (source, target) = (world.entry_of(&other), world.entry_of(&first));
    let merge = json!({ "into": target, "reason": "同一问题" });
    brigade
        .post(&format!("/api/v1/entries/{source}/merge"), merge)
        .await
        .expect(200);
    let view = seen(&brigade, &other).await;
    assert_eq!(
        (view.text("/undo/decision"), view.text("/entry")),
        ("merge".into(), target)
    );
    undo(&brigade, &other).await.expect(200);
    assert_eq!(seen(&brigade, &other).await.text("/entry"), source);

    decide(&brigade, &other, accept()).await;
    let path = |step: &str| format!("/api/v1/complaints/{other}/{step}");
    let answer = json!({ "kind": "final", "text": "已责令整改。" });
    brigade.post(&path("reply"), answer).await.expect(201);
    let reason = json!({ "reason": "已办结" });
    brigade.post(&path("close"), reason).await.expect(200);
    let view = seen(&brigade, &other).await;
    assert_eq!(
        (view.text("/undo/decision"), view.text("/undo/leads_to")),
        ("close".into(), "replied".into())
    );
    let done = undo(&brigade, &other).await.expect(200);
    assert_eq!(done.text("/state"), "replied");
    undo(&brigade, &other)
        .await
        .expect_problem(409, "undo_refused");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A rated complaint that was closed by mistake is followed up again.
async fn a_rated_complaint_is_followed_up_again(world: World) {
    let brigade = world.brigade().await;
    let receipt = world.file(river(None)).await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    brigade.accept(&number).await;
    let path = |step: &str| format!("/api/v1/complaints/{number}/{step}");
    let answer = json!({ "kind": "final", "text": "已责令整改。" });
    brigade.post(&path("reply"), answer).await.expect(201);
    let rating = json!({ "score": "satisfied" });
    world
        .resident()
        .post(&format!("/api/v1/tracking/{code}/rating"), rating)
        .await
        .expect(201);
    let reason = json!({ "reason": "已办结" });
    brigade.post(&path("close"), reason).await.expect(200);
    let done = undo(&brigade, &number).await.expect(200);
    assert_eq!(done.text("/state"), "follow_up");
    let told = world
        .resident()
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    let timeline = told.body["timeline"].as_array().unwrap();
    assert!(timeline.iter().all(|item| item["event"] != "close"));
}

/// An answer that was on its way when the closing after it is undone is told all the same.
async fn an_answer_is_told_though_its_closing_is_undone(world: World) {
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    brigade.accept(&number).await;
    let path = |step: &str| format!("/api/v1/complaints/{number}/{step}");
    let answer = json!({ "kind": "final", "text": "已责令整改。" });
    brigade.post(&path("reply"), answer).await.expect(201);
    let reason = json!({ "reason": "已办结" });
    brigade.post(&path("close"), reason).await.expect(200);
    undo(&brigade, &number).await.expect(200);
    jobs::run_due(&world.server.app).await.unwrap();
    assert!(world.sms.last_to(PHONE).unwrap().contains("答复"));
}

/// Where the profile gives no minutes, the reporter is told at once and nothing is undone.
async fn no_minutes_no_undoing(mut world: World) {
    let folder = world.dir.path().join("district");
    district::copy_to(&folder);
    let none = ("undo_minutes = 5", "undo_minutes = 0");
    district::change(&folder, "district.toml", none);
    world
        .restart_with("DENGWEN_DISTRICT", &folder.display().to_string())
        .await;
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    brigade.accept(&number).await;
    assert_eq!(seen(&brigade, &number).await.body["undo"], Value::Null);
    undo(&brigade, &number)
        .await
        .expect_problem(409, "undo_refused");
    jobs::run_due(&world.server.app).await.unwrap();
    assert!(world.sms.last_to(PHONE).unwrap().contains("受理"));
}

on_both!(
    a_misclick_tells_nobody,
    undoing_has_its_bounds,
    what_others_went_on_with_stays,
    links_merges_and_closings_are_undone,
    a_rated_complaint_is_followed_up_again,
    an_answer_is_told_though_its_closing_is_undone,
    no_minutes_no_undoing,
);
