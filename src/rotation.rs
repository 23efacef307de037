//! Changing the secret key while the server serves.
//!
//! Every process is started with the new key in `DENGWEN_SECRET_KEY` and the former one in
//! `DENGWEN_SECRET_KEY_OLD`: the new one seals, both open, and what is looked up by blind index is
//! looked up under both. `dengwen keys rotate` then goes through all that is sealed or indexed, in
//! batches of one transaction each. How far it has come is written in the same transaction, so it
//! may be broken off at any time. It goes round until a round finds nothing to do; then the former
//! key is retired and may be taken away, and with it, at the next start, the indexes it made.

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::complaint::{
    older,
    reindex::{self, Pass},
};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, JsonValue, schema::key_rotation},
    installation,
    jobs::{self, Job, Registered, in_batches},
    problem::{OnDb, Problem},
    sealed,
};
use crate::sweep;

/// What this room does after the answer.
pub const JOBS: &[Registered<App>] = &[
    Registered::of::<DropFormerIndexes>(),
    Registered::of::<SealOlder>(),
];

/// Rounds after which it is said that somebody still writes under the former key.
const ROUNDS_MAX: u32 = 5;

/// Everything is under the present key; the former one's indexes are still there.
const DONE: &str = "done";

/// Nothing of the former key is left.
const DROPPED: &str = "dropped";

/// How far a change of keys has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// Times it went through everything.
    pub round: u32,
    /// Which column or index it is at.
    pub stage: usize,
    /// The last row done of it.
    pub after: Option<Value>,
    /// Rows changed in this round.
    pub changed: u64,
    /// Rows met in this round that no key opens.
    pub unreadable: u64,
}

/// What a batch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    Going {
        /// What was worked on.
        what: String,
        /// Rows changed so far, all rounds together.
        rows: i64,
    },
    /// Nothing is left under the former key.
    Done {
        /// Rows changed, all rounds together.
        rows: i64,
        /// Rows that no key opens, and that stay as they are.
        unreadable: u64,
    },
    /// No change of keys has begun.
    NotBegun,
    /// Round after round finds rows under the former key: a process is still started with it.
    SomebodyStillUsesIt,
}

enum Stage {
    Seal(&'static sealed::SealedColumn),
    Residents,
    Persons,
}

fn stage(at: usize) -> Option<Stage> {
    match (sealed::ALL.get(at), at.checked_sub(sealed::ALL.len())) {
        (Some(column), _) => Some(Stage::Seal(column)),
        (None, Some(0)) => Some(Stage::Residents),
        (None, Some(1)) => Some(Stage::Persons),
        _ => None,
    }
}

/// Does the next batch of a change of keys, in the transaction that is open.
///
/// # Errors
/// A fault when the database or the cipher fails, 503 when rows are held by others for too long.
pub fn advance(
    conn: &mut Connection,
    keys: &Keys,
    now: DateTime<Utc>,
) -> Result<Progress, Problem> {
    let to = keys.id().to_string();
    // Written first, so that a second process waits here and then goes on from where this came to.
    if !installation::take_change(conn, &to, now).or_fault("take the change of keys")? {
        return Ok(Progress::NotBegun);
    }
    let (step, position, rows): (String, JsonValue, i64) = key_rotation::table
        .find(&to)
        .select((
            key_rotation::step,
            key_rotation::position,
            key_rotation::rows_done,
        ))
        .first(conn)
        .or_fault("load the change of keys")?;
    let position: Position = serde_json::from_value(position.0).unwrap_or_default();
    if step == DONE || step == DROPPED {
        let unreadable = position.unreadable;
        return Ok(Progress::Done { rows, unreadable });
    }
    match stage(position.stage) {
        Some(stage) => batch(conn, keys, &stage, position, rows),
        None if position.changed == 0 => retire(conn, keys, &position, rows, now),
        None if position.round >= ROUNDS_MAX => Ok(Progress::SomebodyStillUsesIt),
        None => {
            let again = Position {
                round: position.round + 1,
                ..Position::default()
            };
            keep(conn, &to, "another round", &again, rows)?;
            let what = "another round".to_owned();
            Ok(Progress::Going { what, rows })
        }
    }
}

fn batch(
    conn: &mut Connection,
    keys: &Keys,
    stage: &Stage,
    mut position: Position,
    rows: i64,
) -> Result<Progress, Problem> {
    let after = position.after.take();
    let after_id =
        |after: Option<Value>| after.and_then(|id| serde_json::from_value::<Id>(id).ok());
    let (what, changed, next) = match stage {
        Stage::Seal(column) => {
            let done = sealed::reseal(conn, keys, column, after.as_ref())?;
            position.unreadable += done.unreadable;
            let what = format!("{}.{}", column.table, column.column);
            (what, done.changed, done.next)
        }
        Stage::Residents => {
            let (changed, next) = reindex::residents(conn, keys, after_id(after))?;
            let next = next.map(|id| json!(id));
            ("indexes of residents".to_owned(), changed, next)
        }
        Stage::Persons => {
            let from = after_id(after);
            let (changed, next) = reindex::complaints(conn, keys, Pass::Add, from)?;
            let next = next.map(|id| json!(id));
            ("indexes of petitioners".to_owned(), changed, next)
        }
    };
    position.changed += changed;
    if next.is_none() {
        position.stage += 1;
    }
    position.after = next;
    let rows = rows.saturating_add_unsigned(changed);
    keep(conn, &keys.id().to_string(), &what, &position, rows)?;
    Ok(Progress::Going { what, rows })
}

fn retire(
    conn: &mut Connection,
    keys: &Keys,
    position: &Position,
    rows: i64,
    now: DateTime<Utc>,
) -> Result<Progress, Problem> {
    installation::retire_former(conn, now).or_fault("retire the former key")?;
    keep(conn, &keys.id().to_string(), DONE, position, rows)?;
    let unreadable = position.unreadable;
    Ok(Progress::Done { rows, unreadable })
}

fn keep(
    conn: &mut Connection,
    to: &str,
    step: &str,
    position: &Position,
    rows: i64,
) -> Result<(), Problem> {
    installation::keep_change(conn, to, step, json!(position), rows)
        .map(|_| ())
        .or_fault("keep how far the change of keys has come")
}

/// Drops the blind indexes of a key that was changed for another.
#[derive(Debug, Serialize, Deserialize)]
pub struct DropFormerIndexes {}

impl Job for DropFormerIndexes {
    type App = App;
    const NAME: &'static str = "drop_former_indexes";

