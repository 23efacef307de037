//! Forms and bodies as clumsy clients fill them: objects of nothing, parts nobody meant, names and
//! types in other dresses, and the fullest body there may be.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use dengwen::{
    account::Role,
    photo::sample::scene,
    platform::db::schema::{complaint, complaint_place},
};
use diesel::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, On, Reply, Wishes, World,
    bodies::{fumes, river},
    contract::DOCUMENT,
    play,
};

const COMPLAINTS: &str = "/api/v1/complaints";

/// One part: its headers' lines and its bytes.
type Part = (&'static str, Vec<u8>);

fn form(boundary: &str, parts: &[Part]) -> Vec<u8> {
    let mut form = Vec::new();
    for (headers, bytes) in parts {
        form.extend(format!("--{boundary}\r\n{headers}\r\n\r\n").as_bytes());
        form.extend(bytes);
        form.extend(b"\r\n");
    }
    form.extend(format!("--{boundary}--\r\n").as_bytes());
    form
}

async fn send(actor: &Actor, kind: &str, body: Vec<u8>) -> Reply {
    let shape = |r: reqwest::RequestBuilder| r.header("content-type", kind).body(body);
    actor.send(Method::POST, COMPLAINTS, shape).await
}

fn fumes_part() -> Part {
    let json = fumes(None, 0.0).to_string().into_bytes();
    ("Content-Disposition: form-data; name=\"complaint\"", json)
}

fn statuses(filed: &Reply) -> Vec<&str> {
    let photos = filed.body["photos"].as_array().unwrap();
    let statuses = photos.iter().map(|photo| photo["status"].as_str().unwrap());
    statuses.collect()
}

/// JSON and headers: an object that says nothing is absent, whatever its fields are called; in a
/// correction it clears.
async fn an_object_of_nothing_is_no_field(world: World) {
    let resident = world.resident();
    let mut bare = river(None);
    bare.as_object_mut().unwrap().remove("location");
    let first = resident
        .post_once(COMPLAINTS, "no-fix", bare.clone())
        .await
        .expect(201);
    for location in [
        json!({}),
        json!({ "lon": null, "lat": null, "datum": null }),
        json!({ "lon": "", "lat": "", "datum": "", "accuracy_m": "" }),
        json!({ "lon": null, "lat": null, "datum": "GCJ02", "accuracy_m": 12 }),
    ] {
        let mut body = bare.clone();
        body["location"] = location.clone();
        body["reporter"] = json!({ "name": null, "phone": "" });
        let again = resident
            .post_once(COMPLAINTS, "no-fix", body.clone())
            .await
            .expect(201);
        assert_eq!(again.body, first.body, "{location}");
        resident.post(COMPLAINTS, body).await.expect(201);
    }
    for half in [
        json!({ "lon": 119.3, "lat": null, "datum": "WGS84" }),
        json!({ "lon": 119.3, "lat": 26.1, "datum": "" }),
    ] {
        let mut body = bare.clone();
        body["location"] = half;
        resident
            .post(COMPLAINTS, body)
            .await
            .expect_problem(400, "malformed_request");
    }
    let number = resident
        .post(COMPLAINTS, fumes(None, 0.0))
        .await
        .expect(201)
        .text("/number");
    let brigade = world.brigade().await;
    let path = format!("{COMPLAINTS}/{number}");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let seen = |world: &World| -> (i32, Option<f64>) {
        world.db_read(|c| {
            complaint::table
                .inner_join(complaint_place::table)
                .filter(complaint::number.eq(&number))
                .select((complaint::version, complaint_place::raw_lon))
                .first(c)
                .unwrap()
        })
    };
    let (version, lon) = seen(&world);
    let version = i64::from(version);
    let alone = json!({ "reason": "核对位置", "location": { "datum": "GCJ02" } });
    brigade
        .patch_if(&path, version, alone)
        .await
        .expect_problem(400, "malformed_request");
    let kept = json!({ "reason": "核对地址", "location": {}, "address": "东街口3号" });
    brigade.patch_if(&path, version, kept).await.expect(200);
    let (version, after) = seen(&world);
    assert!(lon.is_some() && after == lon, "{lon:?} {after:?}");
    let cleared =
        json!({ "reason": "位置有误", "location": { "lon": null, "lat": "", "datum": "WGS84" } });
    brigade
        .patch_if(&path, i64::from(version), cleared)
        .await
        .expect(200);
    assert_eq!(seen(&world).1, None);
}

/// Forms: a boundary in quotes of another kind, a type joined by commas, and a library's own kind of
/// several parts.
#[test]
fn the_type_of_a_form_is_read_in_every_dress() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let photo = "Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"";
        for (at, (kind, boundary)) in [
            ("multipart/form-data; boundary='XyZ'", "XyZ"),
            ("multipart/form-data; boundary='XyZ'", "'XyZ'"),
            ("multipart/form-data, boundary=XyZ", "XyZ"),
            (
                "multipart/form-data; boundary=XyZ, multipart/form-data; boundary=XyZ",
                "XyZ",
            ),
            ("multipart/mixed; boundary=XyZ", "XyZ"),
        ]
        .into_iter()
        .enumerate()
        {
            let parts = [fumes_part(), (photo, scene(at as u32, 60, 40))];
            let filed = send(&resident, kind, form(boundary, &parts))
                .await
                .expect(201);
            assert_eq!(statuses(&filed), ["kept"], "{kind} {boundary}");
        }
        let json = || fumes(None, 0.0).to_string().into_bytes();
        for kind in [
            "application/x-json",
            "application/json, application/json",
            "application/json; charset=utf-8, application/json; charset=utf-8",
        ] {
            send(&resident, kind, json()).await.expect(201);
        }
        let other = "application/json; charset=gbk, application/json; charset=gbk";
        send(&resident, other, json()).await.expect(415);
        send(&resident, "text/plain, application/json", json())
            .await
            .expect(415);
    });
}

