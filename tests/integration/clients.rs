//! Clumsy clients: JSON, headers, bodies and browsers as real ones send and expect them.

use std::io::Write as _;

use dengwen::{account::Role, photo::sample::scene};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Actor, On, Reply, Wishes, World, bodies::fumes, play};

const COMPLAINTS: &str = "/api/v1/complaints";
const JSON: &str = "application/json";

/// A POST of bytes as they are, with headers.
async fn post(actor: &Actor, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
    let shape = |r: reqwest::RequestBuilder| {
        headers
            .iter()
            .fold(r, |r, (name, value)| r.header(*name, *value))
            .body(body)
    };
    actor.send(Method::POST, path, shape).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The same object with its fields in another order, by way of text.
fn turned_round(body: &Value) -> String {
    let fields: Vec<String> = body
        .as_object()
        .unwrap()
        .iter()
        .rev()
        .map(|(name, value)| match value {
            Value::Object(_) => format!("{}: {}", json!(name), turned_round(value)),
            _ => format!("{} :{value}", json!(name)),
        })
        .collect();
    format!("{{\n  {}\n}}", fields.join(",\n\t"))
}

/// JSON and headers: an idempotency key is for what a request means. Keys in another order,
/// spaces, escapes, a byte order mark, `1.0`, `null` and the empty text are no other request.
async fn the_same_request_in_another_spelling_is_the_same_request(world: World) {
    let resident = world.resident();
    let body = fumes(Some("13800000001"), 0.0);
    let plain = body.to_string();
    let mut with_nothing = body.clone();
    with_nothing["address"] = json!("");
    with_nothing["same_as"] = Value::Null;
    with_nothing["acknowledged_similar"] = Value::Null;
    let mut with_lists = with_nothing.clone();
    with_lists["acknowledged_similar"] = json!([]);
    with_lists["reporter"]["id_number"] = json!("");
    let spellings = [
        plain.clone().into_bytes(),
        turned_round(&body).into_bytes(),
        format!("\u{FEFF}{plain}").into_bytes(),
        plain.replace("老王", "\\u8001\\u738b").into_bytes(),
        plain
            .replace("\"accuracy_m\":10.0", "\"accuracy_m\":1e1")
            .into_bytes(),
        with_nothing.to_string().into_bytes(),
        with_lists.to_string().into_bytes(),
    ];
    let mut numbers = Vec::new();
    for spelling in &spellings {
        let sent = post(
            &resident,
            COMPLAINTS,
            &[("content-type", JSON), ("idempotency-key", "one-meaning")],
            spelling.clone(),
        );
        numbers.push(sent.await.expect(201).text("/number"));
    }
    let packed = post(
        &resident,
        COMPLAINTS,
        &[
            ("content-type", JSON),
            ("content-encoding", "gzip"),
            ("idempotency-key", "one-meaning"),
        ],
        gzip(plain.as_bytes()),
    );
    numbers.push(packed.await.expect(201).text("/number"));
    numbers.dedup();
    assert_eq!(numbers.len(), 1);
    let nobody = fumes(None, 0.0);
    for (at, reporter) in [
        json!({}),
        json!({ "name": null, "phone": "" }),
        json!(""),
        Value::Null,
    ]
    .into_iter()
    .enumerate()
    {
        let mut sent = nobody.clone();
        if at > 0 {
            sent["reporter"] = reporter;
        }
        resident
            .post_once(COMPLAINTS, "nobodys", sent)
            .await
            .expect(201);
    }
    let mut other = body.clone();
    other["description"] = json!("河边有人偷倒垃圾，请来看看");
    resident
        .post_once(COMPLAINTS, "one-meaning", other)
        .await
        .expect_problem(409, "idempotency_conflict");
    let parts = |body: &str| {
        vec![
            ("complaint", None, body.as_bytes().to_vec()),
            ("photo", Some("a.jpg"), scene(5, 60, 40)),
        ]
    };
    let form = async |body: &str| {
        let form = crate::support::actors::form(&parts(body));
        resident
            .send(Method::POST, COMPLAINTS, |r| {
                r.header("idempotency-key", "with-photo").multipart(form)
            })
            .await
            .expect(201)
            .text("/number")
    };
    assert_eq!(form(&plain).await, form(&turned_round(&body)).await);
}

/// JSON and headers: `null` and the empty text are absence where a field may be absent; in a
/// correction they clear, and absence keeps.
async fn null_and_the_empty_text_are_alike(world: World) {
    let resident = world.resident();
    let mut body = fumes(None, 0.0);
    for field in [
        "address",
        "demand",
        "occurred_at",
        "occurred_until",
        "reporter",
        "same_as",
    ] {
        body[field] = json!("");
    }
    body["acknowledged_similar"] = json!("");
    body["location"]["accuracy_m"] = json!("");
    let number = resident
        .post(COMPLAINTS, body)
        .await
        .expect(201)
        .text("/number");
    let brigade = world.brigade().await;
    let path = format!("{COMPLAINTS}/{number}");
    let seen = brigade.get(&path).await.expect(200);
    assert_eq!(seen.body["premises"], "老王烧烤");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let version = brigade.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let kept = brigade
        .patch_if(
            &path,
            version,
            json!({ "reason": "核对地址", "address": "东街口3号" }),
        )
        .await
        .expect(200);
    let cleared = json!({ "reason": "店名有误", "premises": "" });
    brigade
        .patch_if(&path, kept.body["version"].as_i64().unwrap(), cleared)
        .await
        .expect(200);
    let seen = brigade.get(&path).await.expect(200);
    assert_eq!(
        (&seen.body["premises"], &seen.body["address"]),
        (&Value::Null, &json!("东街口3号"))
    );
    let office = world.staff(Role::Office).await;
    let intake = json!({ "channel": "letter", "complaint": fumes(None, 0.0), "petitioners": "", "received_at": "" });
    let filed = office.post("/api/v1/intake", intake).await.expect(201);
    let more = json!({ "text": "昨晚又排了", "new_facts": "", "occurred_at": "" });
    resident
        .post(
            &format!(
                "/api/v1/tracking/{}/supplements",
                filed.text("/tracking_code")
            ),
            more,
        )
        .await
        .expect(201);
    for (list, filters) in [
        (
            "/api/v1/complaints",
            "state=&category=&street=&link=&hidden=&unreviewed=&cursor=",
        ),
        (
            "/api/v1/entries",
            "state=&category=&street=&strong_concern=&cursor=",
        ),
        (
            "/api/v1/triage/queue",
            "state=&category=&street=&link=&due_until=&cursor=",
        ),
    ] {
        let all = brigade.get(&format!("{list}?limit=1")).await.expect(200);
        let first = brigade
            .get(&format!("{list}?{filters}&limit=1"))
            .await
            .expect(200);
        assert_eq!(first.body, all.body, "{list}");
        if let Some(cursor) = all.body["next_cursor"].as_str() {
            brigade
                .get(&format!("{list}?{filters}&limit=1&limit=&cursor={cursor}"))
                .await
                .expect(200);
        }
    }
    let mut empty = fumes(None, 0.0);
    empty["description"] = json!("");
    resident
        .post(COMPLAINTS, empty)
        .await
        .expect_problem(422, "invalid");
    let mut missing = fumes(None, 0.0);
    missing["description"] = Value::Null;
    let refused = resident
        .post(COMPLAINTS, missing)
        .await
        .expect_problem(400, "malformed_request");
    assert_eq!(refused.body["items"][0]["code"], "required");
    let twice = post(
        &resident,
        COMPLAINTS,
        &[("content-type", JSON)],
        b"{\"category\":\"x\",\"category\":\"y\",\"description\":\"z\"}".to_vec(),
    );
    let refused = twice.await.expect_problem(400, "malformed_request");
    assert_eq!(
        (
            &refused.body["items"][0]["code"],
            &refused.body["items"][0]["location"]
        ),
        (&json!("duplicate_field"), &json!("body.category"))
    );
}

/// JSON and headers: content types with parameters, packed bodies, and what is neither.
#[test]
fn bodies_are_read_by_what_they_say_they_are() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let plain = fumes(None, 0.0).to_string().into_bytes();
        for taken in [
            "application/json; charset=utf-8",
            "application/json;charset=UTF8",
            "Application/JSON; Charset=\"utf-8\"",
            "application/json; version=1",
            "application/json; charset=",
            "application/vnd.office+json",
            "text/json",
            "",
        ] {
            post(
                &resident,
                COMPLAINTS,
                &[("content-type", taken)],
                plain.clone(),
            )
            .await
            .expect(201);
        }
        post(&resident, COMPLAINTS, &[], plain.clone())
            .await
            .expect(201);
        let mut cut = String::from_utf8(plain.clone()).unwrap();
        cut = cut.replacen("油烟", "油烟\\ud83d", 1);
        post(&resident, COMPLAINTS, &[("content-type", JSON)], cut.into())
            .await
            .expect(201);
        for refused in [
            "application/json; charset=gbk",
            "application/json; charset=utf-16",
            "text/plain",
            "text/html",
        ] {
            post(
                &resident,
                COMPLAINTS,
                &[("content-type", refused)],
                plain.clone(),
            )
            .await
            .expect_problem(415, "unsupported_media_type");
        }
        let packed = async |coding: &str, body: Vec<u8>| {
            post(
                &resident,
                COMPLAINTS,
                &[("content-type", JSON), ("content-encoding", coding)],
                body,
            )
            .await
        };
        packed("gzip", gzip(&plain)).await.expect(201);
        packed("GZIP", gzip(&plain)).await.expect(201);
        packed("identity", plain.clone()).await.expect(201);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&plain).unwrap();
        packed("deflate", zlib.finish().unwrap()).await.expect(201);
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&plain).unwrap();
        packed("deflate", raw.finish().unwrap()).await.expect(201);
        packed("gzip", [gzip(&plain), vec![0; 600]].concat())
            .await
            .expect(201);
        let unknown = packed("br", plain.clone())
            .await
            .expect_problem(415, "unsupported_encoding");
        assert_eq!(unknown.headers["accept-encoding"], "gzip, deflate");
        packed("gzip, gzip", gzip(&gzip(&plain)))
            .await
            .expect_problem(415, "unsupported_encoding");
        let cut = gzip(&plain);
        packed("gzip", cut[..cut.len() / 2].to_vec())
            .await
            .expect_problem(400, "malformed_request");
        packed("gzip", plain.clone())
            .await
            .expect_problem(400, "malformed_request");
        let bomb = gzip(&vec![b' '; 100 << 20]);
        assert!(bomb.len() < 128 * 1024, "{}", bomb.len());
        packed("gzip", bomb)
            .await
            .expect_problem(413, "body_too_large");
    });
}

