//! Rust files by their paths, from the disk or made up for a case.

use std::{collections::BTreeMap, path::Path};

/// `src/…` and `crates/NAME/src/…`, each with its text.
pub type Tree = BTreeMap<String, String>;

/// The product's own sources.
pub fn real() -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        folders.push(entry.unwrap().path().join("src"));
    }
    let mut tree = Tree::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                tree.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    tree
}

/// A file's crate, as code names it, and its module path within.
pub fn place(file: &str) -> (String, Vec<String>) {
    let (krate, inside) = match file.strip_prefix("crates/") {
        Some(rest) => {
            let (name, inside) = rest.split_once("/src/").unwrap();
            (format!("dengwen_{}", name.replace('-', "_")), inside)
        }
        None => {
            let inside = file.strip_prefix("src/").unwrap();
            let krate = if inside == "main.rs" {
                "main"
            } else {
                "dengwen"
            };
            (krate.to_owned(), inside)
        }
    };
    let inside = inside.strip_suffix(".rs").unwrap();
    let mut modules: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(
        modules.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        modules.pop();
    }
    (krate, modules)
}

/// A file's room: its folder or file directly below `src/`, or its crate.
pub fn room(file: &str) -> &str {
    let inside = file
        .strip_prefix("crates/")
        .or_else(|| file.strip_prefix("src/"));
    let first = inside.unwrap_or(file).split('/').next().unwrap_or(file);
    first.trim_end_matches(".rs")
}
