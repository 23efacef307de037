//! Reading the queue, in its order, by keyset pages.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::account::{Role, Staff};
use crate::app::App;
use crate::complaint::{
    brief::{self, Brief},
    queries::ComplaintRow,
    rank::URGENT_BELOW,
    staff_routes::LINKS,
    views::ComplaintSummary,
};
use crate::district::Profile;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, complaint_place, staff, triage_claim},
    },
    http::{PageQuery, Query, page_response},
    problem::{OnDb, Problem},
};
use crate::record::{ComplaintState, local, machine::Trait};

/// Roles that read the queue.
pub const READERS: &[Role] = &[Role::Brigade, Role::Office];

/// Filters of the queue.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct QueueQuery {
    /// State: `screening`, `awaiting_acceptance` or `to_study`.
    pub state: Option<String>,
    /// Category code.
    pub category: Option<String>,
    /// Street code.
    pub street: Option<String>,
    /// `own`, `suspected`, `provisional`, `confirmed`.
    pub link: Option<String>,
    /// Only what is due on or before this day.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub due_until: Option<NaiveDate>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Which part of the queue: its list and whoever claims the next of it say it alike.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueFilters {
    /// State: `screening`, `awaiting_acceptance` or `to_study`.
    pub state: Option<String>,
    /// Category code.
    pub category: Option<String>,
    /// Street code.
    pub street: Option<String>,
    /// `own`, `suspected`, `provisional`, `confirmed`.
    pub link: Option<String>,
    /// Only what is due on or before this day.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub due_until: Option<NaiveDate>,
}

impl QueueQuery {
    fn split(self) -> (QueueFilters, PageQuery) {
        let Self {
            state,
            category,
            street,
            link,
            due_until,
            cursor,
            limit,
        } = self;
        let filters = QueueFilters {
            state,
            category,
            street,
            link,
            due_until,
        };
        (filters, PageQuery { cursor, limit })
    }
}

/// Filters that were read: each names something there is.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    state: Option<ComplaintState>,
    category: Option<String>,
    street: Option<String>,
    link: Option<String>,
    due_until: Option<NaiveDate>,
}

impl QueueFilters {
    /// What they narrow the queue to.
    ///
    /// # Errors
    /// The filter's name and what it has to be.
    pub(super) fn read(self, profile: &Profile) -> Result<Narrowing, (&'static str, &'static str)> {
        let Self {
            state,
            category,
            street,
            link,
            due_until,
        } = self;
        profile.known_filters(category.as_deref(), street.as_deref())?;
        if link.as_deref().is_some_and(|link| !LINKS.contains(&link)) {
            let message = "is `own`, `suspected`, `provisional` or `confirmed`";
            return Err(("link", message));
        }
        Ok(Narrowing {
            state: state.map(|name| queued_state(&name)).transpose()?,
            category,
            street,
            link,
            due_until,
        })
    }
}

/// The state a filter names, of those in the queue.
fn queued_state(name: &str) -> Result<ComplaintState, (&'static str, &'static str)> {
    let queued = ComplaintState::that_are(Trait::Queued);
    let named = queued.into_iter().find(|state| state.as_str() == name);
    named.ok_or((
        "state",
        "is `screening`, `awaiting_acceptance` or `to_study`",
    ))
}

/// A queued complaint, with all that is needed to decide on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueItem {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// What one decides from.
    #[serde(flatten)]
    pub brief: Brief,
    /// Whether a duty runs out within two working days, or has run out.
    pub urgent: bool,
    /// Who holds it, if anybody does.
    pub claimed_by: Option<String>,
    /// Until when.
    pub claimed_until: Option<DateTime<FixedOffset>>,
}

/// Complaints of a list of the queue, all its pages together.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct QueueCounts {
    /// Waiting for somebody to confirm or reject what the matching found (待判重).
    pub screening: i64,
    /// Waiting to be accepted (待受理).
    pub awaiting_acceptance: i64,
    /// What staff found, waiting to be studied (待研判).
    pub to_study: i64,
    /// Of all, due within two working days or overdue.
    pub urgent: i64,
}

/// A page of the queue with the counts of the whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuePage {
    /// The items, the first to be handled first.
    pub items: Vec<QueueItem>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Complaints of this list, all its pages together.
    pub counts: QueueCounts,
}

/// Rank, due day, number: the order of the queue and of its index.
type Key = (i32, NaiveDate, String);

type Row = (ComplaintRow, Option<(Id, String, UtcTime)>);

