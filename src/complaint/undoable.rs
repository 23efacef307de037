//! The last decision on a complaint, while it may be undone (撤销误操作): by whoever made it, within the
//! minutes that the profile gives, and as long as nobody was told and nothing followed on it.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::queries::ComplaintRow;
use crate::account::{Role, Staff};
use crate::district::Profile;
use crate::notice::queries::{self as notices, NoticeRow};
use crate::platform::db::{
    Connection, Id, JsonValue, UtcTime,
    schema::{handover, ledger_merge, match_decision, record as record_of, revocable_decision},
};
use crate::record::{ComplaintEvent, ComplaintState, HandoverState, local};

/// A decision that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndoableDecision {
    /// 受理.
    Accept,
    /// 不予受理.
    Refuse,
    /// 不再受理.
    NoLongerAccept,
    /// 转送.
    Transfer,
    /// 异议、退单.
    Object,
    /// 退回补正.
    Return,
    /// 办结.
    Close,
    /// 判重决定: a link that was confirmed or rejected.
    Match,
    /// 并单.
    Merge,
}

impl UndoableDecision {
    /// The decision a step of a complaint is; `None` for steps that others take or that tell at once.
    #[must_use]
    pub const fn of(event: ComplaintEvent) -> Option<Self> {
        Some(match event {
            ComplaintEvent::Accept => Self::Accept,
            ComplaintEvent::Refuse => Self::Refuse,
            ComplaintEvent::NoLongerAccept => Self::NoLongerAccept,
            ComplaintEvent::Transfer => Self::Transfer,
            ComplaintEvent::Object => Self::Object,
            ComplaintEvent::Return => Self::Return,
            ComplaintEvent::Close => Self::Close,
            _ => return None,
        })
    }

    /// The step of the complaint that is undone, where one is.
    #[must_use]
    pub const fn event(self) -> Option<ComplaintEvent> {
        Some(match self {
            Self::Accept => ComplaintEvent::Accept,
            Self::Refuse => ComplaintEvent::Refuse,
            Self::NoLongerAccept => ComplaintEvent::NoLongerAccept,
            Self::Transfer => ComplaintEvent::Transfer,
            Self::Object => ComplaintEvent::Object,
            Self::Return => ComplaintEvent::Return,
            Self::Close => ComplaintEvent::Close,
            Self::Match | Self::Merge => return None,
        })
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Accept => "撤销受理，恢复决定前的状态，尚未发出的通知一并取消",
            Self::Refuse => "撤销不予受理，恢复决定前的状态，尚未发出的通知一并取消",
            Self::NoLongerAccept => "撤销不再受理，恢复决定前的状态，尚未发出的通知一并取消",
            Self::Transfer => "撤销转送，从接收单位收回，尚未发出的通知一并取消",
            Self::Object => "撤销退单，恢复决定前的状态，尚未发出的通知一并取消",
            Self::Return => "撤销退回补正，恢复决定前的状态，尚未发出的通知一并取消",
            Self::Close => "撤销办结，恢复办结前的状态",
            Self::Match => "撤销判重决定，重新成为待定的问题",
            Self::Merge => "撤销并单，两个台账问题恢复原状",
        }
    }
}

/// The last decision that was made on a complaint, and what undoing it leads to.
#[derive(Debug, Clone)]
pub struct Undoable {
    /// What was decided.
    pub decision: UndoableDecision,
    /// By whom.
    pub by: Id,
    /// Until when it may be undone.
    pub until: DateTime<Utc>,
    /// The state the complaint was in before.
    pub before: ComplaintState,
    /// The decision's own id, of a match or a merge; of a step, the last line of the history by it.
    pub id: Id,
}

/// What undoing would do, for who may.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UndoView {
    /// What was decided.
    pub decision: UndoableDecision,
    /// Until when `POST …/undo` undoes it.
    pub until: DateTime<FixedOffset>,
    /// The state the complaint is in then.
    pub leads_to: ComplaintState,
    /// In Chinese, what undoing does.
    pub words: &'static str,
}

