//! Intake, tracking, evidence, the reporter's rights.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    photo::sample::{SampleExif, scene, with_exif},
    platform::{
        db::{
            Id,
            schema::{complaint, evidence as photo, petitioner},
        },
        sealed::HISTORY_REASON,
    },
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Wishes, World,
    actors::form,
    bodies::{fumes, river},
    hostile,
};

async fn an_app_learns_its_form(world: World) {
    let district = world.resident().get("/api/v1/district").await.expect(200);
    assert_eq!(district.body["code"], "350102");
    assert_eq!(district.body["streets"].as_array().unwrap().len(), 10);
    assert!(
        district.body["datums"]
            .as_array()
            .unwrap()
            .contains(&json!("GCJ02"))
    );
}

/// D2, D6: an anonymous complaint holds no contact, and its public view holds no personal data.
async fn a_complaint_is_filed_and_followed(world: World) {
    let resident = world.resident();
    let mut body = fumes(None, 0.0);
    body["description"] = json!("油烟太大，请打13800001234，我叫王小明");
    let receipt = resident.post("/api/v1/complaints", body).await.expect(201);
    assert!(receipt.text("/number").starts_with("GL20261124-"));
    assert_eq!(receipt.body["state"], "awaiting_acceptance");
    let notify = receipt.body["deadlines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["kind"] == "notify")
        .unwrap();
    assert_eq!(notify["due_on"], "2026-12-09");
    assert_eq!(notify["unit"], "natural_day");
    let location = receipt.headers["location"].to_str().unwrap().to_owned();
    let view = resident.get(&location).await.expect(200);
    assert!(!view.body.to_string().contains("13800001234"));
    assert!(!view.body.to_string().contains("王小明"));
    assert_eq!(view.body["timeline"][0]["event"], "register");
    let people = world.db_read(|c| petitioner::table.count().get_result::<i64>(c).unwrap());
    assert_eq!(people, 0);
}

/// D1, D3, D5, D7: what is not valid is refused by name and nothing is stored.
async fn wrong_fields_are_named_and_nothing_is_stored(world: World) {
    let resident = world.resident();
    let with = |field: &str, value: Value| {
        let mut body = fumes(None, 0.0);
        body[field] = value;
        body
    };
    let at = |lon: f64, lat: f64| json!({ "lon": lon, "lat": lat, "datum": "WGS84" });
    let cases = [
        (with("status", json!("closed")), 400),
        (with("priority", json!("high")), 400),
        (with("location", json!({ "lon": 119.3, "lat": 26.08 })), 400),
        (
            with("location", json!({ "lon": 119.3, "datum": "WGS84" })),
            400,
        ),
        (
            with(
                "location",
                json!({ "lon": "x", "lat": 26.08, "datum": "WGS84" }),
            ),
            400,
        ),
        (with("location", at(0.0, 0.0)), 422),
        (with("location", at(121.5, 31.2)), 422),
        (with("category", json!("")), 422),
        (with("category", json!("air.unheard_of")), 422),
        (with("category", json!("sea.pollution")), 422),
        (with("description", json!("   ")), 422),
        (with("description", json!("烟".repeat(2001))), 422),
        (with("occurred_at", json!("yesterday")), 400),
    ];
    for (body, status) in cases {
        let reply = resident.post("/api/v1/complaints", body.clone()).await;
        assert_eq!(reply.status, status, "{body} {}", reply.body);
        assert!(
            reply.body["items"][0]["location"].is_string(),
            "{}",
            reply.body
        );
    }
    assert_eq!(
        world.db_read(|c| complaint::table.count().get_result::<i64>(c).unwrap()),
        0
    );
}

/// D9: a hostile photo never sinks the complaint it came with.
async fn bad_photos_are_listed_beside_good_ones(world: World) {
    let good = with_exif(
        &scene(1, 800, 600),
        SampleExif {
            gps: Some((119.2986, 26.0861)),
            ..SampleExif::default()
        },
    );
    let parts = [
        ("photo", Some("好照片.jpg"), good.clone()),
        ("complaint", None, fumes(None, 0.0).to_string().into_bytes()),
        (
            "photo",
            Some("virus.jpg"),
            b"MZ\x90\x00 not a photo".to_vec(),
        ),
        (
            "photo",
            Some("cut.jpg"),
            scene(2, 800, 600)[..3000].to_vec(),
        ),
    ];
    let receipt = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let photos = receipt.body["photos"].as_array().unwrap();
    let of = |at: usize| {
        (
            photos[at]["status"].as_str().unwrap(),
            photos[at]["problem"].as_str(),
        )
    };
    assert_eq!(of(0), ("kept", None));
    assert_eq!(of(1), ("refused", Some("unsupported_type")));
    assert_eq!(of(2), ("refused", Some("truncated")));

    // D14: the public copy is a picture and tells nothing.
    let path = format!(
        "/api/v1/tracking/{}/photos/{}",
        receipt.text("/tracking_code"),
        photos[0]["id"].as_str().unwrap()
    );
    let copy = world.resident().get(&path).await.expect(200);
    assert_eq!(copy.headers["content-type"], "image/jpeg");
    assert_eq!(copy.headers["x-content-type-options"], "nosniff");
    assert!(!copy.bytes.windows(4).any(|w| w == b"Exif"));
    world
        .resident()
        .get(&format!("{path}?size=5000"))
        .await
        .expect(400);
    let distance: Option<f64> = world.db_read(|c| {
        photo::table
            .filter(photo::status.eq("kept"))
            .select(photo::distance_m)
            .first(c)
            .unwrap()
    });
    assert!(distance.unwrap() < 30.0);

    // D15: the sealed original is for those with need, and each reading is recorded.
    let number = receipt.text("/number");
    let original = format!(
        "/api/v1/complaints/{number}/photos/{}/original",
        photos[0]["id"].as_str().unwrap()
    );
    let brigade = world.brigade().await;
    assert_eq!(brigade.get(&original).await.expect(200).bytes, good);
    let street = world.street("street", "350102004").await;
    street.get(&original).await.expect(403);
}

/// D10, D12, D16: photos come later, in parallel, and again.
async fn photos_come_later_and_again(world: World) {
    let resident = world.resident();
    let receipt = resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201);
    let path = format!("/api/v1/tracking/{}/photos", receipt.text("/tracking_code"));
    let send = |seed: u32| {
        let (resident, path) = (resident.clone(), path.clone());
        async move {
            resident
                .post_parts(&path, &[("photo", Some("a.jpg"), scene(seed, 400, 300))])
                .await
                .expect(201)
        }
    };
    let (a, _, _) = tokio::join!(send(1), send(2), send(3));
    let again = send(1).await;
    assert_eq!(a.body["photos"][0]["id"], again.body["photos"][0]["id"]);
    let kept = world.db_read(|c| photo::table.count().get_result::<i64>(c).unwrap());
    assert_eq!(kept, 3);
    resident
        .post_parts(&path, &[("photo", None, b"GIF89a".to_vec())])
        .await
        .expect_problem(415, "unsupported_photo_type");
    let cut = scene(4, 400, 300)[..900].to_vec();
    resident
        .post_parts(&path, &[("photo", None, cut)])
        .await
        .expect_problem(422, "photo_unreadable");
    let raw = scene(5, 300, 200);
    resident
        .send(Method::POST, &path, |r| {
            r.header("content-type", "image/jpeg").body(raw)
        })
        .await
        .expect(201);
}

