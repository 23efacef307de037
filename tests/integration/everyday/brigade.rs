//! What the brigade does: its queue, what belongs together, what was accepted.

use reqwest::Method;
use serde_json::{Value, json};

use super::town::{Town, matter, one_of};
use crate::support::{Actor, Reply, draw::Draw};

pub(super) fn decision(draw: &mut Draw) -> Value {
    let part = |draw: &mut Draw| {
        let matter = matter(draw);
        json!({ "category": matter["category"], "description": matter["description"], "location": matter["location"], "premises": matter["premises"] })
    };
    match draw.below(10) {
        0..=3 => json!({ "action": "accept", "procedure": "enforcement_request" }),
        4 | 5 => {
            let parts: Vec<Value> = (0..=draw.below(2)).map(|_| part(draw)).collect();
            json!({ "action": "split", "reason": "一信多诉", "parts": parts })
        }
        6 => json!({ "action": "return", "reason": "请补充具体楼栋" }),
        7 => json!({ "action": "refuse", "reason": "不属本部门", "notice": "请向有权部门提出" }),
        8 => {
            json!({ "action": "transfer", "reason": "水体", "notice": "已转送", "transfer_to": "section_water" })
        }
        _ => {
            json!({ "action": "no_longer_accept", "reason": "已复核", "notice": "不再受理", "final_review": "复核〔2026〕1号" })
        }
    }
}

/// The brigade at its queue.
pub(super) async fn triage(town: &Town, who: &Actor, what: u64, draw: &mut Draw) {
    let number = town.complaint(draw);
    let path = format!("/api/v1/complaints/{number}");
    match what {
        0..=2 => {
            let claimed = town.post(who, "/api/v1/triage/claims", json!({})).await;
            if claimed.status == 201 {
                let number = claimed.text("/complaint/number");
                let decided = town
                    .post(
                        who,
                        &format!("/api/v1/complaints/{number}/decision"),
                        decision(draw),
                    )
                    .await;
                parts_of(town, &decided);
            }
        }
        3 => {
            town.post(who, "/api/v1/triage/claims", json!({ "number": number }))
                .await;
            let claim = format!("/api/v1/triage/claims/{number}");
            town.ask(who, Method::POST, &format!("{claim}/heartbeat"), None)
                .await;
            if draw.below(2) == 0 {
                town.ask(who, Method::DELETE, &claim, None).await;
            }
        }
        4 => {
            let items: Vec<Value> = (0..=draw.below(3))
                .map(|_| json!({ "number": town.complaint(draw), "decision": decision(draw) }))
                .collect();
            let decided = town
                .post(who, "/api/v1/triage/decisions", json!({ "items": items }))
                .await;
            for step in decided.body["items"].as_array().into_iter().flatten() {
                parts_in(town, step);
            }
        }
        5..=9 => {
            let seen = town.get(who, &path).await;
            let Some(version) = seen.body["version"].as_i64() else {
                return;
            };
            let matter = matter(draw);
            let mut patch = json!({ "reason": "更正" });
            let field = [
                "category",
                "location",
                "premises",
                "address",
                "description",
                "persons",
                "external_no",
            ][draw.below(7) as usize];
            patch[field] = match field {
                "address" => json!("东街口3号"),
                "description" => json!("更正后的内容：油烟直排"),
                "external_no" => json!(format!("FZ-{}", draw.below(3))),
                "persons" => match seen.body["reporters"][0]["id"].as_str() {
                    Some(id) if draw.below(2) == 0 => json!([{ "id": id, "withdrawn": true }]),
                    _ => json!([{ "kind": "joint_signer", "name": "陈明" }]),
                },
                field => matter[field].clone(),
            };
            let line = format!("{} PATCH {path} {patch}", who.name);
            town.said.borrow_mut().push(line.clone());
            let reply = who.patch_if(&path, version, patch).await;
            town.heard(&Method::PATCH, &path, &line, reply);
            town.get(who, &format!("{path}/corrections")).await;
        }
        10 => {
            town.post(
                who,
                &format!("{path}/supplements"),
                json!({ "text": "来电补充：三号楼", "new_facts": draw.below(2) == 0 }),
            )
            .await;
        }
        11 => {
            let blocked = town
                .post(
                    who,
                    "/api/v1/sender-blocks",
                    json!({ "number": number, "reason": "反复谩骂" }),
                )
                .await;
            if blocked.status == 201 {
                town.blocks.borrow_mut().push(blocked.text("/id"));
            }
            town.get(who, "/api/v1/sender-blocks").await;
        }
        12 => {
            let block = one_of(&town.blocks.borrow(), draw).unwrap_or_else(|| "none".to_owned());
            town.post(
                who,
                &format!("/api/v1/sender-blocks/{block}/lifting"),
                json!({ "reason": "已核实身份" }),
            )
            .await;
            let mut steps = ["unhiding", "hiding-review"];
            if draw.below(2) == 0 {
                steps.reverse();
            }
            let hidden = town
                .found(who, "/api/v1/complaints?hidden=true", draw)
                .await;
            for (number, step) in [&hidden, &number].into_iter().zip(steps) {
                town.post(
                    who,
                    &format!("/api/v1/complaints/{number}/{step}"),
                    json!({ "reason": "确有其事" }),
                )
                .await;
            }
        }
        _ => {
            town.get(who, "/api/v1/triage/queue?limit=20").await;
            town.get(who, "/api/v1/triage/reference").await;
            town.get(who, "/api/v1/complaints?limit=20").await;
            town.get(who, &format!("{path}/reused-photos")).await;
        }
    }
}

