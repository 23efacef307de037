//! Who makes a visit: whom the brigade may send, another when the first cannot, and nobody when they hand
//! it back.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    machine::{Facts, MACHINE},
    queries::{self, VisitRow},
    views::{VerificationView, acknowledged, view},
};
use crate::account::{
    Role, Staff,
    queries::{StaffRow, officers_of_grid, staff_by_name},
};
use crate::app::App;
use crate::district::Profile;
use crate::platform::{
    db::{Connection, Id, UtcTime, schema::verification},
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::privacy::Scope;
use crate::record::{self, VisitEvent, VisitState};

/// The named officer, if they may go to the grid: its own, one of a grid beside it, or the brigade's.
/// Without a name the grid's first; else nobody yet.
pub(super) fn officer_for(
    conn: &mut Connection,
    profile: &Profile,
    grid: &str,
    username: Option<&str>,
) -> Result<Option<StaffRow>, Problem> {
    let Some(username) = username else {
        return Ok(officers_of_grid(conn, grid)
            .or_fault("load officers")?
            .into_iter()
            .next());
    };
    let found = staff_by_name(conn, username).or_fault("load an officer")?;
    let fits = |officer: &StaffRow| !officer.disabled && may_go(profile, officer, grid);
    found.filter(fits).map(Some).ok_or_else(|| {
        Problem::invalid(
            "officer",
            ItemCode::NotOfThisGrid,
            format!("is an active officer of grid {grid}, of one beside it, or of the brigade"),
        )
    })
}

fn may_go(profile: &Profile, officer: &StaffRow, grid: &str) -> bool {
    if officer.role == Role::Brigade.as_str() {
        return true;
    }
    let own = officer.grid_code.as_deref();
    officer.role == Role::GridOfficer.as_str()
        && own.is_some_and(|own| own == grid || profile.are_neighbours(own, grid))
}

/// Another officer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReassignBody {
    /// User name of an officer of the visit's grid, of one beside it, or of the brigade.
    #[validate(length(min = 1, max = 64, message = "is a user name"))]
    #[schema(min_length = 1, max_length = 64)]
    pub officer: String,
    /// Why.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Gives a visit to an officer, the first or another. What the former uploaded is kept; what they
/// upload from now on is refused, and the visit is closed to them.
#[utoipa::path(post, path = "/api/v1/verifications/{id}/reassignment", tag = "verification", operation_id = "reassign_verification",
    params(("id" = String, Path)), request_body = ReassignBody,
    responses((status = 200, body = VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn reassign_verification(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<ReassignBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).visits(), &path)?;
            let event = match row.state {
                VisitState::Pending => VisitEvent::Assign,
                _ => VisitEvent::Reassign,
            };
            let actor = staff.actor();
            MACHINE.step(Some(row.state), event, &actor)?;
            let officer = officer_for(conn, &shared.profile, &row.grid_code, Some(&value.officer))?;
            assign(conn, &row, officer.as_ref(), now).or_fault("assign")?;
            let given = Facts {
                officer: officer.is_some(),
                reason: true,
                ..Facts::default()
            };
            let step = row
                .step(event, &actor)
                .given(given)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "officer": value.officer }));
            record::advance(conn, &step, now)?;
            let row = queries::by_id(conn, row.id)
                .or_fault("load the visit")?
                .ok_or_else(Problem::not_found)?;
            Answer::ok(&view(conn, &shared, &staff, row)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn assign(
    conn: &mut Connection,
    row: &VisitRow,
    officer: Option<&StaffRow>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(verification::table.find(row.id))
        .set((
            verification::officer_id.eq(officer.map(|o| o.id)),
            verification::assigned_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Why a visit is handed back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandBackBody {
    /// Why they cannot make it, or who should.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Hands a visit back that they were sent to: declined, or to be made by somebody else. It waits for
/// somebody to be sent (待派), with its day unchanged; what was uploaded is kept and counts no more.
#[utoipa::path(post, path = "/api/v1/verifications/{id}/handback", tag = "verification", operation_id = "hand_back_verification",
    params(("id" = String, Path)), request_body = HandBackBody,
    responses((status = 200, body = VerificationView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn hand_back_verification(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<HandBackBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = queries::take(conn, Scope::of(&staff).visits_known(), &path)?;
            if row.officer_id != Some(staff.id) {
                let detail = "only the officer who is sent hands a visit back";
                return Err(Problem::because(Code::Forbidden, detail));
            }
            let actor = staff.actor();
            let given = Facts {
                reason: true,
                ..Facts::default()
            };
            let step = row
                .step(VisitEvent::HandBack, &actor)
                .given(given)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "officer": staff.username }));
            record::advance(conn, &step, now)?;
            diesel::update(verification::table.find(row.id))
                .set((
                    verification::officer_id.eq(None::<Id>),
                    verification::assigned_at.eq(None::<UtcTime>),
                    verification::result.eq(None::<String>),
                ))
                .execute(conn)
                .or_fault("hand a visit back")?;
            let row = queries::by_id(conn, row.id)
                .or_fault("load the visit")?
                .ok_or_else(Problem::not_found)?;
            Answer::ok(&acknowledged(conn, &shared, &staff, row)?)
        })
        .await?;
    Ok(answer.into_response())
}