/// The brigade's queue: what is due within two working days first, then by risk, voices, rebound,
/// source and time gone, then what is due first. A right that lapses, as that to object, is no due
/// date.
#[utoipa::path(get, path = "/api/v1/triage/queue", tag = "triage", operation_id = "list_queue",
    params(QueueQuery),
    responses((status = 200, body = QueuePage), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_queue(
    app: web::Data<App>,
    staff: Staff,
    query: Query<QueueQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (filters, page) = query.0.split();
    let (paging, after) = page.page::<Key>(&request)?;
    let by = filters
        .read(&app.profile)
        .map_err(|(name, why)| Problem::bad_parameter(name, why))?;
    let (shared, now) = (app.clone(), app.now());
    let (rows, counts) = app
        .db
        .read(move |conn| {
            let rows = rows(conn, &by, after, paging.limit).or_fault("load the queue")?;
            let complaints: Vec<&ComplaintRow> = rows.iter().map(|(row, _)| row).collect();
            let briefs = brief::of_each(conn, &shared, staff.role, &complaints, now)?;
            let rows: Vec<(Row, Brief)> = rows.into_iter().zip(briefs).collect();
            let counts = counts(conn, &by).or_fault("count the queue")?;
            Ok((rows, counts))
        })
        .await?;
    let profile = app.profile.clone();
    let page = paging.of(
        rows,
        |((row, _), _)| (row.queue_rank, row.due_on, row.number.clone()),
        |((row, claim), brief)| {
            let claim = claim.filter(|(_, _, until)| until.0 > now);
            QueueItem {
                summary: ComplaintSummary::of(&profile, &row),
                brief,
                urgent: row.queue_rank < URGENT_BELOW,
                claimed_until: claim.as_ref().map(|c| local(c.2)),
                claimed_by: claim.map(|c| c.1),
            }
        },
    );
    let body = QueuePage {
        items: page.items,
        next_cursor: page.next_cursor,
        counts,
    };
    Ok(page_response(&request, body.next_cursor.as_deref(), &body))
}

/// A query over queued complaints narrowed by the filters. The lists, the counts and what is free are
/// of several types, so this is written as a macro.
macro_rules! narrowed {
    ($query:expr, $by:expr) => {{
        let mut rows = $query;
        if let Some(state) = $by.state {
            rows = rows.filter(complaint::state.eq(state));
        }
        if let Some(category) = &$by.category {
            rows = rows.filter(complaint::category.eq(category.clone()));
        }
        if let Some(street) = &$by.street {
            // Looked up for each row in the queue's order: a street's places are many more.
            let there = complaint_place::table
                .filter(complaint_place::complaint_id.eq(complaint::id))
                .filter(complaint_place::street_code.eq(street.clone()));
            rows = rows.filter(exists(there));
        }
        if let Some(link) = &$by.link {
            rows = rows.filter(complaint::link.eq(link.clone()));
        }
        if let Some(day) = $by.due_until {
            rows = rows.filter(complaint::due_on.le(day));
        }
        rows
    }};
}

fn rows(
    conn: &mut Connection,
    by: &Narrowing,
    after: Option<Key>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let mut rows = complaint::table
        .left_join(triage_claim::table)
        .left_join(staff::table.on(staff::id.nullable().eq(triage_claim::staff_id.nullable())))
        .filter(complaint::in_queue.eq(true))
        .order((complaint::queue_rank, complaint::due_on, complaint::number))
        .limit(limit + 1)
        .select((
            ComplaintRow::as_select(),
            (
                triage_claim::staff_id,
                staff::username,
                triage_claim::expires_at,
            )
                .nullable(),
        ))
        .into_boxed();
    rows = narrowed!(rows, by);
    if let Some((rank, due, number)) = after {
        rows = rows.filter(
            complaint::queue_rank
                .gt(rank)
                .or(complaint::queue_rank.eq(rank).and(
                    complaint::due_on
                        .gt(due)
                        .or(complaint::due_on.eq(due).and(complaint::number.gt(number))),
                )),
        );
    }
    rows.load(conn)
}

/// The first complaints of a part of the queue that nobody holds; of these one alone, if asked.
pub(super) fn free(
    conn: &mut Connection,
    by: &Narrowing,
    alone: Option<Id>,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<Id>> {
    let held = triage_claim::table
        .filter(triage_claim::complaint_id.eq(complaint::id))
        .filter(triage_claim::expires_at.gt(UtcTime(now)));
    let mut rows = complaint::table
        .filter(complaint::in_queue.eq(true))
        .filter(not(exists(held)))
        .order((complaint::queue_rank, complaint::due_on, complaint::number))
        .limit(limit)
        .select(complaint::id)
        .into_boxed();
    if let Some(id) = alone {
        rows = rows.filter(complaint::id.eq(id));
    }
    narrowed!(rows, by).load(conn)
}

/// How many complaints a part of the queue holds, all its pages together.
///
/// # Errors
/// What the database answers.
pub fn counts(conn: &mut Connection, by: &Narrowing) -> QueryResult<QueueCounts> {
    let by_state = complaint::table
        .filter(complaint::in_queue.eq(true))
        .group_by(complaint::state)
        .select((complaint::state, count_star()))
        .into_boxed();
    let by_state: Vec<(ComplaintState, i64)> = narrowed!(by_state, by).load(conn)?;
    let urgent = complaint::table
        .filter(complaint::in_queue.eq(true))
        .filter(complaint::queue_rank.lt(URGENT_BELOW))
        .select(count_star())
        .into_boxed();
    let urgent: i64 = narrowed!(urgent, by).first(conn)?;
    let of = |state: ComplaintState| {
        by_state
            .iter()
            .find(|(s, _)| *s == state)
            .map_or(0, |(_, n)| *n)
    };
    Ok(QueueCounts {
        screening: of(ComplaintState::Screening),
        awaiting_acceptance: of(ComplaintState::AwaitingAcceptance),
        to_study: of(ComplaintState::ToStudy),
        urgent,
    })
}
