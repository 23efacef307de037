//! Residents sign in by a code sent to their phone. Signing in is never needed to report.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    caller::Address,
    queries,
    session::{self, Tokens, routes::Device},
    throttle::Try,
};
use crate::app::App;
use crate::district::{NoticeChannel, NoticeEvent};
use crate::platform::{
    crypto::{Subject, hash_token},
    db::{Connection, Id},
    gateway::{Message, NoGateway},
    http::Body,
    limit::Limited,
    problem::{Code, ItemCode, OnDb, Problem},
    sealed,
};
use crate::text::phone::mobile_of;

/// How long a phone code is valid.
pub const CODE_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Attempts a code bears.
pub const MAX_ATTEMPTS: i32 = 5;

/// The blind-index kind of a phone number, shared with the reporters' keys so that a resident
/// and a reporter with one phone are one person.
pub const PHONE_KEY: &str = "phone";

/// A phone to send a code to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// A mobile number of mainland China in any spelling.
    #[validate(length(min = 1, max = 64, message = "has 1 to 64 letters"))]
    #[schema(min_length = 1, max_length = 64)]
    pub phone: String,
}

/// A mobile number in its normal form.
///
/// # Errors
/// 422 when it is none.
pub fn mobile(text: &str) -> Result<String, Problem> {
    let message = "is one mobile number of mainland China";
    mobile_of(text).ok_or_else(|| Problem::invalid("phone", ItemCode::NotAMobile, message))
}

/// The blind-index kind of the address a code was asked for from.
const ASKER: &str = "asker";

/// Sends a sign-in code; codes asked for before from the same address are void. The answer is the same for every number. 503
/// `no_text_messages` where no text messages are sent.
#[utoipa::path(post, path = "/api/v1/residents/otp", tag = "residents", operation_id = "create_resident_otp",
    request_body = CodeRequest,
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn send_code(
    app: web::Data<App>,
    address: Address,
    body: Body<CodeRequest>,
) -> Result<HttpResponse, Problem> {
    if !app.gateway.is_there() {
        return Err(NoGateway::refusal());
    }
    let phone = mobile(&body.value.phone)?;
    let phone_key = app.keys.blind_index(PHONE_KEY, &phone);
    app.limits.take(Limited::PhoneCode, &address.0)?;
    app.limits.take(Limited::PhoneCode, &phone_key)?;
    let code = format!("{:06}", rand::rng().random_range(0..1_000_000));
    let hash = hash_token(&format!("{phone_key}{code}"));
    let asked_from = asker(&app, &address);
    let now = app.now();
    app.db
        .write(move |c| {
            let code = queries::NewCode {
                phone_key: &phone_key,
                hash: &hash,
                asked_from: &asked_from,
                expires_at: now + CODE_LIFE,
            };
            queries::insert_otp(c, &code, now).or_fault("insert code")
        })
        .await?;
    let words = app.profile.notices.sign_in_code(&code);
    let message = Message {
        id: Id::new().0,
        channel: NoticeChannel::Sms.as_str(),
        event: NoticeEvent::SignInCode.as_str(),
        to: phone,
        text: words,
    };
    // Whether there is such a phone is nobody's to learn here.
    app.gateway.send(&message, now).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A phone and the code sent to it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeSignIn {
    /// The phone the code was sent to.
    #[validate(length(min = 1, max = 64, message = "has 1 to 64 letters"))]
    #[schema(min_length = 1, max_length = 64)]
    pub phone: String,
    /// The six digits.
    #[validate(length(equal = 6, message = "has six digits"))]
    #[schema(min_length = 6, max_length = 6)]
    pub code: String,
}

/// Signs a resident in by phone code. A code works once, within five minutes, five attempts from
/// where it was asked for and five from everywhere else: a stranger who knows the number uses up
/// nothing of its owner's.
#[utoipa::path(post, path = "/api/v1/residents/sessions", tag = "residents", operation_id = "create_resident_session",
    request_body = CodeSignIn,
    responses((status = 200, body = Tokens), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn sign_in(
    app: web::Data<App>,
    address: Address,
    device: Device,
    body: Body<CodeSignIn>,
) -> Result<HttpResponse, Problem> {
    let phone = mobile(&body.value.phone)?;
    let phone_key = app.keys.blind_index(PHONE_KEY, &phone);
    let phone_keys = app.keys.blind_indexes(PHONE_KEY, &phone);
    let attempt = Try::of_resident(&app.limits, &phone_key, &address.0)?;
    let hash = hash_token(&format!("{phone_key}{}", body.value.code));
    let (keys, now, from) = (app.keys.clone(), app.now(), asker(&app, &address));
    let tokens = app
        .db
        .write(move |c| {
            // A refusal is no error in here: the attempt must be counted, not rolled back.
            if !is_right_code(c, &phone_key, &from, &hash, now)? {
                return Ok(None);
            }
            let resident =
                queries::resident_of_phone(c, &phone_keys, now).or_fault("load resident")?;
            queries::keep_phone(
                c,
                resident,
                &sealed::RESIDENT_PHONE.seal(&keys, resident.0.as_bytes(), phone.as_bytes())?,
            )
            .or_fault("keep the phone")?;
            session::open(c, &keys, Subject::Resident, resident, device.0, now).map(Some)
        })
        .await?;
    let refused = || {
        Problem::because(
            Code::BadCredentials,
            "the code is wrong, used or expired; ask for a new one",
        )
    };
    let tokens = tokens.ok_or_else(refused)?;
    attempt.give_back(&app.limits);
    Ok(HttpResponse::Ok().json(tokens))
}

fn asker(app: &App, address: &Address) -> String {
    app.keys.blind_index(ASKER, &address.0.to_string())
}

/// Whether this is an open code of the phone, which it is once. The attempt is counted before
/// anything is compared.
fn is_right_code(
    conn: &mut Connection,
    phone_key: &str,
    from: &str,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let open = queries::attempt_otp(conn, phone_key, from, MAX_ATTEMPTS, now);
    let open = open.or_fault("count attempt")?;
    match open.iter().find(|(_, sent)| sent == hash) {
        None => Ok(false),
        Some((id, _)) => queries::use_otp(conn, *id, phone_key, now).or_fault("use code"),
    }
}
