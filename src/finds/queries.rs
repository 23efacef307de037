//! What staff found, in the database.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{dsl::exists, prelude::*};

use crate::complaint::queries::{self as complaints, ComplaintRow, TextRow};
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, complaint_text, find, record, verification_complaint},
    },
    problem::{Code, OnDb, Problem},
};
use crate::privacy::Condition;
use crate::record::{ComplaintEvent, ComplaintState};

/// A find as stored, beside the complaint's row it is kept as.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = find)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct FindRow {
    pub complaint_id: Id,
    pub found_by: Id,
    pub clue_channel: String,
    pub street_code: Option<String>,
    pub seen_at: UtcTime,
    pub device_time: UtcTime,
    pub clock_offset_ms: Option<i64>,
    pub result: Option<String>,
    pub decided_at: Option<UtcTime>,
}

/// A find with its complaint's row and how it came to light.
pub type FoundRow = (FindRow, ComplaintRow, String);

/// A find to be kept.
pub(super) struct NewFind<'a> {
    /// The id its complaint's row will have.
    pub(super) complaint: Id,
    pub(super) found_by: Id,
    pub(super) client_id: &'a str,
    /// Of everything sent.
    pub(super) content: [u8; 32],
    pub(super) clue_channel: &'static str,
    pub(super) street: Option<&'a str>,
    pub(super) seen_at: DateTime<Utc>,
    pub(super) device_time: DateTime<Utc>,
    pub(super) offset: Option<TimeDelta>,
}

/// The find that a person's device sent under this id before.
///
/// # Errors
/// 409 when it said otherwise.
pub(super) fn sent_before(
    conn: &mut Connection,
    found_by: Id,
    client_id: &str,
    content: [u8; 32],
) -> Result<Option<Id>, Problem> {
    let found: Option<(Id, Vec<u8>)> = find::table
        .filter(find::found_by.eq(found_by))
        .filter(find::client_id.eq(client_id))
        .select((find::complaint_id, find::content))
        .first(conn)
        .optional()
        .or_fault("look for a find")?;
    match found {
        Some((_, kept)) if kept != content => Err(Problem::because(
            Code::IdempotencyConflict,
            format!(
                "client_id {client_id} was sent with other content; another find has an id of its own"
            ),
        )),
        found => Ok(found.map(|(id, _)| id)),
    }
}

/// Keeps a find, before its complaint's row is there; answers whether it was not kept before. One sent
/// twice at once waits here for the first.
///
/// # Errors
/// What the database answers.
pub(super) fn keep(conn: &mut Connection, new: &NewFind<'_>) -> QueryResult<bool> {
    let row = (
        find::complaint_id.eq(new.complaint),
        find::found_by.eq(new.found_by),
        find::client_id.eq(new.client_id),
        find::content.eq(new.content.as_slice()),
        find::clue_channel.eq(new.clue_channel),
        find::street_code.eq(new.street),
        find::seen_at.eq(UtcTime(new.seen_at)),
        find::device_time.eq(UtcTime(new.device_time)),
        find::clock_offset_ms.eq(new.offset.map(|offset| offset.num_milliseconds())),
    );
    let kept = on_each!(conn, |c| diesel::insert_into(find::table)
        .values(row)
        .on_conflict((find::found_by, find::client_id))
        .do_nothing()
        .execute(c))?;
    Ok(kept > 0)
}

/// Finds of those there are for the caller, the newest first.
///
/// # Errors
/// What the database answers.
pub(super) fn list(
    conn: &mut Connection,
    theirs: Condition<find::table>,
    state: Option<ComplaintState>,
    after: Option<Id>,
    limit: i64,
) -> QueryResult<Vec<FoundRow>> {
    let mut rows = find::table
        .filter(theirs)
        .order(find::complaint_id.desc())
        .limit(limit)
        .select(FindRow::as_select())
        .into_boxed();
    if let Some(state) = state {
        // Looked up for each row in the list's order: of all complaints many more are in a state.
        let in_state = complaint::table
            .filter(complaint::id.eq(find::complaint_id))
            .filter(complaint::state.eq(state));
        rows = rows.filter(exists(in_state));
    }
    if let Some(id) = after {
        rows = rows.filter(find::complaint_id.lt(id));
    }
    let rows: Vec<FindRow> = rows.load(conn)?;
    with_complaints(conn, rows)
}

