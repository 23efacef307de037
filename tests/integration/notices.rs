//! Notices: being decided on tells nobody; a message that arrived, a page that was read, a letter, a call
//! does, with its proof. Messages go to a gateway of the district's, which reports on them.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    jobs,
    platform::{clock::Clock as _, gateway::signature, jobs::ATTEMPTS_MAX},
};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, Wishes, World,
    bodies::{fumes, river},
    district,
    receiver::{Receiver, SECRET},
};

const PHONE: &str = "13800001234";

async fn run_due(world: &World) {
    jobs::run_due(&world.server.app).await.unwrap();
}

/// Starts the world's server in a district where no decision can be undone, so that what is decided is told at once.
async fn tell_at_once(world: &mut World) {
    let folder = world.dir.path().join("at_once");
    district::copy_to(&folder);
    district::change(&folder, "district.toml", AT_ONCE);
    let folder = folder.display().to_string();
    world.restart_with("DENGWEN_DISTRICT", &folder).await;
}

const AT_ONCE: (&str, &str) = ("undo_minutes = 5", "undo_minutes = 0");

async fn seen(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}");
    actor.get(&path).await.expect(200)
}

/// The clock to tell a complaint's reporter.
async fn notify(actor: &Actor, number: &str) -> Value {
    let view = seen(actor, number).await;
    let clocks = view.body["deadlines"].as_array().unwrap();
    let notify = clocks.iter().find(|clock| clock["kind"] == "notify");
    notify.unwrap().clone()
}

/// Numbers in the list of notices, and why each waits.
async fn untold(actor: &Actor) -> Vec<(String, String)> {
    let page = actor.get("/api/v1/work/notices").await.expect(200);
    let rows = page.body["items"].as_array().unwrap().iter();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let listed: Vec<(String, String)> = rows
        .map(|row| (text(row, "number"), text(row, "untold")))
        .collect();
    assert_eq!(page.body["counts"]["count"], listed.len());
    listed
}

async fn notices(actor: &Actor, number: &str) -> Vec<Value> {
    let path = format!("/api/v1/complaints/{number}/notices");
    let list = actor.get(&path).await.expect(200);
    list.body["items"].as_array().unwrap().clone()
}

