//! Entries that lose their last complaint, and links that are moved by hand: whatever the order, an
//! emptied entry is closed and points to where its matter went, and a link that counts points into
//! its own entry.

use dengwen::{
    account::Role,
    platform::db::{
        Id,
        schema::{complaint, triage_claim},
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
    facts,
};

/// A complaint with its entry's number.
struct Filed {
    number: String,
    code: String,
    entry: String,
}

async fn filed(world: &World, body: Value) -> Filed {
    let receipt = world.file(body).await;
    let number = receipt.text("/number");
    Filed {
        entry: world.entry_of(&number),
        code: receipt.text("/tracking_code"),
        number,
    }
}

/// Link and the number of the complaint it names.
fn link_of(world: &World, number: &str) -> (String, Option<String>) {
    world.db_read(|c| {
        let (link, named): (String, Option<Id>) = complaint::table
            .filter(complaint::number.eq(number))
            .select((complaint::link, complaint::repeat_of))
            .first(c)
            .unwrap();
        let named = named.map(|id| {
            complaint::table
                .find(id)
                .select(complaint::number)
                .first(c)
                .unwrap()
        });
        (link, named)
    })
}

/// Noise far from the others.
fn noise() -> Value {
    let mut body = fumes(Some("13800000007"), 2500.0);
    body["category"] = json!("noise.construction");
    body["premises"] = json!("杨桥新苑工地");
    body["description"] = json!("工地夜里两点还在打桩，小孩睡不着。");
    body
}

async fn merge(brigade: &Actor, from: &str, into: &str) -> String {
    let body = json!({ "into": into, "reason": "同一问题" });
    brigade
        .post(&format!("/api/v1/entries/{from}/merge"), body)
        .await
        .expect(200)
        .text("/merge_id")
}

async fn undo_merge(brigade: &Actor, merge: &str) -> Reply {
    brigade
        .post(
            &format!("/api/v1/merges/{merge}/undo"),
            json!({ "reason": "两回事" }),
        )
        .await
}

async fn decide(brigade: &Actor, number: &str, decision: &str, target: Option<&str>) -> Reply {
    let mut body = json!({ "decision": decision });
    if let Some(target) = target {
        body["target"] = json!(target);
    }
    brigade
        .post(&format!("/api/v1/complaints/{number}/match-decision"), body)
        .await
}

async fn seen(brigade: &Actor, entry: &str) -> (String, Option<String>) {
    let view = brigade
        .get(&format!("/api/v1/entries/{entry}"))
        .await
        .expect(200);
    let into = view.body["merged_into"].as_str().map(str::to_owned);
    (view.text("/state"), into)
}

async fn propose(brigade: &Actor, entry: &str) -> Reply {
    let path = format!("/api/v1/entries/{entry}/proposal");
    brigade.post(&path, json!({ "reason": "多次投诉" })).await
}

/// Merged into, its own complaint confirmed elsewhere, the merge undone: the entry is empty, so it
/// is closed and points to where its own went. As a clue, and when it was proposed; and it lives
/// again when its complaint comes back.
async fn a_target_left_empty_is_closed(world: World) {
    let brigade = world.brigade().await;
    let (a, b, c) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, river(None)).await,
        filed(&world, noise()).await,
    );
    for state in ["clue", "proposed"] {
        if state == "proposed" {
            propose(&brigade, &b.entry).await.expect(200);
        }
        let merged = merge(&brigade, &a.entry, &b.entry).await;
        decide(&brigade, &b.number, "confirm", Some(&c.number))
            .await
            .expect(200);
        undo_merge(&brigade, &merged).await.expect(200);
        assert_eq!(
            seen(&brigade, &b.entry).await,
            ("merged".into(), Some(c.entry.clone()))
        );
        propose(&brigade, &b.entry)
            .await
            .expect_problem(409, "wrong_state");
        let listed = brigade.get("/api/v1/entries").await.expect(200);
        assert!(
            listed.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .all(|e| e["number"] != *b.entry)
        );
        assert_eq!(facts::broken(&world), Vec::<String>::new());
        decide(&brigade, &b.number, "undo", None).await.expect(200);
        assert_eq!(
            (seen(&brigade, &b.entry).await, world.entry_of(&b.number)),
            ((state.into(), None), b.entry.clone())
        );
        assert_eq!(facts::broken(&world), Vec::<String>::new());
    }
}

