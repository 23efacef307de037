//! The brigade's queue.

use chrono::TimeDelta;
use dengwen::{account::Role, jobs};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Reply, World,
    bodies::{fumes, river},
};

async fn file(world: &World, body: Value) -> String {
    world.file(body).await.text("/number")
}

/// Two people never hold the same item; a lease ends by itself.
async fn racing_for_a_claim_has_one_winner(world: World) {
    let (one, two) = (
        world.brigade().await,
        world.staff_named(Role::Brigade, "brigade2").await,
    );
    let number = file(&world, river(None)).await;
    let (a, b) = tokio::join!(
        one.post("/api/v1/triage/claims", json!({})),
        two.post("/api/v1/triage/claims", json!({}))
    );
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 204]);
    let (winner, loser) = if a.status == 201 {
        (&one, &two)
    } else {
        (&two, &one)
    };
    let claim = json!({ "number": number });
    loser
        .post("/api/v1/triage/claims", claim.clone())
        .await
        .expect_problem(409, "claimed_by_other");
    let queue = loser.get("/api/v1/triage/queue").await.expect(200);
    assert_eq!(queue.body["items"][0]["claimed_by"], winner.name);
    world.clock.advance(TimeDelta::minutes(8));
    winner
        .post(
            &format!("/api/v1/triage/claims/{number}/heartbeat"),
            json!({}),
        )
        .await
        .expect(200);
    world.clock.advance(TimeDelta::minutes(6));
    // Access tokens last fifteen minutes, and this story more.
    let (winner, loser) = (
        &world.sign_in(&winner.name).await,
        &world.sign_in(&loser.name).await,
    );
    loser
        .post("/api/v1/triage/claims", claim.clone())
        .await
        .expect(409);
    world.clock.advance(TimeDelta::minutes(5));
    loser.post("/api/v1/triage/claims", claim).await.expect(201);
    winner
        .post(
            &format!("/api/v1/triage/claims/{number}/heartbeat"),
            json!({}),
        )
        .await
        .expect_problem(409, "claimed_by_other");
    loser
        .delete(&format!("/api/v1/triage/claims/{number}"))
        .await
        .expect(204);
}

/// Order, filters, pages (D40: rows that come meanwhile neither repeat nor hide others; D39).
async fn the_queue_is_read_in_its_order(world: World) {
    let brigade = world.brigade().await;
    let light = file(&world, {
        let mut b = river(None);
        b["category"] = json!("radiation.light");
        b
    })
    .await;
    let water = file(&world, {
        let mut b = river(None);
        b["category"] = json!("water.drinking_source");
        b["location"]["lat"] = json!(26.1030);
        b
    })
    .await;
    let fume = file(&world, fumes(None, 0.0)).await;
    let first = brigade
        .get("/api/v1/triage/queue?limit=2")
        .await
        .expect(200);
    assert_eq!(first.body["items"][0]["number"], water);
    assert_eq!(first.body["items"][1]["number"], fume);
    assert_eq!(first.body["counts"]["awaiting_acceptance"], 3);
    let grave = file(&world, {
        let mut b = river(None);
        b["category"] = json!("waste.hazardous");
        b["location"]["lat"] = json!(26.1060);
        b
    })
    .await;
    let next = brigade
        .get(&format!(
            "/api/v1/triage/queue?limit=2&cursor={}",
            first.text("/next_cursor")
        ))
        .await
        .expect(200);
    assert_eq!(next.body["items"][0]["number"], light);
    assert_eq!(next.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        brigade
            .get("/api/v1/triage/queue?category=waste.hazardous")
            .await
            .expect(200)
            .body["items"][0]["number"],
        grave
    );
    // The counts are of the list that is shown, all its pages together.
    let counts = |reply: crate::support::Reply| reply.expect(200).body["counts"].clone();
    let none = json!({ "screening": 0, "awaiting_acceptance": 0, "to_study": 0, "urgent": 0 });
    let one = json!({ "screening": 0, "awaiting_acceptance": 1, "to_study": 0, "urgent": 0 });
    for (filter, count) in [
        ("category=waste.hazardous", &one),
        ("state=screening", &none),
        ("link=suspected", &none),
        ("street=350102008", &none),
        ("due_until=2026-01-01", &none),
    ] {
        assert_eq!(
            counts(
                brigade
                    .get(&format!("/api/v1/triage/queue?limit=1&{filter}"))
                    .await
            ),
            *count,
            "{filter}"
        );
    }
    brigade
        .get("/api/v1/triage/queue?state=closed")
        .await
        .expect_problem(400, "bad_parameter");
    brigade
        .get("/api/v1/triage/queue?due_until=soon")
        .await
        .expect_problem(400, "bad_parameter");
    // What is due within two working days comes first whatever its weight.
    let office = world.staff(Role::Office).await;
    let late = office.post("/api/v1/intake", json!({ "channel": "hotline_12345", "external_no": "1", "received_at": "2026-11-18T09:00:00+08:00",
        "complaint": { "category": "radiation.light", "description": "灯光太亮" } })).await.expect(201).text("/number");
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    assert_eq!(queue.body["items"][0]["number"], late);
    assert_eq!(queue.body["items"][0]["urgent"], true);
    assert_eq!(
        queue.body["counts"],
        json!({ "screening": 0, "awaiting_acceptance": 5, "to_study": 0, "urgent": 1 })
    );
    assert_eq!(
        counts(
            brigade
                .get("/api/v1/triage/queue?category=radiation.light")
                .await
        ),
        json!({ "screening": 0, "awaiting_acceptance": 2, "to_study": 0, "urgent": 1 })
    );
}

