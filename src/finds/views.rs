//! What was found, as who found it, whose street it was found in and who studies it see it.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::queries::{self, FoundRow};
use crate::account::{Staff, queries::usernames};
use crate::app::App;
use crate::complaint::{
    queries as complaints, subjects,
    views::PlaceView,
    visits::{self, CaseVisitView},
};
use crate::evidence::{album::PhotoView, queries as evidence};
use crate::platform::{
    db::{Connection, Id},
    http::{Page, PageQuery, Query, versioned},
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Scope, Words};
use crate::record::{self, ComplaintEvent, ComplaintState, local};

/// Rows of a history looked at for the reason of the last decision.
const HISTORY: i64 = 100;

/// Decisions on a find, whose reason is told.
const DECISIONS: [ComplaintEvent; 5] = [
    ComplaintEvent::TakeUp,
    ComplaintEvent::Settle,
    ComplaintEvent::Dismiss,
    ComplaintEvent::Restudy,
    ComplaintEvent::Withdraw,
];

/// What was found, in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindSummary {
    /// Number, of the series of complaints: what is read of a complaint by its number is read of it.
    pub number: String,
    /// State: `to_study`, `taken_up`, `settled`, `dismissed`, `withdrawn`, `archived`.
    pub state: ComplaintState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// How it came to light: `grassroots` 基层摸, `own_check` 本级查.
    pub discovery_mode: String,
    /// The channel of the clue: `monitoring` 监测, `supervision` 监管, `enforcement` 执法, `patrol` 巡查.
    pub clue_channel: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// What was seen, with personal data masked for roles without need.
    pub description: String,
    /// Code of the street it was found in.
    pub street_code: Option<String>,
    /// User name of who found it.
    pub found_by: String,
    /// When it was seen, as far as the device's clock and ours tell.
    pub seen_at: DateTime<FixedOffset>,
    /// When it reached us.
    pub received_at: DateTime<FixedOffset>,
    /// What was found out, once it is settled: `true` 属实, `partly_true` 部分属实, `not_true` 不属实,
    /// `unverifiable` 无法核实.
    pub result: Option<String>,
    /// When that or another decision was made.
    pub decided_at: Option<DateTime<FixedOffset>>,
}

/// What was found, with what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindView {
    /// What lists show.
    #[serde(flatten)]
    pub summary: FindSummary,
    /// Address, masked for roles without need.
    pub address: Option<String>,
    /// Premises, masked for roles without need.
    pub premises: Option<String>,
    /// Where.
    pub place: PlaceView,
    /// Begin of what was seen.
    pub occurred_at: Option<DateTime<FixedOffset>>,
    /// Its end.
    pub occurred_until: Option<DateTime<FixedOffset>>,
    /// The device's clock when it was seen, as claimed.
    pub device_time: DateTime<FixedOffset>,
    /// By how many seconds our clock was ahead of the device's, where the device said what it showed.
    pub clock_offset_s: Option<i64>,
    /// Number of the entry it belongs to.
    pub entry: String,
    /// `own`, `suspected`, `provisional`, `confirmed`.
    pub link: String,
    /// Why it was decided so the last time, masked for roles without need.
    pub reason: Option<String>,
    /// Photos and files, those of visits included.
    pub photos: Vec<PhotoView>,
    /// Visits to its matter, oldest first.
    pub visits: Vec<CaseVisitView>,
    /// Whether it was filed before, and this answers it again.
    pub already_received: bool,
    /// Version, also the `ETag`.
    pub version: i32,
}

/// Filters of the list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FindsQuery {
    /// State.
    pub state: Option<String>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// What was found, the newest first: a grid officer, section or station reads their own, a street's account
