//! Database URLs and the connection manager that goes by their scheme.
//!
//! `MultiConnection`'s own `establish` tries every backend and swallows the reasons; here the
//! scheme decides, so that a PostgreSQL that is down says so.

use std::{fmt, path::PathBuf, str::FromStr};

use diesel::{
    Connection as _, ConnectionError, PgConnection, SqliteConnection,
    connection::SimpleConnection,
    r2d2::{self, ManageConnection},
};

use super::{Backend, Connection};

/// How long a statement waits for a database that another process has, as set up below.
pub(super) const SQLITE_BUSY_MS: u32 = 10_000;

/// WAL and full sync: an acknowledged write survives a crash of the process and of the machine.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 10000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16000;
PRAGMA mmap_size = 68719476736;";

const POSTGRES_SETUP: &str =
    "SET TIME ZONE 'UTC'; SET lock_timeout = '10s'; SET statement_timeout = '60s';";

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

    /// Creates the folder an SQLite file is to lie in.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn create_folder(&self) -> std::io::Result<()> {
        match self.file().as_deref().and_then(std::path::Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => write!(f, "{scheme}://***@{host}"),
            _ => f.write_str(&self.url),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes connections for the pool and for the writer.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    url: DatabaseUrl,
}

impl Manager {
    pub(super) fn new(url: DatabaseUrl) -> Self {
        Self { url }
    }

    /// A connection with its session settings made.
    pub(super) fn establish(&self) -> Result<Connection, ConnectionError> {
        let setup =
            |r: diesel::QueryResult<()>| r.map_err(ConnectionError::CouldntSetupConfiguration);
        match self.url.backend {
            Backend::Postgres => {
                let mut conn = PgConnection::establish(&self.url.url)?;
                setup(conn.batch_execute(POSTGRES_SETUP))?;
                Ok(Connection::Postgres(conn))
            }
            Backend::Sqlite => {
                let path = self.url.file().unwrap_or_default();
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                setup(conn.batch_execute(SQLITE_SETUP))?;
                Ok(Connection::Sqlite(conn))
            }
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Connection, r2d2::Error> {
        self.establish().map_err(r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut Connection) -> Result<(), r2d2::Error> {
        match conn {
            Connection::Postgres(c) => c.batch_execute("SELECT 1").map_err(r2d2::Error::QueryError),
            Connection::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, conn: &mut Connection) -> bool {
        use diesel::r2d2::R2D2Connection;
        std::thread::panicking() || conn.is_broken()
    }
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
    }
}
