//! Working days and deadlines (期限).
//!
//! The day of the start is not counted (民法典201条). A rule may move a last day that is no working
//! day to the next one (203条, for 信访 by analogy, hence a flag on each rule). Working days follow
//! the State Council's yearly notice: its table first, else Monday to Friday. Beyond the last
//! published year, and before the first, a deadline is provisional. Days are those of Asia/Shanghai, ending at 24:00.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc, Weekday};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const SHANGHAI_SECONDS: i32 = 8 * 3600;

/// The district's time zone, +08:00 all year.
#[must_use]
pub fn shanghai() -> FixedOffset {
    // Eight hours are within range, so the fallback (UTC) is never taken.
    FixedOffset::east_opt(SHANGHAI_SECONDS).unwrap_or_else(|| chrono::Offset::fix(&Utc))
}

/// The district's date at an instant.
#[must_use]
pub fn date_of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&shanghai()).date_naive()
}

/// What a deadline counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 工作日.
    WorkingDay,
    /// 日 (calendar days).
    NaturalDay,
}

impl Unit {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorkingDay => "working_day",
            Self::NaturalDay => "natural_day",
        }
    }

    /// The unit of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::WorkingDay, Self::NaturalDay]
            .into_iter()
            .find(|unit| unit.as_str() == name)
    }
}

/// How a deadline is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineRule {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Whether a last day that is no working day moves to the next one.
    pub roll_forward: bool,
}

/// The last day of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The last day, until 24:00.
    pub on: NaiveDate,
    /// Whether a year without a known notice was involved; recomputed when it is published.
    pub provisional: bool,
}

/// One day of a notice.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialDay {
    pub(super) date: NaiveDate,
    #[serde(rename = "name")]
    pub(super) _name: String,
    pub(super) is_off_day: bool,
}

/// A year's notice.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notice {
    pub(super) year: i32,
    #[serde(rename = "papers")]
    pub(super) _papers: Vec<String>,
    pub(super) days: Vec<SpecialDay>,
}

/// Which days are working days.
#[derive(Debug, Clone)]
pub struct Calendar {
    off: HashMap<NaiveDate, bool>,
    published: BTreeSet<i32>,
}

impl Calendar {
    pub(super) fn new(notices: impl IntoIterator<Item = Notice>) -> Self {
        let mut off = HashMap::new();
        let mut published = BTreeSet::new();
        for notice in notices {
            published.insert(notice.year);
            off.extend(notice.days.iter().map(|day| (day.date, day.is_off_day)));
        }
        Self { off, published }
    }

