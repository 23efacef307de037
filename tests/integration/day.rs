//! An officer's day: what is to be made, the first due first, with all that is needed without a network,
//! and what changed since the phone asked last.

use dengwen::photo::sample::scene;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, EVENING, Reply, World,
    bodies::{LAT, LON, fumes, river},
};

const DAY: &str = "/api/v1/verifications/day";

/// Something else than fumes, some metres north of the barbecue.
fn other(category: &str, words: &str, phone: &str, metres_north: f64) -> Value {
    let mut body = river(Some(phone));
    body["category"] = json!(category);
    body["description"] = json!(words);
    body["location"] =
        json!({ "lon": LON, "lat": LAT + metres_north / 111_195.0, "datum": "WGS84" });
    body
}

async fn accepted(world: &World, brigade: &Actor, body: Value) -> String {
    let number = world.file(body).await.text("/number");
    brigade.accept(&number).await;
    number
}

async fn ordered(brigade: &Actor, number: &str, due_on: &str) -> String {
    let path = format!("/api/v1/complaints/{number}/verifications");
    let order = json!({ "due_on": due_on, "officer": "officer1" });
    brigade.post(&path, order).await.expect(201).text("/id")
}

/// Goes there and reports; answers what the phone was told last.
async fn made(officer: &Actor, visit: &str, round: &str, metres_north: f64) -> Reply {
    let path = |what: &str| format!("/api/v1/verifications/{visit}/{what}");
    let here = json!({ "client_id": format!("c{round}"), "lon": LON, "lat": LAT + metres_north / 111_195.0,
        "datum": "WGS84", "accuracy_m": 8.0, "device_time": EVENING });
    officer.post(&path("check-in"), here).await.expect(200);
    officer
        .post_parts(&path("photos"), &[("near", None, scene(3, 300, 200))])
        .await
        .expect(200);
    let found = json!({ "client_id": format!("f{round}"), "result": "true", "notes": "在排，联系13800000001", "device_time": EVENING });
    officer.post(&path("findings"), found).await.expect(200)
}

async fn review(brigade: &Actor, visit: &str, verdict: Value) {
    let path = format!("/api/v1/verifications/{visit}/review");
    brigade.post(&path, verdict).await.expect(200);
}

fn ids(items: &Value, at: &str) -> Vec<String> {
    let items = items.as_array().unwrap();
    items
        .iter()
        .map(|item| item.pointer(at).unwrap().as_str().unwrap().to_owned())
        .collect()
}

/// A matter that was visited before and is to be visited again, another beside it that was sent back, and
/// a third that is only open nearby.
struct Day {
    brigade: Actor,
    officer: Actor,
    fumes: String,
    again: String,
    waste: String,
    returned: String,
    noise: String,
    before: String,
}

async fn day(world: &World) -> Day {
    world.at(EVENING);
    let brigade = world.brigade().await;
    let fumes = accepted(world, &brigade, fumes(Some("13800000001"), 0.0)).await;
    let heap = "路口堆着装修拆下来的砖块和水泥袋，好几天没有人清运。";
    let heap = other("waste.construction", heap, "13800000002", 190.0);
    let waste = accepted(world, &brigade, heap).await;
    let drill = "白天钻孔机一直响，孩子没法午睡，请管一管。";
    let drill = other("noise.industrial", drill, "13800000003", 100.0);
    let noise = world.file(drill).await.text("/number");
    let far = "工厂排水口流出带颜色的水，味道刺鼻。";
    world
        .file(other("water.industrial", far, "13800000004", 900.0))
        .await;
    let grid = brigade
        .get(&format!("/api/v1/complaints/{fumes}"))
        .await
        .expect(200)
        .text("/place/grid_code");
    let officer = world.officer("officer1", &grid).await;
    let before = ordered(&brigade, &fumes, "2026-11-30").await;
    made(&officer, &before, "1", 0.0).await;
    review(&brigade, &before, json!({ "outcome": "pass" })).await;
    let again = ordered(&brigade, &fumes, "2026-11-27").await;
    let returned = ordered(&brigade, &waste, "2026-11-26").await;
    made(&officer, &returned, "1", 190.0).await;
    let why = json!({ "outcome": "return", "reason": "没有远景，请联系13800000002" });
    review(&brigade, &returned, why).await;
    Day {
        brigade,
        officer,
        fumes,
        again,
        waste,
        returned,
        noise,
        before,
    }
}

