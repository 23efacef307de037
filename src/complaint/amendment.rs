//! What is changed of a filed complaint, column by column, for the rooms that may.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{discovery::Discovery, person::Question, queries::ComplaintRow, upstream::Upstream};
use crate::district::Category;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, complaint_text},
    },
    problem::{OnDb, Problem},
    sealed::{self, SealedColumn},
};

/// Words of a complaint that are written anew; what is `None` stays, and `Some(None)` is emptied.
#[derive(Debug, Default)]
pub struct Words<'a> {
    /// The complaint in its own words, and their masked copy.
    pub description: Option<(&'a str, String)>,
    /// The premises.
    pub premises: Option<&'a Option<String>>,
    /// The address and its masked copy.
    pub address: Option<(&'a Option<String>, Option<String>)>,
    /// The number the object is known by.
    pub object_id: Option<&'a Option<String>>,
}

/// Writes words anew, sealed.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn set_words(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    words: Words<'_>,
) -> Result<(), Problem> {
    let text = complaint_text::table.find(id);
    let seal = |column: SealedColumn, words: &Option<String>| {
        column.seal_maybe(keys, id.0.as_bytes(), words.as_deref())
    };
    if let Some((description, masked)) = words.description {
        let sealed = sealed::DESCRIPTION.seal_text(keys, id.0.as_bytes(), description)?;
        diesel::update(text)
            .set((
                complaint_text::description.eq(sealed),
                complaint_text::description_masked.eq(masked),
            ))
            .execute(conn)
            .or_fault("correct the description")?;
    }
    if let Some(premises) = words.premises {
        diesel::update(text)
            .set(complaint_text::premises.eq(seal(sealed::PREMISES, premises)?))
            .execute(conn)
            .or_fault("correct the premises")?;
    }
    if let Some((address, masked)) = words.address {
        diesel::update(text)
            .set((
                complaint_text::address.eq(seal(sealed::ADDRESS, address)?),
                complaint_text::address_masked.eq(masked),
            ))
            .execute(conn)
            .or_fault("correct the address")?;
    }
    if let Some(object_id) = words.object_id {
        diesel::update(text)
            .set(complaint_text::object_id.eq(seal(sealed::OBJECT_ID, object_id)?))
            .execute(conn)
            .or_fault("correct the object")?;
    }
    Ok(())
}

/// Says what the reporter asks for.
///
/// # Errors
/// What the database answers.
pub fn set_demand(conn: &mut Connection, id: Id, demand: Option<&str>) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set(complaint::demand.eq(demand))
        .execute(conn)
}

/// Moves a complaint into a category.
///
/// # Errors
/// What the database answers.
pub fn set_category(conn: &mut Connection, id: Id, category: &Category) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set((
            complaint::category.eq(&category.code),
            complaint::coarse.eq(&category.coarse),
        ))
        .execute(conn)
}

/// Writes the risk of a complaint and its place in the queue.
///
/// # Errors
/// What the database answers.
pub fn set_rank(conn: &mut Connection, id: Id, risk: i32, queue_rank: i32) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set((
            complaint::risk.eq(risk),
            complaint::queue_rank.eq(queue_rank),
        ))
        .execute(conn)
}

/// Says by which channel a complaint came, and how its matter came to light with that.
///
/// # Errors
/// What the database answers.
pub fn set_channel(
    conn: &mut Connection,
    id: Id,
    channel: &str,
    discovery: Discovery,
) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set((
            complaint::channel.eq(channel),
            complaint::discovery_mode.eq(discovery.as_str()),
        ))
        .execute(conn)
}

/// Says under which number a complaint stands upstream, or that it has none.
///
/// # Errors
/// What the database answers.
pub fn set_number(conn: &mut Connection, id: Id, number: Option<&Upstream>) -> QueryResult<usize> {
    diesel::update(complaint_text::table.find(id))
        .set(complaint_text::external_no.eq(number.and_then(|no| no.sealed.as_ref())))
        .execute(conn)?;
    diesel::update(complaint::table.find(id))
        .set(complaint::external_no.eq(number.map(|no| &no.stands)))
        .execute(conn)
}

/// Says when what is complained of happened.
///
/// # Errors
/// What the database answers.
pub fn set_times(
    conn: &mut Connection,
    id: Id,
    (from, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set((
            complaint::occurred_at.eq(from.map(UtcTime)),
            complaint::occurred_until.eq(until.map(UtcTime)),
        ))
        .execute(conn)
}

/// Says how many persons petition, each counted once, and what is still asked of them. Nobody is an
/// anonymous complaint.
///
/// # Errors
/// What the database answers.
pub fn set_persons(
    conn: &mut Connection,
    row: &ComplaintRow,
    persons: usize,
    asked: Vec<Question>,
) -> QueryResult<usize> {
    let mut flags = row.flags.0.clone();
    if let Some(flags) = flags.as_object_mut() {
        flags.insert("questions".to_owned(), serde_json::json!(asked));
    }
    let count = i32::try_from(persons.max(1)).unwrap_or(i32::MAX);
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::anonymous.eq(persons == 0),
            complaint::person_count.eq(count),
            complaint::flags.eq(JsonValue(flags)),
        ))
        .execute(conn)
}

/// Counts a version more.
///
/// # Errors
/// What the database answers.
pub fn count_version(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set((
            complaint::version.eq(complaint::version + 1),
            complaint::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}
