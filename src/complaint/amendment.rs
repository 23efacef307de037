//! What is changed of a filed complaint, column by column, for the rooms that may.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    queries::ComplaintRow,
    terms::{self, Mark},
};
use crate::district::Category;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, complaint_text},
    },
    problem::{OnDb, Problem},
    sealed::{self, SealedColumn},
};

/// Words of a complaint that are written anew; what is `None` stays, and `Some(None)` is emptied.
#[derive(Debug, Default)]
pub struct Words<'a> {
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
    terms::file(conn, keys, id, None)
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

/// Moves a complaint into a category, with the risk and the place in the queue that follow.
///
/// # Errors
/// What the database answers.
pub fn set_category(
    conn: &mut Connection,
    row: &ComplaintRow,
    category: &Category,
    risk: i32,
    queue_rank: i32,
) -> QueryResult<()> {
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::category.eq(&category.code),
            complaint::coarse.eq(&category.coarse),
            complaint::risk.eq(risk),
            complaint::queue_rank.eq(queue_rank),
        ))
        .execute(conn)?;
    let levels = [&category.code, &category.coarse].map(|code| Mark::Category(code).term());
    terms::add(conn, row.id, levels)
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
