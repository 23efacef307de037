//! What the brigade thinks better of, what comes after an answer, and what is done to many at once.

use serde_json::{Value, json};

use super::town::{Town, one_of};
use crate::support::{Actor, draw::Draw};

/// A complaint in a state, if there is one.
async fn in_state(town: &Town, who: &Actor, state: &str, draw: &mut Draw) -> String {
    let list = format!("/api/v1/complaints?state={state}");
    town.found(who, &list, draw).await
}

async fn one(town: &Town, who: &Actor, number: &str, step: &str, body: Value) {
    let path = format!("/api/v1/complaints/{number}/{step}");
    town.post(who, &path, body).await;
}

/// A decision taken back or undone, another procedure, more time.
pub(super) async fn corrected(town: &Town, who: &Actor, draw: &mut Draw) {
    let states = ["refused", "transferred", "no_longer_accepted"].map(str::to_owned);
    let state = one_of(&states, draw).unwrap();
    let number = in_state(town, who, &state, draw).await;
    let back = json!({ "cause": "mistake", "reason": "应由本局办理", "notice": "继续办理。" });
    one(town, who, &number, "decision-reversal", back).await;
    let procedures =
        ["ordinary_petition", "enforcement_request", "consultation"].map(str::to_owned);
    let procedure = one_of(&procedures, draw).unwrap();
    let number = in_state(town, who, "accepted", draw).await;
    let other = json!({ "procedure": procedure, "reason": "程序有误", "notice": "改按另一程序。" });
    one(town, who, &number, "procedure", other).await;
    let states = ["accepted", "refused", "transferred", "returned", "closed"].map(str::to_owned);
    let state = one_of(&states, draw).unwrap();
    let number = in_state(town, who, &state, draw).await;
    one(town, who, &number, "undo", json!({})).await;
    let longer = json!({ "reason": "需监测", "approved_by": "局长", "notice": "延长三十日。" });
    one(town, who, &number, "extension", longer).await;
}

/// What was added read, a review kept, many answered, many closed.
pub(super) async fn after_the_answer(town: &Town, who: &Actor, draw: &mut Draw) {
    let number = in_state(town, who, "in_progress", draw).await;
    let read = json!({ "until": "2026-11-30T20:00:00+08:00" });
    one(town, who, &number, "reading", read).await;
    let number = in_state(town, who, "replied", draw).await;
    let asked = json!({ "stage": "review", "step": "asked", "on": "2026-11-24" });
    one(town, who, &number, "reviews", asked).await;
    let mut items = Vec::new();
    for _ in 0..=draw.below(2) {
        let number = in_state(town, who, "accepted", draw).await;
        items.push(json!({ "number": number, "kind": "final", "text": "已责令整改" }));
    }
    let replies = json!({ "items": items });
    town.post(who, "/api/v1/triage/replies", replies).await;
    let number = in_state(town, who, "follow_up", draw).await;
    let closings = json!({ "items": [{ "number": number, "reason": "已答复" }] });
    town.post(who, "/api/v1/triage/closings", closings).await;
}

/// Visits to many matters at once.
pub(super) async fn sent_to_many(town: &Town, who: &Actor, draw: &mut Draw) {
    let mut items = Vec::new();
    for _ in 0..=draw.below(2) {
        let number = in_state(town, who, "accepted", draw).await;
        items.push(json!({ "number": number, "order": { "instructions": "看净化器" } }));
    }
    let orders = json!({ "items": items });
    let sent = town.post(who, "/api/v1/verifications", orders).await;
    for visit in sent.body["items"].as_array().into_iter().flatten() {
        if let Some(id) = visit["id"].as_str().filter(|_| sent.status == 201) {
            town.visits.borrow_mut().push(id.to_owned());
        }
    }
}

/// Letters posted and handed over, some of which come back; reports of gateways nobody set up.
pub(super) async fn told_by_hand(town: &Town, who: &Actor, draw: &mut Draw) {
    let states = ["accepted", "refused", "transferred", "returned"].map(str::to_owned);
    let state = one_of(&states, draw).unwrap();
    let number = in_state(town, who, &state, draw).await;
    let channels = ["post", "post", "phone", "nobody"].map(str::to_owned);
    let channel = one_of(&channels, draw).unwrap();
    let told = json!({ "channel": channel, "told_on": "2026-11-24", "proof": "挂号信" });
    let path = format!("/api/v1/complaints/{number}/notices");
    let kept = town.post(who, &path, told).await;
    let id = if kept.status == 201 {
        kept.text("/id")
    } else {
        "00000000-0000-7000-8000-000000000000".to_owned()
    };
    let back = format!("/api/v1/notices/{id}/return");
    town.post(who, &back, json!({ "reason": "查无此人" })).await;
    let receipt = format!("/api/v1/notices/{id}/receipt");
    let report = json!({ "id": id, "outcome": "delivered" });
    town.post(who, &receipt, report).await;
}
