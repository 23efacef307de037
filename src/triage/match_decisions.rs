//! A named person confirms, rejects or undoes what the matching proposed. Until then nothing with
//! legal effect follows from a link (个人信息保护法24条).

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    queries::{self as complaints, ComplaintRow},
    views::StepView,
};
use crate::ledger::{machine::CLOSED_TO_COMPLAINTS, queries as ledger};
use crate::matching::{Rule, queries};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, match_decision, match_verdict},
    },
    http::{Answer, Body, IdempotencyKey},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Event};

/// What the person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is the same matter.
    Confirm,
    /// It is another matter: the complaint gets an entry of its own.
    Reject,
    /// The last decision was wrong: the question is open again.
    Undo,
}

impl Decision {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reject => "reject",
            Self::Undo => "undo",
        }
    }
}

/// A decision on a proposed link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// What it is.
    pub decision: Decision,
    /// Number of the complaint it belongs with, when it is another than the proposed one.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    pub target: Option<String>,
    /// Why.
    #[validate(length(max = 500, message = "has 500 letters at most"))]
    pub reason: Option<String>,
}

/// Confirms, rejects or undoes a proposed link, in one step. Repeats count from here on.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/match-decision", tag = "matching", operation_id = "decide_match",
    params(("number" = String, Path)), request_body = DecisionBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide_match(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<DecisionBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let counted = match value.decision {
        Decision::Confirm => "matching_confirmed",
        Decision::Reject => "matching_rejected",
        Decision::Undo => "matching_undone",
    };
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = complaints::take(conn, &path)?;
            let link = match value.decision {
                Decision::Confirm => confirm(conn, &shared, &row, value.target.as_deref(), now)?,
                Decision::Reject => reject(conn, &shared, &row, now)?,
                Decision::Undo => undo(conn, &shared, &row, now)?,
            };
            keep(conn, &row, &staff, &value, now)?;
            let state = settle(conn, &row, &staff, value.decision, now)?;
            let actor = staff.actor();
            let event = Event::new("complaint", row.id, "decide_match", &actor)
                .because(value.reason.as_deref())
                .with(json!({ "decision": value.decision, "link": link, "before": row.link }));
            record::append(conn, &event, now).or_fault("record")?;
            Answer::ok(&StepView::of(&row, state))
        })
        .await?;
    app.metrics.count(counted);
    Ok(answer.into_response())
}

/// Confirming moves a suspected complaint into the target's entry; a provisional one is there.
fn confirm(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    target: Option<&str>,
    now: DateTime<Utc>,
) -> Result<&'static str, Problem> {
    if !matches!(row.link.as_str(), "provisional" | "suspected") && target.is_none() {
        return Err(Problem::wrong_state(&row.link, "confirm"));
    }
    let other = match (target, row.repeat_of) {
        (Some(number), _) => complaints::by_number(conn, number)
            .or_fault("load the target")?
            .ok_or_else(|| Problem::invalid("target", "unknown", "is no complaint's number"))?,
        (None, Some(id)) => complaints::by_id(conn, id).or_fault("load the target")?,
        (None, None) => {
            return Err(Problem::invalid(
                "target",
                "required",
                "names the complaint it belongs with",
            ));
        }
    };
    if other.id == row.id {
        return Err(Problem::because(
            Code::MergeRefused,
            "a complaint is not its own duplicate",
        ));
    }
    let entry = ledger::by_id(conn, other.entry_id).or_fault("load the entry")?;
    if CLOSED_TO_COMPLAINTS.contains(&entry.state.as_str()) {
        return Err(Problem::because(
            Code::MergeRefused,
            format!("entry {} is {}", entry.number, entry.state),
        ));
    }
    // The proposal's rule is of the proposed complaint and of no other.
    let rule = match &row.link_rule {
        Some(rule) if row.repeat_of == Some(other.id) => rule.clone(),
        _ => manual_rule(conn, row, &other)
            .or_fault("compare petitioners")?
            .as_str()
            .to_owned(),
    };
    relink(
        conn,
        row,
        entry.id,
        "confirmed",
        Some(&rule),
        Some(other.id),
    )
    .or_fault("link")?;
    refresh_both(conn, app, row.entry_id, entry.id, now)?;
    Ok("confirmed")
}

/// Without a proposal the rule is the plain one: the same person repeats, another joins; while the
/// other complaint is open, or after it was closed.
fn manual_rule(
    conn: &mut Connection,
    row: &ComplaintRow,
    other: &ComplaintRow,
) -> QueryResult<Rule> {
    let persons = queries::persons_of(conn, &[row.id, other.id])?;
    let of = |id: Id| persons.get(&id).map_or(&[][..], Vec::as_slice);
    let same = of(row.id)
        .iter()
        .any(|person| of(other.id).contains(person));
    Ok(match (same, other.closed_at.is_none()) {
        (true, true) => Rule::R1,
        (true, false) => Rule::R2,
        (false, true) => Rule::R4,
        (false, false) => Rule::R5,
    })
}

