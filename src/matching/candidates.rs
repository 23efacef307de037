//! Candidates from indexed keys, never from a scan.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt},
};

use super::{Candidate, EntryStanding, Report, rules::radius_m};
use crate::district::Profile;
use crate::geo::Origin;
use crate::linkage::{
    keys::{self, Asked, CANDIDATES_MAX, Found, PER_KEY},
    stored,
};
use crate::platform::db::{
    Connection, Id, UtcTime,
    schema::{complaint, ledger_entry, match_fact, match_key, petition_review, reply},
};
use crate::record::{ComplaintState, EntryState, machine::Trait};

/// Whether a complaint takes part in matching.
#[must_use]
pub fn takes_part(state: ComplaintState, hidden: bool) -> bool {
    !hidden && !state.is(Trait::OutOfMatching)
}

/// Filed complaints that hold a condition, in one query however many there are.
macro_rules! rows_where {
    ($conn:expr, $condition:expr) => {{
        let rows: QueryResult<Vec<CandidateRow>> = match_fact::table
            .inner_join(complaint::table.inner_join(ledger_entry::table))
            .filter($condition)
            .select((
                match_fact::seq,
                match_fact::data,
                complaint::id,
                complaint::number,
                complaint::hidden,
                complaint::state,
                complaint::closed_at,
                complaint::entry_id,
                ledger_entry::state,
                ledger_entry::written_off_at,
            ))
            .load($conn);
        rows
    }};
}
/// The reports a new report may belong with. Each key gives its newest rows at most, so an
/// address with very many reports is never slow; what was found by its cell alone counts only
/// within the search radius.
///
/// # Errors
/// What the database answers.
pub fn candidates_of(
    conn: &mut Connection,
    report: &Report,
    profile: &Profile,
) -> QueryResult<Vec<Candidate>> {
    candidates_within(conn, report, radius_m(profile, report))
}

/// The same within another radius than the category's.
///
/// # Errors
/// What the database answers.
pub fn candidates_within(
    conn: &mut Connection,
    report: &Report,
    radius: f64,
) -> QueryResult<Vec<Candidate>> {
    let found = filed_under(conn, &keys::looked_for(report, radius, false))?;
    let mut best = found.best(CANDIDATES_MAX, Reverse);
    best.sort_unstable();
    let seqs: Vec<i64> = best.iter().map(|(seq, _)| *seq).collect();
    let rows = rows_where!(conn, match_fact::seq.eq_any(&seqs))?;
    let known = known_of(conn, &rows)?;
    let origin = report.place.map(|p| Origin::at(p.point));
    let search_m = keys::search_radius_m(report, radius);
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let told = best
                .binary_search_by_key(&row.seq, |(seq, _)| *seq)
                .is_ok_and(|at| best.get(at).is_some_and(|(_, told)| *told));
            let old = row.candidate(&known)?;
            let metres = origin
                .zip(old.report.place)
                .map(|(origin, place)| origin.metres_to(place.point));
            let here = told || metres.is_some_and(|metres| metres <= search_m);
            (here && old.report.id != report.id).then_some(old)
        })
        .collect())
}

#[derive(QueryableByName)]
struct Filed {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    asked: i64,
}

/// What is filed under keys, the newest of each by the order of filing: whoever is filed already
/// was first. PostgreSQL is asked once for all keys; on SQLite there is no way to the server to be
/// saved.
///
/// # Errors
/// What the database answers.
pub fn filed_under(conn: &mut Connection, asked: &[Asked]) -> QueryResult<Found<i64>> {
    let most = i64::try_from(PER_KEY).unwrap_or(i64::MAX);
    let mut found = Found::default();
    match conn {
        Connection::Postgres(c) => {
            let numbers: Vec<i64> = asked.iter().map(|asked| asked.key).collect();
            let rows: Vec<Filed> = diesel::sql_query(FILED_UNDER)
                .bind::<Array<BigInt>, _>(numbers)
                .bind::<BigInt, _>(most)
                .load(c)?;
            for row in rows {
                let at = usize::try_from(row.asked - 1).unwrap_or(usize::MAX);
                if let Some(asked) = asked.get(at) {
                    found.add(row.seq, *asked);
                }
            }
        }
        Connection::Sqlite(c) => {
            for asked in asked {
                let seqs: Vec<i64> = match_key::table
                    .filter(match_key::key.eq(asked.key))
                    .order(match_key::seq.desc())
                    .limit(most)
                    .select(match_key::seq)
                    .load(c)?;
                for seq in seqs {
                    found.add(seq, *asked);
                }
            }
        }
    }
    Ok(found)
}

