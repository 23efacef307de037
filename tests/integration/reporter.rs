//! What a reporter sends again, adds later and is told; what a blocked one cannot tell.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    jobs,
    photo::sample::scene,
    platform::db::schema::{complaint, petitioner},
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, Wishes, World,
    actors::form,
    bodies::{fumes, river},
};

const COMPLAINTS: &str = "/api/v1/complaints";

fn behind_proxy() -> Wishes {
    Wishes {
        behind_proxy: true,
        ..Wishes::default()
    }
}

/// Files a complaint with photos from an address.
async fn file_from(actor: &Actor, address: &str, body: &Value, photos: &[u32]) -> Reply {
    let mut parts = vec![("complaint", None, body.to_string().into_bytes())];
    parts.extend(
        photos
            .iter()
            .map(|seed| ("photo", Some("a.jpg"), scene(*seed, 300, 200))),
    );
    actor
        .send(Method::POST, COMPLAINTS, |r| {
            r.header("x-forwarded-for", address.to_owned())
                .multipart(form(&parts))
        })
        .await
}

async fn decide(brigade: &Actor, number: &str, decision: Value) {
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let path = format!("{COMPLAINTS}/{number}/decision");
    brigade.post(&path, decision).await.expect(200);
}

async fn reply(brigade: &Actor, number: &str) {
    let path = format!("{COMPLAINTS}/{number}/reply");
    let body = json!({ "kind": "final", "text": "已责令整改，电话0591-87654321" });
    brigade.post(&path, body).await.expect(201);
}

fn count(world: &World) -> i64 {
    world.db_read(|c| complaint::table.count().get_result(c).unwrap())
}

/// R0: an upstream number names its first record whatever became of that, and nothing that
/// came with it the second time is lost.
async fn an_upstream_number_names_its_record_for_ever(world: World) {
    let office = world.staff(Role::Office).await;
    let mut intake =
        json!({ "channel": "hotline_12345", "external_no": "FZ-9", "complaint": river(None) });
    let first = office
        .post("/api/v1/intake", intake.clone())
        .await
        .expect(201);
    let tracking = format!("/api/v1/tracking/{}", first.text("/tracking_code"));
    world
        .resident()
        .post(&format!("{tracking}/withdrawal"), json!({}))
        .await
        .expect(200);
    intake["complaint"]["description"] = json!("河水还是发黑发臭，附照片。");
    let parts = vec![
        ("intake", None, intake.to_string().into_bytes()),
        ("photo", Some("a.jpg"), scene(1, 300, 200)),
    ];
    let again = office
        .post_parts("/api/v1/intake", &parts)
        .await
        .expect(200);
    assert_eq!(
        (again.text("/number"), again.text("/state")),
        (first.text("/number"), "withdrawn".to_owned())
    );
    assert_eq!(again.body["photos"].as_array().unwrap().len(), 1);
    let third = office
        .post_parts("/api/v1/intake", &parts)
        .await
        .expect(200);
    assert_eq!(third.body["photos"].as_array().unwrap().len(), 1);
    let seen = office
        .get(&format!("{COMPLAINTS}/{}", first.text("/number")))
        .await
        .expect(200);
    let supplements = seen.body["supplements"].as_array().unwrap();
    assert_eq!(
        (supplements.len(), supplements[0]["text"].as_str()),
        (1, Some("河水还是发黑发臭，附照片。"))
    );
    assert_eq!(count(&world), 1);

    // However it is written: staff read it as it came first.
    let spelled = |number: &str| json!({ "channel": "hotline_12345", "external_no": number, "complaint": fumes(None, 0.0) });
    let first = office
        .post("/api/v1/intake", spelled(" ｅ–１００ "))
        .await
        .expect(201)
        .text("/number");
    for spelling in [
        "E-100",
        " E-100 ",
        "e-100",
        "Ｅ－100",
        "E—100",
        "\u{202d}E - 100\u{202c}",
    ] {
        let again = office
            .post("/api/v1/intake", spelled(spelling))
            .await
            .expect(200);
        assert_eq!(again.text("/number"), first, "{spelling:?}");
    }
    let seen = office
        .get(&format!("{COMPLAINTS}/{first}"))
        .await
        .expect(200);
    assert_eq!(seen.text("/external_no").trim(), "ｅ–１００");
    let other = office
        .post("/api/v1/intake", spelled("E100"))
        .await
        .expect(201);
    assert_ne!(other.text("/number"), first);
    // One that names somebody stands as an index of the same key.
    let named = |number: &str| json!({ "channel": "hotline_12345", "external_no": number, "complaint": river(Some("13812345678")) });
    let first = office
        .post("/api/v1/intake", named("Fz-13812345678"))
        .await
        .expect(201)
        .text("/number");
    let again = office
        .post("/api/v1/intake", named("ＦＺ—13812345678 "))
        .await
        .expect(200);
    assert_eq!(again.text("/number"), first);
    let at_once =
        (0..4).map(|n| office.post("/api/v1/intake", spelled(["Q-1", "q-1", "Ｑ-1", "Q–1"][n])));
    let answers = futures_util::future::join_all(at_once).await;
    let mut codes: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    codes.sort_unstable();
    assert_eq!(codes, [200, 200, 200, 201]);
}

