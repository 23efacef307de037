//! Fitting the weights to lists of candidates: the listwise step and the calibration.

use std::f64::consts::LN_2;

use super::{Levels, Model, ModelFile, index::Order, levels::FOUND, model::Weight};

/// Every so many-th case without a label is taken for what a new case meets, to calibrate.
pub(super) const CALIBRATE_EVERY: usize = 29;

/// Steps of the listwise tuning, and how strongly it holds on to the counted weights.
const TUNING_STEPS: u32 = 160;
const TUNING_HOLD: f64 = 1.0;

/// Weights by comparison and level with the m and u they were counted from.
pub(super) type Table = Vec<Vec<Weight>>;

/// One list: the levels of a report's candidates, and how much each is the answer (sums to 1).
pub(super) struct List {
    pub(super) levels: Vec<Levels>,
    pub(super) answer: Vec<f64>,
    pub(super) order: Order,
}

/// The listwise step: gradient steps (Adam) on the weights, held near the counted ones.
pub(super) fn tune(lists: &[List], counted: &Table) -> Vec<Vec<f64>> {
    let start: Vec<Vec<f64>> = counted
        .iter()
        .map(|levels| levels.iter().map(|w| w.bits * LN_2).collect())
        .collect();
    let zero = || -> Vec<Vec<f64>> { start.iter().map(|l| vec![0.0; l.len()]).collect() };
    let (mut weights, mut first, mut second) = (start.clone(), zero(), zero());
    for step in 0..TUNING_STEPS {
        let mut slope = zero();
        for list in lists {
            add_slope(list, &weights, &mut slope);
        }
        let pace = if step < TUNING_STEPS / 2 { 0.1 } else { 0.03 };
        for (kind, levels) in weights.iter_mut().enumerate() {
            for (level, weight) in levels.iter_mut().enumerate().skip(FOUND) {
                let at = |table: &[Vec<f64>]| -> f64 {
                    table
                        .get(kind)
                        .and_then(|t| t.get(level))
                        .copied()
                        .unwrap_or(0.0)
                };
                let g = at(&slope) + TUNING_HOLD * (*weight - at(&start));
                let (Some(m), Some(v)) = (
                    first.get_mut(kind).and_then(|t| t.get_mut(level)),
                    second.get_mut(kind).and_then(|t| t.get_mut(level)),
                ) else {
                    continue;
                };
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.99 * *v + 0.01 * g * g;
                *weight -= pace * *m / (v.sqrt() + 1e-8);
            }
        }
    }
    for levels in &mut weights {
        levels.iter_mut().for_each(|w| *w /= LN_2);
    }
    weights
}

fn sum(levels: &Levels, weights: &[Vec<f64>]) -> f64 {
    levels
        .indexes()
        .iter()
        .zip(weights)
        .filter_map(|(level, weights)| weights.get(usize::from(*level)))
        .sum()
}

/// Adds a list's part of the slope: what the model expects less what the answer is.
fn add_slope(list: &List, weights: &[Vec<f64>], slope: &mut [Vec<f64>]) {
    let sums: Vec<f64> = list.levels.iter().map(|l| sum(l, weights)).collect();
    let most = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let odds: Vec<f64> = sums.iter().map(|s| (s - most).exp()).collect();
    let whole: f64 = odds.iter().sum();
    for ((levels, odds), answer) in list.levels.iter().zip(&odds).zip(&list.answer) {
        let excess = odds / whole - answer;
        if excess.abs() < 1e-7 {
            continue;
        }
        for (kind, level) in levels.indexes().iter().enumerate() {
            if let Some(s) = slope
                .get_mut(kind)
                .and_then(|t| t.get_mut(usize::from(*level)))
            {
                *s += excess;
            }
        }
    }
}

/// Platt's calibration: slope and prior under which the sums, taken as odds, fit how often a
/// candidate was an answer at the intake, where probabilities decide what happens. Ordinary cases
/// stand for all that were not looked at.
pub(super) fn calibrate(
    lists: &[List],
    refused: &[Levels],
    ordinary: &[Levels],
    weights: &[Vec<f64>],
    file: &mut ModelFile,
) {
    let labelled = lists
        .iter()
        .filter(|list| list.order == Order::Arrival)
        .flat_map(|list| list.levels.iter().zip(&list.answer))
        .map(|(levels, answer)| (sum(levels, weights), *answer > 0.0, 1.0));
    let ordinary = ordinary
        .iter()
        .map(|levels| (sum(levels, weights), false, CALIBRATE_EVERY as f64));
    let refused = refused
        .iter()
        .map(|levels| (sum(levels, weights), false, 1.0));
    let rows: Vec<Row> = labelled.chain(refused).chain(ordinary).collect();
    let (slope, prior) = platt(&rows);
    file.slope = (slope * 1e4).round() / 1e4;
    file.prior_bits = (prior * 1e4).round() / 1e4;
}