/// The target's own complaint is found to be the source's matter: it goes back with it, and the
/// target is closed. The steering group's entries are never emptied so.
async fn a_target_whose_own_follows_is_closed(world: World) {
    let (brigade, group) = (
        world.brigade().await,
        world.staff(Role::SteeringGroup).await,
    );
    let (a, x) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, river(None)).await,
    );
    let merged = merge(&brigade, &a.entry, &x.entry).await;
    decide(&brigade, &x.number, "confirm", Some(&a.number))
        .await
        .expect(200);
    undo_merge(&brigade, &merged).await.expect(200);
    assert_eq!(
        (world.entry_of(&x.number), seen(&brigade, &x.entry).await),
        (a.entry.clone(), ("merged".into(), Some(a.entry.clone())))
    );
    decide(&brigade, &x.number, "undo", None).await.expect(200);
    assert_eq!(
        (world.entry_of(&x.number), seen(&brigade, &x.entry).await),
        (x.entry.clone(), ("clue".into(), None))
    );
    // What the steering group refused stays what it refused.
    propose(&brigade, &x.entry).await.expect(200);
    let version = brigade
        .get(&format!("/api/v1/entries/{}", x.entry))
        .await
        .expect(200)
        .body["version"]
        .as_i64()
        .unwrap();
    let refused =
        json!({ "outcome": "not_listed", "decided_on": "2026-11-24", "reason": "已立行立改" });
    group
        .post_if(
            &format!("/api/v1/entries/{}/decision", x.entry),
            version,
            refused,
        )
        .await
        .expect(200);
    let merged = merge(&brigade, &a.entry, &x.entry).await;
    decide(&brigade, &x.number, "confirm", Some(&a.number))
        .await
        .expect(200);
    undo_merge(&brigade, &merged)
        .await
        .expect_problem(409, "undo_refused");
    decide(&brigade, &x.number, "undo", None).await.expect(200);
    undo_merge(&brigade, &merged).await.expect(200);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Two complaints of one entry leave it one after the other, and are undone in either order.
async fn decisions_that_emptied_an_entry_are_undone_in_any_order(world: World) {
    let brigade = world.brigade().await;
    let (first, second) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, fumes(Some("13800000002"), 2500.0)).await,
    );
    let (b, c) = (
        filed(&world, river(None)).await,
        filed(&world, noise()).await,
    );
    merge(&brigade, &second.entry, &first.entry).await;
    for order in [[&first, &second], [&second, &first]] {
        decide(&brigade, &first.number, "confirm", Some(&b.number))
            .await
            .expect(200);
        decide(&brigade, &second.number, "confirm", Some(&c.number))
            .await
            .expect(200);
        assert_eq!(
            seen(&brigade, &first.entry).await,
            ("merged".into(), Some(c.entry.clone()))
        );
        for one in order {
            decide(&brigade, &one.number, "undo", None)
                .await
                .expect(200);
            assert_eq!(
                (
                    seen(&brigade, &first.entry).await,
                    world.entry_of(&one.number)
                ),
                (("clue".into(), None), first.entry.clone())
            );
            assert_eq!(facts::broken(&world), Vec::<String>::new());
        }
    }
}

/// An entry is proposed and listed for what somebody complains of: not when all was withdrawn or
/// is hidden. What was proposed before can still be turned down.
async fn nothing_is_listed_that_nobody_complains_of(world: World) {
    let (brigade, group) = (
        world.brigade().await,
        world.staff(Role::SteeringGroup).await,
    );
    let (a, b) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, river(Some("13800000009"))).await,
    );
    let withdraw = |code: &str| format!("/api/v1/tracking/{code}/withdrawal");
    world
        .resident()
        .post(&withdraw(&a.code), json!({}))
        .await
        .expect(200);
    propose(&brigade, &a.entry)
        .await
        .expect_problem(422, "guard_failed");
    propose(&brigade, &b.entry).await.expect(200);
    world
        .resident()
        .post(&withdraw(&b.code), json!({}))
        .await
        .expect(200);
    let path = format!("/api/v1/entries/{}", b.entry);
    let version = brigade.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let list = json!({ "outcome": "listed", "decided_on": "2026-11-24", "meeting": "第5次例会", "minute_ref": "鼓环会〔2026〕5号" });
    let escalate = json!({ "outcome": "escalated", "decided_on": "2026-11-24", "level": "区政府" });
    for outcome in [list, escalate] {
        group
            .post_if(&format!("{path}/decision"), version, outcome)
            .await
            .expect_problem(422, "guard_failed");
    }
    let refuse = json!({ "outcome": "not_listed", "decided_on": "2026-11-24", "reason": "已撤回" });
    group
        .post_if(&format!("{path}/decision"), version, refuse)
        .await
        .expect(200);
    brigade
        .post(
            "/api/v1/sender-blocks",
            json!({ "number": b.number, "reason": "反复谩骂" }),
        )
        .await
        .expect(201);
    let hidden = filed(&world, river(Some("13800000009"))).await;
    propose(&brigade, &hidden.entry)
        .await
        .expect_problem(422, "guard_failed");
}

