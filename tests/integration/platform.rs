//! What holds for every route: problem documents, languages, unknown paths, migrations.

use dengwen::platform::db::{self, Connection};
use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use reqwest::Method;

use crate::support::{On, World, bodies::fumes};

async fn refusals_are_problem_documents_in_the_callers_language(world: World) {
    let resident = world.resident();
    let reply = resident
        .get("/api/v1/nothing-here")
        .await
        .expect_problem(404, "not_found");
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert_eq!(reply.body["title"], "未找到");
    let reply = resident
        .send(Method::GET, "/api/v1/nothing-here", |r| {
            r.header("accept-language", "en-GB")
        })
        .await;
    assert_eq!(reply.body["title"], "Not found");
    assert_eq!(reply.headers["content-language"], "en");
    let reply = resident
        .send(Method::GET, "/api/v1/nothing-here", |r| {
            r.header("accept-language", "en;q=0, zh")
        })
        .await;
    assert_eq!(
        (reply.text("/title"), &reply.headers["content-language"]),
        ("未找到".to_owned(), &"zh-CN".parse().unwrap())
    );
    let reply = resident
        .send(Method::PUT, "/api/v1/sessions", |r| r)
        .await
        .expect_problem(405, "method_not_allowed");
    assert_eq!(reply.headers["allow"], "POST, GET, HEAD");
    let reply = resident
        .send(Method::PUT, "/healthz", |r| r)
        .await
        .expect_problem(405, "method_not_allowed");
    assert_eq!(reply.headers["allow"], "GET, HEAD");
}

/// D47: no content type, broken JSON, oversized bodies: 4xx, never 500.
async fn broken_requests_are_the_clients_problem(world: World) {
    let resident = world.resident();
    let path = "/api/v1/sessions";
    resident
        .send(Method::POST, path, |r| r.body("{}"))
        .await
        .expect(400);
    resident
        .send(Method::POST, path, |r| {
            r.header("content-type", "text/plain").body("{}")
        })
        .await
        .expect(415);
    let json = |r: reqwest::RequestBuilder| r.header("content-type", "application/json");
    resident
        .send(Method::POST, path, |r| json(r).body("{\"username\":"))
        .await
        .expect(400);
    resident
        .send(Method::POST, path, |r| json(r).body(""))
        .await
        .expect(400);
    resident
        .send(Method::POST, path, |r| json(r).body(vec![b' '; 300_000]))
        .await
        .expect(413);
    resident
        .send(Method::POST, path, |r| {
            json(r).header("user-agent", "x".repeat(5000)).body("{}")
        })
        .await
        .expect(400);
    resident
        .send(Method::GET, "/api/v1/staff/me", |r| {
            r.bearer_auth("forged.token.here")
        })
        .await
        .expect(401);
}

/// HEAD is GET without the body; what is about somebody is kept by nobody.
async fn answers_keep_the_promises_of_http(world: World) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let at = |path: &str| format!("http://{}{path}", world.server.address);
    for path in ["/healthz", "/readyz", "/api/v1/district", "/openapi.json"] {
        let (head, get) = (
            client.head(at(path)).send().await.unwrap(),
            client.get(at(path)).send().await.unwrap(),
        );
        for name in ["content-type", "content-length"] {
            assert_eq!(head.headers().get(name), get.headers().get(name), "{path}");
        }
        assert_eq!(
            (head.status().as_u16(), get.status().as_u16()),
            (200, 200),
            "{path}"
        );
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
    let docs = client.get(at("/docs")).send().await.unwrap();
    assert!(docs.status().is_redirection());
    assert_eq!(docs.headers()["location"], "/docs/");
    let resident = world.resident();
    let code = resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201)
        .text("/tracking_code");
    let seen = resident
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    assert_eq!(seen.headers["cache-control"], "no-store");
    let mine = world
        .signed_in_resident("13800000001")
        .await
        .get("/api/v1/residents/me/complaints")
        .await
        .expect(200);
    assert_eq!(mine.headers["cache-control"], "no-store");
    let listed = world
        .brigade()
        .await
        .get("/api/v1/complaints")
        .await
        .expect(200);
    assert_eq!(listed.headers["cache-control"], "no-store");
    assert!(
        !resident
            .get("/api/v1/district")
            .await
            .expect(200)
            .headers
            .contains_key("cache-control")
    );
}

