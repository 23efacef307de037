//! Comparisons: one pure function for each kind of evidence, with named levels.
//!
//! Level 0 of every comparison is "missing": there is no evidence of this kind, so it says nothing
//! for or against. What a level weighs is the model's business (`model`), not said here. A pair is
//! compared as it stood when the new report arrived: nothing is read that was known only later.

use chrono::{DateTime, Utc};

pub use super::levels::{KINDS, Levels, SPECS, Spec, kind};
use super::{Model, Place, Report};
use dengwen_geo::Origin;
use dengwen_text::NameKind;

/// One side of a pair: a report, and when its handling ended if that is known.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The report.
    pub report: &'a Report,
    /// When its handling ended; read only as of the other report's arrival.
    pub closed_at: Option<DateTime<Utc>>,
}

/// What is known before any candidate is looked at: the rules, and of the new report what every
/// comparison with it needs.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    model: &'a Model,
    radius_m: f64,
    accuracy_max_m: f64,
    origin: Option<Origin>,
    confused: &'a [u32],
    rarity: u8,
    text_square: f64,
}

impl<'a> Context<'a> {
    /// For a new report; `radius_m` is how far apart reports of one matter may lie, and positions
    /// less exact than `accuracy_max_m` are no evidence (metres both).
    #[must_use]
    pub fn of(new: &Report, model: &'a Model, radius_m: f64, accuracy_max_m: f64) -> Self {
        Self {
            model,
            radius_m,
            accuracy_max_m,
            origin: usable(new, accuracy_max_m).map(|p| Origin::at(p.point)),
            confused: model.confused_with(&new.category),
            rarity: rarity(new, model),
            text_square: model.square(&new.grams),
        }
    }

    /// The radius, or the worse accuracy of the two where that is larger, in metres.
    #[must_use]
    pub fn reach_m(&self, new: &Report, old: &Report) -> f64 {
        let accuracy = |report: &Report| report.place.and_then(|p| p.accuracy_m).unwrap_or(0.0);
        self.radius_m.max(accuracy(new)).max(accuracy(old))
    }

    /// Metres to another report's place, when both are exact enough to be evidence.
    #[must_use]
    pub fn metres_to(&self, old: &Report) -> Option<f64> {
        let there = usable(old, self.accuracy_max_m)?;
        Some(self.origin?.metres_to(there.point))
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> &'a Model {
        self.model
    }
}

fn usable(report: &Report, accuracy_max_m: f64) -> Option<Place> {
    report
        .place
        .filter(|p| p.accuracy_m.unwrap_or(0.0) <= accuracy_max_m)
}

/// Compares a pair; the listwise comparisons stay missing until [`compare_list`].
#[must_use]
pub fn compare(new: Side<'_>, old: Side<'_>, context: &Context<'_>) -> Levels {
    let (a, b) = (new.report, old.report);
    let category = category(a, b, context);
    let mut levels = [0; KINDS];
    levels[kind::PLACE] = place(a, b, context);
    levels[kind::ADDRESS] = address(a, b);
    levels[kind::NAMES] = names(a, b);
    levels[kind::OBJECT] = object(a, b);
    levels[kind::CATEGORY] = category;
    levels[kind::RARITY] = if category == 1 { context.rarity } else { 0 };
    levels[kind::TIME] = time(a, b);
    levels[kind::STANDING] = standing(new, old);
    levels[kind::HOURS] = hours(a, b);
    levels[kind::TEXT] = text(a, b, context);
    levels[kind::PERSON] = person(a, b);
    levels[kind::PHOTO] = photo(a, b);
    levels[kind::CHANNEL] = channel(a, b);
    levels[kind::REFERENCE] = reference(a, b);
    levels[kind::AREA] = area(a, b);
    levels
}

/// The first level whose bound the value does not exceed, counted from `first`.
fn band(value: f64, bounds: &[f64], first: u8) -> u8 {
    let at = bounds.iter().position(|bound| value <= *bound);
    first + u8::try_from(at.unwrap_or(bounds.len())).unwrap_or(u8::MAX)
}

fn place(a: &Report, b: &Report, context: &Context<'_>) -> u8 {
    const BOUNDS: [f64; 9] = [0.01, 0.15, 0.35, 0.7, 1.2, 2.0, 3.0, 5.0, 10.0];
    match context.metres_to(b) {
        None => 0,
        Some(metres) => band(metres / context.reach_m(a, b), &BOUNDS, 1),
    }
}

