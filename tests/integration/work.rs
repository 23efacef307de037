//! Work that waits: each role's lists, whose counts are those of their pages, and which an item leaves
//! by the step that deals with it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use dengwen::{account::Role, photo::sample::scene, work::lists::WorkList};
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{LAT, LON, fumes},
};

const WORK: &str = "/api/v1/work";

/// A grid without officers, in another street.
const AWAY: &str = "35010200100101";

/// What was filed of each kind, by the name the stories know it by: number and tracking code.
struct Town {
    filed: BTreeMap<&'static str, (String, String)>,
    visits: BTreeMap<&'static str, String>,
    grid: String,
    brigade: Actor,
    officers: [Actor; 2],
}

/// A complaint like no other: of its own category, or far enough away.
fn matter(category: &str, metres: f64, phone: u32) -> Value {
    let mut body = fumes(Some(&format!("1380000{phone:04}")), metres);
    body["category"] = json!(category);
    body["description"] = json!(format!(
        "{category}扰民，反映多次未见处理，请派人到现场查看。"
    ));
    body["premises"] = Value::Null;
    body
}

/// The same by somebody who left a number that takes no messages.
fn by_landline(category: &str, metres: f64) -> Value {
    let mut body = matter(category, metres, 14);
    body["reporter"]["phone"] = json!("0591-87654321");
    body
}

/// The same with somebody's number in many words.
fn long(category: &str, metres: f64, phone: u32) -> Value {
    let mut body = matter(category, metres, phone);
    body["description"] = json!(format!(
        "{category}扰民，请联系13900001234。情况已经持续了很久，影响周边居民正常生活，多次反映都没有处理，希望尽快派人到现场查看并且书面答复。"
    ));
    body
}

async fn decide(brigade: &Actor, number: &str, decision: Value) {
    let claim = json!({ "number": number });
    let claimed = brigade.post("/api/v1/triage/claims", claim).await;
    claimed.expect(201);
    let path = format!("/api/v1/complaints/{number}/decision");
    brigade.post(&path, decision).await.expect(200);
}

async fn send(brigade: &Actor, number: &str, order: Value) -> String {
    let path = format!("/api/v1/complaints/{number}/verifications");
    brigade.post(&path, order).await.expect(201).text("/id")
}

