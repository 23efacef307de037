//! Changing a procedure that was chosen wrongly: issuing the wrong document is a named error of the field, so
//! document, clock and redress follow the right one, and the first stays in the history.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::body::{self, Action, TriageBody};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    locks, machine::Facts, notice, procedure, queries::ComplaintRow, recount, views::StepView,
};
use crate::district::NoticeEvent;
use crate::platform::{
    db::Connection,
    http::{Answer, Body, IdempotencyKey, Preconditions, says_something},
    problem::{ItemCode, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent};

/// Another procedure for a complaint.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcedureBody {
    /// Procedure code.
    #[validate(length(min = 1, max = 64, message = "is a procedure's code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub procedure: String,
    /// Why the first was wrong.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// What the reporter is told.
    #[validate(
        length(min = 1, max = 2000, message = "has 1 to 2000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 2000)]
    pub notice: String,
}

/// Changes the procedure of a complaint that is accepted and not answered yet. The reporter gets the
/// document of the new one; the reply clock counts by it, from the day it started.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/procedure", tag = "triage", operation_id = "change_procedure",
    params(("number" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = ProcedureBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn change_procedure(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<ProcedureBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            conditions.check(row.version)?;
            Answer::ok(&change(conn, &shared, &staff, &row, &value, now)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn change(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    body: &ProcedureBody,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let actor = staff.actor();
    let accepted = TriageBody {
        action: Action::Accept,
        procedure: Some(body.procedure.clone()),
        reason: Some(body.reason.clone()),
        notice: Some(body.notice.clone()),
        transfer_to: None,
        final_review: None,
        parts: Vec::new(),
    };
    let document = accepted.check(&app.profile, Vec::new())?;
    if row.procedure.as_deref() == Some(body.procedure.as_str()) {
        let why = "is the procedure it has";
        return Err(Problem::invalid("procedure", ItemCode::Unchanged, why));
    }
    let told = Facts {
        reason: true,
        notice: true,
        procedure: true,
        ..Facts::default()
    };
    let step = row
        .step(ComplaintEvent::ChangeProcedure, &actor)
        .given(told)
        .because(&app.keys, Some(&body.reason))
        .with(json!({ "was": row.procedure, "procedure": body.procedure, "document": document }));
    let state = record::advance(conn, &step, now)?;
    body::keep(
        conn,
        &app.keys,
        row.id,
        staff,
        &accepted.decided(&document),
        now,
    )?;
    procedure::start(conn, &app.profile, row, &body.procedure).or_fault("change the procedure")?;
    notice::tell(conn, app, row.id, NoticeEvent::ProcedureChanged, now)?;
    recount::entry(conn, &app.profile, row.entry_id, now)?;
    Ok(StepView::of(row, state))
}
