//! Another system's complaints come in as history: with the days on which they were accepted, answered and
//! closed, under their upstream numbers, and as no work of today.

use chrono::{DateTime, NaiveDate, Utc};
use clap::Parser;
use dengwen::{
    account::Role,
    cli::import::{Complaints, Foresight, Summary, batch, foresee, import},
    complaint::upstream::lookups,
    platform::db::{
        Id, JsonValue, UtcTime,
        schema::{clock, complaint, import_row, job, record, reply},
    },
};
use diesel::prelude::*;
use indicatif::ProgressDrawTarget;
use serde_json::{Value, json};

use crate::support::{Actor, World, bodies::fumes, facts};

/// How a table of the hotline comes in.
const MAPPING: &str = r#"
[import]
channel = "hotline_12345"
category = "air.cooking_fume"
procedure = "enforcement_request"
datum = "WGS84"

[import.columns]
id = "编号"
number = "工单号"
date = "受理时间"
text = "内容"
phone = "电话"
premises = "对象"
lon = "经度"
lat = "纬度"
channel = "来源"
state = "状态"
accepted_on = "立案"
answered_on = "答复"
closed_on = "办结"
procedure = "类型"
unit = "转往"
answer = "答复内容"
reason = "说明"

[import.values.channel]
"来信" = "letter"

[import.values.procedure]
"咨询" = "consultation"

[import.values.unit]
"城管局" = "dept_urban"

[import.values.state]
"待办" = "open"
"在办" = "accepted"
"已答复" = "answered"
"已办结" = "closed"
"不予受理" = "refused"
"已转办" = "transferred"
"#;

const HEADER: &str = "编号,工单号,受理时间,内容,电话,对象,经度,纬度,来源,状态,立案,答复,办结,类型,转往,答复内容,说明";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    what: Complaints,
}

/// A row of the table: its number, and the cells from the day of receipt on.
fn row(number: u32, cells: &str) -> String {
    format!("r{number},FZ2020{number:06},{cells}\n")
}

fn options(world: &World, rows: &str, more: &[&str]) -> Complaints {
    let file = world.dir.path().join("rows.csv");
    std::fs::write(&file, format!("{HEADER}\n{rows}")).unwrap();
    let mapping = world.dir.path().join("mapping.toml");
    std::fs::write(&mapping, MAPPING).unwrap();
    let (file, mapping) = (file.to_str().unwrap(), mapping.to_str().unwrap());
    let line = ["import", file, "--mapping", mapping, "--by", "brigade"];
    Line::parse_from(line.iter().chain(more)).what
}

async fn run(world: &World, rows: &str, more: &[&str]) -> Summary {
    let what = options(world, rows, more);
    import(&world.server.app, &what, ProgressDrawTarget::hidden())
        .await
        .unwrap()
}

fn foreseen(world: &World, rows: &str, more: &[&str]) -> Foresight {
    foresee(&world.server.app, &options(world, rows, more)).unwrap()
}

