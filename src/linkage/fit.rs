//! Fitting the weights to lists of candidates: the listwise step and the calibration.

use super::{Levels, Model, ModelFile, train::Table};

/// Every so many-th case without a label is taken for what a new case meets, to calibrate.
pub(super) const CALIBRATE_EVERY: usize = 29;

/// Steps of the listwise tuning, and how strongly it holds on to the counted weights.
const TUNING_STEPS: u32 = 160;
const TUNING_HOLD: f64 = 1.0;

/// One list: the levels of a report's candidates, and how much each is the answer (sums to 1).
pub(super) struct List {
    pub(super) levels: Vec<Levels>,
    pub(super) answer: Vec<f64>,
}

/// The listwise step: gradient steps (Adam) on the weights, held near the counted ones.
pub(super) fn tune(lists: &[List], counted: &Table) -> Vec<Vec<f64>> {
    let start: Vec<Vec<f64>> = counted
        .iter()
        .map(|levels| {
            levels
                .iter()
                .map(|w| w.bits * std::f64::consts::LN_2)
                .collect()
        })
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
            for (level, weight) in levels.iter_mut().enumerate().skip(1) {
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
        levels.iter_mut().for_each(|w| *w /= std::f64::consts::LN_2);
    }
    weights
}

fn sum(levels: &Levels, weights: &[Vec<f64>]) -> f64 {
    levels
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
        for (kind, level) in levels.iter().enumerate() {
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
/// candidate was an answer. Ordinary cases stand for all that were not looked at.
pub(super) fn calibrate(
    lists: &[List],
    refused: &[Levels],
    ordinary: &[Levels],
    weights: &[Vec<f64>],
    file: &mut ModelFile,
) {
    let labelled = lists
        .iter()
        .flat_map(|list| list.levels.iter().zip(&list.answer))
        .map(|(levels, answer)| (sum(levels, weights), *answer > 0.0, 1.0));
    let ordinary = ordinary
        .iter()
        .map(|levels| (sum(levels, weights), false, CALIBRATE_EVERY as f64));
    let refused = refused
        .iter()
        .map(|levels| (sum(levels, weights), false, 1.0));
    let rows: Vec<(f64, bool, f64)> = labelled.chain(refused).chain(ordinary).collect();
    let (mut slope, mut prior) = (1.0, -7.0);
    for _ in 0..40 {
        // Newton's method on the log-likelihood of slope and prior.
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for (x, is, times) in &rows {
            let p = Model::probability(slope * x + prior);
            let e = times * (p - f64::from(u8::from(*is)));
            let w = times * (p * (1.0 - p)).max(1e-9);
            g = [g[0] + e * x, g[1] + e];
            h = [h[0] + w * x * x, h[1] + w * x, h[2] + w];
        }
        let det = h[0] * h[2] - h[1] * h[1];
        if det.abs() < 1e-9 {
            break;
        }
        let scale = std::f64::consts::LN_2;
        let step = [
            (h[2] * g[0] - h[1] * g[1]) / det / scale,
            (h[0] * g[1] - h[1] * g[0]) / det / scale,
        ];
        slope = (slope - step[0]).clamp(0.05, 4.0);
        prior = (prior - step[1]).clamp(-40.0, 20.0);
    }
    file.slope = (slope * 1e4).round() / 1e4;
    file.prior_bits = (prior * 1e4).round() / 1e4;
}
