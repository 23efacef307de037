//! People and what they may do: staff, residents, roles, sessions, the second factor.

pub mod access;
pub mod caller;
pub mod devices;
pub mod operation;
pub mod own_password;
pub mod password;
pub mod queries;
pub mod resident_routes;
pub mod routes;
pub mod second_factor;
pub mod session;
pub mod strength;
mod throttle;

pub use crate::record::role::{self, Role};
pub use caller::{Caller, Resident, Staff};
pub use operation::{Access, Operation};

use operation::operation;

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Public, routes::sign_in),
    operation!(OwnSessions, session::routes::list_sessions),
    operation!(Public, session::routes::refresh),
    operation!(OwnSessions, session::routes::sign_out),
    operation!(OwnSessions, session::routes::end_others),
    operation!(OwnSessions, session::routes::end_session),
    operation!(OwnAccount, routes::me),
    operation!(OwnAccount, own_password::change),
    operation!(OwnAccount, second_factor::routes::start),
    operation!(OwnAccount, second_factor::routes::confirm),
    operation!(Public, resident_routes::send_code),
    operation!(Public, resident_routes::sign_in),
];
