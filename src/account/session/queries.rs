//! Sessions in the database: a row for each refresh token, a family of rows for each sign-in.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use crate::platform::db::{Connection, Id, UtcTime, schema::session};

/// Days a session is kept after its end: a token used twice is still known as one.
const KEPT_DAYS: i64 = 30;

/// A refresh token as stored.
#[derive(Debug, Clone, Queryable)]
pub struct SessionRow {
    /// Row id; the access token that came with it bears it.
    pub id: Id,
    /// `staff` or `resident`.
    pub subject_kind: String,
    /// Account id.
    pub subject_id: Id,
    /// The session: all tokens that came of one sign-in.
    pub family_id: Id,
    /// SHA-256 of the refresh token.
    pub refresh_hash: Vec<u8>,
    /// Made at.
    pub created_at: UtcTime,
    /// Expires at.
    pub expires_at: UtcTime,
    /// Exchanged for the next one at.
    pub used_at: Option<UtcTime>,
    /// Ended at.
    pub revoked_at: Option<UtcTime>,
    /// The token it was exchanged for; none at sign-in.
    pub parent_id: Option<Id>,
    /// What signed in, in its own words (`User-Agent`).
    pub device: String,
    /// Signed in at.
    pub opened_at: UtcTime,
}

/// A new refresh token of a session.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// `staff` or `resident`.
    pub subject_kind: &'static str,
    /// Account id.
    pub subject_id: Id,
    /// The session.
    pub family_id: Id,
    /// The token it is given for; none at sign-in.
    pub parent_id: Option<Id>,
    /// What signed in.
    pub device: String,
    /// Signed in at.
    pub opened_at: DateTime<Utc>,
}

/// Stores a refresh token.
///
/// # Errors
/// What the database answers.
pub fn insert(
    conn: &mut Connection,
    new: &NewSession,
    refresh_hash: &[u8],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Id> {
    let id = Id::new();
    diesel::insert_into(session::table)
        .values((
            session::id.eq(id),
            session::subject_kind.eq(new.subject_kind),
            session::subject_id.eq(new.subject_id),
            session::family_id.eq(new.family_id),
            session::refresh_hash.eq(refresh_hash),
            session::created_at.eq(UtcTime(now)),
            session::expires_at.eq(UtcTime(expires_at)),
            session::parent_id.eq(new.parent_id),
            session::device.eq(&new.device),
            session::opened_at.eq(UtcTime(new.opened_at)),
        ))
        .execute(conn)?;
    Ok(id)
}

/// A refresh token by its hash, with its session kept from others until the transaction ends: two
/// uses at one moment wait for each other, and both wait for whoever ends the session.
///
/// # Errors
/// What the database answers.
pub fn take_by_hash(conn: &mut Connection, hash: &[u8]) -> QueryResult<Option<SessionRow>> {
    let by_hash = session::table.filter(session::refresh_hash.eq(hash));
    let found: Option<Id> = by_hash.select(session::family_id).first(conn).optional()?;
    let Some(family) = found else {
        return Ok(None);
    };
    lock(conn, family)?;
    by_hash.first(conn).optional()
}

/// Locks a session by its first row. On SQLite there is one writer.
fn lock(conn: &mut Connection, family: Id) -> QueryResult<()> {
    if let Connection::Postgres(c) = conn {
        session::table
            .filter(session::family_id.eq(family))
            .order(session::id.asc())
            .select(session::id)
            .limit(1)
            .for_update()
            .load::<Id>(c)?;
    }
    Ok(())
}

/// Marks a refresh token used.
///
/// # Errors
/// What the database answers.
pub fn mark_used(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(session::table.find(id))
        .set(session::used_at.eq(UtcTime(now)))
        .execute(conn)
}

/// Whether a token that was given for this one was exchanged itself.
///
/// # Errors
/// What the database answers.
pub fn has_used_child(conn: &mut Connection, id: Id) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        session::table
            .filter(session::parent_id.eq(id))
            .filter(session::used_at.is_not_null()),
    ))
    .get_result(conn)
}

/// Voids the tokens that were given for this one.
///
/// # Errors
/// What the database answers.
pub fn void_children(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    let live = session::table
        .filter(session::parent_id.eq(id))
        .filter(session::revoked_at.is_null());
    diesel::update(live)
        .set(session::revoked_at.eq(UtcTime(now)))
        .execute(conn)
}

/// Whether the tokens of a row were not voided.
///
/// # Errors
/// What the database answers.
pub fn is_live(conn: &mut Connection, id: Id) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        session::table
            .find(id)
            .filter(session::revoked_at.is_null()),
    ))
    .get_result(conn)
}

/// Ends a session: all its tokens. Answers how many there were still.
///
/// # Errors
/// What the database answers.
pub fn revoke(conn: &mut Connection, family: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    lock(conn, family)?;
    let live = session::table
        .filter(session::family_id.eq(family))
        .filter(session::revoked_at.is_null());
    diesel::update(live)
        .set(session::revoked_at.eq(UtcTime(now)))
        .execute(conn)
}

/// Ends the sessions of an account but one, in the order in which all take them.
///
/// # Errors
/// What the database answers.
pub fn revoke_others(
    conn: &mut Connection,
    subject: Id,
    but: Option<Id>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let families: Vec<Id> = session::table
        .filter(session::subject_id.eq(subject))
        .filter(session::revoked_at.is_null())
        .select(session::family_id)
        .distinct()
        .order(session::family_id.asc())
        .load(conn)?;
    for family in families.into_iter().filter(|f| Some(*f) != but) {
        revoke(conn, family, now)?;
    }
    Ok(())
}

/// The live sessions of an account, the last used first: of each the newest token.
///
/// # Errors
/// What the database answers.
pub fn live_of(
    conn: &mut Connection,
    subject: Id,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SessionRow>> {
    session::table
        .filter(session::subject_id.eq(subject))
        .filter(session::revoked_at.is_null())
        .filter(session::used_at.is_null())
        .filter(session::expires_at.gt(UtcTime(now)))
        .order((session::created_at.desc(), session::id.desc()))
        .load(conn)
}

/// Removes the next sessions past their time; answers how many.
///
/// # Errors
/// What the database answers.
pub fn forget_ended(conn: &mut Connection, now: DateTime<Utc>, batch: i64) -> QueryResult<usize> {
    let until = UtcTime(now - TimeDelta::days(KEPT_DAYS));
    let old: Vec<Id> = session::table
        .filter(session::expires_at.lt(until))
        .limit(batch)
        .select(session::id)
        .load(conn)?;
    diesel::delete(session::table.filter(session::id.eq_any(&old))).execute(conn)
}
