//! Finding the weights without labels: what candidates have in common beyond chance.
//!
//! Reports of one matter follow each other within days; reports that meet by chance come at any
//! time. So candidates that agree in all but one kind of evidence are a mixture of two parts: a
//! chance part, whose shape is known from pairs that can hardly be of one matter, and the part that
//! lies beyond it. How large the chance part is shows where matches are all but impossible: that
//! fixes the mixture in closed form, and what is left is m. Expectation and maximisation then finds
//! how many candidates are matches at all. Left free over all comparisons at once, it finds "the
//! same address" instead of "the same matter", because place and address speak with one voice.

use std::{collections::HashMap, ops::RangeInclusive};

use super::{
    Levels, Model,
    fit::Table,
    index::{Index, Order},
    levels::{
        self, Addresses, Area, Category, Distance, FOUND, Gap, Level, MISSING, Names, SPECS,
        Sequence, Standing, Wording,
    },
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
/// the matter (domain §3.3).
const STANDING_BITS: [(Standing, f64); 3] = [
    (Standing::ClosedWithinWeek, -1.5),
    (Standing::ClosedBefore, -3.0),
    (Standing::LaterNewClosed, -2.0),
];
const SEQUENCE_BITS: [(Sequence, f64); 4] = [
    (Sequence::Only, 0.3),
    (Sequence::Earliest, 0.4),
    (Sequence::Latest, -0.1),
    (Sequence::Between, 0.1),
];

/// The weights of a comparison that are set by hand; a level that is not named weighs nothing.
fn by_hand<L: Level>(bits: &[(L, f64)]) -> (usize, Vec<Weight>) {
    let of = |level: &L| bits.iter().find(|(named, _)| named == level);
    let weights = L::ALL
        .iter()
        .map(|level| Weight::of_bits(of(level).map_or(0.0, |(_, bits)| *bits)));
    (L::KIND, weights.collect())
}

/// One kind of evidence: among which pairs it is looked at, and which levels speak against a match
/// so plainly that what is met there is chance.
struct Study {
    kind: usize,
    among: fn(&Levels) -> bool,
    against: RangeInclusive<u8>,
}

fn studies() -> [Study; 6] {
    [
        Study::of(is_same_category, Distance::Within2..=Distance::Within5),
        Study::of(
            is_in_one_neighbourhood,
            Addresses::SameRoad..=Addresses::OtherRoad,
        ),
        Study::of(is_same_category, Names::NoneShared..=Names::OtherCompound),
        Study::of(is_near, Category::SameGroup..=Category::Other),
        Study::of(is_same_category, Wording::Over0_14..=Wording::Under0_02),
        Study::of(is_same_category, Area::Other..=Area::Other),
    ]
}

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
    for study in studies() {
        put(study.kind, study.weights(&rows));
    }
    put(Gap::KIND, gaps(&rows));
    for (kind, weights) in [by_hand(&STANDING_BITS), by_hand(&SEQUENCE_BITS)] {
        put(kind, weights);
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

fn is_same_category(row: &Levels) -> bool {
    row.has(Category::Same)
}

/// One category, and met by place: what met by its days alone, for want of a place, is all recent.
fn is_in_one_neighbourhood(row: &Levels) -> bool {
    is_same_category(row) && row.within(Distance::SamePoint..=Distance::Within5)
}

/// A third of the reach apart, the same house, or a place both name.
fn is_near(row: &Levels) -> bool {
    row.within(Distance::SamePoint..=Distance::Within0_35)
        || row.within(Addresses::SameAddress..=Addresses::SameHouse)
        || row.has(Distance::Missing) && row.within(Names::TwoOrMore..=Names::RoadNumber)
}

/// How many levels of time there are for earlier reports; those for later ones follow, alike.
const GAPS: u8 = Gap::Longer as u8;

/// The level of time, whichever of the two came first: without labels neither order says more.
fn gap(row: &Levels) -> u8 {
    let level = row.at(Gap::KIND);
    if level > GAPS { level - GAPS } else { level }
}

/// Up to three days.
fn is_soon(row: &Levels) -> bool {
    levels::indexes(&(Gap::Minute..=Gap::ThreeDays)).contains(&gap(row))
}

/// More than a month.
fn is_far(row: &Levels) -> bool {
    is_month(gap(row))
}

fn is_month(level: u8) -> bool {
    levels::indexes(&(Gap::TwoMonths..=Gap::Longer)).contains(&level)
}

/// How often each level of a comparison was met among rows; missing is not counted.
fn counts(rows: &Rows, kind: usize, among: impl Fn(&Levels) -> bool) -> Vec<f64> {
    let mut counts = vec![0.0; SPECS.get(kind).map_or(1, |s| s.levels.len())];
    for (row, n) in rows.iter().filter(|(row, _)| among(row)) {
        let level = if kind == Gap::KIND {
            gap(row)
        } else {
            row.at(kind)
        };
        let slot = counts.get_mut(usize::from(level));
        if let Some(slot) = slot.filter(|_| level != MISSING) {
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
            if level < FOUND || matches < 1.0 {
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
    fn of<L: Level>(among: fn(&Levels) -> bool, against: RangeInclusive<L>) -> Self {
        Self {
            kind: L::KIND,
            among,
            against: levels::indexes(&against),
        }
    }

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
            self.kind != Category::KIND || is_near(row)
        });
        if self.kind == Wording::KIND {
            share_with_neighbours(&mut same);
            share_with_neighbours(&mut all);
        }
        weights(&same, &all)
    }
}

/// Near reports of one category, less the chance seen in near reports of other categories: those
/// come at any time.
fn gaps(rows: &Rows) -> Vec<Weight> {
    let alike = counts(rows, Gap::KIND, |row| is_near(row) && is_same_category(row));
    let others = counts(rows, Gap::KIND, |row| {
        is_near(row) && !is_same_category(row)
    });
    let chance = if others.iter().sum::<f64>() >= ENOUGH {
        others
    } else {
        counts(rows, Gap::KIND, |row| !is_near(row))
    };
    let same = beyond_chance(&alike, &chance, is_month);
    let mut weights = weights(&same, &counts(rows, Gap::KIND, is_near));
    let earlier = FOUND..=usize::from(GAPS);
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
