//! Clocks: whose they are, what they mean, and what became of them.

use std::path::Path;

use chrono::{NaiveDate, TimeDelta};
use dengwen::{
    account::Role,
    clock::{
        kinds::{Ground, NOTIFY, OBJECTION, OF_HANDLING, Outcome, REPLY, VISIT},
        queries::{self as clocks, Grant},
        reckoning::Longer,
    },
    complaint::reckoning::ReckonClocks,
    jobs,
    photo::sample::scene,
    platform::{
        db::{
            Connection, Id, UtcTime,
            schema::{clock, clock_extension, complaint, staff, verification},
        },
        jobs as queue,
    },
    record,
    verification::clocks::ReckonVisits,
};
use diesel::{
    QueryableByName, connection::SimpleConnection, prelude::*, sql_query, sql_types::Text,
};
use serde_json::{Value, json};

use crate::support::{
    Actor, On, World,
    actors::Reply,
    bodies::{LAT, LON, fumes, river},
    district,
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A ticket of the 12345 hotline, by its number; answers its number here.
async fn ticket(office: &Actor, external_no: &str, category: &str) -> String {
    let body = json!({ "channel": "hotline_12345", "external_no": external_no,
        "complaint": { "category": category, "description": "楼上灯光太亮，夜里无法入睡" } });
    let receipt = office.post("/api/v1/intake", body).await.expect(201);
    receipt.text("/number")
}

async fn seen(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}");
    actor.get(&path).await.expect(200)
}

/// A clock in a complaint's view.
fn clock_in(view: &Reply, kind: &str) -> Value {
    let clocks = view.body["deadlines"].as_array().unwrap();
    clocks.iter().find(|c| c["kind"] == kind).unwrap().clone()
}

async fn reckon(world: &World) {
    let now = world.server.app.now();
    world.db_read(|c| {
        queue::enqueue(c, &ReckonClocks {}, now, now).unwrap();
        queue::enqueue(c, &ReckonVisits {}, now, now).unwrap();
    });
    jobs::run_due(&world.server.app).await.unwrap();
}

fn id_of(world: &World, number: &str) -> Id {
    let of = complaint::table.filter(complaint::number.eq(number));
    world.db_read(|c| of.select(complaint::id).first(c).unwrap())
}

fn staff_id(world: &World, name: &str) -> Id {
    let of = staff::table.filter(staff::username.eq(name));
    world.db_read(|c| of.select(staff::id).first(c).unwrap())
}

/// Every round of a subject's clock: its last day, outcome, and whether it lapsed.
fn rounds(world: &World, subject: Id, kind: &str) -> Vec<(NaiveDate, Option<String>, bool)> {
    let of = clock::table
        .filter(clock::subject_id.eq(subject))
        .filter(clock::kind.eq(kind))
        .order(clock::round)
        .select((
            clock::due_on,
            clock::outcome,
            clock::lapsed_at.is_not_null(),
        ));
    world.db_read(|c| of.load(c).unwrap())
}

