//! Reading the lists: how much is in each, and one of them page by page.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    asked::{Asked, WorkQuery},
    complaints,
    item::WorkItem,
    lists::{WorkList, WorkSubject},
    queries::{self, ComplaintKey, VisitKey},
    visits,
};
use crate::account::{Role, Staff};
use crate::app::App;
use crate::district::calendar::date_of;
use crate::platform::{
    db::Connection,
    http::{Page, Query, page_response},
    problem::{Code, OnDb, Problem},
};
use crate::triage::queue::{self, Narrowing, QueueCounts};

/// How much is in a list, all its pages together.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkCount {
    /// The list.
    pub list: WorkList,
    /// In Chinese.
    pub name: &'static str,
    /// Items.
    pub count: i64,
    /// Of them, those for which the last day of a duty is over.
    pub overdue: i64,
    /// The first day on which a duty is due; absent while none runs.
    pub first_due_on: Option<NaiveDate>,
}

/// The work of a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkView {
    /// Its lists. One that is empty stands here too.
    pub lists: Vec<WorkCount>,
    /// What waits in the queue to be decided on, for roles that read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub queue: Option<QueueCounts>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkPage {
    /// The items, in the list's order.
    pub items: Vec<WorkItem>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How much is in the list as filtered, all its pages together.
    pub counts: WorkCount,
}

/// The caller's lists of work with what is in each. A list's count is that of its pages; a matter may
/// stand in several. A grid officer's are of the own visits.
#[utoipa::path(get, path = "/api/v1/work", tag = "work", operation_id = "get_work",
    responses((status = 200, body = WorkView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_work(app: web::Data<App>, staff: Staff) -> Result<HttpResponse, Problem> {
    let today = date_of(app.now());
    let view = app
        .db
        .read(move |conn| {
            let all = WorkQuery::default();
            let lists = WorkList::of(staff.role)
                .map(|list| count(conn, &Asked::of(list, &staff, today, &all)))
                .collect::<Result<_, _>>()?;
            let reads_queue = staff.role == Role::Admin || queue::READERS.contains(&staff.role);
            let queue = reads_queue
                .then(|| queue::counts(conn, &Narrowing::default()))
                .transpose()
                .or_fault("count the queue")?;
            Ok(WorkView { lists, queue })
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// A list of work, page by page: the first due first, new facts in the order of their complaints. Its
/// counts are of the list as filtered.
#[utoipa::path(get, path = "/api/v1/work/{list}", tag = "work", operation_id = "list_work",
    params(("list" = inline(WorkList), Path, description = "The list"), WorkQuery),
    responses((status = 200, body = WorkPage), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_work(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    query: Query<WorkQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let list = WorkList::named(&path).ok_or_else(Problem::not_found)?;
    allow(list, staff.role)?;
    let filters = query.0;
    filters.check(&app.profile)?;
    let asked = Asked::of(list, &staff, date_of(app.now()), &filters);
    let shared = app.clone();
    let (page, counts) = match list.subject() {
        WorkSubject::Complaint => {
            let (paging, after) = filters.page().page::<ComplaintKey>(&request)?;
            app.db
                .read(move |conn| {
                    let counts = count(conn, &asked)?;
                    let rows = queries::complaints(conn, &asked, after, paging.limit)
                        .or_fault("list complaints")?;
                    let key = |row: &queries::FoundComplaint| ComplaintKey::of(list, &row.0);
                    let page = paging.of(rows, key, |row| row);
                    let items = complaints::items(conn, &shared, &staff, &asked, page.items)?;
                    let next_cursor = page.next_cursor;
                    Ok((Page { items, next_cursor }, counts))
                })
                .await?
        }
        WorkSubject::Visit => {
            let (paging, after) = filters.page().page::<VisitKey>(&request)?;
            app.db
                .read(move |conn| {
                    let counts = count(conn, &asked)?;
                    let rows = queries::visits(conn, &asked, after, paging.limit)
                        .or_fault("list visits")?;
                    let key = |row: &queries::FoundVisit| (row.0.due_on, row.0.id);
                    let page = paging.of(rows, key, |row| row);
                    let items = visits::items(conn, &shared, &staff, &asked, page.items)?;
                    let next_cursor = page.next_cursor;
                    Ok((Page { items, next_cursor }, counts))
                })
                .await?
        }
    };
    let body = WorkPage {
        items: page.items,
        next_cursor: page.next_cursor,
        counts,
    };
    Ok(page_response(&request, body.next_cursor.as_deref(), &body))
}

/// Refuses a list that is another role's.
fn allow(list: WorkList, role: Role) -> Result<(), Problem> {
    if list.is_of(role) {
        return Ok(());
    }
    let of: Vec<&str> = list.readers().iter().map(|role| role.as_str()).collect();
    let detail = format!("your role is {role}; this list is for {}", of.join(", "));
    Err(Problem::because(Code::Forbidden, detail))
}

fn count(conn: &mut Connection, asked: &Asked) -> Result<WorkCount, Problem> {
    let (count, overdue, first_due_on) =
        queries::count(conn, asked).or_fault("count a list of work")?;
    Ok(WorkCount {
        list: asked.list,
        name: asked.list.label(),
        count,
        overdue,
        first_due_on,
    })
}
