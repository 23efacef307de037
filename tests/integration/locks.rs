//! Writes that meet: each waits for the other at most, neither is sent away, and what came between
//! a look and its lock is not overlooked.

use std::time::Duration;

use dengwen::platform::db::{
    Connection, Id,
    schema::{complaint, ledger_entry},
};
use diesel::{connection::SimpleConnection, prelude::*};
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
    facts,
};

/// Long enough for a write to come as far as it can while a lock is held.
const A_WHILE: Duration = Duration::from_millis(400);

/// Holds a row of a table from outside until the returned connection commits. On SQLite there is
/// one writer, so nothing can be held.
fn hold(world: &World, table: &str, id: Id) -> impl FnOnce() + use<> {
    let mut held = world.server.app.db.blocking().unwrap();
    if let Connection::Postgres(c) = &mut *held {
        let sql = format!(
            "BEGIN; SELECT 1 FROM {table} WHERE id = '{}' FOR UPDATE",
            id.0
        );
        c.batch_execute(&sql).unwrap();
    }
    move || {
        if let Connection::Postgres(c) = &mut *held {
            c.batch_execute("COMMIT").unwrap();
        }
    }
}

/// A request that runs while the story goes on.
fn later(actor: &Actor, path: &str, body: Value) -> actix_web::rt::task::JoinHandle<Reply> {
    let (actor, path) = (actor.clone(), path.to_owned());
    actix_web::rt::spawn(async move { actor.post(&path, body).await })
}

/// Files a complaint, and one more that is linked to it provisionally; answers the second.
async fn linked(world: &World) -> (Id, String, Id, String) {
    world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000001"), 0.0))
        .await
        .expect(201);
    let number = world
        .resident()
        .post("/api/v1/complaints", fumes(Some("13800000002"), 3.0))
        .await
        .expect(201)
        .text("/number");
    world.db_read(|c| {
        let (id, entry): (Id, Id) = complaint::table
            .filter(complaint::number.eq(&number))
            .select((complaint::id, complaint::entry_id))
            .first(c)
            .unwrap();
        let entry_number = ledger_entry::table
            .find(entry)
            .select(ledger_entry::number)
            .first(c)
            .unwrap();
        (id, number.clone(), entry, entry_number)
    })
}

/// A decision on a link and a merge of its entry once locked complaint and entries the opposite
/// way round, and PostgreSQL ended one of them.
async fn a_match_decision_and_a_merge_wait_for_each_other(world: World) {
    let brigade = world.brigade().await;
    let (_, number, _, source) = linked(&world).await;
    world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let (target, target_number): (Id, String) = world.db_read(|c| {
        ledger_entry::table
            .order(ledger_entry::id.desc())
            .select((ledger_entry::id, ledger_entry::number))
            .first(c)
            .unwrap()
    });
    let let_go = hold(&world, "ledger_entry", target);
    let merge = later(
        &brigade,
        &format!("/api/v1/entries/{source}/merge"),
        json!({ "into": target_number, "reason": "同一问题" }),
    );
    actix_web::rt::time::sleep(A_WHILE).await;
    let decide = later(
        &brigade,
        &format!("/api/v1/complaints/{number}/match-decision"),
        json!({ "decision": "reject" }),
    );
    actix_web::rt::time::sleep(A_WHILE).await;
    let_go();
    let (merged, decided) = tokio::join!(merge, decide);
    merged.unwrap().expect(200);
    decided.unwrap().expect(200);
    let counts: Vec<(i32, i64)> = world.db_read(|c| {
        let entries: Vec<(Id, i32)> = ledger_entry::table
            .order(ledger_entry::id)
            .select((ledger_entry::id, ledger_entry::complaint_count))
            .load(c)
            .unwrap();
        entries
            .into_iter()
            .map(|(id, count)| {
                (
                    count,
                    complaint::table
                        .filter(complaint::entry_id.eq(id))
                        .count()
                        .get_result(c)
                        .unwrap(),
                )
            })
            .collect()
    });
    assert_eq!(counts, [(0, 0), (2, 2), (1, 1)]);
}

