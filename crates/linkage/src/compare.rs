//! Comparisons: one pure function for each kind of evidence, with named levels.
//!
//! What a level weighs is the model's business (`model`), not said here. A pair is compared as it
//! stood when the new report arrived: nothing is read that was known only later.

use chrono::{DateTime, Utc};

use super::{
    Levels, Model, Place, Report,
    levels::{
        Addresses, Area, Category, Channel, Crowd, Distance, Gap, Hours, Names, Object, Person,
        Photo, Rarity, Reference, Sequence, Standing, Wording,
    },
};
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
    rarity: Rarity,
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
    let mut levels = Levels::default();
    levels.set(distance(a, b, context));
    levels.set(addresses(a, b));
    levels.set(names(a, b));
    levels.set(object(a, b));
    levels.set(category);
    levels.set(match category {
        Category::Same => context.rarity,
        _ => Rarity::Missing,
    });
    levels.set(gap(a, b));
    levels.set(standing(new, old));
    levels.set(hours(a, b));
    levels.set(wording(a, b, context));
    levels.set(person(a, b));
    levels.set(photo(a, b));
    levels.set(channel(a, b));
    levels.set(reference(a, b));
    levels.set(area(a, b));
    levels
}

/// The first level whose bound the value does not exceed.
fn band<L: Copy>(value: f64, bands: &[(f64, L)], beyond: L) -> L {
    let found = bands.iter().find(|(bound, _)| value <= *bound);
    found.map_or(beyond, |(_, level)| *level)
}

fn distance(a: &Report, b: &Report, context: &Context<'_>) -> Distance {
    const BANDS: [(f64, Distance); 9] = [
        (0.01, Distance::SamePoint),
        (0.15, Distance::Within0_15),
        (0.35, Distance::Within0_35),
        (0.7, Distance::Within0_7),
        (1.2, Distance::Within1_2),
        (2.0, Distance::Within2),
        (3.0, Distance::Within3),
        (5.0, Distance::Within5),
        (10.0, Distance::Within10),
    ];
    match context.metres_to(b) {
        None => Distance::Missing,
        Some(metres) => band(metres / context.reach_m(a, b), &BANDS, Distance::Beyond),
    }
}

fn addresses(a: &Report, b: &Report) -> Addresses {
    let (Some(x), Some(y)) = (&a.address, &b.address) else {
        return Addresses::Missing;
    };
    if x.whole == y.whole {
        return Addresses::SameAddress;
    }
    if x.roads.is_empty() || y.roads.is_empty() {
        return Addresses::Missing;
    }
    if !x.roads.iter().any(|road| y.roads.contains(road)) {
        return Addresses::OtherRoad;
    }
    match (x.number, y.number) {
        (Some(n), Some(m)) if n == m => Addresses::SameHouse,
        (Some(n), Some(m)) if n.abs_diff(m) <= 10 => Addresses::HouseWithin10,
        (Some(n), Some(m)) if n.abs_diff(m) <= 40 => Addresses::HouseWithin40,
        _ => Addresses::SameRoad,
    }
}

/// Names both texts hold: the most telling kind they share, or that they name different ones.
fn names(a: &Report, b: &Report) -> Names {
    if a.names.is_empty() || b.names.is_empty() {
        return Names::Missing;
    }
    let mut shared: Option<Names> = None;
    let mut count = 0;
    for x in &a.names {
        if let Some(y) = b.names.iter().find(|y| y.key == x.key) {
            count += 1;
            let level = match x.kind {
                NameKind::Compound => Names::Compound,
                NameKind::Firm => Names::Firm,
                NameKind::Water => Names::Water,
                NameKind::Road if x.number.is_some() && x.number == y.number => Names::RoadNumber,
                NameKind::Road => Names::Road,
            };
            shared = Some(shared.map_or(level, |most_telling| most_telling.min(level)));
        }
    }
    if count >= 2 {
        return Names::TwoOrMore;
    }
    let both = |kind: NameKind| {
        a.names.iter().any(|n| n.kind == kind) && b.names.iter().any(|n| n.kind == kind)
    };
    match shared {
        Some(level) => level,
        None if both(NameKind::Water) => Names::OtherWater,
        None if both(NameKind::Compound) => Names::OtherCompound,
        None => Names::NoneShared,
    }
}

fn object(a: &Report, b: &Report) -> Object {
    match (&a.object_id, &b.object_id, &a.premises, &b.premises) {
        (Some(x), Some(y), ..) if x == y => Object::SameObject,
        (Some(_), Some(_), ..) => Object::OtherObject,
        (_, _, Some(x), Some(y)) if x == y => Object::SamePremises,
        (_, _, Some(x), Some(y)) if x.contains(y.as_str()) || y.contains(x.as_str()) => {
            Object::SimilarPremises
        }
        // Names drift: another name on one place is weak evidence, so it is none (domain §3.1).
        _ => Object::Missing,
    }
}

