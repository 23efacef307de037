//! Open matters that may be the same, as anybody may see them. Whoever asks learns that something
//! is open in a cell of the map, and nothing that tells a house, a word or a person: places are
//! brought to the middle of their cell before they are compared, and no words are compared at all.

use serde::Serialize;
use utoipa::ToSchema;

use crate::district::{Profile, shanghai};
use crate::geo::{Point, distance_m, snapped};
use crate::linkage::Address;
use crate::matching::{self, Candidate, Place, Report};
use crate::platform::{
    db::Connection,
    problem::{OnDb, Problem},
};
use chrono::NaiveDate;

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
    /// Category code.
    pub category: String,
    /// Its Chinese name.
    pub category_name: String,
    /// How far away, as near as anything in its cell may be.
    pub distance: DistanceClass,
    /// Day it was first reported.
    pub reported_on: NaiveDate,
}

/// Metres from the middle of a cell to its corners at most.
const CELL_M: f64 = 85.0;

/// What is open and may be the same as a report, the nearest class first, the older first within a
/// class.
///
/// # Errors
/// A fault when the database fails.
pub fn open_near(
    conn: &mut Connection,
    profile: &Profile,
    report: &Report,
) -> Result<Vec<SimilarView>, Problem> {
    let radius = matching::radius_m(profile, report);
    let asked = without_words(report.clone(), ASKED);
    let candidates: Vec<Candidate> =
        matching::candidates::candidates_within(conn, report, radius + CELL_M)
            .or_fault("find similar matters")?
            .into_iter()
            .filter(|old| old.closed_at.is_none() && old.report.id != report.id)
            .map(|old| coarse(old, asked.place))
            .collect();
    let verdict = matching::decide(&asked, &candidates, profile);
    let mut shown: Vec<SimilarView> = verdict
        .candidates
        .iter()
        .filter(|c| c.vetoes.is_empty() && c.score >= profile.rules.matching.lower())
        .filter_map(|c| candidates.iter().find(|old| old.report.id == c.candidate))
        .map(|old| view(profile, old, asked.place))
        .collect();
    shown.sort_by(|a, b| (a.distance, &a.number).cmp(&(b.distance, &b.number)));
    shown.truncate(profile.rules.limits.similar_shown);
    Ok(shown)
}

fn view(profile: &Profile, old: &Candidate, from: Option<Place>) -> SimilarView {
    let metres = from
        .zip(old.report.place)
        .map(|(a, b)| distance_m(a.point, b.point));
    let category = old.report.category.to_string();
    SimilarView {
        number: old.number.clone(),
        category_name: profile.category_name(&category),
        category,
        distance: DistanceClass::of(metres),
        reported_on: old
            .report
            .received_at
            .with_timezone(&shanghai())
            .date_naive(),
    }
}

/// Keys of whole addresses on either side: never the same, so that no guess at one is answered.
const ASKED: u32 = 1;
const KEPT: u32 = 2;

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
    old.report = without_words(old.report, KEPT);
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

/// A report without what its writer said, whom it names and what they sent along. The roads of an
/// address stay, and the name of a premises, which is on its door.
fn without_words(report: Report, whole: u32) -> Report {
    Report {
        persons: Vec::new(),
        sender: None,
        external_no: None,
        object_id: None,
        address: report.address.map(|address| Address {
            whole,
            number: None,
            ..address
        }),
        names: Vec::new(),
        demand: None,
        grams: Vec::new(),
        text_keys: Vec::new(),
        photos: Vec::new(),
        quotes: Vec::new(),
        says_again: false,
        number_key: 0,
        ..report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn no_words_are_compared() {
        let report = Report {
            persons: vec!["key".to_owned()],
            grams: vec![1],
            text_keys: vec![2],
            address: Address::read("五四路128号3-501"),
            ..Report::default()
        };
        let (asked, kept) = (
            without_words(report.clone(), ASKED),
            without_words(report, KEPT),
        );
        assert!(asked.grams.is_empty() && asked.persons.is_empty() && asked.text_keys.is_empty());
        let whole = |report: &Report| report.address.as_ref().map(|a| a.whole);
        assert_ne!(whole(&asked), whole(&kept));
    }
}
