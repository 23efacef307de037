//! Entries merged into others (并单), by hand or because they lost their last complaint, and their way
//! back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    machine::{Facts, MACHINE},
    queries::{self, Entry, EntryRow},
};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, ledger_entry, ledger_merge},
    },
    problem::{Code, OnDb, Problem},
    sealed,
};
use crate::record::{self, Actor, EntryEvent, EntryState, Step};

/// A merge as stored.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = ledger_merge)]
#[expect(
    missing_docs,
    reason = "columns; docs/data-model.md says what is in them"
)]
pub struct MergeRow {
    pub source_entry_id: Id,
    pub target_entry_id: Id,
    pub before: JsonValue,
    pub undone_at: Option<UtcTime>,
}

/// A merge by id.
///
/// # Errors
/// 404 when there is none; a fault when the database fails.
pub fn by_id(conn: &mut Connection, id: Id) -> Result<MergeRow, Problem> {
    ledger_merge::table
        .find(id)
        .select(MergeRow::as_select())
        .first(conn)
        .optional()
        .or_fault("load a merge")?
        .ok_or_else(Problem::not_found)
}

/// Who merges or takes a merge back, and why.
#[derive(Debug, Clone, Copy)]
pub struct Because<'a> {
    /// The keys the reason is sealed with.
    pub keys: &'a Keys,
    /// The account.
    pub by: Id,
    /// The reason.
    pub reason: &'a str,
}

/// Keeps a merge, with what it changed of complaints and of both entries.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn insert(
    conn: &mut Connection,
    source: Id,
    target: Id,
    before: JsonValue,
    because: Because<'_>,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let id = Id::new();
    let Because { keys, by, reason } = because;
    let reason = sealed::MERGE_REASON.seal_text(keys, id.0.as_bytes(), reason)?;
    diesel::insert_into(ledger_merge::table)
        .values((
            ledger_merge::id.eq(id),
            ledger_merge::source_entry_id.eq(source),
            ledger_merge::target_entry_id.eq(target),
            ledger_merge::before.eq(before),
            ledger_merge::reason.eq(reason),
            ledger_merge::merged_by.eq(by),
            ledger_merge::merged_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("insert a merge")?;
    Ok(id)
}

/// Marks a merge as taken back.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn mark_undone(
    conn: &mut Connection,
    id: Id,
    because: Because<'_>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Because { keys, by, reason } = because;
    let reason = sealed::UNDO_REASON.seal_text(keys, id.0.as_bytes(), reason)?;
    diesel::update(ledger_merge::table.find(id))
        .set((
            ledger_merge::undone_at.eq(UtcTime(now)),
            ledger_merge::undone_by.eq(by),
            ledger_merge::undo_reason.eq(reason),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("mark the merge")
}

/// Closes an entry that lost its last complaint, whatever took it: it is merged away, with a pointer
/// to where its matter went. Answers the state it was in. One that was admitted or refused
/// admission cannot vanish like that.
///
/// # Errors
/// `refused` when such an entry would be left empty; a fault when the database fails.
pub fn leave_if_empty(
    conn: &mut Connection,
    id: Id,
    into: Id,
    refused: Code,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Option<EntryState>, Problem> {
    let one_left: Option<Id> = complaint::table
        .filter(complaint::entry_id.eq(id))
        .select(complaint::id)
        .first(conn)
        .optional()
        .or_fault("look for complaints left")?;
    if one_left.is_some() {
        return Ok(None);
    }
    let entry = queries::by_id(conn, id).or_fault("load the entry")?;
    if !MACHINE.leads(entry.state, EntryEvent::Merge) {
        let label = entry.state.label();
        let why = format!(
            "entry {} is {label} and would be left without a complaint",
            entry.number
        );
        return Err(Problem::because(refused, why));
    }
    let target = queries::by_id(conn, into).or_fault("load the target")?;
    let emptied = Facts {
        emptied: true,
        ..Facts::default()
    };
    let step = entry
        .step(EntryEvent::Merge, actor)
        .given(emptied)
        .with(json!({ "into": target.number, "emptied": true }));
    merge_away(conn, &entry, into, &step, now)?;
    Ok(Some(entry.state))
}

/// Where a complaint that once opened an entry comes back to: that entry, also when it was closed
/// because it was empty, or the one that took it by hand.
///
/// # Errors
/// What the database answers.
pub fn home(conn: &mut Connection, mut entry: Id) -> QueryResult<Id> {
    while let Some(taker) = queries::by_id(conn, entry)?.merged_into {
        if !was_merged_by_hand(conn, entry)? {
            break;
        }
        entry = taker;
    }
    Ok(entry)
}

/// Whether an entry is merged by somebody's hand, which only undoing that merge takes back.
fn was_merged_by_hand(conn: &mut Connection, entry: Id) -> QueryResult<bool> {
    let standing = ledger_merge::table
        .filter(ledger_merge::source_entry_id.eq(entry))
        .filter(ledger_merge::undone_at.is_null());
    diesel::select(diesel::dsl::exists(standing)).get_result(conn)
}

/// Opens an entry again that was closed because it was empty: a complaint comes back to it. Any
/// other entry stays as it is.
///
/// # Errors
/// A fault when the database fails.
pub fn reopen_emptied(
    conn: &mut Connection,
    id: Id,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let entry = queries::by_id(conn, id).or_fault("load the entry")?;
    if entry.merged_into.is_none() || was_merged_by_hand(conn, id).or_fault("look for a merge")? {
        return Ok(());
    }
    let before = record::state_before::<Entry>(conn, id, entry.state);
    let before = before.or_fault("look into the history")?;
    revive(
        conn,
        id,
        before.unwrap_or(EntryState::Clue),
        actor,
        None,
        now,
    )
}

/// Merges an entry away, with a pointer to where its matter went.
///
/// # Errors
/// 409 when its state does not allow it.
pub fn merge_away(
    conn: &mut Connection,
    entry: &EntryRow,
    into: Id,
    step: &Step<'_, Entry>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    record::advance(conn, step, now)?;
    point(conn, entry.id, Some(into)).or_fault("merge an entry away")
}

/// Gives an entry that was merged away back the state it had.
///
/// # Errors
/// 409 when it is not merged, or had no state to be merged in.
pub fn revive(
    conn: &mut Connection,
    id: Id,
    state: EntryState,
    actor: &Actor,
    reason: Option<(&Keys, &str)>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let entry = queries::by_id(conn, id).or_fault("load the entry")?;
    let event = match state {
        EntryState::Proposed => EntryEvent::ReviveProposed,
        _ => EntryEvent::Revive,
    };
    let undone = Facts {
        undone: true,
        ..Facts::default()
    };
    let mut step = entry.step(event, actor).given(undone);
    if let Some((keys, reason)) = reason {
        step = step.because(keys, Some(reason));
    }
    record::advance(conn, &step, now)?;
    point(conn, id, None).or_fault("revive an entry")
}

/// Sets where an entry's matter went.
fn point(conn: &mut Connection, id: Id, merged_into: Option<Id>) -> QueryResult<()> {
    diesel::update(ledger_entry::table.find(id))
        .set(ledger_entry::merged_into.eq(merged_into))
        .execute(conn)
        .map(|_| ())
}
