//! The database: SQLite embedded or PostgreSQL, one set of queries.
//!
//! [`Database`] is opened by URL scheme. Reads run on a pool, off the async threads. Writes go
//! through [`Database::write`]: on SQLite one writer thread takes them in order and commits
//! groups of them with one sync to disk, on PostgreSQL each is a transaction of its own. Either
//! way the closure is one transaction, and the answer comes only after the commit.

mod connect;
mod migrate;
mod multi;
mod turn;
mod types;
mod writer;

pub mod schema;

use std::sync::Arc;

use diesel::{Connection as _, r2d2};

pub use connect::{DatabaseUrl, DatabaseUrlError};
pub use migrate::{MigrationError, migrate, revert_all};
pub use types::{Id, JsonSql, JsonValue, UtcTime, UtcTimeSql, UuidSql};

pub use multi::{AnyConnection, MultiBackend};

use connect::Manager;
use writer::Writer;

use super::problem::{OnDb, Problem};

/// A connection to either database; all ordinary queries are written once against it.
pub type Connection = multi::AnyConnection;

/// Runs the same body on the connection inside, for the few statements `MultiConnection` cannot
/// render (upsert, batch insert): both dialects accept the same text, only the types differ.
#[macro_export]
macro_rules! on_each {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::platform::db::AnyConnection::Postgres($c) => $body,
            $crate::platform::db::AnyConnection::Sqlite($c) => $body,
        }
    };
}

/// Which database is behind a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// A handle to the database, cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: r2d2::Pool<Manager>,
    writer: Option<Arc<Writer>>,
    backend: Backend,
}

impl Database {
    /// Opens the database behind `url` with at most `connections` pooled connections.
    /// An SQLite file and its folder are created when absent.
    ///
    /// # Errors
    /// When the database cannot be reached; the text names the reason but never a password.
    pub fn open(url: &DatabaseUrl, connections: u32) -> Result<Self, OpenError> {
        let backend = url.backend();
        url.create_folder().map_err(OpenError::Folder)?;
        let manager = Manager::new(url.clone());
        let writer = match backend {
            Backend::Sqlite => Some(Arc::new(Writer::start(manager.establish()?)?)),
            Backend::Postgres => None,
        };
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(1))
            .connection_timeout(std::time::Duration::from_secs(10))
            .build(manager)
            .map_err(|e| OpenError::Pool(e.to_string()))?;
        Ok(Self {
            pool,
            writer,
            backend,
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Runs a read off the async threads.
    ///
    /// # Errors
    /// What the closure answers, or 503 when no connection is to be had.
    pub async fn read<T, F>(&self, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        let pool = self.pool.clone();
        run_blocking(move || f(&mut *connection(&pool)?)).await
    }

    /// Runs one write transaction and returns after its commit.
    ///
    /// # Errors
    /// What the closure answers (the transaction is then rolled back), or 503 when the database
    /// could not begin or commit.
    pub async fn write<T, F>(&self, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        if let Some(writer) = &self.writer {
            return writer.run(f).await;
        }
        let pool = self.pool.clone();
        run_blocking(move || transaction(&mut *connection(&pool)?, f)).await
    }

    /// A connection for the calling thread, for start-up, commands and tests.
    ///
    /// # Errors
    /// 503 when no connection is to be had.
    pub fn blocking(
        &self,
    ) -> Result<impl std::ops::DerefMut<Target = Connection> + use<>, Problem> {
        connection(&self.pool)
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of an SQLite file cannot be made.
    #[error("cannot create the database folder: {0}")]
    Folder(std::io::Error),
    /// The first connection failed.
    #[error("cannot connect to the database: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// The pool could not be filled.
    #[error("cannot open the connection pool: {0}")]
    Pool(String),
    /// The writer thread could not be started.
    #[error("cannot start the writer: {0}")]
    Writer(#[from] std::io::Error),
}

fn connection(pool: &r2d2::Pool<Manager>) -> Result<r2d2::PooledConnection<Manager>, Problem> {
    pool.get()
        .map_err(|e| Problem::unavailable(format!("no database connection: {e}"), 2))
}

async fn run_blocking<T, F>(f: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    match tokio::task::spawn_blocking(f).await {
        Ok(answer) => answer,
        Err(join) => Err(Problem::fault(format!("database task: {join}"))),
    }
}

/// Carries a closure's own refusal through diesel's transaction, which wants its error type.
enum Rollback {
    Refused(Problem),
    Database(diesel::result::Error),
}

impl From<diesel::result::Error> for Rollback {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

/// How often [`settled`] looks.
const LOOKS: usize = 8;

/// Takes what may be moving. Each look is a savepoint of the open transaction: one that answers
/// `None` lets go what it locked, so that locks are never taken one after another in a wrong order.
///
/// # Errors
/// 503 when it moves again and again; what the look answers.
pub fn settled<T>(
    conn: &mut Connection,
    mut look: impl FnMut(&mut Connection) -> Result<Option<T>, Problem>,
) -> Result<T, Problem> {
    for _ in 0..LOOKS {
        let looked = conn.transaction::<T, Unsettled, _>(|conn| {
            look(conn)
                .map_err(|problem| Unsettled::Stopped(Rollback::Refused(problem)))?
                .ok_or(Unsettled::Moves)
        });
        match looked {
            Ok(found) => return Ok(found),
            Err(Unsettled::Moves) => {}
            Err(Unsettled::Stopped(Rollback::Refused(problem))) => return Err(problem),
            Err(Unsettled::Stopped(Rollback::Database(e))) => {
                return Err(e).or_fault("take what may be moving");
            }
        }
    }
    Err(Problem::unavailable("rows move again and again", 1))
}

/// Why a look of [`settled`] was rolled back.
enum Unsettled {
    Moves,
    Stopped(Rollback),
}

impl From<diesel::result::Error> for Unsettled {
    fn from(error: diesel::result::Error) -> Self {
        Self::Stopped(error.into())
    }
}

/// Runs `f` in a transaction (a savepoint when one is already open).
fn transaction<T>(
    conn: &mut Connection,
    f: impl FnOnce(&mut Connection) -> Result<T, Problem>,
) -> Result<T, Problem> {
    conn.transaction::<T, Rollback, _>(|conn| f(conn).map_err(Rollback::Refused))
        .map_err(|rollback| match rollback {
            Rollback::Refused(problem) => problem,
            Rollback::Database(e) => Problem::unavailable(format!("transaction: {e}"), 1),
        })
}
