//! What staff told reporters themselves: letters posted, papers handed over, calls made, notices put up;
//! and letters that came back.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    clocks, locks,
    notice_views::{NoticeView, of_complaint},
    queries::ComplaintRow,
    recount,
    staff_routes::visible,
    told, untold,
};
use crate::account::Staff;
use crate::app::App;
use crate::district::{NoticeChannel, calendar::date_of, shanghai};
use crate::evidence::queries as evidence;
use crate::notice::queries::{self as notices, NewNotice, NoticeRow};
use crate::platform::{
    db::{Connection, Id},
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::privacy::{Need, Words};
use crate::record::NoticeEvent as Step;

/// How staff told somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandChannel {
    /// 邮寄: it counts as told on the day it was posted, because the way does not count.
    Post,
    /// 当面送达.
    InPerson,
    /// 公告.
    Publication,
    /// 电话告知.
    Phone,
    /// 无法联系: it was tried, and there is nobody to tell. The duty falls away.
    Nobody,
}

impl HandChannel {
    const fn channel(self) -> NoticeChannel {
        match self {
            Self::Post => NoticeChannel::Post,
            Self::InPerson => NoticeChannel::InPerson,
            Self::Publication => NoticeChannel::Publication,
            Self::Phone => NoticeChannel::Phone,
            Self::Nobody => NoticeChannel::Nobody,
        }
    }

    /// What was done by it.
    const fn step(self) -> Step {
        match self {
            Self::Post => Step::Send,
            Self::InPerson | Self::Phone => Step::HandOver,
            Self::Publication => Step::Publish,
            Self::Nobody => Step::GiveUp,
        }
    }
}

/// A notice that staff gave.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeBody {
    /// How.
    pub channel: HandChannel,
    /// The day: of a letter that of its posting. Not before the decision it tells of.
    #[serde(deserialize_with = "crate::platform::http::dates::day")]
    pub told_on: NaiveDate,
    /// What shows it: number of the letter, who took it, who answered the phone and when, where it was put
    /// up; of `nobody` what was tried.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub proof: String,
    /// Id of a document, scan or recording among the complaint's evidence that shows it.
    pub evidence: Option<Id>,
}

/// Keeps that staff told the reporter what was decided (告知登记): posted, handed over, by phone, or published, or
/// that there is nobody to tell. The clock to tell is met on that day. 409 while nothing was decided.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/notices", tag = "complaints", operation_id = "record_notice",
    params(("number" = String, Path)), request_body = NoticeBody,
    responses((status = 201, body = NoticeView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn record_notice(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<NoticeBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    if value.told_on > date_of(now) {
        let why = "has not come yet";
        return Err(Problem::invalid("told_on", ItemCode::InTheFuture, why));
    }
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            let id = record(conn, &shared, &staff, &row, &value, now)?;
            let view = present(conn, &shared, &staff, &row, id)?;
            let location = format!("/api/v1/complaints/{}/notices", row.number);
            Answer::created(location, &view)
        })
        .await?;
    Ok(answer.into_response())
}

fn record(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    body: &NoticeBody,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let event = told::news(row.state);
    let event = event.ok_or_else(|| Problem::wrong_state(row.state.as_str(), "record_notice"))?;
    let decided = told::decided_at(conn, row.id).or_fault("look for the decision")?;
    if decided.is_some_and(|decided| body.told_on < date_of(decided)) {
        let why = "is before the decision it tells of";
        return Err(Problem::invalid("told_on", ItemCode::TooEarly, why));
    }
    if let Some(shown) = body.evidence {
        evidence::find(conn, &[row.id], &shown.to_string()).map_err(|_| {
            let why = "is none of the complaint's evidence";
            Problem::invalid("evidence", ItemCode::Unknown, why)
        })?;
    }
    let at = instant_of(body.told_on, decided, now);
    let actor = staff.actor();
    let new = NewNotice {
        id: Id::new(),
        subject: ("complaint", row.id),
        event,
        channel: body.channel.channel(),
        wording: None,
        with_code: false,
        recipient: None,
        text: None,
        evidence: body.evidence,
        recorded_by: Some(staff.id),
    };
    let is_told = body.channel != HandChannel::Nobody;
    let given = (body.channel.step(), &actor, Some(body.proof.as_str()));
    let told_at = is_told.then_some(at);
    notices::keep(conn, &app.keys, &new, given, (told_at, now))?;
    if is_told {
        told::told(conn, row, now, &actor, at)?;
    } else if untold::DECIDED.contains(&row.state) {
        clocks::nobody_to_tell(conn, row.id, now).or_fault("end the notice")?;
        untold::over(conn, row.id).or_fault("keep that nobody waits")?;
    }
    recount::entry(conn, &app.profile, row.entry_id, now)?;
    Ok(new.id)
}