fn vague() -> Value {
    let mut vague = fumes(Some("13800000002"), 70.0);
    vague["premises"] = Value::Null;
    vague["description"] = json!("附近有人乱排油烟");
    vague
}

/// A suspicion merged elsewhere names nobody there; merged to where it pointed, it does. Undone,
/// it is the suspicion it was.
async fn a_merged_suspicion_points_into_its_entry(world: World) {
    let brigade = world.brigade().await;
    let (t, s, x) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, vague()).await,
        filed(&world, river(None)).await,
    );
    let suspicion = ("suspected".to_owned(), Some(t.number.clone()));
    assert_eq!(link_of(&world, &s.number), suspicion);
    for (into, named) in [(&x, None), (&t, Some(t.number.clone()))] {
        let merged = merge(&brigade, &s.entry, &into.entry).await;
        assert_eq!(link_of(&world, &s.number), ("confirmed".to_owned(), named));
        assert_eq!(facts::broken(&world), Vec::<String>::new());
        undo_merge(&brigade, &merged).await.expect(200);
        assert_eq!(link_of(&world, &s.number), suspicion);
    }
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A link taken up again leads to its partner, wherever that went since; and not in a circle.
async fn a_link_taken_up_again_leads_to_its_partner(world: World) {
    let brigade = world.brigade().await;
    let (lead, b) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, river(None)).await,
    );
    let linked = filed(&world, fumes(Some("13800000002"), 3.0)).await;
    filed(&world, fumes(None, 5.0)).await;
    decide(&brigade, &linked.number, "reject", None)
        .await
        .expect(200);
    decide(&brigade, &lead.number, "confirm", Some(&b.number))
        .await
        .expect(200);
    decide(&brigade, &linked.number, "undo", None)
        .await
        .expect(200);
    assert_eq!(
        (
            world.entry_of(&linked.number),
            link_of(&world, &linked.number)
        ),
        (
            b.entry.clone(),
            ("provisional".into(), Some(lead.number.clone()))
        )
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
    decide(&brigade, &linked.number, "reject", None)
        .await
        .expect(200);
    decide(&brigade, &lead.number, "confirm", Some(&linked.number))
        .await
        .expect(200);
    decide(&brigade, &linked.number, "undo", None)
        .await
        .expect_problem(409, "undo_refused");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// What a reporter adds may name the rule of a provisional link anew; that is no decision, and bars
/// no undoing.
async fn a_rule_named_anew_bars_no_undoing(world: World) {
    let brigade = world.brigade().await;
    let (lead, b) = (
        filed(&world, fumes(Some("13800000001"), 0.0)).await,
        filed(&world, river(None)).await,
    );
    let linked = filed(&world, fumes(Some("13800000002"), 3.0)).await;
    let merged = merge(&brigade, &lead.entry, &b.entry).await;
    world.db_read(|c| {
        diesel::update(complaint::table.filter(complaint::number.eq(&linked.number)))
            .set(complaint::link_rule.eq("R3"))
            .execute(c)
            .unwrap()
    });
    undo_merge(&brigade, &merged).await.expect(200);
    let rule: Option<String> = world.db_read(|c| {
        complaint::table
            .filter(complaint::number.eq(&linked.number))
            .select(complaint::link_rule)
            .first(c)
            .unwrap()
    });
    assert_eq!(
        (world.entry_of(&linked.number), rule.as_deref()),
        (lead.entry, Some("R3"))
    );
}

/// Whatever leaves the queue leaves its claim: withdrawn by the reporter, or decided on.
async fn a_claim_ends_when_its_complaint_leaves_the_queue(world: World) {
    let brigade = world.brigade().await;
    let claims = || world.db_read(|c| triage_claim::table.count().get_result::<i64>(c).unwrap());
    let claim = |number: &str| json!({ "number": number });
    let withdrawn = filed(&world, fumes(None, 0.0)).await;
    brigade
        .post("/api/v1/triage/claims", claim(&withdrawn.number))
        .await
        .expect(201);
    world
        .resident()
        .post(
            &format!("/api/v1/tracking/{}/withdrawal", withdrawn.code),
            json!({}),
        )
        .await
        .expect(200);
    assert_eq!(claims(), 0);
    brigade
        .post(
            &format!("/api/v1/triage/claims/{}/heartbeat", withdrawn.number),
            json!({}),
        )
        .await
        .expect_problem(409, "not_claimed");
    let decisions = [
        json!({ "action": "accept", "procedure": "enforcement_request" }),
        json!({ "action": "refuse", "reason": "不属本部门", "notice": "请向有权部门提出" }),
        json!({ "action": "return", "reason": "请补充具体楼栋" }),
        json!({ "action": "transfer", "reason": "水体", "notice": "已转送", "transfer_to": "section_water" }),
    ];
    for decision in decisions {
        let number = filed(&world, river(None)).await.number;
        brigade
            .post("/api/v1/triage/claims", claim(&number))
            .await
            .expect(201);
        let items = json!({ "items": [{ "number": number, "decision": decision }] });
        brigade
            .post("/api/v1/triage/decisions", items)
            .await
            .expect(200);
        assert_eq!(claims(), 0, "{decision}");
    }
    // A letter that is split stays in the queue, and its officer's.
    let letter = filed(&world, noise()).await.number;
    brigade
        .post("/api/v1/triage/claims", claim(&letter))
        .await
        .expect(201);
    let split = json!({ "action": "split", "reason": "一信多诉", "parts": [{ "category": "water.black_odorous", "description": "旁边内河发黑发臭" }] });
    brigade
        .post(&format!("/api/v1/complaints/{letter}/decision"), split)
        .await
        .expect(200);
    assert_eq!((claims(), facts::broken(&world)), (1, Vec::new()));
}

/// What the abuse list hides never stands in the queue, whatever is decided on it; brought back
/// it stands where its state says.
async fn what_is_hidden_stays_out_of_the_queue(world: World) {
    let brigade = world.brigade().await;
    let known = filed(&world, river(Some("13800000009"))).await;
    brigade
        .post(
            "/api/v1/sender-blocks",
            json!({ "number": known.number, "reason": "反复谩骂" }),
        )
        .await
        .expect(201);
    let hidden = filed(&world, fumes(Some("13800000009"), 0.0)).await;
    let returned = json!({ "items": [{ "number": hidden.number, "decision": { "action": "return", "reason": "请补充具体楼栋" } }] });
    brigade
        .post("/api/v1/triage/decisions", returned)
        .await
        .expect(200);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
    world
        .resident()
        .post(
            &format!("/api/v1/tracking/{}/supplements", hidden.code),
            json!({ "text": "三号楼" }),
        )
        .await
        .expect(201);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
    let accepted = json!({ "items": [{ "number": hidden.number, "decision": { "action": "accept", "procedure": "enforcement_request" } }] });
    brigade
        .post("/api/v1/triage/decisions", accepted)
        .await
        .expect(200);
    brigade
        .post(
            &format!("/api/v1/complaints/{}/unhiding", hidden.number),
            json!({ "reason": "确有其事" }),
        )
        .await
        .expect(200);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

on_both!(
    a_target_left_empty_is_closed,
    a_target_whose_own_follows_is_closed,
    decisions_that_emptied_an_entry_are_undone_in_any_order,
    nothing_is_listed_that_nobody_complains_of,
    a_merged_suspicion_points_into_its_entry,
    a_link_taken_up_again_leads_to_its_partner,
    a_rule_named_anew_bars_no_undoing,
    a_claim_ends_when_its_complaint_leaves_the_queue,
    what_is_hidden_stays_out_of_the_queue,
);
