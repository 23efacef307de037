//! Circles: files that need each other, rooms that need each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    checks::{Found, room_of},
    names::{House, Place},
    said::Way,
    tree,
};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// No files name each other in a circle, in whatever room they stand.
pub fn files(house: &House, found: &mut Found) {
    let mut graph = Graph::new();
    for (at, file, module) in house.written() {
        let others = graph.entry(file.to_owned()).or_default();
        for mention in &module.mentions {
            let Some(place) = house.lead_of(at, mention) else {
                continue;
            };
            if matches!(place, Place::Module(_)) && mention.way != Way::Glob {
                continue;
            }
            let other = house
                .file_of(&place)
                .filter(|other| !stands_above(other, file));
            others.extend(other.map(str::to_owned));
        }
    }
    for round in circles(&graph) {
        found.add("circle of files", &round[0], 1, round.join(" "));
    }
}

/// Whether a file is the other itself or the module around it: a child may use what its parent
/// holds.
fn stands_above(above: &str, file: &str) -> bool {
    let (of, path) = tree::place(above);
    let (krate, child) = tree::place(file);
    of == krate && child.starts_with(&path)
}

/// No rooms name each other in a circle.
pub fn rooms(house: &House, found: &mut Found) {
    let mut graph = Graph::new();
    for (at, file, module) in house.written() {
        let room = tree::room(file);
        if matches!(room, "lib" | "main") {
            continue;
        }
        let others = graph.entry(room.to_owned()).or_default();
        for mention in &module.mentions {
            let Some(place) = house.lead_of(at, mention) else {
                continue;
            };
            if matches!(place, Place::Module(_)) && mention.way == Way::Inline {
                continue;
            }
            others.extend(room_of(house, &place).filter(|other| other != room));
        }
    }
    for round in circles(&graph) {
        found.add("circle of rooms", &round[0], 1, round.join(" "));
    }
}

/// The names that reach each other, each circle once.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = graph
        .keys()
        .map(|name| (name, reach(graph, name)))
        .collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (name, others) in &reached {
        if others.contains(name) {
            let round = others
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|r| r.contains(name)));
            found.insert(round.map(|other| (*other).clone()).collect());
        }
    }
    found.into_iter().collect()
}

fn reach<'a>(graph: &'a Graph, from: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = graph[from].iter().collect();
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(graph.get(name).into_iter().flatten());
        }
    }
    reached
}
