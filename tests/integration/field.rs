//! Visits on site, from phones on bad networks.

use dengwen::{
    account::Role,
    photo::sample::{SampleExif, scene, with_exif},
    platform::{
        db::{
            Id,
            schema::{record, verification},
        },
        sealed::HISTORY_REASON,
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, World,
    actors::form,
    bodies::{LAT, LON, fumes, river},
};

const GRID_OF_PLACE: &str = "350102004";

/// A visit to the barbecue, dispatched to the first officer of its grid.
async fn dispatched(world: &World, brigade: &Actor) -> (String, String, Actor) {
    let receipt = world.file(fumes(Some("13800000001"), 0.0)).await;
    let number = receipt.text("/number");
    brigade.accept(&number).await;
    let grid = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .text("/place/grid_code");
    assert!(grid.starts_with(GRID_OF_PLACE));
    let officer = world.officer("officer1", &grid).await;
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{number}/verifications"),
            json!({ "instructions": "看净化器" }),
        )
        .await
        .expect(201);
    assert_eq!(visit.text("/state"), "assigned");
    assert_eq!(visit.body["band_from"], 18);
    (number, visit.text("/id"), officer)
}

fn check_in(client_id: &str, metres: f64) -> Value {
    json!({ "client_id": client_id, "lon": LON, "lat": LAT + metres / 111_195.0, "datum": "WGS84", "accuracy_m": 8.0, "device_time": "2026-11-24T20:10:00+08:00" })
}

fn findings(client_id: &str, result: &str, at: &str) -> Value {
    json!({ "client_id": client_id, "result": result, "notes": "净化器未开，联系店主13800009999", "device_time": at })
}

/// Check-in, photos, findings, review; every call again gives the same.
async fn a_visit_is_made_and_passed(world: World) {
    let brigade = world.brigade().await;
    let (number, id, officer) = dispatched(&world, &brigade).await;
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    let mine = officer.get("/api/v1/verifications/mine").await.expect(200);
    assert_eq!(mine.body["items"][0]["id"], id);
    assert!(!mine.body.to_string().contains("13800000001"));
    let far = officer
        .post(&path("/check-in"), check_in("c0", 30_000.0))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(far.body["items"][0]["code"], "outside_radius");
    // In the grid, but not there; and a phone that knows nothing waives nothing.
    officer
        .post(&path("/check-in"), check_in("c0", 130.0))
        .await
        .expect_problem(422, "invalid");
    let mut vague = check_in("c0", 400.0);
    vague["accuracy_m"] = json!(50_000.0);
    officer
        .post(&path("/check-in"), vague)
        .await
        .expect_problem(422, "invalid");
    // The hour that counts is that of the visit, not that of writing.
    let mut morning = check_in("c-am", 20.0);
    morning["device_time"] = json!("2026-11-24T10:05:00+08:00");
    let early = officer.post(&path("/check-in"), morning).await.expect(200);
    assert_eq!(early.body["events"][0]["same_time_of_day"], false);
    let refused = officer
        .post(&path("/findings"), findings("f0", "true", EVENING))
        .await
        .expect(422);
    assert_eq!(refused.body["items"][0]["code"], "outside_time_band");
    // Neither is an evening before the visit was given.
    let mut before = check_in("c-before", 20.0);
    before["device_time"] = json!("2026-11-23T20:00:00+08:00");
    officer.post(&path("/check-in"), before).await.expect(200);
    let morning = officer
        .post(
            &path("/findings"),
            findings("f0", "true", "2026-11-24T10:10:00+08:00"),
        )
        .await
        .expect(422);
    assert_eq!(morning.body["items"][0]["code"], "outside_time_band");
    world.at(EVENING);
    let (brigade, officer) = (
        world.sign_in("brigade").await,
        world.sign_in("officer1").await,
    );
    let here = officer
        .post(&path("/check-in"), check_in("c1", 20.0))
        .await
        .expect(200);
    assert_eq!(here.text("/state"), "checked_in");
    assert_eq!(
        (
            here.text("/events/2/happened_at"),
            here.text("/events/2/clock")
        ),
        ("2026-11-24T20:10:00+08:00".to_owned(), "agrees".to_owned())
    );
    let again = officer
        .post(&path("/check-in"), check_in("c1", 20.0))
        .await
        .expect(200);
    assert_eq!(again.body["events"], here.body["events"]);
    officer
        .post(&path("/findings"), findings("c1", "true", EVENING))
        .await
        .expect_problem(409, "already_exists");
    let found = officer
        .post(&path("/findings"), findings("f1", "true", EVENING))
        .await
        .expect(200);
    assert_eq!(
        (found.text("/state"), found.body["missing"].clone()),
        ("checked_in".into(), json!(["photo"]))
    );
    // A photo taken before the visit was assigned proves nothing about it, where the clock is known.
    let taken = |time: &str, seed| {
        with_exif(
            &scene(seed, 400, 300),
            SampleExif {
                taken: Some(time),
                ..SampleExif::default()
            },
        )
    };
    let parts = [("near", None, taken("2026:11:20 20:00:00", 1))];
    let old = officer
        .send(reqwest::Method::POST, &path("/photos"), |r| {
            r.header("device-now", EVENING).multipart(form(&parts))
        })
        .await
        .expect(200);
    assert_eq!(old.body["missing"], json!(["photo"]));
    let fresh = officer
        .post_parts(
            &path("/photos"),
            &[("far", None, taken("2026:11:24 20:15:00", 2))],
        )
        .await
        .expect(200);
    assert_eq!(
        (fresh.text("/state"), fresh.text("/result")),
        ("submitted".into(), "true".into())
    );
    brigade
        .post(&path("/review"), json!({ "outcome": "return" }))
        .await
        .expect(422);
    let passed = brigade
        .post(&path("/review"), json!({ "outcome": "pass" }))
        .await
        .expect(200);
    assert_eq!(passed.text("/state"), "passed");
    // What comes after the review is kept with both clocks and changes nothing; a retry is no
    // second event.
    let read = officer.get(&path("")).await.expect(200);
    let retried = officer
        .post(&path("/findings"), findings("f1", "true", EVENING))
        .await
        .expect(200);
    assert_eq!(retried.body, read.body);
    let after = officer
        .post(&path("/findings"), findings("f2", "not_true", EVENING))
        .await
        .expect(200);
    assert_eq!(
        (after.text("/state"), after.text("/result")),
        ("passed".into(), "true".into())
    );
    assert_eq!(
        after.body["events"].as_array().unwrap().last().unwrap()["late"],
        true
    );
    let entry = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .text("/entry");
    let view = brigade
        .get(&format!("/api/v1/entries/{entry}"))
        .await
        .expect(200);
    assert_eq!(view.body["verifications"][0]["result"], "true");
    assert!(
        view.body["history"]
            .as_array()
            .unwrap()
            .iter()
            .any(|h| h["event"] == "verified")
    );
}

