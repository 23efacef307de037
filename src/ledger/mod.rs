//! Entries from clue to archive (一本账): every complaint belongs to one, and many may share one.

pub mod admission;
pub mod campaigns;
pub mod count;
mod locks;
pub mod machine;
pub mod merges;
pub mod queries;
pub mod routes;
pub mod supplements;
pub mod views;
pub mod words;

use crate::account::{Operation, operation::operation};

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(routes::READERS), routes::list_entries),
    operation!(Staff(routes::READERS), routes::get_entry),
    operation!(Staff(&[Brigade, Office]), keyed, admission::propose),
    operation!(Staff(&[Office, SteeringGroup]), keyed, admission::decide),
];
