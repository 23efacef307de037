//! Who found something takes it back, while nobody has begun to deal with it.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::queries;
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{locks, machine::Facts, recount, views::StepView};
use crate::platform::{
    http::{Answer, Body, IdempotencyKey},
    problem::{OnDb, Problem},
};
use crate::privacy::Scope;
use crate::record::{self, ComplaintEvent};
use crate::triage::claims;

/// Why a find is taken back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindWithdrawalBody {
    /// Why, if who found it says.
    #[validate(length(max = 500, message = "has 500 letters at most"))]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// Takes a find of the caller's back. It stays on record. Once somebody has claimed it, decided on it or
/// on its links, or was sent there, the brigade dismisses it instead (422).
#[utoipa::path(post, path = "/api/v1/finds/{number}/withdrawal", tag = "finds", operation_id = "withdraw_find",
    params(("number" = String, Path)), request_body = FindWithdrawalBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn withdraw_find(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<FindWithdrawalBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let (found, ..) = queries::visible(conn, Scope::of(&staff).finds(), &path)?;
            let row = locks::one(conn, found.complaint_id)?;
            let held = claims::holder(conn, row.id, now).or_fault("load the claim")?;
            let touched =
                queries::is_touched(conn, row.id, found.found_by).or_fault("look who acted")?;
            let facts = Facts {
                found_it: found.found_by == staff.id,
                untouched: held.is_none() && !touched,
                ..Facts::default()
            };
            let actor = staff.actor();
            let step = row.step(ComplaintEvent::Withdraw, &actor).given(facts);
            let step = step.because(&shared.keys, value.reason.as_deref());
            let state = record::advance(conn, &step, now)?;
            claims::leave(conn, row.id, state)?;
            recount::entry(conn, &shared.profile, row.entry_id, now)?;
            Answer::ok(&StepView::of(&row, state))
        })
        .await?;
    Ok(answer.into_response())
}