pub(super) fn parts_of(town: &Town, decided: &Reply) {
    parts_in(town, &decided.body);
}

pub(super) fn parts_in(town: &Town, step: &Value) {
    for part in step["parts"].as_array().into_iter().flatten() {
        let number = part.as_str().unwrap().to_owned();
        town.filed.borrow_mut().push((number, String::new()));
    }
}

/// The brigade at several questions at once.
async fn many_links(town: &Town, who: &Actor, draw: &mut Draw) {
    let mut items = Vec::new();
    for _ in 0..=draw.below(3) {
        let list = one_of(&["suspected".to_owned(), "provisional".to_owned()], draw).unwrap();
        let number = town
            .found(who, &format!("/api/v1/triage/queue?link={list}"), draw)
            .await;
        let decision = if draw.below(3) == 0 {
            "reject"
        } else {
            "confirm"
        };
        items.push(json!({ "number": number, "decision": decision }));
    }
    let body = json!({ "items": items });
    let decided = town.post(who, "/api/v1/triage/match-decisions", body).await;
    for step in decided.body["items"].as_array().into_iter().flatten() {
        if let Some(number) = step["number"].as_str().filter(|_| decided.status == 200) {
            town.decided.borrow_mut().push(number.to_owned());
        }
    }
}

/// The brigade at the question what belongs together.
pub(super) async fn matching(town: &Town, who: &Actor, what: u64, draw: &mut Draw) {
    match what {
        0..=4 if draw.below(6) == 0 => many_links(town, who, draw).await,
        0..=4 => {
            let (list, decision) = match draw.below(9) {
                0 | 1 => ("link=suspected", json!({ "decision": "confirm" })),
                2 => ("link=suspected", json!({ "decision": "reject" })),
                3 => ("link=provisional", json!({ "decision": "confirm" })),
                4 => ("link=provisional", json!({ "decision": "reject" })),
                5 => (
                    "link=own",
                    json!({ "decision": "confirm", "target": town.complaint(draw) }),
                ),
                6 => (
                    "limit=50",
                    json!({ "decision": "confirm", "target": town.complaint(draw) }),
                ),
                7 => ("link=confirmed", json!({ "decision": "reject" })),
                _ => ("link=confirmed", json!({ "decision": "undo" })),
            };
            let number = match decision["decision"] == "undo" && draw.below(4) > 0 {
                true => one_of(&town.decided.borrow(), draw).unwrap_or_else(|| "GL0".to_owned()),
                false => {
                    town.found(who, &format!("/api/v1/triage/queue?{list}"), draw)
                        .await
                }
            };
            let path = format!("/api/v1/complaints/{number}");
            let decided = town
                .post(who, &format!("{path}/match-decision"), decision)
                .await;
            if decided.status == 200 {
                town.decided.borrow_mut().push(number);
            }
            if what == 0 {
                town.get(who, &format!("{path}/matches")).await;
            }
        }
        5 | 6 => {
            let listed = town.get(who, "/api/v1/entries?limit=60").await;
            let items = listed.body["items"].as_array().unwrap();
            let entries: Vec<String> = items
                .iter()
                .map(|i| i["number"].as_str().unwrap().to_owned())
                .collect();
            let (Some(from), Some(into)) = (one_of(&entries, draw), one_of(&entries, draw)) else {
                return;
            };
            let merged = town
                .post(
                    who,
                    &format!("/api/v1/entries/{from}/merge"),
                    json!({ "into": into, "reason": "同一问题" }),
                )
                .await;
            if merged.status == 200 {
                town.merges.borrow_mut().push(merged.text("/merge_id"));
            }
        }
        _ => {
            let merge = one_of(&town.merges.borrow(), draw)
                .unwrap_or_else(|| "00000000-0000-7000-8000-000000000000".to_owned());
            town.post(
                who,
                &format!("/api/v1/merges/{merge}/undo"),
                json!({ "reason": "两回事" }),
            )
            .await;
        }
    }
}

