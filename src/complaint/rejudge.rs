//! Judging a complaint again after it was corrected, completed or no longer hidden.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::queries::ComplaintRow;
use crate::app::App;
use crate::matching::{Outcome, Report, Verdict, candidates, decide, queries};
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, ComplaintState, Event};

/// Whether a complaint still stands alone and waits, so that judging it again is worth it.
#[must_use]
pub fn may_be_judged(row: &ComplaintRow) -> bool {
    row.in_queue && matches!(row.link.as_str(), "own" | "suspected")
}

/// What a complaint is by the facts known now, among those that came before it; `None` when there
/// is no such complaint.
fn verdict_on(
    conn: &mut Connection,
    app: &App,
    id: Id,
) -> Result<Option<(Report, Verdict)>, Problem> {
    let profile = &app.profile;
    let own = queries::report_of(conn, &app.keys, id)?;
    let Some(own) = own else {
        return Ok(None);
    };
    let mut earlier = candidates::candidates_of(conn, &own, profile).or_fault("find candidates")?;
    earlier.retain(|old| old.report.received_at <= own.received_at);
    let verdict = decide(&own, &earlier, profile);
    Ok(Some((own, verdict)))
}

/// Why a complaint is judged again. Who caused it stands in the history beside it; what is found is
/// the software's own finding.
#[derive(Debug, Clone, Copy)]
pub enum Cause {
    /// Its reporter, or staff for them, added new facts.
    Supplement,
    /// Its facts were corrected.
    Correction,
    /// It is no longer hidden.
    Unhiding,
}

impl Cause {
    const fn event(self) -> ComplaintEvent {
        match self {
            Self::Supplement => ComplaintEvent::Supplement,
            Self::Correction => ComplaintEvent::Correct,
            Self::Unhiding => ComplaintEvent::Unhide,
        }
    }
}

/// Names the rule of a provisional link anew, when new facts make another rule of it (R2 becomes R3,
/// R1 stays R1). The link itself is a named person's to confirm or reject.
///
/// # Errors
/// A fault when the database fails.
pub fn refine_link(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    cause: Cause,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some((own, verdict)) = verdict_on(conn, app, row.id)? else {
        return Ok(());
    };
    let rule = verdict.rule.as_str();
    if verdict.target_entry != Some(row.entry_id.0) || row.link_rule.as_deref() == Some(rule) {
        return Ok(());
    }
    queries::keep_verdict(conn, &own, &verdict, now).or_fault("keep the verdict")?;
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::link_rule.eq(rule),
            complaint::version.eq(complaint::version + 1),
        ))
        .execute(conn)
        .or_fault("name the rule")?;
    let event = Event::of(ComplaintEvent::RefineLink, row.id, &Actor::System)
        .with(json!({ "from": row.link_rule, "to": rule, "cause": cause.event().as_str() }));
    record::append(conn, &event, now).or_fault("record")
}

/// Judges a complaint that stands alone in its entry. Whatever is found is a question to the
/// brigade and never more: somebody is looking at this complaint right now.
///
/// # Errors
/// A fault when the database fails.
pub fn judge_again(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    cause: Cause,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some((own, verdict)) = verdict_on(conn, app, row.id)? else {
        return Ok(());
    };
    queries::keep_verdict(conn, &own, &verdict, now).or_fault("keep the verdict")?;
    let found = matches!(
        verdict.outcome,
        Outcome::SameSubmission | Outcome::Attached | Outcome::Provisional | Outcome::Suspected
    );
    let target = verdict.target.filter(|_| found).map(Id);
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::link.eq(if found { "suspected" } else { "own" }),
            complaint::link_rule.eq(found.then(|| verdict.rule.as_str())),
            complaint::repeat_of.eq(target),
        ))
        .execute(conn)
        .or_fault("link")?;
    let event = match (found, row.state) {
        (true, ComplaintState::AwaitingAcceptance) => ComplaintEvent::ReopenMatch,
        (false, ComplaintState::Screening) => ComplaintEvent::SettleMatch,
        _ => return Ok(()),
    };
    let step = row.step(event, &Actor::System);
    let step = step.with(json!({ "rule": verdict.rule.as_str(), "cause": cause.event().as_str() }));
    record::advance(conn, &step, now).map(|_| ())
}
