//! Sending an officer to a matter, by grid.

use std::iter::once;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    answers, clocks,
    machine::Facts,
    matter::Matter,
    officers::officer_for,
    queries::{self, Visit, VisitRow},
    rules::band_of,
    views::view,
};
use crate::account::{
    Staff,
    queries::{StaffRow, staff_by_id},
};
use crate::app::App;
use crate::clock::queries::start;
use crate::complaint::queries::{self as complaints, ComplaintRow, PlaceRow};
use crate::district::{Profile, calendar::date_of};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::verification},
    http::{Answer, Body, IdempotencyKey, MatterNumber, are_numbers},
    problem::{Code, ItemCode, OnDb, Problem},
    sealed,
};
use crate::record::{
    self, Actor, ComplaintEvent, ComplaintState, Event, Step, VisitEvent, VisitState,
};

/// A visit to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchBody {
    /// Grid code; the grid of the complained place unless said.
    #[validate(length(min = 1, max = 32, message = "is a grid's code"))]
    #[schema(min_length = 1, max_length = 32)]
    pub grid_code: Option<String>,
    /// User name of the officer: of the grid, of one beside it, or of the brigade. The grid's first unless
    /// said.
    #[validate(length(min = 1, max = 64, message = "is a user name"))]
    #[schema(min_length = 1, max_length = 64)]
    pub officer: Option<String>,
    /// What to look at.
    #[validate(length(max = 1000, message = "has 1000 letters at most"))]
    #[schema(max_length = 1000)]
    pub instructions: Option<String>,
    /// Day it is due; three working days from today unless said.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub due_on: Option<NaiveDate>,
    /// Numbers of other complaints of the same entry that the visit surely answers as well. Ordered for a
    /// complaint it answers whatever of its entry waits and has no visit; ordered for an entry, those
    /// named, or all that wait.
    #[serde(default)]
    #[validate(
        length(max = 200, message = "has 200 numbers at most"),
        custom(function = "are_numbers")
    )]
    #[schema(value_type = Vec<MatterNumber>, inline, required = false, max_items = 200)]
    pub complaints: Vec<String>,
}