/// D19, D22, D23: uploads in the wrong order are kept and count when the rest is there; both
/// clocks are kept and a late upload is marked.
async fn uploads_come_in_any_order(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let (_, id, officer) = dispatched(&world, &brigade).await;
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    let first = officer
        .post(
            &path("/findings"),
            findings("f1", "partly_true", "2026-11-23T20:20:00+08:00"),
        )
        .await
        .expect(200);
    assert_eq!(
        (first.text("/state"), first.body["missing"].clone()),
        ("assigned".into(), json!(["check_in", "photo"]))
    );
    assert_eq!(first.body["events"][0]["late"], true);
    assert_eq!(
        first.body["events"][0]["device_time"],
        "2026-11-23T20:20:00+08:00"
    );
    officer
        .post_parts(&path("/photos"), &[("near", None, scene(3, 300, 200))])
        .await
        .expect(200);
    // On its own a picture may come raw; another kind of body is told so.
    let raw = officer
        .send(reqwest::Method::POST, &path("/photos"), |r| {
            r.header("content-type", "image/jpeg")
                .body(scene(5, 300, 200))
        })
        .await
        .expect(200);
    let roles: Vec<&Value> = raw.body["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["role"])
        .collect();
    assert_eq!(roles, ["near", "near"]);
    officer
        .send(reqwest::Method::POST, &path("/photos"), |r| {
            r.header("content-type", "text/plain").body("x")
        })
        .await
        .expect(415);
    let last = officer
        .post(&path("/check-in"), check_in("c1", 5.0))
        .await
        .expect(200);
    assert_eq!(
        (last.text("/state"), last.text("/result")),
        ("submitted".into(), "partly_true".into())
    );
}

/// Returned by the brigade, a visit is made again; of two findings the later by the officer's
/// clock counts, however they arrive.
async fn a_returned_visit_is_made_again(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let (_, id, officer) = dispatched(&world, &brigade).await;
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    officer
        .post(&path("/check-in"), check_in("c1", 5.0))
        .await
        .expect(200);
    officer
        .post_parts(&path("/photos"), &[("near", None, scene(3, 300, 200))])
        .await
        .expect(200);
    let late = officer
        .post(
            &path("/findings"),
            findings("f2", "true", "2026-11-24T20:18:00+08:00"),
        )
        .await
        .expect(200);
    assert_eq!(
        (late.text("/state"), late.text("/result")),
        ("submitted".into(), "true".into())
    );
    let earlier = officer
        .post(
            &path("/findings"),
            findings("f1", "not_true", "2026-11-24T20:17:00+08:00"),
        )
        .await
        .expect(200);
    assert_eq!(earlier.text("/result"), "true", "the draft came late");
    let corrected = officer
        .post(
            &path("/findings"),
            findings("f3", "partly_true", "2026-11-24T20:19:00+08:00"),
        )
        .await
        .expect(200);
    assert_eq!(
        (corrected.text("/state"), corrected.text("/result")),
        ("submitted".into(), "partly_true".into())
    );
    world.clock.advance(chrono::TimeDelta::minutes(5));
    brigade
        .post(
            &path("/review"),
            json!({ "outcome": "return", "reason": "没有远景" }),
        )
        .await
        .expect(200);
    let again = officer.get(&path("")).await.expect(200);
    assert_eq!(
        (again.text("/state"), again.body["result"].clone()),
        ("returned".into(), Value::Null)
    );
    officer
        .post(&path("/check-in"), check_in("c1", 5.0))
        .await
        .expect(200);
    assert_eq!(
        officer.get(&path("")).await.expect(200).text("/state"),
        "returned",
        "the first visit's check-in is no second visit"
    );
    let mut second = check_in("c2", 5.0);
    second["device_time"] = json!("2026-11-24T20:25:00+08:00");
    officer.post(&path("/check-in"), second).await.expect(200);
    officer
        .post_parts(&path("/photos"), &[("far", None, scene(4, 300, 200))])
        .await
        .expect(200);
    let second = officer
        .post(&path("/findings"), findings("f4", "true", EVENING))
        .await
        .expect(200);
    assert_eq!(
        (second.text("/state"), second.text("/result")),
        ("submitted".into(), "true".into())
    );
    brigade
        .post(&path("/review"), json!({ "outcome": "pass" }))
        .await
        .expect(200);
}

/// An officer sent to another grid's place sees the complaint and every photo of the visit; an
/// officer who is not sent sees nothing of it.
async fn an_officer_sees_what_they_were_sent_to(world: World) {
    let brigade = world.brigade().await;
    let (number, _, _) = dispatched(&world, &brigade).await;
    let (away, other) = (
        "35010200100101",
        world.officer("officer9", "35010200100101").await,
    );
    other
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(404);
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{number}/verifications"),
            json!({ "grid_code": away, "officer": "officer9" }),
        )
        .await
        .expect(201);
    let path = format!("/api/v1/verifications/{}/photos", visit.text("/id"));
    let sent = other
        .post_parts(
            &path,
            &[("near", Some("王某13800001234.jpg"), scene(8, 300, 200))],
        )
        .await
        .expect(200);
    assert!(
        !sent.body.to_string().contains("13800001234"),
        "{}",
        sent.body
    );
    let photo = sent.text("/photos/0/id");
    other
        .get(&format!(
            "/api/v1/complaints/{number}/photos/{photo}?size=400"
        ))
        .await
        .expect(200);
    other
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
}

