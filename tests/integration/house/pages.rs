//! `docs/architecture.md` against the tree: whatever it names in backticks is there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The page.
const PAGE: &str = "docs/architecture.md";

/// Where the words of the product stand.
const SOURCES: [&str; 6] = ["src", "crates", "tests", "migrations", ".ci", "justfile"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file at or below a place.
fn files(at: PathBuf, found: &mut Vec<PathBuf>) {
    if at.is_dir() {
        for entry in fs::read_dir(at).unwrap() {
            files(entry.unwrap().path(), found);
        }
    } else {
        found.push(at);
    }
}

/// The sources: their paths from the root, their text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for place in SOURCES {
        files(root().join(place), &mut found);
    }
    let texts = found.into_iter().filter_map(|file| {
        let text = fs::read_to_string(&file).ok()?;
        Some((
            file.strip_prefix(root()).unwrap().display().to_string(),
            text,
        ))
    });
    texts
        .filter(|(file, _)| !file.ends_with("house/pages.rs"))
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// What stands in backticks, which may go over the end of a line.
fn named(page: &str) -> Vec<String> {
    let line = page.lines().collect::<Vec<_>>().join(" ");
    let spans = line.split('`').skip(1).step_by(2);
    spans.map(str::to_owned).collect()
}

/// What a page names that is not there.
fn missing(page: &str, sources: &[(String, String)], paths: &BTreeSet<String>) -> Vec<String> {
    let known: BTreeSet<&str> = sources.iter().flat_map(|(_, text)| words(text)).collect();
    let is_there = |name: &str| {
        let (file, function) = name.split_once("::").unwrap_or((name, ""));
        if function.is_empty() && root().join(file).exists() {
            return true;
        }
        let below = format!("/{}", file.trim_end_matches('/'));
        let within = format!("{below}/");
        let mut at = sources.iter().filter(|(path, _)| {
            let path = format!("/{path}");
            path.ends_with(&below) || path.contains(&within)
        });
        at.any(|(_, text)| function.is_empty() || text.contains(&format!("fn {function}(")))
    };
    let story = |name: &str| {
        let (file, function) = name.split_once("::")?;
        let file = format!("tests/integration/{file}.rs");
        let (_, text) = sources.iter().find(|(path, _)| *path == file)?;
        let is_function = function.starts_with(char::is_lowercase) && !function.contains("::");
        is_function.then(|| text.contains(&format!("fn {function}(")))
    };
    let lacks = |name: &String| {
        if let Some((_, path)) = name.split_once(" /") {
            return !paths.contains(&format!("/{path}"));
        }
        if name.starts_with('/') {
            let said = format!("\"{name}\"");
            return !sources.iter().any(|(_, text)| text.contains(&said));
        }
        let is_path = [".rs", ".sh", ".toml"]
            .iter()
            .any(|end| name.ends_with(end));
        if !name.contains(' ') && (is_path || name.contains('/')) {
            return !is_there(name);
        }
        let is_known = || words(name).all(|word| known.contains(word));
        !story(name).unwrap_or_else(is_known)
    };
    named(page).into_iter().filter(lacks).collect()
}

fn paths() -> BTreeSet<String> {
    let document = fs::read_to_string(root().join("openapi/dengwen.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// The page names files, functions, tests, paths and words of the product that exist.
#[test]
fn the_page_of_the_architecture_names_what_is_there() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    assert!(named(&page).len() > 100);
    let missing = missing(&page, &sources(), &paths());
    assert!(
        missing.is_empty(),
        "{PAGE} names what is not there: {missing:#?}"
    );
}

/// A room's name, whether it is a file, a folder, or both.
fn room(place: &str) -> String {
    place
        .trim_end_matches('/')
        .trim_end_matches(".rs")
        .to_owned()
}

/// The map of the page has every room, and no other.
#[test]
fn the_map_has_every_room() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let (_, map) = page.split_once("## The map").unwrap();
    let (map, _) = map.split_once("\n## ").unwrap();
    let rows = map.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|line| line.split('|').nth(1));
    let mapped: BTreeSet<String> = cells.flat_map(named).map(|place| room(&place)).collect();
    let below = |place: &str, above: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(place)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let rooms = names.filter(|name| name != "lib.rs");
        rooms.map(|name| room(&format!("{above}{name}"))).collect()
    };
    let standing: BTreeSet<String> = below("src", "")
        .into_iter()
        .chain(below("crates", "crates/"))
        .collect();
    assert_eq!(mapped, standing);
}

/// A name that leads nowhere is told.
#[test]
fn what_is_not_there_is_told() {
    let sources = [
        (
            "src/complaint/intake.rs".to_owned(),
            "fn take() { platform::db::settled() }".to_owned(),
        ),
        (
            "tests/integration/jobs.rs".to_owned(),
            "async fn it_runs(world: World) {}".to_owned(),
        ),
    ];
    let paths = BTreeSet::from(["/api/v1/jobs".to_owned()]);
    for sound in [
        "complaint/intake.rs",
        "complaint/",
        "intake.rs",
        "jobs::it_runs",
        "platform::db::settled",
        "GET /api/v1/jobs",
    ] {
        assert_eq!(
            missing(&format!("a `{sound}` b"), &sources, &paths),
            [""; 0],
            "{sound}"
        );
    }
    for wrong in [
        "complaint/outtake.rs",
        "ledger/",
        "outtake.rs",
        "jobs::it_sleeps",
        "platform::db::unsettled",
        "GET /api/v1/tasks",
        "complaint/intake.rs::give",
    ] {
        assert_eq!(
            missing(&format!("a `{wrong}` b"), &sources, &paths),
            [wrong]
        );
    }
}
