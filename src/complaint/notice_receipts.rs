//! What a gateway reports of the messages it was sent.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    locks,
    notice::{arrived, fail},
};
use crate::app::App;
use crate::notice::queries::{self as notices, NoticeRow};
use crate::platform::{
    db::{Connection, Id},
    gateway::signature::{self, HEADER},
    http::{Body, Null, dates, read_json},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{NoticeEvent as Step, NoticeState};

/// Bytes of a report at most.
const REPORT_BYTES: usize = 16 * 1024;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// It is on the phone it was sent to.
    Delivered,
    /// It will never be.
    Failed,
}

/// What a gateway reports of a message.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptBody {
    /// `id` of the message, as in the path: so that a report that is signed is of this message alone.
    pub id: Id,
    /// What became of it.
    pub outcome: ReceiptOutcome,
    /// Why it failed, in the gateway's words.
    #[validate(length(max = 500, message = "has 500 letters at most"))]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
    /// When it was delivered; when the report arrives unless said. It is not taken for earlier than the
    /// message was sent, nor for later than now.
    #[serde(default, deserialize_with = "dates::maybe_instant")]
    pub at: Option<DateTime<Utc>>,
}

/// Takes a gateway's report on a message (送达回执). It is signed as messages to the gateway are:
/// `Dengwen-Signature: t=SECONDS,v1=HEX`, HMAC-SHA-256 under the common secret over `SECONDS.BODY`, made
/// within five minutes of now; else 401. What was reported once is not changed by a report that comes again or
/// contradicts it: each is answered 204. 404 where no webhook is set up.
#[utoipa::path(post, path = "/api/v1/notices/{id}/receipt", tag = "complaints", operation_id = "report_receipt",
    params(("id" = String, Path, description = "`id` of the message"),
        ("Dengwen-Signature" = Option<String>, Header, description = "`t=SECONDS,v1=HEX`")), request_body = ReceiptBody,
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn report_receipt(
    app: web::Data<App>,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let receiver = app.settings.webhook.as_ref();
    let secret = &receiver.ok_or_else(Problem::not_found)?.secret;
    let now = app.now();
    let mut raw = payload.into_inner();
    let bytes = read_json(&request, &mut raw, REPORT_BYTES).await?;
    let said = request.headers().get(HEADER);
    let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
    if !signature::holds(secret, said, &bytes, now.timestamp()) {
        let why = "sign the report as messages to you are signed, and set your clock";
        return Err(Problem::because(Code::Unauthenticated, why));
    }
    let report: ReceiptBody = Body::parse(&bytes, Null::IsAbsence)?.value;
    let id: uuid::Uuid = path.parse().map_err(|_| Problem::not_found())?;
    if report.id.0 != id {
        let why = "is the message of the path";
        return Err(Problem::invalid("id", ItemCode::AnotherMatter, why));
    }
    let shared = app.clone();
    app.db
        .write(move |conn| keep(conn, &shared, &report, now))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn keep(
    conn: &mut Connection,
    app: &App,
    report: &ReceiptBody,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let find = |conn: &mut Connection| -> Result<NoticeRow, Problem> {
        let found = notices::find(conn, report.id).or_fault("load a notice")?;
        found.ok_or_else(Problem::not_found)
    };
    let subject = find(conn)?.subject_id;
    let row = locks::one(conn, subject)?;
    // It is looked at again once nobody else changes it.
    let notice = find(conn)?;
    let underway = matches!(notice.state, NoticeState::Queued | NoticeState::Sent);
    match report.outcome {
        ReceiptOutcome::Delivered if underway || notice.state == NoticeState::Failed => {
            let began = notice.sent_at.unwrap_or(notice.created_at).0;
            let at = report.at.unwrap_or(now).max(began).min(now);
            notice.arrived(conn, Step::Deliver, at, now)?;
            arrived(conn, app, (&row, &notice), at, now)
        }
        ReceiptOutcome::Failed if underway => {
            let why = report.reason.as_deref().unwrap_or_default().trim();
            let why = if why.is_empty() {
                "the gateway gave no reason"
            } else {
                why
            };
            fail(conn, app, (&row, &notice), why, now)
        }
        ReceiptOutcome::Delivered | ReceiptOutcome::Failed => Ok(()),
    }
}
