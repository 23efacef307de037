//! Devices from which an account signed in before. What others try to guess from elsewhere never
//! bars them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use crate::platform::{
    crypto::{hash_token, new_opaque_token},
    db::{Connection, Id, UtcTime, schema::known_device},
};

/// How long a device is known after its last sign-in.
const KNOWN_FOR: TimeDelta = TimeDelta::days(180);

/// Devices kept for one account; the one longest unseen gives way.
const KEPT: i64 = 20;

/// The device a token stands for, when the account signed in from it before.
///
/// # Errors
/// What the database answers.
pub fn known(
    conn: &mut Connection,
    staff: Id,
    token: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Id>> {
    known_device::table
        .filter(known_device::token_hash.eq(hash_token(token)))
        .filter(known_device::staff_id.eq(staff))
        .filter(known_device::seen_at.gt(UtcTime(now - KNOWN_FOR)))
        .select(known_device::id)
        .first(conn)
        .optional()
}

/// Notes a sign-in from a known device.
///
/// # Errors
/// What the database answers.
pub fn see(conn: &mut Connection, device: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(known_device::table.find(device))
        .set(known_device::seen_at.eq(UtcTime(now)))
        .execute(conn)
}

/// Makes a device known and answers the token it is known by.
///
/// # Errors
/// What the database answers.
pub fn remember(conn: &mut Connection, staff: Id, now: DateTime<Utc>) -> QueryResult<String> {
    let (token, hash) = new_opaque_token();
    diesel::insert_into(known_device::table)
        .values((
            known_device::id.eq(Id::new()),
            known_device::staff_id.eq(staff),
            known_device::token_hash.eq(hash),
            known_device::created_at.eq(UtcTime(now)),
            known_device::seen_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    let beyond: Vec<Id> = known_device::table
        .filter(known_device::staff_id.eq(staff))
        .order((known_device::seen_at.desc(), known_device::id.desc()))
        .offset(KEPT)
        .limit(KEPT)
        .select(known_device::id)
        .load(conn)?;
    diesel::delete(known_device::table.filter(known_device::id.eq_any(beyond))).execute(conn)?;
    Ok(token)
}

/// Forgets all devices of an account, as when its password is set anew.
///
/// # Errors
/// What the database answers.
pub fn forget_all(conn: &mut Connection, staff: Id) -> QueryResult<usize> {
    diesel::delete(known_device::table.filter(known_device::staff_id.eq(staff))).execute(conn)
}