/// One seek in the index for each key; `asked` counts the keys from 1.
pub const FILED_UNDER: &str = "SELECT filed.seq, asked.at AS asked \
    FROM unnest($1) WITH ORDINALITY AS asked (key, at) \
    CROSS JOIN LATERAL (SELECT seq FROM match_key \
        WHERE match_key.key = asked.key \
        ORDER BY seq DESC LIMIT $2) AS filed";

/// A filed complaint with what matching reads of its handling.
#[derive(Queryable)]
struct CandidateRow {
    seq: i64,
    data: Vec<u8>,
    complaint_id: Id,
    number: String,
    hidden: bool,
    state: ComplaintState,
    closed_at: Option<UtcTime>,
    entry_id: Id,
    entry_state: EntryState,
    written_off_at: Option<UtcTime>,
}

impl CandidateRow {
    /// `None` when it takes no part in matching, or its facts are of another version of this program
    /// (they are made anew by a job). Said here and not in SQL, where nearly every row is in and a
    /// planner that believes otherwise reads them all.
    fn candidate(self, known: &Known) -> Option<Candidate> {
        if !takes_part(self.state, self.hidden) {
            return None;
        }
        let watched = self.entry_state.is(Trait::Watched);
        let entry = match self.written_off_at {
            _ if self.entry_state == EntryState::Archived => EntryStanding::Archived,
            Some(at) if watched => EntryStanding::WrittenOff(at.0),
            _ => EntryStanding::Open,
        };
        let answered_at = known.answers.get(&self.complaint_id).copied();
        let answered_at = answered_at.or(self.closed_at.map(|at| at.0));
        Some(Candidate {
            report: stored::decode(&self.data)?,
            number: self.number,
            entry_id: self.entry_id.0,
            closed_at: self.closed_at.map(|at| at.0),
            answered_at: answered_at.filter(|_| is_answered(self.state)),
            finally_reviewed: self.state == ComplaintState::NoLongerAccepted
                || known.reviewed.contains(&self.complaint_id),
            entry,
        })
    }
}

/// Loads complaints as candidates, in three queries however many there are.
///
/// # Errors
/// What the database answers.
pub fn load_candidates(conn: &mut Connection, ids: &[Id]) -> QueryResult<Vec<Candidate>> {
    let rows = rows_where!(conn, match_fact::complaint_id.eq_any(ids))?;
    let known = known_of(conn, &rows)?;
    let rows = rows.into_iter();
    Ok(rows.filter_map(|row| row.candidate(&known)).collect())
}

/// Whether a complaint in this state was answered on the merits and its handling ended: nothing leads to
/// 办结 but an answer, and neither a refusal nor a transfer is one.
#[must_use]
pub fn is_answered(state: ComplaintState) -> bool {
    state == ComplaintState::Closed
}

/// What is known of how complaints were settled.
struct Known {
    /// When those were answered last that were. What was answered elsewhere has no reply here.
    answers: HashMap<Id, DateTime<Utc>>,
    /// Those of whose answer 复核 was given.
    reviewed: HashSet<Id>,
}

fn known_of(conn: &mut Connection, rows: &[CandidateRow]) -> QueryResult<Known> {
    let answered = rows.iter().filter(|row| is_answered(row.state));
    let answered: Vec<Id> = answered.map(|row| row.complaint_id).collect();
    if answered.is_empty() {
        return Ok(Known {
            answers: HashMap::new(),
            reviewed: HashSet::new(),
        });
    }
    let replies: Vec<(Id, UtcTime)> = reply::table
        .filter(reply::complaint_id.eq_any(&answered))
        .filter(reply::kind.eq("final"))
        .order(reply::id.asc())
        .select((reply::complaint_id, reply::created_at))
        .load(conn)?;
    Ok(Known {
        answers: replies.into_iter().map(|(id, at)| (id, at.0)).collect(),
        reviewed: finally_reviewed(conn, &answered)?,
    })
}

/// Those among complaints of whose answer 复核 was given.
///
/// # Errors
/// What the database answers.
pub fn finally_reviewed(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashSet<Id>> {
    let reviewed: Vec<Id> = petition_review::table
        .filter(petition_review::complaint_id.eq_any(ids))
        .filter(petition_review::stage.eq("final_review"))
        .filter(petition_review::step.eq("decided"))
        .select(petition_review::complaint_id)
        .load(conn)?;
    Ok(reviewed.into_iter().collect())
}
