//! Many links, replies or closings in one step: all of them or none. What belongs together is taken
//! in one go, and each is then done as it is done alone, on what those before it left.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    decisions::BulkDone,
    match_decisions::{self, Decision, MatchDecisionBody},
    replies::{self, ReplyKind, Words},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{locks, queries::ComplaintRow, recount, views::StepView};
use crate::platform::{
    db::{Connection, Id},
    http::{Answer, Body, IdempotencyKey, check_bulk, each_of_bulk, says_something},
    problem::Problem,
};
use crate::record::ComplaintEvent;

/// What many are told of a link; a decision is undone alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkDecision {
    /// It is the same matter.
    Confirm,
    /// It is another matter: the complaint gets an entry of its own.
    Reject,
}

/// One of many decisions on links.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchItem {
    /// The complaint's number.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: String,
    /// What it is.
    pub decision: LinkDecision,
    /// Number of the complaint it belongs with, when it is another than the proposed one.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub target: Option<String>,
    /// Why.
    #[validate(length(max = 500, message = "has 500 letters at most"))]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

impl MatchItem {
    /// As it is decided alone.
    fn alone(self) -> (String, MatchDecisionBody) {
        let decision = match self.decision {
            LinkDecision::Confirm => Decision::Confirm,
            LinkDecision::Reject => Decision::Reject,
        };
        let body = MatchDecisionBody {
            decision,
            target: self.target,
            reason: self.reason,
        };
        (self.number, body)
    }
}

/// Many decisions on links.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchesBody {
    /// 1 to 100 of them.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<MatchItem>,
}

/// Confirms or rejects many proposed links, all or nothing. Items somebody else holds are refused.
/// Each is decided on what those before it left.
#[utoipa::path(post, path = "/api/v1/triage/match-decisions", tag = "triage", operation_id = "decide_matches",
    request_body = MatchesBody,
    responses((status = 200, body = BulkDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide_matches(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<MatchesBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    check_bulk(&value.items, "decisions")?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let decided: Vec<(String, MatchDecisionBody)> =
                value.items.into_iter().map(MatchItem::alone).collect();
            let items = decided.iter().map(|(number, body)| (number.as_str(), body));
            let items: Vec<(&str, &MatchDecisionBody)> = items.collect();
            match_decisions::take(conn, &items)?;
            let items = each_of_bulk(items, |number, body| {
                match_decisions::decide(conn, &shared, &staff, number, body, now)
            })?;
            Answer::ok(&BulkDone { items })
        })
        .await?;
    Ok(answer.into_response())
}

/// One of many replies.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyItem {
    /// The complaint's number.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: String,
    /// Whether it ends the handling.
    pub kind: ReplyKind,
    /// What the reporter reads.
    #[validate(
        length(min = 1, max = 4000, message = "has 1 to 4000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 4000)]
    pub text: String,
}

/// Many replies.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepliesBody {
    /// 1 to 100 of them.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<ReplyItem>,
}

/// Replies to many complaints, of whatever matters, all or nothing. The document of each follows from
/// its procedure.
#[utoipa::path(post, path = "/api/v1/triage/replies", tag = "triage", operation_id = "reply_many",
    request_body = RepliesBody,
    responses((status = 200, body = BulkDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn reply_many(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<RepliesBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    check_bulk(&value.items, "replies")?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let items = value.items.iter().map(|item| (item.number.as_str(), item));
            let items = each_taken(conn, &shared, items.collect(), now, |conn, row, item| {
                let words = Words {
                    kind: item.kind,
                    text: &item.text,
                };
                replies::reply_one(conn, &shared, &staff, row, &words, now).map(|(step, _)| step)
            })?;
            Answer::ok(&BulkDone { items })
        })
        .await?;
    Ok(answer.into_response())
}

/// One of many closings.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosingItem {
    /// The complaint's number.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: String,
    /// Why.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Many closings.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosingsBody {
    /// 1 to 100 of them.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<ClosingItem>,
}

/// Closes many complaints that were replied to (办结), all or nothing.
#[utoipa::path(post, path = "/api/v1/triage/closings", tag = "triage", operation_id = "close_many",
    request_body = ClosingsBody,
    responses((status = 200, body = BulkDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn close_many(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<ClosingsBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    check_bulk(&value.items, "closings")?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let items = value.items.iter().map(|item| (item.number.as_str(), item));
            let items = each_taken(conn, &shared, items.collect(), now, |conn, row, item| {
                let close = ComplaintEvent::Close;
                replies::close_or_reopen(conn, &shared, &staff, row, close, &item.reason, now)
            })?;
            Answer::ok(&BulkDone { items })
        })
        .await?;
    Ok(answer.into_response())
}

/// Takes complaints in one go, does something to each, and counts their entries anew at the end.
fn each_taken<T>(
    conn: &mut Connection,
    app: &App,
    items: Vec<(&str, &T)>,
    now: DateTime<Utc>,
    mut one: impl FnMut(&mut Connection, &ComplaintRow, &T) -> Result<StepView, Problem>,
) -> Result<Vec<StepView>, Problem> {
    let numbers: Vec<&str> = items.iter().map(|(number, _)| *number).collect();
    locks::numbered(conn, &numbers)?;
    let mut entries: BTreeSet<Id> = BTreeSet::new();
    let done = each_of_bulk(items, |number, item| {
        let row = locks::held(conn, number)?;
        entries.insert(row.entry_id);
        one(conn, &row, item)
    })?;
    for entry in entries {
        recount::entry(conn, &app.profile, entry, now)?;
    }
    Ok(done)
}
