//! Finding the weights from labels: where officers or a city said which reports are of one matter.
//!
//! With labels the weights are first those of Fellegi and Sunter, log2(m/u) by counting: m over
//! labelled partners, u over the other candidates of the same reports. Counting takes the
//! comparisons for independent, which address and distance are not; a listwise step then moves the
//! weights, held near the counted ones, so that labelled partners stand before the other
//! candidates of their own report. The sum stays a sum, and every weight can be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Context, Levels, Model, ModelFile, Report, Side,
    fit::{CALIBRATE_EVERY, List, Table, calibrate, tune},
    index::{Index, Order},
    levels::{FOUND, Level as _, SPECS, Wording},
    model::{FORMAT, Provenance, Rarity, Weight},
    rank::levels_of,
};

/// Counted events are smoothed by this much, so that no level is impossible.
const SMOOTHING: f64 = 2.0;

/// What another report of the group counts beside the recorded partner.
const GROUP_SHARE: f64 = 0.35;

/// Letter triples kept with a model at most: the common ones; all others are rare.
const COMMON_PAIRS: usize = 6000;

/// Cases and what is known of them, in the order of arrival.
#[derive(Debug, Default)]
pub struct Cases {
    /// The reports, the earliest first.
    pub reports: Vec<Report>,
    /// When each one's handling ended.
    pub closed_at: Vec<Option<chrono::DateTime<chrono::Utc>>>,
    /// Their ids in the file.
    pub ids: Vec<String>,
    /// The radius of a matter in metres, where categories have none of their own.
    pub radius_m: f64,
    /// Positions less exact than this are no evidence, metres.
    pub accuracy_max_m: f64,
}

impl Cases {
    /// A case as one side of a pair.
    #[must_use]
    pub fn side(&self, at: usize) -> Option<Side<'_>> {
        Some(Side {
            report: self.reports.get(at)?,
            closed_at: self.closed_at.get(at).copied().flatten(),
        })
    }

    /// The candidates of a case and their levels.
    #[must_use]
    pub fn compared(
        &self,
        index: &Index,
        at: usize,
        order: Order,
        model: &Model,
    ) -> (Vec<usize>, Vec<Levels>) {
        let found = index.candidates(&self.reports, at, self.radius_m, order);
        let Some(new) = self.side(at) else {
            return (Vec::new(), Vec::new());
        };
        let olds: Vec<Side<'_>> = found.iter().filter_map(|o| self.side(*o)).collect();
        let context = Context::of(new.report, model, self.radius_m, self.accuracy_max_m);
        let levels = levels_of(new, &olds, &context);
        (found, levels)
    }
}

/// A question with its answer: a case, its recorded partner, and its whole group.
#[derive(Debug, Clone)]
pub struct Question {
    /// The case that asks.
    pub asks: usize,
    /// Its recorded partner.
    pub partner: usize,
    /// All of its group but itself.
    pub group: BTreeSet<usize>,
    /// The group's number, for folds and intervals.
    pub group_no: usize,
}

/// The questions of labelled pairs (child, parent). In arrival order the later of the two asks.
#[must_use]
pub fn questions(pairs: &[(usize, usize)], order: Order) -> Vec<Question> {
    let mut parent: HashMap<usize, usize> = HashMap::new();
    fn root(parent: &HashMap<usize, usize>, mut at: usize) -> usize {
        while let Some(up) = parent.get(&at).filter(|up| **up != at) {
            at = *up;
        }
        at
    }
    for (a, b) in pairs {
        let (x, y) = (root(&parent, *a), root(&parent, *b));
        if x != y {
            parent.insert(x.max(y), x.min(y));
        }
    }
    let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (a, b) in pairs {
        let group = members.entry(root(&parent, *a)).or_default();
        group.insert(*a);
        group.insert(*b);
    }
    let numbers: HashMap<usize, usize> = members.keys().enumerate().map(|(n, r)| (*r, n)).collect();
    pairs
        .iter()
        .map(|(child, parent_of)| {
            let (asks, partner) = match order {
                Order::Arrival if child < parent_of => (*parent_of, *child),
                _ => (*child, *parent_of),
            };
            let top = root(&parent, *child);
            let mut group = members.get(&top).cloned().unwrap_or_default();
            group.remove(&asks);
            Question {
                asks,
                partner,
                group,
                group_no: numbers.get(&top).copied().unwrap_or(0),
            }
        })
        .collect()
}

