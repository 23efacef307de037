//! Taking a decision back (撤回决定): a refusal that was wrong, a matter that the receiving unit sends back
//! (退件), an objection that upstream rejects. What was decided first stays in the history.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::body::{self, Action, Decided};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    clocks, locks, machine::Facts, notice, queries::ComplaintRow, recount, views::StepView,
};
use crate::district::NoticeEvent;
use crate::handover::queries as handovers;
use crate::platform::{
    db::{Connection, Id, schema::triage_decision},
    http::{Answer, Body, IdempotencyKey, Preconditions, says_something},
    problem::{ItemCode, OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent};

/// What a decision is kept as that takes another back.
const ACTION: &str = "take_back";

/// Why a decision is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// 决定有误: it was wrong.
    Mistake,
    /// 退件: the unit it went to sends it back, by its own account or otherwise.
    ReturnedByUnit,
    /// 退单未通过: upstream rejects the objection.
    ObjectionRejected,
}

impl Cause {
    /// Whether it can be why a decision is taken back.
    fn fits(self, decided: &str) -> bool {
        match self {
            Self::Mistake => true,
            Self::ReturnedByUnit => decided == Action::Transfer.as_str(),
            Self::ObjectionRejected => decided == Action::Object.as_str(),
        }
    }
}

/// Taking a decision back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversalBody {
    /// Why it comes back.
    pub cause: Cause,
    /// Why, in words.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// What the reporter is told, who was told the decision.
    #[validate(
        length(min = 1, max = 2000, message = "has 1 to 2000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 2000)]
    pub notice: Option<String>,
}

/// Takes back the decision that refused a complaint, accepted it no longer, sent it on or sent it back
/// upstream: it waits to be accepted again. Its clocks run on from where they began; a notice that was
/// given is due anew. What a unit still has of it is taken from the unit.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/decision-reversal", tag = "triage", operation_id = "take_back_decision",
    params(("number" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = ReversalBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn take_back_decision(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<ReversalBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            conditions.check(row.version)?;
            let (actor, keys) = (staff.actor(), &shared.keys);
            let back = Reversal {
                cause: value.cause,
                reason: &value.reason,
                notice: value.notice.as_deref(),
                unit: None,
                actor: &actor,
                staff: &staff,
            };
            let done = take_back(conn, &shared, &row, &back, now)?;
            handovers::withdraw(conn, keys, row.id, &actor, &value.reason, now)?;
            Answer::ok(&done)
        })
        .await?;
    Ok(answer.into_response())
}

/// How a decision is taken back.
pub(super) struct Reversal<'a> {
    pub(super) cause: Cause,
    pub(super) reason: &'a str,
    /// What the reporter is told.
    pub(super) notice: Option<&'a str>,
    /// The unit that sent it back.
    pub(super) unit: Option<&'a str>,
    /// Who moves the complaint.
    pub(super) actor: &'a Actor,
    /// By whose account it is kept.
    pub(super) staff: &'a Staff,
}

/// Takes back the last decision on a complaint, which is held by the caller.
///
/// # Errors
/// 409 when there is none to be taken back, 422 when it is not of the cause's kind; a fault when the
/// database fails.
pub(super) fn take_back(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    back: &Reversal<'_>,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let decided = last_decision(conn, row.id).or_fault("look for the decision")?;
    let reason = Facts {
        reason: true,
        ..Facts::default()
    };
    let step = row
        .step(ComplaintEvent::TakeBack, back.actor)
        .given(reason)
        .because(&app.keys, Some(back.reason))
        .with(json!({ "cause": back.cause, "decision": decided, "unit": back.unit }));
    step.target()?;
    if !back.cause.fits(decided.as_deref().unwrap_or_default()) {
        let why = "is `returned_by_unit` of a transfer, `objection_rejected` of an objection, or `mistake`";
        return Err(Problem::invalid("cause", ItemCode::Refused, why));
    }
    let state = record::advance(conn, &step, now)?;
    let document = app.profile.decision_document(ACTION);
    let kept = Decided {
        action: ACTION,
        reason: Some(back.reason),
        document: document.map_or("", |document| &document.code),
        notice: back.notice,
        ..Decided::default()
    };
    body::keep(conn, &app.keys, row.id, back.staff, &kept, now)?;
    clocks::taken_back(conn, &app.profile, row.id, now).or_fault("let the clocks run again")?;
    notice::cancel(conn, row.id, None, now)?;
    notice::tell(conn, app, row.id, NoticeEvent::TakenBack, now)?;
    recount::entry(conn, &app.profile, row.entry_id, now)?;
    Ok(StepView::of(row, state))
}

fn last_decision(conn: &mut Connection, complaint: Id) -> QueryResult<Option<String>> {
    triage_decision::table
        .filter(triage_decision::complaint_id.eq(complaint))
        .order(triage_decision::id.desc())
        .select(triage_decision::action)
        .first(conn)
        .optional()
}