/// R0 by photo is for whoever sent it first: from the same address or signed in as the same
/// resident. A stranger who knows the phone and has the photo is handed nobody's code.
async fn a_stranger_is_handed_no_tracking_code(world: World) {
    let resident = world.resident();
    let body = fumes(Some("13800000001"), 0.0);
    let first = file_from(&resident, "203.0.113.7", &body, &[1])
        .await
        .expect(201);
    let mut more = body.clone();
    more["description"] = json!("楼下老王烧烤油烟直排，今晚又来了。");
    let again = file_from(&resident, "203.0.113.7", &more, &[1, 2])
        .await
        .expect(200);
    assert_eq!(
        (
            again.text("/number"),
            again.body["already_received"].clone()
        ),
        (first.text("/number"), json!(true))
    );
    assert_eq!(
        again.body["photos"].as_array().unwrap().len(),
        2,
        "the second photo is kept"
    );
    let brigade = world.brigade().await;
    let seen = brigade
        .get(&format!("{COMPLAINTS}/{}", first.text("/number")))
        .await
        .expect(200);
    assert_eq!(
        seen.text("/supplements/0/text"),
        "楼下老王烧烤油烟直排，今晚又来了。"
    );

    let stranger = file_from(&resident, "198.51.100.9", &body, &[1])
        .await
        .expect(201);
    assert_ne!(
        stranger.text("/tracking_code"),
        first.text("/tracking_code")
    );
    let seen = brigade
        .get(&format!("{COMPLAINTS}/{}", stranger.text("/number")))
        .await
        .expect(200);
    assert_eq!(seen.text("/link_rule"), "R1");

    let signed_in = world.signed_in_resident("13800000002").await;
    let filed = file_from(&signed_in, "203.0.113.7", &river(None), &[3])
        .await
        .expect(201);
    let moved = file_from(&signed_in, "198.51.100.9", &river(None), &[3])
        .await
        .expect(200);
    assert_eq!(moved.text("/number"), filed.text("/number"));
    assert_eq!(moved.text("/tracking_code"), filed.text("/tracking_code"));
    // Whoever stands behind the resident's address and knows phone and photo is not the resident.
    let neighbour = file_from(&resident, "203.0.113.7", &river(Some("13800000002")), &[3])
        .await
        .expect(200);
    assert!(
        !neighbour
            .body
            .to_string()
            .contains(&filed.text("/tracking_code")),
        "{}",
        neighbour.body
    );
}

/// Twenty photos are more than a complaint keeps; those beyond are named, not lost silently.
async fn photos_beyond_the_limit_are_named(world: World) {
    let resident = world.resident();
    let body = fumes(Some("13800000001"), 0.0);
    let batch = |from: u32| (from..from + 9).collect::<Vec<_>>();
    file_from(&resident, "x", &body, &batch(1))
        .await
        .expect(201);
    let seeds: Vec<u32> = std::iter::once(1).chain(11..19).collect();
    file_from(&resident, "x", &body, &seeds).await.expect(200);
    let last: Vec<u32> = vec![1, 21, 22, 23];
    let full = file_from(&resident, "x", &body, &last).await.expect(200);
    let photos = full.body["photos"].as_array().unwrap();
    let refused = photos
        .iter()
        .filter(|p| p["problem"] == "too_many_photos")
        .count();
    assert_eq!((photos.len() - refused, refused), (18, 2));
}

