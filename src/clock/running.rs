//! Clocks that run, as lists show them: what their end means, and how many days are left.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::ClockRow;
use crate::district::Calendar;

/// A clock that runs. One that was met or has lapsed is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunningClock {
    /// `notify` 告知, `reply` 答复, `objection` 异议, `visit` 现场核实.
    pub kind: String,
    /// Whose it is.
    pub duty: String,
    /// `duty`: to be done by then, and overdue after. `right`: may be done until then; it lapses and
    /// is never due.
    pub meaning: String,
    /// The last day, until 24:00 in Asia/Shanghai.
    pub due_on: NaiveDate,
    /// Working days from tomorrow to the last day: 0 on it, below 0 by those that have gone since.
    pub working_days_left: i64,
    /// Whether it is a duty whose last day is over.
    pub overdue: bool,
    /// Whether it stands still (中止); its days are counted from the day on which it stopped.
    pub suspended: bool,
}

impl RunningClock {
    /// Of a clock as it stands today; `None` when it does not run, or is a right whose day is over.
    #[must_use]
    pub fn of(calendar: &Calendar, row: &ClockRow, today: NaiveDate) -> Option<Self> {
        let at = row.suspended_on.map_or(today, |since| since.min(today));
        let over = row.due_on < at;
        if !row.runs() || (over && !row.is_duty()) {
            return None;
        }
        Some(Self {
            kind: row.kind.clone(),
            duty: row.duty.clone(),
            meaning: row.meaning.clone(),
            due_on: row.due_on,
            working_days_left: calendar.working_days_between(at, row.due_on),
            overdue: over,
            suspended: row.suspended_on.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::kinds::{Kind, NOTIFY, OBJECTION};
    use crate::district::Profile;
    use crate::platform::db::{Id, UtcTime};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn row(kind: &Kind, due_on: &str) -> ClockRow {
        ClockRow {
            id: Id::new(),
            subject_id: Id::new(),
            kind: kind.name.to_owned(),
            round: 1,
            rule: String::new(),
            source: String::new(),
            started_on: day("2026-11-24"),
            amount: 5,
            unit: "working_day".to_owned(),
            roll_forward: true,
            due_on: day(due_on),
            provisional: false,
            suspended_on: None,
            duty: kind.duty.as_str().to_owned(),
            meaning: kind.meaning.as_str().to_owned(),
            met_at: None,
            outcome: None,
            lapsed_at: None,
        }
    }

    /// A Tuesday's clock, looked at on days before and after its last.
    #[test]
    fn days_are_counted_as_they_are_worked() {
        let calendar = Profile::embedded().unwrap().calendar;
        let clock = row(&NOTIFY, "2026-12-01");
        let seen = |today: &str| {
            let clock = RunningClock::of(&calendar, &clock, day(today)).unwrap();
            (clock.working_days_left, clock.overdue)
        };
        assert_eq!(seen("2026-11-24"), (5, false));
        assert_eq!(seen("2026-11-28"), (2, false), "a Saturday");
        assert_eq!(seen("2026-11-30"), (1, false));
        assert_eq!(seen("2026-12-01"), (0, false));
        assert_eq!(seen("2026-12-02"), (-1, true));
        assert_eq!(seen("2026-12-06"), (-3, true), "a Sunday");
    }

    #[test]
    fn what_is_over_runs_no_more() {
        let calendar = Profile::embedded().unwrap().calendar;
        let at = |row: &ClockRow, today: &str| RunningClock::of(&calendar, row, day(today));
        let right = row(&OBJECTION, "2026-11-25");
        let last_day = at(&right, "2026-11-25").unwrap();
        assert_eq!((last_day.overdue, last_day.working_days_left), (false, 0));
        assert_eq!(at(&right, "2026-11-26"), None, "a right lapses by itself");
        let now = UtcTime("2026-11-24T02:00:00Z".parse().unwrap());
        let met = ClockRow {
            met_at: Some(now),
            ..row(&NOTIFY, "2026-12-01")
        };
        assert_eq!(at(&met, "2026-11-24"), None);
        assert_eq!(at(&met, "2026-12-24"), None, "a met clock is never due");
    }

    #[test]
    fn what_stands_still_is_seen_as_it_stopped() {
        let calendar = Profile::embedded().unwrap().calendar;
        let stopped = ClockRow {
            suspended_on: Some(day("2026-11-27")),
            ..row(&NOTIFY, "2026-12-01")
        };
        let seen = RunningClock::of(&calendar, &stopped, day("2026-12-20")).unwrap();
        assert_eq!(
            (seen.working_days_left, seen.overdue, seen.suspended),
            (2, false, true)
        );
    }
}
