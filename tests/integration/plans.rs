//! Every statement that a day's work sends is planned on a filled database: none reads a growing
//! table from end to end, and no page is sorted before its first row is known.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    evidence::reuse::FilePhotos,
    jobs,
    matching::candidates::FILED_UNDER,
    operations::TABLE,
    photo::sample::scene,
    platform::{db::Connection, jobs as queue},
    work::lists::WorkList,
};
use diesel::{
    QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text,
};
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, Wishes, World,
    actors::form,
    bodies::{LAT, LON, fumes, river},
    fill, statements,
};

/// Tables that stay small whatever happens, with the reason.
const SMALL: [(&str, &str); 6] = [
    ("staff", "a district has some hundred accounts"),
    ("sequence", "one row for each kind of number"),
    ("installation", "one row"),
    ("secret_key", "one row for each key there ever was"),
    ("key_rotation", "one row for each change of keys"),
    (
        "complaint_unread",
        "what waits to be read, whatever there ever was",
    ),
];

/// Pages that are sorted after they are found, with the reason why what is found is little.
const SORTED: [(&str, &str); 4] = [
    (
        "unmasking",
        "of one officer or of one reporter's complaints",
    ),
    ("supplement", "of one entry's complaints"),
    (
        "evidence",
        "of the complaints that one entry shows, or one sender's of one day",
    ),
    (
        "verification",
        "of one entry's complaints, or one officer's open ones",
    ),
];

/// Tables that a day's work must have asked, so that this test cannot pass by doing nothing.
const ASKED: [&str; 31] = [
    "complaint",
    "complaint_text",
    "complaint_place",
    "petitioner",
    "reporter_wish",
    "filer_key",
    "matter_follow",
    "code_recovery",
    "clock",
    "reply",
    "evidence",
    "ledger_entry",
    "match_key",
    "match_fact",
    "match_verdict",
    "verification_event",
    "record",
    "triage_claim",
    "job",
    "session",
    "premises",
    "premises_alias",
    "sender_block",
    "sender_block_key",
    "handover",
    "find",
    "search_item",
    "search_term",
    "search_block",
    "person_search",
    "notice",
];

/// Copies of the day, so that the smallest growing table has thousands of rows.
const COPIES: u32 = 1500;

#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// The lines of a statement's plan. PostgreSQL plans it as it does a prepared statement that was
/// used often: for any values but the usual ones.
fn plan(conn: &mut Connection, sql: &str) -> Vec<String> {
    match conn {
        Connection::Sqlite(c) => {
            let lines: Vec<Detail> = sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
                .load(c)
                .unwrap_or_else(|e| panic!("{e}: {sql}"));
            lines.into_iter().map(|l| l.detail).collect()
        }
        Connection::Postgres(c) => {
            // The one statement whose parameters' types do not follow from where they stand.
            let sql = sql.replace("unnest($1)", "unnest($1::bigint[])");
            let (sql, types) = with_usual_values(&sql);
            let nulls = vec!["NULL"; types.len()].join(", ");
            let (types, nulls) = if types.is_empty() {
                (String::new(), String::new())
            } else {
                (format!("({})", types.join(", ")), format!("({nulls})"))
            };
            let prepare = format!(
                "DEALLOCATE ALL; SET plan_cache_mode = force_generic_plan; PREPARE day {types} AS {sql}"
            );
            c.batch_execute(&prepare)
                .unwrap_or_else(|e| panic!("{e}: {prepare}"));
            let lines: Vec<Plan> = sql_query(format!("EXPLAIN EXECUTE day {nulls}"))
                .load(c)
                .unwrap_or_else(|e| panic!("{e}: {sql}"));
            lines.into_iter().map(|l| l.line).collect()
        }
    }
}