/// Form parts as forms and phones send them: a file input in which nothing was chosen, a file name
/// in another encoding, a type that says little; packed or not.
#[test]
fn a_form_is_read_as_forms_are_sent() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let part = |disposition: &[u8], body: &[u8]| {
            [
                b"--b\r\nContent-Disposition: form-data; ",
                disposition,
                b"\r\n\r\n",
                body,
                b"\r\n",
            ]
            .concat()
        };
        let form = [
            part(b"name=\"photo\"; filename=\"\"", b""),
            part(b"name=\"photo\"", b""),
            part(
                b"name=\"complaint\"",
                fumes(None, 0.0).to_string().as_bytes(),
            ),
            part(
                b"name=\"photo\"; filename=\"\xD5\xD5\xC6\xAC.jpg\"",
                &scene(1, 60, 40),
            ),
            part(
                b"name=\"photo\"; filename*=UTF-8''%E7%85%A7.jpg",
                &scene(2, 60, 40),
            ),
            part(b"name=\"photo\"; filename=\"a.jpg\"", b""),
            b"--b--\r\n".to_vec(),
        ]
        .concat();
        let kind = "Multipart/Form-Data; boundary=b";
        for (coding, body) in [("identity", form.clone()), ("gzip", gzip(&form))] {
            let filed = post(
                &resident,
                COMPLAINTS,
                &[("content-type", kind), ("content-encoding", coding)],
                body,
            )
            .await
            .expect(201);
            let photos: Vec<_> = filed.body["photos"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| (p["status"].clone(), p["problem"].clone()))
                .collect();
            assert_eq!(
                photos,
                [
                    (json!("kept"), Value::Null),
                    (json!("kept"), Value::Null),
                    (json!("refused"), json!("empty"))
                ]
            );
            assert_eq!(filed.body["photos"][1]["file_name"], "照.jpg");
        }
        // Empty room behind a photo costs its sender nothing when it is packed, and us a disk.
        let padded = [scene(3, 60, 40), vec![0; 8 << 20]].concat();
        let padded = part(b"name=\"photo\"; filename=\"b.jpg\"", &padded);
        let form = [
            form[..form.len() - 7].to_vec(),
            padded,
            b"--b--\r\n".to_vec(),
        ]
        .concat();
        let headers = [("content-type", kind), ("content-encoding", "gzip")];
        post(&resident, COMPLAINTS, &headers, gzip(&form))
            .await
            .expect_problem(413, "body_too_large");
        post(&resident, COMPLAINTS, &headers[..1], form)
            .await
            .expect(201);
    });
}

