//! People and what they may do: staff, residents, roles, sessions, the second factor.

pub mod access;
pub mod caller;
pub mod devices;
pub mod own_password;
pub mod password;
pub mod queries;
pub mod resident_routes;
pub mod role;
pub mod routes;
pub mod second_factor;
pub mod session;
pub mod strength;
mod throttle;

pub use access::Access;
pub use caller::{Caller, Resident, Staff};
pub use role::Role;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    routes::sign_in,
    session::routes::refresh,
    session::routes::list_sessions,
    session::routes::sign_out,
    session::routes::end_others,
    session::routes::end_session,
    routes::me,
    own_password::change,
    second_factor::routes::start,
    second_factor::routes::confirm,
    resident_routes::send_code,
    resident_routes::sign_in,
))]
pub struct Doc;
