//! The second factor of staff.

use chrono::TimeDelta;
use data_encoding::BASE32_NOPAD;
use dengwen::account::{Role, queries, second_factor::queries as factors};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::support::{Actor, Reply, Wishes, World};

const PASSWORD: &str = "a password for tests";

/// What an authenticator app shows at the story's time.
fn app_shows(world: &World, secret: &str) -> String {
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = world.server.app.now().timestamp() / 30;
    let mut mac = Hmac::<Sha1>::new_from_slice(&secret).unwrap();
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// Sets the second factor up: the secret and the recovery codes.
async fn enrol(world: &World, actor: &Actor) -> (String, Vec<String>) {
    let started = actor
        .post("/api/v1/staff/me/totp", json!({ "password": PASSWORD }))
        .await
        .expect(200);
    let secret = started.text("/secret");
    assert!(started.text("/otpauth_uri").contains(&secret));
    let code = app_shows(world, &secret);
    let confirmed = actor
        .post(
            "/api/v1/staff/me/totp/confirmation",
            json!({ "code": code }),
        )
        .await
        .expect(200);
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    let codes = codes.iter().map(|c| c.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

/// Signs in from an address.
async fn sign_in_from(world: &World, address: &str, body: &Value) -> Reply {
    let stranger = world.resident();
    stranger
        .send(Method::POST, "/api/v1/sessions", |r| {
            r.header("x-forwarded-for", address.to_owned()).json(body)
        })
        .await
}

async fn sign_in(world: &World, totp: Value) -> Reply {
    let mut body = json!({ "username": "brigade", "password": PASSWORD });
    if !totp.is_null() {
        body["totp"] = totp;
    }
    world.resident().post("/api/v1/sessions", body).await
}

/// Second factor: once it is on, a password alone opens nothing; a code opens once, and so does a
/// recovery code; no code helps a wrong password.
async fn a_code_opens_once(world: World) {
    let me = world.brigade().await;
    let (secret, recovery) = enrol(&world, &me).await;
    sign_in(&world, Value::Null)
        .await
        .expect_problem(401, "second_factor_required");
    // The code that confirmed it is used up, and the next one opens once.
    sign_in(&world, json!(app_shows(&world, &secret)))
        .await
        .expect_problem(401, "second_factor_required");
    world.clock.advance(TimeDelta::seconds(30));
    let code = app_shows(&world, &secret);
    let wrong = json!({ "username": "brigade", "password": "not the password", "totp": code });
    world
        .resident()
        .post("/api/v1/sessions", wrong)
        .await
        .expect_problem(401, "bad_credentials");
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    sign_in(&world, json!(spaced)).await.expect(200);
    sign_in(&world, json!(code))
        .await
        .expect_problem(401, "second_factor_required");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    sign_in(&world, json!(wrong))
        .await
        .expect_problem(401, "second_factor_required");

    let typed = recovery[3].to_uppercase();
    sign_in(&world, json!(typed)).await.expect(200);
    sign_in(&world, json!(recovery[3]))
        .await
        .expect_problem(401, "second_factor_required");
    let view = me.get("/api/v1/staff/me").await.expect(200);
    assert_eq!(
        (
            &view.body["second_factor"],
            &view.body["recovery_codes_left"]
        ),
        (&json!(true), &json!(9))
    );
    // A phone a step behind or ahead is understood, two steps are not.
    world.clock.advance(TimeDelta::seconds(90));
    let code = app_shows(&world, &secret);
    world.clock.advance(TimeDelta::seconds(60));
    sign_in(&world, json!(code)).await.expect(401);
    let code = app_shows(&world, &secret);
    world.clock.advance(TimeDelta::seconds(30));
    sign_in(&world, json!(code)).await.expect(200);
}

/// Second factor: one code sent six times at one moment opens one session.
async fn one_code_at_one_moment_opens_once(world: World) {
    let me = world.brigade().await;
    let (secret, _) = enrol(&world, &me).await;
    world.clock.advance(TimeDelta::seconds(30));
    let code = app_shows(&world, &secret);
    let at_once = (0..6).map(|_| sign_in(&world, json!(code)));
    let answers = futures_util::future::join_all(at_once).await;
    let opened = answers.iter().filter(|a| a.status == 200).count();
    assert_eq!(opened, 1);
}

/// Second factor: setting it up takes the password and a code, and is not done twice.
async fn setting_up_takes_password_and_code(world: World) {
    let me = world.brigade().await;
    let refused = me
        .post(
            "/api/v1/staff/me/totp",
            json!({ "password": "not the password" }),
        )
        .await
        .expect_problem(422, "invalid");
    assert_eq!(refused.body["items"][0]["code"], "wrong_password");
    me.post(
        "/api/v1/staff/me/totp/confirmation",
        json!({ "code": "123456" }),
    )
    .await
    .expect_problem(422, "guard_failed");
    let first = me
        .post("/api/v1/staff/me/totp", json!({ "password": PASSWORD }))
        .await
        .expect(200);
    let second = me
        .post("/api/v1/staff/me/totp", json!({ "password": PASSWORD }))
        .await
        .expect(200);
    // Until it is confirmed the password alone goes on working, and the last secret counts.
    sign_in(&world, Value::Null).await.expect(200);
    let old = app_shows(&world, &first.text("/secret"));
    me.post("/api/v1/staff/me/totp/confirmation", json!({ "code": old }))
        .await
        .expect_problem(422, "invalid");
    let code = app_shows(&world, &second.text("/secret"));
    me.post(
        "/api/v1/staff/me/totp/confirmation",
        json!({ "code": code }),
    )
    .await
    .expect(200);
    me.post("/api/v1/staff/me/totp", json!({ "password": PASSWORD }))
        .await
        .expect_problem(409, "already_exists");
    // What the database holds is not the secret.
    let sealed: Vec<u8> = world.db_read(|c| {
        let id = queries::staff_by_name(c, "brigade").unwrap().unwrap().id;
        factors::confirmed(c, id).unwrap().unwrap()
    });
    let secret = BASE32_NOPAD
        .decode(second.text("/secret").as_bytes())
        .unwrap();
    assert!(!sealed.windows(secret.len()).any(|w| w == secret));
}

/// Second factor: a role that must have one opens nothing else until it is set up; other roles
/// are as before.
async fn a_role_that_must_have_one_may_only_enrol(mut world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    world
        .restart_with("DENGWEN_TOTP_ROLES", "admin, brigade")
        .await;
    let me = world.sign_in("brigade").await;
    let office = world.staff(Role::Office).await;
    let view = me.get("/api/v1/staff/me").await.expect(200);
    assert_eq!(view.body["must_enrol"], true);
    for path in [
        "/api/v1/triage/queue",
        "/api/v1/complaints",
        "/api/v1/entries",
    ] {
        me.get(path)
            .await
            .expect_problem(403, "enrol_second_factor");
        office.get(path).await.expect(200);
    }
    me.post("/api/v1/complaints/GL20261124-0001/decision", json!({}))
        .await
        .expect_problem(403, "enrol_second_factor");
    me.get("/api/v1/sessions").await.expect(200);
    me.delete("/api/v1/sessions/others").await.expect(204);
    enrol(&world, &me).await;
    me.get("/api/v1/triage/queue").await.expect(200);
}

/// Second factor: when the phone is lost the operator takes it away; sessions end with it.
async fn the_operator_takes_it_away(world: World) {
    let me = world.brigade().await;
    enrol(&world, &me).await;
    let reset = world.command("staff reset-totp brigade", "");
    let done = tokio::task::spawn_blocking(reset).await.unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    me.get("/api/v1/staff/me").await.expect(401);
    sign_in(&world, Value::Null).await.expect(200);
}

/// Second factor: guesses at the code count as guesses at the password do.
async fn guesses_at_a_code_are_throttled(world: World) {
    let me = world.brigade().await;
    enrol(&world, &me).await;
    // To be asked for the code is no failure.
    for _ in 0..8 {
        sign_in(&world, Value::Null)
            .await
            .expect_problem(401, "second_factor_required");
    }
    for _ in 0..5 {
        sign_in(&world, json!("000000")).await.expect(401);
    }
    sign_in(&world, json!("000000"))
        .await
        .expect_problem(429, "too_many_requests");
}

/// Second factor: who has the password guesses at few codes of an account, from however many
/// addresses, one after another and at once; its owner's known device signs in meanwhile.
async fn an_account_bears_few_guesses_at_its_code(world: World) {
    let me = world.brigade().await;
    let (secret, recovery) = enrol(&world, &me).await;
    world.clock.advance(TimeDelta::seconds(30));
    let right = || json!({ "username": "brigade", "password": PASSWORD, "totp": app_shows(&world, &secret) });
    let first = sign_in_from(&world, "192.0.2.1", &right())
        .await
        .expect(200);
    let mut guess = right();
    guess["totp"] = json!("no code");
    let addresses: Vec<String> = (0..12).map(|n| format!("198.51.100.{n}")).collect();
    let at_once = addresses
        .iter()
        .map(|address| sign_in_from(&world, address, &guess));
    let answers = futures_util::future::join_all(at_once).await;
    let compared = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(
        (
            compared,
            answers.iter().filter(|answer| answer.status == 429).count()
        ),
        (5, 7)
    );
    world.clock.advance(TimeDelta::seconds(30));
    sign_in_from(&world, "203.0.113.1", &right())
        .await
        .expect_problem(429, "too_many_requests");
    let mut lost = right();
    lost["totp"] = json!(recovery[0]);
    sign_in_from(&world, "203.0.113.2", &lost)
        .await
        .expect_problem(429, "too_many_requests");
    let mut known = right();
    known["device_token"] = first.body["device_token"].clone();
    sign_in_from(&world, "203.0.113.3", &known)
        .await
        .expect(200);
}

on_both!(
    a_code_opens_once,
    one_code_at_one_moment_opens_once,
    setting_up_takes_password_and_code,
    a_role_that_must_have_one_may_only_enrol,
    the_operator_takes_it_away,
);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        ..Wishes::default()
    },
    guesses_at_a_code_are_throttled,
);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        behind_proxy: true,
        ..Wishes::default()
    },
    an_account_bears_few_guesses_at_its_code,
);
