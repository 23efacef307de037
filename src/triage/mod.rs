//! The brigade's queue (研判): claim, accept, refuse, transfer, return, reply, close, reopen.

pub mod claims;
pub mod decisions;
pub mod queue;
pub mod rank;
pub mod replies;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    queue::list_queue,
    claims::claim_next,
    claims::extend_claim,
    claims::release_claim,
    decisions::decide_complaint,
    decisions::decide_many,
    replies::reply_complaint,
    replies::close_complaint,
    replies::reopen_complaint,
))]
pub struct Doc;
