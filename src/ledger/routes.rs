//! Reading the ledger.

use std::collections::{HashMap, HashSet};

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::{
    campaigns::campaigns_of,
    queries::{self, EntryComplaintRow, EntryRow},
    supplements,
    views::{
        DecisionView, EntryComplaint, EntryPhoto, EntrySummary, EntrySupplement, EntryView,
        HistoryItem, MergeView, VisitView,
    },
    words,
};
use crate::account::{Role, Staff};
use crate::app::App;
use crate::evidence::queries as evidence;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{
            complaint, complaint_place, ledger_decision, ledger_entry, ledger_merge, verification,
            verification_complaint,
        },
    },
    http::{Page, PageQuery, Query, versioned},
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::{Scope, Words, shown_entries};
use crate::record::{self, EntryState, VisitState, local};

/// Roles that read the ledger.
pub const READERS: &[Role] = &[
    Role::Office,
    Role::SteeringGroup,
    Role::Leader,
    Role::Brigade,
    Role::Section,
    Role::Station,
    Role::PartyOffice,
    Role::Street,
];

/// Complaints, photos and steps of an entry shown at most.
const SHOWN_MAX: i64 = 1000;

/// Filters of the list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EntryQuery {
    /// State.
    pub state: Option<String>,
    /// Category code.
    pub category: Option<String>,
    /// Street code.
    pub street: Option<String>,
    /// Only 群众反映强烈.
    pub strong_concern: Option<bool>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// The ledger, newest entry first. Entries merged away are not in it. A street sees those that lie
