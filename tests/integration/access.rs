//! Who may call what: the router's table, the OpenAPI document and the guard agree.

use std::collections::{BTreeMap, BTreeSet};

use dengwen::{
    account::{Access, Role, operation::Route},
    operations::TABLE,
    photo::sample::scene,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Actor, Reply, World, actors::form, contract::DOCUMENT, samples};

/// A path with its parameters filled with something well formed that does not exist.
fn unknown(path: &str) -> String {
    let number = if path.contains("/entries/") {
        "GL-2020-9999"
    } else {
        "GL20200101-9999"
    };
    path.replace("{code}", "ZZZZZZZZZZZZZZZZ")
        .replace("{number}", number)
        .replace("{id}", NO_ID)
        .replace("{photo_id}", NO_ID)
}

const NO_ID: &str = "00000000-0000-7000-8000-000000000000";

/// What the document says of an operation.
fn said(route: &Route) -> &'static Value {
    &DOCUMENT["paths"][route.path.as_str()][route.method.as_str().to_lowercase()]
}

/// Sends what the document asks for besides the thing it is about, so that only that is missing.
async fn call_soundly(actor: &Actor, method: &Method, path: &str, said: &Value) -> Reply {
    let takes_form = !said["requestBody"]["content"]["multipart/form-data"].is_null();
    let body = samples::body_of(said);
    actor
        .send(method.clone(), path, |request| match body {
            Some(body) => request.header("if-match", "\"1\"").json(&body),
            None if takes_form => request.multipart(form(&[("photo", None, scene(1, 90, 60))])),
            None => request,
        })
        .await
}

/// The table, with what ends the caller's session last.
fn routes() -> impl Iterator<Item = (&'static Route, Method)> {
    let (ends, goes_on): (Vec<_>, Vec<_>) = TABLE
        .iter()
        .partition(|r| r.path.ends_with("/sessions/current"));
    let in_order = goes_on.into_iter().chain(ends);
    in_order.map(|route| (route, route.method.as_str().parse().unwrap()))
}

/// D: every operation has an access row, and every row is a documented operation.
#[test]
fn the_table_and_the_document_name_the_same_operations() {
    let table: BTreeSet<String> = TABLE
        .iter()
        .map(|r| format!("{} {}", r.method.as_str().to_lowercase(), r.path))
        .collect();
    let document: BTreeSet<String> = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            operations
                .as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{method} {path}"))
        })
        .collect();
    assert_eq!(table, document);
}

#[test]
fn operations_are_named_and_secured() {
    let mut names = BTreeSet::new();
    for route in TABLE.iter() {
        let operation = said(route);
        let name = operation["operationId"].as_str().unwrap();
        assert!(name.contains('_'), "{name} is not verb_noun");
        assert!(names.insert(name), "{name} twice");
        let open = operation["security"] == json!([{}]);
        assert_eq!(
            open,
            route.operation.access == Access::Public,
            "security of {name}"
        );
    }
}

