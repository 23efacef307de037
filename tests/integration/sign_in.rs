//! Signing in while others try to break in.

use std::time::{Duration, Instant};

use dengwen::{account::Role, platform::db::schema::resident_otp};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Reply, Wishes, World, process::Process};

const PASSWORD: &str = "copper window seven otters";

/// A server as a process of its own with one account.
fn server_with_an_account(folder: &tempfile::TempDir, more: &[(&'static str, &str)]) -> Process {
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let server = Process::serve(&url, folder.path(), more);
    let added = server.command(
        &[
            "staff",
            "add",
            "owner",
            "--role",
            "brigade",
            "--password-stdin",
        ],
        PASSWORD,
    );
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    server
}

/// Sign-ins cost memory: 32 connections of wrong passwords, from as many addresses, take no more
/// than the threads that hash hold, those beyond the queue are told when to come back, and the
/// owner gets in: on a known device meanwhile, on any soon after.
#[test]
fn wrong_passwords_from_everywhere_cost_a_fixed_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = server_with_an_account(
        &folder,
        &[("DENGWEN_RATE_LIMIT", "off"), ("DENGWEN_TRUST_PROXY", "on")],
    );
    let url = format!("{}/api/v1/sessions", server.base);
    actix_web::rt::System::new().block_on(async {
        let client = reqwest::Client::new();
        let body = |password: &str| json!({ "username": "owner", "password": password });
        let sign_in = |password: &str, from: String| {
            let request = client.post(&url).header("x-forwarded-for", from);
            request.json(&body(password)).send()
        };
        let first = sign_in(PASSWORD, "192.0.2.1".to_owned()).await.unwrap();
        let first: Value = first.json().await.unwrap();
        let before = server.memory_mb();
        let until = Instant::now() + Duration::from_secs(2);
        let flood = (0..64).map(|n| {
            let sign_in = &sign_in;
            async move {
                let (mut wrong, mut busy) = (0, 0);
                while Instant::now() < until {
                    let reply = sign_in("not the password", format!("198.51.100.{n}")).await.unwrap();
                    match reply.status().as_u16() {
                        401 => wrong += 1,
                        503 => {
                            assert!(reply.headers().contains_key("retry-after"));
                            busy += 1;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        other => panic!("answered {other}"),
                    }
                }
                (wrong, busy)
            }
        });
        let watch = async {
            let mut most: f64 = 0.0;
            while Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(50)).await;
                most = most.max(server.memory_mb());
            }
            most
        };
        let owner = async {
            let mut known = body(PASSWORD);
            known["device_token"] = first["device_token"].clone();
            let mut waits = Vec::new();
            while Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(300)).await;
                let began = Instant::now();
                let request = client.post(&url).header("x-forwarded-for", "203.0.113.9");
                let reply = request.json(&known).send().await.unwrap();
                assert_eq!(reply.status(), 200, "a known device while others guess");
                waits.push(began.elapsed());
            }
            waits.into_iter().max().unwrap()
        };
        let (counts, most, wait) =
            tokio::join!(futures_util::future::join_all(flood), watch, owner);
        assert!(wait < Duration::from_secs(3), "the owner waited {wait:?}");
        let wrong: u32 = counts.iter().map(|c| c.0).sum();
        let busy: u32 = counts.iter().map(|c| c.1).sum();
        assert!(wrong > 10 && busy > 0, "{wrong} wrong, {busy} told to come back");
        assert!(most - before < 100.0, "{before:.0} MB grew to {most:.0} MB");

        let began = Instant::now();
        let reply = sign_in(PASSWORD, "192.0.2.1".to_owned()).await.unwrap();
        assert_eq!(reply.status(), 200);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());

        // What was taken is given back at rest.
        let mut rest = server.memory_mb();
        for _ in 0..40 {
            if rest - before < 25.0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
            rest = server.memory_mb();
        }
        assert!(rest - before < 25.0, "{before:.0} MB, at rest {rest:.0} MB");
        println!("before {before:.0} MB, most {most:.0} MB, at rest {rest:.0} MB; {wrong} wrong, {busy} busy");
    });
}

async fn staff_sign_in(world: &World, body: Value, from: &str) -> Reply {
    world
        .resident()
        .send(Method::POST, "/api/v1/sessions", |r| {
            r.header("x-forwarded-for", from).json(&body)
        })
        .await
}

