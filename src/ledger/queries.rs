//! Entries in the database: opening, attaching, reading.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;

pub use super::locks::take;
use super::machine::{Facts, MACHINE};
use crate::district::{Profile, calendar::date_of};
use crate::geo::Point;
use crate::matching::{Outcome, Report, Rule, Verdict};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, ledger_entry, sequence},
    },
    ids::random_letters,
    problem::{OnDb, Problem},
};
use crate::privacy::shown_entries;
use crate::record::{
    self, Actor, ComplaintState, EntryEvent, EntryState, Step, Subject, machine::Machine,
};
use crate::text::{KnownPeople, shorten};

/// Letters of what the public calls an entry: nobody comes upon one by guessing, and none is a
/// tracking code.
const PUBLIC_CODE_LETTERS: usize = 20;

/// Letters of an entry's title.
const TITLE_LETTERS: usize = 40;

/// A ledger entry as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ledger_entry)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct EntryRow {
    pub id: Id,
    pub number: String,
    pub state: EntryState,
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
    pub renewed_count: i32,
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
    pub find_count: i32,
}

/// An entry, as what has states.
pub struct Entry;

impl Subject for Entry {
    type State = EntryState;
    type Event = EntryEvent;
    type Facts = Facts;

    const MACHINE: &'static Machine<EntryState, EntryEvent, Facts> = &MACHINE;

    fn write_state(
        conn: &mut Connection,
        id: Id,
        from: EntryState,
        to: EntryState,
        _: &Actor,
        now: DateTime<Utc>,
    ) -> QueryResult<usize> {
        let present = ledger_entry::table.find(id);
        diesel::update(present.filter(ledger_entry::state.eq(from)))
            .set((
                ledger_entry::state.eq(to),
                ledger_entry::version.eq(ledger_entry::version + 1),
                ledger_entry::updated_at.eq(UtcTime(now)),
            ))
            .execute(conn)
    }
}

impl EntryRow {
    /// A step from where it stands.
    #[must_use]
    pub fn step<'a>(&self, event: EntryEvent, actor: &'a Actor) -> Step<'a, Entry> {
        Step::new(self.id, self.state, event, actor)
    }
}

/// A complaint as an entry shows it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = complaint)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct EntryComplaintRow {
    pub id: Id,
    pub number: String,
    pub state: ComplaintState,
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
    let step = Step::<Entry>::birth(id, EntryEvent::Open, &Actor::System);
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
                ledger_entry::state.eq(step.target()?),
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
                ledger_entry::renewed_count.eq(0),
                ledger_entry::find_count.eq(0),
                ledger_entry::strong_concern.eq(false),
                ledger_entry::collective_visit.eq(false),
                ledger_entry::escalation_level.eq(0),
                ledger_entry::cycle_no.eq(1),
                ledger_entry::version.eq(1),
                ledger_entry::created_at.eq(UtcTime(now)),
                ledger_entry::updated_at.eq(UtcTime(now)),
                ledger_entry::public_code.eq(random_letters(PUBLIC_CODE_LETTERS)),
            ),
        ))
        .execute(conn)
        .or_fault("open a clue")?;
    record::advance(conn, &step, now)?;
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

/// An entry by what the public calls it, unless it is the clue of what is hidden.
///
/// # Errors
/// What the database answers.
pub fn by_public_code(conn: &mut Connection, code: &str) -> QueryResult<Option<Id>> {
    ledger_entry::table
        .filter(ledger_entry::public_code.eq(code))
        .filter(shown_entries())
        .select(ledger_entry::id)
        .first(conn)
        .optional()
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
