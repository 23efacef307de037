//! What a reporter wishes of who they are: secrecy (保密), which keeps them from all but the named
//! posts, or to be named to the unit that handles the matter (个人信息保护法 25 条), which nobody is
//! unless they say so. Said when a complaint is filed and later, by the reporter or by staff who
//! hear it. Lists read the wish of secrecy from the complaint's flags; whatever decides reads the row.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    person::Wish,
    queries::{self, ComplaintRow},
};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::reporter_wish},
    problem::{OnDb, Problem},
    sealed,
};
use crate::record::{self, Actor, ComplaintEvent, Event};

/// The flag of a complaint whose reporter asks for secrecy.
pub const SECRECY: &str = "secrecy";

/// What a reporter wishes of who they are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WishesView {
    /// 保密: the named posts of the district alone know who reported.
    pub secrecy: bool,
    /// Whether they agree to be named to the unit that handles the matter. Nothing names them by
    /// itself; whoever sends it may.
    pub naming_consent: bool,
}

impl From<&Wish> for WishesView {
    fn from(wish: &Wish) -> Self {
        Self {
            secrecy: wish.secrecy,
            naming_consent: wish.naming_consent,
        }
    }
}

/// What was wished of a complaint's reporter.
///
/// # Errors
/// A fault when the database fails.
pub fn of(conn: &mut Connection, keys: &Keys, complaint: Id) -> Result<Wish, Problem> {
    let row: Option<(bool, bool, Option<String>)> = reporter_wish::table
        .find(complaint)
        .select((
            reporter_wish::secrecy,
            reporter_wish::naming_consent,
            reporter_wish::words,
        ))
        .first(conn)
        .optional()
        .or_fault("load a reporter's wishes")?;
    let wish = row.map(|(secrecy, naming_consent, words)| Wish {
        secrecy,
        naming_consent,
        words: sealed::SECRECY_WORDS.read_maybe(keys, complaint.0.as_bytes(), words),
    });
    Ok(wish.unwrap_or_default())
}

/// Keeps the wishes a complaint was filed with; none is no row.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub(super) fn insert(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if *wish == Wish::default() {
        return Ok(());
    }
    let words = seal(keys, complaint, wish)?;
    diesel::insert_into(reporter_wish::table)
        .values((
            reporter_wish::complaint_id.eq(complaint),
            reporter_wish::secrecy.eq(wish.secrecy),
            reporter_wish::naming_consent.eq(wish.naming_consent),
            reporter_wish::words.eq(words),
            reporter_wish::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("keep a reporter's wishes")
}

fn seal(keys: &Keys, complaint: Id, wish: &Wish) -> Result<Option<String>, Problem> {
    sealed::SECRECY_WORDS.seal_maybe(keys, complaint.0.as_bytes(), wish.words.as_deref())
}

/// Changes what is wished of a complaint's reporter, whoever says it, and records that it was; the
/// complaint is held.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub(super) fn change(
    conn: &mut Connection,
    keys: &Keys,
    row: &ComplaintRow,
    wish: &Wish,
    (actor, reason): (&Actor, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let written = diesel::update(reporter_wish::table.find(row.id))
        .set((
            reporter_wish::secrecy.eq(wish.secrecy),
            reporter_wish::naming_consent.eq(wish.naming_consent),
            reporter_wish::words.eq(seal(keys, row.id, wish)?),
            reporter_wish::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("change a reporter's wishes")?;
    if written == 0 {
        insert(conn, keys, row.id, wish, now)?;
    }
    queries::set_flag(conn, row, SECRECY, wish.secrecy, now).or_fault("flag the wish")?;
    let event = Event::of(ComplaintEvent::SetWishes, row.id, actor)
        .because(keys, reason)
        .with(json!({ "secrecy": wish.secrecy, "naming_consent": wish.naming_consent }));
    record::append(conn, &event, now).or_fault("record")
}
