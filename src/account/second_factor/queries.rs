//! Second factors in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::platform::db::{
    Connection, Id, UtcTime,
    schema::{recovery_code, second_factor},
};

/// The sealed secret of an account whose second factor is on.
///
/// # Errors
/// What the database answers.
pub fn confirmed(conn: &mut Connection, staff: Id) -> QueryResult<Option<Vec<u8>>> {
    second_factor::table
        .find(staff)
        .filter(second_factor::confirmed_at.is_not_null())
        .select(second_factor::sealed_secret)
        .first(conn)
        .optional()
}

/// The sealed secret that waits for its first code.
///
/// # Errors
/// What the database answers.
pub fn unconfirmed(conn: &mut Connection, staff: Id) -> QueryResult<Option<Vec<u8>>> {
    second_factor::table
        .find(staff)
        .filter(second_factor::confirmed_at.is_null())
        .select(second_factor::sealed_secret)
        .first(conn)
        .optional()
}

/// Keeps a new secret in the place of one that was never confirmed; answers false when the second
/// factor is on already.
///
/// # Errors
/// What the database answers.
pub fn start(
    conn: &mut Connection,
    staff: Id,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let waiting = second_factor::table
        .find(staff)
        .filter(second_factor::confirmed_at.is_null());
    diesel::delete(waiting).execute(conn)?;
    let row = (
        second_factor::staff_id.eq(staff),
        second_factor::sealed_secret.eq(sealed),
        second_factor::created_at.eq(UtcTime(now)),
    );
    let made = crate::on_each!(conn, |c| diesel::insert_into(second_factor::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(made == 1)
}

/// Turns a second factor on by the step of its first code; answers whether it waited for that.
///
/// # Errors
/// What the database answers.
pub fn confirm(
    conn: &mut Connection,
    staff: Id,
    step: i64,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let waiting = second_factor::table
        .find(staff)
        .filter(second_factor::confirmed_at.is_null());
    let done = diesel::update(waiting)
        .set((
            second_factor::confirmed_at.eq(UtcTime(now)),
            second_factor::last_step.eq(step),
        ))
        .execute(conn)?;
    Ok(done == 1)
}

/// Uses a step of time up; answers false when it, or a later one, was used before.
///
/// # Errors
/// What the database answers.
pub fn use_step(conn: &mut Connection, staff: Id, step: i64) -> QueryResult<bool> {
    let unused = second_factor::table.find(staff).filter(
        second_factor::last_step
            .is_null()
            .or(second_factor::last_step.lt(step)),
    );
    let used = diesel::update(unused)
        .set(second_factor::last_step.eq(step))
        .execute(conn)?;
    Ok(used == 1)
}

/// Keeps new recovery codes in the place of all before.
///
/// # Errors
/// What the database answers.
pub fn replace_recovery_codes(
    conn: &mut Connection,
    staff: Id,
    hashes: &[Vec<u8>],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let before = recovery_code::table.filter(recovery_code::staff_id.eq(staff));
    diesel::delete(before).execute(conn)?;
    for hash in hashes {
        diesel::insert_into(recovery_code::table)
            .values((
                recovery_code::id.eq(Id::new()),
                recovery_code::staff_id.eq(staff),
                recovery_code::code_hash.eq(hash),
                recovery_code::created_at.eq(UtcTime(now)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Uses a recovery code up, once.
///
/// # Errors
/// What the database answers.
pub fn use_recovery_code(
    conn: &mut Connection,
    staff: Id,
    hash: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let unused = recovery_code::table
        .filter(recovery_code::staff_id.eq(staff))
        .filter(recovery_code::code_hash.eq(hash))
        .filter(recovery_code::used_at.is_null());
    let used = diesel::update(unused)
        .set(recovery_code::used_at.eq(UtcTime(now)))
        .execute(conn)?;
    Ok(used == 1)
}

/// How many recovery codes are left.
///
/// # Errors
/// What the database answers.
pub fn recovery_codes_left(conn: &mut Connection, staff: Id) -> QueryResult<i64> {
    recovery_code::table
        .filter(recovery_code::staff_id.eq(staff))
        .filter(recovery_code::used_at.is_null())
        .count()
        .get_result(conn)
}

/// Takes an account's second factor away; answers whether there was one.
///
/// # Errors
/// What the database answers.
pub fn remove(conn: &mut Connection, staff: Id) -> QueryResult<bool> {
    let codes = recovery_code::table.filter(recovery_code::staff_id.eq(staff));
    diesel::delete(codes).execute(conn)?;
    let gone = diesel::delete(second_factor::table.find(staff)).execute(conn)?;
    Ok(gone == 1)
}
