//! Clocks in the database. Nothing else writes these tables.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::kinds::{Ground, Kind, Meaning, Outcome};
use super::reckoning::{self, Longer};
use super::rows::{ClockRow, NewClock, standing};
use super::stops::{Stops, end_suspension};
use crate::district::{Calendar, Due, Term, calendar::date_of};
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{clock, clock_extension, clock_suspension},
    },
    problem::{Code, OnDb, Problem},
    sealed,
};
use crate::record::Actor;

/// Neither met nor lapsed. The partial indexes say it in the same words.
#[diesel::dsl::auto_type]
pub(super) fn runs() -> _ {
    clock::met_at.is_null().and(clock::lapsed_at.is_null())
}

/// Starts clocks.
///
/// # Errors
/// What the database answers.
pub fn start(conn: &mut Connection, clocks: &[NewClock]) -> QueryResult<usize> {
    on_each!(conn, |c| diesel::insert_into(clock::table)
        .values(clocks)
        .execute(c))
}

/// The clocks that stand of each subject, the first due first: one question for all of them.
///
/// # Errors
/// What the database answers.
pub fn of_subjects(
    conn: &mut Connection,
    subject_kind: &'static str,
    subjects: &[Id],
) -> QueryResult<HashMap<Id, Vec<ClockRow>>> {
    of_any(conn, &[subject_kind], subjects)
}

