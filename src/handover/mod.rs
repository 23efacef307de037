//! What is sent to units (转送件): a complaint for which another unit is competent. The unit signs for it
//! (签收), answers it or sends it back (退件), and reads of it what it needs, never who reported.
//!
//! What moves the complaint itself, sending it and having it back, is triage's and calls from there.

pub mod machine;
pub mod queries;
pub mod unit;
pub mod views;

use crate::account::{Operation, operation::operation};

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(views::READERS), views::list_handovers),
    operation!(Staff(views::READERS), views::get_handover),
    operation!(Staff(machine::UNITS), keyed, unit::sign_handover),
    operation!(Staff(machine::UNITS), keyed, unit::answer_handover),
];
