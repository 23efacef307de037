//! Behaviours of `docs/behaviours.md` that no capability's story tells by the way, each by its
//! number.

use dengwen::{
    account::Role,
    complaint::notice::NotifyReporter,
    photo::sample::scene,
    platform::db::schema::{complaint as complaints, evidence as photo, job, ledger_entry, record},
    platform::jobs::Job as _,
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{LAT, LON, fumes, river},
};

async fn file(world: &World, body: Value) -> (String, String) {
    let receipt = world.file(body).await;
    (receipt.text("/number"), receipt.text("/tracking_code"))
}

fn rows_of(world: &World, event: &str) -> i64 {
    world.db_read(|c| {
        let of_event = record::table.filter(record::event.eq(event));
        of_event.count().get_result(c).unwrap()
    })
}

/// Claims and accepts a complaint; answers the path of one of its actions.
async fn accepted(brigade: &Actor, number: &str) -> impl Fn(&str) -> String + use<> {
    let base = format!("/api/v1/complaints/{number}");
    brigade.accept(number).await;
    move |what: &str| format!("{base}/{what}")
}

/// D4: two thousand letters, of one to four bytes each, are taken and come back as they were;
/// one more is refused by name.
async fn a_text_at_its_limit_comes_back_whole(world: World) {
    let letters: String = "a烟é😀".chars().cycle().take(2000).collect();
    let mut body = river(None);
    body["description"] = json!(letters);
    let (number, _) = file(&world, body.clone()).await;
    let seen = world
        .brigade()
        .await
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    assert_eq!(seen.text("/description"), letters);
    body["description"] = json!(format!("{letters}烟"));
    let refused = world
        .resident()
        .post("/api/v1/complaints", body)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.body["items"][0]["location"], "description");
}

/// D10: three uploads at once are three photos and three rows of the record.
async fn parallel_uploads_are_each_recorded(world: World) {
    let (_, code) = file(&world, fumes(None, 0.0)).await;
    let path = format!("/api/v1/tracking/{code}/photos");
    let before: i64 = world.db_read(|c| record::table.count().get_result(c).unwrap());
    let resident = world.resident();
    let parts: Vec<_> = (1..=3)
        .map(|seed| [("photo", Some("a.jpg"), scene(seed, 300, 200))])
        .collect();
    let sent =
        futures_util::future::join_all(parts.iter().map(|p| resident.post_parts(&path, p))).await;
    for reply in sent {
        reply.expect(201);
    }
    let (photos, after) = world.db_read(|c| {
        (
            photo::table
                .filter(photo::status.eq("kept"))
                .count()
                .get_result::<i64>(c)
                .unwrap(),
            record::table.count().get_result::<i64>(c).unwrap(),
        )
    });
    assert_eq!((photos, after - before), (3, 3));
}

