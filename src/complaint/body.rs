//! What a client sends, and what it becomes once it is checked.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::person::{
    Checking, Person, PetitionerBody, Question, ReporterBody, SecrecyBody, Wish, check_person,
    too_long, trimmed,
};
use crate::district::{Category, Profile};
use crate::geo::{Datum, Point, RawPosition};
use crate::platform::{
    http::{MatterNumber, are_numbers, says_something},
    problem::{Item, ItemCode, Problem},
};

/// A device's clock may run ahead of ours by this much.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);

/// What still goes on may be said to end within this time, as a night's noise does.
const GOING_ON: TimeDelta = TimeDelta::days(1);

/// How far outside the district a fix may lie at most and still be taken for one inside (metres).
const BORDER_TOLERANCE_M: f64 = 300.0;

/// A complaint as submitted.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplaintBody {
    /// Second-level category code, from `GET /api/v1/district`.
    #[validate(length(min = 1, max = 64, message = "is a category code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub category: String,
    /// What is wrong, in the reporter's words.
    #[schema(min_length = 1, max_length = 2000)]
    pub description: String,
    /// Where. A coordinate pair without its datum is refused.
    pub location: Option<LocationBody>,
    /// Address in words.
    #[schema(max_length = 200)]
    pub address: Option<String>,
    /// The shop, site or company complained of.
    #[schema(max_length = 100)]
    pub premises: Option<String>,
    /// Begin of what is complained of, RFC 3339.
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
    /// What the reporter wants: a demand's code of the district profile, such as `enforcement`,
    /// `compensation`, `relocation`, `advice`, `other`.
    #[validate(length(max = 64, message = "has 64 letters at most"))]
    #[schema(max_length = 64)]
    pub demand: Option<String>,
    /// Who reports; absent is anonymous.
    #[validate(nested)]
    pub reporter: Option<ReporterBody>,
    /// Numbers of similar matters the reporter was shown and still files.
    #[serde(default)]
    #[validate(
        length(max = 20, message = "has 20 numbers at most"),
        custom(function = "are_numbers")
    )]
    #[schema(value_type = Vec<MatterNumber>, inline, max_items = 20, nullable)]
    pub acknowledged_similar: Vec<String>,
    /// The similar matter that the reporter says theirs is too (附议), by its number or by its `matter`.
    /// The complaint joins it as one more voice, provisionally, and has a number and a tracking code
    /// of its own; it joins nothing that what it says does not lead to.
    #[validate(length(min = 1, max = 32, message = "is a number of `similar`"))]
    #[schema(min_length = 1, max_length = 32)]
    pub same_as: Option<String>,
    /// 保密: a wish that who reports be known to the named posts of the district alone.
    #[validate(nested)]
    pub secrecy: Option<SecrecyBody>,
    /// Whether the reporter agrees to be named to the unit that handles the matter (个人信息保护法
    /// 25 条); no unless said, and never together with secrecy.
    pub naming_consent: Option<bool>,
}

/// A position.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationBody {
    /// Longitude, degrees.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
    /// Latitude, degrees.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// The pair's datum.
    pub datum: Datum,
    /// Accuracy of the fix, metres.
    #[schema(minimum = 0, maximum = 20_040_000)]
    pub accuracy_m: Option<f64>,
}

/// The four sources of problems of the plan (来源类别).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceClass {
    /// 第1类 中央和省重点关注.
    CentralProvincial,
    /// 第2类 环境质量指标波动.
    QualityIndicator,
    /// 第3类 群众信访突出问题.
    PublicPetition,
    /// 第4类 监管执法发现.
    Enforcement,
}

impl SourceClass {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CentralProvincial => "central_provincial",
            Self::QualityIndicator => "quality_indicator",
            Self::PublicPetition => "public_petition",
            Self::Enforcement => "enforcement",
        }
    }
}

/// A complaint taken in by staff or by another system.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntakeBody {
    /// Channel code of the district profile.
    #[validate(length(min = 1, max = 64, message = "is a channel code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub channel: String,
    /// The upstream system's number; the same channel and number is the same complaint.
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub external_no: Option<String>,
    /// Source class; `public_petition` unless said. `central_provincial` requires the upstream
    /// number.
    pub source_class: Option<SourceClass>,
    /// When it reached the channel; now unless said. Its clocks start here.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub received_at: Option<DateTime<Utc>>,
    /// Registered id of the object complained of (统一社会信用代码 and the like).
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 64)]
    pub object_id: Option<String>,
    /// Joint signers and represented persons beside the reporter.
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 500, nullable)]
    pub petitioners: Vec<PetitionerBody>,
    /// The complaint itself.
    #[validate(nested)]
    pub complaint: ComplaintBody,
}