/// Locks: wrong passwords bar the address they come from, not the owner: neither elsewhere, nor
/// on a known device at that very address.
async fn wrong_passwords_do_not_bar_the_owner(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    let right = json!({ "username": "brigade", "password": "a password for tests" });
    let wrong = json!({ "username": "brigade", "password": "not the password" });
    let first = staff_sign_in(&world, right.clone(), "192.0.2.1")
        .await
        .expect(200);
    let mut known = right.clone();
    known["device_token"] = first.body["device_token"].clone();
    for _ in 0..5 {
        staff_sign_in(&world, wrong.clone(), "192.0.2.1")
            .await
            .expect(401);
    }
    staff_sign_in(&world, right.clone(), "192.0.2.1")
        .await
        .expect_problem(429, "too_many_requests");
    staff_sign_in(&world, right.clone(), "192.0.2.2")
        .await
        .expect(200);
    staff_sign_in(&world, known.clone(), "192.0.2.1")
        .await
        .expect(200);

    // From everywhere, ten times as many: the name is closed to strangers, not to the device.
    for n in 0..45 {
        staff_sign_in(&world, wrong.clone(), &format!("198.51.100.{n}"))
            .await
            .expect(401);
    }
    staff_sign_in(&world, wrong.clone(), "198.51.100.99")
        .await
        .expect_problem(429, "too_many_requests");
    staff_sign_in(&world, right.clone(), "203.0.113.7")
        .await
        .expect_problem(429, "too_many_requests");
    let again = staff_sign_in(&world, known.clone(), "203.0.113.7")
        .await
        .expect(200);
    assert_eq!(again.body["device_token"], known["device_token"]);
}

/// Locks: a device is known to the account that signed in from it, bears no more wrong passwords
/// than an address, and is forgotten with the password.
async fn a_known_device_is_known_to_its_account_alone(world: World) {
    world.db_add_staff(Role::Brigade, "brigade", None, None);
    world.db_add_staff(Role::Office, "office", None, None);
    let body = |name: &str, password: &str, device: &Value| json!({ "username": name, "password": password, "device_token": device });
    let right = json!({ "username": "office", "password": "a password for tests" });
    let office = staff_sign_in(&world, right, "192.0.2.1")
        .await
        .expect(200)
        .body["device_token"]
        .clone();
    // Another account's device is a stranger's, and each failure counts for the address.
    for _ in 0..5 {
        staff_sign_in(
            &world,
            body("brigade", "not the password", &office),
            "192.0.2.9",
        )
        .await
        .expect(401);
    }
    staff_sign_in(
        &world,
        body("brigade", "a password for tests", &office),
        "192.0.2.9",
    )
    .await
    .expect_problem(429, "too_many_requests");
    // A stolen device guesses no more than an address does, wherever it is.
    for n in 0..5 {
        staff_sign_in(
            &world,
            body("office", "not the password", &office),
            &format!("198.51.100.{n}"),
        )
        .await
        .expect(401);
    }
    staff_sign_in(
        &world,
        body("office", "not the password", &office),
        "198.51.100.77",
    )
    .await
    .expect_problem(429, "too_many_requests");
    staff_sign_in(
        &world,
        json!({ "username": "office", "password": "a password for tests" }),
        "198.51.100.77",
    )
    .await
    .expect(200);
}

/// Locks: one address may guess at many names, but not for ever.
async fn many_names_from_one_address_are_throttled(world: World) {
    for n in 0..25 {
        let body = json!({ "username": format!("nobody{n}"), "password": "not the password" });
        staff_sign_in(&world, body, "192.0.2.1").await.expect(401);
    }
    let body = json!({ "username": "nobody99", "password": "not the password" });
    staff_sign_in(&world, body.clone(), "192.0.2.1")
        .await
        .expect_problem(429, "too_many_requests");
    staff_sign_in(&world, body, "192.0.2.2").await.expect(401);
}

/// Asks for a code and reads it.
async fn code_for(world: &World, phone: &str) -> String {
    let asked = world
        .resident()
        .post("/api/v1/residents/otp", json!({ "phone": phone }))
        .await;
    asked.expect(204);
    let text = world.sms.last_to(phone).unwrap();
    text.chars().filter(char::is_ascii_digit).take(6).collect()
}

async fn sign_in_by_code(world: &World, phone: &str, code: &str) -> u16 {
    let body = json!({ "phone": phone, "code": code });
    let reply = world
        .resident()
        .post("/api/v1/residents/sessions", body)
        .await;
    reply.status
}

/// Codes: attempts are counted before they are compared. Of many at one moment five count, and
/// the right one among them opens one session, however often it is sent.
async fn phone_codes_bear_no_race(world: World) {
    for round in 0..4 {
        let phone = format!("1391234567{round}");
        let code = code_for(&world, &phone).await;
        let opened =
            futures_util::future::join_all((0..6).map(|_| sign_in_by_code(&world, &phone, &code)))
                .await;
        assert_eq!(
            opened.iter().filter(|s| **s == 200).count(),
            1,
            "{opened:?}"
        );

        let code = code_for(&world, &phone).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        futures_util::future::join_all((0..12).map(|_| sign_in_by_code(&world, &phone, wrong)))
            .await;
        let attempts: i32 = world.db_read(|c| {
            resident_otp::table
                .order(resident_otp::id.desc())
                .select(resident_otp::attempts)
                .first(c)
                .unwrap()
        });
        assert_eq!(attempts, 5);
        assert_eq!(sign_in_by_code(&world, &phone, &code).await, 401);
    }
}

on_both!(phone_codes_bear_no_race,);

on_both!(
    wishes = Wishes {
        tight_limits: true,
        behind_proxy: true,
        ..Wishes::default()
    },
    wrong_passwords_do_not_bar_the_owner,
    a_known_device_is_known_to_its_account_alone,
    many_names_from_one_address_are_throttled,
);
