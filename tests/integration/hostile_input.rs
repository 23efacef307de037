//! What no client should send is the client's problem, by name, and never ours.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dengwen::{account::Role, platform::db::schema::complaint};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    World,
    bodies::{fumes, river},
};

/// A cursor of the queue that is forged from a real one: of its list, with another key.
fn forged(real: &str, key: &Value) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(real).unwrap();
    let mut parts: Value = serde_json::from_slice(&bytes).unwrap();
    parts[1] = key.clone();
    URL_SAFE_NO_PAD.encode(parts.to_string())
}

/// A letter NUL is in no text anybody means, and no database keeps one.
async fn nul_is_refused_wherever_it_comes(world: World) {
    let resident = world.resident();
    for field in ["description", "address", "premises", "demand"] {
        let mut body = fumes(None, 0.0);
        body[field] = json!("楼下\u{0}油烟");
        let refused = resident
            .post("/api/v1/complaints", body)
            .await
            .expect_problem(422, "invalid");
        assert_eq!(
            (
                refused.body["items"][0]["location"].clone(),
                refused.body["items"][0]["code"].clone()
            ),
            (json!(field), json!("nul_letter"))
        );
    }
    resident
        .post(
            "/api/v1/sessions",
            json!({ "username": "a\u{0}b", "password": "y" }),
        )
        .await
        .expect_problem(422, "invalid");
    resident
        .get("/api/v1/tracking/%00")
        .await
        .expect_problem(404, "not_found");
    let brigade = world.staff(Role::Brigade).await;
    brigade
        .get("/api/v1/complaints/GL%00")
        .await
        .expect_problem(404, "not_found");
    brigade
        .get("/api/v1/entries/GL%00")
        .await
        .expect_problem(404, "not_found");
    let refused = brigade
        .get("/api/v1/triage/queue?category=%00")
        .await
        .expect_problem(400, "bad_parameter");
    assert_eq!(refused.body["items"][0]["location"], "query.category");
    assert_eq!(
        world.db_read(|c| complaint::table.count().get_result::<i64>(c).unwrap()),
        0
    );
}

/// Years no database keeps and no other zone can show are refused, in every place for a time.
async fn impossible_years_are_refused(world: World) {
    let resident = world.resident();
    let (filed, code) = {
        let receipt = resident
            .post("/api/v1/complaints", fumes(None, 0.0))
            .await
            .expect(201);
        (receipt.text("/number"), receipt.text("/tracking_code"))
    };
    let (office, brigade) = (
        world.staff(Role::Office).await,
        world.staff(Role::Brigade).await,
    );
    resident
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let real = brigade
        .get("/api/v1/triage/queue?limit=1")
        .await
        .expect(200)
        .text("/next_cursor");
    let nul = forged(&real, &json!([1, "2026-01-01", "\u{0}"]));
    brigade
        .get(&format!("/api/v1/triage/queue?cursor={nul}"))
        .await
        .expect_problem(400, "unknown_cursor");
    let early = forged(&real, &json!([i32::MIN, "2026-01-01", filed]));
    assert_eq!(
        brigade
            .get(&format!("/api/v1/triage/queue?cursor={early}"))
            .await
            .expect(200)
            .body["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for year in ["-9999", "+262142", "0001", "2201"] {
        let at = json!(format!("{year}-01-01T00:00:00Z"));
        let out_of_range = |reply: crate::support::Reply, location: &str| {
            let item = reply.expect_problem(400, "malformed_request").body["items"][0].clone();
            assert_eq!(
                (item["location"].clone(), item["code"].clone()),
                (json!(location), json!("out_of_range"))
            );
        };
        for field in ["occurred_at", "occurred_until"] {
            let mut body = fumes(None, 0.0);
            body[field] = at.clone();
            out_of_range(
                resident.post("/api/v1/complaints", body).await,
                &format!("body.{field}"),
            );
        }
        let more = json!({ "text": "又排烟了", "occurred_at": at });
        out_of_range(
            resident
                .post(&format!("/api/v1/tracking/{code}/supplements"), more)
                .await,
            "body.occurred_at",
        );
        let intake =
            json!({ "channel": "letter", "received_at": at, "complaint": fumes(None, 0.0) });
        out_of_range(
            office.post("/api/v1/intake", intake).await,
            "body.received_at",
        );
        let sent = json!({ "due_on": format!("{year}-01-01") });
        out_of_range(
            brigade
                .post(&format!("/api/v1/complaints/{filed}/verifications"), sent)
                .await,
            "body.due_on",
        );
        let cursor = forged(&real, &json!([1, format!("{year}-01-01"), filed]));
        let page = brigade
            .get(&format!("/api/v1/triage/queue?cursor={cursor}"))
            .await;
        assert!([200, 400].contains(&page.status), "{}", page.body);
        let query = format!(
            "/api/v1/triage/queue?due_until={}-01-01",
            year.replace('+', "%2B")
        );
        let refused = brigade
            .get(&query)
            .await
            .expect_problem(400, "bad_parameter");
        assert_eq!(refused.body["items"][0]["location"], "query.due_until");
    }
}

/// A fault of shape is told with the whole path of its field.
async fn wrong_shapes_name_the_nested_field(world: World) {
    let resident = world.resident();
    let with = |field: &str, value: Value| {
        let mut body = fumes(None, 0.0);
        body[field] = value;
        body
    };
    let cases = [
        (
            with(
                "location",
                json!({ "lon": "x", "lat": 26.0, "datum": "WGS84" }),
            ),
            "body.location.lon",
            "wrong_type",
        ),
        (
            with("location", json!({ "lon": 119.3, "lat": 26.0 })),
            "body.location.datum",
            "required",
        ),
        (
            with(
                "location",
                json!({ "lon": 119.3, "lat": 26.0, "datum": "WGS72" }),
            ),
            "body.location.datum",
            "unknown_value",
        ),
        (
            with("reporter", json!({ "mail": "a@b.cn" })),
            "body.reporter.mail",
            "unknown_field",
        ),
        (
            with("acknowledged_similar", json!(["GL20261124-0001", 7])),
            "body.acknowledged_similar[1]",
            "wrong_type",
        ),
        (
            with("occurred_at", json!("yesterday")),
            "body.occurred_at",
            "wrong_type",
        ),
    ];
    for (body, location, code) in cases {
        let item = resident
            .post("/api/v1/complaints", body)
            .await
            .expect_problem(400, "malformed_request")
            .body["items"][0]
            .clone();
        assert_eq!(
            (item["location"].clone(), item["code"].clone()),
            (json!(location), json!(code))
        );
    }
    let brigade = world.staff(Role::Brigade).await;
    let item = brigade
        .get("/api/v1/triage/queue?limit=many")
        .await
        .expect_problem(400, "bad_parameter")
        .body["items"][0]
        .clone();
    assert_eq!(item["location"], "query.limit");
    let item = brigade
        .get("/api/v1/triage/queue?colour=red")
        .await
        .expect_problem(400, "bad_parameter")
        .body["items"][0]
        .clone();
    assert_eq!(item["location"], "query.colour");
}

on_both!(
    nul_is_refused_wherever_it_comes,
    impossible_years_are_refused,
    wrong_shapes_name_the_nested_field,
);