/// Two complaints of one matter decided on at once: each recounts the entry and ranks the other.
async fn decisions_on_one_matter_wait_for_each_other(world: World) {
    let (one, two) = (
        world.brigade().await,
        world
            .staff_named(dengwen::account::Role::Brigade, "brigade2")
            .await,
    );
    let (_, second, entry, _) = linked(&world).await;
    let first: String = world.db_read(|c| {
        complaint::table
            .filter(complaint::entry_id.eq(entry))
            .order(complaint::id)
            .select(complaint::number)
            .first(c)
            .unwrap()
    });
    // Their ranks are stale, so that each decision writes the other's.
    world.db_read(|c| {
        diesel::update(complaint::table)
            .set(complaint::queue_rank.eq(0))
            .execute(c)
            .unwrap()
    });
    one.post("/api/v1/triage/claims", json!({ "number": first }))
        .await
        .expect(201);
    two.post("/api/v1/triage/claims", json!({ "number": second }))
        .await
        .expect(201);
    let let_go = hold(&world, "ledger_entry", entry);
    let returned = json!({ "action": "return", "reason": "请补充具体楼栋" });
    let a = later(
        &one,
        &format!("/api/v1/complaints/{first}/decision"),
        returned.clone(),
    );
    let b = later(
        &two,
        &format!("/api/v1/complaints/{second}/decision"),
        returned,
    );
    actix_web::rt::time::sleep(A_WHILE).await;
    let_go();
    let (a, b) = tokio::join!(a, b);
    a.unwrap().expect(200);
    b.unwrap().expect(200);
}

