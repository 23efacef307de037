//! Small made-up trees, each with one violation; the checks must find it and nothing else.

use super::{checks, tree::Tree};

/// What the checks find in these files, as check and file.
fn found(files: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let named = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    let faults = checks::run(&named.collect::<Tree>());
    faults
        .into_iter()
        .map(|fault| (fault.check, fault.file))
        .collect()
}

/// Each of these texts at its place is one fault of that kind.
fn assert_each(check: &'static str, cases: &[(&str, &str)]) {
    for (file, text) in cases {
        assert_eq!(
            found(&[(file, text)]),
            [(check, (*file).to_owned())],
            "{text}"
        );
    }
}

/// What is as planned is not a fault.
fn assert_sound(cases: &[(&str, &str)]) {
    for (file, text) in cases {
        assert_eq!(found(&[(file, text)]), [], "{text}");
    }
}

#[test]
fn a_lower_room_names_an_upper_one() {
    assert_each(
        "upwards",
        &[
            (
                "src/ledger/words.rs",
                "use crate::{platform::{db::Id}, complaint::{body::Body}};",
            ),
            ("src/ledger/words.rs", "use crate::complaint as below;"),
            ("src/ledger/words.rs", "use crate::complaint::*;"),
            (
                "src/ledger/words.rs",
                "fn f() { crate::complaint::body::check(); }",
            ),
            (
                "src/ledger/words.rs",
                "fn f() -> crate::complaint::body::Body { todo!() }",
            ),
            (
                "src/ledger/words.rs",
                "fn f() { tokio::select! { _ = crate::complaint::body::check() => {} } }",
            ),
            (
                "src/ledger/words.rs",
                "macro_rules! m { () => { $crate::complaint::body::check() } }",
            ),
            (
                "src/ledger/words.rs",
                "#[serde(with = \"crate::complaint::body\")] struct S;",
            ),
            (
                "src/ledger/words.rs",
                "use crate as house; fn f() { house::complaint::body::check(); }",
            ),
            (
                "src/platform/http/page.rs",
                "use crate::{triage::{queue as list}};",
            ),
            (
                "src/platform/http/page.rs",
                "pub use crate::account::{self as people};",
            ),
            ("crates/platform/src/lib.rs", "use dengwen::account::Role;"),
        ],
    );
    assert_sound(&[
        (
            "src/ledger/words.rs",
            "use crate::platform::db::Id; fn f(id: crate::account::Role) {}",
        ),
        (
            "src/ledger/words.rs",
            "#[cfg(test)] mod tests { use crate::complaint::body::Body; }",
        ),
    ]);
}

/// A lower room's file that hands on an upper room's name is found, not who takes it from there.
#[test]
fn a_re_export_is_no_detour() {
    let files = [
        (
            "src/privacy/mod.rs",
            "pub mod scope; pub use crate::complaint::body::Body;",
        ),
        (
            "src/ledger/mod.rs",
            "use crate::privacy::Body; fn f(body: Body) {}",
        ),
        ("src/complaint/mod.rs", "pub mod body;"),
        ("src/complaint/body.rs", "pub struct Body;"),
    ];
    let expected =
        ["src/ledger/mod.rs", "src/privacy/mod.rs"].map(|file| ("upwards", file.to_owned()));
    assert_eq!(found(&files), expected);
}

#[test]
fn a_path_climbs_out_of_its_room() {
    assert_each(
        "climbing",
        &[
            ("src/ledger/words.rs", "use super::super::platform::db::Id;"),
            (
                "src/ledger/words.rs",
                "fn f(id: super::super::platform::db::Id) {}",
            ),
            ("src/ledger/mod.rs", "use super::platform::db::Id;"),
            (
                "src/ledger/words.rs",
                "use self::super::super::platform::db::Id;",
            ),
            (
                "src/ledger/words.rs",
                "mod inner { use super::super::super::platform::db::Id; }",
            ),
        ],
    );
    assert_sound(&[(
        "src/ledger/deep/words.rs",
        "use super::super::views::View; mod inner { use super::*; }",
    )]);
}

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
fn rules_name_the_database() {
    let text = "use diesel::prelude::*;";
    assert_each(
        "frameworks",
        &[
            ("src/matching/rules.rs", text),
            ("src/ledger/admission_rules.rs", text),
            ("src/verification/machine.rs", text),
            ("src/complaint/rank.rs", text),
            (
                "src/ledger/steps.rs",
                "use diesel as d; pub static STEPS: Machine = Machine {};",
            ),
            (
                "src/ledger/steps.rs",
                "fn f() { diesel::debug_query(x); } pub const STEPS: Machine = Machine {};",
            ),
            (
                "src/ledger/rules.rs",
                "use crate::platform::db::{Id, Connection};",
            ),
            (
                "src/ledger/rules.rs",
                "extern crate diesel as d; fn f() { d::debug() }",
            ),
            ("crates/geo/src/lib.rs", "use diesel::prelude::*;"),
        ],
    );
    assert_sound(&[(
        "src/ledger/rules.rs",
        "use crate::platform::db::{Id, UtcTime};",
    )]);
    let by_detour = [
        ("src/platform/mod.rs", "pub use diesel as rows;"),
        (
            "src/ledger/rules.rs",
            "use crate::platform::rows; fn f() { rows::debug() }",
        ),
    ];
    assert_eq!(
        found(&by_detour),
        [("frameworks", "src/ledger/rules.rs".to_owned())]
    );
}

