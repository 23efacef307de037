//! Writes that meet: each waits for the other at most, and neither is sent away.

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

on_both! {
    /// A decision on a link and a merge of its entry once locked complaint and entries the opposite
    /// way round, and PostgreSQL ended one of them.
    async fn a_match_decision_and_a_merge_wait_for_each_other(world) {
        let brigade = world.brigade().await;
        let (_, number, _, source) = linked(&world).await;
        world.resident().post("/api/v1/complaints", river(None)).await.expect(201);
        let (target, target_number): (Id, String) = world.db_read(|c| ledger_entry::table.order(ledger_entry::id.desc()).select((ledger_entry::id, ledger_entry::number)).first(c).unwrap());
        let let_go = hold(&world, "ledger_entry", target);
        let merge = later(&brigade, &format!("/api/v1/entries/{source}/merge"), json!({ "into": target_number, "reason": "同一问题" }));
        actix_web::rt::time::sleep(A_WHILE).await;
        let decide = later(&brigade, &format!("/api/v1/complaints/{number}/match-decision"), json!({ "decision": "reject" }));
        actix_web::rt::time::sleep(A_WHILE).await;
        let_go();
        let (merged, decided) = tokio::join!(merge, decide);
        merged.unwrap().expect(200);
        decided.unwrap().expect(200);
        let counts: Vec<(i32, i64)> = world.db_read(|c| {
            let entries: Vec<(Id, i32)> = ledger_entry::table.order(ledger_entry::id).select((ledger_entry::id, ledger_entry::complaint_count)).load(c).unwrap();
            entries.into_iter().map(|(id, count)| (count, complaint::table.filter(complaint::entry_id.eq(id)).count().get_result(c).unwrap())).collect()
        });
        assert_eq!(counts, [(0, 0), (2, 2), (1, 1)]);
    }
}

on_both! {
    /// Two complaints of one matter decided on at once: each recounts the entry and ranks the other.
    async fn decisions_on_one_matter_wait_for_each_other(world) {
        let (one, two) = (world.brigade().await, world.staff_named(dengwen::account::Role::Brigade, "brigade2").await);
        let (_, second, entry, _) = linked(&world).await;
        let first: String = world.db_read(|c| complaint::table.filter(complaint::entry_id.eq(entry)).order(complaint::id).select(complaint::number).first(c).unwrap());
        // Their ranks are stale, so that each decision writes the other's.
        world.db_read(|c| diesel::update(complaint::table).set(complaint::queue_rank.eq(0)).execute(c).unwrap());
        one.post("/api/v1/triage/claims", json!({ "number": first })).await.expect(201);
        two.post("/api/v1/triage/claims", json!({ "number": second })).await.expect(201);
        let let_go = hold(&world, "ledger_entry", entry);
        let returned = json!({ "action": "return", "reason": "请补充具体楼栋" });
        let a = later(&one, &format!("/api/v1/complaints/{first}/decision"), returned.clone());
        let b = later(&two, &format!("/api/v1/complaints/{second}/decision"), returned);
        actix_web::rt::time::sleep(A_WHILE).await;
        let_go();
        let (a, b) = tokio::join!(a, b);
        a.unwrap().expect(200);
        b.unwrap().expect(200);
    }
}
