//! Sessions of staff and residents.

use chrono::TimeDelta;
use dengwen::account::{Role, queries};
use serde_json::json;

use crate::support::Wishes;

on_both! {
    async fn a_wrong_password_and_an_unknown_name_look_the_same(world) {
        world.staff(Role::Brigade).await;
        for username in ["brigade", "nobody"] {
            let body = json!({ "username": username, "password": "not the password" });
            world.resident().post("/api/v1/sessions", body).await.expect_problem(401, "bad_credentials");
        }
    }
}

on_both! {
    async fn access_tokens_expire_and_refresh_tokens_work_once(world) {
        world.db_add_staff(Role::Brigade, "brigade", None, None);
        let body = json!({ "username": "brigade", "password": "a password for tests" });
        let first = world.resident().post("/api/v1/sessions", body).await.expect(200);
        let mut actor = world.resident();
        actor.token = Some(first.text("/access_token"));
        actor.get("/api/v1/staff/me").await.expect(200);

        world.clock.advance(TimeDelta::minutes(16));
        actor.get("/api/v1/staff/me").await.expect_problem(401, "token_expired");
        let refresh = json!({ "refresh_token": first.text("/refresh_token") });
        let second = world.resident().post("/api/v1/sessions/refresh", refresh.clone()).await.expect(200);
        actor.token = Some(second.text("/access_token"));
        actor.get("/api/v1/staff/me").await.expect(200);

        // The first refresh token again: somebody else has it, so the whole session ends.
        world.resident().post("/api/v1/sessions/refresh", refresh).await.expect_problem(401, "bad_credentials");
        actor.get("/api/v1/staff/me").await.expect_problem(401, "token_expired");
        let refresh = json!({ "refresh_token": second.text("/refresh_token") });
        world.resident().post("/api/v1/sessions/refresh", refresh).await.expect_problem(401, "bad_credentials");
    }
}

on_both! {
    async fn signing_out_ends_the_session(world) {
        let actor = world.staff(Role::Brigade).await;
        actor.delete("/api/v1/sessions/current").await.expect(204);
        actor.get("/api/v1/staff/me").await.expect(401);
    }
}

on_both! {
    /// D24: an officer disabled meanwhile is refused with a code of its own.
    async fn a_disabled_account_is_refused_at_once(world) {
        let actor = world.staff(Role::Brigade).await;
        let now = world.server.app.now();
        world.db_read(|c| {
            let staff = queries::staff_by_name(c, "brigade").unwrap().unwrap();
            queries::disable_staff(c, staff.id, now).unwrap();
        });
        let reply = actor.get("/api/v1/staff/me").await;
        assert!([401, 403].contains(&reply.status));
        let body = json!({ "username": "brigade", "password": "a password for tests" });
        world.resident().post("/api/v1/sessions", body).await.expect_problem(401, "bad_credentials");
    }
}

on_both! {
    /// D37: a code is asked for the same way for every number, works once and dies after five
    /// wrong attempts or five minutes.
    async fn phone_codes_work_once(world) {
        let resident = world.resident();
        let phone = "13912345678";
        let code_of = |text: String| text.chars().filter(char::is_ascii_digit).take(6).collect::<String>();
        resident.post("/api/v1/residents/otp", json!({ "phone": phone })).await.expect(204);
        let code = code_of(world.sms.last_to(phone).unwrap());
        let right = json!({ "phone": phone, "code": code });
        resident.post("/api/v1/residents/sessions", right.clone()).await.expect(200);
        resident.post("/api/v1/residents/sessions", right).await.expect_problem(401, "bad_credentials");

        resident.post("/api/v1/residents/otp", json!({ "phone": phone })).await.expect(204);
        let code = code_of(world.sms.last_to(phone).unwrap());
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            let body = json!({ "phone": phone, "code": wrong });
            resident.post("/api/v1/residents/sessions", body).await.expect(401);
        }
        let right = json!({ "phone": phone, "code": code });
        resident.post("/api/v1/residents/sessions", right).await.expect(401);

        resident.post("/api/v1/residents/otp", json!({ "phone": phone })).await.expect(204);
        let code = code_of(world.sms.last_to(phone).unwrap());
        world.clock.advance(TimeDelta::minutes(6));
        let late = json!({ "phone": phone, "code": code });
        resident.post("/api/v1/residents/sessions", late).await.expect(401);
    }
}

on_both! {
    async fn phone_codes_are_throttled(world, Wishes { tight_limits: true, ..Wishes::default() }) {
        let resident = world.resident();
        for _ in 0..5 {
            resident.post("/api/v1/residents/otp", json!({ "phone": "13912345678" })).await.expect(204);
        }
        let refused = resident
            .post("/api/v1/residents/otp", json!({ "phone": "13912345678" }))
            .await
            .expect_problem(429, "too_many_requests");
        assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    }
}

on_both! {
    async fn bad_bodies_name_the_field(world) {
        let resident = world.resident();
        let reply = resident
            .post("/api/v1/sessions", json!({ "username": "x", "password": "y", "role": "admin" }))
            .await
            .expect_problem(400, "malformed_request");
        assert_eq!(reply.body["items"][0]["code"], "unknown_field");
        assert_eq!(reply.body["items"][0]["location"], "body.role");
        let reply = resident
            .post("/api/v1/sessions", json!({ "username": "", "password": "y" }))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(reply.body["items"][0]["location"], "username");
        resident.post("/api/v1/residents/otp", json!({ "phone": "12345678901" })).await.expect(422);
    }
}
