//! Where a decision on a link puts a complaint, what it keeps of before, and its undoing.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::complaint::{
    links::{self, Standing},
    queries::{self as complaints, ComplaintRow},
    recount,
};
use crate::ledger::{merges, queries as ledger};
use crate::matching::{Outcome, queries};
use crate::platform::{
    db::{Connection, Id, JsonValue, UtcTime, schema::match_decision},
    problem::{Code, OnDb, Problem},
};
use crate::record::{Actor, ComplaintState, EntryState, machine::Trait};

/// What a decision changed, kept with it so that it can be put back exactly.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Where the complaint stood.
    pub(super) before: Standing,
    /// Where the decision put it.
    pub(super) after: Standing,
    /// The complaint's state before, to which an undoing leads.
    pub(super) state: ComplaintState,
    /// The state of the entry it left empty; told, and read from the history when it is undone.
    pub(super) emptied: Option<EntryState>,
}

fn standing_of(row: &ComplaintRow) -> Standing {
    Standing {
        entry: row.entry_id,
        link: row.link.clone(),
        rule: row.link_rule.clone(),
        repeat_of: row.repeat_of,
    }
}

/// Puts a complaint where a decision sends it.
pub(super) fn put(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    after: Standing,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Kept, Problem> {
    let emptied = links::put(conn, row.id, row.entry_id, &after, actor, now)?;
    refresh_both(conn, app, row.entry_id, after.entry, now)?;
    Ok(Kept {
        before: standing_of(row),
        after,
        state: row.state,
        emptied,
    })
}

fn refresh_both(
    conn: &mut Connection,
    app: &App,
    a: Id,
    b: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    recount::entry(conn, &app.profile, a, now)?;
    if a != b {
        recount::entry(conn, &app.profile, b, now)?;
    }
    Ok(())
}

/// Undoing puts the complaint, and the entry it had left empty, back to where the last decision
/// found them.
pub(super) fn undo(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Kept, Problem> {
    let refused = |why: String| Problem::because(Code::UndoRefused, why);
    let Some((decision, kept)) = standing_decision(conn, row.id)? else {
        if row.link == "confirmed" && attached_by_itself(conn, row)? {
            let question = Standing {
                link: "provisional".to_owned(),
                ..standing_of(row)
            };
            let asked = put(conn, app, row, question, actor, now)?;
            return Ok(Kept {
                state: ComplaintState::Screening,
                ..asked
            });
        }
        return Err(refused("there is no decision to undo".to_owned()));
    };
    let Kept {
        before,
        after,
        state,
        ..
    } = kept.ok_or_else(|| refused("the decision did not keep what was before".to_owned()))?;
    let stands = standing_of(row);
    if (&stands.link, &stands.rule, stands.repeat_of) != (&after.link, &after.rule, after.repeat_of)
    {
        let why = "the link was changed since, by a merge or a correction; undo that first";
        return Err(refused(why.to_owned()));
    }
    let entry = back_to(conn, row, &before, &after)?;
    merges::reopen_emptied(conn, entry, actor, now)?;
    let home = ledger::by_id(conn, entry).or_fault("load the entry")?;
    if home.state.is(Trait::ClosedToComplaints) {
        let why = format!(
            "entry {} is {} since; undo that first",
            home.number,
            home.state.as_str()
        );
        return Err(refused(why));
    }
    diesel::update(match_decision::table.find(decision))
        .set(match_decision::undone_at.eq(UtcTime(now)))
        .execute(conn)
        .or_fault("mark the decision")?;
    let done = put(conn, app, row, Standing { entry, ..before }, actor, now)?;
    Ok(Kept { state, ..done })
}

/// The entry an undoing leads to. A link that was one before its decision leads to its partner,
/// wherever that went since; else the complaint goes home. What moved with its entry in between
/// stays with it: only a decision that moved is moved back.
fn back_to(
    conn: &mut Connection,
    row: &ComplaintRow,
    before: &Standing,
    after: &Standing,
) -> Result<Id, Problem> {
    if let (true, Some(partner)) = (links::is_joined(&before.link), before.repeat_of) {
        let followers = links::followers(conn, &[row.id], row.entry_id);
        let partner = complaints::by_id(conn, partner).or_fault("load the partner")?;
        if followers
            .or_fault("find who follows")?
            .contains(&partner.id)
        {
            let why = format!(
                "complaint {} was linked to this one since; undo that first",
                partner.number
            );
            return Err(Problem::because(Code::UndoRefused, why));
        }
        return Ok(partner.entry_id);
    }
    if before.entry == after.entry {
        return merges::home(conn, before.entry).or_fault("look for the entry");
    }
    Ok(before.entry)
}

/// The last confirmation or rejection that was not undone, with what it kept.
pub(super) fn standing_decision(
    conn: &mut Connection,
    id: Id,
) -> Result<Option<(Id, Option<Kept>)>, Problem> {
    let found: Option<(Id, Option<JsonValue>)> = match_decision::table
        .filter(match_decision::complaint_id.eq(id))
        .filter(match_decision::decision.eq_any(["confirm", "reject"]))
        .filter(match_decision::undone_at.is_null())
        .order(match_decision::id.desc())
        .select((match_decision::id, match_decision::kept))
        .first(conn)
        .optional()
        .or_fault("load decisions")?;
    let read = |kept: JsonValue| {
        serde_json::from_value(kept.0)
            .map_err(|e| Problem::fault(format!("a decision cannot be read: {e}")))
    };
    found
        .map(|(id, kept)| Ok((id, kept.map(read).transpose()?)))
        .transpose()
}

/// Whether the link is the verdict's own, on which nobody decided.
pub(super) fn attached_by_itself(
    conn: &mut Connection,
    row: &ComplaintRow,
) -> Result<bool, Problem> {
    let decided = standing_decision(conn, row.id)?.is_some();
    let verdicts = queries::verdicts_of(conn, row.id).or_fault("load verdicts")?;
    let attached = Outcome::Attached.as_str();
    Ok(!decided
        && verdicts
            .last()
            .is_some_and(|last| last.outcome == attached && last.target_id == row.repeat_of))
}
