//! The one door to a state: a step is checked against its machine's table, written and recorded in
//! one go.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{
    actor::Actor,
    history::{Event, append},
    machine::{EventName, Machine, Row, State, hold},
};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, schema::record},
    problem::{Code, OnDb, Problem},
};

/// What has states: a complaint, a visit, an entry, what was sent to a unit, a notice.
pub trait Subject {
    /// Its states.
    type State: State;
    /// What happens to it.
    type Event: EventName;
    /// What its guards look at. The default holds nothing, so that a guard whose facts were
    /// forgotten refuses.
    type Facts: Default + 'static;

    /// Its machine.
    const MACHINE: &'static Machine<Self::State, Self::Event, Self::Facts>;

    /// Writes the state with all that goes with it, of a row that stands in `from`; answers how many
    /// rows that were. What follows a state, clocks above all, follows it here, by whoever took the
    /// step. Called by [`advance`] alone.
    ///
    /// # Errors
    /// What the database answers.
    fn write_state(
        conn: &mut Connection,
        id: Id,
        from: Self::State,
        to: Self::State,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> QueryResult<usize>;
}

/// A step somebody takes with a subject.
pub struct Step<'a, S: Subject> {
    id: Id,
    from: Option<S::State>,
    event: S::Event,
    actor: &'a Actor,
    then: Option<(S::Event, &'a Actor)>,
    facts: S::Facts,
    reason: Option<(&'a Keys, &'a str)>,
    detail: Value,
    device_time: Option<DateTime<Utc>>,
    happened_at: Option<DateTime<Utc>>,
}

type RowOf<S> = Row<<S as Subject>::State, <S as Subject>::Event, <S as Subject>::Facts>;

impl<'a, S: Subject> Step<'a, S> {
    /// A step from the state a subject is in.
    #[must_use]
    pub fn new(id: Id, from: S::State, event: S::Event, actor: &'a Actor) -> Self {
        Self {
            from: Some(from),
            ..Self::birth(id, event, actor)
        }
    }

    /// The step a subject begins with. Its row is inserted in the state of [`Step::target`].
    #[must_use]
    pub fn birth(id: Id, event: S::Event, actor: &'a Actor) -> Self {
        Self {
            id,
            from: None,
            event,
            actor,
            then: None,
            facts: S::Facts::default(),
            reason: None,
            detail: json!({}),
            device_time: None,
            happened_at: None,
        }
    }

    /// Goes on at once by a second event; both are one line of the history, told by the first.
    #[must_use]
    pub fn then(mut self, event: S::Event, actor: &'a Actor) -> Self {
        self.then = Some((event, actor));
        self
    }

    /// With what the guards look at.
    #[must_use]
    pub fn given(mut self, facts: S::Facts) -> Self {
        self.facts = facts;
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

    /// With the time of the device it was taken on.
    #[must_use]
    pub fn on_device(mut self, at: Option<DateTime<Utc>>) -> Self {
        self.device_time = at;
        self
    }

    /// Taken in the past: whatever follows the state, as the day on which handling ended, is of that
    /// time. The history says both that and when it was recorded.
    #[must_use]
    pub fn in_the_past(mut self, at: DateTime<Utc>) -> Self {
        self.happened_at = Some(at);
        self
    }

    /// The state it leads to.
    ///
    /// # Errors
    /// 409, 403 or 422: see [`Machine::step`] and the row's guards.
    pub fn target(&self) -> Result<S::State, Problem> {
        self.walk().map(|(_, to)| to)
    }

    /// The states of its line in the history.
    fn walk(&self) -> Result<(Option<S::State>, S::State), Problem> {
        let first = self.row(self.from, self.event, self.actor)?;
        match self.then {
            None => Ok((self.from, first.to)),
            Some((event, actor)) => {
                let second = self.row(Some(first.to), event, actor)?;
                Ok((Some(self.from.unwrap_or(first.to)), second.to))
            }
        }
    }

    fn row(
        &self,
        from: Option<S::State>,
        event: S::Event,
        actor: &Actor,
    ) -> Result<&'static RowOf<S>, Problem> {
        let row = S::MACHINE.step(from, event, actor)?;
        hold(row.guards, &self.facts)?;
        Ok(row)
    }
}

/// Takes a step: checks it against the table, writes the state and records it. Nothing else writes a
/// state. Of a step a subject begins with, the row is there already, inserted in that state.
///
/// # Errors
/// 409 when the table has no such step or the subject is no longer in that state, 403 when the table
/// gives the step to others, 422 or another refusal of the row's guards; a fault when the database
/// fails.
pub fn advance<S: Subject>(
    conn: &mut Connection,
    step: &Step<'_, S>,
    now: DateTime<Utc>,
) -> Result<S::State, Problem> {
    let (before, after) = step.walk()?;
    if let Some(from) = step.from {
        let then = step.happened_at.unwrap_or(now);
        let written = S::write_state(conn, step.id, from, after, step.actor, then)
            .or_fault("write a state")?;
        if written == 0 {
            let why = format!("state is no longer `{}`; read it again", from.as_str());
            return Err(Problem::because(Code::WrongState, why));
        }
    }
    let event = Event {
        states: Some((before.map(S::State::as_str), after.as_str())),
        reason: step.reason,
        detail: step.detail.clone(),
        device_time: step.device_time,
        happened_at: step.happened_at,
        ..Event::of(step.event, step.id, step.actor)
    };
    append(conn, &event, now).or_fault("record a step")?;
    Ok(after)
}

/// The state from which a subject came into a state, the last time.
///
/// # Errors
/// What the database answers.
pub fn state_before<S: Subject>(
    conn: &mut Connection,
    subject: Id,
    state: S::State,
) -> QueryResult<Option<S::State>> {
    let came: Option<Option<String>> = record::table
        .filter(record::subject_id.eq(subject))
        .filter(record::subject_kind.eq(S::Event::KIND))
        .filter(record::to_state.eq(state.as_str()))
        .order(record::id.desc())
        .select(record::from_state)
        .first(conn)
        .optional()?;
    let came = came.flatten();
    let known = |name: String| S::State::ALL.iter().find(|state| state.as_str() == name);
    Ok(came.and_then(known).copied())
}
