//! Areas and which of them holds a place.

use geo::{
    BoundingRect as _, Closest, ClosestPoint as _, CoordsIter as _, Intersects as _, MultiPolygon,
};
use rstar::{AABB, RTree, RTreeObject};

use super::{Point, distance_m};

/// Metres of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Whether a place lies in an outline or within `tolerance_m` metres of it.
fn is_near(outline: &MultiPolygon<f64>, place: Point, tolerance_m: f64) -> bool {
    let point = geo::Point::new(place.lon, place.lat);
    match outline.closest_point(&point) {
        Closest::Intersection(_) => true,
        Closest::SinglePoint(near) => {
            let near = Point {
                lon: near.x(),
                lat: near.y(),
            };
            distance_m(place, near) <= tolerance_m
        }
        Closest::Indeterminate => false,
    }
}

/// Whether two areas lie beside each other: a corner of one within `tolerance_m` metres of the other, as
/// is so wherever they share a piece of border.
#[must_use]
pub fn are_beside(one: &MultiPolygon<f64>, other: &MultiPolygon<f64>, tolerance_m: f64) -> bool {
    if !boxes_meet(one, other, tolerance_m) {
        return false;
    }
    let touches = |one: &MultiPolygon<f64>, other: &MultiPolygon<f64>| {
        let mut corners = one.coords_iter();
        corners.any(|corner| {
            let place = Point {
                lon: corner.x,
                lat: corner.y,
            };
            is_near(other, place, tolerance_m)
        })
    };
    touches(one, other) || touches(other, one)
}

/// Whether the boxes around two outlines come within `tolerance_m` metres of each other.
fn boxes_meet(one: &MultiPolygon<f64>, other: &MultiPolygon<f64>, tolerance_m: f64) -> bool {
    let Some((one, other)) = one.bounding_rect().zip(other.bounding_rect()) else {
        return false;
    };
    let reach = tolerance_m / METRES_PER_DEGREE;
    let stretch = one.min().y.to_radians().cos().max(0.01);
    let apart = |low: f64, high: f64, reach: f64| low - high > reach;
    let across = reach / stretch;
    !(apart(one.min().x, other.max().x, across)
        || apart(other.min().x, one.max().x, across)
        || apart(one.min().y, other.max().y, reach)
        || apart(other.min().y, one.max().y, reach))
}

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
            .any(|area| is_near(&area.outline, place, tolerance_m))
    }

    /// All areas.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }
}