/// What a model knows before any weight: shares of categories, rare letter triples, and which
/// categories are taken for one another.
#[must_use]
pub fn blank(
    cases: &Cases,
    questions: &[Question],
    name: &str,
    provenance: Provenance,
) -> ModelFile {
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    for report in &cases.reports {
        *shares.entry(report.category.to_string()).or_default() += 1.0;
    }
    let all = cases.reports.len().max(1) as f64;
    shares.values_mut().for_each(|share| *share /= all);
    let category = |at: usize| cases.reports.get(at).map(|r| r.category.to_string());
    let mut seen: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    for question in questions {
        if let (Some(a), Some(b)) = (category(question.asks), category(question.partner))
            && a != b
        {
            let pair = if a < b { (a, b) } else { (b, a) };
            seen.entry(pair).or_default().insert(question.group_no);
        }
    }
    let confused = seen.into_iter().filter(|(_, groups)| groups.len() > 1);
    ModelFile {
        format: FORMAT,
        name: name.to_owned(),
        provenance,
        prior_bits: 0.0,
        slope: 1.0,
        weights: BTreeMap::new(),
        set_by_hand: Vec::new(),
        confused: confused.map(|(pair, _)| pair).collect(),
        shares,
        rarity: rarity(&cases.reports),
    }
}

fn rarity(reports: &[Report]) -> Rarity {
    let mut holding: HashMap<u32, u32> = HashMap::new();
    let mut texts = 0;
    for report in reports.iter().filter(|r| !r.grams.is_empty()) {
        texts += 1;
        for gram in &report.grams {
            *holding.entry(*gram).or_default() += 1;
        }
    }
    let mut common: Vec<(u32, u32)> = holding.into_iter().filter(|(_, n)| *n > 1).collect();
    common.sort_unstable_by_key(|(gram, n)| (std::cmp::Reverse(*n), *gram));
    common.truncate(COMMON_PAIRS);
    Rarity { texts, common }
}

/// What people said of pairs of reports, by their place in the cases.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Pairs (child, parent) that are one matter.
    pub same: &'a [(usize, usize)],
    /// Pairs that were proposed as one matter and are not.
    pub different: &'a [(usize, usize)],
    /// Pairs that are one matter and are kept for measuring. Who is in one is no example of a report
    /// without a partner either.
    pub held_back: &'a [(usize, usize)],
}

/// Trains with labels. A pair that was found to be different counts like all other candidates of a
/// report together: somebody looked at it, and a model took it for the same.
///
/// # Errors
/// When the file it makes is not a model, which would be a mistake of this program.
pub fn with_labels(
    cases: &Cases,
    index: &Index,
    labels: Labels<'_>,
    orders: &[Order],
    name: &str,
    provenance: Provenance,
    without: &[usize],
) -> Result<Model, super::model::ModelError> {
    let asked: Vec<(Order, Question)> = orders
        .iter()
        .flat_map(|order| {
            questions(labels.same, *order)
                .into_iter()
                .map(|q| (*order, q))
        })
        .collect();
    let plain: Vec<Question> = asked.iter().map(|(_, q)| q.clone()).collect();
    let mut file = blank(cases, &plain, name, provenance);
    let model = Model::new(file.clone())?;
    let mut lists: Vec<List> = Vec::new();
    for (order, question) in &asked {
        let (found, mut levels) = cases.compared(index, question.asks, *order, &model);
        leave_out(&mut levels, without);
        let mut answer: Vec<f64> = found
            .iter()
            .map(|at| {
                if *at == question.partner {
                    1.0
                } else if question.group.contains(at) {
                    GROUP_SHARE
                } else {
                    0.0
                }
            })
            .collect();
        let whole: f64 = answer.iter().sum();
        if whole > 0.0 {
            answer.iter_mut().for_each(|share| *share /= whole);
            lists.push(List {
                levels,
                answer,
                order: *order,
            });
        }
    }
    let mut refused = compared(cases, index, labels.different, &model);
    leave_out(&mut refused, without);
    let counted = count(&lists, &refused);
    let tuned = tune(&lists, &counted);
    file.weights = named(&counted, &tuned);
    let held_back = labels.held_back.iter().flat_map(|(a, b)| [*a, *b]);
    let asking = asked.iter().map(|(_, q)| q.asks).chain(held_back).collect();
    let plain = unlabelled(cases, index, &model, &asking);
    calibrate(&lists, &refused, &plain, &tuned, &mut file);
    Model::new(file)
}

fn leave_out(levels: &mut [Levels], without: &[usize]) {
    for levels in levels {
        for kind in without {
            levels.leave_out(*kind);
        }
    }
}

/// The levels of single pairs, the later asking among all its candidates, because some comparisons
/// are of a whole list. A pair that blocking keeps apart is left out: no model is asked about it.
#[must_use]
pub fn compared(
    cases: &Cases,
    index: &Index,
    pairs: &[(usize, usize)],
    model: &Model,
) -> Vec<Levels> {
    pairs
        .iter()
        .filter_map(|(a, b)| {
            let (new, old) = (*a.max(b), *a.min(b));
            let (found, levels) = cases.compared(index, new, Order::Arrival, model);
            let at = found.iter().position(|other| *other == old)?;
            levels.get(at).copied()
        })
        .collect()
}

