//! The append-only history (操作留痕): who did what to what, when, why, and what changed.
//!
//! Every state change writes one row here in its own transaction. Rows are never changed.

mod actor;
pub mod events;
mod history;
pub mod machine;
pub mod role;
pub mod states;
mod step;

pub use actor::{Actor, Who};
pub use events::{
    AccountEvent, ComplaintEvent, EntryEvent, HandoverEvent, JobEvent, NoticeEvent, RegisterEvent,
    VisitEvent,
};
pub use history::{Event, Recorded, append, append_all, history, keep_order, latest, local};
pub use states::{ComplaintState, EntryState, HandoverState, NoticeState, VisitState};
pub use step::{Step, Subject, advance, state_before};
