//! What a row tells of its way before it came here: how far it had come, and on which days.

use chrono::{DateTime, Utc};

use super::{
    dates::{When, instant},
    mapping::Plan,
    row::Row,
};
use crate::complaint::otherwise::Grain;
use crate::district::calendar::date_of;
use crate::platform::db::Id;
use crate::triage::past::{Past, Standing};

/// Letters of an answer at most, as by the other door.
const ANSWER_LETTERS: usize = 4000;

/// Letters of a reason at most, as by the other door.
const REASON_LETTERS: usize = 1000;

/// What a row tells of the past.
#[derive(Debug)]
pub(super) struct Before {
    /// Its steps.
    pub(super) past: Past,
    /// Whether it stands behind the work of the day: it has ended, or was received before the bound.
    pub(super) history: bool,
}

/// Reads the past of a row that was received then.
///
/// # Errors
/// Words for the line: a day that is none, is still to come or comes before the one it follows, or a
/// state that does not go with the days.
pub(super) fn of(
    plan: &Plan,
    row: &Row,
    received: (DateTime<Utc>, Grain),
    by: Option<Id>,
    now: DateTime<Utc>,
) -> Result<Before, String> {
    let mut days = Days {
        last: ("received", received.0, received.1),
        when: When {
            now,
            offset: plan.offset,
        },
    };
    let decided_at = days.next("accepted", row.accepted_on.as_deref())?;
    let answered_at = days.next("answered", row.answered_on.as_deref())?;
    let closed_at = days.next("closed", row.closed_on.as_deref())?;
    let told = [
        (Standing::Closed, closed_at),
        (Standing::Answered, answered_at),
        (Standing::Accepted, decided_at),
    ];
    let reached = told.iter().find(|(_, at)| at.is_some());
    let reached = reached.map_or(Standing::Open, |(standing, _)| *standing);
    let said = row.state.as_deref().map(|word| plan.standing(word));
    let said = said.transpose()?;
    if let Some(said) = said {
        agree(said, reached)?;
    }
    let standing = said.unwrap_or(reached);
    let has_end = standing.has_ended();
    let is_before = date_of(received.0) < plan.open_since;
    // What was answered ends by itself.
    let is_going_on = matches!(standing, Standing::Open | Standing::Accepted);
    let is_of_unknown_end = is_before && is_going_on && said.is_none();
    let standing = if is_of_unknown_end && plan.close_older {
        Standing::Closed
    } else {
        standing
    };
    let decided_at = match standing {
        Standing::Refused | Standing::Transferred => decided_at.or(answered_at).or(closed_at),
        _ => decided_at,
    };
    Ok(Before {
        past: Past {
            standing,
            decided_at,
            answered_at,
            closed_at,
            procedure: plan
                .word("procedure", row.procedure.as_deref(), &plan.procedure)
                .to_owned(),
            unit: unit(plan, row),
            answer: words("answer", row.answer.as_deref(), ANSWER_LETTERS)?,
            reason: words("reason", row.reason.as_deref(), REASON_LETTERS)?,
            taken_in_by: by,
        },
        history: has_end || is_before,
    })
}

/// The unit a row went to.
fn unit(plan: &Plan, row: &Row) -> Option<String> {
    let usual = plan.unit.as_deref().unwrap_or_default();
    let unit = plan.word("unit", row.unit.as_deref(), usual);
    (!unit.is_empty()).then(|| unit.to_owned())
}

/// Words of a row, whole or not at all.
fn words(what: &str, text: Option<&str>, most: usize) -> Result<Option<String>, String> {
    if text.is_some_and(|text| text.chars().count() > most) {
        return Err(format!("its {what} has more than {most} letters"));
    }
    Ok(text.map(str::to_owned))
}

