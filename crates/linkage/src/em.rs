//! Finding the weights without labels: what candidates have in common beyond chance.
//!
//! Reports of one matter follow each other within days; reports that meet by chance come at any
//! time. So candidates that agree in all but one kind of evidence are a mixture of two parts: a
//! chance part, whose shape is known from pairs that can hardly be of one matter, and the part that
//! lies beyond it. How large the chance part is shows where matches are all but impossible: that
//! fixes the mixture in closed form, and what is left is m. Expectation and maximisation then finds
//! how many candidates are matches at all. Left free over all comparisons at once, it finds "the
//! same address" instead of "the same matter", because place and address speak with one voice.

use std::collections::HashMap;

use super::{
    Levels, Model,
    compare::{SPECS, kind},
    fit::Table,
    index::{Index, Order},
    model::{ModelError, Provenance, Weight},
    train::{Cases, blank, named, share_with_neighbours},
};

/// Rounds of expectation and maximisation for the share of matches.
const ROUNDS: u32 = 40;

/// Added to both probabilities of a level, so that a level nobody met weighs little.
const FLOOR: f64 = 5e-3;

/// Fewer pairs than these show no chance part.
const ENOUGH: f64 = 1000.0;

/// What no pair of candidates can show without labels, in bits: that a report belongs with an open
/// one rather than with one that was dealt with, and among equals with the earliest, which leads
/// the matter (domain §3.3). The comparison and the weights of its levels.
const BY_HAND: [(usize, &[f64]); 2] = [
    (kind::STANDING, &[0.0, 0.0, -1.5, -3.0, 0.0, -2.0]),
    (kind::ORDER, &[0.0, 0.3, 0.4, -0.1, 0.1]),
];

/// One kind of evidence: among which pairs it is looked at, and from which level on it speaks
/// against a match so plainly that what is met there is chance.
struct Study {
    kind: usize,
    among: fn(&Levels) -> bool,
    against: std::ops::RangeInclusive<u8>,
}

const STUDIES: [Study; 6] = [
    Study {
        kind: kind::PLACE,
        among: is_same_category,
        against: 6..=8,
    },
    Study {
        kind: kind::ADDRESS,
        among: is_in_one_neighbourhood,
        against: 5..=6,
    },
    Study {
        kind: kind::NAMES,
        among: is_same_category,
        against: 7..=9,
    },
    Study {
        kind: kind::CATEGORY,
        among: is_near,
        against: 4..=5,
    },
    Study {
        kind: kind::TEXT,
        among: is_same_category,
        against: 13..=20,
    },
    Study {
        kind: kind::AREA,
        among: is_same_category,
        against: 2..=2,
    },
];

/// Trains without labels, from the candidates of every so many-th case.
///
/// # Errors
/// When the file it makes is not a model, which would be a mistake of this program.
pub fn without_labels(
    cases: &Cases,
    index: &Index,
    orders: &[Order],
    name: &str,
    provenance: Provenance,
    every: usize,
) -> Result<Model, ModelError> {
    let mut file = blank(cases, &[], name, provenance);
    let model = Model::new(file.clone())?;
    let mut rows: Rows = HashMap::new();
    for order in orders {
        for at in (0..cases.reports.len()).step_by(every.max(1)) {
            for levels in cases.compared(index, at, *order, &model).1 {
                *rows.entry(levels).or_default() += 1.0;
            }
        }
    }
    let mut table: Table = SPECS
        .iter()
        .map(|s| vec![Weight::of_bits(0.0); s.levels.len()])
        .collect();
    let mut put = |kind: usize, weights: Vec<Weight>| {
        if let Some(slot) = table.get_mut(kind) {
            *slot = weights;
        }
    };
    for study in &STUDIES {
        put(study.kind, study.weights(&rows));
    }
    put(kind::TIME, time(&rows));
    for (kind, bits) in BY_HAND {
        put(kind, bits.iter().map(|b| Weight::of_bits(*b)).collect());
        file.set_by_hand
            .extend(SPECS.get(kind).map(|s| s.name.to_owned()));
    }
    let bits: Vec<Vec<f64>> = table
        .iter()
        .map(|levels| levels.iter().map(|w| w.bits).collect())
        .collect();
    file.weights = named(&table, &bits);
    let model = Model::new(file.clone())?;
    let share = share_of_matches(&rows, &model);
    file.prior_bits = (share / (1.0 - share)).log2();
    Model::new(file)
}

/// How often each combination of levels was met.
type Rows = HashMap<Levels, f64>;

fn level(row: &Levels, kind: usize) -> u8 {
    row.get(kind).copied().unwrap_or(0)
}

fn is_same_category(row: &Levels) -> bool {
    level(row, kind::CATEGORY) == 1
}

/// One category, and met by place: what met by its days alone, for want of a place, is all recent.
fn is_in_one_neighbourhood(row: &Levels) -> bool {
    is_same_category(row) && (1..=8).contains(&level(row, kind::PLACE))
}

/// A third of the reach apart, the same house, or a place both name.
fn is_near(row: &Levels) -> bool {
    (1..=3).contains(&level(row, kind::PLACE))
        || (1..=2).contains(&level(row, kind::ADDRESS))
        || level(row, kind::PLACE) == 0 && (1..=5).contains(&level(row, kind::NAMES))
}

/// How many levels of time there are for earlier reports; those for later ones follow, alike.
const TIMES: u8 = 13;