fn with_complaints(conn: &mut Connection, finds: Vec<FindRow>) -> QueryResult<Vec<FoundRow>> {
    let ids: Vec<Id> = finds.iter().map(|row| row.complaint_id).collect();
    let rows: Vec<(ComplaintRow, String)> = complaint::table
        .filter(complaint::id.eq_any(ids))
        .select((ComplaintRow::as_select(), complaint::discovery_mode))
        .load(conn)?;
    let mut rows: HashMap<Id, (ComplaintRow, String)> =
        rows.into_iter().map(|row| (row.0.id, row)).collect();
    let found = finds.into_iter().filter_map(|find| {
        let (row, mode) = rows.remove(&find.complaint_id)?;
        Some((find, row, mode))
    });
    Ok(found.collect())
}

/// A find by number, of those there are for the caller.
///
/// # Errors
/// 404 when there is none for them.
pub(super) fn visible(
    conn: &mut Connection,
    theirs: Condition<find::table>,
    number: &str,
) -> Result<FoundRow, Problem> {
    let row = complaints::by_number(conn, number).or_fault("load a complaint")?;
    let id = row.ok_or_else(Problem::not_found)?.id;
    let found = find::table
        .filter(find::complaint_id.eq(id))
        .filter(theirs)
        .select(FindRow::as_select())
        .load(conn)
        .and_then(|rows| with_complaints(conn, rows))
        .or_fault("load a find")?;
    found.into_iter().next().ok_or_else(Problem::not_found)
}

/// A find by the id of its complaint's row.
///
/// # Errors
/// What the database answers.
pub(super) fn by_id(conn: &mut Connection, id: Id) -> QueryResult<FoundRow> {
    let row: FindRow = find::table
        .find(id)
        .select(FindRow::as_select())
        .first(conn)?;
    let found = with_complaints(conn, vec![row])?;
    found.into_iter().next().ok_or(diesel::NotFound)
}

/// The words of each, sealed but for the masked ones.
///
/// # Errors
/// What the database answers.
pub(super) fn texts(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, TextRow>> {
    let rows: Vec<(Id, TextRow)> = complaint_text::table
        .filter(complaint_text::complaint_id.eq_any(ids))
        .select((complaint_text::complaint_id, TextRow::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Notes what was found out.
///
/// # Errors
/// What the database answers.
pub(super) fn note(
    conn: &mut Connection,
    id: Id,
    result: Option<&str>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(find::table.find(id))
        .set((
            find::result.eq(result),
            find::decided_at.eq(Some(UtcTime(now))),
        ))
        .execute(conn)
}

/// Whether anybody has done anything with a find but file it: its history tells of another member of staff
/// who acted, or somebody was sent there.
///
/// # Errors
/// What the database answers.
pub(super) fn is_touched(conn: &mut Connection, id: Id, found_by: Id) -> QueryResult<bool> {
    let looks = [ComplaintEvent::UnmaskReporter, ComplaintEvent::ReadOriginal].map(|e| e.as_str());
    let acted: Option<Id> = record::table
        .filter(record::subject_id.eq(id))
        .filter(record::actor_id.is_not_null())
        .filter(record::actor_id.ne(found_by))
        .filter(record::event.ne_all(looks))
        .select(record::id)
        .first(conn)
        .optional()?;
    let sent: Option<Id> = verification_complaint::table
        .filter(verification_complaint::complaint_id.eq(id))
        .select(verification_complaint::verification_id)
        .first(conn)
        .optional()?;
    Ok(acted.is_some() || sent.is_some())
}
