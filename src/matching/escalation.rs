//! When many voices become more than many reports (domain §3.3).

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::district::Escalation;

/// One complaint of an entry, as far as counting cares.
#[derive(Debug, Clone)]
pub struct Voice {
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// Blind indexes of its petitioners; empty when anonymous.
    pub persons: Vec<String>,
    /// How many signed it.
    pub person_count: i32,
    /// Whether it is a confirmed repeat of an earlier one.
    pub confirmed_repeat: bool,
}

/// What the voices amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Escalated {
    /// Different persons; the anonymous are never counted as persons.
    pub distinct_reporters: i32,
    /// 群众反映强烈.
    pub strong_concern: bool,
    /// 集体访.
    pub collective_visit: bool,
    /// 0 none, 1 one level up, 2 a leader takes it.
    pub level: i32,
}

/// Counts the voices of an entry.
#[must_use]
pub fn escalate(voices: &[Voice], rules: &Escalation) -> Escalated {
    let persons: HashSet<&str> = voices
        .iter()
        .flat_map(|v| v.persons.iter().map(String::as_str))
        .collect();
    let window = TimeDelta::days(rules.strong_concern_days);
    let strong_concern = voices.iter().any(|last| {
        let recent: HashSet<&str> = voices
            .iter()
            .filter(|v| {
                v.received_at <= last.received_at && last.received_at - v.received_at <= window
            })
            .flat_map(|v| v.persons.iter().map(String::as_str))
            .collect();
        recent.len() >= rules.strong_concern_reporters
    });
    let repeats = voices.iter().filter(|v| v.confirmed_repeat).count() as i64;
    let chain = if repeats > 0 { repeats + 1 } else { 0 };
    Escalated {
        distinct_reporters: i32::try_from(persons.len()).unwrap_or(i32::MAX),
        strong_concern,
        collective_visit: voices
            .iter()
            .any(|v| v.person_count >= rules.collective_visit_persons),
        level: if chain >= rules.chain_leader {
            2
        } else {
            i32::from(chain >= rules.chain_one_level_up)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::Profile;

    fn voice(day: i64, persons: &[&str]) -> Voice {
        Voice {
            received_at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            persons: persons.iter().map(|p| (*p).to_owned()).collect(),
            person_count: i32::try_from(persons.len()).unwrap().max(1),
            confirmed_repeat: false,
        }
    }

    fn count(voices: &[Voice]) -> Escalated {
        escalate(voices, &Profile::embedded().unwrap().rules.escalation)
    }

    #[test]
    fn three_persons_in_thirty_days_are_a_strong_concern() {
        assert!(count(&[voice(0, &["a"]), voice(10, &["b"]), voice(30, &["c"])]).strong_concern);
        assert!(!count(&[voice(0, &["a"]), voice(10, &["b"]), voice(31, &["c"])]).strong_concern);
        assert!(!count(&[voice(0, &["a"]), voice(1, &["a"]), voice(2, &["a"])]).strong_concern);
    }

    #[test]
    fn the_anonymous_are_voices_but_not_persons() {
        let counted = count(&[
            voice(0, &[]),
            voice(1, &[]),
            voice(2, &[]),
            voice(3, &["a"]),
        ]);
        assert_eq!(
            (counted.distinct_reporters, counted.strong_concern),
            (1, false)
        );
    }

    #[test]
    fn five_signers_are_a_collective_visit() {
        assert!(count(&[voice(0, &["a", "b", "c", "d", "e"])]).collective_visit);
        assert!(!count(&[voice(0, &["a", "b", "c", "d"])]).collective_visit);
    }

    #[test]
    fn chains_climb() {
        let repeat = |day| Voice {
            confirmed_repeat: true,
            ..voice(day, &["a"])
        };
        assert_eq!(count(&[voice(0, &["a"])]).level, 0);
        assert_eq!(count(&[voice(0, &["a"]), repeat(1)]).level, 1);
        assert_eq!(count(&[voice(0, &["a"]), repeat(1), repeat(2)]).level, 2);
    }
}
