//! Merging entries (并单) and taking a merge back exactly.
//!
//! A merge keeps what it changed as a document: of each complaint its entry and link, of the
//! source its state. Undoing puts just that back. What came meanwhile goes with the complaint it was
//! linked to; what is linked to none that moves stays in the target.

use std::collections::HashSet;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    machine::{Facts, MACHINE},
    moves::{self, Move},
    queries::{self, EntryRow},
    routes::visible,
    views::EntrySummary,
    words,
};
use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, ledger_merge},
    },
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
    sealed,
};
use crate::record::{
    self, Actor, EntryEvent, EntryState, Event,
    machine::{Trait, hold},
};

/// Which entry an entry goes into.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeBody {
    /// Number of the entry that takes it.
    #[validate(length(min = 1, max = 32, message = "is an entry's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub into: String,
    /// Why they are one matter.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// A merge and what it led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeDone {
    /// Id, to undo it by.
    pub merge_id: Id,
    /// The entry that took the other.
    pub entry: EntrySummary,
}

/// What a merge changed, to be put back.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    source_state: EntryState,
    /// The state the target was in; absent in merges of earlier versions.
    #[serde(default)]
    target_state: Option<EntryState>,
    /// The complaint that led the target.
    #[serde(default)]
    target_lead: Option<Id>,
    complaints: Vec<Linked>,
    /// How the merge left the same complaints; absent in merges of earlier versions.
    #[serde(default)]
    merged: Vec<Linked>,
}

impl Before {
    /// How the merge left its complaints. Earlier versions kept what a complaint named.
    fn merged(&self) -> Vec<Linked> {
        if !self.merged.is_empty() {
            return self.merged.clone();
        }
        let named = self.complaints.iter().filter_map(|linked| linked.repeat_of);
        let named: HashSet<Id> = named.collect();
        let complaints = self.complaints.iter();
        complaints.map(|linked| linked.merged(&named)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Queryable, Selectable)]
#[diesel(table_name = complaint)]
struct Linked {
    id: Id,
    link: String,
    link_rule: Option<String>,
    repeat_of: Option<Id>,
}

/// What opened the source joins the target by the hand that merges.
const JOINING: [&str; 2] = ["own", "suspected"];

/// The link and the rule by which it joins.
const JOINED: (&str, &str) = ("confirmed", "R4");

impl Linked {
    /// How a merge leaves the link. What joins names a complaint only where that stands in the
    /// target: a link that counts never points out of its entry. The rest keep theirs.
    fn merged(&self, in_target: &HashSet<Id>) -> Self {
        if !JOINING.contains(&self.link.as_str()) {
            return self.clone();
        }
        let (link, rule) = JOINED;
        Self {
            id: self.id,
            link: link.to_owned(),
            link_rule: Some(rule.to_owned()),
            repeat_of: self.repeat_of.filter(|named| in_target.contains(named)),
        }
    }
}

/// Merges an entry into another: all its complaints move, each keeping its own number, clock and
/// reply duty. The target's due date becomes the earliest of all.
#[utoipa::path(post, path = "/api/v1/entries/{number}/merge", tag = "ledger", operation_id = "merge_entries",
    params(("number" = String, Path)), request_body = MergeBody,
    responses((status = 200, body = MergeDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn merge_entries(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<MergeBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let (source, target) = take_both(conn, &staff, &path, &value.into)?;
            may_merge(&source, &target)?;
            let actor = staff.actor();
            let told = Facts {
                reason: true,
                ..Facts::default()
            };
            let step = MACHINE.step(Some(source.state), EntryEvent::Merge, &actor)?;
            hold(step.guards, &told)?;
            let by = Move {
                cause: EntryEvent::Merge.as_str(),
                actor: &actor,
                now,
            };
            let before = move_complaints(conn, &source, &target, &by)?;
            let merge_id = Id::new();
            let id = merge_id.0.as_bytes();
            let reason = sealed::MERGE_REASON.seal_text(&shared.keys, id, &value.reason)?;
            diesel::insert_into(ledger_merge::table)
                .values((
                    ledger_merge::id.eq(merge_id),
                    ledger_merge::source_entry_id.eq(source.id),
                    ledger_merge::target_entry_id.eq(target.id),
                    ledger_merge::before.eq(JsonValue(json!(before))),
                    ledger_merge::reason.eq(reason),
                    ledger_merge::merged_by.eq(staff.id),
                    ledger_merge::merged_at.eq(UtcTime(now)),
                ))
                .execute(conn)
                .or_fault("insert a merge")?;
            queries::refresh(conn, &shared.profile, source.id, now)?;
            queries::refresh(conn, &shared.profile, target.id, now)?;
            let away = source
                .step(EntryEvent::Merge, &actor)
                .given(told)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "into": target.number }));
            moves::merge_away(conn, &source, target.id, &away, now)?;
            let taken = Event::of(EntryEvent::TakeMerge, target.id, &actor)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "from": source.number, "merge": merge_id }));
            record::append(conn, &taken, now).or_fault("record")?;
            let row = queries::by_id(conn, target.id).or_fault("load the target")?;
            Answer::ok(&MergeDone {
                merge_id,
                entry: words::summary(conn, &shared, &staff, &row)?,
            })
        })
        .await?;
    Ok(answer.into_response())
}

