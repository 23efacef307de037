//! A clerk's day at the queue: two hundred items, decided from their rows.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use dengwen::{account::Role, photo::sample::scene};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{fumes, river},
};

/// Everyday categories, none of which is grave (risk 6 to 18).
const EVERYDAY: [(&str, &str); 17] = [
    ("air.odour", "有刺鼻异味"),
    ("air.dust_smoke", "烟囱冒黑烟"),
    ("air.construction_dust", "工地扬尘，裸土未覆盖"),
    ("air.road_dust", "渣土车过后路面扬尘"),
    ("air.open_burning", "有人露天焚烧垃圾"),
    ("air.vehicle_exhaust", "公交车冒黑烟"),
    ("noise.industrial", "厂房风机嗡嗡作响"),
    ("noise.construction", "白天打桩声音大"),
    ("noise.traffic", "高架桥车流噪声"),
    ("noise.social", "广场舞音响扰民"),
    ("water.domestic", "污水井盖外溢"),
    ("water.mixed_drainage", "雨水口排出生活污水"),
    ("waste.domestic", "垃圾屋无人清运"),
    ("waste.construction", "装修垃圾堆在路边"),
    ("ecology.damage", "绿地被占用毁坏"),
    ("radiation.light", "广告屏夜里太亮"),
    ("radiation.electromagnetic", "基站离居民楼近"),
];

/// Everyday items of the day: as many came by 12345 as on the day that was watched.
const EVERYDAY_ITEMS: usize = 190;
const OF_12345: usize = 123;

/// An everyday item. Those of one category lie more than a kilometre apart, so that they are matters
/// of their own; they came on days that leave each more than two working days to tell its reporter.
fn everyday(n: usize) -> Value {
    let (row, column) = (n / 15, n % 15);
    let (category, what) = EVERYDAY[(column + 5 * row) % EVERYDAY.len()];
    let (channel, came) = match n {
        ..OF_12345 if n.is_multiple_of(3) => ("hotline_12345", "2026-11-20T16:30:00+08:00"),
        ..OF_12345 => ("hotline_12345", "2026-11-24T08:30:00+08:00"),
        123..155 => ("letter", "2026-11-16T09:00:00+08:00"),
        155..185 => ("platform", "2026-11-18T09:00:00+08:00"),
        _ => ("visit", "2026-11-23T15:00:00+08:00"),
    };
    json!({
        "channel": channel, "external_no": format!("D{n:04}"), "received_at": came,
        "complaint": {
            "category": category,
            "description": format!("第{}排第{}户反映：{what}，已有{}天，请派人处理。", row + 1, column + 1, n % 9 + 1),
            "location": { "lon": 119.265 + column as f64 * 0.004, "lat": 26.030 + row as f64 * 0.0036, "datum": "WGS84", "accuracy_m": 10.0 },
            "reporter": { "phone": format!("1390000{n:04}") },
        },
    })
}

/// What stands out of the day.
struct Grave {
    /// Two reports of hazardous waste, the first with a photo.
    hazardous: [String; 2],
    drinking: String,
    superior: String,
    ionising: String,
    /// Five neighbours about one barbecue.
    barbecue: Vec<String>,
}

impl Grave {
    fn in_order(&self) -> Vec<String> {
        let alone = [&self.drinking, &self.superior, &self.ionising];
        let first = self.hazardous.iter().chain(alone).cloned();
        first.chain(self.barbecue.iter().cloned()).collect()
    }
}

