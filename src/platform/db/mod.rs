//! The database: SQLite embedded or PostgreSQL, one set of queries.
//!
//! [`Database`] is opened by URL scheme. Reads run on a pool, off the async threads. Writes go
//! through [`Database::write`]: on SQLite one writer thread takes them in order and commits
//! groups of them with one sync to disk, on PostgreSQL each is a transaction of its own. Either
//! way the closure is one transaction, and the answer comes only after the commit.
//!
//! A database that is away, stands still or is full is answered 503 with `Retry-After`, within
//! [`Patience`]'s limit and, once it is known, at once.

mod connect;
mod hosts;
pub mod integrity;
mod migrate;
mod multi;
mod pool;
mod suitable;
mod text_column;
mod tls;
mod turn;
mod types;
mod writer;

pub mod schema;

use std::{
    cell::Cell,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::{Connection as _, connection::SimpleConnection as _};
use tokio::time::{Instant, timeout_at};

pub use connect::{DatabaseUrl, DatabaseUrlError, Patience, file_uri};
pub use migrate::{MigrationError, migrate, refuse_newer, revert_all};
pub use tls::Unprotected;
pub use types::{Id, JsonSql, JsonValue, UtcTime, UtcTimeSql, UuidSql};

pub use multi::{AnyConnection, MultiBackend};
pub(crate) use text_column::text_column;

use connect::Manager;
use pool::{Pool, Seat};
use writer::Writer;

use super::alarms::{Alarm, Alarms};
use super::circuit::Circuit;
use super::outage::Outage;
use super::problem::{OnDb, Problem};

/// Milliseconds [`Database::settle`] waits for others. With all its tries an end stays well below
/// the ten seconds a service manager or a container grants.
const SETTLE_PATIENCE_MS: u32 = 1_000;

/// How long a server is known to be unfit after it said so.
const UNFIT_KEPT: Duration = Duration::from_secs(30);

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
    pool: Arc<Pool>,
    writer: Option<Arc<Writer>>,
    circuit: Circuit,
    met: Arc<[AtomicU64; Outage::ALL.len()]>,
    refused_writes: Arc<AtomicBool>,
    unfit_at: Arc<Mutex<Option<Instant>>>,
    patience: Patience,
    alarms: Alarms,
}

impl Database {
    /// Opens the database behind `url` with at most `connections` pooled connections.
    /// An SQLite file and its folder are created when absent.
    ///
    /// # Errors
    /// When the database cannot be reached or is not one to start on; the text names the reason
    /// but never a password.
    pub fn open(
        url: &DatabaseUrl,
        connections: u32,
        patience: Patience,
    ) -> Result<Self, OpenError> {
        url.create_file().map_err(OpenError::Folder)?;
        let manager = Manager::new(url.clone(), patience);
        let (manager, writer) = match url.backend() {
            Backend::Sqlite => {
                let writer = Writer::start(manager.clone(), url.file())?;
                (manager, Some(Arc::new(writer)))
            }
            Backend::Postgres => {
                manager.refuse_open()?;
                let change = suitable::look(&manager)?;
                (manager.sessions_changing(change), None)
            }
        };
        let pool = Pool::new(manager, connections);
        pool.fill()?;
        Ok(Self {
            pool: Arc::new(pool),
            writer,
            circuit: Circuit::new("the database"),
            met: Arc::default(),
            refused_writes: Arc::default(),
            unfit_at: Arc::default(),
            patience,
            alarms: Alarms::default(),
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.pool.manager().backend()
    }

    /// The same database with another patience, for a job in a server.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// Runs a read off the async threads.
    ///
    /// # Errors
    /// What the closure answers, or 503 when the database is away or does not answer in time.
    pub async fn read<T, F>(&self, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        let preface = self.pool.manager().preface(self.patience);
        let limit = self.patience.limit();
        let result = turn_of_request(limit, |limit| {
            self.run(limit, move |conn, seat| match preface {
                Some(preface) => transaction(conn, prefaced(preface, seat, f)),
                None => f(conn),
            })
        })
        .await;
        self.note(&result);
        result
    }

    /// The alarms damage is told by.
    #[must_use]
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Moves what the write-ahead log holds into the file and empties it, so that the file alone
    /// holds everything. For a clean end; on PostgreSQL there is nothing to do.
    ///
    /// # Errors
    /// 503 when others still read or write.
    pub fn settle(&self) -> Result<(), Problem> {
        if self.backend() == Backend::Postgres {
            return Ok(());
        }
        let mut conn = self.blocking()?;
        match &mut *conn {
            Connection::Postgres(_) => Ok(()),
            Connection::Sqlite(c) => {
                let patience = format!("PRAGMA busy_timeout = {SETTLE_PATIENCE_MS}");
                c.batch_execute(&patience).or_fault("set a patience")?;
                match connect::empty_log(c).or_fault("empty the log")? {
                    true => Ok(()),
                    false => Err(Problem::unavailable("the log is still read", 1)),
                }
            }
        }
    }

    /// Runs one write transaction and returns after its commit.
    ///
    /// # Errors
    /// What the closure answers (the transaction is then rolled back), or 503 when the database
    /// could not begin or commit. A 503 may stand for a commit nobody heard the end of: a client
    /// repeats it with the same idempotency key.
    pub async fn write<T, F>(&self, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        self.write_within(self.patience.limit(), f).await
    }

    /// The same within a limit of its own.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub async fn write_within<T, F>(&self, limit: Duration, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        let result = turn_of_request(limit, async |limit| match &self.writer {
            Some(writer) => writer.run(limit, f).await,
            None => {
                let preface = self
                    .pool
                    .manager()
                    .preface(self.patience)
                    .unwrap_or_default();
                self.run(limit, move |conn, seat| {
                    transaction(conn, prefaced(preface, seat, f))
                })
                .await
            }
        })
        .await;
        if self.note(&result).is_some_and(|met| met != Outage::Busy) {
            self.refused_writes.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Whether a write was refused by the database itself since this was last asked.
    pub fn take_refused_writes(&self) -> bool {
        self.refused_writes.swap(false, Ordering::Relaxed)
    }

    /// Whether a table, a column or a right was found missing lately. Others may be there, so that
    /// a write that succeeds does not say otherwise.
    #[must_use]
    pub fn is_unfit(&self) -> bool {
        let at = *self.unfit_at.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() < UNFIT_KEPT)
    }

