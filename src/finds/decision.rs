//! What the brigade decides on a find: to take it up, to settle it, to dismiss it, to study it again.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::queries;
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{locks, machine::Facts, queries::ComplaintRow, recount, views::StepView};
use crate::platform::{
    db::Connection,
    http::{Answer, Body, IdempotencyKey, Preconditions, says_something},
    problem::{OnDb, Problem},
};
use crate::privacy::Scope;
use crate::record::{self, ComplaintEvent, VisitState};
use crate::triage::claims;
use crate::verification::{bodies::Finding, queries as visits};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindAction {
    /// 采用: somebody is sent there next, or a visit to its matter is shared.
    TakeUp,
    /// 处理完毕: it is known what it is, by a visit or by what was sent.
    Settle,
    /// 不予采用: it is none of ours, or nothing.
    Dismiss,
    /// 重新研判: it was settled or dismissed by mistake.
    Restudy,
}

impl FindAction {
    const fn event(self) -> ComplaintEvent {
        match self {
            Self::TakeUp => ComplaintEvent::TakeUp,
            Self::Settle => ComplaintEvent::Settle,
            Self::Dismiss => ComplaintEvent::Dismiss,
            Self::Restudy => ComplaintEvent::Restudy,
        }
    }

    /// Whether its handling ends with it.
    const fn ends(self) -> bool {
        matches!(self, Self::Settle | Self::Dismiss)
    }
}

/// A decision on a find.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindDecisionBody {
    /// What is decided.
    pub action: FindAction,
    /// What was found out; required to settle it, and goes with nothing else.
    pub result: Option<Finding>,
    /// Why; required but for taking it up. Who found it reads it.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// Decides on a find. In the queue it is claimed before, as a complaint is. Taken up it waits for a visit,
/// which is ordered as for a complaint. It ends with no document, because nobody is owed one.
#[utoipa::path(post, path = "/api/v1/finds/{number}/decision", tag = "finds", operation_id = "decide_find",
    params(("number" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = FindDecisionBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide_find(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<FindDecisionBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let (found, ..) = queries::visible(conn, Scope::of(&staff).finds(), &path)?;
            let row = locks::one(conn, found.complaint_id)?;
            conditions.check(row.version)?;
            if row.in_queue {
                claims::require_held(conn, row.id, staff.id, now)?;
            }
            Answer::ok(&decide(conn, &shared, &staff, &row, &value, now)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn decide(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    body: &FindDecisionBody,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let actor = staff.actor();
    let open = visits::open_of(conn, row.id).or_fault("load open visits")?;
    let result = body.result.filter(|_| body.action == FindAction::Settle);
    let facts = Facts {
        reason: body.reason.is_some(),
        outcome: result.is_some(),
        reviewed: open.iter().all(|v| v.state != VisitState::Submitted),
        ..Facts::default()
    };
    let result = result.map(Finding::as_str);
    let step = row
        .step(body.action.event(), &actor)
        .given(facts)
        .because(&app.keys, body.reason.as_deref())
        .with(json!({ "result": result }));
    let state = record::advance(conn, &step, now)?;
    claims::leave(conn, row.id, state)?;
    queries::note(conn, row.id, result, now).or_fault("note what was found out")?;
    if body.action == FindAction::TakeUp {
        visits::join_open(conn, row.entry_id, row.id, &actor, now)?;
    }
    if body.action.ends() {
        let why = Some("线索已处理完毕或不予采用");
        visits::cancel_open(conn, &app.keys, row.id, &actor, why, now)?;
    }
    recount::entry(conn, &app.profile, row.entry_id, now)?;
    Ok(StepView::of(row, state))
}
