//! People and what they may do: staff, residents, roles, sessions.

pub mod access;
pub mod caller;
pub mod password;
pub mod queries;
pub mod resident_routes;
pub mod role;
pub mod routes;
mod session;

pub use access::Access;
pub use caller::{Caller, Resident, Staff};
pub use role::Role;

/// The operations of this capability.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    routes::sign_in,
    routes::refresh,
    routes::sign_out,
    routes::me,
    resident_routes::send_code,
    resident_routes::sign_in,
))]
pub struct Doc;
