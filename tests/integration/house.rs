//! The plan of the house, checked on the source tree.

use std::path::{Path, PathBuf};

/// Rust files under a folder of `src`, with their texts.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(folder),
    ];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The ground floor is pure: no database, no HTTP, nothing from above.
#[test]
fn the_ground_floor_is_pure() {
    for folder in [
        "../crates/cipher/src",
        "../crates/photo/src",
        "../crates/geo/src",
        "../crates/text/src",
        "../crates/linkage/src",
    ] {
        let found = files(folder);
        assert!(!found.is_empty(), "{folder}");
        for (path, text) in found {
            for above in [
                "actix",
                "diesel",
                "crate::platform",
                "crate::district",
                "crate::complaint",
            ] {
                assert!(!text.contains(above), "{} names {above}", path.display());
            }
        }
    }
}

/// The document knows schemas by their bare names: two of one name would become one, and a client
/// made from the document would send the wrong body.
#[test]
fn every_schema_has_a_name_of_its_own() {
    let mut seen: std::collections::HashMap<String, PathBuf> = std::collections::HashMap::new();
    for (path, text) in files("") {
        for part in text.split("ToSchema").skip(1) {
            let (attributes, rest) = part
                .split_once("pub struct ")
                .into_iter()
                .chain(part.split_once("pub enum "))
                .min_by_key(|(attributes, _)| attributes.len())
                .unwrap_or(("schema(as", ""));
            if attributes.contains("schema(as") || attributes.contains(";\n") {
                continue;
            }
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric())
                .collect();
            if let Some(other) = seen.insert(name.clone(), path.clone()) {
                panic!("{name} in {} and in {}", other.display(), path.display());
            }
        }
    }
    assert!(seen.len() > 50);
}

/// The platform knows no capability.
#[test]
fn the_platform_looks_at_nothing_above_it() {
    for (path, text) in files("platform") {
        for above in [
            "account",
            "complaint",
            "matching",
            "triage",
            "verification",
            "ledger",
            "record",
            "district",
        ] {
            let name = format!("crate::{above}::");
            assert!(!text.contains(&name), "{} names {name}", path.display());
        }
    }
}

/// Rules name neither the web framework nor the database.
#[test]
fn rules_are_pure() {
    let rules = [
        "matching/rules.rs",
        "matching/explain.rs",
        "matching/facts.rs",
        "matching/escalation.rs",
        "matching/campaigns.rs",
        "verification/rules.rs",
        "complaint/rank.rs",
        "complaint/machine.rs",
        "ledger/machine.rs",
        "verification/machine.rs",
        "complaint/body.rs",
    ];
    for rule in rules {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(rule);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("actix") && !text.contains("diesel"),
            "{rule}"
        );
    }
}

/// Queries take a connection, never a pool, and never open a transaction.
#[test]
fn queries_take_a_connection() {
    for (path, text) in files("") {
        if path.ends_with("queries.rs") {
            for word in ["Database", ".transaction(", "app.db", "actix"] {
                assert!(!text.contains(word), "{} has {word}", path.display());
            }
        }
    }
}

/// Every problem code is used somewhere outside its table.
/// Nothing sealed is forgotten when keys change: what the schema calls sealed is in the registry,
/// and what is in the registry is in the schema.
#[test]
fn everything_sealed_is_in_the_registry() {
    use dengwen::platform::sealed;
    let (_, schema) = files("platform/db")
        .into_iter()
        .find(|(path, _)| path.ends_with("schema.rs"))
        .unwrap();
    let mut table = "";
    let mut columns = Vec::new();
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|l| l.split_once(" (")) {
            table = name;
        } else if let Some((column, _)) = line.split_once(" -> ") {
            columns.push((table, column));
        }
    }
    assert!(columns.len() > 200, "the schema was read");
    let registered: Vec<_> = sealed::ALL.iter().map(|c| (c.table, c.column)).collect();
    // What people write in their own words; `_masked` copies of it stand beside it.
    let words = [
        "description",
        "address",
        "premises",
        "object_id",
        "text",
        "notes",
        "file_name",
        "reason",
        "undo_reason",
        "notice",
        "instructions",
        "meeting",
        "minute_ref",
        "level",
    ];
    for (table, column) in &columns {
        let is_sealed = column.starts_with("sealed") || words.contains(column);
        assert!(
            !is_sealed || registered.contains(&(*table, *column)),
            "{table}.{column} is not in platform/sealed.rs"
        );
    }
    for place in &registered {
        assert!(columns.contains(place), "{place:?} is no column");
    }
}

