//! Clocks of phones: what a device claims is bounded by its arrival, corrected where its clock was
//! measured, and left to the reviewer where nobody can tell.

use dengwen::photo::sample::{SampleExif, scene, with_exif};
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, Reply, World,
    actors::form,
    bodies::{LAT, LON, fumes},
};

/// A building site at night, told of the next morning.
fn night_noise() -> Value {
    let mut body = fumes(Some("13800000001"), 0.0);
    body["category"] = json!("noise.construction");
    body["description"] = json!("隔壁工地半夜打桩，全楼无法入睡，请尽快处理。");
    body["premises"] = json!("东街工地");
    body["occurred_at"] = json!("2026-11-23T23:00:00+08:00");
    body["occurred_until"] = json!("2026-11-24T02:30:00+08:00");
    body
}

/// A visit to a matter, and the officer who is sent.
async fn sent(world: &World, body: Value) -> (String, Actor) {
    let brigade = world.brigade().await;
    let number = world.file(body).await.text("/number");
    brigade.accept(&number).await;
    let complaint = format!("/api/v1/complaints/{number}");
    let grid = brigade
        .get(&complaint)
        .await
        .expect(200)
        .text("/place/grid_code");
    let officer = world.officer("officer1", &grid).await;
    let visit = brigade
        .post(&format!("{complaint}/verifications"), json!({}))
        .await
        .expect(201);
    (visit.text("/id"), officer)
}

fn here(client_id: &str, device_time: &str) -> Value {
    json!({ "client_id": client_id, "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": device_time })
}

fn found(client_id: &str, result: &str, device_time: &str) -> Value {
    json!({ "client_id": client_id, "result": result, "notes": "到场查看", "device_time": device_time })
}

fn taken(time: &str, seed: u32) -> Vec<u8> {
    let exif = SampleExif {
        taken: Some(time),
        ..SampleExif::default()
    };
    with_exif(&scene(seed, 400, 300), exif)
}

/// Sends as a phone does that says what its clock shows.
async fn send(officer: &Actor, path: &str, shows: &str, body: &Value) -> Reply {
    officer
        .send(reqwest::Method::POST, path, |r| {
            r.header("device-now", shows).json(body)
        })
        .await
}

/// The codes of a visit's warnings and what each is of.
fn warned(reply: &Reply) -> Vec<(String, String)> {
    let text = |w: &Value, of: &str| w[of].as_str().unwrap().to_owned();
    let warnings = reply.body["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|w| (text(w, "code"), text(w, "id")))
        .collect()
}

fn pairs(told: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    told.iter().map(own).collect()
}

/// A check-in that arrives in the morning and claims the coming night is read as the morning: it is
/// warned of, and but for 无法核实 nothing can be found. What comes the morning after from a night that
/// was, is believed and marked.
async fn an_arrival_bounds_what_a_phone_claims(world: World) {
    world.at("2026-11-24T08:43:00+08:00");
    let (visit, officer) = sent(&world, night_noise()).await;
    let path = |what: &str| format!("/api/v1/verifications/{visit}{what}");
    let night = "2026-11-24T23:20:00+08:00";
    let came = officer
        .post(&path("/check-in"), here("c1", night))
        .await
        .expect(200);
    let event = &came.body["events"][0];
    assert_eq!(
        (&event["device_time"], &event["happened_at"]),
        (&json!(night), &json!("2026-11-24T08:43:00+08:00"))
    );
    assert_eq!(
        (
            &event["clock"],
            &event["same_time_of_day"],
            &event["clock_ahead"]
        ),
        (&json!("arrival"), &json!(false), &json!(true))
    );
    assert_eq!(
        warned(&came),
        pairs(&[("clock_ahead", "c1"), ("outside_time_band", "c1")])
    );
    let refused = officer
        .post(&path("/findings"), found("f0", "true", night))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.text("/items/0/code"), "outside_time_band");

    world.at("2026-11-25T08:43:00+08:00");
    let officer = world.sign_in("officer1").await;
    let late = officer
        .post(&path("/check-in"), here("c2", night))
        .await
        .expect(200);
    let event = &late.body["events"][1];
    assert_eq!(
        (
            &event["happened_at"],
            &event["clock"],
            &event["same_time_of_day"],
            &event["late"]
        ),
        (
            &json!(night),
            &json!("unmeasured"),
            &json!(true),
            &json!(true)
        )
    );
    assert_eq!(
        warned(&late),
        pairs(&[("clock_ahead", "c1"), ("clock_unmeasured", "c2")])
    );
    let written = officer
        .post(
            &path("/findings"),
            found("f1", "true", "2026-11-25T08:40:00+08:00"),
        )
        .await
        .expect(200);
    assert_eq!(written.body["missing"], json!(["recording"]));
}

