//! A member of staff's own password: shown again where a token alone is not enough, and changed.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    caller::Staff,
    devices, password, queries,
    strength::{self, Whose},
    throttle::Try,
};
use crate::app::App;
use crate::platform::{
    hashing::Turn,
    http::Body,
    problem::{ItemCode, OnDb, Problem},
};
use crate::record::{self, AccountEvent, Event};

fn not_yours(field: &str) -> Problem {
    Problem::invalid(field, ItemCode::WrongPassword, "is not your password")
}

async fn hash_of(app: &App, staff: &Staff) -> Result<Option<String>, Problem> {
    let id = staff.id;
    let found = app
        .db
        .read(move |c| queries::staff_by_id(c, id).or_fault("load staff"))
        .await?;
    Ok(found.map(|row| row.password_hash))
}

/// Demands the caller's password again, in a field of the body.
///
/// # Errors
/// 422 when it is another, 429 when it was too often.
pub(super) async fn demand(
    app: &App,
    staff: &Staff,
    field: &str,
    given: String,
) -> Result<(), Problem> {
    let attempt = Try::of_session(&app.limits, staff.session)?;
    let hash = hash_of(app, staff).await?;
    let right = app
        .hashing
        .run(Turn::Known, &staff.username, move |memory| {
            password::matches(&given, hash.as_deref(), memory)
        })
        .await?;
    if !right {
        return Err(not_yours(field));
    }
    attempt.give_back(&app.limits);
    Ok(())
}

/// The old and the new password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password.
    #[validate(length(min = 1, max = 256, message = "has 1 to 256 letters"))]
    #[schema(min_length = 1, max_length = 256)]
    pub old_password: String,
    /// The one to be: 10 letters or more, and none that is easily guessed.
    #[validate(length(min = 10, max = 256, message = "has 10 to 256 letters"))]
    #[schema(min_length = 10, max_length = 256)]
    pub new_password: String,
}

/// What a device is known by from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// In the place of the device token kept before: all were forgotten with the old password.
    pub device_token: String,
}

/// Changes one's own password and ends one's other sessions.
#[utoipa::path(post, path = "/api/v1/staff/me/password", tag = "sessions", operation_id = "change_password",
    request_body = ChangePassword,
    responses((status = 200, body = PasswordChanged), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn change(
    app: web::Data<App>,
    staff: Staff,
    body: Body<ChangePassword>,
) -> Result<HttpResponse, Problem> {
    let ChangePassword {
        old_password,
        new_password,
    } = body.value;
    let (username, display_name) = (staff.username.clone(), staff.display_name.clone());
    let profile = app.profile.clone();
    let old = old_password.clone();
    demand(&app, &staff, "old_password", old_password).await?;
    let hash = app
        .hashing
        .run(Turn::Known, &staff.username, move |memory| {
            if old == new_password {
                let message = "is the old one";
                return Err(Problem::invalid(
                    "new_password",
                    ItemCode::Unchanged,
                    message,
                ));
            }
            let whose = Whose {
                username: &username,
                display_name: &display_name,
                district: strength::words_of(&profile),
            };
            strength::check("new_password", &new_password, &whose)?;
            password::hash_in(&new_password, memory)
        })
        .await??;
    let now = app.now();
    let device_token = app
        .db
        .write(move |c| {
            queries::set_password(c, staff.id, &hash, Some(staff.session), now)
                .or_fault("set password")?;
            let actor = staff.actor();
            let event = Event::of(AccountEvent::ChangePassword, staff.id, &actor);
            record::append(c, &event, now).or_fault("record")?;
            devices::remember(c, staff.id, now).or_fault("remember the device")
        })
        .await?;
    Ok(HttpResponse::Ok().json(PasswordChanged { device_token }))
}
