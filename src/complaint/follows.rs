//! Matters a resident follows. A follower complains of nothing and is no voice; who wants to be one
//! files a complaint with `same_as`. What changed since they looked last is marked when they look;
//! nothing is sent.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    matter::{self, PublicMatter},
    tracking::counted,
};
use crate::account::{Resident, caller::Address};
use crate::app::App;
use crate::district::{Profile, calendar::date_of};
use crate::ledger::queries::by_public_code;
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{ledger_entry, matter_follow},
    },
    http::{Answer, IdempotencyKey, Page, PageQuery, Query, idempotency::fingerprint_of},
    named::named,
    problem::{ItemCode, OnDb, Problem},
};

/// Matters a resident follows at most.
const FOLLOWED_MAX: i64 = 100;

named! {
    /// What changed of a followed matter since the follower looked last.
    pub enum MatterChange {
        /// How far it is.
        Stage "stage",
        /// How many complain.
        Voices "voices",
        /// It was found to be one matter with another, and is that one now, or no longer is.
        Moved "moved",
    }
}

/// A matter a resident follows.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowView {
    /// What it is followed by, and unfollowed.
    pub followed: String,
    /// Since which day.
    pub followed_on: NaiveDate,
    /// The day the follower looked last, where something changed since.
    pub changed_since: Option<NaiveDate>,
    /// What changed.
    pub changes: Vec<MatterChange>,
    /// The matter as it is now; of one that was merged the matter it went into.
    #[serde(flatten)]
    pub now: PublicMatter,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = matter_follow)]
struct FollowRow {
    id: Id,
    entry_id: Id,
    seen_entry_id: Id,
    seen_stage: String,
    seen_voices: String,
    seen_at: UtcTime,
    created_at: UtcTime,
}

impl FollowRow {
    fn changes(&self, at: Id, now: &PublicMatter) -> Vec<MatterChange> {
        let changed = [
            (MatterChange::Stage, self.seen_stage != now.stage.as_str()),
            (
                MatterChange::Voices,
                self.seen_voices != now.voices.as_str(),
            ),
            (MatterChange::Moved, self.seen_entry_id != at),
        ];
        let changed = changed.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(change, _)| change).collect()
    }

    fn view(&self, code: String, at: Id, now: PublicMatter) -> FollowView {
        let changes = self.changes(at, &now);
        FollowView {
            followed: code,
            followed_on: date_of(self.created_at.0),
            changed_since: (!changes.is_empty()).then(|| date_of(self.seen_at.0)),
            changes,
            now,
        }
    }
}

/// The views of follows, in their order.
fn views(
    conn: &mut Connection,
    profile: &Profile,
    rows: Vec<FollowRow>,
) -> QueryResult<Vec<(Id, FollowView)>> {
    let entries: Vec<Id> = rows.iter().map(|row| row.entry_id).collect();
    let codes: HashMap<Id, Option<String>> = ledger_entry::table
        .filter(ledger_entry::id.eq_any(&entries))
        .select((ledger_entry::id, ledger_entry::public_code))
        .load::<(Id, Option<String>)>(conn)?
        .into_iter()
        .collect();
    let went = matter::whereabouts(conn, &entries)?;
    let there: Vec<Id> = went.values().copied().collect();
    let matters = matter::of_entries(conn, profile, &there)?;
    let views = rows.into_iter().filter_map(|row| {
        let at = *went.get(&row.entry_id)?;
        let code = codes.get(&row.entry_id)?.clone()?;
        Some((row.id, row.view(code, at, matters.get(&at)?.clone())))
    });
    Ok(views.collect())
}