/// D8: what a blocked sender sees is what everybody sees; the brigade finds what is hidden and
/// can bring it back; nobody else reads it.
async fn what_is_hidden_shows_no_sign_of_it(world: World) {
    let brigade = world.brigade().await;
    let street = world.street("street", "350102004").await;
    let resident = world.resident();
    let spam = file_from(&resident, "203.0.113.7", &river(None), &[])
        .await
        .expect(201)
        .text("/number");
    let seen = file_from(
        &resident,
        "198.51.100.9",
        &fumes(Some("13800000001"), 0.0),
        &[],
    )
    .await
    .expect(201)
    .text("/number");
    let block = json!({ "number": spam, "reason": "连续发送广告" });
    let made = brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201);
    assert_eq!(made.text("/expires_at"), "2026-12-01T10:00:00+08:00");

    let hidden = file_from(&resident, "203.0.113.7", &fumes(None, 10.0), &[1])
        .await
        .expect(201);
    assert_eq!(hidden.text("/similar/0/number"), seen);
    assert_eq!(
        hidden.text("/state"),
        "screening",
        "as the same report of anybody else"
    );
    let tracking = format!("/api/v1/tracking/{}", hidden.text("/tracking_code"));
    let tracked = resident.get(&tracking).await.expect(200);
    assert_eq!(tracked.body["reports_on_the_matter"], 1);

    let number = hidden.text("/number");
    let path = format!("{COMPLAINTS}/{number}");
    street.get(&path).await.expect(404);
    let photo = hidden.text("/photos/0/id");
    street
        .get(&format!("{path}/photos/{photo}"))
        .await
        .expect(404);
    let clues = |reply: &Reply| reply.body["items"].as_array().unwrap().len();
    assert_eq!(clues(&brigade.get("/api/v1/entries").await.expect(200)), 2);
    let clue = brigade.get(&path).await.expect(200).text("/entry");
    street
        .get(&format!("/api/v1/entries/{clue}"))
        .await
        .expect(404);
    street
        .get(&format!("{COMPLAINTS}?hidden=true"))
        .await
        .expect_problem(403, "forbidden");
    let listed = brigade
        .get(&format!("{COMPLAINTS}?hidden=true"))
        .await
        .expect(200);
    assert_eq!(
        (clues(&listed), listed.text("/items/0/number")),
        (1, number.clone())
    );

    let unhide = format!("{path}/unhiding");
    let back = brigade
        .post(&unhide, json!({ "reason": "核实并非广告" }))
        .await
        .expect(200);
    assert_eq!(back.text("/state"), "screening");
    brigade
        .post(&unhide, json!({ "reason": "核实并非广告" }))
        .await
        .expect_problem(409, "wrong_state");
    let shown = street.get(&path).await.expect(200);
    assert_eq!(
        (shown.text("/link"), shown.body["hidden"].clone()),
        ("suspected".to_owned(), json!(false))
    );
    assert_eq!(clues(&brigade.get("/api/v1/entries").await.expect(200)), 3);

    // An address is many people's: its block ends by itself.
    world.clock.advance(TimeDelta::days(8));
    let later = file_from(&resident, "203.0.113.7", &river(None), &[])
        .await
        .expect(201)
        .text("/number");
    let shown = world
        .sign_in("brigade")
        .await
        .get(&format!("{COMPLAINTS}/{later}"))
        .await
        .expect(200);
    assert_eq!(shown.body["hidden"], false);
}

