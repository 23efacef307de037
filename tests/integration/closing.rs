//! How an answer ends: by itself when nothing can be done about it any more, or through 复查 and 复核.

use chrono::TimeDelta;
use dengwen::jobs;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
    queued::enqueue,
};

const COMPLAINTS: &str = "/api/v1/complaints";

async fn seen(actor: &Actor, number: &str) -> Reply {
    actor
        .get(&format!("{COMPLAINTS}/{number}"))
        .await
        .expect(200)
}

async fn post(actor: &Actor, number: &str, what: &str, body: Value) -> Reply {
    let path = format!("{COMPLAINTS}/{number}/{what}");
    actor.post(&path, body).await
}

/// Files a complaint, which is accepted by a procedure and answered; its number and code.
async fn answered(world: &World, brigade: &Actor, body: Value, procedure: &str) -> [String; 2] {
    let receipt = world.file(body).await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let accept = json!({ "action": "accept", "procedure": procedure });
    post(brigade, &number, "decision", accept).await.expect(200);
    let reply = json!({ "kind": "final", "text": "已责令改正" });
    post(brigade, &number, "reply", reply).await.expect(201);
    [number, code]
}

/// The night comes so many days later; whoever of the brigade works then.
async fn night_after(world: &World, days: i64) -> Actor {
    world.clock.advance(TimeDelta::days(days));
    let now = world.server.app.now();
    world.db_read(|c| enqueue(c, "close_answered", json!({}), now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    world.sign_in("brigade").await
}

/// An answered complaint closes by itself, as the software, when it can be rated and taken to review no
/// more; one whose reporter asks for reopening waits for somebody's word.
async fn an_answer_ends_by_itself(world: World) {
    let brigade = world.brigade().await;
    let [asked, _] = answered(&world, &brigade, river(None), "consultation").await;
    let [fume, _] = answered(
        &world,
        &brigade,
        fumes(Some("13800000001"), 0.0),
        "enforcement_request",
    )
    .await;
    let mut elsewhere = fumes(Some("13800000002"), 0.0);
    elsewhere["location"]["lon"] = json!(119.287);
    elsewhere["location"]["lat"] = json!(26.094);
    elsewhere["premises"] = json!("老李快餐");
    let [unhappy, code] = answered(&world, &brigade, elsewhere, "consultation").await;
    let rating = json!({ "score": "dissatisfied", "wants_reopening": true });
    let path = format!("/api/v1/tracking/{code}/rating");
    world.resident().post(&path, rating).await.expect(201);

    let states = async |brigade: &Actor| {
        let mut states = Vec::new();
        for number in [&asked, &fume, &unhappy] {
            states.push(seen(brigade, number).await.text("/state"));
        }
        states
    };
    // Answered on 2026-11-24: rated until 12-08; 复议 60 日, until 2027-01-23, a Saturday, so 01-25.
    let brigade = night_after(&world, 14).await;
    assert_eq!(states(&brigade).await, ["replied", "replied", "follow_up"]);
    let brigade = night_after(&world, 1).await;
    assert_eq!(states(&brigade).await, ["closed", "replied", "follow_up"]);
    let view = seen(&brigade, &asked).await;
    let history = view.body["history"].as_array().unwrap();
    let last = history
        .iter()
        .rfind(|step| step["event"] == "close")
        .unwrap();
    assert_eq!(last["to_state"], "closed");
    assert_eq!(
        (&last["actor"], &last["detail"]["cause"]),
        (&json!(""), &json!("terms_over"))
    );
    let brigade = night_after(&world, 47).await;
    assert_eq!(states(&brigade).await, ["closed", "replied", "follow_up"]);
    let brigade = night_after(&world, 1).await;
    assert_eq!(states(&brigade).await, ["closed", "closed", "follow_up"]);
}

/// A hundred days after an answer nobody closed, the same person's report is R2, or R3 where something
/// happened since the answer, and not a repeat of what is still open.
async fn a_hundred_days_later_an_answer_is_repeated(world: World) {
    let brigade = world.brigade().await;
    let body = fumes(Some("13800000001"), 0.0);
    answered(&world, &brigade, body, "enforcement_request").await;
    let brigade = night_after(&world, 100).await;
    let mut since = fumes(Some("13800000001"), 2.0);
    // Before the closing of its own, and after the answer.
    since["occurred_at"] = json!("2027-01-10T19:00:00+08:00");
    since["occurred_until"] = json!("2027-01-10T22:00:00+08:00");
    let receipt = world.file(since).await;
    let since = receipt.text("/number");
    let view = seen(&brigade, &since).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R3".into())
    );
    post(
        &brigade,
        &since,
        "match-decision",
        json!({ "decision": "reject" }),
    )
    .await
    .expect(200);
    let withdrawal = format!(
        "/api/v1/tracking/{}/withdrawal",
        receipt.text("/tracking_code")
    );
    let withdrawn = world.resident().post(&withdrawal, json!({})).await;
    withdrawn.expect(200);
    let again = world.file(fumes(Some("13800000001"), 1.0)).await;
    let view = seen(&brigade, &again.text("/number")).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R2".into())
    );
}

