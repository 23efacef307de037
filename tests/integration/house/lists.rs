//! What is made is listed: operations, registers, jobs, machines.

use std::collections::BTreeSet;

use super::{
    checks::{Fault, Found},
    names::{House, Place},
    plan,
    said::{Said, What},
};

/// What must be named by which list.
const LISTED: [(What, What); 5] = [
    (What::Operations, What::Capabilities),
    (What::Jobs, What::Capabilities),
    (What::Job, What::Jobs),
    (What::Register, What::Operations),
    (What::Machine, What::Subject),
];

/// Where a name leads; what a macro made stands in the module that names it.
fn path(house: &House, at: usize, said: &Said) -> Said {
    let place = house.lead(at, said);
    house.spelled(&place.unwrap_or_else(|| Place::Item(at, said.clone())))
}

/// Everything in a house that no list names.
pub fn unlisted(house: &House) -> Vec<Fault> {
    let mut named: BTreeSet<(What, Said)> = BTreeSet::new();
    for (at, _, module) in house.written() {
        for list in &module.made {
            let names = list
                .names
                .iter()
                .map(|mention| path(house, at, &mention.said));
            named.extend(names.map(|path| (list.what, path)));
        }
    }
    let mut found = Found::default();
    for (at, file, module) in house.written() {
        for made in &module.made {
            let path = path(house, at, &made.said);
            let is_listed = match LISTED.iter().find(|(what, _)| *what == made.what) {
                Some((_, list)) => named.contains(&(*list, path.clone())),
                None if made.what == What::Subject => plan::SUBJECTS.contains(&&*path.join("::")),
                None => true,
            };
            if !is_listed {
                found.add("list", file, made.line, path.join("::"));
            }
        }
    }
    found.into_faults()
}
