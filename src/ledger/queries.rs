//! Entries in the database: opening, attaching, recounting.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;

use crate::district::{
    Profile,
    calendar::date_of,
    urgency::{RankInput, queue_rank},
};
use crate::geo::Point;
use crate::matching::{
    Outcome, Report, Rule, Verdict,
    escalation::{Voice, escalate},
    queries::petitioners_of_entry,
};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, ledger_entry, sequence},
    },
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, Event};
use crate::text::{KnownPeople, shorten};

/// Letters of an entry's title.
const TITLE_LETTERS: usize = 40;

/// Queued complaints of one entry that get another place in one transaction.
const RANKED_AT_ONCE: usize = 200;

/// A ledger entry as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ledger_entry)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct EntryRow {
    pub id: Id,
    pub number: String,
    pub state: String,
    pub title: String,
    pub category: String,
    pub coarse: String,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub street_code: Option<String>,
    pub grid_code: Option<String>,
    pub source_class: Option<String>,
    pub lead_complaint_id: Option<Id>,
    pub due_on: Option<NaiveDate>,
    pub complaint_count: i32,
    pub distinct_reporters: i32,
    pub duplicate_count: i32,
    pub repeat_count: i32,
    pub strong_concern: bool,
    pub collective_visit: bool,
    pub escalation_level: i32,
    pub cycle_no: i32,
    pub predecessor_id: Option<Id>,
    pub merged_into: Option<Id>,
    pub written_off_at: Option<UtcTime>,
    pub version: i32,
    pub created_at: UtcTime,
    pub updated_at: UtcTime,
}

/// A complaint as an entry shows it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = complaint)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct EntryComplaintRow {
    pub id: Id,
    pub number: String,
    pub state: String,
    pub category: String,
    pub received_at: UtcTime,
    pub due_on: NaiveDate,
    pub link: String,
    pub link_rule: Option<String>,
    pub channel: String,
}

/// Where a new complaint goes.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Its entry.
    pub entry_id: Id,
    /// The entry's number.
    pub entry_number: String,
    /// `own`, `suspected`, `provisional` or `confirmed`.
    pub link: &'static str,
    /// The rule's name, when one fired.
    pub rule: Option<&'static str>,
    /// The complaint it repeats or joins.
    pub repeat_of: Option<Id>,
}

/// An entry's title: which premises, address or street, and what; without personal data.
#[must_use]
pub fn title_of(
    profile: &Profile,
    category: &str,
    premises: Option<&str>,
    address: Option<&str>,
    point: Option<Point>,
    known: &KnownPeople,
) -> String {
    let category = profile.category(category).map_or("", |c| c.zh.as_str());
    let street = point
        .and_then(|p| profile.street_at(p))
        .map_or("", |s| s.name.as_str());
    let at = premises.or(address).filter(|at| !at.is_empty());
    known
        .mask(&format!("{}{category}", at.unwrap_or(street)))
        .text
}

/// The next number of a series, counted in the same transaction; series never reuse a number.
///
/// # Errors
/// What the database answers.
pub fn next_in(conn: &mut Connection, series: &str) -> QueryResult<i64> {
    crate::on_each!(conn, |c| diesel::insert_into(sequence::table)
        .values((sequence::name.eq(series), sequence::next.eq(2)))
        .on_conflict(sequence::name)
        .do_update()
        .set(sequence::next.eq(sequence::next + 1))
        .returning(sequence::next)
        .get_result::<i64>(c))
    .map(|next| next - 1)
}

