//! Matters that residents recognise and follow, wherever they go.

use chrono::TimeDelta;
use dengwen::platform::db::{
    Id, UtcTime,
    schema::{complaint, ledger_entry, matter_follow},
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{LAT, LON, fumes, river},
};

const FOLLOWS: &str = "/api/v1/residents/me/follows";
const SIMILAR: &str = "/api/v1/complaints/similar";

/// What a stranger is shown of what is open near a complaint.
async fn near(world: &World, body: Value) -> Value {
    let shown = world.resident().post(SIMILAR, body).await.expect(200);
    shown.body["similar"].clone()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

async fn follow(resident: &Actor, matter: &str) -> Reply {
    let path = format!("/api/v1/matters/{matter}/follow");
    resident.post(&path, json!({})).await
}

async fn followed(resident: &Actor) -> Vec<Value> {
    let page = resident.get(FOLLOWS).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}

fn persons(world: &World, number: &str) -> i32 {
    world.db_read(|c| {
        complaint::table
            .inner_join(ledger_entry::table)
            .filter(complaint::number.eq(number))
            .select(ledger_entry::distinct_reporters)
            .first(c)
            .unwrap()
    })
}

/// A matter is named once and described without a word of anybody's; of fewer than five neither
/// number nor place is told. Who follows it is no voice and sees what changed since they looked.
async fn a_similar_matter_is_recognised_and_followed(world: World) {
    let first = world.file(fumes(Some("13800000001"), 0.0)).await;
    let first = first.text("/number");
    world.file(fumes(Some("13800000002"), 1.0)).await;
    let shown = near(&world, fumes(None, 0.0)).await;
    assert_eq!(shown.as_array().unwrap().len(), 1, "{shown}");
    let one = &shown[0];
    assert_eq!(one["number"], first);
    assert_eq!(one["street_name"], "东街街道");
    assert_eq!(
        (&one["voices"], &one["voices_name"], &one["place"]),
        (&json!("under_five"), &json!("不足5人"), &Value::Null)
    );
    assert_eq!(
        (&one["stage"], &one["reported_on"]),
        (&json!("handling"), &json!("2026-11-24"))
    );
    for hidden in ["老王", "油烟直排", "GL-2026", "1380000"] {
        assert!(!shown.to_string().contains(hidden), "{hidden} in {shown}");
    }
    let matter = text(&one["matter"]);

    let resident = world.signed_in_resident("13900000001").await;
    let begun = follow(&resident, &matter).await.expect(201);
    assert_eq!(begun.body["changes"], json!([]));
    assert_eq!(persons(&world, &first), 2, "a follower is no voice");
    follow(&resident, &matter).await.expect(200);
    for unknown in ["ZZZZZZZZZZZZZZZZZZZZ", "GL-2026-0001", first.as_str()] {
        follow(&resident, unknown)
            .await
            .expect_problem(404, "not_found");
    }
    follow(&world.resident(), &matter).await.expect(401);

    for n in 3..=5_u32 {
        let phone = format!("1380000000{n}");
        world.file(fumes(Some(&phone), f64::from(n))).await;
    }
    assert_eq!(persons(&world, &first), 5);
    world.clock.advance(TimeDelta::days(1));
    let resident = world.signed_in_resident("13900000001").await;
    let list = followed(&resident).await;
    assert_eq!(list.len(), 1);
    assert_eq!(
        (&list[0]["changes"], &list[0]["changed_since"]),
        (&json!(["voices"]), &json!("2026-11-24"))
    );
    assert_eq!(list[0]["voices"], "five_to_nine");
    let place = &list[0]["place"];
    let (lon, lat) = (
        place["lon"].as_f64().unwrap(),
        place["lat"].as_f64().unwrap(),
    );
    assert!((lon, lat) != (LON, LAT) && (lon - LON).abs() < 0.003 && (lat - LAT).abs() < 0.003);
    assert_eq!(place["radius_m"], 260.0);
    follow(&resident, &matter).await.expect(200);
    assert_eq!(followed(&resident).await[0]["changes"], json!([]));
    let stranger = world.signed_in_resident("13900000002").await;
    assert_eq!(followed(&stranger).await, Vec::<Value>::new());

    let path = format!("/api/v1/matters/{matter}/follow");
    stranger.delete(&path).await.expect(404);
    resident.delete(&path).await.expect(204);
    resident.delete(&path).await.expect(404);
    assert_eq!(followed(&resident).await, Vec::<Value>::new());
}

/// A followed matter that is merged leads to where it went, and back when the merge is undone; what is
/// answered or ends is told in words for everybody.
async fn a_followed_matter_leads_to_where_it_went(world: World) {
    let brigade = world.brigade().await;
    let resident = world.signed_in_resident("13900000001").await;
    let target = world.file(fumes(Some("13800000001"), 0.0)).await;
    let source = world.file(river(Some("13800000002"))).await;
    let matter = text(&near(&world, river(None)).await[0]["matter"]);
    let into = text(&near(&world, fumes(None, 0.0)).await[0]["matter"]);
    follow(&resident, &matter).await.expect(201);
    let (from, to) = (
        world.entry_of(&source.text("/number")),
        world.entry_of(&target.text("/number")),
    );
    let merge = json!({ "into": to, "reason": "同一问题" });
    let merged = brigade
        .post(&format!("/api/v1/entries/{from}/merge"), merge)
        .await
        .expect(200);
    let list = followed(&resident).await;
    assert_eq!(
        (
            &list[0]["followed"],
            &list[0]["matter"],
            &list[0]["category"]
        ),
        (&json!(matter), &json!(into), &json!("air.cooking_fume"))
    );
    assert_eq!(list[0]["changes"], json!(["moved"]));
    assert_eq!(list[0]["stage"], "handling");
    let undo = format!("/api/v1/merges/{}/undo", merged.text("/merge_id"));
    brigade
        .post(&undo, json!({ "reason": "两回事" }))
        .await
        .expect(200);
    let list = followed(&resident).await;
    assert_eq!(
        (&list[0]["matter"], &list[0]["changes"]),
        (&json!(matter), &json!([]))
    );
    let withdrawal = format!(
        "/api/v1/tracking/{}/withdrawal",
        source.text("/tracking_code")
    );
    world
        .resident()
        .post(&withdrawal, json!({ "reason": "已经好了" }))
        .await
        .expect(200);
    let list = followed(&resident).await;
    assert_eq!(
        (&list[0]["stage"], &list[0]["changes"]),
        (&json!("ended"), &json!(["stage"]))
    );
    follow(&resident, &into).await.expect(201);
    let number = target.text("/number");
    brigade.accept(&number).await;
    let reply = json!({ "kind": "final", "text": "已责令整改" });
    brigade
        .post(&format!("/api/v1/complaints/{number}/reply"), reply)
        .await
        .expect(201);
    let list = followed(&resident).await;
    assert_eq!(
        (&list[0]["followed"], &list[0]["stage_name"]),
        (&json!(into), &json!("已答复"))
    );
}

/// 附议: who says that theirs is a matter they follow joins it with a number of their own, where what
/// they say leads to it, and nowhere else.
async fn one_more_voice_joins_a_followed_matter(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let matter = text(&near(&world, fumes(None, 0.0)).await[0]["matter"]);
    let link = async |body: Value| {
        let number = world.file(body).await.text("/number");
        let path = format!("/api/v1/complaints/{number}");
        let seen = brigade.get(&path).await.expect(200);
        (seen.text("/link"), seen.text("/entry"))
    };
    let mut body = fumes(Some("13800000002"), 70.0);
    body["premises"] = Value::Null;
    body["description"] = json!("附近有人乱排油烟");
    let (alone, _) = link(body.clone()).await;
    assert_eq!(alone, "suspected");
    body["reporter"]["phone"] = json!("13800000003");
    body["same_as"] = json!(matter);
    let joined = link(body).await;
    assert_eq!(joined, ("provisional".to_owned(), world.entry_of(&first)));
    assert_eq!(persons(&world, &first), 2);
    let mut far = river(Some("13800000004"));
    far["same_as"] = json!(matter);
    assert_eq!(link(far).await.0, "own");
}

/// A hundred matters are followed at most.
async fn follows_are_bounded(world: World) {
    world.file(river(Some("13800000001"))).await;
    world.file(fumes(Some("13800000002"), 0.0)).await;
    let matter = text(&near(&world, river(None)).await[0]["matter"]);
    let resident = world.signed_in_resident("13900000001").await;
    follow(&resident, &matter).await.expect(201);
    world.db_read(|c| {
        let all = matter_follow::table.count().get_result::<i64>(c).unwrap();
        assert_eq!(all, 1);
        let (who, seen): (Id, Id) = matter_follow::table
            .select((matter_follow::resident_id, matter_follow::seen_entry_id))
            .first(c)
            .unwrap();
        let at: UtcTime = matter_follow::table
            .select(matter_follow::seen_at)
            .first(c)
            .unwrap();
        for n in 0..99 {
            let entry = Id::new();
            let copied = ledger_entry::table.find(seen);
            let (state, category, coarse): (String, String, String) = copied
                .select((
                    ledger_entry::state,
                    ledger_entry::category,
                    ledger_entry::coarse,
                ))
                .first(c)
                .unwrap();
            diesel::insert_into(ledger_entry::table)
                .values((
                    (
                        ledger_entry::id.eq(entry),
                        ledger_entry::number.eq(format!("GL-2025-{n:04}")),
                        ledger_entry::state.eq(state),
                        ledger_entry::title.eq(""),
                        ledger_entry::category.eq(category),
                        ledger_entry::coarse.eq(coarse),
                        ledger_entry::complaint_count.eq(0),
                        ledger_entry::distinct_reporters.eq(0),
                        ledger_entry::duplicate_count.eq(0),
                        ledger_entry::repeat_count.eq(0),
                        ledger_entry::renewed_count.eq(0),
                    ),
                    (
                        ledger_entry::strong_concern.eq(false),
                        ledger_entry::collective_visit.eq(false),
                        ledger_entry::escalation_level.eq(0),
                        ledger_entry::cycle_no.eq(1),
                        ledger_entry::version.eq(1),
                        ledger_entry::created_at.eq(at),
                        ledger_entry::updated_at.eq(at),
                        ledger_entry::public_code.eq(format!("CODE{n}")),
                    ),
                ))
                .execute(c)
                .unwrap();
            diesel::insert_into(matter_follow::table)
                .values((
                    matter_follow::id.eq(Id::new()),
                    matter_follow::resident_id.eq(who),
                    matter_follow::entry_id.eq(entry),
                    matter_follow::seen_entry_id.eq(entry),
                    matter_follow::seen_stage.eq("handling"),
                    matter_follow::seen_voices.eq("under_five"),
                    matter_follow::seen_at.eq(at),
                    matter_follow::created_at.eq(at),
                ))
                .execute(c)
                .unwrap();
        }
    });
    let other = text(&near(&world, fumes(None, 0.0)).await[0]["matter"]);
    let refused = follow(&resident, &other)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.text("/items/0/code"), "too_many");
    follow(&resident, &matter).await.expect(200);
    let page = resident
        .get(&format!("{FOLLOWS}?limit=60"))
        .await
        .expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 60);
    let cursor = page.text("/next_cursor");
    let rest = format!("{FOLLOWS}?limit=60&cursor={cursor}");
    let rest = resident.get(&rest).await.expect(200);
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 40);
}

on_both!(
    a_similar_matter_is_recognised_and_followed,
    a_followed_matter_leads_to_where_it_went,
    one_more_voice_joins_a_followed_matter,
    follows_are_bounded,
);
