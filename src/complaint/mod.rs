//! Complaints (信访件): submit, track, supplement, follow, reply, rate.
//!
//! A complaint belongs to one ledger entry from its first moment, and keeps its own number, clock,
//! reply duty and tracking code for ever, whatever is merged.

pub mod amendment;
mod base64;
pub mod body;
pub mod brief;
mod brief_facts;
pub mod case;
pub mod channel;
pub mod clocks;
pub mod desk;
pub mod discovery;
mod disposition;
pub mod feedback;
pub mod filer;
mod filing;
pub mod first_record;
pub mod follows;
pub mod form;
pub mod hidden;
pub mod intake;
pub mod joining;
pub mod links;
pub mod locks;
pub mod looks;
pub mod machine;
pub mod matter;
pub mod multipart;
pub mod notice;
pub mod notice_desk;
pub mod notice_receipts;
pub mod notice_views;
pub mod older;
pub mod otherwise;
pub mod own;
pub mod parts;
pub mod person;
pub mod person_changes;
pub mod petitioners;
pub mod place;
pub mod procedure;
pub mod queries;
pub mod rank;
pub mod ranks;
pub mod reach;
pub mod reason;
pub mod reckoning;
pub mod recount;
pub mod recovery;
pub mod reindex;
pub mod rejudge;
pub mod remarks;
pub mod remasking;
pub mod replaced;
pub mod returned;
pub mod reuse;
pub mod routes;
pub mod senders;
pub mod signers;
pub mod similar;
pub mod staff_routes;
pub mod subjects;
pub mod submission;
pub mod term_blocks;
pub mod terms;
pub mod timeline;
pub mod told;
pub mod tracking;
pub mod undoable;
pub mod unmask;
pub mod unread;
pub mod untold;
pub mod upstream;
pub mod views;
pub mod visits;
pub mod wish_routes;
pub mod wishes;

use crate::account::{Operation, operation::operation};
use crate::app::App;
use crate::platform::jobs::Registered;

/// What this capability does after the answer.
pub const JOBS: &[Registered<App>] = &[
    Registered::of::<notice::NotifyReporter>(),
    Registered::of::<recovery::SendCodes>(),
    Registered::of::<reckoning::ReckonClocks>(),
    Registered::of::<returned::TakeBackReturned>(),
    Registered::of::<ranks::RefreshRanks>(),
    Registered::of::<hidden::CountUnreviewed>(),
    Registered::of::<term_blocks::FileTerms>(),
];

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Resident, own::own_complaints),
    operation!(Resident, looks::own_unmaskings),
    operation!(Resident, follows::list_follows),
    operation!(Resident, keyed, follows::follow_matter),
    operation!(Resident, follows::unfollow_matter),
    operation!(Public, form::get_district),
    operation!(Public, keyed, routes::submit),
    operation!(Public, routes::find_similar),
    operation!(Public, recovery::recover_code),
    operation!(Public, tracking::track),
    operation!(Public, looks::tracked_unmaskings),
    operation!(Public, tracking::get_tracked_photo),
    operation!(Public, keyed, tracking::add_photos),
    operation!(Public, keyed, feedback::add_supplement),
    operation!(Public, keyed, feedback::rate),
    operation!(Public, keyed, wish_routes::set_wishes),
    operation!(Staff(&[Office, Brigade, Service]), keyed, desk::take_in),
    operation!(Staff(staff_routes::READERS), staff_routes::get_complaint),
    operation!(Staff(&[Brigade, Office]), reuse::list_reused_photos),
    operation!(Staff(staff_routes::READERS), staff_routes::get_photo),
    operation!(Staff(&[Brigade, Office]), staff_routes::get_original),
    operation!(Staff(&[Brigade, Office]), unmask::unmask_reporter),
    operation!(Staff(&[Office]), looks::list_unmaskings),
    operation!(
        Staff(&[Brigade, Office]),
        keyed,
        wish_routes::set_heard_wishes
    ),
    operation!(Staff(&[Brigade, Office]), notice_desk::list_notices),
    operation!(Staff(&[Brigade, Office]), keyed, notice_desk::record_notice),
    operation!(Staff(&[Brigade, Office]), keyed, notice_desk::return_notice),
    operation!(Public, notice_receipts::report_receipt),
    operation!(Staff(&[Brigade, Office]), keyed, hidden::keep_hidden),
    operation!(Staff(&[Brigade, Office]), keyed, hidden::unhide_complaint),
];
