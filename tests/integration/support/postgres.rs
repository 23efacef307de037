//! A private PostgreSQL for the PostgreSQL half of the stories.
//!
//! With `DENGWEN_TEST_POSTGRES=postgres://…` that server is used; else, where the server's
//! binaries are found, a cluster of our own is made in a temporary folder and goes when the test
//! process does, however it ends. Where there is neither, one line says so; with
//! `DENGWEN_REQUIRE_POSTGRES=1` that is a failure.

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, connection::SimpleConnection as _, dsl::sql,
    sql_types::Integer,
};

/// A server to make databases on.
pub struct PostgresServer {
    base: String,
    template: Mutex<bool>,
}

/// A database that is dropped with its test.
pub struct TestDatabase {
    pub url: String,
    name: String,
    base: String,
}

const TEMPLATE: &str = "dengwen_template";

/// How long a new cluster may take to answer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The server, started once for the test process.
pub fn server() -> Option<&'static PostgresServer> {
    static SERVER: OnceLock<Option<PostgresServer>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let base = match std::env::var("DENGWEN_TEST_POSTGRES") {
                Ok(url) => Some(url.trim_end_matches('/').to_owned()),
                Err(_) => binaries().map(|bin| start_cluster(&bin)),
            };
            if base.is_none() {
                let required = std::env::var("DENGWEN_REQUIRE_POSTGRES").is_ok_and(|v| v == "1");
                assert!(!required, "PostgreSQL is required and its server binaries are not here");
                // Written past the test harness, which would swallow a print of a passing test.
                let _ = std::io::stderr().write_all(
                    b"\nNOTE: the PostgreSQL half was left out: no PostgreSQL server binaries found\n",
                );
            }
            base.map(|base| PostgresServer { base, template: Mutex::new(false) })
        })
        .as_ref()
}

impl PostgresServer {
    /// A new database, migrated by `migrate` (once, then copied).
    pub fn create_database(&self, migrate: impl FnOnce(&str)) -> TestDatabase {
        let mut ready = self.template.lock().unwrap();
        if !*ready {
            admin(&self.base, &format!("DROP DATABASE IF EXISTS {TEMPLATE}"));
            admin(&self.base, &format!("CREATE DATABASE {TEMPLATE}"));
            migrate(&format!("{}/{TEMPLATE}", self.base));
            *ready = true;
        }
        let name = format!("dengwen_{}", uuid::Uuid::now_v7().simple());
        admin(
            &self.base,
            &format!(
                "CREATE DATABASE {name} TEMPLATE {TEMPLATE}{}",
                copying(&self.base)
            ),
        );
        TestDatabase {
            url: format!("{}/{name}", self.base),
            name,
            base: self.base.clone(),
        }
    }
}

impl PostgresServer {
    /// A new database with nothing in it.
    pub fn create_empty(&self) -> TestDatabase {
        let name = format!("dengwen_{}", uuid::Uuid::now_v7().simple());
        admin(&self.base, &format!("CREATE DATABASE {name}"));
        TestDatabase {
            url: format!("{}/{name}", self.base),
            name,
            base: self.base.clone(),
        }
    }
}

/// A program of PostgreSQL's that lies beside its server; `None` when the server is another's.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = binaries()?.join(name);
    path.is_file().then_some(path)
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(mut conn) = PgConnection::establish(&format!("{}/postgres", self.base)) {
            let _ = conn.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn admin(base: &str, sql: &str) {
    let mut conn = PgConnection::establish(&format!("{base}/postgres")).unwrap();
    conn.batch_execute(sql).unwrap();
}

/// How a template is copied: as files where the server can be told so (since PostgreSQL 15), which takes half the
/// time of copying block by block.
fn copying(base: &str) -> &'static str {
    static COPYING: OnceLock<&str> = OnceLock::new();
    COPYING.get_or_init(|| {
        let mut conn = PgConnection::establish(&format!("{base}/postgres")).unwrap();
        let version: i32 =
            diesel::select(sql::<Integer>("current_setting('server_version_num')::int"))
                .get_result(&mut conn)
                .unwrap();
        if version >= 150_000 {
            " STRATEGY FILE_COPY"
        } else {
            ""
        }
    })
}

/// The newest folder that holds the server's binaries.
pub fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    found.sort_by_key(|path| {
        let version = path
            .parent()
            .and_then(|p| p.file_name())
            .map(|v| v.to_string_lossy().into_owned());
        version.and_then(|v| v.parse::<u32>().ok())
    });
    let on_path =
        std::env::var_os("PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    found
        .into_iter()
        .rev()
        .chain(on_path.into_iter().flatten())
        .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
}

/// Makes and starts a cluster. PostgreSQL refuses to run as root, so root hands it to `nobody`.
/// The cluster is the child of a shell that waits on a pipe from this process: when the process
/// ends, the pipe closes, and the shell stops the server and removes the folder.
fn start_cluster(bin: &Path) -> String {
    let folder = super::folders::folder().keep();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let script = r#"
set -u
as_user() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    chown nobody "$FOLDER"
    as_user() { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"; }
fi
cd "$FOLDER"
as_user "$BIN/initdb" --pgdata="$FOLDER/data" --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync >"$FOLDER/initdb.log" 2>&1 || exit 1
as_user "$BIN/postgres" -D "$FOLDER/data" -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=600 -c shared_buffers=64MB \
    -c checkpoint_flush_after=0 -c autovacuum=off -c random_page_cost=1.1 >"$FOLDER/postgres.log" 2>&1 </dev/null &
cat >/dev/null
kill -INT "$(head -n 1 "$FOLDER/data/postmaster.pid")" 2>/dev/null
wait
rm -rf "$FOLDER"
"#;
    let child = Command::new("sh")
        .args(["-c", script])
        .env("FOLDER", &folder)
        .env("BIN", bin)
        .env("PORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The pipe must live as long as the process, and the watchdog outlives it by a moment.
    Box::leak(Box::new(child));
    let base = format!("postgres://postgres@127.0.0.1:{port}");
    let began = Instant::now();
    while !answers(port, &base) {
        assert!(
            began.elapsed() < START_LIMIT,
            "PostgreSQL did not start; see {}",
            folder.display()
        );
        std::thread::park_timeout(Duration::from_millis(50));
    }
    base
}

fn answers(port: u16, base: &str) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
        && PgConnection::establish(&format!("{base}/postgres")).is_ok()
}
