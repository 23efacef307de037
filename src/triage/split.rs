//! R8, 一信多诉: a letter about several matters.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::body::{PartBody, TriageBody, insert_decision};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    body::{Border, ComplaintBody, LocationBody},
    intake::{self, Door},
    parts, petitioners,
    queries::{self, ComplaintRow, PlaceRow},
    views::StepView,
};
use crate::platform::{
    db::Connection,
    problem::{Item, OnDb, Problem},
};
use crate::record::Event;

/// Makes a complaint of each further matter: same petitioners, same channel, same day of receipt
/// and so the same clocks, a number and a tracking code of its own.
pub(super) fn split(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    letter: &ComplaintRow,
    body: &TriageBody,
    document: &str,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    if let Some(number) = parts::letter_of(conn, letter.id).or_fault("load the letter")? {
        return Err(Problem::invalid(
            "action",
            "is_a_part",
            format!("this is itself a part of {number}; split that one"),
        ));
    }
    let place = queries::place_of(conn, letter.id).or_fault("load the place")?;
    let signers = petitioners::load(conn, &app.keys, letter.id)?;
    let mut numbers = Vec::new();
    for (at, part) in body.parts.iter().enumerate() {
        let checked = complaint_of(part, &place)
            .check(&app.profile, now, Border::Open)
            .map_err(|problem| located(&problem, at))?;
        let door = door_of(letter, staff);
        let people = signers.clone();
        let prepared = intake::prepare_signed(&app.profile, checked, door, people, Vec::new());
        let stored = intake::store(conn, &app.profile, &app.keys, &prepared, now)?;
        parts::insert(conn, stored.row.id, letter.id, staff.id, now).or_fault("file a part")?;
        numbers.push(stored.row.number);
    }
    insert_decision(conn, letter.id, staff, body, document, now).or_fault("insert a decision")?;
    let actor = staff.actor();
    let event = Event::new("complaint", letter.id, "split", &actor)
        .because(body.reason.as_deref())
        .with(json!({ "parts": numbers }));
    let state = queries::advance(conn, letter, &event, now)?;
    Ok(StepView {
        parts: numbers,
        ..StepView::of(letter, state)
    })
}

fn complaint_of(part: &PartBody, place: &PlaceRow) -> ComplaintBody {
    let letters_place = || {
        let (lon, lat) = place.raw_lon.zip(place.raw_lat)?;
        let datum = place.datum.as_deref()?.parse().ok()?;
        Some(LocationBody {
            lon,
            lat,
            datum,
            accuracy_m: place.accuracy_m,
        })
    };
    ComplaintBody {
        category: part.category.clone(),
        description: part.description.clone(),
        location: part.location.or_else(letters_place),
        address: part.address.clone(),
        premises: part.premises.clone(),
        occurred_at: None,
        occurred_until: None,
        demand: part.demand.clone(),
        reporter: None,
        acknowledged_similar: Vec::new(),
        same_as: None,
    }
}

/// The letter's own door. The upstream number stays with the letter: it names one complaint.
fn door_of(letter: &ComplaintRow, staff: &Staff) -> Door {
    Door {
        channel: letter.channel.clone(),
        external_no: None,
        service: None,
        source_class: letter.source_class.clone(),
        received_at: letter.received_at.0,
        object_id: None,
        resident: letter.resident_id,
        resident_keys: Vec::new(),
        sender: None,
        sender_before: Vec::new(),
        actor: staff.actor(),
    }
}

fn located(problem: &Problem, at: usize) -> Problem {
    let items = problem.items().iter().map(|item| Item {
        location: format!("parts[{at}].{}", item.location),
        ..item.clone()
    });
    Problem::invalid_items(items.collect())
}
