//! The four datums that reach us and the way between them.
//!
//! GCJ-02 (maps of China) and BD-09 (Baidu) shift WGS-84 by several hundred metres. The official
//! algorithm is not public; these are the open approximations, good to well under a metre in
//! round trip. Outside the box [`CHINA`] no shift is applied: there the conversion is the identity.

use std::{f64::consts::PI, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Point;

/// The datum of a coordinate pair. A pair without one is refused everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Datum {
    /// WGS-84: GPS, EXIF, WeChat's `getLocation` unless told otherwise.
    #[serde(rename = "WGS84")]
    Wgs84,
    /// CGCS2000, the national system and our canon.
    #[serde(rename = "CGCS2000")]
    Cgcs2000,
    /// GCJ-02: 高德, 腾讯 and most maps in China.
    #[serde(rename = "GCJ02")]
    Gcj02,
    /// BD-09: 百度.
    #[serde(rename = "BD09")]
    Bd09,
}

impl Datum {
    /// All datums accepted.
    pub const ALL: [Self; 4] = [Self::Wgs84, Self::Cgcs2000, Self::Gcj02, Self::Bd09];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wgs84 => "WGS84",
            Self::Cgcs2000 => "CGCS2000",
            Self::Gcj02 => "GCJ02",
            Self::Bd09 => "BD09",
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A datum nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown datum {0:?}; send WGS84, CGCS2000, GCJ02 or BD09")]
pub struct UnknownDatum(String);

impl FromStr for Datum {
    type Err = UnknownDatum;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain: String = name
            .chars()
            .filter(|c| !matches!(c, '-' | ' ' | '_'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        Self::ALL
            .into_iter()
            .find(|datum| datum.as_str() == plain)
            .ok_or_else(|| UnknownDatum(name.to_owned()))
    }
}

/// Longitudes and latitudes between which the shift of GCJ-02 applies: (west, south, east, north).
pub const CHINA: (f64, f64, f64, f64) = (72.004, 0.8293, 137.8347, 55.8271);

/// Semi-major axis and squared eccentricity of the Krasovsky ellipsoid, on which the shift is
/// defined.
const KRASOVSKY_A: f64 = 6_378_245.0;
const KRASOVSKY_EE: f64 = 0.006_693_421_622_965_943;
const BD_ANGLE: f64 = PI * 3000.0 / 180.0;

/// Turns a pair of a datum into the canonical place.
#[must_use]
pub fn to_canonical(datum: Datum, lon: f64, lat: f64) -> Point {
    match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => Point { lon, lat },
        Datum::Gcj02 => undo(lon, lat, wgs_to_gcj),
        Datum::Bd09 => undo(lon, lat, |lon, lat| {
            let (lon, lat) = wgs_to_gcj(lon, lat);
            gcj_to_bd(lon, lat)
        }),
    }
}

/// Turns a canonical place into a pair of a datum, for display at the edge.
#[must_use]
pub fn from_canonical(datum: Datum, place: Point) -> (f64, f64) {
    match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => (place.lon, place.lat),
        Datum::Gcj02 => wgs_to_gcj(place.lon, place.lat),
        Datum::Bd09 => {
            let (lon, lat) = wgs_to_gcj(place.lon, place.lat);
            gcj_to_bd_in_china(lon, lat, in_china(place.lon, place.lat))
        }
    }
}

fn in_china(lon: f64, lat: f64) -> bool {
    let (west, south, east, north) = CHINA;
    (west..=east).contains(&lon) && (south..=north).contains(&lat)
}

/// Finds the place whose shifted pair is the given one. The shift is smooth and small, so
/// subtracting what is left over converges by a factor of about a thousand each round.
fn undo(lon: f64, lat: f64, shift: impl Fn(f64, f64) -> (f64, f64)) -> Point {
    if !in_china(lon, lat) {
        return Point { lon, lat };
    }
    let mut place = Point { lon, lat };
    for _ in 0..8 {
        let (shifted_lon, shifted_lat) = shift(place.lon, place.lat);
        place.lon -= shifted_lon - lon;
        place.lat -= shifted_lat - lat;
    }
    place
}

