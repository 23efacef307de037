//! The checks of the house, over any tree.

use std::collections::BTreeSet;

use super::{
    names::{House, Place},
    plan, purity, rounds,
    said::{Mention, Module, Way},
    tree::{self, Tree},
};

/// Something that is against the plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub check: &'static str,
    pub file: String,
    pub line: usize,
    pub what: String,
}

/// What is found, each once per file.
#[derive(Debug, Default)]
pub struct Found {
    faults: Vec<Fault>,
    seen: BTreeSet<(&'static str, String, String)>,
}

impl Found {
    /// What was found, in order.
    pub fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort();
        self.faults
    }

    pub fn add(&mut self, check: &'static str, file: &str, line: usize, what: impl Into<String>) {
        let what = what.into();
        if self.seen.insert((check, file.to_owned(), what.clone())) {
            self.faults.push(Fault {
                check,
                file: file.to_owned(),
                line,
                what,
            });
        }
    }
}

/// Everything in a tree that is against the plan.
pub fn run(tree: &Tree) -> Vec<Fault> {
    of(&House::of(tree))
}

/// Everything in a house that is against the plan.
pub fn of(house: &House) -> Vec<Fault> {
    let mut found = Found::default();
    for (at, file, module) in house.written() {
        imports(house, at, file, module, &mut found);
        transactions(file, module, &mut found);
        handlers(file, module, &mut found);
        tables(house, at, file, module, &mut found);
        states(house, at, file, module, &mut found);
        purity::check(house, at, file, module, &mut found);
        for (detour, line) in &module.detours {
            leaves(file, detour, *line, &mut found);
        }
    }
    for (file, detour, line) in &house.detours_of_tests {
        leaves(file, detour, *line, &mut found);
    }
    rounds::files(house, &mut found);
    rounds::rooms(house, &mut found);
    found.into_faults()
}

fn leaves(file: &str, detour: &str, line: usize, found: &mut Found) {
    let what = format!("{detour} leaves the module tree");
    found.add("detour", file, line, what);
}

/// The room a place stands in, if the plan or the tree knows it.
pub fn room_of(house: &House, place: &Place) -> Option<String> {
    let path = house.spelled(place);
    let krate = path.first()?.strip_prefix("dengwen")?;
    let name = match krate.strip_prefix('_') {
        Some(name) => name,
        None => path.get(1)?,
    };
    let known = plan::ROOMS.contains(&name) || house.rooms.contains(name);
    known.then(|| name.to_owned())
}

/// How a place is told of: its path without the crate.
pub fn told(house: &House, place: &Place) -> String {
    house.spelled(place).join("::")
}

/// Imports run downhill, and a path that leaves its room begins with `crate::`.
fn imports(house: &House, at: usize, file: &str, module: &Module, found: &mut Found) {
    let room = tree::room(file);
    let floor = |room: &str| plan::ROOMS.iter().position(|r| *r == room);
    if matches!(room, "lib" | "main") {
        return;
    }
    let Some(own) = floor(room) else {
        found.add("rooms", file, 1, format!("{room} is not in the plan"));
        return;
    };
    for mention in &module.mentions {
        let Mention { said, line, way } = mention;
        let climbs = said
            .iter()
            .skip_while(|s| *s == "self")
            .take_while(|s| *s == "super")
            .count();
        let below = house.depth(at) - usize::from(file.starts_with("src/"));
        if climbs > below {
            found.add(
                "climbing",
                file,
                *line,
                format!("{} leaves the room; say crate::", said.join("::")),
            );
        }
        let Some(place) = house.lead_of(at, mention) else {
            continue;
        };
        if *way == Way::Inline && matches!(place, Place::Module(_)) {
            continue;
        }
        let Some(other) = room_of(house, &place) else {
            continue;
        };
        if floor(&other).is_some_and(|other| other > own) {
            found.add("upwards", file, *line, format!("{room} names {other}"));
        }
    }
}