/// The first due comes first, each visit with the words of its complaints, why it was sent back, what was
/// found there before, and what else is open nearby; nobody's phone is read in any of it.
async fn a_day_has_all_that_is_needed(world: World) {
    let day = day(&world).await;
    let read = day.officer.get(DAY).await.expect(200);
    assert_eq!(
        ids(&read.body["items"], "/id"),
        [day.returned.clone(), day.again.clone()]
    );
    assert_eq!(
        read.body["open"],
        json!([day.returned, day.again]),
        "the first due first"
    );
    let (first, second) = (&read.body["items"][0], &read.body["items"][1]);
    assert_eq!(
        (
            &first["state"],
            &first["due_on"],
            &first["matter"][0]["number"]
        ),
        (&json!("returned"), &json!("2026-11-26"), &json!(day.waste))
    );
    let reason = first["returned"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("没有远景"), "{reason}");
    assert_eq!(
        (&first["returned"]["at"], &second["returned"]),
        (&json!(EVENING), &Value::Null)
    );
    assert_eq!(first["found_before"], json!([]));
    let found = &second["found_before"][0];
    assert_eq!(
        (&found["verification"], &found["result"], &found["found_at"]),
        (&json!(day.before), &json!("true"), &json!(EVENING))
    );
    assert!(found["notes"].as_str().unwrap().starts_with("在排"));
    assert_eq!(
        (
            second["matter"][0]["occurred_at"].as_str(),
            second["band_from"].as_i64()
        ),
        (Some("2026-11-23T19:00:00+08:00"), Some(18))
    );
    assert_eq!(
        (
            second["nearby"]["count"].as_i64(),
            ids(&second["nearby"]["complaints"], "/number")
        ),
        (Some(2), vec![day.noise.clone(), day.waste.clone()])
    );
    assert_eq!(
        ids(&first["nearby"]["complaints"], "/number"),
        [day.noise.clone(), day.fumes.clone()]
    );
    for phone in ["13800000001", "13800000002"] {
        assert!(!read.body.to_string().contains(phone), "{}", read.body);
    }
    assert_eq!(
        day.brigade.get(DAY).await.expect(200).body["open"],
        json!([])
    );
}

/// A phone that was told sends its cursor and hears what changed alone, in the visit or around it; what it
/// keeps and is not named any more is no longer its own. While nothing changed there is nothing to send.
async fn a_phone_hears_what_changed_alone(world: World) {
    let day = day(&world).await;
    let whole = day.officer.get(DAY).await.expect(200);
    let since = format!("{DAY}?since={}", whole.text("/cursor"));
    let same = day.officer.get(&since).await.expect(200);
    assert_eq!(
        (
            &same.body["items"],
            &same.body["open"],
            &same.body["cursor"]
        ),
        (&json!([]), &whole.body["open"], &whole.body["cursor"])
    );
    let tag = whole.headers["etag"].to_str().unwrap().to_owned();
    let asked = async |path: &str, tag: &str| {
        let ask = day
            .officer
            .send(Method::GET, path, |r| r.header("if-none-match", tag));
        ask.await.status
    };
    assert_eq!(asked(DAY, &tag).await, 304);

    // Something new around one of them, and out of the other's reach.
    let oil = "修车铺把废机油倒在树下的泥土里，地面都黑了。";
    let oil = other("soil.pollution", oil, "13800000005", -140.0);
    let near = world.file(oil).await.text("/number");
    assert_eq!(asked(DAY, &tag).await, 200);
    let told = day.officer.get(&since).await.expect(200);
    assert_eq!(ids(&told.body["items"], "/id"), [day.again.as_str()]);
    assert_eq!(
        ids(&told.body["items"][0]["nearby"]["complaints"], "/number"),
        [day.noise.clone(), near, day.waste.clone()]
    );
    let since = format!("{DAY}?since={}", told.text("/cursor"));
    let path = format!("/api/v1/verifications/{}/handback", day.again);
    day.officer
        .post(&path, json!({ "reason": "请假" }))
        .await
        .expect(200);
    let less = day.officer.get(&since).await.expect(200);
    assert_eq!(
        (&less.body["items"], &less.body["open"]),
        (&json!([]), &json!([day.returned]))
    );
    for wrong in ["x", "AAAA", "!"] {
        day.officer
            .get(&format!("{DAY}?since={wrong}"))
            .await
            .expect_problem(400, "unknown_cursor");
    }
}

on_both!(
    a_day_has_all_that_is_needed,
    a_phone_hears_what_changed_alone,
);