/// Two hundred items: everyday ones by all channels, and among them those that stand out.
async fn the_day_comes_in(world: &World, office: &Actor) -> Grave {
    let resident = world.resident();
    let come_in = async |items: std::ops::Range<usize>| {
        for batch in items.collect::<Vec<_>>().chunks(19) {
            let sent = batch
                .iter()
                .map(|n| office.post("/api/v1/intake", everyday(*n)));
            for reply in join_all(sent).await {
                reply.expect(201);
            }
        }
    };
    let take_in = async |channel: &str, no: &str, complaint: Value| {
        let body = json!({ "channel": channel, "external_no": no, "complaint": complaint });
        let receipt = office.post("/api/v1/intake", body).await.expect(201);
        receipt.text("/number")
    };
    come_in(0..95).await;
    let mut drums = river(Some("13800000011"));
    drums["category"] = json!("waste.hazardous");
    drums["description"] = json!("车库里堆着几十桶废机油，桶身渗漏，地面油污流向雨水口。");
    drums["address"] = json!("五凤路18号地下车库");
    let parts = [
        ("complaint", None, drums.to_string().into_bytes()),
        ("photo", Some("drums.jpg"), scene(1, 300, 200)),
    ];
    let first = resident.post_parts("/api/v1/complaints", &parts).await;
    let mut acid = river(Some("13800000012"));
    acid["category"] = json!("waste.hazardous");
    acid["description"] = json!("电镀作坊夜里往下水道倒酸液，气味呛人。");
    acid["location"] = json!({ "lon": 119.308, "lat": 26.096, "datum": "WGS84" });
    let second = resident.post("/api/v1/complaints", acid).await;
    come_in(95..EVERYDAY_ITEMS).await;
    let mut tap = river(None);
    tap["category"] = json!("water.drinking_source");
    tap["description"] = json!("取水口上游有人倾倒泥浆，水面一片浑黄。");
    tap["location"]["lat"] = json!(26.1060);
    let mut gas = river(Some("13800000013"));
    gas["category"] = json!("air.industrial_gas");
    gas["description"] = json!("印刷厂废气未经处理直排，学校师生头晕。");
    gas["location"] = json!({ "lon": 119.2840, "lat": 26.0930, "datum": "WGS84" });
    let mut source = river(Some("13800000014"));
    source["category"] = json!("radiation.ionising");
    source["description"] = json!("拆迁工地挖出带电离辐射标志的铅罐。");
    source["location"] = json!({ "lon": 119.3000, "lat": 26.1030, "datum": "WGS84" });
    let mut barbecue = Vec::new();
    for (n, metres) in [0.0, 2.0, 4.0, 1.0, 3.0].into_iter().enumerate() {
        let phone = format!("1380000002{n}");
        barbecue.push(
            world
                .file(fumes(Some(&phone), metres))
                .await
                .text("/number"),
        );
    }
    Grave {
        hazardous: [
            first.expect(201).text("/number"),
            second.expect(201).text("/number"),
        ],
        drinking: world.file(tap).await.text("/number"),
        superior: take_in("superior_transfer", "MHZ-2026-17", gas).await,
        ionising: take_in("platform", "QG-1", source).await,
        barbecue,
    }
}

fn items(body: &Value) -> Vec<Value> {
    body["items"].as_array().unwrap().clone()
}

fn numbers(items: &[Value]) -> Vec<String> {
    let numbers = items.iter().map(|item| item["number"].as_str().unwrap());
    numbers.map(str::to_owned).collect()
}

/// All pages of a list of the queue, held against its counts.
async fn whole_list(brigade: &Actor, filter: &str) -> Vec<Value> {
    let path = format!("/api/v1/triage/queue?limit=60&{filter}");
    let first = brigade.get(&path).await.expect(200);
    let (counts, mut all) = (first.body["counts"].clone(), items(&first.body));
    let mut next = first.body["next_cursor"].clone();
    while let Some(cursor) = next.as_str() {
        let page = brigade.get(&format!("{path}&cursor={cursor}")).await;
        let page = page.expect(200);
        assert_eq!(page.body["counts"], counts, "{filter}");
        all.extend(items(&page.body));
        next = page.body["next_cursor"].clone();
    }
    let in_state = |state: &str| all.iter().filter(|i| i["state"] == state).count();
    let urgent = all.iter().filter(|i| i["urgent"] == true).count();
    let counted = json!({
        "screening": in_state("screening"), "awaiting_acceptance": in_state("awaiting_acceptance"),
        "to_study": in_state("to_study"), "urgent": urgent,
    });
    assert_eq!(counted, counts, "{filter}");
    let once: BTreeSet<String> = numbers(&all).into_iter().collect();
    assert_eq!(once.len(), all.len(), "{filter}: each once");
    all
}

fn clock<'a>(item: &'a Value, kind: &str) -> &'a Value {
    let clocks = item["clocks"].as_array().unwrap();
    let found = clocks.iter().find(|clock| clock["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {item}"))
}

fn item<'a>(items: &'a [Value], number: &str) -> &'a Value {
    let found = items.iter().find(|item| item["number"] == number);
    found.unwrap_or_else(|| panic!("{number} is not there"))
}

