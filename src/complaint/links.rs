//! How complaints are linked, and complaints that change their entry, with those that hang on them.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ledger::{merges::leave_if_empty, queries as ledger};
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, EntryEvent, EntryState, Event};

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

/// How a complaint is linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable)]
#[diesel(table_name = complaint)]
pub struct Link {
    /// The complaint.
    pub id: Id,
    /// `own`, `suspected`, `provisional` or `confirmed`.
    pub link: String,
    /// The rule's name, when one fired.
    pub link_rule: Option<String>,
    /// The complaint it repeats or joins.
    pub repeat_of: Option<Id>,
}

/// The links of an entry's complaints, in the order of their ids.
///
/// # Errors
/// What the database answers.
pub fn of_entry(conn: &mut Connection, entry: Id) -> QueryResult<Vec<Link>> {
    complaint::table
        .filter(complaint::entry_id.eq(entry))
        .order(complaint::id.asc())
        .select(Link::as_select())
        .load(conn)
}

/// What a link says: how, by which rule, and to which complaint.
type Said<'a> = (&'a str, &'a Option<String>, Option<Id>);

/// Links complaints, those that are linked alike in one go.
///
/// # Errors
/// What the database answers.
pub fn write<'a>(
    conn: &mut Connection,
    links: impl IntoIterator<Item = &'a Link>,
) -> QueryResult<()> {
    let mut alike: BTreeMap<Said<'_>, Vec<Id>> = BTreeMap::new();
    for Link {
        id,
        link,
        link_rule,
        repeat_of,
    } in links
    {
        let ids = alike.entry((link, link_rule, *repeat_of)).or_default();
        ids.push(*id);
    }
    for ((link, rule, repeat_of), ids) in alike {
        diesel::update(complaint::table.filter(complaint::id.eq_any(ids)))
            .set((
                complaint::link.eq(link),
                complaint::link_rule.eq(rule),
                complaint::repeat_of.eq(repeat_of),
            ))
            .execute(conn)?;
    }
    Ok(())
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
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The name of the event that moves them.
    pub cause: &'static str,
    /// Who moves them.
    pub actor: &'a Actor,
    /// When.
    pub now: DateTime<Utc>,
}

impl Move<'_> {
    /// Moves complaints as they are linked, and says so in the history of each and of both entries.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn all(&self, conn: &mut Connection, ids: &[Id], from: Id, to: Id) -> Result<(), Problem> {
        if ids.is_empty() {
            return Ok(());
        }
        let (cause, actor, now) = (self.cause, self.actor, self.now);
        let entry = |conn: &mut Connection, id| ledger::by_id(conn, id).or_fault("load an entry");
        let (left, joined) = (entry(conn, from)?.number, entry(conn, to)?.number);
        let moved = complaint::table.filter(complaint::id.eq_any(ids));
        diesel::update(moved)
            .set((
                complaint::entry_id.eq(to),
                complaint::version.eq(complaint::version + 1),
            ))
            .execute(conn)
            .or_fault("move complaints")?;
        let numbers: Vec<(Id, String)> = complaint::table
            .filter(complaint::id.eq_any(ids))
            .select((complaint::id, complaint::number))
            .load(conn)
            .or_fault("load complaints")?;
        let numbers: HashMap<Id, String> = numbers.into_iter().collect();
        let numbers: Vec<&String> = ids.iter().filter_map(|id| numbers.get(id)).collect();
        let detail = json!({ "from": left, "to": joined, "cause": cause });
        let mut events: Vec<Event> = ids
            .iter()
            .map(|id| Event::of(ComplaintEvent::ChangeEntry, *id, actor).with(detail.clone()))
            .collect();
        events.extend([
            Event::of(EntryEvent::ComplaintLeft, from, actor)
                .with(json!({ "complaints": numbers, "to": joined, "cause": cause })),
            Event::of(EntryEvent::ComplaintJoined, to, actor)
                .with(json!({ "complaints": numbers, "from": left, "cause": cause })),
        ]);
        record::append_all(conn, &events, now).or_fault("record")
    }
}