fn address(a: &Report, b: &Report) -> u8 {
    let (Some(x), Some(y)) = (&a.address, &b.address) else {
        return 0;
    };
    if x.whole == y.whole {
        return 1;
    }
    if x.roads.is_empty() || y.roads.is_empty() {
        return 0;
    }
    if !x.roads.iter().any(|road| y.roads.contains(road)) {
        return 6;
    }
    match (x.number, y.number) {
        (Some(n), Some(m)) if n == m => 2,
        (Some(n), Some(m)) if n.abs_diff(m) <= 10 => 3,
        (Some(n), Some(m)) if n.abs_diff(m) <= 40 => 4,
        _ => 5,
    }
}

/// Names both texts hold: the most telling kind they share, or that they name different ones.
fn names(a: &Report, b: &Report) -> u8 {
    if a.names.is_empty() || b.names.is_empty() {
        return 0;
    }
    let mut shared = [0_usize; 5];
    let mut count = 0;
    for x in &a.names {
        if let Some(y) = b.names.iter().find(|y| y.key == x.key) {
            count += 1;
            let slot = match x.kind {
                NameKind::Compound => 0,
                NameKind::Firm => 1,
                NameKind::Water => 2,
                NameKind::Road if x.number.is_some() && x.number == y.number => 3,
                NameKind::Road => 4,
            };
            shared[slot] += 1;
        }
    }
    if count >= 2 {
        return 1;
    }
    if let Some(at) = shared.iter().position(|n| *n > 0) {
        return 2 + u8::try_from(at).unwrap_or(0);
    }
    let both = |kind: NameKind| {
        a.names.iter().any(|n| n.kind == kind) && b.names.iter().any(|n| n.kind == kind)
    };
    if both(NameKind::Water) {
        8
    } else if both(NameKind::Compound) {
        9
    } else {
        7
    }
}

fn object(a: &Report, b: &Report) -> u8 {
    match (&a.object_id, &b.object_id, &a.premises, &b.premises) {
        (Some(x), Some(y), ..) => {
            if x == y {
                1
            } else {
                4
            }
        }
        (_, _, Some(x), Some(y)) if x == y => 2,
        (_, _, Some(x), Some(y)) if x.contains(y.as_str()) || y.contains(x.as_str()) => 3,
        // Names drift: another name on one place is weak evidence, so it is none (domain §3.1).
        _ => 0,
    }
}

fn category(a: &Report, b: &Report, context: &Context<'_>) -> u8 {
    if a.category == b.category {
        1
    } else if context.confused.contains(&b.category.key()) {
        2
    } else if a.coarse == b.coarse {
        3
    } else if a.group.is_some() && a.group == b.group {
        4
    } else {
        5
    }
}

