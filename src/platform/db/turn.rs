//! Whose turn it is to write to an SQLite file that several processes share.
//!
//! SQLite lets whoever asks first after a commit write next. A server under load asks at once, and
//! a command, which asks again after ever longer pauses, starves ("database is locked"). So a file
//! lies beside the database: whoever finds the database taken holds a lock on it while waiting, and
//! whoever sees it locked lets the other go first. The lock ends with its process.

use std::{
    fs::{File, TryLockError},
    time::{Duration, Instant},
};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection as _},
    result::Error,
    sql_query,
    sql_types::Text,
};

use super::connect::SQLITE_BUSY_MS;

/// What is put to the database's name to make the file's.
const SUFFIX: &str = "-turn";

/// How long one try waits for the database, so that many fit into a gap between two commits.
const TRY_MS: u32 = 20;

/// How long others are let go first before a write. Longer than a try, and short enough that a
/// process stopped while it waits slows the others and does not stop them.
const LET_GO: Duration = Duration::from_millis(250);

/// How often it is looked whether others still wait.
const LOOK: Duration = Duration::from_millis(2);

/// How long a write waits for its turn in all.
const WAIT: Duration = Duration::from_secs(30);

/// The file beside a database. Without one (in memory, on a read-only disk) writes go without turns.
pub(super) struct Turn(Option<File>);

impl Turn {
    /// The turns of the database a connection has open.
    ///
    /// # Errors
    /// What the database answers.
    pub(super) fn of(conn: &mut SqliteConnection) -> QueryResult<Self> {
        #[derive(QueryableByName)]
        struct Opened {
            #[diesel(sql_type = Text)]
            file: String,
        }
        let opened: Opened = sql_query("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .get_result(conn)?;
        if opened.file.is_empty() {
            return Ok(Self(None));
        }
        let path = format!("{}{SUFFIX}", opened.file);
        let file = open(&path).inspect_err(|e| tracing::warn!("no turns, {path}: {e}"));
        Ok(Self(file.ok()))
    }

    /// Begins a transaction that writes, in turn with other processes.
    ///
    /// # Errors
    /// "database is locked" when the turn did not come in time; what the database answers.
    pub(super) fn begin(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        self.let_others_go_first();
        conn.batch_execute(&format!("PRAGMA busy_timeout = {TRY_MS}"))?;
        let begun = self.try_until(conn, Instant::now() + WAIT);
        conn.batch_execute(&format!("PRAGMA busy_timeout = {SQLITE_BUSY_MS}"))?;
        begun
    }

    fn try_until(&self, conn: &mut SqliteConnection, end: Instant) -> QueryResult<()> {
        let mut claim = None;
        loop {
            match AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE") {
                Err(e) if is_busy(&e) && Instant::now() < end => {}
                done => return done,
            }
            if claim.is_none() {
                claim = self.claim();
            }
        }
    }

    /// Says to the others that somebody waits, until what is answered is dropped.
    fn claim(&self) -> Option<Claim<'_>> {
        let file = self.0.as_ref()?;
        file.try_lock().ok().map(|()| Claim(file))
    }

    fn let_others_go_first(&self) {
        let end = Instant::now() + LET_GO;
        while self.somebody_waits() && Instant::now() < end {
            std::thread::sleep(LOOK);
        }
    }

    fn somebody_waits(&self) -> bool {
        let Some(file) = &self.0 else { return false };
        match file.try_lock_shared() {
            Ok(()) => {
                let _ = file.unlock();
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }
}

struct Claim<'a>(&'a File);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn open(path: &str) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// SQLite's words for `SQLITE_BUSY`; its error codes do not reach us.
fn is_busy(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, info) if info.message().contains("locked"))
}

#[cfg(test)]
mod tests {
    use diesel::{Connection as _, connection::TransactionManager as _};

    use super::*;

    fn opened(folder: &tempfile::TempDir) -> (SqliteConnection, Turn) {
        let path = folder.path().join("test.db");
        let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        conn.batch_execute("PRAGMA journal_mode = WAL").unwrap();
        let turn = Turn::of(&mut conn).unwrap();
        (conn, turn)
    }

    #[test]
    fn who_waits_is_let_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let (mut busy, busy_turn) = opened(&folder);
        let (mut waiting, waiting_turn) = opened(&folder);
        assert!(!busy_turn.somebody_waits());
        busy_turn.begin(&mut busy).unwrap();
        std::thread::scope(|scope| {
            let begun = scope.spawn(|| waiting_turn.begin(&mut waiting));
            while !busy_turn.somebody_waits() {
                std::thread::yield_now();
            }
            AnsiTransactionManager::commit_transaction(&mut busy).unwrap();
            begun.join().unwrap().unwrap();
        });
        assert!(!busy_turn.somebody_waits());
        // The other has it now: a try ends soon, and says why.
        let end = Instant::now();
        let error = busy_turn.try_until(&mut busy, end).unwrap_err();
        assert!(is_busy(&error), "{error}");
        AnsiTransactionManager::commit_transaction(&mut waiting).unwrap();
        busy_turn.begin(&mut busy).unwrap();
    }

    #[test]
    fn a_database_in_memory_needs_no_turns() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        let turn = Turn::of(&mut conn).unwrap();
        assert!(turn.0.is_none());
        turn.begin(&mut conn).unwrap();
    }
}