fn refused(summary: &Summary) -> Vec<(u64, &str)> {
    let refused = summary.refused.iter();
    refused.map(|(line, why)| (*line, why.as_str())).collect()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Number, state and id of the complaint under an upstream number.
fn found(world: &World, number: &str) -> (String, String, Id) {
    world.db_read(|c| {
        complaint::table
            .filter(complaint::external_no.eq_any(lookups(&world.server.app.keys, number)))
            .select((complaint::number, complaint::state, complaint::id))
            .first(c)
            .unwrap()
    })
}

fn count(world: &World) -> i64 {
    world.db_read(|c| complaint::table.count().get_result(c).unwrap())
}

/// What each list of work holds, by its name, of those that hold anything.
async fn work(brigade: &Actor) -> Vec<(String, i64, i64)> {
    let work = brigade.get("/api/v1/work").await.expect(200);
    let lists = work.body["lists"].as_array().unwrap().iter();
    let counted = lists.map(|list| {
        let number = |what: &str| list[what].as_i64().unwrap();
        let name = list["list"].as_str().unwrap().to_owned();
        (name, number("count"), number("overdue"))
    });
    counted.filter(|(_, count, _)| *count > 0).collect()
}

async fn queue(brigade: &Actor) -> (Vec<String>, Value) {
    let queue = brigade.get("/api/v1/triage/queue?limit=200").await;
    let queue = queue.expect(200);
    let items = queue.body["items"].as_array().unwrap().iter();
    let numbers = items.map(|item| item["number"].as_str().unwrap().to_owned());
    (numbers.collect(), queue.body["counts"].clone())
}

/// Kind, start, last day, when it was met, how, and whether it fell away, of a complaint's clocks.
type Clock = (
    String,
    NaiveDate,
    NaiveDate,
    Option<UtcTime>,
    Option<String>,
    Option<UtcTime>,
);

fn clocks(world: &World, id: Id) -> Vec<Clock> {
    world.db_read(|c| {
        clock::table
            .filter(clock::subject_id.eq(id))
            .order(clock::kind.asc())
            .select((
                clock::kind,
                clock::started_on,
                clock::due_on,
                clock::met_at,
                clock::outcome,
                clock::lapsed_at,
            ))
            .load(c)
            .unwrap()
    })
}

/// Rows that were closed elsewhere come in closed, each under its true number and with its own days: no
/// clock runs, nobody is told, and neither the queue nor any list has one of them.
async fn closed_rows_are_nobodys_work(world: World) {
    let brigade = world.brigade().await;
    let rows: String = (1..=300)
        .map(|n| {
            let (day, lon, lat) = (n % 28 + 1, 119.25 + f64::from(n % 20) / 250.0, 26.05 + f64::from(n / 20) / 250.0);
            row(n, &format!("2020-09-{day:02} 09:00,第{n}件油烟扰民,139{n:08},,{lon:.4},{lat:.4},电话,已办结,2020-09-30,2020-10-20,2020-10-21,,,已责令第{n}家整改,"))
        })
        .collect();
    let summary = run(&world, &rows, &[]).await;
    assert_eq!(
        (summary.read, summary.stored, summary.ended),
        (300, 300, 300)
    );
    assert_eq!(
        (refused(&summary), summary.overdue, summary.backlog),
        (vec![], 0, 0)
    );
    assert_eq!(work(&brigade).await, []);
    let (numbers, counts) = queue(&brigade).await;
    assert_eq!(numbers, Vec::<String>::new());
    let none = json!({ "screening": 0, "awaiting_acceptance": 0, "to_study": 0, "urgent": 0 });
    assert_eq!(counts, none);
    let (running, notices): (i64, i64) = world.db_read(|c| {
        let running = clock::table.filter(clock::met_at.is_null().and(clock::lapsed_at.is_null()));
        let notices = job::table.filter(job::kind.eq("notify_reporter"));
        (
            running.count().get_result(c).unwrap(),
            notices.count().get_result(c).unwrap(),
        )
    });
    assert_eq!((running, notices), (0, 0));
    let states: Vec<(String, Option<UtcTime>)> = world.db_read(|c| {
        complaint::table
            .select((complaint::state, complaint::closed_at))
            .load(c)
            .unwrap()
    });
    // A day alone is its noon.
    let closed = (
        "closed".to_owned(),
        Some(UtcTime(at("2020-10-21T04:00:00Z"))),
    );
    assert!(states.iter().all(|state| *state == closed), "{states:?}");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A row's clocks are those of its channel and its procedure, from the day of its receipt, met on the days
/// the table tells and in time or late by them; its history says when it happened and when it was
/// recorded, and its answer is read as any other.
async fn a_past_keeps_its_days(world: World) {
    let brigade = world.brigade().await;
    let rows = [
        // 5 and 15 working days from Monday: the 9th and the 23rd.
        row(1, "2026-03-02 09:00,油烟扰民,13900000001,,,,电话,已办结,2026-03-04,2026-04-20 10:00,2026-04-21,,,已责令整改，找林小雨13900000001,"),
        // An answer by a letter's clocks, which can be taken to review for 60 days, ends after them.
        row(2, "2026-03-02,来信反映噪声,13900000002,,,,来信,已答复,2026-03-10,2026-03-30,,咨询,,,"),
        row(3, "2026-03-02,不归我们,13900000003,,,,电话,已转办,2026-03-05,,,,城管局,,属城管职责"),
        row(4, "2026-03-02,没有道理,13900000004,,,,电话,不予受理,,2026-03-20,,,,,重复且无新事实"),
        row(5, "2026-03-02,日期不全,13900000005,,,,电话,已办结,,,,,,,"),
    ]
    .concat();
    let summary = run(&world, &rows, &[]).await;
    assert_eq!(
        (summary.stored, summary.ended, refused(&summary)),
        (5, 5, vec![])
    );
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let noon = |text: &str| Some(UtcTime(at(&format!("{text}T04:00:00Z"))));
    let told = |outcome: &str| Some(outcome.to_owned());
    let (number, state, id) = found(&world, "FZ2020000001");
    assert_eq!(state, "closed");
    let began = day("2026-03-02");
    let clocks_of = clocks(&world, id);
    assert_eq!(
        (&clocks_of[0], &clocks_of[2]),
        (
            &(
                "notify".to_owned(),
                began,
                day("2026-03-09"),
                noon("2026-03-04"),
                told("on_time"),
                None
            ),
            &(
                "reply".to_owned(),
                began,
                day("2026-03-23"),
                Some(UtcTime(at("2026-04-20T02:00:00Z"))),
                told("late"),
                None
            ),
        )
    );
    assert_eq!(clocks_of[1].0, "objection");
    assert!(clocks_of[1].3.is_none() && clocks_of[1].5.is_some());

    let case = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    let steps = case.body["history"].as_array().unwrap();
    let steps: Vec<(&str, &str, &str)> = steps
        .iter()
        .map(|step| {
            let text = |what: &str| step[what].as_str().unwrap_or("");
            (text("event"), text("happened_at"), text("at"))
        })
        .collect();
    let now = "2026-11-24T10:00:00+08:00";
    assert_eq!(
        steps,
        [
            ("register", "2026-03-02T09:00:00+08:00", now),
            ("accept", "2026-03-04T12:00:00+08:00", now),
            ("reply", "2026-04-20T10:00:00+08:00", now),
            ("close", "2026-04-21T12:00:00+08:00", now),
        ]
    );
    let answer = &case.body["replies"][0];
    assert_eq!(answer["at"], "2026-04-20T10:00:00+08:00");
    assert_eq!(answer["document"], "result_notice");
    assert_eq!(answer["written_by"], "brigade");
    let sealed: (String, String) = world.db_read(|c| {
        reply::table
            .filter(reply::complaint_id.eq(id))
            .select((reply::text, reply::text_masked))
            .first(c)
            .unwrap()
    });
    assert!(sealed.0.starts_with("sealed:"), "{sealed:?}");
    assert!(!sealed.1.contains("13900000001"), "{sealed:?}");

    // A consultation's answer can be rated for 14 days and taken to no review: over on the day after.
    let (_, state, id) = found(&world, "FZ2020000002");
    let ended: Option<UtcTime> = world.db_read(|c| {
        complaint::table
            .find(id)
            .select(complaint::closed_at)
            .first(c)
            .unwrap()
    });
    assert_eq!(
        (state.as_str(), ended),
        ("closed", Some(UtcTime(at("2026-04-13T16:00:00Z")))),
        "14 days after 30 March"
    );
    let outcomes = |number: &str| {
        let clocks = clocks(&world, found(&world, number).2).into_iter();
        let outcomes = clocks.map(|clock| (clock.0, clock.4.unwrap_or_default()));
        outcomes.collect::<Vec<_>>()
    };
    let of = |notify: &str, reply: &str| {
        let clocks = [("notify", notify), ("objection", ""), ("reply", reply)];
        clocks.map(|(kind, outcome)| (kind.to_owned(), outcome.to_owned()))
    };
    assert_eq!(outcomes("FZ2020000003"), of("on_time", ""));
    assert_eq!(found(&world, "FZ2020000003").1, "transferred");
    assert_eq!(outcomes("FZ2020000004"), of("late", ""));
    let (number, state, _) = found(&world, "FZ2020000004");
    assert_eq!(state, "refused");
    assert_eq!(outcomes("FZ2020000005"), of("", ""), "nobody can say");
    let undated = found(&world, "FZ2020000005").2;
    let known: Vec<(String, JsonValue)> = world.db_read(|c| {
        record::table
            .filter(record::subject_id.eq(undated))
            .order(record::id.asc())
            .select((record::event, record::detail))
            .load(c)
            .unwrap()
    });
    let unknown = known
        .iter()
        .filter(|(_, detail)| detail.0["day_known"] == false);
    assert_eq!(unknown.count(), 3, "{known:?}");
    assert_eq!(work(&brigade).await, []);

    // A refusal of the past is taken back as any other, and is work of the day then.
    let back = json!({ "cause": "mistake", "reason": "有新的事实", "notice": "重新受理" });
    let path = format!("/api/v1/complaints/{number}/decision-reversal");
    brigade.post(&path, back).await.expect(200);
    let (numbers, counts) = queue(&brigade).await;
    assert_eq!((numbers, &counts["urgent"]), (vec![number], &json!(1)));
}

fn ticket(number: &str) -> Value {
    json!({
        "channel": "hotline_12345", "external_no": number, "received_at": "2020-09-03T12:00:00+08:00",
        "complaint": { "category": "air.cooking_fume", "description": "油烟扰民", "reporter": { "phone": "13900000001" } },
    })
}

/// A ticket is one complaint by number and channel, whichever door it came by first, however the number
/// is written, and also where an import of before put a word before it. Its way is the first one's.
async fn a_ticket_is_one_by_both_doors(world: World) {
    let brigade = world.brigade().await;
    let cells =
        "2020-09-03,油烟扰民,13900000001,,,,电话,已办结,2020-09-04,2020-09-10,2020-09-10,,,,";
    assert_eq!(run(&world, &row(1, cells), &[]).await.stored, 1);
    let (number, ..) = found(&world, "FZ2020000001");
    let again = brigade
        .post("/api/v1/intake", ticket("ｆｚ2020000001 "))
        .await;
    assert_eq!(again.expect(200).text("/number"), number);
    // Also by the hotline's own account, which did not file it and is told no code.
    let hotline = world.staff(Role::Service).await;
    let again = hotline.post("/api/v1/intake", ticket("FZ2020000001")).await;
    let again = again.expect(200);
    assert_eq!(again.text("/number"), number);
    assert!(again.body["tracking_code"].is_null(), "{again:?}");

    let first = brigade.post("/api/v1/intake", ticket("FZ2020000002")).await;
    let first = first.expect(201).text("/number");
    let summary = run(&world, &row(2, cells), &[]).await;
    assert_eq!(
        (summary.stored, summary.known, refused(&summary)),
        (0, 1, vec![])
    );
    let (line, warning) = &summary.warned[0];
    assert!(
        *line == 2 && warning.contains(&first) && warning.contains("end it here"),
        "{summary:?}"
    );
    assert_ne!(found(&world, "FZ2020000002").1, "closed");

    // Told in other words at the desk, it is the same ticket and stands as it was told there.
    let other = cells.replace("油烟扰民", "有油烟");
    let summary = run(&world, &row(2, &other), &[]).await;
    assert_eq!((summary.known, refused(&summary)), (1, vec![]));
    assert!(
        summary.warned[0]
            .1
            .contains("by another door with other words"),
        "{summary:?}"
    );

    world.db_read(|c| {
        let stands = lookups(&world.server.app.keys, "FZ2020000001");
        diesel::update(complaint::table.filter(complaint::external_no.eq_any(stands)))
            .set(complaint::external_no.eq("IMPORT-FZ2020000001"))
            .execute(c)
            .unwrap()
    });
    let again = brigade.post("/api/v1/intake", ticket("FZ2020000001")).await;
    assert_eq!(again.expect(200).text("/number"), number);
    let summary = run(&world, &row(1, cells), &[]).await;
    assert_eq!((summary.stored, summary.known), (0, 1), "{summary:?}");
    assert_eq!(count(&world), 2);
}

/// The same tickets by both doors at the same time become one complaint each.
async fn both_doors_at_once_make_one(world: World) {
    let brigade = world.brigade().await;
    let cells =
        "2020-09-03,油烟扰民,13900000001,,,,电话,已办结,2020-09-04,2020-09-10,2020-09-10,,,,";
    let rows: String = (1..=8).map(|n| row(n, cells)).collect();
    let desk = async {
        for n in 1..=8 {
            let sent = brigade
                .post("/api/v1/intake", ticket(&format!("FZ2020{n:06}")))
                .await;
            assert!([200, 201].contains(&sent.status), "{sent:?}");
        }
    };
    let (summary, ()) = tokio::join!(run(&world, &rows, &[]), desk);
    assert_eq!(refused(&summary), vec![]);
    assert_eq!(summary.stored + summary.known, 8);
    assert_eq!(count(&world), 8);
}

/// The same person with the same matter is a repeat of what was answered within a year, counted from the
/// day it was closed there, and of nothing that was closed before.
async fn a_repeat_counts_from_the_true_end(world: World) {
    let brigade = world.brigade().await;
    let cells = |phone: &str, premises: &str, lat: f64, closed: &str| {
        format!(
            "2024-12-02,楼下{premises}每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。,{phone},{premises},119.2985,{lat},电话,已办结,2024-12-03,{closed},{closed},,,已责令整改,"
        )
    };
    let rows = [
        row(1, &cells("13900000001", "老王烧烤", 26.0860, "2025-12-20")),
        row(2, &cells("13900000002", "大李火锅", 26.0960, "2025-11-03")),
    ];
    assert_eq!(run(&world, &rows.concat(), &[]).await.stored, 2);
    for (phone, premises, lat, rule) in [
        ("13900000001", "老王烧烤", 26.0860, json!("R2")),
        ("13900000002", "大李火锅", 26.0960, Value::Null),
    ] {
        let mut body = fumes(Some(phone), 0.0);
        for field in ["occurred_at", "occurred_until", "demand"] {
            body[field] = Value::Null;
        }
        body["location"]["lat"] = json!(lat);
        body["premises"] = json!(premises);
        body["description"] = json!(format!(
            "楼下{premises}每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。"
        ));
        let filed = world.file(body).await.text("/number");
        let view = brigade
            .get(&format!("/api/v1/complaints/{filed}"))
            .await
            .expect(200);
        let said = &view.body["link_rule"];
        if rule.is_null() {
            assert_ne!(*said, json!("R2"), "{view:?}");
            assert_ne!(*said, json!("R3"), "{view:?}");
        } else {
            assert_eq!(*said, rule, "{view:?}");
        }
    }
}

/// Rows without an end that are old come in open, are told of beforehand, stand behind all others in the
/// queue however grave, in a list of their own and in no other; a recent one is work of the day. Whoever
/// takes one up finds it among theirs.
async fn old_open_rows_stand_behind_the_day(world: World) {
    let brigade = world.brigade().await;
    let mut rows: String = (1..=20)
        .map(|n| {
            row(
                n,
                &format!(
                    "2020-09-03,第{n}件旧事,139{n:08},,119.2705,26.0{:02},电话,待办,,,,,,,",
                    n + 50
                ),
            )
        })
        .collect();
    rows += &row(
        21,
        "2020-09-03,第21件旧事,13900000021,,,,电话,在办,2020-09-05,,,,,,",
    );
    rows += &row(
        22,
        "2026-11-16,昨天的事,13900000022,,119.3005,26.0960,电话,待办,,,,,,,",
    );
    let foresight = foreseen(&world, &rows, &[]);
    let told = foresight.to_string();
    assert_eq!(
        (
            foresight.rows,
            foresight.open,
            foresight.overdue,
            foresight.older
        ),
        (22, 22, 22, 21),
        "{told}"
    );
    assert_eq!(foresight.open_since, "2026-08-26".parse().unwrap());
    assert!(
        told.contains("imported_overdue") && told.contains("--close-older"),
        "{told}"
    );
    assert_eq!(count(&world), 0);

    let summary = run(&world, &rows, &[]).await;
    assert_eq!(
        (
            summary.stored,
            summary.ended,
            summary.overdue,
            summary.backlog
        ),
        (22, 0, 22, 21),
        "{summary:?}"
    );
    let fresh = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let recent = found(&world, "FZ2020000022").0;
    let (numbers, counts) = queue(&brigade).await;
    assert_eq!(numbers.len(), 22);
    assert_eq!(
        numbers[..2],
        [recent.clone(), fresh.clone()],
        "the recent is overdue, and urgent"
    );
    assert_eq!(counts["urgent"], 1);
    assert_eq!(
        work(&brigade).await,
        [("imported_overdue".to_owned(), 21, 21)]
    );
    let old = found(&world, "FZ2020000001").0;
    let accepted = found(&world, "FZ2020000021").0;
    brigade.accept(&old).await;
    assert_eq!(
        work(&brigade).await,
        [
            ("replies_due".to_owned(), 1, 1),
            ("notices".to_owned(), 1, 1),
            ("imported_overdue".to_owned(), 20, 20)
        ]
    );
    let answer = json!({ "kind": "final", "text": "已整改" });
    let path = format!("/api/v1/complaints/{accepted}/reply");
    brigade.post(&path, answer).await.expect(201);
    assert_eq!(
        work(&brigade).await,
        [
            ("replies_due".to_owned(), 1, 1),
            ("notices".to_owned(), 1, 1),
            ("imported_overdue".to_owned(), 19, 19)
        ]
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());

    // Another bound: what is received since is work of the day.
    let later = row(
        23,
        "2020-09-03,第23件旧事,13900000023,,119.2615,26.0890,电话,待办,,,,,,,",
    );
    let summary = run(&world, &later, &["--open-since", "2020-09-01"]).await;
    assert_eq!(
        (summary.stored, summary.overdue, summary.backlog),
        (1, 1, 0)
    );
}

/// Only when the operator says so an old row of which nothing says what became of it comes in closed, and
/// then its history says that nobody knows the day. What says that it is open stays so.
async fn an_unknown_end_is_said(world: World) {
    let brigade = world.brigade().await;
    let rows = [
        row(1, "2020-09-03,没有下文,13900000001,,,,电话,,,,,,,,"),
        row(2, "2020-09-03,还在办,13900000002,,,,电话,待办,,,,,,,"),
        row(3, "2020-09-03,受理过,13900000003,,,,电话,,2020-09-04,,,,,,"),
    ]
    .concat();
    let summary = run(&world, &rows, &["--close-older"]).await;
    assert_eq!(
        (summary.stored, summary.ended, summary.backlog),
        (3, 2, 1),
        "{summary:?}"
    );
    let number = found(&world, "FZ2020000003").0;
    let case = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    let last = case.body["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "close");
    assert_eq!(last["detail"]["day_known"], false);
    assert_eq!(last["reason"], "历史件，办结日期不详");
    assert_eq!(last["happened_at"], "2020-09-04T12:00:00+08:00");
    assert_eq!(
        work(&brigade).await,
        [("imported_overdue".to_owned(), 1, 1)]
    );
}

/// A trial says of every row what would become of it, with the lines and reasons of bad ones, and keeps
/// nothing; the import after it does what was said.
async fn a_trial_keeps_nothing(world: World) {
    let brigade = world.brigade().await;
    let known = brigade.post("/api/v1/intake", ticket("FZ2020000001")).await;
    known.expect(201);
    let rows = [
        row(1, "2020-09-03,油烟扰民,13900000001,,,,电话,待办,,,,,,,"),
        row(
            2,
            "2020-09-03,乙,,,,,电话,已办结,2020-09-04,2020-09-10,2020-09-11,,,,",
        ),
        row(3, "2020-09-03,丙,,,,,电话,待办,,,,,,,"),
        row(4, "2020-09-03,丁,,,,,电话,挂起,,,,,,,"),
        row(5, "2020-09-03,戊,,,,,电话,已办结,2020-09-02,,,,,,"),
        row(6, "2020-09-03,己,,,,,电话,已办结,,,2027-01-01,,,,"),
        row(7, "2020-09-03,庚,,,,,电话,已转办,,,,,,,"),
        row(8, "2020-09-03,辛,,,,,电话,待办,2020-09-04,,,,,,"),
    ]
    .concat();
    let trial = run(&world, &rows, &["--dry-run"]).await;
    assert_eq!(
        (
            trial.read,
            trial.stored,
            trial.known,
            trial.ended,
            trial.overdue
        ),
        (8, 2, 1, 1, 1)
    );
    let told = refused(&trial);
    let lines: Vec<u64> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 6, 7, 8, 9]);
    for (at, why) in [
        (0, "its state \"挂起\" is none of"),
        (1, "it was accepted before it was received"),
        (2, "has not come yet"),
        (3, "transfer_to"),
        (
            4,
            "its state is open and it has a day on which it was accepted",
        ),
    ] {
        assert!(told[at].1.contains(why), "{told:?}");
    }
    assert_eq!(count(&world), 1);
    let runs = world.db_read(|c| batch::newest(c, 9).unwrap());
    assert!(runs.is_empty(), "{runs:?}");
    let done = run(&world, &rows, &[]).await;
    assert_eq!(done, trial);
    assert_eq!(count(&world), 3);
}

/// An import that broke off is begun anew and goes on; the same file once more brings nothing. Each run is
/// kept with who began it, the file's hash, its counts and its bad rows, without what these quote.
async fn a_run_is_kept_and_goes_on(world: World) {
    world.brigade().await;
    let rows: Vec<String> = (1..=6)
        .map(|n| row(n, &format!("2020-09-03,第{n}件,139{n:08},,,,电话,已办结,2020-09-04,2020-09-10,2020-09-11,,,,")))
        .collect();
    assert_eq!(run(&world, &rows[..3].concat(), &[]).await.stored, 3);
    let bad = row(7, "2020-09-03,庚,,,,,电话,林小雨13900000001,,,,,,,");
    let whole = [rows.concat(), bad].concat();
    let summary = run(&world, &whole, &[]).await;
    assert_eq!(
        (summary.stored, summary.known, summary.refused.len()),
        (3, 3, 1)
    );
    let again = run(&world, &whole, &[]).await;
    assert_eq!((again.stored, again.known, again.refused.len()), (0, 6, 1));
    assert_eq!(count(&world), 6);
    let runs = world.db_read(|c| batch::newest(c, 9).unwrap());
    let told: Vec<_> = runs
        .iter()
        .map(|(row, by)| {
            (
                row.rows_read,
                row.rows_stored,
                row.rows_known,
                row.status(),
                by.as_deref(),
            )
        })
        .collect();
    let by = Some("brigade");
    assert_eq!(
        told,
        [
            (7, 0, 6, "with errors", by),
            (7, 3, 3, "with errors", by),
            (3, 3, 0, "whole", by)
        ]
    );
    assert_eq!(runs[0].0.file_sha256, runs[1].0.file_sha256);
    assert_ne!(runs[0].0.file_sha256, runs[2].0.file_sha256);
    let faults = runs[0].0.faults.0.to_string();
    assert!(
        faults.contains("\"line\":8") && !faults.contains("13900000001"),
        "{faults}"
    );
    let (_, came) = world
        .db_read(|c| batch::by_id(c, runs[1].0.id).unwrap())
        .unwrap();
    assert_eq!(came, 3);
    let lines: Vec<i64> = world.db_read(|c| {
        import_row::table
            .filter(import_row::batch_id.eq(runs[1].0.id))
            .order(import_row::line.asc())
            .select(import_row::line)
            .load(c)
            .unwrap()
    });
    assert_eq!(lines, [5, 6, 7]);
}

/// A table without upstream numbers is known by its own ids, which never stand in for a number; two
/// tables' ids are told apart by their sources.
async fn own_ids_are_no_numbers(world: World) {
    world.brigade().await;
    let file = world.dir.path().join("own.csv");
    let line = |source: &'static str| {
        let file = file.to_str().unwrap();
        Line::parse_from(["import", file, "--own-ids", "--source", source]).what
    };
    std::fs::write(
        &file,
        "id,date,content\n1,2026-11-20,河水发黑\n2,2026-11-20,树叶焚烧\n",
    )
    .unwrap();
    let app = &world.server.app;
    for (source, stored, known) in [("a", 2, 0), ("a", 0, 2), ("b", 2, 0)] {
        let summary = import(app, &line(source), ProgressDrawTarget::hidden())
            .await
            .unwrap();
        assert_eq!(
            (summary.stored, summary.known),
            (stored, known),
            "{source}: {summary:?}"
        );
    }
    std::fs::write(&file, "id,date,content\n1,2026-11-20,别的事情\n").unwrap();
    let summary = import(app, &line("a"), ProgressDrawTarget::hidden())
        .await
        .unwrap();
    assert!(
        summary.refused[0].1.contains("with other words"),
        "{summary:?}"
    );
    let numbers: Vec<Option<String>> = world.db_read(|c| {
        complaint::table
            .select(complaint::external_no)
            .load(c)
            .unwrap()
    });
    assert_eq!(numbers, [None, None, None, None]);
    std::fs::write(
        &file,
        "id,date,content,phone\n13900000001,2026-11-20,河水发黑,13900000001\n",
    )
    .unwrap();
    let summary = import(app, &line("a"), ProgressDrawTarget::hidden())
        .await
        .unwrap();
    assert!(
        summary.refused[0].1.contains("whoever reports"),
        "{summary:?}"
    );
}

