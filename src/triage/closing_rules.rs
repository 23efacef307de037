//! When an answered complaint ends by itself: when it can be rated no more and taken to review no more.

use chrono::NaiveDate;

use crate::district::{DeadlineRule, Procedure, Profile, Unit};

/// Where a 复查 or a 复核 stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reviewed {
    /// Nobody asked for one.
    #[default]
    Never,
    /// One was asked for and is not decided yet.
    Asked,
    /// 复查 was decided on this day, and 复核 may be asked for.
    Once(NaiveDate),
    /// 复核 was decided: nothing follows (三级终结).
    Finally,
}

/// An answered complaint.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The day of the answer.
    pub on: NaiveDate,
    /// Whether the answer was rated.
    pub rated: bool,
    /// Whether its reporter asks for reopening, which somebody has to decide.
    pub wants_reopening: bool,
    /// Its procedure, where the profile still knows it.
    pub procedure: Option<&'a Procedure>,
    /// Where its review stands.
    pub reviewed: Reviewed,
}

/// The last day on which something may still be done about the answer; `None` while somebody has to decide
/// what was asked.
#[must_use]
pub fn open_until(profile: &Profile, answered: &Answered<'_>) -> Option<NaiveDate> {
    if answered.wants_reopening {
        return None;
    }
    let rating = u32::try_from(profile.rules.rating.open_days).unwrap_or(0);
    let rating = if answered.rated { 0 } else { rating };
    let review = answered
        .procedure
        .map_or(0, |procedure| procedure.review_days);
    let last = |from: NaiveDate, days: u32, roll_forward: bool| {
        let rule = DeadlineRule {
            amount: days,
            unit: Unit::NaturalDay,
            roll_forward,
        };
        if days == 0 {
            from
        } else {
            profile.calendar.due(from, &rule).on
        }
    };
    let rated_until = last(answered.on, rating, false);
    let reviewed_until = match answered.reviewed {
        Reviewed::Asked => return None,
        Reviewed::Never => last(answered.on, review, true),
        Reviewed::Once(on) => last(on, review, true),
        Reviewed::Finally => answered.on,
    };
    Some(rated_until.max(reviewed_until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn until(procedure: &str, change: impl Fn(&mut Answered<'_>)) -> Option<NaiveDate> {
        let profile = Profile::embedded().unwrap();
        let mut answered = Answered {
            on: day("2026-03-02"),
            rated: false,
            wants_reopening: false,
            procedure: profile.procedure(procedure),
            reviewed: Reviewed::Never,
        };
        change(&mut answered);
        open_until(&profile, &answered)
    }

    #[test]
    fn it_stays_open_for_the_rating_and_the_review() {
        // 复议 60 日, 复查 30 日; where there is no review the rating alone.
        assert_eq!(
            until("enforcement_request", |_| {}),
            Some(day("2026-05-06"))
        );
        assert_eq!(until("ordinary_petition", |_| {}), Some(day("2026-04-01")));
        assert_eq!(until("consultation", |_| {}), Some(day("2026-03-16")));
        assert_eq!(
            until("consultation", |a| a.rated = true),
            Some(day("2026-03-02"))
        );
        assert_eq!(
            until("gone", |a| a.procedure = None),
            Some(day("2026-03-16"))
        );
    }

    #[test]
    fn what_was_asked_is_waited_for() {
        assert_eq!(until("consultation", |a| a.wants_reopening = true), None);
        assert_eq!(
            until("ordinary_petition", |a| a.reviewed = Reviewed::Asked),
            None
        );
        let once = |a: &mut Answered<'_>| a.reviewed = Reviewed::Once(day("2026-04-10"));
        assert_eq!(until("ordinary_petition", once), Some(day("2026-05-11")));
        let finally = |a: &mut Answered<'_>| {
            a.reviewed = Reviewed::Finally;
            a.rated = true;
        };
        assert_eq!(until("ordinary_petition", finally), Some(day("2026-03-02")));
    }
}
