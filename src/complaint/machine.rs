//! What leads a complaint (信访件) from one state to the next (domain §1.12).

use chrono::TimeDelta;

use crate::platform::problem::Code;
use crate::record::{
    ComplaintEvent as E, ComplaintState as S, Who,
    machine::{Checked, Guard, Machine, Refusal, Trait, require, rows},
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
    ADMIN,
    Who::Import,
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
    /// The reply that is rated.
    pub rated: Option<RatedReply>,
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
const WHY: &[Guard<Facts>] = &[Guard::new("理由", has_reason)];

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
