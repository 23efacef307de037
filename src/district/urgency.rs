//! The order of the brigade's queue (domain §3.4).

use chrono::{DateTime, NaiveDate, Timelike as _, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Category, Profile, shanghai};

/// What the order is made of.
#[derive(Debug, Clone, Copy)]
pub struct RankInput {
    /// Risk points of the category, 0 to 40.
    pub risk: i32,
    /// Different persons on the entry.
    pub distinct_reporters: i32,
    /// Whether it may be a rebound (R6).
    pub rebound: bool,
    /// Whether it comes from 督察 or 批办.
    pub from_above: bool,
    /// Day it was received.
    pub received_on: NaiveDate,
    /// Day it is due.
    pub due_on: NaiveDate,
    /// Today.
    pub today: NaiveDate,
    /// Whether it came in as history, long overdue, and nobody here decided on it since.
    pub history: bool,
}

/// Ranks of urgent items lie below this, those of the others above.
pub const URGENT_BELOW: i32 = 100_000;

/// Ranks of what came in as history begin here. The indexes of the lists say it too.
pub const HISTORY_FROM: i32 = 200_000;

/// The place in the queue: lower comes first. Items due within two working days come before all
/// others whatever their score; within each group the higher score comes first. What came in as
/// history was overdue before anybody here could know of it: it floats nowhere and stands behind
/// all others, by its score. The same number is kept in an indexed column and made anew every
/// night.
#[must_use]
pub fn queue_rank(profile: &Profile, input: &RankInput) -> i32 {
    let rules = &profile.rules.triage;
    let urgent_until = profile
        .calendar
        .working_days_after(input.today, rules.urgent_working_days);
    let group = if input.history {
        HISTORY_FROM
    } else if input.due_on <= urgent_until {
        0
    } else {
        URGENT_BELOW
    };
    let tenths = score(profile, input).total * 10.0;
    group + (10_000.0 - tenths).round() as i32
}

/// The points an item stands by in the queue, and what each is for: the parts add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct TriageScore {
    /// The whole, 0 to 100.
    pub total: f64,
    /// For the risk of its category at its hours.
    pub risk: f64,
    /// For how many different persons complain of the matter.
    pub voices: f64,
    /// For being a rebound, perhaps (R6).
    pub rebound: f64,
    /// For coming from 督察 or 批办.
    pub source: f64,
    /// For the part of its time that has gone.
    pub elapsed: f64,
}

/// The score, each part in tenths of a point.
#[must_use]
pub fn score(profile: &Profile, input: &RankInput) -> TriageScore {
    let rules = &profile.rules.triage;
    let share = |part: f64, whole: f64| {
        if whole > 0.0 {
            (part / whole).clamp(0.0, 1.0)
        } else {
            1.0
        }
    };
    let tenths = |points: f64| (points * 10.0).round() / 10.0;
    let reporters = share(
        f64::from(input.distinct_reporters),
        f64::from(rules.reporters_full),
    );
    let days = |from: NaiveDate, until: NaiveDate| (until - from).num_days() as f64;
    let gone = share(
        days(input.received_on, input.today),
        days(input.received_on, input.due_on),
    );
    let risk = f64::from(input.risk);
    let voices = tenths(rules.weight_reporters * reporters);
    let rebound = tenths(rules.weight_rebound * f64::from(u8::from(input.rebound)));
    let source = tenths(rules.weight_source * f64::from(u8::from(input.from_above)));
    let elapsed = tenths(rules.weight_elapsed * gone);
    TriageScore {
        total: tenths(risk + voices + rebound + source + elapsed),
        risk,
        voices,
        rebound,
        source,
        elapsed,
    }
}

impl Profile {
    /// Risk points of a category for what happened at these hours: some matters are graver by
    /// night (噪声法88条), and only for those who complain of the night.
    #[must_use]
    pub fn risk_of(
        &self,
        category: &Category,
        occurred: Option<(DateTime<Utc>, DateTime<Utc>)>,
    ) -> i32 {
        let by_night = occurred.is_some_and(|(from, until)| self.touches_night(from, until));
        match category.night_risk {
            Some(risk) if by_night => risk,
            _ => category.risk,
        }
    }