/// D24: an officer whose visit went to another is told so, and the visit is closed to them: what
/// they sent before is acknowledged still, without the matter and without what the other found.
/// Colleagues of the grid and strangers see nothing.
async fn a_reassigned_visit_refuses_the_former_officer(world: World) {
    let brigade = world.brigade().await;
    let (_, id, officer) = dispatched(&world, &brigade).await;
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    let grid = brigade.get(&path("")).await.expect(200).text("/grid_code");
    let second = world.officer("officer2", &grid).await;
    let stranger = world.officer("officer3", "35010200100101").await;
    stranger.get(&path("")).await.expect(404);
    brigade
        .post(
            &path("/reassignment"),
            json!({ "officer": "officer3", "reason": "请假" }),
        )
        .await
        .expect(422);
    second.get(&path("")).await.expect(404);
    officer
        .post(&path("/check-in"), check_in("c0", 5.0))
        .await
        .expect(200);
    officer.get(&path("")).await.expect(200);
    brigade
        .post(
            &path("/reassignment"),
            json!({ "officer": "officer2", "reason": "请假" }),
        )
        .await
        .expect(200);
    officer.get(&path("")).await.expect(404);
    officer
        .post(&path("/check-in"), check_in("c1", 5.0))
        .await
        .expect_problem(403, "forbidden");
    second.get(&path("")).await.expect(200);
    second
        .post(&path("/check-in"), check_in("c1", 5.0))
        .await
        .expect(200);
    let acknowledged = officer
        .post(&path("/check-in"), check_in("c0", 5.0))
        .await
        .expect(200);
    assert_eq!(
        (
            acknowledged.text("/description"),
            &acknowledged.body["instructions"]
        ),
        (String::new(), &Value::Null)
    );
    assert_eq!(
        acknowledged.body["events"].as_array().unwrap().len(),
        1,
        "{}",
        acknowledged.body
    );
    let section = world.staff(Role::Section).await;
    section.get(&path("")).await.expect(403);
}

