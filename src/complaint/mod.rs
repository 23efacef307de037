//! Complaints (信访件): submit, track, supplement, follow, reply, rate.
//!
//! A complaint belongs to one ledger entry from its first moment, and keeps its own number, clock,
//! reply duty and tracking code for ever, whatever is merged.

pub mod album;
mod base64;
pub mod body;
pub mod case;
pub mod clocks;
pub mod desk;
mod disposition;
pub mod feedback;
pub mod filer;
mod filing;
pub mod form;
pub mod hidden;
pub mod intake;
pub mod joining;
pub mod looks;
pub mod machine;
pub mod multipart;
pub mod older;
pub mod otherwise;
pub mod own;
pub mod parts;
pub mod person;
pub mod petitioners;
pub mod photos;
pub mod place;
pub mod queries;
pub mod rank;
mod reason;
pub mod reindex;
pub mod rejudge;
pub mod resent;
pub mod returned;
pub mod reuse;
pub mod routes;
pub mod senders;
pub mod similar;
pub mod staff_routes;
pub mod stored;
pub mod take;
pub mod tracking;
pub mod unmask;
pub mod upstream;
pub mod views;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    form::get_district,
    routes::submit,
    routes::find_similar,
    desk::take_in,
    own::own_complaints,
    tracking::track,
    tracking::get_tracked_photo,
    tracking::add_photos,
    feedback::add_supplement,
    feedback::rate,
    staff_routes::list_complaints,
    staff_routes::get_complaint,
    staff_routes::get_photo,
    staff_routes::get_original,
    unmask::unmask_reporter,
    looks::list_unmaskings,
    looks::own_unmaskings,
    looks::tracked_unmaskings,
    reuse::list_reused_photos,
    senders::block_sender,
    senders::list_sender_blocks,
    senders::lift_sender_block,
    hidden::unhide_complaint,
    hidden::keep_hidden,
))]
pub struct Doc;