/// A sum of weights, whether it was an answer, and how many it stands for.
type Row = (f64, bool, f64);

/// Slope and prior of the greatest likelihood, by Newton's method. A whole step may lead away from
/// it, above all with few labels, so each is halved until it leads nearer.
fn platt(rows: &[Row]) -> (f64, f64) {
    const STEPS: usize = 60;
    const HALVINGS: i32 = 30;
    let surprise = |slope: f64, prior: f64| -> f64 {
        rows.iter()
            .map(|(x, is, times)| {
                let bits = slope * x + prior;
                let against = if *is { -bits } else { bits };
                // log2(1 + 2^against), which overflows for no bits.
                times * (against.max(0.0) + (-against.abs()).exp2().ln_1p() / LN_2)
            })
            .sum()
    };
    let (mut slope, mut prior) = (1.0, -7.0);
    let mut now = surprise(slope, prior);
    for _ in 0..STEPS {
        let (by_slope, by_prior) = newton_step(rows, slope, prior);
        let next = (0..HALVINGS).find_map(|halvings| {
            let part = 0.5_f64.powi(halvings);
            let slope = (slope - part * by_slope).clamp(0.05, 4.0);
            let prior = (prior - part * by_prior).clamp(-40.0, 20.0);
            let then = surprise(slope, prior);
            (then < now).then_some((slope, prior, then))
        });
        match next {
            Some(next) => (slope, prior, now) = next,
            None => break,
        }
    }
    (slope, prior)
}

/// What Newton's method takes off slope and prior; nothing where the rows do not tell them apart.
fn newton_step(rows: &[Row], slope: f64, prior: f64) -> (f64, f64) {
    let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
    for (x, is, times) in rows {
        let p = Model::probability(slope * x + prior);
        let e = times * (p - f64::from(u8::from(*is)));
        let w = times * (p * (1.0 - p)).max(1e-9);
        g = [g[0] + e * x, g[1] + e];
        h = [h[0] + w * x * x, h[1] + w * x, h[2] + w];
    }
    let det = h[0] * h[2] - h[1] * h[1];
    if det.abs() < 1e-9 {
        return (0.0, 0.0);
    }
    (
        (h[2] * g[0] - h[1] * g[1]) / det / LN_2,
        (h[0] * g[1] - h[1] * g[0]) / det / LN_2,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        levels::{Distance, Level as _, SPECS},
        model::FORMAT,
    };

    fn candidate(distance: Distance) -> Levels {
        let mut levels = Levels::default();
        levels.set(distance);
        levels
    }

    #[test]
    fn probabilities_sum_up_to_the_partners_an_intake_meets() {
        const HERE: Distance = Distance::SamePoint;
        const NEAR: Distance = Distance::Within0_35;
        const FAR: Distance = Distance::Within1_2;
        let list = |order, distances: &[Distance]| List {
            levels: distances.iter().copied().map(candidate).collect(),
            answer: distances
                .iter()
                .map(|distance| f64::from(u8::from(*distance == HERE)))
                .collect(),
            order,
        };
        // A clean-up asks the same pairs once more: they are no second partner.
        let lists: Vec<List> = (0..20)
            .flat_map(|_| {
                [
                    list(Order::Arrival, &[HERE, NEAR, FAR]),
                    list(Order::Any, &[HERE, NEAR, FAR, HERE]),
                ]
            })
            .collect();
        let ordinary: Vec<Levels> = [HERE, NEAR, FAR, FAR, FAR].map(candidate).to_vec();
        let mut weights: Vec<Vec<f64>> = SPECS.iter().map(|s| vec![0.0; s.levels.len()]).collect();
        for (distance, bits) in [(HERE, 6.0), (NEAR, 2.0), (FAR, -3.0)] {
            weights[Distance::KIND][usize::from(distance.index())] = bits;
        }
        let mut file: ModelFile = serde_json::from_value(serde_json::json!({
            "format": FORMAT, "name": "t", "prior_bits": 0.0, "slope": 1.0, "weights": {},
            "provenance": {"data": "", "data_sha256": [], "method": "labels", "made_on": "", "cases": 0, "pairs": 0},
        }))
        .unwrap();
        calibrate(&lists, &[], &ordinary, &weights, &mut file);
        let probability = |levels: &Levels| {
            Model::probability(file.slope * sum(levels, &weights) + file.prior_bits)
        };
        let asked = lists.iter().filter(|l| l.order == Order::Arrival);
        let of_asked: f64 = asked.flat_map(|l| &l.levels).map(probability).sum();
        let of_others: f64 = ordinary.iter().map(probability).sum();
        let all = of_asked + CALIBRATE_EVERY as f64 * of_others;
        assert!((all - 20.0).abs() < 0.1, "{all} expected, 20 met");
    }
}
