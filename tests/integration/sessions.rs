//! Sessions as their owners see them, and what a replayed token ends.

use chrono::TimeDelta;
use dengwen::account::Role;
use reqwest::Method;
use serde_json::json;

use crate::support::{Actor, Reply, World};

const PASSWORD: &str = "a password for tests";
const NEXT: &str = "seven herons over the Min 46";

async fn sign_in(world: &World, username: &str, device: &str) -> Reply {
    let body = json!({ "username": username, "password": PASSWORD });
    world
        .resident()
        .send(Method::POST, "/api/v1/sessions", |r| {
            r.header("user-agent", device).json(&body)
        })
        .await
        .expect(200)
}

fn with(world: &World, reply: &Reply) -> Actor {
    let mut actor = world.resident();
    actor.token = Some(reply.text("/access_token"));
    actor
}

async fn refresh(world: &World, tokens: &Reply) -> Reply {
    let body = json!({ "refresh_token": tokens.text("/refresh_token") });
    world
        .resident()
        .post("/api/v1/sessions/refresh", body)
        .await
}

/// Replayed token: within the grace a token used again brings new ones and voids those it
/// brought first, access token and all.
async fn a_second_answer_voids_the_first(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let first = sign_in(&world, "brigade", "phone").await;
    let lost = refresh(&world, &first).await.expect(200);
    with(&world, &lost)
        .get("/api/v1/staff/me")
        .await
        .expect(200);
    world.clock.advance(TimeDelta::seconds(10));
    let arrived = refresh(&world, &first).await.expect(200);
    with(&world, &lost)
        .get("/api/v1/staff/me")
        .await
        .expect_problem(401, "token_expired");
    with(&world, &arrived)
        .get("/api/v1/staff/me")
        .await
        .expect(200);
    // A third time within the grace, too: only the last answer counts.
    let last = refresh(&world, &first).await.expect(200);
    with(&world, &arrived)
        .get("/api/v1/staff/me")
        .await
        .expect(401);
    with(&world, &last)
        .get("/api/v1/staff/me")
        .await
        .expect(200);
}

/// Replayed token: a thief who is quick gets tokens, but the owner's next refresh shows that two
/// hold the session, and it ends for both; whoever of the two comes first.
async fn both_branches_used_end_the_session(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let first = sign_in(&world, "brigade", "phone").await;
    let owners = refresh(&world, &first).await.expect(200);
    let thiefs = refresh(&world, &first).await.expect(200);
    refresh(&world, &owners)
        .await
        .expect_problem(401, "bad_credentials");
    with(&world, &thiefs)
        .get("/api/v1/staff/me")
        .await
        .expect(401);
    refresh(&world, &thiefs)
        .await
        .expect_problem(401, "bad_credentials");

    let first = sign_in(&world, "brigade", "phone").await;
    refresh(&world, &first).await.expect(200);
    let thiefs = refresh(&world, &first).await.expect(200);
    let next = refresh(&world, &thiefs).await.expect(200);
    refresh(&world, &first)
        .await
        .expect_problem(401, "bad_credentials");
    with(&world, &next)
        .get("/api/v1/staff/me")
        .await
        .expect(401);
    // Another session of the same account is none of it.
    let other = sign_in(&world, "brigade", "desk").await;
    with(&world, &other)
        .get("/api/v1/staff/me")
        .await
        .expect(200);
}

/// Replayed token: many uses at one moment leave one live branch.
async fn uses_at_one_moment_leave_one_branch(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let first = sign_in(&world, "brigade", "phone").await;
    let at_once = (0..6).map(|_| refresh(&world, &first));
    let answers = futures_util::future::join_all(at_once).await;
    let mut live = 0;
    for answer in answers {
        let answer = answer.expect(200);
        live += u32::from(with(&world, &answer).get("/api/v1/staff/me").await.status == 200);
    }
    assert_eq!(live, 1);
}

