//! The secret key: a wrong one, a weak one, a lost one, and changing it while the server serves.

use chrono::TimeDelta;
use dengwen::{
    account::Role,
    platform::{
        crypto::{self, Keys},
        db::{
            Id, JsonValue,
            schema::{filer_key, petitioner, record, resident, secret_key, sender_block_key},
        },
    },
    rotation,
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::{
    cli::{Ended, run, start},
    support::{
        Actor, World,
        bodies::{fumes, river},
    },
};

const KEY: &str = "DENGWEN_SECRET_KEY";
const OLD: &str = "DENGWEN_SECRET_KEY_OLD";

fn keys_command(world: &World, arguments: &[&str]) -> Ended {
    let arguments = [&["keys"], arguments].concat();
    run(
        world.dir.path(),
        &arguments,
        &world.operators_environment(),
        "",
    )
}

/// Runs it beside the server, which goes on answering meanwhile.
async fn keys_beside(world: &World, arguments: &[&str]) -> Ended {
    let folder = world.dir.path().to_owned();
    let arguments: Vec<String> = ["keys"]
        .iter()
        .chain(arguments)
        .map(|a| (*a).to_owned())
        .collect();
    let environment: Vec<(String, String)> = world
        .operators_environment()
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    let work = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        run(&folder, &arguments, &environment, "")
    };
    actix_web::web::block(work).await.unwrap()
}

async fn reporter_of(brigade: &Actor, number: &str) -> Value {
    let path = format!("/api/v1/complaints/{number}");
    let seen = brigade.get(&path).await.expect(200);
    seen.body["reporters"][0].clone()
}

async fn file(actor: &Actor, body: Value) -> String {
    let filed = actor.post("/api/v1/complaints", body).await;
    filed.expect(201).text("/number")
}

/// Every petitioner's sealed bytes and indexes.
fn petitioners(world: &World) -> Vec<(Option<Vec<u8>>, Vec<String>)> {
    let rows: Vec<(Option<Vec<u8>>, JsonValue)> = world.db_read(|c| {
        petitioner::table
            .order(petitioner::id)
            .select((petitioner::sealed, petitioner::person_keys))
            .load(c)
            .unwrap()
    });
    let read = |keys: JsonValue| serde_json::from_value(keys.0).unwrap();
    rows.into_iter().map(|(s, keys)| (s, read(keys))).collect()
}

/// A server with another key than the database's does not start, says which check failed and
/// names the keys, and leaves no trace: with the right key all is as before.
async fn a_wrong_key_refuses_to_start(world: World) {
    let brigade = world.brigade().await;
    let number = file(&world.resident(), fumes(Some("13812345678"), 0.0)).await;
    let right = world.configured(KEY).to_owned();
    let (_, wrong) = crypto::new_root_key();
    let name = crypto::KeyId::of(&crypto::parse_root_key(&right).unwrap()).to_string();
    let refusal = world.refusal_with(&[(KEY, &wrong)]);
    assert!(
        refusal.contains("not the key of this database") && refusal.contains(&name),
        "{refusal}"
    );
    assert!(
        !refusal.contains(&wrong) && !refusal.contains(&right),
        "a key in words"
    );
    // Neighbours: a stranger's former key beside a wrong one, and the pair the wrong way round.
    let (_, stranger) = crypto::new_root_key();
    assert!(
        world
            .refusal_with(&[(KEY, &wrong), (OLD, &stranger)])
            .contains("not the key")
    );
    assert!(
        world.refusal_with(&[(KEY, "")]).contains("no secret key"),
        "no key of its own is made"
    );
    let known: i64 = world.db_read(|c| secret_key::table.count().get_result(c).unwrap());
    assert_eq!(known, 1);
    assert_eq!(reporter_of(&brigade, &number).await["phone"], "138****5678");
}