/// Each decision requires what it requires; the document follows from the procedure.
async fn decisions_need_their_grounds(world: World) {
    let brigade = world.brigade().await;
    let number = file(&world, fumes(Some("13800001234"), 0.0)).await;
    let path = format!("/api/v1/complaints/{number}/decision");
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    brigade
        .post(&path, accept.clone())
        .await
        .expect_problem(409, "not_claimed");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    for (body, field) in [
        (json!({ "action": "accept" }), "procedure"),
        (
            json!({ "action": "accept", "procedure": "magic" }),
            "procedure",
        ),
        (json!({ "action": "refuse", "reason": "x" }), "notice"),
        (
            json!({ "action": "transfer", "reason": "x", "notice": "y" }),
            "transfer_to",
        ),
        (json!({ "action": "return" }), "reason"),
    ] {
        let reply = brigade
            .post(&path, body)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(reply.body["items"][0]["location"], field);
    }
    // D32: somebody else changed it since it was read.
    brigade
        .post_if(&path, 99, accept.clone())
        .await
        .expect_problem(412, "precondition_failed");
    let version = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .body["version"]
        .as_i64()
        .unwrap();
    brigade
        .post_if(&path, version, accept.clone())
        .await
        .expect(200);
    let view = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    assert_eq!(
        (view.text("/state"), view.text("/procedure")),
        ("accepted".into(), "enforcement_request".into())
    );
    let notify = |view: &Reply| {
        let clocks = view.body["deadlines"].as_array().unwrap();
        let notify = clocks.iter().find(|d| d["kind"] == "notify").unwrap();
        notify["met_at"].clone()
    };
    assert_eq!(notify(&view), Value::Null, "being decided on tells nobody");
    jobs::run_due(&world.server.app).await.unwrap();
    let told = world.sms.last_to("13800001234");
    assert!(
        !told.is_some_and(|text| text.contains("受理")),
        "it can be undone"
    );
    world.clock.advance(TimeDelta::minutes(5));
    jobs::run_due(&world.server.app).await.unwrap();
    let told = brigade.get(&format!("/api/v1/complaints/{number}")).await;
    assert!(notify(&told.expect(200)).is_string());
    assert!(world.sms.last_to("13800001234").unwrap().contains("受理"));
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect_problem(409, "wrong_state");
}

