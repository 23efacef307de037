//! Whether a row under a known upstream number says something that the first record does not hold:
//! in a table, another matter under the same id.
//!
//! A row that leaves something out says nothing else by that. What the brigade corrected since is
//! not compared: the upstream table still has it as it was.

use chrono::{DateTime, SubsecRound as _, Utc};

use super::{
    filer::Filer,
    first_record::{by_upstream_number, is_told},
    person::Person,
    petitioners, queries,
    replaced::{self, CorrectedField},
    submission::Prepared,
};
use crate::district::calendar::date_of;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id},
    problem::{OnDb, Problem},
};
use crate::privacy::REPORTER;
use crate::record::ComplaintState;

/// A first record, and what of a row it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// The first record's number.
    pub number: String,
    /// Where its handling stands.
    pub state: ComplaintState,
    /// Whether it came by another door than an import.
    pub elsewhere: bool,
    /// What differs, such as `another date`.
    pub what: Vec<&'static str>,
}

/// How exactly an upstream table tells a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// To the second.
    Second,
    /// By its day alone.
    Day,
}

impl Grain {
    /// Whether both instants are the same, as far as this tells them.
    fn agrees(self, one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
        match self {
            Self::Second => one.trunc_subsecs(0) == other.trunc_subsecs(0),
            Self::Day => date_of(one) == date_of(other),
        }
    }
}

/// How exactly a submission's times are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grains {
    /// When it was received.
    pub received_at: Grain,
    /// When what it complains of began.
    pub occurred_at: Grain,
}

/// The first record under one of several numbers of a channel.
///
/// # Errors
/// A fault when the database fails.
pub fn first_of(
    conn: &mut Connection,
    keys: &Keys,
    channel: &str,
    numbers: &[&str],
) -> Result<Option<Id>, Problem> {
    for number in numbers {
        let known = by_upstream_number(conn, keys, channel, number);
        if let Some(first) = known.or_fault("look for the number")? {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

/// What a submission says that its first record does not hold.
///
/// # Errors
/// A fault when the database fails.
pub fn tells_otherwise(
    conn: &mut Connection,
    keys: &Keys,
    first: Id,
    prepared: &Prepared,
    grains: Grains,
) -> Result<Otherwise, Problem> {
    let row = queries::by_id(conn, first).or_fault("load the first record")?;
    let filer = Filer::of(conn, first).or_fault("look who filed it")?;
    let (received, occurred) = (row.received_at, row.occurred_at);
    let (checked, door) = (&prepared.checked, &prepared.door);
    let corrected = replaced::fields_of(conn, first).or_fault("look for corrections")?;
    let stands = |field: CorrectedField| !corrected.contains(&field);
    let mut what = Vec::new();
    if !is_told(conn, keys, first, &checked.description)? {
        what.push("other words");
    }
    let is_kept =
        |at: DateTime<Utc>| occurred.is_some_and(|first| grains.occurred_at.agrees(first.0, at));
    if !grains.received_at.agrees(received.0, door.received_at)
        || checked
            .occurred_at
            .is_some_and(|at| stands(CorrectedField::OccurredAt) && !is_kept(at))
    {
        what.push("another date");
    }
    if stands(CorrectedField::Persons)
        && names_another(conn, keys, first, checked.reporter.as_ref())?
    {
        what.push("another person");
    }
    if corrected.is_empty() && lies_elsewhere(conn, keys, first, prepared)? {
        what.push("another place");
    }
    Ok(Otherwise {
        number: row.number,
        state: row.state,
        elsewhere: filer.is_some_and(|filer| !filer.is_software()),
        what,
    })
}

/// Whether the first record's reporter, unless their identity was erased, lacks something that this
/// one left.
fn names_another(
    conn: &mut Connection,
    keys: &Keys,
    first: Id,
    reporter: Option<&Person>,
) -> Result<bool, Problem> {
    let Some(reporter) = reporter else {
        return Ok(false);
    };
    let stored = petitioners::load(conn, keys, first)?;
    let stored = stored.iter().find(|signer| signer.kind == REPORTER);
    let Some(stored) = stored else {
        return Ok(true);
    };
    let (left, known) = (values(reporter), values(&stored.person));
    let is_erased = stored.unreadable || known.is_empty();
    Ok(!is_erased && left.iter().any(|value| !known.contains(value)))
}

/// All that a person left.
fn values(person: &Person) -> Vec<&String> {
    let one = [
        &person.name,
        &person.phone,
        &person.id_number,
        &person.unread_phone,
        &person.unread_id_number,
    ];
    one.into_iter()
        .flatten()
        .chain(&person.more_phones)
        .collect()
}

fn lies_elsewhere(
    conn: &mut Connection,
    keys: &Keys,
    first: Id,
    prepared: &Prepared,
) -> Result<bool, Problem> {
    let checked = &prepared.checked;
    let text = queries::text_of(conn, first).or_fault("load the text")?;
    let text = text.opened(keys, first);
    let place = queries::place_of(conn, first).or_fault("load the place")?;
    let position = checked
        .position
        .map(|position| (position.lon, position.lat));
    let differs = |said: &Option<String>, stored: &Option<String>| said.is_some() && said != stored;
    Ok(differs(&checked.address, &text.address)
        || differs(&checked.premises, &text.premises)
        || position.is_some_and(|position| place.raw_lon.zip(place.raw_lat) != Some(position)))
}
