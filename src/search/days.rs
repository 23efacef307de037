//! Days of receipt, in Asia/Shanghai: where one begins, and the terms of many.

use chrono::{Datelike, Months, NaiveDate, NaiveTime, TimeZone};

use crate::complaint::terms::of_day;
use crate::district::shanghai;
use crate::platform::db::UtcTime;

/// The first instant of a day in Asia/Shanghai, where no clock is ever set.
pub(super) fn first_of(day: NaiveDate) -> UtcTime {
    let midnight = shanghai().from_local_datetime(&day.and_time(NaiveTime::MIN));
    UtcTime(
        midnight
            .single()
            .map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |at| at.to_utc()),
    )
}

/// The terms of all days from one to another, as few as there may be.
pub(super) fn span(from: NaiveDate, until: NaiveDate) -> Vec<i64> {
    let mut terms = Vec::new();
    let mut day = from;
    while day <= until {
        let [of_day, of_month, of_year] = of_day(day);
        let month = day
            .with_day(1)
            .and_then(|first| first.checked_add_months(Months::new(1)));
        let year = NaiveDate::from_ymd_opt(day.year() + 1, 1, 1);
        let ends = |next: Option<NaiveDate>| next.and_then(|n| n.pred_opt());
        let whole = |next: Option<NaiveDate>| ends(next).is_some_and(|last| last <= until);
        let (term, next) = if day.ordinal() == 1 && whole(year) {
            (of_year, year)
        } else if day.day() == 1 && whole(month) {
            (of_month, month)
        } else {
            (of_day, day.succ_opt())
        };
        terms.push(term);
        match next {
            Some(next) => day = next,
            None => break,
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complaint::terms::Mark;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_told_by_years_and_months_where_these_are_whole() {
        let one = span(day("2026-11-03"), day("2026-11-03"));
        assert_eq!(one, [Mark::Day(day("2026-11-03")).term()]);
        let whole = span(day("2024-01-01"), day("2026-11-30"));
        assert_eq!(whole.len(), 2 + 11);
        let ragged = span(day("2025-11-29"), day("2027-02-02"));
        assert_eq!(ragged.len(), 2 + 1 + 1 + 1 + 2);
        assert!(span(day("2026-11-04"), day("2026-11-03")).is_empty());
    }

    #[test]
    fn a_day_begins_in_shanghai() {
        let first = first_of(day("2026-11-03"));
        assert_eq!(first.0.to_rfc3339(), "2026-11-02T16:00:00+00:00");
    }
}