/// The right to send a ticket back runs out after a working day. That makes nothing due: not the
/// complaint, not its entry, not the queue; and when it is over, it is over.
async fn a_right_that_lapses_makes_nothing_due(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let number = ticket(&office, "FZ-1", "radiation.light").await;
    let mut grave = river(None);
    grave["category"] = json!("waste.hazardous");
    let grave = world
        .resident()
        .post("/api/v1/complaints", grave)
        .await
        .expect(201);
    let view = seen(&brigade, &number).await;
    let objection = clock_in(&view, "objection");
    assert_eq!(
        (
            &objection["due_on"],
            &objection["meaning"],
            &objection["duty"]
        ),
        (&json!("2026-11-25"), &json!("right"), &json!("brigade"))
    );
    assert_eq!(clock_in(&view, "notify")["meaning"], "duty");
    assert_eq!(
        view.text("/due_on"),
        "2026-12-01",
        "five working days to tell"
    );
    let entry = format!("/api/v1/entries/{}", view.text("/entry"));
    assert_eq!(
        brigade.get(&entry).await.expect(200).text("/due_on"),
        "2026-12-01"
    );
    let page = brigade.get("/api/v1/triage/queue").await.expect(200);
    assert_eq!(page.body["counts"]["urgent"], 0);
    assert_eq!(page.text("/items/0/number"), grave.text("/number"));
    assert!(
        page.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|i| i["urgent"] == false)
    );
    let due = brigade
        .get("/api/v1/triage/queue?due_until=2026-11-26")
        .await
        .expect(200);
    assert!(due.body["items"].as_array().unwrap().is_empty());

    world.clock.advance(TimeDelta::days(2));
    let brigade = world.sign_in("brigade").await;
    reckon(&world).await;
    let over = seen(&brigade, &number).await;
    let objection = clock_in(&over, "objection");
    assert_eq!(
        (&objection["outcome"], &objection["met_at"]),
        (&json!("lapsed"), &json!("2026-11-26T00:00:00+08:00"))
    );
    assert_eq!(over.text("/due_on"), "2026-12-01");
    brigade.accept(&number).await;
    let accepted = seen(&brigade, &number).await;
    assert_eq!(
        clock_in(&accepted, "objection"),
        objection,
        "it lapsed before the decision"
    );
    assert_eq!(
        clock_in(&accepted, "notify")["outcome"],
        "lapsed",
        "nobody left a name or a number: there is nobody to tell"
    );
    assert_eq!(accepted.text("/due_on"), "2026-12-15");
}

/// A decision within its time ends the right to object; nobody used it, so nothing was met.
async fn a_decision_ends_the_right_to_object(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let number = ticket(&office, "FZ-2", "radiation.light").await;
    brigade.accept(&number).await;
    let objection = clock_in(&seen(&brigade, &number).await, "objection");
    assert_eq!(
        (&objection["outcome"], &objection["met_at"]),
        (&json!("lapsed"), &json!("2026-11-24T10:00:00+08:00"))
    );
    // Used, it is a right that was exercised; over, it cannot be.
    let second = ticket(&office, "FZ-3", "noise.construction").await;
    let third = ticket(&office, "FZ-4", "water.black_odorous").await;
    let now = world.server.app.now();
    let used = |number: &str, at| {
        let id = id_of(&world, number);
        world.db_read(|c| clocks::meet(c, &OBJECTION, id, &record::Actor::System, at).unwrap())
    };
    assert_eq!(used(&second, now), Some(Outcome::OnTime));
    assert_eq!(used(&second, now), None, "once");
    assert_eq!(used(&third, now + TimeDelta::days(2)), None);
    assert_eq!(
        rounds(&world, id_of(&world, &third), "objection"),
        [(day("2026-11-25"), None, true)]
    );
}

/// What ends without an answer leaves no clock behind that would fall due.
async fn clocks_end_with_the_handling(world: World) {
    let brigade = world.brigade().await;
    let file = async |body| {
        let resident = world.resident();
        resident.post("/api/v1/complaints", body).await.expect(201)
    };
    let receipt = file(river(None)).await;
    let withdrawn = format!(
        "/api/v1/tracking/{}/withdrawal",
        receipt.text("/tracking_code")
    );
    world
        .resident()
        .post(&withdrawn, json!({}))
        .await
        .expect(200);
    let view = seen(&brigade, &receipt.text("/number")).await;
    for kind in ["notify", "reply"] {
        let clock = clock_in(&view, kind);
        assert_eq!(
            (&clock["outcome"], &clock["met_at"]),
            (&json!("lapsed"), &Value::Null)
        );
    }
    let refused = file(fumes(None, 0.0)).await.text("/number");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": refused }))
        .await
        .expect(201);
    let refuse =
        json!({ "action": "refuse", "reason": "属法院受理", "notice": "请依法向法院提出" });
    let decision = format!("/api/v1/complaints/{refused}/decision");
    brigade.post(&decision, refuse).await.expect(200);
    world.tell().await;
    let view = seen(&brigade, &refused).await;
    assert_eq!(clock_in(&view, "notify")["outcome"], "on_time");
    assert_eq!(clock_in(&view, "reply")["outcome"], "lapsed");
    let running: i64 = world.db_read(|c| {
        let open = clock::table.filter(clock::met_at.is_null());
        open.filter(clock::lapsed_at.is_null())
            .count()
            .get_result(c)
            .unwrap()
    });
    assert_eq!(running, 0);
}