fn take_both(
    conn: &mut Connection,
    staff: &Staff,
    source: &str,
    target: &str,
) -> Result<(EntryRow, EntryRow), Problem> {
    let source = visible(conn, staff, source)?;
    let target = queries::by_number(conn, target)
        .or_fault("load the target")?
        .ok_or_else(|| Problem::invalid("into", ItemCode::Unknown, "is no entry's number"))?;
    queries::take(conn, &[source.id, target.id]).or_fault("take entries")?;
    let load = |conn: &mut Connection, id| queries::by_id(conn, id).or_fault("load an entry");
    Ok((load(conn, source.id)?, load(conn, target.id)?))
}

/// D26: not into itself, not what was merged already, not into what is closed. An entry merged
/// into this one is itself merged, so a circle cannot be made.
fn may_merge(source: &EntryRow, target: &EntryRow) -> Result<(), Problem> {
    let refuse = |why: String| Err(Problem::because(Code::MergeRefused, why));
    if source.id == target.id {
        return refuse("an entry cannot be merged into itself".to_owned());
    }
    for entry in [source, target] {
        if entry.state.is(Trait::ClosedToComplaints) {
            return refuse(format!("entry {} is {}", entry.number, entry.state.label()));
        }
    }
    Ok(())
}

fn move_complaints(
    conn: &mut Connection,
    source: &EntryRow,
    target: &EntryRow,
    by: &Move<'_>,
) -> Result<Before, Problem> {
    let complaints: Vec<Linked> = complaint::table
        .filter(complaint::entry_id.eq(source.id))
        .order(complaint::id.asc())
        .select(Linked::as_select())
        .load(conn)
        .or_fault("load the source's complaints")?;
    let in_target = complaint::table
        .filter(complaint::entry_id.eq(target.id))
        .select(complaint::id)
        .load(conn)
        .or_fault("load the target's complaints")?;
    let in_target: HashSet<Id> = in_target.into_iter().collect();
    let merged: Vec<Linked> = complaints.iter().map(|l| l.merged(&in_target)).collect();
    for (was, linked) in complaints.iter().zip(&merged) {
        if was != linked {
            link(conn, linked).or_fault("link a complaint")?;
        }
    }
    let ids: Vec<Id> = complaints.iter().map(|linked| linked.id).collect();
    by.all(conn, &ids, source.id, target.id)?;
    Ok(Before {
        source_state: source.state,
        target_state: Some(target.state),
        target_lead: target.lead_complaint_id,
        complaints,
        merged,
    })
}

fn link(conn: &mut Connection, linked: &Linked) -> QueryResult<usize> {
    diesel::update(complaint::table.find(linked.id))
        .set((
            complaint::link.eq(&linked.link),
            complaint::link_rule.eq(&linked.link_rule),
            complaint::repeat_of.eq(linked.repeat_of),
        ))
        .execute(conn)
}

/// Why a merge is taken back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoBody {
    /// Why they are two matters after all.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

type MergeRow = (Id, Id, JsonValue, Option<UtcTime>);