/// Forms: numbered photos are photos, what a form sends of itself says nothing, and a part under a
/// name nobody knows is told.
#[test]
fn parts_that_say_nothing_are_passed_over() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let kind = "multipart/form-data; boundary=b";
        let parts = [
            ("X: no disposition", b"x".to_vec()),
            ("Content-Disposition: form-data", b"x".to_vec()),
            (
                "Content-Disposition: form-data; name=\"\"; filename=\"\"",
                Vec::new(),
            ),
            (
                "Content-Disposition: form-data; name=\"_charset_\"",
                b"UTF-8".to_vec(),
            ),
            fumes_part(),
            (
                "Content-Disposition: form-data; name=\"photo[]\"; filename=\"a.jpg\"",
                scene(1, 60, 40),
            ),
            (
                "Content-Disposition: form-data; name=\"photo[0]\"; filename=\"b.jpg\"",
                scene(2, 60, 40),
            ),
            (
                "Content-Disposition: form-data; name=\"remark\"",
                Vec::new(),
            ),
            (
                "Content-Disposition: form-data; name=\"Submit\"",
                "提交".as_bytes().to_vec(),
            ),
        ];
        let filed = send(&resident, kind, form("b", &parts)).await.expect(201);
        assert_eq!(statuses(&filed), ["kept", "kept"]);
        for named in [
            "Content-Disposition: form-data; name=\"remark\"",
            "Content-Disposition: form-data; name=\"photos[]\"; filename=\"a.jpg\"",
        ] {
            let parts = [fumes_part(), (named, b"x".to_vec())];
            let refused = send(&resident, kind, form("b", &parts)).await;
            let refused = refused.expect_problem(400, "malformed_request");
            assert_eq!(refused.body["items"][0]["code"], "unknown_part", "{named}");
        }
        let without = [("Content-Disposition: form-data", b"{}".to_vec())];
        send(&resident, kind, form("b", &without)).await.expect(422);
    });
}