/// D13, D15: an original is only ever downloaded, under a name that is no path; each reading
/// is recorded. A photo is found under its own complaint alone, and another street's not at
/// all.
async fn photos_are_found_where_they_belong(world: World) {
    let mut found = Vec::new();
    for (body, name) in [
        (fumes(None, 0.0), "../../etc/passwd"),
        (river(None), "..\\..\\C:\\boot.ini"),
    ] {
        let parts = [
            ("complaint", None, body.to_string().into_bytes()),
            ("photo", Some(name), scene(found.len() as u32 + 1, 300, 200)),
        ];
        let receipt = world
            .resident()
            .post_parts("/api/v1/complaints", &parts)
            .await
            .expect(201);
        let shown = receipt.text("/photos/0/file_name");
        assert!(!shown.contains(['/', '\\', '\r', '\n']), "{shown:?}");
        found.push((
            receipt.text("/number"),
            receipt.text("/tracking_code"),
            receipt.text("/photos/0/id"),
        ));
    }
    let [
        (first, first_code, first_photo),
        (second, second_code, second_photo),
    ] = &found[..]
    else {
        panic!()
    };
    let (brigade, street) = (
        world.brigade().await,
        world.street("street", "350102004").await,
    );
    let original = brigade
        .get(&format!(
            "/api/v1/complaints/{first}/photos/{first_photo}/original"
        ))
        .await
        .expect(200);
    let disposition = original.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    assert!(
        !disposition.contains("..") && !disposition.contains('/'),
        "{disposition}"
    );
    assert_eq!(original.headers["x-content-type-options"], "nosniff");
    assert_eq!(rows_of(&world, "read_original"), 1);

    street
        .get(&format!("/api/v1/complaints/{first}/photos/{first_photo}"))
        .await
        .expect(200);
    street
        .get(&format!(
            "/api/v1/complaints/{second}/photos/{second_photo}"
        ))
        .await
        .expect(404);
    for actor in [&brigade, &street] {
        actor
            .get(&format!("/api/v1/complaints/{first}/photos/{second_photo}"))
            .await
            .expect(404);
    }
    brigade
        .get(&format!(
            "/api/v1/complaints/{first}/photos/{second_photo}/original"
        ))
        .await
        .expect(404);
    let resident = world.resident();
    resident
        .get(&format!(
            "/api/v1/tracking/{first_code}/photos/{second_photo}"
        ))
        .await
        .expect(404);
    resident
        .get(&format!(
            "/api/v1/tracking/{second_code}/photos/{first_photo}"
        ))
        .await
        .expect(404);
    assert_eq!(
        rows_of(&world, "read_original"),
        1,
        "what was not read is not recorded"
    );
}

/// D21: a supplement and a decision at once: each is refused or whole, the complaint ends in a
/// state its record tells, and nothing is a fault.
async fn a_supplement_and_a_decision_at_once_stay_consistent(world: World) {
    let brigade = world.brigade().await;
    for round in 0..6 {
        let mut body = river(None);
        body["category"] = json!("radiation.light");
        body["location"]["lon"] = json!(119.27 + f64::from(round) * 0.006);
        body["location"]["lat"] = json!(26.09);
        let (number, code) = file(&world, body).await;
        brigade
            .post("/api/v1/triage/claims", json!({ "number": number }))
            .await
            .expect(201);
        let refuse = json!({ "action": "return", "reason": "请补充具体楼栋" });
        let (decision, supplement) = (
            format!("/api/v1/complaints/{number}/decision"),
            format!("/api/v1/tracking/{code}/supplements"),
        );
        let resident = world.resident();
        let (decided, added) = tokio::join!(
            brigade.post(&decision, refuse),
            resident.post(&supplement, json!({ "text": "3号楼下" })),
        );
        assert!(
            [200, 409, 412].contains(&decided.status),
            "{}",
            decided.body
        );
        assert!([201, 409].contains(&added.status), "{}", added.body);
        let (state, told) = world.db_read(|c| {
            let (id, state) = complaints::table
                .filter(complaints::number.eq(&number))
                .select((complaints::id, complaints::state))
                .first::<(dengwen::platform::db::Id, String)>(c)
                .unwrap();
            let told: Vec<Option<String>> = record::table
                .filter(record::subject_id.eq(id))
                .filter(record::to_state.is_not_null())
                .order(record::id.desc())
                .select(record::to_state)
                .load(c)
                .unwrap();
            (state, told)
        });
        assert_eq!(Some(state), told[0].clone(), "round {round}");
    }
}

