//! Visits as officers and the brigade see them. Officers read masked words and no reporter.

use std::slice;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    material::Material,
    queries::{self, EventRow, VisitRow},
    rules::{ClockReading, is_ahead},
    standing::{CaptureView, Standing, WarningView, clocks_of},
};
use crate::account::{Role, Staff};
use crate::app::App;
use crate::complaint::queries::ComplaintRow;
use crate::evidence::album::PhotoView;
use crate::platform::{
    db::{Connection, Id, UtcTime, schema::verification},
    http::{Page, PageQuery, Query, versioned},
    problem::{OnDb, Problem},
};
use crate::privacy::{Scope, Words};
use crate::record::{VisitState, local, machine::Trait};

/// Roles that read visits.
pub const READERS: &[Role] = &[Role::GridOfficer, Role::Brigade, Role::Office];

/// An uploaded event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    /// `check_in` or `findings`.
    pub kind: String,
    /// The device's own id of the event.
    pub client_id: String,
    /// Metres from the complained place.
    pub distance_m: Option<f64>,
    /// Whether it lay in the grid.
    pub in_grid: Option<bool>,
    /// Accuracy of the fix, metres.
    pub accuracy_m: Option<f64>,
    /// Finding.
    pub result: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Reason for being elsewhere.
    pub reason: Option<String>,
    /// Whether it fell in the complained time of day; absent when none is asked, and when clocks
    /// cannot tell.
    pub same_time_of_day: Option<bool>,
    /// Whether it reached us more than an hour after it happened, or after the review.
    pub late: bool,
    /// Whether the device's clock was more than ten minutes ahead of ours.
    pub clock_ahead: bool,
    /// The device's clock.
    pub device_time: DateTime<FixedOffset>,
    /// Our clock.
    pub received_at: DateTime<FixedOffset>,
    /// When it happened as the clocks are read, never after it reached us.
    pub happened_at: DateTime<FixedOffset>,
    /// How the device's time was read.
    pub clock: ClockReading,
    /// By how many seconds our clock was ahead of the device's, where the device said what it showed.
    pub clock_offset_s: Option<i64>,
}

impl EventView {
    fn of(row: EventRow, visit: &VisitRow, words: &Words) -> Self {
        let clocks = clocks_of(&row);
        let moment = clocks.moment(visit.assigned_at.map(|at| at.0));
        Self {
            happened_at: local(UtcTime(moment.at)),
            clock: moment.reading,
            clock_offset_s: clocks.offset.map(|offset| offset.num_seconds()),
            kind: row.kind,
            client_id: row.client_id,
            distance_m: row.distance_m,
            in_grid: row.in_grid,
            accuracy_m: row.accuracy_m,
            result: row.result,
            notes: words.maybe_stored(row.notes, row.notes_masked),
            reason: words.maybe(row.reason),
            same_time_of_day: row.same_time_of_day,
            late: row.late,
            clock_ahead: is_ahead(row.device_time.0, row.received_at.0),
            device_time: local(row.device_time),
            received_at: local(row.received_at),
        }
    }
}

