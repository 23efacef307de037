//! One's own sessions: refresh, list, end.

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{
    Tokens,
    queries::{self, SessionRow},
};
use crate::account::caller::{Address, Caller};
use crate::app::App;
use crate::district::shanghai;
use crate::platform::{
    db::Id,
    http::Body,
    limit::Limited,
    problem::{OnDb, Problem},
};

/// Letters kept of what a device says of itself.
const DEVICE_LETTERS: usize = 120;

/// What a request says of the device it comes from (`User-Agent`), cut to a line.
#[derive(Debug, Clone)]
pub struct Device(pub String);

impl FromRequest for Device {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let says = request.headers().get(header::USER_AGENT);
        let says = says.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let line = says.unwrap_or_default();
        let letters = line.chars().filter(|c| !c.is_control());
        ready(Ok(Self(letters.take(DEVICE_LETTERS).collect())))
    }
}

/// A refresh token.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The token of the last sign-in or refresh.
    #[validate(length(min = 1, max = 128, message = "has 1 to 128 letters"))]
    #[schema(min_length = 1, max_length = 128)]
    pub refresh_token: String,
}

/// Exchanges a refresh token for new tokens. It works once; a second use ends the session. Only
/// within 30 seconds, and while the tokens it brought were not refreshed themselves, a second use
/// counts as a lost answer and brings new tokens again; those it brought first are void then.
#[utoipa::path(post, path = "/api/v1/sessions/refresh", tag = "sessions", operation_id = "refresh_session",
    request_body = Refresh,
    responses((status = 200, body = Tokens), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn refresh(
    app: web::Data<App>,
    address: Address,
    body: Body<Refresh>,
) -> Result<HttpResponse, Problem> {
    let token = body.value.refresh_token;
    let (keys, now) = (app.keys.clone(), app.now());
    let refreshed = app
        .db
        .write(move |c| super::refresh(c, &keys, &token, now))
        .await?;
    if refreshed.is_refused() {
        // Guessing refresh tokens is hopeless, but it should not be free either.
        app.limits.take(Limited::Refresh, &address.0)?;
    }
    let tokens = refreshed.into_result()?;
    Ok(HttpResponse::Ok().json(tokens))
}

/// A session of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// For ending it.
    pub id: Id,
    /// What signed in, in its own words (`User-Agent`); may be empty.
    pub device: String,
    /// Signed in at.
    pub created_at: DateTime<FixedOffset>,
    /// Tokens were last asked for at; a session in use asks every 15 minutes.
    pub last_used_at: DateTime<FixedOffset>,
    /// Ends at, unless it is used again.
    pub expires_at: DateTime<FixedOffset>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// One's own sessions, the last used first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The sessions.
    pub items: Vec<SessionView>,
}

fn view(row: SessionRow, current: Id) -> SessionView {
    SessionView {
        id: row.family_id,
        device: row.device,
        created_at: row.opened_at.0.with_timezone(&shanghai()),
        last_used_at: row.created_at.0.with_timezone(&shanghai()),
        expires_at: row.expires_at.0.with_timezone(&shanghai()),
        current: row.family_id == current,
    }
}

/// Lists one's own sessions that are not ended.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", operation_id = "list_sessions",
    responses((status = 200, body = SessionList), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_sessions(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Problem> {
    let (subject, current, now) = (caller.id(), caller.session(), app.now());
    let rows = app
        .db
        .read(move |c| queries::live_of(c, subject, now).or_fault("list sessions"))
        .await?;
    let items = rows.into_iter().map(|row| view(row, current)).collect();
    Ok(HttpResponse::Ok().json(SessionList { items }))
}

/// Ends the session the token belongs to.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "sessions", operation_id = "delete_session",
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn sign_out(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Problem> {
    let (family, now) = (caller.session(), app.now());
    app.db
        .write(move |c| queries::revoke(c, family, now).or_fault("revoke session"))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one's own sessions but the one that asks.
#[utoipa::path(delete, path = "/api/v1/sessions/others", tag = "sessions", operation_id = "delete_other_sessions",
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn end_others(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Problem> {
    let (subject, current, now) = (caller.id(), caller.session(), app.now());
    app.db
        .write(move |c| {
            queries::revoke_others(c, subject, Some(current), now).or_fault("revoke sessions")
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends a session of one's own, such as that of a lost phone.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions", operation_id = "delete_session_by_id",
    params(("id" = String, Path)),
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn end_session(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: Uuid = path.parse().map_err(|_| Problem::not_found())?;
    let (subject, now) = (caller.id(), app.now());
    app.db
        .write(move |c| {
            let own = queries::live_of(c, subject, now).or_fault("list sessions")?;
            let family = own.iter().map(|row| row.family_id).find(|f| f.0 == id);
            let family = family.ok_or_else(Problem::not_found)?;
            queries::revoke(c, family, now).or_fault("revoke session")
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
