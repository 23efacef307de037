//! What is sent of a find, and what it becomes once it is checked.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::account::{Role, Staff};
use crate::complaint::body::{Border, Checked, ComplaintBody, LocationBody};
use crate::district::Profile;
use crate::geo::Point;
use crate::platform::{
    http::says_something,
    problem::{ItemCode, Problem},
};
use crate::verification::rules::Clocks;

/// The channel of a clue (线索渠道), apart from how it came to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClueChannel {
    /// 监测.
    Monitoring,
    /// 监管.
    Supervision,
    /// 执法.
    Enforcement,
    /// 巡查.
    Patrol,
}

/// The names of the channels.
pub const CLUE_CHANNELS: &[&str] = &["monitoring", "supervision", "enforcement", "patrol"];

impl ClueChannel {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monitoring => "monitoring",
            Self::Supervision => "supervision",
            Self::Enforcement => "enforcement",
            Self::Patrol => "patrol",
        }
    }
}

/// What a member of staff found.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindBody {
    /// The device's own id of this find; sent again by the same person, it is the same find.
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub client_id: String,
    /// Second-level category code, from `GET /api/v1/district`.
    #[validate(length(min = 1, max = 64, message = "is a category code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub category: String,
    /// What was seen.
    #[schema(min_length = 1, max_length = 2000)]
    pub description: String,
    /// Where: in the own grid of a grid officer, in the own street of a street's account, in the
    /// district for everybody else.
    pub location: LocationBody,
    /// Address in words.
    #[schema(max_length = 200)]
    pub address: Option<String>,
    /// The shop, site or company.
    #[schema(max_length = 100)]
    pub premises: Option<String>,
    /// Begin of what was seen, RFC 3339, by the device's clock; `device_time` unless said.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub occurred_at: Option<DateTime<Utc>>,
    /// Its end.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub occurred_until: Option<DateTime<Utc>>,
    /// The channel of the clue.
    pub clue_channel: ClueChannel,
    /// The device's clock when it was seen.
    #[serde(deserialize_with = "crate::platform::http::dates::instant")]
    pub device_time: DateTime<Utc>,
    /// Whether the grid officer who found it makes the visit at once: it is theirs then, and takes
    /// check-in, findings and photos from `device_time` on, as any visit does. Another reviews it.
    pub visit: Option<bool>,
}

/// A find whose every field was checked.
pub(super) struct CheckedFind {
    /// What it says of the matter.
    pub checked: Checked,
    /// When it was seen, by our clock as far as both clocks tell.
    pub seen_at: DateTime<Utc>,
    /// The street it lies in.
    pub street: Option<String>,
}

impl FindBody {
    /// Checks every field against the district profile, and the place against the part of the district
    /// the finder looks after. What the device claims is moved by as much as its clock differs.
    ///
    /// # Errors
    /// 422 naming what is wrong; a place in another's part is told whose it is.
    pub(super) fn check(
        &self,
        profile: &Profile,
        staff: &Staff,
        offset: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) -> Result<CheckedFind, Problem> {
        if self.visit == Some(true) && staff.role != Role::GridOfficer {
            let message = "is for grid officers; others have the brigade send somebody";
            return Err(Problem::invalid("visit", ItemCode::Refused, message));
        }
        let clocks = Clocks {
            claimed: self.device_time,
            received: now,
            offset,
        };
        let seen_at = clocks.moment(None).at;
        let moved = |at: DateTime<Utc>| at + offset.unwrap_or_default();
        let until = self.occurred_until.map(moved);
        let body = ComplaintBody {
            category: self.category.clone(),
            description: self.description.clone(),
            location: Some(self.location),
            address: self.address.clone(),
            premises: self.premises.clone(),
            occurred_at: Some(self.occurred_at.map_or(seen_at, moved)),
            occurred_until: until,
            demand: None,
            reporter: None,
            acknowledged_similar: Vec::new(),
            same_as: None,
            secrecy: None,
            naming_consent: None,
        };
        let checked = body.check(profile, now, Border::Strict)?;
        let street = match checked.point {
            Some(point) => in_own_part(profile, staff, point)?,
            None => {
                let message = "is a default point that many devices send; set the place by hand";
                return Err(Problem::invalid(
                    "location",
                    ItemCode::NotAPosition,
                    message,
                ));
            }
        };
        Ok(CheckedFind {
            checked,
            seen_at,
            street,
        })
    }
}

/// The street of a place, which is in the grid of a grid officer and in the street of a street's account.
fn in_own_part(profile: &Profile, staff: &Staff, point: Point) -> Result<Option<String>, Problem> {
    let grid = profile.grid_at(point);
    let street = profile.street_at(point);
    let street_name = street.map_or("no street", |street| street.name.as_str());
    let own = match staff.role {
        Role::GridOfficer => {
            grid.map(|grid| &grid.code) == staff.grid_code.as_ref() && grid.is_some()
        }
        Role::Street => {
            street.map(|street| &street.code) == staff.street_code.as_ref() && street.is_some()
        }
        _ => true,
    };
    if own {
        return Ok(street.map(|street| street.code.clone()));
    }
    let grid_name = grid.map_or("no grid", |grid| grid.name.as_str());
    let message = format!(
        "lies in {grid_name} of {street_name}, which is not yours; tell the grid officers or the street there, or the brigade"
    );
    Err(Problem::invalid(
        "location",
        ItemCode::OutsideOwnPart,
        message,
    ))
}
