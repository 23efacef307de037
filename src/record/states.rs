//! What a complaint, a visit, what is sent to a unit, a notice and an entry can be. They stand down here because every capability
//! reads the others' states; what leads from one to the next stands with its owner.

use std::str::FromStr;

use super::machine::{State, Trait, UnknownName};
use crate::platform::{db::text_column, named::named};

/// Makes the states of a machine: the name that is stored and served, the Chinese label, and what
/// else holds in it.
macro_rules! states {
    (
        $(#[$about:meta])*
        pub enum $set:ident {
            $($variant:ident $name:literal $zh:literal [$($holds:ident),*],)+
        }
    ) => {
        named! {
            $(#[$about])*
            #[derive(serde::Deserialize, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
            #[diesel(sql_type = diesel::sql_types::Text)]
            pub enum $set {
                $(#[doc = $zh] $variant $name,)+
            }
        }

        text_column!($set);

        impl $set {
            /// The Chinese term.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $zh,)+ }
            }

            /// Whether something holds in this state.
            #[must_use]
            pub fn is(self, held: Trait) -> bool {
                let holds: &[Trait] = match self { $(Self::$variant => &[$(Trait::$holds),*],)+ };
                holds.contains(&held)
            }

            /// The states in which something holds.
            #[must_use]
            pub fn that_are(held: Trait) -> Vec<Self> {
                Self::ALL.iter().copied().filter(|state| state.is(held)).collect()
            }
        }

        impl State for $set {
            const ALL: &'static [Self] = Self::ALL;

            fn as_str(self) -> &'static str {
                self.as_str()
            }

            fn label(self) -> &'static str {
                self.label()
            }
        }

        impl FromStr for $set {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                let mut all = Self::ALL.iter().copied();
                all.find(|state| state.as_str() == name).ok_or_else(|| UnknownName::of(name))
            }
        }
    };
}

states! {
    /// State of a complaint (信访件). `screening` waits for somebody to confirm or reject what the
    /// matching found; a complaint whose entry was merged keeps a state of its own, because it keeps
    /// its own notice and reply. What staff found themselves (巡查发现) has states of its own: nobody
    /// petitions and nobody is owed an answer, so it is studied, taken up, settled or dismissed.
    pub enum ComplaintState {
        Registered "registered" "登记" [TakesEvidence, Owed],
        Screening "screening" "待判重" [Queued, TakesEvidence, Owed],
        AwaitingAcceptance "awaiting_acceptance" "待受理" [Queued, TakesEvidence, Owed],
        Returned "returned" "退回补正" [TakesEvidence, Owed],
        Accepted "accepted" "受理" [TakesEvidence, Owed],
        Refused "refused" "不予受理" [Ended],
        NoLongerAccepted "no_longer_accepted" "不再受理" [Ended],
        Transferred "transferred" "转送移交" [Ended],
        InProgress "in_progress" "办理中" [TakesEvidence, Owed],
        Replied "replied" "已答复" [TakesEvidence],
        FollowUp "follow_up" "回访评价" [TakesEvidence],
        Closed "closed" "办结" [Ended],
        Archived "archived" "归档" [Ended, OutOfMatching],
        Withdrawn "withdrawn" "撤回" [Ended, OutOfMatching],
        ToStudy "to_study" "待研判" [Queued, TakesEvidence],
        TakenUp "taken_up" "核实处理中" [TakesEvidence],
        Settled "settled" "已处理" [Ended],
        Dismissed "dismissed" "不予采用" [Ended],
    }
}

states! {
    /// State of a visit (核实任务).
    pub enum VisitState {
        Pending "pending" "待派" [],
        Assigned "assigned" "已派" [WithOfficer],
        CheckedIn "checked_in" "已签到" [WithOfficer],
        Submitted "submitted" "已提交" [WithOfficer],
        Passed "passed" "通过" [Ended],
        Returned "returned" "退回" [WithOfficer],
        Cancelled "cancelled" "撤销" [Ended],
    }
}

