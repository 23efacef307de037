//! Many visits ordered in one step: all of them or none.

use std::iter::once;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    dispatch::{DispatchBody, send},
    matter::Matter,
    queries::VisitRow,
    views::{VerificationView, views},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::locks;
use crate::platform::{
    http::{Answer, Body, IdempotencyKey, check_bulk, each_of_bulk},
    problem::Problem,
};

/// One of many visits to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchItem {
    /// Number of the complaint it is ordered for.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: String,
    /// The order.
    #[validate(nested)]
    pub order: DispatchBody,
}

/// Many visits to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchesBody {
    /// 1 to 100 of them.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<DispatchItem>,
}

/// Visits that were ordered.
#[derive(Debug, Serialize, ToSchema)]
pub struct DispatchesDone {
    /// One for each item, in their order.
    pub items: Vec<VerificationView>,
}

/// Orders many visits, all or nothing: each as it is ordered alone, for a complaint and, if asked, for
/// others of the same entry.
#[utoipa::path(post, path = "/api/v1/verifications", tag = "verification", operation_id = "dispatch_many",
    request_body = DispatchesBody,
    responses((status = 200, body = DispatchesDone), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn dispatch_many(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<DispatchesBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    check_bulk(&value.items, "orders")?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let named = value.items.iter().flat_map(|item| {
                let also = item.order.complaints.iter().map(String::as_str);
                once(item.number.as_str()).chain(also)
            });
            // All at once, in the one order of locks; each matter is then found among them.
            locks::numbered(conn, &named.collect::<Vec<_>>())?;
            let items = value.items.iter().map(|i| (i.number.as_str(), &i.order));
            let visits: Vec<VisitRow> = each_of_bulk(items, |number, order| {
                order.check(now)?;
                let matter = Matter::whole(conn, number, &order.complaints)?;
                send(conn, &shared, &staff, &matter, order, now)
            })?;
            let items = views(conn, &shared, &staff, visits)?;
            Answer::ok(&DispatchesDone { items })
        })
        .await?;
    Ok(answer.into_response())
}