/// What was decided reaches the reporter, in words, and each reply may be rated once.
async fn decisions_and_replies_reach_the_reporter(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let receipt = resident
        .post(COMPLAINTS, fumes(None, 0.0))
        .await
        .expect(201);
    let number = receipt.text("/number");
    let tracking = format!("/api/v1/tracking/{}", receipt.text("/tracking_code"));
    decide(
        &brigade,
        &number,
        json!({ "action": "return", "reason": "请补充楼栋，联系13800001234" }),
    )
    .await;
    let told = resident.get(&tracking).await.expect(200);
    assert_eq!(told.text("/decisions/0/kind"), "return");
    assert!(
        told.text("/decisions/0/text").contains("请补充楼栋")
            && !told.body.to_string().contains("13800001234")
    );
    resident
        .post(
            &format!("{tracking}/supplements"),
            json!({ "text": "3号楼下" }),
        )
        .await
        .expect(201);
    brigade.accept(&number).await;
    reply(&brigade, &number).await;
    let may_rate = || async { resident.get(&tracking).await.expect(200).body["may_rate"].clone() };
    assert_eq!(may_rate().await, true);
    let rating = format!("{tracking}/rating");
    resident
        .post(
            &rating,
            json!({ "score": "dissatisfied", "wants_reopening": true }),
        )
        .await
        .expect(201);
    assert_eq!(may_rate().await, false);
    brigade
        .post(
            &format!("{COMPLAINTS}/{number}/reopening"),
            json!({ "reason": "复查仍有油烟" }),
        )
        .await
        .expect(200);
    reply(&brigade, &number).await;
    assert_eq!(may_rate().await, true);
    resident
        .post(&rating, json!({ "score": "satisfied" }))
        .await
        .expect(201);
    resident
        .post(&rating, json!({ "score": "satisfied" }))
        .await
        .expect_problem(410, "gone");
    assert_eq!(may_rate().await, false);

    let refused = resident.post(COMPLAINTS, river(None)).await.expect(201);
    decide(
        &brigade,
        &refused.text("/number"),
        json!({ "action": "refuse", "reason": "内部理由", "notice": "属水利部门职责，请向其反映" }),
    )
    .await;
    let told = resident
        .get(&format!(
            "/api/v1/tracking/{}",
            refused.text("/tracking_code")
        ))
        .await
        .expect(200);
    assert_eq!(told.text("/decisions/0/text"), "属水利部门职责，请向其反映");
    assert!(!told.text("/decisions/0/document_name").is_empty());
    assert!(!told.body.to_string().contains("内部理由"));
}

