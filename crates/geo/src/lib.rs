//! Places: datums, distances, H3 cells. Pure.
//!
//! Every stored position keeps what the client sent (raw pair, datum, accuracy) and the canonical
//! CGCS2000 pair. CGCS2000 (EPSG:4490) and WGS-84 differ by less than a metre, below any phone's
//! accuracy, so a WGS-84 fix is stored as CGCS2000 unchanged.

mod datum;
mod polygon;

use h3o::{LatLng, Resolution};
use serde::{Deserialize, Serialize};

pub use datum::{CHINA, Datum, UnknownDatum, from_canonical, to_canonical};
pub use polygon::{Area, AreaIndex, are_beside};

/// Mean radius of the earth in metres (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// H3 resolution of the blocking cells: hexagons with edges of about 200 m.
const CELL_RESOLUTION: Resolution = Resolution::Nine;

/// H3 resolution of the spots: hexagons with edges of about 25 m.
const SPOT_RESOLUTION: Resolution = Resolution::Eleven;

/// No corner of a blocking cell is farther from its middle than this, in metres.
const CELL_REACH_M: f64 = 260.0;

/// H3 resolution of the lock cells: hexagons with edges of about 1.4 km.
const REGION_RESOLUTION: Resolution = Resolution::Seven;

/// The least distance between the middles of neighbouring cells anywhere in China, in metres.
/// H3 cells vary in size; at Fuzhou it is about 300 m, and this floor keeps covers complete.
const CELL_STEP_M: f64 = 240.0;

/// Rings of a cover at most, so that no radius can ask for a million cells.
const MOST_RINGS: f64 = 64.0;

/// A place in canonical CGCS2000 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Longitude, degrees east.
    pub lon: f64,
    /// Latitude, degrees north.
    pub lat: f64,
}

/// A position as a client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RawPosition {
    /// Longitude in the datum's degrees.
    pub lon: f64,
    /// Latitude in the datum's degrees.
    pub lat: f64,
    /// The datum the pair is in.
    pub datum: Datum,
    /// The fix's accuracy in metres, when the device told it.
    pub accuracy_m: Option<f64>,
}

/// Metres an accuracy may have: no place is farther from another than half of the Earth's girth.
pub const ACCURACY_MAX_M: f64 = 20_040_000.0;

/// Why a pair of numbers is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// Not finite numbers, or outside ±180 / ±90 degrees.
    #[error("longitude is -180 to 180 and latitude -90 to 90 degrees")]
    OutOfRange,
    /// 0/0 is what a device says when it knows no place.
    #[error("0/0 is a missing position, not a place")]
    Missing,
    /// A negative or unreadable accuracy, or one beyond the whole Earth.
    #[error(
        "accuracy_m is a number of metres, 0 to {ACCURACY_MAX_M}; leave it out when it is unknown"
    )]
    BadAccuracy,
}

impl RawPosition {
    /// Checks a pair.
    ///
    /// # Errors
    /// When it is out of range, 0/0, or its accuracy is no distance.
    pub fn parse(
        lon: f64,
        lat: f64,
        datum: Datum,
        accuracy_m: Option<f64>,
    ) -> Result<Self, PositionError> {
        // A NaN fails the range test as well, because it lies in no range.
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return Err(PositionError::OutOfRange);
        }
        if lon == 0.0 && lat == 0.0 {
            return Err(PositionError::Missing);
        }
        if accuracy_m.is_some_and(|a| !(0.0..=ACCURACY_MAX_M).contains(&a)) {
            return Err(PositionError::BadAccuracy);
        }
        Ok(Self {
            lon,
            lat,
            datum,
            accuracy_m,
        })
    }

    /// The canonical place.
    #[must_use]
    pub fn canonical(&self) -> Point {
        to_canonical(self.datum, self.lon, self.lat)
    }
}

/// Great-circle distance in metres.
#[must_use]
pub fn distance_m(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let half_lat = (lat_b - lat_a) / 2.0;
    let half_lon = (b.lon - a.lon).to_radians() / 2.0;
    let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

/// A place from which many distances are measured. Near it the earth is flat: over ten kilometres
/// the error stays under a metre in a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    place: Point,
    metres_per_lon: f64,
}

impl Origin {
    const METRES_PER_DEGREE: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

    /// Measures from here.
    #[must_use]
    pub fn at(place: Point) -> Self {
        Self {
            place,
            metres_per_lon: Self::METRES_PER_DEGREE * place.lat.to_radians().cos(),
        }
    }

    /// Metres to another place.
    #[must_use]
    pub fn metres_to(&self, other: Point) -> f64 {
        let east = (other.lon - self.place.lon) * self.metres_per_lon;
        let north = (other.lat - self.place.lat) * Self::METRES_PER_DEGREE;
        east.hypot(north)
    }
}

fn cell_index(place: Point, resolution: Resolution) -> Option<h3o::CellIndex> {
    LatLng::new(place.lat, place.lon)
        .ok()
        .map(|at| at.to_cell(resolution))
}

fn as_column(cell: h3o::CellIndex) -> i64 {
    u64::from(cell).cast_signed()
}

/// The blocking cell (H3, resolution 9) of a place.
#[must_use]
pub fn cell(place: Point) -> Option<i64> {
    cell_index(place, CELL_RESOLUTION).map(as_column)
}