/// The brigade at what it proposes and what was accepted.
pub(super) async fn handling(town: &Town, who: &Actor, what: u64, draw: &mut Draw) {
    match what {
        0 => {
            let path = format!("/api/v1/complaints/{}", town.complaint(draw));
            let seen = town.get(who, &path).await;
            if let Some(entry) = seen.body["entry"].as_str() {
                town.post(
                    who,
                    &format!("/api/v1/entries/{entry}/proposal"),
                    json!({ "reason": "多次投诉" }),
                )
                .await;
                town.get(who, &format!("/api/v1/entries/{entry}")).await;
            }
        }
        1..=3 => {
            let state = if draw.below(2) == 0 {
                "accepted"
            } else {
                "in_progress"
            };
            let list = format!("/api/v1/complaints?state={state}");
            let number = town.found(who, &list, draw).await;
            let mut path = format!("/api/v1/complaints/{number}");
            if draw.below(4) == 0 {
                let view = town.get(who, &path).await;
                let entry = view.body["entry"].as_str().unwrap_or("none");
                path = format!("/api/v1/entries/{entry}");
            }
            let sent = town
                .post(
                    who,
                    &format!("{path}/verifications"),
                    json!({ "instructions": "看净化器" }),
                )
                .await;
            if sent.status == 201 {
                town.visits.borrow_mut().push(sent.text("/id"));
            }
        }
        4 => {
            let visit = one_of(&town.visits.borrow(), draw).unwrap_or_else(|| "none".to_owned());
            let visit = format!("/api/v1/verifications/{visit}");
            let officer = one_of(&town.officers, draw).unwrap();
            town.post(
                who,
                &format!("{visit}/reassignment"),
                json!({ "officer": officer, "reason": "生病" }),
            )
            .await;
            town.get(who, &visit).await;
        }
        5 => {
            let visit = one_of(&town.visits.borrow(), draw).unwrap_or_else(|| "none".to_owned());
            let outcome = if draw.below(2) == 0 { "pass" } else { "return" };
            town.post(
                who,
                &format!("/api/v1/verifications/{visit}/review"),
                json!({ "outcome": outcome, "reason": "请补拍" }),
            )
            .await;
        }
        6 | 7 => {
            let number = town
                .found(who, "/api/v1/complaints?state=in_progress", draw)
                .await;
            let path = format!("/api/v1/complaints/{number}");
            let kind = if draw.below(4) == 0 {
                "progress"
            } else {
                "final"
            };
            let also: Vec<String> = (0..draw.below(2)).map(|_| town.complaint(draw)).collect();
            let replied = town
                .post(
                    who,
                    &format!("{path}/reply"),
                    json!({ "kind": kind, "text": "已责令整改", "also": also }),
                )
                .await;
            let filed = town.filed.borrow();
            for step in replied.body["answered"].as_array().into_iter().flatten() {
                let codes = filed
                    .iter()
                    .filter(|(number, _)| step["number"] == **number);
                town.replied.borrow_mut().extend(
                    codes
                        .map(|(_, code)| code.clone())
                        .filter(|c| !c.is_empty()),
                );
            }
        }
        8 => {
            let number = town
                .found(who, "/api/v1/complaints?state=replied", draw)
                .await;
            let path = format!("/api/v1/complaints/{number}");
            town.post(who, &format!("{path}/close"), json!({ "reason": "已答复" }))
                .await;
        }
        _ => {
            let state = if draw.below(2) == 0 {
                "closed"
            } else {
                "follow_up"
            };
            let list = format!("/api/v1/complaints?state={state}");
            let number = town.found(who, &list, draw).await;
            let path = format!("/api/v1/complaints/{number}");
            town.post(
                who,
                &format!("{path}/reopening"),
                json!({ "reason": "又有反映" }),
            )
            .await;
        }
    }
}
