//! Open matters that may be the same, as anybody may see them. Whoever asks learns that something
//! is open in a cell of the map, and nothing that tells a house, a word or a person: places are
//! brought to the middle of their cell before they are compared, and nothing but place and category
//! is compared at all. What has no place is not asked about.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::matter::{self, PublicMatter};
use crate::district::{FIND, Profile};
use crate::geo::{Point, distance_m, snapped};
use crate::matching::{self, Candidate, Place, Report};
use crate::platform::{
    db::{Connection, Id},
    problem::{OnDb, Problem},
};
use crate::privacy::secrecy;

/// How far away, in classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DistanceClass {
    /// At most 50 m.
    #[serde(rename = "within_50m")]
    Within50m,
    /// At most 200 m.
    #[serde(rename = "within_200m")]
    Within200m,
    /// At most 500 m.
    #[serde(rename = "within_500m")]
    Within500m,
    /// Further.
    Further,
    /// One of the two has no place.
    Unknown,
}

impl DistanceClass {
    /// Of metres, where they are known.
    #[must_use]
    pub fn of(metres: Option<f64>) -> Self {
        match metres {
            Some(m) if m <= 50.0 => Self::Within50m,
            Some(m) if m <= 200.0 => Self::Within200m,
            Some(m) if m <= 500.0 => Self::Within500m,
            Some(_) => Self::Further,
            None => Self::Unknown,
        }
    }
}

/// An open matter that may be the same: no words, no names, no exact place.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SimilarView {
    /// Number of an earlier complaint on the matter.
    pub number: String,
    /// How far away, as near as anything in its cell may be.
    pub distance: DistanceClass,
    /// The matter.
    #[serde(flatten)]
    pub matter: PublicMatter,
}

/// Metres from the middle of a cell to its corners at most.
const CELL_M: f64 = 85.0;

/// What is open and may be the same as a report, the nearest class first, the older first within a
/// class. Each matter is named once, however many complain of it: their days and numbers would tell
/// them one by one. A matter of which nobody complains openly (保密) is not named: whoever is
/// complained of asks first.
///
/// # Errors
/// A fault when the database fails.
pub fn open_near(
    conn: &mut Connection,
    profile: &Profile,
    report: &Report,
) -> Result<Vec<SimilarView>, Problem> {
    let asked = bare(report.clone());
    if asked.place.is_none() {
        return Ok(Vec::new());
    }
    let radius = matching::radius_m(profile, &asked);
    let candidates: Vec<Candidate> =
        matching::candidates::candidates_within(conn, &asked, radius + CELL_M)
            .or_fault("find similar matters")?
            .into_iter()
            .filter(|old| old.closed_at.is_none() && old.report.id != report.id)
            // What staff found is nobody's to follow, and who is looked at is not warned by it.
            .filter(|old| old.report.channel.as_str() != FIND)
            .map(|old| coarse(old, asked.place))
            .collect();
    let verdict = matching::decide(&asked, &candidates, profile);
    let near: Vec<&Candidate> = verdict
        .candidates
        .iter()
        .filter(|c| c.vetoes.is_empty() && c.score >= profile.rules.matching.lower())
        .filter_map(|c| candidates.iter().find(|old| old.report.id == c.candidate))
        .collect();
    let ids: Vec<Id> = near.iter().map(|old| Id(old.report.id)).collect();
    let secret = secrecy::among(conn, &ids)?;
    let mut shown: Vec<(DistanceClass, &str, Id)> = near
        .iter()
        .filter(|old| !secret.contains(&Id(old.report.id)))
        .map(|old| {
            let between = asked.place.zip(old.report.place);
            let metres = between.map(|(a, b)| distance_m(a.point, b.point));
            (
                DistanceClass::of(metres),
                old.number.as_str(),
                Id(old.entry_id),
            )
        })
        .collect();
    shown.sort_unstable();
    let mut named = HashSet::new();
    shown.retain(|(.., entry)| named.insert(*entry));
    shown.truncate(profile.rules.limits.similar_shown);
    let entries: Vec<Id> = shown.iter().map(|(.., entry)| *entry).collect();
    let matters = matter::of_entries(conn, profile, &entries).or_fault("load similar matters")?;
    let views = shown.into_iter().filter_map(|(distance, number, entry)| {
        Some(SimilarView {
            number: number.to_owned(),
            distance,
            matter: matters.get(&entry)?.clone(),
        })
    });
    Ok(views.collect())
}

