//! Merging entries (并单) and taking a merge back exactly.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::merge_change::Change;
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{links::Move, recount};
use crate::ledger::{
    machine::{Facts, MACHINE},
    merges::{self, Because},
    queries::{self, EntryRow},
    routes::visible,
    views::EntrySummary,
    words,
};
use crate::platform::{
    db::{Connection, Id, JsonValue, UtcTime},
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{
    self, EntryEvent, Event,
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
            let change = Change::make(conn, &source, &target, &by)?;
            let because = Because {
                keys: &shared.keys,
                by: staff.id,
                reason: &value.reason,
            };
            let before = JsonValue(json!(change));
            let merge_id = merges::insert(conn, source.id, target.id, before, because, now)?;
            recount::entry(conn, &shared.profile, source.id, now)?;
            recount::entry(conn, &shared.profile, target.id, now)?;
            let away = source
                .step(EntryEvent::Merge, &actor)
                .given(told)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "into": target.number }));
            merges::merge_away(conn, &source, target.id, &away, now)?;
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
            let source = take_back(conn, &shared, &staff, id, &value.reason, now)?;
            let row = queries::by_id(conn, source).or_fault("load the source")?;
            Answer::ok(&words::summary(conn, &shared, &staff, &row)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Takes a merge back; answers the entry that stands by itself again.
///
/// # Errors
/// 409 naming what is in the way; a fault when the database fails.
pub(super) fn take_back(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    id: Id,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let merge = merges::by_id(conn, id)?;
    let (source, target) = (merge.source_entry_id, merge.target_entry_id);
    queries::take(conn, &[source, target]).or_fault("take entries")?;
    // Looked at again: two may take one merge back at once.
    let merge = merges::by_id(conn, id)?;
    let target = queries::by_id(conn, target).or_fault("load the target")?;
    let change: Change = serde_json::from_value(merge.before.0)
        .map_err(|e| Problem::fault(format!("a merge cannot be read: {e}")))?;
    may_undo(&target, &change, merge.undone_at)?;
    let actor = staff.actor();
    let by = Move {
        cause: EntryEvent::UndoMerge.as_str(),
        actor: &actor,
        now,
    };
    change.put_back(conn, source, target.id, &by)?;
    let told = Some((&app.keys, reason));
    merges::revive(conn, source, change.source_state, &actor, told, now)?;
    change.leave_target(conn, source, target.id, &by)?;
    let because = Because {
        keys: &app.keys,
        by: staff.id,
        reason,
    };
    merges::mark_undone(conn, id, because, now)?;
    recount::entry(conn, &app.profile, source, now)?;
    recount::entry(conn, &app.profile, target.id, now)?;
    for entry in [source, target.id] {
        let event = Event::of(EntryEvent::UndoMerge, entry, &actor)
            .because(&app.keys, Some(reason))
            .with(json!({ "merge": id }));
        record::append(conn, &event, now).or_fault("record")?;
    }
    Ok(source)
}

fn may_undo(target: &EntryRow, change: &Change, undone: Option<UtcTime>) -> Result<(), Problem> {
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
    let was_not_admitted = change
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
