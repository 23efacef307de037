//! Complaints as staff find them, page by page.

use std::cmp::Reverse;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    asked::Asked,
    filters::ListQuery,
    walk::{self, Found},
};
use crate::account::Staff;
use crate::app::App;
use crate::clock::kinds::HIDING_REVIEW;
use crate::complaint::{
    brief::{self, Brief},
    hidden,
    queries::ComplaintRow,
    views::ComplaintSummary,
};
use crate::district::calendar::date_of;
use crate::platform::{
    db::{
        Connection, Id,
        schema::{clock, complaint, complaint_place},
    },
    http::{PageQuery, Query, page_response},
    problem::{OnDb, Problem},
};
use crate::privacy::{Listed, Need};
use crate::record::machine::Trait;

/// A complaint of the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComplaintItem {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// What one decides from, for the brigade and the office.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub brief: Option<Brief>,
}

/// A page of complaints.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComplaintPage {
    /// The complaints, the last one filed first.
    pub items: Vec<ComplaintItem>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Present and true when so many complaints were looked at that the page ends before it is full,
    /// or empty: `next_cursor` leads on to older ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub cut_short: bool,
    /// Present and true while complaints from before an update are not filed for the search yet: some
    /// of them are missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub being_filed: bool,
}

/// Where a page goes on: after the id of a list that an index leads to in its order, or after the number
/// of what was searched for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Listed(Id),
    Found(i64),
}

