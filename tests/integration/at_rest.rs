//! At rest: what people wrote, what they are called and what they were answered lies sealed; what is
//! listed and searched is the masked text.

use std::path::Path;

use dengwen::{
    account::Role,
    photo::sample::scene,
    platform::jobs::Job as _,
    platform::{
        db::{
            Connection, JsonValue,
            schema::{complaint, complaint_text, idempotency, match_verdict, record, supplement},
        },
        sealed,
    },
    rotation::SealOlder,
};
use diesel::{prelude::*, sql_query, sql_types::Text};
use serde_json::json;

use crate::support::{
    World,
    bodies::{fumes, river},
};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Everything that is kept, as whoever steals the disk may read it: each file there is, SQLite's
/// database and its log among them, and each row of PostgreSQL, with the text in its bytes.
pub fn on_the_disk(world: &World) -> Vec<String> {
    world.server.app.settle();
    let mut all = files_under(world.dir.path());
    all.extend(rows_of_postgres(world));
    all
}

fn files_under(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.flat_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return files_under(&path);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        vec![String::from_utf8_lossy(&bytes).into_owned()]
    });
    files.collect()
}

/// The text in what PostgreSQL shows of bytes: `\\x` and two digits each.
fn in_bytes(row: &str) -> String {
    let parts = row.split("\\x").skip(1).map(|part| {
        let digits: Vec<u8> = part.bytes().take_while(u8::is_ascii_hexdigit).collect();
        let bytes = digits
            .chunks_exact(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
    });
    parts.collect()
}

fn rows_of_postgres(world: &World) -> Vec<String> {
    world.db_read(|conn| match conn {
        Connection::Sqlite(_) => Vec::new(),
        Connection::Postgres(c) => {
            let tables: Vec<Line> = sql_query(
                "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'",
            )
            .load(c)
            .unwrap();
            let rows = tables.iter().flat_map(|table| {
                let sql = format!("SELECT t::text AS line FROM \"{}\" t", table.line);
                sql_query(sql).load::<Line>(c).unwrap()
            });
            rows.flat_map(|row| [in_bytes(&row.line), row.line]).collect()
        }
    })
}

/// A telephone number written into every free text there is stands nowhere on the disk, nor do a
/// file's name and a kept answer; those with need read it all.
async fn what_people_wrote_lies_sealed(world: World) {
    let phone = "13955501234";
    let told = |what: &str| format!("{what}，联系电话{phone}，望尽快处理。");
    let mut body = river(Some(phone));
    body["description"] = json!(told("河水发黑发臭"));
    body["address"] = json!(told("东街口1号"));
    let parts = [
        ("complaint", None, body.to_string().into_bytes()),
        ("photo", Some("13955501234.jpg"), scene(5, 320, 240)),
    ];
    let resident = world.resident();
    let filed = resident
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let (number, code) = (filed.text("/number"), filed.text("/tracking_code"));
    let more = json!({ "text": told("今天更黑了"), "new_facts": true });
    let track = format!("/api/v1/tracking/{code}");
    let first = resident
        .post_once(
            &format!("{track}/supplements"),
            "a-key-nobody-guesses",
            more.clone(),
        )
        .await
        .expect(201);
    for line in on_the_disk(&world) {
        let at = line
            .find(phone)
            .map(|at| line[at.saturating_sub(60)..at].to_owned());
        assert_eq!(at, None, "the number stands in the open");
    }
    let answers: Vec<Option<JsonValue>> = world.db_read(|c| {
        idempotency::table
            .select(idempotency::body)
            .load(c)
            .unwrap()
    });
    assert!(
        answers
            .iter()
            .flatten()
            .all(|a| a.0.as_str().is_some_and(|text| text.starts_with("sealed:"))),
        "{answers:?}"
    );
    let again = resident
        .post_once(
            &format!("{track}/supplements"),
            "a-key-nobody-guesses",
            more,
        )
        .await
        .expect(201);
    assert_eq!(again.body, first.body);

    let brigade = world.brigade().await;
    let path = format!("/api/v1/complaints/{number}");
    let seen = brigade.get(&path).await.expect(200).body;
    assert_eq!(seen["description"], told("河水发黑发臭"));
    assert_eq!(seen["address"], told("东街口1号"));
    assert_eq!(seen["supplements"][0]["text"], told("今天更黑了"));
    assert_eq!(seen["photos"][0]["file_name"], "13955501234.jpg");
    let tracked = resident.get(&track).await.expect(200).body;
    assert!(!tracked["description"].as_str().unwrap().contains(phone));
}

/// Words from before they were sealed are read as they stand, and sealed by a job, once; an
/// answer kept before is repeated as it was.
async fn older_words_are_sealed_by_a_job(world: World) {
    let resident = world.resident();
    let body = river(Some("13955501234"));
    let filed = resident
        .post_once("/api/v1/complaints", "a-key-from-before", body.clone())
        .await
        .expect(201);
    let code = filed.text("/tracking_code");
    let more = json!({ "text": "后来又排了一次，十分刺鼻。", "new_facts": false });
    resident
        .post(&format!("/api/v1/tracking/{code}/supplements"), more)
        .await
        .expect(201);
    world.db_read(|c| {
        diesel::update(complaint_text::table)
            .set((
                complaint_text::description.eq("旧时的原文，含电话13955501234"),
                complaint_text::address.eq(Some("旧地址")),
            ))
            .execute(c)
            .unwrap();
        diesel::update(supplement::table)
            .set(supplement::text.eq("旧时的补充"))
            .execute(c)
            .unwrap();
        diesel::update(idempotency::table)
            .set(idempotency::body.eq(JsonValue(filed.body.clone())))
            .execute(c)
            .unwrap();
    });
    let brigade = world.brigade().await;
    let path = format!("/api/v1/complaints/{}", filed.text("/number"));
    let read = || async {
        let seen = brigade.get(&path).await.expect(200).body;
        assert_eq!(seen["description"], "旧时的原文，含电话13955501234");
        assert_eq!(seen["address"], "旧地址");
        assert_eq!(seen["supplements"][0]["text"], "旧时的补充");
        let again = resident
            .post_once("/api/v1/complaints", "a-key-from-before", body.clone())
            .await
            .expect(201);
        assert_eq!(again.body, filed.body);
    };
    read().await;
    for _ in 0..2 {
        SealOlder {}
            .run(&world.server.app, world.server.app.now())
            .await
            .unwrap();
        read().await;
    }
    let stored: Vec<(String, Option<String>)> = world.db_read(|c| {
        complaint_text::table
            .select((complaint_text::description, complaint_text::address))
            .load(c)
            .unwrap()
    });
    assert!(
        stored
            .iter()
            .all(|(d, a)| d.starts_with("sealed:") && a.as_ref().unwrap().starts_with("sealed:"))
    );
    let answer: Vec<Option<JsonValue>> = world.db_read(|c| {
        idempotency::table
            .select(idempotency::body)
            .load(c)
            .unwrap()
    });
    assert!(answer[0].as_ref().unwrap().0.is_string());
}

/// A text that looks as if it were sealed is its writer's words and nothing else.
async fn words_that_look_sealed_are_words(world: World) {
    let resident = world.resident();
    for words in [
        "sealed:1:",
        "sealed:1:AAAAAAAAAAAAAAAAAAAA",
        "sealed:1:这不是密文，只是写成这样",
    ] {
        let mut body = river(None);
        body["description"] = json!(format!("{words} 河水发黑发臭，望处理。"));
        body["location"]["lat"] = json!(26.1010 + words.len() as f64 * 0.0001);
        let number = resident
            .post("/api/v1/complaints", body.clone())
            .await
            .expect(201)
            .text("/number");
        let brigade = world
            .staff_named(
                dengwen::account::Role::Brigade,
                &format!("b{}", words.len()),
            )
            .await;
        let seen = brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200)
            .body;
        assert_eq!(seen["description"], body["description"]);
    }
    assert!(sealed::ALL.iter().filter(|c| c.text).count() >= 8);
}

