//! What officers' phones say in what they send.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::repetition::Said;
use crate::account::Staff;
use crate::geo::Datum;
use crate::platform::{db::UtcTime, http::says_something};

/// A check-in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInBody {
    /// The device's own id of this event; sent again, it is the same event.
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub client_id: String,
    /// Longitude, degrees.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
    /// Latitude, degrees.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// The pair's datum.
    pub datum: Datum,
    /// Accuracy, metres.
    #[schema(minimum = 0, maximum = 20_040_000)]
    pub accuracy_m: Option<f64>,
    /// The device's clock when it happened.
    #[serde(deserialize_with = "crate::platform::http::dates::instant")]
    pub device_time: DateTime<Utc>,
    /// Why the officer is elsewhere; required outside the radius.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
}

impl CheckInBody {
    /// As it would be stored.
    pub(super) fn said(&self, staff: &Staff) -> Said {
        Said {
            kind: "check_in".to_owned(),
            officer_id: staff.id,
            lon: Some(self.lon),
            lat: Some(self.lat),
            datum: Some(self.datum.to_string()),
            accuracy_m: self.accuracy_m,
            reason: self.reason.clone(),
            result: None,
            notes: None,
            device_time: UtcTime(self.device_time),
        }
    }
}

/// A finding (核实结果).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// 属实.
    True,
    /// 部分属实.
    PartlyTrue,
    /// 不属实.
    NotTrue,
    /// 无法核实.
    Unverifiable,
}

impl Finding {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::PartlyTrue => "partly_true",
            Self::NotTrue => "not_true",
            Self::Unverifiable => "unverifiable",
        }
    }
}

/// What was found.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingsBody {
    /// The device's own id of this event.
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub client_id: String,
    /// The finding.
    pub result: Finding,
    /// What was seen.
    #[validate(
        length(min = 1, max = 2000, message = "has 1 to 2000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 2000)]
    pub notes: String,
    /// The device's clock when it was written.
    #[serde(deserialize_with = "crate::platform::http::dates::instant")]
    pub device_time: DateTime<Utc>,
}

impl FindingsBody {
    /// As they would be stored.
    pub(super) fn said(&self, staff: &Staff) -> Said {
        Said {
            kind: "findings".to_owned(),
            officer_id: staff.id,
            lon: None,
            lat: None,
            datum: None,
            accuracy_m: None,
            reason: None,
            result: Some(self.result.as_str().to_owned()),
            notes: Some(self.notes.clone()),
            device_time: UtcTime(self.device_time),
        }
    }
}

/// Photos of a visit, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct VisitPhotoForm {
    /// 远景.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    far: Vec<String>,
    /// 近景.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    near: Vec<String>,
    /// 参照物.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    reference: Vec<String>,
    /// Scans, PDF files, sound and video, kept sealed; they count among the photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    file: Vec<String>,
}