/// Only a handler or a job opens a transaction.
fn transactions(file: &str, module: &Module, found: &mut Found) {
    for opening in &module.openings {
        let may = plan::OPENERS.iter().any(|(of, function)| {
            file.starts_with(of) && (function.is_empty() || *function == opening.within)
        });
        let by_handler = opening.by_handler && opening.word.starts_with("write");
        if !may && !by_handler {
            found.add(
                "transaction",
                file,
                opening.line,
                format!("{} in {}", opening.word, opening.within),
            );
        }
    }
}

/// A request has one write.
fn handlers(file: &str, module: &Module, found: &mut Found) {
    for handler in module.handlers.iter().filter(|h| h.writes > 1) {
        found.add(
            "two writes",
            file,
            handler.line,
            format!("{} writes {} times", handler.name, handler.writes),
        );
    }
}

/// The table in a path through the schema.
fn table_in(path: &[String]) -> Option<&str> {
    let at = path.iter().position(|s| s == "schema")?;
    path.get(at + 1).map(String::as_str)
}

/// A table is written by its owner alone.
fn tables(house: &House, at: usize, file: &str, module: &Module, found: &mut Found) {
    if plan::FILLERS.iter().any(|filler| file.starts_with(filler)) {
        return;
    }
    for write in &module.table_writes {
        let of_diesel = match write.by.as_deref() {
            None => true,
            Some(by) => {
                let leads = house.lead(at, by);
                let library = matches!(&leads, Some(Place::Library(path)) if path[0] == "diesel");
                library
                    || by
                        .last()
                        .is_some_and(|n| n.contains("insert_") || n == "replace_into")
            }
        };
        if !of_diesel {
            continue;
        }
        let table = match (&write.in_sql, &write.target) {
            (Some(table), _) => Some(table.clone()),
            (None, Some(target)) => {
                let place = house.lead(at, target);
                place.and_then(|place| table_in(&house.spelled(&place)).map(str::to_owned))
            }
            (None, None) => None,
        };
        let Some(table) = table else {
            if plan::MAKERS.contains(&file) {
                continue;
            }
            found.add(
                "table",
                file,
                write.line,
                "which table is written cannot be seen",
            );
            continue;
        };
        let owner = plan::OWNERS.iter().find(|(name, _)| *name == table);
        match owner {
            Some((_, owner)) if *owner == tree::room(file) => {}
            Some((_, owner)) => {
                found.add("table", file, write.line, format!("{table} is {owner}'s"))
            }
            None if write.in_sql.is_some() => {}
            None => found.add("table", file, write.line, format!("{table} has no owner")),
        }
    }
}

/// A state is written by its machine's step alone.
fn states(house: &House, at: usize, file: &str, module: &Module, found: &mut Found) {
    if plan::FILLERS.iter().any(|filler| file.starts_with(filler)) {
        return;
    }
    for write in &module.state_writes {
        let by_column = match write.column.as_slice() {
            [column] => glob_of_table(house, at, module, column),
            column => house.lead(at, column).map(|place| house.spelled(&place)),
        };
        let table = by_column.as_deref().and_then(table_in);
        let Some(table) = table.filter(|table| plan::MACHINES.contains(table)) else {
            continue;
        };
        if !plan::STATE_WRITERS.contains(&(file, write.within.as_str())) {
            found.add(
                "state",
                file,
                write.line,
                format!("{table}.state in {}", write.within),
            );
        }
    }
}

/// The column behind a bare name: imported, or of a glob of its table.
fn glob_of_table(house: &House, at: usize, module: &Module, column: &str) -> Option<Vec<String>> {
    let bound = house
        .lead(at, &[column.to_owned()])
        .map(|place| house.spelled(&place));
    bound.filter(|path| table_in(path).is_some()).or_else(|| {
        let globs = module.globs.iter().filter_map(|glob| house.lead(at, glob));
        globs
            .map(|place| house.spelled(&place))
            .find(|path| table_in(path).is_some())
    })
}
