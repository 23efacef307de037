//! Extending the time to answer (延期办理): where the procedure knows it, once, by approval of the head, and
//! the reporter is told (信访工作条例34条; 生态环境信访工作办法29条).

use actix_web::{HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::replies::tell;
use crate::account::Staff;
use crate::app::App;
use crate::clock::{
    kinds::REPLY,
    queries::{self as clock_queries, Grant},
    reckoning::Longer,
};
use crate::complaint::{clocks, locks, queries::ComplaintRow, recount};
use crate::district::{NoticeEvent, Procedure};
use crate::platform::{
    db::{Connection, UtcTime},
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent, Event, local};

/// The document that tells the reporter of it (延期办理告知书).
const DOCUMENT: &str = "extension";

/// An extension of the time to answer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionBody {
    /// Natural days more; as many as the procedure allows unless said.
    #[validate(range(min = 1, max = 365, message = "is 1 to 365"))]
    #[schema(minimum = 1, maximum = 365)]
    pub days: Option<u32>,
    /// Why it takes longer.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// The head who approved it, by post or name (本机关负责人).
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub approved_by: String,
    /// What the reporter reads.
    #[validate(
        length(min = 1, max = 4000, message = "has 1 to 4000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 4000)]
    pub notice: String,
}

/// What an extension changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Extended {
    /// The complaint.
    pub number: String,
    /// The day it was to be answered by.
    pub was_due_on: NaiveDate,
    /// The day it is to be answered by now.
    pub due_on: NaiveDate,
    /// Document code.
    pub document: String,
    /// When it was extended.
    pub at: DateTime<FixedOffset>,
}

/// Extends the time to answer a complaint, once, before it is over, where its procedure knows an
/// extension. The reporter is told.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/extension", tag = "triage", operation_id = "extend_reply",
    params(("number" = String, Path)), request_body = ExtensionBody,
    responses((status = 200, body = Extended), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn extend_reply(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ExtensionBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            Answer::ok(&extend(conn, &shared, &staff, &row, &value, now)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn extend(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    body: &ExtensionBody,
    now: DateTime<Utc>,
) -> Result<Extended, Problem> {
    let code = row.procedure.as_deref();
    let procedure = code.and_then(|code| app.profile.procedure(code));
    let days = days_granted(procedure, body.days)?;
    let running = clock_queries::running(conn, &REPLY, row.id).or_fault("look for the clock")?;
    let Some(running) = running else {
        return Err(Problem::wrong_state(row.state.as_str(), "extend_reply"));
    };
    if clock_queries::is_extended(conn, running.id).or_fault("look for an extension")? {
        let why = "it was extended before; answer it, or tell the reporter how far it is";
        return Err(Problem::because(Code::GuardFailed, why.to_owned()));
    }
    let actor = staff.actor();
    let grant = Grant {
        longer: Longer::By(days),
        approved_by: staff.id,
        reason: &body.reason,
    };
    let by = (&app.keys, &app.profile.calendar);
    let due_on = clock_queries::extend(conn, by, &REPLY, row.id, &grant, now)?;
    clocks::refresh_due(conn, row.id).or_fault("find the next clock")?;
    let event = Event::of(ComplaintEvent::ExtendReply, row.id, &actor)
        .because(&app.keys, Some(&body.reason))
        .with(json!({
            "was_due_on": running.due_on,
            "due_on": due_on,
            "approved_by": body.approved_by,
            "document": DOCUMENT,
        }));
    record::append(conn, &event, now).or_fault("record")?;
    let told = (NoticeEvent::Extended, DOCUMENT, body.notice.as_str());
    tell(conn, app, staff, row, told, now)?;
    recount::entry(conn, &app.profile, row.entry_id, now)?;
    Ok(Extended {
        number: row.number.clone(),
        was_due_on: running.due_on,
        due_on,
        document: DOCUMENT.to_owned(),
        at: local(UtcTime(now)),
    })
}

/// How many days more a procedure allows, of those that are asked for.
fn days_granted(procedure: Option<&Procedure>, asked: Option<u32>) -> Result<u32, Problem> {
    let allowed = procedure.filter(|procedure| procedure.may_extend);
    let Some(allowed) = allowed.map(|procedure| procedure.extension_days) else {
        let why = "its procedure knows no extension (申请查处 has none: 办法27条); answer it, or tell the reporter how far it is";
        return Err(Problem::because(Code::GuardFailed, why.to_owned()));
    };
    match asked {
        Some(days) if days > allowed => {
            let why = format!("is {allowed} at most");
            Err(Problem::invalid("days", ItemCode::OutOfRange, why))
        }
        asked => Ok(asked.unwrap_or(allowed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::Profile;

    #[test]
    fn an_extension_is_the_procedures() {
        let profile = Profile::embedded().unwrap();
        let granted = |code: &str, days| days_granted(profile.procedure(code), days).ok();
        assert_eq!(granted("ordinary_petition", None), Some(30));
        assert_eq!(granted("ordinary_petition", Some(10)), Some(10));
        assert_eq!(granted("ordinary_petition", Some(31)), None);
        assert_eq!(granted("enforcement_request", Some(1)), None);
        assert_eq!(days_granted(None, None).ok(), None);
    }
}
