//! Entries taken for changing.

use diesel::prelude::*;

use crate::platform::db::{Connection, Id, schema::ledger_entry};

/// Takes entries for changing, in the order of their ids and before any of their complaints, so that
/// no two writers wait for each other. On SQLite there is one writer anyway.
///
/// # Errors
/// What the database answers.
pub fn take(conn: &mut Connection, ids: &[Id]) -> QueryResult<()> {
    if let Connection::Postgres(c) = conn {
        let _: Vec<Id> = ledger_entry::table
            .filter(ledger_entry::id.eq_any(ids))
            .order(ledger_entry::id.asc())
            .select(ledger_entry::id)
            .for_no_key_update()
            .load(c)?;
    }
    Ok(())
}
