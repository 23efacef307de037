//! Database URLs and the connection manager that goes by their scheme.
//!
//! `MultiConnection`'s own `establish` tries every backend and swallows the reasons; here the
//! scheme decides, so that a PostgreSQL that is down says so.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use diesel::{
    Connection as _, ConnectionError, PgConnection, SqliteConnection,
    connection::{CacheSize, SimpleConnection},
};

use super::{Backend, Connection, Unprotected, hosts::Hosts, tls};
use crate::platform::private;

/// How long a statement waits for a database that another process has, as set up below.
pub(super) const SQLITE_BUSY_MS: u32 = 10_000;

/// WAL and full sync: an acknowledged write survives a crash of the process and of the machine.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 10000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA secure_delete = ON;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -16000;
PRAGMA mmap_size = 68719476736;";

/// What a PostgreSQL connection is made with unless the URL says otherwise: a host that vanished
/// without a word is given up on within ten seconds or so, at the connect as in the middle of a
/// statement, and several hosts lead to the one that takes writes.
const URL_DEFAULTS: [(&str, &str); 7] = [
    ("connect_timeout", "5"),
    ("tcp_user_timeout", "10000"),
    ("keepalives", "1"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    ("application_name", "dengwen"),
];

/// What a session has where the server allows it: messages in English, which are told apart by
/// their words (of others Chinese is understood too), and a server that notices within seconds
/// that its client died or cannot be reached, in the middle of a statement or between two, and lets
/// go of its locks.
const POSTGRES_WISHES: &str = "DO $$ BEGIN
BEGIN PERFORM set_config('lc_messages', 'C', false); EXCEPTION WHEN OTHERS THEN NULL; END;
BEGIN PERFORM set_config('client_connection_check_interval', '5s', false); EXCEPTION WHEN OTHERS THEN NULL; END;
BEGIN PERFORM set_config('tcp_keepalives_idle', '4', false), set_config('tcp_keepalives_interval', '2', false),
    set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '10s', false);
EXCEPTION WHEN OTHERS THEN NULL; END;
END $$;";

/// How long somebody waits for the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A request: somebody looks at a screen.
    Request,
    /// A job or a command.
    Work,
}

impl Patience {
    /// How long in all, the wait for a connection included.
    pub(super) const fn limit(self) -> Duration {
        match self {
            Self::Request => Duration::from_secs(10),
            Self::Work => Duration::from_secs(120),
        }
    }

    /// What every PostgreSQL session or transaction is set to. The server's own limits are shorter
    /// than [`Patience::limit`], so that a server that lives ends what takes too long by itself.
    fn settings(self) -> [(&'static str, &'static str); 6] {
        let (lock, statement) = match self {
            Self::Request => ("5s", "8s"),
            Self::Work => ("10s", "60s"),
        };
        [
            ("lock_timeout", lock),
            ("statement_timeout", statement),
            ("idle_in_transaction_session_timeout", "60s"),
            ("TimeZone", "UTC"),
            ("standard_conforming_strings", "on"),
            ("default_transaction_isolation", "read committed"),
        ]
    }
}

/// A database URL: `sqlite://PATH` or `postgres://…`. Its `Display` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    url: String,
    backend: Backend,
}

/// A database URL that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "a database URL is `sqlite://PATH` or `postgres://USER@HOST/NAME`; this one starts with {0:?}"
)]
pub struct DatabaseUrlError(String);

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let scheme = url.split("://").next().unwrap_or_default();
        let backend = match scheme {
            "sqlite" if url.len() > "sqlite://".len() => Backend::Sqlite,
            "postgres" | "postgresql" => Backend::Postgres,
            _ => return Err(DatabaseUrlError(scheme.chars().take(20).collect())),
        };
        Ok(Self {
            url: url.to_owned(),
            backend,
        })
    }
}

impl DatabaseUrl {
    /// Which database the scheme names.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The file of an SQLite URL.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match self.backend {
            Backend::Sqlite => self.url.strip_prefix("sqlite://").map(PathBuf::from),
            Backend::Postgres => None,
        }
    }

    /// Creates an SQLite file and the folder it is to lie in, readable by their owner alone, as the
    /// files beside it will be: SQLite makes those as the file is. Files of former releases are
    /// taken from everybody else.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn create_file(&self) -> std::io::Result<()> {
        let Some(file) = self.file() else {
            return Ok(());
        };
        if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
            private::folder(folder)?;
        }
        if let Err(e) = private::new_file(&file)
            && e.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(e);
        }
        for ending in ["", "-wal", "-shm"] {
            private::tighten(&beside(&file, ending));
        }
        Ok(())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => {
                write!(f, "{scheme}://***@{}", without_options(host))
            }
            _ if self.backend == Backend::Postgres => f.write_str(without_options(&self.url)),
            _ => f.write_str(&self.url),
        }
    }
}

