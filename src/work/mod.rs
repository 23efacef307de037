//! Work that waits (待办): for each role its lists with their counts, and each list page by page. This
//! room reads and owns nothing. An item stands in a list for as long as the list's condition holds of
//! it, and leaves it by the step that deals with it, in whichever room that is taken.

mod asked;
mod complaints;
mod item;
pub mod lists;
mod queries;
pub mod routes;
mod visits;

use crate::account::{Operation, operation::operation};

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(lists::READERS), routes::get_work),
    operation!(Staff(lists::READERS), routes::list_work),
];
