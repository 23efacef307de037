//! One text from many hands: the copies among reports of one matter, counted as voices. Who copies
//! a neighbour's words is a person of their own and no repeat of the neighbour.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    Report,
    people::{Petitioner, tell_apart},
};

/// Fewer copies than this are a couple of neighbours.
const COPIES_MIN: usize = 3;

/// Reports that share a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The first of them, by its place among the reports.
    pub first: usize,
    /// How many there are.
    pub copies: usize,
    /// Different persons who sent them or signed with the sender.
    pub persons: usize,
    /// Copies that nobody put a name to.
    pub anonymous: usize,
    /// When the first came.
    pub first_at: DateTime<Utc>,
    /// When the last came.
    pub last_at: DateTime<Utc>,
}

/// A report, and those who petition in it: none when nobody signed.
pub type Signed = (Report, Vec<Petitioner>);

/// The campaigns among reports in the order of their arrival, the largest first. One person's
/// copies of their own text are none.
#[must_use]
pub fn campaigns(reports: &[Signed]) -> Vec<Campaign> {
    let mut found: Vec<Campaign> = copies(reports)
        .into_iter()
        .filter_map(|copies| campaign(reports, &copies))
        .collect();
    found.sort_by_key(|campaign| (std::cmp::Reverse(campaign.copies), campaign.first));
    found
}

/// Reports by text. A report has the text of the one with which it shares most keys, at least half
/// of its own; those too short for keys have no text of their own.
fn copies(reports: &[Signed]) -> Vec<Vec<usize>> {
    let mut texts: Vec<Vec<usize>> = Vec::new();
    let mut text_of: HashMap<u64, usize> = HashMap::new();
    for (at, (report, _)) in reports.iter().enumerate() {
        let keys = &report.text_keys;
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for text in keys.iter().filter_map(|key| text_of.get(key)) {
            *shared.entry(*text).or_default() += 1;
        }
        // Of equally many the earliest, so that the order of a map decides nothing.
        let nearest = shared
            .into_iter()
            .max_by_key(|(text, n)| (*n, std::cmp::Reverse(*text)));
        let known = nearest.filter(|(_, n)| 2 * n >= keys.len());
        match known.and_then(|(text, _)| texts.get_mut(text)) {
            Some(copies) => copies.push(at),
            None if keys.is_empty() => {}
            None => {
                for key in keys {
                    text_of.entry(*key).or_insert(texts.len());
                }
                texts.push(vec![at]);
            }
        }
    }
    texts
}

fn campaign(reports: &[Signed], copies: &[usize]) -> Option<Campaign> {
    let members: Vec<&Signed> = copies.iter().filter_map(|at| reports.get(*at)).collect();
    let petitions: Vec<Vec<Petitioner>> = members.iter().map(|(_, by)| by.clone()).collect();
    let persons = tell_apart(&petitions).count;
    let anonymous = petitions.iter().filter(|by| by.is_empty()).count();
    let times = || members.iter().map(|(report, _)| report.received_at);
    let campaign = Campaign {
        first: *copies.first()?,
        copies: members.len(),
        persons,
        anonymous,
        first_at: times().min()?,
        last_at: times().max()?,
    };
    (campaign.copies >= COPIES_MIN && persons + anonymous > 1).then_some(campaign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::facts::Known;

    const RIVER: &str =
        "我们是琴亭河沿岸居民，河水发黑发臭已经三年，强烈要求立即截污清淤，还我们清澈的河水。";

    fn reports(of: &[(&str, &str)]) -> Vec<Signed> {
        let report = |(n, (person, text)): (usize, &(&str, &str))| {
            let by = person.split_terminator('+').map(|key| Petitioner {
                keys: vec![key.to_owned()],
                name: None,
            });
            let report = Known {
                description: text,
                received_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(n as i64),
                ..Known::default()
            }
            .report();
            (report, by.collect())
        };
        of.iter().enumerate().map(report).collect()
    }

    #[test]
    fn copies_are_voices_and_not_one_person() {
        let changed = format!("{RIVER}请领导重视！");
        let all = reports(&[
            ("", "河水很臭"),
            ("a+b", RIVER),
            (
                "c",
                "两岸垃圾成堆，夜里有人往河里偷倒渣土，希望有人来看一看到底是谁干的。",
            ),
            ("b", &changed),
            ("", RIVER),
            ("", RIVER),
        ]);
        let found = campaigns(&all);
        let counted: Vec<_> = found
            .iter()
            .map(|c| (c.first, c.copies, c.persons, c.anonymous))
            .collect();
        assert_eq!(counted, [(1, 4, 2, 2)]);
        assert_eq!((found[0].last_at - found[0].first_at).num_hours(), 4);
    }

    #[test]
    fn what_one_person_sends_again_is_no_campaign() {
        assert!(campaigns(&reports(&[("a", RIVER); 5])).is_empty());
        assert!(campaigns(&reports(&[("a", RIVER), ("b", RIVER)])).is_empty());
        assert!(campaigns(&reports(&[("", "河水很臭"); 5])).is_empty());
    }
}
