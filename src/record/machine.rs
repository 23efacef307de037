//! State machines as data: one table per machine, from which the check of a step, its tests and the
//! documentation all come.

use super::actor::{Actor, Who};
use crate::platform::problem::{Code, Item, ItemCode, Problem};

/// What holds in a state besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// The handling has ended: of a complaint for matching and for clocks, of a visit and of what was
    /// sent to a unit for good.
    Ended,
    /// A complaint waits in the brigade's queue, unless it is hidden.
    Queued,
    /// The reporter of a complaint may still add evidence.
    TakesEvidence,
    /// The reporter of a complaint is owed a notice or an answer, so that a clock may run out.
    Owed,
    /// A complaint is compared with no other.
    OutOfMatching,
    /// A visit is an officer's to make or to wait for.
    WithOfficer,
    /// The steering group has not admitted an entry.
    NotAdmitted,
    /// An entry takes no more complaints. One that was not listed (不予入账) still does: new
    /// circumstances may bring it before the steering group again.
    ClosedToComplaints,
    /// An entry was written off and is watched for a rebound.
    Watched,
}

/// A state of a machine.
pub trait State: Copy + Eq + std::fmt::Debug + 'static {
    /// Every state.
    const ALL: &'static [Self];

    /// The name in the database and in answers.
    fn as_str(self) -> &'static str;

    /// The Chinese term.
    fn label(self) -> &'static str;
}

/// An event of the history.
pub trait EventName: Copy + Eq + std::fmt::Debug + 'static {
    /// What it happens to, as the history names it.
    const KIND: &'static str;

    /// Every event.
    const ALL: &'static [Self];

    /// The name in the history.
    fn as_str(self) -> &'static str;
}

/// A name that is no member of its set.
#[derive(Debug, thiserror::Error)]
#[error("unknown name {0:?}")]
pub struct UnknownName(String);

impl UnknownName {
    /// Of what was read.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// Why a guard does not let a step pass.
#[derive(Debug)]
pub enum Refusal {
    /// A field that is missing or wrong.
    Lacks(Item),
    /// Something that stands in the way, whatever the fields say.
    Because(Code, String),
}

/// Whether a guard lets a step pass.
pub type Checked = Result<(), Refusal>;

/// The check of a guard.
pub type Check<F> = fn(&F) -> Checked;

/// Asks for a field; `why` says what it is for.
///
/// # Errors
/// The field, when it was not given.
pub fn require(given: bool, field: &str, why: &str) -> Checked {
    if given {
        Ok(())
    } else {
        Err(Refusal::Lacks(Item::new(field, ItemCode::Required, why)))
    }
}

/// Asks for what no field of the request says; `why` names what stands in the way.
///
/// # Errors
/// `why`, when it does not hold.
pub fn ensure(holds: bool, why: impl FnOnce() -> String) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(Refusal::Because(Code::GuardFailed, why()))
    }
}

/// A condition beyond state and actor. `F` is what the guards of a machine look at.
pub struct Guard<F> {
    /// The condition in words.
    pub words: &'static str,
    /// The check; `None` where the types of the request, or chapters to come, see to it.
    pub check: Option<Check<F>>,
}

impl<F> Guard<F> {
    /// A guard with its check.
    pub const fn new(words: &'static str, check: Check<F>) -> Self {
        Self {
            words,
            check: Some(check),
        }
    }

    /// A guard in words alone.
    pub const fn told(words: &'static str) -> Self {
        Self { words, check: None }
    }
}

/// Which fields guards find missing.
///
/// # Errors
/// What stands in the way whatever the fields say.
pub fn lacks<F>(guards: &[Guard<F>], facts: &F) -> Result<Vec<Item>, Problem> {
    let mut items = Vec::new();
    for check in guards.iter().filter_map(|guard| guard.check) {
        match check(facts) {
            Ok(()) => {}
            Err(Refusal::Lacks(item)) => items.push(item),
            Err(Refusal::Because(code, why)) => return Err(Problem::because(code, why)),
        }
    }
    Ok(items)
}

