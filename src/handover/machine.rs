//! What leads a complaint that was sent to a unit (转送件) from one state to the next.

use crate::record::{
    HandoverEvent as E, HandoverState as S, Who,
    machine::{Checked, Guard, Machine, require, rows},
    role::Role,
};

/// Roles whose accounts act for the unit they belong to.
pub const UNITS: &[Role] = &[
    Role::Section,
    Role::Station,
    Role::PartyOffice,
    Role::Street,
    Role::Department,
    Role::Park,
    Role::Enterprise,
    Role::Expert,
];

const BRIGADE: &[Who] = &[Who::Role(Role::Brigade), Who::Role(Role::Admin)];
const UNIT: &[Who] = &[
    Who::Role(Role::Section),
    Who::Role(Role::Station),
    Who::Role(Role::PartyOffice),
    Who::Role(Role::Street),
    Who::Role(Role::Department),
    Who::Role(Role::Park),
    Who::Role(Role::Enterprise),
    Who::Role(Role::Expert),
];

/// What the guards look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The answer has words.
    pub answer: bool,
    /// A reason is given.
    pub reason: bool,
}

fn has_answer(facts: &Facts) -> Checked {
    require(facts.answer, "text", "is what the unit did or found")
}

fn has_reason(facts: &Facts) -> Checked {
    require(facts.reason, "reason", "says why it is sent back")
}

const ANSWERED: &[Guard<Facts>] = &[Guard::new("回复内容", has_answer)];
const WHY: &[Guard<Facts>] = &[Guard::new("理由", has_reason)];

/// The machine of what is sent to units.
pub static MACHINE: Machine<S, E, Facts> = Machine {
    rows: rows! { S, E:
        Send -> Sent by BRIGADE;
        Sent: Sign -> Signed by UNIT;
        Signed: Answer -> Answered by UNIT if ANSWERED;
        Sent: SendBack -> SentBack by UNIT if WHY;
        Signed: SendBack -> SentBack by UNIT if WHY;
        Sent: Withdraw -> Withdrawn by BRIGADE;
        Signed: Withdraw -> Withdrawn by BRIGADE;
    },
    notes: &[],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::machine::hold;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(MACHINE.faults(), Vec::<String>::new());
    }

    /// A guard whose facts were forgotten refuses.
    #[test]
    fn without_facts_no_guard_holds() {
        for row in MACHINE.rows {
            let checks = row.guards.iter().any(|guard| guard.check.is_some());
            assert_eq!(hold(row.guards, &Facts::default()).is_err(), checks);
        }
    }

    /// Whoever may call the unit's operations is whom the table lets take its steps.
    #[test]
    fn the_table_names_the_units_of_the_operations() {
        let called = UNITS.iter().copied().map(Who::Role);
        assert_eq!(called.collect::<Vec<_>>(), UNIT);
    }
}
