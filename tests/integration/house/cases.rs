//! Small made-up trees, each with one violation; the checks must find it and nothing else.

mod lists;
mod purity;
mod rooms;
mod writes;

use super::{checks, tree::Tree};

/// What the checks find in these files, as check and file.
fn found(files: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let named = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    let faults = checks::run(&named.collect::<Tree>());
    faults
        .into_iter()
        .map(|fault| (fault.check, fault.file))
        .collect()
}

/// Each of these texts at its place is one fault of that kind.
fn assert_each(check: &'static str, cases: &[(&str, &str)]) {
    for (file, text) in cases {
        assert_eq!(
            found(&[(file, text)]),
            [(check, (*file).to_owned())],
            "{text}"
        );
    }
}

/// What is as planned is not a fault.
fn assert_sound(cases: &[(&str, &str)]) {
    for (file, text) in cases {
        assert_eq!(found(&[(file, text)]), [], "{text}");
    }
}