/// Without a token: 401 before anything else is looked at, on every route that is not public.
async fn strangers_are_asked_to_sign_in(world: World) {
    for route in TABLE
        .iter()
        .filter(|r| r.operation.access != Access::Public)
    {
        let method: Method = route.method.as_str().parse().unwrap();
        let reply = world
            .resident()
            .send(method, &unknown(&route.path), |r| r.body("not even JSON"))
            .await;
        assert_eq!(reply.status, 401, "{} {}", route.method, route.path);
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
}

/// A token that is not ours opens nothing, also where none is needed.
async fn forged_tokens_are_refused_everywhere(world: World) {
    let mut forger = world.resident();
    forger.token = Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.".to_owned());
    for (route, method) in routes() {
        let reply = forger
            .send(method, &unknown(&route.path), |r| r.body("{"))
            .await;
        assert_eq!(reply.status, 401, "{} {}", route.method, route.path);
    }
}

fn may(access: Access, role: Option<Role>) -> bool {
    match (access, role) {
        (Access::Public | Access::OwnSessions, _)
        | (Access::OwnAccount, Some(_))
        | (Access::Resident, None) => true,
        (Access::Staff(roles), Some(role)) => role == Role::Admin || roles.contains(&role),
        (Access::OwnAccount | Access::Staff(_), None) | (Access::Resident, Some(_)) => false,
    }
}

/// Every role, and a signed-in resident, at every operation: whoever may not gets 403 before
/// the body is looked at; whoever may is never told to sign in or to go away.
async fn every_role_at_every_operation(world: World) {
    let mut actors = vec![(None, world.signed_in_resident("13800001111").await)];
    for role in Role::ALL {
        actors.push((Some(*role), world.staff(*role).await));
    }
    for (role, actor) in &actors {
        for (route, method) in routes() {
            let allowed = may(route.operation.access, *role);
            let reply = actor
                .send(method, &unknown(&route.path), |r| r.body("{"))
                .await;
            let at = format!(
                "{} at {} {}: {}",
                actor.name, route.method, route.path, reply.status
            );
            if allowed {
                assert!(![401, 403, 503].contains(&reply.status), "{at}");
            } else {
                assert_eq!(reply.status, 403, "{at}");
                assert_eq!(reply.body["code"], "forbidden", "{at}");
            }
        }
    }
}

/// Who is sent to an operation on one thing.
fn first_allowed(access: Access) -> Option<Role> {
    match access {
        Access::Public | Access::Resident => None,
        Access::Staff(roles) => Some(roles[0]),
        Access::OwnSessions | Access::OwnAccount => Some(Role::Office),
    }
}

/// Reading or changing what does not exist is 404; what cannot be a number or an id at all is
/// 404 or 400, and never our fault.
async fn unknown_things_are_not_found(world: World) {
    let (resident, signed_in) = (
        world.resident(),
        world.signed_in_resident("13800001111").await,
    );
    let mut staff = BTreeMap::new();
    for (route, method) in routes().filter(|(r, _)| r.path.contains('{')) {
        let actor = match first_allowed(route.operation.access) {
            None if route.operation.access == Access::Resident => signed_in.clone(),
            None => resident.clone(),
            Some(role) => match staff.get(role.as_str()) {
                Some(actor) => Actor::clone(actor),
                None => {
                    let grid = (role == Role::GridOfficer).then_some("35010200400301");
                    let actor = match grid {
                        Some(grid) => world.officer(role.as_str(), grid).await,
                        None => world.staff(role).await,
                    };
                    staff.insert(role.as_str(), actor.clone());
                    actor
                }
            },
        };
        let reply = call_soundly(&actor, &method, &unknown(&route.path), said(route)).await;
        assert_eq!(
            reply.status, 404,
            "{} {} {}",
            route.method, route.path, reply.body
        );
        assert_eq!(reply.body["code"], "not_found");
        for odd in ODD_NAMES {
            let path = route
                .path
                .split('/')
                .map(|s| if s.starts_with('{') { odd } else { s });
            let path = path.collect::<Vec<_>>().join("/");
            let reply = call_soundly(&actor, &method, &path, said(route)).await;
            assert!(
                [400, 404].contains(&reply.status),
                "{} {path}: {}",
                route.method,
                reply.status
            );
        }
    }
}

/// What stands in a path where a number, a code or an id is meant.
const ODD_NAMES: [&str; 9] = [
    "x",
    "0",
    "-1",
    "GL-",
    "GL20261124-0001%00",
    "%F0%9F%98%80%E9%80%9A",
    "%ff%fe",
    "%27%20OR%201%3D1--",
    "99999999999999999999999999999999999999999999999999999999999999999999999999",
];

on_both!(
    strangers_are_asked_to_sign_in,
    forged_tokens_are_refused_everywhere,
    every_role_at_every_operation,
    unknown_things_are_not_found,
);
