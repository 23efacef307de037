//! What leads a notice (告知) from one state to the next.

use crate::record::{
    NoticeEvent as E, NoticeState as S, Who,
    machine::{Checked, Guard, Machine, require, rows},
    role::Role,
};

const MAKERS: &[Who] = &[
    Who::Role(Role::Brigade),
    Who::Role(Role::Office),
    Who::Role(Role::Admin),
    Who::System,
];
const STAFF: &[Who] = &[
    Who::Role(Role::Brigade),
    Who::Role(Role::Office),
    Who::Role(Role::Admin),
];
const SYSTEM: &[Who] = &[Who::System];

/// What the guards look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// There is something that shows it: a gateway's answer, the page itself, the words of who told.
    pub proof: bool,
    /// Why it did not arrive is known.
    pub reason: bool,
}

impl Facts {
    /// It is proven.
    #[must_use]
    pub const fn proven() -> Self {
        Self {
            proof: true,
            reason: false,
        }
    }

    /// It is known why not.
    #[must_use]
    pub const fn because() -> Self {
        Self {
            proof: false,
            reason: true,
        }
    }
}

fn has_proof(facts: &Facts) -> Checked {
    let why = "is what shows it: number of the letter, who took it, when they answered the phone";
    require(facts.proof, "proof", why)
}

fn has_reason(facts: &Facts) -> Checked {
    require(facts.reason, "reason", "says why it did not arrive")
}

const PROVEN: &[Guard<Facts>] = &[Guard::new("凭据", has_proof)];
const WHY: &[Guard<Facts>] = &[Guard::new("原因", has_reason)];

/// The machine of notices. A gateway may report late that what it was given up for has arrived.
pub static MACHINE: Machine<S, E, Facts> = Machine {
    rows: rows! { S, E:
        Queue -> Queued by MAKERS;
        Queued: Send -> Sent by MAKERS if PROVEN;
        Queued: Deliver -> Delivered by SYSTEM if PROVEN;
        Queued: HandOver -> HandedOver by STAFF if PROVEN;
        Queued: Publish -> Published by MAKERS if PROVEN;
        Queued: GiveUp -> Unreachable by STAFF if PROVEN;
        Queued: Fail -> Failed by SYSTEM if WHY;
        Queued: Cancel -> Cancelled by MAKERS;
        Sent: Deliver -> Delivered by SYSTEM if PROVEN;
        Sent: Fail -> Failed by SYSTEM if WHY;
        Sent: ComeBack -> CameBack by STAFF if WHY;
        Failed: Send -> Sent by SYSTEM if PROVEN;
        Failed: Deliver -> Delivered by SYSTEM if PROVEN;
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
}