/// A profile of one's own, with some days of 2026 off work and one rule changed.
fn changed_profile(folder: &Path, days_off: &[&str], rule: (&str, &str)) {
    district::copy_to(folder);
    let calendar = folder.join("calendar/2026.json");
    let text = std::fs::read_to_string(&calendar).unwrap();
    let mut notice: Value = serde_json::from_str(&text).unwrap();
    let days = notice["days"].as_array_mut().unwrap();
    days.extend(
        days_off
            .iter()
            .map(|date| json!({ "date": date, "name": "放假", "is_off_day": true })),
    );
    std::fs::write(&calendar, notice.to_string()).unwrap();
    district::change(folder, "channels.toml", rule);
}

/// Whether something was done in time is decided when it is done. A calendar or a rule that changes
/// later moves what still runs, and nothing else.
async fn what_was_met_stays_when_the_calendar_changes(mut world: World) {
    let brigade = world.brigade().await;
    let file = async |phone: &str, metres: f64| {
        let resident = world.resident();
        let body = fumes(Some(phone), metres);
        resident
            .post("/api/v1/complaints", body)
            .await
            .expect(201)
            .text("/number")
    };
    let early = file("13800000001", 0.0).await;
    let late = file("13800000002", 900.0).await;
    brigade.accept(&early).await;
    world.tell().await;
    world.clock.advance(TimeDelta::days(16));
    let brigade = world.sign_in("brigade").await;
    brigade.accept(&late).await;
    world.tell().await;
    let office = world.staff(Role::Office).await;
    let open = ticket(&office, "FZ-9", "radiation.light").await;
    assert_eq!(seen(&brigade, &open).await.text("/due_on"), "2026-12-17");
    let kept = |view: &Reply| {
        let clock = clock_in(view, "notify");
        (clock["due_on"].clone(), clock["outcome"].clone())
    };
    let fixed = (json!("2026-12-09"), json!("on_time"));
    assert_eq!(kept(&seen(&brigade, &early).await), fixed);
    assert_eq!(
        kept(&seen(&brigade, &late).await),
        (json!("2026-12-09"), json!("late"))
    );

    // The days on which one of them was due and the other done are off work after all, and the
    // hotline grants seven working days in place of five.
    let folder = world.dir.path().join("district");
    let hotline = "amount = 5\nunit = \"working_day\"\nroll_forward = true\nsource = \"12345 派单";
    let longer = hotline.replace("amount = 5", "amount = 7");
    changed_profile(
        &folder,
        &["2026-12-09", "2026-12-10", "2026-12-16"],
        (hotline, &longer),
    );
    world
        .restart_with("DENGWEN_DISTRICT", &folder.display().to_string())
        .await;
    reckon(&world).await;
    let brigade = world.sign_in("brigade").await;
    assert_eq!(kept(&seen(&brigade, &early).await), fixed);
    assert_eq!(
        kept(&seen(&brigade, &late).await),
        (json!("2026-12-09"), json!("late"))
    );
    let view = seen(&brigade, &open).await;
    let notify = clock_in(&view, "notify");
    assert_eq!(
        (&notify["due_on"], &notify["amount"]),
        (&json!("2026-12-22"), &json!(7))
    );
    assert_eq!(view.text("/due_on"), "2026-12-22");
    let entry = format!("/api/v1/entries/{}", view.text("/entry"));
    assert_eq!(
        brigade.get(&entry).await.expect(200).text("/due_on"),
        "2026-12-22"
    );
}

