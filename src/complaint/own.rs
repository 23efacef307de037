//! A signed-in resident's own complaints.

use actix_web::{HttpRequest, HttpResponse, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{queries::ComplaintRow, views::ComplaintSummary};
use crate::account::Resident;
use crate::app::App;
use crate::platform::{
    db::{Id, schema::complaint},
    http::{Page, PageQuery, Query},
    problem::{OnDb, Problem},
};

/// A page of one's own complaints.
#[derive(Debug, Serialize, Deserialize)]
struct OwnKey(Id);

/// A resident's own complaint, with its code.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnComplaint {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// The code to follow it by.
    pub tracking_code: String,
}

/// The complaints a signed-in resident filed, newest first.
#[utoipa::path(get, path = "/api/v1/residents/me/complaints", tag = "residents", operation_id = "list_own_complaints",
    params(PageQuery),
    responses((status = 200, body = Page<OwnComplaint>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn own_complaints(
    app: web::Data<App>,
    resident: Resident,
    query: Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let limit = query.0.limit();
    let after: Option<OwnKey> = query.0.after()?;
    let rows: Vec<ComplaintRow> = app
        .db
        .read(move |conn| {
            let mut rows = complaint::table
                .filter(complaint::resident_id.eq(resident.id))
                .order(complaint::id.desc())
                .limit(limit + 1)
                .select(ComplaintRow::as_select())
                .into_boxed();
            if let Some(OwnKey(id)) = after {
                rows = rows.filter(complaint::id.lt(id));
            }
            rows.load(conn).or_fault("list own complaints")
        })
        .await?;
    let profile = app.profile.clone();
    let page = Page::of(
        rows,
        limit,
        |row| OwnKey(row.id),
        |row| OwnComplaint {
            summary: ComplaintSummary::of(&profile, &row),
            tracking_code: row.tracking_code,
        },
    );
    Ok(page.into_response(&request))
}
