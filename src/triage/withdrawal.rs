//! The reporter takes a complaint back. What was going on for it ends with it.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::claims;
use crate::account::caller::Address;
use crate::app::App;
use crate::complaint::{
    locks, recount,
    tracking::{code_of, counted},
    views::StepView,
};
use crate::platform::{
    http::{Answer, Body, IdempotencyKey},
    problem::Problem,
};
use crate::record::{self, Actor, ComplaintEvent};
use crate::verification::queries as visits;

/// Why a complaint is withdrawn.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalBody {
    /// Why, if the reporter says.
    #[validate(length(max = 500, message = "has 500 letters at most"))]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// Withdraws a complaint that was not replied to yet. It stays on record.
#[utoipa::path(post, path = "/api/v1/tracking/{code}/withdrawal", tag = "tracking", operation_id = "create_withdrawal",
    params(("code" = String, Path)), request_body = WithdrawalBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn withdraw(
    app: web::Data<App>,
    address: Address,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<WithdrawalBody>,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_code(conn, &code)?;
            let step = row.step(ComplaintEvent::Withdraw, &Actor::Reporter);
            let step = step.because(&shared.keys, value.reason.as_deref());
            let state = record::advance(conn, &step, now)?;
            claims::leave(conn, row.id, state)?;
            visits::cancel_open(
                conn,
                &shared.keys,
                row.id,
                &Actor::Reporter,
                Some("信访件已撤回"),
                now,
            )?;
            recount::entry(conn, &shared.profile, row.entry_id, now)?;
            Answer::ok(&StepView::of(&row, state))
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    Ok(answer.into_response())
}
