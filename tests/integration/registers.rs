//! Registers, told by the one of premises (场所): what is added is found by each of its filters, is
//! changed by whoever read it last, and says in its history what it was. Blocks of senders tell what
//! items do that hold for a term.

use dengwen::{
    account::{Role, Staff},
    platform::db::{Id, UtcTime, schema::premises},
    privacy::Scope,
    register::Table as _,
    registers::premises::Premises,
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{LAT, LON, river},
};

const LIST: &str = "/api/v1/premises";
const BLOCKS: &str = "/api/v1/sender-blocks";
/// The street of the drum tower, and one that it is not in.
const STREET: &str = "350102004";
const OTHER_STREET: &str = "350102001";
const USCC: &str = "91350102MA2XN1Y357";
const OTHER_USCC: &str = "91350102MA345K7C2Q";

fn barbecue() -> Value {
    json!({
        "name": "福州市鼓楼区老王烧烤店",
        "kind": "catering",
        "licence": "PW-350102-0001",
        "uscc": USCC,
        "address": "东街口1号",
        "location": { "lon": LON, "lat": LAT, "datum": "WGS84" },
        "aliases": ["王记烤串", "老王大排档"]
    })
}

fn site(name: &str) -> Value {
    json!({ "name": name, "kind": "construction_site" })
}

