//! What was decided can be corrected: a decision taken back, an objection upstream, another procedure.

use chrono::TimeDelta;
use dengwen::account::Role;
use serde_json::{Value, json};

use crate::support::{Actor, World, actors::Reply, bodies::river};

async fn seen(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}");
    actor.get(&path).await.expect(200)
}

fn clock_in(view: &Reply, kind: &str) -> Value {
    let clocks = view.body["deadlines"].as_array().unwrap();
    clocks.iter().find(|c| c["kind"] == kind).unwrap().clone()
}

async fn claim(brigade: &Actor, number: &str) {
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
}

async fn decide(brigade: &Actor, number: &str, decision: Value) -> Reply {
    claim(brigade, number).await;
    let path = format!("/api/v1/complaints/{number}/decision");
    brigade.post(&path, decision).await
}

async fn filed(world: &World) -> (String, String) {
    let receipt = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    (receipt.text("/number"), receipt.text("/tracking_code"))
}

/// A ticket of the 12345 hotline.
async fn ticket(office: &Actor, external_no: &str) -> String {
    let body = json!({ "channel": "hotline_12345", "external_no": external_no,
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡" } });
    let receipt = office.post("/api/v1/intake", body).await.expect(201);
    receipt.text("/number")
}

fn back(cause: &str) -> Value {
    json!({ "cause": cause, "reason": "核对后认为应由本局办理", "notice": "您的信访件将由本局继续办理。" })
}

/// A refusal that was wrong and a matter that the receiving unit sends back wait to be accepted again;
/// the answer is due when it always was, a notice anew, and both decisions stay to be read.
async fn a_decision_is_taken_back(world: World) {
    let brigade = world.brigade().await;
    let (number, code) = filed(&world).await;
    let before = seen(&brigade, &number).await;
    let reply_due = clock_in(&before, "reply")["due_on"].clone();
    let reversal = format!("/api/v1/complaints/{number}/decision-reversal");
    brigade
        .post(&reversal, back("mistake"))
        .await
        .expect_problem(409, "wrong_state");
    let refuse = json!({ "action": "refuse", "reason": "非本局职责", "notice": "请向城管反映。" });
    decide(&brigade, &number, refuse).await.expect(200);
    world.tell().await;
    world.clock.advance(TimeDelta::days(3));
    let brigade = world.sign_in("brigade").await;
    brigade
        .post(&reversal, back("returned_by_unit"))
        .await
        .expect_problem(422, "invalid");
    let leader = world.staff(Role::Leader).await;
    leader
        .post(&reversal, back("mistake"))
        .await
        .expect_problem(403, "forbidden");
    let done = brigade.post(&reversal, back("mistake")).await.expect(200);
    assert_eq!(done.text("/state"), "awaiting_acceptance");
    let view = seen(&brigade, &number).await;
    let (notify, reply) = (clock_in(&view, "notify"), clock_in(&view, "reply"));
    assert_eq!(
        (&reply["due_on"], &reply["outcome"]),
        (&reply_due, &Value::Null)
    );
    assert_eq!(
        (&notify["due_on"], &notify["outcome"]),
        (&json!("2026-12-14"), &Value::Null)
    );
    let history = view.body["history"].as_array().unwrap();
    let last = history.last().unwrap();
    assert_eq!(
        (
            &last["event"],
            &last["detail"]["cause"],
            &last["detail"]["decision"]
        ),
        (&json!("take_back"), &json!("mistake"), &json!("refuse"))
    );
    let tracking = format!("/api/v1/tracking/{code}");
    let told = world.resident().get(&tracking).await.expect(200);
    assert_eq!(
        (
            told.text("/state"),
            told.text("/decisions/0/kind"),
            told.text("/decisions/1/kind")
        ),
        (
            "awaiting_acceptance".into(),
            "refuse".into(),
            "take_back".into()
        )
    );
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    let queued = queue.body["items"].as_array().unwrap();
    assert!(queued.iter().any(|item| item["number"] == number.as_str()));

    let reference = brigade.get("/api/v1/triage/reference").await.expect(200);
    let unit = &reference.body["units"][0]["code"];
    let transfer = json!({ "action": "transfer", "reason": "属城管职责", "notice": "已转城管。", "transfer_to": unit });
    decide(&brigade, &number, transfer).await.expect(200);
    let done = brigade
        .post(&reversal, back("returned_by_unit"))
        .await
        .expect(200);
    assert_eq!(done.text("/state"), "awaiting_acceptance");
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    decide(&brigade, &number, accept).await.expect(200);
    brigade
        .post(&reversal, back("mistake"))
        .await
        .expect_problem(409, "wrong_state");
}

/// 退单: while the right to object runs and no longer; rejected, it comes back with what is left of
/// its time.
async fn a_ticket_goes_back_upstream_while_it_may(world: World) {
    let brigade = world.brigade().await;
    let office = world.staff(Role::Office).await;
    let object = json!({ "action": "object", "reason": "属住建部门职责" });
    let number = ticket(&office, "FZ-1").await;
    let due = clock_in(&seen(&brigade, &number).await, "notify")["due_on"].clone();
    let sent = decide(&brigade, &number, object.clone()).await.expect(200);
    assert_eq!(sent.text("/state"), "transferred");
    let view = seen(&brigade, &number).await;
    assert_eq!(clock_in(&view, "objection")["outcome"], "on_time");
    assert_eq!(clock_in(&view, "notify")["outcome"], "lapsed");
    assert_eq!(view.text("/decisions/0/document"), "objection");
    let reversal = format!("/api/v1/complaints/{number}/decision-reversal");
    let done = brigade
        .post(&reversal, back("objection_rejected"))
        .await
        .expect(200);
    assert_eq!(done.text("/state"), "awaiting_acceptance");
    let view = seen(&brigade, &number).await;
    let notify = clock_in(&view, "notify");
    assert_eq!(
        (&notify["due_on"], &notify["outcome"]),
        (&due, &Value::Null)
    );
    // Used once.
    decide(&brigade, &number, object.clone())
        .await
        .expect_problem(422, "invalid");

    let (own, _) = filed(&world).await;
    decide(&brigade, &own, object.clone())
        .await
        .expect_problem(422, "invalid");
    let late = ticket(&office, "FZ-2").await;
    world.clock.advance(TimeDelta::days(4));
    let brigade = world.sign_in("brigade").await;
    decide(&brigade, &late, object)
        .await
        .expect_problem(422, "invalid");
}

/// A wrong procedure is changed: document and clock follow the right one, an extension it does not know
/// falls away, and the first decision stays.
async fn a_wrong_procedure_is_changed(world: World) {
    let brigade = world.brigade().await;
    let (number, code) = filed(&world).await;
    let path = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    let another = |procedure: &str| json!({ "procedure": procedure, "reason": "应为申请查处", "notice": "改按申请查处办理。" });
    claim(&brigade, &number).await;
    brigade
        .post(&path("procedure"), another("enforcement_request"))
        .await
        .expect_problem(409, "wrong_state");
    let accept = json!({ "action": "accept", "procedure": "ordinary_petition" });
    brigade.post(&path("decision"), accept).await.expect(200);
    let due = clock_in(&seen(&brigade, &number).await, "reply")["due_on"].clone();
    let longer = json!({ "reason": "需监测", "approved_by": "局长", "notice": "延长三十日。" });
    brigade.post(&path("extension"), longer).await.expect(200);
    brigade
        .post(&path("procedure"), another("no_such"))
        .await
        .expect_problem(422, "invalid");
    brigade
        .post(&path("procedure"), another("ordinary_petition"))
        .await
        .expect_problem(422, "invalid");
    let done = brigade
        .post(&path("procedure"), another("enforcement_request"))
        .await
        .expect(200);
    assert_eq!(done.text("/state"), "accepted");
    let view = seen(&brigade, &number).await;
    assert_eq!(view.text("/procedure"), "enforcement_request");
    assert_eq!(clock_in(&view, "reply")["due_on"], due);
    let decisions = view.body["decisions"].as_array().unwrap();
    let procedures: Vec<&Value> = decisions.iter().map(|d| &d["procedure"]).collect();
    assert_eq!(procedures, ["ordinary_petition", "enforcement_request"]);
    let told = world
        .resident()
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    assert_eq!(told.text("/decisions/1/text"), "改按申请查处办理。");

    // A consultation is answered in fifteen days, counted from the day it came.
    world.clock.advance(TimeDelta::days(2));
    let brigade = world.sign_in("brigade").await;
    brigade
        .post(&path("procedure"), another("consultation"))
        .await
        .expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(clock_in(&view, "reply")["due_on"], "2026-12-09");
    let answer = json!({ "kind": "final", "text": "已答复。" });
    brigade.post(&path("reply"), answer).await.expect(201);
    brigade
        .post(&path("procedure"), another("enforcement_request"))
        .await
        .expect_problem(409, "wrong_state");
}

on_both!(
    a_decision_is_taken_back,
    a_ticket_goes_back_upstream_while_it_may,
    a_wrong_procedure_is_changed,
);
