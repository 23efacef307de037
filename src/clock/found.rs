//! The clocks of a subject as a decision found them, to be put back when it is undone before anybody was
//! told.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::{
    Connection, Id, UtcTime,
    schema::{clock, clock_suspension},
};

/// A clock as it was found.
#[derive(Debug, Clone, Serialize, Deserialize, Queryable, Selectable)]
#[diesel(table_name = clock)]
pub struct Found {
    id: Id,
    rule: String,
    source: String,
    amount: i32,
    unit: String,
    roll_forward: bool,
    due_on: NaiveDate,
    provisional: bool,
    suspended_on: Option<NaiveDate>,
    met_at: Option<UtcTime>,
    met_by_kind: Option<String>,
    met_by: Option<Id>,
    outcome: Option<String>,
    lapsed_at: Option<UtcTime>,
}

/// A subject's clocks as they are.
///
/// # Errors
/// What the database answers.
pub fn of(
    conn: &mut Connection,
    subject_kind: &'static str,
    subject: Id,
) -> QueryResult<Vec<Found>> {
    clock::table
        .filter(clock::subject_kind.eq(subject_kind))
        .filter(clock::subject_id.eq(subject))
        .order(clock::id.asc())
        .select(Found::as_select())
        .load(conn)
}

/// Puts clocks back as they were found. One that ran and stands still now never stood still.
///
/// # Errors
/// What the database answers.
pub fn put_back(conn: &mut Connection, found: &[Found]) -> QueryResult<()> {
    for row in found {
        if row.suspended_on.is_none() {
            let since = clock_suspension::table
                .filter(clock_suspension::clock_id.eq(row.id))
                .filter(clock_suspension::until_on.is_null());
            diesel::delete(since).execute(conn)?;
        }
        diesel::update(clock::table.find(row.id))
            .set((
                clock::rule.eq(&row.rule),
                clock::source.eq(&row.source),
                clock::amount.eq(row.amount),
                clock::unit.eq(&row.unit),
                clock::roll_forward.eq(row.roll_forward),
                clock::due_on.eq(row.due_on),
                clock::provisional.eq(row.provisional),
                clock::suspended_on.eq(row.suspended_on),
                clock::met_at.eq(row.met_at),
                clock::met_by_kind.eq(&row.met_by_kind),
                clock::met_by.eq(row.met_by),
                clock::outcome.eq(&row.outcome),
                clock::lapsed_at.eq(row.lapsed_at),
            ))
            .execute(conn)?;
    }
    Ok(())
}
