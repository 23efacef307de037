//! What leads a complaint (信访件) from one state to the next (domain §1.12).

use chrono::TimeDelta;

use crate::platform::problem::Code;
use crate::record::{
    ComplaintEvent as E, ComplaintState as S, Who,
    machine::{Checked, Guard, Machine, Refusal, Trait, ensure, require, rows},
    role::Role,
};

const ADMIN: Who = Who::Role(Role::Admin);
const BRIGADE: &[Who] = &[Who::Role(Role::Brigade), ADMIN];
/// What was decided and answered elsewhere before is taken in, and decided nowhere else.
const BRIGADE_OR_HISTORY: &[Who] = &[Who::Role(Role::Brigade), ADMIN, Who::Import];
const MATCHERS: &[Who] = &[Who::Role(Role::Brigade), ADMIN, Who::System];
const CLOSERS: &[Who] = &[
    Who::Role(Role::Brigade),
    Who::Role(Role::Office),
    ADMIN,
    Who::System,
    Who::Import,
];
/// Who closes by hand, and may have closed the wrong one.
const UNDOERS: &[Who] = &[Who::Role(Role::Brigade), Who::Role(Role::Office), ADMIN];
/// What a unit sends back comes back by rule.
const RETURNERS: &[Who] = &[Who::Role(Role::Brigade), ADMIN, Who::System];
const REPORTER: &[Who] = &[Who::Reporter];
const COMPLETERS: &[Who] = &[
    Who::Reporter,
    Who::Role(Role::Brigade),
    Who::Role(Role::Office),
    ADMIN,
    Who::System,
];
const FILERS: &[Who] = &[
    Who::Reporter,
    Who::Role(Role::Brigade),
    Who::Role(Role::Office),
    Who::Role(Role::Service),
    Who::Role(Role::GridOfficer),
    Who::Role(Role::Street),
    Who::Role(Role::Section),
    Who::Role(Role::Station),
    ADMIN,
    Who::Import,
];
/// Who finds something themselves, and takes it back.
const FINDERS: &[Who] = &[
    Who::Role(Role::GridOfficer),
    Who::Role(Role::Street),
    Who::Role(Role::Section),
    Who::Role(Role::Station),
    Who::Role(Role::Brigade),
    ADMIN,
];
const SYSTEM: &[Who] = &[Who::System];

/// What the guards of a complaint look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// A reason is given.
    pub reason: bool,
    /// What the reporter is told is given.
    pub notice: bool,
    /// A procedure is named.
    pub procedure: bool,
    /// A unit it goes to is named.
    pub receiver: bool,
    /// The 复核意见书 of the earlier petition is named.
    pub final_review: bool,
    /// Further matters of the letter that are told.
    pub parts: usize,
    /// What was missing came, or its time is over.
    pub completed: bool,
    /// The right to object upstream still runs.
    pub objection: bool,
    /// The reply has words.
    pub answer: bool,
    /// The actor's own last decision is undone in time, and nobody was told.
    pub undone: bool,
    /// The reply that is rated.
    pub rated: Option<RatedReply>,
    /// Who acts found it.
    pub found_it: bool,
    /// Nobody but who found it has done anything with it.
    pub untouched: bool,
    /// What was found out about it is named.
    pub outcome: bool,
    /// No visit to it waits for its review.
    pub reviewed: bool,
}

/// A final reply, as its rating needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct RatedReply {
    /// Whether it was rated before.
    pub again: bool,
    /// How long ago it was written.
    pub age: TimeDelta,
    /// How long it can be rated.
    pub open: TimeDelta,
}

fn has_reason(facts: &Facts) -> Checked {
    require(facts.reason, "reason", "says why")
}

fn has_notice(facts: &Facts) -> Checked {
    require(facts.notice, "notice", "is what the reporter is told")
}

fn has_procedure(facts: &Facts) -> Checked {
    require(facts.procedure, "procedure", "is fixed at acceptance")
}

fn has_receiver(facts: &Facts) -> Checked {
    require(facts.receiver, "transfer_to", "names the unit")
}

fn may_object(facts: &Facts) -> Checked {
    let why = "can be `object` only while the right to object of its channel runs; accept, refuse or transfer it";
    require(facts.objection, "action", why)
}

fn has_final_review(facts: &Facts) -> Checked {
    let why = "is the number of the 复核意见书; without one, refuse or accept";
    require(facts.final_review, "final_review", why)
}

/// Further matters of one letter at most.
pub const PARTS_MAX: usize = 9;

/// What is said of parts that are missing, or go with anything but a split.
pub const PARTS_WANTED: &str =
    "are the further matters of a letter that is split, and go with nothing else";

fn has_parts(facts: &Facts) -> Checked {
    require(facts.parts > 0, "parts", PARTS_WANTED)?;
    require(facts.parts <= PARTS_MAX, "parts", "has 9 matters at most")
}

