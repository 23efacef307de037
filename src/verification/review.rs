//! The brigade passes a visit or sends it back.

use std::collections::HashSet;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    answers,
    machine::Facts,
    queries::{self, VisitRow},
    views::{VerificationView, view},
};
use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    db::{Connection, UtcTime, schema::verification},
    http::{Answer, Body, IdempotencyKey, Preconditions, says_something},
    problem::{OnDb, Problem},
};
use crate::privacy::Scope;
use crate::record::{self, Actor, ComplaintEvent, EntryEvent, Event, VisitEvent};

/// What the brigade says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// 通过.
    Pass,
    /// 退回.
    Return,
}

impl ReviewOutcome {
    const fn event(self) -> VisitEvent {
        match self {
            Self::Pass => VisitEvent::Pass,
            Self::Return => VisitEvent::Return,
        }
    }
}

/// A review.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBody {
    /// What the brigade says.
    pub outcome: ReviewOutcome,
    /// Why; required to send it back.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
}

/// Passes a submitted visit, or sends it back to be made again. The finding of a passed visit
/// stands in the history of the complaint and of its entry.
#[utoipa::path(post, path = "/api/v1/verifications/{id}/review", tag = "verification", operation_id = "review_verification",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = ReviewBody,
    responses((status = 200, body = VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn review_verification(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<ReviewBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).visits(), &path)?;
            conditions.check(row.version)?;
            let actor = staff.actor();
            let given = Facts {
                reason: value.reason.is_some(),
                made_by_another: row.officer_id != Some(staff.id),
                ..Facts::default()
            };
            let step = row.step(value.outcome.event(), &actor).given(given);
            let step = step.because(&shared.keys, value.reason.as_deref());
            if value.outcome == ReviewOutcome::Pass {
                // While it is open: who came to the matter meanwhile is answered by it as well.
                answers::take_in_all(conn, row.id, now)?;
            }
            record::advance(conn, &step, now)?;
            if value.outcome == ReviewOutcome::Return {
                // The visit is made again: only what comes from now on counts.
                diesel::update(verification::table.find(row.id))
                    .set((
                        verification::assigned_at.eq(UtcTime(now)),
                        verification::result.eq(None::<String>),
                    ))
                    .execute(conn)
                    .or_fault("reopen the visit")?;
            } else {
                tell_of(conn, &row, &actor, now)?;
            }
            let row = queries::by_id(conn, row.id)
                .or_fault("load the visit")?
                .ok_or_else(Problem::not_found)?;
            Answer::ok(&view(conn, &shared, &staff, row)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Says in the history of each complaint a visit answers, and of the entries they stand in, what was
/// found.
fn tell_of(
    conn: &mut Connection,
    row: &VisitRow,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let answered = answers::of(conn, row.id).or_fault("load complaints")?;
    let mut entries = HashSet::new();
    for complaint in &answered {
        let detail =
            json!({ "verification": row.id, "result": row.result, "complaint": complaint.number });
        let told = Event::of(ComplaintEvent::Verified, complaint.id, actor);
        record::append(conn, &told.with(detail.clone()), now).or_fault("record")?;
        if entries.insert(complaint.entry_id) {
            let told = Event::of(EntryEvent::Verified, complaint.entry_id, actor);
            record::append(conn, &told.with(detail), now).or_fault("record")?;
        }
    }
    Ok(())
}