/// The last decision on a complaint whose time to be undone is not over.
///
/// # Errors
/// What the database answers.
pub fn last(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> QueryResult<Option<Undoable>> {
    let window = TimeDelta::minutes(profile.rules.triage.undo_minutes);
    let since = UtcTime(now - window);
    let found = [
        step(conn, row, now)?,
        matched(conn, row, (since, window))?,
        merged(conn, row, (since, window))?,
    ];
    // Ids are in the order of time.
    Ok(found.into_iter().flatten().max_by_key(|found| found.id))
}

fn step(
    conn: &mut Connection,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> QueryResult<Option<Undoable>> {
    type Found = (String, Id, String, Id, UtcTime);
    let found: Option<Found> = revocable_decision::table
        .find(row.id)
        .filter(revocable_decision::undone_until.gt(UtcTime(now)))
        .select((
            revocable_decision::decision,
            revocable_decision::decided_by,
            revocable_decision::before,
            revocable_decision::last_event,
            revocable_decision::undone_until,
        ))
        .first(conn)
        .optional()?;
    Ok(found.and_then(|(decision, by, before, id, until)| {
        let decision = serde_json::from_value(serde_json::Value::String(decision)).ok()?;
        Some(Undoable {
            decision,
            by,
            until: until.0,
            before: before.parse().ok()?,
            id,
        })
    }))
}

fn matched(
    conn: &mut Connection,
    row: &ComplaintRow,
    (since, window): (UtcTime, TimeDelta),
) -> QueryResult<Option<Undoable>> {
    let found: Vec<(Id, Id, UtcTime, Option<JsonValue>)> = match_decision::table
        .filter(match_decision::complaint_id.eq(row.id))
        .filter(match_decision::decision.eq_any(["confirm", "reject"]))
        .filter(match_decision::undone_at.is_null())
        .filter(match_decision::decided_at.gt(since))
        .select((
            match_decision::id,
            match_decision::decided_by,
            match_decision::decided_at,
            match_decision::kept,
        ))
        .load(conn)?;
    let found = found.into_iter().max_by_key(|(id, ..)| *id);
    Ok(found.and_then(|(id, by, at, kept)| {
        let before = kept?.0.get("state")?.clone();
        Some(Undoable {
            decision: UndoableDecision::Match,
            by,
            until: at.0 + window,
            before: serde_json::from_value(before).ok()?,
            id,
        })
    }))
}

fn merged(
    conn: &mut Connection,
    row: &ComplaintRow,
    (since, window): (UtcTime, TimeDelta),
) -> QueryResult<Option<Undoable>> {
    let found: Vec<(Id, Option<Id>, UtcTime)> = ledger_merge::table
        .filter(ledger_merge::target_entry_id.eq(row.entry_id))
        .filter(ledger_merge::undone_at.is_null())
        .filter(ledger_merge::merged_at.gt(since))
        .select((
            ledger_merge::id,
            ledger_merge::merged_by,
            ledger_merge::merged_at,
        ))
        .load(conn)?;
    let found = found.into_iter().max_by_key(|(id, ..)| *id);
    Ok(found.and_then(|(id, by, at)| {
        Some(Undoable {
            decision: UndoableDecision::Merge,
            by: by?,
            until: at.0 + window,
            before: row.state,
            id,
        })
    }))
}

/// Roles that decide what can be undone.
pub const UNDOERS: &[Role] = &[Role::Brigade, Role::Office, Role::Admin];

/// Events after a decision that are no consequence of it: somebody looked, or the reporter said more.
const BESIDE: [ComplaintEvent; 5] = [
    ComplaintEvent::UnmaskReporter,
    ComplaintEvent::ReadOriginal,
    ComplaintEvent::ReadAdditions,
    ComplaintEvent::Supplement,
    ComplaintEvent::AddPhotos,
];

/// What stands in the way of undoing a step: what followed on it, or who was told. A match and a merge say
/// so themselves when they are undone.
///
/// # Errors
/// What the database answers.
pub fn in_the_way(
    conn: &mut Connection,
    row: &ComplaintRow,
    undoable: &Undoable,
) -> QueryResult<Option<String>> {
    if undoable.decision.event().is_none() {
        return Ok(None);
    }
    let beside = BESIDE.map(ComplaintEvent::as_str);
    let followed: Option<String> = record_of::table
        .filter(record_of::subject_id.eq(row.id))
        .filter(record_of::id.gt(undoable.id))
        .filter(record_of::event.ne_all(beside))
        .order(record_of::id.asc())
        .select(record_of::event)
        .first(conn)
        .optional()?;
    if let Some(event) = followed {
        return Ok(Some(format!("`{event}` followed on it")));
    }
    let notices = notices::of(conn, "complaint", &[row.id])?;
    // Ids are in the order of time.
    let mut since = notices.iter().filter(|notice| notice.id > undoable.id);
    if since.any(NoticeRow::may_be_known) {
        return Ok(Some("the reporter was told".to_owned()));
    }
    let taken: Option<Id> = handover::table
        .filter(handover::complaint_id.eq(row.id))
        .filter(handover::state.eq(HandoverState::Signed))
        .select(handover::id)
        .first(conn)
        .optional()?;
    Ok(taken.map(|_| "the unit has signed for it".to_owned()))
}

/// What the caller can undo of a complaint.
///
/// # Errors
/// What the database answers.
pub fn view(
    conn: &mut Connection,
    profile: &Profile,
    staff: &Staff,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> QueryResult<Option<UndoView>> {
    if !UNDOERS.contains(&staff.role) {
        return Ok(None);
    }
    let Some(found) = last(conn, profile, row, now)?.filter(|found| found.by == staff.id) else {
        return Ok(None);
    };
    if in_the_way(conn, row, &found)?.is_some() {
        return Ok(None);
    }
    Ok(Some(UndoView {
        decision: found.decision,
        until: local(UtcTime(found.until)),
        leads_to: found.before,
        words: found.decision.words(),
    }))
}