/// Raw photo bodies: what they are, their content says.
#[test]
fn a_raw_photo_is_known_by_its_content() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let code = resident
            .post(COMPLAINTS, fumes(None, 0.0))
            .await
            .expect(201)
            .text("/tracking_code");
        let path = format!("/api/v1/tracking/{code}/photos");
        for (seed, headers) in [
            vec![("content-type", "image/jpeg")],
            vec![("content-type", "IMAGE/PNG")],
            vec![("content-type", "application/octet-stream")],
            vec![],
        ]
        .into_iter()
        .enumerate()
        {
            let kept = post(&resident, &path, &headers, scene(seed as u32 + 10, 60, 40))
                .await
                .expect(201);
            assert_eq!(kept.body["photos"][0]["status"], "kept");
        }
        post(
            &resident,
            &path,
            &[("content-type", "image/jpeg")],
            b"no picture".to_vec(),
        )
        .await
        .expect_problem(415, "unsupported_photo_type");
        post(
            &resident,
            &path,
            &[("content-type", "text/plain")],
            scene(20, 60, 40),
        )
        .await
        .expect_problem(415, "unsupported_media_type");
    });
}

/// JSON and headers: a leap second is taken, and no client is shown one.
async fn a_second_60_is_taken_and_never_shown(world: World) {
    let resident = world.resident();
    let mut body = fumes(None, 0.0);
    body["occurred_at"] = json!("2026-11-23T18:59:60+08:00");
    body["occurred_until"] = json!("2026-11-23T14:59:60.5Z");
    let filed = resident.post(COMPLAINTS, body).await.expect(201);
    let brigade = world.brigade().await;
    let seen = brigade
        .get(&format!("{COMPLAINTS}/{}", filed.text("/number")))
        .await
        .expect(200);
    let text = String::from_utf8(seen.bytes.clone()).unwrap();
    assert!(
        !text.contains(":60.") && !text.contains(":60+") && !text.contains(":60Z"),
        "{text}"
    );
    assert!(
        text.contains("2026-11-23T19:00:00+08:00") && text.contains("2026-11-23T23:00:00"),
        "{text}"
    );
}