states! {
    /// State of what was sent to a unit (转送件).
    pub enum HandoverState {
        Sent "sent" "待签收" [],
        Signed "signed" "办理中" [],
        Answered "answered" "已回复" [Ended],
        SentBack "sent_back" "已退件" [Ended],
        Withdrawn "withdrawn" "已撤回" [Ended],
    }
}

states! {
    /// State of a notice (告知). One that was posted is `sent` until it comes back.
    pub enum NoticeState {
        Queued "queued" "待发送" [],
        Sent "sent" "已发出" [],
        Delivered "delivered" "已送达" [],
        HandedOver "handed_over" "已当面或电话告知" [],
        Published "published" "已公布" [],
        Failed "failed" "未送达" [],
        CameBack "came_back" "退回" [Ended],
        Unreachable "unreachable" "无法联系" [Ended],
        Cancelled "cancelled" "已取消" [Ended],
    }
}

states! {
    /// State of a ledger entry (台账问题). Those after admission belong to later chapters; they stand
    /// here so that the set is whole.
    pub enum EntryState {
        Clue "clue" "线索" [NotAdmitted],
        Proposed "proposed" "拟入账" [NotAdmitted],
        NotListed "not_listed" "不予入账" [NotAdmitted],
        Escalated "escalated" "提级研究" [NotAdmitted],
        Listed "listed" "已入账" [],
        Classified "classified" "已分类" [],
        Assigned "assigned" "已交办" [],
        PlanReview "plan_review" "方案待审" [],
        Rectifying "rectifying" "整改中" [],
        SelfChecked "self_checked" "整改完成（自查）" [],
        EffectivenessReview "effectiveness_review" "成效审查" [],
        Returned "returned" "退回整改" [],
        WrittenOff "written_off" "已销号" [Watched],
        FollowUp "follow_up" "跟踪督导" [Watched],
        ReboundSuspected "rebound_suspected" "反弹疑似" [],
        ReboundConfirmed "rebound_confirmed" "反弹确认" [],
        Relisted "relisted" "重新入库" [],
        LongTerm "long_term" "长效巩固" [Watched],
        Archived "archived" "归档" [ClosedToComplaints],
        Merged "merged" "已并单" [ClosedToComplaints],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is stored, read back and served the same.
    fn is_one_name<S>()
    where
        S: State + serde::Serialize + serde::de::DeserializeOwned + FromStr + std::fmt::Debug,
        <S as FromStr>::Err: std::fmt::Debug,
    {
        for state in S::ALL {
            let served = serde_json::to_value(state).unwrap();
            assert_eq!(served, state.as_str());
            assert_eq!(serde_json::from_value::<S>(served).unwrap(), *state);
            assert_eq!(state.as_str().parse::<S>().unwrap(), *state);
            assert!(!state.label().is_empty());
        }
        assert!("unheard_of".parse::<S>().is_err());
    }

    #[test]
    fn a_state_has_one_name() {
        is_one_name::<ComplaintState>();
        is_one_name::<VisitState>();
        is_one_name::<HandoverState>();
        is_one_name::<NoticeState>();
        is_one_name::<EntryState>();
    }

    #[test]
    fn states_know_what_holds_in_them() {
        let queued = ComplaintState::that_are(Trait::Queued);
        assert_eq!(
            queued,
            [
                ComplaintState::Screening,
                ComplaintState::AwaitingAcceptance,
                ComplaintState::ToStudy
            ]
        );
        for state in ComplaintState::ALL {
            assert_ne!(state.is(Trait::Ended), state.is(Trait::TakesEvidence));
        }
        // Who was answered is owed nothing more, and of what staff found nobody ever is.
        let owed_nothing = [
            ComplaintState::Replied,
            ComplaintState::FollowUp,
            ComplaintState::ToStudy,
            ComplaintState::TakenUp,
        ];
        for state in ComplaintState::that_are(Trait::TakesEvidence) {
            assert_ne!(state.is(Trait::Owed), owed_nothing.contains(&state));
        }
    }
}
