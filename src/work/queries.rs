//! Lists in the database: how much is in one, and a page of it.

use chrono::NaiveDate;
use diesel::{
    dsl::{count_star, min, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::Bool,
};
use serde::{Deserialize, Serialize};

use super::{
    asked::Asked,
    lists::{WorkList, WorkSubject},
};
use crate::complaint::queries::ComplaintRow;
use crate::platform::db::{
    Connection, Id,
    schema::{complaint, verification},
};
use crate::verification::queries::VisitRow;

/// How much is in a list: all of it, what is overdue, and the first last day of a duty.
pub(super) type Counted = (i64, i64, Option<NaiveDate>);

/// How much is in a list, all its pages together. Each is asked by itself, and answered from the
/// list's index: whether a duty runs is looked up for what may be overdue alone, and until one does.
///
/// # Errors
/// What the database answers.
pub(super) fn count(conn: &mut Connection, asked: &Asked) -> QueryResult<Counted> {
    match asked.list.subject() {
        WorkSubject::Complaint => complaints_counted(conn, asked),
        WorkSubject::Visit => visits_counted(conn, asked),
    }
}

fn complaints_counted(conn: &mut Connection, asked: &Asked) -> QueryResult<Counted> {
    let of_list = || complaint::table.filter(asked.complaints());
    let count: i64 = of_list().select(count_star()).get_result(conn)?;
    if count == 0 || !asked.list.falls_due() {
        return Ok((count, 0, None));
    }
    let overdue = of_list().filter(asked.is_over()).select(count_star());
    let overdue: i64 = overdue.get_result(conn)?;
    let due = of_list().filter(runs(asked.list));
    let first_due = if asked.list.is_by_id() {
        due.select(min(complaint::due_on)).get_result(conn)?
    } else {
        let in_order = due.order(complaint::due_on.asc());
        in_order.select(complaint::due_on).first(conn).optional()?
    };
    Ok((count, overdue, first_due))
}

fn visits_counted(conn: &mut Connection, asked: &Asked) -> QueryResult<Counted> {
    let of_list = || verification::table.filter(asked.visits());
    let count: i64 = of_list().select(count_star()).get_result(conn)?;
    if count == 0 || !asked.list.falls_due() {
        return Ok((count, 0, None));
    }
    let overdue = of_list().filter(asked.is_over()).select(count_star());
    let overdue: i64 = overdue.get_result(conn)?;
    let due = of_list().filter(runs(asked.list));
    let first_due: Option<Option<NaiveDate>> = due
        .order(verification::due_on.asc())
        .select(verification::due_on)
        .first(conn)
        .optional()?;
    Ok((count, overdue, first_due.flatten()))
}

/// Whether a duty of a row runs.
fn runs(list: WorkList) -> SqlLiteral<Bool> {
    sql(&list.subject().runs())
}

/// A complaint of a list, and whether a duty runs.
pub(super) type FoundComplaint = (ComplaintRow, bool);

/// Where a page of complaints goes on: in the order of its list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ComplaintKey {
    /// By the day they are due, and their number.
    Due(NaiveDate, String),
    /// As they were filed.
    Filed(Id),
}

impl ComplaintKey {
    /// Of a row of a list.
    pub(super) fn of(list: WorkList, row: &ComplaintRow) -> Self {
        if list.is_by_id() {
            Self::Filed(row.id)
        } else {
            Self::Due(row.due_on, row.number.clone())
        }
    }
}

/// A page of complaints and one more where there is one.
///
/// # Errors
/// What the database answers.
pub(super) fn complaints(
    conn: &mut Connection,
    asked: &Asked,
    after: Option<ComplaintKey>,
    limit: i64,
) -> QueryResult<Vec<FoundComplaint>> {
    let mut all = asked.complaints();
    match after {
        Some(ComplaintKey::Due(due, number)) => {
            let on_that_day = complaint::due_on.eq(due).and(complaint::number.gt(number));
            all = Box::new(all.and(complaint::due_on.gt(due).or(on_that_day)));
        }
        Some(ComplaintKey::Filed(id)) => all = Box::new(all.and(complaint::id.gt(id))),
        None => {}
    }
    let rows = complaint::table
        .filter(all)
        .limit(limit + 1)
        .select((ComplaintRow::as_select(), runs(asked.list)));
    if asked.list.is_by_id() {
        return rows.order(complaint::id.asc()).load(conn);
    }
    rows.order((complaint::due_on.asc(), complaint::number.asc()))
        .load(conn)
}

/// A visit of a list, and whether its duty runs.
pub(super) type FoundVisit = (VisitRow, bool);

/// Where a page of visits goes on.
pub(super) type VisitKey = (NaiveDate, Id);

/// A page of visits and one more where there is one.
///
/// # Errors
/// What the database answers.
pub(super) fn visits(
    conn: &mut Connection,
    asked: &Asked,
    after: Option<VisitKey>,
    limit: i64,
) -> QueryResult<Vec<FoundVisit>> {
    let mut all = asked.visits();
    if let Some((due, id)) = after {
        let on_that_day = verification::due_on.eq(due).and(verification::id.gt(id));
        all = Box::new(all.and(verification::due_on.gt(due).or(on_that_day)));
    }
    verification::table
        .filter(all)
        .order((verification::due_on.asc(), verification::id.asc()))
        .limit(limit + 1)
        .select((VisitRow::as_select(), runs(asked.list)))
        .load(conn)
}
