//! What a caller sees: a list, a single read and a photo agree, whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use dengwen::{account::Role, photo::sample::scene};
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{LAT, LON, fumes, river},
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

/// The rows of a list, page by page of two.
async fn rows(actor: &Actor, list: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!(
            "{list}{}limit=2{cursor}",
            if list.contains('?') { "&" } else { "?" }
        );
        let page = actor.get(&page).await.expect(200);
        rows.extend(page.body["items"].as_array().unwrap().iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// The numbers of a list.
async fn listed(actor: &Actor, list: &str) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for row in rows(actor, list).await {
        let number = row["number"].as_str().unwrap().to_owned();
        assert!(numbers.insert(number), "twice: {row}");
    }
    numbers
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

/// A grid whose street is neither complaint's.
const AWAY: &str = "35010200100101";

const MINE: &str = "/api/v1/verifications/mine";

/// Two complaints and the visits to them, by what they are to the first of two officers of the near
/// one's grid. The third officer is of a grid far away.
struct Sent {
    near: String,
    far: String,
    visits: BTreeMap<&'static str, String>,
    officers: [Actor; 3],
}

async fn sent(world: &World, brigade: &Actor) -> Sent {
    let near = filed(world, fumes(Some("13800000001"), 0.0)).await;
    let far = filed(world, river(Some("13800000002"))).await;
    for number in [&near, &far] {
        brigade.accept(number).await;
    }
    let view = brigade.get(&format!("/api/v1/complaints/{near}")).await;
    let home = view.expect(200).text("/place/grid_code");
    let send = async |number: &str, grid: &str, officer: Option<&str>| {
        let order = json!({ "grid_code": grid, "officer": officer });
        let path = format!("/api/v1/complaints/{number}/verifications");
        brigade.post(&path, order).await.expect(201).text("/id")
    };
    // While the grids have no officers, these wait for one.
    let mut visits = BTreeMap::from([
        ("waiting", send(&near, &home, None).await),
        ("waiting away", send(&far, AWAY, None).await),
    ]);
    let officers = [
        world.officer("officer1", &home).await,
        world.officer("officer2", &home).await,
        world.officer("officer3", AWAY).await,
    ];
    let former = send(&near, &home, Some("officer1")).await;
    let reassignment = json!({ "officer": "officer2", "reason": "请假" });
    brigade
        .post(
            &format!("/api/v1/verifications/{former}/reassignment"),
            reassignment,
        )
        .await
        .expect(200);
    visits.extend([
        ("former", former),
        ("own", send(&near, &home, Some("officer1")).await),
        ("own far", send(&far, &home, Some("officer1")).await),
        ("colleague's", send(&far, &home, Some("officer2")).await),
        ("away", send(&far, AWAY, Some("officer3")).await),
    ]);
    Sent {
        near,
        far,
        visits,
        officers,
    }
}

impl Sent {
    fn path(&self, visit: &str, what: &str) -> String {
        format!("/api/v1/verifications/{}{what}", self.visits[visit])
    }

    /// The officer reads these visits one by one and no other. Of them the list has what is still
    /// open, word for word. These complaints are read, and no other is listed.
    async fn check(&self, officer: &Actor, visits: &[&str], complaints: &[&String]) {
        let mut alone = BTreeMap::new();
        for visit in self.visits.keys() {
            let answer = officer.get(&self.path(visit, "")).await;
            if answer.status == 200 {
                alone.insert(*visit, answer.body);
            } else {
                answer.expect_problem(404, "not_found");
            }
        }
        let names: BTreeSet<&str> = alone.keys().copied().collect();
        let expected: BTreeSet<&str> = visits.iter().copied().collect();
        assert_eq!(names, expected, "{} alone", officer.name);
        let is_open = |visit: &Value| {
            let open = ["assigned", "checked_in", "submitted", "returned"];
            open.iter().any(|state| visit["state"] == *state)
        };
        let mut open: Vec<Value> = alone.into_values().filter(is_open).collect();
        open.sort_by_key(|visit| visit["id"].to_string());
        assert_eq!(rows(officer, MINE).await, open, "{}", officer.name);
        let theirs: BTreeSet<String> = complaints.iter().map(|number| (*number).clone()).collect();
        let both = BTreeSet::from([self.near.clone(), self.far.clone()]);
        assert_eq!(readable(officer, "/api/v1/complaints", &both).await, theirs);
        assert_eq!(listed(officer, "/api/v1/complaints").await, theirs);
    }

    /// Sends all there is to send on a visit, one after another: the answers.
    async fn upload(&self, officer: &Actor, visit: &str) -> [Reply; 3] {
        let at = "2026-11-24T09:30:00+08:00";
        let (came, wrote) = (format!("{}-c", officer.name), format!("{}-f", officer.name));
        let here = json!({ "client_id": came, "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": at, "reason": "门口封闭" });
        let found = json!({ "client_id": wrote, "result": "unverifiable", "notes": "无人在场", "device_time": at });
        let photo = [("near", None, scene(3, 300, 200))];
        [
            officer.post(&self.path(visit, "/check-in"), here).await,
            officer.post(&self.path(visit, "/findings"), found).await,
            officer
                .post_parts(&self.path(visit, "/photos"), &photo)
                .await,
        ]
    }
}

/// An officer reads what they were sent to, wherever it lies, and what waits in their grid; not what
/// went to another, was theirs once, or was called off. The list says the same, visit by visit.
async fn visits_are_listed_as_they_are_read(world: World) {
    let brigade = world.brigade().await;
    let sent = sent(&world, &brigade).await;
    let (near, far) = (&sent.near, &sent.far);
    let [first, second, third] = &sent.officers;
    sent.check(first, &["own", "own far", "waiting"], &[near, far])
        .await;
    sent.check(second, &["colleague's", "former", "waiting"], &[near, far])
        .await;
    sent.check(third, &["away", "waiting away"], &[far]).await;

    for visit in ["own", "own far"] {
        for answer in sent.upload(first, visit).await {
            answer.expect(200);
        }
    }
    sent.check(first, &["own", "own far", "waiting"], &[near, far])
        .await;
    brigade
        .post(&sent.path("own", "/review"), json!({ "outcome": "pass" }))
        .await
        .expect(200);
    let reply = json!({ "kind": "final", "text": "已责令整改" });
    brigade
        .post(&format!("/api/v1/complaints/{far}/reply"), reply)
        .await
        .expect(201);
    sent.check(first, &["own", "waiting"], &[near]).await;
    sent.check(second, &["former", "waiting"], &[near]).await;
    sent.check(third, &[], &[]).await;
    // What was sent before is acknowledged, of a visit that is closed without its matter.
    for (visit, told) in [("own", true), ("own far", false)] {
        let [here, found, photo] = sent.upload(first, visit).await;
        for answer in [here, found, photo] {
            let answer = answer.expect(200);
            assert_eq!(!answer.text("/description").is_empty(), told, "{visit}");
        }
    }
}

/// The brigade and the office read every visit; the list is for roles that are sent. An officer without a
/// grid reads none, and no other role may ask.
async fn every_role_reads_visits_or_none(world: World) {
    let brigade = world.brigade().await;
    let sent = sent(&world, &brigade).await;
    for role in Role::ALL {
        let actor = match role {
            Role::Brigade => brigade.clone(),
            other => world.staff(*other).await,
        };
        let status = match role {
            Role::Admin | Role::Brigade | Role::Office => 200,
            Role::GridOfficer => 404,
            _ => 403,
        };
        for visit in sent.visits.keys() {
            actor.get(&sent.path(visit, "")).await.expect(status);
        }
        if [Role::Admin, Role::GridOfficer, Role::Brigade].contains(role) {
            assert_eq!(rows(&actor, MINE).await, Vec::<Value>::new());
        } else {
            actor.get(MINE).await.expect_problem(403, "forbidden");
        }
    }
}

/// Whoever was sent may send what they captured; whoever of the grid was not is told that it went to
/// another; for all others there is no such visit. Every way to send says the same.
async fn every_upload_knows_the_same_visits(world: World) {
    let brigade = world.brigade().await;
    let sent = sent(&world, &brigade).await;
    let [first, second, third] = &sent.officers;
    let admin = world.staff(Role::Admin).await;
    let of_home = ["waiting", "former", "own", "own far", "colleague's"];
    let allowed: [(&Actor, &[&str], &[&str]); 3] = [
        (first, &of_home, &["own", "own far"]),
        (second, &of_home, &["former", "colleague's"]),
        (third, &["waiting away", "away"], &["away"]),
    ];
    for (officer, grid, own) in allowed {
        for visit in sent.visits.keys() {
            for answer in sent.upload(officer, visit).await {
                if own.contains(visit) {
                    answer.expect(200);
                } else if grid.contains(visit) {
                    let told = answer.expect_problem(403, "forbidden").text("/detail");
                    assert!(told.contains("was given to another officer"), "{told}");
                } else {
                    answer.expect_problem(404, "not_found");
                }
            }
        }
    }
    for answer in sent.upload(&admin, "waiting").await {
        answer.expect_problem(403, "forbidden");
    }
}

on_both!(
    lists_and_single_reads_agree,
    a_visit_called_off_closes_the_complaint,
    visits_are_listed_as_they_are_read,
    every_role_reads_visits_or_none,
    every_upload_knows_the_same_visits,
);
