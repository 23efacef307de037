//! Finding the weights without labels, by expectation and maximisation.

use std::collections::HashMap;

use super::{
    Levels, Model,
    compare::{SPECS, kind},
    index::{Index, Order},
    model::{ModelError, Provenance},
    train::{Cases, blank, named, weigh},
};

/// The same for what expectation and maximisation counts, which has no few labels to spare.
const EM_SMOOTHING: f64 = 0.5;

/// Rounds of expectation and maximisation.
const EM_ROUNDS: u32 = 30;

/// Comparisons that expectation and maximisation learns, beside time and standing.
const EM_KINDS: [usize; 6] = [
    kind::PLACE,
    kind::ADDRESS,
    kind::NAMES,
    kind::CATEGORY,
    kind::TEXT,
    kind::AREA,
];

/// Trains without labels. Three steps, each readable:
///
/// 1. u is what candidates look like that came more than a month apart: hardly any is one matter.
/// 2. Among candidates that came within three days, expectation and maximisation finds m: how the
///    pairs look that do not look like those, for place, names, category and words.
/// 3. How soon reports of one matter follow each other is what comes beyond what chance brings:
///    chance is even over time, and far apart there is nothing but chance.
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
    let mut rows: HashMap<Row, f64> = HashMap::new();
    for order in orders {
        for at in (0..cases.reports.len()).step_by(every.max(1)) {
            for levels in cases.compared(index, at, *order, &model).1 {
                *rows.entry(row_of(&levels)).or_default() += 1.0;
            }
        }
    }
    let (m, u, share) = expect_and_maximise(&rows);
    let mut same: Shares = SPECS
        .iter()
        .map(|s| vec![EM_SMOOTHING; s.levels.len()])
        .collect();
    let mut other = same.clone();
    for ((kind, m), u) in EM_KINDS.iter().zip(&m).zip(&u) {
        for (table, shares) in [(&mut same, m), (&mut other, u)] {
            if let Some(slot) = table.get_mut(*kind) {
                // Enough that the smoothing of what was not looked at never shows.
                *slot = shares.iter().map(|p| p * 1e6).collect();
            }
        }
    }
    for kind in [kind::TIME, kind::STANDING] {
        let (soon, chance) = beyond_chance(&rows, &m, &u, share, kind);
        if let (Some(a), Some(b)) = (same.get_mut(kind), other.get_mut(kind)) {
            (*a, *b) = (soon, chance);
        }
    }
    let counted = weigh(&same, &other);
    let bits: Vec<Vec<f64>> = counted
        .iter()
        .map(|levels| levels.iter().map(|w| w.bits).collect())
        .collect();
    file.weights = named(&counted, &bits);
    file.prior_bits = (share / (1.0 - share)).log2();
    Model::new(file)
}

/// Levels that training without labels looks at: those of [`EM_KINDS`], then time and standing.
type Row = [u8; EM_KINDS.len() + 2];

fn row_of(levels: &Levels) -> Row {
    let mut row = [0; EM_KINDS.len() + 2];
    let kinds = EM_KINDS.iter().chain(&[kind::TIME, kind::STANDING]);
    for (slot, kind) in row.iter_mut().zip(kinds) {
        *slot = levels.get(*kind).copied().unwrap_or(0);
    }
    row
}

fn time_of(row: &Row) -> u8 {
    row.get(EM_KINDS.len()).copied().unwrap_or(0)
}

/// Up to three days, either way.
fn is_soon(row: &Row) -> bool {
    matches!(time_of(row), 1..=7 | 14..=20)
}

/// More than a month, either way.
fn is_far(row: &Row) -> bool {
    matches!(time_of(row), 11..=13 | 24..=26)
}

/// Rows that are hardly ever of one matter: those more than a month apart, or, where the cases do
/// not reach over so long a time, all that are not near in time.
fn unrelated(rows: &HashMap<Row, f64>) -> fn(&Row) -> bool {
    const ENOUGH: f64 = 1000.0;
    let far: f64 = rows
        .iter()
        .filter(|(row, _)| is_far(row))
        .map(|(_, n)| n)
        .sum();
    if far >= ENOUGH {
        is_far
    } else {
        |row| !is_soon(row)
    }
}

type Shares = Vec<Vec<f64>>;

