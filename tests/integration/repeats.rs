//! What is a repeat and what is not: after a refusal, with new facts, beside what was shown, by a number
//! that is quoted.

use chrono::TimeDelta;
use dengwen::account::Role;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
};

const COMPLAINTS: &str = "/api/v1/complaints";

async fn seen(actor: &Actor, number: &str) -> Reply {
    actor
        .get(&format!("{COMPLAINTS}/{number}"))
        .await
        .expect(200)
}

/// The entry of a complaint.
async fn entry(actor: &Actor, number: &str) -> Value {
    let entry = seen(actor, number).await.text("/entry");
    let path = format!("/api/v1/entries/{entry}");
    actor.get(&path).await.expect(200).body
}

/// What an entry counts of those who come again.
async fn counted(actor: &Actor, number: &str) -> (Value, Value) {
    let entry = entry(actor, number).await;
    (
        entry["repeat_count"].clone(),
        entry["renewed_count"].clone(),
    )
}

async fn post(actor: &Actor, number: &str, what: &str, body: Value, status: u16) {
    let path = format!("{COMPLAINTS}/{number}/{what}");
    actor.post(&path, body).await.expect(status);
}

async fn confirm(brigade: &Actor, number: &str) {
    let confirm = json!({ "decision": "confirm" });
    post(brigade, number, "match-decision", confirm, 200).await;
}

/// A refusal and a transfer answer nothing: the same person's next report of the matter is taken on with
/// it and repeats no answer.
async fn a_refusal_is_no_answer(world: World) {
    let brigade = world.brigade().await;
    let refuse =
        json!({ "action": "refuse", "reason": "非本局职责", "notice": "请向城管部门反映" });
    let transfer = json!({ "action": "transfer", "reason": "非本局职责", "notice": "已转送", "transfer_to": "dept_urban" });
    for (body, decision) in [
        (fumes(Some("13800000001"), 0.0), refuse),
        (river(Some("13800000002")), transfer),
    ] {
        let first = world.file(body.clone()).await.text("/number");
        let claim = json!({ "number": first });
        let claimed = brigade.post("/api/v1/triage/claims", claim).await;
        claimed.expect(201);
        post(&brigade, &first, "decision", decision, 200).await;
        let again = world.file(body).await.text("/number");
        let view = seen(&brigade, &again).await;
        assert_eq!(view.text("/link_rule"), "R5");
        confirm(&brigade, &again).await;
        assert_eq!(counted(&brigade, &first).await, (json!(0), json!(0)));
    }
}

/// Answers and closes a complaint.
async fn answered(brigade: &Actor, number: &str) {
    brigade.accept(number).await;
    let reply = json!({ "kind": "final", "text": "已责令改正" });
    post(brigade, number, "reply", reply, 201).await;
    post(brigade, number, "close", json!({ "reason": "已答复" }), 200).await;
}

/// "好了两个星期，昨天又开始": words that sound like a new fact make a repeat a question to the clerk, and
/// no other rule. What the clerk finds out and adds does, and then it is counted apart from repeats.
async fn words_that_sound_new_are_a_question(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    answered(&brigade, &first).await;
    world.clock.advance(TimeDelta::days(2));
    let brigade = world.sign_in("brigade").await;
    let plain = world
        .file(fumes(Some("13800000001"), 1.0))
        .await
        .text("/number");
    let view = seen(&brigade, &plain).await;
    assert_eq!(
        (view.text("/link_rule"), view.body["remarks"].clone()),
        ("R2".into(), json!([]))
    );
    confirm(&brigade, &plain).await;
    answered(&brigade, &plain).await;

    world.clock.advance(TimeDelta::days(1));
    let brigade = world.sign_in("brigade").await;
    let mut renewed = fumes(Some("13800000001"), 2.0);
    renewed["description"] = json!("老王烧烤好了两个星期，昨天又开始油烟直排，熏得全楼无法开窗。");
    let renewed = world.file(renewed).await.text("/number");
    let view = seen(&brigade, &renewed).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R2".into()),
        "words decide nothing"
    );
    assert_eq!(view.text("/remarks/0/code"), "may_bring_new_facts");
    assert!(view.text("/remarks/0/words").contains("又开始"));
    let fact = json!({ "text": "回电核实：26日晚又直排", "new_facts": true, "occurred_at": "2026-11-26T20:00:00+08:00" });
    post(&brigade, &renewed, "supplements", fact, 201).await;
    let view = seen(&brigade, &renewed).await;
    assert_eq!(
        (view.text("/link_rule"), view.body["remarks"].clone()),
        ("R3".into(), json!([]))
    );
    confirm(&brigade, &renewed).await;
    assert_eq!(counted(&brigade, &first).await, (json!(1), json!(1)));
    assert_eq!(
        entry(&brigade, &first).await["escalation_level"],
        2,
        "the chain is three long all the same"
    );
}

