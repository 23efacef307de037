//! The search: one list of complaints, found by every filter, by words and by whatever number somebody
//! holds in hand, for each role by what it may read; and by person, as a look behind the mask.

use std::collections::BTreeSet;

use dengwen::{
    account::Role,
    complaint::term_blocks::FileTerms,
    jobs,
    platform::{
        db::schema::{petitioner, search_item, search_term, unmasking},
        jobs as queue,
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{fumes, river},
};

const COMPLAINTS: &str = "/api/v1/complaints";
const PERSONS: &str = "/api/v1/person-searches";

async fn filed(world: &World, body: Value) -> String {
    world.file(body).await.text("/number")
}

/// A complaint in these words, far from all others.
fn told(words: &str, metres: f64) -> Value {
    let mut body = fumes(None, metres);
    body["description"] = json!(words);
    body["premises"] = Value::Null;
    body
}

/// The numbers a list answers, in its order.
async fn found(actor: &Actor, filters: &str) -> Vec<String> {
    let page = actor.get(&format!("{COMPLAINTS}?{filters}")).await;
    let page = page.expect(200);
    assert_eq!(page.body["cut_short"], Value::Null, "{filters}");
    let items = page.body["items"].as_array().unwrap().iter();
    let numbers = items.map(|row| row["number"].as_str().unwrap().to_owned());
    numbers.collect()
}

/// Moves what came lately to its blocks.
async fn settle(world: &World) {
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, &FileTerms {}, now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    let lately: i64 = world.db_read(|c| search_term::table.count().get_result(c).unwrap());
    assert_eq!(lately, 0);
}

/// Each filter finds what it says and nothing else, and two find what both do.
async fn filters_find_alone_and_together(world: World) {
    let brigade = world.brigade().await;
    let smoke = filed(&world, fumes(Some("13800000001"), 0.0)).await;
    let water = filed(&world, river(Some("13800000002"))).await;
    let sent = json!({ "channel": "hotline_12345", "external_no": "FZ-7", "complaint": fumes(None, 1_500.0) });
    let office = world.staff(Role::Office).await;
    let above = office.post("/api/v1/intake", sent).await.expect(201);
    let above = above.text("/number");
    brigade.accept(&smoke).await;
    let claim = json!({ "number": water });
    let claimed = brigade.post("/api/v1/triage/claims", claim).await;
    claimed.expect(201);
    let place = brigade.get(&format!("{COMPLAINTS}/{smoke}")).await;
    let place = place.expect(200).body["place"].clone();
    let (street, grid) = (&place["street_code"], &place["grid_code"]);
    let (street, grid) = (street.as_str().unwrap(), grid.as_str().unwrap());
    let entry = world.entry_of(&water);
    let procedure = brigade.get(&format!("{COMPLAINTS}/{smoke}")).await;
    let procedure = procedure.text("/procedure");
    for _ in 0..2 {
        let one = |number: &String| vec![number.clone()];
        let asked = [
            ("category=water.black_odorous".to_owned(), one(&water)),
            ("category=water".to_owned(), one(&water)),
            ("channel=hotline_12345".to_owned(), one(&above)),
            (format!("procedure={procedure}"), one(&smoke)),
            (format!("grid={grid}&state=accepted"), one(&smoke)),
            (format!("street={street}&state=accepted"), one(&smoke)),
            (format!("entry={entry}"), one(&water)),
            ("claimed_by=me".to_owned(), one(&water)),
            ("claimed_by=brigade".to_owned(), one(&water)),
            (
                "claimed_by=none".to_owned(),
                vec![above.clone(), smoke.clone()],
            ),
            ("premises=老王烧烤&channel=app".to_owned(), one(&smoke)),
            ("q=河水 截污".to_owned(), one(&water)),
            ("q=油烟&category=water".to_owned(), Vec::new()),
            ("overdue=true".to_owned(), Vec::new()),
            (
                "overdue=false&received_from=2026-11-24&received_until=2026-11-24".to_owned(),
                vec![above.clone(), water.clone(), smoke.clone()],
            ),
            ("received_until=2026-11-23".to_owned(), Vec::new()),
            ("received_from=2026-11-25".to_owned(), Vec::new()),
        ];
        for (filters, numbers) in asked {
            assert_eq!(found(&brigade, &filters).await, numbers, "{filters}");
        }
        // From the blocks as from what came lately.
        settle(&world).await;
    }
    world.clock.advance(chrono::TimeDelta::days(200));
    let brigade = world.sign_in("brigade").await;
    let late = found(&brigade, "overdue=true&category=water").await;
    assert_eq!(late, [water]);
    for (filters, code) in [
        ("category=fire", "bad_parameter"),
        ("grid=1", "bad_parameter"),
        ("channel=pigeon", "bad_parameter"),
        ("procedure=none", "bad_parameter"),
        ("entry=GL-1999-0001", "bad_parameter"),
        ("claimed_by=nobody", "bad_parameter"),
        ("q=臭", "bad_parameter"),
        ("q=，。", "bad_parameter"),
        (
            "received_from=2026-11-25&received_until=2026-11-24",
            "bad_parameter",
        ),
    ] {
        let refused = brigade.get(&format!("{COMPLAINTS}?{filters}")).await;
        refused.expect_problem(400, code);
    }
    let leader = world.staff(Role::Leader).await;
    let refused = leader.get(&format!("{COMPLAINTS}?claimed_by=none")).await;
    refused.expect_problem(403, "forbidden");
}

/// One box takes every number there is, as people write it.
async fn a_number_is_recognised_in_any_spelling(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let receipt = world.file(fumes(Some("13800000001"), 0.0)).await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    let sent = json!({ "channel": "hotline_12345", "external_no": "FZ-2026-77", "complaint": river(None) });
    let above = office.post("/api/v1/intake", sent).await.expect(201);
    let above = above.text("/number");
    let entry = world.entry_of(&above);
    let spoken = format!("{}-{}", &code[..8].to_lowercase(), &code[8..]);
    for (typed, named) in [
        (number.to_lowercase(), &number),
        (spoken, &number),
        ("fz—2026—77".to_owned(), &above),
        (entry.to_lowercase(), &above),
    ] {
        let one = vec![named.clone()];
        assert_eq!(found(&brigade, &format!("q={typed}")).await, one, "{typed}");
        let other = format!("q={typed}&category=noise");
        assert!(found(&brigade, &other).await.is_empty(), "{typed}");
    }
    // The query code is its reporter's, and nothing a street could find by.
    let leader = world.staff(Role::Leader).await;
    assert!(found(&leader, &format!("q={code}")).await.is_empty());
    assert_eq!(found(&leader, &format!("q={number}")).await, [number]);
    assert_eq!(found(&leader, "q=FZ-2026-77").await, [above]);
}

/// Words of two letters and more, whole words of other letters, and every name of premises.
async fn words_and_every_name_of_premises_are_found(world: World) {
    let brigade = world.brigade().await;
    let site = filed(
        &world,
        told(
            "凌晨，夜间 施工噪声很大，对面ＫＴＶ也吵，第5次反映，全体居民。",
            0.0,
        ),
    )
    .await;
    let shop = filed(&world, fumes(Some("13800000001"), 1_500.0)).await;
    let premises = json!({ "name": "老王烧烤店", "aliases": ["王记烤串"], "kind": "catering" });
    brigade.post("/api/v1/premises", premises).await.expect(201);
    for (words, numbers) in [
        ("施工", vec![&site]),
        ("夜间施工噪声", vec![&site]),
        ("施工 ktv", vec![&site]),
        ("５", vec![&site]),
        ("噪声施工", vec![]),
        ("施工 油烟", vec![]),
        ("居民", vec![&shop, &site]),
        ("王记烤串", vec![&shop]),
        ("老王烧烤", vec![&shop]),
    ] {
        let numbers: Vec<String> = numbers.into_iter().cloned().collect();
        assert_eq!(
            found(&brigade, &format!("q={words}")).await,
            numbers,
            "{words}"
        );
    }
    let by_alias = found(&brigade, "premises=王记烤串").await;
    assert_eq!(by_alias, std::slice::from_ref(&shop));
    assert!(found(&brigade, "premises=王记海鲜").await.is_empty());
    // The register is not an officer's to read, nor to find by.
    let leader = world.staff(Role::Leader).await;
    assert_eq!(
        found(&leader, "q=王记烤串").await,
        std::slice::from_ref(&shop)
    );
    let party = world.staff(Role::PartyOffice).await;
    assert!(found(&party, "q=王记烤串").await.is_empty());
    let row = brigade.get(&format!("{COMPLAINTS}?q=王记烤串")).await;
    assert_eq!(row.text("/items/0/brief/premises"), "老王烧烤");
    assert!(row.text("/items/0/brief/opening").contains("油烟直排"));
    let row = party.get(&format!("{COMPLAINTS}?q=老王烧烤")).await;
    assert_eq!(row.text("/items/0/number"), shop);
    assert_eq!(row.body["items"][0]["brief"], Value::Null);
}

/// Page by page each row comes once, while others are filed and what was filed moves to its blocks.
async fn pages_hold_each_row_once(world: World) {
    let brigade = world.brigade().await;
    let mut filed_before = BTreeSet::new();
    for n in 0..7_u8 {
        let words = format!("第{n}处工地夜间施工，请处理。");
        filed_before.insert(filed(&world, told(&words, f64::from(n) * 30.0)).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for n in 0_u8.. {
        let page = format!("{COMPLAINTS}?q=夜间施工&limit=2{cursor}");
        let page = brigade.get(&page).await.expect(200);
        let items = page.body["items"].as_array().unwrap().iter();
        seen.extend(items.map(|row| row["number"].as_str().unwrap().to_owned()));
        let new = format!("又一处工地夜间施工，第{n}次反映。");
        filed(&world, told(&new, 300.0 + f64::from(n) * 30.0)).await;
        settle(&world).await;
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(seen.windows(2).all(|two| two[0] > two[1]), "{seen:?}");
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), filed_before);
}

/// What stands behind a mask leads nobody to a complaint, and what lies elsewhere leads no street and no
/// officer to it: a list of what was searched for is what can be read one by one.
async fn nobody_finds_by_what_is_hidden(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let mut body = fumes(Some("13812345678"), 0.0);
    body["description"] = json!("我是林小雨，电话13812345678，楼下油烟直排，请处理。");
    let near = filed(&world, body).await;
    let far = filed(&world, river(Some("13800000002"))).await;
    let mut blocked = river(Some("13800000003"));
    blocked["description"] = json!("油烟骚扰广告，天天发送。");
    let hidden = filed(&world, blocked.clone()).await;
    let block = json!({ "number": hidden, "reason": "连续发送广告" });
    brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201);
    blocked["description"] = json!("油烟骚扰广告，再次发送。");
    let hidden = filed(&world, blocked).await;
    let place = brigade.get(&format!("{COMPLAINTS}/{near}")).await;
    let place = place.expect(200).body["place"].clone();
    let code = |field: &str| place[field].as_str().unwrap().to_owned();
    let street = world.street("street", &code("street_code")).await;
    let officer = world.officer("officer", &code("grid_code")).await;
    let leader = world.staff(Role::Leader).await;
    for actor in [&brigade, &office, &street, &officer, &leader] {
        for words in ["13812345678", "林小雨", "我是林小雨"] {
            let numbers = found(actor, &format!("q={words}")).await;
            assert!(numbers.is_empty(), "{} finds {words}", actor.name);
        }
        let readable = |number: String| async move {
            actor.get(&format!("{COMPLAINTS}/{number}")).await.status == 200
        };
        for (words, number) in [
            ("油烟直排", &near),
            ("截污清淤", &far),
            ("再次发送", &hidden),
        ] {
            let listed = found(actor, &format!("q={words}")).await;
            let shown = readable(number.clone()).await && number != &hidden;
            let expected = if shown {
                vec![number.clone()]
            } else {
                Vec::new()
            };
            assert_eq!(listed, expected, "{} by {words}", actor.name);
        }
    }
    assert_eq!(found(&brigade, "q=再次发送&hidden=true").await, [hidden]);
    let refused = street
        .get(&format!("{COMPLAINTS}?q=油烟&hidden=true"))
        .await;
    refused.expect_problem(403, "forbidden");
    assert!(found(&street, &format!("q={far}")).await.is_empty());
}

/// What is corrected is found as it is now, and no more as it was.
async fn what_is_corrected_is_found_anew(world: World) {
    let brigade = world.brigade().await;
    let number = filed(&world, fumes(Some("13800000001"), 0.0)).await;
    settle(&world).await;
    let path = format!("{COMPLAINTS}/{number}");
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let version = brigade.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let correction = json!({ "premises": "小李海鲜", "address": "东街口88号", "category": "noise.construction", "reason": "现场核对招牌后更正" });
    brigade
        .patch_if(&path, version, correction)
        .await
        .expect(200);
    for _ in 0..2 {
        for (filters, is_found) in [
            ("premises=小李海鲜", true),
            ("premises=老王烧烤", false),
            ("q=东街口", true),
            ("category=noise", true),
            ("category=air", false),
        ] {
            let numbers = found(&brigade, filters).await;
            assert_eq!(numbers.contains(&number), is_found, "{filters}");
        }
        settle(&world).await;
    }
}

/// What was there before an update is filed by a job, and the list says so until it is.
async fn what_was_there_before_is_filed(world: World) {
    let brigade = world.brigade().await;
    let number = filed(&world, fumes(Some("13800000001"), 0.0)).await;
    world.db_read(|c| {
        diesel::delete(search_term::table).execute(c).unwrap();
        let older = diesel::update(search_item::table).set(search_item::edition.eq(0));
        older.execute(c).unwrap();
    });
    let page = brigade
        .get(&format!("{COMPLAINTS}?q=油烟"))
        .await
        .expect(200);
    assert_eq!(page.body["items"], json!([]));
    assert_eq!(page.body["being_filed"], true);
    settle(&world).await;
    let page = brigade
        .get(&format!("{COMPLAINTS}?q=油烟"))
        .await
        .expect(200);
    assert_eq!(page.text("/items/0/number"), number);
    assert_eq!(page.body["being_filed"], Value::Null);
}

/// Who looks for a person looks behind the mask: it is noted on each complaint found, in the account's
/// history, and it is measured, whether anything is found or not.
async fn a_person_is_looked_for_on_record(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let first = filed(&world, fumes(Some("13812345678"), 0.0)).await;
    let mut by_document = river(None);
    by_document["reporter"] = json!({ "name": "林小雨", "id_number": "11010519491231002X" });
    let other = filed(&world, by_document).await;
    let second = filed(&world, fumes(Some("+86 138-1234-5678"), 1_500.0)).await;
    let why = |who: Value| {
        let mut body = json!({ "purpose": "identify", "reason": "核对两件是否同一人反映" });
        body.as_object_mut()
            .unwrap()
            .extend(who.as_object().unwrap().clone());
        body
    };
    let numbers = |answer: &Value| -> Vec<String> {
        let items = answer["items"].as_array().unwrap().iter();
        items
            .map(|row| row["number"].as_str().unwrap().to_owned())
            .collect()
    };
    let phone = why(json!({ "phone": "138 1234 5678" }));
    let answer = brigade.post(PERSONS, phone.clone()).await.expect(200);
    assert_eq!(numbers(&answer.body), [second, first]);
    settle(&world).await;
    let document = why(json!({ "id_number": "11010519491231002x" }));
    let answer = brigade.post(PERSONS, document).await.expect(200);
    assert_eq!(numbers(&answer.body), [other]);
    let noted: i64 = world.db_read(|c| unmasking::table.count().get_result(c).unwrap());
    assert_eq!(noted, 3);
    let looks = office.get("/api/v1/unmaskings").await.expect(200);
    assert_eq!(looks.text("/items/0/purpose"), "identify");
    assert_eq!(looks.text("/items/0/reason"), "核对两件是否同一人反映");

    for wrong in [
        why(json!({})),
        why(json!({ "phone": "13812345678", "id_number": "11010519491231002X" })),
        why(json!({ "phone": "某人" })),
        json!({ "phone": "13812345678", "purpose": "identify", "reason": "查看一下查看一下" }),
    ] {
        brigade.post(PERSONS, wrong).await.expect(422);
    }
    let leader = world.staff(Role::Leader).await;
    leader
        .post(PERSONS, phone)
        .await
        .expect_problem(403, "forbidden");

    // Two looks so far, however much they found; nobody's number costs one as well.
    for _ in 3..=20 {
        let nobody = why(json!({ "phone": "13900000000" }));
        let answer = brigade.post(PERSONS, nobody).await.expect(200);
        assert_eq!(answer.body["items"], json!([]));
    }
    let nobody = why(json!({ "phone": "13900000000" }));
    let refused = brigade.post(PERSONS, nobody).await;
    refused.expect_problem(429, "too_many_requests");
    let alarms = office
        .get("/api/v1/unmaskings?alarm=true")
        .await
        .expect(200);
    assert_eq!(
        alarms.body["items"],
        json!([]),
        "nobody's complaint was looked at"
    );
    let searched: i64 = world.db_read(|c| {
        use dengwen::platform::db::schema::record;
        let events = record::table.filter(record::event.eq("search_person"));
        events.count().get_result(c).unwrap()
    });
    assert_eq!(searched, 20);

    // Whose data was erased is found no more.
    world.db_read(|c| {
        let none = dengwen::platform::db::JsonValue(json!([]));
        let erased = diesel::update(petitioner::table).set(petitioner::person_keys.eq(none));
        erased.execute(c).unwrap();
    });
    world.clock.advance(chrono::TimeDelta::minutes(61));
    let brigade = world.sign_in("brigade").await;
    let again = why(json!({ "phone": "13812345678" }));
    let answer = brigade.post(PERSONS, again).await.expect(200);
    assert_eq!(answer.body["items"], json!([]));
}

on_both!(
    filters_find_alone_and_together,
    a_number_is_recognised_in_any_spelling,
    words_and_every_name_of_premises_are_found,
    pages_hold_each_row_once,
    nobody_finds_by_what_is_hidden,
    what_is_corrected_is_found_anew,
    what_was_there_before_is_filed,
    a_person_is_looked_for_on_record,
);