fn normal(counts: &mut [f64]) {
    let whole: f64 = counts.iter().skip(1).sum();
    counts
        .iter_mut()
        .for_each(|n| *n /= whole.max(f64::MIN_POSITIVE));
}

fn tally(tables: &mut Shares, row: &Row, n: f64) {
    for (table, level) in tables.iter_mut().zip(row) {
        if let Some(slot) = table.get_mut(usize::from(*level)) {
            *slot += n;
        }
    }
}

/// Odds that a row is of one matter, by what was learnt so far; time is not asked.
fn odds_of(row: &Row, m: &Shares, u: &Shares, share: f64) -> f64 {
    row.iter()
        .zip(m.iter().zip(u))
        .filter(|(level, _)| **level > 0)
        .fold(share / (1.0 - share), |odds, (level, (m, u))| {
            let p = |table: &[f64]| {
                table
                    .get(usize::from(*level))
                    .copied()
                    .unwrap_or(1.0)
                    .max(1e-9)
            };
            odds * p(m) / p(u)
        })
}

/// m and u of [`EM_KINDS`] and the share of near-simultaneous candidates that are of one matter.
fn expect_and_maximise(rows: &HashMap<Row, f64>) -> (Shares, Shares, f64) {
    let empty = || -> Shares {
        EM_KINDS
            .iter()
            .map(|kind| vec![EM_SMOOTHING; SPECS.get(*kind).map_or(1, |s| s.levels.len())])
            .collect()
    };
    let mut u = empty();
    let is_unrelated = unrelated(rows);
    for (row, n) in rows.iter().filter(|(row, _)| is_unrelated(row)) {
        tally(&mut u, row, *n);
    }
    u.iter_mut().for_each(|t| normal(t));
    // One matter: the nearer and the more alike, the likelier. Only where it begins.
    let mut m: Shares = u
        .iter()
        .map(|u| {
            let falling = |level: usize| 0.5_f64.powi(i32::try_from(level).unwrap_or(30).min(30));
            (0..u.len()).map(falling).collect()
        })
        .collect();
    m.iter_mut().for_each(|t| normal(t));
    let mut share: f64 = 0.01;
    for _ in 0..EM_ROUNDS {
        let mut same = empty();
        let (mut matches, mut all) = (0.0, 0.0);
        for (row, n) in rows.iter().filter(|(row, _)| is_soon(row)) {
            let odds = odds_of(row, &m, &u, share);
            let is = odds / (1.0 + odds);
            tally(&mut same, row, is * n);
            matches += is * n;
            all += n;
        }
        same.iter_mut().for_each(|t| normal(t));
        m = same;
        share = (matches / f64::max(all, 1.0)).clamp(1e-6, 0.3);
    }
    (m, u, share)
}

/// How levels of time (or standing) spread over pairs of one matter, and over chance pairs: what
/// pairs that look alike have beyond their share of chance, which is all they have far apart.
fn beyond_chance(
    rows: &HashMap<Row, f64>,
    m: &Shares,
    u: &Shares,
    share: f64,
    kind: usize,
) -> (Vec<f64>, Vec<f64>) {
    let at = if kind == kind::TIME {
        EM_KINDS.len()
    } else {
        EM_KINDS.len() + 1
    };
    let size = SPECS.get(kind).map_or(1, |s| s.levels.len());
    let (mut alike, mut chance) = (vec![EM_SMOOTHING; size], vec![EM_SMOOTHING; size]);
    let is_unrelated = unrelated(rows);
    let (mut alike_far, mut chance_far) = (EM_SMOOTHING, EM_SMOOTHING);
    for (row, n) in rows {
        let odds = odds_of(row, m, u, share);
        let is = odds / (1.0 + odds);
        let level = usize::from(row.get(at).copied().unwrap_or(0));
        if let (Some(a), Some(c)) = (alike.get_mut(level), chance.get_mut(level)) {
            *a += is * n;
            *c += (1.0 - is) * n;
        }
        if is_unrelated(row) {
            alike_far += is * n;
            chance_far += (1.0 - is) * n;
        }
    }
    let by_chance = alike_far / chance_far;
    let beyond = alike
        .iter()
        .zip(&chance)
        .map(|(a, c)| (a - by_chance * c).max(EM_SMOOTHING))
        .collect();
    (beyond, chance)
}
