//! What leads a visit (核实任务) from one state to the next (domain §1.12).

use crate::platform::problem::{Item, ItemCode};
use crate::record::{
    VisitEvent as E, VisitState as S, Who,
    machine::{Checked, Guard, Machine, Refusal, ensure, require, rows},
    role::Role,
};

const ADMIN: Who = Who::Role(Role::Admin);
const BRIGADE: &[Who] = &[Who::Role(Role::Brigade), ADMIN];
/// A visit that an officer makes by finding something is ordered by rule.
const ORDERERS: &[Who] = &[Who::Role(Role::Brigade), ADMIN, Who::System];
/// Who may be sent: officers of grids, and the brigade itself.
const OFFICER: &[Who] = &[Who::Role(Role::GridOfficer), Who::Role(Role::Brigade)];
const ENDERS: &[Who] = &[
    Who::Reporter,
    Who::Role(Role::Brigade),
    Who::Role(Role::Office),
    ADMIN,
];

/// What the guards of a visit look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// A reason is given.
    pub reason: bool,
    /// Somebody is there to make it: an officer of the visit's grid or of one beside it, or of the
    /// brigade.
    pub officer: bool,
    /// The officer was there: within the radius, or with a reason.
    pub was_there: bool,
    /// What was found is whole: a finding, evidence, and the hours asked for.
    pub is_whole: bool,
    /// Who looks at what was found did not find it.
    pub made_by_another: bool,
    /// No complaint of the matter waits for it any more, or it lies elsewhere now.
    pub needless: bool,
}

fn has_officer(facts: &Facts) -> Checked {
    if facts.officer {
        return Ok(());
    }
    let why = "is an active officer of the grid, of one beside it, or of the brigade";
    let item = Item::new("officer", ItemCode::NotOfThisGrid, why);
    Err(Refusal::Lacks(item))
}

fn has_reason(facts: &Facts) -> Checked {
    require(facts.reason, "reason", "says why, or what to do again")
}

fn made_by_another(facts: &Facts) -> Checked {
    ensure(facts.made_by_another, || {
        "who made the visit does not review it".to_owned()
    })
}

fn was_there(facts: &Facts) -> Checked {
    ensure(facts.was_there, || "nobody was there yet".to_owned())
}

fn is_whole(facts: &Facts) -> Checked {
    ensure(facts.is_whole, || {
        "what was found is not whole yet".to_owned()
    })
}

fn is_needless(facts: &Facts) -> Checked {
    ensure(facts.needless, || {
        "a complaint of the matter still waits for it".to_owned()
    })
}

const TO_OFFICER: &[Guard<Facts>] = &[Guard::new(
    "本网格或相邻网格的网格员，或执法人员",
    has_officer,
)];
const TO_ANOTHER: &[Guard<Facts>] = &[
    Guard::new("本网格或相邻网格的网格员，或执法人员", has_officer),
    Guard::new("理由", has_reason),
];
const ON_SITE: &[Guard<Facts>] = &[Guard::new("在半径内，否则说明理由", was_there)];
const WHOLE: &[Guard<Facts>] = &[Guard::new(
    "至少一张派件后拍摄的照片，噪声可为录音、录像；噪声、油烟须派件后同时段到场，否则只能无法核实",
    is_whole,
)];
const WHY: &[Guard<Facts>] = &[Guard::new("理由", has_reason)];
const BY_ANOTHER: &[Guard<Facts>] = &[Guard::new("不由核实人审核", made_by_another)];
const BY_ANOTHER_WHY: &[Guard<Facts>] = &[
    Guard::new("不由核实人审核", made_by_another),
    Guard::new("理由", has_reason),
];
const NEEDLESS: &[Guard<Facts>] = &[Guard::new(
    "信访件已撤回、已答复或已办结，或地点已更正到其他网格",
    is_needless,
)];

/// The machine of visits.
pub static MACHINE: Machine<S, E, Facts> = Machine {
    rows: rows! { S, E:
        Dispatch -> Pending by ORDERERS;
        Pending: Assign -> Assigned by ORDERERS if TO_OFFICER;
        Assigned: Reassign -> Assigned by BRIGADE if TO_ANOTHER;
        CheckedIn: Reassign -> Assigned by BRIGADE if TO_ANOTHER;
        Returned: Reassign -> Assigned by BRIGADE if TO_ANOTHER;
        Assigned: HandBack -> Pending by OFFICER if WHY;
        CheckedIn: HandBack -> Pending by OFFICER if WHY;
        Returned: HandBack -> Pending by OFFICER if WHY;
        Assigned: CheckIn -> CheckedIn by OFFICER if ON_SITE;
        Returned: CheckIn -> CheckedIn by OFFICER if ON_SITE;
        CheckedIn: Submit -> Submitted by OFFICER if WHOLE;
        Submitted: Pass -> Passed by BRIGADE if BY_ANOTHER;
        Submitted: Return -> Returned by BRIGADE if BY_ANOTHER_WHY;
        Pending: Cancel -> Cancelled by ENDERS if NEEDLESS;
        Assigned: Cancel -> Cancelled by ENDERS if NEEDLESS;
        CheckedIn: Cancel -> Cancelled by ENDERS if NEEDLESS;
        Submitted: Cancel -> Cancelled by ENDERS if NEEDLESS;
        Returned: Cancel -> Cancelled by ENDERS if NEEDLESS;
    },
    notes: &[
        E::CorrectPlace,
        E::CorrectFinding,
        E::ReleaseComplaint,
        E::TakeComplaint,
    ],
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
