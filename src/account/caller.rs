//! The caller of a request, as the guard found them. Taking one of these in a handler's
//! signature is how a handler says who it serves.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};

use super::{queries::StaffRow, role::Role};
use crate::app::App;
use crate::platform::{
    address::ClientAddress,
    db::Id,
    limit::Sender,
    problem::{Code, Problem},
};
use crate::record::Actor;

/// Who calls.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A member of staff.
    Staff(Staff),
    /// A signed-in resident.
    Resident(Resident),
}

/// A signed-in member of staff (or service account), with the rights of this moment.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Account id.
    pub id: Id,
    /// User name.
    pub username: String,
    /// Name to show.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Unit, where the account belongs to one.
    pub unit_code: Option<String>,
    /// Street, where the account is bound to one.
    pub street_code: Option<String>,
    /// Grid, for a grid officer.
    pub grid_code: Option<String>,
    /// The session the token belongs to.
    pub session: Id,
    /// Whether the role needs a second factor that is not set up yet.
    pub must_enrol: bool,
}

/// A signed-in resident.
#[derive(Debug, Clone, Copy)]
pub struct Resident {
    /// Account id.
    pub id: Id,
    /// The session the token belongs to.
    pub session: Id,
}

impl Staff {
    pub(super) fn of(row: StaffRow, session: Id, must_enrol: bool) -> Result<Self, Problem> {
        let role = row
            .role
            .parse()
            .map_err(|e| Problem::fault(format!("staff {}: {e}", row.username)))?;
        Ok(Self {
            id: row.id,
            username: row.username,
            display_name: row.display_name,
            role,
            unit_code: row.unit_code,
            street_code: row.street_code,
            grid_code: row.grid_code,
            session,
            must_enrol,
        })
    }

    /// As the one who acts, for the record.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Staff {
            id: self.id,
            name: self.username.clone(),
            role: self.role,
        }
    }
}

impl Caller {
    /// The account's id.
    #[must_use]
    pub fn id(&self) -> Id {
        match self {
            Self::Staff(staff) => staff.id,
            Self::Resident(resident) => resident.id,
        }
    }

    /// The session the token belongs to.
    #[must_use]
    pub fn session(&self) -> Id {
        match self {
            Self::Staff(staff) => staff.session,
            Self::Resident(resident) => resident.session,
        }
    }

    /// The caller's name among idempotency keys.
    #[must_use]
    pub fn scope(&self) -> String {
        match self {
            Self::Staff(staff) => format!("staff:{}", staff.id),
            Self::Resident(resident) => format!("resident:{}", resident.id),
        }
    }
}

fn caller_of(request: &HttpRequest) -> Option<Caller> {
    request.extensions().get::<Caller>().cloned()
}

impl FromRequest for Staff {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match caller_of(request) {
            Some(Caller::Staff(staff)) => Ok(staff),
            Some(Caller::Resident(_)) => Err(Problem::new(Code::Forbidden)),
            None => Err(Problem::new(Code::Unauthenticated)),
        })
    }
}

impl FromRequest for Resident {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match caller_of(request) {
            Some(Caller::Resident(resident)) => Ok(resident),
            Some(Caller::Staff(_)) => Err(Problem::new(Code::Forbidden)),
            None => Err(Problem::new(Code::Unauthenticated)),
        })
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller_of(request).ok_or_else(|| Problem::new(Code::Unauthenticated)))
    }
}

/// The address a request comes from, seen through the proxies that are ours.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub ClientAddress);

impl Address {
    fn of(request: &HttpRequest) -> Self {
        let peer = request.peer_addr().map(|a| a.ip());
        let direct = || peer.map_or(ClientAddress::Unreadable, ClientAddress::of);
        let app = request.app_data::<web::Data<App>>();
        Self(app.map_or_else(direct, |app| {
            app.settings.proxies.client(request.headers(), peer)
        }))
    }
}

impl FromRequest for Address {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Whose allowance a request uses: who is signed in has their own, because behind a carrier's NAT
/// thousands share one address; everybody else has their address's.
#[must_use]
pub fn sender_of(request: &HttpRequest) -> Sender {
    match caller_of(request) {
        Some(caller) => Sender::from(&caller.scope()),
        None => Sender::from(&Address::of(request).0),
    }
}

impl FromRequest for Sender {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(sender_of(request)))
    }
}

/// The caller where there is one, for routes that serve anybody.
#[derive(Debug, Clone)]
pub struct MaybeCaller(pub Option<Caller>);

impl FromRequest for MaybeCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(caller_of(request))))
    }
}