fn was_completed(facts: &Facts) -> Checked {
    require(facts.completed, "text", "is what was missing")
}

fn has_answer(facts: &Facts) -> Checked {
    require(facts.answer, "text", "is what the reporter reads")
}

fn found_it(facts: &Facts) -> Checked {
    ensure(facts.found_it, || {
        "who found it takes it back; the brigade dismisses it with a reason".to_owned()
    })
}

fn is_untouched(facts: &Facts) -> Checked {
    ensure(facts.untouched, || {
        "somebody has begun to deal with it; ask the brigade to dismiss it".to_owned()
    })
}

fn has_outcome(facts: &Facts) -> Checked {
    require(facts.outcome, "result", "says what was found out")
}

fn is_reviewed(facts: &Facts) -> Checked {
    ensure(facts.reviewed, || {
        "a visit to it waits for its review; review it first".to_owned()
    })
}

fn is_undone(facts: &Facts) -> Checked {
    ensure(facts.undone, || {
        "a decision is undone by who made it, in time, while nobody was told".to_owned()
    })
}

fn may_be_rated(facts: &Facts) -> Checked {
    let gone = |why: &str| Err(Refusal::Because(Code::Gone, why.to_owned()));
    match facts.rated {
        None => gone("there is no reply to rate"),
        Some(reply) if reply.again => gone("the reply was rated already"),
        Some(reply) if reply.age > reply.open => gone("a reply can be rated within 14 days"),
        Some(_) => Ok(()),
    }
}

const WITH_PROCEDURE: &[Guard<Facts>] = &[Guard::new("办理程序", has_procedure)];
const TOLD_WHY: &[Guard<Facts>] = &[
    Guard::new("理由", has_reason),
    Guard::new("告知内容", has_notice),
];
const AFTER_REVIEW: &[Guard<Facts>] = &[
    Guard::told("同一人同一事实、已经复核"),
    Guard::new("理由", has_reason),
    Guard::new("告知内容", has_notice),
    Guard::new("复核意见书文号", has_final_review),
];
const SENT_ON: &[Guard<Facts>] = &[
    Guard::new("理由", has_reason),
    Guard::new("告知内容", has_notice),
    Guard::new("接收单位", has_receiver),
];
const SENT_UP: &[Guard<Facts>] = &[
    Guard::new("理由", has_reason),
    Guard::new("在异议期限内", may_object),
];
const CHANGED: &[Guard<Facts>] = &[
    Guard::new("理由", has_reason),
    Guard::new("告知内容", has_notice),
    Guard::new("办理程序", has_procedure),
];
const TO_COMPLETE: &[Guard<Facts>] = &[Guard::new("需补正的内容", has_reason)];
const IN_PARTS: &[Guard<Facts>] = &[
    Guard::new("理由", has_reason),
    Guard::new("拆分的事项", has_parts),
];
const COMPLETED: &[Guard<Facts>] = &[Guard::new("补充的内容，或期满", was_completed)];
const ANSWERED: &[Guard<Facts>] = &[Guard::new("答复内容", has_answer)];
const UNTOLD: &[Guard<Facts>] = &[Guard::new("本人决定、限时内、尚未告知", is_undone)];
const WHY: &[Guard<Facts>] = &[Guard::new("理由", has_reason)];

const FOUND_OUT: &[Guard<Facts>] = &[
    Guard::new("核实结果", has_outcome),
    Guard::new("理由", has_reason),
    Guard::new("现场核实已审核", is_reviewed),
];
const BY_FINDER: &[Guard<Facts>] = &[
    Guard::new("发现人本人", found_it),
    Guard::new("尚未有人处理", is_untouched),
];

/// When a reply can be rated.
pub const RATING: &[Guard<Facts>] = &[Guard::new("答复后 14 日内一次", may_be_rated)];