/// D28: what a reporter adds is read by the brigade with the matter, masked where the reader
/// has no need, and new facts make a repeat another report (R2, R3).
async fn supplements_are_read_and_count(world: World) {
    let brigade = world.brigade().await;
    let street = world.street("street", "350102004").await;
    let resident = world.resident();
    let first = resident
        .post(COMPLAINTS, fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    brigade.accept(&first).await;
    reply(&brigade, &first).await;
    brigade
        .post(
            &format!("{COMPLAINTS}/{first}/close"),
            json!({ "reason": "已整改" }),
        )
        .await
        .expect(200);
    let receipt = resident
        .post(COMPLAINTS, fumes(Some("13800000001"), 0.0))
        .await
        .expect(201);
    let path = format!("{COMPLAINTS}/{}", receipt.text("/number"));
    assert_eq!(
        brigade.get(&path).await.expect(200).text("/link_rule"),
        "R2"
    );
    world.clock.advance(TimeDelta::minutes(10));
    let added = format!(
        "/api/v1/tracking/{}/supplements",
        receipt.text("/tracking_code")
    );
    let fact = json!({ "text": "昨夜又排烟，我电话13800000001", "new_facts": true, "occurred_at": "2026-11-24T10:05:00+08:00" });
    resident.post(&added, fact).await.expect(201);
    let seen = brigade.get(&path).await.expect(200);
    assert_eq!(
        (seen.text("/link_rule"), seen.text("/supplements/0/text")),
        ("R3".into(), "昨夜又排烟，我电话13800000001".into())
    );
    let masked = street
        .get(&path)
        .await
        .expect(200)
        .text("/supplements/0/text");
    assert!(
        masked.contains("又排烟") && !masked.contains("13800000001"),
        "{masked}"
    );
    let entry = street
        .get(&format!("/api/v1/entries/{}", seen.text("/entry")))
        .await
        .expect(200);
    assert_eq!(
        entry.body["complaints"][1]["supplements"][0]["text"],
        json!(masked)
    );
}

/// A signed-in resident is one human with a phone that notices reach, whatever they fill in.
async fn a_signed_in_resident_is_one_human_and_hears(world: World) {
    let brigade = world.brigade().await;
    let resident = world.signed_in_resident("13800001234").await;
    let mut named = fumes(None, 0.0);
    named["reporter"] = json!({ "name": "林小雨" });
    let number = resident
        .post(COMPLAINTS, named)
        .await
        .expect(201)
        .text("/number");
    let seen = brigade
        .get(&format!("{COMPLAINTS}/{number}"))
        .await
        .expect(200);
    assert_eq!(
        (
            seen.body["person_count"].clone(),
            seen.text("/reporters/0/phone")
        ),
        (json!(1), "138****1234".to_owned())
    );
    brigade.accept(&number).await;
    jobs::run_due(&world.server.app).await.unwrap();
    let told = world.sms.last_to("13800001234");
    assert!(
        !told.is_some_and(|text| text.contains("受理")),
        "it can be undone"
    );
    world.clock.advance(TimeDelta::minutes(5));
    jobs::run_due(&world.server.app).await.unwrap();
    assert!(world.sms.last_to("13800001234").unwrap().contains("受理"));
    let mut other = river(Some("13900005678"));
    other["reporter"]["name"] = json!("林小雨");
    resident.post(COMPLAINTS, other).await.expect(201);
    let people: i64 = world.db_read(|c| petitioner::table.count().get_result(c).unwrap());
    assert_eq!(people, 2, "one for each complaint");
    // What the matching thinks stays inside.
    let own = resident
        .get("/api/v1/residents/me/complaints")
        .await
        .expect(200);
    assert!(
        own.body["items"][0].get("link").is_none()
            && own.body["items"][0].get("link_rule").is_none()
    );
}

/// "Follow this one": the reporter's word lifts a suspicion to a provisional link with a number
/// and a code of its own; it leads nowhere the evidence does not.
async fn a_reporter_joins_a_matter_they_were_shown(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let first = resident
        .post(COMPLAINTS, fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    let mut body = fumes(Some("13800000002"), 70.0);
    body["premises"] = Value::Null;
    body["description"] = json!("附近有人乱排油烟");
    let shown = world
        .resident()
        .post_parts(
            &format!("{COMPLAINTS}/similar"),
            &[("complaint", None, body.to_string().into_bytes())],
        )
        .await
        .expect(200);
    assert_eq!(shown.text("/similar/0/number"), first);
    let alone = resident
        .post(COMPLAINTS, body.clone())
        .await
        .expect(201)
        .text("/number");
    assert_eq!(
        brigade
            .get(&format!("{COMPLAINTS}/{alone}"))
            .await
            .expect(200)
            .text("/link"),
        "suspected"
    );
    body["reporter"]["phone"] = json!("13800000003");
    body["same_as"] = json!(first);
    let joined = resident.post(COMPLAINTS, body).await.expect(201);
    let seen = brigade
        .get(&format!("{COMPLAINTS}/{}", joined.text("/number")))
        .await
        .expect(200);
    let target = brigade
        .get(&format!("{COMPLAINTS}/{first}"))
        .await
        .expect(200);
    assert_eq!(
        (
            seen.text("/link"),
            seen.text("/link_rule"),
            seen.text("/entry")
        ),
        ("provisional".into(), "R4".into(), target.text("/entry"))
    );
    let mut far = river(None);
    far["same_as"] = json!(first);
    let far = resident
        .post(COMPLAINTS, far)
        .await
        .expect(201)
        .text("/number");
    assert_eq!(
        brigade
            .get(&format!("{COMPLAINTS}/{far}"))
            .await
            .expect(200)
            .text("/link"),
        "own"
    );
}

/// Asking what is near takes nothing from the allowance to file.
async fn asking_has_an_allowance_of_its_own(world: World) {
    let resident = world.resident();
    let similar = format!("{COMPLAINTS}/similar");
    for _ in 0..5 {
        resident.post(&similar, fumes(None, 0.0)).await.expect(200);
    }
    resident
        .post(&similar, fumes(None, 0.0))
        .await
        .expect_problem(429, "too_many_requests");
    resident
        .post(COMPLAINTS, fumes(None, 0.0))
        .await
        .expect(201);
}

/// A body larger than nine photos and their form may be is refused before it is read.
async fn a_body_too_large_is_refused_at_its_head(world: World) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(world.server.address)
        .await
        .unwrap();
    let head = "POST /api/v1/complaints HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 300000000\r\n\r\n--b\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 512];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// What has not happened yet, or before any clock here, is refused by the field's name; so is a
/// text of which nobody can read a letter.
async fn times_ahead_and_texts_without_ink_are_refused(world: World) {
    let resident = world.resident();
    let code = resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201)
        .text("/tracking_code");
    let seen = |reply: &crate::support::Reply| {
        (reply.text("/items/0/location"), reply.text("/items/0/code"))
    };
    let said = |location: &str, code: &str| (location.to_owned(), code.to_owned());
    let ahead =
        json!({ "text": "又排了", "new_facts": true, "occurred_at": "2027-11-24T10:00:00+08:00" });
    let refused = resident
        .post(
            &format!("/api/v1/tracking/{code}/supplements"),
            ahead.clone(),
        )
        .await
        .expect_problem(422, "invalid");
    assert_eq!(seen(&refused), said("occurred_at", "in_the_future"));
    let brigade = world.brigade().await;
    let number = resident
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200)
        .text("/number");
    let refused = brigade
        .post(&format!("/api/v1/complaints/{number}/supplements"), ahead)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(seen(&refused), said("occurred_at", "in_the_future"));
    let mut body = fumes(None, 0.0);
    body["occurred_until"] = json!("2029-01-01T00:00:00+08:00");
    let refused = resident
        .post("/api/v1/complaints", body)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(seen(&refused), said("occurred_until", "in_the_future"));
    let mut body = fumes(None, 0.0);
    body["description"] = json!("\u{200b}\u{feff} \u{7}");
    let refused = resident
        .post("/api/v1/complaints", body)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(seen(&refused), said("description", "required"));
    let blank = json!({ "text": "\u{200b} " });
    let refused = resident
        .post(&format!("/api/v1/tracking/{code}/supplements"), blank)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(seen(&refused), said("text", "blank"));
    let old = json!({ "channel": "hotline_12345", "external_no": "1", "received_at": "1970-01-01T00:00:00+08:00", "complaint": fumes(None, 0.0) });
    let refused = brigade
        .post("/api/v1/intake", old)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(seen(&refused), said("received_at", "too_early"));
}

/// A reply is written for the one who reads it: the number to call is in it.
async fn a_reply_reaches_its_reporter_as_written(world: World) {
    let resident = world.resident();
    let code = resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201)
        .text("/tracking_code");
    let number = resident
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200)
        .text("/number");
    let brigade = world.brigade().await;
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
    let text = "已整改，联系电话0591-87654321";
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/reply"),
            json!({ "kind": "final", "text": text }),
        )
        .await
        .expect(201);
    let seen = resident
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    assert_eq!(seen.text("/replies/0/text"), text);
}

on_both!(
    an_upstream_number_names_its_record_for_ever,
    photos_beyond_the_limit_are_named,
    decisions_and_replies_reach_the_reporter,
    supplements_are_read_and_count,
    a_signed_in_resident_is_one_human_and_hears,
    a_reporter_joins_a_matter_they_were_shown,
    a_body_too_large_is_refused_at_its_head,
    times_ahead_and_texts_without_ink_are_refused,
    a_reply_reaches_its_reporter_as_written,
);

on_both!(
    wishes = behind_proxy(),
    a_stranger_is_handed_no_tracking_code,
    what_is_hidden_shows_no_sign_of_it,
);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        ..Wishes::default()
    },
    asking_has_an_allowance_of_its_own,
);
