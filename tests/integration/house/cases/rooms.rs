//! Rooms and files that name what they may not.

use super::{assert_each, assert_sound, found};

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
fn the_module_tree_is_left() {
    assert_each(
        "detour",
        &[
            (
                "src/ledger/mod.rs",
                "#[path = \"../complaint/body.rs\"] mod body;",
            ),
            ("src/ledger/mod.rs", "include!(\"../complaint/body.rs\");"),
            (
                "crates/text/src/lib.rs",
                "#[cfg(test)] #[path = \"../../../tests/made.rs\"] mod made;",
            ),
        ],
    );
    let from_a_test = [
        ("crates/text/src/lib.rs", "#[cfg(test)] mod tests;"),
        (
            "crates/text/src/tests.rs",
            "#[path = \"../../../tests/made.rs\"] mod made;",
        ),
    ];
    let expected = [("detour", "crates/text/src/tests.rs".to_owned())];
    assert_eq!(found(&from_a_test), expected);
    assert_sound(&[(
        "crates/text/src/phone.rs",
        "#[cfg(test)] #[path = \"phone_tests.rs\"] mod tests;",
    )]);
    assert_each("rooms", &[("src/nowhere/mod.rs", "fn f() {}")]);
}
