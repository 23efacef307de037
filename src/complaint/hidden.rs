//! What the abuse list hides: looked at within a working day, and brought back or left.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    locks,
    machine::waits_in_queue,
    queries, recount,
    rejudge::{self, Cause},
    views::StepView,
};
use crate::account::Staff;
use crate::app::App;
use crate::clock::{kinds::HIDING_REVIEW, queries as clocks, rows::NewClock};
use crate::district::{Profile, calendar::date_of};
use crate::matching;
use crate::platform::{
    db::{Connection, Id, UtcTime, schema::complaint},
    http::{Answer, Body, IdempotencyKey, says_something},
    jobs::Job,
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent, Event};

/// Why a complaint is hidden no longer, or stays so.
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
            let row = locks::by_number(conn, &path)?;
            if !row.hidden {
                return Err(Problem::because(
                    Code::WrongState,
                    "the complaint is not hidden",
                ));
            }
            diesel::update(complaint::table.find(row.id))
                .set((
                    complaint::hidden.eq(false),
                    complaint::in_queue.eq(waits_in_queue(row.state, false)),
                    complaint::version.eq(complaint::version + 1),
                    complaint::updated_at.eq(UtcTime(now)),
                ))
                .execute(conn)
                .or_fault("unhide a complaint")?;
            let actor = staff.actor();
            clocks::meet(conn, &HIDING_REVIEW, row.id, &actor, now).or_fault("meet the review")?;
            let event = Event::of(ComplaintEvent::Unhide, row.id, &actor)
                .because(&shared.keys, Some(&value.reason));
            record::append(conn, &event, now).or_fault("record")?;
            matching::queries::refile(conn, &shared.keys, row.id)?;
            let back = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            if rejudge::may_be_judged(&back) {
                rejudge::judge_again(conn, &shared, &back, Cause::Unhiding, now)?;
            }
            recount::entry(conn, &shared.profile, row.entry_id, now)?;
            let back = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            Answer::ok(&StepView::of(&back, back.state))
        })
        .await?;
    Ok(answer.into_response())
}

/// Plans that somebody looks at what was hidden, within the working days of the profile.
///
/// # Errors
/// What the database answers.
pub fn plan_review(
    conn: &mut Connection,
    profile: &Profile,
    complaint: Id,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let (calendar, term) = (&profile.calendar, profile.hiding_review_term());
    let review = NewClock::of(calendar, &HIDING_REVIEW, complaint, term, date_of(now));
    clocks::start(conn, &[review])
}

/// When hidden complaints are to be looked at, and whether somebody did.
///
/// # Errors
/// What the database answers.
pub fn reviews_of(
    conn: &mut Connection,
    complaints: &[Id],
) -> QueryResult<HashMap<Id, (NaiveDate, bool)>> {
    let of = clocks::of_subjects(conn, HIDING_REVIEW.subject, complaints)?;
    let reviews = of.into_iter().filter_map(|(id, clocks)| {
        let review = clocks
            .iter()
            .find(|clock| clock.kind == HIDING_REVIEW.name)?;
        Some((id, (review.due_on, review.met_at.is_some())))
    });
    Ok(reviews.collect())
}

/// Counts the hidden complaints nobody looked at in time.
#[derive(Debug, Serialize, Deserialize)]
pub struct CountUnreviewed {}

impl Job for CountUnreviewed {
    type App = App;
    const NAME: &'static str = "count_unreviewed";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let overdue = app
            .db
            .read(move |conn| {
                clocks::overdue(conn, &HIDING_REVIEW, date_of(now)).or_fault("count reviews")
            })
            .await?;
        if overdue > 0 {
            tracing::warn!(
                overdue,
                "hidden complaints wait for somebody to look at them"
            );
        }
        app.metrics.hidden_reviews_overdue(overdue);
        Ok(())
    }
}

/// Says that a hidden complaint was looked at and stays hidden. The reason is kept.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/hiding-review", tag = "complaints", operation_id = "keep_hidden",
    params(("number" = String, Path)), request_body = UnhideBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn keep_hidden(
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
            let row = locks::by_number(conn, &path)?;
            if !row.hidden {
                return Err(Problem::because(
                    Code::WrongState,
                    "the complaint is not hidden",
                ));
            }
            let actor = staff.actor();
            clocks::meet(conn, &HIDING_REVIEW, row.id, &actor, now).or_fault("meet the review")?;
            let event = Event::of(ComplaintEvent::KeepHidden, row.id, &actor)
                .because(&shared.keys, Some(&value.reason));
            record::append(conn, &event, now).or_fault("record")?;
            Answer::ok(&StepView::of(&row, row.state))
        })
        .await?;
    Ok(answer.into_response())
}
