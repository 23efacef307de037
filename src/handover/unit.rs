//! What a unit does with what was sent to it: it signs for it (签收) and answers it. Sending it back moves
//! the complaint, and so is triage's.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    queries,
    views::{HandoverView, present},
};
use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    http::{
        Answer, Body, IdempotencyKey, Preconditions, idempotency::fingerprint_of, says_something,
    },
    problem::Problem,
};
use crate::privacy::Scope;

/// Signs for what was sent to the caller's unit: from now on the unit has it in hand.
#[utoipa::path(post, path = "/api/v1/handovers/{id}/signature", tag = "handovers", operation_id = "sign_handover",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")),
    responses((status = 200, body = HandoverView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn sign_handover(
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
            let row = queries::take(conn, Scope::of(&staff).handovers(), &path)?;
            conditions.check(row.version)?;
            queries::sign(conn, &row, &staff.actor(), now)?;
            Answer::ok(&present(conn, &shared, &staff, row.id)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// A unit's answer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitAnswerBody {
    /// What the unit found and did.
    #[validate(
        length(min = 1, max = 2000, message = "has 1 to 2000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
}

/// Answers what the caller's unit signed for. The brigade reads the answer; it is no reply to the
/// reporter.
#[utoipa::path(post, path = "/api/v1/handovers/{id}/answer", tag = "handovers", operation_id = "answer_handover",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = UnitAnswerBody,
    responses((status = 200, body = HandoverView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn answer_handover(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<UnitAnswerBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).handovers(), &path)?;
            conditions.check(row.version)?;
            let actor = staff.actor();
            queries::answer(conn, &shared.keys, &row, &actor, &value.text, now)?;
            Answer::ok(&present(conn, &shared, &staff, row.id)?)
        })
        .await?;
    Ok(answer.into_response())
}
