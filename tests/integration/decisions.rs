//! What the brigade decides, and what becomes of it.

use chrono::{NaiveDate, TimeDelta};
use dengwen::{
    account::Role,
    complaint::reckoning::ReckonClocks,
    complaint::returned::TakeBackReturned,
    district::{Profile, calendar::date_of},
    jobs,
    photo::sample::scene,
    platform::clock::Clock as _,
    platform::db::schema::{clock, complaint, job},
    platform::db::{Id, JsonValue, UtcTime},
    platform::jobs::Job as _,
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{fumes, river},
};

/// A complaint, claimed by the brigade.
async fn claimed(world: &World, brigade: &Actor, body: Value) -> (String, String) {
    let receipt = world
        .resident()
        .post("/api/v1/complaints", body)
        .await
        .expect(201);
    let number = receipt.text("/number");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    (number, receipt.text("/tracking_code"))
}

async fn seen(actor: &Actor, number: &str) -> crate::support::actors::Reply {
    actor
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
}

/// Runs a nightly job now.
async fn run_nightly(world: &World, kind: &str) {
    let now = world.server.app.now();
    world.db_read(|c| {
        diesel::insert_into(job::table)
            .values((
                job::id.eq(Id::new()),
                job::kind.eq(kind),
                job::payload.eq(JsonValue(json!({}))),
                job::run_at.eq(UtcTime(now)),
                job::attempts.eq(0),
                job::created_at.eq(UtcTime(now)),
            ))
            .execute(c)
            .unwrap();
    });
    jobs::run_due(&world.server.app).await.unwrap();
}

/// 不予受理, 转送: each ends the handling with its document and tells the reporter, which meets the clock to
/// tell them.
async fn a_complaint_is_not_taken(world: World) {
    let brigade = world.brigade().await;
    for (action, state, document, body) in [
        ("refuse", "refused", "refusal", river(Some("13800000001"))),
        ("transfer", "transferred", "transfer", {
            let mut b = river(None);
            b["category"] = json!("radiation.light");
            b
        }),
    ] {
        let (number, code) = claimed(&world, &brigade, body).await;
        let decision = json!({ "action": action, "reason": "非本局职责", "notice": "请向城管部门反映",
            "transfer_to": (action == "transfer").then_some("dept_urban") });
        let done = brigade
            .post(&format!("/api/v1/complaints/{number}/decision"), decision)
            .await
            .expect(200);
        assert_eq!(done.text("/state"), state);
        world.tell().await;
        let view = seen(&brigade, &number).await;
        assert_eq!(
            (
                view.text("/decisions/0/action"),
                view.text("/decisions/0/document"),
                view.text("/decisions/0/decided_by")
            ),
            (action.into(), document.into(), "brigade".into())
        );
        assert!(
            view.body["deadlines"]
                .as_array()
                .unwrap()
                .iter()
                .all(|d| d["kind"] != "notify" || d["met_at"].is_string())
        );
        let tracked = world
            .resident()
            .get(&format!("/api/v1/tracking/{code}"))
            .await
            .expect(200);
        assert_eq!(tracked.text("/state"), state);
        assert!(
            tracked.body["timeline"]
                .as_array()
                .unwrap()
                .iter()
                .any(|t| t["event"] == action)
        );
        brigade
            .post("/api/v1/triage/claims", json!({ "number": number }))
            .await
            .expect_problem(409, "wrong_state");
    }
}

/// Accepts a complaint by a procedure, replies to it and closes it.
async fn answered(brigade: &Actor, number: &str, procedure: &str) {
    let path = format!("/api/v1/complaints/{number}");
    brigade
        .post(
            &format!("{path}/decision"),
            json!({ "action": "accept", "procedure": procedure }),
        )
        .await
        .expect(200);
    brigade
        .post(
            &format!("{path}/reply"),
            json!({ "kind": "final", "text": "已责令整改" }),
        )
        .await
        .expect(201);
    brigade
        .post(&format!("{path}/close"), json!({ "reason": "已整改" }))
        .await
        .expect(200);
}

