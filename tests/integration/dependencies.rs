//! Every dependency is used: what nobody uses is compiled by everybody.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Named for a feature alone: each has another crate build a C library along.
const FOR_A_FEATURE: [&str; 3] = ["libsqlite3-sys", "openssl-sys", "pq-sys"];

/// Packages whose library has another name.
const LIBRARIES: [(&str, &str); 1] = [("kamadak-exif", "exif")];

/// What a package's normal dependencies, and what its others may be used by.
const USERS: [(&str, &[&str]); 2] = [
    ("dependencies", &["src"]),
    ("dev-dependencies", &["src", "tests", "benches"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(package: &Path) -> Table {
    let text = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// The folders of the workspace's packages.
fn packages() -> Vec<PathBuf> {
    let members = manifest(root())["workspace"]["members"].clone();
    let members = members.as_array().unwrap().iter();
    let members = members.map(|member| root().join(member.as_str().unwrap()));
    std::iter::once(root().to_owned()).chain(members).collect()
}

/// The Rust files under a folder and those that they take in from elsewhere, without what lines of
/// comments say.
fn code(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return String::new();
    };
    let mut code = String::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code.push_str(&self::code(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for other in taken_in(&text) {
                code.push_str(&said(&std::fs::read_to_string(folder.join(other)).unwrap()));
            }
            code.push_str(&said(&text));
        }
    }
    code
}

/// The files that a file takes in by their paths.
fn taken_in(text: &str) -> impl Iterator<Item = &str> {
    let paths = text.lines().map(str::trim);
    paths.filter_map(|line| line.strip_prefix("#[path = \"")?.strip_suffix("\"]"))
}

/// A file without its lines of comments.
fn said(text: &str) -> String {
    let lines = text.lines().map(str::trim_start);
    let said = lines.filter(|line| !line.starts_with("//"));
    said.flat_map(|line| [line, "\n"]).collect()
}

/// Whether a crate's name stands in code as the beginning of a path.
fn names(code: &str, name: &str) -> bool {
    let of_a_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, behind) = (&code[..at], &code[at + name.len()..]);
        let whole = !before.ends_with(of_a_name) && !behind.starts_with(of_a_name);
        let path = behind.starts_with("::") && !before.ends_with("::");
        let import = before.ends_with("use ") && behind.starts_with([';', ' ']);
        whole && (path || import)
    })
}

/// What a package is called in code.
fn library(package: &str) -> String {
    let other = LIBRARIES.iter().find(|(name, _)| *name == package);
    other.map_or_else(
        || package.replace('-', "_"),
        |(_, library)| (*library).to_owned(),
    )
}

/// A package's dependencies that its code does not name.
fn unused(package: &Path) -> Vec<String> {
    let manifest = manifest(package);
    let mut unused = Vec::new();
    for (section, folders) in USERS {
        let dependencies = manifest.get(section).and_then(Value::as_table);
        let code: String = folders.iter().map(|f| code(&package.join(f))).collect();
        let named = dependencies.into_iter().flat_map(Table::keys);
        let idle = named.filter(|name| {
            !names(&code, &library(name)) && !FOR_A_FEATURE.contains(&name.as_str())
        });
        unused.extend(idle.map(|name| format!("{}: {name}", package.display())));
    }
    unused
}

#[test]
fn every_dependency_is_used() {
    let unused: Vec<String> = packages().iter().flat_map(|p| unused(p)).collect();
    assert_eq!(unused, Vec::<String>::new());
    let own = manifest(root());
    for name in FOR_A_FEATURE {
        assert!(own["dependencies"].get(name).is_some(), "{name} is gone");
    }
}

#[test]
fn a_name_in_passing_is_no_use() {
    for used in [
        "let a = csv::Reader;",
        "use csv::Reader;",
        "use csv;",
        "use csv as c;",
        "(csv::X)",
    ] {
        assert!(names(used, "csv"), "{used}");
    }
    for idle in [
        "let csv = 1;",
        "my_csv::X",
        "csvs::X",
        "cli::csv::X",
        "\"csv\"",
    ] {
        assert!(!names(idle, "csv"), "{idle}");
    }
}
