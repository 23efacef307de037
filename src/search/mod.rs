//! The search (查件): the one list of complaints, with every filter there is, by words of the text, by
//! whatever number somebody holds in hand, and, as a look behind the mask, by person. This room reads
//! and owns nothing: what complaints are found by is filed with them (`complaint::terms`).
//!
//! Terms lead to complaints that may be meant, the newest first; each of these is looked at by itself, with
//! all filters and in the words the caller may read. So nobody finds by words that are hidden from them.

mod asked;
mod days;
pub mod filters;
mod numbers;
pub mod person;
pub mod routes;
mod walk;
mod wanted;
mod words;

use crate::account::{Operation, operation::operation};
use crate::complaint::staff_routes::READERS;

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(READERS), routes::list_complaints),
    operation!(Staff(&[Brigade, Office]), person::search_person),
];
