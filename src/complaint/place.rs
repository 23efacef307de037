//! A complaint's place, made anew when it is corrected.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::{
    queries::{ComplaintRow, PlaceRow},
    terms::{self, Mark},
};
use crate::district::Profile;
use crate::geo::{Point, RawPosition, cell};
use crate::platform::db::{
    Connection, JsonValue,
    schema::{complaint, complaint_place},
};

/// What a position means in this district.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The canonical place, unless there is none or it is a hot default point.
    pub point: Option<Point>,
    /// Whether a position was given that is a hot default point.
    pub hot_point: bool,
    /// Street code.
    pub street: Option<String>,
    /// Grid code.
    pub grid: Option<String>,
}

impl Placed {
    /// Street and grid follow from the point.
    #[must_use]
    pub fn of(profile: &Profile, position: Option<RawPosition>) -> Self {
        let told = position.map(|p| p.canonical());
        let hot_point = told.is_some_and(|p| profile.is_hot_point(p));
        let point = told.filter(|_| !hot_point);
        Self {
            street: point
                .and_then(|p| profile.street_at(p))
                .map(|s| s.code.clone()),
            grid: point
                .and_then(|p| profile.grid_at(p))
                .map(|g| g.code.clone()),
            point,
            hot_point,
        }
    }
}

/// Puts a complaint elsewhere, or nowhere.
///
/// # Errors
/// What the database answers.
pub fn put(
    conn: &mut Connection,
    row: &ComplaintRow,
    position: Option<RawPosition>,
    placed: &Placed,
) -> QueryResult<()> {
    let point = placed.point;
    let kind = if point.is_some() { "point" } else { "none" };
    diesel::update(complaint_place::table.find(row.id))
        .set((
            complaint_place::kind.eq(kind),
            complaint_place::raw_lon.eq(position.map(|p| p.lon)),
            complaint_place::raw_lat.eq(position.map(|p| p.lat)),
            complaint_place::datum.eq(position.map(|p| p.datum.as_str())),
            complaint_place::accuracy_m.eq(position.and_then(|p| p.accuracy_m)),
            complaint_place::lon.eq(point.map(|p| p.lon)),
            complaint_place::lat.eq(point.map(|p| p.lat)),
            complaint_place::cell.eq(point.and_then(cell)),
            complaint_place::place_name.eq(None::<String>),
            complaint_place::street_code.eq(&placed.street),
            complaint_place::grid_code.eq(&placed.grid),
        ))
        .execute(conn)?;
    let mut flags = row.flags.0.clone();
    if let Some(flags) = flags.as_object_mut() {
        flags.insert("hot_point".to_owned(), placed.hot_point.into());
    }
    diesel::update(complaint::table.find(row.id))
        .set(complaint::flags.eq(JsonValue(flags)))
        .execute(conn)?;
    let street = placed.street.as_deref().map(Mark::Street);
    let grid = placed.grid.as_deref().map(Mark::Grid);
    let found_by = street.into_iter().chain(grid);
    terms::add(conn, row.id, found_by.map(Mark::term))
}

/// A place as it was sent, in the form of a request; null when there was none.
#[must_use]
pub fn as_sent(place: &PlaceRow) -> Value {
    match place.raw_lon.zip(place.raw_lat) {
        Some((lon, lat)) => json!({
            "lon": lon, "lat": lat, "datum": place.datum, "accuracy_m": place.accuracy_m,
        }),
        None => Value::Null,
    }
}
