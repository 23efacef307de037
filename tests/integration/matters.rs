//! A visit is of the matter: every complaint in it shows it, and no ending of one takes it from the
//! others.

use serde_json::{Value, json};

use crate::{
    support::{
        Actor, EVENING, World,
        bodies::{fumes, river},
        facts,
    },
    visits::{accepted, events_of, grid_of, neighbours, visited},
};

async fn seen(brigade: &Actor, number: &str) -> Value {
    let path = format!("/api/v1/complaints/{number}");
    brigade.get(&path).await.expect(200).body
}

async fn ordered(brigade: &Actor, number: &str) -> String {
    let path = format!("/api/v1/complaints/{number}/verifications");
    brigade.post(&path, json!({})).await.expect(201).text("/id")
}

/// State of a visit, and the complaints it answers.
async fn stands(brigade: &Actor, visit: &str) -> (String, Value) {
    let path = format!("/api/v1/verifications/{visit}");
    let read = brigade.get(&path).await.expect(200);
    (read.text("/state"), read.body["complaints"].clone())
}

/// What the holder of a code reads of visits.
async fn tracked(world: &World, code: &str) -> Value {
    let path = format!("/api/v1/tracking/{code}");
    let read = world.resident().get(&path).await.expect(200).body;
    assert!(!read.to_string().contains("officer1"), "{read}");
    read["visits"].clone()
}

/// Files a complaint that is taken to be of the matter and that nobody confirmed yet.
async fn proposed(world: &World, brigade: &Actor, phone: &str, metres: f64) -> (String, String) {
    let receipt = world.file(fumes(Some(phone), metres)).await;
    let number = receipt.text("/number");
    assert_eq!(seen(brigade, &number).await["link"], "provisional");
    (number, receipt.text("/tracking_code"))
}

async fn confirm(brigade: &Actor, number: &str) {
    let path = format!("/api/v1/complaints/{number}/match-decision");
    brigade
        .post(&path, json!({ "decision": "confirm" }))
        .await
        .expect(200);
}

async fn reply(brigade: &Actor, number: &str) {
    let path = format!("/api/v1/complaints/{number}/reply");
    let text = json!({ "kind": "final", "text": "已责令整改" });
    brigade.post(&path, text).await.expect(201);
}

/// One visit is for the matter: ordered for one complaint it answers what waits, and whoever is
/// accepted later. Each shows it, also one that is not accepted yet, but none that nobody confirmed; the
/// reporters read how far it is, in words and without the officer.
async fn every_complaint_of_a_matter_shows_its_visit(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let [(first, first_code), (second, second_code)] = neighbours(&world, &brigade).await;
    let grid = grid_of(&brigade, &first).await;
    let officer = world.officer("officer1", &grid).await;
    let visit = ordered(&brigade, &first).await;
    assert_eq!(
        stands(&brigade, &visit).await,
        ("assigned".to_owned(), json!([first, second]))
    );
    let (third, third_code) = accepted(&world, &brigade, fumes(Some("13800000003"), 6.0)).await;
    assert_eq!(
        stands(&brigade, &visit).await,
        ("assigned".to_owned(), json!([first, second, third]))
    );
    let view = seen(&brigade, &third).await;
    assert_eq!(
        (&view["state"], &view["visits"][0]["id"]),
        (&json!("in_progress"), &json!(visit))
    );
    let events = events_of(&view);
    assert!(events.contains(&"dispatch") && events.contains(&"start"));

    let (fourth, fourth_code) = proposed(&world, &brigade, "13800000004", 2.0).await;
    assert_eq!(seen(&brigade, &fourth).await["visits"], json!([]));
    assert_eq!(tracked(&world, &fourth_code).await, json!([]));
    confirm(&brigade, &fourth).await;
    assert_eq!(
        seen(&brigade, &fourth).await["visits"][0]["id"],
        json!(visit)
    );
    let going = json!([{ "state": "sent", "words": "已派工作人员到现场核实", "at": EVENING }]);
    for code in [&first_code, &second_code, &third_code, &fourth_code] {
        assert_eq!(tracked(&world, code).await, going);
    }

    world.clock.advance(chrono::TimeDelta::minutes(2));
    visited(&brigade, &officer, &visit).await;
    let made =
        json!([{ "state": "done", "words": "现场核实已完成", "at": "2026-11-24T20:22:00+08:00" }]);
    for code in [&first_code, &second_code, &third_code, &fourth_code] {
        assert_eq!(tracked(&world, code).await, made);
    }
    for number in [&first, &second, &third] {
        let view = seen(&brigade, number).await;
        assert!(events_of(&view).contains(&"verified"), "{number}");
        assert_eq!(view["visits"][0]["result"], "true");
    }
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A complaint that came to wait after the order, because its link was confirmed, keeps the visit when
/// the one it was ordered for is withdrawn. The last one's end calls it off, and nobody is told of it
/// any more.
async fn a_withdrawal_takes_no_visit_from_who_waits(world: World) {
    let brigade = world.brigade().await;
    let (first, code) = accepted(&world, &brigade, fumes(Some("13800000001"), 0.0)).await;
    let grid = grid_of(&brigade, &first).await;
    world.officer("officer1", &grid).await;
    let visit = ordered(&brigade, &first).await;
    let (second, second_code) = proposed(&world, &brigade, "13800000002", 4.0).await;
    brigade.accept(&second).await;
    assert_eq!(stands(&brigade, &visit).await.1, json!([first]));
    confirm(&brigade, &second).await;
    world
        .resident()
        .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
        .await
        .expect(200);
    assert_eq!(
        stands(&brigade, &visit).await,
        ("assigned".to_owned(), json!([first, second]))
    );
    let view = seen(&brigade, &second).await;
    assert!(events_of(&view).contains(&"dispatch"));
    reply(&brigade, &second).await;
    assert_eq!(stands(&brigade, &visit).await.0, "cancelled");
    assert_eq!(tracked(&world, &second_code).await, json!([]));
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Merged into an entry whose visit is under way, a complaint waits for that visit: the answer to the
/// one it was ordered for leaves it standing.
async fn an_answer_takes_no_visit_from_what_was_merged(world: World) {
    let brigade = world.brigade().await;
    let (first, _) = accepted(&world, &brigade, fumes(Some("13800000001"), 0.0)).await;
    let (other, other_code) = accepted(&world, &brigade, river(Some("13800000009"))).await;
    let grid = grid_of(&brigade, &first).await;
    world.officer("officer1", &grid).await;
    let visit = ordered(&brigade, &first).await;
    let (source, target) = (world.entry_of(&other), world.entry_of(&first));
    brigade
        .post(
            &format!("/api/v1/entries/{source}/merge"),
            json!({ "into": target, "reason": "同一问题" }),
        )
        .await
        .expect(200);
    assert_eq!(
        seen(&brigade, &other).await["visits"][0]["id"],
        json!(visit)
    );
    assert_eq!(tracked(&world, &other_code).await[0]["state"], "sent");
    reply(&brigade, &first).await;
    assert_eq!(
        stands(&brigade, &visit).await,
        ("assigned".to_owned(), json!([first, other]))
    );
    reply(&brigade, &other).await;
    assert_eq!(stands(&brigade, &visit).await.0, "cancelled");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

on_both!(
    every_complaint_of_a_matter_shows_its_visit,
    a_withdrawal_takes_no_visit_from_who_waits,
    an_answer_takes_no_visit_from_what_was_merged,
);
