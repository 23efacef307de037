//! Visits on site (现场核实): dispatched to a grid, checked in with position and time, found with
//! photos, reviewed by the brigade.
//!
//! Phones lose the network. Whatever they upload is kept as an event with both clocks, in any
//! order and as often as they like; the state follows from the events that are there.

pub mod answers;
pub mod bodies;
pub mod bulk;
pub mod clocks;
pub mod day;
pub mod dispatch;
pub mod machine;
mod material;
mod matter;
pub mod officers;
pub mod queries;
pub mod relocation;
mod repetition;
pub mod review;
pub mod rules;
pub mod standing;
pub mod surroundings;
pub mod uploads;
pub mod views;

use crate::account::{Operation, Role, operation::operation};
use crate::app::App;
use crate::platform::jobs::Registered;

/// What this capability does after the answer.
pub const JOBS: &[Registered<App>] = &[Registered::of::<clocks::ReckonVisits>()];

/// Roles that may be sent.
const SENT: &[Role] = &[Role::GridOfficer, Role::Brigade];

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Staff(&[Brigade]), keyed, dispatch::dispatch_verification),
    operation!(
        Staff(&[Brigade]),
        keyed,
        dispatch::dispatch_entry_verification
    ),
    operation!(Staff(&[Brigade]), keyed, bulk::dispatch_many),
    operation!(Staff(SENT), views::list_own_verifications),
    operation!(Staff(SENT), day::list_day_verifications),
    operation!(Staff(views::READERS), views::get_verification),
    operation!(Staff(&[Brigade]), keyed, officers::reassign_verification),
    operation!(Staff(SENT), keyed, officers::hand_back_verification),
    operation!(Staff(SENT), keyed, uploads::check_in),
    operation!(Staff(SENT), keyed, uploads::submit_findings),
    operation!(Staff(SENT), keyed, uploads::add_visit_photos),
    operation!(Staff(&[Brigade]), keyed, review::review_verification),
];
