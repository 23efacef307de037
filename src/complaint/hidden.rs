//! What the abuse list hides: looked at within a working day, and brought back or left.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    machine::waits_in_queue,
    queries,
    rejudge::{self, Cause},
    take,
    views::StepView,
};
use crate::account::Staff;
use crate::app::App;
use crate::district::{
    Profile,
    calendar::{DeadlineRule, Unit, date_of},
};
use crate::ledger::queries as ledger;
use crate::matching;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, hidden_review},
    },
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
                    complaint::in_queue.eq(waits_in_queue(row.state, false)),
                    complaint::version.eq(complaint::version + 1),
                    complaint::updated_at.eq(UtcTime(now)),
                ))
                .execute(conn)
                .or_fault("unhide a complaint")?;
            mark_reviewed(conn, row.id, &staff, now).or_fault("mark the review")?;
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::Unhide, row.id, &actor)
                .because(&shared.keys, Some(&value.reason));
            record::append(conn, &event, now).or_fault("record")?;
            matching::queries::refile(conn, &shared.keys, row.id)?;
            let back = queries::by_id(conn, row.id).or_fault("load the complaint")?;
            if rejudge::may_be_judged(&back) {
                rejudge::judge_again(conn, &shared, &back, Cause::Unhiding, now)?;
            }
            ledger::refresh(conn, &shared.profile, row.entry_id, now)?;
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
    let within = DeadlineRule {
        amount: profile.rules.abuse.review_working_days,
        unit: Unit::WorkingDay,
        roll_forward: true,
    };
    diesel::insert_into(hidden_review::table)
        .values((
            hidden_review::complaint_id.eq(complaint),
            hidden_review::due_on.eq(profile.calendar.due(date_of(now), &within).on),
        ))
        .execute(conn)
}

fn mark_reviewed(
    conn: &mut Connection,
    complaint: Id,
    staff: &Staff,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(hidden_review::table.find(complaint))
        .set((
            hidden_review::reviewed_by.eq(staff.id),
            hidden_review::reviewed_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// When hidden complaints are to be looked at, and whether somebody did.
///
/// # Errors
/// What the database answers.
pub fn reviews_of(
    conn: &mut Connection,
    complaints: &[Id],
) -> QueryResult<HashMap<Id, (NaiveDate, bool)>> {
    let rows: Vec<(Id, NaiveDate, Option<UtcTime>)> = hidden_review::table
        .filter(hidden_review::complaint_id.eq_any(complaints))
        .select((
            hidden_review::complaint_id,
            hidden_review::due_on,
            hidden_review::reviewed_at,
        ))
        .load(conn)?;
    let reviews = rows
        .into_iter()
        .map(|(id, due, at)| (id, (due, at.is_some())));
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
            .read(move |conn| overdue(conn, date_of(now)).or_fault("count reviews"))
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

/// How many hidden complaints nobody looked at in time.
fn overdue(conn: &mut Connection, today: NaiveDate) -> QueryResult<i64> {
    hidden_review::table
        .filter(hidden_review::due_on.lt(today))
        .filter(hidden_review::reviewed_at.is_null())
        .count()
        .get_result(conn)
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
            let row = take::by_number(conn, &path)?;
            if !row.hidden {
                return Err(Problem::because(
                    Code::WrongState,
                    "the complaint is not hidden",
                ));
            }
            mark_reviewed(conn, row.id, &staff, now).or_fault("mark the review")?;
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::KeepHidden, row.id, &actor)
                .because(&shared.keys, Some(&value.reason));
            record::append(conn, &event, now).or_fault("record")?;
            Answer::ok(&StepView::of(&row, row.state))
        })
        .await?;
    Ok(answer.into_response())
}
