//! What new reports are, with the entries they join taken: a merge, its undoing, a decision on a link
//! or a withdrawal that comes between the look and the lock is not overlooked.

use diesel::prelude::*;

use super::{locks, matter, queries::ComplaintRow, submission::Prepared};
use crate::district::Profile;
use crate::ledger::queries::by_public_code;
use crate::matching::{Candidate, Verdict, candidates, decide};
use crate::platform::{
    db::{Connection, Id},
    problem::{OnDb, Problem},
};

/// What reports are, in their order, and the complaints taken for it: those they join and the further
/// ones.
pub type Held = (Vec<Verdict>, Vec<ComplaintRow>);

/// One look of `settled`: judges reports, and takes what they join and further complaints in one
/// go. `None` when what one joins moved or no longer takes part in matching: it is judged again
/// then. What the reports share with others is locked by the caller before.
///
/// # Errors
/// A fault when the database fails.
pub fn look(
    conn: &mut Connection,
    profile: &Profile,
    reports: &[&Prepared],
    further: &[Id],
) -> Result<Option<Held>, Problem> {
    let verdicts: Vec<Verdict> = reports
        .iter()
        .map(|prepared| judge(conn, profile, prepared))
        .collect::<QueryResult<_>>()
        .or_fault("find candidates")?;
    let joined = verdicts.iter().filter_map(Verdict::joins);
    let mut ids: Vec<Id> = joined.map(|(target, _)| target.into()).collect();
    ids.extend(further);
    let Some(rows) = locks::look(conn, &ids, &[])? else {
        return Ok(None);
    };
    let stand = verdicts.iter().all(|verdict| stands(verdict, &rows));
    Ok(stand.then_some((verdicts, rows)))
}

fn judge(conn: &mut Connection, profile: &Profile, prepared: &Prepared) -> QueryResult<Verdict> {
    let found = candidates::candidates_of(conn, &prepared.report, profile)?;
    let verdict = decide(&prepared.report, &found, profile);
    let checked = &prepared.checked;
    Ok(match &checked.same_as {
        Some(named) => match number_in(conn, named, &found)? {
            Some(number) => verdict.following(&number),
            None => verdict.following(named),
        },
        None => verdict.beside(&checked.acknowledged),
    })
}

/// The number of a candidate in the matter that is named by what the public calls it, or that it was
/// merged into.
fn number_in(
    conn: &mut Connection,
    named: &str,
    found: &[Candidate],
) -> QueryResult<Option<String>> {
    if found.iter().any(|old| old.number == named) {
        return Ok(None);
    }
    let Some(entry) = by_public_code(conn, named)? else {
        return Ok(None);
    };
    let went = matter::whereabouts(conn, &[entry])?;
    let at = went.get(&entry).copied().unwrap_or(entry);
    let within = found.iter().find(|old| Id(old.entry_id) == at);
    Ok(within.map(|old| old.number.clone()))
}

/// Whether what a verdict joins is, now that it is held, as it was when it was judged.
fn stands(verdict: &Verdict, held: &[ComplaintRow]) -> bool {
    verdict.joins().is_none_or(|(target, entry)| {
        held.iter().any(|row| {
            let there = (row.id.0, row.entry_id.0) == (target, entry);
            there && candidates::takes_part(row.state, row.hidden)
        })
    })
}
