//! Nobody gets what is not theirs: codes of others, a district silenced by a claimed number, a
//! stranger's place and words, a look behind the mask that nobody sees.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    complaint::hidden::CountUnreviewed,
    jobs,
    platform::{
        db::{
            Id, JsonValue,
            schema::{complaint, match_verdict, staff},
        },
        jobs as queue,
    },
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, Wishes, World,
    bodies::{LAT, LON, fumes, river},
};

const COMPLAINTS: &str = "/api/v1/complaints";

fn intake(channel: &str, number: &str) -> Value {
    json!({ "channel": channel, "external_no": number, "complaint": river(Some("13800000009")) })
}

/// A service account bound to some channels only.
async fn service(world: &World, name: &str, channels: &[&str]) -> Actor {
    let actor = world.staff_named(Role::Service, name).await;
    let id = world.db_read(|c| {
        staff::table
            .filter(staff::username.eq(name))
            .select(staff::id)
            .first(c)
            .unwrap()
    });
    world.db_bind_channels(id, channels);
    actor
}

/// Tracking codes: a service that guesses an upstream number learns that it is taken and
/// nothing else; what it filed itself it is told again. The office and the brigade are told the
/// number of what another filed, and no code.
async fn a_service_is_told_of_its_own_numbers_alone(world: World) {
    let office = world.staff(Role::Office).await;
    let hotline = service(&world, "hotline", &["hotline_12345"]).await;
    let twin = service(&world, "twin", &["hotline_12345"]).await;
    let theirs = office
        .post("/api/v1/intake", intake("hotline_12345", "FZ-1"))
        .await
        .expect(201);
    for asker in [&hotline, &twin] {
        let refused = asker
            .post("/api/v1/intake", intake("hotline_12345", "FZ-1"))
            .await
            .expect_problem(409, "already_exists");
        let text = refused.body.to_string();
        assert!(
            !text.contains(&theirs.text("/tracking_code"))
                && !text.contains(&theirs.text("/number")),
            "{text}"
        );
    }
    let own = hotline
        .post("/api/v1/intake", intake("hotline_12345", "FZ-2"))
        .await
        .expect(201);
    let again = hotline
        .post("/api/v1/intake", intake("hotline_12345", "FZ-2"))
        .await
        .expect(200);
    assert_eq!(again.text("/tracking_code"), own.text("/tracking_code"));
    twin.post("/api/v1/intake", intake("hotline_12345", "FZ-2"))
        .await
        .expect_problem(409, "already_exists");
    for asker in [&office, &world.brigade().await] {
        let seen = asker
            .post("/api/v1/intake", intake("hotline_12345", "FZ-2"))
            .await
            .expect(200);
        assert_eq!(seen.text("/number"), own.text("/number"));
        assert!(
            !seen.body.to_string().contains(&own.text("/tracking_code")),
            "{}",
            seen.body
        );
    }
    let mine = office
        .post("/api/v1/intake", intake("hotline_12345", "FZ-1"))
        .await
        .expect(200);
    assert_eq!(mine.text("/tracking_code"), theirs.text("/tracking_code"));
}

/// Channels: a service files under those it is bound to; one that is bound to none files nothing.
async fn a_service_files_under_its_channels(world: World) {
    let hotline = service(&world, "hotline", &["hotline_12345"]).await;
    hotline
        .post("/api/v1/intake", intake("hotline_12345", "FZ-1"))
        .await
        .expect(201);
    for channel in ["letter", "platform"] {
        hotline
            .post("/api/v1/intake", intake(channel, "FZ-1"))
            .await
            .expect_problem(403, "forbidden");
    }
    let unbound = service(&world, "unbound", &[]).await;
    unbound
        .post("/api/v1/intake", intake("hotline_12345", "FZ-3"))
        .await
        .expect_problem(403, "forbidden");
}

/// Whether the brigade finds a complaint hidden.
async fn is_hidden(brigade: &Actor, receipt: &Reply) -> bool {
    let path = format!("{COMPLAINTS}/{}", receipt.text("/number"));
    brigade.get(&path).await.expect(200).body["hidden"] == true
}

async fn file_from(actor: &Actor, address: &str, body: &Value) -> Reply {
    actor
        .send(Method::POST, COMPLAINTS, |r| {
            r.header("x-forwarded-for", address.to_owned()).json(body)
        })
        .await
        .expect(201)
}

fn behind_proxy() -> Wishes {
    Wishes {
        behind_proxy: true,
        ..Wishes::default()
    }
}

