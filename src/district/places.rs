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

#[cfg(test)]
mod tests {
    use crate::{
        district::Profile,
        geo::{Point, distance_m},
    };

    /// How far from a place something is still beside it, in metres.
    const BESIDE_M: f64 = 100.0;

    /// Where the city's public bicycles had a station beside a place, in canonical degrees, and the
    /// place's street: what no outline of the profile was made of.
    const STATIONS: &[(&str, f64, f64, &str)] = &[
        ("福州软件园", 119.2657, 26.1159, "五凤街道"),
        ("左海公园", 119.2766, 26.1004, "五凤街道"),
        ("左海公园", 119.2813, 26.1044, "五凤街道"),
        ("省体育中心", 119.3009, 26.1139, "华大街道"),
        ("屏山公园", 119.2917, 26.1024, "华大街道"),
        ("西湖公园", 119.2881, 26.0958, "鼓西街道"),
        ("三坊七巷", 119.2901, 26.0828, "南街街道"),
        ("双抛桥", 119.2899, 26.0890, "南街街道"),
        ("五四路", 119.3016, 26.0962, "温泉街道"),
        ("湖东路", 119.2963, 26.0959, "鼓东街道"),
        ("温泉公园", 119.3078, 26.1029, "温泉街道"),
        ("鼓楼区政府", 119.2991, 26.0853, "东街街道"),
        ("津泰路", 119.2964, 26.0845, "安泰街道"),
        ("五一广场", 119.3035, 26.0795, "安泰街道"),
        ("乌山", 119.2932, 26.0814, "安泰街道"),
        ("古田路", 119.3104, 26.0796, "水部街道"),
        ("金牛山公园", 119.2565, 26.0793, "洪山镇"),
        ("洪山桥", 119.2506, 26.0810, "洪山镇"),
        ("梅亭路", 119.2525, 26.0911, "洪山镇"),
        ("工业路", 119.2714, 26.0778, "洪山镇"),
        ("西洪路", 119.2731, 26.0857, "洪山镇"),
    ];

    #[test]
    fn places_lie_where_a_second_source_has_them() {
        let profile = Profile::embedded().unwrap();
        for (name, lon, lat, street) in STATIONS {
            let hit = profile.place_named_in(name).unwrap();
            assert_eq!(hit.name, *name);
            let at = hit.place.unwrap();
            let station = Point {
                lon: *lon,
                lat: *lat,
            };
            let apart = distance_m(at, station);
            assert!(apart <= hit.accuracy_m + BESIDE_M, "{name}: {apart:.0} m");
            let holds = profile.streets.iter().filter(|s| s.holds(at));
            let holds: Vec<(&str, &str)> =
                holds.map(|s| (s.code.as_str(), s.name.as_str())).collect();
            assert_eq!(holds, [(hit.street.as_str(), *street)], "{name}");
        }
    }
}