fn category(a: &Report, b: &Report, context: &Context<'_>) -> Category {
    if a.category == b.category {
        Category::Same
    } else if context.confused.contains(&b.category.key()) {
        Category::Confused
    } else if a.coarse == b.coarse {
        Category::SameCoarse
    } else if a.group.is_some() && a.group == b.group {
        Category::SameGroup
    } else {
        Category::Other
    }
}

/// How common the category is that both share: agreeing on a rare one says more.
fn rarity(a: &Report, model: &Model) -> Rarity {
    const BANDS: [(f64, Rarity); 7] = [
        (3.0, Rarity::OverOneIn8),
        (4.0, Rarity::OneIn16),
        (5.0, Rarity::OneIn32),
        (6.0, Rarity::OneIn64),
        (7.0, Rarity::OneIn128),
        (8.0, Rarity::OneIn256),
        (10.0, Rarity::OneIn1024),
    ];
    model
        .share_of(&a.category)
        .map_or(Rarity::Missing, |share| {
            band(-share.log2(), &BANDS, Rarity::Rarer)
        })
}

fn gap(a: &Report, b: &Report) -> Gap {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86_400.0;
    /// For an earlier report and for a later one.
    const BANDS: [(f64, (Gap, Gap)); 12] = [
        (MINUTE, (Gap::Minute, Gap::LaterMinute)),
        (3.0 * MINUTE, (Gap::ThreeMinutes, Gap::LaterThreeMinutes)),
        (10.0 * MINUTE, (Gap::TenMinutes, Gap::LaterTenMinutes)),
        (HOUR, (Gap::Hour, Gap::LaterHour)),
        (6.0 * HOUR, (Gap::SixHours, Gap::LaterSixHours)),
        (DAY, (Gap::Day, Gap::LaterDay)),
        (3.0 * DAY, (Gap::ThreeDays, Gap::LaterThreeDays)),
        (7.0 * DAY, (Gap::Week, Gap::LaterWeek)),
        (14.0 * DAY, (Gap::TwoWeeks, Gap::LaterTwoWeeks)),
        (30.0 * DAY, (Gap::Month, Gap::LaterMonth)),
        (60.0 * DAY, (Gap::TwoMonths, Gap::LaterTwoMonths)),
        (120.0 * DAY, (Gap::FourMonths, Gap::LaterFourMonths)),
    ];
    let seconds = (a.received_at - b.received_at).num_seconds();
    let (earlier, later) = band(
        seconds.unsigned_abs() as f64,
        &BANDS,
        (Gap::Longer, Gap::LaterLonger),
    );
    if seconds >= 0 { earlier } else { later }
}

/// Whether the earlier of the two was still open when the later one came.
fn standing(new: Side<'_>, old: Side<'_>) -> Standing {
    let (arrived, other) = (new.report.received_at, old.report.received_at);
    if arrived >= other {
        return match old.closed_at {
            Some(at) if at < arrived => {
                if (arrived - at).num_days() < 7 {
                    Standing::ClosedWithinWeek
                } else {
                    Standing::ClosedBefore
                }
            }
            _ => Standing::OpenThen,
        };
    }
    match new.closed_at {
        Some(at) if at < other => Standing::LaterNewClosed,
        _ => Standing::LaterNewOpen,
    }
}

fn hours(a: &Report, b: &Report) -> Hours {
    let (Some(x), Some(y)) = (a.hours, b.hours) else {
        return Hours::Missing;
    };
    // An hour's difference is nothing between two people's clocks.
    let wide = x | (x << 1) | (x >> 1) | (x >> 23) | (x << 23);
    if wide & y & 0x00ff_ffff == 0 {
        Hours::OtherHours
    } else {
        Hours::SameHours
    }
}

