//! A signed-in resident's own complaints.

use actix_web::{HttpRequest, HttpResponse, web};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::queries::ComplaintRow;
use crate::account::Resident;
use crate::app::App;
use crate::platform::{
    db::{Id, schema::complaint},
    http::{Page, PageQuery, Query},
    problem::{OnDb, Problem},
};
use crate::record::{ComplaintState, local};

/// A resident's own complaint, with its code. What the matching thinks of it stays inside.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnComplaint {
    /// Number.
    pub number: String,
    /// State.
    pub state: ComplaintState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Category code.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// The first day on which a duty runs out; null once nothing is owed to you.
    pub due_on: Option<NaiveDate>,
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
    let (paging, after) = query.0.page::<Id>(&request)?;
    let rows: Vec<ComplaintRow> = app
        .db
        .read(move |conn| {
            let mut rows = complaint::table
                .filter(complaint::resident_id.eq(resident.id))
                .order(complaint::id.desc())
                .limit(paging.limit + 1)
                .select(ComplaintRow::as_select())
                .into_boxed();
            if let Some(id) = after {
                rows = rows.filter(complaint::id.lt(id));
            }
            rows.load(conn).or_fault("list own complaints")
        })
        .await?;
    let profile = app.profile.clone();
    let page = paging.of(
        rows,
        |row| row.id,
        |row| OwnComplaint {
            state_name: row.state.label(),
            category_name: profile.category_name(&row.category),
            received_at: local(row.received_at),
            due_on: row.owed_on(),
            number: row.number,
            state: row.state,
            category: row.category,
            tracking_code: row.tracking_code,
        },
    );
    Ok(page.into_response(&request))
}