/// The same for subjects of several kinds, also in one question. Which of the clocks run is told from
/// the rows: asked in SQL, SQLite would rather read all that run anywhere.
///
/// # Errors
/// What the database answers.
pub fn of_any(
    conn: &mut Connection,
    subject_kinds: &[&'static str],
    subjects: &[Id],
) -> QueryResult<HashMap<Id, Vec<ClockRow>>> {
    let kinds = subject_kinds.iter().copied();
    let rows = clock::table
        .filter(clock::subject_kind.eq_any(kinds))
        .filter(clock::subject_id.eq_any(subjects))
        .order((clock::due_on.asc(), clock::kind.asc()))
        .select(ClockRow::as_select())
        .load(conn)?;
    let mut of: HashMap<Id, Vec<ClockRow>> = HashMap::new();
    for row in standing(rows) {
        of.entry(row.subject_id).or_default().push(row);
    }
    Ok(of)
}

/// The clocks that stand of one subject, the first due first.
///
/// # Errors
/// What the database answers.
pub fn of_subject(
    conn: &mut Connection,
    subject_kind: &'static str,
    subject: Id,
) -> QueryResult<Vec<ClockRow>> {
    let mut of = of_subjects(conn, subject_kind, &[subject])?;
    Ok(of.remove(&subject).unwrap_or_default())
}

/// The first day on which one of a subject's duties of these kinds is due; `None` when none runs.
/// Rights lapse and are never due, and what stands still is not due either.
///
/// # Errors
/// What the database answers.
pub fn next_due(
    conn: &mut Connection,
    kinds: &[&'static Kind],
    subject: Id,
) -> QueryResult<Option<NaiveDate>> {
    let Some(subject_kind) = kinds.first().map(|kind| kind.subject) else {
        return Ok(None);
    };
    let names = kinds.iter().map(|kind| kind.name);
    clock::table
        .filter(runs())
        .filter(clock::subject_kind.eq(subject_kind))
        .filter(clock::subject_id.eq(subject))
        .filter(clock::kind.eq_any(names))
        .filter(clock::meaning.eq(Meaning::Duty.as_str()))
        .filter(clock::suspended_on.is_null())
        .select(diesel::dsl::min(clock::due_on))
        .first(conn)
}

/// How many duties of a kind are over their day, all subjects together.
///
/// # Errors
/// What the database answers.
pub fn overdue(conn: &mut Connection, kind: &'static Kind, today: NaiveDate) -> QueryResult<i64> {
    clock::table
        .filter(runs())
        .filter(clock::subject_kind.eq(kind.subject))
        .filter(clock::kind.eq(kind.name))
        .filter(clock::due_on.lt(today))
        .filter(clock::suspended_on.is_null())
        .count()
        .get_result(conn)
}

/// A subject's clock of a kind that runs, suspended or not.
///
/// # Errors
/// What the database answers.
pub fn running(
    conn: &mut Connection,
    kind: &'static Kind,
    subject: Id,
) -> QueryResult<Option<ClockRow>> {
    clock::table
        .filter(runs())
        .filter(clock::subject_kind.eq(kind.subject))
        .filter(clock::subject_id.eq(subject))
        .filter(clock::kind.eq(kind.name))
        .select(ClockRow::as_select())
        .first(conn)
        .optional()
}

/// Meets a clock that runs, and keeps for ever whether that was on time. A right that is over cannot
/// be used any more: it lapses. `None` when nothing was met.
///
/// # Errors
/// What the database answers.
pub fn meet(
    conn: &mut Connection,
    kind: &'static Kind,
    subject: Id,
    actor: &Actor,
    now: DateTime<Utc>,
) -> QueryResult<Option<Outcome>> {
    let Some(row) = running(conn, kind, subject)? else {
        return Ok(None);
    };
    let today = date_of(now);
    let outcome = reckoning::outcome(row.due_on, row.suspended_on, today);
    if kind.meaning == Meaning::Right && outcome == Outcome::Late {
        lapse_row(conn, &row, now)?;
        return Ok(None);
    }
    end_suspension(conn, &row, today)?;
    diesel::update(clock::table.find(row.id))
        .set((
            clock::met_at.eq(UtcTime(now)),
            clock::met_by_kind.eq(actor.kind()),
            clock::met_by.eq(actor.id()),
            clock::outcome.eq(outcome.as_str()),
            clock::suspended_on.eq(None::<NaiveDate>),
        ))
        .execute(conn)?;
    Ok(Some(outcome))
}

/// Lets a clock run on whose meeting was sent back (退回): it was not met after all.
///
/// # Errors
/// What the database answers.
pub fn send_back(conn: &mut Connection, kind: &'static Kind, subject: Id) -> QueryResult<usize> {
    let Some(row) = last(conn, kind, subject)? else {
        return Ok(0);
    };
    diesel::update(clock::table.find(row.id))
        .set((
            clock::met_at.eq(None::<UtcTime>),
            clock::met_by_kind.eq(None::<&str>),
            clock::met_by.eq(None::<Id>),
            clock::outcome.eq(None::<&str>),
        ))
        .execute(conn)
}

/// Ends clocks that run without their being met: rights that nobody will use, duties whose matter
/// ended otherwise.
///
/// # Errors
/// What the database answers.
pub fn lapse(
    conn: &mut Connection,
    kinds: &[&'static Kind],
    subject: Id,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    for kind in kinds {
        if let Some(row) = running(conn, kind, subject)? {
            lapse_row(conn, &row, now)?;
        }
    }
    Ok(())
}

pub(super) fn lapse_row(
    conn: &mut Connection,
    row: &ClockRow,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    end_suspension(conn, row, date_of(now))?;
    let at = reckoning::lapsed_at(row.lapses_on(), now);
    diesel::update(clock::table.filter(runs()).filter(clock::id.eq(row.id)))
        .set((
            clock::lapsed_at.eq(UtcTime(at)),
            clock::suspended_on.eq(None::<NaiveDate>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Suspends a clock that runs (中止), from this day on; `false` when none runs or it stands still
/// already.
///
/// # Errors
/// What the database answers.
pub fn suspend(
    conn: &mut Connection,
    kind: &'static Kind,
    subject: Id,
    ground: Ground,
    today: NaiveDate,
) -> QueryResult<bool> {
    let row = running(conn, kind, subject)?;
    let Some(row) = row.filter(|row| row.suspended_on.is_none()) else {
        return Ok(false);
    };
    diesel::insert_into(clock_suspension::table)
        .values((
            clock_suspension::id.eq(Id::new()),
            clock_suspension::clock_id.eq(row.id),
            clock_suspension::ground.eq(ground.as_str()),
            clock_suspension::from_on.eq(today),
        ))
        .execute(conn)?;
    diesel::update(clock::table.find(row.id))
        .set(clock::suspended_on.eq(today))
        .execute(conn)?;
    Ok(true)
}

/// Lets a suspended clock run again from this day on, and answers its new last day; `None` when none
/// stands still.
///
/// # Errors
/// What the database answers.
pub fn resume(
    conn: &mut Connection,
    calendar: &Calendar,
    kind: &'static Kind,
    subject: Id,
    today: NaiveDate,
) -> QueryResult<Option<NaiveDate>> {
    let row = running(conn, kind, subject)?;
    let Some(row) = row.filter(|row| row.suspended_on.is_some()) else {
        return Ok(None);
    };
    end_suspension(conn, &row, today)?;
    diesel::update(clock::table.find(row.id))
        .set(clock::suspended_on.eq(None::<NaiveDate>))
        .execute(conn)?;
    reckon_row(conn, calendar, &row).map(|due| due.map(|due| due.on))
}

/// An extension that somebody grants (延期).
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// By how much.
    pub longer: Longer,
    /// The member of staff who grants it.
    pub approved_by: Id,
    /// Why.
    pub reason: &'a str,
}

/// Extends a clock that runs and answers its new last day. What is over is not extended: that it is
/// late stays so.
///
/// # Errors
/// 409 when no such clock runs, when its last day is over, or when it would end no later; a fault when
/// the database fails.
pub fn extend(
    conn: &mut Connection,
    (keys, calendar): (&Keys, &Calendar),
    kind: &'static Kind,
    subject: Id,
    grant: &Grant<'_>,
    now: DateTime<Utc>,
) -> Result<NaiveDate, Problem> {
    let refused = |why: &str| Problem::because(Code::GuardFailed, format!("{}: {why}", kind.name));
    let row = running(conn, kind, subject).or_fault("load a clock")?;
    let row = row.ok_or_else(|| refused("no such clock runs"))?;
    if reckoning::outcome(row.due_on, row.suspended_on, date_of(now)) == Outcome::Late {
        return Err(refused("its last day is over; extend a clock before that"));
    }
    let mut stops = Stops::of(conn, &[row.id]).or_fault("load what moved a clock")?;
    stops.extend(row.id, date_of(now), grant.longer);
    let term = row.term().ok_or_else(|| refused("nobody knows its unit"))?;
    let due = stops.due(calendar, &row, &term);
    if due.on <= row.due_on {
        return Err(refused("it would end no later; grant more"));
    }
    let (amount, until_on) = match grant.longer {
        Longer::By(more) => (Some(i32::try_from(more).unwrap_or(i32::MAX)), None),
        Longer::Until(day) => (None, Some(day)),
    };
    let id = Id::new();
    let reason = sealed::EXTENSION_REASON.seal_text(keys, id.0.as_bytes(), grant.reason)?;
    diesel::insert_into(clock_extension::table)
        .values((
            clock_extension::id.eq(id),
            clock_extension::clock_id.eq(row.id),
            clock_extension::amount.eq(amount),
            clock_extension::until_on.eq(until_on),
            clock_extension::approved_by.eq(grant.approved_by),
            clock_extension::reason.eq(reason),
            clock_extension::at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("extend a clock")?;
    write(conn, row.id, &term, due).or_fault("reckon a clock")?;
    Ok(due.on)
}

/// Has a clock run again whose matter came back: what fell away runs on from where it began, a right
/// while its day is not over; a duty that was met is to be met once more, from this day on.
///
/// # Errors
/// What the database answers.
pub fn take_back(
    conn: &mut Connection,
    calendar: &Calendar,
    kind: &'static Kind,
    subject: Id,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let Some(row) = last(conn, kind, subject)? else {
        return Ok(());
    };
    let is_duty = kind.meaning == Meaning::Duty;
    if row.met_at.is_some() {
        if is_duty {
            restart(conn, calendar, kind, subject, now)?;
        }
    } else if row.lapsed_at.is_some() && (is_duty || date_of(now) <= row.due_on) {
        diesel::update(clock::table.find(row.id))
            .set(clock::lapsed_at.eq(None::<UtcTime>))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes back what a clock was extended by; it is to be reckoned after.
///
/// # Errors
/// What the database answers.
pub fn drop_extensions(conn: &mut Connection, clock: Id) -> QueryResult<usize> {
    let extensions = clock_extension::table.filter(clock_extension::clock_id.eq(clock));
    diesel::delete(extensions).execute(conn)
}

/// Whether a clock was extended.
///
/// # Errors
/// What the database answers.
pub fn is_extended(conn: &mut Connection, clock: Id) -> QueryResult<bool> {
    let extensions = clock_extension::table.filter(clock_extension::clock_id.eq(clock));
    diesel::select(diesel::dsl::exists(extensions)).get_result(conn)
}

/// Starts a clock again after the one there was, by the rule that had, and answers the former. What
/// became of the former stays; if it still ran, it has fallen away.
///
/// # Errors
/// What the database answers.
pub fn restart(
    conn: &mut Connection,
    calendar: &Calendar,
    kind: &'static Kind,
    subject: Id,
    now: DateTime<Utc>,
) -> QueryResult<Option<ClockRow>> {
    let Some(former) = last(conn, kind, subject)? else {
        return Ok(None);
    };
    let Some(term) = former.term() else {
        return Ok(None);
    };
    lapse(conn, &[kind], subject, now)?;
    let next = NewClock::of(calendar, kind, subject, term, date_of(now)).after(&former);
    start(conn, &[next])?;
    Ok(Some(former))
}

/// Has a clock that runs count by another term, from the day it started.
///
/// # Errors
/// What the database answers.
pub fn count_by(
    conn: &mut Connection,
    calendar: &Calendar,
    row: &ClockRow,
    term: &Term,
) -> QueryResult<()> {
    let due = Stops::of(conn, &[row.id])?.due(calendar, row, term);
    write(conn, row.id, term, due)
}

/// Writes what a clock counts and when it ends. One that does not run any more stays as it is.
pub(super) fn write(conn: &mut Connection, id: Id, term: &Term, due: Due) -> QueryResult<()> {
    diesel::update(clock::table.filter(runs()).filter(clock::id.eq(id)))
        .set((
            clock::rule.eq(&term.name),
            clock::source.eq(&term.source),
            clock::amount.eq(i32::try_from(term.rule.amount).unwrap_or(i32::MAX)),
            clock::unit.eq(term.rule.unit.as_str()),
            clock::roll_forward.eq(term.rule.roll_forward),
            clock::due_on.eq(due.on),
            clock::provisional.eq(due.provisional),
        ))
        .execute(conn)?;
    Ok(())
}

/// Reckons a clock by what it counts already; `None` for a unit nobody knows any more.
fn reckon_row(
    conn: &mut Connection,
    calendar: &Calendar,
    row: &ClockRow,
) -> QueryResult<Option<Due>> {
    let Some(term) = row.term() else {
        return Ok(None);
    };
    let due = Stops::of(conn, &[row.id])?.due(calendar, row, &term);
    write(conn, row.id, &term, due)?;
    Ok(Some(due))
}

pub(super) fn last(
    conn: &mut Connection,
    kind: &'static Kind,
    subject: Id,
) -> QueryResult<Option<ClockRow>> {
    clock::table
        .filter(clock::subject_kind.eq(kind.subject))
        .filter(clock::subject_id.eq(subject))
        .filter(clock::kind.eq(kind.name))
        .order(clock::round.desc())
        .select(ClockRow::as_select())
        .first(conn)
        .optional()
}
