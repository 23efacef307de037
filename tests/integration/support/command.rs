//! The binary itself, run as an operator runs it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// `dengwen match` in a folder: whether it went well, what it said, and what it said of errors.
pub fn matching(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    matching_on("", folder, arguments)
}

/// The same when nobody reads what it says; whether it went well, and what it said of errors.
pub fn matching_unread(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut child = command("", folder, arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), error)
}

/// `dengwen match` on a database.
pub fn matching_on(
    database_url: &str,
    folder: &Path,
    arguments: &[&str],
) -> (bool, String, String) {
    let output = command(database_url, folder, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn command(database_url: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dengwen"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DENGWEN_")) {
        command.env_remove(name);
    }
    if !database_url.is_empty() {
        command.env("DENGWEN_DATABASE_URL", database_url);
    }
    command.arg("match").args(arguments).current_dir(folder);
    command
}
