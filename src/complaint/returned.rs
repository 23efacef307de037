//! A complaint returned for completion (退回补正) comes back: with what was missing, or after its
//! time as it is. That is before a duty of it is due, or its clocks stand still: as the profile says.

use std::collections::HashMap;

use actix_web::web;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    clocks, locks,
    machine::Facts,
    queries::{self, ComplaintRow},
    recount,
};
use crate::app::App;
use crate::district::{Profile, calendar::date_of};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, triage_decision},
    },
    jobs::{Job, in_batches},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, ComplaintState};

/// The flag of a complaint that came back without what it lacked.
pub const NOT_COMPLETED: &str = "not_completed";

/// Complaints looked at in one transaction.
const BATCH: i64 = 200;

/// Puts a returned complaint back into the queue.
///
/// # Errors
/// 409 when it is not returned; a fault when the database fails.
pub fn resubmit(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<ComplaintState, Problem> {
    let completed = Facts {
        completed: true,
        ..Facts::default()
    };
    let step = row.step(ComplaintEvent::Resubmit, actor).given(completed);
    let state = record::advance(conn, &step, now)?;
    clocks::resume(conn, profile, row.id, now).or_fault("let the clocks run again")?;
    recount::entry(conn, profile, row.entry_id, now)?;
    Ok(state)
}

/// Has the clocks of a complaint that is returned follow the profile, and answers the day on which it
/// comes back as it is.
///
/// # Errors
/// 422 when it would come back at once, so that a return could only miss the day its first duty is due;
/// a fault when the database fails.
pub fn leave(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<NaiveDate, Problem> {
    let rules = &profile.rules.triage;
    let due = clocks::first_running(conn, &[row.id]).or_fault("look for the clocks")?;
    let due = due.get(&row.id).copied();
    let back = rules.comes_back_on(&profile.calendar, date_of(now), due);
    if let Some(due) = due.filter(|_| back <= date_of(now)) {
        let why = format!(
            "it is due on {due}, too soon to wait for a completion; accept, refuse or transfer it"
        );
        return Err(Problem::because(Code::GuardFailed, why));
    }
    if rules.returned_suspends {
        clocks::suspend(conn, row.id, now).or_fault("have the clocks stand still")?;
    }
    Ok(back)
}

/// Brings back complaints that were returned for completion and never completed, before a duty of theirs
/// that runs on is due.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakeBackReturned {}

impl Job for TakeBackReturned {
    type App = App;
    const NAME: &'static str = "take_back_returned";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let profile = app.profile.clone();
        in_batches(&app.db, move |conn, after| {
            take_back(conn, &profile, after, now)
        })
        .await
    }
}

/// Brings back complaints that were returned so long ago that nobody will complete them; answers
/// the last one's id while there may be more.
fn take_back(
    conn: &mut Connection,
    profile: &Profile,
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<Option<Id>, Problem> {
    let mut rows = complaint::table
        .filter(complaint::state.eq(ComplaintState::Returned))
        .order(complaint::id.asc())
        .limit(BATCH)
        .select(complaint::id)
        .into_boxed();
    if let Some(id) = after {
        rows = rows.filter(complaint::id.gt(id));
    }
    let ids: Vec<Id> = rows.load(conn).or_fault("list returned complaints")?;
    let returned_at: Vec<(Id, UtcTime)> = triage_decision::table
        .filter(triage_decision::complaint_id.eq_any(&ids))
        .filter(triage_decision::action.eq("return"))
        .order(triage_decision::id.asc())
        .select((triage_decision::complaint_id, triage_decision::decided_at))
        .load(conn)
        .or_fault("look for the returns")?;
    // Of several the last is the one it is away by.
    let returned_at: HashMap<Id, UtcTime> = returned_at.into_iter().collect();
    let due = clocks::first_running(conn, &ids).or_fault("look for their clocks")?;
    let comes_back = |id: &Id| {
        let returned_on = date_of(returned_at.get(id)?.0);
        let rules = &profile.rules.triage;
        Some(rules.comes_back_on(&profile.calendar, returned_on, due.get(id).copied()))
    };
    let today = date_of(now);
    let is_back = |id: &Id| comes_back(id).is_some_and(|day| day <= today);
    let overdue: Vec<Id> = ids.iter().copied().filter(is_back).collect();
    let rows = locks::all(conn, &overdue, &[])?;
    // One may have come back by itself while the others were waited for.
    for row in rows
        .iter()
        .filter(|row| row.state == ComplaintState::Returned)
    {
        queries::set_flag(conn, row, NOT_COMPLETED, true, now).or_fault("set a flag")?;
        resubmit(conn, profile, row, &Actor::System, now)?;
    }
    Ok(ids.last().copied())
}
