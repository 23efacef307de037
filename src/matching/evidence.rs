//! Comparisons, one function each, and the score they make.
//!
//! A comparison without evidence contributes nothing: its weight is shared out among the others,
//! so that a report that names no premises can still reach every score.

use chrono::{DateTime, Timelike, Utc};

use super::{Candidate, Comparison, Report};
use crate::district::{MatchingRules, Profile, shanghai};
use crate::geo::distance_m;
use crate::text::gram_overlap;

/// Beyond this many times the reach two places contradict each other.
const CONTRADICTION: f64 = 4.0;

/// A pair's score with its explanation.
#[derive(Debug, Clone)]
pub struct Scored {
    /// 0 to 1.
    pub score: f64,
    /// The comparisons, in a fixed order.
    pub comparisons: Vec<Comparison>,
    /// Reasons why the two cannot be one matter.
    pub vetoes: Vec<String>,
    /// Whether there was evidence of object or place, without which nothing is attached.
    pub has_anchor: bool,
}

/// One comparison before its weight is known.
struct Found {
    name: &'static str,
    value: Option<f64>,
    weight: f64,
    words: String,
}

/// Scores a pair.
#[must_use]
pub fn score(new: &Report, old: &Report, profile: &Profile) -> Scored {
    let rules = &profile.rules.matching;
    let reach = reach_m(new, old, profile);
    let found = [
        object(new, old, rules),
        place(new, old, reach, rules),
        category(new, old, profile),
        text(new, old, rules),
        time_of_day(new, old, rules),
    ];
    let has_anchor = found.iter().take(2).any(|f| f.value.is_some());
    let total: f64 = found
        .iter()
        .filter(|f| f.value.is_some())
        .map(|f| f.weight)
        .sum();
    let mut comparisons: Vec<Comparison> = found
        .into_iter()
        .map(|f| {
            let weight = if f.value.is_some() && total > 0.0 {
                f.weight / total
            } else {
                0.0
            };
            Comparison {
                name: f.name.to_owned(),
                value: f.value,
                weight,
                contribution: f.value.unwrap_or(0.0) * weight,
                words: f.words,
            }
        })
        .collect();
    let score = comparisons
        .iter()
        .map(|c| c.contribution)
        .sum::<f64>()
        .clamp(0.0, 1.0);
    comparisons.extend(beside_the_score(new, old));
    Scored {
        score,
        comparisons,
        vetoes: vetoes(new, old, reach, rules),
        has_anchor,
    }
}

/// How far apart two reports of one matter may lie: the category's radius, or the worse accuracy.
fn reach_m(new: &Report, old: &Report, profile: &Profile) -> f64 {
    const DEFAULT_RADIUS_M: f64 = 100.0;
    let radius = |code: &str| {
        profile
            .category(code)
            .map_or(DEFAULT_RADIUS_M, |c| c.radius_m)
    };
    let accuracy = |report: &Report| report.place.and_then(|p| p.accuracy_m).unwrap_or(0.0);
    radius(&new.category)
        .max(radius(&old.category))
        .max(accuracy(new))
        .max(accuracy(old))
}

fn usable(report: &Report, rules: &MatchingRules) -> Option<super::Place> {
    report
        .place
        .filter(|p| p.accuracy_m.unwrap_or(0.0) <= rules.accuracy_max_m)
}

fn object(new: &Report, old: &Report, rules: &MatchingRules) -> Found {
    let (value, words) = match (&new.object_id, &old.object_id, &new.premises, &old.premises) {
        (Some(a), Some(b), ..) if a == b => (Some(1.0), format!("同一对象 {a}")),
        (Some(_), Some(_), ..) => (Some(0.0), "对象编号不同".to_owned()),
        (_, _, Some(a), Some(b)) if a == b => (Some(1.0), format!("同一单位“{a}”")),
        (_, _, Some(a), Some(b)) if a.contains(b.as_str()) || b.contains(a.as_str()) => {
            (Some(0.7), format!("单位名称相近：“{a}”与“{b}”"))
        }
        // Names drift: another name on one place is weak evidence, so it is none (domain §3.1).
        (_, _, Some(a), Some(b)) => (None, format!("单位名称不同：“{a}”与“{b}”，不计")),
        _ => (None, "未写明对象".to_owned()),
    };
    Found {
        name: "object",
        value,
        weight: rules.weight_object,
        words,
    }
}

fn place(new: &Report, old: &Report, reach: f64, rules: &MatchingRules) -> Found {
    let (value, words) = match (usable(new, rules), usable(old, rules)) {
        (Some(a), Some(b)) => {
            let metres = distance_m(a.point, b.point);
            let value = (1.0 - metres / (2.0 * reach)).clamp(0.0, 1.0);
            (
                Some(value),
                format!("相距 {metres:.0} m（判定半径 {reach:.0} m）"),
            )
        }
        _ => (None, "缺少可用定位".to_owned()),
    };
    Found {
        name: "place",
        value,
        weight: rules.weight_place,
        words,
    }
}

