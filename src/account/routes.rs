//! Staff sessions: sign in, refresh, end.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    caller::{Address, Caller, Staff},
    password, queries,
    role::Role,
    session::{self, Tokens},
};
use crate::app::App;
use crate::platform::{
    crypto::Subject,
    http::Body,
    limit::Limited,
    problem::{Code, OnDb, Problem},
};

/// A user name and password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// User name.
    #[validate(length(min = 1, max = 64, message = "has 1 to 64 letters"))]
    pub username: String,
    /// Password.
    #[validate(length(min = 1, max = 256, message = "has 1 to 256 letters"))]
    pub password: String,
}

/// Signs a member of staff in.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", operation_id = "create_session",
    request_body = SignIn, security(()),
    responses((status = 200, body = Tokens), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn sign_in(
    app: web::Data<App>,
    address: Address,
    body: Body<SignIn>,
) -> Result<HttpResponse, Problem> {
    let SignIn { username, password } = body.value;
    let user_key = format!("user:{username}");
    app.limits.take(Limited::StaffSignIn, &address.0)?;
    app.limits.take(Limited::StaffSignIn, &user_key)?;
    let found = app
        .db
        .read(move |c| queries::staff_by_name(c, &username).or_fault("load staff"))
        .await?;
    let hash = found.as_ref().map(|s| s.password_hash.clone());
    let right = web::block(move || password::matches(&password, hash.as_deref()))
        .await
        .map_err(|e| Problem::fault(format!("password check: {e}")))?;
    let staff = found
        .filter(|staff| right && !staff.disabled)
        .ok_or_else(|| Problem::new(Code::BadCredentials))?;
    let (keys, now) = (app.keys.clone(), app.now());
    let tokens = app
        .db
        .write(move |c| session::open(c, &keys, Subject::Staff, staff.id, now))
        .await?;
    app.limits.give_back(Limited::StaffSignIn, &address.0);
    app.limits.give_back(Limited::StaffSignIn, &user_key);
    Ok(HttpResponse::Ok().json(tokens))
}

/// A refresh token.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The token of the last sign-in or refresh.
    #[validate(length(min = 1, max = 128, message = "has 1 to 128 letters"))]
    pub refresh_token: String,
}

/// Exchanges a refresh token for new tokens. It works once; a second use ends the session. Only
/// within 30 seconds, and while the tokens it brought were not refreshed themselves, a second use
/// counts as a lost answer and brings new tokens again.
#[utoipa::path(post, path = "/api/v1/sessions/refresh", tag = "sessions", operation_id = "refresh_session",
    request_body = Refresh, security(()),
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
        .write(move |c| session::refresh(c, &keys, &token, now))
        .await?;
    if refreshed.is_refused() {
        // Guessing refresh tokens is hopeless, but it should not be free either.
        app.limits.take(Limited::Refresh, &address.0)?;
    }
    let tokens = refreshed.into_result()?;
    Ok(HttpResponse::Ok().json(tokens))
}

/// Ends the session the token belongs to.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "sessions", operation_id = "delete_session",
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn sign_out(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Problem> {
    let family = match caller {
        Caller::Staff(staff) => staff.session,
        Caller::Resident(resident) => resident.session,
    };
    let now = app.now();
    app.db
        .write(move |c| queries::revoke_family(c, family, now).or_fault("revoke session"))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The signed-in member of staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffView {
    /// User name.
    pub username: String,
    /// Name to show.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Unit code.
    pub unit_code: Option<String>,
    /// Street code.
    pub street_code: Option<String>,
    /// Grid code.
    pub grid_code: Option<String>,
}

/// Who the token speaks for, with the rights of this moment.
#[utoipa::path(get, path = "/api/v1/staff/me", tag = "sessions", operation_id = "get_own_account",
    responses((status = 200, body = StaffView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn me(staff: Staff) -> HttpResponse {
    HttpResponse::Ok().json(StaffView {
        username: staff.username,
        display_name: staff.display_name,
        role: staff.role,
        unit_code: staff.unit_code,
        street_code: staff.street_code,
        grid_code: staff.grid_code,
    })
}