/// Splitting a letter: it once held the letter while its parts asked for the locks of intake, and
/// PostgreSQL ended one of the two many times a minute.
async fn split_letters_and_newcomers_wait_for_each_other(world: World) {
    let mut splitters = Vec::new();
    for n in 0..4 {
        splitters.push(
            world
                .staff_named(dengwen::account::Role::Brigade, &format!("brigade{n}"))
                .await,
        );
    }
    let part = |metres: f64| {
        let body = fumes(None, metres);
        json!({ "category": body["category"], "description": body["description"], "premises": body["premises"], "location": body["location"] })
    };
    let split = |brigade: Actor, n: usize| {
        let (resident, phone) = (world.resident(), format!("1380000100{n}"));
        async move {
            for round in 0..4 {
                let letter = resident
                    .post("/api/v1/complaints", fumes(Some(&phone), f64::from(round)))
                    .await
                    .expect(201)
                    .text("/number");
                let body = json!({ "action": "split", "reason": "一信多诉", "parts": [part(2.0), part(400.0), part(5.0)] });
                brigade
                    .post("/api/v1/triage/claims", json!({ "number": letter }))
                    .await
                    .expect(201);
                brigade
                    .post(
                        &format!("/api/v1/complaints/{letter}/decision"),
                        body.clone(),
                    )
                    .await
                    .expect(200);
                let items = json!({ "items": [{ "number": letter, "decision": body }] });
                brigade
                    .post("/api/v1/triage/decisions", items)
                    .await
                    .expect(200);
            }
        }
    };
    let submit = |n: usize| {
        let (resident, phone) = (world.resident(), format!("1380000200{n}"));
        async move {
            for round in 0..10 {
                let metres = if round % 2 == 0 { 3.0 } else { 401.0 };
                resident
                    .post("/api/v1/complaints", fumes(Some(&phone), metres))
                    .await
                    .expect(201);
            }
        }
    };
    let splits = splitters
        .into_iter()
        .zip(0..)
        .map(|(brigade, n)| split(brigade, n));
    let submits = (0..8).map(submit);
    tokio::join!(
        futures_util::future::join_all(splits),
        futures_util::future::join_all(submits)
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
    assert_eq!(facts::deadlocks(&world), 0);
}

fn entry_of(world: &World, number: &str) -> (Id, String) {
    world.db_read(|c| {
        complaint::table
            .inner_join(ledger_entry::table)
            .filter(complaint::number.eq(number))
            .select((ledger_entry::id, ledger_entry::number))
            .first(c)
            .unwrap()
    })
}

/// Starts writes one after another while an entry is held, so that each has looked before it waits,
/// and lets them go on in that order; answers what they were answered.
async fn while_held<const N: usize>(
    world: &World,
    entry: Id,
    writes: [(Actor, String, Value); N],
) -> Vec<Reply> {
    let let_go = hold(world, "ledger_entry", entry);
    let mut waiting = Vec::new();
    for (actor, path, body) in writes {
        waiting.push(later(&actor, &path, body));
        actix_web::rt::time::sleep(A_WHILE).await;
    }
    let_go();
    let answers = futures_util::future::join_all(waiting).await;
    answers.into_iter().map(Result::unwrap).collect()
}

/// A report that arrives while a merge is undone goes where its partner goes, and one that
/// arrives while its partner's entry is merged does as well.
async fn a_newcomer_follows_its_partner(world: World) {
    let brigade = world.brigade().await;
    let a = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let b = world.file(river(Some("13800000003"))).await.text("/number");
    let ((_, source), (target, into)) = (entry_of(&world, &a), entry_of(&world, &b));
    let merge = (
        brigade.clone(),
        format!("/api/v1/entries/{source}/merge"),
        json!({ "into": into, "reason": "同一问题" }),
    );
    let newcomer = |n: u32| {
        (
            world.resident(),
            "/api/v1/complaints".to_owned(),
            fumes(Some(&format!("1380000010{n}")), 3.0),
        )
    };
    let answers = while_held(&world, entry_of(&world, &a).0, [merge, newcomer(1)]).await;
    let merged = answers[0].text("/merge_id");
    assert_eq!(entry_of(&world, &answers[1].text("/number")).0, target);
    let undo = (
        brigade.clone(),
        format!("/api/v1/merges/{merged}/undo"),
        json!({ "reason": "两回事" }),
    );
    let answers = while_held(&world, target, [undo, newcomer(2)]).await;
    assert_eq!(answers[0].status, 200, "{}", answers[0].body);
    assert_eq!(entry_of(&world, &answers[1].text("/number")).1, source);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A repeat that arrives while what it repeats is withdrawn repeats nothing.
async fn nobody_repeats_what_is_withdrawn_this_moment(world: World) {
    let lead = world.file(fumes(Some("13800000001"), 0.0)).await;
    let (entry, number) = entry_of(&world, &lead.text("/number"));
    let withdraw = (
        world.resident(),
        format!(
            "/api/v1/tracking/{}/withdrawal",
            lead.text("/tracking_code")
        ),
        json!({}),
    );
    let again = (
        world.resident(),
        "/api/v1/complaints".to_owned(),
        fumes(Some("13800000001"), 3.0),
    );
    let answers = while_held(&world, entry, [withdraw, again]).await;
    assert_eq!(answers[0].status, 200, "{}", answers[0].body);
    assert_ne!(entry_of(&world, &answers[1].text("/number")).1, number);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A returned complaint is completed while its entry is merged; a link is confirmed while the
/// target is merged; a proposal waits for the merge that takes its entry away.
async fn whoever_waits_for_a_merge_sees_it(world: World) {
    let brigade = world.brigade().await;
    let returned = world.file(fumes(Some("13800000001"), 0.0)).await;
    let number = returned.text("/number");
    let decision = json!({ "items": [{ "number": number, "decision": { "action": "return", "reason": "请补充具体楼栋" } }] });
    brigade
        .post("/api/v1/triage/decisions", decision)
        .await
        .expect(200);
    let linked = world
        .file(fumes(Some("13800000002"), 3.0))
        .await
        .text("/number");
    let other = world.file(river(None)).await.text("/number");
    let ((source_id, source), (target, into)) =
        (entry_of(&world, &number), entry_of(&world, &other));
    let answers = while_held(
        &world,
        source_id,
        [
            (
                brigade.clone(),
                format!("/api/v1/entries/{source}/merge"),
                json!({ "into": into, "reason": "同一问题" }),
            ),
            (
                world.resident(),
                format!(
                    "/api/v1/tracking/{}/supplements",
                    returned.text("/tracking_code")
                ),
                json!({ "text": "三号楼", "new_facts": false }),
            ),
            (
                brigade.clone(),
                format!("/api/v1/complaints/{linked}/match-decision"),
                json!({ "decision": "confirm" }),
            ),
            (
                brigade.clone(),
                format!("/api/v1/entries/{source}/proposal"),
                json!({ "reason": "多次投诉" }),
            ),
        ],
    )
    .await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 201, 200, 409]);
    for number in [&number, &linked, &other] {
        assert_eq!(entry_of(&world, number).0, target);
    }
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

on_both!(
    a_match_decision_and_a_merge_wait_for_each_other,
    decisions_on_one_matter_wait_for_each_other,
    split_letters_and_newcomers_wait_for_each_other,
    a_newcomer_follows_its_partner,
    nobody_repeats_what_is_withdrawn_this_moment,
    whoever_waits_for_a_merge_sees_it,
);
