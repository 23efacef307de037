//! What a complaint was filed as is corrected: channel, number, words, time and who petitions, with all that
//! follows from each.

use dengwen::{
    account::Role,
    platform::db::schema::{complaint, complaint_text, record},
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, TODAY, World,
    bodies::{LAT, LON, fumes, river},
    facts,
};

async fn seen(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}");
    actor.get(&path).await.expect(200)
}

/// Corrects a complaint as it stands.
async fn correct(actor: &Actor, number: &str, mut patch: Value) -> Reply {
    let version = seen(actor, number).await.body["version"].as_i64().unwrap();
    patch["reason"] = json!("电话核实后更正");
    let path = format!("/api/v1/complaints/{number}");
    actor.patch_if(&path, version, patch).await
}

/// What the last correction replaced, with a reason: sent again, it undoes it.
async fn undoing(actor: &Actor, number: &str) -> Value {
    let path = format!("/api/v1/complaints/{number}/corrections");
    let listed = actor.get(&path).await.expect(200);
    let last = listed.body["corrections"].as_array().unwrap().last();
    last.unwrap()["before"].clone()
}

/// Kind, day and outcome of each clock.
fn clocks(view: &Reply) -> Vec<(String, Value, Value)> {
    let clocks = view.body["deadlines"].as_array().unwrap();
    let mut told: Vec<(String, Value, Value)> = clocks
        .iter()
        .map(|clock| {
            let kind = clock["kind"].as_str().unwrap().to_owned();
            (kind, clock["due_on"].clone(), clock["outcome"].clone())
        })
        .collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    told
}