/// what was found in the street, the brigade and the office all.
#[utoipa::path(get, path = "/api/v1/finds", tag = "finds", operation_id = "list_finds",
    params(FindsQuery),
    responses((status = 200, body = Page<FindSummary>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_finds(
    app: web::Data<App>,
    staff: Staff,
    query: Query<FindsQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let FindsQuery {
        state,
        cursor,
        limit,
    } = query.0;
    let state: Option<ComplaintState> = state
        .map(|name| name.parse())
        .transpose()
        .map_err(|_| Problem::bad_parameter("state", "is not a state of finds"))?;
    let (paging, after) = PageQuery { cursor, limit }.page::<Id>(&request)?;
    let shared = app.clone();
    let rows = app
        .db
        .read(move |conn| {
            let theirs = Scope::of(&staff).finds();
            let rows = queries::list(conn, theirs, state, after, paging.limit + 1);
            summaries(conn, &shared, &staff, rows.or_fault("list finds")?)
        })
        .await?;
    let page = paging.of(rows, |(id, _)| *id, |(_, summary)| summary);
    Ok(page.into_response(&request))
}

/// What was found, with its photos, its visits and what became of it.
#[utoipa::path(get, path = "/api/v1/finds/{number}", tag = "finds", operation_id = "get_find",
    params(("number" = String, Path)),
    responses((status = 200, body = FindView, headers(("ETag"))), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_find(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shared = app.clone();
    let view = app
        .db
        .read(move |conn| {
            let row = queries::visible(conn, Scope::of(&staff).finds(), &path)?;
            view_of(conn, &shared, &staff, row)
        })
        .await?;
    versioned(view.version, &view)
}

/// Rows as a list shows them, each with the id it is ordered by.
fn summaries(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    rows: Vec<FoundRow>,
) -> Result<Vec<(Id, FindSummary)>, Problem> {
    let ids: Vec<Id> = rows.iter().map(|(found, ..)| found.complaint_id).collect();
    let finders = rows.iter().map(|(found, ..)| found.found_by).collect();
    let names = usernames(conn, finders).or_fault("load names")?;
    let names: HashMap<Id, String> = names.into_iter().collect();
    let mut texts = queries::texts(conn, &ids).or_fault("load the words")?;
    let need = Need::of(staff.role, &app.profile);
    let words = Words::about(conn, &app.keys, need, &ids)?;
    let shown = rows.into_iter().map(|(found, row, mode)| {
        let id = found.complaint_id;
        let text = texts.remove(&id);
        let text = text.ok_or_else(|| Problem::fault("a find has no words"))?;
        let text = text.opened(&app.keys, id);
        let summary = FindSummary {
            state_name: row.state.label(),
            state: row.state,
            category_name: app.profile.category_name(&row.category),
            category: row.category,
            discovery_mode: mode,
            clue_channel: found.clue_channel,
            description: words.stored(text.description, text.description_masked),
            street_code: found.street_code,
            found_by: names.get(&found.found_by).cloned().unwrap_or_default(),
            seen_at: local(found.seen_at),
            received_at: local(row.received_at),
            result: found.result,
            decided_at: found.decided_at.map(local),
            number: row.number,
        };
        Ok((id, summary))
    });
    shown.collect()
}

/// A find as it stands, for somebody who may see it.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn view_of(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    found: FoundRow,
) -> Result<FindView, Problem> {
    let row = found.1.clone();
    let (device_time, offset) = (found.0.device_time, found.0.clock_offset_ms);
    let text = complaints::text_of(conn, row.id).or_fault("load the words")?;
    let text = text.opened(&app.keys, row.id);
    let place = complaints::place_of(conn, row.id).or_fault("load the place")?;
    let subjects = subjects::of_complaints(conn, &[row.id]).or_fault("load visits")?;
    let stored = evidence::of(conn, &app.keys, &subjects).or_fault("load photos")?;
    let visits = visits::in_short(conn, &row).or_fault("load visits")?;
    let entry = complaints::entry_number_of(conn, row.entry_id).or_fault("load the entry")?;
    let history = record::history(conn, &app.keys, row.id, HISTORY).or_fault("load the history")?;
    let decided = history.into_iter().rev().find(|line| {
        let mut decisions = DECISIONS.iter();
        decisions.any(|event| event.as_str() == line.event)
    });
    let need = Need::of(staff.role, &app.profile);
    let words = Words::about(conn, &app.keys, need, &[row.id])?;
    let summary = summaries(conn, app, staff, vec![found])?.pop();
    let (_, summary) = summary.ok_or_else(|| Problem::fault("a find is not shown"))?;
    Ok(FindView {
        summary,
        address: words.maybe_stored(text.address, text.address_masked),
        premises: words.maybe(text.premises),
        place: PlaceView::from(place),
        occurred_at: row.occurred_at.map(local),
        occurred_until: row.occurred_until.map(local),
        device_time: local(device_time),
        clock_offset_s: offset.map(|ms| ms / 1000),
        entry,
        link: row.link,
        reason: words.maybe(decided.and_then(|line| line.reason)),
        photos: stored
            .into_iter()
            .map(|photo| photo.view_for(words.with_need()))
            .collect(),
        visits,
        already_received: false,
        version: row.version,
    })
}