/// An id names one event: sent again as it was it is that event, sent with another position or
/// another finding it is a conflict, and nothing is lost in silence.
async fn an_id_sent_again_with_other_content_is_a_conflict(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let (_, id, officer) = dispatched(&world, &brigade).await;
    let path = |what: &str| format!("/api/v1/verifications/{id}{what}");
    let mut here = check_in("c1", 5.0);
    here["device_time"] = json!("2026-11-24T20:10:00.123456789+08:00");
    here["reason"] = json!("门口等店主13800009999");
    let first = officer
        .post(&path("/check-in"), here.clone())
        .await
        .expect(200);
    let again = officer
        .post(&path("/check-in"), here.clone())
        .await
        .expect(200);
    assert_eq!(again.body, first.body);
    officer
        .post(&path("/check-in"), check_in("c1", 50.0))
        .await
        .expect_problem(409, "idempotency_conflict");
    let found = officer
        .post(&path("/findings"), findings("f1", "true", EVENING))
        .await
        .expect(200);
    officer
        .post(&path("/findings"), findings("f1", "not_true", EVENING))
        .await
        .expect_problem(409, "idempotency_conflict");
    let kept = officer
        .post(&path("/findings"), findings("f1", "true", EVENING))
        .await
        .expect(200);
    assert_eq!(kept.body, found.body);
}

/// A visit ends with the handling it was for: withdrawn or finally answered, nobody goes there
/// any more, and the record says so. The same order given twice is refused.
async fn a_visit_ends_with_its_complaint(world: World) {
    let brigade = world.brigade().await;
    let (number, id, officer) = dispatched(&world, &brigade).await;
    let complaint = |what: &str| format!("/api/v1/complaints/{number}{what}");
    let twin = brigade
        .post(&complaint("/verifications"), json!({}))
        .await
        .expect_problem(409, "already_exists");
    assert!(twin.text("/detail").contains(&id), "{}", twin.body);
    brigade
        .post(
            &complaint("/verifications"),
            json!({ "due_on": "2026-11-23" }),
        )
        .await
        .expect_problem(422, "invalid");
    let text = "已整改。联系电话0591-87654321，联系人13800007777";
    brigade
        .post(
            &complaint("/reply"),
            json!({ "kind": "final", "text": text }),
        )
        .await
        .expect(201);
    let visit = brigade
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .expect(200);
    assert_eq!(visit.text("/state"), "cancelled");
    let mine = officer.get("/api/v1/verifications/mine").await.expect(200);
    assert_eq!(mine.body["items"], json!([]));
    let after = officer
        .post(
            &format!("/api/v1/verifications/{id}/check-in"),
            check_in("c1", 5.0),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            after.text("/state"),
            after.body["events"][0]["late"].clone()
        ),
        ("cancelled".into(), json!(true))
    );
    brigade
        .post(
            &format!("/api/v1/verifications/{id}/review"),
            json!({ "outcome": "pass" }),
        )
        .await
        .expect_problem(409, "wrong_state");
    let ended: i64 = world.db_read(|c| {
        record::table
            .filter(record::event.eq("cancel"))
            .count()
            .get_result(c)
            .unwrap()
    });
    assert_eq!(ended, 1);
    // Taken up again, the matter is looked at again.
    brigade
        .post(&complaint("/reopening"), json!({ "reason": "群众来电" }))
        .await
        .expect(200);
    brigade
        .post(&complaint("/verifications"), json!({}))
        .await
        .expect(201);
}