/// Complaints the caller may see, the last one filed first. Whoever may read masked words alone finds by
/// these alone; nobody finds by what stands behind a mask.
#[utoipa::path(get, path = "/api/v1/complaints", tag = "complaints", operation_id = "list_complaints",
    params(ListQuery),
    responses((status = 200, body = ComplaintPage), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_complaints(
    app: web::Data<App>,
    staff: Staff,
    query: Query<ListQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let page = PageQuery {
        cursor: query.0.cursor.clone(),
        limit: query.0.limit,
    };
    let (paging, after) = page.page::<Key>(&request)?;
    let now = app.now();
    let asked = Asked::read(&app.profile, &staff, query.0, now)?;
    let shared = app.clone();
    let body = app
        .db
        .read(move |conn| match after {
            after if asked.searches() => {
                let below = match after {
                    Some(Key::Found(seq)) => Some(seq),
                    _ => None,
                };
                let limit = usize::try_from(paging.limit).unwrap_or_default();
                let (page, next) = searched(conn, &shared, &staff, asked, (below, limit), now)?;
                Ok(ComplaintPage {
                    next_cursor: next.map(|seq| paging.encode(&Key::Found(seq))),
                    ..page
                })
            }
            after => {
                let after = match after {
                    Some(Key::Listed(id)) => Some(id),
                    _ => None,
                };
                let rows = listed(conn, &asked, after, paging.limit)?;
                let page = paging.of(rows, |row| Key::Listed(row.id), |row| row);
                Ok(ComplaintPage {
                    items: of_rows(conn, &shared, &staff, page.items, now)?,
                    next_cursor: page.next_cursor,
                    cut_short: false,
                    being_filed: false,
                })
            }
        })
        .await?;
    Ok(page_response(&request, body.next_cursor.as_deref(), &body))
}

/// The first page of what is searched for, for measurements.
///
/// # Errors
/// As the list.
pub fn search(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    query: ListQuery,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<ComplaintPage, Problem> {
    let asked = Asked::read(&app.profile, staff, query, now)?;
    let (page, _) = searched(conn, app, staff, asked, (None, limit), now)?;
    Ok(page)
}

fn searched(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    mut asked: Asked,
    begin: (Option<i64>, usize),
    now: DateTime<Utc>,
) -> Result<(ComplaintPage, Option<i64>), Problem> {
    let found = found(conn, app, staff, &mut asked, begin)?;
    let page = ComplaintPage {
        items: of_rows(conn, app, staff, found.rows, now)?,
        next_cursor: None,
        cut_short: found.cut_short,
        being_filed: walk::is_being_filed(conn)?,
    };
    Ok((page, found.next))
}

/// What is searched for: what a number names where somebody typed one, else what the filters and words lead
/// to.
fn found(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    asked: &mut Asked,
    (below, limit): (Option<i64>, usize),
) -> Result<Found, Problem> {
    asked.resolve(conn, staff)?;
    if let Some(named) = asked.recognise(conn, app, staff)? {
        let rows = walk::rows(conn, asked, &named)?;
        if !rows.is_empty() {
            return Ok(Found {
                rows,
                next: None,
                cut_short: false,
            });
        }
        // A number that names nothing for the caller may still stand in a text.
        asked.read_words()?;
    }
    asked.add_names(conn, staff)?;
    let need = Need::of(staff.role, &app.profile);
    walk::page(conn, &app.keys, need, asked, below, limit)
}

/// The list as its indexes lead to it, in its order: the newest of each part.
fn listed(
    conn: &mut Connection,
    asked: &Asked,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<ComplaintRow>, Problem> {
    let mut found = Vec::new();
    for part in asked.scope.listed_complaints() {
        let rows = newest(conn, asked, part, after, limit + 1);
        found.extend(rows.or_fault("list complaints")?);
    }
    // What stands in two parts is told once.
    found.sort_unstable_by_key(|row| Reverse(row.id));
    found.dedup_by_key(|row| row.id);
    found.truncate(usize::try_from(limit + 1).unwrap_or(usize::MAX));
    Ok(found)
}

/// The newest of a part of the list after one, so many at most.
fn newest(
    conn: &mut Connection,
    asked: &Asked,
    Listed { theirs, by_place }: Listed,
    after: Option<Id>,
    most: i64,
) -> QueryResult<Vec<ComplaintRow>> {
    let mut rows = complaint::table
        .inner_join(complaint_place::table)
        .filter(theirs)
        .order(complaint::id.desc())
        .limit(most)
        .select(ComplaintRow::as_select())
        .into_boxed();
    // Told in the words of the index of what is hidden, which holds nothing else.
    rows = if asked.hidden {
        rows.filter(complaint::hidden)
    } else {
        rows.filter(complaint::hidden.eq(false))
    };
    if let Some(state) = asked.state {
        rows = rows.filter(complaint::state.eq(state));
    }
    if by_place || (asked.street().is_some() && !asked.scope.is_bounded()) {
        // The same order, told in the columns of the index that narrows by place.
        rows = rows.order(complaint_place::complaint_id.desc());
        if asked.state.is_some_and(|state| state.is(Trait::Owed)) {
            // Told in the words of the index of what waits, which is little of all there is.
            rows = rows.filter(complaint_place::owed);
        }
    }
    if let Some(street) = asked.street() {
        rows = rows.filter(complaint_place::street_code.eq(street.clone()));
    }
    if let Some(link) = &asked.link {
        rows = rows.filter(complaint::link.eq(link.clone()));
    }
    if let Some(id) = after {
        rows = rows.filter(complaint::id.lt(id));
    }
    if asked.unreviewed {
        let review = clock::table
            .filter(clock::subject_kind.eq(HIDING_REVIEW.subject))
            .filter(clock::subject_id.eq(complaint::id))
            .filter(clock::kind.eq(HIDING_REVIEW.name))
            .filter(clock::met_at.is_null());
        rows = rows.filter(diesel::dsl::exists(review));
    }
    rows.load(conn)
}

/// Rows as the list shows them.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn of_rows(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    rows: Vec<ComplaintRow>,
    now: DateTime<Utc>,
) -> Result<Vec<ComplaintItem>, Problem> {
    let hidden: Vec<Id> = rows
        .iter()
        .filter(|row| row.hidden)
        .map(|row| row.id)
        .collect();
    let reviews = hidden::reviews_of(conn, &hidden).or_fault("load reviews")?;
    let mut briefs = if staff.role.may_see_reporter() {
        let all: Vec<&ComplaintRow> = rows.iter().collect();
        brief::of_each(conn, app, staff.role, &all, now)?.into_iter()
    } else {
        Vec::new().into_iter()
    };
    let (profile, today) = (&app.profile, date_of(now));
    let items = rows.iter().map(|row| {
        let review = reviews.get(&row.id);
        ComplaintItem {
            summary: ComplaintSummary {
                review_due_on: review.map(|(due, _)| *due),
                review_overdue: review.map(|(due, done)| !done && *due < today),
                ..ComplaintSummary::of(profile, row)
            },
            brief: briefs.next(),
        }
    });
    Ok(items.collect())
}
