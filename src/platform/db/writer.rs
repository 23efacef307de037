//! The one SQLite writer: takes writes in order and commits groups of them.
//!
//! SQLite has one writer at a time and a commit costs a sync to disk. So writes queue here; the
//! thread opens one immediate transaction, runs each waiting write in a savepoint of its own (a
//! refused one rolls back alone), commits once, and only then answers them all.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use diesel::SqliteConnection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use tokio::{sync::oneshot, time::timeout};

use super::connect::{SQLITE_BUSY_MS, beside, empty_log};
use super::{Connection, Manager, transaction, turn::Turn};
use crate::platform::outage::Outage;
use crate::platform::problem::Problem;

type Transactions = <Connection as diesel::Connection>::TransactionManager;

/// Writes committed together at most; bounds how long the first of a group waits.
const GROUP_MAX: usize = 64;

/// Writes that may wait; beyond it the client is told to come back.
const QUEUE_MAX: usize = 4096;

/// Bytes of the write-ahead log above which the writer empties it.
const LOG_MAX_BYTES: u64 = 64 << 20;

/// Groups between two looks at the log's length.
const LOG_LOOKED_AT_EVERY: u32 = 64;

/// Milliseconds emptying the log may wait for readers.
const LOG_PATIENCE_MS: u32 = 200;

/// Runs in the group's transaction (or learns why there is none); the returned closure answers
/// the caller after the commit.
type Job = Box<dyn FnOnce(Result<&mut Connection, Problem>) -> Ran + Send>;
type Deliver = Box<dyn FnOnce(Result<(), Problem>) + Send>;

/// A write that ran and waits for the commit.
struct Ran {
    deliver: Deliver,
    /// What the database met while it ran: SQLite may have rolled the whole group back by itself.
    outage: Option<Outage>,
}

pub(super) struct Writer {
    queue: SyncSender<Job>,
}