/// D35, D31: all or nothing.
async fn bulk_decisions_are_all_or_nothing(world: World) {
    let brigade = world.brigade().await;
    let (a, b) = (
        file(&world, river(None)).await,
        file(&world, fumes(None, 0.0)).await,
    );
    let item = |number: &str| json!({ "number": number, "decision": { "action": "accept", "procedure": "consultation" } });
    brigade
        .post("/api/v1/triage/decisions", json!({ "items": [] }))
        .await
        .expect(422);
    let refused = brigade
        .post(
            "/api/v1/triage/decisions",
            json!({ "items": [item(&a), item("GL20200101-0001"), item(&b)] }),
        )
        .await
        .expect(404);
    assert_eq!(refused.body["items"][0]["location"], "items[1]");
    let states: Vec<String> = world.db_read(|c| {
        use dengwen::platform::db::schema::complaint;
        complaint::table.select(complaint::state).load(c).unwrap()
    });
    assert!(
        states.iter().all(|s| s == "awaiting_acceptance"),
        "{states:?}"
    );
    let done = brigade
        .post(
            "/api/v1/triage/decisions",
            json!({ "items": [item(&a), item(&b)] }),
        )
        .await
        .expect(200);
    assert_eq!(done.body["items"][1]["number"], b);
    assert_eq!(done.body["items"][0]["state"], "accepted");
}

/// A duplicate keeps its own number, clock and reply; one answer may go to several.
async fn every_duplicate_is_answered(world: World) {
    let brigade = world.brigade().await;
    let first = file(&world, fumes(Some("13800000001"), 0.0)).await;
    let second = file(&world, fumes(Some("13800000002"), 4.0)).await;
    let reply = json!({ "kind": "final", "text": "已责令安装净化设备", "also": [second] });
    let items: Vec<Value> = [&first, &second].iter().map(|n| json!({ "number": n, "decision": { "action": "accept", "procedure": "enforcement_request" } })).collect();
    brigade
        .post("/api/v1/triage/decisions", json!({ "items": items }))
        .await
        .expect(200);
    brigade
        .post(&format!("/api/v1/complaints/{first}/reply"), reply.clone())
        .await
        .expect_problem(422, "invalid");
    brigade
        .post(
            &format!("/api/v1/complaints/{second}/match-decision"),
            json!({ "decision": "confirm" }),
        )
        .await
        .expect(200);
    let done = brigade
        .post(&format!("/api/v1/complaints/{first}/reply"), reply)
        .await
        .expect(201);
    assert_eq!(done.body["answered"].as_array().unwrap().len(), 2);
    assert_eq!(done.body["document"], "result_notice");
    for number in [&first, &second] {
        let view = brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200);
        assert_eq!(view.text("/state"), "replied");
        brigade
            .post(
                &format!("/api/v1/complaints/{number}/close"),
                json!({ "reason": "已答复" }),
            )
            .await
            .expect(200);
    }
}

