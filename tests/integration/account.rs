//! Sessions of staff and residents.

use chrono::TimeDelta;
use dengwen::account::{Role, queries};
use reqwest::Method;
use serde_json::json;

use crate::support::{Wishes, World};

async fn a_wrong_password_and_an_unknown_name_look_the_same(world: World) {
    world.staff(Role::Brigade).await;
    for username in ["brigade", "nobody"] {
        let body = json!({ "username": username, "password": "not the password" });
        world
            .resident()
            .post("/api/v1/sessions", body)
            .await
            .expect_problem(401, "bad_credentials");
    }
}

async fn access_tokens_expire_and_refresh_tokens_work_once(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let body = json!({ "username": "brigade", "password": "a password for tests" });
    let first = world
        .resident()
        .post("/api/v1/sessions", body)
        .await
        .expect(200);
    let mut actor = world.resident();
    actor.token = Some(first.text("/access_token"));
    actor.get("/api/v1/staff/me").await.expect(200);

    world.clock.advance(TimeDelta::minutes(16));
    actor
        .get("/api/v1/staff/me")
        .await
        .expect_problem(401, "token_expired");
    let refresh = json!({ "refresh_token": first.text("/refresh_token") });
    let second = world
        .resident()
        .post("/api/v1/sessions/refresh", refresh.clone())
        .await
        .expect(200);
    actor.token = Some(second.text("/access_token"));
    actor.get("/api/v1/staff/me").await.expect(200);

    // The first refresh token again, later than any lost answer: somebody else has it, so the
    // whole session ends.
    world.clock.advance(TimeDelta::seconds(31));
    world
        .resident()
        .post("/api/v1/sessions/refresh", refresh)
        .await
        .expect_problem(401, "bad_credentials");
    actor
        .get("/api/v1/staff/me")
        .await
        .expect_problem(401, "token_expired");
    let refresh = json!({ "refresh_token": second.text("/refresh_token") });
    world
        .resident()
        .post("/api/v1/sessions/refresh", refresh)
        .await
        .expect_problem(401, "bad_credentials");
}

async fn signing_out_ends_the_session(world: World) {
    let actor = world.staff(Role::Brigade).await;
    actor.delete("/api/v1/sessions/current").await.expect(204);
    actor.get("/api/v1/staff/me").await.expect(401);
}

/// D24: an officer disabled meanwhile is refused with a code of its own.
async fn a_disabled_account_is_refused_at_once(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let body = json!({ "username": "brigade", "password": "a password for tests" });
    let tokens = world
        .resident()
        .post("/api/v1/sessions", body)
        .await
        .expect(200);
    let refresh = json!({ "refresh_token": tokens.text("/refresh_token") });
    let mut actor = world.resident();
    actor.token = Some(tokens.text("/access_token"));
    let now = world.server.app.now();
    world.db_read(|c| {
        let staff = queries::staff_by_name(c, "brigade").unwrap().unwrap();
        queries::disable_staff(c, staff.id, now).unwrap();
    });
    actor
        .get("/api/v1/staff/me")
        .await
        .expect_problem(403, "account_disabled");
    world
        .resident()
        .post("/api/v1/sessions/refresh", refresh)
        .await
        .expect_problem(403, "account_disabled");
    let body = json!({ "username": "brigade", "password": "a password for tests" });
    world
        .resident()
        .post("/api/v1/sessions", body)
        .await
        .expect_problem(401, "bad_credentials");
}

