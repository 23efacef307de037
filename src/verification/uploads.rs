//! What officers' phones send: check-ins, findings, photos; in any order, late, and again.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    answers,
    bodies::{CheckInBody, Finding, FindingsBody, VisitPhotoForm},
    machine::Facts,
    queries::{self, VisitRow},
    repetition::is_known,
    rules::{Clocks, Holds, needs_reason},
    standing::Standing,
    views::{VerificationView, acknowledged},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::tracking::read_photos;
use crate::evidence::{
    Said as UploadSaid, Source, Subject, UploadQuery,
    file::FILE,
    intake,
    queries::{self as evidence, Arrival},
    stored,
};
use crate::geo::{Point, RawPosition, distance_m};
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{verification, verification_event},
    },
    http::{Answer, Body, DeviceNow, IdempotencyKey, Query, idempotency::fingerprint_of},
    problem::{Code, ItemCode, OnDb, Problem},
    sealed,
};
use crate::privacy::{self, Scope};
use crate::record::{self, ComplaintEvent, Event, VisitEvent, VisitState, machine::Trait};

/// What a visit's photo may show; a raw picture, which names no role, is a near one.
const VISIT_ROLES: &[&str] = &["near", "far", "reference", FILE];

/// Records that the officer is there. Distance and grid are facts; far away a reason is asked.
#[utoipa::path(post, path = "/api/v1/verifications/{id}/check-in", tag = "verification", operation_id = "check_in",
    params(("id" = String, Path), ("Device-Now" = Option<DateTime<Utc>>, Header, description = "What the device's clock shows as it sends; what it claims is corrected by the difference to ours")), request_body = CheckInBody,
    responses((status = 200, body = VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn check_in(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    (key, device): (IdempotencyKey, DeviceNow),
    body: Body<CheckInBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let said = value.said(&staff);
    let position = RawPosition::parse(value.lon, value.lat, value.datum, value.accuracy_m)
        .map_err(|e| Problem::invalid("lon", ItemCode::NotAPosition, e.to_string()))?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).visits_known(), &path)?;
            if is_known(conn, &shared.keys, &staff, &row, &value.client_id, &said)? {
                return seen(conn, &shared, &staff, row);
            }
            check_own(&staff, &row)?;
            let clocks = clocks(value.device_time, device, now);
            let mut event = arrival(&shared, &staff, &row, position, (&value, clocks))?;
            let id = event.id.0;
            event.reason = sealed::ELSEWHERE.seal_maybe(
                &shared.keys,
                id.as_bytes(),
                value.reason.as_deref(),
            )?;
            insert(conn, &event)?;
            settle(conn, &shared, &staff, row, Some(value.device_time), now)
        })
        .await?;
    Ok(answer.into_response())
}

/// The clocks that tell of what a device sent.
fn clocks(claimed: DateTime<Utc>, device: DeviceNow, now: DateTime<Utc>) -> Clocks {
    Clocks {
        claimed,
        received: now,
        offset: device.offset(now),
    }
}

/// A check-in as an event: distance, grid and hour are facts, and far away a reason is asked.
fn arrival<'a>(
    app: &App,
    staff: &Staff,
    row: &VisitRow,
    position: RawPosition,
    (body, clocks): (&'a CheckInBody, Clocks),
) -> Result<NewEvent<'a>, Problem> {
    let here = position.canonical();
    let place = row.lon.zip(row.lat).map(|(lon, lat)| Point { lon, lat });
    let metres = place.map(|place| distance_m(place, here));
    let grid = app.profile.grid_at(here).map(|g| g.code.clone());
    let most = app.profile.rules.matching.accuracy_max_m;
    if body.reason.is_none() && needs_reason(metres, position.accuracy_m, row.radius_m, most) {
        let message = format!(
            "is required {:.0} m from the place",
            metres.unwrap_or_default()
        );
        return Err(Problem::invalid("reason", ItemCode::OutsideRadius, message));
    }
    Ok(NewEvent {
        raw_lon: Some(position.lon),
        raw_lat: Some(position.lat),
        datum: Some(position.datum.to_string()),
        accuracy_m: position.accuracy_m,
        lon: Some(here.lon),
        lat: Some(here.lat),
        distance_m: metres,
        in_grid: Some(grid.as_deref() == Some(row.grid_code.as_str())),
        same_time_of_day: row.band().and_then(|band| {
            clocks
                .falls_in(band, row.assigned_at.map(|at| at.0))
                .known()
        }),
        ..NewEvent::of("check_in", row, staff, &body.client_id, clocks)
    })
}

