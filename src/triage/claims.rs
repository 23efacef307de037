//! Claims: an item is one person's for ten minutes, and longer while their screen says so.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::queue::{self, Narrowing, QueueFilters};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    locks,
    queries::{self, ComplaintRow},
    views::ComplaintSummary,
};
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, triage_claim},
    },
    http::{Answer, Body, IdempotencyKey},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{ComplaintState, local, machine::Trait};

/// Which item to claim: a named one, or the next of the queue or of a part of it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBody {
    /// A complaint's number; the next in the queue unless said.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: Option<String>,
    /// Which part of the queue the next is taken of; the whole unless said. A complaint that is named
    /// is claimed whatever is said here.
    pub filters: Option<QueueFilters>,
}

/// A claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimView {
    /// What is claimed.
    pub complaint: ComplaintSummary,
    /// Until when, unless extended.
    pub expires_at: DateTime<FixedOffset>,
}

/// Claims the next item of the queue, of a part of it by the filters of its list, or a named one, for
/// ten minutes. 204 when nothing is left.
#[utoipa::path(post, path = "/api/v1/triage/claims", tag = "triage", operation_id = "claim_next",
    request_body = ClaimBody,
    responses((status = 201, body = ClaimView), (status = 204, description = "Nothing is left to claim"),
        (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn claim_next(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<ClaimBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let filters = value.filters.unwrap_or_default();
    let by = filters.read(&app.profile).map_err(|(name, why)| {
        Problem::invalid(&format!("filters.{name}"), ItemCode::UnknownValue, why)
    })?;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let found = match &value.number {
                Some(number) => Some(named(conn, number, staff.id, now)?),
                None => next_free(conn, &by, now).or_fault("find the next item")?,
            };
            let Some(row) = found else {
                return Ok(Answer::no_content());
            };
            let until = now + TimeDelta::minutes(shared.profile.rules.triage.lease_minutes);
            hold(conn, row.id, staff.id, now, until).or_fault("claim")?;
            let view = ClaimView {
                complaint: ComplaintSummary::of(&shared.profile, &row),
                expires_at: local(UtcTime(until)),
            };
            Answer::created(format!("/api/v1/triage/claims/{}", row.number), &view)
        })
        .await?;
    Ok(answer.into_response())
}

/// Items looked at first for one that nobody is claiming this moment.
const FIRST_LOOK: i64 = 16;

/// The first item of a part of the queue that nobody holds. On PostgreSQL items being claimed this
/// moment are skipped; on SQLite there is one writer, so there are none.
fn next_free(
    conn: &mut Connection,
    by: &Narrowing,
    now: DateTime<Utc>,
) -> QueryResult<Option<ComplaintRow>> {
    let mut limit = FIRST_LOOK;
    loop {
        let free = queue::free(conn, by, None, now, limit)?;
        let Some(id) = taken_first(conn, &free)? else {
            // All of them are being claimed; if there were no more, nothing is left.
            if i64::try_from(free.len()).unwrap_or(i64::MAX) < limit {
                return Ok(None);
            }
            limit = limit.saturating_mul(2);
            continue;
        };
        // Between finding and locking another may have claimed it or decided on it; the lock makes
        // this look final.
        if !queue::free(conn, by, Some(id), now, 1)?.is_empty() {
            return queries::by_id(conn, id).map(Some);
        }
    }
}

/// The first of these complaints that nobody else is taking, taken.
fn taken_first(conn: &mut Connection, ids: &[Id]) -> QueryResult<Option<Id>> {
    match conn {
        Connection::Postgres(c) => complaint::table
            .filter(complaint::id.eq_any(ids))
            .filter(complaint::in_queue.eq(true))
            .order((complaint::queue_rank, complaint::due_on, complaint::number))
            .select(complaint::id)
            .for_no_key_update()
            .skip_locked()
            .first(c)
            .optional(),
        Connection::Sqlite(_) => Ok(ids.first().copied()),
    }
}

fn named(
    conn: &mut Connection,
    number: &str,
    staff: Id,
    now: DateTime<Utc>,
) -> Result<ComplaintRow, Problem> {
    let row = locks::by_number(conn, number)?;
    if !row.in_queue {
        return Err(Problem::wrong_state(row.state.as_str(), "claim"));
    }
    match holder(conn, row.id, now).or_fault("load the claim")? {
        Some(other) if other != staff => Err(Problem::new(Code::ClaimedByOther)),
        _ => Ok(row),
    }
}

