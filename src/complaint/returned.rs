//! A complaint returned for completion (退回补正) comes back: with what was missing, or after its
//! time as it is.

use actix_web::web;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    locks,
    machine::Facts,
    queries::{self, ComplaintRow},
    recount,
};
use crate::app::App;
use crate::district::Profile;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, triage_decision},
    },
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
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
    recount::entry(conn, profile, row.entry_id, now)?;
    Ok(state)
}

/// Brings back complaints that were returned for completion and never completed.
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
    let patience = TimeDelta::days(profile.rules.triage.returned_days);
    let mut overdue = Vec::new();
    for id in &ids {
        let returned: Option<UtcTime> = triage_decision::table
            .filter(triage_decision::complaint_id.eq(id))
            .filter(triage_decision::action.eq("return"))
            .order(triage_decision::id.desc())
            .select(triage_decision::decided_at)
            .first(conn)
            .optional()
            .or_fault("look for the return")?;
        overdue.extend(returned.filter(|at| now - at.0 >= patience).map(|_| *id));
    }
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