/// Who takes history in is named and has an account; a mapping that is none and a procedure nobody knows
/// are told before anything is stored.
async fn what_was_said_is_checked_first(world: World) {
    world.brigade().await;
    let rows = row(1, "2020-09-03,甲,,,,,电话,已办结,,,2020-09-10,,,,");
    let (app, draw) = (&world.server.app, ProgressDrawTarget::hidden);
    // Writes the files.
    options(&world, &rows, &[]);
    for (more, told) in [
        (vec!["--by", "nobody"], "no account \"nobody\""),
        (vec!["--procedure", "x"], "no procedure \"x\""),
        (vec!["--unit", "x"], "no unit \"x\""),
    ] {
        let mut what = vec!["import"];
        let (file, mapping) = (
            world.dir.path().join("rows.csv"),
            world.dir.path().join("mapping.toml"),
        );
        what.extend([
            file.to_str().unwrap(),
            "--mapping",
            mapping.to_str().unwrap(),
        ]);
        what.extend(more);
        let refused = import(app, &Line::parse_from(&what).what, draw())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
        let without = Line::parse_from(&what[..4]).what;
        let refused = import(app, &without, draw()).await.unwrap_err();
        assert!(refused.to_string().contains("--by"), "{refused}");
    }
    assert_eq!(count(&world), 0);
}

