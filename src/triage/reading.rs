//! The brigade has read what was added to a complaint that it handles.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    locks,
    unread::{self, Reading},
    views::StepView,
};
use crate::platform::{
    http::{Answer, Body, IdempotencyKey},
    problem::{ItemCode, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent, Event, local};

/// What was read.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadingBody {
    /// Until when: the instant at which the last that was read had come, or a later one.
    #[serde(deserialize_with = "crate::platform::http::dates::instant")]
    pub until: DateTime<Utc>,
}

/// Says that what was added to a complaint since its acceptance was read, so that it leaves the list
/// of new facts. Where something came after what was read, nothing is marked (422).
#[utoipa::path(post, path = "/api/v1/complaints/{number}/reading", tag = "triage", operation_id = "mark_read",
    params(("number" = String, Path)), request_body = ReadingBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn mark_read(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ReadingBody>,
) -> Result<HttpResponse, Problem> {
    let now = app.now();
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            match unread::read(conn, row.id, value.until).or_fault("mark a complaint as read")? {
                Reading::Nothing => {}
                Reading::Whole => {
                    let actor = staff.actor();
                    let event = Event::of(ComplaintEvent::ReadAdditions, row.id, &actor);
                    record::append(conn, &event, now).or_fault("record")?;
                }
                Reading::Short(latest) => {
                    let latest = local(latest).to_rfc3339();
                    let message =
                        format!("something was added later, at {latest}: read it as well");
                    return Err(Problem::invalid("until", ItemCode::TooEarly, message));
                }
            }
            Answer::ok(&StepView::of(&row, row.state))
        })
        .await?;
    Ok(answer.into_response())
}