/// D21: a report that comes while its matter is merged into another ends in one of the two,
/// and the counters are those of the complaints.
async fn a_report_and_a_merge_at_once_lose_nothing(world: World) {
    let brigade = world.brigade().await;
    for body in [fumes(Some("13800000001"), 0.0), river(Some("13800000002"))] {
        file(&world, body).await;
    }
    let numbers: Vec<String> = world.db_read(|c| {
        ledger_entry::table
            .order(ledger_entry::number)
            .select(ledger_entry::number)
            .load(c)
            .unwrap()
    });
    let path = format!("/api/v1/entries/{}/merge", numbers[0]);
    let resident = world.resident();
    let sends = (3..9).map(|n| {
        resident.post(
            "/api/v1/complaints",
            fumes(Some(&format!("1380000000{n}")), 3.0),
        )
    });
    let (merged, sent) = tokio::join!(
        brigade.post(&path, json!({ "into": numbers[1], "reason": "同一问题" })),
        futures_util::future::join_all(sends),
    );
    merged.expect(200);
    for reply in sent {
        reply.expect(201);
    }
    let (entries, linked) = world.db_read(|c| {
        (
            ledger_entry::table
                .filter(ledger_entry::complaint_count.gt(0))
                .select((ledger_entry::id, ledger_entry::complaint_count))
                .load::<(dengwen::platform::db::Id, i32)>(c)
                .unwrap(),
            complaints::table
                .select(complaints::entry_id)
                .load::<dengwen::platform::db::Id>(c)
                .unwrap(),
        )
    });
    assert_eq!(linked.len(), 8);
    for (id, count) in &entries {
        assert_eq!(linked.iter().filter(|e| *e == id).count() as i32, *count);
    }
    assert_eq!(entries.iter().map(|(_, count)| count).sum::<i32>(), 8);
}

/// D23: a retry of the same submission leaves one complaint, one photo, one verdict, one job.
async fn a_retry_leaves_nothing_twice(world: World) {
    let resident = world.resident();
    let parts = || {
        [
            (
                "complaint",
                None,
                river(Some("13800000001")).to_string().into_bytes(),
            ),
            ("photo", Some("a.jpg"), scene(1, 300, 200)),
        ]
    };
    let counts = || {
        world.db_read(|c| {
            use dengwen::platform::db::schema::{match_verdict, petitioner};
            [
                complaints::table.count().get_result::<i64>(c).unwrap(),
                photo::table.count().get_result(c).unwrap(),
                petitioner::table.count().get_result(c).unwrap(),
                match_verdict::table.count().get_result(c).unwrap(),
                job::table.count().get_result(c).unwrap(),
                record::table.count().get_result(c).unwrap(),
            ]
        })
    };
    let mut first = None;
    for _ in 0..3 {
        resident
            .send(Method::POST, "/api/v1/complaints", |r| {
                r.header("idempotency-key", "k")
                    .multipart(crate::support::actors::form(&parts()))
            })
            .await
            .expect(201);
        assert_eq!(*first.get_or_insert_with(counts), counts());
    }
    assert_eq!(first.unwrap()[..3], [1, 1, 1]);
}

/// How far others are looked for, in radii and in metres, as `docs/matching.md` tells it.
const REACHES: f64 = 5.0;
const REACH_M: std::ops::RangeInclusive<f64> = 150.0..=1200.0;

/// D25: well inside a category's radius a matter is shown, and beyond the reach in which
/// others are looked for it is not, by the profile's own numbers; a withdrawn
/// one is not shown at all.
async fn nearby_ends_at_the_categorys_radius(world: World) {
    let resident = world.resident();
    let profile = world.server.app.profile.clone();
    let cases = [
        "air.cooking_fume",
        "air.odour",
        "noise.construction",
        "radiation.light",
        "air.dust_smoke",
    ];
    for category in cases {
        let radius = profile.category(category).unwrap().radius_m;
        let at = |metres: f64| {
            json!({
                "category": category, "description": "夜里总是这样，请查处",
                "location": { "lon": LON - metres / 99_900.0, "lat": LAT, "datum": "WGS84" }
            })
        };
        let receipt = resident
            .post("/api/v1/complaints", at(0.0))
            .await
            .expect(201);
        let number = receipt.text("/number");
        let shown = |metres: f64| {
            let (resident, body, number) = (resident.clone(), at(metres), number.clone());
            async move {
                let near = resident
                    .post("/api/v1/complaints/similar", body)
                    .await
                    .expect(200);
                near.body["similar"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|s| s["number"] == number)
            }
        };
        assert!(shown(radius * 0.2).await, "{category} inside");
        assert!(
            !shown((radius * REACHES).clamp(*REACH_M.start(), *REACH_M.end()) + 150.0).await,
            "{category} outside"
        );
        let code = receipt.text("/tracking_code");
        resident
            .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
            .await
            .expect(200);
        assert!(!shown(radius * 0.2).await, "{category} withdrawn");
    }
}