/// The matters a signed-in resident follows, the latest followed first, each as it is now and with
/// what changed since they looked last. Follow one again to have looked.
#[utoipa::path(get, path = "/api/v1/residents/me/follows", tag = "residents", operation_id = "list_follows",
    params(PageQuery),
    responses((status = 200, body = Page<FollowView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_follows(
    app: web::Data<App>,
    resident: Resident,
    query: Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, after) = query.0.page::<Id>(&request)?;
    let shared = app.clone();
    let views = app
        .db
        .read(move |conn| {
            let mut rows = matter_follow::table
                .filter(matter_follow::resident_id.eq(resident.id))
                .order(matter_follow::id.desc())
                .limit(paging.limit + 1)
                .select(FollowRow::as_select())
                .into_boxed();
            if let Some(id) = after {
                rows = rows.filter(matter_follow::id.lt(id));
            }
            let rows: Vec<FollowRow> = rows.load(conn).or_fault("list follows")?;
            views(conn, &shared.profile, rows).or_fault("load followed matters")
        })
        .await?;
    let page = paging.of(views, |view| view.0, |view| view.1);
    Ok(page.into_response(&request))
}

/// Follows a matter by the `matter` it was shown with; followed already, it counts as looked at. A
/// follow is no complaint and no voice. A hundred at most. What nobody was shown is not found, and
/// each guess costs the address an attempt.
#[utoipa::path(post, path = "/api/v1/matters/{code}/follow", tag = "residents", operation_id = "follow_matter",
    params(("code" = String, Path, description = "The `matter` of what was shown")),
    responses((status = 201, body = FollowView), (status = 200, description = "Followed before", body = FollowView),
        (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn follow_matter(
    app: web::Data<App>,
    resident: Resident,
    address: Address,
    path: web::Path<String>,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let fingerprint = fingerprint_of([path.as_bytes()]);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            follow(conn, &shared.profile, resident.id, &path, now)
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    Ok(answer.into_response())
}

fn follow(
    conn: &mut Connection,
    profile: &Profile,
    resident: Id,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Answer, Problem> {
    let entry = by_public_code(conn, code).or_fault("look for a matter")?;
    let entry = entry.ok_or_else(Problem::not_found)?;
    let went = matter::whereabouts(conn, &[entry]).or_fault("look where it went")?;
    let at = went.get(&entry).copied().unwrap_or(entry);
    let matters = matter::of_entries(conn, profile, &[at]).or_fault("load the matter")?;
    let shown = matters.get(&at).cloned().ok_or_else(Problem::not_found)?;
    let followed: i64 = matter_follow::table
        .filter(matter_follow::resident_id.eq(resident))
        .count()
        .get_result(conn)
        .or_fault("count follows")?;
    let seen = (
        matter_follow::seen_entry_id.eq(at),
        matter_follow::seen_stage.eq(shown.stage.as_str()),
        matter_follow::seen_voices.eq(shown.voices.as_str()),
        matter_follow::seen_at.eq(UtcTime(now)),
    );
    let theirs = matter_follow::table
        .filter(matter_follow::resident_id.eq(resident))
        .filter(matter_follow::entry_id.eq(entry));
    let known = diesel::update(theirs)
        .set(seen)
        .execute(conn)
        .or_fault("look at a followed matter")?;
    if known == 0 && followed >= FOLLOWED_MAX {
        let message =
            format!("{FOLLOWED_MAX} matters are followed at most; unfollow another first");
        return Err(Problem::invalid("code", ItemCode::TooMany, message));
    }
    if known == 0 {
        let new = (
            matter_follow::id.eq(Id::new()),
            matter_follow::resident_id.eq(resident),
            matter_follow::entry_id.eq(entry),
            seen,
            matter_follow::created_at.eq(UtcTime(now)),
        );
        on_each!(conn, |c| diesel::insert_into(matter_follow::table)
            .values(new)
            .on_conflict_do_nothing()
            .execute(c))
        .or_fault("follow a matter")?;
    }
    let row: FollowRow = theirs_as_row(conn, resident, entry).or_fault("load the follow")?;
    let view = row.view(code.to_owned(), at, shown);
    if known == 0 {
        return Answer::created("/api/v1/residents/me/follows".to_owned(), &view);
    }
    Answer::ok(&view)
}

fn theirs_as_row(conn: &mut Connection, resident: Id, entry: Id) -> QueryResult<FollowRow> {
    matter_follow::table
        .filter(matter_follow::resident_id.eq(resident))
        .filter(matter_follow::entry_id.eq(entry))
        .select(FollowRow::as_select())
        .first(conn)
}

/// Follows a matter no longer.
#[utoipa::path(delete, path = "/api/v1/matters/{code}/follow", tag = "residents", operation_id = "unfollow_matter",
    params(("code" = String, Path, description = "The `followed` of the list")),
    responses((status = 204), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn unfollow_matter(
    app: web::Data<App>,
    resident: Resident,
    address: Address,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    app.db
        .write(move |conn| {
            let entry: Option<Id> = ledger_entry::table
                .filter(ledger_entry::public_code.eq(path.as_str()))
                .select(ledger_entry::id)
                .first(conn)
                .optional()
                .or_fault("look for a matter")?;
            let entry = entry.ok_or_else(Problem::not_found)?;
            let theirs = matter_follow::table
                .filter(matter_follow::resident_id.eq(resident.id))
                .filter(matter_follow::entry_id.eq(entry));
            match diesel::delete(theirs).execute(conn) {
                Ok(0) => Err(Problem::not_found()),
                ended => ended.map(|_| ()).or_fault("unfollow a matter"),
            }
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    Ok(HttpResponse::NoContent().finish())
}
