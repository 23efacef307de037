//! What follows for a complaint when its reporter was told, or was not after all.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{
    clocks, locks,
    queries::ComplaintRow,
    reach, recount,
    untold::{self, DECIDED},
};
use crate::app::App;
use crate::clock::kinds::NOTIFY;
use crate::district::{NoticeChannel, NoticeEvent, Profile};
use crate::notice::queries::{self as notices, NewNotice, NoticeRow};
use crate::platform::{
    db::{Connection, Id, UtcTime, schema::triage_decision},
    problem::{OnDb, Problem},
};
use crate::record::{Actor, ComplaintState, NoticeEvent as Step};

/// When the last decision on a complaint that was not undone was taken; what was told before it tells nothing of it.
///
/// # Errors
/// What the database answers.
pub fn decided_at(conn: &mut Connection, id: Id) -> QueryResult<Option<DateTime<Utc>>> {
    let at: Option<UtcTime> = triage_decision::table
        .filter(triage_decision::complaint_id.eq(id))
        .filter(triage_decision::undone_at.is_null())
        .order(triage_decision::id.desc())
        .select(triage_decision::decided_at)
        .first(conn)
        .optional()?;
    Ok(at.map(|at| at.0))
}

/// The reporter of a complaint, which is held by the caller, was told at an instant by a notice of another.
/// Its entry is yet to be counted anew.
///
/// # Errors
/// A fault when the database fails.
pub fn told(
    conn: &mut Connection,
    row: &ComplaintRow,
    made_at: DateTime<Utc>,
    actor: &Actor,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let decided = decided_at(conn, row.id).or_fault("look for the decision")?;
    let is_old = decided.is_some_and(|decided| made_at < decided);
    if is_old || !DECIDED.contains(&row.state) {
        return Ok(());
    }
    clocks::told(conn, row.id, actor, at).or_fault("meet the notice")?;
    untold::over(conn, row.id)
        .map(|_| ())
        .or_fault("keep that the reporter was told")
}

/// A notice that was thought to have told the reporter did not. Where it met the clock and nothing else told
/// them, they wait again.
///
/// # Errors
/// A fault when the database fails.
pub fn in_vain(
    conn: &mut Connection,
    profile: &Profile,
    (row, notice): (&ComplaintRow, &NoticeRow),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let clocks = clocks::of_handling(conn, row.id).or_fault("load clocks")?;
    let clock = clocks.iter().find(|clock| clock.kind == NOTIFY.name);
    let met = clock.and_then(|clock| clock.met_at);
    let told = notice.told_at.zip(met);
    if told.is_none_or(|(told, met)| told.0 != met.0) {
        return Ok(());
    }
    let decided = decided_at(conn, row.id).or_fault("look for the decision")?;
    let others = notices::of(conn, "complaint", &[row.id]).or_fault("look for notices")?;
    let holds = |other: &NoticeRow| {
        let is_new = decided.is_none_or(|decided| other.created_at.0 >= decided);
        other.id != notice.id && is_new && notices::reached(other)
    };
    if DECIDED.contains(&row.state) && !others.iter().any(holds) {
        clocks::told_in_vain(conn, row.id).or_fault("let the clock run again")?;
        untold::waits(conn, row.id, row.state, now).or_fault("keep who waits")?;
    }
    recount::entry(conn, profile, row.entry_id, now)
}

/// What a complaint in a state has to tell its reporter; `None` while nothing was decided.
#[must_use]
pub const fn news(state: ComplaintState) -> Option<NoticeEvent> {
    match state {
        ComplaintState::Accepted | ComplaintState::InProgress => Some(NoticeEvent::Accepted),
        ComplaintState::Refused => Some(NoticeEvent::Refused),
        ComplaintState::NoLongerAccepted => Some(NoticeEvent::NoLongerAccepted),
        ComplaintState::Transferred => Some(NoticeEvent::Transferred),
        ComplaintState::Returned => Some(NoticeEvent::Returned),
        ComplaintState::Replied | ComplaintState::FollowUp | ComplaintState::Closed => {
            Some(NoticeEvent::Replied)
        }
        ComplaintState::Registered
        | ComplaintState::Screening
        | ComplaintState::AwaitingAcceptance
        | ComplaintState::Archived
        | ComplaintState::Withdrawn
        | ComplaintState::ToStudy
        | ComplaintState::TakenUp
        | ComplaintState::Settled
        | ComplaintState::Dismissed => None,
    }
}

/// Whether a complaint that is read by its query code tells its reporter something they wait for.
///
/// # Errors
/// A fault when the database fails.
pub fn is_awaited(conn: &mut Connection, row: &ComplaintRow) -> Result<bool, Problem> {
    if row.untold_since.is_none() {
        return Ok(false);
    }
    reach::has_code(conn, row)
}

/// The reporter has read what was decided.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn read(
    conn: &mut Connection,
    app: &App,
    complaint: Id,
    channel: NoticeChannel,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let row = locks::one(conn, complaint)?;
    let Some(event) = news(row.state).filter(|_| row.untold_since.is_some()) else {
        return Ok(());
    };
    let new = NewNotice {
        id: Id::new(),
        subject: ("complaint", complaint),
        event,
        channel,
        wording: None,
        with_code: false,
        recipient: None,
        text: None,
        evidence: None,
        recorded_by: None,
    };
    let read = (Step::Deliver, &Actor::System, None);
    notices::keep(conn, &app.keys, &new, read, (Some(now), now))?;
    told(conn, &row, now, &Actor::Reporter, now)?;
    recount::entry(conn, &app.profile, row.entry_id, now)
}
