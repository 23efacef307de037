//! Terms that came lately, moved to blocks: for each term one row for 4,096 complaints, as a list of
//! them while they are few and as one bit for each when they are many. A term of every third complaint
//! costs no more than 512 bytes a block.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::{connection::SimpleConnection, prelude::*};
use serde::{Deserialize, Serialize};

use super::terms;
use crate::app::App;
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, Patience,
        schema::{search_block, search_item, search_term},
    },
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
};
use crate::text::text_number;

/// Complaints of a block.
pub const BLOCK: i64 = 4096;

/// Bytes of a block with one bit for each complaint. A list is shorter, by which the two are told apart.
const BITS: usize = 512;

/// Numbers of a block's complaints, one bit for each.
pub type Lines = [u64; 64];

/// Complaints filed anew in one transaction.
const FILED_AT_ONCE: i64 = 200;

/// Rows moved in one transaction, but for those of the last term.
const MOVED_AT_ONCE: i64 = 20_000;

/// Blocks of one statement at most: SQLite takes 32,766 variables.
const BLOCKS_AT_ONCE: usize = 10_000;

/// Files complaints that are not filed by the terms of this edition, and moves terms to their blocks.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileTerms {}

impl Job for FileTerms {
    type App = App;
    const NAME: &'static str = "file_terms";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, _now: DateTime<Utc>) -> Result<(), Problem> {
        let db = app.db.with_patience(Patience::Work);
        // Moved as they are filed: who searches meanwhile would have ever more rows to read.
        loop {
            let mut more = true;
            for _ in 0..BLOCK / FILED_AT_ONCE {
                let keys = app.keys.clone();
                more = more && db.write(move |conn| file_some(conn, &keys)).await?;
            }
            in_batches(&app.db, move_some).await?;
            if !more {
                return Ok(());
            }
        }
    }
}

/// Files the next complaints that the terms of this edition do not lead to; answers whether there were any.
fn file_some(conn: &mut Connection, keys: &Keys) -> Result<bool, Problem> {
    let older: Vec<Id> = search_item::table
        .filter(search_item::edition.lt(terms::EDITION))
        .order((search_item::edition, search_item::seq))
        .limit(FILED_AT_ONCE)
        .select(search_item::complaint_id)
        .load(conn)
        .or_fault("list what is to be filed")?;
    for id in &older {
        terms::file(conn, keys, *id, None)?;
    }
    Ok(!older.is_empty())
}

/// Moves the terms after one to their blocks; answers the last that was moved.
fn move_some(conn: &mut Connection, after: Option<i64>) -> Result<Option<i64>, Problem> {
    one_at_a_time(conn).or_fault("lock the blocks")?;
    let from = after.map_or(i64::MIN, |after| after.saturating_add(1));
    let next: Vec<i64> = search_term::table
        .filter(search_term::term.ge(from))
        .order((search_term::term, search_term::seq))
        .limit(MOVED_AT_ONCE)
        .select(search_term::term)
        .load(conn)
        .or_fault("list terms")?;
    let Some(last) = next.last().copied() else {
        return Ok(None);
    };
    // What is taken away is what is moved, whatever came meanwhile.
    let lately = search_term::table
        .filter(search_term::term.ge(from))
        .filter(search_term::term.le(last));
    let taken: Vec<(i64, i64)> = on_each!(conn, |c| diesel::delete(lately)
        .returning((search_term::term, search_term::seq))
        .get_results(c))
    .or_fault("take terms")?;
    put(conn, taken).or_fault("write blocks")?;
    Ok((last < i64::MAX).then_some(last))
}

/// Two that write the same block would each forget what the other put in.
fn one_at_a_time(conn: &mut Connection) -> QueryResult<()> {
    let Connection::Postgres(c) = conn else {
        return Ok(());
    };
    let lock = text_number("lock search_block").cast_signed();
    c.batch_execute(&format!("SELECT pg_advisory_xact_lock({lock})"))
}