/// D47: broken multipart is the client's problem, never ours.
async fn broken_multipart_is_refused(world: World) {
    let resident = world.resident();
    let path = "/api/v1/complaints";
    let typed = |r: reqwest::RequestBuilder, t: &str| r.header("content-type", t.to_owned());
    resident
        .send(Method::POST, path, |r| {
            typed(r, "multipart/form-data").body("x")
        })
        .await
        .expect(400);
    resident
        .send(Method::POST, path, |r| {
            typed(r, "multipart/form-data; boundary=b").body("--b\r\nnonsense")
        })
        .await
        .expect(400);
    resident
        .send(Method::POST, path, |r| r.body("x"))
        .await
        .expect(400);
    resident
        .post_parts(path, &[("photo", None, scene(1, 90, 60))])
        .await
        .expect(422);
    let unknown = [
        ("complaint", None, fumes(None, 0.0).to_string().into_bytes()),
        ("script", None, b"x".to_vec()),
    ];
    resident.post_parts(path, &unknown).await.expect(400);
}

/// D17, D18: one key, one complaint, whoever asks how often.
async fn a_hundred_identical_submits_leave_one_complaint(world: World) {
    let resident = world.resident();
    let sends =
        (0..100).map(|_| resident.post_once("/api/v1/complaints", "one-key", fumes(None, 0.0)));
    let replies = futures_util::future::join_all(sends).await;
    let first = replies[0].body.clone();
    for reply in replies {
        assert_eq!(reply.status, 201);
        assert_eq!(reply.body, first);
    }
    assert_eq!(
        world.db_read(|c| complaint::table.count().get_result::<i64>(c).unwrap()),
        1
    );
    resident
        .post_once("/api/v1/complaints", "one-key", river(None))
        .await
        .expect_problem(409, "idempotency_conflict");

    // D23: a retry with photos does not make a second complaint either.
    let parts = || {
        vec![
            ("complaint", None, river(None).to_string().into_bytes()),
            ("photo", Some("a.jpg"), scene(1, 300, 200)),
        ]
    };
    let once = || {
        resident.send(Method::POST, "/api/v1/complaints", |r| {
            r.header("idempotency-key", "k2").multipart(form(&parts()))
        })
    };
    let (a, b) = (once().await.expect(201), once().await.expect(201));
    assert_eq!(a.body, b.body);
}

