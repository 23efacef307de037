//! What is looked for, as a condition over terms, and the complaints of which it holds, block by block
//! from the newest. All of a term's blocks are read: a million complaints have 245.

use std::collections::{BTreeSet, HashMap};

use diesel::{dsl::max, prelude::*};

use crate::complaint::term_blocks::{BLOCK, Lines, lay, mark, places};
use crate::platform::db::{
    Connection, Id,
    schema::{search_block, search_item, search_term},
};

/// Ids of one statement at most.
const IDS_AT_ONCE: usize = 10_000;

/// Complaints of a set, by block.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers(HashMap<i64, Box<Lines>>);

/// A condition over terms.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// What a term leads to.
    Term(i64),
    /// What all lead to; everything, where there is nothing to hold.
    All(Vec<Wanted>),
    /// What one of them leads to.
    Any(Vec<Wanted>),
    /// Complaints that were found in another way.
    These(Numbers),
}

impl Wanted {
    /// What all these terms lead to.
    pub(super) fn terms(terms: impl IntoIterator<Item = i64>) -> Self {
        Self::All(terms.into_iter().map(Self::Term).collect())
    }

    fn gather(&self, terms: &mut BTreeSet<i64>) {
        match self {
            Self::Term(term) => {
                terms.insert(*term);
            }
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.gather(terms));
            }
            Self::These(_) => {}
        }
    }
}

impl Numbers {
    /// Complaints by their ids.
    ///
    /// # Errors
    /// What the database answers.
    pub(super) fn of(conn: &mut Connection, ids: &[Id]) -> QueryResult<Self> {
        let mut numbers = Self::default();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let found: Vec<i64> = search_item::table
                .filter(search_item::complaint_id.eq_any(ids))
                .select(search_item::seq)
                .load(conn)?;
            found.into_iter().for_each(|seq| numbers.add(seq));
        }
        Ok(numbers)
    }

    fn add(&mut self, seq: i64) {
        let at = u16::try_from(seq.rem_euclid(BLOCK)).unwrap_or_default();
        let block = self.0.entry(seq.div_euclid(BLOCK));
        mark(block.or_insert_with(|| Box::new([0; 64])), at);
    }
}

/// What terms lead to.
pub(super) struct Index {
    blocks: HashMap<(i64, i64), Vec<Vec<u8>>>,
    lately: HashMap<i64, Numbers>,
    /// The last complaint's number.
    last: i64,
}

impl Index {
    /// Reads the terms that a condition names. What came lately is read first: what moves to the blocks
    /// meanwhile is seen twice, and nothing is missed.
    ///
    /// # Errors
    /// What the database answers.
    pub(super) fn read(conn: &mut Connection, wanted: &Wanted) -> QueryResult<Self> {
        let mut terms = BTreeSet::new();
        wanted.gather(&mut terms);
        let last: Option<i64> = search_item::table
            .select(max(search_item::seq))
            .first(conn)?;
        let came: Vec<(i64, i64)> = search_term::table
            .filter(search_term::term.eq_any(&terms))
            .select((search_term::term, search_term::seq))
            .load(conn)?;
        let stored: Vec<(i64, i64, Vec<u8>)> = search_block::table
            .filter(search_block::term.eq_any(&terms))
            .select((search_block::term, search_block::block, search_block::items))
            .load(conn)?;
        let mut lately: HashMap<i64, Numbers> = HashMap::new();
        for (term, seq) in came {
            lately.entry(term).or_default().add(seq);
        }
        let mut blocks: HashMap<(i64, i64), Vec<Vec<u8>>> = HashMap::new();
        for (term, block, items) in stored {
            blocks.entry((term, block)).or_default().push(items);
        }
        Ok(Self {
            blocks,
            lately,
            last: last.unwrap_or_default(),
        })
    }

    /// The numbers of which a condition holds, the newest first, below one where one is given.
    pub(super) fn found<'a>(
        &'a self,
        wanted: &'a Wanted,
        below: Option<i64>,
    ) -> impl Iterator<Item = i64> + 'a {
        let from = below
            .map_or(self.last, |below| below.saturating_sub(1))
            .min(self.last);
        let blocks = (0..=from.div_euclid(BLOCK)).rev();
        let all = blocks.flat_map(move |block| {
            let lines = self.lines(wanted, block);
            let found: Vec<u16> = places(&lines).collect();
            found
                .into_iter()
                .map(move |at| block * BLOCK + i64::from(at))
        });
        all.filter(move |seq| (1..=from).contains(seq))
    }

    fn lines(&self, wanted: &Wanted, block: i64) -> Lines {
        match wanted {
            Wanted::Term(term) => {
                let mut lines = self.lately.get(term).map_or([0; 64], |it| it.lines(block));
                for items in self.blocks.get(&(*term, block)).into_iter().flatten() {
                    lay(items, &mut lines);
                }
                lines
            }
            Wanted::These(numbers) => numbers.lines(block),
            Wanted::All(parts) => parts.iter().fold([u64::MAX; 64], |mut all, part| {
                // What nothing is left of needs no more looking.
                if all.iter().any(|line| *line != 0) {
                    let held = self.lines(part, block);
                    all.iter_mut()
                        .zip(held)
                        .for_each(|(line, held)| *line &= held);
                }
                all
            }),
            Wanted::Any(parts) => parts.iter().fold([0; 64], |mut any, part| {
                let held = self.lines(part, block);
                any.iter_mut()
                    .zip(held)
                    .for_each(|(line, held)| *line |= held);
                any
            }),
        }
    }
}

impl Numbers {
    fn lines(&self, block: i64) -> Lines {
        self.0.get(&block).map_or([0; 64], |lines| **lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(of: &[i64]) -> Numbers {
        let mut numbers = Numbers::default();
        of.iter().for_each(|seq| numbers.add(*seq));
        numbers
    }

    fn index() -> Index {
        let few = |of: &[u16]| {
            of.iter()
                .flat_map(|at| at.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        Index {
            blocks: HashMap::from([
                ((1, 0), vec![few(&[1, 2, 3])]),
                ((1, 1), vec![few(&[0, 7])]),
                ((2, 1), vec![few(&[7])]),
            ]),
            lately: HashMap::from([(2, numbers(&[3, 9000]))]),
            last: 9000,
        }
    }

    fn found(wanted: &Wanted, below: Option<i64>) -> Vec<i64> {
        index().found(wanted, below).collect()
    }

    #[test]
    fn terms_meet_wherever_they_are_stored() {
        let both = Wanted::terms([1, 2]);
        assert_eq!(found(&both, None), [4103, 3]);
        assert_eq!(found(&both, Some(4103)), [3]);
        let one = Wanted::Any(vec![Wanted::Term(1), Wanted::Term(2)]);
        assert_eq!(found(&one, None), [9000, 4103, 4096, 3, 2, 1]);
        let these = Wanted::All(vec![Wanted::Term(1), Wanted::These(numbers(&[2, 5]))]);
        assert_eq!(found(&these, None), [2]);
    }

    #[test]
    fn nothing_to_hold_is_all_there_is() {
        assert_eq!(found(&Wanted::All(Vec::new()), None).len(), 9000);
        assert_eq!(found(&Wanted::All(Vec::new()), Some(3)), [2, 1]);
        assert!(found(&Wanted::Any(Vec::new()), None).is_empty());
    }
}
