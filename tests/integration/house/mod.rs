//! The plan of the house, checked on its syntax: `plan` holds the plan, `checks` what is against it,
//! `cases` one small tree for each violation.

mod cases;
mod checks;
mod lists;
mod names;
mod pages;
mod plan;
mod purity;
mod reading;
mod rounds;
mod said;
mod syntax;
mod tree;
mod writes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use names::House;

/// The product's own sources, read once.
static HOUSE: LazyLock<House> = LazyLock::new(|| House::of(&tree::real()));

/// The product is built as planned.
#[test]
fn the_house_is_as_planned() {
    let told: Vec<String> = checks::of(&HOUSE)
        .iter()
        .map(|f| format!("{}: {}:{}: {}", f.check, f.file, f.line, f.what))
        .collect();
    assert!(told.is_empty(), "against the plan:\n{}", told.join("\n"));
}

/// What is made is listed: who adds operations, a register, a job or a machine and forgets its list
/// is told.
#[test]
fn what_is_made_is_listed() {
    let told: Vec<String> = lists::unlisted(&HOUSE)
        .iter()
        .map(|f| format!("{}:{}: {} is in no list", f.file, f.line, f.what))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    let made = HOUSE.written().flat_map(|(_, _, module)| &module.made);
    let mut seen: BTreeMap<said::What, usize> = BTreeMap::new();
    for made in made {
        *seen.entry(made.what).or_default() += 1;
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert_eq!(seen[&said::What::Job], dengwen::jobs::all().count());
    assert_eq!(seen[&said::What::Subject], plan::SUBJECTS.len());
    assert_eq!(seen[&said::What::Machine], plan::SUBJECTS.len());
}

/// What the plan allows, somebody needs.
#[test]
fn the_plan_allows_no_more_than_is_needed() {
    let files: BTreeSet<&str> = HOUSE.written().map(|(_, file, _)| file).collect();
    for file in plan::PURE {
        assert!(files.contains(file), "{file} is not there");
    }
    for room in plan::ROOMS {
        assert!(HOUSE.rooms.contains(*room), "{room} is not there");
    }
    for (of, function) in plan::OPENERS {
        let mut openings = HOUSE.written().filter(|(_, file, _)| file.starts_with(of));
        let needed = openings.any(|(_, _, module)| {
            let mut within = module.openings.iter();
            within.any(|o| function.is_empty() || o.within == *function)
        });
        assert!(needed, "{of} {function} opens no transaction");
    }
    for (of, function) in plan::STATE_WRITERS {
        let mut files = HOUSE.written().filter(|(_, file, _)| file == of);
        let needed =
            files.any(|(_, _, module)| module.state_writes.iter().any(|w| w.within == *function));
        assert!(needed, "{of} {function} writes no state");
    }
}

/// The tables of the schema with their columns.
fn tables() -> BTreeMap<String, Vec<String>> {
    let tables = HOUSE.written().flat_map(|(_, _, module)| &module.tables);
    tables
        .map(|table| (table.name.clone(), table.columns.clone()))
        .collect()
}

/// Every table has one room that writes it.
#[test]
fn every_table_has_an_owner() {
    let tables: Vec<String> = tables().into_keys().collect();
    let mut owned: Vec<&str> = plan::OWNERS.iter().map(|(table, _)| *table).collect();
    owned.sort_unstable();
    assert_eq!(tables, owned);
    for (table, room) in plan::OWNERS {
        assert!(plan::ROOMS.contains(room), "{table}: {room} is no room");
    }
}

/// The document knows schemas by their bare names: two of one name would become one, and a client
/// made from the document would send the wrong body.
#[test]
fn every_schema_has_a_name_of_its_own() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, file, module) in HOUSE.written() {
        for schema in &module.schemas {
            if let Some(other) = seen.insert(&schema.name, file) {
                panic!("{} in {other} and in {file}:{}", schema.name, schema.line);
            }
        }
    }
    assert!(seen.len() > 50);
}

