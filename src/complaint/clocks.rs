//! Clocks that start again, and clocks whose end was not certain when they started.

use actix_web::web;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    queries::{self, DeadlineRow},
    take,
};
use crate::app::App;
use crate::district::{DeadlineKind, DeadlineRule, Due, Profile, Unit, calendar::date_of};
use crate::ledger::queries as ledger;
use crate::platform::{
    db::{Connection, Id, UtcTime, schema::deadline},
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
};

/// Clocks reckoned anew in one transaction.
const BATCH: i64 = 500;

impl DeadlineRow {
    /// When the clock ends if it starts on a day; `None` for a unit nobody knows any more.
    fn due_from(&self, profile: &Profile, day: NaiveDate) -> Option<Due> {
        let rule = DeadlineRule {
            amount: u32::try_from(self.amount).ok()?,
            unit: Unit::parse(&self.unit)?,
            roll_forward: self.roll_forward,
        };
        Some(profile.calendar.due(day, &rule))
    }
}

/// Starts the reply clock again, by the rule it had, and answers what it was before.
///
/// # Errors
/// What the database answers.
pub fn restart_reply(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    now: DateTime<Utc>,
) -> QueryResult<Option<Value>> {
    let rows = queries::deadlines_of(conn, id)?;
    let reply = DeadlineKind::Reply.as_str();
    let Some(clock) = rows.into_iter().find(|row| row.kind == reply) else {
        return Ok(None);
    };
    let today = date_of(now);
    let Some(due) = clock.due_from(profile, today) else {
        return Ok(None);
    };
    diesel::update(deadline::table.find(clock.id))
        .set((
            deadline::started_on.eq(today),
            deadline::due_on.eq(due.on),
            deadline::provisional.eq(due.provisional),
            deadline::met_at.eq(None::<UtcTime>),
        ))
        .execute(conn)?;
    queries::refresh_due(conn, id)?;
    Ok(Some(json!({
        "started_on": clock.started_on,
        "due_on": clock.due_on,
        "met_at": clock.met_at.map(|at| at.0),
    })))
}

/// Reckons provisional clocks anew, once the holidays of their year are published (domain §2.11).
#[derive(Debug, Serialize, Deserialize)]
pub struct ReckonClocks {}

impl Job for ReckonClocks {
    type App = App;
    const NAME: &'static str = "reckon_clocks";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let profile = app.profile.clone();
        in_batches(&app.db, move |conn, after| {
            let (last, changed) = reckon_anew(conn, &profile, after)?;
            for id in changed {
                let row = queries::by_id(conn, id).or_fault("load a complaint")?;
                ledger::refresh(conn, &profile, row.entry_id, now)?;
            }
            Ok(last)
        })
        .await
    }
}

/// Reckons the next provisional clocks anew; answers the last one's id while there may be more, and the complaints whose due
/// date changed.
///
/// # Errors
/// A fault when the database fails.
fn reckon_anew(
    conn: &mut Connection,
    profile: &Profile,
    after: Option<Id>,
) -> Result<(Option<Id>, Vec<Id>), Problem> {
    let mut rows = deadline::table
        .filter(deadline::provisional.eq(true))
        .order(deadline::id.asc())
        .limit(BATCH)
        .select((deadline::complaint_id, DeadlineRow::as_select()))
        .into_boxed();
    if let Some(id) = after {
        rows = rows.filter(deadline::id.gt(id));
    }
    let rows: Vec<(Id, DeadlineRow)> = rows.load(conn).or_fault("load provisional clocks")?;
    let running = rows.iter().filter(|(_, row)| row.met_at.is_none());
    let moved: Vec<(Id, &DeadlineRow, Due)> = running
        .filter_map(|(complaint, row)| {
            let due = row.due_from(profile, row.started_on)?;
            ((due.on, due.provisional) != (row.due_on, true)).then_some((*complaint, row, due))
        })
        .collect();
    let mut changed: Vec<Id> = moved.iter().map(|(complaint, ..)| *complaint).collect();
    changed.dedup();
    take::all(conn, &changed, &[])?;
    for (complaint, row, due) in moved {
        diesel::update(deadline::table.find(row.id))
            .set((
                deadline::due_on.eq(due.on),
                deadline::provisional.eq(due.provisional),
            ))
            .execute(conn)
            .or_fault("reckon a clock anew")?;
        queries::refresh_due(conn, complaint).or_fault("find the next clock")?;
    }
    Ok((rows.last().map(|(_, row)| row.id), changed))
}