    /// Whether a span of time holds an hour of the night.
    fn touches_night(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        let rules = &self.rules.verification;
        let begin = from.with_timezone(&shanghai());
        let first = begin.hour();
        // The minute at which it ends is no longer a part of it.
        let minutes = ((until - from).num_minutes() - 1).clamp(0, 24 * 60);
        let minutes = u32::try_from(minutes).unwrap_or_default() + begin.minute();
        (0..=minutes / 60)
            .map(|step| (first + step) % 24)
            .any(|hour| {
                if rules.night_from <= rules.night_until {
                    (rules.night_from..rules.night_until).contains(&hour)
                } else {
                    hour >= rules.night_from || hour < rules.night_until
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn input() -> RankInput {
        RankInput {
            risk: 10,
            distinct_reporters: 1,
            rebound: false,
            from_above: false,
            received_on: day("2026-11-24"),
            due_on: day("2026-12-09"),
            today: day("2026-11-24"),
            history: false,
        }
    }

    #[test]
    fn each_ground_moves_an_item_forward() {
        let profile = Profile::embedded().unwrap();
        let rank = |input: RankInput| queue_rank(&profile, &input);
        let plain = rank(input());
        for better in [
            RankInput {
                risk: 40,
                ..input()
            },
            RankInput {
                distinct_reporters: 3,
                ..input()
            },
            RankInput {
                rebound: true,
                ..input()
            },
            RankInput {
                from_above: true,
                ..input()
            },
            RankInput {
                today: day("2026-12-01"),
                ..input()
            },
        ] {
            assert!(rank(better) < plain, "{better:?}");
        }
        let many = RankInput {
            distinct_reporters: 5,
            ..input()
        };
        let more = RankInput {
            distinct_reporters: 50,
            ..input()
        };
        assert_eq!(rank(many), rank(more), "five reporters earn all points");
    }

    /// The parts of domain §3.4 add up to the whole, and the whole is what the rank is made of.
    #[test]
    fn a_score_is_the_sum_of_its_parts() {
        let profile = Profile::embedded().unwrap();
        let grave = RankInput {
            risk: 40,
            distinct_reporters: 2,
            from_above: true,
            today: day("2026-11-30"),
            ..input()
        };
        let told = score(&profile, &grave);
        let parts = (
            told.risk,
            told.voices,
            told.rebound,
            told.source,
            told.elapsed,
        );
        assert_eq!(parts, (40.0, 8.0, 0.0, 15.0, 4.0), "6 of 15 days gone");
        assert_eq!(told.total, 67.0);
        assert_eq!(queue_rank(&profile, &grave), URGENT_BELOW + 10_000 - 670);
        let overdue = RankInput {
            today: day("2026-12-24"),
            ..input()
        };
        assert_eq!(score(&profile, &overdue).elapsed, 10.0, "no more than all");
    }

    #[test]
    fn what_is_due_in_two_working_days_comes_first() {
        let profile = Profile::embedded().unwrap();
        let dull = RankInput {
            risk: 0,
            distinct_reporters: 0,
            due_on: day("2026-11-26"),
            ..input()
        };
        let grave = RankInput {
            risk: 40,
            rebound: true,
            from_above: true,
            distinct_reporters: 9,
            ..input()
        };
        assert!(queue_rank(&profile, &dull) < queue_rank(&profile, &grave));
        let three_days = RankInput {
            due_on: day("2026-11-27"),
            ..dull
        };
        assert!(queue_rank(&profile, &three_days) > queue_rank(&profile, &grave));
    }

    /// What was overdue when it came in as history drowns nothing of the day, however grave.
    #[test]
    fn history_stands_behind_the_day_by_its_score() {
        let profile = Profile::embedded().unwrap();
        let rank = |risk: i32, history: bool| {
            let due_on = day("2020-09-10");
            let input = RankInput {
                risk,
                due_on,
                history,
                ..input()
            };
            queue_rank(&profile, &input)
        };
        let dull = RankInput {
            risk: 0,
            distinct_reporters: 0,
            ..input()
        };
        assert!(rank(40, true) > queue_rank(&profile, &dull));
        assert!(rank(40, true) < rank(10, true), "the graver first");
        assert!(rank(40, true) >= HISTORY_FROM);
        assert!(
            rank(0, false) < URGENT_BELOW,
            "what is overdue is urgent else"
        );
    }

    #[test]
    fn a_building_site_is_graver_by_night() {
        let profile = Profile::embedded().unwrap();
        let site = profile.category("noise.construction").unwrap();
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let risk = |from: &str, until: &str| profile.risk_of(site, Some((at(from), at(until))));
        let day = risk("2026-11-24T09:00:00+08:00", "2026-11-24T11:00:00+08:00");
        assert_eq!(
            risk("2026-11-24T23:00:00+08:00", "2026-11-24T23:30:00+08:00"),
            20
        );
        assert_eq!(
            risk("2026-11-24T20:00:00+08:00", "2026-11-24T22:10:00+08:00"),
            20
        );
        assert_eq!(
            risk("2026-11-24T05:10:00+08:00", "2026-11-24T05:20:00+08:00"),
            20
        );
        assert_eq!(
            risk("2026-11-24T06:00:00+08:00", "2026-11-24T06:30:00+08:00"),
            day
        );
        assert_eq!(
            risk("2026-11-24T19:00:00+08:00", "2026-11-24T22:00:00+08:00"),
            day
        );
        assert_eq!((profile.risk_of(site, None), day), (10, 10));
    }
}
