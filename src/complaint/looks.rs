//! Who looked behind a mask: for the office all of them, for residents those that concern them
//! (个人信息保护法 44、45 条).

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{
    queries,
    tracking::{code_of, counted},
    unmask::UnmaskPurpose,
};
use crate::account::{Resident, Role, Staff, caller::Address};
use crate::app::App;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, staff, unmasking},
    },
    http::{Page, PageQuery, Query},
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::{Need, Words};
use crate::record::local;

/// Looks shown to a reporter at most.
const SHOWN_MAX: i64 = 500;

/// One look behind a mask, as the office reads it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnmaskingView {
    /// Id.
    pub id: Id,
    /// Number of the complaint whose reporters were shown.
    pub complaint: String,
    /// User name of who looked.
    pub staff: String,
    /// Their role then.
    pub role: String,
    /// What for.
    pub purpose: String,
    /// In Chinese.
    pub purpose_name: &'static str,
    /// Why.
    pub reason: String,
    /// Whether it was one of very many in an hour.
    pub alarm: bool,
    /// When.
    pub at: DateTime<FixedOffset>,
}

type Row = (
    Id,
    Id,
    String,
    String,
    String,
    String,
    String,
    bool,
    UtcTime,
);

impl UnmaskingView {
    fn of(keys: &Keys, row: Row, words: &Words) -> Self {
        let (id, _, complaint, staff, role, purpose, reason, alarm, at) = row;
        Self {
            id,
            complaint,
            staff,
            role,
            purpose_name: UnmaskPurpose::name_of(&purpose),
            purpose,
            reason: words.text(sealed::UNMASKING_REASON.read_text(keys, id.0.as_bytes(), reason)),
            alarm,
            at: local(at),
        }
    }
}

/// Filters of the list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UnmaskingQuery {
    /// User name of who looked.
    pub staff: Option<String>,
    /// Number of a complaint.
    pub complaint: Option<String>,
    /// `true`: only those that raised an alarm.
    pub alarm: Option<bool>,
    /// From this instant on.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub until: Option<DateTime<Utc>>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Who looked behind which mask, when and why, newest first.