async fn the_server_says_how_it_is(world: World) {
    let resident = world.resident();
    resident.get("/healthz").await.expect(200);
    resident.get("/readyz").await.expect(200);
    let metrics = resident.get("/metrics").await.expect(200);
    assert!(
        String::from_utf8(metrics.bytes)
            .unwrap()
            .contains("route=\"/healthz\"")
    );
}

#[derive(QueryableByName, Debug, PartialEq)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every table with its columns, in order, and whether each may be null.
fn tables(conn: &mut Connection) -> Vec<String> {
    let query = match conn {
        Connection::Sqlite(_) => {
            "SELECT m.name || '.' || c.name || (CASE c.\"notnull\" WHEN 1 THEN '' ELSE '?' END) AS line
             FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
             ORDER BY m.name, c.cid"
        }
        Connection::Postgres(_) => {
            "SELECT table_name || '.' || column_name || (CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END) AS line
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
             ORDER BY table_name COLLATE \"C\", ordinal_position"
        }
    };
    let lines: Vec<Line> = sql_query(query).load(conn).unwrap();
    lines.into_iter().map(|l| l.line).collect()
}

/// Every index with its columns.
fn indexes(conn: &mut Connection) -> Vec<String> {
    let query = match conn {
        Connection::Sqlite(_) => {
            "SELECT m.name || ' ' || group_concat(c.name, ',') AS line
             FROM sqlite_master m JOIN pragma_index_info(m.name) c
             WHERE m.type = 'index' AND m.name NOT LIKE 'sqlite%' GROUP BY m.name ORDER BY m.name"
        }
        Connection::Postgres(_) => {
            "SELECT i.relname || ' ' || string_agg(a.attname, ',' ORDER BY k.at) AS line
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
             JOIN pg_namespace n ON n.oid = i.relnamespace AND n.nspname = 'public'
             CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k(num, at)
             JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num
             WHERE NOT x.indisprimary GROUP BY i.relname ORDER BY i.relname COLLATE \"C\""
        }
    };
    let lines: Vec<Line> = sql_query(query).load(conn).unwrap();
    lines.into_iter().map(|l| l.line).collect()
}

/// Down and up again leaves the same schema, and both databases have the same one.
async fn migrations_go_down_and_up_and_agree(world: World) {
    let (before, after, indexes) = world.db_read(|conn| {
        let before = tables(conn);
        db::revert_all(conn).unwrap();
        assert!(tables(conn).is_empty(), "{:?}", tables(conn));
        db::migrate(conn).unwrap();
        (before, tables(conn), indexes(conn))
    });
    assert_eq!(before, after);
    assert!(before.len() > 100);
    // The reference is a migrated SQLite file; PostgreSQL must have the same tables and indexes.
    if world.on == On::Postgres {
        let file = format!(
            "sqlite://{}",
            world.dir.path().join("reference.db").display()
        );
        let reference = db::Database::open(&file.parse().unwrap(), 1, db::Patience::Work).unwrap();
        let mut conn = reference.blocking().unwrap();
        db::migrate(&mut conn).unwrap();
        assert_eq!(tables(&mut conn), after);
        assert_eq!(self::indexes(&mut conn), indexes);
    }
}

on_both!(
    refusals_are_problem_documents_in_the_callers_language,
    broken_requests_are_the_clients_problem,
    answers_keep_the_promises_of_http,
    the_server_says_how_it_is,
    migrations_go_down_and_up_and_agree,
);