/// Reports on a visit: nobody was found there.
async fn report(officer: &Actor, visit: &str) {
    let path = |what: &str| format!("/api/v1/verifications/{visit}/{what}");
    let at = "2026-11-24T10:00:00+08:00";
    let here = json!({ "client_id": format!("{visit}-c"), "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 8.0, "device_time": at, "reason": "门口封闭" });
    officer.post(&path("check-in"), here).await.expect(200);
    let found = json!({ "client_id": format!("{visit}-f"), "result": "unverifiable", "notes": "无人在场", "device_time": at });
    officer.post(&path("findings"), found).await.expect(200);
    let photo = [("near", None, scene(3, 300, 200))];
    officer
        .post_parts(&path("photos"), &photo)
        .await
        .expect(200);
}

impl Town {
    /// One item in each list, on the day after it was put there.
    async fn of(world: &World) -> Self {
        let brigade = world.brigade().await;
        world.staff(Role::Office).await;
        let mut filed = BTreeMap::new();
        for (name, body) in [
            ("unassigned", matter("noise.social", 0.0, 1)),
            ("on the way", long("water.domestic", 30.0, 2)),
            ("overdue", matter("waste.domestic", 60.0, 3)),
            ("reported", matter("soil.pollution", 90.0, 4)),
            ("sent back", matter("ecology.damage", 120.0, 5)),
            ("another's", matter("radiation.light", 150.0, 6)),
            ("rated", matter("other.other", 180.0, 7)),
            ("added to", matter("noise.industrial", 900.0, 8)),
            ("returned", matter("water.industrial", 940.0, 9)),
            ("come back", matter("waste.hazardous", 980.0, 10)),
            (
                "transferred",
                matter("radiation.electromagnetic", 1020.0, 11),
            ),
            ("unheard", by_landline("air.open_burning", 1400.0)),
            ("first", fumes(Some("13800000012"), 300.0)),
            ("joined", fumes(Some("13800000013"), 315.0)),
        ] {
            let receipt = world.file(body).await;
            filed.insert(
                name,
                (receipt.text("/number"), receipt.text("/tracking_code")),
            );
        }
        let home = brigade
            .get(&format!("/api/v1/complaints/{}", filed["unassigned"].0))
            .await
            .expect(200);
        let mut town = Self {
            filed,
            visits: BTreeMap::new(),
            grid: home.text("/place/grid_code"),
            brigade,
            officers: [world.resident(), world.resident()],
        };
        town.decide_all().await;
        town.send_officers(world).await;
        town.hear_reporters(world).await;
        world.tell().await;
        world.clock.advance(TimeDelta::days(1));
        town.brigade = world.sign_in("brigade").await;
        town.officers = [
            world.sign_in("officer1").await,
            world.sign_in("officer2").await,
        ];
        town
    }

    fn number(&self, name: &str) -> &str {
        &self.filed[name].0
    }

    fn numbers(&self, names: &[&str]) -> BTreeSet<String> {
        let numbers = names.iter().map(|name| self.number(name).to_owned());
        numbers.collect()
    }

    fn tracked(&self, name: &str, what: &str) -> String {
        format!("/api/v1/tracking/{}/{what}", self.filed[name].1)
    }

    fn complaint(&self, name: &str, what: &str) -> String {
        format!("/api/v1/complaints/{}/{what}", self.number(name))
    }

    fn visit(&self, name: &str, what: &str) -> String {
        format!("/api/v1/verifications/{}/{what}", self.visits[name])
    }

    async fn decide_all(&self) {
        let returned = json!({ "action": "return", "reason": "请补充具体楼栋" });
        let transferred = json!({ "action": "transfer", "reason": "非本局职责", "notice": "已转送", "transfer_to": "dept_urban" });
        for (name, decision) in [
            ("returned", &returned),
            ("come back", &returned),
            ("transferred", &transferred),
        ] {
            decide(&self.brigade, self.number(name), decision.clone()).await;
        }
        for name in [
            "unassigned",
            "on the way",
            "overdue",
            "reported",
            "sent back",
            "another's",
            "rated",
            "added to",
            "unheard",
        ] {
            self.brigade.accept(self.number(name)).await;
        }
    }

    async fn send_officers(&mut self, world: &World) {
        let order = json!({ "grid_code": self.grid });
        let visit = send(&self.brigade, self.number("unassigned"), order).await;
        self.visits.insert("unassigned", visit);
        for name in ["officer1", "officer2"] {
            world.officer(name, &self.grid).await;
        }
        for (name, officer, due_on) in [
            ("on the way", "officer1", "2026-11-27"),
            ("overdue", "officer1", "2026-11-24"),
            ("reported", "officer1", "2026-11-27"),
            ("sent back", "officer1", "2026-11-27"),
            ("another's", "officer2", "2026-11-27"),
        ] {
            let order = json!({ "grid_code": self.grid, "officer": officer, "due_on": due_on });
            let visit = send(&self.brigade, self.number(name), order).await;
            self.visits.insert(name, visit);
        }
        let officer = world.sign_in("officer1").await;
        for name in ["reported", "sent back"] {
            report(&officer, &self.visits[name]).await;
        }
        let again = json!({ "outcome": "return", "reason": "没有远景" });
        self.brigade
            .post(&self.visit("sent back", "review"), again)
            .await
            .expect(200);
    }

    async fn hear_reporters(&self, world: &World) {
        let resident = world.resident();
        let added = json!({ "text": "补充：3号楼下" });
        for name in ["added to", "come back"] {
            resident
                .post(&self.tracked(name, "supplements"), added.clone())
                .await
                .expect(201);
        }
        let reply = json!({ "kind": "final", "text": "已责令整改" });
        self.brigade
            .post(&self.complaint("rated", "reply"), reply)
            .await
            .expect(201);
        let rating = json!({ "score": "dissatisfied", "wants_reopening": true });
        resident
            .post(&self.tracked("rated", "rating"), rating)
            .await
            .expect(201);
    }

    /// What is in each of the brigade's lists.
    fn expected(&self) -> BTreeMap<&'static str, BTreeSet<String>> {
        let going = ["on the way", "overdue", "another's"];
        let accepted = [
            "unassigned",
            "on the way",
            "overdue",
            "reported",
            "sent back",
            "another's",
            "added to",
            "unheard",
        ];
        BTreeMap::from([
            ("notices", self.numbers(&["unheard"])),
            ("visits_unassigned", self.numbers(&["unassigned"])),
            ("visits_on_the_way", self.numbers(&going)),
            ("visits_awaiting_review", self.numbers(&["reported"])),
            ("visits_returned", self.numbers(&["sent back"])),
            ("visits_overdue", self.numbers(&["overdue"])),
            ("replies_due", self.numbers(&accepted)),
            ("reopening_requests", self.numbers(&["rated"])),
            ("new_facts", self.numbers(&["added to"])),
            ("provisional_links", self.numbers(&["joined"])),
            ("returned_items", self.numbers(&["returned", "come back"])),
            ("sent_elsewhere", self.numbers(&["transferred"])),
            ("finds_taken_up", BTreeSet::new()),
            // Nothing came in as history: `history::old_open_rows_stand_behind_the_day` puts it there.
            ("imported_overdue", self.numbers(&[])),
        ])
    }
}

/// The rows of a list, page by page of two, and the counts that came with the first.
async fn rows(actor: &Actor, list: &str, filters: &str) -> (Vec<Value>, Value) {
    let mut rows = Vec::new();
    let mut counts = Value::Null;
    let mut cursor = String::new();
    loop {
        let page = format!("{WORK}/{list}?limit=2{filters}{cursor}");
        let page = actor.get(&page).await.expect(200);
        rows.extend(page.body["items"].as_array().unwrap().iter().cloned());
        if counts.is_null() {
            counts = page.body["counts"].clone();
        }
        assert_eq!(page.body["counts"], counts, "{list}{filters}");
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (rows, counts),
        }
    }
}

