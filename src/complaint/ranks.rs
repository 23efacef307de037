//! The queue's order, made anew for the new day.

use std::collections::{BTreeMap, HashMap};

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{locks, queries::RankRow, rank::rank_of};
use crate::app::App;
use crate::district::Profile;
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, ledger_entry},
    },
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
};

/// Complaints re-ranked in one transaction.
const BATCH: i64 = 500;

/// Makes the rank of every queued complaint anew.
#[derive(Debug, Serialize, Deserialize)]
pub struct RefreshRanks {}

impl Job for RefreshRanks {
    type App = App;
    const NAME: &'static str = "refresh_ranks";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let profile = app.profile.clone();
        in_batches(&app.db, move |conn, after| {
            rank_anew(conn, &profile, after, now)
        })
        .await
    }
}

fn rank_anew(
    conn: &mut Connection,
    profile: &Profile,
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<Option<Id>, Problem> {
    let mut query = complaint::table
        .inner_join(ledger_entry::table)
        .filter(complaint::in_queue.eq(true))
        .order(complaint::id.asc())
        .limit(BATCH)
        .select((
            RankRow::as_select(),
            complaint::version,
            ledger_entry::distinct_reporters,
        ))
        .into_boxed();
    if let Some(id) = after {
        query = query.filter(complaint::id.gt(id));
    }
    let rows: Vec<(RankRow, i32, i32)> = query.load(conn).or_fault("load the queue")?;
    let moved: HashMap<Id, (i32, i32)> = rows
        .iter()
        .map(|(row, version, reporters)| (row, version, rank_of(profile, row, *reporters, now)))
        .filter(|(row, _, rank)| *rank != row.queue_rank)
        .map(|(row, version, rank)| (row.id, (*version, rank)))
        .collect();
    let ids: Vec<Id> = moved.keys().copied().collect();
    // What somebody decided on meanwhile got its rank by that.
    let taken = locks::all(conn, &ids, &[])?.into_iter();
    let unchanged = taken.filter_map(|row| {
        let (version, rank) = *moved.get(&row.id)?;
        (version == row.version).then_some((row.id, rank))
    });
    write(conn, unchanged).or_fault("rank complaints")?;
    Ok(rows.last().map(|(row, ..)| row.id))
}

/// Writes ranks, those that are alike in one go.
///
/// # Errors
/// What the database answers.
pub(super) fn write(
    conn: &mut Connection,
    ranks: impl IntoIterator<Item = (Id, i32)>,
) -> QueryResult<()> {
    let mut alike: BTreeMap<i32, Vec<Id>> = BTreeMap::new();
    for (id, rank) in ranks {
        alike.entry(rank).or_default().push(id);
    }
    for (rank, ids) in alike {
        diesel::update(complaint::table.filter(complaint::id.eq_any(ids)))
            .set(complaint::queue_rank.eq(rank))
            .execute(conn)?;
    }
    Ok(())
}