/// Values that are always nearly the same, and by which a database plans otherwise than for any.
const USUAL: [(&str, &str, &str); 2] = [
    ("LIMIT $", "LIMIT 51", "bigint"),
    (r#""in_queue" = $"#, r#""in_queue" = TRUE"#, "bool"),
];

/// PostgreSQL's statement with the usual values written out, and the types of its parameters.
fn with_usual_values(sql: &str) -> (String, Vec<&'static str>) {
    let count = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
    let mut types = vec!["unknown"; count];
    let mut written = sql.to_owned();
    for (asked, usual, kind) in USUAL {
        if let Some((_, rest)) = sql.split_once(asked) {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let at: usize = number.parse().unwrap();
            written = written.replace(&format!("{asked}{at}"), usual);
            types[at - 1] = kind;
        }
    }
    (written, types)
}

/// Rows that PostgreSQL may rather sort than read in order.
const SORTED_MAX: u64 = 200;

/// How many rows PostgreSQL expects to sort by a line of its plan.
fn sorted_rows(line: &str) -> u64 {
    let rows = line
        .split("Sort  (")
        .nth(1)
        .and_then(|s| s.split("rows=").nth(1));
    let rows = rows.and_then(|s| s.split(' ').next());
    rows.map_or(0, |rows| rows.parse().unwrap())
}

/// Whether one row is asked for by its number.
fn asks_for_one(sql: &str) -> bool {
    sql.replace('`', "\"").contains("\"number\" = ")
}

/// Indexes that find all an officer may see: what is asked for by its number is looked at alone,
/// however much else there is for them.
const OF_AN_OFFICER: [&str; 2] = ["_grid_code_", "_officer_id_"];

/// What is asked of a table that holds much of which little is wanted, by what stands in the statement,
/// and the index that holds the little or finds it.
const HELD_APART: [(&[&str], &str); 4] = [
    (&[r#""complaint_place"."owed")"#], "complaint_place_owed_"),
    (
        &["clock.suspended_on IS NULL LIMIT 1"],
        "clock_duty_runs_idx",
    ),
    (
        &[r#""ledger_entry"."category" = "#],
        "ledger_entry_category_id_idx",
    ),
    (
        &[r#""ledger_entry"."strong_concern")"#],
        "ledger_entry_strong_concern_idx",
    ),
];

/// What is read otherwise than from the index that holds it apart. Looked at on SQLite, whose plans do not
/// hang on how full a table is: of a day's copies PostgreSQL may well read all.
fn not_held_apart(conn: &mut Connection, planned: &BTreeSet<&String>) -> Vec<String> {
    let mut faults = Vec::new();
    if matches!(conn, Connection::Postgres(_)) {
        return faults;
    }
    for (words, index) in HELD_APART {
        let asks = |sql: &str| words.iter().all(|part| sql.contains(part));
        let asking = planned.iter().filter(|sql| !sql.contains("(1=0)"));
        let asking = asking.filter(|sql| asks(&sql.replace('`', "\"")));
        let asking: Vec<&&String> = asking.collect();
        if asking.is_empty() {
            faults.push(format!("nothing asked for {words:?}"));
        }
        for sql in asking {
            let lines = plan(conn, sql);
            if !lines.iter().any(|line| line.contains(index)) {
                faults.push(format!("not by {index}: {sql}\n  {}\n", lines.join("\n  ")));
            }
        }
    }
    faults
}

/// What is wrong with a plan, if anything is.
fn fault(conn: &Connection, sql: &str, plan: &[String]) -> Option<String> {
    // Asked for nothing, a database looks at nothing, whatever its plan says.
    if sql.contains("(1=0)") {
        return None;
    }
    let is_page = sql.contains(" LIMIT ");
    let sorts = plan.iter().any(|line| match conn {
        Connection::Sqlite(_) => line.contains("TEMP B-TREE FOR ORDER BY"),
        Connection::Postgres(_) => sorted_rows(line) > SORTED_MAX,
    });
    let bounded = SORTED.iter().any(|(table, _)| {
        let sql = sql.replace('`', "\"");
        ["", "(", "(("]
            .iter()
            .any(|parts| sql.contains(&format!("FROM {parts}\"{table}\" ")))
    });
    if is_page && sorts && !bounded {
        return Some("sorts before its first row".to_owned());
    }
    let lists = |line: &String| OF_AN_OFFICER.iter().any(|index| line.contains(index));
    if asks_for_one(sql) && plan.iter().any(lists) {
        return Some("finds all that is the officer's for one row".to_owned());
    }
    plan.iter().find_map(|line| {
        let table = match conn {
            Connection::Sqlite(_) => line.trim().strip_prefix("SCAN ")?,
            Connection::Postgres(_) => line.split("Seq Scan on ").nth(1)?,
        };
        let ordered = table.contains(" USING ") && is_page;
        let table = table.split(' ').next().unwrap_or_default();
        let judged = match conn {
            Connection::Sqlite(_) => {
                !table.starts_with('(') && !table.starts_with("pragma_") && table != "CONSTANT"
            }
            Connection::Postgres(_) => fill::grown().any(|grown| grown == table),
        };
        let small = SMALL.iter().any(|(name, _)| *name == table);
        (judged && !small && !ordered).then(|| format!("reads all of {table}"))
    })
}

async fn no_statement_of_a_day_reads_a_whole_table(world: World) {
    let day = work(&world).await;
    look_everywhere(&world, &day).await;
    let sent = statements::of(&world.database_url);
    world.db_read(|conn| fill::fill(conn, COPIES));
    let planned: BTreeSet<&String> = sent
        .iter()
        .filter(|sql| {
            ["SELECT", "UPDATE", "DELETE"]
                .iter()
                .any(|verb| sql.starts_with(verb))
        })
        .filter(|sql| sql.contains(" FROM ") || sql.contains("UPDATE"))
        .filter(|sql| !sql.contains("__diesel_schema_migrations"))
        .collect();
    assert!(
        planned.len() > 100,
        "only {} statements were seen",
        planned.len()
    );
    for table in ASKED {
        assert!(
            planned.iter().any(|sql| sql.contains(table)),
            "nothing asked for {table}"
        );
    }
    assert!(
        planned
            .iter()
            .any(|sql| asks_for_one(sql) && sql.contains("officer_id")),
        "no officer read one complaint"
    );
    world.db_read(|conn| {
        let mut faults = not_held_apart(conn, &planned);
        for sql in planned {
            let lines = plan(conn, sql);
            if let Some(fault) = fault(conn, sql, &lines) {
                faults.push(format!("{fault}: {sql}\n  {}\n", lines.join("\n  ")));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

/// PostgreSQL can seek each key's newest rows in the index, and does so where it may not sort:
/// however many lie under a key, only the newest are read.
async fn candidates_of_all_keys_can_come_from_the_index_alone(world: World) {
    world.db_read(|conn| {
        let Connection::Postgres(c) = conn else {
            return;
        };
        c.batch_execute(
            "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off",
        )
        .unwrap();
        let all_keys = FILED_UNDER
            .replace("unnest($1)", "unnest(ARRAY[7, 8]::bigint[])")
            .replace("$2", "40");
        let lines = plan(conn, &all_keys).join("\n");
        assert!(
            lines.contains("Index Only Scan Backward using match_key_pkey"),
            "{lines}"
        );
    });
}

/// What a day left behind, by the names its paths use.
struct Day {
    number: String,
    code: String,
    entry: String,
    photo: String,
    visit: String,
    officer: String,
}

/// A day's work: complaints with photos, alike and unlike, from the public door and the desk;
/// triage, a visit, a reply, a rating, admission, a merge and its undoing.
async fn work(world: &World) -> Day {
    world.at(EVENING);
    let (resident, brigade) = (
        world.signed_in_resident("13800001234").await,
        world.brigade().await,
    );
    let (office, group) = (
        world.staff(Role::Office).await,
        world.staff(Role::SteeringGroup).await,
    );
    let parts = [
        (
            "complaint",
            None,
            fumes(Some("13800000001"), 0.0).to_string().into_bytes(),
        ),
        ("photo", Some("a.jpg"), scene(1, 300, 200)),
    ];
    let receipt = resident
        .send(reqwest::Method::POST, "/api/v1/complaints", |r| {
            r.header("idempotency-key", "k").multipart(form(&parts))
        })
        .await
        .expect(201);
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    let photo = receipt.text("/photos/0/id");
    for metres in [4.0, 70.0] {
        resident
            .post("/api/v1/complaints/similar", fumes(None, metres))
            .await
            .expect(200);
        resident
            .post("/api/v1/complaints", fumes(Some("13800000002"), metres))
            .await
            .expect(201);
    }
    let intake = json!({ "channel": "hotline_12345", "external_no": "FZ-1", "complaint": river(Some("13800000003")) });
    let other = office
        .post("/api/v1/intake", intake)
        .await
        .expect(201)
        .text("/number");
    let track = |what: &str| format!("/api/v1/tracking/{code}/{what}");
    resident
        .post(&track("supplements"), json!({ "text": "3号楼下" }))
        .await
        .expect(201);
    resident
        .post_parts(&track("photos"), &[("photo", None, scene(2, 300, 200))])
        .await
        .expect(201);

    let of = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    let queue = brigade
        .get("/api/v1/triage/queue?link=provisional")
        .await
        .expect(200);
    for item in queue.body["items"].as_array().unwrap() {
        let path = format!(
            "/api/v1/complaints/{}/match-decision",
            item["number"].as_str().unwrap()
        );
        brigade
            .post(&path, json!({ "decision": "confirm" }))
            .await
            .expect(200);
    }
    brigade
        .post("/api/v1/triage/claims", json!({}))
        .await
        .expect(201);
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    brigade
        .post(
            &format!("/api/v1/triage/claims/{number}/heartbeat"),
            json!({}),
        )
        .await
        .expect(200);
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    brigade
        .post(&of("decision"), accept.clone())
        .await
        .expect(200);
    let items = json!([{ "number": other, "decision": accept }]);
    brigade
        .post("/api/v1/triage/decisions", json!({ "items": items }))
        .await
        .expect(200);
    // A visit that waits for an officer.
    brigade
        .post(
            &format!("/api/v1/complaints/{other}/verifications"),
            json!({}),
        )
        .await
        .expect(201);
    let seen = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    let (grid, entry) = (seen.text("/place/grid_code"), seen.text("/entry"));
    let officer = world.officer("officer1", &grid).await;
    world.officer("officer2", &grid).await;
    let visit = brigade
        .post(&of("verifications"), json!({}))
        .await
        .expect(201)
        .text("/id");
    visit_and_pass(&brigade, &officer, &visit).await;

    brigade
        .post(
            &of("reporter/unmask"),
            json!({ "purpose": "contact", "reason": "电话回访核实" }),
        )
        .await
        .expect(200);
    brigade
        .post(
            &of("reply"),
            json!({ "kind": "final", "text": "已责令整改" }),
        )
        .await
        .expect(201);
    resident
        .post(
            &track("rating"),
            json!({ "score": "dissatisfied", "wants_reopening": true, "text": "还在排" }),
        )
        .await
        .expect(201);
    brigade
        .post(&of("reopening"), json!({ "reason": "复查仍有油烟" }))
        .await
        .expect(200);
    resident
        .post(&track("supplements"), json!({ "text": "昨晚又排" }))
        .await
        .expect(201);

    let other = brigade
        .get(&format!("/api/v1/complaints/{other}"))
        .await
        .expect(200)
        .text("/entry");
    let merge = json!({ "into": entry, "reason": "同一问题" });
    let merged = brigade
        .post(&format!("/api/v1/entries/{other}/merge"), merge)
        .await
        .expect(200);
    let undo = format!("/api/v1/merges/{}/undo", merged.text("/merge_id"));
    brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect(200);
    let ledger = |what: &str| format!("/api/v1/entries/{entry}{what}");
    let state = office.get(&ledger("")).await.expect(200).text("/state");
    if state == "clue" {
        office
            .post(&ledger("/proposal"), json!({ "reason": "多次投诉" }))
            .await
            .expect(200);
    }
    let version = office.get(&ledger("")).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let list = json!({ "outcome": "listed", "decided_on": "2026-11-24", "meeting": "第5次例会", "minute_ref": "5号" });
    group
        .post_if(&ledger("/decision"), version, list)
        .await
        .expect(200);
    let version = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .body["version"]
        .as_i64()
        .unwrap();
    brigade
        .patch_if(
            &format!("/api/v1/complaints/{number}"),
            version,
            json!({ "address": "东街口3号", "reason": "补地址" }),
        )
        .await
        .expect(200);
    many_at_once(world, &brigade).await;
    keep_registers(&brigade, &number).await;
    hand_over(world, &brigade).await;
    find(&brigade, &officer).await;
    Day {
        number,
        code,
        entry,
        photo,
        visit,
        officer: officer.name,
    }
}

/// Complaints that are linked, accepted, visited, answered and closed together; and the next of each
/// part of the queue.
async fn many_at_once(world: &World, brigade: &Actor) {
    for (phone, metres) in [("13800000021", 1.0), ("13800000022", 2.0)] {
        world.file(fumes(Some(phone), metres)).await;
    }
    let queue = "/api/v1/triage/queue?link=provisional";
    let attached = brigade.get(queue).await.expect(200);
    let numbers: Vec<Value> = attached.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["number"].clone())
        .collect();
    assert!(!numbers.is_empty());
    let each = |name: &str, what: Value| {
        let items = numbers.iter().map(|number| {
            let mut item = json!({ "number": number });
            match name {
                "" => item
                    .as_object_mut()
                    .unwrap()
                    .extend(what.as_object().unwrap().clone()),
                name => item[name] = what.clone(),
            }
            item
        });
        json!({ "items": items.collect::<Vec<_>>() })
    };
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    let reply = json!({ "kind": "final", "text": "已责令整改" });
    for (path, items) in [
        (
            "triage/match-decisions",
            each("", json!({ "decision": "reject" })),
        ),
        ("triage/decisions", each("decision", accept)),
        (
            "verifications",
            each("order", json!({ "instructions": "查看净化器" })),
        ),
        ("triage/replies", each("", reply)),
        ("triage/closings", each("", json!({ "reason": "已答复" }))),
    ] {
        brigade
            .post(&format!("/api/v1/{path}"), items)
            .await
            .expect(200);
    }
    for filters in [
        json!({ "state": "awaiting_acceptance" }),
        json!({ "category": "air.cooking_fume" }),
        json!({ "street": "350102004" }),
        json!({ "link": "own" }),
        json!({ "due_until": "2026-12-31" }),
    ] {
        let next = json!({ "filters": filters });
        let claimed = brigade.post("/api/v1/triage/claims", next).await;
        assert!([201, 204].contains(&claimed.status), "{}", claimed.body);
    }
}

/// Registers premises, changes them, and blocks a sender for a while.
async fn keep_registers(brigade: &Actor, number: &str) {
    let place = json!({ "lon": LON, "lat": LAT, "datum": "WGS84" });
    let premises = json!({
        "name": "老王烧烤店", "aliases": ["王记烤串"], "kind": "catering", "licence": "PW-1",
        "uscc": "91350102MA2XN1Y357", "location": place
    });
    for n in 1..=2 {
        let mut premises = premises.clone();
        if n == 1 {
            premises["uscc"] = Value::Null;
        }
        let made = brigade.post("/api/v1/premises", premises).await.expect(201);
        let path = format!("/api/v1/premises/{}", made.text("/id"));
        let change = json!({ "name": "老王海鲜店" });
        brigade.patch_if(&path, 1, change).await.expect(200);
        brigade.get(&format!("{path}/history")).await.expect(200);
    }
    let block = json!({ "number": number, "reason": "连续发送广告" });
    let block = brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201)
        .text("/id");
    let path = format!("/api/v1/sender-blocks/{block}");
    brigade.get(&path).await.expect(200);
    brigade
        .post(
            &format!("{path}/lifting"),
            json!({ "reason": "核实为误判" }),
        )
        .await
        .expect(200);
}

/// Sends complaints to a unit, which answers one, sends one back, and has one taken from it.
async fn hand_over(world: &World, brigade: &Actor) {
    let unit = world.unit(Role::Department, "urban", "dept_urban").await;
    let lists = [
        "/api/v1/handovers?limit=1",
        "/api/v1/handovers?state=sent&limit=1",
    ];
    let steps = [
        ("answer", 26.1010),
        ("return", 26.1000),
        ("decision-reversal", 26.0990),
    ];
    for (step, lat) in steps {
        let mut matter = river(None);
        matter["location"]["lat"] = json!(lat);
        let number = world.file(matter).await.text("/number");
        brigade.transfer(&number, "dept_urban").await;
        for list in lists {
            let page = unit.get(list).await.expect(200);
            if let Some(cursor) = page.body["next_cursor"].as_str() {
                unit.get(&format!("{list}&cursor={cursor}"))
                    .await
                    .expect(200);
            }
        }
        let of = format!("/api/v1/handovers?complaint={number}");
        let id = unit.get(&of).await.expect(200).text("/items/0/id");
        let path = |what: &str| format!("/api/v1/handovers/{id}{what}");
        unit.get(&path("")).await.expect(200);
        unit.post(&path("/signature"), json!({})).await.expect(200);
        let done = match step {
            "answer" => {
                unit.post(&path("/answer"), json!({ "text": "已清淤" }))
                    .await
            }
            "return" => {
                unit.post(&path("/return"), json!({ "reason": "不属本单位" }))
                    .await
            }
            _ => {
                let back = json!({ "cause": "mistake", "reason": "应由本局办理" });
                brigade
                    .post(&format!("/api/v1/complaints/{number}/{step}"), back)
                    .await
            }
        };
        done.expect(200);
    }
}

/// An officer and the brigade find something; the one is settled, the other taken back.
async fn find(brigade: &Actor, officer: &Actor) {
    let seen = |client_id: &str| {
        json!({
            "client_id": client_id, "category": "air.cooking_fume", "description": "油烟直排",
            "location": { "lon": LON, "lat": LAT, "datum": "WGS84" }, "clue_channel": "patrol", "device_time": EVENING
        })
    };
    let path = |number: &str, what: &str| format!("/api/v1/finds/{number}/{what}");
    let mut numbers = Vec::new();
    for id in ["f1", "f2"] {
        let found = officer.post("/api/v1/finds", seen(id)).await.expect(201);
        officer.post("/api/v1/finds", seen(id)).await.expect(200);
        numbers.push(found.text("/number"));
    }
    let taken_back = path(&numbers[1], "withdrawal");
    officer.post(&taken_back, json!({})).await.expect(200);
    let claim = json!({ "number": numbers[0] });
    let claimed = brigade.post("/api/v1/triage/claims", claim).await;
    claimed.expect(201);
    let decision = path(&numbers[0], "decision");
    for decided in [
        json!({ "action": "take_up" }),
        json!({ "action": "settle", "result": "true", "reason": "属实" }),
    ] {
        brigade.post(&decision, decided).await.expect(200);
    }
    for actor in [brigade, officer] {
        for list in ["?limit=1", "?state=settled&limit=1"] {
            let list = format!("/api/v1/finds{list}");
            let page = actor.get(&list).await.expect(200);
            if let Some(cursor) = page.body["next_cursor"].as_str() {
                let next = format!("{list}&cursor={cursor}");
                actor.get(&next).await.expect(200);
            }
        }
        let read = format!("/api/v1/finds/{}", numbers[0]);
        actor.get(&read).await.expect(200);
    }
}

async fn visit_and_pass(brigade: &Actor, officer: &Actor, visit: &str) {
    let path = |what: &str| format!("/api/v1/verifications/{visit}/{what}");
    let at = EVENING;
    let reassign = |to: &str| json!({ "officer": to, "reason": "请假" });
    brigade
        .post(&path("reassignment"), reassign("officer2"))
        .await
        .expect(200);
    brigade
        .post(&path("reassignment"), reassign("officer1"))
        .await
        .expect(200);
    let here = json!({ "client_id": "c", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": at });
    officer.post(&path("check-in"), here).await.expect(200);
    officer
        .post_parts(&path("photos"), &[("near", None, scene(3, 300, 200))])
        .await
        .expect(200);
    let found =
        json!({ "client_id": "f", "result": "true", "notes": "净化器未开", "device_time": at });
    officer.post(&path("findings"), found).await.expect(200);
    brigade
        .post(&path("review"), json!({ "outcome": "pass" }))
        .await
        .expect(200);
}

/// Filters of the lists, beyond what a bare path asks.
const FILTERED: [&str; 45] = [
    "/api/v1/unmaskings?staff=brigade",
    "/api/v1/complaints?hidden=true&unreviewed=true",
    "/api/v1/triage/queue?limit=1",
    "/api/v1/triage/queue?state=awaiting_acceptance",
    "/api/v1/triage/queue?category=air.cooking_fume",
    "/api/v1/triage/queue?street=350102004",
    "/api/v1/triage/queue?due_until=2026-12-31",
    "/api/v1/complaints?limit=1",
    "/api/v1/complaints?state=replied",
    "/api/v1/complaints?category=air.cooking_fume",
    "/api/v1/complaints?street=350102004",
    "/api/v1/complaints?street=350102004&state=accepted",
    "/api/v1/entries?state=clue",
    "/api/v1/entries?category=air.cooking_fume",
    "/api/v1/entries?strong_concern=true",
    "/api/v1/entries?street=350102004",
    "/api/v1/premises?limit=1",
    "/api/v1/premises?withdrawn=true",
    "/api/v1/premises?name=王记烤串",
    "/api/v1/premises?kind=catering",
    "/api/v1/premises?licence=PW-1",
    "/api/v1/premises?uscc=91350102MA2XN1Y357",
    "/api/v1/premises?street=350102004",
    "/api/v1/sender-blocks?limit=1",
    "/api/v1/handovers?limit=1",
    "/api/v1/handovers?state=answered",
    "/api/v1/handovers?unit=dept_urban&limit=1",
    "/api/v1/handovers?unit=dept_urban&state=sent_back",
    "/api/v1/complaints?q=油烟&limit=1",
    "/api/v1/complaints?q=油烟 王记烤串&state=closed&overdue=true",
    "/api/v1/complaints?q=FZ-1",
    "/api/v1/complaints?q=GL-2026-0001",
    "/api/v1/complaints?premises=老王烧烤",
    "/api/v1/complaints?category=air&limit=1",
    "/api/v1/complaints?grid=35010200400301",
    "/api/v1/complaints?channel=app&limit=1",
    "/api/v1/complaints?procedure=enforcement_request",
    "/api/v1/complaints?received_from=2026-11-01&received_until=2026-11-30",
    "/api/v1/complaints?overdue=true",
    "/api/v1/complaints?overdue=false&state=accepted",
    "/api/v1/complaints?claimed_by=me",
    "/api/v1/complaints?claimed_by=none&link=provisional",
    "/api/v1/complaints?street=350102004&state=closed",
    "/api/v1/complaints?hidden=true&unreviewed=true&state=screening",
    "/api/v1/complaints?q=油烟&hidden=true",
];

/// A resident comes back: follows what is near, says wishes, asks for lost codes.
async fn come_back(world: &World, resident: &Actor, code: &str) {
    let similar = "/api/v1/complaints/similar";
    let shown = resident.post(similar, fumes(None, 0.0)).await.expect(200);
    let matter = shown.text("/similar/0/matter");
    let follow = format!("/api/v1/matters/{matter}/follow");
    resident.post(&follow, json!({})).await.expect(201);
    resident.post(&follow, json!({})).await.expect(200);
    let follows = "/api/v1/residents/me/follows";
    resident.get(follows).await.expect(200);
    let mut voice = fumes(Some("13800000077"), 3.0);
    voice["same_as"] = json!(matter);
    voice["secrecy"] = json!({ "requested": true });
    resident.post("/api/v1/complaints", voice).await.expect(201);
    let wishes = format!("/api/v1/tracking/{code}/wishes");
    for asked in [true, false] {
        let body = json!({ "secrecy": { "requested": asked } });
        resident.post(&wishes, body).await.expect(200);
    }
    for narrowed in [
        json!({ "phone": "13800000001" }),
        json!({ "phone": "13800000001", "number": "GL20261124-0001" }),
        json!({ "phone": "13800000001", "filed_on": "2026-11-24" }),
    ] {
        let recovery = "/api/v1/tracking-code/recovery";
        resident.post(recovery, narrowed).await.expect(202);
        jobs::run_due(&world.server.app).await.unwrap();
    }
    resident.delete(&follow).await.expect(204);
    resident.post(&follow, json!({})).await.expect(201);
}

/// Corrects who reported, so that somebody stood there before.
async fn name_somebody_else(brigade: &Actor, number: &str) {
    let path = format!("/api/v1/complaints/{number}");
    let view = brigade.get(&path).await.expect(200);
    let reporter = &view.body["reporters"][0]["id"];
    let persons =
        json!({ "persons": [{ "id": reporter, "name": "林小雪" }], "reason": "电话核实后更正" });
    let version = view.body["version"].as_i64().unwrap();
    brigade.patch_if(&path, version, persons).await.expect(200);
}

/// Filters of the lists of work, each for itself.
const NARROWED: [&str; 7] = [
    "limit=1",
    "category=air",
    "street=350102004",
    "grid=35010200400301",
    "due_until=2026-12-31",
    "overdue=true",
    "overdue=false",
];

/// Reads every list of work, for the district and for an officer, page by page and narrowed.
async fn look_at_work(admin: &Actor, officer: &Actor) {
    for list in WorkList::ALL {
        for filter in NARROWED {
            let path = format!("/api/v1/work/{}?{filter}", list.as_str());
            let page = admin.get(&path).await.expect(200);
            if let Some(cursor) = page.body["next_cursor"].as_str() {
                let next = format!("{path}&cursor={cursor}");
                admin.get(&next).await.expect(200);
            }
            officer.get(&path).await;
        }
    }
}

/// Reads everything there is to read, by everybody who sees it otherwise, and works on.
async fn look_everywhere(world: &World, day: &Day) {
    let admin = world.staff(Role::Admin).await;
    let resident = world.signed_in_resident("13800001234").await;
    come_back(world, &resident, &day.code).await;
    let (officer, street) = (
        world.sign_in(&day.officer).await,
        world.street("s", "350102004").await,
    );
    for route in TABLE.iter().filter(|r| r.method == "GET") {
        let number = if route.path.contains("/entries/") {
            &day.entry
        } else {
            &day.number
        };
        let path = route
            .path
            .replace("{number}", number)
            .replace("{code}", &day.code)
            .replace("{photo_id}", &day.photo)
            .replace("{id}", &day.visit);
        for actor in [&admin, &resident, &officer, &street] {
            actor.get(&path).await;
        }
    }
    for path in FILTERED {
        let page = admin.get(path).await.expect(200);
        if let Some(cursor) = page.body["next_cursor"].as_str() {
            admin
                .get(&format!("{path}&cursor={cursor}"))
                .await
                .expect(200);
        }
    }
    for actor in [&officer, &street] {
        for found in ["q=油烟&state=closed", "state=accepted"] {
            let path = format!("/api/v1/complaints?{found}");
            actor.get(&path).await.expect(200);
        }
    }
    name_somebody_else(&admin, &day.number).await;
    look_at_work(&admin, &officer).await;
    resident
        .post("/api/v1/complaints", fumes(Some("13800000009"), 2.0))
        .await
        .expect(201);
    resident
        .get("/api/v1/residents/me/complaints?limit=1")
        .await
        .expect(200);
    let brigade = world.sign_in("brigade").await;
    let person =
        json!({ "phone": "13800001234", "purpose": "identify", "reason": "核对是否同一人反映" });
    let found = brigade.post("/api/v1/person-searches", person).await;
    found.expect(200);
    let next = brigade
        .post("/api/v1/triage/claims", json!({}))
        .await
        .expect(201);
    brigade
        .delete(&format!(
            "/api/v1/triage/claims/{}",
            next.text("/complaint/number")
        ))
        .await
        .expect(204);
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, &FilePhotos {}, now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    world.clock.advance(TimeDelta::days(1));
    jobs::run_due(&world.server.app).await.unwrap();
}

on_both!(candidates_of_all_keys_can_come_from_the_index_alone,);

on_both!(
    wishes = Wishes {
        watch_statements: true,
        ..Wishes::default()
    },
    no_statement_of_a_day_reads_a_whole_table,
);