/// What staff take in for somebody: number and query code.
async fn taken_in(office: &Actor, external_no: &str, reporter: Value) -> (String, String) {
    let body = json!({ "channel": "hotline_12345", "external_no": external_no,
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡", "reporter": reporter } });
    let receipt = office.post("/api/v1/intake", body).await.expect(201);
    let view = seen(office, &receipt.text("/number")).await;
    (view.text("/number"), receipt.text("/tracking_code"))
}

/// Being decided on tells nobody: the clock runs and the complaint waits in a list until the message is on
/// the phone. It says nothing of the matter, and no code to who has it.
async fn a_decision_alone_tells_nobody(world: World) {
    let brigade = world.brigade().await;
    let receipt = world.file(fumes(Some(PHONE), 0.0)).await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    brigade.accept(&number).await;
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);
    let waits = vec![(number.clone(), "underway".to_owned())];
    assert_eq!(untold(&brigade).await, waits);
    assert_eq!(
        seen(&brigade, &number).await.text("/due_on"),
        "2026-12-09",
        "to tell comes before to answer"
    );

    world.clock.advance(TimeDelta::minutes(5));
    run_due(&world).await;
    let met = notify(&brigade, &number).await;
    assert_eq!(
        (&met["outcome"], &met["met_at"]),
        (&json!("on_time"), &json!("2026-11-24T10:05:00+08:00"))
    );
    assert!(untold(&brigade).await.is_empty());
    assert_eq!(seen(&brigade, &number).await.text("/due_on"), "2027-01-25");
    let text = world.sms.last_to(PHONE).unwrap();
    assert!(
        text.contains(&number) && text.contains("2027-01-25"),
        "{text}"
    );
    assert!(!text.contains(&code) && !text.contains("油烟"), "{text}");

    let told = notices(&brigade, &number).await;
    let said = |field: &str| told[0][field].clone();
    assert_eq!(told.len(), 1);
    assert_eq!(
        ["event", "channel", "state", "to", "told_at"].map(said),
        [
            json!("accepted"),
            json!("sms"),
            json!("delivered"),
            json!("138****1234"),
            json!("2026-11-24T10:05:00+08:00")
        ]
    );
    assert_eq!(seen(&brigade, &number).await.body["notices"], json!(told));
    let leader = world.staff(Role::Leader).await;
    let read = seen(&leader, &number).await;
    assert_eq!(read.body["notices"][0]["to"], Value::Null);
    let path = format!("/api/v1/complaints/{number}/notices");
    leader.get(&path).await.expect_problem(403, "forbidden");
    let tracking = format!("/api/v1/tracking/{code}");
    let page = world.resident().get(&tracking).await.expect(200);
    assert_eq!(
        (page.text("/notices/0/channel"), page.text("/notices/0/at")),
        ("sms".into(), "2026-11-24T10:05:00+08:00".into())
    );
    assert!(!page.body["notices"].to_string().contains("1234"));
}

/// Whoever filed through staff never saw the query code: their first message brings it, and no later one.
async fn who_never_saw_the_code_is_sent_it(mut world: World) {
    tell_at_once(&mut world).await;
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let reporter = json!({ "name": "林小雨", "phone": PHONE });
    let (number, code) = taken_in(&office, "FZ-1", reporter).await;
    brigade.accept(&number).await;
    run_due(&world).await;
    let first = world.sms.last_to(PHONE).unwrap();
    assert!(first.contains(&code), "{first}");
    let reply = json!({ "kind": "progress", "text": "已约谈店主" });
    let path = format!("/api/v1/complaints/{number}/reply");
    brigade.post(&path, reply).await.expect(201);
    run_due(&world).await;
    let second = world.sms.last_to(PHONE).unwrap();
    assert!(
        second.contains("新进展") && !second.contains(&code),
        "{second}"
    );
}

/// Reading the page that the code opens is being told, in the app as well; staff who look are nobody's
/// reporter, and who left nothing but holds a code is told by its page at once.
async fn what_is_read_on_the_page_is_told(mut world: World) {
    tell_at_once(&mut world).await;
    let brigade = world.brigade().await;
    let receipt = world.file(fumes(Some(PHONE), 0.0)).await;
    let number = receipt.text("/number");
    let tracking = format!("/api/v1/tracking/{}", receipt.text("/tracking_code"));
    brigade.accept(&number).await;
    brigade.get(&tracking).await.expect(200);
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);
    world.clock.advance(TimeDelta::minutes(1));
    world.resident().get(&tracking).await.expect(200);
    let met = notify(&brigade, &number).await;
    assert_eq!(met["met_at"], "2026-11-24T10:01:00+08:00");
    let channels = |told: &[Value]| -> Vec<Value> {
        told.iter()
            .map(|notice| notice["channel"].clone())
            .collect()
    };
    let told = notices(&brigade, &number).await;
    assert_eq!(channels(&told), ["sms", "page"]);

    let resident = world.signed_in_resident("13800005678").await;
    let filed = resident
        .post("/api/v1/complaints", fumes(None, 900.0))
        .await;
    let filed = filed.expect(201);
    let own = filed.text("/number");
    brigade.accept(&own).await;
    assert_eq!(notify(&brigade, &own).await["outcome"], Value::Null);
    let tracking = format!("/api/v1/tracking/{}", filed.text("/tracking_code"));
    resident.get(&tracking).await.expect(200);
    assert_eq!(notify(&brigade, &own).await["outcome"], "on_time");
    let told = notices(&brigade, &own).await;
    assert_eq!(channels(&told), ["sms", "app"]);

    let nameless = world.file(river(None)).await;
    let number = nameless.text("/number");
    brigade.accept(&number).await;
    assert_eq!(notify(&brigade, &number).await["outcome"], "on_time");
    let told = notices(&brigade, &number).await;
    assert_eq!(
        (&told[0]["channel"], &told[0]["state"]),
        (&json!("page"), &json!("published"))
    );
    let tracking = format!("/api/v1/tracking/{}", nameless.text("/tracking_code"));
    let page = world.resident().get(&tracking).await.expect(200);
    let words = page.text("/notices/0/text");
    assert!(
        words.contains(&number) && words.contains("已受理"),
        "{words}"
    );
}