/// How common the category is that both share: agreeing on a rare one says more.
fn rarity(a: &Report, model: &Model) -> u8 {
    const BOUNDS: [f64; 7] = [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
    model
        .share_of(&a.category)
        .map_or(0, |share| band(-share.log2(), &BOUNDS, 1))
}

fn time(a: &Report, b: &Report) -> u8 {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86_400.0;
    const BOUNDS: [f64; 12] = [
        MINUTE,
        3.0 * MINUTE,
        10.0 * MINUTE,
        HOUR,
        6.0 * HOUR,
        DAY,
        3.0 * DAY,
        7.0 * DAY,
        14.0 * DAY,
        30.0 * DAY,
        60.0 * DAY,
        120.0 * DAY,
    ];
    let gap = (a.received_at - b.received_at).num_seconds();
    let first = if gap >= 0 { 1 } else { 14 };
    band(gap.unsigned_abs() as f64, &BOUNDS, first)
}

/// Whether the earlier of the two was still open when the later one came.
fn standing(new: Side<'_>, old: Side<'_>) -> u8 {
    let (arrived, other) = (new.report.received_at, old.report.received_at);
    if arrived >= other {
        return match old.closed_at {
            Some(at) if at < arrived => {
                if (arrived - at).num_days() < 7 {
                    2
                } else {
                    3
                }
            }
            _ => 1,
        };
    }
    match new.closed_at {
        Some(at) if at < other => 5,
        _ => 4,
    }
}

fn hours(a: &Report, b: &Report) -> u8 {
    let (Some(x), Some(y)) = (a.hours, b.hours) else {
        return 0;
    };
    // An hour's difference is nothing between two people's clocks.
    let wide = x | (x << 1) | (x >> 1) | (x >> 23) | (x << 23);
    if wide & y & 0x00ff_ffff == 0 { 2 } else { 1 }
}

/// How alike the words are: a copy apart, else the cosine of rarity-weighted letter triples.
fn text(a: &Report, b: &Report, context: &Context<'_>) -> u8 {
    const BOUNDS: [f64; 18] = [
        0.75, 0.60, 0.50, 0.42, 0.35, 0.30, 0.26, 0.23, 0.20, 0.18, 0.16, 0.14, 0.12, 0.10, 0.08,
        0.06, 0.04, 0.02,
    ];
    const COPY: f64 = 0.85;
    // A few words are nobody's own.
    const COPY_GRAMS: usize = 20;
    let alike = context.model.alike(&a.grams, context.text_square, &b.grams);
    let Some(alike) = alike else {
        return 0;
    };
    let length = a.grams.len().min(b.grams.len());
    if length >= COPY_GRAMS && alike.shared >= COPY * length as f64 {
        return 1;
    }
    let at = BOUNDS.iter().position(|bound| alike.cosine >= *bound);
    2 + u8::try_from(at.unwrap_or(BOUNDS.len())).unwrap_or(u8::MAX)
}

fn person(a: &Report, b: &Report) -> u8 {
    // R10: the anonymous are nobody; they share no person and differ from none.
    if a.persons.is_empty() || b.persons.is_empty() {
        0
    } else if a.persons.iter().any(|person| b.persons.contains(person)) {
        1
    } else {
        2
    }
}

fn photo(a: &Report, b: &Report) -> u8 {
    if a.photos.is_empty() || b.photos.is_empty() {
        return 0;
    }
    let same = |sha256: &str| b.photos.iter().any(|photo| photo.sha256 == sha256);
    if a.photos.iter().any(|photo| same(&photo.sha256)) {
        1
    } else {
        2
    }
}

/// One device, or one channel within ten minutes: a person who files several reports in a row.
fn channel(a: &Report, b: &Report) -> u8 {
    const AT_ONCE_S: u64 = 600;
    match (a.sender, b.sender) {
        (Some(x), Some(y)) if x == y => return 1,
        _ => {}
    }
    if a.channel.is_empty() || b.channel.is_empty() {
        return 0;
    }
    if a.channel != b.channel {
        return 4;
    }
    let gap = (a.received_at - b.received_at).num_seconds().unsigned_abs();
    if gap <= AT_ONCE_S { 2 } else { 3 }
}

fn reference(a: &Report, b: &Report) -> u8 {
    if b.number_key != 0 && a.quotes.contains(&b.number_key) {
        1
    } else if a.says_again && person(a, b) == 1 {
        2
    } else {
        0
    }
}

fn area(a: &Report, b: &Report) -> u8 {
    match (&a.area, &b.area) {
        (Some(x), Some(y)) if x == y => 1,
        (Some(_), Some(_)) => 2,
        _ => 0,
    }
}

/// The comparisons that look at the whole list: how many share the address, and where each stands
/// among the likely ones. An address that everybody complains of says less; of several reports of
/// one matter the earliest open one is the one others were linked to.
pub fn compare_list(new: Side<'_>, olds: &[Side<'_>], levels: &mut [Levels]) {
    let at_address = |l: &Levels| l[kind::ADDRESS] == 1 || l[kind::PLACE] == 1;
    let crowd = levels.iter().filter(|l| at_address(l)).count();
    let crowd = match crowd {
        0 | 1 => 1,
        2..=3 => 2,
        4..=6 => 3,
        7..=12 => 4,
        13..=30 => 5,
        _ => 6,
    };
    let likely: Vec<usize> = levels
        .iter()
        .enumerate()
        .filter(|(_, l)| {
            let here = at_address(l) || (1..=3).contains(&l[kind::PLACE]);
            let same = (1..=2).contains(&l[kind::CATEGORY]);
            let open = !matches!(l[kind::STANDING], 2 | 3 | 5);
            here && same && open
        })
        .map(|(at, _)| at)
        .collect();
    let received = |at: &usize| olds.get(*at).map(|o| o.report.received_at);
    let gap = |at: &usize| {
        received(at).map(|t| {
            (new.report.received_at - t)
                .num_milliseconds()
                .unsigned_abs()
        })
    };
    let earliest = likely.iter().min_by_key(|at| received(at)).copied();
    let latest = likely.iter().min_by_key(|at| gap(at)).copied();
    for at in &likely {
        let Some(l) = levels.get_mut(*at) else {
            continue;
        };
        l[kind::ORDER] = match (Some(*at) == earliest, Some(*at) == latest) {
            (true, true) => 1,
            (true, false) => 2,
            (false, true) => 3,
            (false, false) => 4,
        };
    }
    for l in levels.iter_mut().filter(|l| at_address(l)) {
        l[kind::CROWD] = crowd;
    }
}
