//! Blocking keys: numbers under which a report is filed and looked for, so that candidates come
//! from an index and never from a scan. The same keys serve the database and the batch index.
//!
//! | key | of | looked for |
//! |---|---|---|
//! | cell | H3 cell (res. 9) and coarse category | in all cells within reach |
//! | spot | H3 cell (res. 11) | in it and its neighbours, whatever the category |
//! | address | the whole address | as filed |
//! | road | each road named, coarse category, month | this month and its neighbours |
//! | round | coarse category, two hours | these two hours and their neighbours |
//! | minutes | ten minutes | these and their neighbours, whatever the category |
//! | days | category, four days | by reports without a place; those without a place by all |
//! | name | each compound, water and firm named | as filed |
//! | sender, object, premises, person, photo, text, number | | as filed |
//!
//! A hot key is cut to its newest rows ([`PER_KEY`]), which is deterministic: the same reports in
//! the same order always meet the same candidates.

use std::cmp::Reverse;

use super::Report;
use dengwen_geo::{cell, cells_around, regions_around, spot, spots_around};
use dengwen_text::{NameKind, number_key};

/// Rows taken of one key at most, the nearest in time.
pub const PER_KEY: usize = 32;

/// Candidates of a new report at most, the nearest in time.
pub const CANDIDATES_MAX: usize = 112;

/// How many times the caps a clean-up looks at: nobody waits for it.
pub const CLEAN_UP: usize = 3;

/// How many times the reach reports are looked for: beyond, the place says nothing for a pair.
const REACHES: f64 = 5.0;

/// Metres looked at, at least and at most.
const SEARCH_M: std::ops::RangeInclusive<f64> = 150.0..=1200.0;

const MONTH_S: i64 = 30 * 86_400;
const ROUND_S: i64 = 7200;
const MINUTES_S: i64 = 600;
const DAYS_S: i64 = 4 * 86_400;

/// Key kinds of reports by category and days: all of them, and those without a place.
const ALL_OF_DAYS: u8 = 15;
const PLACELESS_OF_DAYS: u8 = 16;

/// Key kind of reports by minutes.
const OF_MINUTES: u8 = 17;

/// A key: a kind and what it is of, mixed into a number.
fn key(kind: u8, parts: &[u64]) -> i64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(kind).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for part in parts {
        sum = (sum ^ part).wrapping_mul(0x0000_0100_0000_01b3);
        sum ^= sum >> 29;
        sum = sum.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (sum ^ (sum >> 32)).cast_signed()
}

fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Keys under which a report is filed.
#[must_use]
pub fn filed_under(report: &Report) -> Vec<i64> {
    let mut keys = same_both_ways(report);
    if let Some(place) = report.place {
        keys.extend(cell(place.point).map(|c| cell_key(c, report)));
        keys.extend(spot(place.point).map(spot_key));
    }
    keys.extend(roads(report, 0));
    keys.push(round(report, 0));
    keys.push(minutes(report, 0));
    keys.push(placeless(report, 0, ALL_OF_DAYS));
    if report.place.is_none() {
        keys.push(placeless(report, 0, PLACELESS_OF_DAYS));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A key that candidates are looked for under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The key.
    pub key: i64,
    /// Whether what is found there counts only within the search radius: a cell or a spot. Anything
    /// else counts wherever it lies.
    pub near: bool,
    /// How much the key speaks for what is filed under it; see [`Found`].
    pub says: u8,
}

/// What keys say for a candidate. A place that is named says most; what lies on one spot more than
/// what lies some cells away, which says as little as the same hours in the same category.
mod says {
    pub const TOLD: u8 = 6;
    pub const SPOT: u8 = 4;
    pub const ROAD: u8 = 3;
    pub const MINUTES: u8 = 3;
    pub const CELL: u8 = 2;
    pub const HOURS: u8 = 2;
}

/// Where a report's candidates are looked for. `radius_m` is its category's radius; `both_ways`
/// looks among later reports as well.
#[must_use]
pub fn looked_for(report: &Report, radius_m: f64, both_ways: bool) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    if let Some(place) = report.place {
        let near = |key, says| Asked {
            key,
            near: true,
            says,
        };
        let cells = cells_around(place.point, search_radius_m(report, radius_m));
        asked.extend(
            cells
                .into_iter()
                .map(|c| near(cell_key(c, report), says::CELL)),
        );
        let spots = spots_around(place.point).into_iter();
        asked.extend(spots.map(|s| near(spot_key(s), says::SPOT)));
    }
    let told = |key, says| Asked {
        key,
        near: false,
        says,
    };
    let steps: &[i64] = if both_ways { &[-1, 0, 1] } else { &[-1, 0] };
    let of_days = if report.place.is_none() {
        ALL_OF_DAYS
    } else {
        PLACELESS_OF_DAYS
    };
    asked.extend(
        same_both_ways(report)
            .into_iter()
            .map(|k| told(k, says::TOLD)),
    );
    for step in steps {
        asked.extend(roads(report, *step).map(|k| told(k, says::ROAD)));
        asked.push(told(round(report, *step), says::HOURS));
        asked.push(told(minutes(report, *step), says::MINUTES));
        asked.push(told(placeless(report, *step, of_days), says::HOURS));
    }
    // In the order of the keys the index is read from front to back.
    asked.sort_unstable_by_key(|asked| (asked.key, Reverse(asked.says)));
    asked.dedup_by_key(|asked| asked.key);
    asked
}

