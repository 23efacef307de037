//! What was sent to units, as they and the brigade see it. Units read masked words, no reporter and no
//! point on the map.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::queries::{self, HandoverRow};
use crate::account::{Role, Staff};
use crate::app::App;
use crate::complaint::queries::{self as complaints, TextRow};
use crate::district::Profile;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, complaint_place, complaint_text, handover},
    },
    http::{Page, PageQuery, Query, versioned},
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Scope, Words};
use crate::record::{HandoverState, local};

/// Roles that read what was sent to units: of a unit's account what was sent to its own.
pub const READERS: &[Role] = &[
    Role::Brigade,
    Role::Office,
    Role::Section,
    Role::Station,
    Role::PartyOffice,
    Role::Street,
    Role::Department,
    Role::Park,
    Role::Enterprise,
    Role::Expert,
];

/// A complaint that was sent to a unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandoverView {
    /// Id.
    pub id: Id,
    /// Number of the complaint.
    pub complaint: String,
    /// State.
    pub state: HandoverState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Code of the unit it was sent to.
    pub unit: String,
    /// The unit's name.
    pub unit_name: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// Code of the street it lies in.
    pub street_code: Option<String>,
    /// The street's name.
    pub street_name: Option<String>,
    /// What is complained of, with personal data masked for units.
    pub description: String,
    /// Address, masked for units.
    pub address: Option<String>,
    /// Premises, masked for units.
    pub premises: Option<String>,
    /// When it happened, or began.
    pub occurred_at: Option<DateTime<FixedOffset>>,
    /// When it ended.
    pub occurred_until: Option<DateTime<FixedOffset>>,
    /// When it was sent to the unit.
    pub sent_at: DateTime<FixedOffset>,
    /// When the unit signed for it.
    pub signed_at: Option<DateTime<FixedOffset>>,
    /// When the unit answered it or sent it back, or it was taken from the unit.
    pub ended_at: Option<DateTime<FixedOffset>>,
    /// What the unit answered, masked for units.
    pub answer: Option<String>,
    /// Why the unit sent it back, masked for units.
    pub reason: Option<String>,
    /// Version, also the `ETag`.
    pub version: i32,
}

/// What is told of a complaint to the unit it was sent to, beside its words.
#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint)]
struct Matter {
    id: Id,
    number: String,
    category: String,
    occurred_at: Option<UtcTime>,
    occurred_until: Option<UtcTime>,
    #[diesel(embed)]
    place: Street,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint_place)]
struct Street {
    street_code: Option<String>,
}

impl HandoverView {
    fn of(
        profile: &Profile,
        row: HandoverRow,
        (matter, text): (&Matter, TextRow),
        words: &Words,
    ) -> Self {
        let unit = profile.unit(&row.unit_code);
        let street = matter.place.street_code.as_deref();
        let street = street.and_then(|code| profile.street(code));
        Self {
            id: row.id,
            complaint: matter.number.clone(),
            state: row.state,
            state_name: row.state.label(),
            unit_name: unit.map_or_else(|| row.unit_code.clone(), |unit| unit.name.clone()),
            unit: row.unit_code,
            category_name: profile.category_name(&matter.category),
            category: matter.category.clone(),
            street_name: street.map(|street| street.name.clone()),
            street_code: matter.place.street_code.clone(),
            description: words.stored(text.description, text.description_masked),
            address: words.maybe_stored(text.address, text.address_masked),
            premises: words.maybe(text.premises),
            occurred_at: matter.occurred_at.map(local),
            occurred_until: matter.occurred_until.map(local),
            sent_at: local(row.sent_at),
            signed_at: row.signed_at.map(local),
            ended_at: row.ended_at.map(local),
            answer: words.maybe(row.answer),
            reason: words.maybe(row.reason),
            version: row.version,
        }
    }
}

/// One as it stands now, for somebody who may see it.
///
/// # Errors
/// A fault when the database fails.
pub fn present(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    id: Id,
) -> Result<HandoverView, Problem> {
    let row = queries::by_id(conn, id).or_fault("load a handover")?;
    view(conn, app, staff, row)
}

fn view(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: HandoverRow,
) -> Result<HandoverView, Problem> {
    let mut views = views(conn, app, staff, vec![row])?;
    views.pop().ok_or_else(Problem::not_found)
}

