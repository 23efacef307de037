//! R8, 一信多诉: a letter about several matters.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::body::{self, Action, PartBody, TriageBody};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    body::{Border, Checked, ComplaintBody, LocationBody},
    filer::Filer,
    intake, joining,
    machine::PARTS_MAX,
    parts, petitioners,
    queries::{self, ComplaintRow, PlaceRow},
    senders::Proven,
    submission::{self, Door, Prepared},
    views::StepView,
    wishes,
};
use crate::matching::{self, Report, Verdict};
use crate::platform::{
    db::{self, Connection, Id},
    problem::{Item, ItemCode, OnDb, Problem},
};
use crate::record::{self, ComplaintEvent, Event};

/// A further matter of a letter, judged; what it joins is held.
pub(super) struct Part {
    prepared: Prepared,
    verdict: Verdict,
}

/// The further matters of one letter, or what is wrong with them: told when their turn comes.
pub(super) type Parts = Result<Vec<Part>, Problem>;

/// Takes what is decided on. Filing the parts of a letter needs more locks than the letter's: what
/// they share with reports that come this moment, and the entries they join. All are taken here in
/// the one order, letters included. The parts are judged before any of them is filed: the brigade
/// says that they are several matters, so none is found to be another. Answers the parts of each
/// item.
pub(super) fn take(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    items: &[(&str, &TriageBody)],
    now: DateTime<Utc>,
) -> Result<Vec<Parts>, Problem> {
    db::settled(conn, |conn| take_once(conn, app, staff, items, now))
}

fn take_once(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    items: &[(&str, &TriageBody)],
    now: DateTime<Utc>,
) -> Result<Option<Vec<Parts>>, Problem> {
    let numbers: Vec<&str> = items.iter().map(|(number, _)| *number).collect();
    let read = queries::by_numbers(conn, &numbers).or_fault("load complaints")?;
    let mut prepared: Vec<Result<Vec<Prepared>, Problem>> = Vec::new();
    for (number, body) in items {
        let letter = read.iter().find(|row| row.number == *number);
        prepared.push(match letter.filter(|_| body.action == Action::Split) {
            Some(letter) => prepare(conn, app, staff, letter, body, now),
            None => Ok(Vec::new()),
        });
    }
    let reports: Vec<&Prepared> = prepared.iter().flatten().flatten().collect();
    let shared: Vec<&Report> = reports.iter().map(|part| &part.report).collect();
    matching::queries::lock(conn, &shared, &app.profile).or_fault("lock the matters")?;
    let ids: Vec<Id> = read.iter().map(|row| row.id).collect();
    let Some((verdicts, held)) = joining::look(conn, &app.profile, &reports, &ids)? else {
        return Ok(None);
    };
    // The parts take place and signers from their letter: one corrected meanwhile is read again.
    let corrected = |was: &ComplaintRow| {
        let mut held = held.iter();
        held.any(|row| row.id == was.id && row.version != was.version)
    };
    if !reports.is_empty() && read.iter().any(corrected) {
        return Ok(None);
    }
    let mut verdicts = verdicts.into_iter();
    let parts = prepared.into_iter().map(|of_letter| {
        let parts = of_letter?.into_iter().zip(verdicts.by_ref());
        Ok(parts
            .map(|(prepared, verdict)| Part { prepared, verdict })
            .collect())
    });
    Ok(Some(parts.collect()))
}

/// Each further matter as a complaint: same petitioners with the same wishes, same channel, same day of receipt and so
/// the same clocks.
fn prepare(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    letter: &ComplaintRow,
    body: &TriageBody,
    now: DateTime<Utc>,
) -> Result<Vec<Prepared>, Problem> {
    let place = queries::place_of(conn, letter.id).or_fault("load the place")?;
    let signers = petitioners::load(conn, &app.keys, letter.id)?;
    let wish = wishes::of(conn, &app.keys, letter.id)?;
    let door = door_of(conn, app, letter, staff)?;
    let parts = body.parts.iter().take(PARTS_MAX).enumerate();
    let prepared = parts.map(|(at, part)| {
        let checked = complaint_of(part, &place)
            .check(&app.profile, now, Border::Open)
            .map_err(|problem| located(&problem, at))?;
        let checked = Checked {
            wish: wish.clone(),
            ..checked
        };
        let (door, people) = (door.clone(), signers.clone());
        let photos = Vec::new();
        Ok(submission::prepare_signed(
            &app.profile,
            checked,
            door,
            people,
            photos,
        ))
    });
    prepared.collect()
}

/// Makes a complaint of each further matter, with a number and a tracking code of its own.
pub(super) fn split(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    letter: &ComplaintRow,
    (body, document): (&TriageBody, &str),
    parts: Parts,
    now: DateTime<Utc>,
) -> Result<StepView, Problem> {
    if let Some(number) = parts::letter_of(conn, letter.id).or_fault("load the letter")? {
        return Err(Problem::invalid(
            "action",
            ItemCode::IsAPart,
            format!("this is itself a part of {number}; split that one"),
        ));
    }
    let actor = staff.actor();
    let mut numbers = Vec::new();
    for Part { prepared, verdict } in parts? {
        let stored = intake::insert(conn, &app.profile, &app.keys, &prepared, verdict, now)?;
        parts::insert(conn, stored.row.id, letter.id, staff.id, now).or_fault("file a part")?;
        let event = Event::of(ComplaintEvent::SplitFrom, stored.row.id, &actor);
        let event = event.with(json!({ "letter": letter.number }));
        record::append(conn, &event, now).or_fault("record")?;
        numbers.push(stored.row.number);
    }
    body::keep(
        conn,
        &app.keys,
        letter.id,
        staff,
        &body.decided(document),
        now,
    )?;
    let step = letter
        .step(ComplaintEvent::Split, &actor)
        .given(body.facts())
        .because(&app.keys, body.reason.as_deref())
        .with(json!({ "parts": numbers }));
    let state = record::advance(conn, &step, now)?;
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
        secrecy: None,
        naming_consent: None,
    }
}

/// The letter's own door, with what its sender proved. The upstream number stays with the letter: it
/// names one complaint.
fn door_of(
    conn: &mut Connection,
    app: &App,
    letter: &ComplaintRow,
    staff: &Staff,
) -> Result<Door, Problem> {
    let filer = Filer::of(conn, letter.id).or_fault("look who filed it")?;
    let resident_keys = match letter.resident_id {
        Some(resident) => Proven::by(conn, &app.keys, resident)?.keys,
        None => Vec::new(),
    };
    Ok(Door {
        channel: letter.channel.clone(),
        external_no: None,
        service: None,
        source_class: letter.source_class.clone(),
        received_at: letter.received_at.0,
        object_id: None,
        resident: letter.resident_id,
        resident_keys,
        sender: None,
        sender_before: Vec::new(),
        self_filed: filer.is_some_and(|filer| filer.is_reporter()),
        actor: staff.actor(),
    })
}

fn located(problem: &Problem, at: usize) -> Problem {
    let items = problem.items().iter().map(|item| Item {
        location: format!("parts[{at}].{}", item.location),
        ..item.clone()
    });
    Problem::invalid_items(items.collect())
}
