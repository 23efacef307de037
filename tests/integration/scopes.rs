//! What a caller sees: a list, a single read and a photo agree, whoever asks.

use std::collections::BTreeSet;

use dengwen::account::Role;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{fumes, river},
};

async fn filed(world: &World, body: Value) -> String {
    world.file(body).await.text("/number")
}

/// Accepts a complaint and sends an officer there.
async fn send_there(brigade: &Actor, number: &str, grid: &str, officer: &str) {
    brigade.accept(number).await;
    let order = json!({ "grid_code": grid, "officer": officer });
    brigade
        .post(&format!("/api/v1/complaints/{number}/verifications"), order)
        .await
        .expect(201);
}

/// The numbers of a list, page by page of two.
async fn listed(actor: &Actor, list: &str) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = format!(
            "{list}{}limit=2{cursor}",
            if list.contains('?') { "&" } else { "?" }
        );
        let page = actor.get(&page).await.expect(200);
        let rows = page.body["items"].as_array().unwrap();
        for row in rows {
            let number = row["number"].as_str().unwrap().to_owned();
            assert!(numbers.insert(number), "twice: {row}");
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return numbers,
        }
    }
}

/// The numbers of those that can be read one by one.
async fn readable(actor: &Actor, path: &str, all: &BTreeSet<String>) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for number in all {
        let answer = actor.get(&format!("{path}/{number}")).await;
        assert!([200, 404].contains(&answer.status), "{}", answer.body);
        if answer.status == 200 {
            numbers.insert(number.clone());
        }
    }
    numbers
}

/// An officer sent outside the own grid finds the complaint in the list as well; what a list shows
/// is what can be read alone, for every role.
async fn lists_and_single_reads_agree(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let near = filed(&world, fumes(Some("13800000001"), 0.0)).await;
    let far = filed(&world, river(Some("13800000002"))).await;
    let north = filed(&world, fumes(Some("13800000003"), 1_500.0)).await;
    let block = json!({ "number": far, "reason": "反复谩骂" });
    let place = |number: String| {
        let brigade = brigade.clone();
        async move {
            let view = brigade.get(&format!("/api/v1/complaints/{number}")).await;
            view.expect(200).body["place"].clone()
        }
    };
    let (home, away) = (place(near.clone()).await, place(far.clone()).await);
    assert_ne!(home["grid_code"], away["grid_code"]);
    let grid = home["grid_code"].as_str().unwrap();
    let officer = world.officer("officer1", grid).await;
    let idle = world.officer("officer2", "35010200100101").await;
    let street = world
        .street("street1", home["street_code"].as_str().unwrap())
        .await;

    assert!(!listed(&officer, "/api/v1/complaints").await.contains(&far));
    send_there(&brigade, &far, grid, "officer1").await;
    let theirs = listed(&officer, "/api/v1/complaints").await;
    assert_eq!(theirs, BTreeSet::from([near.clone(), far.clone()]));
    let narrowed = format!(
        "/api/v1/complaints?street={}",
        away["street_code"].as_str().unwrap()
    );
    assert!(listed(&officer, &narrowed).await.contains(&far));

    brigade
        .post("/api/v1/sender-blocks", block)
        .await
        .expect(201);
    let hidden = filed(&world, fumes(Some("13800000002"), 5.0)).await;
    let complaints = BTreeSet::from([near, far, north, hidden.clone()]);
    let mut entries = listed(&office, "/api/v1/entries").await;
    for number in &complaints {
        let view = brigade.get(&format!("/api/v1/complaints/{number}")).await;
        entries.insert(view.expect(200).text("/entry"));
    }
    let section = world.staff(Role::Section).await;
    for actor in [&officer, &idle, &street, &section, &office, &brigade] {
        let mut seen = listed(actor, "/api/v1/complaints").await;
        assert!(!seen.contains(&hidden), "{}", actor.name);
        let of_abuse = actor.get("/api/v1/complaints?hidden=true").await;
        if of_abuse.status == 200 {
            seen.extend(listed(actor, "/api/v1/complaints?hidden=true").await);
            assert!(seen.contains(&hidden));
        }
        let one_by_one = readable(actor, "/api/v1/complaints", &complaints).await;
        assert_eq!(seen, one_by_one, "{}", actor.name);
        if actor.get("/api/v1/entries").await.status == 200 && of_abuse.status == 403 {
            let one_by_one = readable(actor, "/api/v1/entries", &entries).await;
            assert_eq!(
                listed(actor, "/api/v1/entries").await,
                one_by_one,
                "{}",
                actor.name
            );
        }
    }
    assert_eq!(listed(&idle, "/api/v1/complaints").await, BTreeSet::new());
}

/// A visit that was called off opens nothing any more, in the list as little as alone.
async fn a_visit_called_off_closes_the_complaint(world: World) {
    let brigade = world.brigade().await;
    let resident = world.resident();
    let receipt = resident
        .post("/api/v1/complaints", river(Some("13800000002")))
        .await;
    let (number, code) = (receipt.text("/number"), receipt.text("/tracking_code"));
    let officer = world.officer("officer1", "35010200100101").await;
    let path = format!("/api/v1/complaints/{number}");
    send_there(&brigade, &number, "35010200100101", "officer1").await;
    officer.get(&path).await.expect(200);
    let withdrawal = format!("/api/v1/tracking/{code}/withdrawal");
    resident
        .post(&withdrawal, json!({ "reason": "已经解决了" }))
        .await
        .expect(200);
    officer.get(&path).await.expect(404);
    assert_eq!(
        listed(&officer, "/api/v1/complaints").await,
        BTreeSet::new()
    );
}

on_both!(
    lists_and_single_reads_agree,
    a_visit_called_off_closes_the_complaint
);
