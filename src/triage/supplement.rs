//! What staff learn from the reporter of a complaint, and add for them.

use actix_web::{HttpResponse, web};

use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    body::not_yet,
    feedback::{SupplementBody, supplement},
    locks,
    views::StepView,
};
use crate::platform::{
    http::{Answer, Body, IdempotencyKey},
    problem::Problem,
};

/// Adds what staff learned from the reporter, for those who came by phone, letter or import and
/// have no code to add it by. A complaint that was returned goes back to the queue, and new facts
/// have one that still waits judged again, as if the reporter had sent them.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/supplements", tag = "triage", operation_id = "supplement_complaint",
    params(("number" = String, Path)), request_body = SupplementBody,
    responses((status = 201, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn supplement_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<SupplementBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    if let Some(item) = not_yet("occurred_at", value.occurred_at, now) {
        return Err(Problem::invalid_items(vec![item]));
    }
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            let row = supplement(conn, &shared, &row, &staff.actor(), &value, now)?;
            let step = StepView::of(&row, row.state);
            Answer::created(format!("/api/v1/complaints/{}", row.number), &step)
        })
        .await?;
    Ok(answer.into_response())
}
