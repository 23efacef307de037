//! What is made and stands in no list.

use crate::house::{lists, names::House, tree::Tree};

/// What no list names in these files.
fn unlisted(files: &[(&str, &str)]) -> Vec<String> {
    let named = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    let house = House::of(&named.collect::<Tree>());
    let faults = lists::unlisted(&house).into_iter();
    faults.map(|fault| fault.what).collect()
}

const CAPABILITIES: (&str, &str) = (
    "src/operations.rs",
    "use crate::{complaint, ledger}; pub static CAPABILITIES: &[&[Operation]] = &[complaint::OPERATIONS, ledger::OPERATIONS];",
);

#[test]
fn operations_are_in_no_list() {
    let operations = "pub static OPERATIONS: &[Operation] = &[];";
    let listed = [
        CAPABILITIES,
        ("src/complaint/mod.rs", operations),
        ("src/ledger/mod.rs", operations),
    ];
    assert_eq!(unlisted(&listed), [""; 0]);
    let more = [&listed[..], &[("src/triage/mod.rs", operations)]].concat();
    assert_eq!(unlisted(&more), ["dengwen::triage::OPERATIONS"]);
}

#[test]
fn a_register_is_in_no_list() {
    let file = "src/ledger/mod.rs";
    let kept = "pub struct Shop; impl register::Item for Shop {}";
    let operations = "pub static OPERATIONS: [Operation; 5] = register::operations::<Shop>();";
    let listed = format!("{kept} {operations}");
    assert_eq!(unlisted(&[CAPABILITIES, (file, &listed)]), [""; 0]);
    let forgotten = "pub static OPERATIONS: [Operation; 5] = register::operations::<Other>();";
    let forgotten = format!("{kept} pub struct Other; {forgotten}");
    let found = unlisted(&[CAPABILITIES, (file, &forgotten)]);
    assert_eq!(found, ["dengwen::ledger::Shop"]);
}

#[test]
fn a_job_is_in_no_list() {
    let jobs = (
        "src/jobs.rs",
        "use crate::sweep; pub static CAPABILITIES: &[&[R]] = &[sweep::JOBS];",
    );
    let two = "pub struct A; impl Job for A {} pub struct B; impl Job for B {}";
    let sweep = |list: &str| format!("{two} pub const JOBS: &[R] = &[{list}];");
    let both = sweep("R::of::<A>(), R::of::<B>()");
    assert_eq!(unlisted(&[jobs, ("src/sweep.rs", &both)]), [""; 0]);
    let one = sweep("R::of::<A>()");
    let found = unlisted(&[jobs, ("src/sweep.rs", &one)]);
    assert_eq!(found, ["dengwen::sweep::B"]);
    let alone = [("src/rotation.rs", "pub const JOBS: &[R] = &[];")];
    assert_eq!(unlisted(&alone), ["dengwen::rotation::JOBS"]);
}

#[test]
fn a_machine_is_in_no_list() {
    let machine = (
        "src/ledger/machine.rs",
        "pub static MACHINE: Machine<S, E, F> = Machine {};",
    );
    assert_eq!(unlisted(&[machine]), ["dengwen::ledger::machine::MACHINE"]);
    let subject = |name: &str| {
        format!(
            "use super::machine::MACHINE; pub struct {name}; impl Subject for {name} {{ const MACHINE: &'static Machine<S, E, F> = &MACHINE; }}"
        )
    };
    let queries = "src/ledger/queries.rs";
    assert_eq!(unlisted(&[machine, (queries, &subject("Entry"))]), [""; 0]);
    assert_eq!(
        unlisted(&[machine, (queries, &subject("Page"))]),
        ["dengwen::ledger::queries::Page"]
    );
}
