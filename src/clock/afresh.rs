//! A clock that follows a corrected fact: one that is not of its subject after all, one that always was,
//! one that counts by another term.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::kinds::{Kind, Meaning};
use super::queries::{count_by, lapse_row, last, running, start};
use super::rows::{ClockRow, NewClock};
use crate::district::{Calendar, Term, calendar::date_of};
use crate::platform::db::{Connection, Id, UtcTime, schema::clock};

/// Has a clock of a kind be what it would be had the fact been known: it counts by the term, from the day
/// it started or from `since`; without a term it falls away. What was met stays met, and a right whose last
/// day is over does not come up again.
///
/// # Errors
/// What the database answers.
pub fn follow(
    conn: &mut Connection,
    calendar: &Calendar,
    kind: &'static Kind,
    subject: Id,
    (term, since): (Option<Term>, NaiveDate),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let runs = running(conn, kind, subject)?;
    let (row, term) = match (runs, term) {
        (Some(row), None) => return lapse_row(conn, &row, now),
        (Some(row), Some(term)) => (row, term),
        (None, None) => return Ok(()),
        (None, Some(term)) => match last(conn, kind, subject)? {
            None => {
                let new = NewClock::of(calendar, kind, subject, term, since);
                let is_over = kind.meaning == Meaning::Right && new.due_on < date_of(now);
                if !is_over {
                    start(conn, &[new])?;
                }
                return Ok(());
            }
            Some(row) if row.met_at.is_some() => return Ok(()),
            Some(row) => {
                let first = NewClock::of(calendar, kind, subject, term.clone(), row.started_on);
                if kind.meaning == Meaning::Right && first.due_on < date_of(now) {
                    return Ok(());
                }
                run_again(conn, &row)?;
                (row, term)
            }
        },
    };
    count_by(conn, calendar, &row, &term)
}

fn run_again(conn: &mut Connection, row: &ClockRow) -> QueryResult<usize> {
    diesel::update(clock::table.find(row.id))
        .set(clock::lapsed_at.eq(None::<UtcTime>))
        .execute(conn)
}
