//! What registers are asked by other rooms, and what they ask of what stands elsewhere.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use crate::account::queries::phone_of;
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, complaint_sender, petitioner, sender_block, sender_block_key},
    },
    problem::{OnDb as _, Problem},
};
use crate::privacy::REPORTER;
use crate::register::Key;

/// The blind indexes of who reports a complaint; that of the phone they signed in by is proved.
/// Those who signed with them, or whom they speak for, sent nothing.
///
/// # Errors
/// A fault when the database fails.
pub fn keys_of_reporter(conn: &mut Connection, complaint: Id) -> Result<Vec<Key>, Problem> {
    let found: Vec<JsonValue> = petitioner::table
        .filter(petitioner::complaint_id.eq(complaint))
        .filter(petitioner::kind.eq(REPORTER))
        .select(petitioner::person_keys)
        .load(conn)
        .or_fault("load the reporter")?;
    let keys: BTreeSet<String> = found
        .into_iter()
        .flat_map(|JsonValue(keys)| serde_json::from_value::<Vec<_>>(keys).unwrap_or_default())
        .collect();
    let resident: Option<Id> = complaint::table
        .find(complaint)
        .select(complaint::resident_id)
        .first(conn)
        .or_fault("load the resident")?;
    let phone = resident
        .map(|resident| phone_of(conn, resident))
        .transpose();
    let phone = phone.or_fault("load the phone")?.map(|(key, _)| key);
    let told = |key: String| Key {
        proven: phone.as_ref() == Some(&key),
        key,
    };
    Ok(keys.into_iter().map(told).collect())
}

/// The blind index of the address a complaint came from, as long as it is kept.
///
/// # Errors
/// A fault when the database fails.
pub fn keys_of_address(conn: &mut Connection, complaint: Id) -> Result<Vec<Key>, Problem> {
    let keys: Vec<String> = complaint_sender::table
        .find(complaint)
        .select(complaint_sender::key)
        .load(conn)
        .or_fault("load the sender")?;
    let claimed = |key| Key { key, proven: false };
    Ok(keys.into_iter().map(claimed).collect())
}

/// Which of these blind indexes are blocked, and whether by a block on somebody who proved theirs.
/// Blocks from before they ended by themselves end so many days after they were made.
///
/// # Errors
/// What the database answers.
pub fn blocked(
    conn: &mut Connection,
    keys: &[&String],
    days: i64,
    now: DateTime<Utc>,
) -> QueryResult<HashMap<String, bool>> {
    let since = UtcTime(now - TimeDelta::days(days));
    let holds = sender_block::expires_at
        .gt(UtcTime(now))
        .or(sender_block::expires_at
            .is_null()
            .and(sender_block::created_at.gt(since)));
    // Few senders are on the list, so that what most are asked for ends here.
    let filed: Vec<(Id, String, bool)> = sender_block_key::table
        .filter(sender_block_key::key.eq_any(keys.iter().copied()))
        .select((
            sender_block_key::block_id,
            sender_block_key::key,
            sender_block_key::proven,
        ))
        .load(conn)?;
    if filed.is_empty() {
        return Ok(HashMap::new());
    }
    let holding: Vec<Id> = sender_block::table
        .filter(sender_block::id.eq_any(filed.iter().map(|(block, ..)| *block)))
        .filter(sender_block::lifted_at.is_null())
        .filter(holds)
        .select(sender_block::id)
        .load(conn)?;
    let mut blocked = HashMap::new();
    for (_, key, proven) in filed
        .into_iter()
        .filter(|(block, ..)| holding.contains(block))
    {
        *blocked.entry(key).or_default() |= proven;
    }
    Ok(blocked)
}

/// The keys of the blocks made for a complaint, by block.
///
/// # Errors
/// What the database answers.
pub fn keys_of_blocks(conn: &mut Connection, complaint: Id) -> QueryResult<HashMap<Id, Vec<Key>>> {
    let rows: Vec<(Id, String, bool)> = sender_block_key::table
        .inner_join(sender_block::table)
        .filter(sender_block::complaint_id.eq(complaint))
        .select((
            sender_block_key::block_id,
            sender_block_key::key,
            sender_block_key::proven,
        ))
        .load(conn)?;
    let mut blocks: HashMap<Id, Vec<Key>> = HashMap::new();
    for (block, key, proven) in rows {
        blocks.entry(block).or_default().push(Key { key, proven });
    }
    Ok(blocks)
}

/// Files a block under one more key.
///
/// # Errors
/// What the database answers.
pub fn add_key(conn: &mut Connection, block: Id, key: &Key) -> QueryResult<usize> {
    let row = (
        sender_block_key::key.eq(&key.key),
        sender_block_key::block_id.eq(block),
        sender_block_key::proven.eq(key.proven),
    );
    on_each!(conn, |c| diesel::insert_into(sender_block_key::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))
}

/// Files a block no more under a key.
///
/// # Errors
/// What the database answers.
pub fn drop_key(conn: &mut Connection, block: Id, key: &str) -> QueryResult<usize> {
    diesel::delete(sender_block_key::table.find((key, block))).execute(conn)
}
