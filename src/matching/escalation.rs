//! When many voices become more than many reports (domain §3.3).

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::people::{Petitioner, tell_apart};
use crate::district::Escalation;

/// One complaint of an entry, as far as counting cares.
#[derive(Debug, Clone)]
pub struct Voice {
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// Those who petition in it; none when nobody signed.
    pub petitioners: Vec<Petitioner>,
    /// How many signed it.
    pub person_count: i32,
    /// Whether it is confirmed that its person was here before with the matter, with new facts or
    /// without: either makes their chain longer.
    pub comes_again: bool,
    /// Whether nobody has confirmed yet that it belongs here: it is a voice, and nothing with legal
    /// effect follows from it.
    pub provisional: bool,
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

/// Counts the voices of an entry, in time that grows with their number and no faster: an entry may
/// hold a whole quarter's complaints.
#[must_use]
pub fn escalate(voices: &[Voice], rules: &Escalation) -> Escalated {
    let (spoken, distinct) = spoken(voices);
    let chain = longest_chain(&spoken);
    let settled = spoken.iter().filter(|s| !s.provisional);
    let settled = settled.map(|s| (s.at, s.person)).collect();
    Escalated {
        distinct_reporters: i32::try_from(distinct).unwrap_or(i32::MAX),
        strong_concern: most_within(settled, TimeDelta::days(rules.strong_concern_days))
            >= rules.strong_concern_reporters,
        collective_visit: voices
            .iter()
            .any(|v| !v.provisional && v.person_count >= rules.collective_visit_persons),
        level: if chain >= rules.chain_leader {
            2
        } else {
            i32::from(chain >= rules.chain_one_level_up)
        },
    }
}

/// Complaints in the longest chain of one person: their first, and every repeat of it. Two persons
/// who each repeat once are two short chains and no long one.
fn longest_chain(spoken: &[Spoken]) -> i64 {
    let mut repeats: HashMap<usize, i64> = HashMap::new();
    for voice in spoken.iter().filter(|voice| voice.repeat) {
        *repeats.entry(voice.person).or_default() += 1;
    }
    repeats.values().max().map_or(0, |most| most + 1)
}

/// When a person raised their voice, and how it counts.
#[derive(Debug, Clone, Copy)]
struct Spoken {
    at: DateTime<Utc>,
    person: usize,
    repeat: bool,
    provisional: bool,
}

/// Who spoke when, and how many persons they are. Who is known by a name alone repeats nobody.
fn spoken(voices: &[Voice]) -> (Vec<Spoken>, usize) {
    let petitions: Vec<Vec<Petitioner>> = voices.iter().map(|v| v.petitioners.clone()).collect();
    let persons = tell_apart(&petitions);
    let mut spoken: Vec<Spoken> = Vec::new();
    for (voice, persons) in voices.iter().zip(persons.of) {
        let each = voice.petitioners.iter().zip(persons);
        spoken.extend(each.map(|(petitioner, person)| Spoken {
            at: voice.received_at,
            person,
            repeat: voice.comes_again && petitioner.is_numbered(),
            provisional: voice.provisional,
        }));
    }
    (spoken, persons.count)
}

/// The most persons who spoke within any stretch of so long a time.
fn most_within(mut spoken: Vec<(DateTime<Utc>, usize)>, window: TimeDelta) -> usize {
    spoken.sort_unstable();
    let mut recent: VecDeque<(DateTime<Utc>, usize)> = VecDeque::new();
    let mut voices: HashMap<usize, usize> = HashMap::new();
    let mut most = 0;
    for (at, person) in spoken {
        recent.push_back((at, person));
        *voices.entry(person).or_default() += 1;
        while let Some((_, gone)) = recent.pop_front_if(|(first, _)| at - *first > window) {
            if let Some(left) = voices.get_mut(&gone) {
                *left -= 1;
                if *left == 0 {
                    voices.remove(&gone);
                }
            }
        }
        most = most.max(voices.len());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::Profile;

    fn numbered(keys: &[&str]) -> Petitioner {
        Petitioner {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            name: None,
        }
    }

    fn voice(day: i64, persons: &[&str]) -> Voice {
        Voice {
            received_at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            petitioners: persons.iter().map(|p| numbered(&[p])).collect(),
            person_count: i32::try_from(persons.len()).unwrap().max(1),
            comes_again: false,
            provisional: false,
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
    fn one_person_known_by_phone_and_by_identity_number_is_one() {
        let known_by = |day, keys: &[&str]| Voice {
            petitioners: vec![numbered(keys)],
            ..voice(day, &[])
        };
        let same = [
            known_by(0, &["phone"]),
            known_by(1, &["id"]),
            known_by(2, &["phone", "id"]),
        ];
        let counted = count(&same);
        assert_eq!(
            (counted.distinct_reporters, counted.strong_concern),
            (1, false)
        );
        assert_eq!(count(&same[..2]).distinct_reporters, 2);
    }

    #[test]
    fn who_signed_without_a_number_is_a_person_and_no_chain() {
        let signed = |day, name: &str| Voice {
            petitioners: vec![Petitioner {
                keys: Vec::new(),
                name: Some(name.to_owned()),
            }],
            comes_again: true,
            ..voice(day, &[])
        };
        let counted = count(&[
            signed(0, "a"),
            signed(1, "b"),
            signed(2, "c"),
            signed(3, "c"),
        ]);
        assert_eq!(
            (
                counted.distinct_reporters,
                counted.strong_concern,
                counted.level
            ),
            (3, true, 0)
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
            comes_again: true,
            ..voice(day, &["a"])
        };
        assert_eq!(count(&[voice(0, &["a"])]).level, 0);
        assert_eq!(count(&[voice(0, &["a"]), repeat(1)]).level, 1);
        assert_eq!(count(&[voice(0, &["a"]), repeat(1), repeat(2)]).level, 2);
    }

    #[test]
    fn a_chain_is_one_persons() {
        let again = |day, person| Voice {
            comes_again: true,
            ..voice(day, &[person])
        };
        let two = [
            voice(0, &["a"]),
            again(1, "a"),
            voice(2, &["b"]),
            again(3, "b"),
        ];
        assert_eq!(count(&two).level, 1, "two chains of two");
        let known_twice = Voice {
            petitioners: vec![numbered(&["a", "id"])],
            ..again(4, "a")
        };
        let by_id = [voice(0, &["a"]), known_twice, again(5, "id")];
        assert_eq!(
            count(&by_id).level,
            2,
            "phone and identity number are one person"
        );
    }

    #[test]
    fn what_nobody_confirmed_has_no_effect() {
        let unsure = |day, persons: &[&str]| Voice {
            provisional: true,
            ..voice(day, persons)
        };
        let counted = count(&[voice(0, &["a"]), unsure(1, &["b"]), unsure(2, &["c"])]);
        assert_eq!(
            (counted.distinct_reporters, counted.strong_concern),
            (3, false)
        );
        assert!(!count(&[unsure(0, &["a", "b", "c", "d", "e"])]).collective_visit);
    }
}