    /// Whether a day is a working day.
    #[must_use]
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        match self.off.get(&day) {
            Some(off) => !off,
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// The last day of a deadline that starts on `start`.
    #[must_use]
    pub fn due(&self, start: NaiveDate, rule: &DeadlineRule) -> Due {
        self.due_without(start, rule, |_| false)
    }

    /// The same where some days do not count, because the clock stood still.
    #[must_use]
    pub fn due_without(
        &self,
        start: NaiveDate,
        rule: &DeadlineRule,
        idle: impl Fn(NaiveDate) -> bool,
    ) -> Due {
        let works = |day: NaiveDate| !idle(day) && self.is_working_day(day);
        let mut day = match rule.unit {
            Unit::NaturalDay => nth_after(start, rule.amount, |day| !idle(day)),
            Unit::WorkingDay => nth_after(start, rule.amount, works),
        };
        if rule.roll_forward && !self.is_working_day(day) {
            day = nth_after(day, 1, works);
        }
        Due {
            on: day,
            provisional: !self.knows(start, day),
        }
    }

    /// Whether the notices of all years from one day to another are known.
    fn knows(&self, from: NaiveDate, to: NaiveDate) -> bool {
        (from.year()..=to.year()).all(|year| self.published.contains(&year))
    }

    /// The day `count` working days after `day`.
    #[must_use]
    pub fn working_days_after(&self, day: NaiveDate, count: u32) -> NaiveDate {
        nth_after(day, count, |day| self.is_working_day(day))
    }

    /// The working days after one day until another, the last included; below 0 where the other is
    /// the earlier.
    #[must_use]
    pub fn working_days_between(&self, from: NaiveDate, until: NaiveDate) -> i64 {
        let days = from.min(until).iter_days().skip(1);
        let days = days.take_while(|day| *day <= from.max(until));
        let worked = days.filter(|day| self.is_working_day(*day)).count();
        let worked = i64::try_from(worked).unwrap_or(i64::MAX);
        if until < from { -worked } else { worked }
    }
}

/// The last of the next `count` days that count; the day itself where that is none. The end of the
/// calendar is its own next day.
fn nth_after(day: NaiveDate, count: u32, counts: impl Fn(NaiveDate) -> bool) -> NaiveDate {
    let Some(last) = count.checked_sub(1) else {
        return day;
    };
    let mut days = day.iter_days().skip(1).filter(|day| counts(*day));
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    days.nth(last).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use chrono::Days;
    use proptest::prelude::*;

    use super::*;
    use crate::district::Profile;

    /// Read once: the property tests ask hundreds of times.
    static GULOU: LazyLock<Calendar> = LazyLock::new(|| Profile::embedded().unwrap().calendar);

    fn calendar() -> &'static Calendar {
        &GULOU
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn working(amount: u32) -> DeadlineRule {
        DeadlineRule {
            amount,
            unit: Unit::WorkingDay,
            roll_forward: false,
        }
    }

    fn natural(amount: u32, roll_forward: bool) -> DeadlineRule {
        DeadlineRule {
            amount,
            unit: Unit::NaturalDay,
            roll_forward,
        }
    }

    /// The vectors of the published notices.
    #[test]
    fn published_vectors() {
        let calendar = calendar();
        let cases = [
            ("2026-02-12", working(5), "2026-02-26"),
            ("2026-04-29", working(5), "2026-05-09"),
            ("2026-09-18", working(5), "2026-09-24"),
            ("2025-12-30", working(3), "2026-01-05"),
            ("2026-02-02", natural(15, false), "2026-02-17"),
            ("2026-02-02", natural(15, true), "2026-02-24"),
            ("2026-08-06", natural(60, false), "2026-10-05"),
            ("2026-08-06", natural(60, true), "2026-10-08"),
            ("2025-12-19", natural(15, false), "2026-01-03"),
            ("2025-12-19", natural(15, true), "2026-01-04"),
            ("2026-07-24", natural(60, true), "2026-09-22"),
        ];
        for (start, rule, expected) in cases {
            let due = calendar.due(day(start), &rule);
            assert_eq!(due.on, day(expected), "{start} {rule:?}");
            assert!(!due.provisional);
        }
    }

    #[test]
    fn make_up_days_of_2026_are_worked() {
        let calendar = calendar();
        for text in [
            "2026-01-04",
            "2026-02-14",
            "2026-02-28",
            "2026-05-09",
            "2026-09-20",
            "2026-10-10",
        ] {
            assert!(calendar.is_working_day(day(text)), "{text}");
        }
        assert!(!calendar.is_working_day(day("2026-10-01")));
    }

    #[test]
    fn working_days_are_counted_either_way() {
        let between = |from, until| calendar().working_days_between(day(from), day(until));
        assert_eq!(
            between("2026-09-30", "2026-10-10"),
            3,
            "8, 9, and 10 made up"
        );
        assert_eq!(between("2026-10-10", "2026-09-30"), -3);
        assert_eq!(between("2026-10-01", "2026-10-07"), 0, "all off");
        assert_eq!(between("2026-11-24", "2026-11-24"), 0);
    }

    #[test]
    fn without_a_notice_a_deadline_is_provisional() {
        let due = |start: &str, rule| calendar().due(day(start), &rule);
        assert!(due("2026-12-20", natural(60, true)).provisional);
        assert!(
            !due("2026-12-20", natural(11, false)).provisional,
            "December of the last year is known"
        );
        assert!(
            due("2019-08-05", working(5)).provisional,
            "so is nothing before the first"
        );
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let last = NaiveDate::MAX;
        assert_eq!(calendar().due(last, &working(5)).on, last);
        assert_eq!(calendar().due(last, &natural(5, true)).on, last);
    }

    #[test]
    fn a_district_day_ends_at_midnight_in_shanghai() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(date_of(at("2026-11-24T15:59:59Z")), day("2026-11-24"));
        assert_eq!(date_of(at("2026-11-24T16:00:00Z")), day("2026-11-25"));
    }

    proptest! {
        #[test]
        fn later_starts_never_fall_due_earlier(offset in 0u64..1500, amount in 1u32..70, roll: bool, work: bool) {
            let calendar = calendar();
            let unit = if work { Unit::WorkingDay } else { Unit::NaturalDay };
            let rule = DeadlineRule { amount, unit, roll_forward: roll };
            let start = day("2022-01-01") + Days::new(offset);
            let due = calendar.due(start, &rule).on;
            prop_assert!(due > start);
            prop_assert!(calendar.due(start + Days::new(1), &rule).on >= due);
            if roll || work {
                prop_assert!(calendar.is_working_day(due));
            }
        }
    }
}