/// D30: closing and reopening want a text that says something.
async fn closing_and_reopening_say_why(world: World) {
    let brigade = world.brigade().await;
    let (number, _) = file(&world, fumes(None, 0.0)).await;
    let of = accepted(&brigade, &number).await;
    brigade
        .post(&of("close"), json!({ "reason": "已答复" }))
        .await
        .expect_problem(409, "wrong_state");
    brigade
        .post(&of("reopening"), json!({ "reason": "复查仍有油烟" }))
        .await
        .expect_problem(409, "wrong_state");
    brigade
        .post(&of("reply"), json!({ "kind": "final", "text": "   " }))
        .await
        .expect(422);
    brigade
        .post(
            &of("reply"),
            json!({ "kind": "final", "text": "已责令整改" }),
        )
        .await
        .expect(201);
    let version = || async {
        brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200)
            .body["version"]
            .clone()
    };
    for step in ["close", "reopening"] {
        let before = (
            version().await,
            rows_of(&world, step),
            rows_of(&world, "reopen"),
        );
        brigade.post(&of(step), json!({})).await.expect(400);
        for blank in ["", "   ", "\u{3000}"] {
            brigade
                .post(&of(step), json!({ "reason": blank }))
                .await
                .expect_problem(422, "invalid");
        }
        assert_eq!(
            (
                version().await,
                rows_of(&world, step),
                rows_of(&world, "reopen")
            ),
            before
        );
    }
    brigade
        .post(&of("close"), json!({ "reason": "已答复" }))
        .await
        .expect(200);
}

/// D31: one good and one bad field change nothing: no column, no record, no job.
async fn a_half_good_patch_changes_nothing(world: World) {
    let brigade = world.brigade().await;
    let (number, _) = file(&world, fumes(Some("13800000001"), 0.0)).await;
    let path = format!("/api/v1/complaints/{number}");
    let counts = || {
        world.db_read(|c| {
            (
                record::table.count().get_result::<i64>(c).unwrap(),
                job::table.count().get_result::<i64>(c).unwrap(),
            )
        })
    };
    let (before, counted) = (brigade.get(&path).await.expect(200).body, counts());
    let version = before["version"].as_i64().unwrap();
    for bad in [
        json!({ "address": "东街口3号", "category": "fire", "reason": "类别选错" }),
        json!({ "category": "air.odour", "premises": "  ", "reason": "类别选错" }),
        json!({ "address": "东街口3号", "category": null, "reason": "类别选错" }),
    ] {
        brigade
            .patch_if(&path, version, bad)
            .await
            .expect_problem(422, "invalid");
    }
    brigade
        .patch_if(
            &path,
            version,
            json!({ "address": "东街口3号", "status": "closed", "reason": "x" }),
        )
        .await
        .expect(400);
    assert_eq!(brigade.get(&path).await.expect(200).body, before);
    assert_eq!(counts(), counted);
}

