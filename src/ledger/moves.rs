//! Complaints that change their entry, with those that hang on them, and clues that lose their
//! last complaint or get it back.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    machine::MACHINE,
    queries::{self, EntryRow},
};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, ledger_entry, ledger_merge},
    },
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Actor, Event};

/// Links that say that two complaints are one matter. They stand in one entry and change it
/// together: such a link never points out of its complaint's entry. A suspicion may.
pub const JOINED: [&str; 2] = ["confirmed", "provisional"];

/// Whether a link says that two complaints are one matter.
#[must_use]
pub fn is_joined(link: &str) -> bool {
    JOINED.contains(&link)
}

/// Where a complaint stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its entry.
    pub entry: Id,
    /// `own`, `suspected`, `provisional` or `confirmed`.
    pub link: String,
    /// The rule's name, when one fired.
    pub rule: Option<String>,
    /// The complaint it repeats or joins.
    pub repeat_of: Option<Id>,
}

/// Puts a complaint where it shall stand. Complaints that were linked to it in the entry it leaves
/// go with it: they were found to be its matter, not the entry's.
///
/// # Errors
/// 409 when an admitted entry would be left empty; a fault when the database fails.
pub fn put(
    conn: &mut Connection,
    id: Id,
    from: Id,
    to: &Standing,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Option<String>, Problem> {
    diesel::update(complaint::table.find(id))
        .set((
            complaint::entry_id.eq(to.entry),
            complaint::link.eq(&to.link),
            complaint::link_rule.eq(&to.rule),
            complaint::repeat_of.eq(to.repeat_of),
            complaint::version.eq(complaint::version + 1),
        ))
        .execute(conn)
        .or_fault("link a complaint")?;
    if from == to.entry {
        return Ok(None);
    }
    let along = followers(conn, &[id], from).or_fault("find who follows")?;
    move_all(conn, &along, to.entry).or_fault("take complaints along")?;
    leave_if_empty(conn, from, to.entry, Code::MergeRefused, actor, now)
}

/// Complaints of an entry that were linked, directly or through others, to one of these.
///
/// # Errors
/// What the database answers.
pub fn followers(conn: &mut Connection, of: &[Id], entry: Id) -> QueryResult<Vec<Id>> {
    let linked: Vec<(Id, Option<Id>)> = complaint::table
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::link.eq_any(JOINED))
        .filter(complaint::repeat_of.is_not_null())
        .order(complaint::id.asc())
        .select((complaint::id, complaint::repeat_of))
        .load(conn)?;
    let mut by_target: HashMap<Id, Vec<Id>> = HashMap::new();
    for (id, target) in linked {
        if let Some(target) = target {
            by_target.entry(target).or_default().push(id);
        }
    }
    let mut seen: HashSet<Id> = of.iter().copied().collect();
    let mut open: Vec<Id> = of.to_vec();
    let mut found = Vec::new();
    while let Some(target) = open.pop() {
        for id in by_target.remove(&target).unwrap_or_default() {
            if seen.insert(id) {
                found.push(id);
                open.push(id);
            }
        }
    }
    Ok(found)
}

/// Moves complaints as they are linked.
///
/// # Errors
/// What the database answers.
pub fn move_all(conn: &mut Connection, ids: &[Id], to: Id) -> QueryResult<()> {
    for id in ids {
        diesel::update(complaint::table.find(id))
            .set((
                complaint::entry_id.eq(to),
                complaint::version.eq(complaint::version + 1),
            ))
            .execute(conn)?;
    }
    Ok(())
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
) -> Result<Option<String>, Problem> {
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
    if MACHINE.next(&entry.state, "merge").is_err() {
        let label = MACHINE.label(&entry.state);
        let why = format!(
            "entry {} is {label} and would be left without a complaint",
            entry.number
        );
        return Err(Problem::because(refused, why));
    }
    let target = queries::by_id(conn, into).or_fault("load the target")?;
    let event = Event::new("ledger_entry", id, "merge", actor)
        .with(json!({ "into": target.number, "emptied": true }));
    merge_away(conn, &entry, into, &event, now)?;
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
///
/// # Errors
/// What the database answers.
pub fn was_merged_by_hand(conn: &mut Connection, entry: Id) -> QueryResult<bool> {
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
    let before = record::state_before(conn, "ledger_entry", id, &entry.state);
    let before = before.or_fault("look into the history")?;
    revive(
        conn,
        id,
        before.as_deref().unwrap_or("clue"),
        actor,
        None,
        now,
    )
}

/// Merges an entry away by its machine and records it.
///
/// # Errors
/// 409 when its state does not allow it.
pub fn merge_away(
    conn: &mut Connection,
    entry: &EntryRow,
    into: Id,
    event: &Event<'_>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let step = MACHINE.next(&entry.state, event.event)?;
    set(conn, entry.id, step.to, Some(into), now).or_fault("merge an entry away")?;
    record::append(conn, &event.clone().moving(step.from, step.to), now).or_fault("record")
}

/// Gives an entry that was merged away back the state it had.
///
/// # Errors
/// 409 when it is not merged, or had no state to be merged in.
pub fn revive(
    conn: &mut Connection,
    id: Id,
    state: &str,
    actor: &Actor,
    reason: Option<(&Keys, &str)>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let entry = queries::by_id(conn, id).or_fault("load the entry")?;
    let name = if state == "proposed" {
        "revive_proposed"
    } else {
        "revive"
    };
    let step = MACHINE.next(&entry.state, name)?;
    set(conn, id, step.to, None, now).or_fault("revive an entry")?;
    let event = Event {
        reason,
        ..Event::new("ledger_entry", id, name, actor)
    };
    let event = event.moving(step.from, step.to);
    record::append(conn, &event, now).or_fault("record")
}

fn set(
    conn: &mut Connection,
    id: Id,
    state: &str,
    merged_into: Option<Id>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(ledger_entry::table.find(id))
        .set((
            ledger_entry::state.eq(state),
            ledger_entry::merged_into.eq(merged_into),
            ledger_entry::version.eq(ledger_entry::version + 1),
            ledger_entry::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}
