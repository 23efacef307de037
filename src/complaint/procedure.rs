//! The procedure a complaint is handled by (办理程序).

use diesel::prelude::*;

use super::{
    clocks,
    queries::ComplaintRow,
    terms::{self, Mark},
};
use crate::district::Profile;
use crate::platform::db::{Connection, Id, schema::complaint};

/// Begins a procedure, or another in its place; it brings its own reply clock.
///
/// # Errors
/// What the database answers.
pub fn start(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    code: &str,
) -> QueryResult<()> {
    diesel::update(complaint::table.find(row.id))
        .set(complaint::procedure.eq(code))
        .execute(conn)?;
    terms::add(conn, row.id, [Mark::Procedure(code).term()])?;
    clocks::follow_procedure(conn, profile, row.id, (&row.channel, code))
}

/// Has a complaint be handled by the procedure it had before, or by none yet. Its clocks are the caller's to
/// put back.
///
/// # Errors
/// What the database answers.
pub fn put_back(conn: &mut Connection, id: Id, code: Option<&str>) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set(complaint::procedure.eq(code))
        .execute(conn)
}
