//! The brigade's queue (研判): claim, accept, refuse, transfer, split, return, correct, read, reply, close, reopen.

mod body;
pub mod bulk;
pub mod claims;
pub mod closing;
mod closing_rules;
pub mod correction;
pub mod correction_body;
pub mod corrections;
pub mod decisions;
pub mod extension;
mod final_review;
pub mod match_decisions;
mod match_standing;
pub mod matches;
pub mod merge;
mod merge_change;
pub mod past;
pub mod procedure_change;
pub mod queue;
pub mod reading;
pub mod reference;
pub mod replies;
pub mod reversal;
mod review_rules;
pub mod reviews;
mod revocable;
mod split;
pub mod supplement;
pub mod undo;
pub mod unit_return;
pub mod withdrawal;

use crate::account::{Operation, operation::operation};
use crate::app::App;
use crate::handover::machine::UNITS;
use crate::platform::jobs::Registered;

/// What this capability does after the answer.
pub const JOBS: &[Registered<App>] = &[Registered::of::<closing::CloseAnswered>()];

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(&[Brigade]), keyed, merge::merge_entries),
    operation!(Staff(&[Brigade]), keyed, merge::undo_merge),
    operation!(Public, keyed, withdrawal::withdraw),
    operation!(Staff(&[Brigade]), keyed, correction::correct_complaint),
    operation!(Staff(&[Brigade, Office]), corrections::list_corrections),
    operation!(Staff(matches::READERS), matches::list_matches),
    operation!(Staff(&[Brigade]), keyed, match_decisions::decide_match),
    operation!(Staff(&[Brigade, Office]), reference::get_reference),
    operation!(
        Staff(&[Brigade, Office]),
        keyed,
        supplement::supplement_complaint
    ),
    operation!(Staff(&[Brigade]), keyed, reading::mark_read),
    operation!(Staff(queue::READERS), queue::list_queue),
    operation!(Staff(&[Brigade]), keyed, claims::claim_next),
    operation!(Staff(&[Brigade]), claims::extend_claim),
    operation!(Staff(&[Brigade]), claims::release_claim),
    operation!(Staff(&[Brigade]), keyed, decisions::decide_many),
    operation!(Staff(&[Brigade]), keyed, bulk::decide_matches),
    operation!(Staff(&[Brigade]), keyed, bulk::reply_many),
    operation!(Staff(&[Brigade, Office]), keyed, bulk::close_many),
    operation!(Staff(&[Brigade]), keyed, decisions::decide_complaint),
    operation!(Staff(&[Brigade]), keyed, reversal::take_back_decision),
    operation!(Staff(&[Brigade, Office]), keyed, undo::undo_decision),
    operation!(Staff(UNITS), keyed, unit_return::return_handover),
    operation!(Staff(&[Brigade]), keyed, procedure_change::change_procedure),
    operation!(Staff(&[Brigade]), keyed, replies::reply_complaint),
    operation!(Staff(&[Brigade, Office]), keyed, extension::extend_reply),
    operation!(Staff(&[Brigade, Office]), keyed, replies::close_complaint),
    operation!(Staff(&[Brigade]), keyed, replies::reopen_complaint),
    operation!(Staff(&[Brigade, Office]), keyed, reviews::record_review),
];