/// The 200-item day: the queue is in the order in which a duty officer would take it, its counts are
/// those of its pages, and each decision is made from a row.
async fn two_hundred_items_are_decided_from_their_rows(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let grave = the_day_comes_in(&world, &office).await;
    let all = whole_list(&brigade, "").await;
    assert_eq!(all.len(), 200);
    for filter in [
        "state=awaiting_acceptance",
        "state=screening",
        "category=noise.social",
        "street=350102004",
        "link=own",
        "due_until=2026-11-30",
    ] {
        whole_list(&brigade, filter).await;
    }
    nothing_of_12345_is_urgent(&all);
    rows_say_what_one_decides_from(&all, &grave);

    // Four neighbours were attached to the first. Their rows say by which rule and why.
    let attached = whole_list(&brigade, "link=provisional&category=air.cooking_fume").await;
    let links: Vec<Value> = attached
        .iter()
        .filter(|row| row["earlier"]["rule"] == "R4")
        .map(|row| json!({ "number": row["number"], "decision": "confirm" }))
        .collect();
    assert_eq!(links.len(), 4);
    let confirmed = brigade
        .post("/api/v1/triage/match-decisions", json!({ "items": links }))
        .await
        .expect(200);
    assert!(
        items(&confirmed.body)
            .iter()
            .all(|step| step["state"] == "awaiting_acceptance")
    );

    // What a duty officer takes first: hazardous waste that runs into a drain (risk 40 and somebody to
    // ask), then the water people drink, what a superior sent, a source of radiation, and then the
    // matter that five neighbours complain of. All else is everyday, however long it has waited.
    let first = brigade.get("/api/v1/triage/queue?limit=10").await;
    let first = items(&first.expect(200).body);
    assert_eq!(numbers(&first), grave.in_order());
    let points: Vec<f64> = first
        .iter()
        .map(|item| item["score"]["total"].as_f64().unwrap())
        .collect();
    assert_eq!(
        points,
        [44.0, 44.0, 40.0, 39.0, 34.0, 30.0, 30.0, 30.0, 30.0, 30.0]
    );

    decide_from_rows(&brigade, &first, &grave).await;
    a_ticket_that_lay_about_comes_first(&brigade, &office).await;
}

