//! Accounts and sessions in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::session::queries as sessions;
use crate::platform::db::{
    Connection, Id, UtcTime,
    schema::{resident, resident_otp, staff, staff_channel},
};

/// Days a phone code is kept after its end.
const CODES_KEPT_DAYS: i64 = 1;

/// A member of staff as stored.
#[derive(Debug, Clone, Queryable)]
pub struct StaffRow {
    /// Account id.
    pub id: Id,
    /// User name, unique.
    pub username: String,
    /// Name to show.
    pub display_name: String,
    /// Role name.
    pub role: String,
    /// Unit code.
    pub unit_code: Option<String>,
    /// Street code.
    pub street_code: Option<String>,
    /// Grid code.
    pub grid_code: Option<String>,
    /// Argon2id hash.
    pub password_hash: String,
    /// Whether sign-in and all calls are refused.
    pub disabled: bool,
    /// Version for `ETag`.
    pub version: i32,
    /// Made at.
    pub created_at: UtcTime,
    /// Last changed at.
    pub updated_at: UtcTime,
}

/// A new member of staff.
#[derive(Debug, Clone)]
pub struct NewStaff {
    /// User name.
    pub username: String,
    /// Name to show.
    pub display_name: String,
    /// Role name.
    pub role: String,
    /// Unit code.
    pub unit_code: Option<String>,
    /// Street code.
    pub street_code: Option<String>,
    /// Grid code.
    pub grid_code: Option<String>,
    /// Argon2id hash.
    pub password_hash: String,
}