/// What was found under the keys of a look-up, to be cut to the most likely before any of it is
/// loaded: what most keys speak for comes first, then the newest.
#[derive(Debug, Default)]
pub struct Found<T> {
    each: Vec<Seen<T>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen<T> {
    candidate: T,
    says: u16,
    told: bool,
}

impl<T: Copy + Ord> Found<T> {
    /// One more found under a key.
    pub fn add(&mut self, candidate: T, asked: Asked) {
        self.each.push(Seen {
            candidate,
            says: u16::from(asked.says),
            told: !asked.near,
        });
    }

    /// How many rows were found, a candidate under several keys counted for each.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.each.len()
    }

    /// The most likely candidates, so many at most, each with whether it counts wherever it lies.
    /// `age` orders those for whom equally much speaks, the least first.
    #[must_use]
    pub fn best<A: Ord>(mut self, most: usize, age: impl Fn(T) -> A) -> Vec<(T, bool)> {
        self.each.sort_unstable_by_key(|seen| seen.candidate);
        self.each.dedup_by(|next, first| {
            let same = next.candidate == first.candidate;
            if same {
                first.says += next.says;
                first.told |= next.told;
            }
            same
        });
        let rank = |seen: &Seen<T>| (Reverse(seen.says), age(seen.candidate));
        if self.each.len() > most {
            self.each.select_nth_unstable_by_key(most, rank);
            self.each.truncate(most);
        }
        let each = self.each.into_iter();
        each.map(|seen| (seen.candidate, seen.told)).collect()
    }
}

/// Regions a report's search touches, sorted: what near-simultaneous reports lock.
#[must_use]
pub fn regions(report: &Report, radius_m: f64) -> Vec<i64> {
    let mut regions = report
        .place
        .map(|place| regions_around(place.point, search_radius_m(report, radius_m)))
        .unwrap_or_default();
    regions.sort_unstable();
    regions
}

/// Metres around a report in which its candidates are looked for.
#[must_use]
pub fn search_radius_m(report: &Report, radius_m: f64) -> f64 {
    let accuracy = report.place.and_then(|p| p.accuracy_m).unwrap_or(0.0);
    (REACHES * radius_m.max(accuracy)).clamp(*SEARCH_M.start(), *SEARCH_M.end())
}

fn cell_key(cell: i64, report: &Report) -> i64 {
    key(1, &[cell.cast_unsigned(), u64::from(report.coarse.key())])
}

fn spot_key(spot: i64) -> i64 {
    key(2, &[spot.cast_unsigned()])
}

/// Keys of the roads a report names, for a month; `step` is the month before or after.
fn roads(report: &Report, step: i64) -> impl Iterator<Item = i64> {
    let month = (report.received_at.timestamp().div_euclid(MONTH_S) + step).cast_unsigned();
    let coarse = u64::from(report.coarse.key());
    let address = report.address.iter().flat_map(|a| a.roads.iter().copied());
    let named = report.names.iter();
    let named = named.filter(|n| n.kind == NameKind::Road).map(|n| n.key);
    address
        .chain(named)
        .map(move |road| key(4, &[u64::from(road), coarse, month]))
}

/// The key of two hours in a first-level category; `step` is the two hours before or after.
fn round(report: &Report, step: i64) -> i64 {
    let round = report.received_at.timestamp().div_euclid(ROUND_S) + step;
    key(5, &[u64::from(report.coarse.key()), round.cast_unsigned()])
}

/// The key of ten minutes, whatever the category: somebody who reports one matter twice in a row
/// may choose another category the second time, or mark another place. `step` is the ten minutes
/// before or after.
fn minutes(report: &Report, step: i64) -> i64 {
    let minutes = report.received_at.timestamp().div_euclid(MINUTES_S) + step;
    key(OF_MINUTES, &[minutes.cast_unsigned()])
}

/// A report without a place is met by category and days alone, by those without and those with.
fn placeless(report: &Report, step: i64, kind: u8) -> i64 {
    let days = report.received_at.timestamp().div_euclid(DAYS_S) + step;
    key(
        kind,
        &[u64::from(report.category.key()), days.cast_unsigned()],
    )
}

/// Keys that are looked for as they are filed.
fn same_both_ways(report: &Report) -> Vec<i64> {
    let mut keys: Vec<i64> = Vec::new();
    keys.extend(report.address.iter().map(|a| key(3, &[u64::from(a.whole)])));
    let told = report.names.iter().filter(|n| n.kind != NameKind::Road);
    keys.extend(told.map(|n| key(6, &[u64::from(n.key)])));
    keys.extend(report.sender.map(|sender| key(7, &[sender])));
    keys.extend(report.object_id.iter().map(|id| key(8, &[number(id)])));
    keys.extend(report.premises.iter().map(|name| key(9, &[number(name)])));
    keys.extend(
        report
            .persons
            .iter()
            .map(|person| key(10, &[number(person)])),
    );
    keys.extend(report.photos.iter().map(|photo| photo_key(&photo.sha256)));
    keys.extend(report.text_keys.iter().map(|text| key(12, &[*text])));
    if let Some(no) = &report.external_no {
        keys.push(key(13, &[number(&report.channel), number(no)]));
        keys.push(quoted_key(number_key(no)));
    }
    if report.number_key != 0 {
        keys.push(quoted_key(report.number_key));
    }
    keys.extend(report.quotes.iter().map(|quoted| quoted_key(*quoted)));
    keys
}

/// The key of a number by which a text may name a report.
fn quoted_key(number: u32) -> i64 {
    key(14, &[u64::from(number)])
}

/// The key of a photo's file.
#[must_use]
pub fn photo_key(sha256: &str) -> i64 {
    key(11, &[number(sha256)])
}