async fn unknown_codes_are_alike_and_limited(world: World) {
    let resident = world.resident();
    for at in 0..5 {
        let path = if at % 2 == 0 {
            "/api/v1/tracking/ZZZZZZZZZZZZZZZZ"
        } else {
            "/api/v1/tracking/not-a-code"
        };
        resident.get(path).await.expect_problem(404, "not_found");
    }
    let refused = resident
        .get("/api/v1/tracking/ZZZZZZZZZZZZZZZ2")
        .await
        .expect_problem(429, "too_many_requests");
    assert!(refused.headers.contains_key("retry-after"));
}

async fn submits_are_limited_by_address(world: World) {
    let resident = world.resident();
    for _ in 0..5 {
        resident
            .post("/api/v1/complaints", fumes(None, 0.0))
            .await
            .expect(201);
    }
    resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect_problem(429, "too_many_requests");
}

async fn a_signed_in_resident_finds_their_complaints(world: World) {
    let resident = world.signed_in_resident("13800001234").await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(
            resident
                .post("/api/v1/complaints", river(None))
                .await
                .expect(201)
                .text("/number"),
        );
    }
    world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let first = resident
        .get("/api/v1/residents/me/complaints?limit=2")
        .await
        .expect(200);
    assert!(
        first.headers["link"]
            .to_str()
            .unwrap()
            .contains("rel=\"next\"")
    );
    let cursor = first.text("/next_cursor");
    let rest = resident
        .get(&format!(
            "/api/v1/residents/me/complaints?limit=2&cursor={cursor}"
        ))
        .await
        .expect(200);
    let seen: Vec<String> = [&first.body["items"], &rest.body["items"]]
        .iter()
        .flat_map(|items| {
            items
                .as_array()
                .unwrap()
                .iter()
                .map(|i| i["number"].as_str().unwrap().to_owned())
        })
        .collect();
    numbers.reverse();
    assert_eq!(seen, numbers);
    resident
        .get("/api/v1/residents/me/complaints?limit=0")
        .await
        .expect_problem(400, "bad_parameter");
    resident
        .get("/api/v1/residents/me/complaints?cursor=xx")
        .await
        .expect_problem(400, "unknown_cursor");
    resident
        .get("/api/v1/residents/me/complaints?colour=red")
        .await
        .expect(400);
}