/// How alike the words are: a copy apart, else the cosine of rarity-weighted letter triples.
fn wording(a: &Report, b: &Report, context: &Context<'_>) -> Wording {
    const BANDS: [(f64, Wording); 18] = [
        (0.75, Wording::Over0_75),
        (0.60, Wording::Over0_60),
        (0.50, Wording::Over0_50),
        (0.42, Wording::Over0_42),
        (0.35, Wording::Over0_35),
        (0.30, Wording::Over0_30),
        (0.26, Wording::Over0_26),
        (0.23, Wording::Over0_23),
        (0.20, Wording::Over0_20),
        (0.18, Wording::Over0_18),
        (0.16, Wording::Over0_16),
        (0.14, Wording::Over0_14),
        (0.12, Wording::Over0_12),
        (0.10, Wording::Over0_10),
        (0.08, Wording::Over0_08),
        (0.06, Wording::Over0_06),
        (0.04, Wording::Over0_04),
        (0.02, Wording::Over0_02),
    ];
    const COPY: f64 = 0.85;
    // A few words are nobody's own.
    const COPY_GRAMS: usize = 20;
    let alike = context.model.alike(&a.grams, context.text_square, &b.grams);
    let Some(alike) = alike else {
        return Wording::Missing;
    };
    let length = a.grams.len().min(b.grams.len());
    if length >= COPY_GRAMS && alike.shared >= COPY * length as f64 {
        return Wording::Copy;
    }
    let found = BANDS.iter().find(|(bound, _)| alike.cosine >= *bound);
    found.map_or(Wording::Under0_02, |(_, level)| *level)
}

fn person(a: &Report, b: &Report) -> Person {
    // R10: the anonymous are nobody; they share no person and differ from none.
    if a.persons.is_empty() || b.persons.is_empty() {
        Person::Missing
    } else if a.persons.iter().any(|person| b.persons.contains(person)) {
        Person::Same
    } else {
        Person::Other
    }
}

fn photo(a: &Report, b: &Report) -> Photo {
    if a.photos.is_empty() || b.photos.is_empty() {
        return Photo::Missing;
    }
    let same = |sha256: &str| b.photos.iter().any(|photo| photo.sha256 == sha256);
    if a.photos.iter().any(|photo| same(&photo.sha256)) {
        Photo::SameFile
    } else {
        Photo::Other
    }
}

/// One device, or one channel within ten minutes: a person who files several reports in a row.
fn channel(a: &Report, b: &Report) -> Channel {
    const AT_ONCE_S: u64 = 600;
    match (a.sender, b.sender) {
        (Some(x), Some(y)) if x == y => return Channel::SameSender,
        _ => {}
    }
    if a.channel.is_empty() || b.channel.is_empty() {
        return Channel::Missing;
    }
    if a.channel != b.channel {
        return Channel::OtherChannel;
    }
    let gap = (a.received_at - b.received_at).num_seconds().unsigned_abs();
    if gap <= AT_ONCE_S {
        Channel::SameChannelAtOnce
    } else {
        Channel::SameChannel
    }
}

fn reference(a: &Report, b: &Report) -> Reference {
    if a.quotes_number_of(b) {
        Reference::QuotesNumber
    } else if a.says_again && person(a, b) == Person::Same {
        Reference::SaysAgain
    } else {
        Reference::Missing
    }
}

fn area(a: &Report, b: &Report) -> Area {
    match (&a.area, &b.area) {
        (Some(x), Some(y)) if x == y => Area::Same,
        (Some(_), Some(_)) => Area::Other,
        _ => Area::Missing,
    }
}

/// The comparisons that look at the whole list: how many share the address, and where each stands
/// among the likely ones. An address that everybody complains of says less; of several reports of
/// one matter the earliest open one is the one others were linked to.
pub fn compare_list(new: Side<'_>, olds: &[Side<'_>], levels: &mut [Levels]) {
    let at_address = |l: &Levels| l.has(Addresses::SameAddress) || l.has(Distance::SamePoint);
    let crowd = levels.iter().filter(|l| at_address(l)).count();
    let crowd = match crowd {
        0 | 1 => Crowd::Alone,
        2..=3 => Crowd::TwoToThree,
        4..=6 => Crowd::FourToSix,
        7..=12 => Crowd::SevenToTwelve,
        13..=30 => Crowd::ThirteenToThirty,
        _ => Crowd::More,
    };
    let likely: Vec<usize> = levels
        .iter()
        .enumerate()
        .filter(|(_, l)| {
            let here = at_address(l) || l.within(Distance::SamePoint..=Distance::Within0_35);
            let same = l.within(Category::Same..=Category::Confused);
            let closed = l.within(Standing::ClosedWithinWeek..=Standing::ClosedBefore)
                || l.has(Standing::LaterNewClosed);
            here && same && !closed
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
        l.set(match (Some(*at) == earliest, Some(*at) == latest) {
            (true, true) => Sequence::Only,
            (true, false) => Sequence::Earliest,
            (false, true) => Sequence::Latest,
            (false, false) => Sequence::Between,
        });
    }
    for l in levels.iter_mut().filter(|l| at_address(l)) {
        l.set(crowd);
    }
}
