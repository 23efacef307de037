//! Complaints that change their entry, with those that hang on them, and clues that lose their
//! last complaint or get it back.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    machine::{Facts, MACHINE},
    queries::{self, Entry, EntryRow},
};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id,
        schema::{complaint, ledger_entry, ledger_merge},
    },
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, EntryEvent, EntryState, Event, Step};

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
) -> Result<Option<EntryState>, Problem> {
    let stays = from == to.entry;
    diesel::update(complaint::table.find(id))
        .set((
            complaint::link.eq(&to.link),
            complaint::link_rule.eq(&to.rule),
            complaint::repeat_of.eq(to.repeat_of),
            complaint::version.eq(complaint::version + i32::from(stays)),
        ))
        .execute(conn)
        .or_fault("link a complaint")?;
    if stays {
        return Ok(None);
    }
    let mut moved = vec![id];
    moved.extend(followers(conn, &[id], from).or_fault("find who follows")?);
    let by = Move {
        cause: ComplaintEvent::DecideMatch.as_str(),
        actor,
        now,
    };
    by.all(conn, &moved, from, to.entry)?;
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

/// Why complaints change their entry, and by whom.
pub(super) struct Move<'a> {
    /// The event that moves them.
    pub(super) cause: &'static str,
    pub(super) actor: &'a Actor,
    pub(super) now: DateTime<Utc>,
}

impl Move<'_> {
    /// Moves complaints as they are linked, and says so in the history of each and of both entries.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn all(
        &self,
        conn: &mut Connection,
        ids: &[Id],
        from: Id,
        to: Id,
    ) -> Result<(), Problem> {
        if ids.is_empty() {
            return Ok(());
        }
        let (cause, actor, now) = (self.cause, self.actor, self.now);
        let entry = |conn: &mut Connection, id| queries::by_id(conn, id).or_fault("load an entry");
        let (left, joined) = (entry(conn, from)?.number, entry(conn, to)?.number);
        let mut numbers = Vec::with_capacity(ids.len());
        for id in ids {
            let moved = complaint::table.find(id);
            diesel::update(moved)
                .set((
                    complaint::entry_id.eq(to),
                    complaint::version.eq(complaint::version + 1),
                ))
                .execute(conn)
                .or_fault("move a complaint")?;
            let number: String = moved
                .select(complaint::number)
                .first(conn)
                .or_fault("load a complaint")?;
            numbers.push(number);
            let event = Event::of(ComplaintEvent::ChangeEntry, *id, actor)
                .with(json!({ "from": left, "to": joined, "cause": cause }));
            record::append(conn, &event, now).or_fault("record")?;
        }
        for event in [
            Event::of(EntryEvent::ComplaintLeft, from, actor)
                .with(json!({ "complaints": numbers, "to": joined, "cause": cause })),
            Event::of(EntryEvent::ComplaintJoined, to, actor)
                .with(json!({ "complaints": numbers, "from": left, "cause": cause })),
        ] {
            record::append(conn, &event, now).or_fault("record")?;
        }
        Ok(())
    }
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
pub(super) fn merge_away(
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
pub(super) fn revive(
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