/// in it, and those that one of its complaints was merged into.
#[utoipa::path(get, path = "/api/v1/entries", tag = "ledger", operation_id = "list_entries",
    params(EntryQuery),
    responses((status = 200, body = Page<EntrySummary>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_entries(
    app: web::Data<App>,
    staff: Staff,
    query: Query<EntryQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let EntryQuery {
        state,
        category,
        street,
        strong_concern,
        cursor,
        limit,
    } = query.0;
    let state: Option<EntryState> = state
        .map(|name| name.parse())
        .transpose()
        .map_err(|_| Problem::bad_parameter("state", "is not a state of ledger entries"))?;
    app.profile
        .known_filters(category.as_deref(), street.as_deref())
        .map_err(|(name, why)| Problem::bad_parameter(name, why))?;
    let (paging, after) = PageQuery { cursor, limit }.page::<Id>(&request)?;
    let shared = app.clone();
    let rows = app
        .db
        .read(move |conn| {
            let scope = Scope::of(&staff);
            let mut rows = ledger_entry::table
                .filter(ledger_entry::merged_into.is_null())
                .filter(scope.entries())
                .filter(shown_entries())
                .order(ledger_entry::id.desc())
                .limit(paging.limit + 1)
                .select(EntryRow::as_select())
                .into_boxed();
            if let Some(state) = state {
                rows = rows.filter(ledger_entry::state.eq(state));
            }
            if let Some(category) = category {
                rows = rows.filter(ledger_entry::category.eq(category));
            }
            // A street that asks for its own has all that is its own.
            if let Some(street) = street
                && !scope.is_street(&street)
            {
                rows = rows.filter(ledger_entry::street_code.eq(street));
            }
            if let Some(strong) = strong_concern {
                // Told in the words of the index of those, which holds nothing else.
                rows = if strong {
                    rows.filter(ledger_entry::strong_concern)
                } else {
                    rows.filter(ledger_entry::strong_concern.eq(false))
                };
            }
            if let Some(id) = after {
                rows = rows.filter(ledger_entry::id.lt(id));
            }
            let rows: Vec<EntryRow> = rows.load(conn).or_fault("list entries")?;
            words::summaries(conn, &shared, &staff, rows)
        })
        .await?;
    let page = paging.of(rows, |row| row.0, |row| row.1);
    Ok(page.into_response(&request))
}

/// An entry the caller may see: what is outside their scope is not there for them.
///
/// # Errors
/// 404 when there is none for this caller.
pub fn visible(conn: &mut Connection, staff: &Staff, number: &str) -> Result<EntryRow, Problem> {
    ledger_entry::table
        .filter(ledger_entry::number.eq(number))
        .filter(Scope::of(staff).entries())
        .select(EntryRow::as_select())
        .first(conn)
        .optional()
        .or_fault("load an entry")?
        .ok_or_else(Problem::not_found)
}

/// An entry with all its complaints, photos, visits, decisions, merges and history.
#[utoipa::path(get, path = "/api/v1/entries/{number}", tag = "ledger", operation_id = "get_entry",
    params(("number" = String, Path)),
    responses((status = 200, body = EntryView, headers(("ETag"))), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_entry(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shared = app.clone();
    let view = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            view(conn, &shared, &staff, row)
        })
        .await?;
    versioned(view.summary.version, &view)
}

/// The whole view of an entry, as far as the caller's part of the district goes: entries of several
/// streets are merged, and no street reads the other's complaints. What staff wrote is masked for
/// roles without need.
///
/// # Errors
/// A fault when the database fails.
fn view(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: EntryRow,
) -> Result<EntryView, Problem> {
    let complaints = complaints_of(conn, staff, row.id).or_fault("load complaints")?;
    let words = words::about(conn, app, staff, &row)?;
    let numbers: HashMap<Id, String> = complaints
        .iter()
        .map(|c| (c.id, c.number.clone()))
        .collect();
    let theirs: HashSet<&str> = complaints.iter().map(|c| c.number.as_str()).collect();
    let visits = visits_of(conn, &numbers).or_fault("load visits")?;
    let mut supplements = supplements_of(conn, &numbers, &words).or_fault("load supplements")?;
    let history =
        record::history(conn, &app.keys, row.id, SHOWN_MAX).or_fault("load the history")?;
    let merged_into = row
        .merged_into
        .map(|id| queries::by_id(conn, id).map(|e| e.number))
        .transpose()
        .or_fault("load the target")?;
    let decisions = decisions_of(conn, &app.keys, row.id, &words).or_fault("load decisions")?;
    let merges = merges_of(conn, &app.keys, row.id, &words)?;
    // The point is a complaint's own: nobody reads it of one that is not theirs to read.
    let scope = Scope::of(staff);
    let is_theirs = scope.holds(row.street_code.as_deref(), row.grid_code.as_deref());
    let (lon, lat) = if is_theirs {
        (row.lon, row.lat)
    } else {
        (None, None)
    };
    Ok(EntryView {
        summary: EntrySummary::of(&app.profile, &row, &words),
        lon,
        lat,
        merged_into,
        campaigns: campaigns_of(conn, &numbers, &words).or_fault("load copied texts")?,
        photos: photos_of(conn, &numbers, &visits).or_fault("load photos")?,
        verifications: visits,
        decisions,
        merges,
        complaints: complaints
            .iter()
            .map(|row| {
                let told = supplements.remove(&row.id).unwrap_or_default();
                EntryComplaint::of(&app.profile, row, told)
            })
            .collect(),
        history: history
            .into_iter()
            .map(|step| HistoryItem::of(step, &words))
            .map(|step| {
                if scope.is_bounded() {
                    step.of_complaints(&theirs)
                } else {
                    step
                }
            })
            .collect(),
    })
}

/// An entry's complaints in the caller's scope; what the abuse list hides is in no entry's view.
fn complaints_of(
    conn: &mut Connection,
    staff: &Staff,
    entry: Id,
) -> QueryResult<Vec<EntryComplaintRow>> {
    complaint::table
        .inner_join(complaint_place::table)
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::hidden.eq(false))
        .filter(Scope::of(staff).complaints())
        .order(complaint::id.asc())
        .limit(SHOWN_MAX)
        .select(EntryComplaintRow::as_select())
        .load(conn)
}

/// What was added to an entry's complaints, masked, by complaint.
fn supplements_of(
    conn: &mut Connection,
    numbers: &HashMap<Id, String>,
    words: &Words,
) -> QueryResult<HashMap<Id, Vec<EntrySupplement>>> {
    let ids: Vec<Id> = numbers.keys().copied().collect();
    let mut found: HashMap<Id, Vec<EntrySupplement>> = HashMap::new();
    for row in supplements::of(conn, &ids)? {
        found
            .entry(row.complaint_id)
            .or_default()
            .push(EntrySupplement {
                text: words.text(row.text_masked),
                new_facts: row.new_facts,
                at: local(row.created_at),
            });
    }
    Ok(found)
}

/// The photos of complaints and of the visits to them that have public copies.
fn photos_of(
    conn: &mut Connection,
    numbers: &HashMap<Id, String>,
    visits: &[VisitView],
) -> QueryResult<Vec<EntryPhoto>> {
    let visited = visits.iter().map(|visit| (visit.id, &visit.complaint));
    let numbers: HashMap<Id, &String> = numbers
        .iter()
        .map(|(id, number)| (*id, number))
        .chain(visited)
        .collect();
    let subjects: Vec<Id> = numbers.keys().copied().collect();
    let photos = evidence::viewable_of(conn, &subjects, SHOWN_MAX)?.into_iter();
    let named = photos.filter_map(|(of, id, role)| {
        let complaint = (*numbers.get(&of)?).clone();
        Some(EntryPhoto {
            complaint,
            id,
            role,
        })
    });
    Ok(named.collect())
}