/// What is open nearby is shown before filing, and asking stores nothing. D25: beyond the
/// radius it is not.
async fn similar_matters_are_shown_before_filing(world: World) {
    let resident = world.resident();
    let number = resident
        .post("/api/v1/complaints", fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    let near = resident
        .post("/api/v1/complaints/similar", fumes(None, 12.0))
        .await
        .expect(200);
    assert_eq!(near.body["similar"][0]["number"], number);
    assert_eq!(near.text("/similar/0/distance"), "within_50m");
    for metres in [325.0, 714.0, 1660.0] {
        let mut far = fumes(None, metres);
        far["premises"] = Value::Null;
        far["location"]["lat"] = json!(26.0860 - metres / 111_195.0);
        if metres > 1000.0 {
            far["location"]["lat"] = json!(26.0860 + metres / 111_195.0);
        }
        let reply = resident.post("/api/v1/complaints/similar", far).await;
        if reply.status == 200 {
            assert_eq!(
                reply.body["similar"].as_array().unwrap().len(),
                0,
                "{metres}"
            );
        }
    }
    assert_eq!(
        world.db_read(|c| complaint::table.count().get_result::<i64>(c).unwrap()),
        1
    );
}

/// Other channels: the same upstream number is the same complaint (R0).
async fn an_upstream_number_comes_once(world: World) {
    let office = world.staff(Role::Office).await;
    let body = |no: Option<&str>| {
        json!({
            "channel": "hotline_12345", "external_no": no, "received_at": "2026-11-20T09:00:00+08:00",
            "complaint": river(Some("13800000009"))
        })
    };
    let first = office
        .post("/api/v1/intake", body(Some("FZ-1")))
        .await
        .expect(201);
    let again = office
        .post("/api/v1/intake", body(Some("FZ-1")))
        .await
        .expect(200);
    assert_eq!(first.body["number"], again.body["number"]);
    assert_eq!(again.body["already_received"], true);
    let sends = (0..8).map(|_| office.post("/api/v1/intake", body(Some("FZ-2"))));
    let numbers: std::collections::HashSet<String> = futures_util::future::join_all(sends)
        .await
        .into_iter()
        .map(|r| r.text("/number"))
        .collect();
    assert_eq!(numbers.len(), 1);
    office
        .post("/api/v1/intake", body(None))
        .await
        .expect_problem(422, "invalid");
    let mut unknown = body(Some("FZ-3"));
    unknown["channel"] = json!("pigeon");
    office.post("/api/v1/intake", unknown).await.expect(422);
    assert_eq!(
        world.db_read(|c| complaint::table.count().get_result::<i64>(c).unwrap()),
        2
    );
}

/// A reporter's phone never reaches a street, an officer, or a log; the brigade sees it masked
/// and in full only with a reason that is kept.
async fn reporters_stay_hidden_from_roles_without_need(world: World) {
    let mut body = fumes(Some("13812345678"), 0.0);
    body["description"] = json!("老王烧烤油烟，联系我13812345678，闽A12345停门口");
    let number = world
        .resident()
        .post("/api/v1/complaints", body)
        .await
        .expect(201)
        .text("/number");
    let path = format!("/api/v1/complaints/{number}");
    let own = world.street("own", "350102004").await;
    let other = world.street("other", "350102001").await;
    let seen = own.get(&path).await.expect(200);
    assert!(seen.body.get("reporters").is_none());
    assert!(
        !seen.body.to_string().contains("13812345678")
            && !seen.body.to_string().contains("12345停")
    );
    other.get(&path).await.expect(404);
    assert_eq!(
        other.get("/api/v1/complaints").await.expect(200).body["items"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        own.get("/api/v1/complaints").await.expect(200).body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let leader = world.staff(Role::Leader).await;
    assert!(
        !leader
            .get(&path)
            .await
            .expect(200)
            .body
            .to_string()
            .contains("13812345678")
    );
    let brigade = world.brigade().await;
    let seen = brigade.get(&path).await.expect(200);
    assert_eq!(seen.body["reporters"][0]["phone"], "138****5678");
    assert_eq!(seen.body["reporters"][0]["name"], "林**");
    let unmask = format!("{path}/reporter/unmask");
    for reason in [
        "",
        "        ",
        "啊啊啊啊啊啊啊",
        "......",
        "asdfasdfasdf",
        "12345678901234567890",
        "查看一下查看一下",
        "工作需要查看",
    ] {
        brigade
            .post(&unmask, json!({ "purpose": "contact", "reason": reason }))
            .await
            .expect(422);
    }
    own.post(
        &unmask,
        json!({ "purpose": "contact", "reason": "想知道是谁投诉的" }),
    )
    .await
    .expect(403);
    let full = brigade
        .post(
            &unmask,
            json!({ "purpose": "contact", "reason": "电话回访核实情况" }),
        )
        .await
        .expect(200);
    assert_eq!(full.body["reporters"][0]["phone"], "13812345678");
    let kept = world.db_read(|c| {
        use dengwen::platform::db::schema::record;
        let noted = record::table
            .filter(record::event.eq("unmask_reporter"))
            .select((record::id, record::reason));
        let (id, reason) = noted.first::<(Id, Option<String>)>(c).unwrap();
        HISTORY_REASON.read_maybe(&world.server.app.keys, id.0.as_bytes(), reason)
    });
    assert_eq!(kept.as_deref(), Some("电话回访核实情况"));
    let sealed: Vec<Option<Vec<u8>>> = world.db_read(|c| {
        petitioner::table
            .select(petitioner::sealed)
            .load(c)
            .unwrap()
    });
    assert!(!String::from_utf8_lossy(sealed[0].as_ref().unwrap()).contains("13812345678"));
}

/// D8: a blocked sender gets the same answer as everyone while the complaint stays hidden,
/// whether they are known by phone or only by the address they send from.
async fn a_blocked_sender_notices_nothing(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let spam = resident
        .post("/api/v1/complaints", river(Some("13800000666")))
        .await
        .expect(201)
        .text("/number");
    let block = |number: &str| json!({ "number": number, "reason": "连续发送广告" });
    brigade
        .post("/api/v1/sender-blocks", block("GL20200101-0001"))
        .await
        .expect_problem(422, "invalid");
    let made = brigade
        .post("/api/v1/sender-blocks", block(&spam))
        .await
        .expect(201);
    assert!(!made.body.to_string().contains("13800000666"));
    let receipt = resident
        .post("/api/v1/complaints", fumes(Some("13800000666"), 0.0))
        .await
        .expect(201);
    assert_eq!(receipt.body["state"], "awaiting_acceptance");
    resident
        .get(&format!(
            "/api/v1/tracking/{}",
            receipt.text("/tracking_code")
        ))
        .await
        .expect(200);
    let queued = || async {
        brigade.get("/api/v1/triage/queue").await.expect(200).body["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(queued().await, 1, "only what came before the block");
    let near = resident
        .post("/api/v1/complaints/similar", fumes(None, 0.0))
        .await
        .expect(200);
    assert_eq!(near.body["similar"].as_array().unwrap().len(), 0);
    // A person who is known is blocked, and nobody else behind the same address.
    resident
        .post("/api/v1/complaints", fumes(Some("13800000777"), 0.0))
        .await
        .expect(201);
    assert_eq!(queued().await, 2);
    let lift = format!("/api/v1/sender-blocks/{}/lifting", made.text("/id"));
    brigade
        .post(&lift, json!({ "reason": "核实为误判" }))
        .await
        .expect(200);
    brigade
        .post(&lift, json!({ "reason": "核实为误判" }))
        .await
        .expect_problem(410, "gone");
    resident
        .post("/api/v1/complaints", fumes(Some("13800000666"), 0.0))
        .await
        .expect(201);
    assert_eq!(queued().await, 3);
    let list = brigade.get("/api/v1/sender-blocks").await.expect(200);
    assert_eq!(
        (
            list.body["items"][0]["number"].clone(),
            list.body["items"][0]["lifted_at"].is_string()
        ),
        (json!(spam), true)
    );
}

/// Letters and transfers come with scans: the desk takes photos as the public door does.
async fn the_desk_takes_photos(world: World) {
    let office = world.staff(Role::Office).await;
    let intake =
        json!({ "channel": "hotline_12345", "external_no": "FZ-1", "complaint": river(None) });
    let parts = vec![
        ("intake", None, intake.to_string().into_bytes()),
        ("photo", Some("信.jpg"), scene(1, 640, 480)),
        ("photo", Some("坏.jpg"), b"not a photo".to_vec()),
    ];
    let receipt = office
        .post_parts("/api/v1/intake", &parts)
        .await
        .expect(201);
    assert_eq!(
        (
            receipt.body["photos"][0]["status"].clone(),
            receipt.body["photos"][1]["status"].clone()
        ),
        (json!("kept"), json!("refused"))
    );
    let again = office
        .post_parts("/api/v1/intake", &parts)
        .await
        .expect(200);
    assert_eq!(
        (
            again.text("/number"),
            again.body["photos"].as_array().unwrap().len()
        ),
        (receipt.text("/number"), 2)
    );
    office
        .post_parts("/api/v1/intake", &parts[1..])
        .await
        .expect_problem(422, "invalid");
}

/// Uploads beyond the memory they are given are asked to come back; nothing else suffers.
async fn uploads_beyond_the_room_are_put_off(world: World) {
    let resident = world.resident();
    let parts = |size: usize| {
        vec![
            ("complaint", None, river(None).to_string().into_bytes()),
            ("photo", Some("a.jpg"), vec![0xFF; size]),
        ]
    };
    let refused = resident
        .post_parts("/api/v1/complaints", &parts(2 << 20))
        .await
        .expect_problem(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    let taken = resident
        .post_parts("/api/v1/complaints", &parts(600 << 10))
        .await
        .expect(201);
    assert_eq!(taken.body["photos"][0]["status"], "refused");
    resident
        .post_parts("/api/v1/complaints", &parts(600 << 10))
        .await
        .expect(201);
}

/// D36: a rating comes once, after the reply, within 14 days, and never reopens by itself.
async fn the_reply_is_rated_once(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let mut codes = Vec::new();
    for at in 0..2 {
        let receipt = resident
            .post(
                "/api/v1/complaints",
                if at == 0 {
                    fumes(None, 0.0)
                } else {
                    river(None)
                },
            )
            .await
            .expect(201);
        let number = receipt.text("/number");
        let rating = format!("/api/v1/tracking/{}/rating", receipt.text("/tracking_code"));
        resident
            .post(&rating, json!({ "score": "satisfied" }))
            .await
            .expect_problem(409, "wrong_state");
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
        brigade
            .post(
                &format!("/api/v1/complaints/{number}/reply"),
                json!({ "kind": "final", "text": "已责令整改" }),
            )
            .await
            .expect(201);
        codes.push((rating, number));
    }
    let (rating, number) = &codes[0];
    resident
        .post(
            rating,
            json!({ "score": "satisfied", "wants_reopening": true }),
        )
        .await
        .expect(422);
    let rated = resident
        .post(
            rating,
            json!({ "score": "dissatisfied", "wants_reopening": true, "text": "还在冒烟" }),
        )
        .await
        .expect(201);
    assert_eq!(rated.body["state"], "follow_up");
    resident
        .post(rating, json!({ "score": "satisfied" }))
        .await
        .expect_problem(410, "gone");
    let view = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    assert_eq!(view.body["wants_reopening"], true);
    let reopened = brigade
        .post(
            &format!("/api/v1/complaints/{number}/reopening"),
            json!({ "reason": "复查仍有油烟" }),
        )
        .await
        .expect(200);
    assert_eq!(reopened.body["state"], "in_progress");
    world.clock.advance(TimeDelta::days(15));
    resident
        .post(&codes[1].0, json!({ "score": "satisfied" }))
        .await
        .expect_problem(410, "gone");
}

/// D11: evidence is taken while it can matter; a returned complaint comes back by a supplement.
async fn supplements_and_withdrawal(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let receipt = resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201);
    let number = receipt.text("/number");
    let path = |what: &str| format!("/api/v1/tracking/{}/{what}", receipt.text("/tracking_code"));
    brigade
        .post("/api/v1/triage/claims", json!({}))
        .await
        .expect(201);
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/decision"),
            json!({ "action": "return", "reason": "请补充具体楼栋" }),
        )
        .await
        .expect(200);
    let back = resident
        .post(&path("supplements"), json!({ "text": "3号楼下" }))
        .await
        .expect(201);
    assert_eq!(back.body["state"], "awaiting_acceptance");
    resident
        .post(&path("withdrawal"), json!({}))
        .await
        .expect(200);
    resident
        .post(&path("withdrawal"), json!({}))
        .await
        .expect_problem(409, "wrong_state");
    resident
        .post(&path("supplements"), json!({ "text": "再补充" }))
        .await
        .expect_problem(409, "wrong_state");
    resident
        .post_parts(&path("photos"), &[("photo", None, scene(1, 90, 60))])
        .await
        .expect(409);
}

/// D9: the set of our own, through HTTP: each is named with its problem beside the photo that
/// was kept, and alone each is refused by its kind.
async fn files_made_to_hurt_are_named(world: World) {
    let resident = world.resident();
    let good = scene(3, 900, 700);
    for (name, bytes, code) in hostile::set(&good) {
        let parts = vec![
            ("complaint", None, river(None).to_string().into_bytes()),
            ("photo", Some("a.jpg"), bytes.clone()),
            ("photo", Some("b.jpg"), good.clone()),
        ];
        let receipt = resident
            .post_parts("/api/v1/complaints", &parts)
            .await
            .expect(201);
        let photos = &receipt.body["photos"];
        assert_eq!(
            (photos[0]["problem"].clone(), photos[1]["status"].clone()),
            (json!(code), json!("kept")),
            "{name}"
        );
        let alone = resident
            .post_parts(
                &format!("/api/v1/tracking/{}/photos", receipt.text("/tracking_code")),
                &[("photo", Some("a.jpg"), bytes)],
            )
            .await;
        assert!(
            [413, 415, 422].contains(&alone.status),
            "{name}: {}",
            alone.status
        );
    }
}

/// Every hostile file, through HTTP: a typed refusal beside the complaint, or a clean decode
/// to copies of bounded size.
async fn hostile_files_never_sink_a_complaint(world: World) {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/photos/hostile");
    let Ok(groups) = std::fs::read_dir(&folder) else {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "left out: no hostile photos beside the repository"
        );
        return;
    };
    let mut files: Vec<Vec<u8>> = groups
        .flatten()
        .filter_map(|group| std::fs::read_dir(group.path()).ok())
        .flat_map(|files| files.flatten().filter_map(|f| std::fs::read(f.path()).ok()))
        .collect();
    files.push(vec![0xff; 5000]);
    let resident = world.resident();
    for batch in files.chunks(9) {
        let mut parts = vec![("complaint", None, river(None).to_string().into_bytes())];
        parts.extend(
            batch
                .iter()
                .map(|bytes| ("photo", Some("x.jpg"), bytes.clone())),
        );
        let receipt = resident
            .post_parts("/api/v1/complaints", &parts)
            .await
            .expect(201);
        let photos = receipt.body["photos"].as_array().unwrap();
        assert_eq!(photos.len(), batch.len());
        for photo in photos {
            assert!(photo["status"] == "kept" || photo["problem"].is_string());
            if photo["viewable"] == true {
                let path = format!(
                    "/api/v1/tracking/{}/photos/{}?size=400",
                    receipt.text("/tracking_code"),
                    photo["id"].as_str().unwrap()
                );
                let copy = resident.get(&path).await.expect(200);
                let shown = image_edges(&copy.bytes);
                assert!(shown.0.max(shown.1) <= 400, "{shown:?}");
            }
        }
    }
    let sizes: Vec<(Option<i32>, Option<i32>)> = world.db_read(|c| {
        photo::table
            .filter(photo::has_derivatives.eq(true))
            .select((photo::width, photo::height))
            .load(c)
            .unwrap()
    });
    for (width, height) in sizes {
        let pixels = i64::from(width.unwrap()) * i64::from(height.unwrap());
        assert!(pixels <= 60_000_000, "{pixels} pixels were decoded");
    }
}

/// Width and height by a JPEG's frame header.
fn image_edges(jpeg: &[u8]) -> (u16, u16) {
    let at = jpeg
        .windows(2)
        .position(|w| matches!(w, [0xff, 0xc0..=0xc2]))
        .unwrap();
    let number = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
    (number(at + 7), number(at + 5))
}

on_both!(
    an_app_learns_its_form,
    a_complaint_is_filed_and_followed,
    wrong_fields_are_named_and_nothing_is_stored,
    bad_photos_are_listed_beside_good_ones,
    photos_come_later_and_again,
    broken_multipart_is_refused,
    a_hundred_identical_submits_leave_one_complaint,
    a_signed_in_resident_finds_their_complaints,
    similar_matters_are_shown_before_filing,
    an_upstream_number_comes_once,
    reporters_stay_hidden_from_roles_without_need,
    a_blocked_sender_notices_nothing,
    the_desk_takes_photos,
    the_reply_is_rated_once,
    supplements_and_withdrawal,
    files_made_to_hurt_are_named,
    hostile_files_never_sink_a_complaint,
);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        ..Wishes::default()
    },
    unknown_codes_are_alike_and_limited,
    submits_are_limited_by_address,
);

on_both!(
    wishes = Wishes {
        upload_memory_mb: Some(1),
        ..Wishes::default()
    },
    uploads_beyond_the_room_are_put_off,
);
