//! Clocks that run, reckoned anew when a calendar or a rule has changed.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::queries::{lapse_row, runs, write};
use super::rows::ClockRow;
use super::stops::Stops;
use crate::district::{Due, Profile, Term, calendar::date_of};
use crate::platform::db::{Connection, Id, schema::clock};

/// Clocks looked at in one transaction.
const BATCH: i64 = 500;

/// Subjects of one kind with a running clock that ends otherwise by the calendar and the rules as
/// they are now (domain §2.11), or with a right that is over: of the next clocks, whose last one's id
/// is answered while there may be more.
///
/// # Errors
/// What the database answers.
pub fn outdated(
    conn: &mut Connection,
    profile: &Profile,
    subject_kind: &'static str,
    after: Option<Id>,
    today: NaiveDate,
) -> QueryResult<(Option<Id>, Vec<Id>)> {
    let mut rows = clock::table
        .filter(runs())
        .filter(clock::subject_kind.eq(subject_kind))
        .order(clock::id.asc())
        .limit(BATCH)
        .select(ClockRow::as_select())
        .into_boxed();
    if let Some(id) = after {
        rows = rows.filter(clock::id.gt(id));
    }
    let rows: Vec<ClockRow> = rows.load(conn)?;
    let last = rows.last().map(|row| row.id);
    let changes = changes(conn, profile, rows, today)?;
    let mut subjects: Vec<Id> = changes.iter().map(|(row, _)| row.subject_id).collect();
    subjects.sort_unstable();
    subjects.dedup();
    Ok((last, subjects))
}

/// Reckons the running clocks of subjects anew, by the calendar and the rules as they are now, and
/// lets rights lapse that are over. To be called when the subjects are taken.
///
/// # Errors
/// What the database answers.
pub fn reckon_anew(
    conn: &mut Connection,
    profile: &Profile,
    subject_kind: &'static str,
    subjects: &[Id],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let rows = clock::table
        .filter(runs())
        .filter(clock::subject_kind.eq(subject_kind))
        .filter(clock::subject_id.eq_any(subjects))
        .select(ClockRow::as_select())
        .load(conn)?;
    for (row, to) in changes(conn, profile, rows, date_of(now))? {
        match to {
            Reckoned::Due(term, due) => write(conn, row.id, &term, due)?,
            Reckoned::Over => lapse_row(conn, &row, now)?,
        }
    }
    Ok(())
}

/// What a running clock is found to be.
enum Reckoned {
    /// It counts this, and ends then.
    Due(Term, Due),
    /// A right whose last day is over.
    Over,
}

fn changes(
    conn: &mut Connection,
    profile: &Profile,
    rows: Vec<ClockRow>,
    today: NaiveDate,
) -> QueryResult<Vec<(ClockRow, Reckoned)>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let stops = Stops::of(conn, &ids)?;
    let changed = rows.into_iter().filter_map(|row| {
        let to = reckoned(profile, &stops, &row, today)?;
        Some((row, to))
    });
    Ok(changed.collect())
}

/// What becomes of a running clock; `None` when it stays as it is.
fn reckoned(
    profile: &Profile,
    stops: &Stops,
    row: &ClockRow,
    today: NaiveDate,
) -> Option<Reckoned> {
    let kept = row.term()?;
    let term = profile.term(&row.rule).unwrap_or_else(|| kept.clone());
    let due = stops.due(&profile.calendar, row, &term);
    let is_over = row.suspended_on.is_none() && due.on < today;
    if row.lapses_on().is_some() && is_over {
        return Some(Reckoned::Over);
    }
    let stays = term == kept && (due.on, due.provisional) == (row.due_on, row.provisional);
    (!stays).then_some(Reckoned::Due(term, due))
}