/// The real tables come in by the mappings of the product: of the 1,464 tickets about rivers, which tell no
/// end, none is work of today.
async fn the_real_tables_come_in_as_history(world: World) {
    let brigade = world.brigade().await;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("../shared/data/fuzhou12345_rivers/complaints.csv");
    if !file.is_file() {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "left out: no Fuzhou rows beside the repository"
        );
        return;
    }
    let mapping = root.join("profiles/mappings/fuzhou12345.toml");
    let line = [
        "import",
        file.to_str().unwrap(),
        "--mapping",
        mapping.to_str().unwrap(),
    ];
    let open = Line::parse_from(line).what;
    let foresight = foresee(&world.server.app, &open).unwrap();
    assert_eq!(
        (foresight.rows, foresight.open, foresight.older),
        (1464, 1464, 1464)
    );
    let summary = import(&world.server.app, &open, ProgressDrawTarget::hidden())
        .await
        .unwrap();
    assert_eq!(
        (summary.stored, summary.backlog, summary.refused.len()),
        (1464, 1464, 0)
    );
    let fresh = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let (numbers, counts) = queue(&brigade).await;
    assert_eq!((&numbers[0], &counts["urgent"]), (&fresh, &json!(0)));
    assert_eq!(
        work(&brigade).await,
        [("imported_overdue".to_owned(), 1464, 1464)]
    );
}

on_both!(
    closed_rows_are_nobodys_work,
    a_past_keeps_its_days,
    a_ticket_is_one_by_both_doors,
    both_doors_at_once_make_one,
    a_repeat_counts_from_the_true_end,
    old_open_rows_stand_behind_the_day,
    an_unknown_end_is_said,
    a_trial_keeps_nothing,
    a_run_is_kept_and_goes_on,
    own_ids_are_no_numbers,
    what_was_said_is_checked_first,
    the_real_tables_come_in_as_history,
);