/// The middle of the small cell (H3, resolution 10, some 65 m from middle to edge) a place lies in:
/// as near as a place is shown to whoever is not concerned.
#[must_use]
pub fn snapped(place: Point) -> Option<Point> {
    let cell = cell_index(place, Resolution::Ten)?;
    let middle = LatLng::from(cell);
    Some(Point {
        lon: middle.lng(),
        lat: middle.lat(),
    })
}

/// The middle of the blocking cell a place lies in, and the metres around it within which the place
/// is: what is told of a place to everybody.
#[must_use]
pub fn rough(place: Point) -> Option<(Point, f64)> {
    middle_of(cell(place)?).map(|middle| (middle, CELL_REACH_M))
}

/// All blocking cells that may hold a place within `radius_m` metres, the middle one first. The
/// cover is complete up to 64 rings, some 15 km, more than a district is wide.
#[must_use]
pub fn cells_around(place: Point, radius_m: f64) -> Vec<i64> {
    disk(place, radius_m, CELL_RESOLUTION, CELL_STEP_M)
        .into_iter()
        .filter(|cell| {
            middle_of(*cell).is_none_or(|m| distance_m(m, place) <= radius_m + CELL_REACH_M)
        })
        .collect()
}

fn middle_of(cell: i64) -> Option<Point> {
    let cell = h3o::CellIndex::try_from(cell.cast_unsigned()).ok()?;
    let middle = LatLng::from(cell);
    Some(Point {
        lon: middle.lng(),
        lat: middle.lat(),
    })
}

/// The spot (H3, resolution 11) of a place.
#[must_use]
pub fn spot(place: Point) -> Option<i64> {
    cell_index(place, SPOT_RESOLUTION).map(as_column)
}

/// The spot of a place and its six neighbours: whatever lies within some 40 metres is in one.
#[must_use]
pub fn spots_around(place: Point) -> Vec<i64> {
    cell_index(place, SPOT_RESOLUTION)
        .map(|middle| middle.grid_disk::<Vec<_>>(1))
        .unwrap_or_default()
        .into_iter()
        .map(as_column)
        .collect()
}

/// The regions (H3, resolution 7) a search of `radius_m` metres may touch. Two reports that can
/// find each other share one, so they are what near-simultaneous reports lock.
#[must_use]
pub fn regions_around(place: Point, radius_m: f64) -> Vec<i64> {
    disk(place, radius_m, REGION_RESOLUTION, CELL_STEP_M * 7.0)
}

fn disk(place: Point, radius_m: f64, resolution: Resolution, step_m: f64) -> Vec<i64> {
    let Some(middle) = cell_index(place, resolution) else {
        return Vec::new();
    };
    // The place may lie at its cell's edge, hence one ring more than the radius alone needs.
    let rings = (radius_m.max(0.0) / step_m).ceil().min(MOST_RINGS) as u32 + 1;
    let mut cells: Vec<i64> = middle
        .grid_disk::<Vec<_>>(rings)
        .into_iter()
        .map(as_column)
        .collect();
    let middle = as_column(middle);
    cells.sort_unstable_by_key(|cell| (*cell != middle, *cell));
    cells
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plan's own test point in Gulou.
    const GULOU: Point = Point {
        lon: 119.30,
        lat: 26.08,
    };

    #[test]
    fn positions_that_are_none_are_refused() {
        let parse = |lon, lat| RawPosition::parse(lon, lat, Datum::Wgs84, None);
        assert_eq!(parse(0.0, 0.0), Err(PositionError::Missing));
        assert_eq!(parse(f64::NAN, 26.0), Err(PositionError::OutOfRange));
        assert_eq!(parse(119.3, 91.0), Err(PositionError::OutOfRange));
        let bad = RawPosition::parse(119.3, 26.0, Datum::Wgs84, Some(-1.0));
        assert_eq!(bad, Err(PositionError::BadAccuracy));
        assert!(parse(119.3, 26.08).is_ok());
    }

    #[test]
    fn distances_are_metres() {
        let north = Point {
            lat: GULOU.lat + 0.001,
            ..GULOU
        };
        assert!((distance_m(GULOU, north) - 111.195).abs() < 0.01);
        assert_eq!(distance_m(GULOU, GULOU), 0.0);
    }

    #[test]
    fn the_middle_cell_comes_first() {
        assert_eq!(cells_around(GULOU, 160.0).first().copied(), cell(GULOU));
    }

    proptest! {
        #[test]
        fn covers_are_complete(lon in 119.0..119.6f64, lat in 25.9..26.3f64,
                               east in -1.0..1.0f64, north in -1.0..1.0f64, radius in 1.0..1200.0f64) {
            let place = Point { lon, lat };
            let per_degree = 111_195.0;
            let other = Point {
                lon: lon + east * radius / (per_degree * lat.to_radians().cos()),
                lat: lat + north * radius / per_degree,
            };
            prop_assume!(distance_m(place, other) <= radius);
            prop_assert!(cells_around(place, radius).contains(&cell(other).unwrap()));
            let ours = regions_around(place, radius);
            prop_assert!(regions_around(other, radius).iter().any(|r| ours.contains(r)));
        }
    }
}
