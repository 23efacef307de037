//! Signing in as a member of staff, and who one is then.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    caller::{Address, Staff},
    devices, password,
    queries::{self, StaffRow},
    role::Role,
    second_factor::{self, Passed},
    session::{self, Tokens, routes::Device},
    throttle::Try,
};
use crate::app::App;
use crate::platform::{
    crypto::Subject,
    db::{Connection, Id},
    hashing::Turn,
    http::Body,
    problem::{Code, OnDb, Problem},
};

/// A user name and password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// User name.
    #[validate(length(min = 1, max = 64, message = "has 1 to 64 letters"))]
    #[schema(min_length = 1, max_length = 64)]
    pub username: String,
    /// Password.
    #[validate(length(min = 1, max = 256, message = "has 1 to 256 letters"))]
    #[schema(min_length = 1, max_length = 256)]
    pub password: String,
    /// The code of the second factor, where the account has one: six digits of the app, or a
    /// recovery code.
    #[serde(default)]
    #[validate(length(min = 1, max = 40, message = "has 1 to 40 letters"))]
    #[schema(min_length = 1, max_length = 40)]
    pub totp: Option<String>,
    /// What this user name's last sign-in on this device answered as `device_token`.
    #[serde(default)]
    #[validate(length(min = 1, max = 128, message = "has 1 to 128 letters"))]
    #[schema(min_length = 1, max_length = 128)]
    pub device_token: Option<String>,
}

/// Signs a member of staff in. 401 `second_factor_required` when the password is right and the
/// account has a second factor: send the same again with its code as `totp`. Ten wrong codes in an
/// hour from devices that are not known are enough (429); a known device is not barred by them.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "sessions", operation_id = "create_session",
    request_body = SignIn,
    responses((status = 200, body = Tokens), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn sign_in(
    app: web::Data<App>,
    address: Address,
    device: Device,
    body: Body<SignIn>,
) -> Result<HttpResponse, Problem> {
    let SignIn {
        username,
        password,
        totp,
        device_token,
    } = body.value;
    let (name, token, now) = (username.clone(), device_token.clone(), app.now());
    let (found, known) = app
        .db
        .read(move |c| account_and_device(c, &name, token.as_deref(), now))
        .await?;
    let mut attempt = Try::of_staff(&app.limits, &username, &address.0, known)?;
    let turn = known.map_or(Turn::Stranger, |_| Turn::Known);
    let hash = found.as_ref().map(|s| s.password_hash.clone());
    let right = app
        .hashing
        .run(turn, &address.0.to_string(), move |memory| {
            password::matches(&password, hash.as_deref(), memory)
        })
        .await?;
    let staff = found
        .filter(|staff| right && !staff.disabled)
        .ok_or_else(|| Problem::new(Code::BadCredentials))?;
    if totp.is_some() && known.is_none() {
        // Before it is compared: codes that come at once are so many guesses.
        attempt.count_code(&app.limits, staff.id)?;
    }
    let (keys, now) = (app.keys.clone(), app.now());
    let opened = app
        .db
        .write(move |c| {
            if !still_stands(c, &staff)? {
                return Err(Problem::new(Code::BadCredentials));
            }
            // A wrong code is no error in here: what it used up stays used up.
            let passed = second_factor::pass(c, &keys, staff.id, totp.as_deref(), now)?;
            if passed != Passed::Yes {
                return Ok(Err(passed));
            }
            let tokens = session::open(c, &keys, Subject::Staff, staff.id, device.0, now)?;
            let device_token = match (known, device_token) {
                (Some(known), Some(token)) => {
                    devices::see(c, known, now).or_fault("see the device")?;
                    token
                }
                _ => devices::remember(c, staff.id, now).or_fault("remember the device")?,
            };
            Ok(Ok(Tokens {
                device_token: Some(device_token),
                ..tokens
            }))
        })
        .await?;
    match opened {
        Ok(tokens) => {
            attempt.give_back(&app.limits);
            Ok(HttpResponse::Ok().json(tokens))
        }
        Err(Passed::Wrong) => Err(Problem::because(
            Code::SecondFactorRequired,
            "the code is wrong or was used before; wait for the next one",
        )),
        Err(_) => {
            attempt.give_back(&app.limits);
            Err(Problem::because(
                Code::SecondFactorRequired,
                "send the same again with the code of your app as `totp`",
            ))
        }
    }
}

/// The account of a name, and the device when the account signed in from it before.
fn account_and_device(
    conn: &mut Connection,
    name: &str,
    device_token: Option<&str>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(Option<StaffRow>, Option<Id>), Problem> {
    let found = queries::staff_by_name(conn, name).or_fault("load staff")?;
    let known = match (&found, device_token) {
        (Some(staff), Some(token)) => {
            devices::known(conn, staff.id, token, now).or_fault("look for the device")?
        }
        _ => None,
    };
    Ok((found, known))
}

/// Whether the account is as it was when its password was checked, which took a while.
fn still_stands(conn: &mut Connection, checked: &StaffRow) -> Result<bool, Problem> {
    let now = queries::staff_by_id(conn, checked.id).or_fault("load staff")?;
    Ok(now.is_some_and(|s| !s.disabled && s.password_hash == checked.password_hash))
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
    /// Whether signing in takes a second factor.
    pub second_factor: bool,
    /// Recovery codes that are left of the second factor.
    pub recovery_codes_left: i64,
    /// Whether the role needs a second factor that is not set up yet: until then nothing else can
    /// be done.
    pub must_enrol: bool,
}

/// Who the token speaks for, with the rights of this moment.
#[utoipa::path(get, path = "/api/v1/staff/me", tag = "sessions", operation_id = "get_own_account",
    responses((status = 200, body = StaffView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn me(app: web::Data<App>, staff: Staff) -> Result<HttpResponse, Problem> {
    let id = staff.id;
    let (second_factor, recovery_codes_left) = app
        .db
        .read(move |c| {
            let kept = second_factor::queries::confirmed(c, id).or_fault("load second factor")?;
            let left =
                second_factor::queries::recovery_codes_left(c, id).or_fault("count codes")?;
            Ok((kept.is_some(), left))
        })
        .await?;
    Ok(HttpResponse::Ok().json(StaffView {
        username: staff.username,
        display_name: staff.display_name,
        role: staff.role,
        unit_code: staff.unit_code,
        street_code: staff.street_code,
        grid_code: staff.grid_code,
        second_factor,
        recovery_codes_left,
        must_enrol: staff.must_enrol,
    }))
}