/// A letter without a phone is told by post: on the day it is posted, with its number; when it comes back
/// the clock runs again, and another way is found or there is none.
async fn a_letter_is_told_by_post_and_may_come_back(mut world: World) {
    tell_at_once(&mut world).await;
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let (number, _) = taken_in(&office, "FZ-2", json!({ "name": "林秀英" })).await;
    let path = format!("/api/v1/complaints/{number}/notices");
    let told = |channel: &str, on: &str| json!({ "channel": channel, "told_on": on, "proof": "挂号信XA123456789CN" });
    let early = office.post(&path, told("post", "2026-11-24")).await;
    early.expect_problem(409, "wrong_state");
    brigade.accept(&number).await;
    let waits = |why: &str| vec![(number.clone(), why.to_owned())];
    assert_eq!(untold(&office).await, waits("to_post"));

    world.clock.advance(TimeDelta::days(2));
    let (brigade, office) = (
        world.sign_in("brigade").await,
        world.sign_in("office").await,
    );
    for (day, code) in [("2026-11-27", "in_the_future"), ("2026-11-23", "too_early")] {
        let refused = office.post(&path, told("post", day)).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.text("/items/0/code"), code);
    }
    let mut shown = told("post", "2026-11-25");
    shown["evidence"] = json!("00000000-0000-7000-8000-000000000000");
    let refused = office.post(&path, shown).await;
    let refused = refused.expect_problem(422, "invalid");
    assert_eq!(refused.text("/items/0/location"), "evidence");
    let posted = office
        .post_once(&path, "post-1", told("post", "2026-11-25"))
        .await
        .expect(201);
    let again = office
        .post_once(&path, "post-1", told("post", "2026-11-25"))
        .await;
    assert_eq!(again.expect(201).body, posted.body);
    assert_eq!(
        (
            posted.text("/state"),
            posted.text("/recorded_by"),
            posted.text("/event")
        ),
        ("sent".into(), "office".into(), "accepted".into())
    );
    let met = notify(&brigade, &number).await;
    assert_eq!(
        (&met["outcome"], &met["met_at"]),
        (&json!("on_time"), &json!("2026-11-25T00:00:00+08:00"))
    );
    assert!(untold(&brigade).await.is_empty());

    let back = format!("/api/v1/notices/{}/return", posted.text("/id"));
    let why = json!({ "reason": "原址查无此人" });
    let returned = office.post(&back, why.clone()).await.expect(200);
    assert_eq!(
        (returned.text("/state"), returned.text("/reason")),
        ("came_back".into(), "原址查无此人".into())
    );
    office
        .post(&back, why)
        .await
        .expect_problem(409, "wrong_state");
    let runs = notify(&brigade, &number).await;
    assert_eq!(
        (&runs["outcome"], &runs["met_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(untold(&office).await, waits("came_back"));
    let handed = told("in_person", "2026-11-26");
    let handed = brigade.post(&path, handed).await.expect(201);
    assert_eq!(handed.text("/state"), "handed_over");
    assert_eq!(notify(&brigade, &number).await["outcome"], "on_time");
    let back = format!("/api/v1/notices/{}/return", handed.text("/id"));
    let refused = office.post(&back, json!({ "reason": "退回" })).await;
    refused.expect_problem(422, "guard_failed");

    let (lost, _) = taken_in(&office, "FZ-3", json!({ "name": "陈明" })).await;
    brigade.accept(&lost).await;
    let tried =
        json!({ "channel": "nobody", "told_on": "2026-11-26", "proof": "来信无地址，走访未果" });
    let path = format!("/api/v1/complaints/{lost}/notices");
    let given_up = brigade.post(&path, tried).await.expect(201);
    assert_eq!(given_up.text("/state"), "unreachable");
    assert_eq!(notify(&brigade, &lost).await["outcome"], "lapsed");
    assert!(untold(&brigade).await.is_empty());
}

/// Nobody signed and nobody holds a code: there is nobody to tell, and nothing is owed (条例23条).
async fn who_cannot_be_reached_is_owed_nothing(mut world: World) {
    tell_at_once(&mut world).await;
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let (number, _) = taken_in(&office, "FZ-4", Value::Null).await;
    brigade.accept(&number).await;
    assert_eq!(notify(&brigade, &number).await["outcome"], "lapsed");
    assert!(untold(&brigade).await.is_empty());
    assert!(notices(&brigade, &number).await.is_empty());
    run_due(&world).await;
}

/// A decision that is taken back before its message went out is not told any more.
async fn what_was_taken_back_is_not_told(mut world: World) {
    tell_at_once(&mut world).await;
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let refuse = json!({ "action": "refuse", "reason": "非本局职责", "notice": "请向城管反映。" });
    let decision = format!("/api/v1/complaints/{number}/decision");
    brigade.post(&decision, refuse).await.expect(200);
    assert_eq!(untold(&brigade).await.len(), 1);
    let back = json!({ "cause": "mistake", "reason": "应由本局办理", "notice": "继续办理。" });
    let reversal = format!("/api/v1/complaints/{number}/decision-reversal");
    brigade.post(&reversal, back).await.expect(200);
    assert!(untold(&brigade).await.is_empty(), "it waits in the queue");
    run_due(&world).await;
    let text = world.sms.last_to(PHONE).unwrap();
    assert!(text.contains("已撤回"), "{text}");
    let told = notices(&brigade, &number).await;
    let states: Vec<&Value> = told.iter().map(|notice| &notice["state"]).collect();
    assert_eq!(states, ["cancelled", "delivered"]);
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);
}

/// Where no messages are sent, staff call whoever left a number.
async fn without_a_gateway_staff_tell(mut world: World) {
    tell_at_once(&mut world).await;
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    brigade.accept(&number).await;
    run_due(&world).await;
    assert_eq!(
        untold(&brigade).await,
        [(number.clone(), "to_call".to_owned())]
    );
    assert!(notices(&brigade, &number).await.is_empty());
    let called = json!({ "channel": "phone", "told_on": "2026-11-24", "proof": "10:20 本人接听" });
    let path = format!("/api/v1/complaints/{number}/notices");
    brigade.post(&path, called).await.expect(201);
    assert!(untold(&brigade).await.is_empty());
}

/// A server that sends by webhook.
async fn with_webhook(world: &mut World, more: &[(&str, &str)]) -> Receiver {
    let receiver = Receiver::new();
    let variables = receiver.variables();
    let mut pairs: Vec<(&str, &str)> = variables.iter().map(|(k, v)| (*k, v.as_str())).collect();
    pairs.extend(more);
    world.restart_on(&pairs).await;
    receiver
}

/// A report on a message, with this signature.
async fn report(world: &World, id: &str, body: &Value, signature: Option<String>) -> Reply {
    let path = format!("/api/v1/notices/{id}/receipt");
    let bytes = body.to_string();
    let gateway = world.resident();
    gateway
        .send(Method::POST, &path, |request| {
            let request = request
                .header("content-type", "application/json")
                .body(bytes);
            match signature {
                Some(signature) => request.header("dengwen-signature", signature),
                None => request,
            }
        })
        .await
}

fn signed(world: &World, body: &Value, seconds_ago: i64) -> Option<String> {
    let at = world.clock.now().timestamp() - seconds_ago;
    signature::sign(&SecretString::from(SECRET), at, body.to_string().as_bytes())
}

/// Messages go out signed, each under its own id; taken is not told; a signed report is, once, whatever
/// comes after it.
async fn a_gateway_takes_messages_and_reports_on_them(mut world: World) {
    tell_at_once(&mut world).await;
    let receiver = with_webhook(&mut world, &[]).await;
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    brigade.accept(&number).await;
    run_due(&world).await;
    let came = receiver.came();
    assert_eq!(came.len(), 1);
    let message = came[0].message();
    let now = world.clock.now().timestamp();
    let secret = SecretString::from(SECRET);
    assert!(signature::holds(
        &secret,
        &came[0].signature,
        &came[0].body,
        now
    ));
    assert_eq!(
        (&message["channel"], &message["event"], &message["to"]),
        (&json!("sms"), &json!("accepted"), &json!(PHONE))
    );
    let id = message["id"].as_str().unwrap();
    assert_eq!(came[0].delivery, id);
    let told = notices(&brigade, &number).await;
    assert_eq!(
        (&told[0]["id"], &told[0]["state"], &told[0]["proof"]),
        (&json!(id), &json!("sent"), &json!("m-1"))
    );
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);
    assert_eq!(
        untold(&brigade).await,
        [(number.clone(), "underway".to_owned())]
    );

    world.clock.advance(TimeDelta::minutes(10));
    let delivered = json!({ "id": id, "outcome": "delivered", "at": "2026-11-24T10:03:00+08:00" });
    let failed = json!({ "id": id, "outcome": "failed", "reason": "空号" });
    for signature in [
        None,
        Some("t=1,v1=00".to_owned()),
        signed(&world, &failed, 0),
        signed(&world, &delivered, 301),
        signed(&world, &delivered, -301),
    ] {
        let refused = report(&world, id, &delivered, signature).await;
        refused.expect_problem(401, "unauthenticated");
    }
    let unknown = "00000000-0000-7000-8000-000000000000";
    let signature = signed(&world, &delivered, 0);
    let another = report(&world, unknown, &delivered, signature.clone()).await;
    another.expect_problem(422, "invalid");
    let other = json!({ "id": unknown, "outcome": "delivered" });
    let nothing = report(&world, unknown, &other, signed(&world, &other, 0)).await;
    nothing.expect_problem(404, "not_found");
    let odd = json!({ "id": id, "outcome": "read" });
    let refused = report(&world, id, &odd, signed(&world, &odd, 0)).await;
    refused.expect_problem(400, "malformed_request");
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);

    for _ in 0..2 {
        report(&world, id, &delivered, signature.clone())
            .await
            .expect(204);
        let met = notify(&brigade, &number).await;
        assert_eq!(
            (&met["outcome"], &met["met_at"]),
            (&json!("on_time"), &json!("2026-11-24T10:03:00+08:00"))
        );
    }
    let late = report(&world, id, &failed, signed(&world, &failed, 0)).await;
    late.expect(204);
    let told = notices(&brigade, &number).await;
    assert_eq!((told.len(), &told[0]["state"]), (1, &json!("delivered")));
    assert!(untold(&brigade).await.is_empty());
    run_due(&world).await;
    assert_eq!(receiver.came().len(), 1, "what arrived is not sent again");

    // Codes to sign in by go the same way.
    let otp = json!({ "phone": PHONE });
    let resident = world.resident();
    let asked = resident.post("/api/v1/residents/otp", otp).await;
    asked.expect(204);
    let code = receiver.came()[1].message();
    assert_eq!(code["event"], "sign_in_code");
    assert!(code["text"].as_str().unwrap().contains("验证码"));
}