#[test]
fn rules_name_the_web() {
    assert_each(
        "frameworks",
        &[
            ("src/ledger/machine.rs", "use actix_web::{web::{Data}};"),
            (
                "src/ledger/rules.rs",
                "fn f(app: actix_web::web::Data<u8>) {}",
            ),
            (
                "src/ledger/listing_rules.rs",
                "use crate::platform::http::etag::IfMatch;",
            ),
        ],
    );
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
fn files_of_a_room_stand_in_a_circle() {
    let two = [
        (
            "src/ledger/moves.rs",
            "use super::merge::merge; pub fn moved() {}",
        ),
        (
            "src/ledger/merge.rs",
            "pub fn merge() { super::moves::moved() }",
        ),
    ];
    assert_eq!(
        found(&two),
        [("circle of files", "src/ledger/merge.rs".to_owned())]
    );
    let three = [
        (
            "src/ledger/mod.rs",
            "pub mod a; pub mod b; pub mod c; pub use c::C;",
        ),
        (
            "src/ledger/a.rs",
            "use super::{b}; pub struct A; fn f() { b::f() }",
        ),
        ("src/ledger/b.rs", "pub fn f() { let c: super::C; }"),
        ("src/ledger/c.rs", "pub struct C(super::a::A);"),
    ];
    assert_eq!(
        found(&three),
        [("circle of files", "src/ledger/a.rs".to_owned())]
    );
    let child_and_parent = [
        (
            "src/ledger/mod.rs",
            "mod a; pub struct M; fn f() { a::f() }",
        ),
        ("src/ledger/a.rs", "pub fn f() -> super::M { todo!() }"),
    ];
    assert_eq!(found(&child_and_parent), []);
}

/// Two rooms that name each other: one of them names upwards as well, whatever the plan says.
#[test]
fn rooms_stand_in_a_circle() {
    let two = [
        (
            "src/ledger/mod.rs",
            "pub fn f() { crate::complaint::own::f() }",
        ),
        ("src/ledger/deep.rs", "pub fn f() {}"),
        ("src/complaint/own.rs", "pub fn f() {}"),
        ("src/complaint/case.rs", "use crate::ledger::deep::f;"),
    ];
    let expected = [
        ("circle of rooms", "complaint".to_owned()),
        ("upwards", "src/ledger/mod.rs".to_owned()),
    ];
    assert_eq!(found(&two), expected);
}

#[test]
fn the_ground_floor_opens_a_file() {
    assert_each(
        "files",
        &[
            (
                "crates/photo/src/exif.rs",
                "fn f() { std::fs::read(\"a\"); }",
            ),
            (
                "crates/photo/src/exif.rs",
                "use std::{fs::{File as Photo}};",
            ),
            (
                "crates/photo/src/exif.rs",
                "use std as s; fn f() { s::fs::read(\"a\"); }",
            ),
            ("crates/photo/src/exif.rs", "use std::*;"),
            ("crates/text/src/keys.rs", "use tokio::fs;"),
            (
                "crates/text/src/keys.rs",
                "fn f(path: &Path) { path.read_dir(); }",
            ),
            ("src/geo/mod.rs", "fn f() { ::std::fs::read(\"a\"); }"),
        ],
    );
    assert_sound(&[("src/sweep.rs", "use std::fs;")]);
}

#[test]
fn the_ground_floor_talks_to_the_network() {
    assert_each(
        "network",
        &[
            ("crates/linkage/src/model.rs", "use std::net::TcpStream;"),
            (
                "crates/geo/src/lib.rs",
                "async fn f() { reqwest::get(\"http://a\").await; }",
            ),
            ("crates/geo/src/lib.rs", "use tokio::{net::{UdpSocket}};"),
        ],
    );
}

#[test]
fn the_engine_or_a_rule_reads_the_clock() {
    assert_each(
        "clock",
        &[
            (
                "crates/linkage/src/compare.rs",
                "use chrono::Utc; fn f() { Utc::now(); }",
            ),
            (
                "crates/linkage/src/compare.rs",
                "use std::time::{Instant as At}; fn f() { At::now(); }",
            ),
            (
                "crates/linkage/src/compare.rs",
                "fn f() { x.unwrap_or_else(std::time::SystemTime::now); }",
            ),
            (
                "crates/linkage/src/compare.rs",
                "type T = chrono::Local; fn f() { T::now(); }",
            ),
            (
                "crates/linkage/src/compare.rs",
                "use chrono::Utc; fn f() { <Utc>::now(); }",
            ),
            (
                "src/matching/rules.rs",
                "use chrono::Utc; fn f() { format!(\"{}\", Utc::now()); }",
            ),
            (
                "src/complaint/rank.rs",
                "fn f(began: std::time::Instant) { began.elapsed(); }",
            ),
        ],
    );
    assert_sound(&[(
        "src/matching/rules.rs",
        "use chrono::{DateTime, Utc}; fn f(now: DateTime<Utc>) {}",
    )]);
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

#[test]
fn the_module_tree_is_left() {
    assert_each(
        "detour",
        &[
            (
                "src/ledger/mod.rs",
                "#[path = \"../complaint/body.rs\"] mod body;",
            ),
            ("src/ledger/mod.rs", "include!(\"../complaint/body.rs\");"),
        ],
    );
    assert_each("rooms", &[("src/nowhere/mod.rs", "fn f() {}")]);
}