/// A register is one file of at most a hundred lines, and holds no SQL.
#[test]
fn a_register_is_small_and_holds_no_sql() {
    let registers = HOUSE
        .written()
        .filter(|(_, file, _)| file.starts_with("src/registers/"))
        .filter(|(_, file, _)| !file.ends_with("/mod.rs") && !file.ends_with("/queries.rs"));
    let sources = tree::real();
    let mut seen = 0;
    for (_, file, _) in registers {
        let text = &sources[file];
        let lines = text.lines().count();
        assert!(lines <= 100, "{file} has {lines} lines");
        for word in ["diesel", "::table", "schema::"] {
            assert!(!text.contains(word), "{file} has {word}");
        }
        assert!(text.contains("\nregister! {\n"), "{file} is no register");
        seen += 1;
    }
    assert!(seen > 1);
}

/// Queries take a connection, never a pool and never the whole program.
#[test]
fn queries_take_a_connection() {
    for (_, file, module) in HOUSE
        .written()
        .filter(|(_, file, _)| file.ends_with("queries.rs"))
    {
        for mention in &module.mentions {
            let word = mention.said.last().map_or("", String::as_str);
            let is_web = mention.said[0].starts_with("actix");
            assert!(
                !matches!(word, "App" | "Database") && !is_web,
                "{file}:{} has {word}",
                mention.line
            );
        }
    }
}

/// Nothing sealed is forgotten when keys change: what the schema calls sealed is in the registry,
/// and what is in the registry is in the schema.
#[test]
fn everything_sealed_is_in_the_registry() {
    use dengwen::platform::sealed;
    let tables = tables();
    let columns = || {
        let tables = tables.iter();
        tables
            .flat_map(|(table, columns)| columns.iter().map(move |c| (table.as_str(), c.as_str())))
    };
    assert!(columns().count() > 200, "the schema was read");
    let registered: Vec<_> = sealed::ALL.iter().map(|c| (c.table, c.column)).collect();
    // What people write in their own words; `_masked` copies of it stand beside it.
    let words = [
        "description",
        "address",
        "premises",
        "object_id",
        "text",
        "answer",
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
    for (table, column) in columns() {
        let is_sealed = column.starts_with("sealed") || words.contains(&column);
        assert!(
            !is_sealed || registered.contains(&(table, column)),
            "{table}.{column} is not in platform/sealed.rs"
        );
    }
    for place in &registered {
        assert!(
            columns().any(|column| column == *place),
            "{place:?} is no column"
        );
    }
}

/// Every problem code is answered somewhere.
#[test]
fn every_problem_code_is_used() {
    use dengwen::platform::problem::Code;
    let mentions = HOUSE.written().flat_map(|(_, _, module)| &module.mentions);
    let named: BTreeSet<&[String]> = mentions
        .filter_map(|m| m.said.len().checked_sub(2).map(|at| &m.said[at..]))
        .collect();
    for code in Code::ALL {
        let variant = ["Code".to_owned(), format!("{code:?}")];
        assert!(
            named.contains(&variant[..]),
            "{variant:?} is never answered"
        );
    }
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
/// says of it, and the row. Those of a register are made, all at once. Whatever reads the table names
/// no route, but for the two that are unlike all others by a constant of their own.
#[test]
fn a_route_is_a_handler_and_a_row() {
    let routes = dengwen::operations::TABLE.iter().count();
    let sources = tree::real();
    let count = |what: &str| -> usize {
        let counts = sources.values().map(|text| text.matches(what).count());
        counts.sum()
    };
    let made = dengwen::register::OPERATIONS * count("= register::operations::<");
    assert!(made > 0);
    assert_eq!(count("\n#[utoipa::path(") + made, routes);
    assert_eq!(count("\n    operation!(") + made, routes);
    let document = &*crate::support::contract::DOCUMENT;
    for reader in READERS_OF_THE_TABLE {
        let text = &sources[&format!("src/{reader}")];
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
    let handlers = HOUSE.written().flat_map(|(_, _, module)| &module.handlers);
    let taken: BTreeMap<&str, bool> = handlers
        .map(|h| (h.operation.as_str(), h.takes_key))
        .collect();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named = |p: &serde_json::Value| p["name"] == "Idempotency-Key";
            let parameters = operation["parameters"].as_array();
            let documented = parameters.is_some_and(|p| p.iter().any(named));
            let name = operation["operationId"].as_str().unwrap();
            // Every write of a register takes one.
            let made = operation["tags"][0] == "registers";
            let takes = if made { method != "get" } else { taken[name] };
            assert_eq!(documented, takes, "{method} {path}");
            seen += usize::from(documented);
        }
    }
    assert!(seen > 20);
}
