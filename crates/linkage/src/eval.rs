//! How well candidates are ranked: where the recorded partner stands, and where any member of its
//! group does; ties count by their expected rank, and intervals come from drawing whole groups
//! again, because the pairs of one group are not independent.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{
    Model, Report,
    baseline::Rule,
    index::{Index, Order},
    train::{Cases, Question},
};

/// Draws of the bootstrap.
const DRAWS: usize = 1000;

/// Two sums nearer than this are a tie.
const TIE: f64 = 1e-12;

/// What ranks the candidates.
#[derive(Debug, Clone, Copy)]
pub enum Ranker<'a> {
    /// A model.
    Model(&'a Model),
    /// Another system's rule.
    Rule(Rule),
}

/// What became of a question.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The case that asked.
    pub asks: usize,
    /// Its recorded partner.
    pub partner: usize,
    /// The candidate that stands first.
    pub first: Option<usize>,
    /// Expected rank of the recorded partner; infinite when it is no candidate.
    pub rank: f64,
    /// The best expected rank within the group.
    pub any_rank: f64,
    /// How many candidates there were.
    pub candidates: usize,
    /// The group, for the intervals.
    pub group_no: usize,
    /// Finding and scoring the candidates.
    pub took: Duration,
}

/// Asks a question; `clock` says how long it takes.
#[must_use]
pub fn ask(
    cases: &Cases,
    index: &Index,
    question: &Question,
    order: Order,
    ranker: Ranker<'_>,
    clock: fn() -> Instant,
) -> Answer {
    let began = clock();
    let scored: Vec<(usize, f64)> = match ranker {
        Ranker::Model(model) => {
            let (found, levels) = cases.compared(index, question.asks, order, model);
            let bits = levels.iter().map(|l| model.bits(l));
            found.into_iter().zip(bits).collect()
        }
        Ranker::Rule(rule) => rule.candidates(cases, question.asks, order),
    };
    let took = clock() - began;
    let rank = |at: usize| -> f64 {
        let Some((_, mine)) = scored.iter().find(|(other, _)| *other == at) else {
            return f64::INFINITY;
        };
        let above = scored.iter().filter(|(_, s)| *s > mine + TIE).count();
        let equal = scored
            .iter()
            .filter(|(_, s)| (s - mine).abs() <= TIE)
            .count();
        above as f64 + (equal as f64 + 1.0) / 2.0
    };
    let first = scored.iter().max_by(|(_, a), (_, b)| a.total_cmp(b));
    Answer {
        asks: question.asks,
        partner: question.partner,
        first: first.map(|(at, _)| *at),
        rank: rank(question.partner),
        any_rank: question
            .group
            .iter()
            .map(|at| rank(*at))
            .fold(f64::INFINITY, f64::min),
        candidates: scored.len(),
        group_no: question.group_no,
        took,
    }
}

/// The part of their letter triples that two reports share (Jaccard); nothing can be said when one
/// of them has no text.
#[must_use]
pub fn shared_text(a: &Report, b: &Report) -> Option<f64> {
    if a.grams.is_empty() || b.grams.is_empty() {
        return None;
    }
    let both = a
        .grams
        .iter()
        .filter(|gram| b.grams.binary_search(gram).is_ok())
        .count();
    Some(both as f64 / (a.grams.len() + b.grams.len() - both) as f64)
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "named as what they count")]
pub struct Figures {
    pub questions: usize,
    pub recall_at_1: Figure,
    pub recall_at_3: Figure,
    pub recall_at_5: Figure,
    pub recall_at_10: Figure,
    pub mrr: Figure,
    pub any_recall_at_1: Figure,
    pub any_recall_at_3: Figure,
    pub any_recall_at_5: Figure,
    pub any_recall_at_10: Figure,
    pub any_mrr: Figure,
    pub blocked_out: Figure,
    pub candidates_mean: Figure,
    pub candidates_median: Figure,
    /// Candidates and scoring, microseconds for a question: median and 99th percentile.
    pub median_us: f64,
    pub p99_us: f64,
}