/// Refuses unless every guard holds.
///
/// # Errors
/// 422 with every field that is missing, or what stands in the way.
pub fn hold<F>(guards: &[Guard<F>], facts: &F) -> Result<(), Problem> {
    let items = lacks(guards, facts)?;
    if items.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid_items(items))
    }
}

/// One row of a transition table.
pub struct Row<S, E, F: 'static> {
    /// The state before; `None` for what it begins with.
    pub from: Option<S>,
    /// What happens.
    pub event: E,
    /// The state after.
    pub to: S,
    /// Who may cause it.
    pub who: &'static [Who],
    /// What else must hold.
    pub guards: &'static [Guard<F>],
}

/// Writes a table: first what it begins with, then from which state what leads to which, by whom,
/// if which guards hold.
macro_rules! rows {
    (
        $state:ident, $event:ident:
        $first:ident -> $born:ident by $makers:ident;
        $($from:ident: $step:ident -> $to:ident by $who:ident $(if $guards:ident)?;)+
    ) => {
        &[
            $crate::record::machine::Row {
                from: None,
                event: $event::$first,
                to: $state::$born,
                who: $makers,
                guards: &[],
            },
            $($crate::record::machine::Row {
                from: Some($state::$from),
                event: $event::$step,
                to: $state::$to,
                who: $who,
                guards: rows!(@guards $($guards)?),
            },)+
        ]
    };
    (@guards) => { &[] };
    (@guards $guards:ident) => { $guards };
}

pub(crate) use rows;

/// A machine: its table, and what else its history tells.
pub struct Machine<S: 'static, E: 'static, F: 'static> {
    /// The table.
    pub rows: &'static [Row<S, E, F>],
    /// Events of its history that the table does not have: they change no state.
    pub notes: &'static [E],
}

impl<S: State, E: EventName, F> Machine<S, E, F> {
    /// The row by which an actor takes a step. Its guards are still to be asked.
    ///
    /// # Errors
    /// 409 naming the state and the event when the table has no such row, 403 when the row does not
    /// name the actor.
    pub fn step(
        &self,
        from: Option<S>,
        event: E,
        actor: &Actor,
    ) -> Result<&'static Row<S, E, F>, Problem> {
        let row = self
            .rows
            .iter()
            .find(|row| row.from == from && row.event == event)
            .ok_or_else(|| Problem::wrong_state(from.map_or("", S::as_str), event.as_str()))?;
        if row.who.contains(&actor.who()) {
            return Ok(row);
        }
        let named: Vec<String> = row.who.iter().map(Who::to_string).collect();
        let why = format!(
            "`{}` is not for {}; it is for: {}",
            event.as_str(),
            actor.who(),
            named.join(", ")
        );
        Err(Problem::because(Code::Forbidden, why))
    }

    /// Whether the table has such a row, whoever may take it.
    #[must_use]
    pub fn leads(&self, from: S, event: E) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.from == Some(from) && row.event == event)
    }

    /// What is wrong with the table: two rows for one pair, states that cannot be reached, rows for
    /// nobody, events that are in the table and among the notes, or in neither.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let pair = format!("{:?} in {:?}", row.event, row.from);
            let mut before = self.rows.iter().take(at);
            if before.any(|other| (other.from, other.event) == (row.from, row.event)) {
                faults.push(format!("{pair} twice"));
            }
            if row.who.is_empty() {
                faults.push(format!("{pair} is for nobody"));
            }
        }
        for state in S::ALL {
            if self.rows.iter().all(|row| row.to != *state) {
                faults.push(format!("{state:?} cannot be reached"));
            }
        }
        for event in E::ALL {
            let steps = self.rows.iter().any(|row| row.event == *event);
            if steps == self.notes.contains(event) {
                faults.push(format!("{event:?} is a step and a note, or neither"));
            }
        }
        faults
    }
}
