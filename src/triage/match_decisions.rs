//! A named person confirms, rejects or undoes what the matching proposed. Until then nothing with
//! legal effect follows from a link (个人信息保护法24条).

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{claims, match_standing as standing};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    links::{self, Standing},
    locks,
    queries::{self as complaints, ComplaintRow},
    views::StepView,
};
use crate::ledger::{merges, queries as ledger};
use crate::matching::{
    Rule,
    candidates::{self, is_answered},
    petitioners::persons_of,
    queries,
};
use crate::platform::{
    crypto::Keys,
    db::{
        self, Connection, Id, JsonValue, UtcTime,
        schema::{match_decision, match_verdict},
    },
    http::{Answer, Body, IdempotencyKey},
    problem::{Code, ItemCode, OnDb, Problem},
    sealed,
};
use crate::privacy;
use crate::record::{self, Actor, ComplaintEvent, ComplaintState, Event, machine::Trait};

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
pub struct MatchDecisionBody {
    /// What it is.
    pub decision: Decision,
    /// Number of the complaint it belongs with, when it is another than the proposed one.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub target: Option<String>,
    /// Why.
    #[validate(length(max = 500, message = "has 500 letters at most"))]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// Confirms, rejects or undoes a proposed link, in one step. Repeats count from here on. Undoing
/// puts back exactly what the last decision changed; of a link that was attached by itself it
/// makes a question.
#[utoipa::path(post, path = "/api/v1/complaints/{number}/match-decision", tag = "matching", operation_id = "decide_match",
    params(("number" = String, Path)), request_body = MatchDecisionBody,
    responses((status = 200, body = StepView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide_match(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<MatchDecisionBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            take(conn, &[(path.as_str(), &value)])?;
            Answer::ok(&decide(conn, &shared, &staff, &path, &value, now)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Decides on the link of a complaint that was taken before.
pub(super) fn decide(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    number: &str,
    body: &MatchDecisionBody,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    let row = locks::held(conn, number)?;
    claims::require_not_held_by_other(conn, row.id, staff.id, now)?;
    let actor = staff.actor();
    let kept = match body.decision {
        Decision::Confirm => {
            let after = confirmed(conn, &row, body.target.as_deref())?;
            standing::put(conn, app, &row, after, &actor, now)?
        }
        Decision::Reject => {
            let after = rejected(conn, app, &row, now)?;
            standing::put(conn, app, &row, after, &actor, now)?
        }
        Decision::Undo => standing::undo(conn, app, &row, &actor, now)?,
    };
    let model = keep(conn, &app.keys, &row, staff, body, &kept, now)?;
    let state = settle(conn, &row, &actor, body, &kept, now)?;
    let event = Event::of(ComplaintEvent::DecideMatch, row.id, &actor)
        .because(&app.keys, body.reason.as_deref())
        .with(json!({ "decision": body.decision, "link": kept.after.link, "before": row.link }));
    record::append(conn, &event, now).or_fault("record")?;
    count(app, &model, body.decision, &row.link);
    Ok(StepView::of(&row, state))
}

/// Takes complaints and, in one go, every complaint and entry the decisions on them lead to. Numbers
/// that are none are passed over.
pub(super) fn take(
    conn: &mut Connection,
    wanted: &[(&str, &MatchDecisionBody)],
) -> Result<(), Problem> {
    db::settled(conn, |conn| {
        let (ids, entries) = led_to_by_all(conn, wanted)?;
        if locks::look(conn, &ids, &entries)?.is_none() {
            return Ok(None);
        }
        let led_elsewhere = led_to_by_all(conn, wanted)? != (ids, entries);
        Ok((!led_elsewhere).then_some(()))
    })
}

/// What several decisions lead to as things stand: complaints and entries.
fn led_to_by_all(
    conn: &mut Connection,
    wanted: &[(&str, &MatchDecisionBody)],
) -> Result<(Vec<Id>, Vec<Id>), Problem> {
    let mut all = (Vec::new(), Vec::new());
    for (number, body) in wanted {
        let (ids, entries) = led_to(conn, number, body)?;
        all.0.extend(ids);
        all.1.extend(entries);
    }
    Ok(all)
}

/// The complaint, and what the decision leads to as things stand: complaints and entries.
fn led_to(
    conn: &mut Connection,
    number: &str,
    body: &MatchDecisionBody,
) -> Result<(Vec<Id>, Vec<Id>), Problem> {
    let by_number = |conn: &mut Connection, number: &str| {
        complaints::by_number(conn, number).or_fault("load a complaint")
    };
    let Some(row) = by_number(conn, number)? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let (mut ids, mut entries) = (vec![row.id], Vec::new());
    match (body.decision, &body.target) {
        (Decision::Confirm, Some(target)) => ids.extend(by_number(conn, target)?.map(|t| t.id)),
        (Decision::Confirm, None) => ids.extend(row.repeat_of),
        (Decision::Undo, _) => {
            if let Some((_, Some(kept))) = standing::standing_decision(conn, row.id)? {
                let home = merges::home(conn, kept.before.entry).or_fault("look for the entry")?;
                entries.extend([kept.before.entry, home]);
                ids.extend(kept.before.repeat_of);
            }
        }
        (Decision::Reject, _) => {}
    }
    Ok((ids, entries))
}

/// Counts the decision for the model whose verdict it was about.
fn count(app: &App, model: &str, decision: Decision, link: &str) {
    let event = match decision {
        Decision::Confirm => "confirmed",
        Decision::Reject => "rejected",
        Decision::Undo => "undone",
    };
    app.metrics.matching(model, event);
    if link == "provisional" && !matches!(decision, Decision::Undo) {
        let rejected = matches!(decision, Decision::Reject);
        app.metrics.provisional_decided(model, rejected);
    }
}

/// Confirming puts a suspected complaint into the target's entry; a provisional one is there.
fn confirmed(
    conn: &mut Connection,
    row: &ComplaintRow,
    target: Option<&str>,
) -> Result<Standing, Problem> {
    if !matches!(row.link.as_str(), "provisional" | "suspected") && target.is_none() {
        return Err(Problem::wrong_state(&row.link, "confirm"));
    }
    let other = match (target, row.repeat_of) {
        (Some(number), _) => complaints::by_number(conn, number)
            .or_fault("load the target")?
            .ok_or_else(|| {
                Problem::invalid("target", ItemCode::Unknown, "is no complaint's number")
            })?,
        (None, Some(id)) => complaints::by_id(conn, id).or_fault("load the target")?,
        (None, None) => {
            return Err(Problem::invalid(
                "target",
                ItemCode::Required,
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
    let followers = links::followers(conn, &[row.id], row.entry_id).or_fault("find who follows")?;
    if followers.contains(&other.id) {
        let why = format!("complaint {} was linked to this one", other.number);
        return Err(Problem::because(Code::MergeRefused, why));
    }
    let entry = ledger::by_id(conn, other.entry_id).or_fault("load the entry")?;
    if entry.state.is(Trait::ClosedToComplaints) {
        return Err(Problem::because(
            Code::MergeRefused,
            format!("entry {} is {}", entry.number, entry.state.as_str()),
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
    Ok(Standing {
        entry: entry.id,
        link: "confirmed".to_owned(),
        rule: Some(rule),
        repeat_of: Some(other.id),
    })
}

/// Without a proposal the rule is the plain one: the same person repeats what is open, was answered or was
/// finally reviewed, and goes on with what was refused or sent on; another joins.
fn manual_rule(
    conn: &mut Connection,
    row: &ComplaintRow,
    other: &ComplaintRow,
) -> QueryResult<Rule> {
    let persons = persons_of(conn, &[row.id, other.id])?;
    let of = |id: Id| persons.get(&id).map_or(&[][..], Vec::as_slice);
    let same = of(row.id)
        .iter()
        .any(|person| of(other.id).contains(person));
    let reviewed = other.state == ComplaintState::NoLongerAccepted
        || candidates::finally_reviewed(conn, &[other.id])?.contains(&other.id);
    Ok(match (same, other.closed_at.is_none()) {
        (true, true) => Rule::R1,
        (true, false) if reviewed => Rule::R11,
        (true, false) if is_answered(other.state) => Rule::R2,
        (false, true) => Rule::R4,
        (_, false) => Rule::R5,
    })
}

/// Rejecting gives the complaint an entry of its own; the other entry is as it was before. A link
/// that was attached by itself can be rejected as well: no named person has confirmed it.
fn rejected(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<Standing, Problem> {
    let entry = match row.link.as_str() {
        "suspected" => row.entry_id,
        "provisional" => own_entry(conn, app, row, now)?,
        "confirmed" if standing::attached_by_itself(conn, row)? => own_entry(conn, app, row, now)?,
        _ => return Err(Problem::wrong_state(&row.link, "reject")),
    };
    Ok(Standing {
        entry,
        link: "own".to_owned(),
        rule: None,
        repeat_of: None,
    })
}

fn own_entry(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let report = queries::report_of(conn, &app.keys, row.id)?.ok_or_else(Problem::not_found)?;
    let text = complaints::text_of(conn, row.id).or_fault("load the words")?;
    let text = text.opened(&app.keys, row.id);
    let title = ledger::title_of(
        &app.profile,
        &row.category,
        text.premises.as_deref(),
        text.address.as_deref(),
        report.place.map(|place| place.point),
        &privacy::known_of(conn, &app.keys, &[row.id])?,
    );
    ledger::open_clue(conn, &app.profile, &report, &title, now).map(|(id, _)| id)
}

/// The decision as a label with its author: what a later model learns from, and what an undoing
/// puts back. Answers the model whose verdict it is about.
fn keep(
    conn: &mut Connection,
    keys: &Keys,
    row: &ComplaintRow,
    staff: &Staff,
    body: &MatchDecisionBody,
    kept: &standing::Kept,
    now: DateTime<Utc>,
) -> Result<String, Problem> {
    let verdict: Option<(Id, String)> = match_verdict::table
        .filter(match_verdict::complaint_id.eq(row.id))
        .order(match_verdict::id.desc())
        .select((match_verdict::id, match_verdict::model_version))
        .first(conn)
        .optional()
        .or_fault("load the verdict")?;
    let (verdict, model) =
        verdict.ok_or_else(|| Problem::wrong_state(&row.link, body.decision.as_str()))?;
    let id = Id::new();
    let reason = sealed::MATCH_REASON.seal_maybe(keys, id.0.as_bytes(), body.reason.as_deref())?;
    diesel::insert_into(match_decision::table)
        .values((
            match_decision::id.eq(id),
            match_decision::verdict_id.eq(verdict),
            match_decision::complaint_id.eq(row.id),
            match_decision::decision.eq(body.decision.as_str()),
            match_decision::reason.eq(reason),
            match_decision::decided_by.eq(staff.id),
            match_decision::decided_at.eq(UtcTime(now)),
            match_decision::kept.eq(JsonValue(json!(kept))),
        ))
        .execute(conn)
        .or_fault("keep a decision")?;
    Ok(model)
}

/// A decided complaint waits for acceptance; one whose decision was undone waits for a decision
/// again if it did before, or if its link was attached by itself.
fn settle(
    conn: &mut Connection,
    row: &ComplaintRow,
    actor: &Actor,
    body: &MatchDecisionBody,
    kept: &standing::Kept,
    now: DateTime<Utc>,
) -> Result<ComplaintState, Problem> {
    let event = match (body.decision, row.state) {
        (Decision::Confirm | Decision::Reject, ComplaintState::Screening) => {
            ComplaintEvent::SettleMatch
        }
        (Decision::Undo, ComplaintState::AwaitingAcceptance)
            if kept.state == ComplaintState::Screening =>
        {
            ComplaintEvent::ReopenMatch
        }
        _ => return Ok(row.state),
    };
    record::advance(conn, &row.step(event, actor), now)
}