/// A suspended clock is not due; it runs on where it stood; an extension counts on top, with who
/// granted it and why, sealed. All of it outlives a night.
async fn clocks_are_suspended_resumed_and_extended(world: World) {
    let brigade = world.brigade().await;
    let receipt = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let number = receipt.text("/number");
    let (id, by) = (id_of(&world, &number), staff_id(&world, &brigade.name));
    let app = world.server.app.clone();
    let (keys, calendar) = (&app.keys, &app.profile.calendar);
    let next = || world.db_read(|c| clocks::next_due(c, &OF_HANDLING, id).unwrap());
    assert_eq!(next(), Some(day("2026-12-09")));

    let suspend = |on: &str| {
        world.db_read(|c| clocks::suspend(c, &NOTIFY, id, Ground::Completion, day(on)).unwrap())
    };
    let resume =
        |on: &str| world.db_read(|c| clocks::resume(c, calendar, &NOTIFY, id, day(on)).unwrap());
    assert_eq!(resume("2026-11-25"), None, "it does not stand still");
    assert!(suspend("2026-11-25"));
    assert!(!suspend("2026-11-26"), "it stands still already");
    assert_eq!(next(), Some(day("2027-01-25")), "only the reply is due");
    reckon(&world).await;
    assert_eq!(resume("2026-11-30"), Some(day("2026-12-14")));
    assert_eq!(next(), Some(day("2026-12-14")));

    let now = app.now() + TimeDelta::days(6);
    let extend = |longer, at| {
        let grant = Grant {
            longer,
            approved_by: by,
            reason: "张小明家中取证未毕",
        };
        world.db_read(|c| clocks::extend(c, (keys, calendar), &NOTIFY, id, &grant, at))
    };
    assert_eq!(extend(Longer::By(10), now).unwrap(), day("2026-12-24"));
    assert!(
        extend(Longer::Until(day("2026-12-24")), now).is_err(),
        "no later than before"
    );
    assert_eq!(
        extend(Longer::Until(day("2026-12-27")), now).unwrap(),
        day("2026-12-27")
    );
    let over = now + TimeDelta::days(40);
    assert!(
        extend(Longer::By(10), over).is_err(),
        "what is over is not extended"
    );
    reckon(&world).await;
    assert_eq!(next(), Some(day("2026-12-27")), "a Sunday, named");
    let reasons: Vec<(Id, String)> = world.db_read(|c| {
        let granted =
            clock_extension::table.select((clock_extension::approved_by, clock_extension::reason));
        granted.load(c).unwrap()
    });
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons
            .iter()
            .all(|(who, why)| *who == by && why.starts_with("sealed:1:"))
    );

    brigade.accept(&number).await;
    world.tell().await;
    assert_eq!(
        clock_in(&seen(&brigade, &number).await, "notify")["outcome"],
        "on_time"
    );
    assert!(extend(Longer::By(10), now).is_err(), "it runs no more");
    // What is met while it stands still is in time if it was when it was suspended.
    let reply = |at| {
        world.db_read(|c| {
            clocks::suspend(c, &REPLY, id, Ground::Hearing, day("2027-01-25")).unwrap();
            clocks::meet(c, &REPLY, id, &record::Actor::System, at).unwrap()
        })
    };
    assert_eq!(reply(now + TimeDelta::days(90)), Some(Outcome::OnTime));
}

