//! The rows of the history: appended, read, never changed.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{actor::Actor, machine::EventName};
use crate::district::shanghai;
use crate::on_each;
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
    /// `complaint`, `ledger_entry`, `verification`, `handover`, `staff`, `job`, or the name of a register.
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
    /// When it happened, of what is recorded long after.
    pub happened_at: Option<DateTime<Utc>>,
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
            happened_at: None,
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

/// An event as it is inserted.
#[derive(Insertable)]
#[diesel(table_name = record, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: Id,
    subject_kind: &'static str,
    subject_id: Id,
    event: &'static str,
    from_state: Option<&'static str>,
    to_state: Option<&'static str>,
    actor_kind: &'static str,
    actor_id: Option<Id>,
    actor_name: &'a str,
    reason: Option<String>,
    detail: JsonValue,
    device_time: Option<UtcTime>,
    at: UtcTime,
    happened_at: Option<UtcTime>,
}

impl<'a> NewRow<'a> {
    fn of(event: &Event<'a>, now: DateTime<Utc>) -> QueryResult<Self> {
        let actor_name = match event.actor {
            Actor::Staff { name, .. } => name.as_str(),
            Actor::Reporter | Actor::System | Actor::Import => "",
        };
        let id = Id::new();
        let reason = event
            .reason
            .map(|(keys, reason)| HISTORY_REASON.seal_text(keys, id.0.as_bytes(), reason))
            .transpose()
            .map_err(|e| diesel::result::Error::SerializationError(e.to_string().into()))?;
        Ok(Self {
            id,
            subject_kind: event.subject_kind,
            subject_id: event.subject_id,
            event: event.event,
            from_state: event.states.and_then(|s| s.0),
            to_state: event.states.map(|s| s.1),
            actor_kind: event.actor.kind(),
            actor_id: event.actor.id(),
            actor_name,
            reason,
            detail: JsonValue(event.detail.clone()),
            device_time: event.device_time.map(UtcTime),
            at: UtcTime(now),
            happened_at: event.happened_at.map(UtcTime),
        })
    }
}

/// Appends an event.
///
/// # Errors
/// What the database answers, or that the reason could not be sealed.
pub fn append(conn: &mut Connection, event: &Event<'_>, now: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(record::table)
        .values(NewRow::of(event, now)?)
        .execute(conn)
        .map(|_| ())
}

/// Rows in one statement; SQLite takes 32766 values.
const APPENDED_AT_ONCE: usize = 500;

/// Appends events in their order, many in one go.
///
/// # Errors
/// As [`append`].
pub fn append_all(
    conn: &mut Connection,
    events: &[Event<'_>],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    for some in events.chunks(APPENDED_AT_ONCE) {
        let rows: QueryResult<Vec<NewRow>> = some.iter().map(|e| NewRow::of(e, now)).collect();
        let rows = rows?;
        on_each!(conn, |c| diesel::insert_into(record::table)
            .values(&rows)
            .execute(c))?;
    }
    Ok(())
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
    /// When it happened, of what came in as history.
    pub happened_at: Option<UtcTime>,
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

/// The latest event of a name of each of these subjects that had one, in one query.
///
/// # Errors
/// What the database answers.
pub fn latest<E: EventName>(
    conn: &mut Connection,
    keys: &Keys,
    subjects: &[Id],
    event: E,
) -> QueryResult<HashMap<Id, Recorded>> {
    let rows: Vec<(Id, Recorded)> = record::table
        .filter(record::subject_id.eq_any(subjects))
        .filter(record::event.eq(event.as_str()))
        .select((record::subject_id, Recorded::as_select()))
        .load(conn)?;
    let mut latest: HashMap<Id, Recorded> = HashMap::new();
    for (subject, row) in rows {
        let newer = latest.get(&subject).is_none_or(|known| known.id < row.id);
        if newer {
            latest.insert(subject, row);
        }
    }
    for row in latest.values_mut() {
        let sealed = row.reason.take();
        row.reason = HISTORY_REASON.read_maybe(keys, row.id.0.as_bytes(), sealed);
    }
    Ok(latest)
}

/// An instant as the API shows it, in Asia/Shanghai.
#[must_use]
pub fn local(at: UtcTime) -> DateTime<FixedOffset> {
    readable(at.0).with_timezone(&shanghai())
}
