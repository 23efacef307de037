//! The one SQLite writer: takes writes in order and commits groups of them.
//!
//! SQLite has one writer at a time and a commit costs a sync to disk. So writes queue here; the
//! thread opens one immediate transaction, runs each waiting write in a savepoint of its own (a
//! refused one rolls back alone), commits once, and only then answers them all.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::oneshot;

use super::{Connection, transaction, turn::Turn};
use crate::platform::problem::Problem;

type Manager = <Connection as diesel::Connection>::TransactionManager;

/// Writes committed together at most; bounds how long the first of a group waits.
const GROUP_MAX: usize = 64;

/// Writes that may wait; beyond it the client is told to come back.
const QUEUE_MAX: usize = 4096;

/// Runs in the group's transaction (or learns why there is none); the returned closure answers
/// the caller after the commit.
type Job = Box<dyn FnOnce(Result<&mut Connection, Problem>) -> Deliver + Send>;
type Deliver = Box<dyn FnOnce(Result<(), Problem>) + Send>;

pub(super) struct Writer {
    queue: SyncSender<Job>,
}

impl Writer {
    pub(super) fn start(mut conn: Connection) -> std::io::Result<Self> {
        let turn = match &mut conn {
            Connection::Sqlite(c) => Some(Turn::of(c).map_err(std::io::Error::other)?),
            Connection::Postgres(_) => None,
        };
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(conn, turn.as_ref(), &jobs))?;
        Ok(Self { queue })
    }

    pub(super) async fn run<T, F>(&self, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        let (answer, waiting) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            let result = conn.and_then(|conn| transaction(conn, f));
            Box::new(move |commit: Result<(), Problem>| {
                // A caller that hung up needs no answer; its write stands.
                let _ = answer.send(commit.and(result));
            })
        });
        match self.queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                return Err(Problem::unavailable("the write queue is full", 2));
            }
            Err(TrySendError::Disconnected(_)) => {
                return Err(Problem::fault("the writer thread is gone"));
            }
        }
        waiting
            .await
            .unwrap_or_else(|_| Err(Problem::fault("a write was dropped unanswered")))
    }
}

fn serve(mut conn: Connection, turn: Option<&Turn>, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter().take(GROUP_MAX - 1));
        commit_group(&mut conn, turn, group);
    }
}

/// One transaction for the group; each write is answered with the commit's own result.
fn commit_group(conn: &mut Connection, turn: Option<&Turn>, group: impl Iterator<Item = Job>) {
    if let Err(e) = begin_immediate(conn, turn) {
        let problem = Problem::unavailable(format!("begin: {e}"), 1);
        for job in group {
            job(Err(problem.clone()))(Ok(()));
        }
        return;
    }
    let waiting: Vec<Deliver> = group.filter_map(|job| run_one(conn, job)).collect();
    let commit = Manager::commit_transaction(conn)
        .map_err(|e| Problem::unavailable(format!("commit: {e}"), 1));
    if commit.is_err() {
        // A commit that failed may leave the transaction open; the next group needs a clean start.
        let _ = Manager::rollback_transaction(conn);
    }
    for deliver in waiting {
        deliver(commit.clone());
    }
}

/// Runs one write in its savepoint. A panic in it is a bug, but the others of the group must not
/// suffer: its savepoints are rolled back, and its caller learns from the closed channel.
fn run_one(conn: &mut Connection, job: Job) -> Option<Deliver> {
    let run = std::panic::AssertUnwindSafe(|| job(Ok(&mut *conn)));
    match std::panic::catch_unwind(run) {
        Ok(deliver) => Some(deliver),
        Err(_) => {
            tracing::error!("a write panicked and was rolled back");
            while depth(conn) > 1 {
                if Manager::rollback_transaction(conn).is_err() {
                    break;
                }
            }
            None
        }
    }
}

fn begin_immediate(conn: &mut Connection, turn: Option<&Turn>) -> diesel::QueryResult<()> {
    match (conn, turn) {
        (Connection::Sqlite(c), Some(turn)) => turn.begin(c),
        (conn, _) => Manager::begin_transaction(conn),
    }
}

fn depth(conn: &mut Connection) -> u32 {
    let status = match conn {
        Connection::Sqlite(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
        Connection::Postgres(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
    };
    status
        .transaction_depth()
        .ok()
        .flatten()
        .map_or(0, u32::from)
}