    /// Counts what the database met.
    fn note<T>(&self, result: &Result<T, Problem>) -> Option<Outage> {
        let problem = result.as_ref().err()?;
        let met = problem.outage_met()?;
        if met == Outage::Damaged {
            // To send the request again helps nobody, and an operator must hear of it.
            let words = problem.internal().unwrap_or_default();
            self.alarms.raise(Alarm::DatabaseDamaged, words);
        }
        if met == Outage::Unfit {
            let mut at = self.unfit_at.lock().unwrap_or_else(PoisonError::into_inner);
            *at = Some(Instant::now());
        }
        for (outage, count) in Outage::ALL.iter().zip(self.met.iter()) {
            count.fetch_add(u64::from(*outage == met), Ordering::Relaxed);
        }
        Some(met)
    }

    /// How often each outage was met since the start.
    pub fn outages(&self) -> impl Iterator<Item = (Outage, u64)> {
        let count = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Outage::ALL.into_iter().zip(self.met.iter().map(count))
    }

    /// How often the circuit opened since the start.
    #[must_use]
    pub fn circuit_opened(&self) -> u64 {
        self.circuit.opened()
    }

    /// Threads that hang in a database that stands still.
    #[must_use]
    pub fn hanging(&self) -> usize {
        self.pool.hanging()
    }

    /// A connection of its own for the calling thread, for start-up, commands and tests.
    ///
    /// # Errors
    /// 503 when no connection is to be had.
    pub fn blocking(
        &self,
    ) -> Result<impl std::ops::DerefMut<Target = Connection> + use<>, Problem> {
        let manager = self.pool.manager().clone().patient();
        manager.establish().map(Box::new).map_err(|e| {
            let why = format!("no database connection: {e}");
            Problem::outage(Outage::of_connection(&e), why)
        })
    }

