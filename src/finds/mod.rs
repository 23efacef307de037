//! What staff find themselves (巡查发现): a clue, and no petition. Nobody is told or answered, no clock
//! runs, and who found it is no person who complains. It is matched, queued, visited and linked as
//! what the public reports is, because it is kept as a row of the same table with states of its own.

pub mod body;
pub mod decision;
pub mod queries;
pub mod report;
pub mod views;
pub mod withdrawal;

use crate::account::{Operation, Role, operation::operation};

/// Roles that file what they find.
pub const FINDERS: &[Role] = &[
    Role::GridOfficer,
    Role::Street,
    Role::Section,
    Role::Station,
    Role::Brigade,
];

/// Roles that read what was found: who found it, whose street it was found in, who studies it.
pub const READERS: &[Role] = &[
    Role::GridOfficer,
    Role::Street,
    Role::Section,
    Role::Station,
    Role::Brigade,
    Role::Office,
];

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(FINDERS), keyed, report::report_find),
    operation!(Staff(READERS), views::list_finds),
    operation!(Staff(READERS), views::get_find),
    operation!(Staff(&[Brigade]), keyed, decision::decide_find),
    operation!(Staff(FINDERS), keyed, withdrawal::withdraw_find),
];
