//! Migrations: one list of names, one folder per database, run at every start.

use diesel::{
    Connection as _, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, turn::Turn};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Key of the advisory lock that lets one of several starting processes migrate.
const MIGRATION_LOCK: i64 = 0x6465_6e67_7765_6e01;

/// A migration that failed; the database stands at the one before it.
#[derive(Debug, thiserror::Error)]
#[error("migration failed: {0}")]
pub struct MigrationError(String);

/// Brings the database up to date. Several processes may start at once on PostgreSQL: an
/// advisory lock lets one of them work while the others wait, and all is done or nothing.
///
/// # Errors
/// When a migration fails.
pub fn migrate(conn: &mut Connection) -> Result<usize, MigrationError> {
    locked(conn, |conn| match conn {
        Connection::Sqlite(c) => migrate_sqlite(c),
        Connection::Postgres(c) => c.run_pending_migrations(POSTGRES).map(|done| done.len()),
    })
}

/// One write of the file, in turn with those of other processes: all pending migrations or none.
/// Where nothing is pending nothing waits.
fn migrate_sqlite(conn: &mut SqliteConnection) -> MigrationResult {
    if !conn.has_pending_migration(SQLITE)? {
        return Ok(0);
    }
    Turn::of(conn)?.begin(conn)?;
    let done = conn.run_pending_migrations(SQLITE).map(|done| done.len());
    if done.is_ok() {
        AnsiTransactionManager::commit_transaction(conn)?;
    } else {
        AnsiTransactionManager::rollback_transaction(conn)?;
    }
    done
}

/// Takes every migration back, newest first. For tests and for development databases.
///
/// # Errors
/// When a migration cannot be taken back.
pub fn revert_all(conn: &mut Connection) -> Result<usize, MigrationError> {
    locked(conn, |conn| match conn {
        Connection::Sqlite(c) => c.revert_all_migrations(SQLITE).map(|done| done.len()),
        Connection::Postgres(c) => c.revert_all_migrations(POSTGRES).map(|done| done.len()),
    })
}

type MigrationResult = Result<usize, Box<dyn std::error::Error + Send + Sync>>;

/// On PostgreSQL one transaction for all of it, whose advisory lock others wait for as long as it
/// takes: a lock of the session would be lost behind a pooler that hands out transactions.
fn locked(
    conn: &mut Connection,
    work: impl FnOnce(&mut Connection) -> MigrationResult,
) -> Result<usize, MigrationError> {
    let alone = format!(
        "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
    );
    let done = match conn {
        Connection::Sqlite(_) => work(conn),
        Connection::Postgres(_) => conn.transaction(|conn| {
            conn.batch_execute(&alone)?;
            work(conn)
        }),
    };
    done.map_err(|e| MigrationError(e.to_string()))
}