/// D37: a code is asked for the same way for every number, works once and dies after five
/// wrong attempts or five minutes.
async fn phone_codes_work_once(world: World) {
    let resident = world.resident();
    let phone = "13912345678";
    let code_of = |text: String| {
        text.chars()
            .filter(char::is_ascii_digit)
            .take(6)
            .collect::<String>()
    };
    resident
        .post("/api/v1/residents/otp", json!({ "phone": phone }))
        .await
        .expect(204);
    let code = code_of(world.sms.last_to(phone).unwrap());
    let right = json!({ "phone": phone, "code": code });
    resident
        .post("/api/v1/residents/sessions", right.clone())
        .await
        .expect(200);
    resident
        .post("/api/v1/residents/sessions", right)
        .await
        .expect_problem(401, "bad_credentials");

    resident
        .post("/api/v1/residents/otp", json!({ "phone": phone }))
        .await
        .expect(204);
    let code = code_of(world.sms.last_to(phone).unwrap());
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        let body = json!({ "phone": phone, "code": wrong });
        resident
            .post("/api/v1/residents/sessions", body)
            .await
            .expect(401);
    }
    let right = json!({ "phone": phone, "code": code });
    resident
        .post("/api/v1/residents/sessions", right)
        .await
        .expect(401);

    resident
        .post("/api/v1/residents/otp", json!({ "phone": phone }))
        .await
        .expect(204);
    let code = code_of(world.sms.last_to(phone).unwrap());
    world.clock.advance(TimeDelta::minutes(6));
    let late = json!({ "phone": phone, "code": code });
    resident
        .post("/api/v1/residents/sessions", late)
        .await
        .expect(401);
}

/// Who knows a number can neither use up its owner's attempts nor void the code they asked for.
async fn a_stranger_uses_up_no_attempts_of_the_owner(world: World) {
    const PHONE: &str = "13912345678";
    let resident = world.resident();
    let from = |address: &'static str, path: &'static str, body: serde_json::Value| {
        let resident = resident.clone();
        async move {
            resident
                .send(Method::POST, path, |r| {
                    r.header("x-forwarded-for", address).json(&body)
                })
                .await
        }
    };
    let ask = json!({ "phone": PHONE });
    from("198.51.100.1", "/api/v1/residents/otp", ask.clone())
        .await
        .expect(204);
    let text = world.sms.last_to(PHONE).unwrap();
    let code = text
        .chars()
        .filter(char::is_ascii_digit)
        .take(6)
        .collect::<String>();
    let wrong =
        json!({ "phone": PHONE, "code": if code == "000000" { "000001" } else { "000000" } });
    from("203.0.113.5", "/api/v1/residents/otp", ask)
        .await
        .expect(204);
    for stranger in ["203.0.113.5", "203.0.113.6", "203.0.113.7"] {
        for _ in 0..4 {
            from(stranger, "/api/v1/residents/sessions", wrong.clone())
                .await
                .expect(401);
        }
    }
    // The strangers have no attempt left, even with the code; its owner has.
    let right = json!({ "phone": PHONE, "code": code });
    from("203.0.113.8", "/api/v1/residents/sessions", right.clone())
        .await
        .expect_problem(401, "bad_credentials");
    from("198.51.100.1", "/api/v1/residents/sessions", right.clone())
        .await
        .expect(200);
    from("198.51.100.1", "/api/v1/residents/sessions", right)
        .await
        .expect_problem(401, "bad_credentials");
}

