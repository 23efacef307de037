//! Entries from clue to archive (一本账): every complaint belongs to one, and many may share one.

pub mod admission;
pub mod campaigns;
pub mod machine;
pub mod merge;
pub mod moves;
pub mod queries;
pub mod routes;
pub mod supplements;
pub mod views;
pub mod words;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    routes::list_entries,
    routes::get_entry,
    admission::propose,
    admission::decide,
    merge::merge_entries,
    merge::undo_merge,
))]
pub struct Doc;