/// The numbers of a list, in its order.
async fn numbers(actor: &Actor, list: &str, filters: &str) -> Vec<String> {
    let (rows, counts) = rows(actor, list, filters).await;
    assert_eq!(counts["count"], rows.len(), "{list}{filters}");
    let numbers = rows.iter().map(|row| row["number"].as_str().unwrap());
    numbers.map(str::to_owned).collect()
}

/// What an actor's lists hold, each count held against its pages.
async fn lists_of(actor: &Actor) -> BTreeMap<String, BTreeSet<String>> {
    let work = actor.get(WORK).await.expect(200);
    let mut lists = BTreeMap::new();
    for said in work.body["lists"].as_array().unwrap() {
        let list = said["list"].as_str().unwrap().to_owned();
        let (rows, counts) = rows(actor, &list, "").await;
        assert_eq!(&counts, said, "{} at {list}", actor.name);
        let overdue = rows.iter().filter(|row| row["overdue"] == json!(true));
        assert_eq!(
            (&said["count"], &said["overdue"]),
            (&json!(rows.len()), &json!(overdue.count())),
            "{list}"
        );
        let due = rows.iter().filter_map(|row| row["due_on"].as_str()).min();
        assert_eq!(said["first_due_on"].as_str(), due, "{list}");
        for row in &rows {
            assert_eq!(row["list"], said["list"]);
            assert_eq!(row["list_name"], said["name"]);
        }
        let numbers: BTreeSet<String> = rows
            .iter()
            .map(|row| row["number"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(numbers.len(), rows.len(), "{list}: a row stands twice");
        lists.insert(list, numbers);
    }
    lists
}

/// Whether an item stands in a list of the brigade's.
async fn stands(town: &Town, list: &str, name: &str) -> bool {
    let numbers = numbers(&town.brigade, list, "").await;
    numbers.iter().any(|number| number == town.number(name))
}

/// Every role finds its own lists alone, with what waits in each, and each count is that of its pages.
async fn counts_are_those_of_the_pages(world: World) {
    let town = Town::of(&world).await;
    let expected = town.expected();
    let all: BTreeMap<String, BTreeSet<String>> = expected
        .iter()
        .map(|(list, numbers)| ((*list).to_owned(), numbers.clone()))
        .collect();
    assert_eq!(all.len(), WorkList::ALL.len());
    assert_eq!(lists_of(&town.brigade).await, all);
    let admin = world.staff(Role::Admin).await;
    assert_eq!(lists_of(&admin).await, all);

    let office = lists_of(&world.sign_in("office").await).await;
    let of_office = [
        "visits_overdue",
        "replies_due",
        "notices",
        "reopening_requests",
        "returned_items",
        "sent_elsewhere",
    ];
    let only = of_office.map(|list| (list.to_owned(), expected[list].clone()));
    assert_eq!(office, BTreeMap::from(only));

    let own = |going: &[&str], reported: &[&str], back: &[&str], overdue: &[&str]| {
        BTreeMap::from([
            ("visits_on_the_way".to_owned(), town.numbers(going)),
            ("visits_awaiting_review".to_owned(), town.numbers(reported)),
            ("visits_returned".to_owned(), town.numbers(back)),
            ("visits_overdue".to_owned(), town.numbers(overdue)),
        ])
    };
    let [first, second] = &town.officers;
    assert_eq!(
        lists_of(first).await,
        own(
            &["on the way", "overdue"],
            &["reported"],
            &["sent back"],
            &["overdue"]
        )
    );
    assert_eq!(lists_of(second).await, own(&["another's"], &[], &[], &[]));

    // Who reads the queue sees what waits there beside the lists.
    let work = town.brigade.get(WORK).await.expect(200);
    assert_eq!(
        (
            &work.body["queue"]["screening"],
            &work.body["queue"]["awaiting_acceptance"]
        ),
        (&json!(1), &json!(2))
    );
    assert_eq!(first.get(WORK).await.body["queue"], Value::Null);
}

/// A row says what it is, what it waits for and since when, which duty's day is near, and who holds it.
async fn a_row_says_what_waits(world: World) {
    let town = Town::of(&world).await;
    let (going, _) = rows(&town.brigade, "visits_on_the_way", "").await;
    let order: Vec<&str> = going
        .iter()
        .map(|row| row["number"].as_str().unwrap())
        .collect();
    let names = ["overdue", "on the way", "another's"];
    assert_eq!(order, names.map(|name| town.number(name)), "the first due");
    let said = |row: &Value| {
        let fields = [
            "subject",
            "visit",
            "category",
            "category_name",
            "state_name",
            "grid",
            "list",
            "list_name",
            "since",
            "due_on",
            "working_days_left",
            "overdue",
            "held_by",
        ];
        Value::from_iter(fields.map(|field| (field.to_owned(), row[field].clone())))
    };
    assert_eq!(
        said(&going[0]),
        json!({
            "subject": "visit", "visit": town.visits["overdue"], "category": "waste.domestic",
            "category_name": going[0]["category_name"], "state_name": "已派", "grid": town.grid,
            "list": "visits_on_the_way", "list_name": "核实途中", "since": "2026-11-24",
            "due_on": "2026-11-24", "working_days_left": -1, "overdue": true, "held_by": "officer1"
        })
    );
    assert_eq!(
        (
            &going[1]["due_on"],
            &going[1]["working_days_left"],
            &going[1]["overdue"]
        ),
        (&json!("2026-11-27"), &json!(2), &json!(false))
    );
    let (reported, _) = rows(&town.brigade, "visits_awaiting_review", "").await;
    assert_eq!(
        (&reported[0]["due_on"], &reported[0]["overdue"]),
        (&Value::Null, &json!(false)),
        "what was reported on is not due"
    );

    let (replies, _) = rows(&town.brigade, "replies_due", "").await;
    let added = replies
        .iter()
        .find(|row| row["number"] == town.number("added to"))
        .unwrap();
    let view = town
        .brigade
        .get(&format!("/api/v1/complaints/{}", town.number("added to")))
        .await
        .expect(200);
    let clocks = view.body["deadlines"].as_array().unwrap();
    let reply = clocks.iter().find(|c| c["kind"] == "reply").unwrap();
    assert_eq!(
        (
            &added["subject"],
            &added["visit"],
            &added["due_on"],
            &added["since"]
        ),
        (
            &json!("complaint"),
            &Value::Null,
            &reply["due_on"],
            &json!("2026-11-24")
        )
    );
    assert_eq!(
        (&added["entry"], &added["street"], &added["grid"]),
        (
            &view.body["entry"],
            &view.body["place"]["street_code"],
            &view.body["place"]["grid_code"]
        )
    );
    let (sent, _) = rows(&town.brigade, "sent_elsewhere", "").await;
    assert_eq!(
        (
            &sent[0]["held_by"],
            &sent[0]["due_on"],
            &sent[0]["state_name"]
        ),
        (&json!("区城市管理局"), &Value::Null, &json!("转送移交"))
    );

    let (unheard, _) = rows(&town.brigade, "notices", "").await;
    assert_eq!(
        (
            &unheard[0]["untold"],
            &unheard[0]["since"],
            &unheard[0]["due_on"],
            &unheard[0]["working_days_left"]
        ),
        (
            &json!("to_call"),
            &json!("2026-11-24"),
            &json!("2026-12-09"),
            &json!(10)
        )
    );
    assert_eq!(sent[0]["untold"], Value::Null);

    // The first words, masked for whoever has no need of more.
    let full = going[1]["words"].as_str().unwrap();
    assert!(full.contains("13900001234"), "{full}");
    assert_eq!(full.chars().count(), 61);
    let (own, _) = rows(&town.officers[0], "visits_on_the_way", "").await;
    let masked = own[1]["words"].as_str().unwrap();
    assert_eq!(own[1]["number"], town.number("on the way"));
    assert!(!masked.contains("13900001234"), "{masked}");
    assert!(masked.starts_with("water.domestic扰民"), "{masked}");
}

/// An item leaves its list by the step that deals with it.
async fn what_is_dealt_with_leaves_its_list(world: World) {
    let town = Town::of(&world).await;
    let brigade = &town.brigade;
    let to = json!({ "officer": "officer2", "reason": "就近" });
    brigade
        .post(&town.visit("unassigned", "reassignment"), to)
        .await
        .expect(200);
    assert!(!stands(&town, "visits_unassigned", "unassigned").await);
    assert!(stands(&town, "visits_on_the_way", "unassigned").await);

    report(&town.officers[0], &town.visits["overdue"]).await;
    for list in ["visits_on_the_way", "visits_overdue"] {
        assert!(!stands(&town, list, "overdue").await, "{list}");
    }
    assert!(stands(&town, "visits_awaiting_review", "overdue").await);
    let again = json!({ "outcome": "return", "reason": "请补远景" });
    brigade
        .post(&town.visit("overdue", "review"), again)
        .await
        .expect(200);
    for list in ["visits_returned", "visits_overdue"] {
        assert!(stands(&town, list, "overdue").await, "{list}");
    }
    brigade
        .post(
            &town.visit("reported", "review"),
            json!({ "outcome": "pass" }),
        )
        .await
        .expect(200);
    assert!(!stands(&town, "visits_awaiting_review", "reported").await);

    let called = json!({ "channel": "phone", "told_on": "2026-11-25", "proof": "本人接听" });
    brigade
        .post(&town.complaint("unheard", "notices"), called)
        .await
        .expect(201);
    assert!(!stands(&town, "notices", "unheard").await);
    assert!(stands(&town, "replies_due", "unheard").await);

    let reply = json!({ "kind": "final", "text": "已责令整改" });
    brigade
        .post(&town.complaint("reported", "reply"), reply)
        .await
        .expect(201);
    assert!(!stands(&town, "replies_due", "reported").await);
    brigade
        .post(
            &town.complaint("rated", "reopening"),
            json!({ "reason": "复查仍有" }),
        )
        .await
        .expect(200);
    assert!(!stands(&town, "reopening_requests", "rated").await);
    assert!(stands(&town, "replies_due", "rated").await);

    brigade
        .post(
            &town.complaint("joined", "match-decision"),
            json!({ "decision": "confirm" }),
        )
        .await
        .expect(200);
    assert!(!stands(&town, "provisional_links", "joined").await);

    let added = json!({ "text": "3号楼下" });
    world
        .resident()
        .post(&town.tracked("returned", "supplements"), added)
        .await
        .expect(201);
    assert!(
        stands(&town, "returned_items", "returned").await,
        "it came back"
    );
    for name in ["returned", "come back"] {
        brigade.accept(town.number(name)).await;
        assert!(!stands(&town, "returned_items", name).await, "{name}");
    }
    // A request that was answered again, and not asked for again, is none.
    let reply = json!({ "kind": "final", "text": "已复查" });
    brigade
        .post(&town.complaint("rated", "reply"), reply)
        .await
        .expect(201);
    world
        .resident()
        .post(
            &town.tracked("rated", "rating"),
            json!({ "score": "satisfied" }),
        )
        .await
        .expect(201);
    assert!(!stands(&town, "reopening_requests", "rated").await);
    lists_of(brigade).await;
}

/// What is added to a complaint that is handled waits until somebody who handles it has read it or
/// taken a step; what they add themselves they know.
async fn what_was_added_waits_to_be_read(world: World) {
    let town = Town::of(&world).await;
    let brigade = &town.brigade;
    let reading = town.complaint("added to", "reading");
    let view = format!("/api/v1/complaints/{}", town.number("added to"));
    let until = |at: &str| json!({ "until": format!("2026-11-{at}+08:00") });
    let (found, _) = rows(brigade, "new_facts", "").await;
    assert_eq!(found[0]["since"], "2026-11-24");
    world
        .resident()
        .post_parts(
            &town.tracked("added to", "photos"),
            &[("photo", None, scene(5, 300, 200))],
        )
        .await
        .expect(201);
    let (found, _) = rows(brigade, "new_facts", "").await;
    assert_eq!(found[0]["since"], "2026-11-24", "the first waits longest");
    let refused = brigade.post(&reading, until("25T10:04:59")).await;
    let refused = refused.expect_problem(422, "invalid");
    assert_eq!(
        (
            refused.text("/items/0/location"),
            refused.text("/items/0/code")
        ),
        ("until".into(), "too_early".into()),
        "the photo came later"
    );
    assert!(stands(&town, "new_facts", "added to").await);
    for _ in 0..2 {
        let read = brigade.post(&reading, until("25T10:05:00")).await;
        read.expect(200);
        assert!(!stands(&town, "new_facts", "added to").await);
    }
    let history = brigade.get(&view).await.expect(200);
    let read = history.body["history"].as_array().unwrap().iter();
    let read = read.filter(|step| step["event"] == "read_additions");
    assert_eq!(read.count(), 1, "what was read is told once");

    let supplements = town.complaint("added to", "supplements");
    let added = json!({ "text": "来电补充：夜间更甚" });
    brigade.post(&supplements, added.clone()).await.expect(201);
    assert!(!stands(&town, "new_facts", "added to").await);
    let office = world.sign_in("office").await;
    office.post(&supplements, added).await.expect(201);
    assert!(stands(&town, "new_facts", "added to").await);
    office
        .post(&reading, until("25T10:05:00"))
        .await
        .expect_problem(403, "forbidden");
    let reply = json!({ "kind": "final", "text": "已责令整改" });
    brigade
        .post(&town.complaint("added to", "reply"), reply)
        .await
        .expect(201);
    assert!(!stands(&town, "new_facts", "added to").await);
    // Whoever was answered may still add, and what they add waits.
    let added = json!({ "text": "昨晚又开始了", "new_facts": true });
    world
        .resident()
        .post(&town.tracked("added to", "supplements"), added)
        .await
        .expect(201);
    assert!(stands(&town, "new_facts", "added to").await);
    brigade
        .post(
            &town.complaint("added to", "close"),
            json!({ "reason": "已办结" }),
        )
        .await
        .expect(200);
    assert!(!stands(&town, "new_facts", "added to").await);
}

/// Filters narrow the page and its counts alike, and a cursor is of its list and filters alone.
async fn lists_are_narrowed_and_paged(world: World) {
    let town = Town::of(&world).await;
    let brigade = &town.brigade;
    let listed = |list: &'static str, filters: &'static str| async move {
        let numbers = numbers(brigade, list, filters).await;
        numbers.into_iter().collect::<BTreeSet<String>>()
    };
    let narrowed: [(&'static str, &'static str, &[&str]); 15] = [
        (
            "replies_due",
            "&category=noise",
            &["unassigned", "added to"],
        ),
        ("replies_due", "&category=noise.industrial", &["added to"]),
        ("visits_on_the_way", "&category=water", &["on the way"]),
        (
            "visits_on_the_way",
            "&category=waste.domestic",
            &["overdue"],
        ),
        ("visits_on_the_way", "&due_until=2026-11-26", &["overdue"]),
        (
            "visits_on_the_way",
            "&due_until=2026-11-27",
            &["overdue", "on the way", "another's"],
        ),
        ("visits_on_the_way", "&overdue=true", &["overdue"]),
        (
            "visits_on_the_way",
            "&overdue=false",
            &["on the way", "another's"],
        ),
        ("replies_due", "&overdue=true", &[]),
        ("sent_elsewhere", "&overdue=true", &[]),
        ("sent_elsewhere", "&due_until=2027-12-31", &[]),
        ("sent_elsewhere", "&overdue=false", &["transferred"]),
        ("visits_on_the_way", "&grid=35010200100101", &[]),
        ("visits_on_the_way", "&street=350102001", &[]),
        ("returned_items", "&street=350102100", &[]),
    ];
    for (list, filters, names) in narrowed {
        let expected = town.numbers(names);
        assert_eq!(listed(list, filters).await, expected, "{list}{filters}");
    }
    let place = brigade
        .get(&format!("/api/v1/complaints/{}", town.number("unassigned")))
        .await
        .expect(200);
    let (street, grid) = (place.text("/place/street_code"), &town.grid);
    let all = town.expected();
    for (filters, list) in [
        (format!("&street={street}"), "visits_on_the_way"),
        (format!("&grid={grid}"), "visits_on_the_way"),
        (
            format!("&street={street}&category=noise.social"),
            "visits_unassigned",
        ),
    ] {
        let found = numbers(brigade, list, &filters).await;
        let found: BTreeSet<String> = found.into_iter().collect();
        assert_eq!(found, all[list], "{list}{filters}");
    }
    let (first, _) = rows(brigade, "replies_due", &format!("&grid={grid}")).await;
    assert!(first.iter().all(|row| row["grid"] == json!(grid)));
    assert!(!first.is_empty());

    let page = brigade
        .get(&format!("{WORK}/replies_due?limit=2"))
        .await
        .expect(200);
    let cursor = page.text("/next_cursor");
    assert!(page.headers["link"].to_str().unwrap().contains(&cursor));
    let refused = |reply: Reply| reply.expect_problem(400, "unknown_cursor");
    for path in [
        format!("replies_due?category=noise&cursor={cursor}"),
        format!("returned_items?cursor={cursor}"),
        format!("visits_on_the_way?cursor={cursor}"),
        "replies_due?cursor=nonsense".to_owned(),
    ] {
        refused(brigade.get(&format!("{WORK}/{path}")).await);
    }
    for (filter, place) in [
        ("category=fire", "query.category"),
        ("street=350102999", "query.street"),
        ("grid=1", "query.grid"),
        ("limit=0", "query.limit"),
    ] {
        let reply = brigade.get(&format!("{WORK}/replies_due?{filter}")).await;
        let reply = reply.expect(400);
        assert_eq!(reply.text("/items/0/location"), place, "{filter}");
    }
    for path in ["replies_due?due_until=soon", "replies_due?colour=red"] {
        brigade.get(&format!("{WORK}/{path}")).await.expect(400);
    }
    brigade
        .get(&format!("{WORK}/visits"))
        .await
        .expect_problem(404, "not_found");
    assert!(world.server.app.profile.grid(AWAY).is_some());
}

/// A role without lists is turned away, and nobody reads another role's.
async fn every_role_has_its_own_lists(world: World) {
    for role in Role::ALL {
        let actor = world.staff(*role).await;
        let lists: BTreeSet<&str> = WorkList::of(*role).map(WorkList::as_str).collect();
        let work = actor.get(WORK).await;
        if lists.is_empty() {
            work.expect_problem(403, "forbidden");
        } else {
            let work = work.expect(200);
            let said = work.body["lists"].as_array().unwrap().iter();
            let said: Vec<&str> = said.map(|list| list["list"].as_str().unwrap()).collect();
            assert_eq!(said.iter().copied().collect::<BTreeSet<_>>(), lists);
            assert_eq!(said.len(), lists.len());
        }
        for list in WorkList::ALL {
            let page = actor.get(&format!("{WORK}/{}", list.as_str())).await;
            if lists.contains(list.as_str()) {
                let page = page.expect(200);
                assert_eq!(page.body["items"], json!([]));
                assert_eq!(page.body["counts"]["count"], 0);
            } else {
                page.expect_problem(403, "forbidden");
            }
        }
    }
}

on_both!(
    counts_are_those_of_the_pages,
    a_row_says_what_waits,
    what_is_dealt_with_leaves_its_list,
    what_was_added_waits_to_be_read,
    lists_are_narrowed_and_paged,
    every_role_has_its_own_lists,
);