/// Records what was found. It may come before the check-in and the photos: the visit counts as
/// submitted once all three are there.
#[utoipa::path(post, path = "/api/v1/verifications/{id}/findings", tag = "verification", operation_id = "submit_findings",
    params(("id" = String, Path), ("Device-Now" = Option<DateTime<Utc>>, Header, description = "What the device's clock shows as it sends; what it claims is corrected by the difference to ours")), request_body = FindingsBody,
    responses((status = 200, body = VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn submit_findings(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    (key, device): (IdempotencyKey, DeviceNow),
    body: Body<FindingsBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let said = value.said(&staff);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).visits_known(), &path)?;
            if is_known(conn, &shared.keys, &staff, &row, &value.client_id, &said)? {
                return seen(conn, &shared, &staff, row);
            }
            check_own(&staff, &row)?;
            let events = queries::events_of(conn, row.id).or_fault("load events")?;
            let same_time = Standing::of(&row, &events, &[]).came_in_time();
            if same_time == Some(Holds::No) && value.result != Finding::Unverifiable {
                let message = "outside the complained time of day only `unverifiable` can be found; visit again at that hour";
                return Err(Problem::invalid("result", ItemCode::OutsideTimeBand, message));
            }
            let mut event = NewEvent {
                result: Some(value.result.as_str()),
                notes_masked: Some(masked(conn, &shared, &row, &value.notes)?),
                same_time_of_day: same_time.and_then(Holds::known),
                ..NewEvent::of("findings", &row, &staff, &value.client_id, clocks(value.device_time, device, now))
            };
            let id = event.id.0;
            event.notes = Some(sealed::NOTES.seal_text(&shared.keys, id.as_bytes(), &value.notes)?);
            insert(conn, &event)?;
            settle(conn, &shared, &staff, row, Some(value.device_time), now)
        })
        .await?;
    Ok(answer.into_response())
}

/// Adds photos of a visit under their roles, one by one or together, before or after the findings.
/// The same file again in its role is the photo that is there already.
#[utoipa::path(post, path = "/api/v1/verifications/{id}/photos", tag = "verification", operation_id = "add_visit_photos",
    params(("id" = String, Path), UploadQuery, ("Device-Now" = Option<DateTime<Utc>>, Header, description = "What the device's clock shows as it sends; what it claims is corrected by the difference to ours")),
    request_body(content((VisitPhotoForm = "multipart/form-data"), (crate::platform::http::FileBytes = "image/*"),
        (crate::platform::http::FileBytes = "audio/*"), (crate::platform::http::FileBytes = "video/*"), (crate::platform::http::FileBytes = "application/pdf"))),
    responses((status = 200, body = VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn add_visit_photos(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    query: Query<UploadQuery>,
    (key, device): (IdempotencyKey, DeviceNow),
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    // The files take their time to come; the device's clock was read before them.
    let offset = device.offset(app.now());
    let (known, asking) = (path.clone(), staff.clone());
    app.db
        .read(move |conn| queries::find(conn, Scope::of(&asking).visits_known(), &known))
        .await?;
    let uploads = read_photos(&app, &request, payload, VISIT_ROLES).await?;
    let named = uploads
        .iter()
        .flat_map(|u| [u.role.as_bytes(), u.bytes.as_deref().unwrap_or_default()]);
    let fingerprint = fingerprint_of(named);
    if let Some(answer) = key.kept_answer(&app.db, fingerprint).await? {
        return Ok(answer.into_response());
    }
    let taken = intake::take_in(&app, uploads).await?;
    if let [only] = taken.as_slice() {
        only.or_refuse()?;
    }
    let (shared, now) = (app.clone(), app.now());
    let kept = stored::of(&taken);
    let said = UploadSaid::from(query.0).measured(offset);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).visits_known(), &path)?;
            check_own(&staff, &row)?;
            let place = row.lon.zip(row.lat).map(|(lon, lat)| Point { lon, lat });
            let arrival = Arrival {
                subject: Subject::verification(row.id),
                source: Source::Officer,
                uploaded_by: Some(staff.id),
                said,
                claimed: place,
                at: now,
            };
            if evidence::known(conn, &shared.keys, &arrival, &taken)?.is_some() {
                return seen(conn, &shared, &staff, row);
            }
            evidence::insert(conn, &shared.keys, &arrival, &taken)?;
            settle(conn, &shared, &staff, row, None, now)
        })
        .await;
    stored::settle(&app, kept, &answer).await;
    Ok(answer?.into_response())
}

/// D24: an officer whose visit went to another is told so, and keeps what they captured. The
/// visit's state refuses nothing: what comes after the review is kept as a fact.
fn check_own(staff: &Staff, row: &VisitRow) -> Result<(), Problem> {
    if row.officer_id == Some(staff.id) {
        return Ok(());
    }
    let detail = "the visit is not yours: it was given to another officer or handed back; keep what you captured and tell the brigade";
    Err(Problem::because(Code::Forbidden, detail))
}

/// The masked copy of what an officer wrote, whoever of the complaints' reporters it names.
fn masked(conn: &mut Connection, app: &App, row: &VisitRow, text: &str) -> Result<String, Problem> {
    let answered = answers::of(conn, row.id).or_fault("load complaints")?;
    let complaints: Vec<Id> = answered.iter().map(|complaint| complaint.id).collect();
    Ok(privacy::known_of(conn, &app.keys, &complaints)?
        .mask(text)
        .text)
}

