//! Blocking keys: short texts under which a report is filed and looked for, so that candidates
//! come from an index and never from a scan.
//!
//! | key | of |
//! |---|---|
//! | `g:CELL` | the H3 cell of the place; looked for in all cells within reach |
//! | `o:ID` | the registered object |
//! | `p:NAME` | the premises' name in normal form |
//! | `n:INDEX` | a person's blind index |
//! | `f:SHA256` | a photo's file |
//! | `t:HASH` | a least hash of the text |
//! | `x:CHANNEL:NUMBER` | the upstream number |
//!
//! Cells are not split by category: the taxonomy's first level is wrong in some four of a hundred
//! true pairs, and a cell of 0.1 km² holds few enough reports.

use super::Report;
use crate::district::Profile;
use crate::geo::{cell, cells_around, regions_around};

/// Keys under which a report is filed.
#[must_use]
pub fn filed_under(report: &Report) -> Vec<String> {
    let cell = report.place.and_then(|p| cell(p.point)).map(cell_key);
    cell.into_iter().chain(other_keys(report)).collect()
}

/// Keys under which a report's candidates are looked for.
#[must_use]
pub fn looked_for(report: &Report, profile: &Profile) -> Vec<String> {
    let cells = report
        .place
        .map(|place| cells_around(place.point, search_radius_m(report, profile)))
        .unwrap_or_default();
    cells
        .into_iter()
        .map(cell_key)
        .chain(other_keys(report))
        .collect()
}

/// Regions a report's search touches, sorted: what near-simultaneous reports lock.
#[must_use]
pub fn regions(report: &Report, profile: &Profile) -> Vec<i64> {
    let mut regions = report
        .place
        .map(|place| regions_around(place.point, search_radius_m(report, profile)))
        .unwrap_or_default();
    regions.sort_unstable();
    regions
}

/// Beyond twice the reach the place contributes nothing.
fn search_radius_m(report: &Report, profile: &Profile) -> f64 {
    let radius = profile
        .category(&report.category)
        .map_or(100.0, |c| c.radius_m);
    let accuracy = report.place.and_then(|p| p.accuracy_m).unwrap_or(0.0);
    2.0 * radius.max(accuracy.min(profile.rules.matching.accuracy_max_m))
}

fn cell_key(cell: i64) -> String {
    format!("g:{cell:x}")
}

fn other_keys(report: &Report) -> impl Iterator<Item = String> + '_ {
    let object = report.object_id.iter().map(|id| format!("o:{id}"));
    let premises = report.premises.iter().map(|name| format!("p:{name}"));
    let persons = report.persons.iter().map(|person| format!("n:{person}"));
    let photos = report
        .photos
        .iter()
        .map(|photo| format!("f:{}", photo.sha256));
    let texts = report.text_keys.iter().map(|key| format!("t:{key:016x}"));
    let upstream = report
        .external_no
        .iter()
        .map(|no| format!("x:{}:{no}", report.channel));
    object
        .chain(premises)
        .chain(persons)
        .chain(photos)
        .chain(texts)
        .chain(upstream)
}