/// Taken up again, a complaint has a new duty to answer; what became of the first stays.
async fn an_answer_on_time_stays_so_when_taken_up_again(world: World) {
    let brigade = world.brigade().await;
    let receipt = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let number = receipt.text("/number");
    brigade.accept(&number).await;
    let of = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    let answer = json!({ "kind": "final", "text": "已责令整改" });
    brigade.post(&of("reply"), answer.clone()).await.expect(201);
    brigade
        .post(&of("reopening"), json!({ "reason": "仍有臭味" }))
        .await
        .expect(200);
    let id = id_of(&world, &number);
    let due = day("2027-01-25");
    let first = (due, Some("on_time".to_owned()), false);
    assert_eq!(
        rounds(&world, id, "reply"),
        [first.clone(), (due, None, false)]
    );
    assert_eq!(
        clock_in(&seen(&brigade, &number).await, "reply")["outcome"],
        Value::Null
    );
    world.clock.advance(TimeDelta::days(70));
    let brigade = world.sign_in("brigade").await;
    brigade.post(&of("reply"), answer).await.expect(201);
    assert_eq!(
        rounds(&world, id, "reply"),
        [first, (due, Some("late".to_owned()), false)]
    );
    let clocks = seen(&brigade, &number).await.body["deadlines"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(clocks, 2, "each kind once");
}

/// A visit's clock is met by the report, runs on when that is sent back, and falls away when nobody
/// is to go there any more.
async fn a_visits_clock_follows_it(world: World) {
    let brigade = world.brigade().await;
    let receipt = world
        .resident()
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201);
    let number = receipt.text("/number");
    brigade.accept(&number).await;
    let grid = seen(&brigade, &number).await.text("/place/grid_code");
    let officer = world.officer("officer1", &grid).await;
    let of = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    let visit = brigade
        .post(&of("verifications"), json!({}))
        .await
        .expect(201);
    assert_eq!(visit.text("/due_on"), "2026-11-27");
    let id: Id = visit.text("/id").parse::<uuid::Uuid>().unwrap().into();
    let path = |what: &str| format!("/api/v1/verifications/{id}/{what}");
    let report = async |n: u32| {
        let at = "2026-11-24T20:20:00+08:00";
        let here = json!({ "client_id": format!("c{n}"), "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": at });
        officer.post(&path("check-in"), here).await.expect(200);
        officer
            .post_parts(&path("photos"), &[("near", None, scene(n, 300, 200))])
            .await
            .expect(200);
        let found = json!({ "client_id": format!("f{n}"), "result": "unverifiable", "notes": "店铺未营业", "device_time": at });
        assert_eq!(
            officer
                .post(&path("findings"), found)
                .await
                .expect(200)
                .text("/state"),
            "submitted"
        );
    };
    let due = day("2026-11-27");
    report(1).await;
    assert_eq!(
        rounds(&world, id, "visit"),
        [(due, Some("on_time".to_owned()), false)]
    );
    let back = json!({ "outcome": "return", "reason": "照片看不清" });
    let back = brigade.post(&path("review"), back).await.expect(200);
    assert_eq!(
        (back.text("/state"), back.text("/due_on")),
        ("returned".into(), "2026-11-27".into())
    );
    assert_eq!(rounds(&world, id, "visit"), [(due, None, false)]);
    brigade
        .post(&of("reply"), json!({ "kind": "final", "text": "已答复" }))
        .await
        .expect(201);
    assert_eq!(rounds(&world, id, "visit"), [(due, None, true)]);

    // A day that an order names stays, and one that was counted follows the calendar.
    let second = world
        .resident()
        .post("/api/v1/complaints", fumes(None, 2.0))
        .await
        .expect(201);
    let number = second.text("/number");
    brigade.accept(&number).await;
    let verifications = format!("/api/v1/complaints/{number}/verifications");
    let named = brigade
        .post(&verifications, json!({ "due_on": "2026-11-28" }))
        .await
        .expect(201);
    let named: Id = named.text("/id").parse::<uuid::Uuid>().unwrap().into();
    let wrong = day("2027-05-05");
    world.db_read(|c| {
        let runs = (
            clock::lapsed_at.eq(None::<UtcTime>),
            clock::due_on.eq(wrong),
        );
        let of = clock::table.filter(clock::subject_id.eq(id));
        diesel::update(of).set(runs).execute(c).unwrap();
        let of = verification::table.find(id);
        diesel::update(of)
            .set(verification::due_on.eq(wrong))
            .execute(c)
            .unwrap();
    });
    reckon(&world).await;
    let due_of = |visit: Id| {
        let of = verification::table.find(visit).select(verification::due_on);
        world.db_read(|c| of.first::<Option<NaiveDate>>(c).unwrap())
    };
    assert_eq!(
        (due_of(named), due_of(id)),
        (Some(day("2026-11-28")), Some(due))
    );
    let next = world.db_read(|c| clocks::next_due(c, &[&VISIT], named).unwrap());
    assert_eq!(next, Some(day("2026-11-28")), "a Saturday, named");
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// All rows of some columns of a table, as text.
fn rows_of(conn: &mut Connection, table: &str, columns: &str) -> Vec<String> {
    let parts = columns.split(' ').map(|column| match conn {
        Connection::Sqlite(_) => format!("quote({column})"),
        Connection::Postgres(_) => format!("coalesce({column}::text, 'NULL')"),
    });
    let line = parts.collect::<Vec<_>>().join(" || ' ' || ");
    let query = format!("SELECT {line} AS line FROM {table} ORDER BY 1");
    let lines: Vec<Line> = sql_query(query).load(conn).unwrap();
    lines.into_iter().map(|l| l.line).collect()
}

/// Everything that the migration of clocks reads or writes, as it was before.
fn before_clocks(conn: &mut Connection) -> Vec<Vec<String>> {
    let deadline =
        "id complaint_id kind amount unit roll_forward source started_on due_on provisional met_at";
    [
        ("deadline", deadline),
        (
            "hidden_review",
            "complaint_id due_on reviewed_by reviewed_at",
        ),
        ("complaint", "id due_on"),
        ("ledger_entry", "id due_on"),
        ("verification", "id due_on"),
    ]
    .map(|(table, columns)| rows_of(conn, table, columns))
    .into()
}

/// What stood in the table of deadlines stands among the clocks, with what became of it; and back,
/// exactly.
async fn deadlines_become_clocks_and_go_back(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let resident = world.resident();
    let file = async |body: Value| resident.post("/api/v1/complaints", body).await.expect(201);
    let waiting = ticket(&office, "FZ-1", "radiation.light").await;
    let decided = ticket(&office, "FZ-2", "noise.construction").await;
    brigade.accept(&decided).await;
    let withdrawn = file(river(None)).await;
    let code = withdrawn.text("/tracking_code");
    resident
        .post(&format!("/api/v1/tracking/{code}/withdrawal"), json!({}))
        .await
        .expect(200);
    let spam = file(river(Some("13800000666"))).await.text("/number");
    let block = json!({ "number": spam, "reason": "连续发送广告" });
    brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201);
    let hidden = file(fumes(Some("13800000666"), 0.0)).await.text("/number");
    file(fumes(Some("13800000666"), 800.0)).await;
    let kept = json!({ "reason": "确为广告，维持屏蔽" });
    brigade
        .post(&format!("/api/v1/complaints/{hidden}/hiding-review"), kept)
        .await
        .expect(200);
    let late = file(fumes(Some("13800000001"), 0.0)).await.text("/number");
    world.clock.advance(TimeDelta::days(20));
    let brigade = world.sign_in("brigade").await;
    brigade.accept(&late).await;
    world.tell().await;
    let grid = seen(&brigade, &late).await.text("/place/grid_code");
    world.officer("officer1", &grid).await;
    brigade
        .post(
            &format!("/api/v1/complaints/{late}/verifications"),
            json!({}),
        )
        .await
        .expect(201);

    let facts = "subject_kind subject_id kind due_on duty meaning outcome met_at";
    let (up, down) = match world.on {
        On::Sqlite => (
            include_str!("../../migrations/sqlite/2026-11-30-000031_clocks/up.sql"),
            include_str!("../../migrations/sqlite/2026-11-30-000031_clocks/down.sql"),
        ),
        On::Postgres => (
            include_str!("../../migrations/postgres/2026-11-30-000031_clocks/up.sql"),
            include_str!("../../migrations/postgres/2026-11-30-000031_clocks/down.sql"),
        ),
    };
    let waiting = id_of(&world, &waiting);
    world.db_read(|c| {
        let due = |c: &mut Connection| -> NaiveDate {
            let of = complaint::table.find(waiting).select(complaint::due_on);
            of.first(c).unwrap()
        };
        let clocks = rows_of(c, "clock", facts);
        assert!(
            ["on_time", "late"]
                .iter()
                .all(|o| clocks.iter().any(|row| row.contains(o)))
        );
        assert_eq!(due(c), day("2026-12-01"));
        c.batch_execute(down).unwrap();
        assert_eq!(due(c), day("2026-11-25"), "the right counted");
        let old = before_clocks(c);
        c.batch_execute(up).unwrap();
        assert_eq!(due(c), day("2026-12-01"));
        assert_eq!(rows_of(c, "clock", facts), clocks);
        c.batch_execute(down).unwrap();
        assert_eq!(before_clocks(c), old);
        c.batch_execute(up).unwrap();
    });
    assert_eq!(
        seen(&brigade, &late).await.body["deadlines"][0]["outcome"],
        "late"
    );
}

crate::on_both!(
    a_right_that_lapses_makes_nothing_due,
    a_decision_ends_the_right_to_object,
    clocks_end_with_the_handling,
    what_was_met_stays_when_the_calendar_changes,
    clocks_are_suspended_resumed_and_extended,
    an_answer_on_time_stays_so_when_taken_up_again,
    a_visits_clock_follows_it,
    deadlines_become_clocks_and_go_back,
);