/// D34: what comes on a day off starts its working-day clocks on the next working day, and
/// natural days run on.
async fn clocks_of_a_day_off(world: World) {
    let office = world.staff(Role::Office).await;
    // 2026-10-01 to 07 is the National Day holiday, and 10 October a Saturday that is worked.
    let intake = json!({ "channel": "hotline_12345", "external_no": "1", "received_at": "2026-10-03T09:00:00+08:00", "complaint": river(None) });
    let receipt = office.post("/api/v1/intake", intake).await.expect(201);
    let profile = world.server.app.profile.clone();
    let deadlines = receipt.body["deadlines"].as_array().unwrap();
    let working: Vec<&Value> = deadlines
        .iter()
        .filter(|d| d["unit"] == "working_day")
        .collect();
    assert!(!working.is_empty());
    for deadline in working {
        let due: chrono::NaiveDate = deadline["due_on"].as_str().unwrap().parse().unwrap();
        let mut day: chrono::NaiveDate = "2026-10-03".parse().unwrap();
        let mut counted = 0;
        while day < due {
            day = day.succ_opt().unwrap();
            counted += i64::from(profile.calendar.is_working_day(day));
        }
        assert!(profile.calendar.is_working_day(due), "{deadline}");
        assert_eq!(Some(counted), deadline["amount"].as_i64(), "{deadline}");
    }
}

/// D35: of many, the one that cannot be done is named, and no work is left behind.
async fn a_refused_bulk_leaves_no_work(world: World) {
    let brigade = world.brigade().await;
    let mut items = Vec::new();
    for body in [river(Some("13800000001")), fumes(Some("13800000002"), 0.0)] {
        let (number, _) = file(&world, body).await;
        items.push(json!({ "number": number, "decision": { "action": "accept", "procedure": "consultation" } }));
    }
    let done = |world: &World| {
        world.db_read(|c| {
            let jobs: i64 = job::table
                .filter(job::kind.eq(NotifyReporter::NAME))
                .count()
                .get_result(c)
                .unwrap();
            (jobs, record::table.count().get_result::<i64>(c).unwrap())
        })
    };
    let before = done(&world);
    let mut bad = items.clone();
    bad.push(
        json!({ "number": items[0]["number"], "decision": { "action": "refuse", "reason": "x" } }),
    );
    let refused = brigade
        .post("/api/v1/triage/decisions", json!({ "items": bad }))
        .await;
    assert!((400..500).contains(&refused.status), "{}", refused.body);
    assert!(
        refused.body["items"][0]["location"]
            .as_str()
            .unwrap()
            .starts_with("items[2]"),
        "{}",
        refused.body
    );
    brigade
        .post("/api/v1/triage/decisions", json!({}))
        .await
        .expect(400);
    assert_eq!(done(&world), before);
}

/// D40: rows that come and go while a list is read neither repeat nor hide others.
async fn paging_survives_what_comes_and_goes(world: World) {
    let brigade = world.brigade().await;
    let spread = |n: i32| {
        json!({
            "category": "radiation.light", "description": format!("第{n}处灯光太亮"),
            "location": { "lon": 119.27 + f64::from(n) * 0.004, "lat": 26.09, "datum": "WGS84" }
        })
    };
    let mut filed = Vec::new();
    for n in 0..6 {
        filed.push(file(&world, spread(n)).await);
    }
    let first = brigade
        .get("/api/v1/triage/queue?limit=3")
        .await
        .expect(200);
    let mut seen: Vec<String> = first.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["number"].as_str().unwrap().to_owned())
        .collect();
    // One that was read goes, one that was not read goes, and one comes.
    let unread = filed
        .iter()
        .find(|(number, _)| !seen.contains(number))
        .unwrap()
        .clone();
    let read = filed
        .iter()
        .find(|(number, _)| seen.contains(number))
        .unwrap()
        .clone();
    for (_, code) in [&unread, &read] {
        world
            .resident()
            .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
            .await
            .expect(200);
    }
    file(&world, spread(7)).await;
    let mut cursor = first.body["next_cursor"].as_str().map(str::to_owned);
    while let Some(from) = cursor {
        let page = brigade
            .get(&format!("/api/v1/triage/queue?limit=3&cursor={from}"))
            .await
            .expect(200);
        seen.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|i| i["number"].as_str().unwrap().to_owned()),
        );
        cursor = page.body["next_cursor"].as_str().map(str::to_owned);
    }
    let distinct: std::collections::HashSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "nothing twice");
    for (number, _) in filed.iter().filter(|(number, _)| *number != unread.0) {
        assert!(seen.contains(number), "{number} was hidden");
    }
    assert!(!seen.contains(&unread.0));
}

