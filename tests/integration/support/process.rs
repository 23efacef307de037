//! The server as a process of its own, and commands beside it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use dengwen::platform::crypto;

use super::World;

/// A `dengwen serve` that ends with the test.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub base: String,
    environment: Vec<(&'static str, String)>,
}

impl Process {
    /// Starts a server on a database; `more` are configuration keys besides.
    pub fn serve(database_url: &str, folder: &Path, more: &[(&'static str, &str)]) -> Self {
        let mut environment = vec![
            ("DENGWEN_DATABASE_URL", database_url.to_owned()),
            ("DENGWEN_LISTEN", "127.0.0.1:0".to_owned()),
            ("DENGWEN_DATA_DIR", folder.display().to_string()),
            ("DENGWEN_SECRET_KEY", crypto::new_root_key().1),
            ("DENGWEN_LOG", "error".to_owned()),
        ];
        environment.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let mut child = dengwen(&environment)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let base = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(base.starts_with("http://"), "the server said {line:?}");
        Self {
            child,
            base,
            environment,
        }
    }

    /// A command beside the server, on the same database, with a text on its standard input.
    pub fn command(&self, arguments: &[&str], input: &str) -> Output {
        run(dengwen(&self.environment).args(arguments), input)
    }

    /// Memory of its own that the server holds, in MB.
    pub fn memory_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap();
        let kb: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kb / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn dengwen(environment: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dengwen"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DENGWEN_")) {
        command.env_remove(name);
    }
    command.envs(environment.iter().map(|(k, v)| (k, v)));
    command
}

impl World {
    /// A command beside the story's server, configured as it is, for another thread to run with a
    /// text on its standard input.
    pub fn command(&self, arguments: &str, input: &'static str) -> impl FnOnce() -> Output + use<> {
        let mut command = dengwen(&[]);
        command.envs(&self.environment).args(arguments.split(' '));
        move || run(&mut command, input)
    }
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have closed its end already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}