/// 不再受理 only of who comes again with the same facts after 复核 (信访工作条例36条); whatever else
/// it is, the answer says what to do instead.
async fn no_longer_accepted_after_the_final_review_alone(world: World) {
    let brigade = world.brigade().await;
    let again = json!({ "action": "no_longer_accept", "reason": "已复核", "notice": "不再受理", "final_review": "榕环复核〔2026〕3号" });
    let decide = |number: &str| format!("/api/v1/complaints/{number}/decision");
    let repeat = async |phone: &str, north: f64| {
        let number = world
            .resident()
            .post("/api/v1/complaints", fumes(Some(phone), north))
            .await
            .expect(201)
            .text("/number");
        brigade
            .post("/api/v1/triage/claims", json!({ "number": number }))
            .await
            .expect(201);
        number
    };
    let confirm = async |number: &str| {
        brigade
            .post(
                &format!("/api/v1/complaints/{number}/match-decision"),
                json!({ "decision": "confirm" }),
            )
            .await
            .expect(200)
    };

    let (first, _) = claimed(&world, &brigade, fumes(Some("13800000001"), 0.0)).await;
    let refused = brigade
        .post(&decide(&first), again.clone())
        .await
        .expect_problem(422, "guard_failed");
    assert!(
        refused.text("/detail").contains("first report"),
        "{}",
        refused.body
    );
    answered(&brigade, &first, "ordinary_petition").await;

    let second = repeat("13800000001", 1.0).await;
    brigade
        .post(&decide(&second), again.clone())
        .await
        .expect_problem(422, "guard_failed");
    confirm(&second).await;
    let mut unnamed = again.clone();
    unnamed["final_review"] = Value::Null;
    assert_eq!(
        brigade
            .post(&decide(&second), unnamed)
            .await
            .expect_problem(422, "invalid")
            .text("/items/0/location"),
        "final_review"
    );
    assert_eq!(
        brigade
            .post(&decide(&second), again.clone())
            .await
            .expect(200)
            .text("/state"),
        "no_longer_accepted"
    );
    let view = seen(&brigade, &second).await;
    assert_eq!(view.text("/decisions/0/document"), "refusal");
    assert!(view.body.to_string().contains("榕环复核〔2026〕3号"));

    // Another person's report of the same matter is not the petition that was reviewed.
    let other = repeat("13800000002", 2.0).await;
    confirm(&other).await;
    brigade
        .post(&decide(&other), again.clone())
        .await
        .expect_problem(422, "guard_failed");

    // 申请查处 ends in 复议 or 诉讼 and knows no 复核.
    let mut matter = river(Some("13800000003"));
    let (asked, _) = claimed(&world, &brigade, matter.clone()).await;
    answered(&brigade, &asked, "enforcement_request").await;
    matter["location"]["lon"] = json!(119.27601);
    let (once_more, _) = claimed(&world, &brigade, matter).await;
    confirm(&once_more).await;
    let refused = brigade
        .post(&decide(&once_more), again)
        .await
        .expect_problem(422, "guard_failed");
    assert!(refused.text("/detail").contains("复核"), "{}", refused.body);
}

/// What nobody settled is not ended on the strength of it.
async fn a_suspicion_ends_nothing(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000007"), 60.0))
        .await
        .expect(201)
        .text("/number");
    let mut vague = fumes(Some("13800000008"), 130.0);
    vague["premises"] = Value::Null;
    vague["description"] = json!("附近有人乱排油烟");
    let (second, _) = claimed(&world, &brigade, vague).await;
    assert_eq!(
        seen(&brigade, &second).await.text("/link"),
        "suspected",
        "of {first}"
    );
    let again = json!({ "action": "no_longer_accept", "reason": "已复核", "notice": "不再受理", "final_review": "榕环复核〔2026〕3号" });
    brigade
        .post(&format!("/api/v1/complaints/{second}/decision"), again)
        .await
        .expect_problem(422, "guard_failed");
}