/// D47: a long name of the client's program is no reason to refuse what it sends.
async fn a_long_user_agent_is_served(world: World) {
    let agent = "x".repeat(5000);
    let reply = world
        .resident()
        .send(Method::POST, "/api/v1/complaints", |r| {
            r.header("user-agent", agent).json(&river(None))
        })
        .await;
    reply.expect(201);
}

/// A visit to the barbecue and its officer.
async fn dispatched(world: &World) -> (String, Actor) {
    let brigade = world.brigade().await;
    let (number, _) = file(world, fumes(None, 0.0)).await;
    let of = accepted(&brigade, &number).await;
    let seen = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    let officer = world
        .officer("officer", &seen.text("/place/grid_code"))
        .await;
    let visit = brigade
        .post(&of("verifications"), json!({}))
        .await
        .expect(201);
    (
        format!("/api/v1/verifications/{}", visit.text("/id")),
        officer,
    )
}

/// D12: one picture in two slots of a visit stands in both; in one slot twice it stands once.
async fn one_picture_in_two_slots_stands_in_both(world: World) {
    let (visit, officer) = dispatched(&world).await;
    let picture = scene(1, 300, 200);
    for slot in ["far", "near", "near"] {
        officer
            .post_parts(&format!("{visit}/photos"), &[(slot, None, picture.clone())])
            .await
            .expect(200);
    }
    let roles: Vec<String> = world.db_read(|c| {
        photo::table
            .order(photo::role)
            .select(photo::role)
            .load(c)
            .unwrap()
    });
    assert_eq!(roles, ["far", "near"]);
}

/// D22: what a phone did first and sent last keeps both its own time and ours, each in its
/// order.
async fn a_phones_clock_and_ours_are_kept_apart(world: World) {
    let (visit, officer) = dispatched(&world).await;
    let findings = json!({ "client_id": "f", "result": "true", "notes": "在排", "device_time": "2026-11-24T20:40:00+08:00" });
    officer
        .post(&format!("{visit}/findings"), findings)
        .await
        .expect(200);
    world.clock.advance(chrono::TimeDelta::minutes(5));
    let here = json!({ "client_id": "c", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": "2026-11-24T20:10:00+08:00" });
    let seen = officer
        .post(&format!("{visit}/check-in"), here)
        .await
        .expect(200);
    let events = seen.body["events"].as_array().unwrap();
    let of = |kind: &str| events.iter().find(|e| e["kind"] == kind).unwrap();
    let times = |name: &str| {
        ["check_in", "findings"].map(|kind| of(kind)[name].as_str().unwrap().to_owned())
    };
    let ([began, ended], [arrived_last, arrived_first]) =
        (times("device_time"), times("received_at"));
    assert_eq!(
        (&*began, &*ended),
        ("2026-11-24T20:10:00+08:00", "2026-11-24T20:40:00+08:00")
    );
    assert!(
        arrived_first < arrived_last,
        "{arrived_first} {arrived_last}"
    );
}

on_both!(
    a_text_at_its_limit_comes_back_whole,
    parallel_uploads_are_each_recorded,
    photos_are_found_where_they_belong,
    a_supplement_and_a_decision_at_once_stay_consistent,
    a_report_and_a_merge_at_once_lose_nothing,
    a_retry_leaves_nothing_twice,
    nearby_ends_at_the_categorys_radius,
    closing_and_reopening_say_why,
    a_half_good_patch_changes_nothing,
    clocks_of_a_day_off,
    a_refused_bulk_leaves_no_work,
    paging_survives_what_comes_and_goes,
    a_long_user_agent_is_served,
    one_picture_in_two_slots_stands_in_both,
    a_phones_clock_and_ours_are_kept_apart,
);