/// Headers: the scheme of a token is named in any case.
#[test]
fn bearer_is_read_in_any_case() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let brigade = world.staff(Role::Brigade).await;
        let token = brigade.token.clone().unwrap();
        let nobody = world.resident();
        let me = async |value: String| {
            nobody
                .send(Method::GET, "/api/v1/staff/me", |r| {
                    r.header("authorization", value)
                })
                .await
                .status
        };
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            assert_eq!(me(format!("{scheme} {token}")).await, 200, "{scheme}");
        }
        assert_eq!(me(format!("bearer   {token} ")).await, 200);
        for value in [
            format!("Basic {token}"),
            format!("Bearer{token}"),
            "Bearer ".to_owned(),
            token.clone(),
        ] {
            assert_eq!(me(value.clone()).await, 401, "{value}");
        }
    });
}

/// Headers: every answer, whatever became of it, is safe in a browser; and the documentation's page
/// still works under its own policy.
#[test]
fn every_answer_is_safe_in_a_browser() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let at = |path: &str| format!("http://{}{path}", world.server.address);
        let answers = [
            (200, client.get(at("/healthz"))),
            (200, client.get(at("/api/v1/district"))),
            (200, client.get(at("/openapi.json"))),
            (200, client.get(at("/docs/"))),
            (200, client.get(at("/docs/swagger-ui-bundle.js"))),
            (303, client.get(at("/docs"))),
            (404, client.get(at("/nothing"))),
            (401, client.get(at("/api/v1/staff/me"))),
            (
                401,
                client
                    .get(at("/api/v1/staff/me"))
                    .header("authorization", "Bearer forged"),
            ),
            (405, client.put(at("/healthz"))),
            (405, client.request(Method::OPTIONS, at("/healthz"))),
            (400, client.post(at(COMPLAINTS)).body("x")),
            (
                415,
                client
                    .post(at(COMPLAINTS))
                    .header("content-type", "text/plain")
                    .body("x"),
            ),
            (
                413,
                client
                    .post(at(COMPLAINTS))
                    .header("content-type", JSON)
                    .body(vec![b' '; 300_000]),
            ),
        ];
        for (status, request) in answers {
            let answer = request.send().await.unwrap();
            let path = answer.url().path().to_owned();
            if status != 303 {
                assert_eq!(answer.status().as_u16(), status, "{path}");
            }
            let header = |name: &str| {
                answer
                    .headers()
                    .get(name)
                    .map_or("", |v| v.to_str().unwrap())
                    .to_owned()
            };
            assert!(
                header("content-security-policy").contains("frame-ancestors 'none'"),
                "{path}"
            );
            assert!(
                !header("content-security-policy").contains("script-src 'unsafe"),
                "{path}"
            );
            assert_eq!(header("x-frame-options"), "DENY", "{path}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(header("access-control-allow-origin"), "", "{path}");
        }
        // The page's scripts and styles are files of its own, which its policy lets it load.
        let page = client
            .get(at("/docs/"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let inline = page
            .split("<script")
            .skip(1)
            .filter(|script| !script.split('>').next().unwrap().contains("src="));
        assert_eq!(inline.count(), 0, "{page}");
        assert!(
            !page.contains(" onload=") && !page.contains("http://") && !page.contains("https://"),
            "{page}"
        );
    });
}

