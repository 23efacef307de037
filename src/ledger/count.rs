//! What an entry counts and flags of its complaints, and the queue's order that follows from it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::locks::take;
use crate::district::{
    Profile,
    calendar::date_of,
    urgency::{RankInput, queue_rank},
};
use crate::matching::{
    Rule,
    escalation::{Voice, escalate},
    queries::petitioners_of_entry,
};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, ledger_entry},
    },
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, ComplaintState, EntryEvent, Event};

/// Queued complaints of one entry that get another place in one transaction.
const RANKED_AT_ONCE: usize = 200;

/// A complaint of an entry, as far as counting and the queue's order care.
#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint)]
struct VoiceRow {
    id: Id,
    received_at: UtcTime,
    person_count: i32,
    link: String,
    link_rule: Option<String>,
    due_on: NaiveDate,
    closed_at: Option<UtcTime>,
    channel: String,
    source_class: Option<String>,
    risk: i32,
    in_queue: bool,
    queue_rank: i32,
}

/// Source classes of the plan, the first of which an entry has goes before the others.
const SOURCE_CLASSES: [&str; 4] = [
    "central_provincial",
    "quality_indicator",
    "public_petition",
    "enforcement",
];

/// Whose complaints say nothing else.
const PUBLIC_PETITION: &str = "public_petition";

impl VoiceRow {
    fn source_class(&self) -> &str {
        self.source_class.as_deref().unwrap_or(PUBLIC_PETITION)
    }

    fn is_repeat(&self) -> bool {
        let repeats = matches!(self.link_rule.as_deref(), Some("R1" | "R2" | "R3" | "R11"));
        self.link == "confirmed" && repeats
    }
}

/// What an entry counts and flags.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = ledger_entry, treat_none_as_null = true)]
struct Counts {
    complaint_count: i32,
    duplicate_count: i32,
    repeat_count: i32,
    distinct_reporters: i32,
    strong_concern: bool,
    collective_visit: bool,
    escalation_level: i32,
    source_class: Option<String>,
}

impl Counts {
    /// What is another after a recount, each with its value before and after.
    fn changed_to(&self, after: &Self) -> Map<String, Value> {
        let (Value::Object(before), Value::Object(after)) = (json!(self), json!(after)) else {
            return Map::new();
        };
        let both = before.into_iter().zip(after);
        both.filter(|((_, was), (_, is))| was != is)
            .map(|((name, was), (_, is))| (name, json!({ "from": was, "to": is })))
            .collect()
    }
}

/// Recounts an entry from its complaints: reporters, duplicates, repeats, flags, lead, and the
/// due date, which is the earliest of all its open complaints' (domain §3.3). Provisional links
/// count as complaints and voices, but never as repeats nor toward a flag with legal effect.
///
/// # Errors
/// A fault when the database fails.
pub fn refresh(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Recount {
        rows,
        distinct_reporters,
        changed,
    } = recount(conn, profile, entry, now)?;
    if !changed.is_empty() {
        let event = Event::of(EntryEvent::Recounted, entry, &Actor::System);
        record::append(conn, &event.with(changed.into()), now).or_fault("record the count")?;
    }
    rank_queued(conn, profile, &rows, distinct_reporters, now)
        .or_fault("rank an entry's complaints")
}

/// Recounts an entry for a complaint that has just come to it. The newcomer gets the place its
/// matter's voices earn; what stands in the queue already moves by somebody's decision or at
/// night, and not under the eyes of who reads it page by page.
///
/// # Errors
/// A fault when the database fails.
pub fn welcome(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    (newcomer, number): (Id, &str),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Recount {
        mut rows,
        distinct_reporters,
        changed: mut told,
    } = recount(conn, profile, entry, now)?;
    told.insert("complaints".to_owned(), json!([number]));
    told.insert("cause".to_owned(), json!(ComplaintEvent::Register.as_str()));
    let event = Event::of(EntryEvent::ComplaintJoined, entry, &Actor::System);
    record::append(conn, &event.with(told.into()), now).or_fault("record the arrival")?;
    rows.retain(|row| row.id == newcomer);
    rank_queued(conn, profile, &rows, distinct_reporters, now).or_fault("rank a complaint")
}

