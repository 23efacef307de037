//! What the API can do: one list of capabilities, each with its table of operations. Router, guard,
//! document and tests read this list, and there is no other way into it.

use std::sync::LazyLock;

use crate::account::{Operation, operation::Table};
use crate::registers::{premises, sender_blocks};
use crate::{
    account, complaint, finds, handover, health, jobs, ledger, search, triage, verification, work,
};

/// The capabilities, in the order of the story.
pub static CAPABILITIES: &[&[Operation]] = &[
    complaint::OPERATIONS,
    search::OPERATIONS,
    ledger::OPERATIONS,
    triage::OPERATIONS,
    verification::OPERATIONS,
    finds::OPERATIONS,
    work::OPERATIONS,
    handover::OPERATIONS,
    &premises::OPERATIONS,
    &sender_blocks::OPERATIONS,
    account::OPERATIONS,
    jobs::OPERATIONS,
    health::OPERATIONS,
];

/// Where each operation is reached.
pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(CAPABILITIES));
