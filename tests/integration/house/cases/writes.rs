//! Writes that are opened, repeated or aimed where they may not be.

use super::{assert_each, assert_sound};

#[test]
fn a_transaction_is_opened_outside_a_handler_or_a_job() {
    assert_each(
        "transaction",
        &[
            (
                "src/ledger/queries.rs",
                "fn f(c: &mut C) { c.transaction(|c| g(c)) }",
            ),
            (
                "src/ledger/queries.rs",
                "fn f(c: &mut C) { Connection::transaction(c, |c| g(c)) }",
            ),
            (
                "src/ledger/queries.rs",
                "fn f(c: &mut C) { c.immediate_transaction(g) }",
            ),
            (
                "src/ledger/queries.rs",
                "fn f(c: &mut C) { c.batch_execute(\"BEGIN IMMEDIATE\") }",
            ),
            (
                "src/ledger/words.rs",
                "async fn f(db: Database) { db.write(move |c| g(c)).await }",
            ),
            (
                "src/ledger/words.rs",
                "async fn f(app: &App) { patient(app).write(move |c| g(c)).await }",
            ),
            (
                "src/ledger/words.rs",
                "async fn f(app: &App) { app.db.write_within(LIMIT, g).await }",
            ),
            (
                "src/ledger/words.rs",
                "async fn f(app: &App) { Database::write(&app.db, g).await }",
            ),
            (
                "src/ledger/words.rs",
                "async fn f(key: IdempotencyKey) { key.write_once(db, p, now, g).await }",
            ),
            (
                "src/matching/rules.rs",
                "async fn f(app: &App) { tokio::select! { a = app.db.write(move |c| g(c)) => {} } }",
            ),
            (
                "src/ledger/routes.rs",
                "#[utoipa::path(get)] async fn f(c: &mut C) { c.transaction(|c| g(c)) }",
            ),
        ],
    );
    assert_sound(&[
        (
            "src/ledger/routes.rs",
            "#[utoipa::path(get)] async fn f(app: &App) { app.db.write(move |c| g(c)).await }",
        ),
        (
            "src/ledger/words.rs",
            "fn f(out: &mut Vec<u8>) { out.write(b\"a\") }",
        ),
        (
            "src/sweep.rs",
            "impl Job for Sweep { async fn run(self, app: &App) { app.db.write(move |c| g(c)).await } }",
        ),
        (
            "src/cli/keys.rs",
            "fn f(db: Database) { db.write(|c| g(c)) }",
        ),
    ]);
}

#[test]
fn a_handler_writes_twice() {
    let handler = |body: &str| format!("#[utoipa::path(post)] async fn f(app: &App) {{ {body} }}");
    let write = "app.db.write(move |c| g(c)).await;";
    let cases = [
        handler(&format!("{write} {write}")),
        handler(&format!("if a {{ {write} }} {write}")),
        handler(&format!("{write} key.write_once(&app.db, p, now, g).await")),
        handler(&format!("for x in list {{ {write} }}")),
    ];
    for text in &cases {
        assert_each("two writes", &[("src/ledger/routes.rs", text)]);
    }
    let shared = format!("async fn step(app: &App) {{ {write} }}");
    let shared = format!("{shared} {}", handler("step(app).await; step(app).await"));
    assert_each("two writes", &[("src/triage/replies.rs", &shared)]);
    let one = [
        handler(&format!("if a {{ {write} }} else {{ {write} }}")),
        handler(&format!("if a {{ {write} return x; }} {write}")),
        handler(&format!(
            "match a {{ A => {{ {write} }} B => {{ {write} }} }}"
        )),
    ];
    for text in &one {
        assert_sound(&[("src/ledger/routes.rs", text)]);
    }
}

#[test]
fn a_state_is_written_past_the_machine() {
    let update = "diesel::update(complaint::table.find(id))";
    let set =
        |before: &str, set: &str| format!("{before} fn f() {{ {update}.set({set}).execute(c) }}");
    let imported = "use crate::platform::db::schema::complaint;";
    let cases = [
        set(imported, "complaint::state.eq(\"closed\")"),
        set(imported, "(complaint::version.eq(2), complaint::state.eq(to))"),
        format!("{imported} fn f() {{ let to = complaint::state.eq(\"closed\"); {update}.set(to) }}"),
        "use crate::platform::db::schema::complaint as c; fn f() { on_each!(x, |x| diesel::update(c::table).set(c::state.eq(1))) }".to_owned(),
        "use crate::platform::db::schema::complaint::{self, dsl::*}; fn f() { diesel::update(complaint::table).set(state.eq(1)) }".to_owned(),
        "#[derive(AsChangeset)] #[diesel(table_name = crate::platform::db::schema::complaint)] struct Step { state: String }".to_owned(),
    ];
    for text in &cases {
        assert_each("state", &[("src/complaint/desk.rs", text)]);
    }
    assert_sound(&[
        (
            "src/complaint/desk.rs",
            "use crate::platform::db::schema::complaint; fn f() { complaint::table.filter(complaint::state.eq(\"closed\")) }",
        ),
        (
            "src/platform/keys.rs",
            "use super::db::schema::secret_key; fn f() { diesel::update(secret_key::table).set(secret_key::state.eq(1)) }",
        ),
    ]);
}

#[test]
fn a_table_is_written_outside_its_owners_room() {
    let imported = "use crate::platform::db::schema::complaint;";
    let text = |body: &str| format!("{imported} fn f() {{ {body} }}");
    let cases = [
        text("diesel::insert_into(complaint::table).values(x)"),
        text("diesel::update(complaint::table.find(id)).set(x)"),
        text("diesel::delete(complaint::table.filter(complaint::id.eq(id)))"),
        text("let open = complaint::table.filter(a); let open = open.filter(b); diesel::update(open).set(x)"),
        text("let open = || complaint::table.filter(a); diesel::update(open()).set(x)"),
        format!("{imported} fn open() -> Q {{ complaint::table.filter(a) }} fn f() {{ diesel::update(open().filter(b)).set(x) }}"),
        text("on_each!(c, |c| diesel::insert_into(complaint::table).execute(c))"),
        text("x.values(y).insert_into(complaint::table)"),
        "use diesel::update as change; fn f() { diesel::update(crate::platform::db::schema::complaint::table) }".to_owned(),
        "use diesel::{delete}; use crate::platform::db::schema; fn f() { delete(schema::complaint::table) }".to_owned(),
        "fn f() { sql_query(\"UPDATE complaint SET risk = 1\") }".to_owned(),
        "fn f() { sql_query(format!(\"DELETE FROM complaint WHERE id = {id}\")) }".to_owned(),
        "fn f(open: Q) { diesel::update(open).set(x) }".to_owned(),
    ];
    for text in &cases {
        assert_each("table", &[("src/ledger/moves.rs", text)]);
    }
    assert_sound(&[
        ("src/complaint/queries.rs", &cases[0]),
        (
            "src/ledger/moves.rs",
            "fn f() { hash.update(bytes); delete(); sql_query(\"SELECT 1\") }",
        ),
    ]);
}