/// A number that is none fails at once; a gateway that is away is asked until the job is set aside, and the
/// complaint waits for staff; tried again by the operator, it may still arrive.
async fn what_fails_for_good_waits_for_staff(mut world: World) {
    tell_at_once(&mut world).await;
    let receiver = with_webhook(&mut world, &[]).await;
    let brigade = world.brigade().await;
    receiver.answers(422, "no such number");
    let dead = world.file(river(Some(PHONE))).await.text("/number");
    brigade.accept(&dead).await;
    run_due(&world).await;
    let told = notices(&brigade, &dead).await;
    assert_eq!(told[0]["state"], "failed");
    assert!(told[0]["reason"].as_str().unwrap().contains("422"));
    assert_eq!(
        untold(&brigade).await,
        [(dead.clone(), "failed".to_owned())]
    );
    let called =
        json!({ "channel": "publication", "told_on": "2026-11-24", "proof": "社区公告栏" });
    let path = format!("/api/v1/complaints/{dead}/notices");
    brigade.post(&path, called).await.expect(201);

    receiver.answers(503, "");
    let number = world
        .file(fumes(Some("13800005678"), 0.0))
        .await
        .text("/number");
    brigade.accept(&number).await;
    let before = receiver.came().len();
    for _ in 0..ATTEMPTS_MAX {
        run_due(&world).await;
        world.clock.advance(TimeDelta::minutes(512));
    }
    let tries = usize::try_from(ATTEMPTS_MAX).unwrap();
    let came = receiver.came();
    assert_eq!(came.len(), before + tries);
    let ids: Vec<&String> = came[before..].iter().map(|it| &it.delivery).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "one message, one id");
    let brigade = world.sign_in("brigade").await;
    let told = notices(&brigade, &number).await;
    assert_eq!(
        (&told[0]["state"], &told[0]["attempts"]),
        (&json!("failed"), &json!(ATTEMPTS_MAX))
    );
    assert_eq!(
        untold(&brigade).await,
        [(number.clone(), "failed".to_owned())]
    );
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);

    receiver.answers(200, "{}");
    let admin = world.staff(Role::Admin).await;
    let jobs = admin.get("/api/v1/jobs?state=dead").await.expect(200);
    let retry = format!("/api/v1/jobs/{}/retry", jobs.text("/items/0/id"));
    admin.post(&retry, json!({})).await.expect(200);
    run_due(&world).await;
    let told = notices(&brigade, &number).await;
    assert_eq!(told[0]["state"], "sent");
    let id = told[0]["id"].as_str().unwrap();
    let delivered = json!({ "id": id, "outcome": "delivered" });
    let signature = signed(&world, &delivered, 0);
    report(&world, id, &delivered, signature).await.expect(204);
    assert_eq!(notify(&brigade, &number).await["outcome"], "on_time");
    assert!(untold(&brigade).await.is_empty());
}