/// Words of staff, premises and upstream numbers from before they were sealed: they are read as
/// they stand, and sealed by the job; what a number is known by goes on finding it.
async fn older_words_of_staff_are_sealed_by_a_job(world: World) {
    let office = world.staff(Role::Office).await;
    let brigade = world.brigade().await;
    let mut body = fumes(Some("13955501234"), 0.0);
    body["premises"] = json!("老王烧烤");
    let intake = json!({ "channel": "hotline_12345", "external_no": "FZ-13955501234", "object_id": "13955501234", "complaint": body });
    let number = office
        .post("/api/v1/intake", intake.clone())
        .await
        .expect(201)
        .text("/number");
    let path = format!("/api/v1/complaints/{number}");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let accept = json!({ "action": "accept", "procedure": "enforcement_request", "reason": "来电13955501234核实", "notice": "请张三13955501234知悉" });
    brigade
        .post(&format!("{path}/decision"), accept)
        .await
        .expect(200);
    world.db_read(|c| {
        diesel::update(complaint::table).set(complaint::external_no.eq("FZ-13955501234")).execute(c).unwrap();
        diesel::update(complaint_text::table).set((
            complaint_text::premises.eq("老王烧烤13955501234"),
            complaint_text::object_id.eq("13955501234"),
            complaint_text::external_no.eq(None::<String>),
        )).execute(c).unwrap();
        diesel::update(record::table.filter(record::event.eq("accept"))).set(record::reason.eq("来电13955501234核实")).execute(c).unwrap();
        let evidence = json!([{ "comparisons": [{ "name": "object", "words": "同一单位“老王烧烤13955501234”" }] }]);
        diesel::update(match_verdict::table).set(match_verdict::evidence.eq(JsonValue(evidence))).execute(c).unwrap();
    });
    let shows = |lines: Vec<String>| lines.iter().any(|line| line.contains("13955501234"));
    assert!(shows(on_the_disk(&world)), "older rows are in the open");
    let read = || async {
        let seen = brigade.get(&path).await.expect(200).body;
        assert_eq!(
            (&seen["premises"], &seen["object_id"], &seen["external_no"]),
            (
                &json!("老王烧烤13955501234"),
                &json!("13955501234"),
                &json!("FZ-13955501234")
            )
        );
        let reasons: Vec<&str> = seen["history"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|step| step["reason"].as_str())
            .collect();
        assert_eq!(reasons, ["来电13955501234核实"]);
        assert_eq!(seen["decisions"][0]["notice"], "请张三13955501234知悉");
        assert_eq!(
            office
                .post("/api/v1/intake", intake.clone())
                .await
                .expect(200)
                .text("/number"),
            number
        );
    };
    read().await;
    for _ in 0..2 {
        SealOlder {}
            .run(&world.server.app, world.server.app.now())
            .await
            .unwrap();
        read().await;
    }
    assert!(!shows(on_the_disk(&world)), "older rows are sealed");
}

on_both!(
    what_people_wrote_lies_sealed,
    older_words_are_sealed_by_a_job,
    words_that_look_sealed_are_words,
    older_words_of_staff_are_sealed_by_a_job,
);
