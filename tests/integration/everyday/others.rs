//! What everybody else does: residents, officers on the way, offices, other systems.

use chrono::TimeDelta;
use dengwen::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use super::town::{MINUTES, Town, matter, one_of, picture};
use crate::support::{
    Actor, World,
    bodies::{LAT, LON},
    draw::Draw,
};

pub(super) async fn resident(town: &Town, who: &Actor, what: u64, draw: &mut Draw) {
    match what {
        0..=3 => {
            let reply = town
                .post(who, "/api/v1/complaints", matter(draw).clone())
                .await;
            town.file(&reply);
        }
        4 => {
            let parts = [
                ("complaint", None, matter(draw).to_string().into_bytes()),
                ("photo", Some("1.jpg"), picture(draw)),
            ];
            let reply = town.send_parts(who, "/api/v1/complaints", &parts).await;
            town.file(&reply);
        }
        5 => {
            let asked = matter(draw);
            let asked = json!({ "category": asked["category"], "location": asked["location"], "description": asked["description"] });
            let shown = town.post(who, "/api/v1/complaints/similar", asked).await;
            let matter = shown.body["similar"][0]["matter"].as_str();
            if let (Some(matter), true) = (matter, who.token.is_some()) {
                let path = format!("/api/v1/matters/{matter}/follow");
                town.post(who, &path, json!({})).await;
                town.get(who, "/api/v1/residents/me/follows").await;
            }
        }
        6 => {
            let path = format!("/api/v1/tracking/{}/supplements", town.code(draw));
            town.post(
                who,
                &path,
                json!({ "text": "昨晚又来了", "new_facts": draw.below(2) == 0 }),
            )
            .await;
        }
        7 if draw.below(2) == 0 => {
            let path = format!("/api/v1/tracking/{}/withdrawal", town.code(draw));
            town.post(who, &path, json!({ "reason": "已经好了" })).await;
        }
        7 | 8 => {
            let replied = one_of(&town.replied.borrow(), draw);
            let path = format!("/api/v1/tracking/{}/rating", replied.unwrap_or_default());
            town.post(
                who,
                &path,
                json!({ "score": "dissatisfied", "wants_reopening": true }),
            )
            .await;
        }
        9 => {
            let code = town.code(draw);
            let path = format!("/api/v1/tracking/{code}/photos");
            let photo = [("photo", Some("2.jpg"), picture(draw))];
            let added = town.send_parts(who, &path, &photo).await;
            if let Some(id) = added.body["photos"][0]["id"].as_str() {
                town.get(who, &format!("{path}/{id}")).await;
            }
        }
        _ => {
            town.get(who, &format!("/api/v1/tracking/{}", town.code(draw)))
                .await;
            town.get(who, "/api/v1/district").await;
            let wishes = format!("/api/v1/tracking/{}/wishes", town.code(draw));
            let asks = json!({ "secrecy": { "requested": draw.below(2) == 0 } });
            town.post(who, &wishes, asks).await;
            let lost = json!({ "phone": "13800000001" });
            town.post(who, "/api/v1/tracking-code/recovery", lost).await;
            if who.token.is_some() {
                town.get(who, "/api/v1/residents/me/complaints").await;
            }
        }
    }
}

