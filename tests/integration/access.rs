//! Who may call what: the router's table, the OpenAPI document and the guard agree.

use std::collections::BTreeSet;

use dengwen::{
    account::{Access, Role},
    server::ROUTES,
};
use reqwest::Method;
use serde_json::json;

use crate::support::contract::DOCUMENT;

/// A path with its parameters filled with something well formed that does not exist.
fn unknown(path: &str) -> String {
    path.replace("/{number}/heartbeat", "/GL20200101-9999/heartbeat")
        .replace("{code}", "ZZZZZZZZZZZZZZZZ")
        .replace("{number}", "GL20200101-9999")
        .replace("{id}", "00000000-0000-7000-8000-000000000000")
        .replace("{photo_id}", "00000000-0000-7000-8000-000000000000")
}

/// D: every operation has an access row, and every row is a documented operation.
#[test]
fn the_table_and_the_document_name_the_same_operations() {
    let table: BTreeSet<String> = ROUTES
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
    for route in ROUTES {
        let operation = &DOCUMENT["paths"][route.path][route.method.as_str().to_lowercase()];
        let name = operation["operationId"].as_str().unwrap();
        assert!(name.contains('_'), "{name} is not verb_noun");
        assert!(names.insert(name), "{name} twice");
        let open = operation["security"] == json!([{}]);
        assert_eq!(open, route.access == Access::Public, "security of {name}");
    }
}

on_both! {
    /// Without a token: 401 before anything else is looked at, on every route that is not public.
    async fn strangers_are_asked_to_sign_in(world) {
        for route in ROUTES.iter().filter(|r| r.access != Access::Public) {
            let method: Method = route.method.as_str().parse().unwrap();
            let reply = world
                .resident()
                .send(method, &unknown(route.path), |r| r.body("not even JSON"))
                .await;
            assert_eq!(reply.status, 401, "{} {}", route.method, route.path);
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
        }
    }
}

on_both! {
    /// With a role that has no right: 403 before the body is looked at.
    async fn roles_without_the_right_are_refused(world) {
        let mut actors = Vec::new();
        for role in [Role::Enterprise, Role::Expert, Role::Park] {
            actors.push((role, world.staff(role).await));
        }
        let resident = world.signed_in_resident("13800001111").await;
        for route in ROUTES {
            let method: Method = route.method.as_str().parse().unwrap();
            let path = unknown(route.path);
            if let Access::Staff(roles) = route.access {
                let (_, outsider) = actors
                    .iter()
                    .find(|(role, _)| !roles.contains(role))
                    .expect("every staff route excludes somebody");
                let reply = outsider.send(method.clone(), &path, |r| r.body("{")).await;
                assert_eq!(reply.status, 403, "{} {}", route.method, route.path);
            }
            if matches!(route.access, Access::Staff(_) | Access::AnyStaff) {
                let reply = resident.send(method, &path, |r| r.body("{")).await;
                assert_eq!(reply.status, 403, "resident at {} {}", route.method, route.path);
            }
        }
    }
}

on_both! {
    /// Reading what does not exist: 404, for those who may read at all.
    async fn unknown_things_are_not_found(world) {
        let admin = world.staff(Role::Admin).await;
        let resident = world.resident();
        for route in ROUTES.iter().filter(|r| r.method == "GET" && r.path.contains('{')) {
            let actor = if route.access == Access::Public { &resident } else { &admin };
            let reply = actor.get(&unknown(route.path)).await;
            assert_eq!(reply.status, 404, "{}", route.path);
        }
    }
}
