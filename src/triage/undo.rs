//! Undoing a decision that was a mis-click (撤销误操作): nobody was told yet, so that nobody is told, and the
//! complaint stands as the decision found it. The history keeps both.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    match_decisions::{self, Decision, MatchDecisionBody},
    merge,
    revocable::{self, Before},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    clocks, locks,
    machine::Facts,
    notice,
    queries::{self, ComplaintRow},
    recount,
    undoable::{self, Undoable, UndoableDecision},
    views::StepView,
};
use crate::handover::queries as handovers;
use crate::platform::{
    db::Connection,
    http::{Answer, IdempotencyKey, Preconditions, idempotency::fingerprint_of},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent, ComplaintState};
use crate::verification::relocation;

/// Why what went with a decision is taken back.
const MISTAKEN: &str = "撤销误操作";

/// Undoes the caller's own last decision on a complaint: an acceptance, a refusal, a transfer, an objection, a
/// return for completion, a closing, a decision on its link, a merge of its entry. `undo` of the complaint says until
/// when. 409 `undo_refused` says what stands in the way: the time is over, something followed on it, the
/// reporter was told, a unit signed. After that a decision is taken back with a reason
/// (`POST …/decision-reversal`). A split tells codes at once, and a reply is read: neither is undone.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/undo", tag = "triage", operation_id = "undo_decision",
    params(("number" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")),
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn undo_decision(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let fingerprint = fingerprint_of([path.as_bytes()]);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::by_number(conn, &path).or_fault("load a complaint")?;
            let row = row.ok_or_else(Problem::not_found)?;
            conditions.check(row.version)?;
            let found = may_be_undone(conn, &shared, &staff, &row, now)?;
            let undoing = Undoing {
                app: &shared,
                staff: &staff,
                now,
            };
            match found.decision {
                UndoableDecision::Match => undoing.matched(conn, &row)?,
                UndoableDecision::Merge => {
                    merge::take_back(conn, &shared, &staff, found.id, MISTAKEN, now)?;
                }
                _ => undoing.step(conn, &row, &found)?,
            }
            let row = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            Answer::ok(&StepView::of(&row, row.state))
        })
        .await?;
    Ok(answer.into_response())
}

/// The caller's last decision on a complaint, if it may be undone.
fn may_be_undone(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<Undoable, Problem> {
    let refused = |why: &str| {
        let why = format!("{why}; take a decision back with a reason by POST …/decision-reversal");
        Problem::because(Code::UndoRefused, why)
    };
    let found = undoable::last(conn, &app.profile, row, now).or_fault("look for the decision")?;
    let Some(found) = found else {
        return Err(refused(
            "there is no decision whose time to be undone is not over",
        ));
    };
    if found.by != staff.id {
        return Err(refused("another made the last decision"));
    }
    let way = undoable::in_the_way(conn, row, &found).or_fault("look what followed")?;
    match way {
        Some(why) => Err(refused(&why)),
        None => Ok(found),
    }
}

struct Undoing<'a> {
    app: &'a App,
    staff: &'a Staff,
    now: DateTime<Utc>,
}

impl Undoing<'_> {
    /// A decision on a link is undone as by its own operation.
    fn matched(&self, conn: &mut Connection, row: &ComplaintRow) -> Result<(), Problem> {
        let body = MatchDecisionBody {
            decision: Decision::Undo,
            target: None,
            reason: Some(MISTAKEN.to_owned()),
        };
        match_decisions::take(conn, &[(row.number.as_str(), &body)])?;
        match_decisions::decide(conn, self.app, self.staff, &row.number, &body, self.now)?;
        Ok(())
    }

    /// A step of the complaint is undone by the way back of its table.
    fn step(
        &self,
        conn: &mut Connection,
        read: &ComplaintRow,
        found: &Undoable,
    ) -> Result<(), Problem> {
        let Self { app, staff, now } = *self;
        let (actor, keys) = (staff.actor(), &app.keys);
        let row = locks::one(conn, read.id)?;
        // Looked at again: somebody may have gone on with it while it was waited for.
        let again = may_be_undone(conn, app, staff, &row, now)?;
        if again.id != found.id {
            let why = "it was gone on with at this moment";
            return Err(Problem::because(Code::UndoRefused, why));
        }
        let Some(before) = revocable::take(conn, row.id)? else {
            return Err(Problem::because(Code::UndoRefused, "it was undone already"));
        };
        notice::cancel(conn, row.id, Some(found.id), now)?;
        self.back(conn, &row, found, &before)?;
        // Visits are taken before what units have.
        if found.decision == UndoableDecision::Accept {
            relocation::leave_open(conn, app, &row, (&actor, MISTAKEN), now)?;
        }
        handovers::withdraw(conn, keys, row.id, &actor, MISTAKEN, now)?;
        revocable::put_back(conn, &row, &before, now)?;
        clocks::refresh_due(conn, row.id).or_fault("find the day it is due")?;
        recount::entry(conn, &app.profile, row.entry_id, now)
    }

    fn back(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        found: &Undoable,
        before: &Before,
    ) -> Result<(), Problem> {
        let actor = self.staff.actor();
        let event = match found.before {
            ComplaintState::FollowUp => ComplaintEvent::UndoRated,
            _ => ComplaintEvent::Undo,
        };
        let undone = Facts {
            undone: true,
            ..Facts::default()
        };
        let step = row
            .step(event, &actor)
            .given(undone)
            .with(json!({ "decision": found.decision, "was": before.state }));
        let state = record::advance(conn, &step, self.now)?;
        if found.before == ComplaintState::Screening && state != found.before {
            // The question whether it repeats another was open before, and is again.
            let back = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            let step = back.step(ComplaintEvent::ReopenMatch, &actor);
            let step = step.with(json!({ "cause": ComplaintEvent::Undo.as_str() }));
            record::advance(conn, &step, self.now)?;
        }
        Ok(())
    }
}