/// Whether a state goes with how far the days reach. A refusal or a transfer may be told by any day.
fn agree(said: Standing, reached: Standing) -> Result<(), String> {
    let most: &[Standing] = match said {
        Standing::Open => &[Standing::Open],
        Standing::Accepted => &[Standing::Open, Standing::Accepted],
        Standing::Answered => &[Standing::Open, Standing::Accepted, Standing::Answered],
        Standing::Closed | Standing::Refused | Standing::Transferred => Standing::ALL,
    };
    if most.contains(&reached) {
        return Ok(());
    }
    let (said, reached) = (said.as_str(), reached.as_str());
    Err(format!(
        "its state is {said} and it has a day on which it was {reached}"
    ))
}

/// The days of a row, each not before the last.
struct Days {
    last: (&'static str, DateTime<Utc>, Grain),
    when: When,
}

impl Days {
    fn next(
        &mut self,
        what: &'static str,
        cell: Option<&str>,
    ) -> Result<Option<DateTime<Utc>>, String> {
        let Some(cell) = cell else { return Ok(None) };
        let read = instant(cell, &self.when);
        let (at, grain) = read.map_err(|why| format!("the day it was {what}: {why}"))?;
        if at > self.when.now {
            return Err(format!("it was {what} on a day that has not come yet"));
        }
        let (before, last, last_grain) = self.last;
        // A day alone stands for its noon, and may be that of an hour told before or after.
        let is_one_day =
            date_of(at) == date_of(last) && (grain == Grain::Day || last_grain == Grain::Day);
        if at < last && !is_one_day {
            return Err(format!("it was {what} before it was {before}"));
        }
        let at = at.max(last);
        self.last = (what, at, grain);
        Ok(Some(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(said: Standing) -> Vec<&'static str> {
        let all = Standing::ALL.iter();
        let agreed = all.filter(|reached| agree(said, **reached).is_ok());
        agreed.map(|reached| reached.as_str()).collect()
    }

    #[test]
    fn a_state_goes_with_the_days_up_to_it() {
        assert_eq!(agreed(Standing::Open), ["open"]);
        assert_eq!(agreed(Standing::Accepted), ["open", "accepted"]);
        assert_eq!(agreed(Standing::Answered), ["open", "accepted", "answered"]);
        assert_eq!(agreed(Standing::Closed).len(), Standing::ALL.len());
        assert_eq!(agreed(Standing::Refused).len(), Standing::ALL.len());
    }

    fn days(received: &str, grain: Grain) -> Days {
        let now = "2026-11-30T01:00:00Z".parse().unwrap();
        Days {
            last: ("received", received.parse().unwrap(), grain),
            when: When::of(now),
        }
    }

    /// Days follow each other; a day alone is not before an hour of its own.
    #[test]
    fn days_follow_each_other() {
        let mut told = days("2020-09-03T07:00:00Z", Grain::Second);
        let accepted = told.next("accepted", Some("2020-09-03")).unwrap();
        assert_eq!(accepted, "2020-09-03T07:00:00Z".parse().ok(), "not at noon");
        assert_eq!(told.next("answered", None), Ok(None));
        let closed = told.next("closed", Some("2020-09-01")).unwrap_err();
        assert_eq!(closed, "it was closed before it was accepted");
        let mut told = days("2020-09-03T04:00:00Z", Grain::Day);
        let answered = told.next("answered", Some("2020-09-03 09:00")).unwrap();
        assert_eq!(answered, "2020-09-03T04:00:00Z".parse().ok());
        let mut told = days("2020-09-03T04:00:00Z", Grain::Second);
        let early = told.next("answered", Some("2020-09-03 11:59")).unwrap_err();
        assert_eq!(early, "it was answered before it was received");
        let ahead = told.next("closed", Some("2026-12-01")).unwrap_err();
        assert_eq!(ahead, "it was closed on a day that has not come yet");
        let none = told.next("closed", Some("办结")).unwrap_err();
        assert!(none.starts_with("the day it was closed: "), "{none}");
    }
}
