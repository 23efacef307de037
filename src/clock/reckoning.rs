//! The engine: when a clock ends, whether it was met on time, when a right has lapsed. Pure.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::kinds::Outcome;
use crate::district::{Calendar, DeadlineRule, Due, Unit, shanghai};

/// Days on which a clock stands still (中止): from the first until the day it runs again, which
/// counts. Without that day it stands still to this day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension {
    /// The first day that does not count.
    pub from: NaiveDate,
    /// The first day that counts again.
    pub until: Option<NaiveDate>,
}

impl Suspension {
    /// Whether a day does not count. What nobody has ended takes no day away yet: how many, its end
    /// will say.
    fn holds(&self, day: NaiveDate) -> bool {
        self.until
            .is_some_and(|until| (self.from..until).contains(&day))
    }
}

/// By how much a clock was extended (延期).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longer {
    /// So many more of what it counts (信访工作条例34条: 延长不超过 30 日). The last day is found anew
    /// from the start, so that a day off at the first end is not given twice.
    By(u32),
    /// To a day that was named, which no calendar moves.
    Until(NaiveDate),
}

/// An extension: the day it was granted and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// The day it was granted.
    pub on: NaiveDate,
    /// By how much.
    pub longer: Longer,
}

/// The last day of a clock: so many days of its kind after its start, as many more as it was
/// extended by, and none of those on which it stood still.
#[must_use]
pub fn due(
    calendar: &Calendar,
    started_on: NaiveDate,
    rule: &DeadlineRule,
    suspensions: &[Suspension],
    extensions: &[Extension],
) -> Due {
    let (mut start, mut rule) = (started_on, rule.clone());
    for extension in extensions {
        match extension.longer {
            Longer::By(more) => rule.amount = rule.amount.saturating_add(more),
            Longer::Until(day) => {
                let days = (day - extension.on).num_days().max(0);
                start = extension.on;
                rule = DeadlineRule {
                    amount: u32::try_from(days).unwrap_or(u32::MAX),
                    unit: Unit::NaturalDay,
                    roll_forward: false,
                };
            }
        }
    }
    let idle = |day| suspensions.iter().any(|s| s.holds(day));
    calendar.due_without(start, &rule, idle)
}

/// Whether what is done on a day is in time. A clock that stands still stopped on the day it was
/// suspended.
#[must_use]
pub fn outcome(due_on: NaiveDate, suspended_on: Option<NaiveDate>, on: NaiveDate) -> Outcome {
    if suspended_on.map_or(on, |since| since.min(on)) <= due_on {
        Outcome::OnTime
    } else {
        Outcome::Late
    }
}

