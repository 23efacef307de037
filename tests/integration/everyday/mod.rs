//! Everyday life, at random: residents, the brigade, officers, offices and other systems do at once
//! whatever the document offers, over few places and few people so that they meet. Whatever comes
//! in whatever order, nothing fails on our side and the ledger stays sound (`support::facts`).
//!
//! A failure names the seed and the last requests. `DENGWEN_EVERYDAY_SEED` plays one seed again and
//! `DENGWEN_EVERYDAY_TURNS` as many turns of each as wanted; what meets what is the machine's.

mod afterthoughts;
mod brigade;
mod others;
mod town;

use std::rc::Rc;

use chrono::TimeDelta;
use dengwen::{
    account::Role, complaint::returned::TakeBackReturned, jobs, platform::jobs as queue,
};

use crate::support::{
    Actor, World,
    bodies::{LAT, LON},
    contract,
    draw::Draw,
    facts,
};
use town::{SPOTS, Town};

/// Turns of each of twenty in the suite; bounded, so that it takes some seconds.
const TURNS: u64 = 45;

/// Requests told of a failure.
const TAIL: usize = 40;

/// What one of the twenty is.
type Part = (&'static str, Actor);

async fn twenty(world: &World) -> (Vec<Part>, Vec<String>) {
    let mut all: Vec<Part> = Vec::new();
    for n in 0..3 {
        let mut somebody = world.resident();
        somebody.name = format!("resident{n}");
        all.push(("resident", somebody));
    }
    for phone in ["13800000001", "13800000002"] {
        let mut resident = world.signed_in_resident(phone).await;
        resident.name = format!("resident {phone}");
        all.push(("resident", resident));
    }
    for n in 0..3 {
        let name = format!("triage{n}");
        all.push(("triage", world.staff_named(Role::Brigade, &name).await));
    }
    for n in 0..3 {
        let name = format!("handling{n}");
        all.push(("handling", world.staff_named(Role::Brigade, &name).await));
    }
    for n in 0..2 {
        let name = format!("matching{n}");
        all.push(("matching", world.staff_named(Role::Brigade, &name).await));
    }
    let mut officers = Vec::new();
    for spot in [0, 2] {
        let point = dengwen::geo::Point {
            lon: LON,
            lat: LAT + SPOTS[spot] / 111_195.0,
        };
        let grid = world
            .server
            .app
            .profile
            .grid_at(point)
            .unwrap()
            .code
            .clone();
        for n in 0..2 - spot / 2 {
            let name = format!("officer{spot}{n}");
            all.push(("visiting", world.officer(&name, &grid).await));
            officers.push(name);
        }
    }
    all.push(("office", world.staff(Role::Office).await));
    all.push(("group", world.staff(Role::SteeringGroup).await));
    all.push(("service", world.staff(Role::Service).await));
    all.push(("street", world.street("street", "350102004").await));
    (all, officers)
}

async fn live(town: Rc<Town>, world: Rc<World>, (kind, who): Part, at: u64, turns: u64) {
    let mut draw = Draw(town.seed.wrapping_mul(1000) + at);
    for turn in 0..turns {
        // Everybody does everything in turn, each beginning elsewhere.
        let what = turn + at;
        match kind {
            "resident" => others::resident(&town, &who, what % 11, &mut draw).await,
            "triage" => match what % 18 {
                14 => afterthoughts::corrected(&town, &who, &mut draw).await,
                15 => afterthoughts::after_the_answer(&town, &who, &mut draw).await,
                16 => afterthoughts::sent_to_many(&town, &who, &mut draw).await,
                17 => afterthoughts::told_by_hand(&town, &who, &mut draw).await,
                what => brigade::triage(&town, &who, what, &mut draw).await,
            },
            "matching" => brigade::matching(&town, &who, what % 9, &mut draw).await,
            "handling" => brigade::handling(&town, &who, what % 10, &mut draw).await,
            "visiting" => others::visiting(&town, &who, what, &mut draw).await,
            kind => others::offices(&town, &world, (kind, &who), what, &mut draw).await,
        }
    }
}

/// What of the document is about complaints and the ledger: each operation that changes something
/// must have been tried.
const LIVED: [&str; 6] = [
    "complaints",
    "tracking",
    "triage",
    "matching",
    "ledger",
    "verification",
];

/// Operations of these that nobody of the twenty does.
fn left_out(town: &Town) -> Vec<String> {
    let answers = town.answers.borrow();
    let paths = contract::DOCUMENT["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (method.to_uppercase(), path, operation))
    });
    operations
        .filter(|(method, _, operation)| {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            method != "GET" && LIVED.contains(&tag)
        })
        .map(|(method, path, _)| format!("{method} {path}"))
        .filter(|operation| !answers.contains_key(operation))
        .collect()
}

/// Random operations of twenty at once: nothing fails, and the ledger is sound afterwards.
async fn whatever_twenty_people_do_at_once_the_ledger_stays_sound(world: World) {
    let number =
        |name: &str, unless: u64| std::env::var(name).map_or(unless, |text| text.parse().unwrap());
    let seed = number("DENGWEN_EVERYDAY_SEED", 1);
    let turns = number("DENGWEN_EVERYDAY_TURNS", TURNS);
    let (all, officers) = twenty(&world).await;
    let world = Rc::new(world);
    let town = Rc::new(Town::new(seed, officers));
    let lives = all
        .into_iter()
        .zip(0..)
        .map(|(part, at)| actix_web::rt::spawn(live(town.clone(), world.clone(), part, at, turns)));
    let lived = futures_util::future::join_all(lives).await;
    let mut wrong: Vec<String> = lived
        .into_iter()
        .filter_map(|life| life.err().map(|e| e.to_string()))
        .collect();
    wrong.extend(facts::broken(&world));
    // A month and a half later: what was returned comes back as it is.
    world.clock.advance(TimeDelta::days(45));
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, &TakeBackReturned {}, now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    wrong.extend(
        facts::broken(&world)
            .into_iter()
            .map(|w| format!("later: {w}")),
    );
    if std::env::var("DENGWEN_EVERYDAY_TELL").is_ok() {
        for (operation, answers) in town.answers.borrow().iter() {
            println!("{operation} {answers:?}");
        }
    }
    let deadlocks = facts::deadlocks(&world);
    if deadlocks > 0 {
        wrong.push(format!("{deadlocks} deadlocks"));
    }
    let said = town.said.borrow();
    let tail = &said[said.len().saturating_sub(TAIL)..];
    assert!(
        wrong.is_empty(),
        "seed {seed}:\n{}\n{} requests, the last of them:\n{}",
        wrong.join("\n"),
        said.len() / 2,
        tail.join("\n")
    );
    assert_eq!(left_out(&town), Vec::<String>::new(), "seed {seed}");
}

on_both!(whatever_twenty_people_do_at_once_the_ledger_stays_sound,);