/// Headers: other sites' scripts may call where the operator says so, and nowhere else.
#[test]
fn other_sites_may_call_where_it_is_said() {
    const APP: &str = "https://app.example.cn";
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        let preflight = async |base: String, origin: &str| {
            let ask = reqwest::Client::new()
                .request(Method::OPTIONS, format!("http://{base}{COMPLAINTS}"));
            let ask = ask
                .header("origin", origin)
                .header("access-control-request-method", "POST");
            ask.header(
                "access-control-request-headers",
                "authorization,idempotency-key",
            )
            .send()
            .await
            .unwrap()
        };
        let off = preflight(world.server.address.to_string(), APP).await;
        assert_eq!(
            (
                off.status().as_u16(),
                off.headers().get("access-control-allow-origin")
            ),
            (405, None)
        );
        world
            .restart_with(
                "DENGWEN_CORS_ORIGINS",
                "https://App.example.cn:443, http://localhost:5173",
            )
            .await;
        let base = world.server.address.to_string();
        let allowed = preflight(base.clone(), APP).await;
        assert_eq!(allowed.status().as_u16(), 204);
        let header = |name: &str| {
            allowed.headers()[name]
                .to_str()
                .unwrap()
                .to_ascii_lowercase()
        };
        assert_eq!(header("access-control-allow-origin"), APP);
        assert!(header("access-control-allow-methods").contains("post"));
        for needed in [
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
        ] {
            assert!(
                header("access-control-allow-headers").contains(needed),
                "{needed}"
            );
        }
        assert!(
            header("vary").contains("origin")
                && !allowed
                    .headers()
                    .contains_key("access-control-allow-credentials")
        );
        for other in [
            "https://evil.example",
            "https://app.example.cn.evil.example",
            "http://app.example.cn",
            "null",
        ] {
            let refused = preflight(base.clone(), other).await;
            assert_eq!(
                (
                    refused.status().as_u16(),
                    refused.headers().get("access-control-allow-origin")
                ),
                (405, None),
                "{other}"
            );
        }
        for (path, status) in [
            ("/api/v1/district", 200),
            ("/api/v1/staff/me", 401),
            ("/nothing", 404),
        ] {
            let answer = reqwest::Client::new()
                .get(format!("http://{base}{path}"))
                .header("origin", APP)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), status);
            assert_eq!(
                answer.headers()["access-control-allow-origin"],
                APP,
                "{path}"
            );
            for name in ["etag", "location", "link", "retry-after"] {
                let exposed = answer.headers()["access-control-expose-headers"]
                    .to_str()
                    .unwrap();
                assert!(exposed.to_ascii_lowercase().contains(name), "{name}");
            }
        }
    });
}

on_both!(
    the_same_request_in_another_spelling_is_the_same_request,
    null_and_the_empty_text_are_alike,
    a_second_60_is_taken_and_never_shown,
);