fn step(stage: &str, step: &str, on: &str) -> Value {
    let mut body = json!({ "stage": stage, "step": step, "on": on });
    if step == "decided" {
        body["outcome"] = json!("upheld");
        body["document_no"] = json!("榕环复核〔2027〕3号");
    }
    body
}

/// 复查, then 复核, each asked for and decided, with day and document; a petition under review is not
/// closed, and after 复核 the same facts are 不再受理 by R11, which stands over R2.
async fn a_petition_ends_by_its_reviews(world: World) {
    let brigade = world.brigade().await;
    let body = fumes(Some("13800000001"), 0.0);
    let [first, _] = answered(&world, &brigade, body, "ordinary_petition").await;
    let [other, _] = answered(&world, &brigade, river(None), "enforcement_request").await;
    let early = step("review", "decided", "2026-11-24");
    post(&brigade, &first, "reviews", early)
        .await
        .expect_problem(422, "guard_failed");
    let unreviewable = step("review", "asked", "2026-11-24");
    post(&brigade, &other, "reviews", unreviewable)
        .await
        .expect_problem(422, "guard_failed");
    let brigade = night_after(&world, 20).await;
    let future = step("review", "asked", "2026-12-15");
    post(&brigade, &first, "reviews", future)
        .await
        .expect_problem(422, "invalid");
    let asked = step("review", "asked", "2026-12-10");
    post(&brigade, &first, "reviews", asked).await.expect(201);
    let brigade = night_after(&world, 40).await;
    assert_eq!(
        seen(&brigade, &first).await.text("/state"),
        "replied",
        "it is waited for"
    );
    let mut unnumbered = step("review", "decided", "2027-01-08");
    unnumbered["document_no"] = Value::Null;
    let lacks = post(&brigade, &first, "reviews", unnumbered).await;
    let lacks = lacks.expect_problem(422, "invalid");
    assert_eq!(lacks.text("/items/0/location"), "document_no");
    for (stage, what, on) in [
        ("review", "decided", "2027-01-08"),
        ("final_review", "asked", "2027-01-15"),
        ("final_review", "decided", "2027-01-22"),
    ] {
        let body = step(stage, what, on);
        post(&brigade, &first, "reviews", body).await.expect(201);
    }
    let view = seen(&brigade, &first).await;
    let documents: Vec<&str> = view.body["reviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| review["document_name"].as_str().unwrap())
        .collect();
    assert_eq!(
        documents,
        [
            "申请复查受理告知书",
            "复查意见书",
            "申请复核受理告知书",
            "复核意见书"
        ]
    );
    assert_eq!(view.text("/reviews/3/outcome"), "upheld");
    assert_eq!(view.text("/reviews/3/document_no"), "榕环复核〔2027〕3号");
    let brigade = night_after(&world, 1).await;
    assert_eq!(seen(&brigade, &first).await.text("/state"), "closed");

    let again = world
        .file(fumes(Some("13800000001"), 1.0))
        .await
        .text("/number");
    let view = seen(&brigade, &again).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R11".into())
    );
    post(
        &brigade,
        &again,
        "match-decision",
        json!({ "decision": "confirm" }),
    )
    .await
    .expect(200);
    brigade
        .post("/api/v1/triage/claims", json!({ "number": again }))
        .await
        .expect(201);
    let ended = json!({ "action": "no_longer_accept", "reason": "已复核", "notice": "不再受理", "final_review": "榕环复核〔2027〕3号" });
    let done = post(&brigade, &again, "decision", ended).await.expect(200);
    assert_eq!(done.text("/state"), "no_longer_accepted");
}

on_both!(
    an_answer_ends_by_itself,
    a_hundred_days_later_an_answer_is_repeated,
    a_petition_ends_by_its_reviews,
);
