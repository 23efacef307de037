//! Who makes a visit: neighbours and the brigade may be sent, and who cannot go hands it back.

use dengwen::{
    account::Role,
    photo::sample::scene,
    platform::{
        db::{Id, schema::record},
        sealed::HISTORY_REASON,
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, World,
    bodies::{LAT, LON, fumes},
};

/// The grid of the place that the stories complain of, one beside it, and one far away.
const HOME: &str = "35010200400301";
const BESIDE: &str = "35010200500201";
const AWAY: &str = "35010200100101";

/// A complaint that was accepted, and the path to order a visit for it.
async fn accepted(world: &World, brigade: &Actor) -> String {
    let number = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    brigade.accept(&number).await;
    let complaint = format!("/api/v1/complaints/{number}");
    let read = brigade.get(&complaint).await.expect(200);
    assert_eq!(read.text("/place/grid_code"), HOME);
    format!("{complaint}/verifications")
}

fn here(client_id: &str) -> Value {
    json!({ "client_id": client_id, "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": EVENING })
}

/// Goes there, and reports.
async fn visit(officer: &Actor, id: &str) {
    let path = |what: &str| format!("/api/v1/verifications/{id}/{what}");
    officer.post(&path("check-in"), here("c")).await.expect(200);
    officer
        .post_parts(&path("photos"), &[("near", None, scene(3, 300, 200))])
        .await
        .expect(200);
    let found = json!({ "client_id": "f", "result": "true", "notes": "净化器未开", "device_time": EVENING });
    let done = officer.post(&path("findings"), found).await.expect(200);
    assert_eq!(done.text("/state"), "submitted");
}

/// Who is sent hands a visit back, on the way or there, and says why. It waits for somebody to be sent,
/// with its day and what was uploaded, which counts no more. Nobody hands back another's, nor one that
/// was reported.
async fn a_visit_is_handed_back_with_a_reason(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let order = accepted(&world, &brigade).await;
    let first = world.officer("officer1", HOME).await;
    let second = world.officer("officer2", HOME).await;
    let sent = brigade
        .post(&order, json!({ "officer": "officer1" }))
        .await
        .expect(201);
    let id = sent.text("/id");
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    let why = json!({ "reason": "道路施工无法到达，请转13800007777" });
    second
        .post(&path("/handback"), why.clone())
        .await
        .expect_problem(403, "forbidden");
    first
        .post(&path("/handback"), json!({ "reason": " " }))
        .await
        .expect_problem(422, "invalid");
    first.post(&path("/check-in"), here("c0")).await.expect(200);
    let back = first.post(&path("/handback"), why).await.expect(200);
    assert_eq!(
        (
            back.text("/state"),
            &back.body["due_on"],
            &back.body["assigned_at"]
        ),
        ("pending".to_owned(), &sent.body["due_on"], &Value::Null)
    );
    let mine = first.get("/api/v1/verifications/mine").await.expect(200);
    assert_eq!(mine.body["items"], json!([]));
    first
        .post(&path("/check-in"), here("c1"))
        .await
        .expect_problem(403, "forbidden");
    let told: (Id, Option<String>, Option<String>, Option<String>) = world.db_read(|c| {
        record::table
            .filter(record::event.eq("hand_back"))
            .select((
                record::id,
                record::from_state,
                record::to_state,
                record::reason,
            ))
            .first(c)
            .unwrap()
    });
    let reason = HISTORY_REASON.read_maybe(&world.server.app.keys, told.0.0.as_bytes(), told.3);
    assert_eq!(
        (told.1.as_deref(), told.2.as_deref()),
        (Some("checked_in"), Some("pending"))
    );
    assert!(reason.unwrap().contains("道路施工"));

    world.clock.advance(chrono::TimeDelta::minutes(1));
    let again = brigade
        .post(
            &path("/reassignment"),
            json!({ "officer": "officer2", "reason": "改派" }),
        )
        .await
        .expect(200);
    assert_eq!(
        (again.text("/state"), &again.body["missing"]),
        (
            "assigned".to_owned(),
            &json!(["check_in", "findings", "photo"])
        )
    );
    visit(&second, &id).await;
    second
        .post(&path("/handback"), json!({ "reason": "不想去了" }))
        .await
        .expect_problem(409, "wrong_state");
}

/// An officer of a grid beside the visit's is sent, one from far away is not; one of the brigade goes as
/// well, and another of the brigade reviews what they found.
async fn neighbours_and_the_brigade_are_sent(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let order = accepted(&world, &brigade).await;
    let neighbour = world.officer("officer5", BESIDE).await;
    world.officer("officer9", AWAY).await;
    let inspector = world.staff_named(Role::Brigade, "brigade2").await;
    let refused = brigade
        .post(&order, json!({ "officer": "officer9" }))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.text("/items/0/code"), "not_of_this_grid");
    let id = brigade
        .post(&order, json!({ "officer": "officer5" }))
        .await
        .expect(201)
        .text("/id");
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    let read = neighbour.get(&path("")).await.expect(200);
    assert_eq!(
        (read.text("/state"), read.text("/grid_code")),
        ("assigned".to_owned(), HOME.to_owned())
    );
    let number = read.text("/complaint");
    neighbour
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    brigade
        .post(
            &path("/reassignment"),
            json!({ "officer": "brigade2", "reason": "涉嫌违法，执法人员到场" }),
        )
        .await
        .expect(200);
    neighbour.get(&path("")).await.expect(404);
    let mine = inspector
        .get("/api/v1/verifications/mine")
        .await
        .expect(200);
    assert_eq!(mine.text("/items/0/id"), id);
    brigade
        .post(&path("/check-in"), here("x"))
        .await
        .expect_problem(403, "forbidden");
    visit(&inspector, &id).await;
    let pass = json!({ "outcome": "pass" });
    inspector
        .post(&path("/review"), pass.clone())
        .await
        .expect_problem(422, "guard_failed");
    let passed = brigade.post(&path("/review"), pass).await.expect(200);
    assert_eq!(passed.text("/state"), "passed");
}

on_both!(
    a_visit_is_handed_back_with_a_reason,
    neighbours_and_the_brigade_are_sent,
);