/// Night noise is heard, not seen: a sound recording of the visit is evidence enough, if it was made after
/// the visit was given.
async fn a_recording_is_evidence_of_noise(world: World) {
    world.at("2026-11-24T22:20:00+08:00");
    let (visit, officer) = sent(&world, night_noise()).await;
    let path = |what: &str| format!("/api/v1/verifications/{visit}{what}");
    let at = "2026-11-24T22:20:00+08:00";
    officer
        .post(&path("/check-in"), here("c1", at))
        .await
        .expect(200);
    officer
        .post(&path("/findings"), found("f1", "true", at))
        .await
        .expect(200);
    let sound = |seed: u8| {
        let mut bytes = b"ID3\x04\0\0\0\0\0\0".to_vec();
        bytes.resize(900, seed);
        bytes
    };
    let upload = async |time: &str, seed: u8| {
        let parts = [("file", Some("夜间.mp3"), sound(seed))];
        let path = path(&format!("/photos?device_time={time}%2B08:00"));
        officer
            .send(reqwest::Method::POST, &path, |r| {
                r.header("device-now", at).multipart(form(&parts))
            })
            .await
            .expect(200)
    };
    let old = upload("2026-11-23T23:30:00", 1).await;
    assert_eq!(
        (old.text("/state"), &old.body["missing"]),
        ("checked_in".to_owned(), &json!(["recording"]))
    );
    let heard = upload("2026-11-24T22:19:00", 2).await;
    assert_eq!(
        (heard.text("/state"), heard.text("/result")),
        ("submitted".to_owned(), "true".to_owned())
    );
    assert_eq!(heard.body["captures"][1]["after_assignment"], true);
    assert_eq!(
        heard.body["captures"][1]["happened_at"],
        "2026-11-24T22:19:00+08:00"
    );
}

/// Of fumes a recording is kept, and a photo is asked still.
async fn a_recording_is_no_photo_of_fumes(world: World) {
    world.at(EVENING);
    let (visit, officer) = sent(&world, fumes(None, 0.0)).await;
    let mut bytes = b"ID3\x04\0\0\0\0\0\0".to_vec();
    bytes.resize(900, 3);
    let kept = officer
        .post_parts(
            &format!("/api/v1/verifications/{visit}/photos"),
            &[("file", Some("a.mp3"), bytes)],
        )
        .await
        .expect(200);
    assert_eq!(
        (&kept.body["missing"], kept.text("/photos/0/kind")),
        (
            &json!(["check_in", "findings", "photo"]),
            "sound".to_owned()
        )
    );
}

/// A phone a day behind that says what its clock shows is corrected: its check-in is of this evening,
/// its photo was taken after the visit was given, and the reviewer sees both clocks and the offset.
/// An event sent again with another reading is the same event.
async fn a_measured_clock_is_corrected_and_shown(world: World) {
    world.at(EVENING);
    let (visit, officer) = sent(&world, fumes(Some("13800000001"), 0.0)).await;
    let path = |what: &str| format!("/api/v1/verifications/{visit}{what}");
    let shows = "2026-11-23T20:20:00+08:00";
    let check_in = here("c1", "2026-11-23T20:15:00+08:00");
    let came = send(&officer, &path("/check-in"), shows, &check_in)
        .await
        .expect(200);
    let event = &came.body["events"][0];
    assert_eq!(
        (
            &event["happened_at"],
            &event["clock"],
            &event["clock_offset_s"]
        ),
        (
            &json!("2026-11-24T20:15:00+08:00"),
            &json!("corrected"),
            &json!(86_400)
        )
    );
    assert_eq!(
        (&event["same_time_of_day"], &event["late"]),
        (&json!(true), &json!(false))
    );
    world.clock.advance(chrono::TimeDelta::minutes(1));
    let again = send(
        &officer,
        &path("/check-in"),
        "2026-11-23T20:21:30+08:00",
        &check_in,
    )
    .await
    .expect(200);
    assert_eq!(again.body, came.body);
    let parts = [("near", None, taken("2026:11:23 20:16:00", 1))];
    let shown = officer
        .send(reqwest::Method::POST, &path("/photos"), |r| {
            r.header("device-now", "2026-11-23T20:21:00+08:00")
                .multipart(form(&parts))
        })
        .await
        .expect(200);
    let capture = &shown.body["captures"][0];
    assert_eq!(
        (
            &capture["claimed_at"],
            &capture["happened_at"],
            &capture["clock"]
        ),
        (
            &json!("2026-11-23T20:16:00+08:00"),
            &json!("2026-11-24T20:16:00+08:00"),
            &json!("corrected")
        )
    );
    assert_eq!(capture["after_assignment"], true);
    let findings = found("f1", "true", "2026-11-23T20:18:00+08:00");
    let done = send(
        &officer,
        &path("/findings"),
        "2026-11-23T20:21:00+08:00",
        &findings,
    )
    .await
    .expect(200);
    assert_eq!(
        (done.text("/state"), done.text("/result"), warned(&done)),
        ("submitted".to_owned(), "true".to_owned(), Vec::new())
    );
    let brigade = world.sign_in("brigade").await;
    let read = brigade.get(&path("")).await.expect(200);
    assert_eq!(
        (&read.body["events"], &read.body["captures"]),
        (&done.body["events"], &done.body["captures"])
    );
}