/// An officer on the way.
pub(super) async fn visiting(town: &Town, who: &Actor, what: u64, draw: &mut Draw) {
    let mine = town.get(who, "/api/v1/verifications/mine").await;
    let mine: Vec<Value> = mine.body["items"].as_array().unwrap().clone();
    // Who has none tries another's.
    let visit = one_of(&mine, draw).map(|visit| visit["id"].as_str().unwrap().to_owned());
    let visit = visit.or_else(|| one_of(&town.visits.borrow(), draw));
    let path = format!(
        "/api/v1/verifications/{}",
        visit.unwrap_or_else(|| "none".to_owned())
    );
    let name = town.new_name("event");
    match what % 5 {
        4 => {
            let back = json!({ "reason": "路远，请就近派人" });
            town.post(who, &format!("{path}/handback"), back).await;
        }
        0 => {
            town.post(who, &format!("{path}/check-in"), json!({ "client_id": name, "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "reason": "门口", "device_time": "2026-11-24T20:10:00+08:00" })).await;
        }
        1 => {
            town.post(who, &format!("{path}/findings"), json!({ "client_id": name, "result": "unverifiable", "notes": "店门关着", "device_time": "2026-11-24T20:20:00+08:00" })).await;
        }
        2 => {
            town.send_parts(
                who,
                &format!("{path}/photos"),
                &[("near", None, picture(draw))],
            )
            .await;
        }
        _ => {
            town.get(who, &path).await;
        }
    }
}

/// Office, steering group, streets, other systems and the night's work.
pub(super) async fn offices(
    town: &Town,
    world: &World,
    (kind, who): (&str, &Actor),
    what: u64,
    draw: &mut Draw,
) {
    let path = format!("/api/v1/complaints/{}", town.complaint(draw));
    match (kind, what % 6) {
        ("service" | "office", 0..=2) => {
            let external_no = format!("FZ{:03}", draw.below(60));
            let body = json!({ "channel": "hotline_12345", "external_no": external_no, "complaint": matter(draw) });
            let taken = town.post(who, "/api/v1/intake", body).await;
            town.file(&taken);
        }
        ("service", _) => {
            if town.minutes.get() < MINUTES {
                town.minutes.set(town.minutes.get() + 1);
                world.clock.advance(TimeDelta::minutes(1));
            }
            jobs::run_due(&world.server.app).await.unwrap();
        }
        ("office", 3) => {
            town.post(
                who,
                &format!("{path}/reporter/unmask"),
                json!({ "reason": "回访核实情况" }),
            )
            .await;
            let heard = json!({ "naming_consent": true, "reason": "来电说明意愿" });
            town.post(who, &format!("{path}/wishes"), heard).await;
            let person = json!({ "phone": "13800000001", "purpose": "identify", "reason": "核对是否同一人反映" });
            town.post(who, "/api/v1/person-searches", person).await;
            town.get(who, "/api/v1/complaints?q=油烟&overdue=false")
                .await;
            let seen = town.get(who, &path).await;
            if let Some(photo) = seen.body["photos"][0]["id"].as_str() {
                town.get(who, &format!("{path}/photos/{photo}")).await;
                town.get(who, &format!("{path}/photos/{photo}/original"))
                    .await;
            }
        }
        ("office", 4) => {
            town.post(who, &format!("{path}/close"), json!({ "reason": "已答复" }))
                .await;
        }
        (_, 0..=3) => {
            let listed = town.get(who, "/api/v1/entries?state=proposed").await;
            let items = listed.body["items"].as_array().unwrap();
            let Some(entry) = one_of(items, draw) else {
                return;
            };
            let entry_path = format!("/api/v1/entries/{}", entry["number"].as_str().unwrap());
            let version = entry["version"].as_i64().unwrap();
            let body = match draw.below(3) {
                0 => {
                    json!({ "outcome": "listed", "decided_on": "2026-11-24", "meeting": "第5次例会", "minute_ref": "鼓环会〔2026〕5号" })
                }
                1 => {
                    json!({ "outcome": "not_listed", "decided_on": "2026-11-24", "reason": "已立行立改" })
                }
                _ => {
                    json!({ "outcome": "escalated", "decided_on": "2026-11-24", "level": "区政府" })
                }
            };
            let line = format!("{} POST {entry_path}/decision {body}", who.name);
            town.said.borrow_mut().push(line.clone());
            let decided = format!("{entry_path}/decision");
            let reply = who.post_if(&decided, version, body).await;
            town.heard(&Method::POST, &decided, &line, reply);
        }
        _ => {
            town.get(who, "/api/v1/staff/me").await;
            town.get(who, &path).await;
        }
    }
}