fn category(new: &Report, old: &Report, profile: &Profile) -> Found {
    let label = |code: &str| {
        profile
            .category(code)
            .map_or(code.to_owned(), |c| c.zh.clone())
    };
    let rules = &profile.rules.matching;
    let (value, words) = if new.category == old.category {
        (1.0, format!("同为{}", label(&new.category)))
    } else if new.coarse == old.coarse {
        (
            rules.same_coarse,
            format!(
                "大类相同：{}与{}",
                label(&new.category),
                label(&old.category)
            ),
        )
    } else {
        (
            0.0,
            format!(
                "类别不同：{}与{}",
                label(&new.category),
                label(&old.category)
            ),
        )
    };
    Found {
        name: "category",
        value: Some(value),
        weight: rules.weight_category,
        words,
    }
}

fn text(new: &Report, old: &Report, rules: &MatchingRules) -> Found {
    // Two honest accounts of one matter share few grams, so a third already speaks for it.
    const FULL_AT: f64 = 0.34;
    let overlap = gram_overlap(&new.grams, &old.grams);
    let words = overlap.map_or("无文字可比".to_owned(), |o| {
        format!("文字重合 {:.0}%", o * 100.0)
    });
    let value = overlap.map(|o| (o / FULL_AT).min(1.0));
    Found {
        name: "text",
        value,
        weight: rules.weight_text,
        words,
    }
}

/// Hours of the day (0 to 23, Asia/Shanghai) a report speaks of.
fn hours(occurred: (DateTime<Utc>, DateTime<Utc>)) -> [bool; 24] {
    let (from, until) = occurred;
    let mut hours = [false; 24];
    let first = from.with_timezone(&shanghai()).hour() as usize;
    let spans = ((until - from).num_minutes().max(0) as usize)
        .div_ceil(60)
        .min(23);
    for step in 0..=spans {
        if let Some(hour) = hours.get_mut((first + step) % 24) {
            *hour = true;
        }
    }
    hours
}

fn time_of_day(new: &Report, old: &Report, rules: &MatchingRules) -> Found {
    let (value, words) = match (new.occurred, old.occurred) {
        (Some(a), Some(b)) => {
            let (a, b) = (hours(a), hours(b));
            let near = |at: usize| {
                [23, 0, 1]
                    .iter()
                    .any(|d| b.get((at + d) % 24) == Some(&true))
            };
            let meets = a.iter().enumerate().any(|(at, on)| *on && near(at));
            if meets {
                (Some(1.0), "同一时段".to_owned())
            } else {
                (Some(0.0), "时段不同".to_owned())
            }
        }
        _ => (None, "未写明时段".to_owned()),
    };
    Found {
        name: "time",
        value,
        weight: rules.weight_time,
        words,
    }
}

/// What an officer wants to know beside the score: same person, re-used photo.
fn beside_the_score(new: &Report, old: &Report) -> Vec<Comparison> {
    let note = |name: &str, value: f64, words: String| Comparison {
        name: name.to_owned(),
        value: Some(value),
        weight: 0.0,
        contribution: 0.0,
        words,
    };
    let mut notes = Vec::new();
    let shared = shared_persons(new, old);
    if shared > 0 {
        notes.push(note(
            "person",
            1.0,
            format!("同一反映人（{shared} 人相同）"),
        ));
    } else if new.persons.is_empty() || old.persons.is_empty() {
        notes.push(note("person", 0.0, "匿名，反映人不可比".to_owned()));
    }
    let photos = shared_photos(new, old);
    if photos > 0 {
        notes.push(note("photo", 1.0, format!("{photos} 张照片相同")));
    }
    notes
}

/// Persons who petition in both; none when either is anonymous (R10).
pub(super) fn shared_persons(new: &Report, old: &Report) -> usize {
    new.persons
        .iter()
        .filter(|person| old.persons.contains(person))
        .count()
}

/// Photos that are the same file in both.
pub(super) fn shared_photos(new: &Report, old: &Report) -> usize {
    let old: Vec<&str> = old.photos.iter().map(|p| p.sha256.as_str()).collect();
    new.photos
        .iter()
        .filter(|photo| old.contains(&photo.sha256.as_str()))
        .count()
}

fn vetoes(new: &Report, old: &Report, reach: f64, rules: &MatchingRules) -> Vec<String> {
    let mut vetoes = Vec::new();
    if let (Some(a), Some(b)) = (&new.object_id, &old.object_id)
        && a != b
    {
        vetoes.push(format!("R9 相邻不同源：对象 {a} 与 {b} 不同"));
    }
    if let (Some(a), Some(b)) = (usable(new, rules), usable(old, rules)) {
        let metres = distance_m(a.point, b.point);
        if metres > CONTRADICTION * reach {
            vetoes.push(format!("地点矛盾：相距 {metres:.0} m"));
        }
    }
    vetoes
}

/// Whether two reports name the same premises: one object id, or one name without two ids.
pub(super) fn same_premises(new: &Report, old: &Candidate) -> bool {
    match (&new.object_id, &old.report.object_id) {
        (Some(a), Some(b)) => a == b,
        _ => new.premises.is_some() && new.premises == old.report.premises,
    }
}
