//! Jobs as the administrator sees them: those that failed, why, and trying them again.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    db::Id,
    http::{Answer, IdempotencyKey, Page, PageQuery, Query, idempotency::fingerprint_of},
    jobs::operator::{self, JobRow, JobState, Place},
    problem::{OnDb, Problem},
};
use crate::record::{self, Event, JobEvent, local};

/// A job that is not done.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Id.
    pub id: Id,
    /// What it is for, such as `notify_reporter`.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it failed the last time. What the error quoted is left out: it may be personal.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: DateTime<FixedOffset>,
    /// When it is to run, or was to run at last.
    pub run_at: DateTime<FixedOffset>,
    /// When it was set aside.
    pub dead_at: Option<DateTime<FixedOffset>>,
}

impl From<JobRow> for JobView {
    fn from(row: JobRow) -> Self {
        Self {
            id: row.id,
            state: row.state(),
            kind: row.kind,
            attempts: row.attempts,
            last_error: row.last_error,
            created_at: local(row.created_at),
            run_at: local(row.run_at),
            dead_at: row.dead_at.map(local),
        }
    }
}

/// Filters of the list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    /// Which jobs: `dead` unless said.
    #[param(inline)]
    pub state: Option<JobState>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Jobs that were set aside because they failed too often, the latest first; or those that wait
/// for their time.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "operation", operation_id = "list_jobs",
    params(JobQuery),
    responses((status = 200, body = Page<JobView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_jobs(
    app: web::Data<App>,
    _staff: Staff,
    query: Query<JobQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let JobQuery {
        state,
        cursor,
        limit,
    } = query.0;
    let (paging, after) = PageQuery { cursor, limit }.page::<Place>(&request)?;
    let state = state.unwrap_or(JobState::Dead);
    let rows = app
        .db
        .read(move |conn| {
            operator::list(conn, state, after, paging.limit + 1).or_fault("list jobs")
        })
        .await?;
    let page = paging.of(rows, JobRow::place, JobView::from);
    Ok(page.into_response(&request))
}

/// Has a job that was set aside tried again from now on, as if it had never failed. 409 when it is
/// not set aside.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", tag = "operation", operation_id = "retry_job",
    params(("id" = String, Path)),
    responses((status = 200, body = JobView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn retry_job(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let now = app.now();
    let fingerprint = fingerprint_of([path.as_bytes()]);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let id: uuid::Uuid = path.parse().map_err(|_| Problem::not_found())?;
            let id = Id(id);
            let row = operator::find(conn, id).or_fault("load a job")?;
            let row = row.ok_or_else(Problem::not_found)?;
            if !operator::retry(conn, id, now).or_fault("retry a job")? {
                return Err(Problem::wrong_state(row.state().as_str(), "retry"));
            }
            let actor = staff.actor();
            let event = Event::of(JobEvent::Retry, id, &actor);
            record::append(conn, &event, now).or_fault("record")?;
            let row = operator::find(conn, id).or_fault("load a job")?;
            Answer::ok(&JobView::from(row.ok_or_else(Problem::not_found)?))
        })
        .await?;
    Ok(answer.into_response())
}