/// A complaint that its reporter takes back sends nobody anywhere.
async fn a_withdrawn_complaints_visit_is_cancelled(world: World) {
    let brigade = world.brigade().await;
    let receipt = world
        .resident()
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201);
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{number}/verifications"),
            json!({}),
        )
        .await
        .expect(201);
    assert_eq!(visit.text("/state"), "pending");
    world
        .resident()
        .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
        .await
        .expect(200);
    let ended = brigade
        .get(&format!("/api/v1/verifications/{}", visit.text("/id")))
        .await
        .expect(200);
    assert_eq!(ended.text("/state"), "cancelled");
}

/// A corrected place sends the grid that answers for it, and calls the other off; a visit that was
/// made already stays to be reviewed.
async fn a_visit_follows_the_corrected_place(world: World) {
    let brigade = world.brigade().await;
    let (number, id, officer) = dispatched(&world, &brigade).await;
    let complaint = |what: &str| format!("/api/v1/complaints/{number}{what}");
    let by_the_river = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    let grid = brigade
        .get(&format!("/api/v1/complaints/{by_the_river}"))
        .await
        .expect(200)
        .text("/place/grid_code");
    let other = world.officer("officer2", &grid).await;
    let move_to = async |lon: f64, lat: f64| {
        let version = brigade.get(&complaint("")).await.expect(200).body["version"]
            .as_i64()
            .unwrap();
        let body = json!({ "location": { "lon": lon, "lat": lat, "datum": "WGS84" }, "reason": "电话核实位置" });
        brigade
            .patch_if(&complaint(""), version, body)
            .await
            .expect(200);
    };
    let visit = async |id: &str| {
        brigade
            .get(&format!("/api/v1/verifications/{id}"))
            .await
            .expect(200)
            .body
    };
    let mine = async |officer: &Actor| {
        officer
            .get("/api/v1/verifications/mine")
            .await
            .expect(200)
            .body["items"]
            .clone()
    };

    // Within its grid the visit goes to the new place.
    move_to(LON, LAT + 0.0001).await;
    let same = visit(&id).await;
    assert_eq!(
        (same["state"].clone(), same["grid_code"] == grid),
        (json!("assigned"), false)
    );
    assert!(
        (same["lat"].as_f64().unwrap() - LAT - 0.0001).abs() < 1e-5,
        "{same}"
    );

    move_to(119.2760, 26.1010).await;
    assert_eq!(visit(&id).await["state"], "cancelled");
    assert_eq!(mine(&officer).await, json!([]));
    let sent = mine(&other).await;
    assert_eq!(
        (
            sent[0]["grid_code"].clone(),
            sent[0]["state"].clone(),
            sent[0]["instructions"].clone()
        ),
        (json!(grid), json!("assigned"), json!("看净化器"))
    );
    assert!(
        (sent[0]["lat"].as_f64().unwrap() - 26.1010).abs() < 1e-5,
        "{sent}"
    );
    let told: Vec<(Id, String, Option<String>)> = world.db_read(|c| {
        record::table
            .filter(record::event.eq_any(["cancel", "correct_place"]))
            .order(record::id)
            .select((record::id, record::event, record::reason))
            .load(c)
            .unwrap()
    });
    assert_eq!(
        told.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(),
        ["correct_place", "cancel"]
    );
    let (cancelled, _, why) = told[1].clone();
    let why = HISTORY_REASON.read_maybe(&world.server.app.keys, cancelled.0.as_bytes(), why);
    assert!(why.unwrap().contains("地点"));

    // What was found and sent in is the brigade's to review, wherever the place turns out to be.
    let second = sent[0]["id"].as_str().unwrap().to_owned();
    world.db_read(|c| {
        diesel::update(verification::table.filter(verification::grid_code.eq(&grid)))
            .set(verification::state.eq("submitted"))
            .execute(c)
            .unwrap()
    });
    move_to(LON, LAT).await;
    assert_eq!(visit(&second).await["state"], "submitted");
    assert_eq!(mine(&officer).await, json!([]));
}

on_both!(
    a_visit_is_made_and_passed,
    uploads_come_in_any_order,
    a_returned_visit_is_made_again,
    an_officer_sees_what_they_were_sent_to,
    a_reassigned_visit_refuses_the_former_officer,
    an_id_sent_again_with_other_content_is_a_conflict,
    a_visit_ends_with_its_complaint,
    a_withdrawn_complaints_visit_is_cancelled,
    a_visit_follows_the_corrected_place,
);
