//! What an entry counts and flags of its complaints.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::locks::take;
use crate::district::{FIND, Profile, urgency::HISTORY_FROM};
use crate::matching::{
    Rule,
    escalation::{Voice, escalate},
    petitioners::petitioners_of_entry,
};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, ledger_entry},
    },
    problem::{OnDb, Problem},
};
use crate::record::{
    self, Actor, ComplaintEvent, ComplaintState, EntryEvent, Event, machine::Trait,
};

/// A complaint of an entry, as far as counting cares.
#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint)]
struct VoiceRow {
    id: Id,
    received_at: UtcTime,
    person_count: i32,
    link: String,
    link_rule: Option<String>,
    due_on: NaiveDate,
    state: ComplaintState,
    source_class: Option<String>,
    channel: String,
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

    /// The rule by which somebody confirmed that it belongs with an earlier one.
    fn confirmed_rule(&self) -> Option<Rule> {
        let confirmed = self
            .link_rule
            .as_deref()
            .filter(|_| self.link == "confirmed");
        confirmed.and_then(Rule::named)
    }

    /// Whether staff found it, and nobody complains by it.
    fn is_find(&self) -> bool {
        self.channel == FIND
    }

    fn is_repeat(&self) -> bool {
        self.confirmed_rule().is_some_and(Rule::is_repeat)
    }

    /// Whether it came in as history: a voice, by whose old dates nothing escalates.
    fn is_history(&self) -> bool {
        self.queue_rank >= HISTORY_FROM
    }

    fn is_renewed(&self) -> bool {
        self.confirmed_rule() == Some(Rule::R3)
    }
}

/// What an entry counts and flags.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = ledger_entry, treat_none_as_null = true)]
struct Counts {
    complaint_count: i32,
    duplicate_count: i32,
    repeat_count: i32,
    renewed_count: i32,
    distinct_reporters: i32,
    strong_concern: bool,
    collective_visit: bool,
    escalation_level: i32,
    source_class: Option<String>,
    find_count: i32,
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
/// due date, which is the earliest of all its complaints' that are still owed an answer (domain §3.3). Provisional links
/// count as complaints and voices, but never as repeats nor toward a flag with legal effect. What staff
/// found is counted apart, and is no voice. Answers its different reporters, whose number moves its complaints in the queue.
///
/// # Errors
/// A fault when the database fails.
pub fn refresh(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    now: DateTime<Utc>,
) -> Result<i32, Problem> {
    let (reporters, changed) = recount(conn, profile, entry, now)?;
    if !changed.is_empty() {
        let event = Event::of(EntryEvent::Recounted, entry, &Actor::System);
        record::append(conn, &event.with(changed.into()), now).or_fault("record the count")?;
    }
    Ok(reporters)
}

/// The same for a complaint of this number that has just come to it.
///
/// # Errors
/// A fault when the database fails.
pub fn welcome(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    newcomer: &str,
    now: DateTime<Utc>,
) -> Result<i32, Problem> {
    let (reporters, mut told) = recount(conn, profile, entry, now)?;
    told.insert("complaints".to_owned(), json!([newcomer]));
    told.insert("cause".to_owned(), json!(ComplaintEvent::Register.as_str()));
    let event = Event::of(EntryEvent::ComplaintJoined, entry, &Actor::System);
    record::append(conn, &event.with(told.into()), now).or_fault("record the arrival")?;
    Ok(reporters)
}

/// Counts, and answers the different reporters and what the entry counts or flags otherwise than
/// before.
fn recount(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    now: DateTime<Utc>,
) -> Result<(i32, Map<String, Value>), Problem> {
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
    let petitions = rows.iter().filter(|row| !row.is_find());
    let voices: Vec<Voice> = petitions
        .map(|row| Voice {
            received_at: row.received_at.0,
            petitioners: petitioners.remove(&row.id).unwrap_or_default(),
            person_count: row.person_count,
            comes_again: !row.is_history() && (row.is_repeat() || row.is_renewed()),
            provisional: row.link == "provisional" || row.is_history(),
        })
        .collect();
    let escalated = escalate(&voices, &profile.rules.escalation);
    let count = |holds: &dyn Fn(&VoiceRow) -> bool| {
        i32::try_from(rows.iter().filter(|row| holds(row)).count()).unwrap_or(i32::MAX)
    };
    let owed = rows.iter().filter(|row| row.state.is(Trait::Owed));
    // What nobody confirmed yet makes no class.
    let settled = |class: &str| {
        let mut settled = rows.iter().filter(|row| row.link != "provisional");
        settled.any(|row| row.source_class() == class)
    };
    let source_class = SOURCE_CLASSES.into_iter().find(|class| settled(class));
    let counts = Counts {
        complaint_count: count(&|row| !row.is_find()),
        duplicate_count: count(&|row| row.link == "confirmed" && !row.is_find()),
        repeat_count: count(&VoiceRow::is_repeat),
        renewed_count: count(&VoiceRow::is_renewed),
        distinct_reporters: escalated.distinct_reporters,
        strong_concern: escalated.strong_concern,
        collective_visit: escalated.collective_visit,
        escalation_level: escalated.level,
        source_class: source_class.map(str::to_owned),
        find_count: count(&VoiceRow::is_find),
    };
    let changed = before.changed_to(&counts);
    diesel::update(ledger_entry::table.find(entry))
        .set((
            &counts,
            ledger_entry::lead_complaint_id.eq(rows.first().map(|row| row.id)),
            ledger_entry::due_on.eq(owed.map(|row| row.due_on).min()),
            ledger_entry::version.eq(ledger_entry::version + 1),
            ledger_entry::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("recount an entry")?;
    Ok((escalated.distinct_reporters, changed))
}

fn counted(conn: &mut Connection, entry: Id) -> QueryResult<Counts> {
    ledger_entry::table
        .find(entry)
        .select(Counts::as_select())
        .first(conn)
}
