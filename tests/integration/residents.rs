//! Residents who come back: what their phone filed, codes they lost.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    complaint::recovery::SendCodes,
    jobs,
    platform::{
        db::{Id, JsonValue, schema::job},
        jobs::Job as _,
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, Wishes, World,
    bodies::{fumes, river},
    queued,
};

const OWN: &str = "/api/v1/residents/me/complaints";
const RECOVERY: &str = "/api/v1/tracking-code/recovery";

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// Number, how it is theirs and whether its code is told, of each own complaint, page by page of one.
async fn own(resident: &Actor) -> Vec<(String, String, bool)> {
    let mut found = Vec::new();
    let mut next = format!("{OWN}?limit=1");
    loop {
        let page = resident.get(&next).await.expect(200);
        for item in page.body["items"].as_array().unwrap() {
            let code = item["tracking_code"].is_string();
            found.push((text(&item["number"]), text(&item["filed"]), code));
        }
        match page.body["next_cursor"].as_str() {
            Some(cursor) => next = format!("{OWN}?limit=1&cursor={cursor}"),
            None => return found,
        }
    }
}

/// Whoever proved a phone finds what was filed with it, by whatever door; what another filed signed in
/// is told without its code, and what they merely signed not at all.
async fn a_phone_finds_what_was_filed_with_it(world: World) {
    let office = world.staff(Role::Office).await;
    let before = world.file(river(Some("138 0000-0001"))).await;
    let other = world.signed_in_resident("13900000009").await;
    let typed = other
        .post("/api/v1/complaints", fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    let intake = |no: &str, reporter: Value, signers: Value| {
        let mut complaint = fumes(None, 2500.0);
        complaint["reporter"] = reporter;
        json!({ "channel": "hotline_12345", "external_no": no, "petitioners": signers, "complaint": complaint })
    };
    let called = intake("FZ-1", json!({ "phone": "13800000001" }), json!([]));
    let called = office.post("/api/v1/intake", called).await.expect(201);
    let signed =
        json!([{ "kind": "joint_signer", "person": { "name": "林秀英", "phone": "13800000001" } }]);
    let signed = intake(
        "FZ-2",
        json!({ "name": "陈明", "phone": "13800000002" }),
        signed,
    );
    office.post("/api/v1/intake", signed).await.expect(201);
    let resident = world.signed_in_resident("13800000001").await;
    let mine = resident
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    let row = |number: String, filed: &str, code: bool| (number, filed.to_owned(), code);
    assert_eq!(
        own(&resident).await,
        [
            row(mine, "signed_in", true),
            row(called.text("/number"), "by_phone", true),
            row(typed.clone(), "by_another", false),
            row(before.text("/number"), "by_phone", true),
        ]
    );
    assert_eq!(own(&other).await, [row(typed, "signed_in", true)]);
    let listed = resident.get(OWN).await.expect(200);
    let code = before.text("/tracking_code");
    assert_eq!(listed.body["items"][3]["tracking_code"], json!(code));
    for word in ["楼下", "林小雨", "河水"] {
        assert!(!listed.body.to_string().contains(word), "{}", listed.body);
    }
}

async fn ask(world: &World, body: Value) -> Reply {
    world.resident().post(RECOVERY, body).await
}

async fn run_due(world: &World) {
    jobs::run_due(&world.server.app).await.unwrap();
}

/// A lost code goes to the phone it was filed with and nowhere else; who asks is answered the same
/// whatever there is, and the queue holds no phone.
async fn a_lost_code_is_sent_to_its_phone_alone(world: World) {
    let first = world.file(river(Some("13800000001"))).await;
    world.clock.advance(TimeDelta::days(1));
    let second = world.file(fumes(Some("13800000001"), 0.0)).await;
    let other = world.signed_in_resident("13900000009").await;
    let typed = other
        .post("/api/v1/complaints", fumes(Some("13800000001"), 2500.0))
        .await
        .expect(201);
    let codes = [&first, &second, &typed].map(|receipt| receipt.text("/tracking_code"));
    let known = ask(&world, json!({ "phone": "138-0000-0001" }))
        .await
        .expect(202);
    let unknown = ask(&world, json!({ "phone": "13800000099" }))
        .await
        .expect(202);
    assert_eq!(known.bytes, unknown.bytes);
    let waiting: Vec<JsonValue> = world.db_read(|c| {
        job::table
            .filter(job::kind.eq(SendCodes::NAME))
            .select(job::payload)
            .load(c)
            .unwrap()
    });
    assert_eq!(waiting.len(), 2);
    assert!(
        waiting
            .iter()
            .all(|told| !told.0.to_string().contains("1380000"))
    );
    assert!(
        world.sms.last_to("13800000001").is_none(),
        "not before the answer"
    );
    run_due(&world).await;
    let sent = world.sms.last_to("13800000001").unwrap();
    let told = codes.each_ref().map(|code| sent.contains(code.as_str()));
    assert_eq!(told, [true, true, false], "{sent}");
    assert!(
        sent.find(&codes[1]) < sent.find(&codes[0]),
        "the latest first"
    );
    assert!(!sent.contains("油烟") && !sent.contains("河"), "{sent}");
    assert!(world.sms.last_to("13800000099").is_none());

    let number = first.text("/number");
    ask(&world, json!({ "phone": "13800000001", "number": number }))
        .await
        .expect(202);
    run_due(&world).await;
    let sent = world.sms.last_to("13800000001").unwrap();
    assert!(
        sent.contains(&codes[0]) && !sent.contains(&codes[1]),
        "{sent}"
    );
    let of_a_day = json!({ "phone": "13800000001", "filed_on": "2026-11-25" });
    ask(&world, of_a_day).await.expect(202);
    run_due(&world).await;
    let sent = world.sms.last_to("13800000001").unwrap();
    assert!(
        !sent.contains(&codes[0]) && sent.contains(&codes[1]),
        "{sent}"
    );

    // Three a day, known or not; no other phone is concerned.
    let refused = ask(&world, json!({ "phone": "13800000001" })).await;
    let refused = refused.expect_problem(429, "too_many_requests");
    assert!(refused.headers.contains_key("retry-after"));
    for _ in 0..2 {
        ask(&world, json!({ "phone": "13800000099" }))
            .await
            .expect(202);
    }
    ask(&world, json!({ "phone": "13800000099" }))
        .await
        .expect(429);
    ask(&world, json!({ "phone": "13800000098" }))
        .await
        .expect(202);
    let wrong = ask(&world, json!({ "phone": "0591-87654321" })).await;
    wrong.expect_problem(422, "invalid");
    let wrong = json!({ "phone": "13800000097", "number": "林秀英的那件" });
    ask(&world, wrong).await.expect_problem(422, "invalid");
}

/// What was sent is not sent again when its job runs twice, nor more than three times a day, however
/// many servers are asked.
async fn codes_are_sent_once_and_seldom(world: World) {
    let codes = [
        world.file(river(Some("13800000001"))).await,
        world.file(fumes(Some("13800000001"), 0.0)).await,
    ];
    let key = world.server.app.keys.blind_index("phone", "13800000001");
    let told = |recovery: Id, at: usize| {
        let number = codes[at].text("/number");
        let payload = json!({ "recovery": recovery, "phone_keys": [key], "number": number, "filed_on": null });
        let now = world.server.app.now();
        world.db_read(|c| queued::enqueue(c, SendCodes::NAME, payload, now, now).unwrap());
    };
    let last_is = |at: usize| {
        let sent = world.sms.last_to("13800000001").unwrap();
        assert!(sent.contains(&codes[at].text("/tracking_code")), "{sent}");
    };
    let once = Id::new();
    told(once, 0);
    run_due(&world).await;
    last_is(0);
    told(once, 1);
    run_due(&world).await;
    last_is(0);
    for at in [1, 0] {
        told(Id::new(), at);
        run_due(&world).await;
        last_is(at);
    }
    told(Id::new(), 1);
    run_due(&world).await;
    last_is(0);
    world.clock.advance(TimeDelta::days(2));
    told(Id::new(), 1);
    run_due(&world).await;
    last_is(1);
}

/// Where no text messages are sent, that is said, and nothing is queued.
async fn without_a_gateway_no_code_is_promised(world: World) {
    world.file(river(Some("13800000001"))).await;
    let refused = ask(&world, json!({ "phone": "13800000001" })).await;
    refused.expect_problem(503, "no_text_messages");
    let queued: i64 = world.db_read(|c| {
        let of = job::table.filter(job::kind.eq(SendCodes::NAME));
        of.count().get_result(c).unwrap()
    });
    assert_eq!(queued, 0);
}

on_both!(
    a_phone_finds_what_was_filed_with_it,
    a_lost_code_is_sent_to_its_phone_alone,
    codes_are_sent_once_and_seldom,
);

on_both!(
    wishes = Wishes {
        no_text_messages: true,
        ..Wishes::default()
    },
    without_a_gateway_no_code_is_promised,
);