/// Forms: what is written in Base64 is what it stands for, within the bounds of that.
#[test]
fn parts_in_base64_are_their_bytes() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let kind = "multipart/form-data; boundary=b";
        let lines = |bytes: &[u8]| {
            let text = STANDARD.encode(bytes).into_bytes();
            text.chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..])
        };
        let as_text = "Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Transfer-Encoding: base64";
        let json = "Content-Transfer-Encoding: BASE64\r\nContent-Disposition: form-data; name=\"complaint\"";
        let limit = world.server.app.profile.rules.limits.photo_bytes;
        let mut most = scene(2, 60, 40);
        most.resize(limit, 0);
        let mut too_much = scene(3, 60, 40);
        too_much.resize(limit + 1, 0);
        let parts = [
            (json, lines(&fumes_part().1)),
            (as_text, lines(&scene(1, 60, 40))),
            (as_text, scene(4, 60, 40)),
            (as_text, lines(&most)),
            (as_text, lines(&too_much)),
        ];
        let filed = send(&resident, kind, form("b", &parts)).await.expect(201);
        assert_eq!(statuses(&filed), ["kept", "kept", "kept", "refused"]);
        assert_eq!(filed.body["photos"][3]["problem"], "too_many_bytes");
    });
}

/// Contract limits: every body says how many bytes it may have; the fullest intake in Chinese has
/// no more, each letter as it is or escaped.
#[test]
fn the_fullest_intake_fits() {
    let mut bodies = 0;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"];
            if body["content"].get("application/json").is_some() {
                bodies += 1;
                let said = body["description"].as_str().unwrap_or_default();
                let bytes = if path == "/api/v1/intake" {
                    2_097_152
                } else {
                    262_144
                };
                assert!(
                    said.contains(&format!("{bytes} bytes")),
                    "{method} {path}: {said}"
                );
            }
        }
    }
    assert!(bodies > 20, "only {bodies} bodies");
    play(On::Sqlite, Wishes::default(), |world| async move {
        let office = world.staff(Role::Office).await;
        let letters = |count: usize| "林".repeat(count);
        let petitioner = |at: usize| {
            let name = format!("{}{at:03}", letters(47));
            let person = json!({ "name": name, "phone": letters(200), "id_number": letters(200) });
            json!({ "kind": "joint_signer", "person": person })
        };
        let mut fullest = fumes(None, 0.0);
        fullest["description"] = json!(letters(2000));
        fullest["acknowledged_similar"] = json!(vec![letters(32); 20]);
        let petitioners: Vec<Value> = (0..500).map(petitioner).collect();
        let intake =
            json!({ "channel": "letter", "complaint": fullest, "petitioners": petitioners });
        let plain = intake.to_string();
        let escaped = plain.replace('林', "\\u6797");
        let post = async |body: String| {
            let shape = |r: reqwest::RequestBuilder| {
                r.header("content-type", "application/json").body(body)
            };
            office.send(Method::POST, "/api/v1/intake", shape).await
        };
        for body in [plain, escaped] {
            assert!(body.len() > 262_144);
            post(body).await.expect(201);
        }
        let too_much = format!("{intake}{}", " ".repeat(2_097_152));
        post(too_much).await.expect_problem(413, "body_too_large");
        let resident = world.resident();
        let padded = format!("{}{}", fumes(None, 0.0), " ".repeat(262_144));
        send(&resident, "application/json", padded.into_bytes())
            .await
            .expect_problem(413, "body_too_large");
        let mut long = fumes(None, 0.0);
        long["acknowledged_similar"] = json!([letters(33)]);
        let refused = resident.post(COMPLAINTS, long).await;
        let refused = refused.expect_problem(422, "invalid");
        assert_eq!(refused.body["items"][0]["location"], "acknowledged_similar");
    });
    for (schema, field) in [
        ("ComplaintBody", "acknowledged_similar"),
        ("ReplyBody", "also"),
        ("DispatchBody", "complaints"),
    ] {
        let property = &DOCUMENT["components"]["schemas"][schema]["properties"][field];
        assert_eq!(property["items"]["maxLength"], 32, "{schema}.{field}");
    }
}

on_both!(an_object_of_nothing_is_no_field,);
