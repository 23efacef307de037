//! What the abuse list hides, and bringing it back.

use actix_web::{HttpResponse, web};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{machine::waits_in_queue, queries, rejudge, take, views::StepView};
use crate::account::Staff;
use crate::app::App;
use crate::ledger::queries as ledger;
use crate::matching;
use crate::platform::{
    db::{UtcTime, schema::complaint},
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Event};

/// Why a complaint is hidden no longer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnhideBody {
    /// Why; kept in the record.
    #[validate(
        length(min = 4, max = 500, message = "has 4 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 4, max_length = 500)]
    pub reason: String,
}

/// Brings a hidden complaint back: it enters the queue, the ledger and matching as if it had come
/// now. Its clocks have run since it came. Its sender stays on the abuse list until that is lifted.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/unhiding", tag = "complaints", operation_id = "unhide_complaint",
    params(("number" = String, Path)), request_body = UnhideBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn unhide_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<UnhideBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = take::by_number(conn, &path)?;
            if !row.hidden {
                return Err(Problem::because(
                    Code::WrongState,
                    "the complaint is not hidden",
                ));
            }
            diesel::update(complaint::table.find(row.id))
                .set((
                    complaint::hidden.eq(false),
                    complaint::in_queue.eq(waits_in_queue(&row.state, false)),
                    complaint::version.eq(complaint::version + 1),
                    complaint::updated_at.eq(UtcTime(now)),
                ))
                .execute(conn)
                .or_fault("unhide a complaint")?;
            let actor = staff.actor();
            let event =
                Event::new("complaint", row.id, "unhide", &actor).because(Some(&value.reason));
            record::append(conn, &event, now).or_fault("record")?;
            matching::queries::refile(conn, row.id)?;
            let back = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            if rejudge::may_be_judged(&back) {
                rejudge::judge_again(conn, &shared.profile, &back, &actor, now)?;
            }
            ledger::refresh(conn, &shared.profile, row.entry_id, now)?;
            let back = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            Answer::ok(&StepView::of(&back, &back.state))
        })
        .await?;
    Ok(answer.into_response())
}