/// A complaint whose every field was checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Category code.
    pub category: String,
    /// First-level code.
    pub coarse: String,
    /// Risk points of the category.
    pub risk: i32,
    /// Text, trimmed.
    pub description: String,
    /// The position as sent.
    pub position: Option<RawPosition>,
    /// The canonical place, unless there is none or it is a hot default point.
    pub point: Option<Point>,
    /// Whether a position was sent that is a hot default point.
    pub hot_point: bool,
    /// Address.
    pub address: Option<String>,
    /// Premises' name.
    pub premises: Option<String>,
    /// Begin.
    pub occurred_at: Option<DateTime<Utc>>,
    /// End.
    pub occurred_until: Option<DateTime<Utc>>,
    /// Demand.
    pub demand: Option<String>,
    /// Reporter; `None` is anonymous.
    pub reporter: Option<Person>,
    /// What could not be read of those who petition, and is asked for again.
    pub questions: Vec<Question>,
    /// Acknowledged numbers.
    pub acknowledged: Vec<String>,
    /// The matter the reporter says theirs is.
    pub same_as: Option<String>,
    /// What the reporter wishes of who they are.
    pub wish: Wish,
}

/// Whether positions outside the district are refused. Rows of another system may lie outside
/// and still be ours to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// Refuse them.
    Strict,
    /// Keep them.
    Open,
}

impl ComplaintBody {
    /// Checks every field against the district profile.
    ///
    /// # Errors
    /// 422 with one item for each field that is not valid.
    pub fn check(
        self,
        profile: &Profile,
        now: DateTime<Utc>,
        border: Border,
    ) -> Result<Checked, Problem> {
        let mut items = Vec::new();
        let limits = profile.rules.limits;
        let category = check_category(profile, &self.category, &mut items);
        let description = trimmed(&self.description);
        match &description {
            None => items.push(Item::new(
                "description",
                ItemCode::Required,
                "says what is wrong",
            )),
            Some(text) => too_long("description", text, limits.description_letters, &mut items),
        }
        let address = self.address.as_deref().and_then(trimmed);
        let premises = self.premises.as_deref().and_then(trimmed);
        if let Some(text) = &address {
            too_long("address", text, limits.address_letters, &mut items);
        }
        if let Some(text) = &premises {
            too_long("premises", text, limits.premises_letters, &mut items);
        }
        let position = self
            .location
            .and_then(|l| check_location(l, profile, border, &mut items));
        check_times(self.occurred_at, self.occurred_until, now, &mut items);
        let mut questions = Vec::new();
        let mut checking = Checking {
            area_code: profile.rules.area_code.as_deref(),
            items: &mut items,
            questions: &mut questions,
        };
        let reporter = self
            .reporter
            .and_then(|r| check_person(&r, "reporter", &mut checking));
        let demand = self.demand.as_deref().and_then(trimmed);
        check_demand(profile, demand.as_deref(), &mut items);
        let (Some(category), Some(description), true) = (category, description, items.is_empty())
        else {
            return Err(Problem::invalid_items(items));
        };
        let point = position.map(|p| p.canonical());
        let hot_point = point.is_some_and(|p| profile.is_hot_point(p));
        Ok(Checked {
            category: category.code.clone(),
            coarse: category.coarse.clone(),
            risk: category.risk,
            description,
            position,
            point: point.filter(|_| !hot_point),
            hot_point,
            address,
            premises,
            occurred_at: self.occurred_at,
            occurred_until: self.occurred_until,
            demand,
            reporter,
            questions,
            acknowledged: self.acknowledged_similar,
            same_as: self.same_as.as_deref().and_then(trimmed),
            wish: Wish::default().said(self.secrecy, self.naming_consent),
        })
    }
}

fn check_category<'a>(
    profile: &'a Profile,
    code: &str,
    items: &mut Vec<Item>,
) -> Option<&'a Category> {
    let found = profile.open_category(code);
    if found.is_none() {
        let message = "is not a category of this district; see GET /api/v1/district";
        items.push(Item::new("category", ItemCode::UnknownCategory, message));
    }
    found
}

/// A demand is one of the profile's: another demand is another ground, so texts cannot be compared.
pub fn check_demand(profile: &Profile, demand: Option<&str>, items: &mut Vec<Item>) {
    if demand.is_some_and(|code| !profile.knows_demand(code)) {
        let codes = profile.rules.demands.iter().map(|d| d.code.as_str());
        let known = codes.collect::<Vec<_>>().join(", ");
        let message = format!("is one of {known}");
        items.push(Item::new("demand", ItemCode::UnknownDemand, message));
    }
}