/// 退回补正 is no dead end: staff add what they learned by phone, or the complaint comes back
/// by itself, saying so.
async fn a_returned_complaint_comes_back(world: World) {
    let brigade = world.brigade().await;
    let back = json!({ "action": "return", "reason": "地点不详" });
    let (number, _) = claimed(&world, &brigade, river(None)).await;
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/decision"),
            back.clone(),
        )
        .await
        .expect(200);
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect_problem(409, "wrong_state");
    let added = json!({ "text": "来电说在安泰河边，电话13800001234" });
    let done = brigade
        .post(
            &format!("/api/v1/complaints/{number}/supplements"),
            added.clone(),
        )
        .await
        .expect(201);
    assert_eq!(done.text("/state"), "awaiting_acceptance");
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (
            view.text("/supplements/0/text"),
            view.body["not_completed"].clone()
        ),
        ("来电说在安泰河边，电话13800001234".into(), json!(false))
    );
    let leader = world.staff(Role::Leader).await;
    assert!(
        !seen(&leader, &number)
            .await
            .body
            .to_string()
            .contains("13800001234")
    );
    world
        .resident()
        .post("/api/v1/complaints/x/supplements", added)
        .await
        .expect(401);

    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    brigade
        .post(&format!("/api/v1/complaints/{number}/decision"), back)
        .await
        .expect(200);
    let due = seen(&brigade, &number).await.text("/due_on");
    let due: NaiveDate = due.parse().unwrap();
    let back_on = Profile::embedded()
        .unwrap()
        .calendar
        .working_days_before(due, 1);
    let today = || date_of(world.clock.now());
    while today() < back_on {
        run_nightly(&world, TakeBackReturned::NAME).await;
        let brigade = world.sign_in("brigade").await;
        assert_eq!(seen(&brigade, &number).await.text("/state"), "returned");
        world.clock.advance(TimeDelta::days(1));
    }
    run_nightly(&world, TakeBackReturned::NAME).await;
    let brigade = world.sign_in("brigade").await;
    let late = seen(&brigade, &number).await;
    assert_eq!(
        (late.text("/state"), late.body["not_completed"].clone()),
        ("awaiting_acceptance".into(), json!(true))
    );
    // Too late to be sent away once more: it could only come back overdue.
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let again = json!({ "action": "return", "reason": "仍不清楚" });
    brigade
        .post(&format!("/api/v1/complaints/{number}/decision"), again)
        .await
        .expect_problem(422, "guard_failed");
}