/// Silencing: somebody spams with another's phone and is blocked. Whoever proves that phone is
/// heard; who only claims it, or proves nothing behind a blocked address, is not.
async fn a_claimed_phone_silences_nobody_who_proves_it(world: World) {
    let brigade = world.brigade().await;
    let stranger = world.resident();
    let spam = file_from(&stranger, "203.0.113.7", &river(Some("13800000666"))).await;
    let block =
        |receipt: &Reply| json!({ "number": receipt.text("/number"), "reason": "连续发送广告" });
    let made = brigade
        .post("/api/v1/sender-blocks", block(&spam))
        .await
        .expect(201);
    assert_eq!(made.text("/expires_at"), "2027-02-22T10:00:00+08:00");

    let owner = world.signed_in_resident("13800000666").await;
    let heard = file_from(&owner, "198.51.100.9", &fumes(None, 0.0)).await;
    assert!(
        !is_hidden(&brigade, &heard).await,
        "the owner proved the number"
    );
    let claimed = file_from(&stranger, "198.51.100.9", &fumes(Some("13800000666"), 0.0)).await;
    assert!(is_hidden(&brigade, &claimed).await);
    // A signed-in resident who names another's blocked number is still themselves.
    let other = world.signed_in_resident("13800000777").await;
    let named = file_from(&other, "198.51.100.10", &river(Some("13800000666"))).await;
    assert!(!is_hidden(&brigade, &named).await);

    // An address is many people's: who is signed in is heard through it.
    let nameless = file_from(&stranger, "203.0.113.8", &river(None)).await;
    brigade
        .post("/api/v1/sender-blocks", block(&nameless))
        .await
        .expect(201);
    assert!(
        is_hidden(
            &brigade,
            &file_from(&stranger, "203.0.113.8", &river(None)).await
        )
        .await
    );
    assert!(
        !is_hidden(
            &brigade,
            &file_from(&owner, "203.0.113.8", &fumes(None, 900.0)).await
        )
        .await
    );

    // What was sent with the phone proved is answered for by that phone, and only by it.
    let abuse = file_from(&other, "198.51.100.11", &river(None)).await;
    brigade
        .post("/api/v1/sender-blocks", block(&abuse))
        .await
        .expect(201);
    assert!(
        is_hidden(
            &brigade,
            &file_from(&other, "198.51.100.12", &fumes(None, 300.0)).await
        )
        .await
    );
    assert!(
        !is_hidden(
            &brigade,
            &file_from(&owner, "198.51.100.12", &fumes(None, 600.0)).await
        )
        .await
    );
}

/// Silencing: one signer's block hides nobody's petition. What a number claimed in the app was
/// blocked for hides nothing the office or a service takes in; a block of a joint letter hits who
/// filed it and no signer; a letter is hidden when all who signed were blocked for what they proved.
async fn one_signer_silences_no_petition(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let hotline = service(&world, "hotline", &["hotline_12345"]).await;
    let stranger = world.resident();
    let block = async |receipt: &Reply| {
        brigade
            .post(
                "/api/v1/sender-blocks",
                json!({ "number": receipt.text("/number"), "reason": "连续发送广告" }),
            )
            .await
            .expect(201);
    };
    let signed = |number: &str, phones: &[&str]| {
        let mut body = json!({ "channel": "hotline_12345", "external_no": number, "complaint": fumes(phones.first().copied(), 0.0) });
        body["petitioners"] = phones[1..]
            .iter()
            .map(|phone| json!({ "kind": "joint_signer", "person": { "phone": phone } }))
            .collect();
        body
    };
    let heard = async |actor: &Actor, body: Value| {
        let receipt = actor.post("/api/v1/intake", body).await.expect(201);
        assert!(!is_hidden(&brigade, &receipt).await, "{}", receipt.body);
        receipt
    };
    block(&file_from(&stranger, "203.0.113.7", &river(Some("13911110001"))).await).await;
    let joint = heard(
        &hotline,
        signed("FZ-1", &["13811113333", "13911110001", "13811112222"]),
    )
    .await;
    heard(&hotline, signed("FZ-2", &["13911110001"])).await;
    heard(&office, signed("FZ-3", &["13911110001"])).await;

    block(&joint).await;
    let of_signer = file_from(&stranger, "203.0.113.8", &river(Some("13811112222"))).await;
    assert!(
        !is_hidden(&brigade, &of_signer).await,
        "who signed sent nothing"
    );
    let of_filer = file_from(&stranger, "203.0.113.9", &river(Some("13811113333"))).await;
    assert!(is_hidden(&brigade, &of_filer).await);

    // What the phone's owner proved is theirs in the parts of their letter as well.
    let owner = world.signed_in_resident("13911110001").await;
    let letter = file_from(&owner, "198.51.100.1", &river(None)).await;
    brigade
        .post(
            "/api/v1/triage/claims",
            json!({ "number": letter.text("/number") }),
        )
        .await
        .expect(201);
    let part = json!({ "category": "noise.construction", "description": "对面工地夜间施工" });
    let split = json!({ "action": "split", "reason": "一信多诉", "parts": [part] });
    let path = format!("{COMPLAINTS}/{}/decision", letter.text("/number"));
    let part = brigade
        .post(&path, split)
        .await
        .expect(200)
        .text("/parts/0");
    assert_eq!(
        brigade
            .get(&format!("{COMPLAINTS}/{part}"))
            .await
            .expect(200)
            .body["hidden"],
        false
    );
    block(&letter).await;
    heard(&hotline, signed("FZ-4", &["13911110001", "13811112222"])).await;
    let all = hotline
        .post("/api/v1/intake", signed("FZ-5", &["13911110001"]))
        .await
        .expect(201);
    assert!(is_hidden(&brigade, &all).await);
}

