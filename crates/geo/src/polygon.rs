//! Areas and which of them holds a place.

use geo::{BoundingRect as _, Closest, ClosestPoint as _, Intersects as _, MultiPolygon};
use rstar::{AABB, RTree, RTreeObject};

use super::{Point, distance_m};

/// Metres of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// A named area.
#[derive(Debug, Clone)]
pub struct Area {
    /// Its code.
    pub code: String,
    /// Its outline in canonical degrees.
    pub outline: MultiPolygon<f64>,
}

/// Areas, indexed by their bounding boxes.
#[derive(Debug)]
pub struct AreaIndex {
    tree: RTree<Boxed>,
    areas: Vec<Area>,
}

#[derive(Debug)]
struct Boxed {
    at: usize,
    envelope: AABB<[f64; 2]>,
}

impl RTreeObject for Boxed {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

impl AreaIndex {
    /// Indexes areas. An area without an outline is never found.
    #[must_use]
    pub fn new(areas: Vec<Area>) -> Self {
        let boxes = areas
            .iter()
            .enumerate()
            .filter_map(|(at, area)| {
                let bounds = area.outline.bounding_rect()?;
                let corners = AABB::from_corners(bounds.min().into(), bounds.max().into());
                Some(Boxed {
                    at,
                    envelope: corners,
                })
            })
            .collect();
        Self {
            tree: RTree::bulk_load(boxes),
            areas,
        }
    }

    /// The code of the area that holds a place. On a border that two share it is the lower code,
    /// so that no place falls between them.
    #[must_use]
    pub fn at(&self, place: Point) -> Option<&str> {
        let point = geo::Point::new(place.lon, place.lat);
        let envelope = AABB::from_point([place.lon, place.lat]);
        self.tree
            .locate_in_envelope_intersecting(&envelope)
            .filter_map(|boxed| self.areas.get(boxed.at))
            .filter(|area| area.outline.intersects(&point))
            .map(|area| area.code.as_str())
            .min()
    }

    /// Whether a place lies in an area or within `tolerance_m` metres of one's outline.
    #[must_use]
    pub fn within(&self, place: Point, tolerance_m: f64) -> bool {
        let point = geo::Point::new(place.lon, place.lat);
        // Degrees of longitude shrink northward; one factor does for so small a distance.
        let stretch = place.lat.to_radians().cos().max(0.01);
        let reach = tolerance_m / METRES_PER_DEGREE;
        let envelope = AABB::from_corners(
            [place.lon - reach / stretch, place.lat - reach],
            [place.lon + reach / stretch, place.lat + reach],
        );
        self.tree
            .locate_in_envelope_intersecting(&envelope)
            .filter_map(|boxed| self.areas.get(boxed.at))
            .any(|area| match area.outline.closest_point(&point) {
                Closest::Intersection(_) => true,
                Closest::SinglePoint(near) => {
                    distance_m(
                        place,
                        Point {
                            lon: near.x(),
                            lat: near.y(),
                        },
                    ) <= tolerance_m
                }
                Closest::Indeterminate => false,
            })
    }

    /// All areas.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }
}
