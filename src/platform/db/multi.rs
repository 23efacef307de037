//! The connection that is one of two. Alone in its file: the derive brings names of its own.

#![allow(missing_docs, reason = "the derive's own items carry none")]

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
