//! Conditions on what was read before: `If-Match` and `If-None-Match` (RFC 9110, 13).

use dengwen::account::Role;
use reqwest::Method;
use serde_json::json;

use crate::support::{Actor, Reply, World, bodies::fumes};

const COMPLAINTS: &str = "/api/v1/complaints";

/// A request with these headers, several of one name among them.
async fn with(actor: &Actor, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    let body = (method == Method::PATCH)
        .then(|| json!({ "reason": "核对地址", "address": format!("东街口{}号", headers.len()) }));
    actor
        .send(method, path, |request| {
            let headed = headers
                .iter()
                .fold(request, |r, (name, value)| r.header(*name, *value));
            match body {
                Some(body) => headed.json(&body),
                None => headed,
            }
        })
        .await
}

fn tag_of(reply: &Reply) -> String {
    reply.headers["etag"].to_str().unwrap().to_owned()
}

/// A write goes by the version that was read: by its tag, by the version alone, by any of a list
/// on one line or several, or by whatever there is.
async fn a_write_goes_by_the_version_that_was_read(world: World) {
    let brigade = world.brigade().await;
    let filed = world.resident().post(COMPLAINTS, fumes(None, 0.0)).await;
    let path = format!("{COMPLAINTS}/{}", filed.expect(201).text("/number"));
    let read = async || {
        let seen = brigade.get(&path).await.expect(200);
        (seen.body["version"].as_i64().unwrap(), tag_of(&seen))
    };
    let (version, tag) = read().await;
    let (own, weak) = (format!("\"{version}\""), format!("W/\"{version}\""));
    let (list, weak_tag) = (format!("\"99\", {weak}"), format!("W/{tag}"));
    for stale in [
        weak.as_str(),
        &weak_tag,
        "\"99\"",
        "\"\"",
        &list,
        &format!("\"0{version}\""),
    ] {
        let refused = with(&brigade, Method::PATCH, &path, &[("if-match", stale)]).await;
        refused.expect_problem(412, "precondition_failed");
    }
    for taken in [weak.as_str(), &own, &weak_tag, "*", &list] {
        let headers = [("if-match", "*"), ("if-none-match", taken)];
        let refused = with(&brigade, Method::PATCH, &path, &headers).await;
        refused.expect_problem(412, "precondition_failed");
    }
    let unquoted = version.to_string();
    for wrong in [
        unquoted.as_str(),
        "\"3",
        "",
        ",",
        "*, \"3\"",
        "\"3\" \"4\"",
        "w/\"3\"",
        "\"3\", 4",
    ] {
        for name in ["if-match", "if-none-match"] {
            let refused = with(&brigade, Method::PATCH, &path, &[(name, wrong)]).await;
            let said = refused
                .expect_problem(400, "malformed_request")
                .text("/detail");
            assert!(said.contains(name) && said.contains("\"3\""), "{said}");
        }
    }
    let alone = with(
        &brigade,
        Method::PATCH,
        &path,
        &[("if-none-match", "\"99\"")],
    )
    .await;
    alone.expect_problem(428, "precondition_required");
    assert_eq!(read().await, (version, tag), "nothing was written");
    type Shape = fn(i64, String) -> Vec<(&'static str, String)>;
    let shapes: [Shape; 6] = [
        |version, _| vec![("if-match", format!("\"{version}\""))],
        |_, tag| vec![("if-match", tag)],
        |_, _| vec![("if-match", "*".to_owned())],
        |version, _| {
            vec![(
                "if-match",
                format!("\"4,5\" ,, W/\"{version}\",\"{version}\""),
            )]
        },
        |version, _| {
            let lines = [
                "\"98\"".to_owned(),
                format!("\"{version}\""),
                "\"99\"".to_owned(),
            ];
            lines.map(|line| ("if-match", line)).to_vec()
        },
        |_, tag| {
            vec![
                ("if-match", tag),
                ("if-none-match", "\"99\", W/\"98\"".to_owned()),
            ]
        },
    ];
    for shape in shapes {
        let (version, tag) = read().await;
        let headers = shape(version, tag);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let done = with(&brigade, Method::PATCH, &path, &headers)
            .await
            .expect(200);
        assert_eq!(tag_of(&done), format!("\"{}\"", version + 1), "{headers:?}");
    }
}

/// What was read before and is still so is not sent again; what hangs on a row makes another tag
/// of the same version.
async fn what_was_read_is_not_sent_again(world: World) {
    let (brigade, resident) = (world.brigade().await, world.resident());
    let receipt = resident
        .post(COMPLAINTS, fumes(None, 0.0))
        .await
        .expect(201);
    let number = receipt.text("/number");
    let path = format!("{COMPLAINTS}/{number}");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    brigade
        .post(&format!("{path}/decision"), accept)
        .await
        .expect(200);
    let visit = brigade
        .post(&format!("{path}/verifications"), json!({}))
        .await
        .expect(201)
        .text("/id");
    let entry = brigade.get(&path).await.expect(200).text("/entry");
    for path in [
        path.clone(),
        format!("/api/v1/entries/{entry}"),
        format!("/api/v1/verifications/{visit}"),
    ] {
        let tag = tag_of(&brigade.get(&path).await.expect(200));
        let (weak, list) = (format!("W/{tag}"), format!("\"x,y\", {tag}"));
        for method in [Method::GET, Method::HEAD] {
            for same in [tag.as_str(), &weak, &list, "*"] {
                let headers = [("if-none-match", same)];
                let reply = with(&brigade, method.clone(), &path, &headers)
                    .await
                    .expect(304);
                assert!(reply.bytes.is_empty());
                assert_eq!(tag_of(&reply), tag);
                assert_eq!(reply.headers["cache-control"], "no-store");
            }
            let lines = [("if-none-match", "\"x\""), ("if-none-match", tag.as_str())];
            with(&brigade, method.clone(), &path, &lines)
                .await
                .expect(304);
            let both = [("if-match", tag.as_str()), ("if-none-match", "\"x\"")];
            with(&brigade, method.clone(), &path, &both)
                .await
                .expect(200);
            let first = [("if-match", weak.as_str()), ("if-none-match", tag.as_str())];
            with(&brigade, method.clone(), &path, &first)
                .await
                .expect(412);
            let unread = [("if-none-match", tag.trim_matches('"'))];
            with(&brigade, method, &path, &unread).await.expect(400);
        }
        let other = [("if-none-match", "\"99\"")];
        with(&brigade, Method::GET, &path, &other).await.expect(200);
    }
    let before = brigade.get(&path).await.expect(200);
    let more = json!({ "text": "昨晚又排了" });
    let tracking = format!(
        "/api/v1/tracking/{}/supplements",
        receipt.text("/tracking_code")
    );
    resident.post(&tracking, more).await.expect(201);
    let known = tag_of(&before);
    let after = with(&brigade, Method::GET, &path, &[("if-none-match", &known)])
        .await
        .expect(200);
    assert_eq!(after.body["version"], before.body["version"]);
    assert_ne!(tag_of(&after), known);
    // Whom it is not shown to learns nothing by a condition.
    let service = world.staff(Role::Service).await;
    with(&service, Method::GET, &path, &[("if-none-match", "*")])
        .await
        .expect(403);
}

on_both!(
    a_write_goes_by_the_version_that_was_read,
    what_was_read_is_not_sent_again,
);
