//! A complaint's pictures that were sent with other complaints as well.

use actix_web::{HttpResponse, web};
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::{staff_routes::visible, subjects};
use crate::account::Staff;
use crate::app::App;
use crate::evidence::reuse::near;
use crate::platform::{
    db::{Connection, Id},
    problem::{OnDb, Problem},
};

/// Reuses told at most.
const TOLD_MAX: usize = 100;

/// A picture that was sent elsewhere as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct ReusedPhoto {
    /// The complaint's own photo.
    pub photo: Id,
    /// Number of the complaint that carries the other.
    pub number: String,
    /// The other photo.
    pub other: Id,
    /// Bits in which the two differ: 0 to 31 of 256.
    pub distance: u32,
}

/// A complaint's pictures that were sent elsewhere as well.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReusedPhotos {
    /// The closest first.
    pub items: Vec<ReusedPhoto>,
}

/// The pictures of a complaint that were sent with others as well, however they were turned.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/reused-photos", tag = "complaints", operation_id = "list_reused_photos",
    params(("number" = String, Path)),
    responses((status = 200, body = ReusedPhotos), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_reused_photos(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let items = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            reused(conn, row.id).or_fault("look for reused photos")
        })
        .await?;
    Ok(HttpResponse::Ok().json(ReusedPhotos { items }))
}

fn reused(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<ReusedPhoto>> {
    let own = subjects::of_complaints(conn, &[complaint])?;
    let found = near(conn, &own)?;
    let others: Vec<Id> = found.iter().map(|near| near.subject).collect();
    let numbers = subjects::numbers_behind(conn, &others)?;
    let mut told: Vec<ReusedPhoto> = Vec::new();
    for near in found {
        let behind = numbers.get(&near.subject).into_iter().flatten();
        told.extend(behind.map(|number| ReusedPhoto {
            photo: near.own,
            number: number.clone(),
            other: near.other,
            distance: near.distance,
        }));
    }
    told.sort_by(|a, b| a.distance.cmp(&b.distance).then_with(|| a.cmp(b)));
    told.truncate(TOLD_MAX);
    Ok(told)
}
