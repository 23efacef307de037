//! What the last decision on a complaint found, kept while whoever made it may undo it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::account::Staff;
use crate::clock::found::{self, Found};
use crate::complaint::{
    procedure,
    queries::{self, ComplaintRow},
    returned,
    undoable::UndoableDecision,
    untold,
};
use crate::district::Profile;
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{record as record_of, revocable_decision, triage_decision},
    },
    problem::{OnDb, Problem},
};
use crate::record::ComplaintState;

/// What a decision found, as far as it changes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Before {
    /// The state.
    pub(super) state: ComplaintState,
    procedure: Option<String>,
    not_completed: bool,
    clocks: Vec<Found>,
    /// Since when the reporter waited to be told.
    untold_since: Option<DateTime<Utc>>,
    /// The decisions kept before it, as the last one's id.
    decision: Option<Id>,
}

impl Before {
    /// As a complaint stands now.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn of(conn: &mut Connection, row: &ComplaintRow) -> Result<Self, Problem> {
        let decision = last_decision(conn, row.id).or_fault("look for decisions")?;
        Ok(Self {
            state: row.state,
            procedure: row.procedure.clone(),
            not_completed: row.has_flag(returned::NOT_COMPLETED),
            clocks: found::of(conn, "complaint", row.id).or_fault("load clocks")?,
            untold_since: row.untold_since.map(|since| since.0),
            decision,
        })
    }
}

/// The instant from which on the reporter is told of a decision: when the time to undo it is over.
pub(super) fn told_from(profile: &Profile, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::minutes(profile.rules.triage.undo_minutes)
}

/// Keeps what a decision found, when all that it does is done.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn remember(
    conn: &mut Connection,
    profile: &Profile,
    staff: &Staff,
    id: Id,
    (decision, before): (UndoableDecision, &Before),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let until = told_from(profile, now);
    if until <= now {
        return Ok(());
    }
    let last_event: Id = record_of::table
        .filter(record_of::subject_id.eq(id))
        .order(record_of::id.desc())
        .select(record_of::id)
        .first(conn)
        .or_fault("look for the last event")?;
    let name = json!(decision);
    let values = (
        revocable_decision::decision.eq(name.as_str().unwrap_or_default()),
        revocable_decision::decided_by.eq(staff.id),
        revocable_decision::before.eq(before.state.as_str()),
        revocable_decision::last_event.eq(last_event),
        revocable_decision::found.eq(JsonValue(json!(before))),
        revocable_decision::undone_until.eq(UtcTime(until)),
    );
    on_each!(conn, |c| diesel::insert_into(revocable_decision::table)
        .values((revocable_decision::complaint_id.eq(id), values.clone()))
        .on_conflict(revocable_decision::complaint_id)
        .do_update()
        .set(values.clone())
        .execute(c))
    .map(|_| ())
    .or_fault("keep what a decision found")
}

/// What the last decision found, which is not kept any more from now on.
///
/// # Errors
/// A fault when the database fails or it cannot be read.
pub(super) fn take(conn: &mut Connection, complaint: Id) -> Result<Option<Before>, Problem> {
    let kept: Option<JsonValue> = revocable_decision::table
        .find(complaint)
        .select(revocable_decision::found)
        .first(conn)
        .optional()
        .or_fault("load what a decision found")?;
    diesel::delete(revocable_decision::table.find(complaint))
        .execute(conn)
        .or_fault("forget what a decision found")?;
    kept.map(|kept| {
        serde_json::from_value(kept.0)
            .map_err(|e| Problem::fault(format!("what a decision found cannot be read: {e}")))
    })
    .transpose()
}

/// Puts back what a decision found, and marks it as undone.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn put_back(
    conn: &mut Connection,
    row: &ComplaintRow,
    before: &Before,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    found::put_back(conn, &before.clocks).or_fault("put the clocks back")?;
    untold::put_back(conn, row.id, before.untold_since).or_fault("put back who waits")?;
    procedure::put_back(conn, row.id, before.procedure.as_deref())
        .or_fault("put the procedure back")?;
    if before.not_completed {
        let fresh = queries::by_id(conn, row.id).or_fault("load the complaint")?;
        queries::set_flag(conn, &fresh, returned::NOT_COMPLETED, true, now)
            .or_fault("set a flag")?;
    }
    let made = last_decision(conn, row.id).or_fault("look for the decision")?;
    if let Some(made) = made.filter(|made| before.decision != Some(*made)) {
        diesel::update(triage_decision::table.find(made))
            .set(triage_decision::undone_at.eq(UtcTime(now)))
            .execute(conn)
            .or_fault("mark the decision")?;
    }
    Ok(())
}

fn last_decision(conn: &mut Connection, complaint: Id) -> QueryResult<Option<Id>> {
    triage_decision::table
        .filter(triage_decision::complaint_id.eq(complaint))
        .order(triage_decision::id.desc())
        .select(triage_decision::id)
        .first(conn)
        .optional()
}