/// A key that was changed for another is no key any more, nor may the former be left away
/// before everything is sealed anew.
async fn a_change_of_keys_is_not_half_done(world: World) {
    file(&world.resident(), river(Some("13812345678"))).await;
    let former = world.configured(KEY).to_owned();
    let (_, new) = crypto::new_root_key();
    let mut world = world;
    world.restart_on(&[(KEY, &new), (OLD, &former)]).await;
    assert!(
        world
            .refusal_with(&[(KEY, &former), (OLD, "")])
            .contains("was changed for key")
    );
    assert!(
        world
            .refusal_with(&[(OLD, "")])
            .contains("not sealed anew yet")
    );
    let (_, stranger) = crypto::new_root_key();
    assert!(
        world
            .refusal_with(&[(OLD, &stranger)])
            .contains("not sealed anew yet")
    );
    keys_command(&world, &["rotate"]).well();
    world.restart_with(OLD, "").await;
    assert!(
        world
            .refusal_with(&[(KEY, &former)])
            .contains("not the key")
    );
}

/// Keys change while the server serves: what was sealed opens, who spoke before is the same
/// person, a block still hits, and in the end nothing is left of the former key. The work is
/// broken off by a kill and in single batches, and goes on.
async fn keys_change_while_the_server_serves(world: World) {
    let brigade = world.brigade().await;
    let mut numbers = Vec::new();
    for at in 0..8 {
        let phone = format!("1381234000{at}");
        numbers.push(file(&world.resident(), river(Some(&phone))).await);
    }
    let own = world.signed_in_resident("13900000001").await;
    numbers.push(file(&own, fumes(None, 0.0)).await);
    let block = json!({ "number": numbers[0], "reason": "连续发送广告" });
    brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201);
    let corrected = numbers[1].clone();
    let path = format!("/api/v1/complaints/{corrected}");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": corrected }))
        .await;
    let version = brigade.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let change = json!({ "address": "东街口1号2座303室", "reason": "电话核实后更正地址" });
    let changed = brigade.patch_if(&path, version, change).await;
    assert!(
        changed.status == 200 || changed.status == 409 || changed.status == 422,
        "{changed:?}"
    );

    let former = world.configured(KEY).to_owned();
    let (root, new) = crypto::new_root_key();
    let mut world = world;
    world.restart_on(&[(KEY, &new), (OLD, &former)]).await;
    let brigade = world.sign_in("brigade").await;
    assert_eq!(
        reporter_of(&brigade, &numbers[1]).await["phone"],
        "138****0001"
    );
    let again = world.signed_in_resident("13900000001").await;
    assert_eq!(
        again
            .get("/api/v1/residents/me/complaints")
            .await
            .expect(200)
            .body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // Filed before, filed now, whichever key: one person, whose block holds.
    numbers.push(file(&world.resident(), river(Some("13812340001"))).await);
    let blocked = file(&world.resident(), fumes(Some("13812340000"), 900.0)).await;
    assert_eq!(
        brigade
            .get(&format!("/api/v1/complaints/{blocked}"))
            .await
            .expect(200)
            .body["hidden"],
        true
    );

    // Killed at once, then batch by batch beside a server that takes complaints.
    let mut child = start(
        world.dir.path(),
        &["keys", "rotate"],
        &world.operators_environment(),
    );
    child.kill().unwrap();
    child.wait().unwrap();
    for at in 0..4 {
        let batch = keys_beside(&world, &["rotate", "--batches", "1"]);
        let resident = world.resident();
        let filing = file(&resident, river(Some("13812340001")));
        let (ended, number) = futures_util::join!(batch, filing);
        let said = ended.well();
        assert!(at > 1 || said.contains("run it again"), "{said}");
        numbers.push(number);
    }
    let said = keys_beside(&world, &["rotate"]).await.well();
    assert!(
        said.contains("done:") && !said.contains("opened by no key"),
        "{said}"
    );
    assert!(keys_command(&world, &["status"]).well().contains("retired"));

    world.restart_with(OLD, "").await;
    let keys = Keys::derive(&root, &[]);
    let prefix = keys.seal_prefix();
    let mut after: Option<Id> = None;
    assert!(world.db_read(|c| rotation::leaves_indexes(c, &keys).unwrap()));
    loop {
        let keys = keys.clone();
        after = world
            .server
            .app
            .db
            .write(move |c| rotation::drop_indexes(c, &keys, after))
            .await
            .unwrap();
        if after.is_none() {
            break;
        }
    }
    assert!(!world.db_read(|c| rotation::leaves_indexes(c, &keys).unwrap()));
    let signers = petitioners(&world);
    assert_eq!(signers.len(), numbers.len() + 1);
    for (at, (sealed, indexes)) in signers.iter().enumerate() {
        assert!(sealed.as_ref().unwrap().starts_with(&prefix));
        let phone = match at {
            0..8 => format!("1381234000{at}"),
            8 => "13900000001".to_owned(),
            10 => "13812340000".to_owned(),
            _ => "13812340001".to_owned(),
        };
        assert_eq!(*indexes, [keys.blind_index("phone", &phone)], "{at}");
    }
    let residents: Vec<(String, Option<Vec<u8>>)> = world.db_read(|c| {
        resident::table
            .select((resident::phone_key, resident::sealed_phone))
            .load(c)
            .unwrap()
    });
    assert_eq!(residents[0].0, keys.blind_index("phone", "13900000001"));
    assert!(residents[0].1.as_ref().unwrap().starts_with(&prefix));
    let blocks: Vec<String> = world.db_read(|c| {
        sender_block_key::table
            .select(sender_block_key::key)
            .load(c)
            .unwrap()
    });
    assert_eq!(blocks, [keys.blind_index("phone", "13812340000")]);
    let sealed_history: Vec<JsonValue> = world.db_read(|c| {
        record::table
            .filter(record::event.eq("correct"))
            .select(record::detail)
            .load(c)
            .unwrap()
    });
    for detail in sealed_history {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let bytes = STANDARD
            .decode(detail.0["before"].as_str().unwrap())
            .unwrap();
        assert!(bytes.starts_with(&prefix));
    }
    let brigade = world.sign_in("brigade").await;
    assert_eq!(
        reporter_of(&brigade, &numbers[1]).await["phone"],
        "138****0001"
    );
    let again = world.signed_in_resident("13900000001").await;
    assert_eq!(
        again
            .get("/api/v1/residents/me/complaints")
            .await
            .expect(200)
            .body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let blocked = file(&world.resident(), river(Some("13812340000"))).await;
    assert_eq!(
        brigade
            .get(&format!("/api/v1/complaints/{blocked}"))
            .await
            .expect(200)
            .body["hidden"],
        true
    );
    // What was filed with a phone, before, meanwhile and after, is found by whoever proves it.
    let present = keys.blind_index("phone", "13812340001");
    let filed: Vec<String> =
        world.db_read(|c| filer_key::table.select(filer_key::key).load(c).unwrap());
    assert_eq!(filed.len(), signers.len() + 1, "one present index for each");
    assert_eq!(filed.iter().filter(|key| **key == present).count(), 6);
    let by_phone = world.signed_in_resident("13812340001").await;
    let own = by_phone.get("/api/v1/residents/me/complaints").await;
    let own = own.expect(200).body["items"].clone();
    assert_eq!(own.as_array().unwrap().len(), 6, "{own}");
}

/// The number of a complaint the office takes in under an upstream number that names its reporter.
async fn taken_in(office: &Actor, status: u16) -> String {
    let mut body = river(Some("13812340010"));
    body["reporter"]["name"] = json!("谯曦雯");
    let intake =
        json!({ "channel": "hotline_12345", "external_no": "谯曦雯-2", "complaint": body });
    let receipt = office.post("/api/v1/intake", intake).await;
    receipt.expect(status).text("/number")
}

/// The same person before and after the change is known by their petitions: the second report
/// of one matter by one phone is a repeat whichever key filed the first.
async fn one_person_stays_one_while_keys_change(world: World) {
    let first = file(&world.resident(), fumes(Some("13812340009"), 0.0)).await;
    let upstream = taken_in(&world.staff(Role::Office).await, 201).await;
    let former = world.configured(KEY).to_owned();
    let (_, new) = crypto::new_root_key();
    let mut world = world;
    world.restart_on(&[(KEY, &new), (OLD, &former)]).await;
    world.clock.advance(TimeDelta::days(3));
    let second = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13812340009"), 5.0))
        .await
        .expect(201);
    assert_eq!(
        taken_in(&world.sign_in("office").await, 200).await,
        upstream
    );
    keys_command(&world, &["rotate"]).well();
    world.restart_with(OLD, "").await;
    world.clock.advance(TimeDelta::days(3));
    let third = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13812340009"), 3.0))
        .await
        .expect(201);
    // An upstream number that names somebody is known under either key as well.
    assert_eq!(
        taken_in(&world.sign_in("office").await, 200).await,
        upstream
    );
    let brigade = world.brigade().await;
    let entry = |number: String| {
        let brigade = brigade.clone();
        async move {
            brigade
                .get(&format!("/api/v1/complaints/{number}"))
                .await
                .expect(200)
                .body["entry"]
                .clone()
        }
    };
    let at_first = entry(first).await;
    assert_eq!(entry(second.text("/number")).await, at_first);
    assert_eq!(entry(third.text("/number")).await, at_first);
}

/// A key that is lost takes the names with it and nothing else: the complaint is read without
/// its reporter, who is said to be unreadable, and the work goes on under a new key.
async fn a_lost_key_loses_the_names_alone(world: World) {
    let filed = file(&world.resident(), fumes(Some("13812345678"), 0.0)).await;
    let path = format!("/api/v1/complaints/{filed}");
    let brigade = world.brigade().await;
    let version = brigade.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let change = json!({ "address": "东街口1号2座", "reason": "电话核实后更正" });
    brigade.patch_if(&path, version, change).await.expect(200);
    let lost =
        crypto::KeyId::of(&crypto::parse_root_key(world.configured(KEY)).unwrap()).to_string();
    let (_, new) = crypto::new_root_key();
    keys_command(&world, &["forget", &lost]).refused("--lost-for-ever");
    keys_command(&world, &["forget", "00000000", "--lost-for-ever"]).refused("knows no key");
    keys_command(&world, &["forget", &lost, "--lost-for-ever"]).well();
    let mut world = world;
    world.restart_with(KEY, &new).await;
    let brigade = world.sign_in("brigade").await;
    let corrections = brigade
        .get(&format!("{path}/corrections"))
        .await
        .expect(200)
        .body;
    let correction = &corrections["corrections"][0];
    assert_eq!(
        (
            &correction["before"],
            &correction["unreadable"],
            &correction["by"]
        ),
        (&json!({}), &json!(true), &json!("brigade"))
    );
    assert_eq!(correction["reason"], dengwen::platform::sealed::UNREADABLE);
    let reporter = reporter_of(&brigade, &filed).await;
    assert_eq!(reporter["unreadable"], true);
    assert_eq!(reporter["phone"], Value::Null);
    let full = brigade
        .post(
            &format!("{path}/reporter/unmask"),
            json!({ "purpose": "contact", "reason": "电话回访核实情况" }),
        )
        .await
        .expect(200);
    assert_eq!(full.body["reporters"][0]["unreadable"], true);
    dengwen::jobs::run_due(&world.server.app).await.unwrap();
    let new_one = file(&world.resident(), fumes(Some("13812345678"), 0.0)).await;
    assert_eq!(
        reporter_of(&brigade, &new_one).await["phone"],
        "138****5678"
    );
}

/// A database without its key is not given another one, in development either; what belongs to
/// production is not served as a development database.
#[test]
fn no_second_key_is_made_for_a_database_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let listen = ("DENGWEN_LISTEN", "127.0.0.1:0");
    run(folder.path(), &["migrate"], &[listen], "").well();
    let file = folder.path().join("data/secret.key");
    let key = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    run(folder.path(), &["serve"], &[listen], "").refused("there is no secret key");
    assert!(!file.exists());
    let production = [
        listen,
        ("DENGWEN_MODE", "production"),
        ("DENGWEN_SMS_GATEWAY", "none"),
        (KEY, key.as_str()),
    ];
    run(folder.path(), &["migrate"], &production, "").well();
    run(
        folder.path(),
        &["serve"],
        &[listen, (KEY, key.as_str())],
        "",
    )
    .refused("serves in production");
    run(folder.path(), &["serve"], &[listen], "").refused("serves in production");
    assert!(!file.exists());
    for weak in [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSAxMjM=",
    ] {
        run(folder.path(), &["serve"], &[listen, (KEY, weak)], "").refused(KEY);
    }
}

on_both!(
    a_wrong_key_refuses_to_start,
    a_change_of_keys_is_not_half_done,
    keys_change_while_the_server_serves,
    one_person_stays_one_while_keys_change,
    a_lost_key_loses_the_names_alone,
);
