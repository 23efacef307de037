//! Decisions on a queued complaint: accept, refuse, no longer accept, transfer, split, return.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    body::{self, Action, TriageBody},
    claims, final_review,
    revocable::{self, Before},
    split::{self, Parts, split},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    clocks, locks,
    machine::{Facts, MACHINE},
    notice, procedure,
    queries::{self, ComplaintRow},
    recount, returned,
    undoable::UndoableDecision,
    views::StepView,
};
use crate::handover::queries as handovers;
use crate::platform::{
    db::Connection,
    http::{Answer, Body, IdempotencyKey, Preconditions, check_bulk, each_of_bulk},
    problem::{ItemCode, OnDb, Problem},
};
use crate::record::{self, machine::lacks};
use crate::verification::queries as visits;

/// Decides on a claimed complaint. The document type follows from the procedure; it cannot be
/// chosen.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/decision", tag = "triage", operation_id = "decide_complaint",
    params(("number" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = TriageBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<TriageBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let parts = split::take(conn, &shared, &staff, &[(path.as_str(), &value)], now)?;
            let row = locks::held(conn, &path)?;
            conditions.check(row.version)?;
            claims::require_held(conn, row.id, staff.id, now)?;
            let parts = parts.into_iter().next().unwrap_or_else(|| Ok(Vec::new()));
            Answer::ok(&decide(conn, &shared, &staff, &row, &value, parts, now)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn decide(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    body: &TriageBody,
    parts: Parts,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let profile = &app.profile;
    let actor = staff.actor();
    let facts = Facts {
        objection: body.action == Action::Object
            && clocks::may_object(conn, row.id, now).or_fault("look for the right to object")?,
        ..body.facts()
    };
    let rule = MACHINE.step(Some(row.state), body.action.event(), &actor)?;
    let document = body.check(profile, lacks(rule.guards, &facts)?)?;
    if body.action == Action::Split {
        return split(conn, app, staff, row, (body, &document), parts, now);
    }
    if body.action == Action::NoLongerAccept {
        final_review::require(conn, profile, row)?;
    }
    let found = Before::of(conn, row)?;
    body::keep(
        conn,
        &app.keys,
        row.id,
        staff,
        &body.decided(&document),
        now,
    )?;
    if let (Action::Accept, Some(code)) = (body.action, &body.procedure) {
        procedure::start(conn, profile, row, code).or_fault("start the procedure")?;
    }
    if body.action == Action::Return && row.has_flag(returned::NOT_COMPLETED) {
        queries::set_flag(conn, row, returned::NOT_COMPLETED, false, now)
            .or_fault("clear a flag")?;
    }
    let back = match body.action {
        Action::Return => Some(returned::leave(conn, profile, row, now)?),
        Action::Object => {
            clocks::objected(conn, row.id, &actor, now).or_fault("use the right to object")?;
            None
        }
        _ => {
            clocks::decided(conn, row.id, now).or_fault("end the right to object")?;
            None
        }
    };
    let step = row
        .step(body.action.event(), &actor)
        .given(facts)
        .because(&app.keys, body.reason.as_deref())
        .with(json!({ "procedure": body.procedure, "document": document, "transfer_to": body.transfer_to, "final_review": body.final_review, "comes_back_on": back }));
    let state = record::advance(conn, &step, now)?;
    if let (Action::Transfer, Some(unit)) = (body.action, &body.transfer_to) {
        handovers::send(conn, row, unit, &actor, now)?;
    }
    claims::leave(conn, row.id, state)?;
    let state = match body.action {
        Action::Accept => {
            visits::join_open(conn, row.entry_id, row.id, &actor, now)?.unwrap_or(state)
        }
        _ => state,
    };
    // Told when the time to undo it is over.
    let told = (revocable::told_from(profile, now), now);
    notice::tell_at(conn, app, row.id, body.action.notice(), told)?;
    recount::entry(conn, profile, row.entry_id, now)?;
    if let Some(decision) = UndoableDecision::of(body.action.event()) {
        revocable::remember(conn, profile, staff, row.id, (decision, &found), now)?;
    }
    Ok(StepView::of(row, state))
}

/// One of many decisions.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkItem {
    /// The complaint's number.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: String,
    /// The decision.
    #[validate(nested)]
    pub decision: TriageBody,
}

/// Many decisions.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkBody {
    /// 1 to 100 of them.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<BulkItem>,
}

/// What became of many decisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkDone {
    /// One step for each item, in their order.
    pub items: Vec<StepView>,
}

/// Further matters that the letters of one bulk decision are split into at most: all are filed in
/// one transaction, while nobody else can file.
const BULK_PARTS_MAX: usize = 50;

/// Decides on many complaints, all or nothing. Items somebody else holds are refused; those
/// nobody holds need no claim here. Letters are split into 50 matters at most, all together.
#[utoipa::path(post, path = "/api/v1/triage/decisions", tag = "triage", operation_id = "decide_many",
    request_body = BulkBody,
    responses((status = 200, body = BulkDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide_many(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<BulkBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    check_bulk(&value.items, "decisions")?;
    let parts = value.items.iter().map(|item| item.decision.parts.len());
    if parts.sum::<usize>() > BULK_PARTS_MAX {
        return Err(Problem::invalid(
            "items",
            ItemCode::TooManyParts,
            format!("split letters into {BULK_PARTS_MAX} matters at most, all together"),
        ));
    }
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let wanted = value.items.iter().map(|i| (i.number.as_str(), &i.decision));
            let wanted: Vec<(&str, &TriageBody)> = wanted.collect();
            let parts = split::take(conn, &shared, &staff, &wanted, now)?;
            let items = value.items.iter().zip(parts);
            let items = items.map(|(item, parts)| (item.number.as_str(), (item, parts)));
            let items = each_of_bulk(items, |_, (item, parts)| {
                decide_one(conn, &shared, &staff, item, parts, now)
            })?;
            Answer::ok(&BulkDone { items })
        })
        .await?;
    Ok(answer.into_response())
}

/// Decides on a complaint that is held already.
fn decide_one(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    item: &BulkItem,
    parts: Parts,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let row = locks::held(conn, &item.number)?;
    claims::require_not_held_by_other(conn, row.id, staff.id, now)?;
    decide(conn, app, staff, &row, &item.decision, parts, now)
}
