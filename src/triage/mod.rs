//! The brigade's queue (研判): claim, accept, refuse, transfer, split, return, correct, reply, close, reopen.

mod body;
pub mod claims;
pub mod correction;
pub mod corrections;
pub mod decisions;
mod final_review;
pub mod match_decisions;
mod match_standing;
pub mod matches;
pub mod queue;
pub mod reference;
pub mod replies;
mod split;
pub mod supplement;
pub mod withdrawal;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    queue::list_queue,
    claims::claim_next,
    claims::extend_claim,
    claims::release_claim,
    decisions::decide_complaint,
    decisions::decide_many,
    correction::correct_complaint,
    corrections::list_corrections,
    matches::list_matches,
    match_decisions::decide_match,
    replies::reply_complaint,
    replies::close_complaint,
    replies::reopen_complaint,
    supplement::supplement_complaint,
    withdrawal::withdraw,
    reference::get_reference,
))]
pub struct Doc;