async fn taken_in(office: &Actor, channel: &str, external_no: Value) -> String {
    let body = json!({ "channel": channel, "external_no": external_no,
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡" } });
    let receipt = office.post("/api/v1/intake", body).await.expect(201);
    receipt.text("/number")
}

/// A ticket of 12345 that was written down as a letter has the ticket's clocks from the day it came, the
/// right to object among them; corrected back, that right falls away.
async fn clocks_follow_the_channel(world: World) {
    let brigade = world.brigade().await;
    let office = world.staff(Role::Office).await;
    let number = taken_in(&office, "letter", Value::Null).await;
    let ticket = taken_in(&office, "hotline_12345", json!("FZ-100")).await;
    let first = clocks(&seen(&brigade, &number).await);
    assert_eq!(first.len(), 2, "a letter gives no right to object");
    let lacks = correct(&brigade, &number, json!({ "channel": "hotline_12345" })).await;
    let lacks = lacks.expect_problem(422, "invalid");
    assert_eq!(lacks.text("/items/0/location"), "external_no");
    correct(&brigade, &number, json!({ "channel": "pigeon" }))
        .await
        .expect_problem(422, "invalid");
    let patch = json!({ "channel": "hotline_12345", "external_no": "FZ-101" });
    let done = correct(&brigade, &number, patch).await.expect(200);
    assert_eq!(done.text("/channel"), "hotline_12345");
    let view = seen(&brigade, &number).await;
    assert_eq!(view.text("/external_no"), "FZ-101");
    assert_eq!(clocks(&view), clocks(&seen(&brigade, &ticket).await));
    assert_eq!(view.text("/due_on"), "2026-12-01");

    let undo = undoing(&brigade, &number).await;
    assert_eq!(undo, json!({ "channel": "letter", "external_no": null }));
    correct(&brigade, &number, undo).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(view.body["external_no"], Value::Null);
    let again = clocks(&view);
    let of = |kind: &str| again.iter().find(|clock| clock.0 == kind).unwrap().clone();
    assert_eq!(of("objection").2, "lapsed");
    assert_eq!(
        [of("notify"), of("reply")],
        [first[0].clone(), first[1].clone()]
    );
    let history = view.body["history"].as_array().unwrap();
    let corrected = history.iter().rfind(|step| step["event"] == "correct");
    assert_eq!(
        corrected.unwrap()["detail"]["channel"],
        json!({ "from": "hotline_12345", "to": "letter" })
    );
}

/// An upstream number is one complaint's of its channel, in whatever spelling it comes.
async fn a_number_that_is_another_complaints_is_a_conflict(world: World) {
    let brigade = world.brigade().await;
    let office = world.staff(Role::Office).await;
    let first = taken_in(&office, "hotline_12345", json!("FZ2026-0007")).await;
    let second = taken_in(&office, "hotline_12345", json!("FZ2026-0008")).await;
    let letter = taken_in(&office, "letter", Value::Null).await;
    let taken = correct(&brigade, &second, json!({ "external_no": "FZ2026-0007" })).await;
    let taken = taken.expect_problem(409, "already_exists");
    assert!(taken.text("/detail").contains(&first), "{}", taken.body);
    let patch = json!({ "channel": "hotline_12345", "external_no": "FZ2026-0007" });
    correct(&brigade, &letter, patch)
        .await
        .expect_problem(409, "already_exists");
    // Its own is no conflict, and a free one is taken.
    correct(&brigade, &second, json!({ "external_no": "FZ2026-0008" }))
        .await
        .expect(200);
    correct(&brigade, &second, json!({ "external_no": "FZ2026-0009" }))
        .await
        .expect(200);
    let body = json!({ "channel": "hotline_12345", "external_no": "FZ2026-0009",
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡" } });
    let again = office.post("/api/v1/intake", body).await.expect(200);
    assert_eq!(again.text("/number"), second, "the same ticket again");
}

/// The first words stay: whoever has the code reads both, staff put them back, and the upstream system that
/// sends them again adds nothing.
async fn first_words_stay(world: World) {
    let brigade = world.brigade().await;
    let first = "河水发黑发臭，两岸居民苦不堪言，望截污清淤。";
    let receipt = world.file(river(None)).await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    for wrong in [
        json!({ "description": null }),
        json!({ "description": "  " }),
        json!({ "description": "臭".repeat(2001) }),
        json!({ "occurred_at": "2026-11-25T10:00:00+08:00" }),
        json!({ "occurred_until": "2026-11-23T10:00:00+08:00" }),
    ] {
        let refused = correct(&brigade, &number, wrong.clone()).await;
        refused.expect_problem(422, "invalid");
    }
    let patch = json!({ "description": "北侧河道夜间有人排污，河水发黑。",
        "occurred_at": "2026-11-22T23:00:00+08:00" });
    correct(&brigade, &number, patch).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (view.text("/description"), view.text("/occurred_at")),
        (
            "北侧河道夜间有人排污，河水发黑。".into(),
            "2026-11-22T23:00:00+08:00".into()
        )
    );
    let path = format!("/api/v1/tracking/{code}");
    let told = world.resident().get(&path).await.expect(200);
    assert_eq!(
        told.text("/description"),
        "北侧河道夜间有人排污，河水发黑。"
    );
    assert_eq!(told.text("/first_description"), first);
    assert_eq!(
        told.body["corrections"][0]["fields"],
        json!(["description", "occurred_at"])
    );
    assert_eq!(
        told.text("/corrections/0/words"),
        "已更正：反映内容、发生时间"
    );
    let kept: String = world.db_read(|c| {
        record::table
            .filter(record::event.eq("correct"))
            .select(record::detail)
            .first::<dengwen::platform::db::JsonValue>(c)
            .unwrap()
            .0
            .to_string()
    });
    assert!(!kept.contains("河水"), "sealed");
    let undo = undoing(&brigade, &number).await;
    assert_eq!(undo, json!({ "description": first, "occurred_at": null }));
    correct(&brigade, &number, undo).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(view.text("/description"), first);
    assert_eq!(view.body["occurred_at"], Value::Null);

    let office = world.staff(Role::Office).await;
    let ticket = taken_in(&office, "hotline_12345", json!("FZ-200")).await;
    let other = json!({ "description": "对面楼顶的广告牌彻夜亮着。" });
    correct(&brigade, &ticket, other).await.expect(200);
    let sent_again = json!({ "channel": "hotline_12345", "external_no": "FZ-200",
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡" } });
    office.post("/api/v1/intake", sent_again).await.expect(200);
    let view = seen(&brigade, &ticket).await;
    assert_eq!(view.body["supplements"], json!([]));
    assert_eq!(view.text("/description"), "对面楼顶的广告牌彻夜亮着。");
}

/// Somebody who is added is counted and masked at once, for the street as in the copies; withdrawn, they are
/// counted no more and masked still; put back, they are who they were. No correction tells their data.
async fn persons_are_counted_and_masked(world: World) {
    let brigade = world.brigade().await;
    let street = world.street("street", "350102004").await;
    let mut body = fumes(Some("13800000001"), 0.0);
    body["description"] = json!("老王烧烤油烟直排，欧阳明珠也在信上签了字。");
    let receipt = world.file(body).await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    let path = format!("/api/v1/complaints/{number}");
    let added = json!({ "persons": [{ "kind": "joint_signer", "name": "欧阳明珠", "phone": "139 0000 0002" }] });
    correct(&brigade, &number, added).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (&view.body["person_count"], &view.body["anonymous"]),
        (&json!(2), &json!(false))
    );
    let entry = brigade
        .get(&format!("/api/v1/entries/{}", view.text("/entry")))
        .await
        .expect(200);
    assert_eq!(entry.body["distinct_reporters"], 2);
    let reporters = view.body["reporters"].as_array().unwrap();
    assert_eq!(
        (&reporters[1]["kind"], &reporters[1]["phone"]),
        (&json!("joint_signer"), &json!("139****0002"))
    );
    let signer = reporters[1]["id"].clone();
    let masked = |world: &World| {
        world.db_read(|c| {
            let copies = complaint_text::table.select(complaint_text::description_masked);
            copies.first::<String>(c).unwrap()
        })
    };
    let is_masked = async || {
        let tracking = format!("/api/v1/tracking/{code}");
        for read in [
            street.get(&path).await.expect(200),
            world.resident().get(&tracking).await.expect(200),
        ] {
            assert!(!read.body.to_string().contains("欧阳明珠"), "{}", read.body);
        }
        assert!(!masked(&world).contains("欧阳明珠"), "{}", masked(&world));
    };
    is_masked().await;

    let withdrawn = json!({ "persons": [{ "id": signer, "withdrawn": true }] });
    correct(&brigade, &number, withdrawn.clone())
        .await
        .expect(200);
    assert_eq!(seen(&brigade, &number).await.body["person_count"], 1);
    is_masked().await;
    correct(&brigade, &number, withdrawn)
        .await
        .expect_problem(422, "invalid");
    let undo = undoing(&brigade, &number).await;
    assert!(undo["persons"][0]["former"].is_string(), "{undo}");
    assert!(!undo.to_string().contains("欧阳"), "{undo}");
    correct(&brigade, &number, undo).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(view.body["person_count"], 2);
    assert_eq!(view.text("/reporters/1/phone"), "139****0002");

    // Nobody left is an anonymous complaint.
    let everybody: Vec<Value> = view.body["reporters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| json!({ "id": person["id"], "withdrawn": true }))
        .collect();
    correct(&brigade, &number, json!({ "persons": everybody }))
        .await
        .expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (
            &view.body["person_count"],
            &view.body["anonymous"],
            &view.body["reporters"]
        ),
        (&json!(1), &json!(true), &json!([]))
    );
    let undo = undoing(&brigade, &number).await;
    correct(&brigade, &number, undo).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(view.body["person_count"], 2);
    is_masked().await;
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A phone that was written down wrongly made another person of the reporter: corrected, the link is named by
/// the rule of the same person. What cannot be so is refused.
async fn a_corrected_phone_makes_the_same_person(world: World) {
    let brigade = world.brigade().await;
    world.file(fumes(Some("13800000001"), 0.0)).await;
    let second = world.file(fumes(Some("13800000002"), 10.0)).await;
    let number = second.text("/number");
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R4".into())
    );
    let reporter = view.body["reporters"][0]["id"].clone();
    for (persons, field) in [
        (json!([{ "kind": "reporter", "name": "陈明" }]), "persons"),
        (json!([{ "name": "陈明" }]), "persons[0].kind"),
        (json!([{ "id": reporter }]), "persons[0].id"),
        (
            json!([{ "id": dengwen::platform::db::Id::new(), "name": "陈明" }]),
            "persons[0].id",
        ),
        (
            json!([{ "former": dengwen::platform::db::Id::new() }]),
            "persons[0].former",
        ),
    ] {
        let refused = correct(&brigade, &number, json!({ "persons": persons })).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.text("/items/0/location"), field);
    }
    let phone = json!({ "persons": [{ "id": reporter, "phone": "13800000001" }] });
    correct(&brigade, &number, phone).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R1".into())
    );
    assert_eq!(
        (
            view.text("/reporters/0/phone"),
            view.text("/reporters/0/name")
        ),
        ("138****0001".into(), "林**".into()),
        "what is not said stays"
    );
    let unread = json!({ "persons": [{ "id": reporter, "phone": "1.38E+10" }] });
    correct(&brigade, &number, unread).await.expect(200);
    let questions: Value = world.db_read(|c| {
        let of = complaint::table.filter(complaint::number.eq(&number));
        let flags: dengwen::platform::db::JsonValue = of.select(complaint::flags).first(c).unwrap();
        flags.0["questions"].clone()
    });
    assert_eq!(
        questions,
        json!([{ "location": "persons[0].phone", "code": "unreadable_phone" }])
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A correction is made once, by whom it is for, of what was read; what has ended says what to do first.
async fn a_correction_is_made_once_by_whom_it_is_for(world: World) {
    let brigade = world.brigade().await;
    let number = world.file(river(None)).await.text("/number");
    let path = format!("/api/v1/complaints/{number}");
    let version = seen(&brigade, &number).await.body["version"]
        .as_i64()
        .unwrap();
    let patch = json!({ "description": "河水发黑。", "persons": [{ "kind": "reporter", "name": "陈明" }], "reason": "当面核实" });
    let send = async |key: &'static str, version: i64| {
        let patch = patch.clone();
        let shape = move |request: reqwest::RequestBuilder| {
            let request = request.header("if-match", format!("\"{version}\""));
            request.header("idempotency-key", key).json(&patch)
        };
        brigade.send(Method::PATCH, &path, shape).await
    };
    let once = send("one", version).await.expect(200);
    let again = send("one", version).await.expect(200);
    assert_eq!(once.body, again.body);
    assert_eq!(
        seen(&brigade, &number).await.body["reporters"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    send("two", version)
        .await
        .expect_problem(412, "precondition_failed");
    for role in [Role::Office, Role::Leader, Role::Section] {
        let other = world.staff(role).await;
        let patch = json!({ "description": "别的", "reason": "别的" });
        other
            .patch_if(&path, version, patch)
            .await
            .expect_problem(403, "forbidden");
    }
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let refuse = json!({ "action": "refuse", "reason": "非本局职责", "notice": "请向城管反映。" });
    brigade
        .post(&format!("{path}/decision"), refuse)
        .await
        .expect(200);
    let late = correct(&brigade, &number, json!({ "description": "河水。" })).await;
    let late = late.expect_problem(409, "wrong_state");
    assert!(late.text("/detail").contains("take the decision back"));
}

/// What staff found themselves came by no channel and nobody petitions in it; its words are corrected as
/// everything's.
async fn what_staff_found_has_no_channel(world: World) {
    let brigade = world.brigade().await;
    let find = json!({ "client_id": "f1", "category": "air.cooking_fume", "description": "巡查看到油烟直排。",
        "location": { "lon": LON, "lat": LAT, "datum": "WGS84" }, "clue_channel": "enforcement", "device_time": TODAY });
    let found = brigade.post("/api/v1/finds", find).await.expect(201);
    let number = found.text("/number");
    for (patch, field) in [
        (json!({ "channel": "letter" }), "channel"),
        (json!({ "external_no": "FZ-1" }), "external_no"),
        (
            json!({ "persons": [{ "kind": "reporter", "name": "陈明" }] }),
            "persons",
        ),
    ] {
        let refused = correct(&brigade, &number, patch).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.text("/items/0/location"), field);
    }
    let words = json!({ "description": "巡查看到油烟直排，净化器未开。" });
    correct(&brigade, &number, words).await.expect(200);
    let view = seen(&brigade, &number).await;
    assert_eq!(view.text("/description"), "巡查看到油烟直排，净化器未开。");
}

on_both!(
    clocks_follow_the_channel,
    a_number_that_is_another_complaints_is_a_conflict,
    first_words_stay,
    persons_are_counted_and_masked,
    a_corrected_phone_makes_the_same_person,
    a_correction_is_made_once_by_whom_it_is_for,
    what_staff_found_has_no_channel,
);