/// Takes a merge back: the entry and its complaints stand as before, and what was linked to them
/// meanwhile goes with them. Refused, naming what is in the way, when the target went on in a way
/// that cannot be shared out: it was merged itself or listed, or a link was decided on since.
#[utoipa::path(post, path = "/api/v1/merges/{id}/undo", tag = "ledger", operation_id = "undo_merge",
    params(("id" = String, Path)), request_body = UndoBody,
    responses((status = 200, body = EntrySummary), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn undo_merge(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<UndoBody>,
) -> Result<HttpResponse, Problem> {
    let id: Id = path
        .parse::<uuid::Uuid>()
        .map_err(|_| Problem::not_found())?
        .into();
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let (source, target, ..) = load_merge(conn, id)?;
            queries::take(conn, &[source, target]).or_fault("take entries")?;
            // Looked at again: two may take one merge back at once.
            let (.., before, undone) = load_merge(conn, id)?;
            let target = queries::by_id(conn, target).or_fault("load the target")?;
            let before: Before = serde_json::from_value(before.0)
                .map_err(|e| Problem::fault(format!("a merge cannot be read: {e}")))?;
            may_undo(&target, &before, undone)?;
            let actor = staff.actor();
            let by = Move {
                cause: EntryEvent::UndoMerge.as_str(),
                actor: &actor,
                now,
            };
            put_back(conn, source, &target, &before, &by)?;
            let reason = Some((&shared.keys, value.reason.as_str()));
            moves::revive(conn, source, before.source_state, &actor, reason, now)?;
            leave_target(conn, source, target.id, &before, &actor, now)?;
            let why =
                sealed::UNDO_REASON.seal_text(&shared.keys, id.0.as_bytes(), &value.reason)?;
            diesel::update(ledger_merge::table.find(id))
                .set((
                    ledger_merge::undone_at.eq(UtcTime(now)),
                    ledger_merge::undone_by.eq(staff.id),
                    ledger_merge::undo_reason.eq(why),
                ))
                .execute(conn)
                .or_fault("mark the merge")?;
            queries::refresh(conn, &shared.profile, source, now)?;
            queries::refresh(conn, &shared.profile, target.id, now)?;
            for entry in [source, target.id] {
                let event = Event::of(EntryEvent::UndoMerge, entry, &actor)
                    .because(&shared.keys, Some(&value.reason))
                    .with(json!({ "merge": id }));
                record::append(conn, &event, now).or_fault("record")?;
            }
            let row = queries::by_id(conn, source).or_fault("load the source")?;
            Answer::ok(&words::summary(conn, &shared, &staff, &row)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn load_merge(conn: &mut Connection, id: Id) -> Result<MergeRow, Problem> {
    ledger_merge::table
        .find(id)
        .select((
            ledger_merge::source_entry_id,
            ledger_merge::target_entry_id,
            ledger_merge::before,
            ledger_merge::undone_at,
        ))
        .first(conn)
        .optional()
        .or_fault("load a merge")?
        .ok_or_else(Problem::not_found)
}

fn may_undo(target: &EntryRow, before: &Before, undone: Option<UtcTime>) -> Result<(), Problem> {
    if undone.is_some() {
        return Err(Problem::because(
            Code::UndoRefused,
            "this merge was undone already",
        ));
    }
    if target.merged_into.is_some() {
        let why = format!(
            "entry {} was itself merged since; undo that merge first",
            target.number
        );
        return Err(Problem::because(Code::UndoRefused, why));
    }
    let was_not_admitted = before
        .target_state
        .is_some_and(|s| s.is(Trait::NotAdmitted));
    if was_not_admitted && !target.state.is(Trait::NotAdmitted) {
        let why = format!(
            "entry {} was listed since, on the strength of what was merged",
            target.number
        );
        return Err(Problem::because(Code::UndoRefused, why));
    }
    Ok(())
}

fn put_back(
    conn: &mut Connection,
    source: Id,
    target: &EntryRow,
    before: &Before,
    by: &Move<'_>,
) -> Result<(), Problem> {
    let ids: Vec<Id> = before.complaints.iter().map(|linked| linked.id).collect();
    let merged = before.merged();
    for linked in &merged {
        as_merged(conn, target.id, linked)?;
    }
    let since = moves::followers(conn, &ids, target.id).or_fault("find who follows")?;
    let since: Vec<Id> = since.into_iter().filter(|id| !ids.contains(id)).collect();
    for (was, linked) in before.complaints.iter().zip(&merged) {
        // A rule named anew since, by what its reporter added, is no link decided on.
        if was != linked {
            link(conn, was).or_fault("link as before")?;
        }
    }
    by.all(conn, &[ids, since].concat(), target.id, source)
}

/// The target may be left without a complaint: its own were found to be another matter's since.
/// Its matter is then where the one went that led it.
fn leave_target(
    conn: &mut Connection,
    source: Id,
    target: Id,
    before: &Before,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let went: Option<Id> = match before.target_lead {
        Some(lead) => complaint::table
            .find(lead)
            .select(complaint::entry_id)
            .first(conn)
            .optional()
            .or_fault("look where the lead went")?,
        None => None,
    };
    let into = went.unwrap_or(source);
    moves::leave_if_empty(conn, target, into, Code::UndoRefused, actor, now).map(|_| ())
}

/// Whether a complaint still stands as the merge left it. What a named person decided since is not
/// overwritten.
fn as_merged(conn: &mut Connection, target: Id, merged: &Linked) -> Result<(), Problem> {
    let (number, entry, link, repeat_of): (String, Id, String, Option<Id>) = complaint::table
        .find(merged.id)
        .select((
            complaint::number,
            complaint::entry_id,
            complaint::link,
            complaint::repeat_of,
        ))
        .first(conn)
        .or_fault("load a complaint")?;
    if (entry, &link, repeat_of) == (target, &merged.link, merged.repeat_of) {
        return Ok(());
    }
    let why = format!("the link of complaint {number} was decided on since; undo that first");
    Err(Problem::because(Code::UndoRefused, why))
}
