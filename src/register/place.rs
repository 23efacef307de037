//! Where an item of a register lies: the pair as it was sent, and what it means in this district.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::district::Profile;
use crate::geo::{Datum, Point, RawPosition};
use crate::platform::problem::{Item, ItemCode};

/// A position.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceBody {
    /// Longitude, degrees.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
    /// Latitude, degrees.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// The pair's datum.
    pub datum: Datum,
}

impl PlaceBody {
    /// A position as its columns hold it.
    #[must_use]
    pub fn read(lon: Option<f64>, lat: Option<f64>, datum: Option<&str>) -> Option<Self> {
        let datum = datum?.parse().ok()?;
        let (lon, lat) = lon.zip(lat)?;
        Some(Self { lon, lat, datum })
    }

    /// The canonical place, when it is one of the district.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn canonical(self, profile: &Profile) -> Result<Point, Item> {
        let position = RawPosition::parse(self.lon, self.lat, self.datum, None)
            .map_err(|e| Item::new("location", ItemCode::NotAPosition, e.to_string()))?;
        let point = position.canonical();
        if profile.contains(point, 0.0) {
            return Ok(point);
        }
        let message = format!("lies outside {}; check the datum", profile.rules.name);
        Err(Item::new("location", ItemCode::OutsideDistrict, message))
    }
}

/// What a position means in the district.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placed {
    /// The canonical place.
    pub point: Option<Point>,
    /// Code of the street that holds it.
    pub street: Option<String>,
    /// Code of the grid that holds it.
    pub grid: Option<String>,
}

impl Placed {
    /// Of a position that was checked.
    #[must_use]
    pub fn of(profile: &Profile, place: Option<PlaceBody>) -> Self {
        let point = place.and_then(|place| place.canonical(profile).ok());
        let street = point.and_then(|point| profile.street_at(point));
        let grid = point.and_then(|point| profile.grid_at(point));
        Self {
            point,
            street: street.map(|street| street.code.clone()),
            grid: grid.map(|grid| grid.code.clone()),
        }
    }
}
