//! Whether the database below is whole: asked briefly at start, thoroughly every night, and heard
//! of whenever a query meets damage.

use std::path::Path;

use diesel::{QueryResult, QueryableByName, RunQueryDsl as _, sql_types::Text};

use super::Connection;

/// A file up to this size is checked whole at start, which takes a second or two; of a larger one
/// the tables nothing works without are.
const WHOLE_MAX_BYTES: u64 = 1 << 30;

/// Tables without which nothing works.
const CORE: [&str; 5] = ["installation", "secret_key", "staff", "sequence", "job"];

/// Findings told at most.
const TOLD: usize = 5;

/// Words of SQLite and PostgreSQL that mean damage and not haste: a page, an index or the disk
/// below. To try again helps nobody.
const DAMAGE: [&str; 13] = [
    "database disk image is malformed",
    "file is not a database",
    "malformed database schema",
    "disk I/O error",
    "could not read block",
    "could not read blocks",
    "invalid page in block",
    "unexpected zero page",
    "missing chunk number",
    "contains corrupted page",
    "contains unexpected zero page",
    "compressed data is corrupt",
    "invalid memory alloc request size",
];

/// Whether a database's words tell of damage.
#[must_use]
pub fn tells_of_damage(words: &str) -> bool {
    DAMAGE.iter().any(|damage| words.contains(damage))
}

#[derive(QueryableByName)]
struct Quick {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

#[derive(QueryableByName)]
struct Thorough {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// What is wrong with an SQLite file, as far as a start may wait for it; empty when nothing is, and
/// on PostgreSQL, which looks itself.
///
/// # Errors
/// What the database answers, which may itself tell of damage.
pub fn at_start(conn: &mut Connection, file: Option<&Path>) -> QueryResult<Vec<String>> {
    let Connection::Sqlite(c) = conn else {
        return Ok(Vec::new());
    };
    let bytes = file.and_then(|file| std::fs::metadata(file).ok());
    let whole = bytes.is_none_or(|is| is.len() <= WHOLE_MAX_BYTES);
    let statements: Vec<String> = if whole {
        vec![format!("PRAGMA quick_check({TOLD})")]
    } else {
        let of = |table: &&str| format!("PRAGMA quick_check({table})");
        CORE.iter().map(of).collect()
    };
    let mut found = Vec::new();
    for statement in statements {
        let rows: Vec<Quick> = diesel::sql_query(statement).load(c)?;
        found.extend(rows.into_iter().map(|row| row.quick_check));
    }
    Ok(faults(found))
}

/// What a whole SQLite file says against itself.
///
/// # Errors
/// What the database answers.
pub fn of_sqlite(c: &mut diesel::SqliteConnection) -> QueryResult<Vec<String>> {
    let rows: Vec<Quick> = diesel::sql_query(format!("PRAGMA quick_check({TOLD})")).load(c)?;
    Ok(faults(
        rows.into_iter().map(|row| row.quick_check).collect(),
    ))
}

/// The same, thoroughly: every page, and every index held against its table.
///
/// # Errors
/// What the database answers, which may itself tell of damage.
pub fn thorough(conn: &mut Connection) -> QueryResult<Vec<String>> {
    match conn {
        Connection::Sqlite(c) => {
            let rows: Vec<Thorough> =
                diesel::sql_query(format!("PRAGMA integrity_check({TOLD})")).load(c)?;
            Ok(faults(
                rows.into_iter().map(|row| row.integrity_check).collect(),
            ))
        }
        Connection::Postgres(c) => {
            #[derive(QueryableByName)]
            struct Sums {
                #[diesel(sql_type = diesel::sql_types::BigInt)]
                failures: i64,
            }
            let sums: Sums = diesel::sql_query(
                "SELECT coalesce(sum(checksum_failures), 0)::bigint AS failures \
                 FROM pg_stat_database WHERE datname = current_database()",
            )
            .get_result(c)?;
            Ok((sums.failures > 0)
                .then(|| format!("{} pages failed their checksum", sums.failures))
                .into_iter()
                .collect())
        }
    }
}

fn faults(found: Vec<String>) -> Vec<String> {
    let mut found: Vec<String> = found.into_iter().filter(|line| line != "ok").collect();
    found.truncate(TOLD);
    found
}