impl Writer {
    pub(super) fn start(manager: Manager, file: Option<PathBuf>) -> Result<Self, super::OpenError> {
        let desk = Desk::open(&manager)?;
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let ground = file.map(Ground::of).transpose()?;
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(&manager, desk, &jobs, ground.as_ref()))?;
        Ok(Self { queue })
    }

    /// Queues a write and waits for its commit; a write whose caller was answered before its turn
    /// came is left out.
    pub(super) async fn run<T, F>(&self, limit: Duration, f: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
    {
        let (answer, waiting) = oneshot::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let unwanted = given_up.clone();
        let job: Job = Box::new(move |conn| {
            let result = conn.and_then(|conn| {
                if unwanted.load(Ordering::Relaxed) {
                    return Err(too_late());
                }
                transaction(conn, f)
            });
            let outage = result.as_ref().err().and_then(Problem::outage_met);
            let deliver = Box::new(move |commit: Result<(), Problem>| {
                // A caller that hung up needs no answer; its write stands.
                let _ = answer.send(commit.and(result));
            });
            Ran { deliver, outage }
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
        match timeout(limit, waiting).await {
            Ok(answered) => {
                answered.unwrap_or_else(|_| Err(Problem::fault("a write was dropped unanswered")))
            }
            Err(_) => {
                given_up.store(true, Ordering::Relaxed);
                Err(too_late())
            }
        }
    }
}

fn too_late() -> Problem {
    Problem::outage(Outage::Busy, "the write did not get its turn in time")
}

/// The connection that writes, and its turns among other processes.
struct Desk {
    conn: Connection,
    turn: Option<Turn>,
}

impl Desk {
    fn open(manager: &Manager) -> Result<Self, diesel::ConnectionError> {
        let mut conn = manager.establish()?;
        let turn = match &mut conn {
            Connection::Sqlite(c) => {
                Some(Turn::of(c).map_err(diesel::ConnectionError::CouldntSetupConfiguration)?)
            }
            Connection::Postgres(_) => None,
        };
        Ok(Self { conn, turn })
    }

    fn begin(&mut self) -> diesel::QueryResult<()> {
        match (&mut self.conn, &self.turn) {
            (Connection::Sqlite(c), Some(turn)) => turn.begin(c),
            (conn, _) => Transactions::begin_transaction(conn),
        }
    }
}

/// The file that is written to, known again: SQLite goes on writing into a file that was removed, or
/// whose volume was taken away, and what it acknowledges is lost with the process.
struct Ground {
    file: PathBuf,
    log: PathBuf,
    is: (u64, u64),
}

impl Ground {
    fn of(file: PathBuf) -> std::io::Result<Self> {
        Ok(Self {
            is: identity(&file)?,
            log: beside(&file, "-wal"),
            file,
        })
    }

    /// Refuses while another file, or none, stands in its place.
    fn is_there(&self) -> Result<(), Problem> {
        let gone = |why: &str| {
            let words = format!("the database file {} {why}", self.file.display());
            Problem::outage(Outage::Storage, words)
        };
        match identity(&self.file) {
            Ok(is) if is == self.is => Ok(()),
            Ok(_) => Err(gone("was replaced by another")),
            Err(e) => Err(gone(&format!("is gone: {e}"))),
        }
    }
}

/// What tells a file from another of its name.
#[cfg(unix)]
fn identity(file: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(file).map(|is| (is.dev(), is.ino()))
}

/// Elsewhere it is enough that there is one.
#[cfg(not(unix))]
fn identity(file: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(file).map(|_| (0, 0))
}

fn serve(manager: &Manager, desk: Desk, jobs: &Receiver<Job>, ground: Option<&Ground>) {
    let mut desk = Some(desk);
    let mut groups: u32 = 0;
    while let Ok(first) = jobs.recv() {
        let mut group = std::iter::once(first).chain(jobs.try_iter().take(GROUP_MAX - 1));
        while let Some(next) = group.next() {
            let group = std::iter::once(next).chain(&mut group);
            desk = commit_group(manager, ground, desk.take(), group);
        }
        groups = groups.wrapping_add(1);
        if let Some(desk) = desk
            .as_mut()
            .filter(|_| groups.is_multiple_of(LOG_LOOKED_AT_EVERY))
        {
            bound_log(&mut desk.conn, ground.map(|ground| ground.log.as_path()));
        }
    }
}

/// SQLite moves its write-ahead log into the file by itself, but can only begin it anew in a moment
/// without readers. Under steady load there is none; then the writer waits for one, briefly.
fn bound_log(conn: &mut Connection, log: Option<&Path>) {
    let bytes = log.and_then(|log| std::fs::metadata(log).ok());
    let Connection::Sqlite(c) = conn else { return };
    if bytes.is_none_or(|is| is.len() < LOG_MAX_BYTES) {
        return;
    }
    let patience =
        |c: &mut SqliteConnection, ms: u32| c.batch_execute(&format!("PRAGMA busy_timeout = {ms}"));
    let emptied = patience(c, LOG_PATIENCE_MS)
        .and_then(|()| empty_log(c))
        .and_then(|emptied| patience(c, SQLITE_BUSY_MS).map(|()| emptied));
    match emptied {
        Ok(true) => {}
        Ok(false) => tracing::debug!("the write-ahead log is still read; trying again later"),
        Err(e) => tracing::warn!("cannot empty the write-ahead log: {e}"),
    }
}

/// One transaction for the group; each write is answered with the commit's own result. What the
/// database refused ends the group early, because nobody can tell whether the writes before it
/// still stand in the transaction: the commit says so. Answers the desk when it is sound.
fn commit_group(
    manager: &Manager,
    ground: Option<&Ground>,
    desk: Option<Desk>,
    mut group: impl Iterator<Item = Job>,
) -> Option<Desk> {
    let there = ground.map_or(Ok(()), Ground::is_there);
    let opened = there.and_then(|()| match desk {
        Some(desk) => Ok(desk),
        None => Desk::open(manager)
            .map_err(|e| Problem::outage(Outage::of_connection(&e), format!("open anew: {e}"))),
    });
    let begun = opened.and_then(|mut desk| match desk.begin() {
        Ok(()) => Ok(desk),
        Err(e) => Err(no_commit("begin", &e)),
    });
    let mut desk = match begun {
        Ok(desk) => desk,
        Err(problem) => {
            for job in group {
                (job(Err(problem.clone())).deliver)(Ok(()));
            }
            return None;
        }
    };
    let conn = &mut desk.conn;
    let mut waiting: Vec<Deliver> = Vec::new();
    let mut sound = true;
    while sound && let Some(job) = group.next() {
        if let Some(ran) = run_one(conn, job) {
            sound = ran.outage.is_none_or(|outage| outage == Outage::Busy);
            waiting.push(ran.deliver);
        }
    }
    let commit = Transactions::commit_transaction(conn).map_err(|e| no_commit("commit", &e));
    sound &= commit.is_ok();
    for deliver in waiting {
        deliver(commit.clone());
    }
    // A commit that failed may leave anything behind; the next group starts on a new connection.
    sound.then_some(desk)
}

/// Never the request's fault, whatever the words.
fn no_commit(what: &str, error: &diesel::result::Error) -> Problem {
    let outage = Outage::of(error).unwrap_or(Outage::Busy);
    Problem::outage(outage, format!("{what}: {error}"))
}

/// Runs one write in its savepoint. A panic in it is a bug, but the others of the group must not
/// suffer: its savepoints are rolled back, and its caller learns from the closed channel.
fn run_one(conn: &mut Connection, job: Job) -> Option<Ran> {
    let run = std::panic::AssertUnwindSafe(|| job(Ok(&mut *conn)));
    match std::panic::catch_unwind(run) {
        Ok(ran) => Some(ran),
        Err(_) => {
            tracing::error!("a write panicked and was rolled back");
            while depth(conn) > 1 {
                if Transactions::rollback_transaction(conn).is_err() {
                    break;
                }
            }
            None
        }
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
