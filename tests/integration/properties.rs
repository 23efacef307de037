//! Properties that hold over sequences nobody wrote by hand: merging and undoing, paging while
//! rows come. The sequences are drawn from seeds, so a failure names the seed that repeats it.

use dengwen::platform::db::{
    Id,
    schema::{complaint, ledger_entry},
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{World, bodies::fumes};

/// A small generator (SplitMix64): the same seed gives the same sequence everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

/// A complaint about fumes somewhere in the district, by somebody or nobody.
fn somewhere(draw: &mut Draw) -> Value {
    let phone = format!("1380000{:04}", draw.below(4));
    let mut body = fumes(Some(phone.as_str()).filter(|_| draw.below(3) > 0), 0.0);
    body["premises"] = Value::Null;
    body["location"]["lon"] = json!(119.283 + 0.004 * draw.below(6) as f64);
    body["location"]["lat"] = json!(26.078 + 0.004 * draw.below(6) as f64);
    body
}

type Links = Vec<(Id, Id, String, Option<String>, Option<Id>, String)>;
type Counts = Vec<(
    Id,
    String,
    Option<Id>,
    i32,
    i32,
    i32,
    (i32, i32),
    bool,
    bool,
    Option<chrono::NaiveDate>,
)>;

/// Everything a merge changes.
fn ledger(world: &World) -> (Links, Counts) {
    world.db_read(|c| {
        let links = complaint::table
            .order(complaint::id)
            .select((
                complaint::id,
                complaint::entry_id,
                complaint::link,
                complaint::link_rule,
                complaint::repeat_of,
                complaint::state,
            ))
            .load(c)
            .unwrap();
        let counts = ledger_entry::table
            .order(ledger_entry::id)
            .select((
                ledger_entry::id,
                ledger_entry::state,
                ledger_entry::merged_into,
                ledger_entry::complaint_count,
                ledger_entry::distinct_reporters,
                ledger_entry::duplicate_count,
                (ledger_entry::repeat_count, ledger_entry::renewed_count),
                ledger_entry::strong_concern,
                ledger_entry::collective_visit,
                ledger_entry::due_on,
            ))
            .load(c)
            .unwrap();
        (links, counts)
    })
}

fn numbers(world: &World) -> Vec<String> {
    world.db_read(|c| {
        ledger_entry::table
            .order(ledger_entry::id)
            .select(ledger_entry::number)
            .load(c)
            .unwrap()
    })
}

/// Whatever was merged into whatever, in whatever order: taking the merges back, the last one
/// first, restores every state in between exactly, and no complaint ever loses its number.
async fn undoing_merges_restores_every_state(world: World) {
    let brigade = world.brigade().await;
    for seed in 0..4 {
        let mut draw = Draw(seed);
        for _ in 0..7 {
            world
                .resident()
                .post("/api/v1/complaints", somewhere(&mut draw))
                .await
                .expect(201);
        }
        let entries = numbers(&world);
        let mut done: Vec<(String, (Links, Counts))> = Vec::new();
        for _ in 0..14 {
            let (from, into) = (draw.below(entries.len()), draw.below(entries.len()));
            let before = ledger(&world);
            let body = json!({ "into": entries[into], "reason": "同一问题" });
            let reply = brigade
                .post(&format!("/api/v1/entries/{}/merge", entries[from]), body)
                .await;
            if reply.status == 200 {
                assert_ne!(from, into, "seed {seed}");
                assert_eq!(ledger(&world).0.len(), before.0.len(), "seed {seed}");
                done.push((reply.text("/merge_id"), before));
            } else {
                let reply = reply.expect_problem(409, "merge_refused");
                assert_eq!(
                    ledger(&world),
                    before,
                    "seed {seed}: refused {}",
                    reply.body
                );
            }
            if draw.below(3) == 0
                && let Some((merge, before)) = done.pop()
            {
                brigade
                    .post(
                        &format!("/api/v1/merges/{merge}/undo"),
                        json!({ "reason": "并错" }),
                    )
                    .await
                    .expect(200);
                assert_eq!(ledger(&world), before, "seed {seed}: undone at once");
            }
        }
        assert!(!done.is_empty(), "seed {seed} merged nothing");
        for (merge, before) in done.into_iter().rev() {
            let undo = format!("/api/v1/merges/{merge}/undo");
            brigade
                .post(&undo, json!({ "reason": "并错" }))
                .await
                .expect(200);
            assert_eq!(ledger(&world), before, "seed {seed}");
            brigade
                .post(&undo, json!({ "reason": "并错" }))
                .await
                .expect_problem(409, "undo_refused");
        }
    }
}

/// Whatever is merged and whatever comes between: at every step of undoing, a newcomer stands in
/// the entry of the complaint it was linked to, and each entry's counter is its complaints'.
async fn newcomers_stay_with_their_partners(world: World) {
    let brigade = world.brigade().await;
    for seed in 40..43 {
        let mut draw = Draw(seed);
        let bodies: Vec<Value> = (0..5).map(|_| somewhere(&mut draw)).collect();
        for body in &bodies {
            world
                .resident()
                .post("/api/v1/complaints", body.clone())
                .await
                .expect(201);
        }
        let first = ledger(&world);
        let there: Vec<Id> = first.0.iter().map(|row| row.0).collect();
        let mut merges = Vec::new();
        let mut linked = 0;
        for _ in 0..14 {
            if draw.below(2) == 0 {
                let mut body = bodies[draw.below(bodies.len())].clone();
                body["reporter"] = json!({ "phone": format!("1390000{:04}", draw.below(10_000)) });
                world
                    .resident()
                    .post("/api/v1/complaints", body)
                    .await
                    .expect(201);
            } else {
                let entries = numbers(&world);
                let (from, into) = (draw.below(entries.len()), draw.below(entries.len()));
                let body = json!({ "into": entries[into], "reason": "同一问题" });
                let reply = brigade
                    .post(&format!("/api/v1/entries/{}/merge", entries[from]), body)
                    .await;
                merges.extend((reply.status == 200).then(|| reply.text("/merge_id")));
            }
        }
        assert!(!merges.is_empty(), "seed {seed} merged nothing");
        for merge in merges.into_iter().rev() {
            brigade
                .post(
                    &format!("/api/v1/merges/{merge}/undo"),
                    json!({ "reason": "并错" }),
                )
                .await
                .expect(200);
            let (links, counts) = ledger(&world);
            let entry_of = |id: &Id| links.iter().find(|row| row.0 == *id).map(|row| row.1);
            for (id, entry, link, _, partner, _) in
                links.iter().filter(|row| !there.contains(&row.0))
            {
                if link == "provisional" {
                    assert_eq!(
                        partner.as_ref().and_then(entry_of),
                        Some(*entry),
                        "seed {seed}: {id:?}"
                    );
                    linked += 1;
                }
            }
            for (entry, _, _, count, ..) in &counts {
                assert_eq!(
                    links.iter().filter(|row| row.1 == *entry).count(),
                    usize::try_from(*count).unwrap(),
                    "seed {seed}"
                );
            }
        }
        assert!(linked > 0, "seed {seed} linked nobody");
        let mut last = ledger(&world).0;
        last.retain(|row| there.contains(&row.0));
        assert_eq!(last, first.0, "seed {seed}");
    }
}

/// How a step is undone, what was before it, and which entries there were.
type Undoing = (String, Value, (Links, Counts), Vec<Id>);

/// What an undoing must bring back, without the clues opened since: their numbers are used up.
fn among(ledger: &(Links, Counts), there: &[Id]) -> (Links, Counts) {
    let counts = ledger.1.iter().filter(|row| there.contains(&row.0));
    (ledger.0.clone(), counts.cloned().collect())
}

/// Whatever was confirmed, rejected and merged, in whatever order: undone in reverse, entries,
/// links, counters and due dates are as they were, at every step.
async fn undoing_decisions_and_merges_restores_every_state(world: World) {
    let brigade = world.brigade().await;
    for seed in 20..24 {
        let mut draw = Draw(seed);
        for _ in 0..8 {
            let mut body = somewhere(&mut draw);
            body["location"]["lon"] = json!(119.283 + 0.004 * draw.below(2) as f64);
            body["location"]["lat"] =
                json!(26.078 + 0.0004 * (draw.below(3) as f64 + seed as f64 - 20.0));
            if draw.below(2) == 0 {
                body["premises"] = json!("老王烧烤");
            }
            world
                .resident()
                .post("/api/v1/complaints", body)
                .await
                .expect(201);
        }
        let mut done: Vec<Undoing> = Vec::new();
        for _ in 0..24 {
            let before = ledger(&world);
            let there: Vec<Id> = before.1.iter().map(|row| row.0).collect();
            let complaints: Vec<String> = world.db_read(|c| {
                complaint::table
                    .order(complaint::id)
                    .select(complaint::number)
                    .load(c)
                    .unwrap()
            });
            let number = &complaints[draw.below(complaints.len())];
            let decide = format!("/api/v1/complaints/{number}/match-decision");
            let undo = (decide.clone(), json!({ "decision": "undo" }));
            let (reply, undo) = match draw.below(4) {
                0 => {
                    let entries = numbers(&world);
                    let (from, into) = (draw.below(entries.len()), draw.below(entries.len()));
                    let body = json!({ "into": entries[into], "reason": "同一问题" });
                    let reply = brigade.post(&format!("/api/v1/entries/{}/merge", entries[from]), body).await;
                    let id = reply.body["merge_id"].as_str().unwrap_or_default().to_owned();
                    (reply, (format!("/api/v1/merges/{id}/undo"), json!({ "reason": "并错" })))
                }
                1 => (brigade.post(&decide, json!({ "decision": "confirm" })).await, undo),
                2 => (brigade.post(&decide, json!({ "decision": "confirm", "target": complaints[draw.below(complaints.len())] })).await, undo),
                _ => (brigade.post(&decide, json!({ "decision": "reject" })).await, undo),
            };
            if reply.status == 200 {
                done.push((undo.0, undo.1, before, there));
            } else {
                assert!(
                    matches!(reply.status, 409 | 422),
                    "seed {seed}: {}",
                    reply.body
                );
                assert_eq!(
                    ledger(&world),
                    before,
                    "seed {seed}: refused {}",
                    reply.body
                );
            }
            if draw.below(4) == 0
                && let Some((path, body, before, there)) = done.pop()
            {
                brigade.post(&path, body).await.expect(200);
                assert_eq!(
                    among(&ledger(&world), &there),
                    before,
                    "seed {seed}: undone at once"
                );
            }
        }
        assert!(done.len() > 3, "seed {seed} did little");
        for (path, body, before, there) in done.into_iter().rev() {
            brigade.post(&path, body).await.expect(200);
            assert_eq!(
                among(&ledger(&world), &there),
                before,
                "seed {seed}: {path}"
            );
        }
    }
}

/// A cursor leads on in the list and by the filters it was made for; anywhere else rows would
/// be left out without a word.
async fn a_cursor_is_of_its_list(world: World) {
    let brigade = world.brigade().await;
    let mut draw = Draw(3);
    for _ in 0..3 {
        world
            .resident()
            .post("/api/v1/complaints", somewhere(&mut draw))
            .await
            .expect(201);
    }
    let lists = [
        "/api/v1/complaints?hidden=false",
        "/api/v1/complaints?state=awaiting_acceptance",
        "/api/v1/entries?state=clue",
        "/api/v1/triage/queue?state=awaiting_acceptance",
    ];
    let mut cursors = Vec::new();
    for list in lists {
        cursors.push((
            list,
            brigade
                .get(&format!("{list}&limit=1"))
                .await
                .expect(200)
                .text("/next_cursor"),
        ));
    }
    for (made_for, cursor) in &cursors {
        for list in lists {
            let page = brigade
                .get(&format!("{list}&limit=2&cursor={cursor}"))
                .await;
            if list == *made_for {
                page.expect(200);
            } else {
                page.expect_problem(400, "unknown_cursor");
            }
        }
    }
}

/// D40: whatever the page size and whatever comes between two pages, everything that was
/// there at the first page is shown once, in one order.
async fn pages_show_everything_once(world: World) {
    let brigade = world.brigade().await;
    let mut draw = Draw(7);
    for _ in 0..9 {
        world
            .resident()
            .post("/api/v1/complaints", somewhere(&mut draw))
            .await
            .expect(201);
    }
    for list in [
        "/api/v1/complaints",
        "/api/v1/triage/queue",
        "/api/v1/entries",
    ] {
        for size in [1, 2, 3, 7] {
            let whole = brigade.get(&format!("{list}?limit=200")).await.expect(200);
            let there: Vec<String> = whole.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|i| i["number"].as_str().unwrap().to_owned())
                .collect();
            let mut seen: Vec<String> = Vec::new();
            let mut next = Some(format!("{list}?limit={size}"));
            while let Some(path) = next {
                let page = brigade.get(&path).await.expect(200);
                let items = page.body["items"].as_array().unwrap();
                assert!(items.len() <= size);
                seen.extend(
                    items
                        .iter()
                        .map(|i| i["number"].as_str().unwrap().to_owned()),
                );
                next = page.body["next_cursor"]
                    .as_str()
                    .map(|c| format!("{list}?limit={size}&cursor={c}"));
                if seen.len() == 2 * size {
                    world
                        .resident()
                        .post("/api/v1/complaints", somewhere(&mut draw))
                        .await
                        .expect(201);
                }
            }
            let old: Vec<&String> = seen.iter().filter(|n| there.contains(n)).collect();
            assert_eq!(old, there.iter().collect::<Vec<_>>(), "{list} by {size}");
            let mut once = seen.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{list} by {size}");
        }
    }
}

on_both!(
    undoing_merges_restores_every_state,
    newcomers_stay_with_their_partners,
    undoing_decisions_and_merges_restores_every_state,
    a_cursor_is_of_its_list,
    pages_show_everything_once,
);
