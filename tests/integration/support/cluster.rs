//! Small PostgreSQL clusters that a story may stop, freeze, copy, promote and start again. Each
//! belongs to one story and goes with it, also when the test process dies.

use std::{
    net::TcpListener,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};

use super::{folders, postgres};

/// How long a server may take to answer, or to end.
const LIMIT: Duration = Duration::from_secs(60);

/// PostgreSQL and PgBouncer refuse to run as root; root lends them this user.
const NOBODY: u32 = 65_534;

/// A cluster of its own.
pub struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    pub port: u16,
    server: Option<Child>,
}

/// A port nobody listens on this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A command that is not root, and that dies with the thread that started it.
pub fn humbly(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "INT"])
        .arg(program)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A folder such a command may write to.
pub fn humble_folder() -> tempfile::TempDir {
    let folder = folders::folder();
    if is_root() {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

/// Waits until something is so.
pub fn until(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < limit, "{what} within {limit:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

impl Cluster {
    /// A new cluster with a database `dengwen`, or `None` without server binaries.
    pub fn start() -> Option<Self> {
        postgres::server()?;
        let mut cluster = Self::empty()?;
        cluster.tool(
            "initdb",
            &[
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        cluster.start_again();
        cluster.admin("CREATE DATABASE dengwen");
        Some(cluster)
    }

    fn empty() -> Option<Self> {
        Some(Self {
            folder: humble_folder(),
            bin: postgres::binaries()?,
            port: free_port(),
            server: None,
        })
    }

    /// A standby that follows this cluster.
    pub fn standby(&self) -> Self {
        let mut copy = Self::empty().unwrap();
        let source = format!("host=127.0.0.1 port={} user=postgres", self.port);
        copy.tool(
            "pg_basebackup",
            &[
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                "--dbname",
                &source,
            ],
        );
        copy.start_again();
        copy
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.admin("SELECT pg_promote(true, 30)");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn tool(&self, name: &str, arguments: &[&str]) {
        let mut command = humbly(&self.bin.join(name), self.folder.path());
        let done = command
            .arg("-D")
            .arg(self.data())
            .args(arguments)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Starts the server and waits until it answers.
    pub fn start_again(&mut self) {
        let mut command = humbly(&self.bin.join("postgres"), self.folder.path());
        command
            .arg("-D")
            .arg(self.data())
            .arg("-p")
            .arg(self.port.to_string());
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "synchronous_commit=off",
            "shared_buffers=16MB",
            "max_connections=60",
            "wal_level=replica",
        ];
        for setting in settings {
            command.args(["-c", setting]);
        }
        self.server = Some(command.spawn().unwrap());
        until(LIMIT, "PostgreSQL answers", || {
            self.connect("postgres").is_ok()
        });
    }

    /// Stops the server at once; connections are cut. It ends before this returns.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("CONT", &self.processes_of(server.id()));
            signal("INT", &[server.id()]);
            server.wait().unwrap();
        }
    }

    /// Halts every process of the server; its sockets stay open and say nothing.
    pub fn freeze(&self) {
        signal("STOP", &self.processes());
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        signal("CONT", &self.processes());
    }

    fn processes(&self) -> Vec<u32> {
        self.processes_of(self.server.as_ref().unwrap().id())
    }

    /// The server's first process and its children.
    fn processes_of(&self, first: u32) -> Vec<u32> {
        let children = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| {
                let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
                let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
                let parent: u32 = stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok()?;
                (parent == first).then_some(pid)
            });
        std::iter::once(first).chain(children).collect()
    }

    /// The URL of a database of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub fn connect(&self, database: &str) -> diesel::ConnectionResult<PgConnection> {
        PgConnection::establish(&self.url(database))
    }

    /// Runs SQL as the superuser in the database `postgres`.
    pub fn admin(&self, sql: &str) {
        self.sql("postgres", sql);
    }

    pub fn sql(&self, database: &str, sql: &str) {
        self.connect(database).unwrap().batch_execute(sql).unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to processes.
pub fn signal(name: &str, processes: &[u32]) {
    let list = processes.iter().map(u32::to_string);
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(list)
        .stderr(Stdio::null())
        .status();
}
