//! Visits of a matter: one visit answers several complaints of an entry, and stands where they do.

use dengwen::platform::db::schema::{record, verification_complaint};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, World,
    bodies::{LAT, LON, fumes, river},
    facts,
};

/// What a barbecue's neighbour files, accepted, and its number and tracking code.
pub async fn accepted(world: &World, brigade: &Actor, body: Value) -> (String, String) {
    let receipt = world.file(body).await;
    let number = receipt.text("/number");
    let of = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let seen = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    if seen.text("/link") == "provisional" {
        brigade
            .post(&of("match-decision"), json!({ "decision": "confirm" }))
            .await
            .expect(200);
    }
    let decision = json!({ "action": "accept", "procedure": "enforcement_request" });
    brigade.post(&of("decision"), decision).await.expect(200);
    (number, receipt.text("/tracking_code"))
}

/// Two complaints of one entry.
pub async fn neighbours(world: &World, brigade: &Actor) -> [(String, String); 2] {
    let first = accepted(world, brigade, fumes(Some("13800000001"), 0.0)).await;
    let second = accepted(world, brigade, fumes(Some("13800000002"), 4.0)).await;
    let entry = |of: &str| format!("/api/v1/complaints/{of}");
    let (a, b) = (
        brigade.get(&entry(&first.0)).await.expect(200),
        brigade.get(&entry(&second.0)).await.expect(200),
    );
    assert_eq!(a.text("/entry"), b.text("/entry"));
    [first, second]
}

pub async fn grid_of(brigade: &Actor, number: &str) -> String {
    let seen = brigade.get(&format!("/api/v1/complaints/{number}")).await;
    seen.expect(200).text("/place/grid_code")
}