/// The visits that answer these complaints.
fn visits_of(conn: &mut Connection, numbers: &HashMap<Id, String>) -> QueryResult<Vec<VisitView>> {
    type Row = (Id, Id, VisitState, Option<String>, String);
    let ids: Vec<Id> = numbers.keys().copied().collect();
    let rows: Vec<Row> = verification::table
        .inner_join(verification_complaint::table)
        .filter(verification_complaint::complaint_id.eq_any(ids))
        .order((
            verification::id.asc(),
            verification_complaint::position.asc(),
        ))
        .limit(SHOWN_MAX)
        .select((
            verification_complaint::complaint_id,
            verification::id,
            verification::state,
            verification::result,
            verification::grid_code,
        ))
        .load(conn)?;
    let mut visits: Vec<VisitView> = Vec::new();
    for (of, id, state, result, grid_code) in rows {
        let Some(number) = numbers.get(&of) else {
            continue;
        };
        if let Some(visit) = visits.last_mut().filter(|visit| visit.id == id) {
            visit.complaints.push(number.clone());
            continue;
        }
        visits.push(VisitView {
            complaint: number.clone(),
            complaints: vec![number.clone()],
            id,
            state,
            result,
            grid_code,
        });
    }
    Ok(visits)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = ledger_decision)]
struct DecisionRow {
    id: Id,
    outcome: String,
    meeting: Option<String>,
    decided_on: NaiveDate,
    minute_ref: Option<String>,
    level: Option<String>,
    chosen_owner: Option<String>,
    reason: Option<String>,
}

fn decisions_of(
    conn: &mut Connection,
    keys: &Keys,
    entry: Id,
    words: &Words,
) -> QueryResult<Vec<DecisionView>> {
    let rows: Vec<DecisionRow> = ledger_decision::table
        .filter(ledger_decision::entry_id.eq(entry))
        .order(ledger_decision::id.asc())
        .select(DecisionRow::as_select())
        .load(conn)?;
    let views = rows.into_iter().map(|row| {
        let read = |column: sealed::SealedColumn, stored| {
            words.maybe(column.read_maybe(keys, row.id.0.as_bytes(), stored))
        };
        DecisionView {
            outcome: row.outcome,
            meeting: read(sealed::MEETING, row.meeting),
            decided_on: row.decided_on,
            minute_ref: read(sealed::MINUTES, row.minute_ref),
            level: read(sealed::LEVEL, row.level),
            chosen_owner: row.chosen_owner,
            reason: read(sealed::LEDGER_REASON, row.reason),
        }
    });
    Ok(views.collect())
}

fn merges_of(
    conn: &mut Connection,
    keys: &Keys,
    entry: Id,
    words: &Words,
) -> Result<Vec<MergeView>, Problem> {
    type Row = (Id, Id, Id, String, UtcTime, Option<UtcTime>);
    let rows: Vec<Row> = ledger_merge::table
        .filter(
            ledger_merge::source_entry_id
                .eq(entry)
                .or(ledger_merge::target_entry_id.eq(entry)),
        )
        .order(ledger_merge::id.asc())
        .select((
            ledger_merge::id,
            ledger_merge::source_entry_id,
            ledger_merge::target_entry_id,
            ledger_merge::reason,
            ledger_merge::merged_at,
            ledger_merge::undone_at,
        ))
        .load(conn)
        .or_fault("load merges")?;
    let ids: Vec<Id> = rows.iter().flat_map(|row| [row.1, row.2]).collect();
    let numbers: HashMap<Id, String> = ledger_entry::table
        .filter(ledger_entry::id.eq_any(ids))
        .select((ledger_entry::id, ledger_entry::number))
        .load::<(Id, String)>(conn)
        .or_fault("load numbers")?
        .into_iter()
        .collect();
    let number = |id: &Id| numbers.get(id).cloned().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(
            |(id, source, target, reason, merged_at, undone_at)| MergeView {
                id,
                source: number(&source),
                target: number(&target),
                reason: words.text(sealed::MERGE_REASON.read_text(keys, id.0.as_bytes(), reason)),
                merged_at: local(merged_at),
                undone_at: undone_at.map(local),
            },
        )
        .collect())
}
