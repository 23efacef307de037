//! The ledger's first half: admission, merging, undoing.

use dengwen::{
    account::Role,
    platform::db::{Id, schema::complaint},
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{fumes, river},
};

async fn entry_of(world: &World, body: Value) -> String {
    let number = world
        .resident()
        .post("/api/v1/complaints", body)
        .await
        .expect(201)
        .text("/number");
    world.db_read(|c| {
        use dengwen::platform::db::schema::ledger_entry;
        complaint::table
            .inner_join(ledger_entry::table)
            .filter(complaint::number.eq(number))
            .select(ledger_entry::number)
            .first(c)
            .unwrap()
    })
}

/// Nothing is listed without the steering group's decision record.
async fn a_clue_is_listed_by_decision(world: World) {
    let (office, group) = (
        world.staff(Role::Office).await,
        world.staff(Role::SteeringGroup).await,
    );
    let entry = entry_of(&world, river(None)).await;
    assert!(entry.starts_with("GL-2026-"));
    let path = |what: &str| format!("/api/v1/entries/{entry}{what}");
    let version = || async {
        office.get(&path("")).await.expect(200).body["version"]
            .as_i64()
            .unwrap()
    };
    let list = json!({ "outcome": "listed", "decided_on": "2026-11-24", "meeting": "第5次例会", "minute_ref": "鼓环会〔2026〕5号" });
    group
        .post_if(&path("/decision"), version().await, list.clone())
        .await
        .expect_problem(409, "wrong_state");
    office
        .post(&path("/proposal"), json!({ "reason": " \u{200b}" }))
        .await
        .expect_problem(422, "invalid");
    office
        .post(&path("/proposal"), json!({ "reason": "多次投诉" }))
        .await
        .expect(200);
    for (day, code) in [("2026-11-25", "in_the_future"), ("1999-12-31", "too_early")] {
        let mut other = list.clone();
        other["decided_on"] = json!(day);
        let refused = group
            .post_if(&path("/decision"), version().await, other)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(
            (
                refused.text("/items/0/location"),
                refused.text("/items/0/code")
            ),
            ("decided_on".to_owned(), code.to_owned())
        );
    }
    group
        .post(&path("/decision"), list.clone())
        .await
        .expect_problem(428, "precondition_required");
    let bare = json!({ "outcome": "listed", "decided_on": "2026-11-24" });
    let refused = group
        .post_if(&path("/decision"), version().await, bare)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.body["items"].as_array().unwrap().len(), 2);
    let escalate = json!({ "outcome": "escalated", "decided_on": "2026-11-24", "level": "区政府" });
    group
        .post_if(&path("/decision"), version().await, escalate)
        .await
        .expect(200);
    group
        .post_if(&path("/decision"), version().await, list.clone())
        .await
        .expect_problem(422, "invalid");
    let mut owned = list;
    owned["chosen_owner"] = json!("dept_water");
    group
        .post_if(&path("/decision"), 1, owned.clone())
        .await
        .expect_problem(412, "precondition_failed");
    let done = group
        .post_if(&path("/decision"), version().await, owned)
        .await
        .expect(200);
    assert_eq!(done.text("/state"), "listed");
    let view = office.get(&path("")).await.expect(200);
    assert_eq!(view.body["decisions"].as_array().unwrap().len(), 2);
    let events: Vec<&str> = view.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        ["open", "complaint_joined", "propose", "escalate", "list"]
    );
    let street = world.street("street", "350102001").await;
    street.get(&path("")).await.expect(404);
}

type Links = Vec<(Id, Id, String, Option<String>, Option<Id>)>;

fn links(world: &World) -> Links {
    world.db_read(|c| {
        complaint::table
            .order(complaint::id)
            .select((
                complaint::id,
                complaint::entry_id,
                complaint::link,
                complaint::link_rule,
                complaint::repeat_of,
            ))
            .load(c)
            .unwrap()
    })
}