/// R8, 一信多诉: further matters become complaints with the letter's petitioner, channel and
/// clocks; the letter keeps its own number and stays in the queue.
async fn a_letter_about_several_matters_is_split(world: World) {
    let brigade = world.brigade().await;
    let resident = world.signed_in_resident("13800001234").await;
    let mut letter = fumes(Some("13800001234"), 0.0);
    letter["description"] = json!("一是楼下烧烤油烟扰民；二是旁边内河发黑发臭，请一并处理。");
    let receipt = resident
        .post("/api/v1/complaints", letter)
        .await
        .expect(201);
    let number = receipt.text("/number");
    let path = format!("/api/v1/complaints/{number}/decision");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let part = json!({ "category": "water.black_odorous", "description": "旁边内河发黑发臭", "premises": "安泰河" });
    for (body, field) in [
        (json!({ "action": "split", "reason": "一信多诉" }), "parts"),
        (json!({ "action": "split", "parts": [part] }), "reason"),
        (
            json!({ "action": "accept", "procedure": "consultation", "parts": [part] }),
            "parts",
        ),
        (
            json!({ "action": "split", "reason": "一信多诉", "parts": [{ "category": "fire", "description": "x" }] }),
            "parts[0].category",
        ),
    ] {
        let reply = brigade
            .post(&path, body)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(reply.body["items"][0]["location"], field);
    }
    let done = brigade
        .post(
            &path,
            json!({ "action": "split", "reason": "一信多诉", "parts": [part] }),
        )
        .await
        .expect(200);
    let made = done.text("/parts/0");
    let (first, second) = (
        brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200),
        brigade
            .get(&format!("/api/v1/complaints/{made}"))
            .await
            .expect(200),
    );
    assert_eq!(
        (second.text("/letter"), first.body["parts"].clone()),
        (number.clone(), json!([made]))
    );
    assert_ne!(first.text("/entry"), second.text("/entry"));
    assert_eq!(first.text("/state"), "awaiting_acceptance");
    for field in ["deadlines", "received_at", "channel"] {
        assert_eq!(first.body[field], second.body[field], "{field}");
    }
    for field in ["kind", "name", "phone"] {
        let of = |view: &Reply| view.body["reporters"][0][field].clone();
        assert_eq!(of(&first), of(&second), "{field}");
    }
    assert_eq!(
        second.body["place"]["lon"], first.body["place"]["lon"],
        "the letter's place"
    );
    let tracked = resident
        .get(&format!(
            "/api/v1/tracking/{}",
            receipt.text("/tracking_code")
        ))
        .await
        .expect(200);
    let code = tracked.text("/parts/0/tracking_code");
    assert_eq!(
        resident
            .get(&format!("/api/v1/tracking/{code}"))
            .await
            .expect(200)
            .text("/number"),
        made
    );
    assert_eq!(
        resident
            .get("/api/v1/residents/me/complaints")
            .await
            .expect(200)
            .body["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // A part is not split again; the letter still is decided itself.
    brigade
        .post("/api/v1/triage/claims", json!({ "number": made }))
        .await
        .expect(201);
    brigade
        .post(
            &format!("/api/v1/complaints/{made}/decision"),
            json!({ "action": "split", "reason": "x", "parts": [part] }),
        )
        .await
        .expect_problem(422, "invalid");
    brigade
        .post(
            &path,
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
}

/// D33: another category makes the rank anew, ends the claim and judges again. D42: absent
/// leaves, null clears.
async fn a_complaint_is_corrected(world: World) {
    let brigade = world.brigade().await;
    let first = file(&world, fumes(Some("13800000001"), 0.0)).await;
    let mut wrong = fumes(Some("13800000002"), 10.0);
    wrong["category"] = json!("radiation.light");
    wrong["address"] = json!("东街口3号");
    let number = file(&world, wrong).await;
    let path = format!("/api/v1/complaints/{number}");
    let seen = brigade.get(&path).await.expect(200);
    assert_eq!(seen.text("/link"), "own");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let version = seen.body["version"].as_i64().unwrap();
    let patch = json!({ "category": "air.cooking_fume", "reason": "类别选错" });
    brigade
        .send(reqwest::Method::PATCH, &path, |r| r.json(&patch))
        .await
        .expect_problem(428, "precondition_required");
    brigade
        .patch_if(&path, version + 7, patch.clone())
        .await
        .expect_problem(412, "precondition_failed");
    for (body, field) in [
        (json!({ "category": null, "reason": "x清除" }), "category"),
        (json!({ "category": "fire", "reason": "类别" }), "category"),
        (json!({ "premises": "  ", "reason": "类别" }), "premises"),
    ] {
        let reply = brigade
            .patch_if(&path, version, body)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(reply.body["items"][0]["location"], field);
    }
    let done = brigade.patch_if(&path, version, patch).await.expect(200);
    let after = brigade.get(&path).await.expect(200);
    assert_eq!(
        (
            after.text("/category"),
            after.text("/address"),
            after.text("/premises")
        ),
        (
            "air.cooking_fume".into(),
            "东街口3号".into(),
            "老王烧烤".into()
        )
    );
    assert_eq!(
        (
            after.text("/link"),
            after.text("/link_rule"),
            after.text("/state")
        ),
        ("suspected".into(), "R4".into(), "screening".into())
    );
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    assert!(
        queue.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|i| i["claimed_by"].is_null()),
        "the claim ended"
    );
    let matches = brigade.get(&format!("{path}/matches")).await.expect(200);
    assert_eq!(
        matches.body["verdicts"].as_array().unwrap().len(),
        2,
        "the first verdict is kept"
    );
    assert_eq!(
        matches.body["verdicts"][1]["candidates"][0]["number"],
        first
    );
    let version = after.body["version"].as_i64().unwrap();
    assert!(done.body["version"].as_i64().unwrap() <= version);
    brigade
        .patch_if(
            &path,
            version,
            json!({ "premises": null, "reason": "并非该店" }),
        )
        .await
        .expect(200);
    let cleared = brigade.get(&path).await.expect(200);
    assert_eq!(
        (cleared.body["premises"].clone(), cleared.text("/address")),
        (Value::Null, "东街口3号".into())
    );
}

/// D45: a correction keeps what it replaced, sealed, and that sent again undoes it.
async fn a_correction_can_be_undone(world: World) {
    let brigade = world.brigade().await;
    let mut body = fumes(Some("13800000001"), 0.0);
    body["address"] = json!("东街口3号张三家");
    let number = file(&world, body).await;
    let path = format!("/api/v1/complaints/{number}");
    let seen = brigade.get(&path).await.expect(200);
    let version = seen.body["version"].as_i64().unwrap();
    let patch = json!({ "address": null, "category": "radiation.light", "location": null, "reason": "核对有误" });
    let done = brigade.patch_if(&path, version, patch).await.expect(200);
    let kept: String = world.db_read(|c| {
        use dengwen::platform::db::{JsonValue, schema::record};
        record::table
            .filter(record::event.eq("correct"))
            .select(record::detail)
            .first::<JsonValue>(c)
            .unwrap()
            .0
            .to_string()
    });
    assert!(!kept.contains("东街口"), "sealed");
    let listed = brigade
        .get(&format!("{path}/corrections"))
        .await
        .expect(200);
    let correction = &listed.body["corrections"][0];
    assert_eq!(
        (correction["by"].clone(), correction["reason"].clone()),
        (json!("brigade"), json!("核对有误"))
    );
    let mut undo = correction["before"].clone();
    assert_eq!(undo["address"], "东街口3号张三家");
    undo["reason"] = json!("撤销更正");
    let version = done.body["version"].as_i64().unwrap();
    let version = version.max(
        brigade.get(&path).await.expect(200).body["version"]
            .as_i64()
            .unwrap(),
    );
    brigade.patch_if(&path, version, undo).await.expect(200);
    let back = brigade.get(&path).await.expect(200);
    for field in ["address", "category", "place"] {
        assert_eq!(back.body[field], seen.body[field], "{field}");
    }
    let street = world.street("street", "350102004").await;
    street.get(&format!("{path}/corrections")).await.expect(403);
}

/// D46: a place that is added or corrected brings street, grid and the question what is near.
async fn a_complaint_is_put_where_it_belongs(world: World) {
    let brigade = world.brigade().await;
    file(&world, fumes(Some("13800000001"), 0.0)).await;
    let mut nowhere = fumes(Some("13800000002"), 0.0);
    nowhere["location"] = Value::Null;
    nowhere["premises"] = Value::Null;
    nowhere["description"] = json!("附近有人乱排油烟");
    let number = file(&world, nowhere).await;
    let path = format!("/api/v1/complaints/{number}");
    let seen = brigade.get(&path).await.expect(200);
    assert_eq!(
        (seen.text("/place/kind"), seen.text("/link")),
        ("none".to_owned(), "own".to_owned())
    );
    let at = |lon: f64| json!({ "location": { "lon": lon, "lat": 26.0866, "datum": "WGS84" }, "reason": "电话核实位置" });
    let version = seen.body["version"].as_i64().unwrap();
    brigade
        .patch_if(&path, version, at(500.0))
        .await
        .expect_problem(422, "invalid");
    brigade
        .patch_if(&path, version, at(119.2985))
        .await
        .expect(200);
    let put = brigade.get(&path).await.expect(200);
    assert_eq!(
        (
            put.text("/place/kind"),
            put.text("/place/street_code"),
            put.text("/link")
        ),
        ("point".into(), "350102004".into(), "suspected".into())
    );
    let entry = brigade
        .get(&format!("/api/v1/entries/{}", put.text("/entry")))
        .await
        .expect(200);
    assert_eq!(entry.text("/street_code"), "350102004");
    let street = world.street("street", "350102004").await;
    street.get(&path).await.expect(200);
}

on_both!(
    racing_for_a_claim_has_one_winner,
    the_queue_is_read_in_its_order,
    decisions_need_their_grounds,
    bulk_decisions_are_all_or_nothing,
    every_duplicate_is_answered,
    a_letter_about_several_matters_is_split,
    a_complaint_is_corrected,
    a_correction_can_be_undone,
    a_complaint_is_put_where_it_belongs,
);