/// Blocks of persons end by themselves.
async fn a_persons_block_ends(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let spam = resident
        .post(COMPLAINTS, river(Some("13800000666")))
        .await
        .expect(201);
    let block = json!({ "number": spam.text("/number"), "reason": "连续发送广告" });
    brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201);
    assert!(
        is_hidden(
            &brigade,
            &resident
                .post(COMPLAINTS, fumes(Some("13800000666"), 0.0))
                .await
                .expect(201)
        )
        .await
    );
    world.clock.advance(TimeDelta::days(91));
    let later = resident
        .post(COMPLAINTS, fumes(Some("13800000666"), 0.0))
        .await
        .expect(201);
    assert!(!is_hidden(&world.sign_in("brigade").await, &later).await);
}

/// A blocked person's complaint is looked at within a working day: there is a list of what nobody
/// has looked at, with the day, and a gauge of what is overdue.
async fn what_is_hidden_is_looked_at_in_time(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let spam = resident
        .post(COMPLAINTS, river(Some("13800000666")))
        .await
        .expect(201);
    brigade
        .post(
            "/api/v1/sender-blocks",
            json!({ "number": spam.text("/number"), "reason": "连续发送广告" }),
        )
        .await
        .expect(201);
    let mut hidden = Vec::new();
    for metres in [0.0, 400.0, 800.0] {
        hidden.push(
            resident
                .post(COMPLAINTS, fumes(Some("13800000666"), metres))
                .await
                .expect(201)
                .text("/number"),
        );
    }
    let list = "/api/v1/complaints?hidden=true&unreviewed=true";
    let page = brigade.get(list).await.expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 3);
    assert_eq!(
        (
            page.text("/items/0/review_due_on"),
            page.body["items"][0]["review_overdue"].clone()
        ),
        ("2026-11-25".to_owned(), json!(false))
    );
    let reason = json!({ "reason": "确为广告，维持屏蔽" });
    brigade
        .post(
            &format!("{COMPLAINTS}/{}/hiding-review", hidden[0]),
            reason.clone(),
        )
        .await
        .expect(200);
    brigade
        .post(
            &format!("{COMPLAINTS}/{}/unhiding", hidden[1]),
            json!({ "reason": "核实并非广告" }),
        )
        .await
        .expect(200);
    brigade
        .post(&format!("{COMPLAINTS}/{}/hiding-review", hidden[1]), reason)
        .await
        .expect_problem(409, "wrong_state");
    let left = brigade.get(list).await.expect(200);
    assert_eq!(
        (
            left.body["items"].as_array().unwrap().len(),
            left.text("/items/0/number")
        ),
        (1, hidden[2].clone())
    );
    world.clock.advance(TimeDelta::days(2));
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, &CountUnreviewed {}, now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    let brigade = world.sign_in("brigade").await;
    assert_eq!(
        brigade.get(list).await.expect(200).body["items"][0]["review_overdue"],
        true
    );
    let metrics = world.resident().get("/metrics").await;
    let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
    assert!(text.contains("dengwen_hidden_reviews_overdue 1"), "{text}");
}

