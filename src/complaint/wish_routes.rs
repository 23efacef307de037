//! Saying what a reporter wishes of who they are: by their code, or by staff who hear it.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    locks,
    person::SecrecyBody,
    tracking::{code_of, counted},
    wishes::{self, WishesView},
};
use crate::account::{Staff, caller::Address};
use crate::app::App;
use crate::platform::{
    http::{Answer, Body, IdempotencyKey, says_something},
    problem::Problem,
};
use crate::privacy::secrecy;
use crate::record::Actor;

/// What a reporter wishes from now on; what is not said stays as it is.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WishesBody {
    /// 保密.
    #[validate(nested)]
    pub secrecy: Option<SecrecyBody>,
    /// Whether they agree to be named to the unit that handles the matter; never together with
    /// secrecy, which stands.
    pub naming_consent: Option<bool>,
}

/// Says what the reporter wishes of who they are: secrecy (保密), or to be named to the unit that
/// handles the matter. Asked for at any time, whatever became of the complaint.
#[utoipa::path(post, path = "/api/v1/tracking/{code}/wishes", tag = "tracking", operation_id = "set_wishes",
    params(("code" = String, Path, description = "Tracking code")), request_body = WishesBody,
    responses((status = 200, body = WishesView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn set_wishes(
    app: web::Data<App>,
    address: Address,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<WishesBody>,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_code(conn, &code)?;
            let known = wishes::of(conn, &shared.keys, row.id)?;
            let wish = known.said(value.secrecy, value.naming_consent);
            let said = (&Actor::Reporter, None);
            wishes::change(conn, &shared.keys, &row, &wish, said, now)?;
            Answer::ok(&WishesView::from(&wish))
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    Ok(answer.into_response())
}

/// What staff heard that a reporter wishes; what is not said stays as it is.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeardWishesBody {
    /// 保密.
    #[validate(nested)]
    pub secrecy: Option<SecrecyBody>,
    /// Whether they agree to be named to the unit that handles the matter.
    pub naming_consent: Option<bool>,
    /// How it was heard; kept in the record.
    #[validate(
        length(min = 4, max = 500, message = "has 4 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 4, max_length = 500)]
    pub reason: String,
}

/// Says what staff heard of a reporter: that they ask for secrecy (保密), or agree to be named. Whoever
/// sees reporters may keep one secret; only the named posts of the profile, or the reporter by their
/// code, lift it again (403).
#[utoipa::path(post, path = "/api/v1/complaints/{number}/wishes", tag = "complaints", operation_id = "set_heard_wishes",
    params(("number" = String, Path)), request_body = HeardWishesBody,
    responses((status = 200, body = WishesView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn set_heard_wishes(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<HeardWishesBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            let known = wishes::of(conn, &shared.keys, row.id)?;
            let asked = known.secrecy;
            let wish = known.said(value.secrecy, value.naming_consent);
            if asked && !wish.secrecy {
                secrecy::admit(conn, &shared.profile, staff.role, row.id)?;
            }
            let actor = staff.actor();
            let said = (&actor, Some(value.reason.as_str()));
            wishes::change(conn, &shared.keys, &row, &wish, said, now)?;
            Answer::ok(&WishesView::from(&wish))
        })
        .await?;
    Ok(answer.into_response())
}
