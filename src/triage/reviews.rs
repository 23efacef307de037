//! 复查 and 复核 as they become known: what a petitioner asked of the authorities above, and what was
//! decided there.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    final_review::ANSWERED,
    review_rules::{PetitionOutcome, PetitionStage, PetitionStep, Taken, document, follows},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    locks,
    queries::{self, ComplaintRow},
    views::StepView,
};
use crate::district::{Profile, calendar::date_of};
use crate::platform::{
    db::{Connection, Id, UtcTime, schema::petition_review},
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent, Event};

/// The flag of a complaint of whose answer a review was asked for and is not decided.
const UNDER_REVIEW: &str = "under_review";

/// A step of a review.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PetitionReviewBody {
    /// Which review.
    pub stage: PetitionStage,
    /// What was done.
    pub step: PetitionStep,
    /// The day it was asked for or decided.
    #[serde(deserialize_with = "crate::platform::http::dates::day")]
    pub on: NaiveDate,
    /// What was decided; with `decided` alone, which requires it.
    pub outcome: Option<PetitionOutcome>,
    /// The number of the document (文号); `decided` requires it.
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub document_no: Option<String>,
}

/// Keeps a step of 复查 or 复核 of an answered ordinary petition, with its day and its document. Once 复核 is
/// decided, the same person's same facts are R11 and may be 不再受理.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/reviews", tag = "triage", operation_id = "record_review",
    params(("number" = String, Path)), request_body = PetitionReviewBody,
    responses((status = 201, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn record_review(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<PetitionReviewBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    check(&value, date_of(now))?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            let answered_on = answer_of(conn, &shared.profile, &row)?;
            let taken = taken_of(conn, &[row.id]).or_fault("load reviews")?;
            let taken: Vec<Taken> = taken.into_iter().map(|(_, taken)| taken).collect();
            let next = Taken {
                stage: value.stage,
                step: value.step,
                on: value.on,
            };
            follows(&taken, answered_on, next)
                .map_err(|why| Problem::because(Code::GuardFailed, why))?;
            keep(conn, &row, &staff, &value, now).or_fault("keep a review")?;
            let is_open = value.step == PetitionStep::Asked;
            queries::set_flag(conn, &row, UNDER_REVIEW, is_open, now).or_fault("set a flag")?;
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::Review, row.id, &actor).with(json!({
                "stage": value.stage,
                "step": value.step,
                "on": value.on,
                "outcome": value.outcome,
                "document_no": value.document_no,
            }));
            record::append(conn, &event, now).or_fault("record")?;
            Answer::created(
                format!("/api/v1/complaints/{}", row.number),
                &StepView::of(&row, row.state),
            )
        })
        .await?;
    Ok(answer.into_response())
}

/// What a decision says that an application does not.
fn check(body: &PetitionReviewBody, today: NaiveDate) -> Result<(), Problem> {
    if body.on > today {
        let why = "has not happened yet";
        return Err(Problem::invalid("on", ItemCode::InTheFuture, why));
    }
    let lacking = match (body.step, body.outcome, &body.document_no) {
        (PetitionStep::Decided, None, _) => Some(("outcome", "says what was decided")),
        (PetitionStep::Decided, _, None) => Some(("document_no", "is the number of the opinion")),
        _ => None,
    };
    if let Some((field, why)) = lacking {
        return Err(Problem::invalid(field, ItemCode::Required, why));
    }
    if body.step == PetitionStep::Asked && body.outcome.is_some() {
        let why = "goes with `decided` alone";
        return Err(Problem::invalid("outcome", ItemCode::Required, why));
    }
    Ok(())
}

/// The day a complaint was answered by a procedure that knows 复查 and 复核.
fn answer_of(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
) -> Result<NaiveDate, Problem> {
    let procedure = row
        .procedure
        .as_deref()
        .and_then(|code| profile.procedure(code));
    let reviewable = procedure.is_some_and(|procedure| procedure.final_review);
    if !reviewable || !ANSWERED.contains(&row.state) {
        return Err(Problem::because(
            Code::GuardFailed,
            "复查 and 复核 follow the answer of an ordinary petition (普通信访) alone",
        ));
    }
    let replies = queries::replies_of(conn, row.id).or_fault("load replies")?;
    let last = replies.iter().rev().find(|reply| reply.kind == "final");
    Ok(date_of(
        last.map_or(row.received_at, |reply| reply.created_at).0,
    ))
}

/// The steps of complaints' reviews, oldest first.
///
/// # Errors
/// What the database answers.
pub fn taken_of(conn: &mut Connection, ids: &[Id]) -> QueryResult<Vec<(Id, Taken)>> {
    let rows: Vec<(Id, String, String, NaiveDate)> = petition_review::table
        .filter(petition_review::complaint_id.eq_any(ids))
        .order(petition_review::id.asc())
        .select((
            petition_review::complaint_id,
            petition_review::stage,
            petition_review::step,
            petition_review::happened_on,
        ))
        .load(conn)?;
    let read = |(id, stage, step, on): (Id, String, String, NaiveDate)| {
        let mut stages = PetitionStage::ALL.iter().copied();
        let mut steps = PetitionStep::ALL.iter().copied();
        let taken = Taken {
            stage: stages.find(|known| known.as_str() == stage)?,
            step: steps.find(|known| known.as_str() == step)?,
            on,
        };
        Some((id, taken))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

fn keep(
    conn: &mut Connection,
    row: &ComplaintRow,
    staff: &Staff,
    body: &PetitionReviewBody,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(petition_review::table)
        .values((
            petition_review::id.eq(Id::new()),
            petition_review::complaint_id.eq(row.id),
            petition_review::stage.eq(body.stage.as_str()),
            petition_review::step.eq(body.step.as_str()),
            petition_review::happened_on.eq(body.on),
            petition_review::outcome.eq(body.outcome.map(PetitionOutcome::as_str)),
            petition_review::document.eq(document(body.stage, body.step)),
            petition_review::document_no.eq(&body.document_no),
            petition_review::recorded_by.eq(staff.id),
            petition_review::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}