/// Merging and undoing is the identity on everything but versions and history, and what came
/// meanwhile stays. D26: what cannot be merged is refused.
async fn a_merge_is_taken_back_exactly(world: World) {
    let brigade = world.brigade().await;
    let a = entry_of(&world, fumes(Some("13800000001"), 0.0)).await;
    entry_of(&world, fumes(Some("13800000002"), 5.0)).await;
    let b = entry_of(&world, river(Some("13800000003"))).await;
    let before = links(&world);
    let shown = |number: String| {
        let brigade = brigade.clone();
        async move {
            let mut view = brigade
                .get(&format!("/api/v1/entries/{number}"))
                .await
                .expect(200)
                .body;
            for field in ["version", "history", "merges"] {
                view.as_object_mut().unwrap().remove(field);
            }
            view
        }
    };
    let (a_before, b_before) = (shown(a.clone()).await, shown(b.clone()).await);
    let merge = |from: &str, into: &str| {
        (
            format!("/api/v1/entries/{from}/merge"),
            json!({ "into": into, "reason": "同一问题" }),
        )
    };
    let (path, body) = merge(&a, &a);
    brigade
        .post(&path, body)
        .await
        .expect_problem(409, "merge_refused");
    let (path, body) = merge(&a, &b);
    let done = brigade.post(&path, body.clone()).await.expect(200);
    assert_eq!(done.body["entry"]["complaint_count"], 3);
    assert_eq!(done.body["entry"]["distinct_reporters"], 3);
    brigade
        .post(&path, body)
        .await
        .expect_problem(409, "merge_refused");
    let (back, body) = merge(&b, &a);
    brigade
        .post(&back, body)
        .await
        .expect_problem(409, "merge_refused");
    let late = entry_of(&world, river(Some("13800000009"))).await;
    assert_eq!(late, b, "what comes to a merged matter goes to the target");
    let undo = format!("/api/v1/merges/{}/undo", done.text("/merge_id"));
    brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect(200);
    assert_eq!(links(&world)[..3], before[..]);
    assert_eq!(shown(a.clone()).await, a_before);
    assert_eq!(shown(b.clone()).await["complaint_count"], 2);
    assert_eq!(b_before["complaint_count"], 1);
    brigade
        .post(&undo, json!({ "reason": "再来" }))
        .await
        .expect_problem(409, "undo_refused");
}

/// What came between a merge and its undoing goes back with the complaint it was linked to, and
/// so does what hangs on the newcomer; the rest stays, and the counters agree.
async fn newcomers_go_where_their_partner_goes(world: World) {
    let brigade = world.brigade().await;
    let a = entry_of(&world, fumes(Some("13800000001"), 0.0)).await;
    let b = entry_of(&world, river(Some("13800000002"))).await;
    let merged = brigade
        .post(
            &format!("/api/v1/entries/{a}/merge"),
            json!({ "into": b, "reason": "同一问题" }),
        )
        .await
        .expect(200);
    for body in [
        fumes(Some("13800000003"), 3.0),
        river(Some("13800000004")),
        fumes(Some("13800000003"), 4.0),
        fumes(Some("13800000005"), 5.0),
    ] {
        assert_eq!(
            entry_of(&world, body).await,
            b,
            "what comes to a merged matter goes to the target"
        );
    }
    let confirmed: String = world.db_read(|c| {
        complaint::table
            .filter(complaint::link.eq("provisional"))
            .order(complaint::id)
            .select(complaint::number)
            .first(c)
            .unwrap()
    });
    brigade
        .post(
            &format!("/api/v1/complaints/{confirmed}/match-decision"),
            json!({ "decision": "confirm" }),
        )
        .await
        .expect(200);
    brigade
        .post(
            &format!("/api/v1/merges/{}/undo", merged.text("/merge_id")),
            json!({ "reason": "两回事" }),
        )
        .await
        .expect(200);
    for (entry, category, count, duplicates) in [
        (&a, "air.cooking_fume", 4, 2),
        (&b, "water.black_odorous", 2, 0),
    ] {
        let view = brigade
            .get(&format!("/api/v1/entries/{entry}"))
            .await
            .expect(200)
            .body;
        let complaints = view["complaints"].as_array().unwrap();
        assert!(
            complaints.iter().all(|c| c["category"] == category),
            "{view}"
        );
        assert_eq!(
            (
                complaints.len(),
                view["complaint_count"].clone(),
                view["duplicate_count"].clone()
            ),
            (count, json!(count), json!(duplicates)),
            "{view}"
        );
    }
}

/// A merge is not taken back over what a named person decided since, nor after the steering
/// group listed the target on its strength.
async fn a_merge_is_not_taken_back_over_later_decisions(world: World) {
    let (brigade, group) = (
        world.brigade().await,
        world.staff(Role::SteeringGroup).await,
    );
    let a = entry_of(&world, fumes(Some("13800000001"), 0.0)).await;
    let second = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000002"), 5.0))
        .await
        .expect(201)
        .text("/number");
    let b = entry_of(&world, river(Some("13800000003"))).await;
    let merged = brigade
        .post(
            &format!("/api/v1/entries/{a}/merge"),
            json!({ "into": b, "reason": "同一问题" }),
        )
        .await
        .expect(200);
    let undo = format!("/api/v1/merges/{}/undo", merged.text("/merge_id"));
    let decide = format!("/api/v1/complaints/{second}/match-decision");
    brigade
        .post(&decide, json!({ "decision": "confirm" }))
        .await
        .expect(200);
    let refused = brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect_problem(409, "undo_refused");
    assert!(
        refused.body["detail"].as_str().unwrap().contains(&second),
        "{}",
        refused.body
    );
    brigade
        .post(&decide, json!({ "decision": "undo" }))
        .await
        .expect(200);
    brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect(200);
    let history = brigade
        .get(&format!("/api/v1/entries/{a}"))
        .await
        .expect(200)
        .body["history"]
        .clone();
    assert!(
        history
            .as_array()
            .unwrap()
            .iter()
            .any(|h| h["event"] == "revive" && h["to_state"] == "clue"),
        "{history}"
    );
    let again = brigade
        .post(
            &format!("/api/v1/entries/{a}/merge"),
            json!({ "into": b, "reason": "同一问题" }),
        )
        .await
        .expect(200);
    brigade
        .post(
            &format!("/api/v1/entries/{b}/proposal"),
            json!({ "reason": "多次投诉" }),
        )
        .await
        .expect(200);
    let version = brigade
        .get(&format!("/api/v1/entries/{b}"))
        .await
        .expect(200)
        .body["version"]
        .as_i64()
        .unwrap();
    let list = json!({ "outcome": "listed", "decided_on": "2026-11-24", "meeting": "第5次例会", "minute_ref": "鼓环会〔2026〕5号" });
    group
        .post_if(&format!("/api/v1/entries/{b}/decision"), version, list)
        .await
        .expect(200);
    let undo = format!("/api/v1/merges/{}/undo", again.text("/merge_id"));
    brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect_problem(409, "undo_refused");
}

