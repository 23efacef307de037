//! Candidates in the order of how likely each is the same matter.

use super::{
    Context, Levels, Side,
    compare::{compare, compare_list},
};

/// A candidate with its levels and what they sum up to.
#[derive(Debug, Clone, Copy)]
pub struct Ranked {
    /// Its place in the list of candidates given.
    pub at: usize,
    /// Its level in every comparison.
    pub levels: Levels,
    /// Bits of the odds that it is the same matter.
    pub bits: f64,
}

/// Compares a report with all its candidates.
#[must_use]
pub fn levels_of(new: Side<'_>, olds: &[Side<'_>], context: &Context<'_>) -> Vec<Levels> {
    let mut levels: Vec<Levels> = olds.iter().map(|old| compare(new, *old, context)).collect();
    compare_list(new, olds, &mut levels);
    levels
}

/// Scores a report's candidates, the most likely first; of equals the earlier.
#[must_use]
pub fn rank(new: Side<'_>, olds: &[Side<'_>], context: &Context<'_>) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = levels_of(new, olds, context)
        .into_iter()
        .enumerate()
        .map(|(at, levels)| Ranked {
            at,
            levels,
            bits: context.model().bits(&levels),
        })
        .collect();
    ranked.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.at.cmp(&b.at)));
    ranked
}
