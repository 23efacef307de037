//! Complaints (信访件): submit, track, supplement, follow, reply, rate.
//!
//! A complaint belongs to one ledger entry from its first moment, and keeps its own number, clock,
//! reply duty and tracking code for ever, whatever is merged.

pub mod body;
pub mod intake;
pub mod machine;
pub mod multipart;
pub mod photos;
pub mod queries;
pub mod routes;
pub mod staff_routes;
pub mod tracking;
pub mod views;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    routes::get_district,
    routes::submit,
    routes::find_similar,
    routes::take_in,
    routes::own_complaints,
    tracking::track,
    tracking::get_tracked_photo,
    tracking::add_photos,
    tracking::add_supplement,
    tracking::rate,
    tracking::withdraw,
    staff_routes::list_complaints,
    staff_routes::get_complaint,
    staff_routes::get_photo,
    staff_routes::get_original,
    staff_routes::unmask_reporter,
))]
pub struct Doc;
