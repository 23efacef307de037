//! R8, 一信多诉: one letter about several matters. The letter keeps its first matter, its number and
//! its words; each further matter becomes a complaint of its own that names the letter.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::queries::ComplaintRow;
use crate::platform::db::{
    Connection, Id, UtcTime,
    schema::{complaint, complaint_part},
};

/// Files a complaint as a part of a letter.
///
/// # Errors
/// What the database answers.
pub fn insert(
    conn: &mut Connection,
    part: Id,
    letter: Id,
    split_by: Id,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(complaint_part::table)
        .values((
            complaint_part::complaint_id.eq(part),
            complaint_part::letter_id.eq(letter),
            complaint_part::split_by.eq(split_by),
            complaint_part::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// The parts of a letter, in the order they were made.
///
/// # Errors
/// What the database answers.
pub fn of_letter(conn: &mut Connection, letter: Id) -> QueryResult<Vec<ComplaintRow>> {
    complaint::table
        .inner_join(complaint_part::table)
        .filter(complaint_part::letter_id.eq(letter))
        .order(complaint::id.asc())
        .select(ComplaintRow::as_select())
        .load(conn)
}

/// The number of the letter a complaint is a part of.
///
/// # Errors
/// What the database answers.
pub fn letter_of(conn: &mut Connection, part: Id) -> QueryResult<Option<String>> {
    let letter: Option<Id> = complaint_part::table
        .find(part)
        .select(complaint_part::letter_id)
        .first(conn)
        .optional()?;
    letter
        .map(|id| {
            complaint::table
                .find(id)
                .select(complaint::number)
                .first(conn)
        })
        .transpose()
}