#[utoipa::path(get, path = "/api/v1/unmaskings", tag = "complaints", operation_id = "list_unmaskings",
    params(UnmaskingQuery),
    responses((status = 200, body = Page<UnmaskingView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_unmaskings(
    app: web::Data<App>,
    caller: Staff,
    query: Query<UnmaskingQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let UnmaskingQuery {
        staff: username,
        complaint: number,
        alarm,
        since,
        until,
        cursor,
        limit,
    } = query.0;
    let (paging, after) = PageQuery { cursor, limit }.page::<Id>(&request)?;
    let shared = app.clone();
    let views = app
        .db
        .read(move |conn| {
            let mut rows = unmasking::table
                .inner_join(complaint::table)
                .inner_join(staff::table)
                .order(unmasking::id.desc())
                .limit(paging.limit + 1)
                .select((
                    unmasking::id,
                    unmasking::complaint_id,
                    complaint::number,
                    staff::username,
                    unmasking::role,
                    unmasking::purpose,
                    unmasking::reason,
                    unmasking::alarm,
                    unmasking::at,
                ))
                .into_boxed();
            if let Some(username) = username {
                rows = rows.filter(staff::username.eq(username));
            }
            if let Some(number) = number {
                rows = rows.filter(complaint::number.eq(number));
            }
            if let Some(alarm) = alarm {
                rows = rows.filter(unmasking::alarm.eq(alarm));
            }
            if let Some(since) = since {
                rows = rows.filter(unmasking::at.ge(UtcTime(since)));
            }
            if let Some(until) = until {
                rows = rows.filter(unmasking::at.lt(UtcTime(until)));
            }
            if let Some(id) = after {
                rows = rows.filter(unmasking::id.lt(id));
            }
            let rows: Vec<Row> = rows.load(conn).or_fault("list unmaskings")?;
            shown(conn, &shared, &caller, rows)
        })
        .await?;
    let page = paging.of(views, |view| view.id, |view| view);
    Ok(page.into_response(&request))
}

/// Looks as a member of staff reads them: their reasons name whom they were about.
fn shown(
    conn: &mut Connection,
    app: &App,
    caller: &Staff,
    rows: Vec<Row>,
) -> Result<Vec<UnmaskingView>, Problem> {
    let about = rows.iter().map(|row| (row.0, vec![row.1])).collect();
    let need = Need::of(caller.role, &app.profile);
    let words = Words::about_matters(conn, &app.keys, need, &about)?;
    let views = rows.into_iter().map(|row| {
        let words = words.get(&row.0);
        let words = words.ok_or_else(|| Problem::fault("no words about a complaint"))?;
        Ok(UnmaskingView::of(&app.keys, row, words))
    });
    views.collect()
}

/// A look at a reporter's data, as the reporter reads it: of the officer the role alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookView {
    /// Number of the complaint.
    pub complaint: String,
    /// Role of who looked.
    pub role: String,
    /// The role in Chinese.
    pub role_name: &'static str,
    /// What for.
    pub purpose: String,
    /// In Chinese.
    pub purpose_name: &'static str,
    /// When.
    pub at: DateTime<FixedOffset>,
}

type LookRow = (Id, String, String, String, UtcTime);

/// The columns of a [`LookRow`].
const LOOK: (
    unmasking::id,
    complaint::number,
    unmasking::role,
    unmasking::purpose,
    unmasking::at,
) = (
    unmasking::id,
    complaint::number,
    unmasking::role,
    unmasking::purpose,
    unmasking::at,
);

impl From<LookRow> for LookView {
    fn from((_, complaint, role, purpose, at): LookRow) -> Self {
        Self {
            complaint,
            role_name: role.parse::<Role>().map_or("", Role::zh),
            role,
            purpose_name: UnmaskPurpose::name_of(&purpose),
            purpose,
            at: local(at),
        }
    }
}

/// Who looked at the reporters of the complaints a signed-in resident filed, newest first.
#[utoipa::path(get, path = "/api/v1/residents/me/unmaskings", tag = "residents", operation_id = "list_own_unmaskings",
    params(PageQuery),
    responses((status = 200, body = Page<LookView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn own_unmaskings(
    app: web::Data<App>,
    resident: Resident,
    query: Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, after) = query.0.page::<Id>(&request)?;
    let rows: Vec<LookRow> = app
        .db
        .read(move |conn| {
            let mut rows = unmasking::table
                .inner_join(complaint::table)
                .filter(complaint::resident_id.eq(resident.id))
                .order(unmasking::id.desc())
                .limit(paging.limit + 1)
                .select(LOOK)
                .into_boxed();
            if let Some(id) = after {
                rows = rows.filter(unmasking::id.lt(id));
            }
            rows.load(conn).or_fault("list own unmaskings")
        })
        .await?;
    let page = paging.of(rows, |row| row.0, LookView::from);
    Ok(page.into_response(&request))
}

/// Who looked at the reporters of one complaint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Looks {
    /// Newest first.
    pub unmaskings: Vec<LookView>,
}

/// Who looked at the reporters of a followed complaint, newest first.
#[utoipa::path(get, path = "/api/v1/tracking/{code}/unmaskings", tag = "tracking", operation_id = "list_tracked_unmaskings",
    params(("code" = String, Path, description = "Tracking code")),
    responses((status = 200, body = Looks), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn tracked_unmaskings(
    app: web::Data<App>,
    address: Address,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    let rows: Vec<LookRow> = app
        .db
        .read(move |conn| {
            let row = queries::by_tracking_code(conn, &code).or_fault("load a complaint")?;
            let row = row.ok_or_else(Problem::not_found)?;
            unmasking::table
                .inner_join(complaint::table)
                .filter(unmasking::complaint_id.eq(row.id))
                .order(unmasking::id.desc())
                .limit(SHOWN_MAX)
                .select(LOOK)
                .load(conn)
                .or_fault("list unmaskings")
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    let unmaskings = rows.into_iter().map(LookView::from).collect();
    Ok(HttpResponse::Ok().json(Looks { unmaskings }))
}
