//! The terms complaints are found by: pairs of letters of their words as they stand masked in the open, what
//! they are filed by, and blind indexes of who petitions. A term leads to what may be meant; whoever
//! searches looks at each complaint itself, so that a term that no longer fits hides and shows nothing.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;

use super::queries::ComplaintRow;
use crate::account::queries::phone_of;
use crate::district::calendar::date_of;
use crate::ledger::queries::next_in;
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{
            complaint, complaint_place, complaint_text, petitioner, search_item, search_term,
        },
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::known_of;
use crate::text::{KnownPeople, terms, text_number};

/// The edition of the terms. What was filed by those of an earlier one is filed anew by
/// [`super::term_blocks::FileTerms`].
pub const EDITION: i32 = 1;

/// The series that gives each complaint its number here.
const SERIES: &str = "search";

/// Rows of one statement at most: SQLite takes 32,766 variables.
const ROWS_AT_ONCE: usize = 16_000;

/// What a complaint is found by.
#[derive(Debug, Clone, Copy)]
pub enum Mark<'a> {
    /// A term of its words, premises or address.
    Word(&'a str),
    /// A category, of either level.
    Category(&'a str),
    /// A channel.
    Channel(&'a str),
    /// The procedure it is handled by.
    Procedure(&'a str),
    /// A street.
    Street(&'a str),
    /// A grid.
    Grid(&'a str),
    /// The day it was received, in Asia/Shanghai.
    Day(NaiveDate),
    /// The month of a day.
    Month(NaiveDate),
    /// The year of a day.
    Year(i32),
    /// A blind index of somebody who petitions, or of the phone they signed in by.
    Person(&'a str),
}

impl Mark<'_> {
    /// The number that stands for it.
    #[must_use]
    pub fn term(self) -> i64 {
        let text = match self {
            Self::Word(term) => format!("word {term}"),
            Self::Category(code) => format!("category {code}"),
            Self::Channel(code) => format!("channel {code}"),
            Self::Procedure(code) => format!("procedure {code}"),
            Self::Street(code) => format!("street {code}"),
            Self::Grid(code) => format!("grid {code}"),
            Self::Day(day) => format!("day {day}"),
            Self::Month(day) => format!("month {}-{}", day.year(), day.month()),
            Self::Year(year) => format!("year {year}"),
            Self::Person(index) => format!("person {index}"),
        };
        text_number(&text).cast_signed()
    }
}

/// The terms of words.
pub fn of_words(text: &str) -> impl Iterator<Item = i64> {
    terms(text).into_iter().map(|term| Mark::Word(&term).term())
}

/// The terms of the day something was received.
#[must_use]
pub fn of_day(day: NaiveDate) -> [i64; 3] {
    let marks = [Mark::Day(day), Mark::Month(day), Mark::Year(day.year())];
    marks.map(Mark::term)
}

/// Files a complaint by its terms as they are now, and keeps those it was filed by before.
///
/// # Errors
/// A fault when the database fails.
pub fn file(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    known: Option<&KnownPeople>,
) -> Result<(), Problem> {
    let found = of_complaint(conn, keys, id, known)?;
    let seq = match number_of(conn, id).or_fault("look for a complaint's terms")? {
        Some(seq) => {
            diesel::update(search_item::table.find(seq))
                .set(search_item::edition.eq(EDITION))
                .execute(conn)
                .or_fault("say what a complaint is filed by")?;
            seq
        }
        None => number(conn, id).or_fault("number a complaint's terms")?,
    };
    insert(conn, seq, found).or_fault("file a complaint's terms")
}

/// Files a complaint by further terms.
///
/// # Errors
/// What the database answers.
pub fn add(conn: &mut Connection, id: Id, marks: impl IntoIterator<Item = i64>) -> QueryResult<()> {
    match number_of(conn, id)? {
        Some(seq) => insert(conn, seq, marks.into_iter().collect()),
        // It is being filed, and gets all its terms then.
        None => Ok(()),
    }
}

/// Files a complaint by the blind indexes of who petitions in it.
///
/// # Errors
/// What the database answers.
pub fn add_persons(conn: &mut Connection, id: Id, indexes: &[Vec<String>]) -> QueryResult<()> {
    let persons = indexes.iter().flatten();
    let marks: Vec<i64> = persons.map(|index| Mark::Person(index).term()).collect();
    add(conn, id, marks)
}

fn number_of(conn: &mut Connection, id: Id) -> QueryResult<Option<i64>> {
    search_item::table
        .filter(search_item::complaint_id.eq(id))
        .select(search_item::seq)
        .first(conn)
        .optional()
}

/// The next number: whoever has a lower one was stored before.
fn number(conn: &mut Connection, id: Id) -> QueryResult<i64> {
    let seq = next_in(conn, SERIES)?;
    diesel::insert_into(search_item::table)
        .values((
            search_item::seq.eq(seq),
            search_item::complaint_id.eq(id),
            search_item::edition.eq(EDITION),
        ))
        .execute(conn)?;
    Ok(seq)
}

fn insert(conn: &mut Connection, seq: i64, found: BTreeSet<i64>) -> QueryResult<()> {
    let there: BTreeSet<i64> = search_term::table
        .filter(search_term::term.eq_any(&found))
        .filter(search_term::seq.eq(seq))
        .select(search_term::term)
        .load(conn)?
        .into_iter()
        .collect();
    let new: Vec<i64> = found.difference(&there).copied().collect();
    for part in new.chunks(ROWS_AT_ONCE) {
        let rows: Vec<_> = part
            .iter()
            .map(|term| (search_term::term.eq(term), search_term::seq.eq(seq)))
            .collect();
        on_each!(conn, |c| diesel::insert_into(search_term::table)
            .values(rows)
            .execute(c))?;
    }
    Ok(())
}

/// What a complaint is filed by, as stored.
#[derive(Queryable)]
struct Filed {
    category: String,
    coarse: String,
    channel: String,
    procedure: Option<String>,
    received_at: UtcTime,
    resident: Option<Id>,
    street: Option<String>,
    grid: Option<String>,
    description: String,
    address: Option<String>,
    premises: Option<String>,
}

/// The terms of a complaint. The name of its premises is sealed, and goes in as roles without need read
/// it: without anybody who is known to petition.
fn of_complaint(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    known: Option<&KnownPeople>,
) -> Result<BTreeSet<i64>, Problem> {
    let filed: Option<Filed> = complaint::table
        .inner_join(complaint_place::table)
        .inner_join(complaint_text::table)
        .filter(complaint::id.eq(id))
        .select((
            complaint::category,
            complaint::coarse,
            complaint::channel,
            complaint::procedure,
            complaint::received_at,
            complaint::resident_id,
            complaint_place::street_code,
            complaint_place::grid_code,
            complaint_text::description_masked,
            complaint_text::address_masked,
            complaint_text::premises,
        ))
        .first(conn)
        .optional()
        .or_fault("load what a complaint is found by")?;
    let Some(filed) = filed else {
        return Ok(BTreeSet::new());
    };
    let premises = sealed::PREMISES.read_maybe(keys, id.0.as_bytes(), filed.premises);
    let premises = match (premises, known) {
        (Some(name), Some(known)) => Some(known.mask(&name).text),
        (Some(name), None) => Some(known_of(conn, keys, &[id])?.mask(&name).text),
        (None, _) => None,
    };
    let words = [Some(filed.description), filed.address, premises];
    let persons = persons_of(conn, id, filed.resident).or_fault("load who petitions")?;
    let codes = [
        Some(Mark::Category(&filed.category)),
        Some(Mark::Category(&filed.coarse)),
        Some(Mark::Channel(&filed.channel)),
        filed.procedure.as_deref().map(Mark::Procedure),
        filed.street.as_deref().map(Mark::Street),
        filed.grid.as_deref().map(Mark::Grid),
    ];
    let codes = codes.into_iter().flatten().map(Mark::term);
    let words = words.iter().flatten().flat_map(|text| of_words(text));
    let persons = persons.iter().map(|index| Mark::Person(index).term());
    let day = of_day(date_of(filed.received_at.0));
    Ok(codes.chain(words).chain(persons).chain(day).collect())
}

/// The blind indexes of who petitions in a complaint, and of the phone they signed in by.
fn persons_of(
    conn: &mut Connection,
    id: Id,
    resident: Option<Id>,
) -> QueryResult<BTreeSet<String>> {
    let filed: Vec<JsonValue> = petitioner::table
        .filter(petitioner::complaint_id.eq(id))
        .select(petitioner::person_keys)
        .load(conn)?;
    let mut persons: BTreeSet<String> = filed
        .into_iter()
        .flat_map(|JsonValue(keys)| serde_json::from_value::<Vec<_>>(keys).unwrap_or_default())
        .collect();
    if let Some(resident) = resident {
        persons.insert(phone_of(conn, resident)?.0);
    }
    Ok(persons)
}

/// Whether one of these blind indexes is that of somebody who petitions in a complaint.
///
/// # Errors
/// What the database answers.
pub fn is_of(conn: &mut Connection, row: &ComplaintRow, indexes: &[String]) -> QueryResult<bool> {
    let persons = persons_of(conn, row.id, row.resident_id)?;
    Ok(indexes.iter().any(|index| persons.contains(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_no_word() {
        let terms = [
            Mark::Word("noise"),
            Mark::Category("noise"),
            Mark::Street("noise"),
            Mark::Person("noise"),
        ];
        let distinct: BTreeSet<i64> = terms.into_iter().map(Mark::term).collect();
        assert_eq!(distinct.len(), terms.len());
    }

    #[test]
    fn a_day_is_found_by_itself_its_month_and_its_year() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 3).unwrap();
        let next = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
        let (one, other) = (of_day(day), of_day(next));
        assert_ne!(one[0], other[0]);
        assert_eq!(one[1..], other[1..]);
    }
}
