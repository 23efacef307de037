//! Notices in the database. Nothing else writes them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::machine::{Facts, MACHINE};
use crate::district::{NoticeChannel, NoticeEvent as Told};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{notice, staff},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::record::{
    self, Actor, NoticeEvent, NoticeState, Step, Subject,
    machine::{Machine, Trait},
};

/// A notice as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = notice)]
#[expect(
    missing_docs,
    reason = "columns; docs/data-model.md says what is in them"
)]
pub struct NoticeRow {
    pub id: Id,
    pub subject_kind: String,
    pub subject_id: Id,
    pub event: String,
    pub channel: String,
    pub state: NoticeState,
    pub version: i32,
    pub wording: Option<i32>,
    pub with_code: bool,
    pub recipient: Option<String>,
    pub text: Option<String>,
    pub attempts: i32,
    pub proof: Option<String>,
    pub evidence_id: Option<Id>,
    pub reason: Option<String>,
    pub created_at: UtcTime,
    pub sent_at: Option<UtcTime>,
    pub told_at: Option<UtcTime>,
}

/// A notice, as what has states.
pub struct Notice;

impl Subject for Notice {
    type State = NoticeState;
    type Event = NoticeEvent;
    type Facts = Facts;

    const MACHINE: &'static Machine<NoticeState, NoticeEvent, Facts> = &MACHINE;

    fn write_state(
        conn: &mut Connection,
        id: Id,
        from: NoticeState,
        to: NoticeState,
        _: &Actor,
        now: DateTime<Utc>,
    ) -> QueryResult<usize> {
        let at = UtcTime(now);
        let sent = (to == NoticeState::Sent).then_some(at);
        let present = notice::table.find(id);
        diesel::update(present.filter(notice::state.eq(from)))
            .set((
                notice::state.eq(to),
                sent.map(|at| notice::sent_at.eq(at)),
                notice::version.eq(notice::version + 1),
                notice::updated_at.eq(at),
            ))
            .execute(conn)
    }
}

/// A notice to be.
#[derive(Debug, Clone, Copy)]
pub struct NewNotice<'a> {
    /// Its id.
    pub id: Id,
    /// The kind of what it is about, as in the history, and its id.
    pub subject: (&'static str, Id),
    /// What is told.
    pub event: Told,
    /// How.
    pub channel: NoticeChannel,
    /// The wording's version, where the software words it.
    pub wording: Option<i32>,
    /// Whether the query code stands in its words.
    pub with_code: bool,
    /// Whom it goes to.
    pub recipient: Option<&'a str>,
    /// Its words.
    pub text: Option<&'a str>,
    /// The document, recording or scan that shows it.
    pub evidence: Option<Id>,
    /// The member of staff who told.
    pub recorded_by: Option<Id>,
}

/// Queues a notice. What is to take it on its way is the caller's to queue.
///
/// # Errors
/// 403 when it is not the actor's to make; a fault when the database or the cipher fails.
pub fn queue(
    conn: &mut Connection,
    keys: &Keys,
    new: &NewNotice<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let step = Step::<Notice>::birth(new.id, NoticeEvent::Queue, actor);
    insert(conn, keys, new, step, None, now)
}