fn wgs_to_gcj(lon: f64, lat: f64) -> (f64, f64) {
    if !in_china(lon, lat) {
        return (lon, lat);
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let radians = lat.to_radians();
    let magic = 1.0 - KRASOVSKY_EE * radians.sin().powi(2);
    let root = magic.sqrt();
    let meridian = KRASOVSKY_A * (1.0 - KRASOVSKY_EE) / (magic * root);
    let parallel = KRASOVSKY_A / root * radians.cos();
    let east = shift_east(x, y).to_degrees() / parallel;
    let north = shift_north(x, y).to_degrees() / meridian;
    (lon + east, lat + north)
}

/// Ripples of the shift shared by both directions.
fn ripples(x: f64) -> f64 {
    (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0
}

fn shift_east(x: f64, y: f64) -> f64 {
    300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + ripples(x)
        + (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0
}

fn shift_north(x: f64, y: f64) -> f64 {
    -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + ripples(x)
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0
}

fn gcj_to_bd(lon: f64, lat: f64) -> (f64, f64) {
    gcj_to_bd_in_china(lon, lat, in_china(lon, lat))
}

fn gcj_to_bd_in_china(lon: f64, lat: f64, inside: bool) -> (f64, f64) {
    if !inside {
        return (lon, lat);
    }
    let radius = lon.hypot(lat) + 0.000_02 * (lat * BD_ANGLE).sin();
    let angle = lat.atan2(lon) + 0.000_003 * (lon * BD_ANGLE).cos();
    (radius * angle.cos() + 0.0065, radius * angle.sin() + 0.006)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::distance_m;

    const GULOU: Point = Point {
        lon: 119.30,
        lat: 26.08,
    };

    #[test]
    fn the_shift_at_gulou_is_the_published_one() {
        let (lon, lat) = from_canonical(Datum::Gcj02, GULOU);
        assert!(
            (lon - 119.304_806).abs() < 1e-6 && (lat - 26.076_900).abs() < 1e-6,
            "{lon} {lat}"
        );
        let (lon, lat) = from_canonical(Datum::Bd09, GULOU);
        assert!(
            (lon - 119.311_303).abs() < 1e-6 && (lat - 26.083_000).abs() < 1e-6,
            "{lon} {lat}"
        );
        let misread = Point {
            lon: 119.304_806,
            lat: 26.076_900,
        };
        assert!((distance_m(GULOU, misread) - 591.0).abs() < 2.0);
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        assert_eq!("gcj-02".parse(), Ok(Datum::Gcj02));
        assert_eq!("WGS84".parse(), Ok(Datum::Wgs84));
        assert!(
            "EPSG:3857"
                .parse::<Datum>()
                .unwrap_err()
                .to_string()
                .contains("CGCS2000")
        );
    }

    #[test]
    fn outside_china_nothing_is_shifted() {
        for datum in Datum::ALL {
            assert_eq!(
                to_canonical(datum, 2.35, 48.85),
                Point {
                    lon: 2.35,
                    lat: 48.85
                }
            );
            assert_eq!(
                from_canonical(
                    datum,
                    Point {
                        lon: 2.35,
                        lat: 48.85
                    }
                ),
                (2.35, 48.85)
            );
        }
    }

    proptest! {
        #[test]
        fn round_trips_end_within_a_metre(lon in 75.0..134.0f64, lat in 4.0..53.0f64) {
            let place = Point { lon, lat };
            for datum in Datum::ALL {
                let (shifted_lon, shifted_lat) = from_canonical(datum, place);
                let back = to_canonical(datum, shifted_lon, shifted_lat);
                prop_assert!(distance_m(place, back) < 1.0, "{datum}: {}", distance_m(place, back));
            }
        }
    }
}