/// The officer goes there, and what they find is passed.
pub async fn visited(brigade: &Actor, officer: &Actor, visit: &str) {
    let path = |what: &str| format!("/api/v1/verifications/{visit}/{what}");
    let here = json!({ "client_id": "c", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": EVENING });
    officer.post(&path("check-in"), here).await.expect(200);
    let photo = dengwen::photo::sample::scene(3, 300, 200);
    officer
        .post_parts(&path("photos"), &[("near", None, photo)])
        .await
        .expect(200);
    let found = json!({ "client_id": "f", "result": "true", "notes": "净化器未开，13800000002在场", "device_time": EVENING });
    officer.post(&path("findings"), found).await.expect(200);
    brigade
        .post(&path("review"), json!({ "outcome": "pass" }))
        .await
        .expect(200);
}

pub fn events_of(view: &Value) -> Vec<&str> {
    let history = view["history"].as_array().unwrap();
    history
        .iter()
        .map(|h| h["event"].as_str().unwrap())
        .collect()
}

/// One visit answers two complaints of an entry: each shows it with its photos and what was found,
/// each history says so, the entry shows it once, and the officer reads both.
async fn one_visit_answers_two_complaints(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let [(first, _), (second, _)] = neighbours(&world, &brigade).await;
    let officer = world
        .officer("officer1", &grid_of(&brigade, &first).await)
        .await;
    let order = format!("/api/v1/complaints/{first}/verifications");
    let visit = brigade
        .post(&order, json!({ "complaints": [second] }))
        .await
        .expect(201);
    assert_eq!(
        (visit.text("/complaint"), visit.body["complaints"].clone()),
        (first.clone(), json!([first, second]))
    );
    let id = visit.text("/id");
    // The same order by the other's number is the same order.
    brigade
        .post(
            &format!("/api/v1/complaints/{second}/verifications"),
            json!({}),
        )
        .await
        .expect_problem(409, "already_exists");
    let mine = officer.get("/api/v1/verifications/mine").await.expect(200);
    assert_eq!(
        mine.body["items"],
        json!([officer
            .get(&format!("/api/v1/verifications/{id}"))
            .await
            .expect(200)
            .body])
    );
    assert_eq!(mine.body["items"][0]["entry"], visit.body["entry"]);
    visited(&brigade, &officer, &id).await;
    let read = officer
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .expect(200)
        .body;
    assert!(!read.to_string().contains("13800000002"), "{read}");
    for number in [&first, &second] {
        officer
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200);
        let view = brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200)
            .body;
        assert_eq!(
            (&view["visits"][0]["id"], &view["visits"][0]["result"]),
            (&json!(id), &json!("true"))
        );
        assert_eq!(
            (view["state"].clone(), view["photos"][0]["role"].clone()),
            (json!("in_progress"), json!("near"))
        );
        assert_eq!(view["photo_facts"][0]["verification"], json!(id));
        for event in ["dispatch", "start", "visit", "verified"] {
            assert_eq!(
                events_of(&view).iter().filter(|e| **e == event).count(),
                1,
                "{number} {event}"
            );
        }
        let photo = view["photos"][0]["id"].as_str().unwrap();
        officer
            .get(&format!(
                "/api/v1/complaints/{number}/photos/{photo}?size=400"
            ))
            .await
            .expect(200);
    }
    let entry = brigade
        .get(&format!("/api/v1/entries/{}", visit.text("/entry")))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (
            entry["verifications"].as_array().unwrap().len(),
            &entry["verifications"][0]["complaints"]
        ),
        (1, &json!([first, second]))
    );
    assert_eq!(
        (
            entry["photos"].as_array().unwrap().len(),
            events_of(&entry)
                .iter()
                .filter(|e| **e == "verified")
                .count()
        ),
        (1, 1)
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A visit is for complaints of one entry that wait for it; another's, an unknown and an answered
/// one are named.
async fn a_visit_answers_one_matter_alone(world: World) {
    let brigade = world.brigade().await;
    let [(first, _), (second, _)] = neighbours(&world, &brigade).await;
    let (other, _) = accepted(&world, &brigade, river(Some("13800000009"))).await;
    let order = format!("/api/v1/complaints/{first}/verifications");
    for (number, code) in [
        (other.as_str(), "another_matter"),
        ("GL20200101-0001", "unknown"),
    ] {
        let refused = brigade
            .post(&order, json!({ "complaints": [second, number] }))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(
            (
                refused.text("/items/0/location"),
                refused.text("/items/0/code")
            ),
            ("complaints[1]".to_owned(), code.to_owned())
        );
    }
    brigade
        .post(
            &format!("/api/v1/complaints/{second}/reply"),
            json!({ "kind": "final", "text": "已责令整改" }),
        )
        .await
        .expect(201);
    brigade
        .post(&order, json!({ "complaints": [second] }))
        .await
        .expect_problem(409, "wrong_state");
    let left: i64 = world.db_read(|c| verification_complaint::table.count().get_result(c).unwrap());
    assert_eq!(left, 0);
    // An entry's visit is for all of it that waits.
    let entry = brigade
        .get(&format!("/api/v1/complaints/{first}"))
        .await
        .expect(200)
        .text("/entry");
    brigade
        .post(
            &format!("/api/v1/entries/{entry}/verifications"),
            json!({ "complaints": [second] }),
        )
        .await
        .expect_problem(422, "invalid");
    brigade
        .post("/api/v1/entries/GL-2020-0001/verifications", json!({}))
        .await
        .expect(404);
    // Named twice is named once.
    let visit = brigade
        .post(&order, json!({ "complaints": [first, first] }))
        .await
        .expect(201);
    assert_eq!(visit.body["complaints"], json!([first]));
}

/// A visit ordered for an entry answers all of its complaints that wait, the leading one first.
async fn an_entrys_visit_answers_all_that_wait(world: World) {
    let brigade = world.brigade().await;
    let [(first, _), (second, _)] = neighbours(&world, &brigade).await;
    let (third, code) = accepted(&world, &brigade, fumes(Some("13800000003"), 6.0)).await;
    world
        .resident()
        .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
        .await
        .expect(200);
    let entry = brigade
        .get(&format!("/api/v1/complaints/{third}"))
        .await
        .expect(200)
        .text("/entry");
    let visit = brigade
        .post(&format!("/api/v1/entries/{entry}/verifications"), json!({}))
        .await
        .expect(201);
    assert_eq!(
        (visit.text("/entry"), visit.body["complaints"].clone()),
        (entry, json!([first, second]))
    );
}

/// What one of two takes back or is answered ends nothing the other waits for; the last one does.
async fn a_visit_ends_with_the_last_that_waits(world: World) {
    let brigade = world.brigade().await;
    let [(first, code), (second, _)] = neighbours(&world, &brigade).await;
    world
        .officer("officer1", &grid_of(&brigade, &first).await)
        .await;
    let order = format!("/api/v1/complaints/{first}/verifications");
    let id = brigade
        .post(&order, json!({ "complaints": [second] }))
        .await
        .expect(201)
        .text("/id");
    let state = async || {
        brigade
            .get(&format!("/api/v1/verifications/{id}"))
            .await
            .expect(200)
            .text("/state")
    };
    world
        .resident()
        .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
        .await
        .expect(200);
    assert_eq!(state().await, "assigned");
    brigade
        .post(
            &format!("/api/v1/complaints/{second}/reply"),
            json!({ "kind": "final", "text": "已责令整改" }),
        )
        .await
        .expect(201);
    assert_eq!(state().await, "cancelled");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Merged into another entry and taken back, a complaint takes the visit along that was ordered for
/// it, and every view says the same.
async fn a_visit_goes_with_its_complaint(world: World) {
    let brigade = world.brigade().await;
    let (first, _) = accepted(&world, &brigade, fumes(Some("13800000001"), 0.0)).await;
    let (other, _) = accepted(&world, &brigade, river(Some("13800000009"))).await;
    world
        .officer("officer1", &grid_of(&brigade, &first).await)
        .await;
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{first}/verifications"),
            json!({}),
        )
        .await
        .expect(201);
    let (id, source) = (visit.text("/id"), visit.text("/entry"));
    let target = brigade
        .get(&format!("/api/v1/complaints/{other}"))
        .await
        .expect(200)
        .text("/entry");
    let standing = async |entry: &str| {
        let seen = brigade
            .get(&format!("/api/v1/entries/{entry}"))
            .await
            .expect(200)
            .body;
        seen["verifications"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let merge = json!({ "into": target, "reason": "同一问题" });
    let merged = brigade
        .post(&format!("/api/v1/entries/{source}/merge"), merge)
        .await
        .expect(200);
    assert_eq!(
        (standing(&source).await, standing(&target).await),
        (vec![], vec![id.clone()])
    );
    let view = brigade
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .expect(200);
    assert_eq!(
        (view.text("/entry"), view.body["complaints"].clone()),
        (target.clone(), json!([first]))
    );
    let undo = format!("/api/v1/merges/{}/undo", merged.text("/merge_id"));
    brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect(200);
    assert_eq!(
        (standing(&source).await, standing(&target).await),
        (vec![id.clone()], vec![])
    );
    assert_eq!(
        brigade
            .get(&format!("/api/v1/verifications/{id}"))
            .await
            .expect(200)
            .text("/entry"),
        source
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A corrected place takes its complaint from a visit that others wait for where it is, and sends
/// the grid of the new place for it.
async fn a_moved_complaint_leaves_the_visit_to_the_others(world: World) {
    let brigade = world.brigade().await;
    let [(first, _), (second, _)] = neighbours(&world, &brigade).await;
    let by_the_river = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    world
        .officer("officer1", &grid_of(&brigade, &first).await)
        .await;
    let grid = grid_of(&brigade, &by_the_river).await;
    let other = world.officer("officer2", &grid).await;
    let order = format!("/api/v1/complaints/{first}/verifications");
    let id = brigade
        .post(
            &order,
            json!({ "complaints": [second], "instructions": "看净化器" }),
        )
        .await
        .expect(201)
        .text("/id");
    let complaint = format!("/api/v1/complaints/{first}");
    let version = brigade.get(&complaint).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let moved = json!({ "location": { "lon": 119.2760, "lat": 26.1010, "datum": "WGS84" }, "reason": "电话核实位置" });
    brigade
        .patch_if(&complaint, version, moved)
        .await
        .expect(200);
    let stays = brigade
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .expect(200);
    assert_eq!(
        (stays.text("/state"), stays.body["complaints"].clone()),
        ("assigned".to_owned(), json!([second]))
    );
    let sent = other
        .get("/api/v1/verifications/mine")
        .await
        .expect(200)
        .body["items"]
        .clone();
    assert_eq!(
        (&sent[0]["complaints"], &sent[0]["instructions"]),
        (&json!([first]), &json!("看净化器"))
    );
    let released: i64 = world.db_read(|c| {
        record::table
            .filter(record::event.eq("release_complaint"))
            .count()
            .get_result(c)
            .unwrap()
    });
    assert_eq!(released, 1);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

on_both!(
    one_visit_answers_two_complaints,
    a_visit_answers_one_matter_alone,
    an_entrys_visit_answers_all_that_wait,
    a_visit_ends_with_the_last_that_waits,
    a_visit_goes_with_its_complaint,
    a_moved_complaint_leaves_the_visit_to_the_others,
);