/// Keeps a notice that somebody has given already, or tried to: `by` says what was done, `proof` shows it.
///
/// # Errors
/// 403 when it is not the actor's to give so; a fault when the database or the cipher fails.
pub fn keep(
    conn: &mut Connection,
    keys: &Keys,
    new: &NewNotice<'_>,
    (by, actor, proof): (NoticeEvent, &Actor, Option<&str>),
    (told_at, now): (Option<DateTime<Utc>>, DateTime<Utc>),
) -> Result<(), Problem> {
    let step = Step::<Notice>::birth(new.id, NoticeEvent::Queue, actor)
        .then(by, actor)
        .given(Facts::proven());
    insert(conn, keys, new, step, proof, now)?;
    diesel::update(notice::table.find(new.id))
        .set((
            notice::told_at.eq(told_at.map(UtcTime)),
            notice::sent_at.eq((by == NoticeEvent::Send).then_some(UtcTime(now))),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("keep when somebody was told")
}

fn insert(
    conn: &mut Connection,
    keys: &Keys,
    new: &NewNotice<'_>,
    step: Step<'_, Notice>,
    proof: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let id = new.id.0.as_bytes();
    let (kind, subject) = new.subject;
    let step = step.with(json!({ "event": new.event, "channel": new.channel, kind: subject }));
    diesel::insert_into(notice::table)
        .values((
            notice::id.eq(new.id),
            notice::subject_kind.eq(kind),
            notice::subject_id.eq(subject),
            notice::event.eq(new.event.as_str()),
            notice::channel.eq(new.channel.as_str()),
            notice::state.eq(step.target()?),
            notice::version.eq(1),
            notice::wording.eq(new.wording),
            notice::with_code.eq(new.with_code),
            notice::recipient.eq(sealed::NOTICE_RECIPIENT.seal_maybe(keys, id, new.recipient)?),
            notice::text.eq(sealed::NOTICE_TEXT.seal_maybe(keys, id, new.text)?),
            notice::attempts.eq(0),
            notice::proof.eq(sealed::NOTICE_PROOF.seal_maybe(keys, id, proof)?),
            notice::evidence_id.eq(new.evidence),
            notice::recorded_by.eq(new.recorded_by),
            notice::created_at.eq(UtcTime(now)),
            notice::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("insert a notice")?;
    record::advance(conn, &step, now).map(|_| ())
}

/// A notice by its id.
///
/// # Errors
/// What the database answers.
pub fn find(conn: &mut Connection, id: Id) -> QueryResult<Option<NoticeRow>> {
    notice::table
        .find(id)
        .select(NoticeRow::as_select())
        .first(conn)
        .optional()
}

/// The notices about subjects of a kind, the oldest first.
///
/// # Errors
/// What the database answers.
pub fn of(conn: &mut Connection, kind: &str, subjects: &[Id]) -> QueryResult<Vec<NoticeRow>> {
    notice::table
        .filter(notice::subject_kind.eq(kind))
        .filter(notice::subject_id.eq_any(subjects))
        .order((notice::subject_id.asc(), notice::id.asc()))
        .select(NoticeRow::as_select())
        .load(conn)
}

/// The last notice about each of several subjects that was not cancelled.
///
/// # Errors
/// What the database answers.
pub fn latest(
    conn: &mut Connection,
    kind: &str,
    subjects: &[Id],
) -> QueryResult<HashMap<Id, NoticeRow>> {
    let rows = of(conn, kind, subjects)?.into_iter();
    let given = rows.filter(|row| row.state != NoticeState::Cancelled);
    Ok(given.map(|row| (row.subject_id, row)).collect())
}

/// User names of those who told something about a subject, by notice.
///
/// # Errors
/// What the database answers.
pub fn tellers(conn: &mut Connection, subject: Id) -> QueryResult<HashMap<Id, String>> {
    let rows: Vec<(Id, String)> = notice::table
        .inner_join(staff::table)
        .filter(notice::subject_id.eq(subject))
        .select((notice::id, staff::username))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Counts one try more, before it is made.
///
/// # Errors
/// What the database answers.
pub fn count_attempt(conn: &mut Connection, id: Id) -> QueryResult<usize> {
    diesel::update(notice::table.find(id))
        .set(notice::attempts.eq(notice::attempts + 1))
        .execute(conn)
}

impl NoticeRow {
    /// What it tells.
    #[must_use]
    pub fn told(&self) -> Told {
        Told::named(&self.event)
    }

    /// How it goes.
    #[must_use]
    pub fn channel(&self) -> NoticeChannel {
        NoticeChannel::named(&self.channel)
    }

    /// Whether it may still be sent.
    #[must_use]
    pub fn is_to_be_sent(&self) -> bool {
        matches!(self.state, NoticeState::Queued | NoticeState::Failed)
    }

    /// With its words opened; what cannot be opened is not there.
    #[must_use]
    pub fn opened(mut self, keys: &Keys) -> Self {
        let id = self.id.0.as_bytes();
        let open = |column: sealed::SealedColumn, words: Option<String>| {
            words.and_then(|words| column.open_text(keys, id, words))
        };
        self.recipient = open(sealed::NOTICE_RECIPIENT, self.recipient);
        self.text = open(sealed::NOTICE_TEXT, self.text);
        self.proof = open(sealed::NOTICE_PROOF, self.proof);
        self.reason = open(sealed::NOTICE_REASON, self.reason);
        self
    }

    fn step<'a>(&self, event: NoticeEvent, actor: &'a Actor) -> Step<'a, Notice> {
        Step::new(self.id, self.state, event, actor)
    }

    /// It was taken on its way, and is called so there.
    ///
    /// # Errors
    /// 409 when it was given already; a fault when the database or the cipher fails.
    pub fn sent(
        &self,
        conn: &mut Connection,
        keys: &Keys,
        reference: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let step = self.step(NoticeEvent::Send, &Actor::System);
        record::advance(conn, &step.given(Facts::proven()), now)?;
        if reference.is_none() {
            return Ok(());
        }
        let id = self.id.0.as_bytes();
        let proof = sealed::NOTICE_PROOF.seal_maybe(keys, id, reference)?;
        diesel::update(notice::table.find(self.id))
            .set(notice::proof.eq(proof))
            .execute(conn)
            .map(|_| ())
            .or_fault("keep what a gateway calls a notice")
    }

    /// It reached whom it is for, at this instant: by a report, or because it was read or stands where
    /// they look.
    ///
    /// # Errors
    /// 409 when that is known already; a fault when the database fails.
    pub fn arrived(
        &self,
        conn: &mut Connection,
        by: NoticeEvent,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let step = self.step(by, &Actor::System);
        record::advance(conn, &step.given(Facts::proven()), now)?;
        told_at(conn, self.id, Some(at)).or_fault("keep when somebody was told")
    }

    /// It counts as told since this instant, though nobody reports on it.
    ///
    /// # Errors
    /// What the database answers.
    pub fn counts(&self, conn: &mut Connection, at: DateTime<Utc>) -> QueryResult<()> {
        told_at(conn, self.id, Some(at))
    }

    /// It did not arrive and will not, or came back.
    ///
    /// # Errors
    /// 409 when it ended otherwise; a fault when the database or the cipher fails.
    pub fn failed(
        &self,
        conn: &mut Connection,
        keys: &Keys,
        (by, actor): (NoticeEvent, &Actor),
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let step = self.step(by, actor).given(Facts::because());
        record::advance(conn, &step.because(keys, Some(why)), now)?;
        let id = self.id.0.as_bytes();
        let reason = sealed::NOTICE_REASON.seal_text(keys, id, why)?;
        diesel::update(notice::table.find(self.id))
            .set((
                notice::reason.eq(reason),
                notice::told_at.eq(None::<UtcTime>),
            ))
            .execute(conn)
            .map(|_| ())
            .or_fault("keep why a notice did not arrive")
    }
}

fn told_at(conn: &mut Connection, id: Id, at: Option<DateTime<Utc>>) -> QueryResult<()> {
    diesel::update(notice::table.find(id))
        .set(notice::told_at.eq(at.map(UtcTime)))
        .execute(conn)
        .map(|_| ())
}

/// Cancels what waits to be sent about a subject, of what was made after `after` where that is said: what it
/// would tell holds no more.
///
/// # Errors
/// A fault when the database fails.
pub fn cancel(
    conn: &mut Connection,
    (kind, subject): (&str, Id),
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let rows = of(conn, kind, &[subject]).or_fault("look for notices")?;
    // Ids are in the order of time.
    let waiting = rows
        .iter()
        .filter(|row| row.state == NoticeState::Queued && Some(row.id) > after);
    for row in waiting {
        let step = row.step(NoticeEvent::Cancel, &Actor::System);
        record::advance(conn, &step, now)?;
    }
    Ok(())
}

impl NoticeRow {
    /// Whether somebody may know of it by now: it was told or sent, or is on its way at this moment.
    #[must_use]
    pub fn may_be_known(&self) -> bool {
        match self.state {
            NoticeState::Queued => self.attempts > 0,
            state => state != NoticeState::Cancelled,
        }
    }
}

/// Whether somebody was told by a notice, and nothing has come back since.
#[must_use]
pub fn reached(row: &NoticeRow) -> bool {
    row.told_at.is_some() && !row.state.is(Trait::Ended)
}