/// Puts complaints' numbers under terms into their blocks.
///
/// # Errors
/// What the database answers.
pub fn put(conn: &mut Connection, numbers: Vec<(i64, i64)>) -> QueryResult<()> {
    let mut blocks: BTreeMap<(i64, i64), BTreeSet<u16>> = BTreeMap::new();
    for (term, seq) in numbers {
        let at = u16::try_from(seq.rem_euclid(BLOCK)).unwrap_or_default();
        let block = blocks.entry((term, seq.div_euclid(BLOCK))).or_default();
        block.insert(at);
    }
    let terms: BTreeSet<i64> = blocks.keys().map(|(term, _)| *term).collect();
    let touched: BTreeSet<i64> = blocks.keys().map(|(_, block)| *block).collect();
    let terms: Vec<i64> = terms.into_iter().collect();
    for terms in terms.chunks(BLOCKS_AT_ONCE) {
        let present = search_block::table
            .filter(search_block::term.eq_any(terms))
            .filter(search_block::block.eq_any(&touched));
        let present: Vec<(i64, i64, Vec<u8>)> = on_each!(conn, |c| diesel::delete(present)
            .returning((search_block::term, search_block::block, search_block::items))
            .get_results(c))?;
        for (term, block, items) in present {
            blocks
                .entry((term, block))
                .or_default()
                .extend(read(&items));
        }
    }
    let blocks: Vec<((i64, i64), Vec<u8>)> = blocks
        .into_iter()
        .map(|(at, items)| (at, written(&items)))
        .collect();
    for part in blocks.chunks(BLOCKS_AT_ONCE) {
        let rows: Vec<_> = part
            .iter()
            .map(|((term, block), items)| {
                (
                    search_block::term.eq(term),
                    search_block::block.eq(block),
                    search_block::items.eq(items),
                )
            })
            .collect();
        on_each!(conn, |c| diesel::insert_into(search_block::table)
            .values(rows)
            .execute(c))?;
    }
    Ok(())
}

/// The places of a block as they are stored.
fn written(items: &BTreeSet<u16>) -> Vec<u8> {
    if items.len() * 2 < BITS {
        return items.iter().flat_map(|at| at.to_le_bytes()).collect();
    }
    let mut lines: Lines = [0; 64];
    for at in items {
        mark(&mut lines, *at);
    }
    lines.iter().flat_map(|line| line.to_le_bytes()).collect()
}

/// The places of a block as they were stored.
fn read(items: &[u8]) -> Vec<u16> {
    let mut lines: Lines = [0; 64];
    lay(items, &mut lines);
    places(&lines).collect()
}

/// Marks one place of a block.
pub fn mark(lines: &mut Lines, at: u16) {
    if let Some(line) = lines.get_mut(usize::from(at / 64)) {
        *line |= 1 << (at % 64);
    }
}

/// Marks all places of a stored block.
pub fn lay(items: &[u8], lines: &mut Lines) {
    if items.len() == BITS {
        let stored = items
            .chunks_exact(8)
            .filter_map(|line| line.try_into().ok());
        for (line, more) in lines.iter_mut().zip(stored.map(u64::from_le_bytes)) {
            *line |= more;
        }
    } else {
        let stored = items.chunks_exact(2).filter_map(|at| at.try_into().ok());
        for at in stored.map(u16::from_le_bytes) {
            mark(lines, at);
        }
    }
}

/// The places that are marked, the last first.
pub fn places(lines: &Lines) -> impl Iterator<Item = u16> {
    let lines = lines.iter().zip(0_u16..64).rev();
    lines.flat_map(|(line, at)| {
        let bits = (0_u16..64).rev();
        let marked = bits.filter(move |bit| (*line >> bit) & 1 == 1);
        marked.map(move |bit| at * 64 + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_few_and_many() {
        for step in [1, 3, 16, 17, 700] {
            let items: BTreeSet<u16> = (0..4096).step_by(step).collect();
            let stored = written(&items);
            assert!(stored.len() <= BITS);
            assert_eq!(read(&stored).into_iter().collect::<BTreeSet<_>>(), items);
        }
        assert!(written(&BTreeSet::new()).is_empty());
    }

    #[test]
    fn the_last_place_comes_first() {
        let mut lines: Lines = [0; 64];
        for at in [0, 63, 64, 4095] {
            mark(&mut lines, at);
        }
        assert_eq!(places(&lines).collect::<Vec<_>>(), [4095, 64, 63, 0]);
    }
}