/// The instant that a day stands for: now, of today; else its beginning, though not before the decision.
fn instant_of(day: NaiveDate, decided: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    if day == date_of(now) {
        return now;
    }
    let midnight = day.and_time(NaiveTime::MIN).and_local_timezone(shanghai());
    let midnight = midnight.single().map_or(now, |at| at.to_utc());
    decided.map_or(midnight, |decided| midnight.max(decided))
}

fn present(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    id: Id,
) -> Result<NoticeView, Problem> {
    let need = Need::of(staff.role, &app.profile);
    let words = Words::about(conn, &app.keys, need, &[row.id])?;
    let views = of_complaint(conn, &app.keys, row.id, &words)?;
    let view = views.into_iter().find(|view| view.id == id);
    view.ok_or_else(|| Problem::fault("a notice is not there"))
}

/// Notices about a complaint.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeList {
    /// Each of them, the oldest first.
    pub items: Vec<NoticeView>,
}

/// What the reporter of a complaint was told or was to be told, by which way, and what became of it.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/notices", tag = "complaints", operation_id = "list_notices",
    params(("number" = String, Path)),
    responses((status = 200, body = NoticeList), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_notices(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shared = app.clone();
    let items = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            let need = Need::of(staff.role, &shared.profile);
            let words = Words::about(conn, &shared.keys, need, &[row.id])?;
            of_complaint(conn, &shared.keys, row.id, &words)
        })
        .await?;
    Ok(HttpResponse::Ok().json(NoticeList { items }))
}

/// Why a letter came back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComeBackBody {
    /// What the post says.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Keeps that a letter came back undelivered (退信). The reporter is yet to be told then: the clock that it
/// met runs again, by the day it had.
#[utoipa::path(post, path = "/api/v1/notices/{id}/return", tag = "complaints", operation_id = "return_notice",
    params(("id" = String, Path)), request_body = ComeBackBody,
    responses((status = 200, body = NoticeView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn return_notice(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ComeBackBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let id: uuid::Uuid = path.parse().map_err(|_| Problem::not_found())?;
            let subject = found(conn, id.into())?.subject_id;
            let row = locks::one(conn, subject)?;
            let notice = found(conn, id.into())?;
            if notice.channel() != NoticeChannel::Post {
                let why = "only what was posted comes back";
                return Err(Problem::because(Code::GuardFailed, why));
            }
            let actor = staff.actor();
            let back = (Step::ComeBack, &actor);
            notice.failed(conn, &shared.keys, back, &value.reason, now)?;
            told::in_vain(conn, &shared.profile, (&row, &notice), now)?;
            Answer::ok(&present(conn, &shared, &staff, &row, notice.id)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn found(conn: &mut Connection, id: Id) -> Result<NoticeRow, Problem> {
    let found = notices::find(conn, id).or_fault("load a notice")?;
    found.ok_or_else(Problem::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_at_its_beginning_and_not_before_the_decision() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let now = at("2026-11-26T10:00:00+08:00");
        let decision = at("2026-11-24T15:00:00+08:00");
        let decided = Some(decision);
        assert_eq!(instant_of(day("2026-11-26"), decided, now), now);
        let midnight = at("2026-11-25T00:00:00+08:00");
        assert_eq!(instant_of(day("2026-11-25"), decided, now), midnight);
        assert_eq!(instant_of(day("2026-11-24"), decided, now), decision);
        assert_eq!(instant_of(day("2026-11-25"), None, now), midnight);
    }
}