/// A phone a day behind that says nothing of its clock waits for nobody: what it sends is warned of in
/// the receipt, and goes to the reviewer with what it claims and when it came. A phone whose clock is
/// right and whose photo is old is told to take another.
async fn what_clocks_cannot_tell_is_for_the_reviewer(world: World) {
    world.at(EVENING);
    let (visit, officer) = sent(&world, fumes(Some("13800000001"), 0.0)).await;
    let path = |what: &str| format!("/api/v1/verifications/{visit}{what}");
    let behind = "2026-11-23T20:15:00+08:00";
    let came = officer
        .post(&path("/check-in"), here("c1", behind))
        .await
        .expect(200);
    assert_eq!(
        (
            &came.body["events"][0]["clock"],
            &came.body["events"][0]["same_time_of_day"]
        ),
        (&json!("undecided"), &Value::Null)
    );
    assert_eq!(warned(&came), pairs(&[("clock_undecided", "c1")]));
    let words = came.text("/warnings/0/words");
    assert!(words.contains("Device-Now"), "{words}");
    // Old, and the clock is right: decided.
    let parts = [("near", None, taken("2026:11:20 20:00:00", 1))];
    let old = officer
        .send(reqwest::Method::POST, &path("/photos"), |r| {
            r.header("device-now", EVENING).multipart(form(&parts))
        })
        .await
        .expect(200);
    let first = old.text("/captures/0/id");
    assert_eq!(
        (
            &old.body["missing"],
            &old.body["captures"][0]["after_assignment"]
        ),
        (&json!(["findings", "photo"]), &json!(false))
    );
    assert!(warned(&old).contains(&("before_assignment".to_owned(), first)));
    let parts = [("near", None, taken("2026:11:23 20:16:00", 2))];
    let taken = officer
        .post_parts(&path("/photos"), &parts)
        .await
        .expect(200);
    assert_eq!(
        (
            &taken.body["missing"],
            &taken.body["captures"][1]["after_assignment"]
        ),
        (&json!(["findings"]), &Value::Null)
    );
    let done = officer
        .post(&path("/findings"), found("f1", "true", behind))
        .await
        .expect(200);
    assert_eq!(done.text("/state"), "submitted");
    let brigade = world.sign_in("brigade").await;
    let read = brigade.get(&path("")).await.expect(200);
    assert_eq!(warned(&read), warned(&done));
    let codes: Vec<String> = warned(&read).into_iter().map(|(code, _)| code).collect();
    assert_eq!(
        codes,
        [
            "clock_undecided",
            "clock_undecided",
            "before_assignment",
            "clock_undecided"
        ]
    );
    world.clock.advance(chrono::TimeDelta::minutes(1));
    brigade
        .post(
            &path("/review"),
            json!({ "outcome": "return", "reason": "手机时间不对，请重拍" }),
        )
        .await
        .expect(200);
    let back = officer.get(&path("")).await.expect(200);
    assert_eq!(
        (back.text("/state"), warned(&back)),
        ("returned".to_owned(), Vec::new())
    );
}

/// What a phone says of its clock is an instant, or is refused.
async fn a_clock_that_cannot_be_read_is_refused(world: World) {
    world.at(EVENING);
    let (visit, officer) = sent(&world, fumes(None, 0.0)).await;
    let path = format!("/api/v1/verifications/{visit}/check-in");
    for wrong in ["20:20", "2026-11-24", "1726-11-24T20:20:00+08:00"] {
        send(&officer, &path, wrong, &here("c1", EVENING))
            .await
            .expect_problem(400, "malformed_request");
    }
    let came = send(&officer, &path, EVENING, &here("c1", EVENING))
        .await
        .expect(200);
    assert_eq!(
        (
            came.text("/events/0/clock"),
            &came.body["events"][0]["clock_offset_s"]
        ),
        ("agrees".to_owned(), &json!(0))
    );
}

on_both!(
    an_arrival_bounds_what_a_phone_claims,
    a_measured_clock_is_corrected_and_shown,
    what_clocks_cannot_tell_is_for_the_reviewer,
    a_clock_that_cannot_be_read_is_refused,
    a_recording_is_evidence_of_noise,
    a_recording_is_no_photo_of_fumes,
);