/// 不予入账 is no dead end: a complaint that joins such an entry is confirmed like any other,
/// and what is new may be proposed again.
async fn an_entry_not_listed_still_takes_complaints(world: World) {
    let (brigade, group) = (
        world.brigade().await,
        world.staff(Role::SteeringGroup).await,
    );
    let entry = entry_of(&world, fumes(Some("13800000001"), 0.0)).await;
    let path = |what: &str| format!("/api/v1/entries/{entry}{what}");
    brigade
        .post(&path("/proposal"), json!({ "reason": "多次投诉" }))
        .await
        .expect(200);
    let version = brigade.get(&path("")).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let bare = json!({ "outcome": "not_listed", "decided_on": "2026-11-24" });
    group
        .post_if(&path("/decision"), version, bare.clone())
        .await
        .expect_problem(422, "invalid");
    let mut reasoned = bare;
    reasoned["reason"] = json!("已立行立改");
    assert_eq!(
        group
            .post_if(&path("/decision"), version, reasoned)
            .await
            .expect(200)
            .text("/state"),
        "not_listed"
    );
    let second = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000002"), 5.0))
        .await
        .expect(201)
        .text("/number");
    let decide = format!("/api/v1/complaints/{second}/match-decision");
    brigade
        .post(&decide, json!({ "decision": "confirm" }))
        .await
        .expect(200);
    assert_eq!(
        brigade.get(&path("")).await.expect(200).body["duplicate_count"],
        1
    );
    brigade
        .post(&path("/proposal"), json!({ "reason": "又有人反映" }))
        .await
        .expect(200);
}

/// A street keeps sight of its matter when it is merged into another street's entry: it reads
/// the target with its own complaints alone, until the merge is taken back.
async fn a_street_reads_what_its_matter_was_merged_into(world: World) {
    let brigade = world.brigade().await;
    let own = entry_of(&world, fumes(Some("13800000001"), 0.0)).await;
    let target = entry_of(&world, river(Some("13800000002"))).await;
    let (street, other) = (
        world.street("street", "350102004").await,
        world.street("other", "350102001").await,
    );
    let path = format!("/api/v1/entries/{target}");
    street.get(&path).await.expect(404);
    let merged = brigade
        .post(
            &format!("/api/v1/entries/{own}/merge"),
            json!({ "into": target, "reason": "同一问题" }),
        )
        .await
        .expect(200);
    let view = street.get(&path).await.expect(200).body;
    let complaints = view["complaints"].as_array().unwrap();
    assert_eq!(
        (complaints.len(), &complaints[0]["category"]),
        (1, &json!("air.cooking_fume")),
        "{view}"
    );
    assert!(!view.to_string().contains("截污清淤"), "{view}");
    assert_eq!(
        street
            .get(&format!("/api/v1/entries/{own}"))
            .await
            .expect(200)
            .body["merged_into"],
        json!(target)
    );
    let listed = async |actor: &Actor, filter: &str| {
        let page = actor
            .get(&format!("/api/v1/entries{filter}"))
            .await
            .expect(200)
            .body;
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["number"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for filter in ["", "?street=350102004"] {
        assert_eq!(
            listed(&street, filter).await,
            std::slice::from_ref(&target),
            "{filter}"
        );
        assert!(listed(&other, filter).await.is_empty());
    }
    other.get(&path).await.expect(404);
    brigade
        .post(
            &format!("/api/v1/merges/{}/undo", merged.text("/merge_id")),
            json!({ "reason": "两回事" }),
        )
        .await
        .expect(200);
    street.get(&path).await.expect(404);
    assert_eq!(listed(&street, "").await, [own]);
}

on_both!(
    a_clue_is_listed_by_decision,
    a_merge_is_taken_back_exactly,
    newcomers_go_where_their_partner_goes,
    a_merge_is_not_taken_back_over_later_decisions,
    an_entry_not_listed_still_takes_complaints,
    a_street_reads_what_its_matter_was_merged_into,
);