/// A visit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VerificationView {
    /// Id.
    pub id: Id,
    /// Number of the complaint it was ordered for.
    pub complaint: String,
    /// Numbers of all complaints it answers, the one it was ordered for first.
    pub complaints: Vec<String>,
    /// Number of the entry it stands in: that of the complaint it was ordered for.
    pub entry: Option<String>,
    /// State.
    pub state: VisitState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Grid code.
    pub grid_code: String,
    /// Category in Chinese.
    pub category_name: String,
    /// What is complained of, with personal data masked for officers.
    pub description: String,
    /// Address, masked for officers.
    pub address: Option<String>,
    /// Premises.
    pub premises: Option<String>,
    /// Longitude, CGCS2000 degrees.
    pub lon: Option<f64>,
    /// Latitude, CGCS2000 degrees.
    pub lat: Option<f64>,
    /// Metres within which a check-in needs no reason.
    pub radius_m: f64,
    /// First hour of the day a visit must fall in, Asia/Shanghai.
    pub band_from: Option<i32>,
    /// Last hour.
    pub band_until: Option<i32>,
    /// What the brigade wants looked at.
    pub instructions: Option<String>,
    /// Day it is due.
    pub due_on: Option<NaiveDate>,
    /// When it was assigned.
    pub assigned_at: Option<DateTime<FixedOffset>>,
    /// The finding, once submitted.
    pub result: Option<String>,
    /// What still lacks before it counts as submitted: `check_in`, `findings`, `photo` (`recording`, where a
    /// sound recording or a video is evidence enough as well), and `same_time_of_day` when nobody was there at the complained hours.
    pub missing: Vec<String>,
    /// What is to be known of the clocks of what was sent, and what to do about it.
    pub warnings: Vec<WarningView>,
    /// Events as they reached us.
    pub events: Vec<EventView>,
    /// Photos of the complaint and of the visit.
    pub photos: Vec<PhotoView>,
    /// When each piece of the visit's own evidence was captured, by each clock.
    pub captures: Vec<CaptureView>,
    /// Version, also the `ETag`.
    pub version: i32,
}

/// The view for a role of a visit it may see.
///
/// # Errors
/// A fault when the database fails.
pub fn view(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: VisitRow,
) -> Result<VerificationView, Problem> {
    let mut views = views(conn, app, staff, vec![row])?;
    views.pop().ok_or_else(Problem::not_found)
}

/// What is acknowledged to whoever sent something: the visit, or of one that is closed to them what
/// they sent themselves.
///
/// # Errors
/// A fault when the database fails.
pub fn acknowledged(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: VisitRow,
) -> Result<VerificationView, Problem> {
    let theirs = Scope::of(staff).visits();
    if let Some(row) = queries::among(conn, theirs, row.id).or_fault("load the visit")? {
        return view(conn, app, staff, row);
    }
    let material = Material::of(conn, app, staff, slice::from_ref(&row))?;
    closed(app, staff, &material, row)
}

/// The views for a role of visits it may see.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn views(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    rows: Vec<VisitRow>,
) -> Result<Vec<VerificationView>, Problem> {
    let material = Material::of(conn, app, staff, &rows)?;
    let views = rows.into_iter();
    views.map(|row| open(app, &material, row)).collect()
}

/// The complaint a visit was ordered for.
fn first<'a>(material: &'a Material, row: &VisitRow) -> Result<&'a ComplaintRow, Problem> {
    let first = material.answered(row).first();
    first.ok_or_else(|| Problem::fault("a visit answers no complaint"))
}

/// The view of a visit that is open to the caller.
pub(super) fn open(
    app: &App,
    material: &Material,
    row: VisitRow,
) -> Result<VerificationView, Problem> {
    let complaint = first(material, &row)?;
    let text = material.text(complaint.id).cloned();
    let text = text.ok_or_else(|| Problem::fault("a complaint has no text"))?;
    let (words, events) = (material.words(&row)?, material.events(&row));
    let standing = Standing::of(&row, events, material.own_evidence(&row))
        .about(app.profile.category(&complaint.category));
    let (missing, warnings) = (standing.missing(), standing.warnings());
    let captures = standing.captures();
    let instructions = row.read_instructions(&app.keys);
    let answered = material.answered(&row).iter();
    let evidence = material.evidence(&row).into_iter().cloned();
    Ok(VerificationView {
        id: row.id,
        complaint: complaint.number.clone(),
        complaints: answered.map(|c| c.number.clone()).collect(),
        entry: material.entry(&row),
        state_name: row.state.label(),
        category_name: app.profile.category_name(&complaint.category),
        description: words.stored(text.description, text.description_masked),
        address: words.maybe_stored(text.address, text.address_masked),
        premises: words.maybe(text.premises),
        missing,
        warnings,
        captures,
        events: events
            .iter()
            .map(|event| EventView::of(event.clone().opened(&app.keys), &row, words))
            .collect(),
        photos: evidence
            .map(|photo| photo.view_for(words.with_need()))
            .collect(),
        grid_code: row.grid_code,
        state: row.state,
        lon: row.lon,
        lat: row.lat,
        radius_m: row.radius_m,
        band_from: row.band_from,
        band_until: row.band_to,
        instructions: words.maybe(instructions),
        due_on: row.due_on,
        assigned_at: row.assigned_at.map(local),
        result: row.result,
        version: row.version,
    })
}