    /// Runs `f` on a pooled connection and a blocking thread, and gives up on it after the limit.
    /// A task of its own watches the limit, so that it holds for callers that hang up, too.
    async fn run<T, F>(&self, limit: Duration, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Seat) -> Result<T, Problem> + Send + 'static,
    {
        let until = Instant::now() + limit;
        self.circuit.look()?;
        let seat = timeout_at(until, self.pool.seat())
            .await
            .map_err(|_| Problem::unavailable("no database connection came free in time", 2))??;
        let pass = self.circuit.enter()?;
        let pool = self.pool.clone();
        joined(tokio::spawn(async move {
            let (used, mine) = (pool.clone(), seat.clone());
            let work = tokio::task::spawn_blocking(move || {
                let _ends = EndOfSeat(&used, &mine);
                used.with(|conn| f(conn, &mine))
            });
            let Ok(done) = timeout_at(until, joined(work)).await else {
                pool.give_up(&seat);
                pass.failed();
                let why = "the database did not answer in time";
                return Err(Problem::outage(Outage::Lost, why));
            };
            match &done {
                Err(p) if p.outage_met() == Some(Outage::Lost) => pass.failed(),
                _ => pass.answered(),
            }
            done
        }))
        .await
    }
}

tokio::task_local! {
    /// How long the request being answered has waited for the database.
    static WAITED: Cell<Duration>;
}

/// Answers a request: all it asks of the database together has the limit that each alone has.
pub async fn as_one_request<T>(answer: impl Future<Output = T>) -> T {
    WAITED.scope(Cell::default(), answer).await
}

/// One of a request's turns at the database, within what the turns before left of the limit.
async fn turn_of_request<T, F>(
    limit: Duration,
    turn: impl FnOnce(Duration) -> F,
) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    let waited = WAITED.try_with(Cell::get).unwrap_or_default();
    let left = limit.saturating_sub(waited);
    if left.is_zero() {
        let why = "the request waited for the database too long already";
        return Err(Problem::outage(Outage::Lost, why));
    }
    let began = Instant::now();
    let done = turn(left).await;
    // Outside a request nothing is counted.
    let _ = WAITED.try_with(|waited| waited.set(waited.get() + began.elapsed()));
    done
}

/// Ends a seat with its thread, also when that panics.
struct EndOfSeat<'a>(&'a Pool, &'a Seat);

impl Drop for EndOfSeat<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

/// Sets what the transaction needs set before `f`, and asks after it whether anybody still waits.
fn prefaced<'a, T>(
    preface: String,
    seat: &'a Seat,
    f: impl FnOnce(&mut Connection) -> Result<T, Problem> + 'a,
) -> impl FnOnce(&mut Connection) -> Result<T, Problem> + 'a {
    move |conn| {
        if !preface.is_empty() {
            conn.batch_execute(&preface)
                .or_fault("set up a transaction")?;
        }
        let done = f(conn)?;
        seat.still_wanted()?;
        Ok(done)
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of an SQLite file cannot be made.
    #[error("cannot create the database folder: {0}")]
    Folder(std::io::Error),
    /// It would be spoken to in the open.
    #[error("{0}")]
    Unprotected(#[from] Unprotected),
    /// The first connection failed.
    #[error("cannot connect to the database: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// It is reached, and cannot be served from.
    #[error("the database cannot be used: {0}")]
    Unfit(String),
    /// The writer thread could not be started.
    #[error("cannot start the writer: {0}")]
    Writer(#[from] std::io::Error),
}

async fn joined<T>(
    task: impl Future<Output = Result<Result<T, Problem>, tokio::task::JoinError>>,
) -> Result<T, Problem> {
    match task.await {
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
            // Begin or commit failed: that is never the request's fault.
            Rollback::Database(e) => Problem::outage(
                Outage::of(&e).unwrap_or(Outage::Busy),
                format!("transaction: {e}"),
            ),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    /// Two slow turns of one request have one limit between them; outside a request each has its
    /// own.
    #[tokio::test]
    async fn the_turns_of_a_request_share_its_limit() {
        let limit = Duration::from_millis(200);
        let slow = async |left: Duration| {
            sleep(left.min(limit * 3 / 4)).await;
            Ok(left)
        };
        let three = async || {
            let mut lefts = Vec::new();
            for _ in 0..3 {
                lefts.push(turn_of_request(limit, slow).await);
            }
            lefts
        };
        let lefts = as_one_request(three()).await;
        assert_eq!(lefts[0].as_ref().unwrap(), &limit);
        assert!(lefts[1].as_ref().unwrap() <= &(limit / 4));
        let refused = lefts[2].as_ref().unwrap_err();
        assert_eq!(
            (refused.code().status(), refused.retry_after_s()),
            (503, Some(2))
        );
        assert!(
            three()
                .await
                .iter()
                .all(|left| left.as_ref().unwrap() == &limit)
        );
    }
}
