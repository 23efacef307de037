//! Replying, closing, reopening. A duplicate keeps its own reply duty: several complaints of one
//! matter are answered together or one by one, but each is answered.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::revocable::{self, Before};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    clocks, locks,
    machine::Facts,
    notice,
    queries::{self, ComplaintRow},
    recount,
    undoable::UndoableDecision,
    views::StepView,
};
use crate::district::NoticeEvent;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::reply},
    http::{Answer, Body, IdempotencyKey, MatterNumber, are_numbers, says_something},
    problem::{Code, Item, ItemCode, OnDb, Problem},
    sealed,
};
use crate::privacy;
use crate::record::{self, ComplaintEvent, Event};
use crate::verification::queries as visits;

/// Whether a reply ends the handling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyKind {
    /// 答复.
    Final,
    /// 进展告知.
    Progress,
}

impl ReplyKind {
    /// What its reporter is told of it.
    const fn notice(self) -> NoticeEvent {
        match self {
            Self::Final => NoticeEvent::Replied,
            Self::Progress => NoticeEvent::Progress,
        }
    }
}

/// A reply.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyBody {
    /// Whether it ends the handling.
    pub kind: ReplyKind,
    /// What the reporter reads.
    #[validate(
        length(min = 1, max = 4000, message = "has 1 to 4000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 4000)]
    pub text: String,
    /// Numbers of other complaints of the same entry that get the same reply.
    #[serde(default)]
    #[validate(
        length(max = 200, message = "has 200 numbers at most"),
        custom(function = "are_numbers")
    )]
    #[schema(value_type = Vec<MatterNumber>, inline, required = false, max_items = 200)]
    pub also: Vec<String>,
}

/// What became of a reply.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplyDone {
    /// Document code, which follows from the procedure.
    pub document: String,
    /// The complaints answered.
    pub answered: Vec<StepView>,
}

fn take_all(conn: &mut Connection, numbers: &[String]) -> Result<Vec<ComplaintRow>, Problem> {
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let rows = locks::numbered(conn, &numbers)?;
    if rows.len() < numbers.len() {
        return Err(Problem::not_found());
    }
    Ok(rows)
}

/// Replies to a complaint and, if asked, to others of the same entry: all or none.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/reply", tag = "triage", operation_id = "reply_complaint",
    params(("number" = String, Path)), request_body = ReplyBody,
    responses((status = 201, body = ReplyDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn reply_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ReplyBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let mut numbers = vec![path.into_inner()];
            numbers.extend(value.also.iter().cloned());
            numbers.sort_unstable();
            numbers.dedup();
            let rows = take_all(conn, &numbers)?;
            one_entry(&rows)?;
            let mut answered = Vec::new();
            let mut document = String::new();
            let words = Words {
                kind: value.kind,
                text: &value.text,
            };
            for row in &rows {
                let (step, code) = reply_one(conn, &shared, &staff, row, &words, now)?;
                answered.push(step);
                document = code;
            }
            if let Some(row) = rows.first() {
                recount::entry(conn, &shared.profile, row.entry_id, now)?;
            }
            let location = rows
                .first()
                .map(|r| format!("/api/v1/complaints/{}", r.number));
            Answer::created(
                location.unwrap_or_default(),
                &ReplyDone { document, answered },
            )
        })
        .await?;
    Ok(answer.into_response())
}

fn one_entry(rows: &[ComplaintRow]) -> Result<(), Problem> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    match rows
        .iter()
        .position(|row| row.entry_id != first.entry_id || row.link == "provisional")
    {
        Some(at) if rows.len() > 1 => {
            let message =
                "belongs to another entry, or nobody confirmed yet that it belongs to this one";
            Err(Problem::invalid_items(vec![Item::new(
                &format!("also[{at}]"),
                ItemCode::AnotherMatter,
                message,
            )]))
        }
        _ => Ok(()),
    }
}

/// What a reply says.
pub(super) struct Words<'a> {
    /// Whether it ends the handling.
    pub(super) kind: ReplyKind,
    /// What the reporter reads.
    pub(super) text: &'a str,
}

/// Replies to a complaint that was taken before; answers the document as well. Its entry is yet to be
/// counted anew.
pub(super) fn reply_one(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    words: &Words<'_>,
    now: DateTime<Utc>,
) -> Result<(StepView, String), Problem> {
    let Some(code) = &row.procedure else {
        return Err(Problem::wrong_state(row.state.as_str(), "reply"));
    };
    let procedure = app.profile.procedure(code).ok_or_else(|| {
        Problem::because(
            Code::GuardFailed,
            format!("the profile has no procedure {code} any more"),
        )
    })?;
    let document = match words.kind {
        ReplyKind::Final => procedure.reply.clone(),
        ReplyKind::Progress => "notice".to_owned(),
    };
    let actor = staff.actor();
    let state = match words.kind {
        ReplyKind::Final => {
            let answer = Facts {
                answer: !words.text.is_empty(),
                ..Facts::default()
            };
            let step = row.step(ComplaintEvent::Reply, &actor).given(answer);
            let step = step.with(json!({ "document": document }));
            let state = record::advance(conn, &step, now)?;
            clocks::answered(conn, row.id, &actor, now).or_fault("meet the reply")?;
            visits::cancel_open(conn, &app.keys, row.id, &actor, Some("信访件已答复"), now)?;
            state
        }
        ReplyKind::Progress => {
            let event = Event::of(ComplaintEvent::Progress, row.id, &actor);
            record::append(conn, &event, now).or_fault("record")?;
            row.state
        }
    };
    tell(
        conn,
        app,
        staff,
        row,
        (words.kind.notice(), &document, words.text),
        now,
    )?;
    Ok((StepView::of(row, state), document))
}

