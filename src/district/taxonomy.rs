//! The taxonomy, the units, and who is competent for what.

use chrono::NaiveDate;
use serde::Deserialize;

/// First level (大类).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coarse {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// Second level (小类).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Code, opening with its first level's.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// First level's code.
    pub coarse: String,
    /// Metres within which two reports may be of one matter (domain §3.2).
    pub radius_m: f64,
    /// Risk points in the triage order, 0 to 40 (domain §3.4).
    pub risk: i32,
    /// Risk points when the complained hours touch the night; the same unless said.
    #[serde(default)]
    pub night_risk: Option<i32>,
    /// Whether a visit must fall in the complained time of day.
    pub time_bound: bool,
    /// Whether a sound recording or a video of a visit is evidence enough, without a photo.
    #[serde(default)]
    pub recording_suffices: bool,
    /// Whether complaints may name it.
    pub enabled: bool,
}

/// A unit (单位).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficialUnit {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `steering`, `office`, `brigade`, `station`, `party_office`, `section`, `street`, `park`,
    /// `department`.
    pub kind: String,
}

/// A post (岗位).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Unit it belongs to.
    pub unit: String,
}

/// A row of competence (职责).
#[derive(Debug, Clone)]
pub struct Competence {
    /// Category code.
    pub category: String,
    /// Street code, when the row holds for one street only.
    pub street: Option<String>,
    /// Unit code.
    pub unit: String,
    /// In force from.
    pub from: NaiveDate,
}
