//! Complaints follow their clocks when these are reckoned anew.

use std::collections::BTreeSet;

use actix_web::web;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{clocks::refresh_due, locks, recount};
use crate::app::App;
use crate::clock::revision;
use crate::district::{Profile, calendar::date_of};
use crate::platform::{
    db::{Connection, Id},
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
};

/// Reckons the running clocks of complaints anew, by the calendar and the rules as they are now
/// (domain §2.11), and lets rights lapse that are over.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReckonClocks {}

impl Job for ReckonClocks {
    type App = App;
    const NAME: &'static str = "reckon_clocks";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let profile = app.profile.clone();
        in_batches(&app.db, move |conn, after| {
            reckon_anew(conn, &profile, after, now)
        })
        .await
    }
}

/// Reckons the next running clocks anew; answers the last one's id while there may be more.
///
/// # Errors
/// A fault when the database fails.
fn reckon_anew(
    conn: &mut Connection,
    profile: &Profile,
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<Option<Id>, Problem> {
    let (last, changed) = revision::outdated(conn, profile, "complaint", after, date_of(now))
        .or_fault("look for clocks to reckon")?;
    if changed.is_empty() {
        return Ok(last);
    }
    let rows = locks::all(conn, &changed, &[])?;
    revision::reckon_anew(conn, profile, "complaint", &changed, now)
        .or_fault("reckon clocks anew")?;
    for row in &rows {
        refresh_due(conn, row.id).or_fault("find the next clock")?;
    }
    let entries: BTreeSet<Id> = rows.iter().map(|row| row.entry_id).collect();
    for entry in entries {
        recount::entry(conn, profile, entry, now)?;
    }
    Ok(last)
}
