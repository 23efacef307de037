//! Open visits follow their complaint's place when it is corrected: nobody is left on the way to
//! where the matter is not, and the grid that answers for the new place is sent instead.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    answers::{self, others_wait},
    dispatch::Order,
    officers::officer_for,
    queries::{self, VisitRow},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::queries::{self as complaints, ComplaintRow, PlaceRow};
use crate::district::calendar::date_of;
use crate::platform::{
    db::{Connection, UtcTime, schema::verification},
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, Event, VisitEvent, VisitState, machine::Trait};

/// Why a visit is withdrawn.
const MOVED: &str = "信访件地点已更正，不在本网格";

/// Brings the open visits of a complaint to its present place. A visit that was submitted is
/// evidence of what was found, often of the very error: it stays for the brigade to review.
///
/// # Errors
/// A fault when the database fails.
pub fn follow_place(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    complaint: &ComplaintRow,
    before: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let place = complaints::place_of(conn, complaint.id).or_fault("load the place")?;
    let grid = place.grid_code.as_deref();
    let actor = staff.actor();
    let (mut withdrawn, mut is_there) = (None, false);
    for visit in queries::open_of(conn, complaint.id).or_fault("load open visits")? {
        let visit = queries::take_along(conn, visit.id)?;
        let answered = answers::of(conn, visit.id).or_fault("load complaints")?;
        if visit.state.is(Trait::Ended) {
            continue;
        }
        is_there |= grid == Some(visit.grid_code.as_str());
        let made = visit.state == VisitState::Submitted;
        let stays = grid == before || grid == Some(visit.grid_code.as_str());
        if made || stays {
            // It goes where the complaint lies that it was ordered for.
            if answered
                .first()
                .is_some_and(|first| first.id == complaint.id)
            {
                correct_place(conn, &visit, &place, &actor, now)?;
            }
        } else {
            leave(conn, app, &visit, complaint, (&actor, MOVED), now)?;
            withdrawn = Some(visit);
        }
    }
    let (Some(visit), Some(grid), false) = (withdrawn, grid, is_there) else {
        return Ok(());
    };
    // The same order to the grid of the new place.
    let instructions = visit.read_instructions(&app.keys);
    let order = Order {
        profile: &app.profile,
        keys: &app.keys,
        staff,
        complaint,
        also: &[],
        place: &place,
        grid,
        instructions: instructions.as_deref(),
        due_on: visit.due_on.filter(|day| *day >= date_of(now)),
        instead_of: Some(visit.id),
        there_since: None,
    };
    let officer = officer_for(conn, &app.profile, grid, None)?;
    order.give(conn, officer.as_ref(), now).map(|_| ())
}

/// Takes a complaint from the open visits it shares in, because that it waits for them was a mistake.
///
/// # Errors
/// A fault when the database fails.
pub fn leave_open(
    conn: &mut Connection,
    app: &App,
    complaint: &ComplaintRow,
    (actor, why): (&Actor, &str),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    for visit in queries::open_of(conn, complaint.id).or_fault("load open visits")? {
        let visit = queries::take_along(conn, visit.id)?;
        if !visit.state.is(Trait::Ended) {
            leave(conn, app, &visit, complaint, (actor, why), now)?;
        }
    }
    Ok(())
}

/// Takes a complaint that lies elsewhere, or that nobody decided on, from a visit. Others of the matter wait
/// for it where it is; if none does, it is called off.
fn leave(
    conn: &mut Connection,
    app: &App,
    visit: &VisitRow,
    complaint: &ComplaintRow,
    (actor, why): (&Actor, &str),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    answers::take_in_all(conn, visit.id, now)?;
    let answered = answers::of(conn, visit.id).or_fault("load complaints")?;
    if !others_wait(&answered, complaint.id) {
        return queries::call_off(conn, visit, &app.keys, actor, Some(why), now);
    }
    answers::release(conn, visit.id, complaint.id).or_fault("release a complaint")?;
    let released = Event::of(VisitEvent::ReleaseComplaint, visit.id, actor)
        .because(&app.keys, Some(why))
        .with(json!({ "complaint": complaint.number }));
    record::append(conn, &released, now).or_fault("record")
}

/// Tells a visit of the new place, and where it was not made yet, sends it there.
fn correct_place(
    conn: &mut Connection,
    visit: &VisitRow,
    place: &PlaceRow,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let made = visit.state == VisitState::Submitted;
    let (lon, lat) = if made {
        (visit.lon, visit.lat)
    } else {
        (place.lon, place.lat)
    };
    diesel::update(verification::table.find(visit.id))
        .set((
            verification::lon.eq(lon),
            verification::lat.eq(lat),
            verification::version.eq(verification::version + 1),
            verification::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("correct a visit's place")?;
    let event = Event::of(VisitEvent::CorrectPlace, visit.id, actor)
        .with(json!({ "grid": place.grid_code, "made_before": made }));
    record::append(conn, &event, now).or_fault("record")
}
