//! The matching engine within the intake: online against batch, campaigns, facts made anew.

use std::collections::BTreeMap;

use dengwen::{
    account::Role,
    district::Profile,
    linkage::{
        Report,
        index::{Index, Order},
    },
    matching::refile::RefileFacts,
    matching::{Candidate, EntryStanding, Outcome, candidates::load_candidates, decide, radius_m},
    platform::db::{
        Id,
        schema::{complaint, ledger_entry},
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{World, bodies::fumes, draw::Draw};

/// A complaint somewhere in four places, by one of five persons or nobody, about one of three
/// things, by name or not.
fn anything(draw: &mut Draw) -> Value {
    let phone = format!("1380000000{}", draw.below(5));
    let mut body = fumes(
        Some(phone.as_str()).filter(|_| draw.below(4) > 0),
        draw.below(60) as f64,
    );
    body["category"] =
        json!(["air.cooking_fume", "air.odour", "noise.social"][draw.below(3) as usize]);
    body["location"]["lon"] = json!(119.29 + 0.003 * draw.below(2) as f64);
    if draw.below(3) == 0 {
        body["premises"] = Value::Null;
    }
    if draw.below(6) == 0 {
        body["location"] = Value::Null;
        body["address"] = json!(format!("华林路{}号", 100 + draw.below(3)));
    }
    body["description"] = json!(
        [
            "每天晚上油烟很大，熏得睡不着觉",
            "夜里异味刺鼻，请来检查",
            "音响太吵，影响孩子学习"
        ][draw.below(3) as usize]
    );
    body
}

/// Groups as sets of places in the order of arrival.
fn groups(of: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, group) in of.enumerate() {
        groups.entry(group).or_default().push(at);
    }
    groups.into_values().collect()
}

/// The batch: each report against the earlier ones through the index in memory, as the intake does
/// it through the database.
fn batch(reports: &[Report], profile: &Profile) -> Vec<Vec<usize>> {
    let index = Index::of(reports);
    let mut group_of: Vec<usize> = Vec::new();
    for (at, new) in reports.iter().enumerate() {
        let candidates: Vec<Candidate> = index
            .candidates(reports, at, radius_m(profile, new), Order::Arrival)
            .into_iter()
            .map(|old| Candidate {
                report: reports[old].clone(),
                number: old.to_string(),
                entry_id: uuid::Uuid::from_u128(group_of[old] as u128),
                closed_at: None,
                answered_at: None,
                finally_reviewed: false,
                entry: EntryStanding::Open,
            })
            .collect();
        let verdict = decide(new, &candidates, profile);
        let attached = matches!(verdict.outcome, Outcome::Attached | Outcome::Provisional);
        let group = verdict
            .target_entry
            .filter(|_| attached)
            .map_or(at, |entry| entry.as_u128() as usize);
        group_of.push(group);
    }
    groups(group_of.into_iter())
}

/// Feeding complaints one by one gives the groups that the batch gives on the same order.
async fn online_equals_batch(world: World) {
    for seed in 0..2 {
        let mut draw = Draw(seed);
        let before: i64 = world.db_read(|c| complaint::table.count().get_result(c).unwrap());
        for _ in 0..40 {
            world.clock.advance(chrono::TimeDelta::minutes(7));
            world
                .resident()
                .post("/api/v1/complaints", anything(&mut draw))
                .await
                .expect(201);
        }
        let (reports, entries) = world.db_read(|c| {
            let rows: Vec<(Id, Id)> = complaint::table
                .order(complaint::id)
                .select((complaint::id, complaint::entry_id))
                .load(c)
                .unwrap();
            let ids: Vec<Id> = rows.iter().map(|r| r.0).collect();
            let mut reports: Vec<Report> = load_candidates(c, &ids)
                .unwrap()
                .into_iter()
                .map(|k| k.report)
                .collect();
            reports.sort_by_key(|r| r.id);
            (reports, rows.into_iter().map(|r| r.1).collect::<Vec<Id>>())
        });
        assert_eq!(reports.len() as i64, before + 40);
        let mut seen: Vec<Id> = Vec::new();
        let online = groups(entries.iter().map(|entry| {
            seen.iter().position(|e| e == entry).unwrap_or_else(|| {
                seen.push(*entry);
                seen.len() - 1
            })
        }));
        let mut batched = batch(&reports, &world.server.app.profile);
        batched.sort();
        let mut online = online;
        online.sort();
        assert_eq!(online, batched, "seed {seed}");
        assert!(
            online.len() > 3 && online.len() < reports.len(),
            "{online:?}"
        );
    }
}

/// What the model says and what officers say of it is counted by model, so that drift shows.
async fn drift_shows_by_model(world: World) {
    let brigade = world.brigade().await;
    for (n, decision) in ["", "confirm", "reject", "confirm", "confirm"]
        .into_iter()
        .enumerate()
    {
        let body = fumes(Some(&format!("1370000000{n}")), n as f64);
        let number = world
            .resident()
            .post("/api/v1/complaints", body)
            .await
            .expect(201)
            .text("/number");
        if !decision.is_empty() {
            let path = format!("/api/v1/complaints/{number}/match-decision");
            brigade
                .post(&path, json!({ "decision": decision }))
                .await
                .expect(200);
        }
    }
    let text = String::from_utf8(world.resident().get("/metrics").await.expect(200).bytes).unwrap();
    let model = &world.server.app.profile.model;
    for (line, value) in [
        ("dengwen_matching_total{event=\"new\"", "1"),
        ("dengwen_matching_total{event=\"provisional\"", "4"),
        ("dengwen_matching_total{event=\"confirmed\"", "3"),
        ("dengwen_matching_total{event=\"rejected\"", "1"),
        ("dengwen_matching_rejected_share{", "0.25"),
    ] {
        let comma = if line.ends_with('{') { "" } else { "," };
        let whole = format!("{line}{comma}model=\"{}\"}} {value}\n", model.name());
        assert!(text.contains(&whole), "{whole}{text}");
    }
}

/// A copy-paste campaign is one matter with many voices, never one person repeating.
async fn a_campaign_is_many_voices(world: World) {
    let text = "我们是琴亭河沿岸居民，河水发黑发臭已经三年，严重影响生活，强烈要求立即截污清淤，还我们清澈的河水。";
    for n in 0..12 {
        let reporter = (n % 4 != 0).then(|| json!({ "phone": format!("138000020{n:02}") }));
        let text = if n == 5 {
            format!("{text}我的电话13800002005")
        } else {
            text.to_owned()
        };
        let body =
            json!({ "category": "water.black_odorous", "description": text, "reporter": reporter });
        world.clock.advance(chrono::TimeDelta::hours(3));
        world
            .resident()
            .post("/api/v1/complaints", body)
            .await
            .expect(201);
    }
    let counted = || -> Vec<(i32, i32, i32, bool)> {
        world.db_read(|c| {
            ledger_entry::table
                .select((
                    ledger_entry::complaint_count,
                    ledger_entry::distinct_reporters,
                    ledger_entry::repeat_count,
                    ledger_entry::strong_concern,
                ))
                .load(c)
                .unwrap()
        })
    };
    // Nine named voices and three anonymous ones; nobody repeats. Whether it is a strong
    // concern is for a person to confirm.
    assert_eq!(counted(), [(12, 9, 0, false)]);
    let brigade = world.brigade().await;
    let open: Vec<String> = world.db_read(|c| {
        complaint::table
            .filter(complaint::link.eq("provisional"))
            .select(complaint::number)
            .load(c)
            .unwrap()
    });
    for number in open {
        brigade
            .post(
                &format!("/api/v1/complaints/{number}/match-decision"),
                json!({ "decision": "confirm" }),
            )
            .await
            .expect(200);
    }
    assert_eq!(counted(), [(12, 9, 0, true)]);
    let entry: String = world.db_read(|c| {
        ledger_entry::table
            .select(ledger_entry::number)
            .first(c)
            .unwrap()
    });
    let view = brigade
        .get(&format!("/api/v1/entries/{entry}"))
        .await
        .expect(200)
        .body;
    assert_eq!(
        (
            &view["complaint_count"],
            &view["distinct_reporters"],
            &view["repeat_count"],
            &view["strong_concern"]
        ),
        (&json!(12), &json!(9), &json!(0), &json!(true)),
        "{view}"
    );
    // Shown as one group of voices, to a street as well, which learns nobody's name of it.
    let world = &world;
    let first = format!("{}…", text.chars().take(40).collect::<String>());
    for reader in [brigade, world.staff(Role::Leader).await] {
        let view = reader
            .get(&format!("/api/v1/entries/{entry}"))
            .await
            .expect(200)
            .body;
        assert_eq!(view["campaigns"].as_array().unwrap().len(), 1, "{view}");
        let group = &view["campaigns"][0];
        assert_eq!(
            (&group["complaints"], &group["persons"], &group["anonymous"]),
            (&json!(12), &json!(9), &json!(3)),
            "{group}"
        );
        assert_eq!(
            (&group["excerpt"], &group["first"]),
            (&json!(first), &view["complaints"][0]["number"])
        );
        assert_eq!(
            (&group["first_at"], &group["last_at"]),
            (
                &view["complaints"][0]["received_at"],
                &view["complaints"][11]["received_at"]
            )
        );
    }
}

/// The same template about another river is another matter.
async fn the_same_template_about_another_place_stays_apart(world: World) {
    let text = |river: &str| {
        format!(
            "{river}河水发黑发臭已经三年，严重影响两岸居民生活，强烈要求立即截污清淤，还我们清澈的河水。"
        )
    };
    for (n, river) in ["琴亭河", "白马河"].into_iter().enumerate() {
        let body = json!({ "category": "water.black_odorous", "description": text(river), "reporter": { "phone": format!("1380000300{n}") } });
        world
            .resident()
            .post("/api/v1/complaints", body)
            .await
            .expect(201);
    }
    let entries: i64 = world.db_read(|c| ledger_entry::table.count().get_result(c).unwrap());
    assert_eq!(entries, 2);
}

/// Facts are made anew of the tables they came from, and say the same as before.
async fn facts_can_be_made_anew(world: World) {
    use dengwen::{
        matching::queries,
        platform::db::schema::{match_fact, match_key},
    };
    let mut draw = Draw(3);
    for _ in 0..12 {
        world
            .resident()
            .post("/api/v1/complaints", anything(&mut draw))
            .await
            .expect(201);
    }
    let filed = || {
        world.db_read(|c| {
            let ids: Vec<Id> = match_fact::table
                .order(match_fact::complaint_id)
                .select(match_fact::complaint_id)
                .load(c)
                .unwrap();
            let mut reports: Vec<Report> = load_candidates(c, &ids)
                .unwrap()
                .into_iter()
                .map(|k| k.report)
                .collect();
            reports.sort_by_key(|r| r.id);
            // The sending device is not kept elsewhere, so it is not made anew.
            reports.iter_mut().for_each(|r| r.sender = None);
            let keys: i64 = match_key::table.count().get_result(c).unwrap();
            (format!("{reports:?}"), keys)
        })
    };
    let (before, keys) = filed();
    world.db_read(|c| {
        diesel::delete(match_key::table).execute(c).unwrap();
        diesel::delete(match_fact::table).execute(c).unwrap();
        assert!(queries::nothing_is_filed(c).unwrap());
    });
    let now = world.server.app.now();
    world.db_read(|c| dengwen::platform::jobs::enqueue(c, &RefileFacts {}, now, now).unwrap());
    dengwen::jobs::run_due(&world.server.app).await.unwrap();
    let (after, keys_after) = filed();
    assert_eq!(after, before);
    // One key each for the sending device is gone.
    assert_eq!(keys_after, keys - 12);
}

on_both!(
    online_equals_batch,
    drift_shows_by_model,
    a_campaign_is_many_voices,
    the_same_template_about_another_place_stays_apart,
    facts_can_be_made_anew,
);