/// Keeps what the reporter is told, by which document, and has it sent.
///
/// # Errors
/// A fault when the database fails or the words cannot be sealed.
pub(super) fn tell(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    (event, document, text): (NoticeEvent, &str, &str),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let kind = match event {
        NoticeEvent::Replied => ReplyKind::Final,
        _ => ReplyKind::Progress,
    };
    keep(
        conn,
        &app.keys,
        row.id,
        (kind, document, text),
        staff.id,
        now,
    )?;
    notice::tell(conn, app, row.id, event, now)
}

/// Keeps what the reporter is told, or was told in the past, and tells nobody.
///
/// # Errors
/// A fault when the database fails or the words cannot be sealed.
pub(super) fn keep(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    (kind, document, text): (ReplyKind, &str, &str),
    written_by: Id,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let kind = match kind {
        ReplyKind::Final => "final",
        ReplyKind::Progress => "progress",
    };
    let masked = privacy::masked(conn, keys, complaint, text)?;
    let id = Id::new();
    let sealed_text = sealed::REPLY.seal_text(keys, id.0.as_bytes(), text)?;
    diesel::insert_into(reply::table)
        .values((
            reply::id.eq(id),
            reply::complaint_id.eq(complaint),
            reply::kind.eq(kind),
            reply::document.eq(document),
            reply::text.eq(sealed_text),
            reply::text_masked.eq(masked),
            reply::written_by.eq(written_by),
            reply::created_at.eq(UtcTime(at)),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("insert a reply")
}

/// Makes the masked copies of what was answered anew, when more is known of who petitions.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn mask_again(conn: &mut Connection, keys: &Keys, complaint: Id) -> Result<(), Problem> {
    let known = privacy::known_of(conn, keys, &[complaint])?;
    for answer in queries::replies_of(conn, complaint).or_fault("load replies")? {
        let answer = answer.opened(keys);
        diesel::update(reply::table.find(answer.id))
            .set(reply::text_masked.eq(known.mask(&answer.text).text))
            .execute(conn)
            .or_fault("mask a reply anew")?;
    }
    Ok(())
}

/// Why a step is taken.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// Why.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Closes a complaint that was replied to (办结).
#[utoipa::path(post, path = "/api/v1/complaints/{number}/close", tag = "triage", operation_id = "close_complaint",
    params(("number" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn close_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    step(
        app,
        staff,
        path.into_inner(),
        key,
        body,
        ComplaintEvent::Close,
    )
    .await
}

/// Takes a complaint up again; the reporter may ask for it, staff decide. The reply clock starts
/// anew on this day; what became of the first is kept in the history.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/reopening", tag = "triage", operation_id = "reopen_complaint",
    params(("number" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn reopen_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ReasonBody>,
) -> Result<HttpResponse, Problem> {
    step(
        app,
        staff,
        path.into_inner(),
        key,
        body,
        ComplaintEvent::Reopen,
    )
    .await
}

async fn step(
    app: web::Data<App>,
    staff: Staff,
    number: String,
    key: IdempotencyKey,
    body: Body<ReasonBody>,
    event: ComplaintEvent,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &number)?;
            let done = close_or_reopen(conn, &shared, &staff, &row, event, &value.reason, now)?;
            recount::entry(conn, &shared.profile, row.entry_id, now)?;
            Answer::ok(&done)
        })
        .await?;
    Ok(answer.into_response())
}

/// Closes or reopens a complaint that was taken before. Its entry is yet to be counted anew.
pub(super) fn close_or_reopen(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    event: ComplaintEvent,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let actor = staff.actor();
    let found = Before::of(conn, row)?;
    let told = Facts {
        reason: true,
        ..Facts::default()
    };
    let step = row.step(event, &actor).given(told);
    let mut step = step.because(&app.keys, Some(reason));
    if event == ComplaintEvent::Reopen {
        let stopped =
            clocks::restart_reply(conn, &app.profile, row.id, now).or_fault("restart the clock")?;
        step = step.with(json!({ "reply_clock": stopped }));
    }
    let state = record::advance(conn, &step, now)?;
    if event == ComplaintEvent::Close {
        let called_off = visits::open_of(conn, row.id).or_fault("look for open visits")?;
        visits::cancel_open(conn, &app.keys, row.id, &actor, Some("信访件已办结"), now)?;
        // A visit that was called off is not given again by undoing.
        if called_off.is_empty() {
            let closed = (UndoableDecision::Close, &found);
            revocable::remember(conn, &app.profile, staff, row.id, closed, now)?;
        }
    }
    if event == ComplaintEvent::Reopen {
        queries::set_flag(conn, row, "wants_reopening", false, now).or_fault("clear a flag")?;
    }
    Ok(StepView::of(row, state))
}
