//! The rows of the history: appended, read, never changed.

use chrono::{DateTime, FixedOffset, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{actor::Actor, machine::EventName};
use crate::district::shanghai;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, JsonValue, UtcTime, schema::record},
    http::dates::readable,
    ids,
    sealed::HISTORY_REASON,
};

/// One event to be recorded.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// `complaint`, `ledger_entry`, `verification`, `staff`, `job`, or the name of a register.
    pub subject_kind: &'static str,
    /// The subject's id.
    pub subject_id: Id,
    /// The event's name, as in the transition table.
    pub event: &'static str,
    /// States before and after, of a step; what begins has none before.
    pub(super) states: Option<(Option<&'static str>, &'static str)>,
    /// Who acts.
    pub actor: &'a Actor,
    /// The reason given, where one is needed, and the keys it is sealed with: staff's own words may
    /// name persons.
    pub reason: Option<(&'a Keys, &'a str)>,
    /// What else is worth keeping. No contact data: this is read by every role with access.
    pub detail: Value,
    /// The device's own time, kept beside ours and never used to order the history.
    pub device_time: Option<DateTime<Utc>>,
}

impl<'a> Event<'a> {
    /// An event that changes no state, without reason or detail.
    #[must_use]
    pub fn of<E: EventName>(event: E, subject_id: Id, actor: &'a Actor) -> Self {
        Self {
            subject_kind: E::KIND,
            subject_id,
            event: event.as_str(),
            states: None,
            actor,
            reason: None,
            detail: json!({}),
            device_time: None,
        }
    }

    /// Of an item of the register of this name.
    #[must_use]
    pub fn in_register(mut self, name: &'static str) -> Self {
        self.subject_kind = name;
        self
    }

    /// With a reason.
    #[must_use]
    pub fn because(mut self, keys: &'a Keys, reason: Option<&'a str>) -> Self {
        self.reason = reason.map(|reason| (keys, reason));
        self
    }

    /// With detail.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Appends an event.
///
/// # Errors
/// What the database answers, or that the reason could not be sealed.
pub fn append(conn: &mut Connection, event: &Event<'_>, now: DateTime<Utc>) -> QueryResult<()> {
    let actor_name = match event.actor {
        Actor::Staff { name, .. } => name.as_str(),
        Actor::Reporter | Actor::System => "",
    };
    let id = Id::new();
    let reason = event
        .reason
        .map(|(keys, reason)| HISTORY_REASON.seal_text(keys, id.0.as_bytes(), reason))
        .transpose()
        .map_err(|e| diesel::result::Error::SerializationError(e.to_string().into()))?;
    diesel::insert_into(record::table)
        .values((
            record::id.eq(id),
            record::subject_kind.eq(event.subject_kind),
            record::subject_id.eq(event.subject_id),
            record::event.eq(event.event),
            record::from_state.eq(event.states.and_then(|s| s.0)),
            record::to_state.eq(event.states.map(|s| s.1)),
            record::actor_kind.eq(event.actor.kind()),
            record::actor_id.eq(event.actor.id()),
            record::actor_name.eq(actor_name),
            record::reason.eq(reason),
            record::detail.eq(JsonValue(event.detail.clone())),
            record::device_time.eq(event.device_time.map(UtcTime)),
            record::at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Makes every later id greater than the newest event's, although the clock may have been set back
/// since it was written: ids order the history. To be called before anything is written.
///
/// # Errors
/// What the database answers.
pub fn keep_order(conn: &mut Connection) -> QueryResult<()> {
    let newest: Option<Id> = record::table
        .select(record::id)
        .order(record::id.desc())
        .first(conn)
        .optional()?;
    if let Some(newest) = newest {
        ids::not_before(newest.0);
    }
    Ok(())
}

/// One recorded event, its reason opened.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = record)]
pub struct Recorded {
    /// The row's id; ids order the history.
    pub id: Id,
    /// The event's name.
    pub event: String,
    /// State before.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: Option<String>,
    /// `staff`, `reporter` or `system`.
    pub actor_kind: String,
    /// User name of staff, else empty.
    pub actor_name: String,
    /// The reason given.
    pub reason: Option<String>,
    /// What else was kept.
    pub detail: JsonValue,
    /// The device's own time.
    pub device_time: Option<UtcTime>,
    /// Our time.
    pub at: UtcTime,
}

/// A subject's history, oldest first: the newest `limit` rows, and before them the steps from one
/// state to another, `limit` of them at most.
///
/// # Errors
/// What the database answers.
pub fn history(
    conn: &mut Connection,
    keys: &Keys,
    subject: Id,
    limit: i64,
) -> QueryResult<Vec<Recorded>> {
    let of_subject = || {
        record::table
            .filter(record::subject_id.eq(subject))
            .order(record::id.desc())
            .limit(limit)
            .select(Recorded::as_select())
    };
    let mut rows: Vec<Recorded> = of_subject().load(conn)?;
    let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if let Some(oldest) = rows.last().map(|row| row.id).filter(|_| shown == limit) {
        let earlier = of_subject().filter(record::id.lt(oldest));
        rows.extend(earlier.filter(record::to_state.is_not_null()).load(conn)?);
    }
    rows.reverse();
    let opened = rows.into_iter().map(|row| Recorded {
        reason: HISTORY_REASON.read_maybe(keys, row.id.0.as_bytes(), row.reason),
        ..row
    });
    Ok(opened.collect())
}

/// An instant as the API shows it, in Asia/Shanghai.
#[must_use]
pub fn local(at: UtcTime) -> DateTime<FixedOffset> {
    readable(at.0).with_timezone(&shanghai())
}
