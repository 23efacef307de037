//! The unit that a complaint was sent to sends it back (退件): it waits to be decided on again.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::reversal::{Cause, Reversal, take_back};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::locks;
use crate::handover::{
    queries,
    views::{HandoverView, present},
};
use crate::platform::{
    http::{Answer, Body, IdempotencyKey, Preconditions, says_something},
    problem::Problem,
};
use crate::privacy::Scope;
use crate::record::Actor;

/// Why a unit sends something back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitReturnBody {
    /// Why it is not the unit's.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Sends back what was sent to the caller's unit. The complaint waits in the brigade's queue again; its
/// clocks run on from where they began.
#[utoipa::path(post, path = "/api/v1/handovers/{id}/return", tag = "handovers", operation_id = "return_handover",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = UnitReturnBody,
    responses((status = 200, body = HandoverView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn return_handover(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<UnitReturnBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let theirs = || Scope::of(&staff).handovers();
            // The complaint is taken first, as by whoever takes the transfer back.
            let sent = queries::find(conn, theirs(), &path)?;
            let complaint = locks::one(conn, sent.complaint_id)?;
            let row = queries::take(conn, theirs(), &path)?;
            conditions.check(row.version)?;
            let (actor, keys) = (staff.actor(), &shared.keys);
            queries::send_back(conn, keys, &row, &actor, &value.reason, now)?;
            let back = Reversal {
                cause: Cause::ReturnedByUnit,
                reason: &value.reason,
                notice: None,
                unit: Some(&row.unit_code),
                // The unit moves what it was sent; that the complaint comes back follows by rule.
                actor: &Actor::System,
                staff: &staff,
            };
            take_back(conn, &shared, &complaint, &back, now)?;
            Answer::ok(&present(conn, &shared, &staff, row.id)?)
        })
        .await?;
    Ok(answer.into_response())
}