/// Where a gateway does not report, the profile may have what it took count as told, until it fails.
async fn what_was_sent_counts_where_the_profile_says(mut world: World) {
    let folder = world.dir.path().join("district");
    district::copy_to(&folder);
    let counts = ("sent_counts_as_told = false", "sent_counts_as_told = true");
    district::change(&folder, "notices.toml", counts);
    district::change(&folder, "district.toml", AT_ONCE);
    let district = folder.display().to_string();
    with_webhook(&mut world, &[("DENGWEN_DISTRICT", &district)]).await;
    let brigade = world.brigade().await;
    let number = world.file(river(Some(PHONE))).await.text("/number");
    brigade.accept(&number).await;
    run_due(&world).await;
    assert_eq!(notify(&brigade, &number).await["outcome"], "on_time");
    let told = notices(&brigade, &number).await;
    assert_eq!(told[0]["state"], "sent");
    let id = told[0]["id"].as_str().unwrap();
    let failed = json!({ "id": id, "outcome": "failed", "reason": "停机" });
    report(&world, id, &failed, signed(&world, &failed, 0))
        .await
        .expect(204);
    assert_eq!(notify(&brigade, &number).await["outcome"], Value::Null);
    assert_eq!(
        untold(&brigade).await,
        [(number.clone(), "failed".to_owned())]
    );
    let told = notices(&brigade, &number).await;
    assert_eq!(told[0]["reason"], "停机");
}

on_both!(
    a_decision_alone_tells_nobody,
    who_never_saw_the_code_is_sent_it,
    what_is_read_on_the_page_is_told,
    a_letter_is_told_by_post_and_may_come_back,
    who_cannot_be_reached_is_owed_nothing,
    what_was_taken_back_is_not_told,
    a_gateway_takes_messages_and_reports_on_them,
    what_fails_for_good_waits_for_staff,
    what_was_sent_counts_where_the_profile_says,
);

on_both!(
    wishes = Wishes {
        no_text_messages: true,
        ..Wishes::default()
    },
    without_a_gateway_staff_tell,
);
