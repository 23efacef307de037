//! The program itself, serving as a process of its own: to be killed, and to be given limits and
//! an environment that only a process can have.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{Actor, cluster::signal};

/// `dengwen serve`, killed with its story.
pub struct Program {
    child: Child,
    pub base: String,
}

impl Program {
    /// Starts it in a folder with these variables, and waits until it says where it listens.
    pub fn serve(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new("setpriv");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DENGWEN_")) {
            command.env_remove(name);
        }
        // A write beyond a limit fails like any other, instead of ending the process.
        let ignoring = "trap '' XFSZ; exec \"$0\" serve";
        let mut child = command
            .args(["--pdeathsig", "KILL", "sh", "-c", ignoring])
            .arg(env!("CARGO_BIN_EXE_dengwen"))
            .env("DENGWEN_LISTEN", "127.0.0.1:0")
            .env("DENGWEN_DATA_DIR", folder)
            .env("DENGWEN_RATE_LIMIT", "off")
            .envs(variables.iter().copied())
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        let base = said
            .trim()
            .strip_prefix("dengwen listens on ")
            .unwrap()
            .to_owned();
        Self { child, base }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it did.
    pub fn stop(mut self) {
        signal("TERM", &[self.pid()]);
        self.child.wait().unwrap();
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Somebody without a token.
    pub fn resident(&self) -> Actor {
        Actor::at(&self.base)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