/// The level of time, whichever of the two came first: without labels neither order says more.
fn time_level(row: &Levels) -> u8 {
    let level = level(row, kind::TIME);
    if level > TIMES { level - TIMES } else { level }
}

/// Up to three days.
fn is_soon(row: &Levels) -> bool {
    (1..=7).contains(&time_level(row))
}

/// More than a month.
fn is_far(row: &Levels) -> bool {
    is_month(time_level(row))
}

fn is_month(level: u8) -> bool {
    (11..=TIMES).contains(&level)
}

/// How often each level of a comparison was met among rows; missing is not counted.
fn counts(rows: &Rows, kind: usize, among: impl Fn(&Levels) -> bool) -> Vec<f64> {
    let mut counts = vec![0.0; SPECS.get(kind).map_or(1, |s| s.levels.len())];
    for (row, n) in rows.iter().filter(|(row, _)| among(row)) {
        let level = usize::from(if kind == kind::TIME {
            time_level(row)
        } else {
            level(row, kind)
        });
        if let Some(slot) = counts.get_mut(level).filter(|_| level > 0) {
            *slot += n;
        }
    }
    counts
}

/// What lies beyond chance: `met` less the chance part, which is as large as what was met at the
/// levels where there is nothing but chance.
fn beyond_chance(met: &[f64], chance: &[f64], only_chance: impl Fn(u8) -> bool) -> Vec<f64> {
    let sum = |counts: &[f64]| -> f64 {
        let levels = counts.iter().zip(0_u8..);
        levels
            .filter(|(_, at)| only_chance(*at))
            .map(|(n, _)| n)
            .sum()
    };
    let share = sum(met) / sum(chance).max(1.0);
    met.iter()
        .zip(chance)
        .map(|(met, chance)| (met - share * chance).max(0.0))
        .collect()
}

/// log2(m/u) of each level, where anything was found beyond chance.
fn weights(same: &[f64], all: &[f64]) -> Vec<Weight> {
    let (matches, pairs): (f64, f64) = (same.iter().sum(), all.iter().sum());
    same.iter()
        .zip(all)
        .enumerate()
        .map(|(level, (same, all))| {
            if level == 0 || matches < 1.0 {
                return Weight::of_bits(0.0);
            }
            let (m, u) = (same / matches, all / pairs.max(1.0));
            Weight {
                bits: ((m + FLOOR) / (u + FLOOR)).log2(),
                m: Some(m),
                u: Some(u),
            }
        })
        .collect()
}

impl Study {
    /// Candidates that came within three days, less the chance seen in those more than a month
    /// apart (or, where the cases do not reach over so long a time, in all that are not near in
    /// time).
    fn weights(&self, rows: &Rows) -> Vec<Weight> {
        let met = |among: fn(&Levels) -> bool, when: fn(&Levels) -> bool| {
            counts(rows, self.kind, |row| among(row) && when(row))
        };
        let enough = |counts: &[f64]| counts.iter().sum::<f64>() >= ENOUGH;
        // Cases that tell no places have only their category in common.
        let among = if enough(&met(self.among, |_| true)) {
            self.among
        } else {
            is_same_category
        };
        let soon = met(among, is_soon);
        let far = met(among, is_far);
        let chance = if enough(&far) {
            far
        } else {
            met(among, |row| !is_soon(row))
        };
        let mut same = beyond_chance(&soon, &chance, |level| self.against.contains(&level));
        let last = usize::from(*self.against.end());
        let least = same.get(last).copied().unwrap_or(0.0);
        // Beyond the last of these levels stand only pairs that met by another key than place.
        same.iter_mut().skip(last + 1).for_each(|n| *n = least);
        let mut all = counts(rows, self.kind, |row| {
            self.kind != kind::CATEGORY || is_near(row)
        });
        if self.kind == kind::TEXT {
            share_with_neighbours(&mut same);
            share_with_neighbours(&mut all);
        }
        weights(&same, &all)
    }
}

/// Near reports of one category, less the chance seen in near reports of other categories: those
/// come at any time.
fn time(rows: &Rows) -> Vec<Weight> {
    let alike = counts(rows, kind::TIME, |row| {
        is_near(row) && is_same_category(row)
    });
    let others = counts(rows, kind::TIME, |row| {
        is_near(row) && !is_same_category(row)
    });
    let chance = if others.iter().sum::<f64>() >= ENOUGH {
        others
    } else {
        counts(rows, kind::TIME, |row| !is_near(row))
    };
    let same = beyond_chance(&alike, &chance, is_month);
    let mut weights = weights(&same, &counts(rows, kind::TIME, is_near));
    let earlier = 1..=usize::from(TIMES);
    weights.copy_within(earlier.clone(), earlier.end() + 1);
    weights
}

/// Which share of the candidates are matches, by expectation and maximisation with the weights held.
fn share_of_matches(rows: &Rows, model: &Model) -> f64 {
    let sums: Vec<(f64, f64)> = rows.iter().map(|(row, n)| (model.bits(row), *n)).collect();
    let all: f64 = sums.iter().map(|(_, n)| n).sum();
    let mut share: f64 = 0.01;
    for _ in 0..ROUNDS {
        let prior = (share / (1.0 - share)).log2();
        let matches: f64 = sums
            .iter()
            .map(|(bits, n)| n * Model::probability(bits + prior))
            .sum();
        share = (matches / all.max(1.0)).clamp(1e-6, 0.3);
    }
    share
}