/// Checks a position; what is wrong with it is added to the items.
pub fn check_location(
    location: LocationBody,
    profile: &Profile,
    border: Border,
    items: &mut Vec<Item>,
) -> Option<RawPosition> {
    let LocationBody {
        lon,
        lat,
        datum,
        accuracy_m,
    } = location;
    let position = match RawPosition::parse(lon, lat, datum, accuracy_m) {
        Ok(position) => position,
        Err(e) => {
            items.push(Item::new("location", ItemCode::NotAPosition, e.to_string()));
            return None;
        }
    };
    let tolerance = accuracy_m.unwrap_or(0.0).min(BORDER_TOLERANCE_M);
    if border == Border::Strict && !profile.contains(position.canonical(), tolerance) {
        let message = format!(
            "lies outside {}; check the datum, or report to the district it lies in",
            profile.rules.name
        );
        items.push(Item::new("location", ItemCode::OutsideDistrict, message));
    }
    Some(position)
}

/// What is wrong with an instant that lies ahead of every clock.
#[must_use]
pub fn not_yet(field: &str, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Item> {
    at.filter(|at| *at > now + CLOCK_SKEW)
        .map(|_| Item::new(field, ItemCode::InTheFuture, "has not happened yet"))
}

/// Checks when something happened; what is wrong with it is added to the items.
pub fn check_times(
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    items: &mut Vec<Item>,
) {
    items.extend(not_yet("occurred_at", from, now));
    if until.is_some_and(|at| at > now + GOING_ON) {
        let message = "is within a day from now at the latest";
        items.push(Item::new("occurred_until", ItemCode::InTheFuture, message));
    }
    match (from, until) {
        (None, Some(_)) => {
            items.push(Item::new(
                "occurred_at",
                ItemCode::Required,
                "begins before occurred_until",
            ));
        }
        (Some(from), Some(until)) if until < from => {
            items.push(Item::new(
                "occurred_until",
                ItemCode::BeforeBegin,
                "does not end before occurred_at",
            ));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> ComplaintBody {
        serde_json::from_value(serde_json::json!({
            "category": "air.cooking_fume",
            "description": "楼下油烟",
            "location": { "lon": 119.2985, "lat": 26.0860, "datum": "WGS84", "accuracy_m": 12 },
        }))
        .unwrap()
    }

    fn codes(body: ComplaintBody) -> Vec<String> {
        let profile = Profile::embedded().unwrap();
        match body.check(&profile, Utc::now(), Border::Strict) {
            Ok(_) => Vec::new(),
            Err(problem) => problem
                .document(crate::platform::problem::Language::En)
                .items
                .into_iter()
                .map(|item| format!("{} {}", item.location, item.code.as_str()))
                .collect(),
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert!(codes(body()).is_empty());
        let wrong = ComplaintBody {
            category: "fire".to_owned(),
            description: "  ".to_owned(),
            location: Some(LocationBody {
                lon: 0.0,
                lat: 0.0,
                datum: Datum::Wgs84,
                accuracy_m: None,
            }),
            occurred_at: Some(Utc::now() + TimeDelta::hours(2)),
            reporter: Some(ReporterBody {
                name: Some("林".repeat(51)),
                phone: Some("12345".to_owned()),
                id_number: Some("350102199001011234".to_owned()),
            }),
            ..body()
        };
        assert_eq!(
            codes(wrong),
            [
                "category unknown_category",
                "description required",
                "location not_a_position",
                "occurred_at in_the_future",
                "reporter.name too_long",
            ]
        );
    }

    /// D4: text at the limit is taken, one letter more is not.
    #[test]
    fn text_is_taken_up_to_the_limit() {
        let of = |letters: usize| ComplaintBody {
            description: "烟".repeat(letters),
            ..body()
        };
        assert!(codes(of(2000)).is_empty());
        assert_eq!(codes(of(2001)), ["description too_long"]);
    }

    #[test]
    fn a_misread_datum_shows_at_the_border() {
        // A place in 水部 near the eastern border, read as GCJ-02, moves west by half a kilometre
        // and stays inside; its GCJ-02 form read as WGS-84 leaves the district.
        let at = |lon, lat, datum| ComplaintBody {
            location: Some(LocationBody {
                lon,
                lat,
                datum,
                accuracy_m: None,
            }),
            ..body()
        };
        assert!(codes(at(119.3170, 26.0790, Datum::Wgs84)).is_empty());
        let (lon, lat) = crate::geo::from_canonical(
            Datum::Gcj02,
            Point {
                lon: 119.3170,
                lat: 26.0790,
            },
        );
        assert!(codes(at(lon, lat, Datum::Gcj02)).is_empty());
        assert_eq!(
            codes(at(lon, lat, Datum::Wgs84)),
            ["location outside_district"]
        );
    }
}