/// Who was shown a matter and says that theirs is another is not attached to it: a person is asked.
async fn what_is_said_to_be_another_is_asked(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let mut other = fumes(Some("13800000002"), 3.0);
    other["acknowledged_similar"] = json!([first]);
    let other = world.file(other).await.text("/number");
    let view = seen(&brigade, &other).await;
    assert_eq!(
        (
            view.text("/link"),
            view.text("/link_rule"),
            view.text("/state")
        ),
        ("suspected".into(), "R4".into(), "screening".into())
    );
    let matter = entry(&brigade, &first).await;
    assert_ne!(view.text("/entry"), matter["number"].as_str().unwrap());
    assert_eq!(matter["complaint_count"], 1);
    let path = format!("{COMPLAINTS}/{other}/matches");
    let matches = brigade.get(&path).await.expect(200);
    let best = &matches.body["verdicts"][0]["candidates"][0];
    assert_eq!(best["number"], first);
    let said = best["comparisons"].as_array().unwrap().iter();
    let said = said.filter(|c| c["name"] == "reporter").count();
    assert_eq!(said, 1);
    confirm(&brigade, &other).await;
    assert_eq!(entry(&brigade, &first).await["complaint_count"], 2);
}

/// A 受理编号 that a text quotes finds its complaint, whatever the text calls the matter; the link is
/// proposed with its ground and is a person's to confirm.
async fn a_quoted_number_finds_its_complaint(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    for (channel, number, category, text) in [
        (
            "inspection",
            "X3FJ202611200070",
            "noise.social",
            "受理编号x3fj202611200070反映的问题没有人管，夜里照样吵得睡不着。",
        ),
        (
            "letter",
            "榕环信〔2026〕12号",
            "waste.domestic",
            "对榕环信[2026]第12号不服，垃圾堆了半个月还是没有清运。",
        ),
    ] {
        let intake = json!({ "channel": channel, "external_no": number, "complaint": river(None) });
        let first = office.post("/api/v1/intake", intake).await.expect(201);
        let first = first.text("/number");
        let letter = json!({ "category": category, "description": text });
        let second = world.file(letter).await.text("/number");
        let view = seen(&brigade, &second).await;
        assert_eq!(
            (view.text("/link"), view.text("/link_rule")),
            ("suspected".into(), "R4".into()),
            "{number}"
        );
        let path = format!("{COMPLAINTS}/{second}/matches");
        let matches = brigade.get(&path).await.expect(200);
        let best = &matches.body["verdicts"][0]["candidates"][0];
        assert_eq!(best["number"], first, "{number}");
        assert!(best["comparisons"].to_string().contains("文中引用前件编号"));
        let decide = json!({ "decision": "reject" });
        post(&brigade, &second, "match-decision", decide, 200).await;
    }
}

on_both!(
    a_refusal_is_no_answer,
    words_that_sound_new_are_a_question,
    what_is_said_to_be_another_is_asked,
    a_quoted_number_finds_its_complaint,
);
