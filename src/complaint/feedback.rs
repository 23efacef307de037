//! What the reporter says after filing: more facts, a rating.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    body::not_yet,
    locks,
    machine::{Facts, RATING, RatedReply},
    queries::{self, ComplaintRow},
    rejudge::{self, Cause},
    returned,
    tracking::{code_of, counted, may_add},
    unread,
    views::StepView,
};
use crate::account::caller::Address;
use crate::app::App;
use crate::matching;
use crate::platform::{
    db::Connection,
    http::{Answer, Body, IdempotencyKey, says_something},
    limit::{Limited, Sender},
    problem::{ItemCode, OnDb, Problem},
};
use crate::privacy;
use crate::record::{self, Actor, ComplaintEvent, ComplaintState, Event, machine::hold};

/// More facts: the reporter's own words, or what staff learned from them.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplementBody {
    /// What is to be added.
    #[validate(
        length(min = 1, max = 2000, message = "has 1 to 2000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
    /// Whether something new happened since; new facts lead to a new verification.
    #[serde(default)]
    #[schema(nullable)]
    pub new_facts: bool,
    /// When it happened.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub occurred_at: Option<DateTime<Utc>>,
}

/// Adds facts to a complaint, whoever brings them: a complaint that was returned for completion goes
/// back to the queue, and new facts count in matching (R3, R6), so that one that still waits is
/// judged again. Answers the complaint as it stands then.
///
/// # Errors
/// 409 when the complaint takes no more; a fault when the database fails.
pub fn supplement(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    actor: &Actor,
    added: &SupplementBody,
    now: DateTime<Utc>,
) -> Result<ComplaintRow, Problem> {
    may_add(row)?;
    let masked = privacy::masked(conn, &app.keys, row.id, &added.text)?;
    queries::insert_supplement(
        conn,
        &app.keys,
        row.id,
        (&added.text, &masked),
        added.new_facts,
        added.occurred_at,
        now,
    )?;
    let event = Event::of(ComplaintEvent::Supplement, row.id, actor)
        .with(json!({ "new_facts": added.new_facts }));
    record::append(conn, &event, now).or_fault("record")?;
    unread::came(conn, row.id, row.state, actor, now).or_fault("have it read")?;
    if !row.hidden {
        matching::queries::refile(conn, &app.keys, row.id)?;
    }
    if row.state == ComplaintState::Returned {
        returned::resubmit(conn, &app.profile, row, actor, now)?;
    }
    let row = queries::by_id(conn, row.id).or_fault("load the complaint")?;
    if added.new_facts && rejudge::may_be_judged(&row) {
        rejudge::judge_again(conn, app, &row, Cause::Supplement, now)?;
    } else if added.new_facts && row.link == "provisional" {
        rejudge::refine_link(conn, app, &row, Cause::Supplement, now)?;
    }
    queries::by_id(conn, row.id).or_fault("load the complaint")
}

/// Adds facts. A complaint that was returned for completion goes back to the queue. New facts count
/// in matching (R3, R6): a complaint that still waits is judged again.
#[utoipa::path(post, path = "/api/v1/tracking/{code}/supplements", tag = "tracking", operation_id = "add_supplement",
    params(("code" = String, Path)), request_body = SupplementBody,
    responses((status = 201, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn add_supplement(
    app: web::Data<App>,
    address: Address,
    sender: Sender,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<SupplementBody>,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    app.limits.take(Limited::Submit, &sender)?;
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    if let Some(item) = not_yet("occurred_at", value.occurred_at, now) {
        return Err(Problem::invalid_items(vec![item]));
    }
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_code(conn, &code)?;
            let row = supplement(conn, &shared, &row, &Actor::Reporter, &value, now)?;
            Answer::created(
                format!("/api/v1/tracking/{code}"),
                &StepView::of(&row, row.state),
            )
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    Ok(answer.into_response())
}

/// How a reply was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// 满意.
    Satisfied,
    /// 基本满意.
    BasicallySatisfied,
    /// 不满意.
    Dissatisfied,
}

impl Score {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::BasicallySatisfied => "basically_satisfied",
            Self::Dissatisfied => "dissatisfied",
        }
    }
}

/// A rating.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingBody {
    /// How the reply was received.
    pub score: Score,
    /// Why.
    #[validate(length(max = 1000, message = "has 1000 letters at most"))]
    #[schema(max_length = 1000)]
    pub text: Option<String>,
    /// Whether the matter should be taken up again. Staff decide; only with `dissatisfied`.
    #[serde(default)]
    #[schema(nullable)]
    pub wants_reopening: bool,
}

/// Rates the last reply, once, within 14 days; a complaint that was reopened and answered again is
/// rated again. Dissatisfaction asks for reopening; it never reopens
/// by itself.
#[utoipa::path(post, path = "/api/v1/tracking/{code}/rating", tag = "tracking", operation_id = "create_rating",
    params(("code" = String, Path)), request_body = RatingBody,
    responses((status = 201, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn rate(
    app: web::Data<App>,
    address: Address,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<RatingBody>,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    if value.wants_reopening && value.score != Score::Dissatisfied {
        return Err(Problem::invalid(
            "wants_reopening",
            ItemCode::NotDissatisfied,
            "goes with `dissatisfied` alone",
        ));
    }
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_code(conn, &code)?;
            let replies = queries::replies_of(conn, row.id).or_fault("load replies")?;
            let Some(reply) = replies.iter().rev().find(|r| r.kind == "final") else {
                return Err(Problem::wrong_state(row.state.as_str(), "rate"));
            };
            let rated = RatedReply {
                again: queries::is_rated(conn, reply.id).or_fault("load the rating")?,
                age: now - reply.created_at.0,
                open: TimeDelta::days(shared.profile.rules.rating.open_days),
            };
            let facts = Facts {
                rated: Some(rated),
                ..Facts::default()
            };
            // Asked before the state: who rates again, or too late, is told so.
            hold(RATING, &facts)?;
            let step = row
                .step(ComplaintEvent::Rate, &Actor::Reporter)
                .given(facts);
            let state = record::advance(conn, &step, now)?;
            let masked = value
                .text
                .as_deref()
                .map(|t| privacy::masked(conn, &shared.keys, row.id, t))
                .transpose()?;
            let texts = value.text.as_deref().zip(masked.as_deref());
            queries::insert_rating(
                conn,
                &shared.keys,
                row.id,
                reply.id,
                queries::Rated {
                    score: value.score.as_str(),
                    texts,
                    wants_reopening: value.wants_reopening,
                },
                now,
            )?;
            if value.wants_reopening {
                queries::set_flag(conn, &row, "wants_reopening", true, now)
                    .or_fault("set a flag")?;
            }
            Answer::created(
                format!("/api/v1/tracking/{code}"),
                &StepView::of(&row, state),
            )
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    Ok(answer.into_response())
}