/// Who holds an item now.
///
/// # Errors
/// What the database answers.
pub fn holder(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<Option<Id>> {
    triage_claim::table
        .find(id)
        .filter(triage_claim::expires_at.gt(UtcTime(now)))
        .select(triage_claim::staff_id)
        .first(conn)
        .optional()
}

/// Requires that the caller holds an item.
///
/// # Errors
/// 409 when nobody or somebody else does.
pub fn require_held(
    conn: &mut Connection,
    id: Id,
    staff: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    match holder(conn, id, now).or_fault("load the claim")? {
        Some(holder) if holder == staff => Ok(()),
        Some(_) => Err(Problem::new(Code::ClaimedByOther)),
        None => Err(Problem::because(
            Code::NotClaimed,
            "POST /api/v1/triage/claims with its number first",
        )),
    }
}

/// Requires that nobody else holds an item.
///
/// # Errors
/// 409 when somebody else does.
pub fn require_not_held_by_other(
    conn: &mut Connection,
    id: Id,
    staff: Id,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    match holder(conn, id, now).or_fault("load the claim")? {
        Some(holder) if holder != staff => Err(Problem::new(Code::ClaimedByOther)),
        _ => Ok(()),
    }
}

fn hold(
    conn: &mut Connection,
    id: Id,
    staff: Id,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<usize> {
    let row = (
        triage_claim::complaint_id.eq(id),
        triage_claim::staff_id.eq(staff),
        triage_claim::claimed_at.eq(UtcTime(now)),
        triage_claim::expires_at.eq(UtcTime(until)),
    );
    let again = (
        triage_claim::staff_id.eq(staff),
        triage_claim::claimed_at.eq(UtcTime(now)),
        triage_claim::expires_at.eq(UtcTime(until)),
    );
    on_each!(conn, |c| diesel::insert_into(triage_claim::table)
        .values(row)
        .on_conflict(triage_claim::complaint_id)
        .do_update()
        .set(again)
        .execute(c))
}

/// Ends the claim on an item that has left the queue: nobody decides on it any more.
///
/// # Errors
/// A fault when the database fails.
pub fn leave(conn: &mut Connection, id: Id, state: ComplaintState) -> Result<(), Problem> {
    if !state.is(Trait::Queued) {
        release(conn, id).or_fault("end a claim")?;
    }
    Ok(())
}

/// Ends whatever claim there is on an item.
///
/// # Errors
/// What the database answers.
pub fn release(conn: &mut Connection, id: Id) -> QueryResult<usize> {
    diesel::delete(triage_claim::table.find(id)).execute(conn)
}

/// Extends the caller's claim by ten minutes from now.
#[utoipa::path(post, path = "/api/v1/triage/claims/{number}/heartbeat", tag = "triage", operation_id = "extend_claim",
    params(("number" = String, Path)),
    responses((status = 200, body = ClaimView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn extend_claim(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let view = app
        .db
        .write(move |conn| {
            let row = locks::by_number(conn, &path)?;
            require_held(conn, row.id, staff.id, now)?;
            let until = now + TimeDelta::minutes(shared.profile.rules.triage.lease_minutes);
            hold(conn, row.id, staff.id, now, until).or_fault("extend a claim")?;
            Ok(ClaimView {
                complaint: ComplaintSummary::of(&shared.profile, &row),
                expires_at: local(UtcTime(until)),
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Gives an item back before its time.
#[utoipa::path(delete, path = "/api/v1/triage/claims/{number}", tag = "triage", operation_id = "release_claim",
    params(("number" = String, Path)),
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn release_claim(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let now = app.now();
    app.db
        .write(move |conn| {
            let row = locks::by_number(conn, &path)?;
            require_held(conn, row.id, staff.id, now)?;
            release(conn, row.id).or_fault("release a claim")
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Cuts claims that end later than any may by more than clocks differ: they were made by a clock
/// ahead of this one, and would keep an item from everybody else until it catches up.
///
/// # Errors
/// What the database answers.
pub fn cut_longer(
    conn: &mut Connection,
    latest: DateTime<Utc>,
    clocks_differ: TimeDelta,
) -> QueryResult<usize> {
    let far = UtcTime(latest + clocks_differ);
    diesel::update(triage_claim::table.filter(triage_claim::expires_at.gt(far)))
        .set(triage_claim::expires_at.eq(UtcTime(latest)))
        .execute(conn)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::complaint::machine::MACHINE;
    use crate::record::ComplaintEvent as E;

    /// Whatever takes a complaint out of the queue is done in this room, or by `finds` with what staff
    /// found, and ends the claim.
    #[test]
    fn what_leads_out_of_the_queue_ends_the_claim() {
        let leaves = MACHINE.rows.iter().filter(|row| {
            let from = row.from.is_some_and(|state| state.is(Trait::Queued));
            from && !row.to.is(Trait::Queued)
        });
        let found: BTreeSet<&str> = leaves.map(|row| row.event.as_str()).collect();
        let decided = [
            E::Accept,
            E::Refuse,
            E::NoLongerAccept,
            E::Transfer,
            E::Object,
            E::Return,
        ];
        let of_finds = [E::TakeUp, E::Settle, E::Dismiss];
        let ending = decided.into_iter().chain(of_finds).chain([E::Withdraw]);
        assert_eq!(found, ending.map(E::as_str).collect());
    }
}
