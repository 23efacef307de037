//! A visit's clock: the officer is to go there and report by its last day.

use actix_web::web;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::{kinds::VISIT, queries as clocks, revision, rows::NewClock};
use crate::district::{Profile, Term, calendar::date_of};
use crate::platform::{
    db::{Connection, Id, schema::verification},
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
};
use crate::record::{Actor, VisitState};

/// The clock of a new visit: until the day the order names, or by the profile's term.
#[must_use]
pub fn of_new(
    profile: &Profile,
    visit: Id,
    named: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> NewClock {
    let today = date_of(now);
    let term = named.map_or_else(|| profile.visit_term(), |day| Term::until(today, day));
    NewClock::of(&profile.calendar, &VISIT, visit, term, today)
}

/// Has the clock follow its visit into a state: a report meets it, a return undoes that, and when
/// nobody is to go there any more it falls away.
///
/// # Errors
/// What the database answers.
pub fn follow(
    conn: &mut Connection,
    visit: Id,
    state: VisitState,
    actor: &Actor,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    match state {
        VisitState::Submitted => clocks::meet(conn, &VISIT, visit, actor, now).map(|_| ()),
        VisitState::Returned => clocks::send_back(conn, &VISIT, visit).map(|_| ()),
        VisitState::Cancelled => clocks::lapse(conn, &[&VISIT], visit, now),
        VisitState::Pending | VisitState::Assigned | VisitState::CheckedIn | VisitState::Passed => {
            Ok(())
        }
    }
}

/// Reckons the running clocks of visits anew, by the calendar and the rules as they are now.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReckonVisits {}

impl Job for ReckonVisits {
    type App = App;
    const NAME: &'static str = "reckon_visits";
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
    let (last, changed) = revision::outdated(conn, profile, VISIT.subject, after, date_of(now))
        .or_fault("look for clocks to reckon")?;
    if changed.is_empty() {
        return Ok(last);
    }
    revision::reckon_anew(conn, profile, VISIT.subject, &changed, now)
        .or_fault("reckon clocks anew")?;
    for visit in changed {
        let next = clocks::next_due(conn, &[&VISIT], visit).or_fault("find the next clock")?;
        if let Some(next) = next {
            diesel::update(verification::table.find(visit))
                .set(verification::due_on.eq(next))
                .execute(conn)
                .or_fault("keep a visit's due date")?;
        }
    }
    Ok(last)
}
