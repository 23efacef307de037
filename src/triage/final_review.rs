//! When a petition is no longer accepted (信访工作条例36条, 生态环境信访工作办法31条; R11): the same person
//! comes again with the same facts after 复核 was given. A first report is refused at most.

use crate::complaint::queries::{self, ComplaintRow};
use crate::district::Profile;
use crate::matching::Rule;
use crate::platform::{
    db::Connection,
    problem::{Code, OnDb, Problem},
};
use crate::record::ComplaintState;

/// States of a complaint that was answered, so that it can have been reviewed.
pub(super) const ANSWERED: [ComplaintState; 4] = [
    ComplaintState::Replied,
    ComplaintState::FollowUp,
    ComplaintState::Closed,
    ComplaintState::Archived,
];

/// Requires that a complaint repeats, by a named person's word, one whose procedure ends in 复核.
/// That 复核 was given is what the decision itself states, with the number of its document.
///
/// # Errors
/// 422 that says what to do instead.
pub(super) fn require(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
) -> Result<(), Problem> {
    let earlier = row
        .repeat_of
        .map(|id| queries::by_id(conn, id).or_fault("load the earlier complaint"))
        .transpose()?;
    in_the_way(profile, row, earlier.as_ref())
        .map_or(Ok(()), |why| Err(Problem::because(Code::GuardFailed, why)))
}

fn in_the_way(
    profile: &Profile,
    row: &ComplaintRow,
    earlier: Option<&ComplaintRow>,
) -> Option<&'static str> {
    if matches!(row.link.as_str(), "provisional" | "suspected") {
        // Nothing with legal effect follows from a link nobody confirmed.
        return Some("confirm or reject the proposed link first");
    }
    let Some(earlier) = earlier.filter(|_| row.link == "confirmed") else {
        return Some(
            "this repeats no earlier complaint, and a first report cannot be 不再受理: refuse, transfer or accept it; if it is a repeat, confirm what it repeats first",
        );
    };
    let rule = row.link_rule.as_deref().and_then(Rule::named);
    if rule == Some(Rule::R3) {
        return Some("this brings new facts: accept it");
    }
    if !rule.is_some_and(Rule::is_repeat) {
        return Some(
            "this is another person's report, a rebound, or goes on with what was never answered: refuse, transfer or accept it",
        );
    }
    let reviewable = earlier
        .procedure
        .as_deref()
        .and_then(|code| profile.procedure(code))
        .is_some_and(|procedure| procedure.final_review);
    let over = reviewable && ANSWERED.contains(&earlier.state);
    if over || earlier.state == ComplaintState::NoLongerAccepted {
        return None;
    }
    Some(
        "the earlier complaint was not answered under a procedure that ends in 复核: refuse this one, or reply to it by the earlier result",
    )
}
