//! What a capability lets be called: a table with one row an operation, beside its handlers.

use actix_web::http::Method;
use utoipa::openapi::{
    OpenApi,
    path::{Operation as Said, PathItem},
};

use super::role::Role;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; a valid token is used, an invalid one refused.
    Public,
    /// A signed-in resident.
    Resident,
    /// Anybody signed in, to their own sessions.
    OwnSessions,
    /// Any member of staff, to their own account.
    OwnAccount,
    /// Staff of these roles; an administrator always may.
    Staff(&'static [Role]),
}

impl Access {
    /// Whether a member of staff whose role needs a second factor must have set one up before.
    pub(super) const fn needs_enrolment(self) -> bool {
        matches!(self, Self::Staff(_))
    }
}

/// One operation of the API, made by `operation!`. Its method, path, id, parameters and schemas
/// are said once, in the `#[utoipa::path]` of its handler.
///
/// What is said and what is done are functions, so a row need not be written by hand: a `const fn`
/// over a type may return rows whose `document::<T>` and `handler::<T>` work out path, id and
/// schemas when asked, and such rows stand in the same list as all others.
pub struct Operation {
    /// Who may call it.
    pub access: Access,
    /// Whether it takes an `Idempotency-Key`.
    pub keyed: bool,
    /// The document of this operation alone: its path, and the schemas that it names.
    pub document: fn() -> OpenApi,
    /// Its handler, whatever the method.
    pub handler: fn() -> actix_web::Route,
}

/// A row of a capability's table: who may call it ([`Access`] and [`Role`] without
/// their names), `keyed` if it takes an `Idempotency-Key`, and the handler.
macro_rules! operation {
    ($access:expr, keyed, $($handler:ident)::+) => {
        $crate::account::operation::operation!(@row $access, true, $($handler)::+)
    };
    ($access:expr, $($handler:ident)::+) => {
        $crate::account::operation::operation!(@row $access, false, $($handler)::+)
    };
    (@row $access:expr, $keyed:literal, $($handler:ident)::+) => {{
        use $crate::account::Access::*;
        #[allow(unused_imports)]
        use $crate::account::Role::*;

        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler)::+))]
        struct Alone;

        $crate::account::Operation {
            access: $access,
            keyed: $keyed,
            document: <Alone as utoipa::OpenApi>::openapi,
            handler: || actix_web::web::to($($handler)::+),
        }
    }};
}
pub(crate) use operation;

/// Where an operation is reached.
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Path with `{names}`.
    pub path: String,
    /// What is reached there.
    pub operation: &'static Operation,
}

/// All operations of the API: what the router, the guard, the document and the tests read.
pub struct Table(Vec<Route>);

impl Table {
    /// The operations of capabilities, in their order.
    #[must_use]
    pub fn of(capabilities: &[&'static [Operation]]) -> Self {
        let operations = capabilities.iter().copied().flatten();
        Self(operations.flat_map(routes).collect())
    }

    /// Every route.
    pub fn iter(&self) -> std::slice::Iter<'_, Route> {
        self.0.iter()
    }

    /// The routes of a path.
    pub fn at(&self, path: &str) -> impl Iterator<Item = &Route> {
        self.iter().filter(move |route| route.path == path)
    }

    /// The operation that a method calls at a path.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Option<&'static Operation> {
        let route = self.at(path).find(|route| route.method == *method);
        route.map(|route| route.operation)
    }
}

fn routes(operation: &'static Operation) -> Vec<Route> {
    let mut paths = (operation.document)().paths.paths;
    let said = paths.iter_mut().flat_map(|(path, item)| {
        said_of(item).map(|(method, _)| Route {
            method,
            path: path.clone(),
            operation,
        })
    });
    said.collect()
}

/// What a document says of each method of a path.
pub(crate) fn said_of(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Said)> {
    let methods = [
        (Method::GET, item.get.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ];
    let there = methods.into_iter();
    there.filter_map(|(method, said)| Some((method, said?)))
}

#[cfg(test)]
mod tests {
    use actix_web::web;
    use utoipa::openapi::{
        OpenApiBuilder,
        path::{HttpMethod, OperationBuilder, PathsBuilder},
    };

    use super::*;

    trait Kind: 'static {
        const NAME: &'static str;
    }

    struct Chimneys;

    impl Kind for Chimneys {
        const NAME: &'static str = "chimneys";
    }

    fn document<T: Kind>() -> OpenApi {
        let said = OperationBuilder::new().operation_id(Some(format!("list_{}", T::NAME)));
        let item = PathItem::new(HttpMethod::Get, said);
        let paths = PathsBuilder::new().path(format!("/api/v1/{}", T::NAME), item);
        OpenApiBuilder::new().paths(paths).build()
    }

    fn handler<T: Kind>() -> actix_web::Route {
        web::to(|| async { T::NAME })
    }

    const fn operations<T: Kind>() -> [Operation; 1] {
        [Operation {
            access: Access::OwnAccount,
            keyed: false,
            document: document::<T>,
            handler: handler::<T>,
        }]
    }

    static CHIMNEYS: [Operation; 1] = operations::<Chimneys>();

    /// Rows that a type makes stand in a list like those that are written.
    #[test]
    fn a_type_may_make_rows() {
        let table = Table::of(&[super::super::OPERATIONS, &CHIMNEYS]);
        let made = table.find(&Method::GET, "/api/v1/chimneys").unwrap();
        assert_eq!(made.access, Access::OwnAccount);
        assert!(table.find(&Method::POST, "/api/v1/chimneys").is_none());
        assert!(table.find(&Method::POST, "/api/v1/sessions").is_some());
    }
}
