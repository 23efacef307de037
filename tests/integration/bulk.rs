//! Many at once: all of them or none, and the one in the way is named.

use dengwen::account::Role;
use serde_json::{Value, json};

use crate::support::{
    World,
    bodies::{fumes, river},
};

fn items(body: &Value) -> Vec<Value> {
    body["items"].as_array().unwrap().clone()
}

fn item<'a>(items: &'a [Value], number: &str) -> &'a Value {
    items.iter().find(|item| item["number"] == number).unwrap()
}

/// Links, replies and closings of many are done all or none, and the one in the way is named.
async fn many_are_done_at_once_or_none(world: World) {
    let brigade = world.brigade().await;
    let first = world
        .file(fumes(Some("13800000001"), 0.0))
        .await
        .text("/number");
    let mut others = Vec::new();
    for (phone, metres) in [("13800000002", 3.0), ("13800000003", 5.0)] {
        others.push(world.file(fumes(Some(phone), metres)).await.text("/number"));
    }
    let matches = "/api/v1/triage/match-decisions";
    let link = |number: &str, decision: &str| json!({ "number": number, "decision": decision });
    let states = async || {
        let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
        let of = |n: &String| item(&items(&queue.body), n)["link"].clone();
        others.iter().map(of).collect::<Vec<_>>()
    };
    // The first has no link to decide on: nothing is done to those before it either.
    let mixed = json!({ "items": [link(&others[0], "confirm"), link(&first, "reject")] });
    let refused = brigade
        .post(matches, mixed)
        .await
        .expect_problem(409, "wrong_state");
    assert_eq!(refused.body["items"][0]["location"], "items[1]");
    assert!(
        refused.body["items"][0]["message"]
            .as_str()
            .unwrap()
            .starts_with(&first)
    );
    assert_eq!(states().await, ["provisional", "provisional"]);
    let unknown =
        json!({ "items": [link(&others[0], "confirm"), link("GL20200101-0001", "confirm")] });
    brigade
        .post(matches, unknown)
        .await
        .expect_problem(404, "not_found");
    let undone = json!({ "items": [link(&others[0], "undo")] });
    let undone = brigade
        .post(matches, undone)
        .await
        .expect_problem(400, "malformed_request");
    assert_eq!(
        undone.body["items"][0]["location"], "body.items[0].decision",
        "alone"
    );
    let both = json!({ "items": [link(&others[0], "confirm"), link(&others[1], "reject")] });
    let done = brigade
        .post_once(matches, "k1", both.clone())
        .await
        .expect(200);
    let again = brigade.post_once(matches, "k1", both).await.expect(200);
    assert_eq!(done.body, again.body, "one key, one step");
    assert_eq!(states().await, ["confirmed", "own"]);
    assert_ne!(world.entry_of(&others[1]), world.entry_of(&first));
    assert_eq!(world.entry_of(&others[0]), world.entry_of(&first));

    let all = [&first, &others[0], &others[1]];
    let replies = "/api/v1/triage/replies";
    let reply =
        |number: &&String| json!({ "number": number, "kind": "final", "text": "已责令整改并复查" });
    let answered: Vec<Value> = all.iter().map(reply).collect();
    let early = brigade.post(replies, json!({ "items": answered })).await;
    early.expect_problem(409, "wrong_state");
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    let accepted: Vec<Value> = all
        .iter()
        .map(|n| json!({ "number": n, "decision": accept }))
        .collect();
    brigade
        .post("/api/v1/triage/decisions", json!({ "items": accepted }))
        .await
        .expect(200);
    let told = brigade
        .post(replies, json!({ "items": answered }))
        .await
        .expect(200);
    assert!(
        items(&told.body)
            .iter()
            .all(|step| step["state"] == "replied")
    );
    let entry = brigade
        .get(&format!("/api/v1/entries/{}", world.entry_of(&first)))
        .await;
    assert_eq!(entry.expect(200).body["due_on"], Value::Null);

    let closings = "/api/v1/triage/closings";
    brigade
        .post(closings, json!({ "items": [] }))
        .await
        .expect_problem(422, "invalid");
    let too_many = vec![json!({ "number": first, "reason": "已答复" }); 101];
    brigade
        .post(closings, json!({ "items": too_many }))
        .await
        .expect_problem(422, "invalid");
    let closed: Vec<Value> = all
        .iter()
        .map(|n| json!({ "number": n, "reason": "已答复" }))
        .collect();
    let office = world.staff(Role::Office).await;
    let done = office
        .post(closings, json!({ "items": closed }))
        .await
        .expect(200);
    let numbers = items(&done.body)
        .into_iter()
        .map(|step| step["number"].clone());
    assert_eq!(numbers.collect::<Vec<_>>(), all.map(|n| json!(n)));
    assert!(
        items(&done.body)
            .iter()
            .all(|step| step["state"] == "closed")
    );
}

/// Visits are ordered together or not at all: one complaint that does not wait for any names itself.
async fn many_visits_are_ordered_at_once_or_none(world: World) {
    let brigade = world.brigade().await;
    let barbecue = world.file(fumes(None, 0.0)).await.text("/number");
    let water = world.file(river(None)).await.text("/number");
    brigade.accept(&barbecue).await;
    let order = |number: &str| json!({ "number": number, "order": {} });
    let orders = json!({ "items": [order(&barbecue), order(&water)] });
    let path = "/api/v1/verifications";
    let refused = brigade
        .post(path, orders.clone())
        .await
        .expect_problem(409, "wrong_state");
    assert_eq!(refused.body["items"][0]["location"], "items[1]");
    let seen = brigade.get(&format!("/api/v1/complaints/{barbecue}")).await;
    assert_eq!(
        seen.expect(200).text("/state"),
        "accepted",
        "nobody was sent"
    );
    brigade.accept(&water).await;
    let sent = brigade
        .post_once(path, "k", orders.clone())
        .await
        .expect(200);
    assert_eq!(items(&sent.body).len(), 2);
    assert_eq!(sent.text("/items/1/complaint"), water);
    let again = brigade
        .post_once(path, "k", orders.clone())
        .await
        .expect(200);
    assert_eq!(again.body, sent.body);
    brigade
        .post(path, orders)
        .await
        .expect_problem(409, "already_exists");
}

on_both!(
    many_are_done_at_once_or_none,
    many_visits_are_ordered_at_once_or_none,
);