/// The visit as it stands, as far as it is open to who sent something.
fn seen(conn: &mut Connection, app: &App, staff: &Staff, row: VisitRow) -> Result<Answer, Problem> {
    Answer::ok(&acknowledged(conn, app, staff, row)?)
}

#[derive(Insertable)]
#[diesel(table_name = verification_event)]
struct NewEvent<'a> {
    id: Id,
    verification_id: Id,
    kind: &'a str,
    client_id: &'a str,
    officer_id: Id,
    raw_lon: Option<f64>,
    raw_lat: Option<f64>,
    datum: Option<String>,
    accuracy_m: Option<f64>,
    lon: Option<f64>,
    lat: Option<f64>,
    distance_m: Option<f64>,
    in_grid: Option<bool>,
    result: Option<&'a str>,
    notes: Option<String>,
    notes_masked: Option<String>,
    reason: Option<String>,
    same_time_of_day: Option<bool>,
    late: bool,
    device_time: UtcTime,
    received_at: UtcTime,
    clock_offset_ms: Option<i64>,
}

impl<'a> NewEvent<'a> {
    fn of(
        kind: &'a str,
        visit: &VisitRow,
        staff: &Staff,
        client_id: &'a str,
        clocks: Clocks,
    ) -> Self {
        Self {
            id: Id::new(),
            verification_id: visit.id,
            kind,
            client_id,
            officer_id: staff.id,
            raw_lon: None,
            raw_lat: None,
            datum: None,
            accuracy_m: None,
            lon: None,
            lat: None,
            distance_m: None,
            in_grid: None,
            result: None,
            notes: None,
            notes_masked: None,
            reason: None,
            same_time_of_day: None,
            late: clocks.is_late(visit.assigned_at.map(|at| at.0)) || visit.state.is(Trait::Ended),
            device_time: UtcTime(clocks.claimed),
            received_at: UtcTime(clocks.received),
            clock_offset_ms: clocks.offset.map(|offset| offset.num_milliseconds()),
        }
    }
}

fn insert(conn: &mut Connection, event: &NewEvent<'_>) -> Result<(), Problem> {
    on_each!(conn, |c| diesel::insert_into(verification_event::table)
        .values(event)
        .execute(c))
    .map(|_| ())
    .or_fault("insert an event")
}

/// Moves the visit as far as what is there allows, and answers it.
fn settle(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    mut row: VisitRow,
    device_time: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Answer, Problem> {
    let events = queries::events_of(conn, row.id).or_fault("load events")?;
    let photos = evidence::rows_of(conn, &[row.id]).or_fault("load photos")?;
    let assigned = row.clone();
    let answered = answers::of(conn, row.id).or_fault("load complaints")?;
    let category = answered
        .first()
        .and_then(|first| app.profile.category(&first.category));
    let standing = Standing::of(&assigned, &events, &photos).about(category);
    let lacks = standing.missing();
    let actor = staff.actor();
    let facts = Facts {
        was_there: !lacks.contains(&"check_in".to_owned()),
        is_whole: lacks.is_empty(),
        ..Facts::default()
    };
    let waits = [VisitState::Assigned, VisitState::Returned].contains(&row.state);
    if waits && facts.was_there {
        let enter = row.step(VisitEvent::CheckIn, &actor);
        let enter = enter.given(facts.clone()).on_device(device_time);
        row.state = record::advance(conn, &enter, now)?;
        // Whoever came to the matter meanwhile is visited too.
        answers::take_in_all(conn, row.id, now)?;
        for complaint in answers::of(conn, row.id).or_fault("load complaints")? {
            let visit = Event::of(ComplaintEvent::Visit, complaint.id, &actor);
            record::append(conn, &visit, now).or_fault("record")?;
        }
    }
    if row.state == VisitState::CheckedIn && facts.is_whole {
        let result = take_result(conn, standing)?;
        let doubts: BTreeSet<&str> = standing
            .warnings()
            .iter()
            .map(|w| w.code.as_str())
            .collect();
        let submit = row.step(VisitEvent::Submit, &actor).given(facts);
        let submit = submit.with(json!({ "result": result, "doubts": doubts }));
        record::advance(conn, &submit.on_device(device_time), now)?;
    } else if row.state == VisitState::Submitted {
        let result = take_result(conn, standing)?;
        if result != row.result {
            let mut corrected = Event::of(VisitEvent::CorrectFinding, row.id, &actor)
                .with(json!({ "from": row.result, "to": result }));
            corrected.device_time = device_time;
            record::append(conn, &corrected, now).or_fault("record")?;
        }
    }
    let row = queries::by_id(conn, row.id)
        .or_fault("load the visit")?
        .ok_or_else(Problem::not_found)?;
    seen(conn, app, staff, row)
}

/// Sets the visit's result to that of the finding that counts.
fn take_result(conn: &mut Connection, standing: Standing<'_>) -> Result<Option<String>, Problem> {
    let result = standing.finding().and_then(|e| e.result.clone());
    diesel::update(verification::table.find(standing.visit()))
        .set(verification::result.eq(&result))
        .execute(conn)
        .or_fault("set the result")?;
    Ok(result)
}