/// Opens a clue for a new matter, or names the entry a verdict leads to, which the caller has taken
/// and looked at again. The complaint's own row need not exist yet.
///
/// # Errors
/// A fault when the database fails.
pub fn place(
    conn: &mut Connection,
    profile: &Profile,
    report: &Report,
    title: &str,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<Placement, Problem> {
    if let Some((target, entry)) = verdict.joins() {
        let entry = by_id(conn, entry.into()).or_fault("load the entry")?;
        let link = if verdict.outcome == Outcome::Attached {
            "confirmed"
        } else {
            "provisional"
        };
        return Ok(Placement {
            entry_id: entry.id,
            entry_number: entry.number,
            link,
            rule: Some(verdict.rule.as_str()),
            repeat_of: Some(target.into()),
        });
    }
    let (entry_id, entry_number) = open_clue(conn, profile, report, title, now)?;
    let suspected = verdict.outcome == Outcome::Suspected;
    Ok(Placement {
        entry_id,
        entry_number,
        link: if suspected { "suspected" } else { "own" },
        rule: (verdict.rule != Rule::New).then(|| verdict.rule.as_str()),
        repeat_of: verdict.target.filter(|_| suspected).map(Id),
    })
}

/// Opens a clue (线索).
///
/// # Errors
/// A fault when the database fails.
pub fn open_clue(
    conn: &mut Connection,
    profile: &Profile,
    report: &Report,
    title: &str,
    now: DateTime<Utc>,
) -> Result<(Id, String), Problem> {
    let year = date_of(now).year();
    let serial = next_in(conn, &format!("entry {year}")).or_fault("number an entry")?;
    let number = format!("{}-{year}-{serial:04}", profile.rules.number_prefix);
    let id = Id::new();
    let point = report.place.map(|p| p.point);
    let street = point
        .and_then(|p| profile.street_at(p))
        .map(|s| s.code.clone());
    let grid = point
        .and_then(|p| profile.grid_at(p))
        .map(|g| g.code.clone());
    diesel::insert_into(ledger_entry::table)
        .values((
            (
                ledger_entry::id.eq(id),
                ledger_entry::number.eq(&number),
                ledger_entry::state.eq("clue"),
                ledger_entry::title.eq(shorten(title, TITLE_LETTERS)),
                ledger_entry::category.eq(report.category.as_str()),
                ledger_entry::coarse.eq(report.coarse.as_str()),
                ledger_entry::lon.eq(point.map(|p| p.lon)),
                ledger_entry::lat.eq(point.map(|p| p.lat)),
                ledger_entry::street_code.eq(street),
                ledger_entry::grid_code.eq(grid),
            ),
            (
                ledger_entry::complaint_count.eq(0),
                ledger_entry::distinct_reporters.eq(0),
                ledger_entry::duplicate_count.eq(0),
                ledger_entry::repeat_count.eq(0),
                ledger_entry::strong_concern.eq(false),
                ledger_entry::collective_visit.eq(false),
                ledger_entry::escalation_level.eq(0),
                ledger_entry::cycle_no.eq(1),
                ledger_entry::version.eq(1),
                ledger_entry::created_at.eq(UtcTime(now)),
                ledger_entry::updated_at.eq(UtcTime(now)),
            ),
        ))
        .execute(conn)
        .or_fault("open a clue")?;
    let event = Event::new("ledger_entry", id, "open", &Actor::System).moving("", "clue");
    record::append(conn, &event, now).or_fault("record the clue")?;
    Ok((id, number))
}

/// An entry by id.
///
/// # Errors
/// What the database answers.
pub fn by_id(conn: &mut Connection, id: Id) -> QueryResult<EntryRow> {
    ledger_entry::table
        .find(id)
        .select(EntryRow::as_select())
        .first(conn)
}

/// An entry by number.
///
/// # Errors
/// What the database answers.
pub fn by_number(conn: &mut Connection, number: &str) -> QueryResult<Option<EntryRow>> {
    ledger_entry::table
        .filter(ledger_entry::number.eq(number))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()
}

/// Takes entries for changing, in the order of their ids and before any of their complaints, so that
/// no two writers wait for each other. On SQLite there is one writer anyway.
///
/// # Errors
/// What the database answers.
pub fn take(conn: &mut Connection, ids: &[Id]) -> QueryResult<()> {
    if let Connection::Postgres(c) = conn {
        let _: Vec<Id> = ledger_entry::table
            .filter(ledger_entry::id.eq_any(ids))
            .order(ledger_entry::id.asc())
            .select(ledger_entry::id)
            .for_no_key_update()
            .load(c)?;
    }
    Ok(())
}

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
    let (rows, voices) = recount(conn, profile, entry, now)?;
    rank_queued(conn, profile, &rows, voices, now).or_fault("rank an entry's complaints")
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
    newcomer: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (mut rows, voices) = recount(conn, profile, entry, now)?;
    rows.retain(|row| row.id == newcomer);
    rank_queued(conn, profile, &rows, voices, now).or_fault("rank a complaint")
}

fn recount(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    now: DateTime<Utc>,
) -> Result<(Vec<VoiceRow>, i32), Problem> {
    take(conn, &[entry]).or_fault("take the entry")?;
    let rows: Vec<VoiceRow> = complaint::table
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::hidden.eq(false))
        .filter(complaint::state.ne("withdrawn"))
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
    diesel::update(ledger_entry::table.find(entry))
        .set((
            ledger_entry::complaint_count.eq(count(&|_| true)),
            ledger_entry::duplicate_count.eq(count(&|row| row.link == "confirmed")),
            ledger_entry::repeat_count.eq(count(&VoiceRow::is_repeat)),
            ledger_entry::distinct_reporters.eq(escalated.distinct_reporters),
            ledger_entry::strong_concern.eq(escalated.strong_concern),
            ledger_entry::collective_visit.eq(escalated.collective_visit),
            ledger_entry::escalation_level.eq(escalated.level),
            ledger_entry::source_class.eq(source_class),
            ledger_entry::lead_complaint_id.eq(rows.first().map(|row| row.id)),
            ledger_entry::due_on.eq(open.map(|row| row.due_on).min()),
            ledger_entry::version.eq(ledger_entry::version + 1),
            ledger_entry::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("recount an entry")?;
    Ok((rows, escalated.distinct_reporters))
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

/// Sets an entry's state.
///
/// # Errors
/// What the database answers.
pub fn set_state(
    conn: &mut Connection,
    id: Id,
    state: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(ledger_entry::table.find(id))
        .set((
            ledger_entry::state.eq(state),
            ledger_entry::version.eq(ledger_entry::version + 1),
            ledger_entry::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Sets a clue's category, after its one complaint was corrected.
///
/// # Errors
/// What the database answers.
pub fn set_category(
    conn: &mut Connection,
    id: Id,
    category: &str,
    coarse: &str,
) -> QueryResult<usize> {
    diesel::update(ledger_entry::table.find(id))
        .set((
            ledger_entry::category.eq(category),
            ledger_entry::coarse.eq(coarse),
        ))
        .execute(conn)
}

/// Sets a clue's place, after its first complaint's was corrected.
///
/// # Errors
/// What the database answers.
pub fn set_place(
    conn: &mut Connection,
    id: Id,
    point: Option<crate::geo::Point>,
    street: Option<&str>,
    grid: Option<&str>,
) -> QueryResult<usize> {
    diesel::update(ledger_entry::table.find(id))
        .set((
            ledger_entry::lon.eq(point.map(|p| p.lon)),
            ledger_entry::lat.eq(point.map(|p| p.lat)),
            ledger_entry::street_code.eq(street),
            ledger_entry::grid_code.eq(grid),
        ))
        .execute(conn)
}