/// The views of a page: complaints, texts and places in one query, and what is known of the reporters
/// in a few, however many rows there are.
fn views(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    rows: Vec<HandoverRow>,
) -> Result<Vec<HandoverView>, Problem> {
    let sent = rows.iter().map(|row| row.complaint_id);
    let told: Vec<(Matter, TextRow)> = complaint::table
        .inner_join(complaint_text::table)
        .inner_join(complaint_place::table)
        .filter(complaint::id.eq_any(sent.collect::<Vec<Id>>()))
        .select((Matter::as_select(), TextRow::as_select()))
        .load(conn)
        .or_fault("load what was sent")?;
    let told: HashMap<Id, (Matter, TextRow)> =
        told.into_iter().map(|told| (told.0.id, told)).collect();
    let about = rows.iter().map(|row| (row.id, vec![row.complaint_id]));
    let need = Need::of(staff.role, &app.profile);
    let words = Words::about_matters(conn, &app.keys, need, &about.collect())?;
    let views = rows.into_iter().map(|row| {
        let known = told.get(&row.complaint_id).zip(words.get(&row.id));
        let ((matter, text), words) =
            known.ok_or_else(|| Problem::fault("a handover without complaint"))?;
        // A complaint that was sent twice is told of twice.
        let text = text.clone().opened(&app.keys, matter.id);
        let row = row.opened(&app.keys);
        Ok(HandoverView::of(&app.profile, row, (matter, text), words))
    });
    views.collect()
}

/// Filters of the list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HandoverQuery {
    /// State.
    #[param(inline)]
    pub state: Option<HandoverState>,
    /// Code of a unit.
    pub unit: Option<String>,
    /// Number of a complaint.
    pub complaint: Option<String>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// What was sent to units (转送件), the newest first: for the brigade and the office all of it, for a
/// unit's account what was sent to its own unit. An account without a unit sees none.
#[utoipa::path(get, path = "/api/v1/handovers", tag = "handovers", operation_id = "list_handovers",
    params(HandoverQuery),
    responses((status = 200, body = Page<HandoverView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_handovers(
    app: web::Data<App>,
    staff: Staff,
    query: Query<HandoverQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let HandoverQuery {
        state,
        unit,
        complaint,
        cursor,
        limit,
    } = query.0;
    if unit
        .as_deref()
        .is_some_and(|code| app.profile.unit(code).is_none())
    {
        let why = "is not a unit of the district profile";
        return Err(Problem::bad_parameter("unit", why));
    }
    let (paging, after) = PageQuery { cursor, limit }.page::<Id>(&request)?;
    let shared = app.clone();
    let page = app
        .db
        .read(move |conn| {
            let mut rows = handover::table
                .filter(Scope::of(&staff).handovers())
                .order(handover::id.desc())
                .limit(paging.limit + 1)
                .select(HandoverRow::as_select())
                .into_boxed();
            if let Some(state) = state {
                rows = rows.filter(handover::state.eq(state));
            }
            if let Some(unit) = unit {
                rows = rows.filter(handover::unit_code.eq(unit));
            }
            if let Some(number) = complaint {
                let named = complaints::by_number(conn, &number).or_fault("load a complaint")?;
                let Some(named) = named else {
                    return Ok(paging.of(Vec::new(), |view: &HandoverView| view.id, |view| view));
                };
                rows = rows.filter(handover::complaint_id.eq(named.id));
            }
            if let Some(id) = after {
                rows = rows.filter(handover::id.lt(id));
            }
            let rows: Vec<HandoverRow> = rows.load(conn).or_fault("list handovers")?;
            let views = views(conn, &shared, &staff, rows)?;
            Ok(paging.of(views, |view| view.id, |view| view))
        })
        .await?;
    Ok(page.into_response(&request))
}

/// What was sent to a unit.
#[utoipa::path(get, path = "/api/v1/handovers/{id}", tag = "handovers", operation_id = "get_handover",
    params(("id" = String, Path)),
    responses((status = 200, body = HandoverView, headers(("ETag"))), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_handover(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shared = app.clone();
    let view = app
        .db
        .read(move |conn| {
            let row = queries::find(conn, Scope::of(&staff).handovers(), &path)?;
            view(conn, &shared, &staff, row)
        })
        .await?;
    versioned(view.version, &view)
}