/// A visit that is closed to who was sent: what they captured is kept and acknowledged, and nothing
/// of the matter, nor of who went after them, is told any more.
fn closed(
    app: &App,
    staff: &Staff,
    material: &Material,
    row: VisitRow,
) -> Result<VerificationView, Problem> {
    let complaint = first(material, &row)?;
    let words = material.words(&row)?;
    let theirs = row.officer_id == Some(staff.id);
    let own = material.events(&row).iter();
    let own = own.filter(|event| event.officer_id == staff.id);
    let events = own
        .map(|event| EventView::of(event.clone().opened(&app.keys), &row, words))
        .collect();
    let evidence = material.own_evidence(&row).iter().cloned();
    Ok(VerificationView {
        id: row.id,
        complaint: complaint.number.clone(),
        complaints: vec![complaint.number.clone()],
        entry: None,
        state_name: row.state.label(),
        category_name: app.profile.category_name(&complaint.category),
        description: String::new(),
        address: None,
        premises: None,
        lon: None,
        lat: None,
        radius_m: row.radius_m,
        band_from: None,
        band_until: None,
        instructions: None,
        due_on: None,
        assigned_at: row.assigned_at.map(local),
        result: row.result.filter(|_| theirs),
        missing: Vec::new(),
        warnings: Vec::new(),
        captures: Vec::new(),
        events,
        photos: evidence
            .filter(|_| theirs)
            .map(|photo| photo.view_for(false))
            .collect(),
        grid_code: row.grid_code,
        state: row.state,
        version: row.version,
    })
}

/// The caller's open visits, the first ordered first, those waiting for review among them.
#[utoipa::path(get, path = "/api/v1/verifications/mine", tag = "verification", operation_id = "list_own_verifications",
    params(PageQuery),
    responses((status = 200, body = Page<VerificationView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_own_verifications(
    app: web::Data<App>,
    staff: Staff,
    query: Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, after) = query.0.page::<Id>(&request)?;
    let shared = app.clone();
    let page = app
        .db
        .read(move |conn| {
            let mut rows = verification::table
                .filter(Scope::of(&staff).visits())
                .filter(verification::officer_id.eq(staff.id))
                .filter(verification::state.eq_any(VisitState::that_are(Trait::WithOfficer)))
                .order(verification::id.asc())
                .limit(paging.limit + 1)
                .select(VisitRow::as_select())
                .into_boxed();
            if let Some(id) = after {
                rows = rows.filter(verification::id.gt(id));
            }
            let rows: Vec<VisitRow> = rows.load(conn).or_fault("list visits")?;
            let views = views(conn, &shared, &staff, rows)?;
            Ok(paging.of(views, |v| v.id, |v| v))
        })
        .await?;
    Ok(page.into_response(&request))
}

/// A visit.
#[utoipa::path(get, path = "/api/v1/verifications/{id}", tag = "verification", operation_id = "get_verification",
    params(("id" = String, Path)),
    responses((status = 200, body = VerificationView, headers(("ETag"))), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_verification(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shared = app.clone();
    let view = app
        .db
        .read(move |conn| {
            let row = queries::find(conn, Scope::of(&staff).visits(), &path)?;
            view(conn, &shared, &staff, row)
        })
        .await?;
    versioned(view.version, &view)
}