/// The names of a list, page by page of two.
async fn listed(actor: &Actor, filter: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{LIST}?limit=2{filter}{cursor}");
        let page = actor.get(&path).await.expect(200);
        let rows = page.body["items"].as_array().unwrap();
        names.extend(
            rows.iter()
                .map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

/// What is added lies where its position is, is read as it was sent, and is added once under one
/// key. Its address does not stand in the open.
async fn what_is_added_is_read(world: World) {
    let brigade = world.brigade().await;
    let made = brigade
        .post_once(LIST, "a-key", barbecue())
        .await
        .expect(201);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(path, format!("{LIST}/{}", made.text("/id")));
    let again = brigade
        .post_once(LIST, "a-key", barbecue())
        .await
        .expect(201);
    assert_eq!(made.body, again.body);
    assert_eq!(listed(&brigade, "").await.len(), 1);

    let read = brigade.get(&path).await.expect(200);
    assert_eq!(read.body, made.body);
    for (field, sent) in barbecue().as_object().unwrap() {
        assert_eq!(read.body[field], *sent, "{field}");
    }
    assert_eq!(read.text("/street"), STREET);
    assert!(read.text("/grid").starts_with(STREET));
    assert_eq!(
        (&read.body["version"], &read.body["withdrawn"]),
        (&json!(1), &json!(false))
    );
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let unchanged = brigade
        .send(Method::GET, &path, |r| r.header("if-none-match", &tag))
        .await;
    assert_eq!(unchanged.status, 304);
    let address: Option<String> =
        world.db_read(|c| premises::table.select(premises::address).first(c).unwrap());
    assert!(!address.unwrap().contains("东街口"));
    let odd = brigade.get(&format!("{LIST}/none")).await;
    odd.expect_problem(404, "not_found");
}

/// Each filter finds what it names; pages neither repeat nor leave out.
async fn each_filter_finds(world: World) {
    let office = world.staff(Role::Office).await;
    office.post(LIST, barbecue()).await.expect(201);
    for name in ["一号工地", "二号工地", "三号工地"] {
        office.post(LIST, site(name)).await.expect(201);
    }
    let barbecue = ["福州市鼓楼区老王烧烤店"];
    let sites = ["三号工地", "二号工地", "一号工地"];
    assert_eq!(listed(&office, "").await, [&sites[..], &barbecue].concat());
    assert_eq!(listed(&office, "&kind=construction_site").await, sites);
    for filter in [
        "name=老王烧烤",
        "name=王记烤串",
        "name=福州老王大排档",
        "kind=catering",
        "licence=PW-350102-0001",
        &format!("uscc={USCC}"),
        &format!("street={STREET}"),
    ] {
        assert_eq!(
            listed(&office, &format!("&{filter}")).await,
            barbecue,
            "{filter}"
        );
    }
    for filter in [
        "name=无名",
        "licence=0",
        "uscc=0",
        &format!("street={OTHER_STREET}"),
        "withdrawn=true",
    ] {
        let found = listed(&office, &format!("&{filter}")).await;
        assert!(found.is_empty(), "{filter}: {found:?}");
    }
    for wrong in ["kind=castle", "street=0", "colour=red", "limit=0"] {
        let refused = office.get(&format!("{LIST}?{wrong}")).await;
        refused.expect_problem(400, "bad_parameter");
    }
}

/// A further name said twice, in whatever width and with blanks around it, is kept once as it was said
/// first, and said again it changes nothing. What is called alike but for its company form are two names.
async fn a_further_name_said_twice_is_kept_once(world: World) {
    let brigade = world.brigade().await;
    let mut said = barbecue();
    said["aliases"] = json!([
        "ABC烤串",
        "老王大排档",
        " ＡＢＣ烤串\u{3000}",
        "abc烤串店",
        "老王大排档"
    ]);
    let made = brigade.post(LIST, said).await.expect(201);
    let once = json!(["ABC烤串", "老王大排档", "abc烤串店"]);
    assert_eq!(made.body["aliases"], once);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(brigade.get(&path).await.expect(200).body, made.body);
    let again = json!({ "aliases": ["ABC烤串", "老王大排档", "abc烤串店", "ａｂｃ烤串"] });
    let same = brigade.patch_if(&path, 1, again).await.expect(200);
    assert_eq!(same.body, made.body);
    let anew = json!({ "aliases": ["王记海鲜", "王记海鲜 "] });
    let changed = brigade.patch_if(&path, 1, anew).await.expect(200);
    assert_eq!(changed.body["aliases"], json!(["王记海鲜"]));
}

/// A change goes by what was read, is checked as what is new, and stays in the history; words that
/// are sealed do not stand in it.
async fn a_change_goes_by_what_was_read(world: World) {
    let brigade = world.brigade().await;
    let made = brigade.post(LIST, barbecue()).await.expect(201);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let change = json!({ "name": "老王海鲜", "aliases": ["王记海鲜"], "licence": null, "address": "西街2号" });
    let unconditional = brigade
        .send(Method::PATCH, &path, |r| r.json(&change))
        .await;
    unconditional.expect_problem(428, "precondition_required");
    let stale = brigade.patch_if(&path, 2, change.clone()).await;
    stale.expect_problem(412, "precondition_failed");
    world.clock.advance(chrono::TimeDelta::minutes(1));
    let changed = brigade.patch_if(&path, 1, change.clone()).await.expect(200);
    assert_eq!(changed.body["version"], 2);
    assert_eq!(changed.body["licence"], Value::Null);
    assert_eq!(changed.text("/uscc"), USCC);
    assert_eq!(brigade.get(&path).await.expect(200).body, changed.body);
    let late = brigade.patch_if(&path, 1, change.clone()).await;
    late.expect_problem(412, "precondition_failed");
    let same = brigade.patch_if(&path, 2, change).await.expect(200);
    assert_eq!(same.body, changed.body, "what changes nothing is no change");
    assert_eq!(listed(&brigade, "&name=王记烤串").await.len(), 0);
    assert_eq!(listed(&brigade, "&name=王记海鲜").await.len(), 1);

    let moved = json!({ "location": null });
    let moved = brigade.patch_if(&path, 2, moved).await.expect(200);
    assert_eq!(moved.body["street"], Value::Null);
    let gone = json!({ "withdrawn": true });
    brigade.patch_if(&path, 3, gone).await.expect(200);
    assert_eq!(listed(&brigade, "").await.len(), 0);
    assert_eq!(listed(&brigade, "&withdrawn=true").await.len(), 1);

    let history = brigade.get(&format!("{path}/history")).await.expect(200);
    let steps = history.body["items"].as_array().unwrap();
    let events: Vec<&Value> = steps.iter().map(|step| &step["event"]).collect();
    assert_eq!(events, ["add", "change", "change", "withdraw"]);
    assert_eq!(
        steps[1]["fields"],
        json!(["address", "aliases", "licence", "name"])
    );
    assert_eq!(steps[1]["was"]["name"], "福州市鼓楼区老王烧烤店");
    assert_eq!(steps[1]["was"]["licence"], "PW-350102-0001");
    assert_eq!(steps[1]["by"], "brigade");
    assert!(!history.body.to_string().contains("东街口"));
    let (made, changed): (UtcTime, UtcTime) = world.db_read(|c| {
        let times = premises::table.select((premises::created_at, premises::updated_at));
        times.first(c).unwrap()
    });
    assert!(changed > made);
}

/// Of two changes made at one moment by what both read, one is made and the other refused, and the
/// history tells of one.
async fn of_two_changes_at_once_one_is_made(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let made = brigade.post(LIST, barbecue()).await.expect(201);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    for version in 1..=8 {
        let change = |by: &str| json!({ "name": format!("老王{by}{version}"), "aliases": [by] });
        let (one, other) = tokio::join!(
            brigade.patch_if(&path, version, change("brigade")),
            office.patch_if(&path, version, change("office")),
        );
        let (done, refused) = if one.status == 200 {
            (one, other)
        } else {
            (other, one)
        };
        let done = done.expect(200);
        refused.expect_problem(412, "precondition_failed");
        assert_eq!(brigade.get(&path).await.expect(200).body, done.body);
        let history = brigade.get(&format!("{path}/history")).await.expect(200);
        let steps = history.body["items"].as_array().unwrap().len();
        assert_eq!(i64::try_from(steps).unwrap(), version + 1);
    }
}

/// A change of what somebody else changed meanwhile writes nothing, and so no further names either:
/// not even outside of a transaction that would take them back.
async fn a_change_that_came_late_writes_nothing(world: World) {
    let brigade = world.brigade().await;
    let made = brigade.post(LIST, barbecue()).await.expect(201);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let change = json!({ "aliases": ["王记海鲜"] });
    let changed = brigade.patch_if(&path, 1, change).await.expect(200);
    let office = Staff {
        id: Id::new(),
        username: "office".to_owned(),
        display_name: "office".to_owned(),
        role: Role::Office,
        unit_code: None,
        street_code: None,
        grid_code: None,
        session: Id::new(),
        must_enrol: false,
    };
    let (keys, scope) = (&world.server.app.keys, Scope::of(&office));
    let id = Id(made.text("/id").parse().unwrap());
    world.db_read(|conn| {
        let found = Premises::find(conn, keys, &scope, id).unwrap();
        let mut late = found.unwrap();
        late.body.aliases = vec!["老王夜宵".to_owned()];
        assert!(!Premises::update(conn, keys, &late, 1).unwrap());
    });
    assert_eq!(brigade.get(&path).await.expect(200).body, changed.body);
    assert_eq!(listed(&brigade, "&name=老王夜宵").await.len(), 0);
}

/// A block is read alone with its tag and its history, and by whoever may write it; of two who
/// lift it at one moment one does. Its complaint's history tells of both steps.
async fn what_holds_for_a_term_is_lifted_once(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let resident = world.resident();
    let spam = resident.post("/api/v1/complaints", river(Some("13800000666")));
    let number = spam.await.expect(201).text("/number");
    let block = json!({ "number": number, "reason": "连续发送广告" });
    let made = brigade.post_once(BLOCKS, "a-key", block.clone()).await;
    let made = made.expect(201);
    let again = brigade.post_once(BLOCKS, "a-key", block).await.expect(201);
    assert_eq!(again.body, made.body);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let read = office.get(&path).await.expect(200);
    assert_eq!(read.body, made.body);
    assert_eq!(
        (read.text("/number"), read.text("/created_by")),
        (number.clone(), "brigade".to_owned())
    );
    let tag = read.headers["etag"].to_str().unwrap();
    assert!(tag.starts_with("\"1-"), "{tag}");
    let leader = world.staff(Role::Leader).await;
    leader.get(&path).await.expect_problem(403, "forbidden");

    let lift = format!("{path}/lifting");
    let unsaid = office.post(&lift, json!({ "reason": " " })).await;
    unsaid.expect_problem(422, "invalid");
    let (one, other) = tokio::join!(
        brigade.post(&lift, json!({ "reason": "核实为误判" })),
        office.post(&lift, json!({ "reason": "核实为误判" })),
    );
    let (done, refused) = if one.status == 200 {
        (one, other)
    } else {
        (other, one)
    };
    let done = done.expect(200);
    refused.expect_problem(410, "gone");
    assert_eq!(done.body["lifted_at"], "2026-11-24T10:00:00+08:00");
    let list = office.get(BLOCKS).await.expect(200);
    assert_eq!(list.body["items"], json!([done.body]));

    let history = office.get(&format!("{path}/history")).await.expect(200);
    let said = |of: &str| -> Vec<String> {
        let steps = history.body["items"].as_array().unwrap().iter();
        let texts = steps.map(|step| step[of].as_str().unwrap().to_owned());
        texts.collect()
    };
    assert_eq!(said("event"), ["add", "lift"]);
    assert_eq!(said("reason"), ["连续发送广告", "核实为误判"]);
    let complaint = brigade.get(&format!("/api/v1/complaints/{number}")).await;
    let steps = complaint.expect(200).body["history"].clone();
    for event in ["block_sender", "lift_sender_block"] {
        let mut steps = steps.as_array().unwrap().iter();
        assert!(
            steps.any(|step| step["event"] == event),
            "{event}: {steps:?}"
        );
    }
}

/// Every field that is wrong is named, in what is new and in what is changed.
async fn every_wrong_field_is_named(world: World) {
    let brigade = world.brigade().await;
    let wrong = json!({
        "name": "　",
        "kind": "catering",
        "licence": "9".repeat(65),
        "uscc": "91350102MA2XN1Y358",
        "address": "东".repeat(201),
        "location": { "lon": 116.4, "lat": 39.9, "datum": "WGS84" },
        "aliases": [" "]
    });
    let named = ["address", "aliases", "licence", "location", "name", "uscc"];
    let fields = |reply: &crate::support::Reply| -> Vec<String> {
        let items = reply.body["items"].as_array().unwrap().iter();
        let mut fields: Vec<String> = items
            .map(|item| item["location"].as_str().unwrap().to_owned())
            .collect();
        fields.sort();
        fields
    };
    let refused = brigade.post(LIST, wrong.clone()).await;
    assert_eq!(fields(&refused.expect_problem(422, "invalid")), named);
    let made = brigade.post(LIST, barbecue()).await.expect(201);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let refused = brigade.patch_if(&path, 1, wrong).await;
    assert_eq!(fields(&refused.expect_problem(422, "invalid")), named);
    for misshapen in [
        json!({ "name": null }),
        json!({ "kind": "castle" }),
        json!({ "colour": "red" }),
        json!({ "location": { "lon": LON, "lat": LAT } }),
    ] {
        let refused = brigade.patch_if(&path, 1, misshapen).await;
        refused.expect_problem(400, "malformed_request");
    }
    assert_eq!(brigade.get(&path).await.expect(200).body, made.body);
}

/// Of those that stand, one has a code; one that was withdrawn leaves it to another.
async fn one_has_a_code(world: World) {
    let brigade = world.brigade().await;
    let first = brigade.post(LIST, barbecue()).await.expect(201);
    let first = first.headers["location"].to_str().unwrap().to_owned();
    let mut spelled = barbecue();
    spelled["uscc"] = json!(USCC.to_lowercase());
    let refused = brigade.post(LIST, spelled.clone()).await;
    refused.expect_problem(409, "already_exists");
    spelled["uscc"] = json!(OTHER_USCC);
    let second = brigade.post(LIST, spelled.clone()).await.expect(201);
    let second = second.headers["location"].to_str().unwrap().to_owned();
    let taken = brigade.patch_if(&second, 1, json!({ "uscc": USCC })).await;
    taken.expect_problem(409, "already_exists");
    brigade
        .patch_if(&first, 1, json!({ "withdrawn": true }))
        .await
        .expect(200);
    brigade
        .patch_if(&second, 1, json!({ "uscc": USCC }))
        .await
        .expect(200);
    let back = brigade
        .patch_if(&first, 2, json!({ "withdrawn": false }))
        .await;
    back.expect_problem(409, "already_exists");
}

/// Brigade and office write; sections and leaders read all, a street what lies in it: in the list,
/// alone, and in the history.
async fn who_reads_and_writes(world: World) {
    let brigade = world.brigade().await;
    let here = brigade.post(LIST, barbecue()).await.expect(201);
    let here = here.headers["location"].to_str().unwrap().to_owned();
    let nowhere = brigade.post(LIST, site("一号工地")).await.expect(201);
    let nowhere = nowhere.headers["location"].to_str().unwrap().to_owned();
    for role in [Role::Section, Role::Leader] {
        let reader = world.staff(role).await;
        assert_eq!(listed(&reader, "").await.len(), 2);
        reader.get(&nowhere).await.expect(200);
        let refused = reader.post(LIST, barbecue()).await;
        refused.expect_problem(403, "forbidden");
        let refused = reader.patch_if(&here, 1, json!({ "licence": null })).await;
        refused.expect_problem(403, "forbidden");
    }
    let own = world.street("own", STREET).await;
    assert_eq!(listed(&own, "").await, ["福州市鼓楼区老王烧烤店"]);
    own.get(&here).await.expect(200);
    own.get(&format!("{here}/history")).await.expect(200);
    let other = world.street("other", OTHER_STREET).await;
    assert_eq!(listed(&other, &format!("&street={STREET}")).await.len(), 0);
    for (street, path) in [(&own, &nowhere), (&other, &here)] {
        for path in [path.clone(), format!("{path}/history")] {
            street.get(&path).await.expect_problem(404, "not_found");
        }
    }
    let officer = world.officer("officer", "35010200400301").await;
    officer.get(LIST).await.expect_problem(403, "forbidden");
}

on_both!(
    what_is_added_is_read,
    each_filter_finds,
    a_further_name_said_twice_is_kept_once,
    a_change_goes_by_what_was_read,
    of_two_changes_at_once_one_is_made,
    a_change_that_came_late_writes_nothing,
    what_holds_for_a_term_is_lifted_once,
    every_wrong_field_is_named,
    one_has_a_code,
    who_reads_and_writes,
);
