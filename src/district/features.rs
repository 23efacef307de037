//! Streets and grids as GeoJSON.

use geo::{BoundingRect as _, MultiPolygon};
use geojson::Feature;
use serde::Deserialize;

use super::{
    files::{Files, ProfileError, error, line_at, text},
    places::{Grid, Street},
};

/// File of the streets.
pub(super) const STREETS: &str = "streets.geojson";

/// File of the grids.
pub(super) const GRIDS: &str = "grids.geojson";

/// A FeatureCollection; members other than its features say nothing to us.
#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

/// A feature and where it stands, so that what is wrong with it can be found.
struct Located {
    feature: Feature,
    file: &'static str,
    line: Option<usize>,
}

impl Located {
    fn refuse(&self, expected: impl Into<String>) -> ProfileError {
        error(self.file, self.line, expected)
    }

    fn property(&self, name: &str) -> Result<String, ProfileError> {
        self.feature
            .property(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
            .ok_or_else(|| self.refuse(format!("expected a text property {name:?}")))
    }

    fn outline(&self) -> Result<MultiPolygon<f64>, ProfileError> {
        let expected = || self.refuse("expected a Polygon or MultiPolygon in CGCS2000 degrees");
        let geometry = self.feature.geometry.clone().ok_or_else(expected)?;
        match geo::Geometry::<f64>::try_from(geometry).map_err(|_| expected())? {
            geo::Geometry::Polygon(polygon) => Ok(MultiPolygon(vec![polygon])),
            geo::Geometry::MultiPolygon(polygons) => Ok(polygons),
            _ => Err(expected()),
        }
    }
}

fn read(files: &dyn Files, file: &'static str) -> Result<Vec<Located>, ProfileError> {
    let text = text(files, file)?;
    let collection: Collection = serde_json::from_str(&text).map_err(|e| {
        error(
            file,
            Some(e.line()),
            format!("expected a GeoJSON FeatureCollection: {e}"),
        )
    })?;
    // GeoJSON demands exactly one `properties` of each feature, which makes it the landmark.
    let mut landmarks = text
        .match_indices("\"properties\"")
        .map(|(at, _)| line_at(&text, at));
    Ok(collection
        .features
        .into_iter()
        .map(|feature| Located {
            feature,
            file,
            line: landmarks.next(),
        })
        .collect())
}

pub(super) fn read_streets(files: &dyn Files) -> Result<Vec<Street>, ProfileError> {
    let street = |located: &Located| {
        let outline = located.outline()?;
        Ok(Street {
            code: located.property("code")?,
            name: located.property("name")?,
            east: outline.bounding_rect().map_or(0.0, |bounds| bounds.max().x),
            outline,
        })
    };
    read(files, STREETS)?.iter().map(street).collect()
}

pub(super) fn read_grids(files: &dyn Files) -> Result<Vec<Grid>, ProfileError> {
    let grid = |located: &Located| {
        Ok(Grid {
            code: located.property("code")?,
            name: located.property("name")?,
            street: located.property("street")?,
            outline: located.outline()?,
        })
    };
    read(files, GRIDS)?.iter().map(grid).collect()
}