/// Rejecting gives the complaint an entry of its own; the other entry is as it was before.
fn reject(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<&'static str, Problem> {
    match row.link.as_str() {
        "suspected" => {
            relink(conn, row, row.entry_id, "own", None, None).or_fault("link")?;
        }
        "provisional" => {
            let entry = own_entry(conn, app, row, now)?;
            relink(conn, row, entry, "own", None, None).or_fault("link")?;
            refresh_both(conn, app, row.entry_id, entry, now)?;
        }
        _ => return Err(Problem::wrong_state(&row.link, "reject")),
    }
    Ok("own")
}

fn own_entry(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let report = queries::report_of(conn, row.id)
        .or_fault("load the complaint")?
        .ok_or_else(Problem::not_found)?;
    let old = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
    ledger::open_clue(conn, &app.profile, &report, &old.title, now).map(|(id, _)| id)
}

/// Undoing puts the complaint back to where the verdict had put it.
fn undo(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<&'static str, Problem> {
    let verdicts = queries::verdicts_of(conn, row.id).or_fault("load verdicts")?;
    let last = verdicts
        .last()
        .ok_or_else(|| Problem::wrong_state(&row.link, "undo"))?;
    let decided: Option<String> = match_decision::table
        .filter(match_decision::complaint_id.eq(row.id))
        .order(match_decision::id.desc())
        .select(match_decision::decision)
        .first(conn)
        .optional()
        .or_fault("load decisions")?;
    if !matches!(decided.as_deref(), Some("confirm" | "reject")) {
        return Err(Problem::because(
            Code::UndoRefused,
            "there is no decision to undo",
        ));
    }
    let (link, entry) = match last.outcome.as_str() {
        "provisional" | "attached" => {
            let target = last
                .target_id
                .ok_or_else(|| Problem::fault("a link without a target"))?;
            let target = complaints::by_id(conn, target).or_fault("load the target")?;
            ("provisional", target.entry_id)
        }
        outcome => {
            let entry = if row.link == "confirmed" {
                own_entry(conn, app, row, now)?
            } else {
                row.entry_id
            };
            (
                if outcome == "suspected" {
                    "suspected"
                } else {
                    "own"
                },
                entry,
            )
        }
    };
    let rule = Some(last.rule.as_str()).filter(|rule| *rule != "new");
    let repeat_of = last.target_id.filter(|_| link != "own");
    relink(conn, row, entry, link, rule, repeat_of).or_fault("link")?;
    refresh_both(conn, app, row.entry_id, entry, now)?;
    Ok(link)
}

fn relink(
    conn: &mut Connection,
    row: &ComplaintRow,
    entry: Id,
    link: &str,
    rule: Option<&str>,
    repeat_of: Option<Id>,
) -> QueryResult<usize> {
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::entry_id.eq(entry),
            complaint::link.eq(link),
            complaint::link_rule.eq(rule),
            complaint::repeat_of.eq(repeat_of),
            complaint::version.eq(complaint::version + 1),
        ))
        .execute(conn)
}

fn refresh_both(
    conn: &mut Connection,
    app: &App,
    a: Id,
    b: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    ledger::take(conn, &[a, b]).or_fault("take entries")?;
    ledger::refresh(conn, &app.profile, a, now)?;
    if a != b {
        ledger::refresh(conn, &app.profile, b, now)?;
    }
    // An entry that lost its last complaint is merged away into the one that took it.
    let left = ledger::by_id(conn, a).or_fault("load the entry")?;
    if a != b && left.complaint_count == 0 && left.state == "clue" {
        ledger::merge_away(conn, a, b, now).or_fault("close an empty clue")?;
    }
    Ok(())
}

/// The decision as a label with its author: what a later model learns from.
fn keep(
    conn: &mut Connection,
    row: &ComplaintRow,
    staff: &Staff,
    body: &DecisionBody,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let verdict: Option<Id> = match_verdict::table
        .filter(match_verdict::complaint_id.eq(row.id))
        .order(match_verdict::id.desc())
        .select(match_verdict::id)
        .first(conn)
        .optional()
        .or_fault("load the verdict")?;
    let verdict = verdict.ok_or_else(|| Problem::wrong_state(&row.link, body.decision.as_str()))?;
    diesel::insert_into(match_decision::table)
        .values((
            match_decision::id.eq(Id::new()),
            match_decision::verdict_id.eq(verdict),
            match_decision::complaint_id.eq(row.id),
            match_decision::decision.eq(body.decision.as_str()),
            match_decision::reason.eq(&body.reason),
            match_decision::decided_by.eq(staff.id),
            match_decision::decided_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("keep a decision")?;
    Ok(())
}

/// A decided complaint waits for acceptance; an undone one waits for a decision again.
fn settle(
    conn: &mut Connection,
    row: &ComplaintRow,
    staff: &Staff,
    decision: Decision,
    now: DateTime<Utc>,
) -> Result<&'static str, Problem> {
    let event = match (decision, row.state.as_str()) {
        (Decision::Confirm | Decision::Reject, "screening") => "settle_match",
        (Decision::Undo, "awaiting_acceptance") => "reopen_match",
        _ => {
            let state = crate::complaint::machine::MACHINE
                .states
                .iter()
                .find(|(s, _)| *s == row.state);
            return Ok(state.map_or("", |(s, _)| *s));
        }
    };
    let actor = staff.actor();
    complaints::advance(
        conn,
        row,
        &Event::new("complaint", row.id, event, &actor),
        now,
    )
}
