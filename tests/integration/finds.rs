//! What staff find themselves (巡查发现): a clue that is matched, studied and visited, and no petition.

use std::collections::BTreeSet;

use dengwen::{
    account::Role,
    photo::sample::scene,
    platform::db::schema::{complaint, find},
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, Reply, TODAY, Wishes, World,
    actors::form,
    bodies::{LAT, LON, fumes, river},
    facts,
};

/// The grid of the barbecue and one beside it, of another street.
const HOME: &str = "35010200400301";
const BESIDE: &str = "35010200500201";

/// The barbecue's street and another.
const STREET: &str = "350102004";
const ELSEWHERE: &str = "350102005";

const FINDS: &str = "/api/v1/finds";

/// Fumes of the barbecue, seen on the way.
fn seen(client_id: &str) -> Value {
    json!({
        "client_id": client_id,
        "category": "air.cooking_fume",
        "description": "巡查看到老王烧烤油烟直排，净化器未开，联系店主13800009999。",
        "location": { "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0 },
        "premises": "老王烧烤",
        "clue_channel": "patrol",
        "device_time": TODAY
    })
}

/// The same of a river far from it.
fn seen_at_the_river(client_id: &str) -> Value {
    let mut body = seen(client_id);
    body["category"] = json!("water.black_odorous");
    body["description"] = json!("河水发黑发臭。");
    body["location"] = river(None)["location"].clone();
    body["premises"] = Value::Null;
    body
}

async fn found(actor: &Actor, body: Value) -> Reply {
    actor.post(FINDS, body).await.expect(201)
}

fn path(number: &str, what: &str) -> String {
    format!("{FINDS}/{number}{what}")
}

/// Claims a find and decides on it.
async fn decide(brigade: &Actor, number: &str, decision: Value) -> Reply {
    let claim = json!({ "number": number });
    let claimed = brigade.post("/api/v1/triage/claims", claim).await;
    claimed.expect(201);
    brigade.post(&path(number, "/decision"), decision).await
}

async fn confirm(brigade: &Actor, number: &str) {
    let decision = format!("/api/v1/complaints/{number}/match-decision");
    brigade
        .post(&decision, json!({ "decision": "confirm" }))
        .await
        .expect(200);
}

/// The numbers of a caller's list.
async fn listed(actor: &Actor, filter: &str) -> BTreeSet<String> {
    let page = actor.get(&format!("{FINDS}{filter}")).await.expect(200);
    let items = page.body["items"].as_array().unwrap().iter();
    items
        .map(|item| item["number"].as_str().unwrap().to_owned())
        .collect()
}

/// Officers and streets file what they find as 基层摸, sections, the station and the brigade as 本级查, with
/// the channel of the clue beside it. It waits to be studied, owes nobody anything and is told to nobody
/// by a code.
async fn each_role_files_what_it_finds(world: World) {
    let brigade = world.brigade().await;
    let finders = [
        (world.officer("officer1", HOME).await, "grassroots"),
        (world.street("street1", STREET).await, "grassroots"),
        (world.staff(Role::Section).await, "own_check"),
        (world.staff(Role::Station).await, "own_check"),
        (brigade.clone(), "own_check"),
    ];
    let channels = [
        "patrol",
        "supervision",
        "supervision",
        "monitoring",
        "enforcement",
    ];
    let mut numbers = Vec::new();
    for ((finder, mode), channel) in finders.iter().zip(channels) {
        let mut body = seen("f1");
        body["clue_channel"] = json!(channel);
        let view = found(finder, body).await;
        assert_eq!(
            (
                view.text("/state"),
                view.text("/state_name"),
                view.text("/discovery_mode"),
                view.text("/clue_channel"),
                view.text("/found_by"),
                view.text("/place/street_code"),
                view.body["already_received"].clone(),
            ),
            (
                "to_study".to_owned(),
                "待研判".to_owned(),
                (*mode).to_owned(),
                channel.to_owned(),
                finder.name.clone(),
                STREET.to_owned(),
                json!(false),
            )
        );
        let number = view.text("/number");
        let (code, stored): (String, String) = world.db_read(|c| {
            complaint::table
                .filter(complaint::number.eq(&number))
                .select((complaint::tracking_code, complaint::discovery_mode))
                .first(c)
                .unwrap()
        });
        assert_eq!(stored, *mode);
        assert!(!view.body.to_string().contains(&code));
        world
            .resident()
            .get(&format!("/api/v1/tracking/{code}"))
            .await
            .expect(404);
        let read = brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200);
        assert_eq!(
            [
                &read.body["deadlines"],
                &read.body["due_on"],
                &read.body["anonymous"],
                &read.body["person_count"],
                &read.body["reporters"],
                &read.body["source_class"],
            ],
            [
                &json!([]),
                &Value::Null,
                &json!(true),
                &json!(0),
                &json!([]),
                &json!("enforcement"),
            ]
        );
        numbers.push(number);
    }
    let queue = brigade
        .get("/api/v1/triage/queue?state=to_study")
        .await
        .expect(200);
    assert_eq!(
        queue.body["counts"],
        json!({ "screening": 0, "awaiting_acceptance": 0, "to_study": 5, "urgent": 0 })
    );
    assert_eq!(queue.body["items"].as_array().unwrap().len(), 5);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Who found something reads it and what becomes of it, a street what was found in it, who studies it all;
/// neighbours read nothing, and a phone that was written down is masked where nobody needs it.
async fn finds_are_read_by_who_they_concern(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let officer = world.officer("officer1", HOME).await;
    let mate = world.officer("officer2", HOME).await;
    let neighbour = world.officer("officer3", BESIDE).await;
    let street = world.street("street1", STREET).await;
    let other = world.street("street2", ELSEWHERE).await;
    let section = world.staff(Role::Section).await;
    let near = found(&officer, seen("f1")).await.text("/number");
    let far = found(&section, seen_at_the_river("f1"))
        .await
        .text("/number");
    let both = BTreeSet::from([near.clone(), far.clone()]);
    let (only_near, only_far) = (BTreeSet::from([near.clone()]), BTreeSet::from([far]));
    for (actor, theirs) in [
        (&brigade, &both),
        (&office, &both),
        (&officer, &only_near),
        (&street, &only_near),
        (&section, &only_far),
        (&mate, &BTreeSet::new()),
        (&neighbour, &BTreeSet::new()),
        (&other, &BTreeSet::new()),
    ] {
        assert_eq!(listed(actor, "").await, *theirs, "{}", actor.name);
        assert_eq!(
            listed(actor, "?state=to_study").await,
            *theirs,
            "{}",
            actor.name
        );
        assert_eq!(listed(actor, "?state=settled").await, BTreeSet::new());
        for number in &both {
            let status = if theirs.contains(number) { 200 } else { 404 };
            actor.get(&path(number, "")).await.expect(status);
        }
    }
    let words = |reply: &Reply| reply.text("/description");
    let theirs = street.get(&path(&near, "")).await.expect(200);
    assert!(!words(&theirs).contains("13800009999"), "{}", theirs.body);
    let read = brigade.get(&path(&near, "")).await.expect(200);
    assert!(words(&read).contains("13800009999"), "{}", read.body);
    let pages = brigade.get(&format!("{FINDS}?limit=1")).await.expect(200);
    let next = pages.text("/next_cursor");
    let second = listed(&brigade, &format!("?limit=1&cursor={next}")).await;
    assert_eq!(second, only_near);
    brigade
        .get(&format!("{FINDS}?state=nonsense"))
        .await
        .expect_problem(400, "bad_parameter");
}

/// A find first, residents afterwards: each of theirs is a petition with duties of its own that joins the
/// matter, and who found it is no person who complains of it.
async fn residents_join_what_was_found(world: World) {
    let brigade = world.brigade().await;
    let officer = world.officer("officer1", HOME).await;
    let find = found(&officer, seen("f1")).await;
    let entry = find.text("/entry");
    for (phone, persons) in [("13800000001", 1), ("13800000002", 2)] {
        let receipt = world.file(fumes(Some(phone), 0.0)).await;
        let shown = receipt.body["similar"].to_string();
        assert!(!shown.contains(&find.text("/number")), "{shown}");
        let number = receipt.text("/number");
        let read = brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200);
        assert_eq!(
            (
                read.text("/state"),
                read.text("/link"),
                read.text("/link_rule"),
                read.text("/entry"),
            ),
            (
                "screening".to_owned(),
                "provisional".to_owned(),
                "R4".to_owned(),
                entry.clone(),
            )
        );
        assert_eq!(read.body["deadlines"].as_array().unwrap().len(), 2);
        confirm(&brigade, &number).await;
        let ledger = brigade
            .get(&format!("/api/v1/entries/{entry}"))
            .await
            .expect(200);
        assert_eq!(
            [
                &ledger.body["complaint_count"],
                &ledger.body["find_count"],
                &ledger.body["distinct_reporters"],
                &ledger.body["duplicate_count"],
                &ledger.body["strong_concern"],
            ],
            [
                &json!(persons),
                &json!(1),
                &json!(persons),
                &json!(persons),
                &json!(false),
            ]
        );
        let tracked = world
            .resident()
            .get(&format!(
                "/api/v1/tracking/{}",
                receipt.text("/tracking_code")
            ))
            .await
            .expect(200);
        assert_eq!(tracked.body["reports_on_the_matter"], persons);
    }
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A resident first, a find afterwards: it joins the matter as evidence, waits for study beside it, and one
/// visit is for both.
async fn a_find_joins_what_residents_report(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let officer = world.officer("officer1", HOME).await;
    let number = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let entry = world.entry_of(&number);
    let find = found(&officer, seen("f1")).await;
    let found = find.text("/number");
    assert_eq!(
        (find.text("/entry"), find.text("/link"), find.text("/state"),),
        (
            entry.clone(),
            "provisional".to_owned(),
            "to_study".to_owned()
        )
    );
    confirm(&brigade, &found).await;
    brigade.accept(&number).await;
    let taken = decide(&brigade, &found, json!({ "action": "take_up" }))
        .await
        .expect(200);
    assert_eq!(
        (taken.text("/state"), taken.text("/state_name")),
        ("taken_up".to_owned(), "核实处理中".to_owned())
    );
    let waits = brigade.get("/api/v1/work/finds_taken_up").await.expect(200);
    assert_eq!(
        (
            waits.text("/items/0/number"),
            &waits.body["counts"]["count"],
            &waits.body["items"][0]["due_on"],
        ),
        (found.clone(), &json!(1), &Value::Null)
    );
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{number}/verifications"),
            json!({}),
        )
        .await
        .expect(201)
        .text("/id");
    let read = officer.get(&path(&found, "")).await.expect(200);
    assert_eq!(read.body["visits"][0]["id"], json!(visit));
    let ledger = brigade
        .get(&format!("/api/v1/entries/{entry}"))
        .await
        .expect(200);
    assert_eq!(
        [
            &ledger.body["complaint_count"],
            &ledger.body["find_count"],
            &ledger.body["distinct_reporters"],
            &ledger.body["duplicate_count"],
            &ledger.body["source_class"],
        ],
        [
            &json!(1),
            &json!(1),
            &json!(1),
            &json!(0),
            &json!("public_petition"),
        ]
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A phone on a bad network sends until it hears an answer: the same find is one, with its photo, whether
/// one after another or at once; its id with other words is refused.
async fn a_find_sent_again_is_one(world: World) {
    let officer = world.officer("officer1", HOME).await;
    let parts = [
        ("find", None, seen("f1").to_string().into_bytes()),
        ("photo", Some("a.jpg"), scene(1, 300, 200)),
    ];
    let first = officer.post_parts(FINDS, &parts).await.expect(201);
    assert_eq!(first.body["photos"][0]["status"], "kept");
    let again = officer.post_parts(FINDS, &parts).await.expect(200);
    let number = first.text("/number");
    assert_eq!(
        (again.text("/number"), &again.body["already_received"]),
        (number.clone(), &json!(true))
    );
    assert_eq!(again.body["photos"].as_array().unwrap().len(), 1);
    let photo = first.text("/photos/0/id");
    officer
        .get(&format!("/api/v1/complaints/{number}/photos/{photo}"))
        .await
        .expect(200);
    let mut otherwise = seen("f1");
    otherwise["description"] = json!("另一处油烟。");
    officer
        .post(FINDS, otherwise)
        .await
        .expect_problem(409, "idempotency_conflict");
    let (one, other) = futures_util::join!(
        officer.post(FINDS, seen("f2")),
        officer.post(FINDS, seen("f2"))
    );
    let statuses = BTreeSet::from([one.status, other.status]);
    assert_eq!(statuses, BTreeSet::from([200, 201]));
    assert_eq!(one.text("/number"), other.text("/number"));
    // Another person's device may count alike.
    let mate = world.officer("officer2", HOME).await;
    found(&mate, seen("f1")).await;
    let kept: i64 = world.db_read(|c| find::table.count().get_result(c).unwrap());
    assert_eq!(kept, 3);
}

/// An officer finds in their grid and a street in its street; what lies elsewhere is refused with whose it
/// is. Others find in the whole district, and nobody without a datum.
async fn each_finds_in_their_own_part(world: World) {
    let officer = world.officer("officer1", BESIDE).await;
    let street = world.street("street1", ELSEWHERE).await;
    for actor in [&officer, &street] {
        let refused = actor
            .post(FINDS, seen("f1"))
            .await
            .expect_problem(422, "invalid");
        let item = &refused.body["items"][0];
        assert_eq!(
            (&item["location"], &item["code"]),
            (&json!("location"), &json!("outside_own_part"))
        );
        let message = item["message"].as_str().unwrap();
        assert!(message.contains("东街街道"), "{message}");
    }
    // An account that is bound to no place finds nothing.
    let unbound = world.staff(Role::GridOfficer).await;
    unbound.post(FINDS, seen("f1")).await.expect(422);
    let section = world.staff(Role::Section).await;
    found(&section, seen_at_the_river("f1")).await;
    let mut bare = seen("f2");
    bare["location"] = json!({ "lon": LON, "lat": LAT });
    section
        .post(FINDS, bare)
        .await
        .expect_problem(400, "malformed_request");
    let mut abroad = seen("f2");
    abroad["location"] = json!({ "lon": 119.9, "lat": 26.5, "datum": "WGS84" });
    let refused = section.post(FINDS, abroad).await.expect(422);
    assert_eq!(refused.body["items"][0]["code"], "outside_district");
}

/// What a phone claims is moved by as much as its clock differs, and both are shown.
async fn a_phones_clock_is_corrected(world: World) {
    let officer = world.officer("officer1", HOME).await;
    let mut body = seen("f1");
    body["device_time"] = json!("2026-11-24T11:00:00+08:00");
    body["occurred_at"] = json!("2026-11-24T10:40:00+08:00");
    let reply = officer
        .send(reqwest::Method::POST, FINDS, |r| {
            r.header("device-now", "2026-11-24T11:10:00+08:00")
                .json(&body)
        })
        .await
        .expect(201);
    assert_eq!(
        (
            reply.text("/seen_at"),
            reply.text("/device_time"),
            reply.text("/occurred_at"),
            &reply.body["clock_offset_s"],
        ),
        (
            "2026-11-24T09:50:00+08:00".to_owned(),
            "2026-11-24T11:00:00+08:00".to_owned(),
            "2026-11-24T09:30:00+08:00".to_owned(),
            &json!(-4200),
        )
    );
}

/// A find is dismissed with a reason, studied again, settled with what was found out; who found it reads
/// why. What is decided on petitions is decided on none.
async fn a_find_is_decided_on_and_its_finder_reads_it(world: World) {
    let brigade = world.brigade().await;
    let officer = world.officer("officer1", HOME).await;
    let number = found(&officer, seen("f1")).await.text("/number");
    let decision = path(&number, "/decision");
    brigade
        .post(&decision, json!({ "action": "take_up" }))
        .await
        .expect_problem(409, "not_claimed");
    decide(&brigade, &number, json!({ "action": "dismiss" }))
        .await
        .expect(422);
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    brigade
        .post(&format!("/api/v1/complaints/{number}/decision"), accept)
        .await
        .expect_problem(409, "wrong_state");
    let why = json!({ "action": "dismiss", "reason": "该店已停业" });
    let dismissed = brigade.post(&decision, why).await.expect(200);
    assert_eq!(dismissed.text("/state_name"), "不予采用");
    let read = officer.get(&path(&number, "")).await.expect(200);
    assert_eq!(
        (read.text("/state"), read.text("/reason")),
        ("dismissed".to_owned(), "该店已停业".to_owned())
    );
    let again = json!({ "action": "restudy", "reason": "该店重新营业" });
    let back = brigade.post(&decision, again).await.expect(200);
    assert_eq!(back.text("/state"), "to_study");
    let bare = json!({ "action": "settle", "reason": "照片清楚" });
    decide(&brigade, &number, bare).await.expect(422);
    let settle =
        json!({ "action": "settle", "result": "true", "reason": "照片清楚，责令开启净化器" });
    let settled = brigade.post(&decision, settle).await.expect(200);
    assert_eq!(settled.text("/state_name"), "已处理");
    let read = officer.get(&path(&number, "")).await.expect(200);
    assert_eq!(
        (
            read.text("/result"),
            read.text("/reason"),
            read.text("/decided_at"),
        ),
        (
            "true".to_owned(),
            "照片清楚，责令开启净化器".to_owned(),
            TODAY.to_owned(),
        )
    );
    // The matter may go on to the ledger: the clue is there though nobody complained.
    let office = world.staff(Role::Office).await;
    let entry = format!("/api/v1/entries/{}", read.text("/entry"));
    let ledger = office.get(&entry).await.expect(200);
    assert_eq!(
        [
            &ledger.body["complaint_count"],
            &ledger.body["find_count"],
            &ledger.body["due_on"],
            &ledger.body["source_class"],
        ],
        [&json!(0), &json!(1), &Value::Null, &json!("enforcement")]
    );
    office
        .post(
            &format!("{entry}/proposal"),
            json!({ "reason": "巡查多次发现" }),
        )
        .await
        .expect(200);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Who found something takes it back while nobody has begun to deal with it; afterwards, and for anybody
/// else, it is the brigade's to dismiss.
async fn a_find_is_taken_back_by_who_found_it(world: World) {
    let brigade = world.brigade().await;
    let officer = world.officer("officer1", HOME).await;
    let street = world.street("street1", STREET).await;
    let first = found(&officer, seen("f1")).await.text("/number");
    let withdrawal = path(&first, "/withdrawal");
    street
        .post(&withdrawal, json!({}))
        .await
        .expect_problem(422, "guard_failed");
    let taken_back = officer
        .post(&withdrawal, json!({ "reason": "看错了" }))
        .await
        .expect(200);
    assert_eq!(taken_back.text("/state"), "withdrawn");
    officer
        .post(&withdrawal, json!({}))
        .await
        .expect_problem(409, "wrong_state");
    let second = found(&officer, seen("f2")).await.text("/number");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": second }))
        .await
        .expect(201);
    officer
        .post(&path(&second, "/withdrawal"), json!({}))
        .await
        .expect_problem(422, "guard_failed");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// An officer who finds something makes the visit at once: what they captured since they saw it counts,
/// another reviews it, and the find is settled by what was found.
async fn what_an_officer_finds_on_the_spot_is_a_visit(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let officer = world.officer("officer1", HOME).await;
    let mut body = seen("f1");
    body["device_time"] = json!("2026-11-24T20:05:00+08:00");
    body["visit"] = json!(true);
    let find = found(&officer, body.clone()).await;
    let number = find.text("/number");
    let visit = find.text("/visits/0/id");
    assert_eq!(find.text("/visits/0/state"), "assigned");
    let mine = officer.get("/api/v1/verifications/mine").await.expect(200);
    assert_eq!(mine.body["items"][0]["id"], json!(visit));
    // Sent again, it is no second visit.
    let again = officer.post(FINDS, body.clone()).await.expect(200);
    assert_eq!(again.body["visits"].as_array().unwrap().len(), 1);
    let of = |what: &str| format!("/api/v1/verifications/{visit}/{what}");
    let at = "2026-11-24T20:10:00+08:00";
    let here = json!({ "client_id": "c1", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": at });
    officer.post(&of("check-in"), here).await.expect(200);
    officer
        .send(reqwest::Method::POST, &of("photos"), |r| {
            r.multipart(form(&[("near", None, scene(3, 300, 200))]))
        })
        .await
        .expect(200);
    let report =
        json!({ "client_id": "r1", "result": "true", "notes": "净化器未开", "device_time": at });
    let done = officer.post(&of("findings"), report).await.expect(200);
    assert_eq!(done.text("/state"), "submitted");
    // It was somebody's visit by then, and waits for its review.
    officer
        .post(&path(&number, "/withdrawal"), json!({}))
        .await
        .expect_problem(422, "guard_failed");
    let settle = json!({ "action": "settle", "result": "true", "reason": "现场核实属实" });
    decide(&brigade, &number, settle.clone())
        .await
        .expect_problem(422, "guard_failed");
    officer
        .post(&of("review"), json!({ "outcome": "pass" }))
        .await
        .expect(403);
    brigade
        .post(&of("review"), json!({ "outcome": "pass" }))
        .await
        .expect(200);
    brigade
        .post(&path(&number, "/decision"), settle)
        .await
        .expect(200);
    let read = officer.get(&path(&number, "")).await.expect(200);
    assert_eq!(
        (
            read.text("/visits/0/state"),
            read.text("/visits/0/result"),
            read.text("/state"),
        ),
        ("passed".to_owned(), "true".to_owned(), "settled".to_owned())
    );
    // Others have the brigade send somebody.
    let section = world.staff(Role::Section).await;
    body["client_id"] = json!("f2");
    let refused = section.post(FINDS, body).await.expect(422);
    assert_eq!(refused.body["items"][0]["location"], "visit");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A find that is dismissed calls its visit off, but not while a resident waits for it.
async fn a_dismissed_find_takes_no_visit_from_residents(world: World) {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let officer = world.officer("officer1", HOME).await;
    let mut body = seen("f1");
    body["device_time"] = json!(EVENING);
    body["visit"] = json!(true);
    let find = found(&officer, body.clone()).await;
    let number = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    confirm(&brigade, &number).await;
    brigade.accept(&number).await;
    let read = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    // Accepted, it shares the visit that is under way.
    assert_eq!(read.text("/state"), "in_progress");
    let why = json!({ "action": "dismiss", "reason": "与信访件为同一事项，不另行处理" });
    decide(&brigade, &find.text("/number"), why)
        .await
        .expect(200);
    let visit = format!("/api/v1/verifications/{}", find.text("/visits/0/id"));
    let stands = brigade.get(&visit).await.expect(200);
    assert_eq!(stands.text("/state"), "assigned");
    body["client_id"] = json!("f2");
    body["category"] = json!("air.dust_smoke");
    body["premises"] = json!("东街工地");
    let other = found(&officer, body).await;
    let why = json!({ "action": "dismiss", "reason": "不属实" });
    decide(&brigade, &other.text("/number"), why)
        .await
        .expect(200);
    let visit = format!("/api/v1/verifications/{}", other.text("/visits/0/id"));
    let ended = brigade.get(&visit).await.expect(200);
    assert_eq!(ended.text("/state"), "cancelled");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// One person files so many in an hour and no more; a repetition costs nothing, and others are free.
async fn a_person_files_so_many_in_an_hour(world: World) {
    let officer = world.officer("officer1", HOME).await;
    let mate = world.officer("officer2", HOME).await;
    for n in 0..5 {
        found(&officer, seen(&format!("f{n}"))).await;
        officer
            .post(FINDS, seen(&format!("f{n}")))
            .await
            .expect(200);
    }
    let refused = officer.post(FINDS, seen("f5")).await.expect(429);
    assert!(refused.headers.contains_key("retry-after"));
    found(&mate, seen("f1")).await;
}

on_both!(
    each_role_files_what_it_finds,
    finds_are_read_by_who_they_concern,
    residents_join_what_was_found,
    a_find_joins_what_residents_report,
    a_find_sent_again_is_one,
    each_finds_in_their_own_part,
    a_phones_clock_is_corrected,
    a_find_is_decided_on_and_its_finder_reads_it,
    a_find_is_taken_back_by_who_found_it,
    what_an_officer_finds_on_the_spot_is_a_visit,
    a_dismissed_find_takes_no_visit_from_residents,
);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        ..Wishes::default()
    },
    a_person_files_so_many_in_an_hour,
);
