//! Documents made from the tables in the code: configuration keys, problem codes, roles and
//! routes, transition tables. `DENGWEN_TEST_BLESS=1` writes them anew; otherwise they must be what
//! the code says.

use std::{fmt::Write as _, path::Path};

use dengwen::{
    account::{Access, Role},
    complaint::queries::Complaint,
    config,
    handover::queries::Handover,
    ledger::queries::Entry,
    notice::queries::Notice,
    operations::TABLE,
    platform::problem::{Code, Language},
    record::{
        Subject,
        machine::{EventName as _, State as _},
    },
    verification::queries::Visit,
};
use serde_json::Value;

use crate::support::contract::DOCUMENT;

/// The OpenAPI document that clients and the contract of these tests read.
#[test]
fn openapi() {
    committed(
        "../openapi/dengwen.json",
        &dengwen::openapi::document().unwrap(),
    );
}

/// Names of fields and filters whose values are closed sets, wherever they stand.
const CLOSED_SETS: [&str; 7] = [
    "state",
    "from_state",
    "to_state",
    "event",
    "link",
    "link_rule",
    "rule",
];

/// The schemas of fields and filters with such a name, in any part of the document.
fn closed_sets<'a>(part: &'a Value, found: &mut Vec<(&'static str, &'a Value)>) {
    for name in CLOSED_SETS {
        found.extend(part["properties"].get(name).map(|schema| (name, schema)));
        if part["name"] == name && !part["schema"].is_null() {
            found.push((name, &part["schema"]));
        }
    }
    match part {
        Value::Object(fields) => fields.values().for_each(|part| closed_sets(part, found)),
        Value::Array(items) => items.iter().for_each(|part| closed_sets(part, found)),
        _ => {}
    }
}

/// States, events, links and rules are enumerations, and so are the codes of problems and items.
#[test]
fn closed_sets_are_enumerations() {
    let mut found = Vec::new();
    closed_sets(&DOCUMENT, &mut found);
    assert!(found.len() > 30, "{}", found.len());
    let schemas = &DOCUMENT["components"]["schemas"];
    let codes = ["ProblemDocument", "Item", "QuestionView"];
    found.extend(codes.map(|schema| ("code", &schemas[schema]["properties"]["code"])));
    for (name, schema) in found {
        let named = schema["$ref"].as_str();
        let named = named.and_then(|at| DOCUMENT.pointer(at.trim_start_matches('#')));
        let values = &named.unwrap_or(schema)["enum"];
        assert!(values.is_array(), "{name}: {schema}");
    }
}

const MADE: &str = "<!-- Made from the code by `just bless`; a test compares the two. -->\n";

fn committed(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if std::env::var_os("DENGWEN_TEST_BLESS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        there, made,
        "docs/{name} is not what the code says; run `just bless`"
    );
}

/// What the keys that a reverse proxy needs are, and where it is shown how to set one up.
const BEHIND_A_PROXY: &str = "
## Behind nginx, Caddy or HAProxy

dengwen speaks plain HTTP and listens on `127.0.0.1:8080` unless `DENGWEN_LISTEN` says otherwise; TLS is the proxy's
business. Behind one:

1. `DENGWEN_TRUST_PROXY=on` (`forwarded` for one that writes `Forwarded`), `DENGWEN_TRUSTED_HOPS` where there are several.
   Without it all clients share the proxy's one allowance.
2. Let the proxy replace what a client wrote into `X-Forwarded-For`, and let nobody reach dengwen's port but the proxy.
3. Let bodies of 256 MB pass, as they come, and bodies and answers take 60 seconds.

`docs/proxies.md` has a configuration for each of the three that does so; `tests/proxies.sh` runs them before a real server.
";

#[test]
fn configuration_keys() {
    let mut page = format!(
        "# Configuration\n\n{MADE}\n\
         Every key stands in the environment under its name, or in the TOML file given with `--config` in \
         lower case without `DENGWEN_`. The environment wins. A key that is not in this table is \
         refused by name.\n\n| key | default | meaning |\n|---|---|---|\n"
    );
    for key in config::KEYS {
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", key.default)
        };
        writeln!(page, "| `{}` | {default} | {} |", key.name, key.meaning).unwrap();
    }
    page.push_str(BEHIND_A_PROXY);
    committed("configuration.md", &page);
}

#[test]
fn problem_codes() {
    let mut page = format!(
        "# Problem codes\n\n{MADE}\n\
         Every refusal and failure is an RFC 9457 document with one of these codes; its `type` is \
         `urn:dengwen:problem:CODE`. Titles come in Chinese, or in English for \
         `Accept-Language: en`.\n\n| code | status | 标题 | title |\n|---|---|---|---|\n"
    );
    for code in Code::ALL {
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            code.as_str(),
            code.status(),
            code.title(Language::Zh),
            code.title(Language::En)
        )
        .unwrap();
    }
    committed("problems.md", &page);
}