/// The machine of complaints.
pub static MACHINE: Machine<S, E, Facts> = Machine {
    rows: rows! { S, E:
        Register -> Registered by FILERS;
        Registered: Screen -> Screening by SYSTEM;
        Registered: Queue -> AwaitingAcceptance by SYSTEM;
        Screening: SettleMatch -> AwaitingAcceptance by MATCHERS;
        AwaitingAcceptance: ReopenMatch -> Screening by MATCHERS;
        Screening: Accept -> Accepted by BRIGADE_OR_HISTORY if WITH_PROCEDURE;
        AwaitingAcceptance: Accept -> Accepted by BRIGADE_OR_HISTORY if WITH_PROCEDURE;
        Screening: Refuse -> Refused by BRIGADE_OR_HISTORY if TOLD_WHY;
        AwaitingAcceptance: Refuse -> Refused by BRIGADE_OR_HISTORY if TOLD_WHY;
        AwaitingAcceptance: NoLongerAccept -> NoLongerAccepted by BRIGADE if AFTER_REVIEW;
        Screening: NoLongerAccept -> NoLongerAccepted by BRIGADE if AFTER_REVIEW;
        AwaitingAcceptance: Transfer -> Transferred by BRIGADE_OR_HISTORY if SENT_ON;
        Screening: Transfer -> Transferred by BRIGADE_OR_HISTORY if SENT_ON;
        AwaitingAcceptance: Object -> Transferred by BRIGADE if SENT_UP;
        Screening: Object -> Transferred by BRIGADE if SENT_UP;
        Refused: TakeBack -> AwaitingAcceptance by BRIGADE if WHY;
        NoLongerAccepted: TakeBack -> AwaitingAcceptance by BRIGADE if WHY;
        Transferred: TakeBack -> AwaitingAcceptance by RETURNERS if WHY;
        Accepted: Undo -> AwaitingAcceptance by BRIGADE if UNTOLD;
        InProgress: Undo -> AwaitingAcceptance by BRIGADE if UNTOLD;
        Refused: Undo -> AwaitingAcceptance by BRIGADE if UNTOLD;
        NoLongerAccepted: Undo -> AwaitingAcceptance by BRIGADE if UNTOLD;
        Transferred: Undo -> AwaitingAcceptance by BRIGADE if UNTOLD;
        Returned: Undo -> AwaitingAcceptance by BRIGADE if UNTOLD;
        Closed: Undo -> Replied by UNDOERS if UNTOLD;
        Closed: UndoRated -> FollowUp by UNDOERS if UNTOLD;
        AwaitingAcceptance: Return -> Returned by BRIGADE if TO_COMPLETE;
        Screening: Return -> Returned by BRIGADE if TO_COMPLETE;
        Screening: Split -> Screening by BRIGADE if IN_PARTS;
        AwaitingAcceptance: Split -> AwaitingAcceptance by BRIGADE if IN_PARTS;
        Returned: Resubmit -> AwaitingAcceptance by COMPLETERS if COMPLETED;
        Accepted: ChangeProcedure -> Accepted by BRIGADE if CHANGED;
        InProgress: ChangeProcedure -> InProgress by BRIGADE if CHANGED;
        Accepted: Start -> InProgress by BRIGADE;
        Accepted: Reply -> Replied by BRIGADE_OR_HISTORY if ANSWERED;
        InProgress: Reply -> Replied by BRIGADE if ANSWERED;
        Replied: Rate -> FollowUp by REPORTER if RATING;
        Replied: Close -> Closed by CLOSERS;
        FollowUp: Close -> Closed by CLOSERS;
        Replied: Reopen -> InProgress by BRIGADE if WHY;
        FollowUp: Reopen -> InProgress by BRIGADE if WHY;
        Closed: Reopen -> InProgress by BRIGADE if WHY;
        Screening: Withdraw -> Withdrawn by REPORTER;
        AwaitingAcceptance: Withdraw -> Withdrawn by REPORTER;
        Returned: Withdraw -> Withdrawn by REPORTER;
        Accepted: Withdraw -> Withdrawn by REPORTER;
        InProgress: Withdraw -> Withdrawn by REPORTER;
        Closed: Archive -> Archived by SYSTEM;
        Refused: Archive -> Archived by SYSTEM;
        NoLongerAccepted: Archive -> Archived by SYSTEM;
        Transferred: Archive -> Archived by SYSTEM;
        Withdrawn: Archive -> Archived by SYSTEM;
        Registered: Study -> ToStudy by SYSTEM;
        ToStudy: TakeUp -> TakenUp by BRIGADE;
        ToStudy: Settle -> Settled by BRIGADE if FOUND_OUT;
        TakenUp: Settle -> Settled by BRIGADE if FOUND_OUT;
        ToStudy: Dismiss -> Dismissed by BRIGADE if WHY;
        TakenUp: Dismiss -> Dismissed by BRIGADE if WHY;
        Settled: Restudy -> ToStudy by BRIGADE if WHY;
        Dismissed: Restudy -> ToStudy by BRIGADE if WHY;
        ToStudy: Withdraw -> Withdrawn by FINDERS if BY_FINDER;
        Settled: Archive -> Archived by SYSTEM;
        Dismissed: Archive -> Archived by SYSTEM;
    },
    notes: &[
        E::Dispatch,
        E::Visit,
        E::Verified,
        E::Progress,
        E::ExtendReply,
        E::Review,
        E::Supplement,
        E::AddPhotos,
        E::ReadAdditions,
        E::SetWishes,
        E::Correct,
        E::DecideMatch,
        E::RefineLink,
        E::ChangeEntry,
        E::SplitFrom,
        E::Unhide,
        E::KeepHidden,
        E::BlockSender,
        E::LiftSenderBlock,
        E::UnmaskReporter,
        E::ReadOriginal,
    ],
};

/// Whether a complaint stands in the brigade's queue. What the abuse list hides never does.
#[must_use]
pub fn waits_in_queue(state: S, hidden: bool) -> bool {
    !hidden && state.is(Trait::Queued)
}

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