/// Own sessions: listed with what signed in and when, the asking one marked, and ended one by
/// one or all others at once; nobody else's can be touched.
async fn sessions_are_listed_and_ended_by_their_owner(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    world.db_add_staff(Role::Office, "office", None, None);
    let desk = sign_in(&world, "brigade", "desk of the brigade").await;
    world.clock.advance(TimeDelta::minutes(5));
    let phone = sign_in(&world, "brigade", "phone").await;
    let lost = sign_in(&world, "brigade", "lost phone").await;
    world.clock.advance(TimeDelta::minutes(5));
    let desk = refresh(&world, &desk).await.expect(200);
    let stranger = with(&world, &sign_in(&world, "office", "office").await);
    let me = with(&world, &desk);
    let list = me.get("/api/v1/sessions").await.expect(200);
    let seen: Vec<(String, bool)> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            (
                s["device"].as_str().unwrap().to_owned(),
                s["current"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen[0], ("desk of the brigade".to_owned(), true));
    assert_eq!(seen.len(), 3);
    assert_eq!(
        list.text("/items/0/created_at"),
        "2026-11-24T10:00:00+08:00"
    );
    assert_eq!(
        list.text("/items/0/last_used_at"),
        "2026-11-24T10:10:00+08:00"
    );

    let of = |device: &str| {
        let items = list.body["items"].as_array().unwrap();
        items.iter().find(|s| s["device"] == device).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let path = format!("/api/v1/sessions/{}", of("lost phone"));
    stranger
        .delete(&path)
        .await
        .expect_problem(404, "not_found");
    me.delete(&path).await.expect(204);
    me.delete(&path).await.expect_problem(404, "not_found");
    with(&world, &lost)
        .get("/api/v1/staff/me")
        .await
        .expect(401);
    refresh(&world, &lost).await.expect(401);
    with(&world, &phone)
        .get("/api/v1/staff/me")
        .await
        .expect(200);

    me.delete("/api/v1/sessions/others").await.expect(204);
    with(&world, &phone)
        .get("/api/v1/staff/me")
        .await
        .expect(401);
    me.get("/api/v1/staff/me").await.expect(200);
    stranger.get("/api/v1/staff/me").await.expect(200);
    let left = me.get("/api/v1/sessions").await.expect(200);
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
}

/// Own sessions: residents have the same.
async fn residents_end_their_sessions_too(world: World) {
    let tablet = world.signed_in_resident("13912345678").await;
    let phone = world.signed_in_resident("13912345678").await;
    let neighbour = world.signed_in_resident("13912345679").await;
    let list = phone.get("/api/v1/sessions").await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let other = items.iter().find(|s| s["current"] == false).unwrap();
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    neighbour
        .delete(&path)
        .await
        .expect_problem(404, "not_found");
    phone.delete(&path).await.expect(204);
    tablet
        .get("/api/v1/residents/me/complaints")
        .await
        .expect(401);
    phone
        .get("/api/v1/residents/me/complaints")
        .await
        .expect(200);
    phone.delete("/api/v1/sessions/current").await.expect(204);
    phone.get("/api/v1/sessions").await.expect(401);
}

/// Own password: changed with the old one, which ends all other sessions; weak ones are refused
/// and the old one stays.
async fn staff_change_their_own_password(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let desk = sign_in(&world, "brigade", "desk").await;
    let phone = sign_in(&world, "brigade", "phone").await;
    let me = with(&world, &desk);
    let change = |old: &str, new: &str| {
        let (me, body) = (
            me.clone(),
            json!({ "old_password": old, "new_password": new }),
        );
        async move { me.post("/api/v1/staff/me/password", body).await }
    };
    let wrong = change("not the password", NEXT)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(wrong.body["items"][0]["code"], "wrong_password");
    for (weak, code) in [
        ("qwertyuiop", "easily_guessed"),
        ("brigade2026!", "names_its_owner"),
        ("19900101199", "digits_only"),
        (PASSWORD, "unchanged"),
    ] {
        let refused = change(PASSWORD, weak).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["items"][0]["code"], code, "{weak}");
        assert_eq!(refused.body["items"][0]["location"], "new_password");
    }
    with(&world, &phone)
        .get("/api/v1/staff/me")
        .await
        .expect(200);

    let changed = change(PASSWORD, NEXT).await.expect(200);
    me.get("/api/v1/staff/me").await.expect(200);
    with(&world, &phone)
        .get("/api/v1/staff/me")
        .await
        .expect(401);
    refresh(&world, &phone).await.expect(401);
    let body = |password: &str| json!({ "username": "brigade", "password": password });
    world
        .resident()
        .post("/api/v1/sessions", body(PASSWORD))
        .await
        .expect(401);
    let mut again = body(NEXT);
    again["device_token"] = changed.body["device_token"].clone();
    let signed_in = world
        .resident()
        .post("/api/v1/sessions", again)
        .await
        .expect(200);
    assert_eq!(signed_in.body["device_token"], changed.body["device_token"]);
}

on_both!(
    a_second_answer_voids_the_first,
    both_branches_used_end_the_session,
    uses_at_one_moment_leave_one_branch,
    sessions_are_listed_and_ended_by_their_owner,
    residents_end_their_sessions_too,
    staff_change_their_own_password,
);
