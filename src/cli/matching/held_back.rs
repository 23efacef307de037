//! The part of the labels a model is not shown, so that it can be measured on it.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::data::Labelled;
use crate::linkage::{index::Order, train::questions};

/// Share of the ledger's groups that is held back unless somebody says another.
pub const LEDGER_SHARE: f64 = 0.2;

/// Fewer held-back questions than this say nothing about which model is better.
pub const LEAST_QUESTIONS: usize = 20;

/// Reads a share of groups on the command line.
pub fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "is a number".to_owned())?;
    if (0.0..1.0).contains(&share) {
        Ok(share)
    } else {
        Err("is from 0 up to, but not, 1".to_owned())
    }
}

/// The group of each case that has one, by the place of its earliest case.
pub fn group_of(pairs: &[(usize, usize)]) -> HashMap<usize, usize> {
    let asked = questions(pairs, Order::Any);
    let mut earliest: BTreeMap<usize, usize> = BTreeMap::new();
    for question in &asked {
        let first = question.group.first().map_or(question.asks, |at| *at);
        let least = earliest.entry(question.group_no).or_insert(first);
        *least = first.min(question.asks).min(*least);
    }
    let mut groups = HashMap::new();
    for question in &asked {
        if let Some(first) = earliest.get(&question.group_no) {
            let members = question.group.iter().chain([&question.asks]);
            groups.extend(members.map(|at| (*at, *first)));
        }
    }
    groups
}

/// Which groups are held back: whole ones, by a hash of the id of their earliest case. A group stays
/// on its side while it grows and however many others come.
#[derive(Debug)]
pub struct HeldBack {
    groups: HashMap<usize, usize>,
    held: HashMap<usize, bool>,
}

impl HeldBack {
    /// Draws the line.
    pub fn of(labelled: &Labelled, share: f64) -> Self {
        let groups = group_of(&labelled.pairs);
        let held = groups
            .values()
            .map(|first| {
                let id = labelled.cases.ids.get(*first).map_or("", String::as_str);
                (*first, drawn(id) < share)
            })
            .collect();
        Self { groups, held }
    }

    /// Whether a case is of a group that is held back.
    pub fn has(&self, at: usize) -> bool {
        let group = self.groups.get(&at);
        group.and_then(|first| self.held.get(first)).copied() == Some(true)
    }

    /// The pairs that touch no group held back.
    pub fn shown(&self, pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let shown = |pair: &&(usize, usize)| !self.touches(**pair);
        pairs.iter().filter(shown).copied().collect()
    }

    /// The pairs that touch a group held back.
    pub fn hidden(&self, pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let hidden = |pair: &&(usize, usize)| self.touches(**pair);
        pairs.iter().filter(hidden).copied().collect()
    }

    fn touches(&self, (a, b): (usize, usize)) -> bool {
        self.has(a) || self.has(b)
    }
}

/// A number from 0 up to 1 that depends on the id alone.
fn drawn(id: &str) -> f64 {
    let hash = Sha256::digest(id.as_bytes());
    let high = hash
        .iter()
        .take(4)
        .fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}
