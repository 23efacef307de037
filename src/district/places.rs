//! Streets, grids, and places known by name.

use geo::{Intersects as _, MultiPolygon};

use crate::geo::Point;

/// A street or town (街道、镇).
#[derive(Debug, Clone)]
pub struct Street {
    /// Nine-digit code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Outline in canonical degrees.
    pub outline: MultiPolygon<f64>,
    /// Easternmost longitude.
    pub east: f64,
}

impl Street {
    /// Whether a place lies in the street or on its border.
    #[must_use]
    pub fn holds(&self, place: Point) -> bool {
        self.outline
            .intersects(&geo::Point::new(place.lon, place.lat))
    }
}

/// A grid cell (单元网格) with one officer or more.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Code: six digits of the district, three of the street, three of the community, two serial.
    pub code: String,
    /// Name.
    pub name: String,
    /// Street code.
    pub street: String,
    /// Outline in canonical degrees.
    pub outline: MultiPolygon<f64>,
}

/// A place found by name.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceHit {
    /// The name as the profile has it.
    pub name: String,
    /// Its middle, where the profile knows one.
    pub place: Option<Point>,
    /// Street code.
    pub street: String,
    /// How far from the middle the place may reach, in metres.
    pub accuracy_m: f64,
}

/// Names of places, longest first.
#[derive(Debug)]
pub(super) struct Gazetteer(Vec<PlaceHit>);

impl Gazetteer {
    pub(super) fn new(mut places: Vec<PlaceHit>) -> Self {
        places.sort_by_key(|place| std::cmp::Reverse(place.name.chars().count()));
        Self(places)
    }

    pub(super) fn find(&self, text: &str) -> Option<PlaceHit> {
        self.0
            .iter()
            .find(|place| text.contains(&place.name))
            .cloned()
    }
}
