//! Clocks as stored.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::kinds::{Kind, Meaning};
use super::reckoning;
use crate::district::{Calendar, DeadlineRule, Term, Unit};
use crate::platform::db::{Id, UtcTime, schema::clock};

/// A clock as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = clock)]
#[expect(
    missing_docs,
    reason = "columns; docs/data-model.md says what is in them"
)]
pub struct ClockRow {
    pub id: Id,
    pub subject_id: Id,
    pub kind: String,
    pub round: i32,
    pub rule: String,
    pub source: String,
    pub started_on: NaiveDate,
    pub amount: i32,
    pub unit: String,
    pub roll_forward: bool,
    pub due_on: NaiveDate,
    pub provisional: bool,
    pub suspended_on: Option<NaiveDate>,
    pub duty: String,
    pub meaning: String,
    pub met_at: Option<UtcTime>,
    pub outcome: Option<String>,
    pub lapsed_at: Option<UtcTime>,
}

impl ClockRow {
    /// What it counts; `None` for a unit nobody knows any more.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        Some(Term {
            name: self.rule.clone(),
            rule: DeadlineRule {
                amount: u32::try_from(self.amount).ok()?,
                unit: Unit::parse(&self.unit)?,
                roll_forward: self.roll_forward,
            },
            source: self.source.clone(),
        })
    }

    /// Whether it was neither met nor has lapsed.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.met_at.is_none() && self.lapsed_at.is_none()
    }

    /// Whether it falls due, as a duty does.
    #[must_use]
    pub fn is_duty(&self) -> bool {
        self.meaning == Meaning::Duty.as_str()
    }

    /// Whether it is a duty that runs and does not stand still.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.runs() && self.suspended_on.is_none() && self.is_duty()
    }

    /// The day it lapses unless used, of a right.
    #[must_use]
    pub fn lapses_on(&self) -> Option<NaiveDate> {
        (self.meaning == Meaning::Right.as_str()).then_some(self.due_on)
    }
}

/// Of several subjects' clocks, those that stand: of each kind the last that was started. In the
/// order they came.
#[must_use]
pub fn standing(rows: Vec<ClockRow>) -> Vec<ClockRow> {
    let mut last: HashMap<(Id, String), i32> = HashMap::new();
    for row in &rows {
        let round = last.entry((row.subject_id, row.kind.clone())).or_default();
        *round = row.round.max(*round);
    }
    let mut rows = rows;
    rows.retain(|row| last.get(&(row.subject_id, row.kind.clone())) == Some(&row.round));
    rows
}

/// A clock to be started.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = clock)]
pub struct NewClock {
    id: Id,
    subject_kind: &'static str,
    subject_id: Id,
    kind: &'static str,
    round: i32,
    rule: String,
    source: String,
    started_on: NaiveDate,
    amount: i32,
    unit: &'static str,
    roll_forward: bool,
    /// Its last day.
    pub due_on: NaiveDate,
    provisional: bool,
    duty: &'static str,
    /// What its end means.
    pub meaning: &'static str,
}

impl NewClock {
    /// The first of its kind for a subject, by a term from a day on.
    #[must_use]
    pub fn of(
        calendar: &Calendar,
        kind: &'static Kind,
        subject: Id,
        term: Term,
        started_on: NaiveDate,
    ) -> Self {
        let due = reckoning::due(calendar, started_on, &term.rule, &[], &[]);
        Self {
            id: Id::new(),
            subject_kind: kind.subject,
            subject_id: subject,
            kind: kind.name,
            round: 1,
            rule: term.name,
            source: term.source,
            started_on,
            amount: i32::try_from(term.rule.amount).unwrap_or(i32::MAX),
            unit: term.rule.unit.as_str(),
            roll_forward: term.rule.roll_forward,
            due_on: due.on,
            provisional: due.provisional,
            duty: kind.duty.as_str(),
            meaning: kind.meaning.as_str(),
        }
    }

    /// The one that follows another of its kind.
    #[must_use]
    pub fn after(self, former: &ClockRow) -> Self {
        Self {
            round: former.round + 1,
            ..self
        }
    }

    /// Whether it falls due, as a duty does.
    #[must_use]
    pub fn is_duty(&self) -> bool {
        self.meaning == Meaning::Duty.as_str()
    }
}