/// When something that nobody did has fallen away: now, or for a right at the end of its last day if
/// that is over.
#[must_use]
pub fn lapsed_at(last_day: Option<NaiveDate>, now: DateTime<Utc>) -> DateTime<Utc> {
    let end = last_day.and_then(|day| {
        let midnight = (day + Days::new(1)).and_time(NaiveTime::MIN);
        midnight.and_local_timezone(shanghai()).single()
    });
    end.map_or(now, |end| end.to_utc().min(now))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::district::Profile;

    fn calendar() -> &'static Calendar {
        static GULOU: std::sync::LazyLock<Calendar> =
            std::sync::LazyLock::new(|| Profile::embedded().unwrap().calendar);
        &GULOU
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn rule(amount: u32, unit: Unit, roll_forward: bool) -> DeadlineRule {
        DeadlineRule {
            amount,
            unit,
            roll_forward,
        }
    }

    fn paused(from: &str, until: &str) -> Suspension {
        Suspension {
            from: day(from),
            until: Some(day(until)),
        }
    }

    fn longer(on: &str, longer: Longer) -> Extension {
        Extension {
            on: day(on),
            longer,
        }
    }

    /// The last day with these suspensions and extensions.
    fn last(
        start: &str,
        rule: &DeadlineRule,
        suspensions: &[Suspension],
        extensions: &[Extension],
    ) -> String {
        let due = due(calendar(), day(start), rule, suspensions, extensions);
        due.on.to_string()
    }

    /// By hand, with the notices of 2026: 09-25 to 09-27 and 10-01 to 10-07 are off, 09-20 and 10-10
    /// are worked.
    #[test]
    fn a_suspension_over_holidays_takes_only_days_that_count() {
        let five = rule(5, Unit::WorkingDay, true);
        assert_eq!(last("2026-09-22", &five, &[], &[]), "2026-09-30");
        // Suspended 09-28 to 10-08: three working days stand still (28, 29, 30), eight days do not.
        let over = paused("2026-09-28", "2026-10-08");
        assert_eq!(last("2026-09-22", &five, &[over], &[]), "2026-10-10");
        // Within days off it takes nothing.
        let off = paused("2026-10-01", "2026-10-08");
        assert_eq!(last("2026-09-22", &five, &[off], &[]), "2026-09-30");
        // Calendar days all count, and so all stand still.
        let ten = rule(10, Unit::NaturalDay, false);
        assert_eq!(last("2026-09-22", &ten, &[], &[]), "2026-10-02");
        assert_eq!(last("2026-09-22", &ten, &[over], &[]), "2026-10-12");
        let twice = [over, paused("2026-10-09", "2026-10-11")];
        assert_eq!(last("2026-09-22", &ten, &twice, &[]), "2026-10-14");
    }

    #[test]
    fn a_suspension_ended_on_its_own_day_takes_nothing() {
        let ten = rule(10, Unit::NaturalDay, true);
        let none = paused("2026-11-25", "2026-11-25");
        assert_eq!(last("2026-11-24", &ten, &[none], &[]), "2026-12-04");
        let open = Suspension {
            from: day("2026-11-25"),
            until: None,
        };
        assert_eq!(last("2026-11-24", &ten, &[open], &[]), "2026-12-04");
    }

    /// Two suspensions that overlap take each day once.
    #[test]
    fn no_day_stands_still_twice() {
        let ten = rule(10, Unit::NaturalDay, false);
        let overlapping = [
            paused("2026-11-25", "2026-11-28"),
            paused("2026-11-27", "2026-11-29"),
        ];
        assert_eq!(last("2026-11-24", &ten, &overlapping, &[]), "2026-12-08");
    }

    /// A last day off work moves to a day that is worked and on which the clock runs.
    #[test]
    fn it_rolls_forward_past_days_that_stand_still() {
        let fifteen = rule(15, Unit::NaturalDay, true);
        assert_eq!(last("2026-02-02", &fifteen, &[], &[]), "2026-02-24");
        let after = paused("2026-02-24", "2026-02-26");
        assert_eq!(last("2026-02-02", &fifteen, &[after], &[]), "2026-02-26");
        let plain = rule(15, Unit::NaturalDay, false);
        assert_eq!(last("2026-02-02", &plain, &[after], &[]), "2026-02-17");
    }

    /// 60 and 30 days are 90 from the start: a first end that rolled off the holidays gives nothing
    /// on top.
    #[test]
    fn an_extension_counts_from_the_start() {
        let sixty = rule(60, Unit::NaturalDay, true);
        assert_eq!(last("2026-08-06", &sixty, &[], &[]), "2026-10-08");
        let thirty = longer("2026-09-30", Longer::By(30));
        assert_eq!(last("2026-08-06", &sixty, &[], &[thirty]), "2026-11-04");
        let again = longer("2026-11-01", Longer::By(10));
        assert_eq!(
            last("2026-08-06", &sixty, &[], &[thirty, again]),
            "2026-11-16"
        );
        let suspended = paused("2026-08-10", "2026-08-15");
        assert_eq!(
            last("2026-08-06", &sixty, &[suspended], &[thirty]),
            "2026-11-09"
        );
    }

    /// A named day is that day, off work or not; what stood still before it was named is in it.
    #[test]
    fn an_extension_to_a_named_day_ends_on_it() {
        let sixty = rule(60, Unit::NaturalDay, true);
        let named = longer("2026-09-30", Longer::Until(day("2026-12-05")));
        assert_eq!(last("2026-08-06", &sixty, &[], &[named]), "2026-12-05");
        let before = paused("2026-08-10", "2026-08-15");
        assert_eq!(
            last("2026-08-06", &sixty, &[before], &[named]),
            "2026-12-05"
        );
        let after = paused("2026-10-12", "2026-10-15");
        assert_eq!(last("2026-08-06", &sixty, &[after], &[named]), "2026-12-08");
    }

    #[test]
    fn an_end_in_a_year_without_a_notice_is_provisional() {
        let sixty = rule(60, Unit::NaturalDay, true);
        let ends = |suspensions: &[Suspension], extensions: &[Extension]| {
            due(
                calendar(),
                day("2026-10-20"),
                &sixty,
                suspensions,
                extensions,
            )
        };
        assert!(!ends(&[], &[]).provisional);
        assert!(ends(&[paused("2026-10-26", "2026-11-20")], &[]).provisional);
        assert!(ends(&[], &[longer("2026-11-02", Longer::By(30))]).provisional);
    }

    #[test]
    fn on_time_is_until_the_end_of_the_last_day() {
        let due_on = day("2026-12-09");
        let met = |on: &str| outcome(due_on, None, day(on));
        assert_eq!(met("2026-12-09"), Outcome::OnTime);
        assert_eq!(met("2026-12-10"), Outcome::Late);
        let suspended = |since: &str| outcome(due_on, Some(day(since)), day("2026-12-20"));
        assert_eq!(suspended("2026-12-09"), Outcome::OnTime);
        assert_eq!(
            suspended("2026-12-10"),
            Outcome::Late,
            "it was overdue before"
        );
    }

    #[test]
    fn a_right_lapses_at_the_end_of_its_last_day() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let last_day = Some(day("2026-11-25"));
        let end = at("2026-11-25T16:00:00Z");
        assert_eq!(lapsed_at(last_day, at("2026-11-27T02:00:00Z")), end);
        let before = at("2026-11-25T02:00:00Z");
        assert_eq!(lapsed_at(last_day, before), before, "given up before");
        assert_eq!(lapsed_at(None, end), end);
    }

    proptest! {
        /// Standing still never brings the end forward, and the end is always a day that counts.
        #[test]
        fn standing_still_never_hurries(
            offset in 0u64..1200, amount in 1u32..70, roll: bool, work: bool,
            from in 0u64..90, length in 0u64..40,
        ) {
            let start = day("2022-01-01") + Days::new(offset);
            let unit = if work { Unit::WorkingDay } else { Unit::NaturalDay };
            let rule = rule(amount, unit, roll);
            let pause = Suspension {
                from: start + Days::new(from),
                until: Some(start + Days::new(from + length)),
            };
            let plain = due(calendar(), start, &rule, &[], &[]).on;
            let with = due(calendar(), start, &rule, &[pause], &[]).on;
            prop_assert!(with >= plain);
            prop_assert!(!pause.holds(with));
            if roll || work {
                prop_assert!(calendar().is_working_day(with));
            }
        }
    }
}