/// A letter whose sender was blocked since is split: the parts are hidden like all that comes
/// from them, and stand before the reviewer with their day, one by one. The letter itself stays
/// where it was.
async fn the_parts_of_a_blocked_senders_letter_are_looked_at(world: World) {
    let brigade = world.brigade().await;
    let letter = world
        .resident()
        .post(COMPLAINTS, fumes(Some("13800000666"), 0.0))
        .await
        .expect(201)
        .text("/number");
    brigade
        .post(
            "/api/v1/sender-blocks",
            json!({ "number": letter, "reason": "连续发送广告" }),
        )
        .await
        .expect(201);
    brigade
        .post("/api/v1/triage/claims", json!({ "number": letter }))
        .await
        .expect(201);
    let split = json!({ "action": "split", "reason": "一信多诉", "parts": [
        { "category": "water.black_odorous", "description": "旁边内河发黑发臭" },
        { "category": "noise.construction", "description": "对面工地夜间施工" }
    ] });
    let split = brigade
        .post(&format!("{COMPLAINTS}/{letter}/decision"), split)
        .await
        .expect(200);
    let mut parts = [split.text("/parts/0"), split.text("/parts/1")];
    parts.sort_unstable();
    let waiting = || async {
        let page = brigade
            .get("/api/v1/complaints?hidden=true&unreviewed=true")
            .await
            .expect(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(
            items
                .iter()
                .all(|item| item["review_due_on"] == "2026-11-25"),
            "{}",
            page.body
        );
        let mut numbers: Vec<String> = items
            .iter()
            .map(|item| item["number"].as_str().unwrap().to_owned())
            .collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(waiting().await, parts);
    brigade
        .post(
            &format!("{COMPLAINTS}/{}/unhiding", parts[0]),
            json!({ "reason": "核实并非广告" }),
        )
        .await
        .expect(200);
    assert_eq!(waiting().await, parts[1..]);
    brigade
        .post(
            &format!("{COMPLAINTS}/{}/hiding-review", parts[1]),
            json!({ "reason": "确为广告，维持屏蔽" }),
        )
        .await
        .expect(200);
    assert!(waiting().await.is_empty());
    let seen = |number: String| {
        let brigade = brigade.clone();
        async move {
            brigade
                .get(&format!("{COMPLAINTS}/{number}"))
                .await
                .expect(200)
                .body
        }
    };
    let (back, kept, whole) = (
        seen(parts[0].clone()).await,
        seen(parts[1].clone()).await,
        seen(letter.clone()).await,
    );
    assert_eq!(
        (&back["hidden"], &back["letter"]),
        (&json!(false), &json!(letter))
    );
    assert_eq!(
        (&kept["hidden"], &kept["letter"]),
        (&json!(true), &json!(letter))
    );
    assert_eq!(whole["hidden"], false);
}

/// What a stranger is answered who stands so many metres east and north of the place.
async fn asked(stranger: &Actor, east: f64, north: f64, shape: impl Fn(&mut Value)) -> Value {
    let mut body = fumes(None, 0.0);
    body["location"]["lon"] = json!(LON + east / (111_195.0 * LAT.to_radians().cos()));
    body["location"]["lat"] = json!(LAT + north / 111_195.0);
    shape(&mut body);
    let path = "/api/v1/complaints/similar";
    stranger.post(path, body).await.expect(200).body["similar"].clone()
}

/// Similar matters: two complaints of one cell are answered alike wherever a stranger stands, so
/// no number of questions tells them apart; and no guess at words changes an answer.
async fn a_stranger_locates_nobody(world: World) {
    let stranger = world.resident();
    let first = stranger
        .post(COMPLAINTS, fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    let here = asked(&stranger, 0.0, 0.0, |_| {}).await;
    assert_eq!(here[0]["number"], first);
    let mut fields: Vec<&str> = here[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "category",
            "category_name",
            "distance",
            "matter",
            "number",
            "place",
            "reported_on",
            "stage",
            "stage_name",
            "street",
            "street_name",
            "voices",
            "voices_name"
        ]
    );
    assert_eq!(
        (&here[0]["place"], &here[0]["voices"]),
        (&Value::Null, &json!("under_five"))
    );
    // Guesses at words, at an address, at a person and at their phone.
    for guess in [
        json!({ "description": "楼下老王烧烤每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。" }),
        json!({ "description": "与此毫不相干的另一句话，说的是别的事情。" }),
        json!({ "address": "五四路128号3-501" }),
        json!({ "reporter": { "name": "林小雨", "phone": "13800000001" } }),
        json!({ "reporter": { "phone": "13800000002" } }),
    ] {
        let answer = asked(&stranger, 0.0, 0.0, |body| {
            for (field, value) in guess.as_object().unwrap() {
                body[field] = value.clone();
            }
        })
        .await;
        assert_eq!(answer, here, "{guess}");
    }
    // At whatever distance, in its own category and in another: a name, a road, an hour and a demand
    // change nothing, and without a place nothing is told.
    let home = json!({ "category": "air.odour", "description": "作坊熏人", "premises": "林秀英家作坊", "address": "西洪路12号",
        "location": { "lon": LON + 0.006, "lat": LAT, "datum": "WGS84" }, "occurred_at": "2026-11-23T03:00:00+08:00", "demand": "compensation" });
    let homes = stranger
        .post(COMPLAINTS, home.clone())
        .await
        .expect(201)
        .text("/number");
    for (category, metres) in [
        ("air.odour", 0.0),
        ("air.odour", 200.0),
        ("air.odour", 350.0),
        ("air.odour", 900.0),
        ("noise.social", 0.0),
        ("noise.social", 150.0),
    ] {
        let at = |guess: Value| {
            let mut body = json!({ "category": category, "description": "很难受",
                "location": { "lon": LON + 0.006, "lat": LAT + metres / 111_195.0, "datum": "WGS84" } });
            body.as_object_mut()
                .unwrap()
                .extend(guess.as_object().unwrap().clone());
            stranger.post("/api/v1/complaints/similar", body)
        };
        let blank = at(json!({})).await.expect(200).body;
        assert_eq!(
            blank.to_string().contains(&homes),
            category == "air.odour" && metres < 600.0,
            "{category} {metres} {blank}"
        );
        for guess in [
            json!({ "premises": "林秀英家作坊" }),
            json!({ "premises": "林秀" }),
            json!({ "premises": "老王烧烤" }),
            json!({ "address": "西洪路" }),
            json!({ "address": "五四路" }),
            json!({ "occurred_at": "2026-11-23T03:00:00+08:00" }),
            json!({ "occurred_at": "2026-11-23T15:00:00+08:00" }),
            json!({ "demand": "compensation" }),
        ] {
            assert_eq!(
                at(guess.clone()).await.expect(200).body,
                blank,
                "{category} {metres} {guess}"
            );
        }
    }
    let mut nowhere = home;
    nowhere.as_object_mut().unwrap().remove("location");
    let told = stranger
        .post("/api/v1/complaints/similar", nowhere.clone())
        .await
        .expect(200);
    assert_eq!(told.body["similar"], json!([]));
    let filed = stranger.post(COMPLAINTS, nowhere).await.expect(201);
    assert_eq!(filed.body["similar"], json!([]));
    // The class changes with the cell's middle and not with the place: all that is learned by
    // walking around is one of a few classes.
    let mut classes = std::collections::BTreeSet::new();
    for step in 0..12 {
        let metres = f64::from(step) * 20.0;
        let answer = asked(&stranger, metres, 0.0, |_| {}).await;
        if let Some(class) = answer[0]["distance"].as_str() {
            classes.insert(class.to_owned());
        }
    }
    let known = ["within_50m", "within_200m", "within_500m", "further"];
    assert!(
        !classes.is_empty() && classes.iter().all(|c| known.contains(&c.as_str())),
        "{classes:?}"
    );
    let receipt = stranger
        .post(COMPLAINTS, fumes(None, 5.0))
        .await
        .expect(201);
    assert!(
        receipt.body["similar"][0].get("score").is_none()
            && receipt.body["similar"][0].get("distance_m").is_none()
    );
}

/// One place cannot be asked about without end, from however many addresses.
async fn a_place_has_a_budget_of_questions(world: World) {
    let stranger = world.resident();
    let ask = async |n: usize, body: Value| {
        let address = format!("203.0.113.{n}");
        stranger
            .send(Method::POST, "/api/v1/complaints/similar", |r| {
                r.header("x-forwarded-for", address).json(&body)
            })
            .await
    };
    for n in 0..60 {
        ask(n, fumes(None, 0.0)).await.expect(200);
    }
    let refused = ask(61, fumes(None, 0.0))
        .await
        .expect_problem(429, "too_many_requests");
    assert!(refused.headers.contains_key("retry-after"));
    ask(62, river(None)).await.expect(200);
    let resident = world.signed_in_resident("13800000001").await;
    resident
        .post("/api/v1/complaints/similar", fumes(None, 0.0))
        .await
        .expect(200);
}

/// Looking behind the mask: each look is listed for the office and for whom it concerns, many
/// raise an alarm, and too many are refused.
async fn looks_behind_the_mask_are_seen(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let resident = world.signed_in_resident("13800000001").await;
    let receipt = resident
        .post(COMPLAINTS, fumes(None, 0.0))
        .await
        .expect(201);
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    let unmask = format!("{COMPLAINTS}/{number}/reporter/unmask");
    let look = |n: usize| json!({ "purpose": "contact", "reason": format!("第{n}次电话回访核实") });
    brigade
        .post(&unmask, json!({ "reason": "电话回访核实情况" }))
        .await
        .expect(400);
    for n in 1..=20 {
        brigade.post(&unmask, look(n)).await.expect(200);
    }
    let refused = brigade
        .post(&unmask, look(21))
        .await
        .expect_problem(429, "too_many_requests");
    assert!(refused.headers.contains_key("retry-after"));
    office.post(&unmask, look(1)).await.expect(200);

    let all = office.get("/api/v1/unmaskings?limit=200").await.expect(200);
    assert_eq!(all.body["items"].as_array().unwrap().len(), 21);
    let alarms = office
        .get("/api/v1/unmaskings?alarm=true&staff=brigade")
        .await
        .expect(200);
    assert_eq!(alarms.body["items"].as_array().unwrap().len(), 11);
    assert_eq!(
        (
            alarms.text("/items/0/complaint"),
            alarms.text("/items/0/purpose_name")
        ),
        (number.clone(), "联系反映人核实情况".to_owned())
    );
    let none = office
        .get("/api/v1/unmaskings?until=2026-11-24T00:00:00Z")
        .await
        .expect(200);
    assert_eq!(none.body["items"], json!([]));
    brigade
        .get("/api/v1/unmaskings")
        .await
        .expect_problem(403, "forbidden");

    let mine = resident
        .get("/api/v1/residents/me/unmaskings")
        .await
        .expect(200);
    assert_eq!(mine.body["items"].as_array().unwrap().len(), 21);
    let by_code = world
        .resident()
        .get(&format!("/api/v1/tracking/{code}/unmaskings"))
        .await
        .expect(200);
    for text in [mine.body.to_string(), by_code.body.to_string()] {
        assert!(
            text.contains("brigade") && !text.contains("回访"),
            "the role, and not the officer's words: {text}"
        );
    }
    assert_eq!(by_code.text("/unmaskings/0/role_name"), "办公室");
    let stranger = world.signed_in_resident("13800000002").await;
    assert_eq!(
        stranger
            .get("/api/v1/residents/me/unmaskings")
            .await
            .expect(200)
            .body["items"],
        json!([])
    );
    let metrics = world.resident().get("/metrics").await;
    assert!(String::from_utf8_lossy(&metrics.bytes).contains("unmasking_alarms"));
    world.clock.advance(TimeDelta::minutes(61));
    world
        .sign_in("brigade")
        .await
        .post(&unmask, look(22))
        .await
        .expect(200);
}

/// Merged entries: a street reads its own complaints of an entry, and not the other street's.
async fn a_merged_entry_shows_a_street_its_own(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let file = async |body: Value| {
        let number = resident
            .post(COMPLAINTS, body)
            .await
            .expect(201)
            .text("/number");
        let seen = brigade
            .get(&format!("{COMPLAINTS}/{number}"))
            .await
            .expect(200);
        (number, seen.text("/entry"), seen.text("/place/street_code"))
    };
    let (first, target, street) = file(fumes(Some("13800000001"), 0.0)).await;
    let (second, source, other) = file(river(Some("13800000002"))).await;
    assert_ne!(street, other);
    let more = json!({ "text": "另一条街道的补充" });
    brigade
        .post(&format!("{COMPLAINTS}/{second}/supplements"), more)
        .await
        .expect(201);
    brigade
        .post(
            &format!("/api/v1/entries/{source}/merge"),
            json!({ "into": target, "reason": "同一问题" }),
        )
        .await
        .expect(200);
    let own = world.street("own", &street).await;
    let seen = own
        .get(&format!("/api/v1/entries/{target}"))
        .await
        .expect(200);
    assert_eq!(
        (
            seen.body["complaints"].as_array().unwrap().len(),
            seen.text("/complaints/0/number")
        ),
        (1, first)
    );
    assert!(
        !seen.body.to_string().contains(&second) && !seen.body.to_string().contains("另一条"),
        "{}",
        seen.body
    );
    let whole = brigade
        .get(&format!("/api/v1/entries/{target}"))
        .await
        .expect(200);
    assert_eq!(whole.body["complaints"].as_array().unwrap().len(), 2);
}

/// Known names: whoever complained of the same matter is found in the words about one of its
/// complaints too, its own words as well as staff's reasons.
async fn words_about_one_complaint_name_nobody_of_its_matter(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let mut first = fumes(Some("13500010001"), 0.0);
    first["reporter"]["name"] = json!("郭靖安");
    let first = resident
        .post(COMPLAINTS, first)
        .await
        .expect(201)
        .text("/number");
    let mut second = fumes(Some("13800000002"), 0.0);
    second["description"] = json!("楼下老王烧烤油烟直排，和郭靖安家一样没法开窗，熏了一整夜。");
    let second = resident
        .post(COMPLAINTS, second)
        .await
        .expect(201)
        .text("/number");
    let path = format!("{COMPLAINTS}/{second}");
    let seen = |number: &str| format!("{COMPLAINTS}/{number}");
    let entry = brigade.get(&seen(&first)).await.expect(200).text("/entry");
    assert_eq!(brigade.get(&path).await.expect(200).text("/entry"), entry);
    brigade
        .post("/api/v1/triage/claims", json!({ "number": second }))
        .await
        .expect(201);
    let why = json!({ "action": "return", "reason": "与郭靖安13500010001反映的是同一件" });
    brigade
        .post(&format!("{path}/decision"), why)
        .await
        .expect(200);
    let section = world.staff(Role::Section).await;
    let shown = section.get(&path).await.expect(200).body.to_string();
    for known in ["郭靖安", "靖安", "13500010001"] {
        assert!(!shown.contains(known), "{known} in {shown}");
    }
    assert!(
        brigade
            .get(&path)
            .await
            .expect(200)
            .body
            .to_string()
            .contains("郭靖安")
    );
}

/// Known names: whoever is behind a complaint that this one was compared with is named to no role
/// without need, alone and in lists, although the two stay apart; and no reply tells them to a stranger.
async fn words_name_nobody_behind_what_a_complaint_was_compared_with(world: World) {
    let (brigade, resident) = (world.brigade().await, world.resident());
    let mut first = fumes(Some("13805917766"), 0.0);
    first["reporter"]["name"] = json!("林婉清");
    let first = resident
        .post(COMPLAINTS, first)
        .await
        .expect(201)
        .text("/number");
    let mut second = river(Some("13800000002"));
    second["description"] = json!("楼上的林婉清也投诉过，河水发黑发臭。");
    second["premises"] = json!("林婉清家旁的排口");
    let second = resident.post(COMPLAINTS, second).await.expect(201);
    let (code, second) = (second.text("/tracking_code"), second.text("/number"));
    let path = format!("{COMPLAINTS}/{second}");
    let section = world.staff(Role::Section).await;
    let entry_of = async |number: &str| {
        brigade
            .get(&format!("{COMPLAINTS}/{number}"))
            .await
            .expect(200)
            .text("/entry")
    };
    let entry = entry_of(&second).await;
    assert_ne!(entry, entry_of(&first).await);
    let places = [
        path.clone(),
        format!("/api/v1/entries/{entry}"),
        "/api/v1/entries".to_owned(),
    ];
    let named = async || {
        let mut named = Vec::new();
        for place in &places {
            let shown = section.get(place).await.expect(200).body.to_string();
            named.push(shown.contains("婉清"));
        }
        named
    };
    assert_eq!(
        named().await,
        [false; 3],
        "the first is a candidate of the verdict"
    );
    world.db_read(|c| {
        diesel::update(match_verdict::table)
            .set(match_verdict::evidence.eq(JsonValue(json!([]))))
            .execute(c)
            .unwrap()
    });
    assert!(named().await[0], "nothing tells that the two were compared");
    world.db_read(|c| {
        let named: Id = complaint::table
            .filter(complaint::number.eq(&first))
            .select(complaint::id)
            .first(c)
            .unwrap();
        diesel::update(complaint::table.filter(complaint::number.eq(&second)))
            .set(complaint::repeat_of.eq(named))
            .execute(c)
            .unwrap();
    });
    assert_eq!(
        named().await,
        [false; 3],
        "the second is suspected to repeat the first"
    );
    assert!(
        brigade
            .get(&path)
            .await
            .expect(200)
            .body
            .to_string()
            .contains("林婉清")
    );
    brigade
        .post("/api/v1/triage/claims", json!({ "number": second }))
        .await
        .expect(201);
    brigade
        .post(
            &format!("{path}/decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    let reply = json!({ "kind": "progress", "text": "您与林婉清（13805917766）反映的是同一问题，已派人查看，详询0591-12369。" });
    brigade
        .post(&format!("{path}/reply"), reply)
        .await
        .expect(201);
    let told = world
        .resident()
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200)
        .text("/replies/0/text");
    assert!(
        !told.contains("婉清")
            && !told.contains("13805917766")
            && told.contains("反映的是同一问题，已派人查看，详询0591-12369"),
        "{told}"
    );
}

/// A visit that was called off because the matter lies elsewhere is closed to who was sent: list,
/// page, complaint and pictures. What they captured on the way is kept.
async fn a_visit_moved_away_is_closed_to_its_officer(world: World) {
    let brigade = world.brigade().await;
    let number = world
        .resident()
        .post(COMPLAINTS, fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    let complaint = |what: &str| format!("{COMPLAINTS}/{number}{what}");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    brigade
        .post(
            &complaint("/decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    let grid = brigade
        .get(&complaint(""))
        .await
        .expect(200)
        .text("/place/grid_code");
    let officer = world.officer("officer1", &grid).await;
    let visit = brigade
        .post(
            &complaint("/verifications"),
            json!({ "instructions": "看净化器" }),
        )
        .await
        .expect(201)
        .text("/id");
    let path = |what: &str| format!("/api/v1/verifications/{visit}{what}");
    officer.get(&path("")).await.expect(200);
    officer.get(&complaint("")).await.expect(200);
    let moved = json!({ "location": { "lon": 119.2760, "lat": 26.1010, "datum": "WGS84" }, "reason": "电话核实位置" });
    let version = brigade.get(&complaint("")).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    brigade
        .patch_if(&complaint(""), version, moved)
        .await
        .expect(200);
    assert_eq!(
        officer
            .get("/api/v1/verifications/mine")
            .await
            .expect(200)
            .body["items"],
        json!([])
    );
    officer
        .get(&path(""))
        .await
        .expect_problem(404, "not_found");
    officer
        .get(&complaint(""))
        .await
        .expect_problem(404, "not_found");
    let here = json!({ "client_id": "c", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": "2026-11-24T09:30:00+08:00" });
    let kept = officer.post(&path("/check-in"), here).await.expect(200);
    assert_eq!(
        (kept.text("/state"), kept.text("/description")),
        ("cancelled".to_owned(), String::new())
    );
    assert_eq!(kept.body["events"][0]["client_id"], "c");
    let seen = brigade.get(&path("")).await.expect(200);
    assert_eq!(seen.body["events"].as_array().unwrap().len(), 1);
}

/// An original is nobody's to keep.
async fn originals_are_not_stored(world: World) {
    let brigade = world.brigade().await;
    let parts = [
        ("complaint", None, fumes(None, 0.0).to_string().into_bytes()),
        (
            "photo",
            Some("a.jpg"),
            dengwen::photo::sample::scene(1, 300, 200),
        ),
    ];
    let receipt = world
        .resident()
        .post_parts(COMPLAINTS, &parts)
        .await
        .expect(201);
    let photo = format!(
        "{COMPLAINTS}/{}/photos/{}",
        receipt.text("/number"),
        receipt.text("/photos/0/id")
    );
    let original = brigade.get(&format!("{photo}/original")).await.expect(200);
    assert_eq!(original.headers["cache-control"], "no-store");
    let copy = brigade.get(&photo).await.expect(200);
    assert!(
        copy.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("private")
    );
}

on_both!(
    a_service_is_told_of_its_own_numbers_alone,
    a_service_files_under_its_channels,
    a_persons_block_ends,
    what_is_hidden_is_looked_at_in_time,
    the_parts_of_a_blocked_senders_letter_are_looked_at,
    a_stranger_locates_nobody,
    looks_behind_the_mask_are_seen,
    a_merged_entry_shows_a_street_its_own,
    words_about_one_complaint_name_nobody_of_its_matter,
    words_name_nobody_behind_what_a_complaint_was_compared_with,
    a_visit_moved_away_is_closed_to_its_officer,
    originals_are_not_stored,
);

on_both!(
    wishes = behind_proxy(),
    a_claimed_phone_silences_nobody_who_proves_it,
    one_signer_silences_no_petition,
    a_place_has_a_budget_of_questions,
);
