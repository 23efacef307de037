//! From what terms lead to, to the rows of a page: each complaint that may be meant is looked at, the
//! newest first, until the page is full or enough was looked at.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    asked::Asked,
    wanted::{Index, Wanted},
    words,
};
use crate::complaint::{queries::ComplaintRow, terms::EDITION};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id,
        schema::{complaint, complaint_place, search_item},
    },
    problem::{OnDb, Problem},
};
use crate::privacy::Need;

/// Complaints looked at for one page at most.
const LOOKED_AT: usize = 1_000;

/// The same for roles whose words are masked with all that is known of whoever is behind each: that takes
/// longer.
const LOOKED_AT_MASKED: usize = 400;

/// Complaints looked at in one go.
const AT_ONCE: usize = 500;

/// A page's rows, the newest first.
pub(super) struct Found {
    pub(super) rows: Vec<ComplaintRow>,
    /// After which number the next page begins.
    pub(super) next: Option<i64>,
    /// Whether enough was looked at before the page was full.
    pub(super) cut_short: bool,
}

/// A page of what is asked for, below a number.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn page(
    conn: &mut Connection,
    keys: &Keys,
    need: Need,
    asked: &Asked,
    below: Option<i64>,
    limit: usize,
) -> Result<Found, Problem> {
    let wanted = asked.wanted(conn)?;
    let sought = (asked.words.as_slice(), asked.premises.as_ref());
    let reads_words = !asked.words.is_empty() || asked.premises.is_some();
    let most = if reads_words && need == Need::Nobody {
        LOOKED_AT_MASKED
    } else {
        LOOKED_AT
    };
    let look = |conn: &mut Connection, ids: &[Id]| {
        let rows = rows(conn, asked, ids)?;
        words::standing(conn, keys, need, rows, sought)
    };
    walk(conn, &wanted, (below, limit, most), look)
}

/// Complaints by their ids, as far as they are what is asked for; the newest first.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn rows(
    conn: &mut Connection,
    asked: &Asked,
    ids: &[Id],
) -> Result<Vec<ComplaintRow>, Problem> {
    let mut rows: Vec<ComplaintRow> = complaint::table
        .inner_join(complaint_place::table)
        .filter(complaint::id.eq_any(ids))
        // Said of both, so that whichever a planner begins with, it begins with these.
        .filter(complaint_place::complaint_id.eq_any(ids))
        .filter(asked.condition())
        .select(ComplaintRow::as_select())
        .load(conn)
        .or_fault("load what may be meant")?;
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    Ok(rows)
}

/// Looks at what a condition leads to until `limit` rows are found or `most` were looked at.
///
/// # Errors
/// What `look` answers; a fault when the database fails.
pub(super) fn walk(
    conn: &mut Connection,
    wanted: &Wanted,
    (below, limit, most): (Option<i64>, usize, usize),
    mut look: impl FnMut(&mut Connection, &[Id]) -> Result<Vec<ComplaintRow>, Problem>,
) -> Result<Found, Problem> {
    let index = Index::read(conn, wanted).or_fault("read terms")?;
    let mut numbers = index.found(wanted, below).peekable();
    let mut found: Vec<(i64, ComplaintRow)> = Vec::new();
    let (mut looked_at, mut at_once) = (0, limit + 1);
    while looked_at < most {
        let batch: Vec<i64> = numbers.by_ref().take(at_once).collect();
        let Some(last) = batch.last().copied() else {
            return Ok(full(found, None));
        };
        looked_at += batch.len();
        at_once = (at_once * 2).min(AT_ONCE);
        let items: Vec<(Id, i64)> = search_item::table
            .filter(search_item::seq.eq_any(&batch))
            .select((search_item::complaint_id, search_item::seq))
            .load(conn)
            .or_fault("find complaints by their numbers")?;
        let ids: Vec<Id> = items.iter().map(|(id, _)| *id).collect();
        let numbered: HashMap<Id, i64> = items.into_iter().collect();
        let rows = look(conn, &ids)?.into_iter();
        let begins = found.len();
        found.extend(rows.filter_map(|row| Some((*numbered.get(&row.id)?, row))));
        if let Some(new) = found.get_mut(begins..) {
            new.sort_unstable_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        }
        if found.len() > limit {
            found.truncate(limit);
            let next = found.last().map(|(seq, _)| *seq);
            return Ok(full(found, next));
        }
        if looked_at >= most && numbers.peek().is_some() {
            return Ok(Found {
                cut_short: true,
                ..full(found, Some(last))
            });
        }
    }
    Ok(full(found, None))
}

fn full(found: Vec<(i64, ComplaintRow)>, next: Option<i64>) -> Found {
    Found {
        rows: found.into_iter().map(|(_, row)| row).collect(),
        next,
        cut_short: false,
    }
}

/// Whether some complaints are not filed by their terms yet.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn is_being_filed(conn: &mut Connection) -> Result<bool, Problem> {
    // The first in the order of an index: asked for one below, a planner may look at all there are.
    let oldest: Option<i32> = search_item::table
        .order(search_item::edition.asc())
        .select(search_item::edition)
        .first(conn)
        .optional()
        .or_fault("look whether all is filed")?;
    Ok(oldest.is_some_and(|edition| edition < EDITION))
}