/// A password may stand among the options too.
fn without_options(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The URL as libpq gets it: what it does not say is added.
fn with_defaults(url: &str) -> String {
    let (place, options) = url.split_once('?').unwrap_or((url, ""));
    let says = |name: &str| {
        options
            .split('&')
            .any(|option| option.split('=').next() == Some(name))
    };
    let several = Hosts::of(url).are_several();
    let only_primary = several.then_some(("target_session_attrs", "read-write"));
    let mut all: Vec<String> = Vec::new();
    all.extend((!options.is_empty()).then(|| options.to_owned()));
    all.extend(
        URL_DEFAULTS
            .into_iter()
            .chain(only_primary)
            .filter(|(name, _)| !says(name))
            .map(|(name, value)| format!("{name}={value}")),
    );
    format!("{place}?{}", all.join("&"))
}

/// An SQLite file is made once, at the start ([`DatabaseUrl::create_file`]); one that vanished since
/// must not become a new and empty one.
const ONLY_EXISTING: &str = "mode=rw";

/// A file as the URI SQLite opens, with options such as `mode=ro`.
#[must_use]
pub fn file_uri(file: &Path, options: &str) -> String {
    let escaped = file
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    format!("file:{escaped}?{options}")
}

/// A file beside an SQLite file.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// Moves the write-ahead log into the file and cuts it; `false` when somebody still reads it.
pub(super) fn empty_log(conn: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    use diesel::RunQueryDsl as _;
    let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn)?;
    Ok(done.busy == 0)
}

/// Makes connections for the pool and for the writer.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    url: DatabaseUrl,
    hosts: Hosts,
    patience: Patience,
    /// Whether a pooler hands each transaction to another session, so that nothing set or prepared
    /// in one lasts.
    sessions_change: bool,
}

impl Manager {
    pub(super) fn new(url: DatabaseUrl, patience: Patience) -> Self {
        Self {
            hosts: Hosts::of(&with_defaults(&url.url)),
            url,
            patience,
            sessions_change: false,
        }
    }

    /// The same behind a pooler that hands each transaction to another session.
    pub(super) fn sessions_changing(mut self, change: bool) -> Self {
        self.sessions_change = change;
        self
    }

    /// The same for work nobody waits for at a screen.
    pub(super) fn patient(mut self) -> Self {
        self.patience = Patience::Work;
        self
    }

    pub(super) fn backend(&self) -> Backend {
        self.url.backend
    }

    /// A connection with its session settings made.
    pub(super) fn establish(&self) -> Result<Connection, ConnectionError> {
        let setup =
            |r: diesel::QueryResult<()>| r.map_err(ConnectionError::CouldntSetupConfiguration);
        match self.url.backend {
            Backend::Postgres => {
                let mut conn = self.bare()?;
                if self.sessions_change {
                    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
                } else {
                    setup(conn.batch_execute(&set("", &self.patience.settings())))?;
                    setup(conn.batch_execute(POSTGRES_WISHES))?;
                }
                Ok(Connection::Postgres(conn))
            }
            Backend::Sqlite => {
                let path = self.url.file().unwrap_or_default();
                let mut conn = SqliteConnection::establish(&file_uri(&path, ONLY_EXISTING))?;
                setup(conn.batch_execute(SQLITE_SETUP))?;
                Ok(Connection::Sqlite(conn))
            }
        }
    }

    /// Refuses a PostgreSQL to which this build would speak in the open.
    pub(super) fn refuse_open(&self) -> Result<(), Unprotected> {
        tls::refuse_open(self.hosts.urls())
    }

    /// A PostgreSQL connection as the server gives it.
    pub(super) fn bare(&self) -> Result<PgConnection, ConnectionError> {
        self.hosts.connect(PgConnection::establish)
    }

    /// What a transaction must set first, when its session is not set up for it.
    pub(super) fn preface(&self, patience: Patience) -> Option<String> {
        match self.url.backend {
            Backend::Postgres if self.sessions_change => Some(format!(
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; {}",
                set("LOCAL ", &patience.settings())
            )),
            Backend::Postgres if patience != self.patience => {
                Some(set("LOCAL ", &patience.settings()))
            }
            Backend::Postgres | Backend::Sqlite => None,
        }
    }
}

fn set(scope: &str, settings: &[(&str, &str)]) -> String {
    settings
        .iter()
        .map(|(name, value)| format!("SET {scope}{name} = '{value}';"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_decides_and_the_password_is_hidden() {
        let url: DatabaseUrl = "postgres://dengwen:geheim@db/dengwen".parse().unwrap();
        assert_eq!(url.backend(), Backend::Postgres);
        assert!(!format!("{url} {url:?}").contains("geheim"));
        assert!("host=db dbname=x".parse::<DatabaseUrl>().is_err());
        assert!("mysql://db".parse::<DatabaseUrl>().is_err());
        let url: DatabaseUrl = "postgres://db/dengwen?user=a&password=geheim"
            .parse()
            .unwrap();
        assert_eq!(url.to_string(), "postgres://db/dengwen");
    }

    #[test]
    fn what_the_url_does_not_say_is_added() {
        let plain = with_defaults("postgres://a@db/dengwen");
        for (name, value) in URL_DEFAULTS {
            assert!(plain.contains(&format!("{name}={value}")), "{plain}");
        }
        assert!(!plain.contains("target_session_attrs"), "{plain}");
        let said = with_defaults("postgres://db/dengwen?connect_timeout=2&sslmode=require");
        assert!(said.starts_with("postgres://db/dengwen?connect_timeout=2&sslmode=require&"));
        assert_eq!(said.matches("connect_timeout").count(), 1);
        for several in [
            "postgres://a@db1,db2:5433/dengwen",
            "postgres:///dengwen?host=db1,db2",
        ] {
            let url = with_defaults(several);
            assert!(url.ends_with("&target_session_attrs=read-write"), "{url}");
        }
        let any = with_defaults("postgres://db1,db2/dengwen?target_session_attrs=any");
        assert_eq!(any.matches("target_session_attrs").count(), 1);
    }
}