#[test]
fn every_problem_code_is_used() {
    use dengwen::platform::problem::Code;
    let all: String = files("")
        .into_iter()
        .filter(|(p, _)| !p.ends_with("problem.rs"))
        .map(|(_, t)| t)
        .collect();
    let table: String = files("platform")
        .into_iter()
        .filter(|(p, _)| p.ends_with("problem.rs"))
        .map(|(_, t)| t)
        .collect();
    for code in Code::ALL {
        let variant = format!("Code::{code:?}");
        assert!(
            all.contains(&variant) || table.matches(&variant).count() > 0,
            "{variant} is never answered"
        );
    }
}

/// Imports run downhill: no two rooms of `src` import each other, not even by a detour.
#[test]
fn rooms_do_not_import_each_other_in_a_circle() {
    use std::collections::{BTreeMap, BTreeSet};
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files("") {
        let inside = path.strip_prefix(&src).unwrap().display().to_string();
        let room = inside.split('/').next().unwrap().trim_end_matches(".rs");
        let named = text.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        let grouped = text.match_indices("use crate::{").flat_map(|(at, _)| {
            let list = &text[at + "use crate::{".len()..];
            let list = &list[..list.find('}').unwrap_or(0)];
            list.split(',')
                .map(|n| n.trim().to_owned())
                .collect::<Vec<_>>()
        });
        let others = named.chain(grouped).filter(|n| n != room && !n.is_empty());
        imports.entry(room.to_owned()).or_default().extend(others);
    }
    // Take away the rooms that import nothing that is left; what remains stands in a circle.
    loop {
        let rooms: BTreeSet<String> = imports.keys().cloned().collect();
        let free = imports
            .iter()
            .find(|(_, named)| named.is_disjoint(&rooms))
            .map(|(room, _)| room.clone());
        match free {
            Some(room) => imports.remove(&room),
            None => break,
        };
    }
    assert!(imports.is_empty(), "in a circle: {:?}", imports.keys());
}

/// What reads the table of operations.
const READERS_OF_THE_TABLE: [&str; 7] = [
    "operations.rs",
    "server.rs",
    "server/manners.rs",
    "account/access.rs",
    "openapi/mod.rs",
    "openapi/stated.rs",
    "openapi/addressed.rs",
];

/// A route is written in two places, and in a third its test: the handler with what the document
/// says of it, and the row. Whatever reads the table names no route, but for the two that are
/// unlike all others by a constant of their own.
#[test]
fn a_route_is_a_handler_and_a_row() {
    let routes = dengwen::operations::TABLE.iter().count();
    let sources = files("");
    let count = |what: &str| -> usize {
        let counts = sources.iter().map(|(_, text)| text.matches(what).count());
        counts.sum()
    };
    assert_eq!(count("\n#[utoipa::path("), routes);
    assert_eq!(count("\n    operation!("), routes);
    let document = &*crate::support::contract::DOCUMENT;
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for reader in READERS_OF_THE_TABLE {
        let text = std::fs::read_to_string(src.join(reader)).unwrap();
        let lines = text.split("#[cfg(test)]").next().unwrap().lines();
        let lines = lines.filter(|line| !line.starts_with("const "));
        let text: String = lines.collect();
        for (route, item) in document["paths"].as_object().unwrap() {
            let operations = item.as_object().unwrap().values();
            let ids = operations.map(|said| said["operationId"].as_str().unwrap());
            for name in ids.chain([route.as_str()]) {
                let named = text.contains(&format!("\"{name}\""));
                assert!(!named, "{reader} names {name}");
            }
        }
    }
}

/// The document names the idempotency key where a handler takes one, and nowhere else.
#[test]
fn the_key_is_documented_where_it_is_taken() {
    let document = &*crate::support::contract::DOCUMENT;
    let mut taken = std::collections::BTreeMap::new();
    for (_, text) in files("") {
        for handler in text.split("#[utoipa::path(").skip(1) {
            let Some((_, rest)) = handler.split_once("operation_id = \"") else {
                continue;
            };
            let name = rest.split('"').next().unwrap().to_owned();
            taken.insert(name, handler.contains("key: IdempotencyKey"));
        }
    }
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = |p: &serde_json::Value| p["name"] == "Idempotency-Key";
            let parameters = operation["parameters"].as_array();
            let documented = parameters.is_some_and(|p| p.iter().any(named));
            let name = operation["operationId"].as_str().unwrap();
            assert_eq!(documented, taken[name], "{method} {path}");
            seen += usize::from(documented);
        }
    }
    assert!(seen > 20);
}
