//! Setting up one's own second factor.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    new_recovery_codes, new_secret, normalised, open, otpauth_uri, queries, recovery_hash, seal,
    secret_text, step_of,
};
use crate::account::{caller::Staff, own_password, throttle::Try};
use crate::app::App;
use crate::platform::{
    http::Body,
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{self, AccountEvent, Event};

/// Starting to set a second factor up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartSecondFactor {
    /// One's password: a token alone must not lock its owner out.
    #[validate(length(min = 1, max = 256, message = "has 1 to 256 letters"))]
    #[schema(min_length = 1, max_length = 256)]
    pub password: String,
}

/// A new secret, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewSecondFactor {
    /// For typing it into an authenticator app (base32).
    pub secret: String,
    /// For scanning it as a code.
    pub otpauth_uri: String,
}

/// Makes a secret for an authenticator app. Nothing changes until its first code is confirmed; a
/// second call makes another secret.
#[utoipa::path(post, path = "/api/v1/staff/me/totp", tag = "sessions", operation_id = "start_second_factor",
    request_body = StartSecondFactor,
    responses((status = 200, body = NewSecondFactor), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn start(
    app: web::Data<App>,
    staff: Staff,
    body: Body<StartSecondFactor>,
) -> Result<HttpResponse, Problem> {
    own_password::demand(&app, &staff, "password", body.value.password).await?;
    let secret = new_secret();
    let sealed = seal(&app.keys, staff.id, &secret)?;
    let (id, now) = (staff.id, app.now());
    let started = app
        .db
        .write(move |c| queries::start(c, id, &sealed, now).or_fault("keep a secret"))
        .await?;
    if !started {
        return Err(Problem::because(
            Code::AlreadyExists,
            "the second factor is on; `dengwen staff reset-totp` takes it away when the phone is lost",
        ));
    }
    Ok(HttpResponse::Ok().json(NewSecondFactor {
        secret: secret_text(&secret),
        otpauth_uri: otpauth_uri(&staff.username, &secret),
    }))
}

/// The first code of a new second factor.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSecondFactor {
    /// The six digits the app shows.
    #[validate(length(min = 6, max = 12, message = "has six digits"))]
    #[schema(min_length = 6, max_length = 12)]
    pub code: String,
}

/// Recovery codes, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each signs in once in the place of a code of the app.
    pub recovery_codes: Vec<String>,
}

/// Turns the second factor on by its first code. From then on signing in takes `totp` too.
#[utoipa::path(post, path = "/api/v1/staff/me/totp/confirmation", tag = "sessions", operation_id = "confirm_second_factor",
    request_body = ConfirmSecondFactor,
    responses((status = 200, body = RecoveryCodes), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn confirm(
    app: web::Data<App>,
    staff: Staff,
    body: Body<ConfirmSecondFactor>,
) -> Result<HttpResponse, Problem> {
    let attempt = Try::of_session(&app.limits, staff.session)?;
    let code = normalised(&body.value.code);
    let (keys, now) = (app.keys.clone(), app.now());
    let codes = app
        .db
        .write(move |c| {
            let waiting = queries::unconfirmed(c, staff.id).or_fault("load a secret")?;
            let nothing = || {
                Problem::because(
                    Code::GuardFailed,
                    "no second factor waits for its first code; make a secret first",
                )
            };
            let secret = open(&keys, staff.id, &waiting.ok_or_else(nothing)?)?;
            let step = step_of(&secret, &code, now).ok_or_else(|| {
                Problem::invalid("code", ItemCode::Wrong, "is not the code the app shows now")
            })?;
            if !queries::confirm(c, staff.id, step, now).or_fault("confirm")? {
                return Err(nothing());
            }
            let codes = new_recovery_codes();
            let hashes: Vec<Vec<u8>> = codes.iter().map(|c| recovery_hash(staff.id, c)).collect();
            queries::replace_recovery_codes(c, staff.id, &hashes, now)
                .or_fault("keep recovery codes")?;
            let actor = staff.actor();
            let event = Event::of(AccountEvent::SecondFactorOn, staff.id, &actor);
            record::append(c, &event, now).or_fault("record")?;
            Ok(codes)
        })
        .await?;
    attempt.give_back(&app.limits);
    Ok(HttpResponse::Ok().json(RecoveryCodes {
        recovery_codes: codes,
    }))
}