/// Sums the answers up.
#[must_use]
pub fn figures(answers: &[Answer]) -> Figures {
    let groups = by_group(answers);
    let figure = |of: &dyn Fn(&Answer) -> f64| interval(&groups, of);
    let within = |rank: f64, most: f64| f64::from(u8::from(rank <= most));
    // The first place is first only when it is not shared: an expected rank of 1.5 is two firsts.
    let first = |rank: f64| within(rank, 1.0 + 1e-6);
    let mut counts: Vec<usize> = answers.iter().map(|a| a.candidates).collect();
    counts.sort_unstable();
    let median = counts.get(counts.len() / 2).copied().unwrap_or(0) as f64;
    let mut times: Vec<f64> = answers.iter().map(|a| a.took.as_secs_f64() * 1e6).collect();
    times.sort_by(f64::total_cmp);
    let time = |share: f64| -> f64 {
        let at = (times.len() as f64 * share) as usize;
        times
            .get(at.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    Figures {
        questions: answers.len(),
        recall_at_1: figure(&|a| first(a.rank)),
        recall_at_3: figure(&|a| within(a.rank, 3.0)),
        recall_at_5: figure(&|a| within(a.rank, 5.0)),
        recall_at_10: figure(&|a| within(a.rank, 10.0)),
        mrr: figure(&|a| 1.0 / a.rank),
        any_recall_at_1: figure(&|a| first(a.any_rank)),
        any_recall_at_3: figure(&|a| within(a.any_rank, 3.0)),
        any_recall_at_5: figure(&|a| within(a.any_rank, 5.0)),
        any_recall_at_10: figure(&|a| within(a.any_rank, 10.0)),
        any_mrr: figure(&|a| 1.0 / a.any_rank),
        blocked_out: figure(&|a| f64::from(u8::from(a.rank.is_infinite()))),
        candidates_mean: figure(&|a| a.candidates as f64),
        candidates_median: Figure {
            value: median,
            low: median,
            high: median,
        },
        median_us: time(0.5),
        p99_us: time(0.99),
    }
}

fn by_group(answers: &[Answer]) -> Vec<Vec<Answer>> {
    let mut groups: std::collections::BTreeMap<usize, Vec<Answer>> =
        std::collections::BTreeMap::new();
    for answer in answers {
        groups.entry(answer.group_no).or_default().push(*answer);
    }
    groups.into_values().collect()
}

fn interval(groups: &[Vec<Answer>], of: &dyn Fn(&Answer) -> f64) -> Figure {
    let sums: Vec<(f64, f64)> = groups
        .iter()
        .map(|g| (g.iter().map(of).sum(), g.len() as f64))
        .collect();
    let mean = |sum: f64, n: f64| if n > 0.0 { sum / n } else { 0.0 };
    let all = sums
        .iter()
        .fold((0.0, 0.0), |(s, n), (x, m)| (s + x, n + m));
    let mut draw = Draw(17);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let (s, n) = (0..sums.len()).fold((0.0, 0.0), |(s, n), _| {
                let (x, m) = sums
                    .get(draw.below(sums.len()))
                    .copied()
                    .unwrap_or_default();
                (s + x, n + m)
            });
            mean(s, n)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let at = (DRAWS as f64 * share) as usize;
        means.get(at.min(DRAWS - 1)).copied().unwrap_or(0.0)
    };
    let value = mean(all.0, all.1);
    Figure {
        value,
        low: at(0.025).min(value),
        high: at(0.975).max(value),
    }
}

/// A small generator (SplitMix64): the same figures and folds on every run.
#[derive(Debug, Clone)]
pub struct Draw(pub u64);

impl Draw {
    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound; 0 when the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next_number() % bound).unwrap_or(0)
    }

    /// A number from 0 up to 1.
    pub fn share(&mut self) -> f64 {
        (self.next_number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
