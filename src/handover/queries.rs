//! What is sent to units, in the database.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::machine::{Facts, MACHINE};
use crate::complaint::queries::ComplaintRow;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::handover},
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::Condition;
use crate::record::{
    self, Actor, HandoverEvent, HandoverState, Step, Subject,
    machine::{Machine, Trait},
};

/// What was sent to a unit, as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = handover)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct HandoverRow {
    pub id: Id,
    pub complaint_id: Id,
    pub unit_code: String,
    pub state: HandoverState,
    pub version: i32,
    pub answer: Option<String>,
    pub reason: Option<String>,
    pub sent_at: UtcTime,
    pub signed_at: Option<UtcTime>,
    pub ended_at: Option<UtcTime>,
}

/// What was sent to a unit, as what has states.
pub struct Handover;

impl Subject for Handover {
    type State = HandoverState;
    type Event = HandoverEvent;
    type Facts = Facts;

    const MACHINE: &'static Machine<HandoverState, HandoverEvent, Facts> = &MACHINE;

    fn write_state(
        conn: &mut Connection,
        id: Id,
        from: HandoverState,
        to: HandoverState,
        _: &Actor,
        now: DateTime<Utc>,
    ) -> QueryResult<usize> {
        let at = UtcTime(now);
        let signed = (to == HandoverState::Signed).then_some(at);
        let present = handover::table.find(id);
        diesel::update(present.filter(handover::state.eq(from)))
            .set((
                handover::state.eq(to),
                signed.map(|at| handover::signed_at.eq(at)),
                handover::ended_at.eq(to.is(Trait::Ended).then_some(at)),
                handover::version.eq(handover::version + 1),
                handover::updated_at.eq(at),
            ))
            .execute(conn)
    }
}

impl HandoverRow {
    /// A step from where it stands.
    #[must_use]
    pub fn step<'a>(&self, event: HandoverEvent, actor: &'a Actor) -> Step<'a, Handover> {
        Step::new(self.id, self.state, event, actor)
    }

    /// The words opened.
    #[must_use]
    pub fn opened(mut self, keys: &Keys) -> Self {
        let id = self.id.0.as_bytes();
        self.answer = sealed::HANDOVER_ANSWER.read_maybe(keys, id, self.answer);
        self.reason = sealed::HANDOVER_REASON.read_maybe(keys, id, self.reason);
        self
    }
}

/// One by the id in a path, of those there are for the caller.
///
/// # Errors
/// 404 when there is none for them.
pub fn find(
    conn: &mut Connection,
    theirs: Condition<handover::table>,
    id: &str,
) -> Result<HandoverRow, Problem> {
    let id = named(id)?;
    handover::table
        .find(id)
        .filter(theirs)
        .select(HandoverRow::as_select())
        .first(conn)
        .optional()
        .or_fault("load a handover")?
        .ok_or_else(Problem::not_found)
}

fn named(id: &str) -> Result<Id, Problem> {
    let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found())?;
    Ok(id.into())
}

/// Loads one for changing, of those there are for the caller. Whoever changes its complaint, too,
/// takes the complaint before.
///
/// # Errors
/// 404 when there is none for them.
pub fn take(
    conn: &mut Connection,
    theirs: Condition<handover::table>,
    id: &str,
) -> Result<HandoverRow, Problem> {
    hold(conn, named(id)?).or_fault("take a handover")?;
    find(conn, theirs, id)
}

/// One by id, whoever it is for.
///
/// # Errors
/// What the database answers.
pub fn by_id(conn: &mut Connection, id: Id) -> QueryResult<HandoverRow> {
    handover::table
        .find(id)
        .select(HandoverRow::as_select())
        .first(conn)
}

/// Has others wait who would change one.
fn hold(conn: &mut Connection, id: Id) -> QueryResult<()> {
    if let Connection::Postgres(c) = conn {
        handover::table
            .find(id)
            .select(handover::id)
            .for_update()
            .load::<Id>(c)?;
    }
    Ok(())
}

/// Sends a complaint to a unit.
///
/// # Errors
/// 403 when it is not the actor's to send; a fault when the database fails.
pub fn send(
    conn: &mut Connection,
    complaint: &ComplaintRow,
    unit: &str,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let id = Id::new();
    let step = Step::<Handover>::birth(id, HandoverEvent::Send, actor)
        .with(json!({ "complaint": complaint.number, "unit": unit }));
    diesel::insert_into(handover::table)
        .values((
            handover::id.eq(id),
            handover::complaint_id.eq(complaint.id),
            handover::unit_code.eq(unit),
            handover::state.eq(step.target()?),
            handover::version.eq(1),
            handover::sent_at.eq(UtcTime(now)),
            handover::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("insert a handover")?;
    record::advance(conn, &step, now).map(|_| ())
}

/// Signs for one.
///
/// # Errors
/// 409 when it waits for no signature; a fault when the database fails.
pub fn sign(
    conn: &mut Connection,
    row: &HandoverRow,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    record::advance(conn, &row.step(HandoverEvent::Sign, actor), now).map(|_| ())
}

/// Answers one.
///
/// # Errors
/// 409 when the unit has not signed for it or it has ended; a fault when the database or the cipher
/// fails.
pub fn answer(
    conn: &mut Connection,
    keys: &Keys,
    row: &HandoverRow,
    actor: &Actor,
    text: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let answered = Facts {
        answer: true,
        ..Facts::default()
    };
    let step = row.step(HandoverEvent::Answer, actor).given(answered);
    record::advance(conn, &step, now)?;
    let words = sealed::HANDOVER_ANSWER.seal_text(keys, row.id.0.as_bytes(), text)?;
    diesel::update(handover::table.find(row.id))
        .set(handover::answer.eq(words))
        .execute(conn)
        .map(|_| ())
        .or_fault("keep an answer")
}

/// Sends one back. Its complaint, which waits to be decided on again, is the caller's to move.
///
/// # Errors
/// 409 when it has ended; a fault when the database or the cipher fails.
pub fn send_back(
    conn: &mut Connection,
    keys: &Keys,
    row: &HandoverRow,
    actor: &Actor,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let given = Facts {
        reason: true,
        ..Facts::default()
    };
    let step = row
        .step(HandoverEvent::SendBack, actor)
        .given(given)
        .because(keys, Some(reason));
    record::advance(conn, &step, now)?;
    let words = sealed::HANDOVER_REASON.seal_text(keys, row.id.0.as_bytes(), reason)?;
    diesel::update(handover::table.find(row.id))
        .set(handover::reason.eq(words))
        .execute(conn)
        .map(|_| ())
        .or_fault("keep a reason")
}

/// Takes from a unit what it has of a complaint and did not end itself, because the transfer is taken
/// back. The complaint is held by the caller.
///
/// # Errors
/// 403 when it is not the actor's to take; a fault when the database fails.
pub fn withdraw(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    actor: &Actor,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let open: Vec<Id> = handover::table
        .filter(handover::complaint_id.eq(complaint))
        .filter(handover::state.ne_all(HandoverState::that_are(Trait::Ended)))
        .order(handover::id.asc())
        .select(handover::id)
        .load(conn)
        .or_fault("look for what a unit has")?;
    for id in open {
        // A unit that answers at this moment is before or after this, never across.
        hold(conn, id).or_fault("take a handover")?;
        let row = by_id(conn, id).or_fault("load a handover")?;
        if !row.state.is(Trait::Ended) {
            let step = row.step(HandoverEvent::Withdraw, actor);
            record::advance(conn, &step.because(keys, Some(reason)), now)?;
        }
    }
    Ok(())
}
