//! What is pure and names the world.

use super::{assert_each, assert_sound, found};

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