#[test]
fn roles_and_routes() {
    let mut page = format!(
        "# Roles and routes\n\n{MADE}\n## Roles\n\n| role | 角色 | sees reporters, masked | reads unmasked text |\n|---|---|---|---|\n"
    );
    let mark = |on: bool| if on { "yes" } else { "" };
    for role in Role::ALL {
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            role.as_str(),
            role.zh(),
            mark(role.may_see_reporter()),
            mark(role.may_see_reporter())
        )
        .unwrap();
    }
    page.push_str(
        "\n## Routes\n\nAn administrator may call every staff route.\n\n| method | path | who |\n|---|---|---|\n",
    );
    for route in TABLE.iter() {
        let who = match route.operation.access {
            Access::Public => "anybody".to_owned(),
            Access::Resident => "a signed-in resident".to_owned(),
            Access::OwnAccount => "any staff".to_owned(),
            Access::OwnSessions => "anybody signed in".to_owned(),
            Access::Staff(roles) => roles
                .iter()
                .map(|role| format!("`{}`", role.as_str()))
                .collect::<Vec<_>>()
                .join(", "),
        };
        writeln!(page, "| {} | `{}` | {who} |", route.method, route.path).unwrap();
    }
    committed("access.md", &page);
}

fn machine<S: Subject>(page: &mut String, title: &str) {
    writeln!(page, "\n## {title}\n\n| state | 状态 |\n|---|---|").unwrap();
    for state in S::State::ALL {
        writeln!(page, "| `{}` | {} |", state.as_str(), state.label()).unwrap();
    }
    page.push_str("\n| from | event | to | who | guard |\n|---|---|---|---|---|\n");
    for row in S::MACHINE.rows {
        let from = row
            .from
            .map_or(String::new(), |state| format!("`{}`", state.as_str()));
        let who: Vec<String> = row.who.iter().map(ToString::to_string).collect();
        let guards: Vec<&str> = row.guards.iter().map(|guard| guard.words).collect();
        writeln!(
            page,
            "| {from} | `{}` | `{}` | {} | {} |",
            row.event.as_str(),
            row.to.as_str(),
            who.join(", "),
            guards.join("；")
        )
        .unwrap();
    }
    let notes: Vec<String> = S::MACHINE
        .notes
        .iter()
        .map(|note| format!("`{}`", note.as_str()))
        .collect();
    writeln!(
        page,
        "\nOn record beside them, changing no state: {}.",
        notes.join(", ")
    )
    .unwrap();
}

#[test]
fn transition_tables() {
    let mut page = format!(
        "# States and transitions\n\n{MADE}\n\
         A pair of state and event that is not in its table is answered with 409 and both names, an \
         actor its row does not name with 403. `reporter` acts by tracking code, `system` by itself; \
         `import` takes in what was done elsewhere before. \
         A row without a state before is what a subject begins with.\n"
    );
    machine::<Complaint>(&mut page, "Complaint 信访件");
    machine::<Visit>(&mut page, "Verification 现场核实");
    machine::<Handover>(&mut page, "Handover 转送件");
    machine::<Notice>(&mut page, "Notice 告知");
    machine::<Entry>(&mut page, "Ledger entry 台账条目");
    committed("transitions.md", &page);
}

/// Every table has its paragraph.
#[test]
fn the_data_model_names_every_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/data-model.md")).unwrap();
    let schema = std::fs::read_to_string(root.join("src/platform/db/schema.rs")).unwrap();
    let tables = schema.lines().filter_map(|line| {
        line.strip_prefix("    ")?
            .strip_suffix(") {")?
            .split_once(" (")
    });
    let mut count = 0;
    for (table, _) in tables {
        assert!(
            page.contains(&format!("\n## `{table}`\n")),
            "docs/data-model.md has no {table}"
        );
        count += 1;
    }
    assert!(count > 25);
}

/// Whether what follows a name says that it is a module's and not a test's.
fn is_of_a_module(after: &str) -> bool {
    [" unit tests", " table test"]
        .iter()
        .any(|kind| after.starts_with(kind))
}

/// Every test that `docs/behaviours.md` names is there.
#[test]
fn behaviours_name_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/behaviours.md")).unwrap();
    let pieces: Vec<&str> = page.split('`').collect();
    let mut seen = 0;
    for piece in pieces.chunks(2).zip(pieces.chunks(2).skip(1)) {
        let ([_, code], [after, ..]) = piece else {
            continue;
        };
        let Some((file, test)) = code.split_once("::").filter(|_| !is_of_a_module(after)) else {
            continue;
        };
        let places = [format!("{file}.rs"), format!("{file}/mod.rs")];
        let mut sources = places
            .map(|place| root.join("tests/integration").join(place))
            .into_iter();
        let source = sources.find_map(|place| std::fs::read_to_string(place).ok());
        let source = source.unwrap_or_else(|| panic!("{code}: no such file"));
        let written = [
            format!("fn {test}("),
            format!("fn {test}<"),
            format!("mod {test} {{"),
        ];
        let is_there = written.iter().any(|words| source.contains(words));
        assert!(is_there, "{code}");
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}