/// A progress note ends nothing; the reply carries what may be done against it; the rating and
/// every step are there for those who handle it. Reopened, the clock runs again.
async fn a_complaint_is_answered_and_taken_up_again(world: World) {
    let brigade = world.brigade().await;
    let (number, code) = claimed(&world, &brigade, fumes(Some("13800000001"), 0.0)).await;
    let path = |what: &str| format!("/api/v1/complaints/{number}{what}");
    brigade
        .post(&path("/reply"), json!({ "kind": "progress", "text": "x" }))
        .await
        .expect_problem(409, "wrong_state");
    brigade
        .post(
            &path("/decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    let progress = brigade
        .post(
            &path("/reply"),
            json!({ "kind": "progress", "text": "已约谈店主" }),
        )
        .await
        .expect(201);
    assert_eq!(
        (
            progress.text("/document"),
            progress.text("/answered/0/state")
        ),
        ("notice".into(), "accepted".into())
    );
    brigade
        .post(
            &path("/reply"),
            json!({ "kind": "final", "text": "已责令改正，店主13800009999" }),
        )
        .await
        .expect(201);
    let resident = world.resident();
    let tracked = resident
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    assert!(tracked.body["replies"][0]["redress"].is_null());
    assert!(tracked.text("/replies/1/redress").contains("行政复议"));
    resident
        .post(
            &format!("/api/v1/tracking/{code}/rating"),
            json!({ "score": "dissatisfied", "text": "还在冒烟", "wants_reopening": true }),
        )
        .await
        .expect(201);
    let view = seen(&brigade, &number).await;
    assert_eq!(
        (
            view.text("/replies/0/kind"),
            view.text("/replies/1/document_name"),
            view.text("/replies/1/written_by")
        ),
        (
            "progress".into(),
            "投诉（举报）处理情况告知书".into(),
            "brigade".into()
        )
    );
    assert_eq!(
        (view.text("/ratings/0/score"), view.text("/ratings/0/text")),
        ("dissatisfied".into(), "还在冒烟".into())
    );
    let events: Vec<&str> = view.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["register", "accept", "progress", "reply", "rate"]);
    let leader = world.staff(Role::Leader).await;
    let read = seen(&leader, &number).await;
    assert!(!read.body.to_string().contains("13800009999"));
    assert!(read.body["photo_facts"].as_array().unwrap().is_empty());

    let clock = |view: &Value| {
        view["deadlines"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["kind"] == "reply")
            .unwrap()
            .clone()
    };
    assert!(clock(&view.body)["met_at"].is_string());
    world.clock.advance(TimeDelta::days(3));
    let brigade = world.sign_in("brigade").await;
    brigade
        .post(&path("/reopening"), json!({ "reason": "仍有油烟" }))
        .await
        .expect(200);
    let open = seen(&brigade, &number).await;
    assert_eq!(open.text("/state"), "in_progress");
    let running = clock(&open.body);
    assert_eq!(
        (running["met_at"].clone(), running["due_on"].clone()),
        (Value::Null, json!("2027-01-26"))
    );
    assert_eq!(open.body["due_on"], running["due_on"]);
    assert!(
        open.body["history"].as_array().unwrap().last().unwrap()["detail"]["reply_clock"]["met_at"]
            .is_string()
    );
}

/// Sending a matter back upstream has a clock that runs until somebody decides, makes nothing due,
/// and is none of the reporter's business.
async fn the_objection_clock_runs_until_the_decision(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let receipt = office
        .post(
            "/api/v1/intake",
            json!({ "channel": "superior_transfer", "external_no": "7",
        "complaint": { "category": "radiation.light", "description": "灯光太亮" } }),
        )
        .await
        .expect(201);
    let number = receipt.text("/number");
    let view = seen(&brigade, &number).await;
    assert_eq!(
        view.text("/due_on"),
        "2026-12-09",
        "to tell, in fifteen days"
    );
    let tracked = world
        .resident()
        .get(&format!(
            "/api/v1/tracking/{}",
            receipt.text("/tracking_code")
        ))
        .await
        .expect(200);
    assert!(
        tracked.body["deadlines"]
            .as_array()
            .unwrap()
            .iter()
            .all(|d| d["kind"] != "objection")
    );
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
    let view = seen(&brigade, &number).await;
    assert!(
        view.body["deadlines"]
            .as_array()
            .unwrap()
            .iter()
            .all(|d| d["kind"] == "reply" || d["outcome"] == "lapsed"),
        "nobody is there to be told"
    );
    assert_eq!(view.text("/due_on"), "2026-12-24");
    let own = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    assert_eq!(
        own.body["deadlines"].as_array().unwrap().len(),
        2,
        "nobody sent it here"
    );
}

/// A clock that ran into a year without holidays is reckoned anew at night, and only while it
/// runs.
async fn provisional_clocks_are_reckoned_anew(world: World) {
    let brigade = world.brigade().await;
    let number = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    // As if the profile had known nothing of this year when the clocks started.
    world.db_read(|c| {
        diesel::update(clock::table)
            .set((
                clock::provisional.eq(true),
                clock::due_on.eq("2027-02-20".parse::<chrono::NaiveDate>().unwrap()),
            ))
            .execute(c)
            .unwrap();
        diesel::update(clock::table.filter(clock::kind.eq("reply")))
            .set(clock::met_at.eq(UtcTime(world.server.app.now())))
            .execute(c)
            .unwrap();
    });
    run_nightly(&world, ReckonClocks::NAME).await;
    let view = seen(&brigade, &number).await;
    let clock = |kind: &str| {
        view.body["deadlines"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["kind"] == kind)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (
            clock("notify")["due_on"].clone(),
            clock("notify")["provisional"].clone()
        ),
        (json!("2026-12-09"), json!(false))
    );
    assert_eq!(
        clock("reply")["due_on"],
        "2027-02-20",
        "a clock that was met is history"
    );
    assert_eq!(view.text("/due_on"), "2026-12-09");
    let entry = brigade
        .get(&format!("/api/v1/entries/{}", view.text("/entry")))
        .await
        .expect(200);
    assert_eq!(entry.text("/due_on"), "2026-12-09");
}

/// A matter with many voices stands forward the moment they speak, not the next morning.
async fn voices_move_the_queue_at_once(world: World) {
    let brigade = world.brigade().await;
    let ranks = || {
        world.db_read(|c| {
            complaint::table
                .order(complaint::id)
                .select(complaint::queue_rank)
                .load::<i32>(c)
                .unwrap()
        })
    };
    for n in 0..4 {
        world
            .resident()
            .post(
                "/api/v1/complaints",
                fumes(Some(&format!("1380000000{n}")), f64::from(n)),
            )
            .await
            .expect(201);
    }
    let came = ranks();
    assert!(
        came.windows(2).all(|pair| pair[1] < pair[0]),
        "the newest carries all voices: {came:?}"
    );
    let numbers: Vec<String> = world.db_read(|c| {
        complaint::table
            .order(complaint::id)
            .select(complaint::number)
            .load(c)
            .unwrap()
    });
    let decide = |number: &str, decision: &str| {
        (
            format!("/api/v1/complaints/{number}/match-decision"),
            json!({ "decision": decision }),
        )
    };
    let (path, body) = decide(&numbers[1], "confirm");
    brigade.post(&path, body).await.expect(200);
    let together = ranks();
    assert!(
        together.iter().all(|rank| *rank == came[3]),
        "a decision moves the matter: {together:?}"
    );
    let (path, body) = decide(&numbers[3], "reject");
    brigade.post(&path, body).await.expect(200);
    let apart = ranks();
    assert!(
        apart[3] > apart[0] && apart[0] > together[0],
        "{together:?} {apart:?}"
    );
}

/// Lists are filtered by what there is, and what is accepted with an open question is found.
async fn open_questions_are_found_by_their_link(world: World) {
    let brigade = world.brigade().await;
    world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000001"), 0.0))
        .await
        .expect(201);
    let (second, _) = claimed(&world, &brigade, fumes(Some("13800000002"), 4.0)).await;
    brigade
        .post(
            &format!("/api/v1/complaints/{second}/decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    let open = brigade
        .get("/api/v1/complaints?link=provisional")
        .await
        .expect(200);
    assert_eq!(
        (
            open.body["items"].as_array().unwrap().len(),
            open.text("/items/0/number")
        ),
        (1, second.clone())
    );
    brigade
        .post(
            &format!("/api/v1/complaints/{second}/match-decision"),
            json!({ "decision": "confirm" }),
        )
        .await
        .expect(200);
    assert!(
        brigade
            .get("/api/v1/complaints?link=provisional")
            .await
            .expect(200)
            .body["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(seen(&brigade, &second).await.text("/state"), "accepted");
    for list in [
        "/api/v1/complaints",
        "/api/v1/triage/queue",
        "/api/v1/entries",
    ] {
        for (field, value) in [
            ("category", "fire"),
            ("street", "999999999"),
            ("link", "maybe"),
        ] {
            if field == "link" && list == "/api/v1/entries" {
                continue;
            }
            let refused = brigade
                .get(&format!("{list}?{field}={value}"))
                .await
                .expect_problem(400, "bad_parameter");
            assert_eq!(
                refused.body["items"][0]["location"],
                format!("query.{field}")
            );
        }
    }
}

/// Whoever has no need reads no name, phone or file name: not of premises, demands, files, nor
/// in what staff wrote.
async fn free_words_are_masked_for_roles_without_need(world: World) {
    let brigade = world.brigade().await;
    let mut body = fumes(Some("13800000001"), 0.0);
    body["premises"] = json!("老王烧烤13800002222");
    let parts = [
        ("complaint", None, body.to_string().into_bytes()),
        ("photo", Some("林小雨13800003333.jpg"), scene(5, 300, 200)),
    ];
    let receipt = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let number = receipt.text("/number");
    let full = seen(&brigade, &number).await;
    assert_eq!(full.text("/premises"), "老王烧烤13800002222");
    assert_eq!(full.text("/photos/0/file_name"), "林小雨13800003333.jpg");
    assert_eq!(full.text("/photo_facts/0/id"), full.text("/photos/0/id"));
    let entry = full.text("/entry");
    brigade
        .post(
            &format!("/api/v1/entries/{entry}/proposal"),
            json!({ "reason": "投诉人13800004444多次来电" }),
        )
        .await
        .expect(200);
    let other = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201)
        .text("/number");
    let source = seen(&brigade, &other).await.text("/entry");
    brigade
        .post(
            &format!("/api/v1/entries/{source}/merge"),
            json!({ "into": entry, "reason": "同一投诉人13800005555" }),
        )
        .await
        .expect(200);
    let (street, leader) = (
        world.street("street", "350102004").await,
        world.staff(Role::Leader).await,
    );
    let officer = world
        .officer("officer", &full.text("/place/grid_code"))
        .await;
    for reader in [&street, &leader, &officer] {
        let complaint = seen(reader, &number).await.body.to_string();
        let entry = if reader.name == "officer" {
            String::new()
        } else {
            reader
                .get(&format!("/api/v1/entries/{entry}"))
                .await
                .expect(200)
                .body
                .to_string()
        };
        for phone in ["13800002222", "13800003333", "13800004444", "13800005555"] {
            assert!(
                !complaint.contains(phone) && !entry.contains(phone),
                "{} reads {phone}",
                reader.name
            );
        }
        assert!(complaint.contains("老王烧烤"));
    }
    assert!(
        brigade
            .get(&format!("/api/v1/entries/{entry}"))
            .await
            .expect(200)
            .body
            .to_string()
            .contains("13800005555")
    );
}

/// An app for staff learns from one answer what it may send.
async fn the_reference_lists_what_can_be_chosen(world: World) {
    let brigade = world.brigade().await;
    world.officer("officer1", "35010200100101").await;
    let lists = brigade.get("/api/v1/triage/reference").await.expect(200);
    let procedure = lists.body["procedures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["code"] == "ordinary_petition")
        .unwrap()
        .clone();
    assert_eq!(
        (
            procedure["reply"]["name"].clone(),
            procedure["may_extend"].clone()
        ),
        (json!("处理意见书"), json!(true))
    );
    assert_eq!(
        lists.text("/decision_documents/refuse/name"),
        "不予受理告知书"
    );
    assert!(
        lists.body["units"]
            .as_array()
            .unwrap()
            .iter()
            .any(|u| u["code"] == "dept_urban")
    );
    assert!(
        lists.body["channels"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["code"] == "inspection" && c["from_above"] == true)
    );
    let grid = lists.body["grids"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["code"] == "35010200100101")
        .unwrap()
        .clone();
    assert_eq!(grid["officers"][0]["username"], "officer1");
}

/// Demands and source classes are codes; what comes from the centre or the province names its
/// upstream number and marks its entry, once it is certain that it belongs there.
async fn demands_and_sources_are_codes(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let mut wish = fumes(None, 0.0);
    wish["demand"] = json!("关掉它");
    let refused = world
        .resident()
        .post("/api/v1/complaints", wish)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.body["items"][0]["location"], "demand");
    let taken = |class: &str, external_no: Value, north: f64| json!({ "channel": "letter", "external_no": external_no, "source_class": class, "complaint": fumes(None, north) });
    office
        .post("/api/v1/intake", taken("gossip", Value::Null, 0.0))
        .await
        .expect(400);
    let refused = office
        .post(
            "/api/v1/intake",
            taken("central_provincial", Value::Null, 0.0),
        )
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.body["items"][0]["location"], "external_no");
    let plain = office
        .post("/api/v1/intake", taken("public_petition", Value::Null, 0.0))
        .await
        .expect(201)
        .text("/number");
    let entry = format!(
        "/api/v1/entries/{}",
        seen(&brigade, &plain).await.text("/entry")
    );
    let above = office
        .post(
            "/api/v1/intake",
            taken("central_provincial", json!("X2FJ201908130070"), 3.0),
        )
        .await
        .expect(201)
        .text("/number");
    assert_eq!(
        brigade.get(&entry).await.expect(200).text("/source_class"),
        "public_petition"
    );
    let decide = format!("/api/v1/complaints/{above}/match-decision");
    brigade
        .post(&decide, json!({ "decision": "confirm" }))
        .await
        .expect(200);
    assert_eq!(
        brigade.get(&entry).await.expect(200).text("/source_class"),
        "central_provincial"
    );
    brigade
        .post(&decide, json!({ "decision": "undo" }))
        .await
        .expect(200);
    assert_eq!(
        brigade.get(&entry).await.expect(200).text("/source_class"),
        "public_petition"
    );
}

/// Answers and closes a complaint.
async fn close(brigade: &Actor, number: &str) {
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let path = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    brigade
        .post(
            &path("decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    brigade
        .post(
            &path("reply"),
            json!({ "kind": "final", "text": "已责令改正" }),
        )
        .await
        .expect(201);
    brigade
        .post(&path("close"), json!({ "reason": "已答复" }))
        .await
        .expect(200);
}

/// R2, R3, R5: what comes after the answer. The same person without a new fact repeats; with
/// one they report anew; another person goes on with what is not written off.
async fn what_comes_after_the_answer(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    close(&brigade, &first).await;
    world.clock.advance(TimeDelta::days(2));
    let brigade = world.sign_in("brigade").await;
    let entry = seen(&brigade, &first).await.text("/entry");
    let mut fresh = fumes(Some("13800000001"), 3.0);
    fresh["occurred_at"] = json!("2026-11-25T19:00:00+08:00");
    fresh["occurred_until"] = json!("2026-11-25T22:00:00+08:00");
    let mut ground = fumes(Some("13800000001"), 2.0);
    ground["demand"] = json!("compensation");
    for (body, rule) in [
        (fumes(Some("13800000001"), 1.0), "R2"),
        (fresh, "R3"),
        (ground, "R3"),
        (fumes(Some("13800000002"), 4.0), "R5"),
    ] {
        // Each is compared with the answered one, not with those of this morning.
        world.db_read(|c| {
            diesel::update(complaint::table.filter(complaint::number.ne(&first)))
                .set(complaint::hidden.eq(true))
                .execute(c)
                .unwrap();
        });
        let number = world
            .resident()
            .post("/api/v1/complaints", body)
            .await
            .expect(201)
            .text("/number");
        let view = seen(&brigade, &number).await;
        assert_eq!(
            (
                view.text("/link_rule"),
                view.text("/link"),
                view.text("/entry")
            ),
            (rule.into(), "provisional".into(), entry.clone()),
            "{number}"
        );
        assert_eq!(
            brigade
                .get(&format!("/api/v1/entries/{entry}"))
                .await
                .expect(200)
                .body["repeat_count"],
            0,
            "not before it is confirmed"
        );
        brigade
            .post(
                &format!("/api/v1/complaints/{number}/match-decision"),
                json!({ "decision": "confirm" }),
            )
            .await
            .expect(200);
        let counted = brigade
            .get(&format!("/api/v1/entries/{entry}"))
            .await
            .expect(200)
            .body;
        let expected = match rule {
            "R2" => (json!(1), json!(0)),
            "R3" => (json!(0), json!(1)),
            _ => (json!(0), json!(0)),
        };
        assert_eq!(
            (
                counted["repeat_count"].clone(),
                counted["renewed_count"].clone()
            ),
            expected,
            "{rule}: new facts are no repeat"
        );
    }
}

/// R6: after 销号 a report is a lead to a rebound, goes forward in the queue and is confirmed
/// by a person.
async fn after_writing_off_a_report_may_be_a_rebound(world: World) {
    use dengwen::platform::db::schema::ledger_entry;
    let brigade = world.brigade().await;
    let first = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000001"), 0.0))
        .await
        .expect(201)
        .text("/number");
    close(&brigade, &first).await;
    let written_off = UtcTime(world.server.app.now());
    world.db_read(|c| {
        diesel::update(ledger_entry::table)
            .set((
                ledger_entry::state.eq("written_off"),
                ledger_entry::written_off_at.eq(written_off),
            ))
            .execute(c)
            .unwrap();
    });
    world.clock.advance(TimeDelta::days(30));
    let brigade = world.sign_in("brigade").await;
    let mut again = fumes(Some("13800000002"), 4.0);
    again["occurred_at"] = json!("2026-12-23T19:00:00+08:00");
    again["occurred_until"] = json!("2026-12-23T22:00:00+08:00");
    let number = world
        .resident()
        .post("/api/v1/complaints", again)
        .await
        .expect(201)
        .text("/number");
    let lead = seen(&brigade, &number).await;
    assert_eq!(
        (lead.text("/link_rule"), lead.text("/link")),
        ("R6".into(), "provisional".into())
    );
    let plain = world
        .resident()
        .post("/api/v1/complaints", {
            let mut b = fumes(None, 0.0);
            b["location"]["lat"] = json!(26.1030);
            b["premises"] = json!("阿香小吃");
            b
        })
        .await
        .expect(201)
        .text("/number");
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    let order: Vec<&str> = queue.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["number"].as_str().unwrap())
        .collect();
    assert_eq!(order, [number.as_str(), plain.as_str()]);
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/match-decision"),
            json!({ "decision": "confirm" }),
        )
        .await
        .expect(200);
    assert_eq!(
        seen(&brigade, &number).await.text("/entry"),
        lead.text("/entry")
    );
}

on_both!(
    a_complaint_is_not_taken,
    no_longer_accepted_after_the_final_review_alone,
    a_suspicion_ends_nothing,
    a_returned_complaint_comes_back,
    a_complaint_is_answered_and_taken_up_again,
    the_objection_clock_runs_until_the_decision,
    provisional_clocks_are_reckoned_anew,
    voices_move_the_queue_at_once,
    open_questions_are_found_by_their_link,
    free_words_are_masked_for_roles_without_need,
    the_reference_lists_what_can_be_chosen,
    demands_and_sources_are_codes,
    what_comes_after_the_answer,
    after_writing_off_a_report_may_be_a_rebound,
);
