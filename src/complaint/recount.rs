//! An entry counted anew after its complaints changed, and their places in the brigade's queue, which
//! follow from how many people complain of one matter.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    queries::{self, ComplaintRow, RankRow},
    rank::rank_of,
    ranks,
};
use crate::district::Profile;
use crate::ledger::count;
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{OnDb, Problem},
};

/// Queued complaints of one entry that get another place in one transaction; those left over get
/// theirs at night.
const RANKED_AT_ONCE: usize = 200;

/// Counts an entry anew, and puts its queued complaints where its voices send them.
///
/// # Errors
/// A fault when the database fails.
pub fn entry(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let reporters = count::refresh(conn, profile, id, now)?;
    let queued: Vec<RankRow> = complaint::table
        .filter(complaint::entry_id.eq(id))
        .filter(complaint::in_queue.eq(true))
        .order(complaint::id.asc())
        .select(RankRow::as_select())
        .load(conn)
        .or_fault("load an entry's queued complaints")?;
    let moved = queued.iter().filter_map(|row| {
        let rank = rank_of(profile, row, reporters, now);
        (rank != row.queue_rank).then_some((row.id, rank))
    });
    ranks::write(conn, moved.take(RANKED_AT_ONCE)).or_fault("rank an entry's complaints")
}

/// Counts an entry anew for a complaint that has just come to it, and answers the newcomer. It gets
/// the place its matter's voices earn; what stands in the queue already moves by somebody's decision
/// or at night, and not under the eyes of who reads it page by page.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn welcome(
    conn: &mut Connection,
    profile: &Profile,
    entry: Id,
    (newcomer, number): (Id, &str),
    now: DateTime<Utc>,
) -> Result<ComplaintRow, Problem> {
    let reporters = count::welcome(conn, profile, entry, number, now)?;
    let mut row = queries::by_id(conn, newcomer).or_fault("load the new complaint")?;
    let rank = rank_of(profile, &row.ranked(), reporters, now);
    if row.in_queue && rank != row.queue_rank {
        ranks::write(conn, [(newcomer, rank)]).or_fault("rank a complaint")?;
        row.queue_rank = rank;
    }
    Ok(row)
}