/// Sends an officer of the grid to look at a complaint's matter: one visit for it and for whatever of the
/// same entry waits. Without an officer in the grid the visit waits (待派).
#[utoipa::path(post, path = "/api/v1/complaints/{number}/verifications", tag = "verification", operation_id = "dispatch_verification",
    params(("number" = String, Path)), request_body = DispatchBody,
    responses((status = 201, body = super::views::VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn dispatch_verification(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<DispatchBody>,
) -> Result<HttpResponse, Problem> {
    order(app, staff, path.into_inner(), key, body, Matter::whole).await
}

/// Sends an officer of the grid to look at a matter: one visit for all its complaints that wait for
/// what is found, or for those named.
#[utoipa::path(post, path = "/api/v1/entries/{number}/verifications", tag = "verification", operation_id = "dispatch_entry_verification",
    params(("number" = String, Path)), request_body = DispatchBody,
    responses((status = 201, body = super::views::VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn dispatch_entry_verification(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<DispatchBody>,
) -> Result<HttpResponse, Problem> {
    order(app, staff, path.into_inner(), key, body, Matter::of_entry).await
}

/// Sends an officer to the matter that `matter_of` finds under a number.
async fn order(
    app: web::Data<App>,
    staff: Staff,
    number: String,
    key: IdempotencyKey,
    body: Body<DispatchBody>,
    matter_of: fn(&mut Connection, &str, &[String]) -> Result<Matter, Problem>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    value.check(now)?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let matter = matter_of(conn, &number, &value.complaints)?;
            let row = send(conn, &shared, &staff, &matter, &value, now)?;
            let location = format!("/api/v1/verifications/{}", row.id);
            Answer::created(location, &view(conn, &shared, &staff, row)?)
        })
        .await?;
    Ok(answer.into_response())
}

impl DispatchBody {
    pub(super) fn check(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        if self.due_on.is_none_or(|day| day >= date_of(now)) {
            return Ok(());
        }
        let message = "is today or later";
        Err(Problem::invalid("due_on", ItemCode::InThePast, message))
    }
}

/// Gives the order, and answers the visit.
pub(super) fn send(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    matter: &Matter,
    body: &DispatchBody,
    now: DateTime<Utc>,
) -> Result<VisitRow, Problem> {
    let place = complaints::place_of(conn, matter.complaint.id).or_fault("load the place")?;
    let grid = body.grid_code.clone().or_else(|| place.grid_code.clone());
    let grid = grid
        .filter(|code| app.profile.grid(code).is_some())
        .ok_or_else(|| {
            Problem::invalid(
                "grid_code",
                ItemCode::UnknownGrid,
                "is a grid of the district profile; the complaint's place lies in none",
            )
        })?;
    let officer = officer_for(conn, &app.profile, &grid, body.officer.as_deref())?;
    for complaint in matter.all() {
        refuse_twin(conn, complaint, &grid, officer.as_ref())?;
    }
    let order = Order {
        profile: &app.profile,
        keys: &app.keys,
        staff,
        complaint: &matter.complaint,
        also: &matter.also,
        place: &place,
        grid: &grid,
        instructions: body.instructions.as_deref(),
        due_on: body.due_on,
        instead_of: None,
        there_since: None,
    };
    let id = order.give(conn, officer.as_ref(), now)?;
    queries::by_id(conn, id)
        .or_fault("load the visit")?
        .ok_or_else(Problem::not_found)
}

/// Of what an officer saw so long ago at most, what they captured then is taken for a visit.
const ON_THE_SPOT: TimeDelta = TimeDelta::days(1);

/// The visit that an officer makes by finding a matter on the spot: theirs from the moment they saw it, so
/// that what they captured then counts, and for the brigade to review like any other.
///
/// # Errors
/// 404 when the place lies in no grid; a fault when the database fails.
pub fn on_the_spot(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    complaint: &ComplaintRow,
    seen_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let place = complaints::place_of(conn, complaint.id).or_fault("load the place")?;
    let officer = staff_by_id(conn, staff.id).or_fault("load the officer")?;
    let order = Order {
        profile: &app.profile,
        keys: &app.keys,
        staff,
        complaint,
        also: &[],
        place: &place,
        grid: place.grid_code.as_deref().ok_or_else(Problem::not_found)?,
        instructions: None,
        due_on: None,
        instead_of: None,
        there_since: Some(seen_at.clamp(now - ON_THE_SPOT, now)),
    };
    order.give(conn, officer.as_ref(), now).map(|_| ())
}

/// One visit of an officer to a matter at a time: a second while the first is open is the same
/// order given twice.
fn refuse_twin(
    conn: &mut Connection,
    complaint: &ComplaintRow,
    grid: &str,
    officer: Option<&StaffRow>,
) -> Result<(), Problem> {
    let open = queries::open_of(conn, complaint.id).or_fault("load open visits")?;
    let twin = open
        .iter()
        .find(|visit| visit.grid_code == grid && visit.officer_id == officer.map(|o| o.id));
    match twin {
        None => Ok(()),
        Some(visit) => Err(Problem::because(
            Code::AlreadyExists,
            format!("the visit {} to this grid is still open", visit.id),
        )),
    }
}

/// An order to look at a matter on site.
pub(super) struct Order<'a> {
    pub(super) profile: &'a Profile,
    pub(super) keys: &'a Keys,
    pub(super) staff: &'a Staff,
    /// The complaint it is ordered for.
    pub(super) complaint: &'a ComplaintRow,
    /// The others it answers.
    pub(super) also: &'a [ComplaintRow],
    pub(super) place: &'a PlaceRow,
    pub(super) grid: &'a str,
    pub(super) instructions: Option<&'a str>,
    pub(super) due_on: Option<NaiveDate>,
    /// The visit it takes the place of.
    pub(super) instead_of: Option<Id>,
    /// Since when who found the matter was there: nobody ordered the visit, it is made by finding it.
    pub(super) there_since: Option<DateTime<Utc>>,
}

impl Order<'_> {
    /// Gives it to an officer, or to whoever of the grid is sent later; answers the visit's id.
    pub(super) fn give(
        &self,
        conn: &mut Connection,
        officer: Option<&StaffRow>,
        now: DateTime<Utc>,
    ) -> Result<Id, Problem> {
        let id = Id::new();
        let mut detail = json!({ "grid": self.grid, "officer": officer.map(|o| &o.username) });
        if let (Some(before), Some(detail)) = (self.instead_of, detail.as_object_mut()) {
            detail.insert("instead_of".to_owned(), json!(before));
        }
        let actor = self.staff.actor();
        let by = match self.there_since {
            Some(_) => &Actor::System,
            None => &actor,
        };
        let mut step = Step::<Visit>::birth(id, VisitEvent::Dispatch, by).with(detail);
        if officer.is_some() {
            let to_officer = Facts {
                officer: true,
                ..Facts::default()
            };
            step = step.then(VisitEvent::Assign, by).given(to_officer);
        }
        self.insert(conn, (id, step.target()?), officer, now)?;
        record::advance(conn, &step, now)?;
        let answered: Vec<Id> = self.answered().map(|complaint| complaint.id).collect();
        answers::name(conn, id, &answered).or_fault("name the complaints")?;
        for complaint in self.answered() {
            let sent = Event::of(ComplaintEvent::Dispatch, complaint.id, &actor)
                .with(json!({ "verification": id }));
            record::append(conn, &sent, now).or_fault("record")?;
            if complaint.state == ComplaintState::Accepted {
                record::advance(conn, &complaint.step(ComplaintEvent::Start, &actor), now)?;
            }
        }
        Ok(id)
    }

    fn answered(&self) -> impl Iterator<Item = &ComplaintRow> {
        once(self.complaint).chain(self.also)
    }

    fn insert(
        &self,
        conn: &mut Connection,
        (id, state): (Id, VisitState),
        officer: Option<&StaffRow>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let Self {
            profile,
            keys,
            complaint,
            ..
        } = self;
        let rules = &profile.rules.verification;
        let occurred = complaint
            .occurred_at
            .map(|from| (from.0, complaint.occurred_until.unwrap_or(from).0));
        let band = profile
            .category(&complaint.category)
            .and_then(|c| band_of(c, occurred, rules));
        let hour = |hour: u32| i32::try_from(hour).unwrap_or(0);
        let clock = clocks::of_new(profile, id, self.due_on, now);
        let instructions =
            sealed::INSTRUCTIONS.seal_maybe(keys, id.0.as_bytes(), self.instructions)?;
        diesel::insert_into(verification::table)
            .values((
                verification::id.eq(id),
                verification::entry_id.eq(complaint.entry_id),
                verification::grid_code.eq(self.grid),
                verification::officer_id.eq(officer.map(|o| o.id)),
                verification::state.eq(state),
                verification::lon.eq(self.place.lon),
                verification::lat.eq(self.place.lat),
                verification::radius_m.eq(rules.check_in_radius_m),
                verification::band_from.eq(band.map(|b| hour(b.from))),
                verification::band_to.eq(band.map(|b| hour(b.until))),
                verification::instructions.eq(instructions),
                verification::due_on.eq(clock.due_on),
                verification::assigned_at
                    .eq(officer.map(|_| UtcTime(self.there_since.unwrap_or(now)))),
                verification::dispatched_by.eq(self.staff.id),
                verification::version.eq(1),
                verification::created_at.eq(UtcTime(now)),
                verification::updated_at.eq(UtcTime(now)),
            ))
            .execute(conn)
            .or_fault("insert a visit")?;
        start(conn, &[clock])
            .map(|_| ())
            .or_fault("start a visit's clock")
    }
}
