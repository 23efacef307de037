//! What the ground floor and the rules keep away from.

use super::{
    checks::{Found, told},
    names::{House, Place},
    plan,
    said::{Module, Way},
    tree,
};

/// Whether a file holds rules: by its name, by the plan, or because it holds a transition table.
fn is_rules(file: &str, module: &Module) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name == "rules.rs"
        || name == "machine.rs"
        || name.ends_with("_rules.rs")
        || name.ends_with("_machine.rs")
        || module.has_machine
        || plan::PURE.contains(&file)
}

fn is_under(path: &[String], names: &[&str]) -> bool {
    names.iter().any(|name| {
        let mut parts = name.split("::");
        let mut said = path.iter();
        parts.all(|part| said.next().is_some_and(|s| s == part))
    })
}

/// Whether a path reads a clock: `Utc::now`, `Instant::now`.
fn reads_clock(path: &[String]) -> bool {
    let pairs = path.iter().zip(path.iter().skip(1));
    let now = |word: &str| matches!(word, "now" | "today");
    pairs
        .into_iter()
        .any(|(of, word)| plan::CLOCKS.contains(&of.as_str()) && now(word))
}

/// The parts of the platform that a rule keeps away from; ids, instants and how they are written
/// are plain values.
fn is_machinery(path: &[String]) -> bool {
    const MACHINERY: [&str; 4] = ["blob", "clock", "db", "http"];
    const VALUES: [&str; 5] = ["Id", "JsonValue", "UtcTime", "dates", "words"];
    let Some(at) = path
        .iter()
        .position(|s| s == "platform" || s == "dengwen_platform")
    else {
        return false;
    };
    let mut below = path.iter().skip(at + 1);
    below
        .next()
        .is_some_and(|part| MACHINERY.contains(&part.as_str()))
        && !below.any(|part| VALUES.contains(&part.as_str()))
}

/// Ground floor and rules are pure.
pub fn check(house: &House, at: usize, file: &str, module: &Module, found: &mut Found) {
    let ground = plan::GROUND.contains(&tree::room(file));
    let rules = is_rules(file, module);
    if !ground && !rules {
        return;
    }
    for (method, line) in &module.calls {
        match method.as_str() {
            "elapsed" => found.add("clock", file, *line, ".elapsed()"),
            _ if ground => found.add("files", file, *line, format!(".{method}()")),
            _ => {}
        }
    }
    for mention in &module.mentions {
        let Some(place) = house.lead_of(at, mention) else {
            continue;
        };
        let path = house.spelled(&place);
        let line = mention.line;
        let what = told(house, &place);
        if let Place::Library(path) = &place {
            let all_of_it = mention.way == Way::Glob
                && matches!(path.as_slice(), [one] if one == "std" || one == "tokio");
            if is_under(path, plan::FRAMEWORKS) {
                found.add("frameworks", file, line, &path[0]);
            } else if is_under(path, plan::FILES) || all_of_it {
                found.add("files", file, line, what);
            } else if is_under(path, plan::NETWORK) {
                found.add("network", file, line, what);
            } else if reads_clock(path) {
                found.add("clock", file, line, what);
            }
        } else if rules && is_machinery(&path) {
            found.add("frameworks", file, line, what);
        }
    }
}
