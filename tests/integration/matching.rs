//! Same matter, same person: through the API, with the brigade's word on it.

use dengwen::platform::db::schema::{complaint, ledger_entry};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    World,
    bodies::{fumes, river},
};

async fn file(world: &World, body: Value) -> String {
    world.file(body).await.text("/number")
}

/// R4: another person on one matter is attached provisionally, explained, and counts once a
/// named person confirmed it.
async fn many_voices_become_one_entry(world: World) {
    let brigade = world.brigade().await;
    let first = file(&world, fumes(Some("13800000001"), 0.0)).await;
    let second = file(&world, fumes(Some("13800000002"), 15.0)).await;
    let seen = brigade
        .get(&format!("/api/v1/complaints/{second}"))
        .await
        .expect(200);
    assert_eq!(
        (
            seen.text("/link"),
            seen.text("/link_rule"),
            seen.text("/state")
        ),
        ("provisional".into(), "R4".into(), "screening".into())
    );
    let matches = brigade
        .get(&format!("/api/v1/complaints/{second}/matches"))
        .await
        .expect(200);
    let best = &matches.body["verdicts"][0]["candidates"][0];
    assert_eq!(best["number"], first);
    let words = best["comparisons"].to_string();
    assert!(
        words.contains("相距 15 m") && words.contains("同为餐饮油烟"),
        "{words}"
    );
    let weights: f64 = best["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["weight"].as_f64().unwrap())
        .sum();
    let bits = best["prior"].as_f64().unwrap() + weights;
    assert!((1.0 / (1.0 + (-bits).exp2()) - best["score"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(matches.text("/verdicts/0/model"), "gulou-2");

    let entry = format!("/api/v1/entries/{}", seen.text("/entry"));
    let before = brigade.get(&entry).await.expect(200);
    assert_eq!(
        (
            before.body["complaint_count"].clone(),
            before.body["duplicate_count"].clone()
        ),
        (json!(2), json!(0))
    );
    let decide = format!("/api/v1/complaints/{second}/match-decision");
    brigade
        .post(&decide, json!({ "decision": "confirm" }))
        .await
        .expect(200);
    let after = brigade.get(&entry).await.expect(200);
    assert_eq!(
        (
            after.body["distinct_reporters"].clone(),
            after.body["duplicate_count"].clone(),
            after.body["repeat_count"].clone()
        ),
        (json!(2), json!(1), json!(0))
    );
    brigade
        .post(&decide, json!({ "decision": "confirm" }))
        .await
        .expect_problem(409, "wrong_state");
    brigade
        .post(&decide, json!({ "decision": "undo" }))
        .await
        .expect(200);
    let undone = brigade.get(&entry).await.expect(200);
    for field in [
        "complaint_count",
        "duplicate_count",
        "distinct_reporters",
        "due_on",
    ] {
        assert_eq!(undone.body[field], before.body[field], "{field}");
    }
    brigade
        .post(&decide, json!({ "decision": "reject" }))
        .await
        .expect(200);
    let own = brigade
        .get(&format!("/api/v1/complaints/{second}"))
        .await
        .expect(200);
    assert_eq!(own.text("/link"), "own");
    assert_ne!(own.text("/entry"), seen.text("/entry"));
    assert_eq!(
        brigade.get(&entry).await.expect(200).body["complaint_count"],
        1
    );
}

/// R1: the same person on the same premises needs no named person; the clock is not restarted
/// and three persons make a strong concern.
async fn a_repeat_petition_is_caught(world: World) {
    let brigade = world.brigade().await;
    file(&world, fumes(Some("13800000001"), 0.0)).await;
    let again = file(&world, fumes(Some("+86 138 0000 0001"), 5.0)).await;
    let seen = brigade
        .get(&format!("/api/v1/complaints/{again}"))
        .await
        .expect(200);
    assert_eq!(
        (seen.text("/link"), seen.text("/link_rule")),
        ("confirmed".into(), "R1".into())
    );
    let entry = format!("/api/v1/entries/{}", seen.text("/entry"));
    let view = brigade.get(&entry).await.expect(200);
    assert_eq!(
        (
            view.body["repeat_count"].clone(),
            view.body["distinct_reporters"].clone(),
            view.body["escalation_level"].clone()
        ),
        (json!(1), json!(1), json!(1))
    );
    for phone in ["13800000002", "13800000003"] {
        let number = file(&world, fumes(Some(phone), 8.0)).await;
        assert_eq!(
            brigade.get(&entry).await.expect(200).body["strong_concern"],
            false,
            "not while links are provisional"
        );
        brigade
            .post(
                &format!("/api/v1/complaints/{number}/match-decision"),
                json!({ "decision": "confirm" }),
            )
            .await
            .expect(200);
    }
    assert_eq!(
        brigade.get(&entry).await.expect(200).body["strong_concern"],
        true
    );
}

/// What the software attached by itself a named person can reject, or make a question of; and
/// a repeat goes with the complaint it repeats when that is rejected away.
async fn an_attached_repeat_is_no_fact_for_ever(world: World) {
    let brigade = world.brigade().await;
    file(&world, fumes(Some("13800000001"), 0.0)).await;
    let joined = file(&world, fumes(Some("13800000002"), 3.0)).await;
    let again = file(&world, fumes(Some("13800000002"), 4.0)).await;
    let seen = |number: &str| {
        let (brigade, path) = (brigade.clone(), format!("/api/v1/complaints/{number}"));
        async move { brigade.get(&path).await.expect(200) }
    };
    let decide = |number: &str| format!("/api/v1/complaints/{number}/match-decision");
    let attached = seen(&again).await;
    assert_eq!(
        (
            attached.text("/link"),
            attached.text("/link_rule"),
            attached.text("/state")
        ),
        (
            "confirmed".into(),
            "R1".into(),
            "awaiting_acceptance".into()
        )
    );
    // Its target is another matter after all: so is the repeat of it.
    brigade
        .post(&decide(&joined), json!({ "decision": "reject" }))
        .await
        .expect(200);
    let own = seen(&joined).await.text("/entry");
    assert_ne!(own, attached.text("/entry"));
    let followed = seen(&again).await;
    assert_eq!(
        (followed.text("/entry"), followed.text("/link")),
        (own.clone(), "confirmed".into())
    );
    let title = brigade
        .get(&format!("/api/v1/entries/{own}"))
        .await
        .expect(200)
        .text("/title");
    assert_eq!(title, "老王烧烤餐饮油烟");
    brigade
        .post(&decide(&joined), json!({ "decision": "undo" }))
        .await
        .expect(200);
    assert_eq!(seen(&again).await.text("/entry"), attached.text("/entry"));
    let emptied = brigade
        .get(&format!("/api/v1/entries/{own}"))
        .await
        .expect(200);
    assert_eq!(emptied.text("/state"), "merged");
    let history = emptied.body["history"].as_array().unwrap();
    let last_step = history.iter().rfind(|line| line["to_state"].is_string());
    assert_eq!(last_step.unwrap()["event"], "merge", "and it is on record");
    // Undone, an attachment is a question; rejected, it is no repeat.
    brigade
        .post(&decide(&again), json!({ "decision": "undo" }))
        .await
        .expect(200);
    let asked = seen(&again).await;
    assert_eq!(
        (asked.text("/link"), asked.text("/state")),
        ("provisional".into(), "screening".into())
    );
    brigade
        .post(&decide(&again), json!({ "decision": "undo" }))
        .await
        .expect_problem(409, "undo_refused");
    brigade
        .post(&decide(&again), json!({ "decision": "reject" }))
        .await
        .expect(200);
    assert_eq!(seen(&again).await.text("/link"), "own");
    let third = file(&world, fumes(Some("13800000001"), 4.0)).await;
    brigade
        .post(&decide(&third), json!({ "decision": "reject" }))
        .await
        .expect(200);
    assert_eq!(seen(&third).await.text("/link"), "own");
}

/// What another is working on is not decided behind their back.
async fn a_claimed_question_is_its_holders(world: World) {
    let (one, two) = (
        world.brigade().await,
        world
            .staff_named(dengwen::account::Role::Brigade, "brigade2")
            .await,
    );
    file(&world, fumes(Some("13800000001"), 0.0)).await;
    let second = file(&world, fumes(Some("13800000002"), 3.0)).await;
    let path = format!("/api/v1/complaints/{second}");
    one.post("/api/v1/triage/claims", json!({ "number": second }))
        .await
        .expect(201);
    let confirm = json!({ "decision": "confirm" });
    two.post(&format!("{path}/match-decision"), confirm.clone())
        .await
        .expect_problem(409, "claimed_by_other");
    let version = two.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    two.patch_if(
        &path,
        version,
        json!({ "premises": "老张烧烤", "reason": "店名" }),
    )
    .await
    .expect_problem(409, "claimed_by_other");
    one.post(&format!("{path}/match-decision"), confirm)
        .await
        .expect(200);
}

/// R7 and unlike matters: related or new, never merged. Anonymous reports never repeat.
async fn other_matters_stay_apart(world: World) {
    let brigade = world.brigade().await;
    let fume = file(&world, fumes(None, 0.0)).await;
    let mut noise = fumes(None, 0.0);
    noise["category"] = json!("noise.social");
    let noise = file(&world, noise).await;
    let anonymous = file(&world, fumes(None, 3.0)).await;
    let entry = |number: String| {
        let brigade = brigade.clone();
        async move {
            brigade
                .get(&format!("/api/v1/complaints/{number}"))
                .await
                .expect(200)
        }
    };
    let (fume, noise, anonymous) = (
        entry(fume).await,
        entry(noise).await,
        entry(anonymous).await,
    );
    assert_ne!(fume.text("/entry"), noise.text("/entry"));
    assert_eq!(noise.text("/link"), "own");
    assert_eq!(anonymous.text("/link_rule"), "R4");
}

/// Near-simultaneous first reports of one matter, from fifty phones, end as one entry.
async fn fifty_first_reports_at_once_are_one_entry(world: World) {
    let resident = world.resident();
    let sends = (0..50).map(|n| {
        resident.post(
            "/api/v1/complaints",
            fumes(Some(&format!("138000010{n:02}")), f64::from(n % 7)),
        )
    });
    for reply in futures_util::future::join_all(sends).await {
        reply.expect(201);
    }
    let (entries, complaints, counted) = world.db_read(|c| {
        (
            ledger_entry::table.count().get_result::<i64>(c).unwrap(),
            complaint::table.count().get_result::<i64>(c).unwrap(),
            ledger_entry::table
                .select(ledger_entry::complaint_count)
                .first::<i32>(c)
                .unwrap(),
        )
    });
    assert_eq!((entries, complaints, counted), (1, 50, 50));
}

/// Between the thresholds: an entry of its own, and a question the brigade answers.
async fn a_suspected_duplicate_waits_for_a_person(world: World) {
    let brigade = world.brigade().await;
    let first = file(&world, fumes(Some("13800000001"), 0.0)).await;
    let mut vague = fumes(Some("13800000002"), 70.0);
    vague["premises"] = Value::Null;
    vague["description"] = json!("附近有人乱排油烟");
    let second = file(&world, vague).await;
    let seen = brigade
        .get(&format!("/api/v1/complaints/{second}"))
        .await
        .expect(200);
    assert_eq!(seen.text("/link"), "suspected");
    let own = seen.text("/entry");
    let queue = brigade
        .get("/api/v1/triage/queue?link=suspected")
        .await
        .expect(200);
    assert_eq!(queue.body["items"][0]["number"], second);
    let decide = format!("/api/v1/complaints/{second}/match-decision");
    brigade
        .post(&decide, json!({ "decision": "confirm", "target": second }))
        .await
        .expect_problem(409, "merge_refused");
    brigade
        .post(&decide, json!({ "decision": "confirm" }))
        .await
        .expect(200);
    let target = brigade
        .get(&format!("/api/v1/complaints/{first}"))
        .await
        .expect(200)
        .text("/entry");
    assert_eq!(
        brigade
            .get(&format!("/api/v1/complaints/{second}"))
            .await
            .expect(200)
            .text("/entry"),
        target
    );
    assert_eq!(
        brigade
            .get(&format!("/api/v1/entries/{own}"))
            .await
            .expect(200)
            .text("/state"),
        "merged"
    );
    brigade
        .post(&decide, json!({ "decision": "undo" }))
        .await
        .expect(200);
    let back = brigade
        .get(&format!("/api/v1/complaints/{second}"))
        .await
        .expect(200);
    assert_eq!(
        (back.text("/entry"), back.text("/link"), back.text("/state")),
        (own.clone(), "suspected".into(), "screening".into()),
        "the clue it came from"
    );
    assert_eq!(
        brigade
            .get(&format!("/api/v1/entries/{own}"))
            .await
            .expect(200)
            .text("/state"),
        "clue"
    );
    file(&world, river(None)).await;
}

on_both!(
    many_voices_become_one_entry,
    a_repeat_petition_is_caught,
    an_attached_repeat_is_no_fact_for_ever,
    a_claimed_question_is_its_holders,
    other_matters_stay_apart,
    fifty_first_reports_at_once_are_one_entry,
    a_suspected_duplicate_waits_for_a_person,
);