async fn phone_codes_are_throttled(world: World) {
    let resident = world.resident();
    for _ in 0..5 {
        resident
            .post("/api/v1/residents/otp", json!({ "phone": "13912345678" }))
            .await
            .expect(204);
    }
    let refused = resident
        .post("/api/v1/residents/otp", json!({ "phone": "13912345678" }))
        .await
        .expect_problem(429, "too_many_requests");
    assert!(
        refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
}

async fn bad_bodies_name_the_field(world: World) {
    let resident = world.resident();
    let reply = resident
        .post(
            "/api/v1/sessions",
            json!({ "username": "x", "password": "y", "role": "admin" }),
        )
        .await
        .expect_problem(400, "malformed_request");
    assert_eq!(reply.body["items"][0]["code"], "unknown_field");
    assert_eq!(reply.body["items"][0]["location"], "body.role");
    let reply = resident
        .post(
            "/api/v1/sessions",
            json!({ "username": "", "password": "y" }),
        )
        .await
        .expect_problem(422, "invalid");
    assert_eq!(reply.body["items"][0]["location"], "username");
    let long = json!({ "username": "x", "password": "y".repeat(257) });
    let reply = resident
        .post("/api/v1/sessions", long)
        .await
        .expect_problem(422, "invalid");
    assert_eq!(reply.body["items"][0]["location"], "password");
    resident
        .post("/api/v1/residents/otp", json!({ "phone": "12345678901" }))
        .await
        .expect(422);
}

/// A phone that lost the answer asks once more within 30 seconds and stays signed in; once the
/// tokens it was sent were exchanged, the old one is a replay.
async fn a_lost_answer_ends_no_session(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let body = json!({ "username": "brigade", "password": "a password for tests" });
    let first = world
        .resident()
        .post("/api/v1/sessions", body)
        .await
        .expect(200);
    let refresh = |token: String| {
        let resident = world.resident();
        async move {
            resident
                .post(
                    "/api/v1/sessions/refresh",
                    json!({ "refresh_token": token }),
                )
                .await
        }
    };
    world.clock.advance(TimeDelta::minutes(10));
    refresh(first.text("/refresh_token")).await.expect(200);
    world.clock.advance(TimeDelta::seconds(20));
    let again = refresh(first.text("/refresh_token")).await.expect(200);
    let next = refresh(again.text("/refresh_token")).await.expect(200);
    refresh(first.text("/refresh_token"))
        .await
        .expect_problem(401, "bad_credentials");
    refresh(next.text("/refresh_token"))
        .await
        .expect_problem(401, "bad_credentials");
}

/// A newer code voids the older ones, whether it was used or not.
async fn the_newest_code_alone_counts(world: World) {
    let resident = world.resident();
    let phone = "13912345678";
    let mut codes = Vec::new();
    for _ in 0..2 {
        resident
            .post("/api/v1/residents/otp", json!({ "phone": phone }))
            .await
            .expect(204);
        let text = world.sms.last_to(phone).unwrap();
        codes.push(
            text.chars()
                .filter(char::is_ascii_digit)
                .take(6)
                .collect::<String>(),
        );
    }
    let sign_in = |code: &String| {
        let (resident, body) = (resident.clone(), json!({ "phone": phone, "code": code }));
        async move { resident.post("/api/v1/residents/sessions", body).await }
    };
    sign_in(&codes[1]).await.expect(200);
    sign_in(&codes[0])
        .await
        .expect_problem(401, "bad_credentials");
}

/// Only failures count, and what residents do takes nothing from the officers behind the same
/// address.
async fn signing_in_well_is_never_too_often(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    for _ in 0..8 {
        world.sign_in("brigade").await;
    }
    let resident = world.resident();
    for _ in 0..5 {
        resident
            .post(
                "/api/v1/residents/sessions",
                json!({ "phone": "13912345678", "code": "000000" }),
            )
            .await
            .expect(401);
    }
    resident
        .post(
            "/api/v1/residents/sessions",
            json!({ "phone": "13912345678", "code": "000000" }),
        )
        .await
        .expect_problem(429, "too_many_requests");
    world.sign_in("brigade").await;
    let wrong = json!({ "username": "brigade", "password": "not the password" });
    for _ in 0..5 {
        resident
            .post("/api/v1/sessions", wrong.clone())
            .await
            .expect(401);
    }
    resident
        .post("/api/v1/sessions", wrong)
        .await
        .expect_problem(429, "too_many_requests");
}

/// Where no text messages are sent nobody is left waiting for a code, and no notice is tried.
async fn without_a_gateway_sign_in_by_phone_is_refused(world: World) {
    let refused = world
        .resident()
        .post("/api/v1/residents/otp", json!({ "phone": "13912345678" }))
        .await
        .expect_problem(503, "no_text_messages");
    assert!(refused.headers.contains_key("retry-after"));
    assert!(world.sms.last_to("13912345678").is_none());
}

on_both!(
    a_wrong_password_and_an_unknown_name_look_the_same,
    access_tokens_expire_and_refresh_tokens_work_once,
    signing_out_ends_the_session,
    a_disabled_account_is_refused_at_once,
    phone_codes_work_once,
    bad_bodies_name_the_field,
    a_lost_answer_ends_no_session,
    the_newest_code_alone_counts,
);

on_both!(
    wishes = Wishes {
        behind_proxy: true,
        ..Wishes::default()
    },
    a_stranger_uses_up_no_attempts_of_the_owner,
);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        ..Wishes::default()
    },
    phone_codes_are_throttled,
    signing_in_well_is_never_too_often,
);

on_both!(
    wishes = Wishes {
        no_text_messages: true,
        ..Wishes::default()
    },
    without_a_gateway_sign_in_by_phone_is_refused,
);
