//! The states of a complaint (domain §1.12).

use crate::record::machine::{Machine, Transition};

const BRIGADE: &[&str] = &["brigade", "admin"];
const MATCHERS: &[&str] = &["brigade", "admin", "system"];
const CLOSERS: &[&str] = &["brigade", "office", "admin", "system"];
const REPORTER: &[&str] = &["reporter"];
const COMPLETERS: &[&str] = &["reporter", "brigade", "office", "admin", "system"];
const SYSTEM: &[&str] = &["system"];

const fn t(
    from: &'static str,
    event: &'static str,
    to: &'static str,
    who: &'static [&'static str],
    guard: &'static str,
) -> Transition {
    Transition {
        from,
        event,
        to,
        who,
        guard,
    }
}

/// The machine of complaints (信访件). `screening` waits for somebody to confirm or reject what
/// the matching found; a merged complaint keeps a state of its own, because it keeps its own
/// notice and reply.
pub static MACHINE: Machine = Machine {
    name: "complaint",
    states: &[
        ("registered", "登记"),
        ("screening", "待判重"),
        ("awaiting_acceptance", "待受理"),
        ("returned", "退回补正"),
        ("accepted", "受理"),
        ("refused", "不予受理"),
        ("no_longer_accepted", "不再受理"),
        ("transferred", "转送移交"),
        ("in_progress", "办理中"),
        ("replied", "已答复"),
        ("follow_up", "回访评价"),
        ("closed", "办结"),
        ("archived", "归档"),
        ("withdrawn", "撤回"),
    ],
    transitions: &[
        t("registered", "screen", "screening", SYSTEM, ""),
        t("registered", "queue", "awaiting_acceptance", SYSTEM, ""),
        t(
            "screening",
            "settle_match",
            "awaiting_acceptance",
            MATCHERS,
            "",
        ),
        t(
            "awaiting_acceptance",
            "reopen_match",
            "screening",
            MATCHERS,
            "",
        ),
        t("screening", "accept", "accepted", BRIGADE, "办理程序"),
        t(
            "awaiting_acceptance",
            "accept",
            "accepted",
            BRIGADE,
            "办理程序",
        ),
        t("screening", "refuse", "refused", BRIGADE, "理由和告知内容"),
        t(
            "awaiting_acceptance",
            "refuse",
            "refused",
            BRIGADE,
            "理由和告知内容",
        ),
        t(
            "awaiting_acceptance",
            "no_longer_accept",
            "no_longer_accepted",
            BRIGADE,
            "同一人同一事实、已经复核：理由、复核意见书文号和告知内容",
        ),
        t(
            "screening",
            "no_longer_accept",
            "no_longer_accepted",
            BRIGADE,
            "同一人同一事实、已经复核：理由、复核意见书文号和告知内容",
        ),
        t(
            "awaiting_acceptance",
            "transfer",
            "transferred",
            BRIGADE,
            "理由、接收单位和告知内容",
        ),
        t(
            "screening",
            "transfer",
            "transferred",
            BRIGADE,
            "理由、接收单位和告知内容",
        ),
        t(
            "awaiting_acceptance",
            "return",
            "returned",
            BRIGADE,
            "需补正的内容",
        ),
        t("screening", "return", "returned", BRIGADE, "需补正的内容"),
        t(
            "screening",
            "split",
            "screening",
            BRIGADE,
            "拆分的事项和理由",
        ),
        t(
            "awaiting_acceptance",
            "split",
            "awaiting_acceptance",
            BRIGADE,
            "拆分的事项和理由",
        ),
        t(
            "returned",
            "resubmit",
            "awaiting_acceptance",
            COMPLETERS,
            "补充的内容，或期满",
        ),
        t("accepted", "start", "in_progress", BRIGADE, ""),
        t("accepted", "reply", "replied", BRIGADE, "答复内容"),
        t("in_progress", "reply", "replied", BRIGADE, "答复内容"),
        t(
            "replied",
            "rate",
            "follow_up",
            REPORTER,
            "答复后 14 日内一次",
        ),
        t("replied", "close", "closed", CLOSERS, ""),
        t("follow_up", "close", "closed", CLOSERS, ""),
        t("replied", "reopen", "in_progress", BRIGADE, "理由"),
        t("follow_up", "reopen", "in_progress", BRIGADE, "理由"),
        t("closed", "reopen", "in_progress", BRIGADE, "理由"),
        t("screening", "withdraw", "withdrawn", REPORTER, ""),
        t("awaiting_acceptance", "withdraw", "withdrawn", REPORTER, ""),
        t("returned", "withdraw", "withdrawn", REPORTER, ""),
        t("accepted", "withdraw", "withdrawn", REPORTER, ""),
        t("in_progress", "withdraw", "withdrawn", REPORTER, ""),
        t("closed", "archive", "archived", SYSTEM, ""),
        t("refused", "archive", "archived", SYSTEM, ""),
        t("no_longer_accepted", "archive", "archived", SYSTEM, ""),
        t("transferred", "archive", "archived", SYSTEM, ""),
        t("withdrawn", "archive", "archived", SYSTEM, ""),
    ],
    notes: &[
        "register",
        "visit",
        "verified",
        "progress",
        "supplement",
        "add_photos",
        "correct",
        "decide_match",
        "refine_link",
        "unhide",
        "keep_hidden",
        "block_sender",
        "lift_sender_block",
        "unmask_reporter",
        "read_original",
    ],
};

/// States in which the handling has ended, for matching and for deadlines.
pub const ENDED: [&str; 6] = [
    "refused",
    "no_longer_accepted",
    "transferred",
    "closed",
    "archived",
    "withdrawn",
];

/// States of the complaints in the brigade's queue.
pub const QUEUED: [&str; 2] = ["screening", "awaiting_acceptance"];

/// Whether a complaint stands in the brigade's queue. What the abuse list hides never does.
#[must_use]
pub fn waits_in_queue(state: &str, hidden: bool) -> bool {
    !hidden && QUEUED.contains(&state)
}

/// States in which the reporter may still add evidence.
#[must_use]
pub fn takes_evidence(state: &str) -> bool {
    !matches!(
        state,
        "archived" | "withdrawn" | "closed" | "refused" | "no_longer_accepted" | "transferred"
    )
}

#[cfg(test)]
mod tests {
    use super::MACHINE;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(MACHINE.faults(), Vec::<String>::new());
    }

    /// D30: every pair that is not in the table is refused with both names.
    #[test]
    fn pairs_outside_the_table_are_conflicts() {
        let events: Vec<&str> = MACHINE.transitions.iter().map(|t| t.event).collect();
        for (state, _) in MACHINE.states {
            for event in &events {
                let allowed = MACHINE
                    .transitions
                    .iter()
                    .any(|t| t.from == *state && t.event == *event);
                let answer = MACHINE.next(state, event);
                assert_eq!(answer.is_ok(), allowed);
                if let Err(problem) = answer {
                    assert!(
                        problem.to_string().contains(state) && problem.to_string().contains(event)
                    );
                }
            }
        }
    }
}