/// What a recount found: the complaints that count, how many reporters they have, and what the entry
/// counts or flags otherwise than before.
struct Recount {
    rows: Vec<VoiceRow>,
    distinct_reporters: i32,
    changed: Map<String, Value>,
}

fn recount(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    now: DateTime<Utc>,
) -> Result<Recount, Problem> {
    take(conn, &[entry]).or_fault("take the entry")?;
    let before = counted(conn, entry).or_fault("look at the counts")?;
    let rows: Vec<VoiceRow> = complaint::table
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::hidden.eq(false))
        .filter(complaint::state.ne(ComplaintState::Withdrawn))
        .order(complaint::id.asc())
        .select(VoiceRow::as_select())
        .load(conn)
        .or_fault("load an entry's complaints")?;
    let mut petitioners =
        petitioners_of_entry(conn, entry).or_fault("load an entry's petitioners")?;
    let voices: Vec<Voice> = rows
        .iter()
        .map(|row| Voice {
            received_at: row.received_at.0,
            petitioners: petitioners.remove(&row.id).unwrap_or_default(),
            person_count: row.person_count,
            confirmed_repeat: row.is_repeat(),
            provisional: row.link == "provisional",
        })
        .collect();
    let escalated = escalate(&voices, &profile.rules.escalation);
    let count = |holds: &dyn Fn(&VoiceRow) -> bool| {
        i32::try_from(rows.iter().filter(|row| holds(row)).count()).unwrap_or(i32::MAX)
    };
    let open = rows.iter().filter(|row| row.closed_at.is_none());
    // What nobody confirmed yet makes no class.
    let settled = |class: &str| {
        let mut settled = rows.iter().filter(|row| row.link != "provisional");
        settled.any(|row| row.source_class() == class)
    };
    let source_class = SOURCE_CLASSES.into_iter().find(|class| settled(class));
    let counts = Counts {
        complaint_count: count(&|_| true),
        duplicate_count: count(&|row| row.link == "confirmed"),
        repeat_count: count(&VoiceRow::is_repeat),
        distinct_reporters: escalated.distinct_reporters,
        strong_concern: escalated.strong_concern,
        collective_visit: escalated.collective_visit,
        escalation_level: escalated.level,
        source_class: source_class.map(str::to_owned),
    };
    let changed = before.changed_to(&counts);
    diesel::update(ledger_entry::table.find(entry))
        .set((
            &counts,
            ledger_entry::lead_complaint_id.eq(rows.first().map(|row| row.id)),
            ledger_entry::due_on.eq(open.map(|row| row.due_on).min()),
            ledger_entry::version.eq(ledger_entry::version + 1),
            ledger_entry::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("recount an entry")?;
    Ok(Recount {
        rows,
        distinct_reporters: escalated.distinct_reporters,
        changed,
    })
}

fn counted(conn: &mut Connection, entry: Id) -> QueryResult<Counts> {
    ledger_entry::table
        .find(entry)
        .select(Counts::as_select())
        .first(conn)
}

/// Puts an entry's queued complaints where its voices send them. What is left over here gets its
/// place at night.
fn rank_queued(
    conn: &mut Connection,
    profile: &Profile,
    rows: &[VoiceRow],
    distinct_reporters: i32,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let moved = rows.iter().filter(|row| row.in_queue).filter_map(|row| {
        let input = RankInput {
            risk: row.risk,
            distinct_reporters,
            rebound: row.link_rule.as_deref() == Some(Rule::R6.as_str()),
            from_above: profile.is_from_above(&row.channel),
            received_on: date_of(row.received_at.0),
            due_on: row.due_on,
            today: date_of(now),
        };
        let rank = queue_rank(profile, &input);
        (rank != row.queue_rank).then_some((row.id, rank))
    });
    for (id, rank) in moved.take(RANKED_AT_ONCE) {
        diesel::update(complaint::table.find(id))
            .set(complaint::queue_rank.eq(rank))
            .execute(conn)?;
    }
    Ok(())
}
