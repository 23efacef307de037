//! Pooled connections, used from blocking threads that can be given up on.
//!
//! A request takes a seat, of which there are as many as connections, and runs on a blocking
//! thread with an idle connection or a new one: when the database is down the reason is known at
//! once and nobody waits for a pool to fill. libpq cannot be interrupted while a server stands
//! still with its TCP up, so a seat has a limit: beyond it the caller is answered, the seat goes to
//! the next, and the thread ends by itself when the server or its connection does. A given-up
//! transaction does not commit. Only so many may hang at once; then seats are no longer replaced.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Connection, connect::Manager};
use crate::platform::{outage::Outage, problem::Problem};

/// A connection unused for so long is asked whether it still lives.
const TRUSTED: Duration = Duration::from_secs(1);

/// A connection is replaced after so long, so that hosts moved behind one name are noticed.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Threads that may hang in a server that stands still, for each connection of the pool.
const HANGING_PER_CONNECTION: usize = 4;

pub(super) struct Pool {
    manager: Manager,
    seats: Arc<Semaphore>,
    inner: Mutex<Inner>,
    hanging_max: usize,
}

#[derive(Default)]
struct Inner {
    idle: Vec<Pooled>,
    /// Counted up when all connections made before are of no more use.
    epoch: u64,
    hanging: usize,
}

struct Pooled {
    conn: Connection,
    epoch: u64,
    born: Instant,
    used: Instant,
}

/// The right to one connection, shared between the caller and the thread that uses it.
#[derive(Clone)]
pub(super) struct Seat(Arc<Mutex<Held>>);

enum Held {
    Running(OwnedSemaphorePermit),
    /// Given up; with its permit only when too many hang already.
    GivenUp {
        _permit: Option<OwnedSemaphorePermit>,
    },
    Ended,
}

impl Pool {
    pub(super) fn new(manager: Manager, connections: u32) -> Self {
        let connections = usize::try_from(connections).unwrap_or(1).max(1);
        Self {
            manager,
            seats: Arc::new(Semaphore::new(connections)),
            inner: Mutex::new(Inner::default()),
            hanging_max: connections * HANGING_PER_CONNECTION,
        }
    }

    pub(super) fn manager(&self) -> &Manager {
        &self.manager
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Threads that hang at present.
    pub(super) fn hanging(&self) -> usize {
        self.inner().hanging
    }

    /// Waits for a seat.
    pub(super) async fn seat(&self) -> Result<Seat, Problem> {
        let permit = self
            .seats
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Problem::unavailable("the pool is closed", 2))?;
        Ok(Seat(Arc::new(Mutex::new(Held::Running(permit)))))
    }

    /// Runs `f` on a connection; for blocking threads. The connection goes back when it is sound.
    pub(super) fn with<T>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut pooled = self.take()?;
        let result = f(&mut pooled.conn);
        let useless =
            matches!(&result, Err(p) if p.outage_met().is_some_and(Outage::ends_connection));
        if useless {
            self.forget_all();
        } else if is_clean(&mut pooled.conn) {
            pooled.used = Instant::now();
            self.inner().idle.push(pooled);
        }
        result
    }

    /// Makes one connection and keeps it, so that a start fails when there is none to be had.
    pub(super) fn fill(&self) -> Result<(), diesel::ConnectionError> {
        let pooled = self.connect()?;
        self.inner().idle.push(pooled);
        Ok(())
    }

    fn take(&self) -> Result<Pooled, Problem> {
        while let Some(mut pooled) = self.pop() {
            if pooled.used.elapsed() < TRUSTED || is_alive(&mut pooled.conn) {
                return Ok(pooled);
            }
            self.forget_all();
        }
        self.connect().map_err(|e| {
            Problem::outage(
                Outage::of_connection(&e),
                format!("no database connection: {e}"),
            )
        })
    }

    fn pop(&self) -> Option<Pooled> {
        let mut inner = self.inner();
        let epoch = inner.epoch;
        while let Some(pooled) = inner.idle.pop() {
            if pooled.epoch == epoch && pooled.born.elapsed() < LIFETIME {
                return Some(pooled);
            }
        }
        None
    }

    fn connect(&self) -> Result<Pooled, diesel::ConnectionError> {
        let epoch = self.inner().epoch;
        let conn = self.manager.establish()?;
        let now = Instant::now();
        Ok(Pooled {
            conn,
            epoch,
            born: now,
            used: now,
        })
    }

    /// One connection was lost or leads to a standby: so do those made before now.
    fn forget_all(&self) {
        let mut inner = self.inner();
        inner.epoch += 1;
        let gone = std::mem::take(&mut inner.idle);
        drop(inner);
        drop(gone);
    }

    /// Gives up on a seat whose limit is over.
    pub(super) fn give_up(&self, seat: &Seat) {
        let mut held = seat.held();
        if let Held::Running(permit) = std::mem::replace(&mut *held, Held::Ended) {
            let mut inner = self.inner();
            inner.hanging += 1;
            inner.epoch += 1;
            let keeps = inner.hanging > self.hanging_max;
            *held = Held::GivenUp {
                _permit: keeps.then_some(permit),
            };
        }
    }

    /// The thread of a seat has come to its end.
    pub(super) fn end(&self, seat: &Seat) {
        let was = std::mem::replace(&mut *seat.held(), Held::Ended);
        if let Held::GivenUp { .. } = was {
            self.inner().hanging -= 1;
        }
    }
}

impl Seat {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller still waits; what nobody waits for is rolled back.
    ///
    /// # Errors
    /// 503 when it was given up.
    pub(super) fn still_wanted(&self) -> Result<(), Problem> {
        match *self.held() {
            Held::GivenUp { .. } => {
                Err(Problem::outage(Outage::Lost, "given up before its commit"))
            }
            Held::Running(_) | Held::Ended => Ok(()),
        }
    }
}

/// Whether no transaction was left open or broken.
fn is_clean(conn: &mut Connection) -> bool {
    let broken = match conn {
        Connection::Postgres(c) => AnsiTransactionManager::is_broken_transaction_manager(c),
        Connection::Sqlite(c) => AnsiTransactionManager::is_broken_transaction_manager(c),
    };
    !broken
}

fn is_alive(conn: &mut Connection) -> bool {
    match conn {
        Connection::Postgres(c) => c.batch_execute("SELECT 1").is_ok(),
        Connection::Sqlite(_) => true,
    }
}
