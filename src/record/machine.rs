//! State machines as data: one table per machine, from which the transition check, the access
//! test and the documentation all come.

use crate::platform::problem::Problem;

/// One row of a transition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: &'static str,
    /// What happens.
    pub event: &'static str,
    /// The state after.
    pub to: &'static str,
    /// Role names of those who may cause it; `reporter` and `system` beside the staff roles.
    pub who: &'static [&'static str],
    /// Conditions beyond the state, in words; enforced where the event is handled.
    pub guard: &'static str,
}

/// A machine: its states with their Chinese labels, and its table.
#[derive(Debug)]
pub struct Machine {
    /// `complaint`, `verification`, `ledger_entry`.
    pub name: &'static str,
    /// Every state and its label; the first is the initial one.
    pub states: &'static [(&'static str, &'static str)],
    /// The table.
    pub transitions: &'static [Transition],
    /// Events of its history that the table does not have: they change no state, or make the row.
    pub notes: &'static [&'static str],
}

impl Machine {
    /// The row for an event in a state.
    ///
    /// # Errors
    /// 409 naming the state and the event when the table has no such row.
    pub fn next(&self, from: &str, event: &str) -> Result<&'static Transition, Problem> {
        self.transitions
            .iter()
            .find(|t| t.from == from && t.event == event)
            .ok_or_else(|| Problem::wrong_state(from, event))
    }

    /// Every event of its history, each once.
    pub fn events(&self) -> impl Iterator<Item = &'static str> {
        let steps = self.transitions.iter().enumerate();
        let steps = steps.filter(|(at, step)| {
            let mut before = self.transitions.iter().take(*at);
            before.all(|other| other.event != step.event)
        });
        steps
            .map(|(_, step)| step.event)
            .chain(self.notes.iter().copied())
    }

    /// The Chinese label of a state.
    #[must_use]
    pub fn label(&self, state: &str) -> &'static str {
        self.states
            .iter()
            .find(|(name, _)| *name == state)
            .map_or("", |(_, label)| label)
    }

    /// What is wrong with the table: unknown states, two rows for one pair, unreachable states.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let known = |state: &str| self.states.iter().any(|(name, _)| *name == state);
        let mut faults = Vec::new();
        for (at, row) in self.transitions.iter().enumerate() {
            for state in [row.from, row.to] {
                if !known(state) {
                    faults.push(format!("{}: unknown state {state}", self.name));
                }
            }
            let twin = |other: &&Transition| other.from == row.from && other.event == row.event;
            if self.transitions.iter().take(at).any(|other| twin(&other)) {
                faults.push(format!(
                    "{}: {} in {} twice",
                    self.name, row.event, row.from
                ));
            }
        }
        for (state, _) in self.states.iter().skip(1) {
            if self.transitions.iter().all(|t| t.to != *state) {
                faults.push(format!("{}: {state} cannot be reached", self.name));
            }
        }
        faults
    }
}