    async fn run(self, app: &web::Data<App>, _now: DateTime<Utc>) -> Result<(), Problem> {
        let keys = app.keys.clone();
        in_batches(&app.db, move |conn, after| drop_indexes(conn, &keys, after)).await
    }
}

/// Plans dropping the former key's indexes at the first start without that key.
///
/// # Errors
/// What the database answers.
pub fn plan_drop(conn: &mut Connection, keys: &Keys, now: DateTime<Utc>) -> QueryResult<()> {
    if leaves_indexes(conn, keys)? {
        jobs::plan(conn, &DropFormerIndexes {}, now, now)?;
    }
    Ok(())
}

/// Whether indexes of a retired key are to be dropped: the change is done, and this process is not
/// given the former key any more.
///
/// # Errors
/// What the database answers.
pub fn leaves_indexes(conn: &mut Connection, keys: &Keys) -> QueryResult<bool> {
    if keys.has_former() {
        return Ok(false);
    }
    let done: i64 = key_rotation::table
        .find(keys.id().to_string())
        .filter(key_rotation::step.eq(DONE))
        .count()
        .get_result(conn)?;
    Ok(done > 0)
}

/// Drops the next complaints' indexes of a retired key; answers where the next batch begins, and
/// after the last says that nothing is left.
///
/// # Errors
/// A fault when the database fails.
pub fn drop_indexes(
    conn: &mut Connection,
    keys: &Keys,
    after: Option<Id>,
) -> Result<Option<Id>, Problem> {
    let (_, next) = reindex::complaints(conn, keys, Pass::Drop, after)?;
    if next.is_none() {
        installation::keep_step(conn, &keys.id().to_string(), DROPPED)
            .or_fault("say that nothing is left")?;
    }
    Ok(next)
}

/// Seals what was kept before it was sealed; planned by a migration, once.
#[derive(Debug, Serialize, Deserialize)]
pub struct SealOlder {}

impl Job for SealOlder {
    type App = App;
    const NAME: &'static str = "seal_older";

    async fn run(self, app: &web::Data<App>, _now: DateTime<Utc>) -> Result<(), Problem> {
        for column in sealed::ALL.iter().filter(|column| column.text) {
            let keys = app.keys.clone();
            in_batches(&app.db, move |conn, after: Option<Value>| {
                sealed::reseal(conn, &keys, column, after.as_ref()).map(|done| done.next)
            })
            .await?;
        }
        let keys = app.keys.clone();
        in_batches(&app.db, move |conn, after| {
            older::seal_after(conn, &keys, after)
        })
        .await?;
        sweep::seal_older_photos(app).await
    }
}