/// Its right to object lapses tomorrow, and makes nothing urgent: to tell the reporter there are days.
fn nothing_of_12345_is_urgent(all: &[Value]) {
    let of_12345: Vec<&Value> = all
        .iter()
        .filter(|item| item["channel"] == "hotline_12345")
        .collect();
    assert_eq!(of_12345.len(), OF_12345);
    assert!(all.iter().all(|item| item["urgent"] == false));
    let today = of_12345
        .iter()
        .find(|item| item["received_at"] == "2026-11-24T08:30:00+08:00");
    let today = today.unwrap();
    let running = |kind: &str, duty: &str, meaning: &str, due_on: &str, left: i64| {
        let expected = json!({
            "kind": kind, "duty": duty, "meaning": meaning, "due_on": due_on,
            "working_days_left": left, "overdue": false, "suspended": false,
        });
        assert_eq!(clock(today, kind), &expected);
    };
    running("objection", "brigade", "right", "2026-11-25", 1);
    running("notify", "brigade", "duty", "2026-12-01", 5);
    running("reply", "brigade", "duty", "2026-12-15", 15);
    assert_eq!(today["due_on"], "2026-12-01");
    // Of those that came on Friday the right is over, and no longer there.
    let friday = of_12345
        .iter()
        .find(|item| item["received_at"] == "2026-11-20T16:30:00+08:00");
    let kinds: Vec<&Value> = friday.unwrap()["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|clock| &clock["kind"])
        .collect();
    assert_eq!(kinds, ["notify", "reply"]);
}

fn rows_say_what_one_decides_from(all: &[Value], grave: &Grave) {
    let drums = item(all, &grave.hazardous[0]);
    assert_eq!(
        drums["opening"],
        "车库里堆着几十桶废机油，桶身渗漏，地面油污流向雨水口。"
    );
    assert_eq!(
        (&drums["address"], &drums["photos"], &drums["reachable"]),
        (&json!("五凤路18号地下车库"), &json!(1), &json!(true))
    );
    assert_eq!(
        (&drums["persons"], &drums["others"], &drums["repeats"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert_eq!(
        (&drums["competent_unit"], &drums["earlier"]),
        (&Value::Null, &Value::Null),
        "the bureau's own, and new"
    );
    assert_eq!(
        drums["score"],
        json!({ "total": 44.0, "risk": 40.0, "voices": 4.0, "rebound": 0.0, "source": 0.0, "elapsed": 0.0 })
    );
    assert_eq!(item(all, &grave.drinking)["reachable"], false);
    let superior = item(all, &grave.superior);
    assert_eq!(
        (&superior["external_no"], &superior["score"]["source"]),
        (&json!("MHZ-2026-17"), &json!(15.0))
    );
    let neighbour = item(all, &grave.barbecue[4]);
    assert_eq!(
        (
            &neighbour["persons"],
            &neighbour["others"],
            &neighbour["flags"]
        ),
        (&json!(5), &json!(4), &json!([])),
        "provisional links make no flag"
    );
    assert_eq!(
        (&neighbour["premises"], &neighbour["street_name"]),
        (&json!("老王烧烤"), &json!("东街街道"))
    );
    assert_eq!(
        neighbour["competent_unit"],
        json!({ "code": "dept_urban", "name": "区城市管理局" })
    );
    let earlier = &neighbour["earlier"];
    assert!(grave.barbecue[..4].iter().any(|n| earlier["number"] == **n));
    assert_eq!(
        (&earlier["rule"], &earlier["rule_name"]),
        (&json!("R4"), &json!("多人反映同一问题"))
    );
    let grounds = earlier["grounds"].to_string();
    assert!(grounds.contains("同为餐饮油烟"), "{grounds}");
    assert!(earlier["score"].as_f64().unwrap() > 0.5);
    assert_eq!(
        item(all, &grave.barbecue[0])["entry"],
        neighbour["entry"],
        "one matter"
    );
}

/// From the rows alone: the grave are accepted and visited at once, the barbecue goes to the unit its
/// rows name, and the next of a category is claimed by the list's own filters.
async fn decide_from_rows(brigade: &Actor, first: &[Value], grave: &Grave) {
    let claims = "/api/v1/triage/claims";
    let hazardous =
        json!({ "filters": { "category": "waste.hazardous", "state": "awaiting_acceptance" } });
    for number in &grave.hazardous {
        let claim = brigade.post(claims, hazardous.clone()).await.expect(201);
        assert_eq!(claim.text("/complaint/number"), *number);
    }
    brigade.post(claims, hazardous).await.expect(204);
    let nowhere = json!({ "filters": { "street": "350102004", "category": "sea.pollution" } });
    brigade.post(claims, nowhere).await.expect(204);
    for (filter, value) in [
        ("category", "fire"),
        ("street", "1"),
        ("link", "maybe"),
        ("state", "closed"),
    ] {
        let filters = json!({ "filters": { filter: value } });
        let refused = brigade
            .post(claims, filters)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(
            refused.body["items"][0]["location"],
            format!("filters.{filter}")
        );
    }

    let decide = |row: &Value| match row["competent_unit"]["code"].as_str() {
        Some(unit) => {
            json!({ "action": "transfer", "transfer_to": unit, "reason": "属该单位职责", "notice": "已转送主管部门办理" })
        }
        None => json!({ "action": "accept", "procedure": "enforcement_request" }),
    };
    let decisions: Vec<Value> = first
        .iter()
        .map(|row| json!({ "number": row["number"], "decision": decide(row) }))
        .collect();
    let decided = brigade
        .post("/api/v1/triage/decisions", json!({ "items": decisions }))
        .await
        .expect(200);
    let states: Vec<Value> = items(&decided.body)
        .into_iter()
        .map(|step| step["state"].clone())
        .collect();
    assert_eq!(states[..5], vec![json!("accepted"); 5]);
    assert_eq!(states[5..], vec![json!("transferred"); 5]);
    let orders: Vec<Value> = grave
        .hazardous
        .iter()
        .map(|number| json!({ "number": number, "order": { "instructions": "查看渗漏与去向" } }))
        .collect();
    let visits = brigade
        .post("/api/v1/verifications", json!({ "items": orders }))
        .await
        .expect(200);
    let visits = items(&visits.body);
    assert_eq!(
        visits.iter().map(|v| &v["complaint"]).collect::<Vec<_>>(),
        grave.hazardous.iter().collect::<Vec<_>>()
    );
    assert!(visits.iter().all(|v| v["due_on"] == "2026-11-27"));
    assert_eq!(whole_list(brigade, "").await.len(), 190);
}

/// A trifle whose time to tell the reporter is nearly over goes before all that is graver.
async fn a_ticket_that_lay_about_comes_first(brigade: &Actor, office: &Actor) {
    let late = json!({ "channel": "hotline_12345", "external_no": "L-1", "received_at": "2026-11-18T09:00:00+08:00",
        "complaint": { "category": "radiation.light", "description": "楼顶灯箱太亮" } });
    let late = office.post("/api/v1/intake", late).await.expect(201);
    let all = whole_list(brigade, "").await;
    let top = &all[0];
    assert_eq!(
        (&top["number"], &top["urgent"]),
        (&json!(late.text("/number")), &json!(true))
    );
    let notify = clock(top, "notify");
    assert_eq!(
        (&notify["due_on"], &notify["working_days_left"]),
        (&json!("2026-11-25"), &json!(1))
    );
    assert_eq!(top["score"]["elapsed"], json!(8.6), "6 of 7 days");
    assert_eq!(all.iter().filter(|i| i["urgent"] == true).count(), 1);
}

/// What was answered is due no more: not the complaint, not its entry, in no list; taken up again, it
/// is. An overdue duty says by how many working days.
async fn what_was_answered_is_due_no_more(world: World) {
    let brigade = world.brigade().await;
    let resident = world.signed_in_resident("13800001234").await;
    let filed = resident
        .post("/api/v1/complaints", fumes(Some("13800001234"), 0.0))
        .await
        .expect(201);
    let number = filed.text("/number");
    brigade.accept(&number).await;
    world.tell().await;
    let entry = format!("/api/v1/entries/{}", world.entry_of(&number));
    let due = async |brigade: &Actor, resident: &Actor| {
        let list = brigade.get("/api/v1/complaints").await.expect(200);
        let entry = brigade.get(&entry).await.expect(200);
        let own = resident.get("/api/v1/residents/me/complaints").await;
        [
            list.body["items"][0]["due_on"].clone(),
            entry.body["due_on"].clone(),
            own.expect(200).body["items"][0]["due_on"].clone(),
        ]
    };
    let last_day = ["2027-01-25", "2027-01-25", "2027-01-25"];
    assert_eq!(due(&brigade, &resident).await, last_day);
    let of = |what: &str| format!("/api/v1/complaints/{number}/{what}");
    let reply = json!({ "kind": "final", "text": "已责令安装净化设备" });
    brigade.post(&of("reply"), reply).await.expect(201);
    assert_eq!(
        due(&brigade, &resident).await,
        [Value::Null, Value::Null, Value::Null]
    );
    let again = json!({ "reason": "复查仍有油烟" });
    brigade.post(&of("reopening"), again).await.expect(200);
    assert_eq!(due(&brigade, &resident).await, last_day);

    let waiting = world.file(river(None)).await.text("/number");
    world.clock.advance(TimeDelta::days(17));
    let brigade = world.sign_in("brigade").await;
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    let rows = items(&queue.body);
    let notify = clock(item(&rows, &waiting), "notify");
    assert_eq!(
        (
            &notify["due_on"],
            &notify["working_days_left"],
            &notify["overdue"]
        ),
        (&json!("2026-12-09"), &json!(-2), &json!(true))
    );
}

/// The visit is of the matter: a newcomer's row says that somebody goes there already, and by when.
async fn a_row_tells_of_the_visit_under_way(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    brigade.accept(&first).await;
    let order = format!("/api/v1/complaints/{first}/verifications");
    let visit = brigade
        .post(&order, json!({}))
        .await
        .expect(201)
        .text("/id");
    let second = world
        .file(fumes(Some("13800000002"), 4.0))
        .await
        .text("/number");
    let row = async || {
        let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
        item(&items(&queue.body), &second).clone()
    };
    let newcomer = row().await;
    let running = clock(&newcomer, "visit");
    assert_eq!(
        (
            &running["due_on"],
            &running["duty"],
            &running["working_days_left"]
        ),
        (&json!("2026-11-27"), &json!("officer"), &json!(3))
    );
    assert_eq!(newcomer["earlier"]["state"], "in_progress");
    // The first is answered: nobody goes there any more, and nothing of that is due.
    let reply = json!({ "kind": "final", "text": "已整改" });
    brigade
        .post(&format!("/api/v1/complaints/{first}/reply"), reply)
        .await
        .expect(201);
    let called_off = brigade.get(&format!("/api/v1/verifications/{visit}")).await;
    assert_eq!(called_off.expect(200).text("/state"), "cancelled");
    let newcomer = row().await;
    let kinds: Vec<&Value> = newcomer["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|clock| &clock["kind"])
        .collect();
    assert_eq!(kinds, ["notify", "reply"]);
}

on_both!(
    two_hundred_items_are_decided_from_their_rows,
    what_was_answered_is_due_no_more,
    a_row_tells_of_the_visit_under_way,
);