/// The candidates of ordinary cases, hardly any of which has a partner: with the labelled cases
/// alone every case would seem to have one.
fn unlabelled(
    cases: &Cases,
    index: &Index,
    model: &Model,
    asking: &BTreeSet<usize>,
) -> Vec<Levels> {
    ordinary(cases, |at| asking.contains(&at))
        .flat_map(|at| cases.compared(index, at, Order::Arrival, model).1)
        .collect()
}

/// Every so many-th of the cases that are not labelled: what a new case is like.
pub fn ordinary(cases: &Cases, labelled: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
    (0..cases.reports.len())
        .step_by(CALIBRATE_EVERY)
        .filter(move |at| !labelled(*at))
}

fn count(lists: &[List], refused: &[Levels]) -> Table {
    let blank = || -> Vec<Vec<f64>> {
        SPECS
            .iter()
            .map(|s| vec![SMOOTHING; s.levels.len()])
            .collect()
    };
    let (mut same, mut other) = (blank(), blank());
    let add = |table: &mut [Vec<f64>], levels: &Levels, share: f64| {
        for (counts, level) in table.iter_mut().zip(levels.indexes()) {
            if let Some(n) = counts.get_mut(usize::from(*level)) {
                *n += share;
            }
        }
    };
    for list in lists {
        let others = list.answer.iter().filter(|a| **a == 0.0).count().max(1) as f64;
        for (levels, answer) in list.levels.iter().zip(&list.answer) {
            if *answer > 0.0 {
                add(&mut same, levels, *answer);
            } else {
                add(&mut other, levels, 1.0 / others);
            }
        }
    }
    for levels in refused {
        add(&mut other, levels, 1.0);
    }
    for table in [&mut same, &mut other] {
        if let Some(counts) = table.get_mut(Wording::KIND) {
            share_with_neighbours(counts);
        }
    }
    weigh(&same, &other)
}

/// The levels of wording after `Copy` are bands of one scale. They share a part of their counts with
/// their neighbours: with few labels the chance that falls into one of twenty bands would else
/// decide.
pub(super) fn share_with_neighbours(counts: &mut [f64]) {
    const ROUNDS: usize = 3;
    const FIRST_BAND: usize = Wording::Over0_75 as usize;
    for _ in 0..ROUNDS {
        let before = counts.to_vec();
        let at = |level: usize| before.get(level).copied();
        for (level, count) in counts.iter_mut().enumerate().skip(FIRST_BAND) {
            let own = at(level).unwrap_or(0.0);
            let left = if level > FIRST_BAND {
                at(level - 1).unwrap_or(own)
            } else {
                own
            };
            let right = at(level + 1).unwrap_or(own);
            *count = 0.5 * own + 0.25 * left + 0.25 * right;
        }
    }
}

/// log2(m/u) of every level but "missing", over what is not missing.
fn weigh(same: &[Vec<f64>], other: &[Vec<f64>]) -> Table {
    let share = |counts: &[f64]| -> Vec<f64> {
        let whole: f64 = counts.iter().skip(FOUND).sum();
        counts
            .iter()
            .map(|n| n / whole.max(f64::MIN_POSITIVE))
            .collect()
    };
    same.iter()
        .zip(other)
        .map(|(same, other)| {
            let found = same.iter().skip(FOUND);
            let smoothing = SMOOTHING * found.len() as f64;
            let seen = found.sum::<f64>() - smoothing;
            let (m, u) = (share(same), share(other));
            m.iter()
                .zip(&u)
                .enumerate()
                .map(|(level, (m, u))| {
                    if level < FOUND || seen < 1.0 {
                        Weight::of_bits(0.0)
                    } else {
                        Weight {
                            bits: (m / u).log2(),
                            m: Some(*m),
                            u: Some(*u),
                        }
                    }
                })
                .collect()
        })
        .collect()
}

pub(super) fn named(
    counted: &Table,
    tuned: &[Vec<f64>],
) -> BTreeMap<String, BTreeMap<String, Weight>> {
    let mut weights = BTreeMap::new();
    for ((spec, counted), tuned) in SPECS.iter().zip(counted).zip(tuned) {
        let levels: BTreeMap<String, Weight> = spec
            .levels
            .iter()
            .zip(counted.iter().zip(tuned))
            .skip(FOUND)
            .filter(|(_, (_, bits))| **bits != 0.0)
            .map(|(level, (counted, bits))| {
                let rounded = |x: f64| (x * 1e4).round() / 1e4;
                let weight = Weight {
                    bits: rounded(*bits),
                    m: counted.m.map(rounded),
                    u: counted.u.map(rounded),
                };
                (level.name.to_owned(), weight)
            })
            .collect();
        if !levels.is_empty() {
            weights.insert(spec.name.to_owned(), levels);
        }
    }
    weights
}