/// Adds an account.
///
/// # Errors
/// A unique violation when the user name is taken; what the database answers.
pub fn insert_staff(conn: &mut Connection, new: &NewStaff, now: DateTime<Utc>) -> QueryResult<Id> {
    let id = Id::new();
    diesel::insert_into(staff::table)
        .values((
            staff::id.eq(id),
            staff::username.eq(&new.username),
            staff::display_name.eq(&new.display_name),
            staff::role.eq(&new.role),
            staff::unit_code.eq(&new.unit_code),
            staff::street_code.eq(&new.street_code),
            staff::grid_code.eq(&new.grid_code),
            staff::password_hash.eq(&new.password_hash),
            staff::disabled.eq(false),
            staff::version.eq(1),
            staff::created_at.eq(UtcTime(now)),
            staff::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    Ok(id)
}

/// Binds a service account to the channels it files under, instead of those it was bound to.
///
/// # Errors
/// What the database answers.
pub fn bind_channels(conn: &mut Connection, id: Id, channels: &[String]) -> QueryResult<()> {
    diesel::delete(staff_channel::table.filter(staff_channel::staff_id.eq(id))).execute(conn)?;
    for channel in channels {
        diesel::insert_into(staff_channel::table)
            .values((
                staff_channel::staff_id.eq(id),
                staff_channel::channel.eq(channel),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Whether a service account files under a channel.
///
/// # Errors
/// What the database answers.
pub fn files_under(conn: &mut Connection, id: Id, channel: &str) -> QueryResult<bool> {
    let bound = staff_channel::table
        .filter(staff_channel::staff_id.eq(id))
        .filter(staff_channel::channel.eq(channel));
    diesel::select(diesel::dsl::exists(bound)).get_result(conn)
}

/// An account by id.
///
/// # Errors
/// What the database answers.
pub fn staff_by_id(conn: &mut Connection, id: Id) -> QueryResult<Option<StaffRow>> {
    staff::table.find(id).first(conn).optional()
}

/// An account by user name.
///
/// # Errors
/// What the database answers.
pub fn staff_by_name(conn: &mut Connection, name: &str) -> QueryResult<Option<StaffRow>> {
    staff::table
        .filter(staff::username.eq(name))
        .first(conn)
        .optional()
}

/// All accounts by user name.
///
/// # Errors
/// What the database answers.
pub fn all_staff(conn: &mut Connection) -> QueryResult<Vec<StaffRow>> {
    staff::table.order(staff::username.asc()).load(conn)
}

/// The user names of accounts.
///
/// # Errors
/// What the database answers.
pub fn usernames(conn: &mut Connection, ids: Vec<Id>) -> QueryResult<Vec<(Id, String)>> {
    staff::table
        .filter(staff::id.eq_any(ids))
        .select((staff::id, staff::username))
        .load(conn)
}

/// The grid officers of a grid who may work, by user name.
///
/// # Errors
/// What the database answers.
pub fn officers_of_grid(conn: &mut Connection, grid: &str) -> QueryResult<Vec<StaffRow>> {
    staff::table
        .filter(staff::role.eq("grid_officer"))
        .filter(staff::grid_code.eq(grid))
        .filter(staff::disabled.eq(false))
        .order(staff::username.asc())
        .load(conn)
}

/// Every active grid officer, by user name.
///
/// # Errors
/// What the database answers.
pub fn all_officers(conn: &mut Connection) -> QueryResult<Vec<StaffRow>> {
    staff::table
        .filter(staff::role.eq("grid_officer"))
        .filter(staff::disabled.eq(false))
        .order(staff::username.asc())
        .load(conn)
}

/// Disables an account and ends its sessions.
///
/// # Errors
/// What the database answers.
pub fn disable_staff(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(staff::table.find(id))
        .set((
            staff::disabled.eq(true),
            staff::version.eq(staff::version + 1),
            staff::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    sessions::revoke_others(conn, id, None, now)?;
    super::devices::forget_all(conn, id).map(|_| ())
}

/// Lets a disabled account sign in again; its old sessions stay ended.
///
/// # Errors
/// What the database answers.
pub fn enable_staff(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::update(staff::table.find(id))
        .set((
            staff::disabled.eq(false),
            staff::version.eq(staff::version + 1),
            staff::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Sets a new password hash, ends the account's sessions (but one) and forgets its devices.
///
/// # Errors
/// What the database answers.
pub fn set_password(
    conn: &mut Connection,
    id: Id,
    hash: &str,
    but: Option<Id>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(staff::table.find(id))
        .set((
            staff::password_hash.eq(hash),
            staff::version.eq(staff::version + 1),
            staff::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    sessions::revoke_others(conn, id, but, now)?;
    super::devices::forget_all(conn, id).map(|_| ())
}

/// The resident of a phone's blind indexes, the present key's first; made when there is none yet.
///
/// # Errors
/// What the database answers.
pub fn resident_of_phone(
    conn: &mut Connection,
    phone_keys: &[String],
    now: DateTime<Utc>,
) -> QueryResult<Id> {
    let known = resident::table
        .filter(resident::phone_key.eq_any(phone_keys))
        .order(resident::created_at.asc())
        .select(resident::id);
    if let Some(id) = known.first(conn).optional()? {
        return Ok(id);
    }
    let phone_key = phone_keys.first().map_or("", String::as_str);
    let row = (
        resident::id.eq(Id::new()),
        resident::phone_key.eq(phone_key),
        resident::created_at.eq(UtcTime(now)),
    );
    crate::on_each!(conn, |c| diesel::insert_into(resident::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    resident::table
        .filter(resident::phone_key.eq(phone_key))
        .select(resident::id)
        .first(conn)
}

/// Keeps a resident's phone, sealed under their id, unless it is there: notices go to it.
///
/// # Errors
/// What the database answers.
pub fn keep_phone(conn: &mut Connection, id: Id, sealed: &[u8]) -> QueryResult<usize> {
    let without = resident::table
        .find(id)
        .filter(resident::sealed_phone.is_null());
    diesel::update(without)
        .set(resident::sealed_phone.eq(sealed))
        .execute(conn)
}

/// The blind index of a resident's phone, and the phone, sealed under their id.
///
/// # Errors
/// What the database answers.
pub fn phone_of(conn: &mut Connection, id: Id) -> QueryResult<(String, Option<Vec<u8>>)> {
    resident::table
        .find(id)
        .select((resident::phone_key, resident::sealed_phone))
        .first(conn)
}

/// Residents who signed in by a phone, by its blind indexes: one, but for what two keys made of it.
///
/// # Errors
/// What the database answers.
pub fn residents_by_phone(conn: &mut Connection, phone_keys: &[String]) -> QueryResult<Vec<Id>> {
    resident::table
        .filter(resident::phone_key.eq_any(phone_keys))
        .select(resident::id)
        .load(conn)
}

/// A code sent to a phone, as it is stored.
#[derive(Debug)]
pub struct NewCode<'a> {
    /// Blind index of the phone.
    pub phone_key: &'a str,
    /// Hash of code and phone.
    pub hash: &'a [u8],
    /// Blind index of the address it was asked for from.
    pub asked_from: &'a str,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Stores a phone code; those sent before to who asked from the same address are void.
///
/// # Errors
/// What the database answers.
pub fn insert_otp(
    conn: &mut Connection,
    code: &NewCode<'_>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let earlier = resident_otp::table
        .filter(resident_otp::phone_key.eq(code.phone_key))
        .filter(resident_otp::asked_from.eq(code.asked_from))
        .filter(resident_otp::used_at.is_null());
    diesel::update(earlier)
        .set(resident_otp::used_at.eq(UtcTime(now)))
        .execute(conn)?;
    diesel::insert_into(resident_otp::table)
        .values((
            resident_otp::id.eq(Id::new()),
            resident_otp::phone_key.eq(code.phone_key),
            resident_otp::code_hash.eq(code.hash),
            resident_otp::asked_from.eq(code.asked_from),
            resident_otp::attempts.eq(0),
            resident_otp::created_at.eq(UtcTime(now)),
            resident_otp::expires_at.eq(UtcTime(code.expires_at)),
        ))
        .execute(conn)
}

/// Counts an attempt at every open code of a phone before anything is compared, so that guesses
/// made at one moment wait for each other and each is counted; answers the codes that had an
/// attempt left, by id and hash. Who asked for a code and everybody else have attempts of their own.
///
/// # Errors
/// What the database answers.
pub fn attempt_otp(
    conn: &mut Connection,
    phone_key: &str,
    from: &str,
    most: i32,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(Id, Vec<u8>)>> {
    let open: Vec<(Id, String)> = resident_otp::table
        .filter(resident_otp::phone_key.eq(phone_key))
        .filter(resident_otp::used_at.is_null())
        .filter(resident_otp::expires_at.gt(UtcTime(now)))
        .order(resident_otp::id)
        .select((resident_otp::id, resident_otp::asked_from))
        .load(conn)?;
    let mut left = Vec::new();
    for (id, asked_from) in open {
        // The update locks the row until the transaction ends, and every caller takes them in the
        // same order.
        let row = resident_otp::table
            .find(id)
            .filter(resident_otp::used_at.is_null());
        let counted = if asked_from == from {
            diesel::update(row.filter(resident_otp::attempts.lt(most)))
                .set(resident_otp::attempts.eq(resident_otp::attempts + 1))
                .execute(conn)?
        } else {
            diesel::update(row.filter(resident_otp::attempts_elsewhere.lt(most)))
                .set(resident_otp::attempts_elsewhere.eq(resident_otp::attempts_elsewhere + 1))
                .execute(conn)?
        };
        if counted == 1 {
            let hash = row.select(resident_otp::code_hash).first(conn)?;
            left.push((id, hash));
        }
    }
    Ok(left)
}

/// Marks a code used, once, and with it whatever else was sent to the phone.
///
/// # Errors
/// What the database answers.
pub fn use_otp(
    conn: &mut Connection,
    id: Id,
    phone_key: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let unused = resident_otp::table.filter(resident_otp::used_at.is_null());
    let used = diesel::update(unused.filter(resident_otp::id.eq(id)))
        .set(resident_otp::used_at.eq(UtcTime(now)))
        .execute(conn)?;
    diesel::update(unused.filter(resident_otp::phone_key.eq(phone_key)))
        .set(resident_otp::used_at.eq(UtcTime(now)))
        .execute(conn)?;
    Ok(used == 1)
}

/// Removes the next phone codes past their time; answers how many.
///
/// # Errors
/// What the database answers.
pub fn forget_codes(conn: &mut Connection, now: DateTime<Utc>, batch: i64) -> QueryResult<usize> {
    let until = UtcTime(now - TimeDelta::days(CODES_KEPT_DAYS));
    let old: Vec<Id> = resident_otp::table
        .filter(resident_otp::expires_at.lt(until))
        .limit(batch)
        .select(resident_otp::id)
        .load(conn)?;
    diesel::delete(resident_otp::table.filter(resident_otp::id.eq_any(&old))).execute(conn)
}

/// Files a resident under the present index, if filed under a former one; answers how many were.
///
/// # Errors
/// What the database answers.
pub fn index_resident(
    conn: &mut Connection,
    id: Id,
    former: &[String],
    present: &str,
) -> QueryResult<usize> {
    let filed_before = resident::table
        .find(id)
        .filter(resident::phone_key.eq_any(former));
    diesel::update(filed_before)
        .set(resident::phone_key.eq(present))
        .execute(conn)
}
