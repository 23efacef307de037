//! Who sends a complaint, as the abuse list (D8) looks at them: what a blocked sender sends is
//! answered as everybody's and stays hidden.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use crate::account::{queries::phone_of, resident_routes::PHONE_KEY};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::complaint_sender},
    problem::{OnDb, Problem},
    sealed,
};
use crate::registers::queries::blocked;

/// For how long the blind index of a sending address is kept, so that an anonymous sender can
/// still be blocked when the brigade reads what they sent.
const SENDER_KEPT_DAYS: i64 = 30;

/// The phone a resident proved to be theirs by signing in.
#[derive(Debug, Clone)]
pub struct Proven {
    /// Its blind indexes, by present and former keys.
    pub keys: Vec<String>,
    /// The phone, unless its key is lost.
    pub phone: Option<String>,
}

impl Proven {
    /// By a resident.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn by(conn: &mut Connection, keys: &Keys, resident: Id) -> Result<Self, Problem> {
        let (phone_key, sealed) = phone_of(conn, resident).or_fault("load resident")?;
        let phone = sealed.and_then(|bytes| {
            let plain = sealed::RESIDENT_PHONE.open(keys, resident.0.as_bytes(), &bytes);
            String::from_utf8(plain.ok()?).ok()
        });
        let indexes = |phone: &String| keys.blind_indexes(PHONE_KEY, phone);
        let mut keys = phone.as_ref().map_or_else(Vec::new, indexes);
        if !keys.contains(&phone_key) {
            keys.push(phone_key);
        }
        Ok(Self { keys, phone })
    }
}

/// Who sends, as the abuse list looks at them. All are told by blind indexes.
#[derive(Debug, Clone)]
pub enum Sender<'a> {
    /// A resident who signed in, by the phone they proved.
    Proven(&'a [String]),
    /// Somebody who proved nothing, by whom they name as themselves and the address they send from.
    Claimed(Vec<&'a String>),
    /// Petitioners whose words the office or another system brought in, each by what is said of
    /// them.
    Brought(Vec<&'a [String]>),
}

/// Whether a sender is on the list.
///
/// Whoever proved a number is hit by a block on just that number, made for something that was sent
/// with the number proved as well. Nobody else's claim to the number, nobody behind the same
/// address and no other name in the report can silence them. Whoever proved nothing is hit by any
/// block on a person they name or on the address they send from. What others brought in is hidden
/// when every petitioner is blocked for what they sent with their number proved: a list of signers
/// is not silenced by one of them, nor a letter by a number somebody typed elsewhere.
///
/// # Errors
/// What the database answers.
pub fn is_blocked(
    conn: &mut Connection,
    sender: &Sender<'_>,
    person_days: i64,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let keys: Vec<&String> = match sender {
        Sender::Proven(keys) => keys.iter().collect(),
        Sender::Claimed(keys) => keys.clone(),
        Sender::Brought(petitioners) => petitioners.iter().copied().flatten().collect(),
    };
    let blocked = blocked(conn, &keys, person_days, now)?;
    let proved = |keys: &[String]| keys.iter().any(|key| blocked.get(key) == Some(&true));
    Ok(match sender {
        Sender::Proven(keys) => proved(keys),
        Sender::Claimed(_) => !blocked.is_empty(),
        Sender::Brought(petitioners) => {
            !petitioners.is_empty() && petitioners.iter().all(|keys| proved(keys))
        }
    })
}

/// Keeps the blind index of the address a complaint came from.
///
/// # Errors
/// What the database answers.
pub fn remember(
    conn: &mut Connection,
    complaint: Id,
    key: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(complaint_sender::table)
        .values((
            complaint_sender::complaint_id.eq(complaint),
            complaint_sender::key.eq(key),
            complaint_sender::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Forgets addresses past their time.
///
/// # Errors
/// What the database answers.
pub fn forget_old(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let until = now - TimeDelta::days(SENDER_KEPT_DAYS);
    let old = complaint_sender::table.filter(complaint_sender::created_at.lt(UtcTime(until)));
    diesel::delete(old).execute(conn)
}
