//! A resident's own complaints: what they filed signed in, and what was filed with their phone.
//!
//! A code proved the phone. What somebody filed without signing in and left that phone with is its
//! holder's: nobody else can show more of a claim to it, a lost tracking code is sent to that very
//! phone, and who finds there what they never filed can say so. So they are given its code and see
//! with it what the reporter sees, in which personal data is masked. What somebody else filed signed in,
//! by another phone that they proved, is theirs, whatever number they typed: whose number it is is told
//! that it was used, and neither a word nor the code. Who merely signed a petition of others is shown
//! nothing: others wrote their number down.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{queries::ComplaintRow, senders::Proven};
use crate::account::{Resident, queries::residents_by_phone};
use crate::app::App;
use crate::district::Profile;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, filer_key},
    },
    http::{Page, PageQuery, Query},
    named::named,
    problem::{OnDb, Problem},
};
use crate::record::{ComplaintState, local};

named! {
    /// How a complaint is the resident's own.
    pub enum Filed {
        /// They filed it signed in.
        SignedIn "signed_in",
        /// Somebody filed it without signing in and left their phone.
        ByPhone "by_phone",
        /// Somebody else filed it signed in and left their phone: its code is not theirs.
        ByAnother "by_another",
    }
}

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
    /// How it is your own.
    pub filed: Filed,
    /// The code to follow it by; null for what another filed with your phone.
    pub tracking_code: Option<String>,
}

impl OwnComplaint {
    fn of(profile: &Profile, row: ComplaintRow, theirs: &HashSet<Id>) -> Self {
        let filed = match row.resident_id {
            None => Filed::ByPhone,
            Some(by) if theirs.contains(&by) => Filed::SignedIn,
            Some(_) => Filed::ByAnother,
        };
        Self {
            state_name: row.state.label(),
            category_name: profile.category_name(&row.category),
            received_at: local(row.received_at),
            due_on: row.owed_on(),
            number: row.number,
            state: row.state,
            category: row.category,
            tracking_code: Some(row.tracking_code).filter(|_| filed != Filed::ByAnother),
            filed,
        }
    }
}

/// Which of the complaints filed with a phone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The one of this number.
    pub number: Option<&'a str>,
    /// Those received from one instant until before another.
    pub received: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Those before this one.
    pub before: Option<Id>,
    /// So many at most, by each index of the phone.
    pub most: i64,
}

/// Complaints filed with a phone, by its blind indexes, the latest first. Each index is asked for by
/// itself, in the order of its own.
///
/// # Errors
/// What the database answers.
pub(super) fn filed_with(
    conn: &mut Connection,
    phone_keys: &[String],
    asked: Asked<'_>,
) -> QueryResult<Vec<ComplaintRow>> {
    let mut found: Vec<ComplaintRow> = Vec::new();
    for key in phone_keys {
        let mut filed = filer_key::table
            .inner_join(complaint::table)
            .filter(filer_key::key.eq(key))
            .order(filer_key::complaint_id.desc())
            .limit(asked.most)
            .select(ComplaintRow::as_select())
            .into_boxed();
        if let Some(number) = asked.number {
            filed = filed.filter(complaint::number.eq(number));
        }
        if let Some((from, until)) = asked.received {
            filed = filed
                .filter(complaint::received_at.ge(UtcTime(from)))
                .filter(complaint::received_at.lt(UtcTime(until)));
        }
        if let Some(id) = asked.before {
            filed = filed.filter(filer_key::complaint_id.lt(id));
        }
        found.extend(filed.load::<ComplaintRow>(conn)?);
    }
    Ok(latest_first(found))
}

fn latest_first(mut rows: Vec<ComplaintRow>) -> Vec<ComplaintRow> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.dedup_by_key(|row| row.id);
    rows
}

fn filed_signed_in(
    conn: &mut Connection,
    resident: Id,
    before: Option<Id>,
    most: i64,
) -> QueryResult<Vec<ComplaintRow>> {
    let mut rows = complaint::table
        .filter(complaint::resident_id.eq(resident))
        .order(complaint::id.desc())
        .limit(most)
        .select(ComplaintRow::as_select())
        .into_boxed();
    if let Some(id) = before {
        rows = rows.filter(complaint::id.lt(id));
    }
    rows.load(conn)
}

/// The complaints a signed-in resident filed, and those filed with their phone without signing in,
/// newest first. What another resident filed with your phone is told of, without its code.
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
    let shared = app.clone();
    let (rows, theirs) = app
        .db
        .read(move |conn| {
            let phone = Proven::by(conn, &shared.keys, resident.id)?;
            let asked = Asked {
                number: None,
                received: None,
                before: after,
                most: paging.limit + 1,
            };
            let mut rows = filed_with(conn, &phone.keys, asked).or_fault("list by phone")?;
            let same = residents_by_phone(conn, &phone.keys).or_fault("load residents")?;
            let theirs: HashSet<Id> = same.into_iter().chain([resident.id]).collect();
            for by in &theirs {
                let signed_in = filed_signed_in(conn, *by, after, asked.most);
                rows.extend(signed_in.or_fault("list own complaints")?);
            }
            Ok((latest_first(rows), theirs))
        })
        .await?;
    let profile = app.profile.clone();
    let page = paging.of(
        rows,
        |row| row.id,
        |row| OwnComplaint::of(&profile, row, &theirs),
    );
    Ok(page.into_response(&request))
}