/// An earlier complaint as it may be compared for whoever asks from a place: as near as anything in
/// its cell may be, wherever in the cell it lies.
fn coarse(mut old: Candidate, from: Option<Place>) -> Candidate {
    old.report.place = old.report.place.map(|place| {
        let middle = snapped(place.point).unwrap_or(place.point);
        Place {
            point: from.map_or(middle, |from| nearer(middle, from.point)),
            accuracy_m: None,
        }
    });
    old.report = bare(old.report);
    old
}

/// A place moved towards another by the width of a cell, and not beyond it.
fn nearer(middle: Point, from: Point) -> Point {
    let metres = distance_m(middle, from);
    if metres <= CELL_M {
        return from;
    }
    let part = CELL_M / metres;
    Point {
        lon: middle.lon + (from.lon - middle.lon) * part,
        lat: middle.lat + (from.lat - middle.lat) * part,
    }
}

/// A report of which its place and category are left: no word of its writer's, no name of a premises
/// or a road, no hour, no street that would tell the side of a border, nobody and nothing they sent.
/// Whatever else were compared would answer guesses at it.
fn bare(report: Report) -> Report {
    Report {
        id: report.id,
        channel: report.channel,
        place: report.place,
        category: report.category,
        coarse: report.coarse,
        group: report.group,
        received_at: report.received_at,
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::{Address, Named};

    #[test]
    fn classes_are_coarse() {
        let names: Vec<String> = [0.0, 50.0, 51.0, 200.0, 500.0, 501.0]
            .map(|m| serde_json::to_string(&DistanceClass::of(Some(m))).unwrap())
            .into();
        assert_eq!(
            names,
            [
                "\"within_50m\"",
                "\"within_50m\"",
                "\"within_200m\"",
                "\"within_200m\"",
                "\"within_500m\"",
                "\"further\""
            ]
        );
        assert_eq!(DistanceClass::of(None), DistanceClass::Unknown);
    }

    #[test]
    fn what_is_told_depends_on_the_cell_alone() {
        let at = |lon: f64, lat: f64| Point { lon, lat };
        let here = at(119.2985, 26.0860);
        let middle = snapped(here).unwrap();
        assert!(distance_m(here, middle) <= CELL_M);
        let old = |point| Candidate {
            report: Report {
                place: Some(Place {
                    point,
                    accuracy_m: Some(3.0),
                }),
                ..Report::default()
            },
            number: String::new(),
            entry_id: uuid::Uuid::nil(),
            closed_at: None,
            answered_at: None,
            finally_reviewed: false,
            entry: crate::matching::EntryStanding::Open,
        };
        for north in 0..60 {
            let from = Some(Place {
                point: at(119.2985, 26.0860 + f64::from(north) * 1e-4),
                accuracy_m: None,
            });
            let one = coarse(old(here), from).report.place;
            let other = coarse(old(middle), from).report.place;
            assert_eq!(one, other);
        }
    }

    #[test]
    fn place_and_category_alone_are_compared() {
        let blank = Report {
            place: Some(Place {
                point: Point {
                    lon: 119.2985,
                    lat: 26.0860,
                },
                accuracy_m: None,
            }),
            category: "air.cooking_fume".into(),
            coarse: "air".into(),
            ..Report::default()
        };
        let told = Report {
            persons: vec!["key".to_owned()],
            external_no: Some("E-100".to_owned()),
            object_id: Some("91350100M000100Y43".to_owned()),
            premises: Some("林秀英家作坊".to_owned()),
            address: Address::read("五四路128号3-501"),
            names: Named::all_in("五四路老王烧烤"),
            area: Some("350102004".into()),
            hours: Some(1 << 22),
            demand: Some("查处".to_owned()),
            grams: vec![1],
            text_keys: vec![2],
            quotes: vec![3],
            says_again: true,
            number_key: 4,
            ..blank.clone()
        };
        let shown = |report: Report| serde_json::to_value(bare(report)).unwrap();
        assert_eq!(shown(told), shown(blank));
    }
}
