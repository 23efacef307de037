//! What staff learn from the reporter of a complaint, and add for them.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    body::not_yet, feedback::SupplementBody, queries, returned::resubmit, take, views::StepView,
};
use crate::platform::{
    http::{Answer, Body, IdempotencyKey},
    problem::{OnDb, Problem},
};
use crate::privacy;
use crate::record::{self, ComplaintEvent, ComplaintState, Event, machine::Trait};

/// Adds what staff learned from the reporter, for those who came by phone, letter or import and
/// have no code to add it by. A complaint that was returned goes back to the queue.
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
            let row = take::by_number(conn, &path)?;
            if !row.state.is(Trait::TakesEvidence) {
                return Err(Problem::wrong_state(row.state.as_str(), "add evidence"));
            }
            let masked = privacy::masked(conn, &shared.keys, row.id, &value.text)?;
            let texts = (value.text.as_str(), masked.as_str());
            queries::insert_supplement(
                conn,
                &shared.keys,
                row.id,
                texts,
                value.new_facts,
                value.occurred_at,
                now,
            )?;
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::Supplement, row.id, &actor)
                .with(json!({ "new_facts": value.new_facts }));
            record::append(conn, &event, now).or_fault("record")?;
            let step = match row.state {
                ComplaintState::Returned => {
                    let state = resubmit(conn, &shared.profile, &row, &actor, now)?;
                    StepView::of(&row, state)
                }
                state => StepView::of(&row, state),
            };
            Answer::created(format!("/api/v1/complaints/{}", row.number), &step)
        })
        .await?;
    Ok(answer.into_response())
}
