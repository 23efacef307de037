//! What leads a ledger entry (台账问题) from one state to the next (domain §1.12). The steps after
//! admission belong to later chapters; they stand here so that the table is whole.

use crate::record::{
    EntryEvent as E, EntryState as S, Who,
    machine::{Checked, Guard, Machine, ensure, require, rows},
    role::Role,
};

const ADMIN: Who = Who::Role(Role::Admin);
const OFFICE: &[Who] = &[Who::Role(Role::Office), ADMIN];
const GROUP: &[Who] = &[
    Who::Role(Role::Office),
    Who::Role(Role::SteeringGroup),
    ADMIN,
];
const BRIGADE: &[Who] = &[Who::Role(Role::Brigade), Who::Role(Role::Office), ADMIN];
const SYSTEM: &[Who] = &[Who::System];

/// What the guards of an entry look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The entry's number, to be named.
    pub number: String,
    /// Complaints that stand in it.
    pub complaints: i32,
    /// A reason is given.
    pub reason: bool,
    /// The meeting that decided is named.
    pub meeting: bool,
    /// The minutes are named.
    pub minutes: bool,
    /// The level it goes to is named.
    pub level: bool,
    /// The unit the higher level chose is named.
    pub chosen_owner: bool,
    /// Its last complaint was found to be another entry's matter.
    pub emptied: bool,
    /// What merged or emptied it is taken back.
    pub undone: bool,
}

/// An entry is brought before the steering group, and listed, for what somebody complains of or what
/// staff found: one whose complaints were all withdrawn, found to be another matter's, or hidden says nothing.
fn has_complaints(facts: &Facts) -> Checked {
    ensure(facts.complaints > 0, || {
        format!("entry {} has no complaint that stands", facts.number)
    })
}

fn has_meeting(facts: &Facts) -> Checked {
    require(facts.meeting, "meeting", "names the meeting that listed it")
}

fn has_minutes(facts: &Facts) -> Checked {
    require(facts.minutes, "minute_ref", "refers to the minutes")
}

fn has_owner(facts: &Facts) -> Checked {
    let why = "names the unit the higher level chose";
    require(facts.chosen_owner, "chosen_owner", why)
}

fn has_level(facts: &Facts) -> Checked {
    require(facts.level, "level", "names the level it goes to")
}

fn has_reason(facts: &Facts) -> Checked {
    require(facts.reason, "reason", "says why not")
}

fn says_why_or_is_empty(facts: &Facts) -> Checked {
    require(
        facts.reason || facts.emptied,
        "reason",
        "says why they are one matter",
    )
}

fn was_undone(facts: &Facts) -> Checked {
    ensure(facts.undone, || {
        format!("entry {} stays merged", facts.number)
    })
}

const STANDS: Guard<Facts> = Guard::new("有信访件", has_complaints);
const PROPOSED: &[Guard<Facts>] = &[STANDS];
const PROPOSED_AGAIN: &[Guard<Facts>] = &[STANDS, Guard::told("新情况")];
const LISTED: &[Guard<Facts>] = &[
    STANDS,
    Guard::new("会议和日期", has_meeting),
    Guard::new("纪要文号", has_minutes),
];
const LISTED_ABOVE: &[Guard<Facts>] = &[
    STANDS,
    Guard::new("会议和日期", has_meeting),
    Guard::new("纪要文号", has_minutes),
    Guard::new("确定的责任单位", has_owner),
];
const ESCALATED: &[Guard<Facts>] = &[STANDS, Guard::new("提级层级", has_level)];
const WHY_NOT: &[Guard<Facts>] = &[Guard::new("理由", has_reason)];
const ONE_MATTER: &[Guard<Facts>] = &[Guard::new("理由，或已无信访件", says_why_or_is_empty)];
const UNDONE: &[Guard<Facts>] = &[Guard::new("并单或判重决定被撤销", was_undone)];
const CATEGORY: &[Guard<Facts>] = &[Guard::told("类别")];
const WHY: &[Guard<Facts>] = &[Guard::told("理由")];
const ASSIGNED: &[Guard<Facts>] = &[Guard::told("责任单位和期限")];
const BUILT: &[Guard<Facts>] = &[Guard::told("工程类无未完成项目")];
const ANSWERED: &[Guard<Facts>] = &[Guard::told("公示期满、信访件均已答复")];
const UNTRUE: &[Guard<Facts>] = &[Guard::told("核实不属实")];
const TRUE: &[Guard<Facts>] = &[Guard::told("核实属实或部分属实")];
const DECIDED: &[Guard<Facts>] = &[Guard::told("研究决定")];
const QUIET: &[Guard<Facts>] = &[Guard::told("观察期满无反弹")];

/// The machine of ledger entries.
pub static MACHINE: Machine<S, E, Facts> = Machine {
    rows: rows! { S, E:
        Open -> Clue by SYSTEM;
        Clue: Propose -> Proposed by BRIGADE if PROPOSED;
        Proposed: List -> Listed by GROUP if LISTED;
        Proposed: NotList -> NotListed by GROUP if WHY_NOT;
        Proposed: Escalate -> Escalated by GROUP if ESCALATED;
        Escalated: List -> Listed by GROUP if LISTED_ABOVE;
        Escalated: NotList -> NotListed by GROUP if WHY_NOT;
        NotListed: Propose -> Proposed by BRIGADE if PROPOSED_AGAIN;
        Clue: Merge -> Merged by BRIGADE if ONE_MATTER;
        Proposed: Merge -> Merged by BRIGADE if ONE_MATTER;
        Merged: Revive -> Clue by BRIGADE if UNDONE;
        Merged: ReviveProposed -> Proposed by BRIGADE if UNDONE;
        Listed: Classify -> Classified by OFFICE if CATEGORY;
        Classified: Reclassify -> Classified by OFFICE if WHY;
        Classified: Assign -> Assigned by OFFICE if ASSIGNED;
        Assigned: SubmitPlan -> PlanReview by OFFICE;
        PlanReview: ApprovePlan -> Rectifying by OFFICE;
        PlanReview: ReturnPlan -> Assigned by OFFICE if WHY;
        Rectifying: Complete -> SelfChecked by OFFICE if BUILT;
        SelfChecked: StartReview -> EffectivenessReview by OFFICE;
        EffectivenessReview: Return -> Returned by OFFICE if WHY;
        Returned: Resume -> Rectifying by OFFICE;
        EffectivenessReview: WriteOff -> WrittenOff by OFFICE if ANSWERED;
        WrittenOff: Follow -> FollowUp by SYSTEM;
        WrittenOff: SuspectRebound -> ReboundSuspected by SYSTEM;
        FollowUp: SuspectRebound -> ReboundSuspected by SYSTEM;
        ReboundSuspected: DismissRebound -> FollowUp by BRIGADE if UNTRUE;
        ReboundSuspected: ConfirmRebound -> ReboundConfirmed by BRIGADE if TRUE;
        ReboundConfirmed: Relist -> Relisted by GROUP if DECIDED;
        Relisted: Classify -> Classified by OFFICE if CATEGORY;
        FollowUp: Settle -> LongTerm by OFFICE if QUIET;
        LongTerm: Archive -> Archived by OFFICE;
    },
    notes: &[
        E::TakeMerge,
        E::UndoMerge,
        E::Verified,
        E::ComplaintJoined,
        E::ComplaintLeft,
        E::Recounted,
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
