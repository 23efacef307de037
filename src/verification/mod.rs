//! Visits on site (现场核实): dispatched to a grid, checked in with position and time, found with
//! photos, reviewed by the brigade.
//!
//! Phones lose the network. Whatever they upload is kept as an event with both clocks, in any
//! order and as often as they like; the state follows from the events that are there.

mod again;
pub mod dispatch;
pub mod machine;
pub mod moved;
pub mod queries;
pub mod review;
pub mod rules;
pub mod uploads;
pub mod views;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    dispatch::dispatch_verification,
    dispatch::reassign_verification,
    views::list_own_verifications,
    views::get_verification,
    uploads::check_in,
    uploads::submit_findings,
    uploads::add_visit_photos,
    review::review_verification,
))]
pub struct Doc;
