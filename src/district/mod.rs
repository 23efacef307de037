//! The district profile: everything with legal effect as data (辖区配置).
//!
//! Streets, grids, taxonomy, units, channels with their deadlines, procedures with their
//! documents, the holiday calendar, thresholds. The profile of 鼓楼区 is embedded; `--district DIR`
//! replaces it. A profile that does not parse, or whose parts do not fit each other, is refused
//! with file, line and what was expected.

pub mod calendar;
mod check;
mod features;
mod files;
mod load;
mod notices;
mod places;
mod rules;
mod taxonomy;
mod terms;
pub mod urgency;

use std::path::Path;

pub use calendar::{Calendar, DeadlineRule, Due, Unit, shanghai};
pub use files::ProfileError;
pub use notices::{Filling, NoticeChannel, NoticeEvent, NoticeTemplate, Notices};
pub use places::{Grid, PlaceHit, Street};
pub use rules::{
    Abuse, Bounds, Channel, DeadlineKind, Demand, DistrictRules, Document, Escalation, ImportRules,
    Limits, MatchingRules, Procedure, Rating, TriageRules, VerificationRules,
};
pub use taxonomy::{Category, Coarse, Competence, OfficialUnit, Post};
pub use terms::Term;

use chrono::NaiveDate;

use crate::geo::{AreaIndex, Point, are_beside, distance_m};
use crate::linkage::Model;

/// The demand that stands for all without a code of their own.
const OTHER_DEMAND: &str = "other";

/// Grids whose outlines come this near are neighbours (metres): borders are drawn twice, and not always
/// alike.
const BORDER_M: f64 = 20.0;

/// The channel of what staff find themselves (巡查发现). No profile has a channel of this code, and so none
/// has deadlines: nobody petitions, and nobody is to be told or answered.
pub const FIND: &str = "find";

/// A place this near a hot default point is that point (metres).
const HOT_POINT_M: f64 = 2.0;

/// A district's profile.
pub struct Profile {
    /// Name, codes, limits, thresholds.
    pub rules: DistrictRules,
    /// Streets and towns (街道、镇).
    pub streets: Vec<Street>,
    /// Grid cells (网格).
    pub grids: Vec<Grid>,
    /// First level of the taxonomy.
    pub coarse: Vec<Coarse>,
    /// Second level of the taxonomy.
    pub categories: Vec<Category>,
    /// Units (单位).
    pub units: Vec<OfficialUnit>,
    /// Posts (岗位).
    pub posts: Vec<Post>,
    /// Which unit is competent for what.
    pub competences: Vec<Competence>,
    /// Channels (渠道) and their deadlines.
    pub channels: Vec<Channel>,
    /// Procedures (办理程序).
    pub procedures: Vec<Procedure>,
    /// Documents (文书).
    pub documents: Vec<Document>,
    /// Documents of decisions that end in no procedure: (decision, document).
    pub decision_documents: Vec<(String, String)>,
    /// What reporters are told (告知).
    pub notices: Notices,
    /// Working days.
    pub calendar: Calendar,
    /// What evidence weighs when reports are matched.
    pub model: Model,
    street_index: AreaIndex,
    grid_index: AreaIndex,
    gazetteer: places::Gazetteer,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Profile({})", self.rules.name)
    }
}

impl Profile {
    /// The built-in profile of 鼓楼区.
    ///
    /// # Errors
    /// When an embedded file is broken, which the tests rule out.
    pub fn embedded() -> Result<Self, ProfileError> {
        load::embedded()
    }

    /// A profile from a folder with the same files as `profiles/gulou`.
    ///
    /// # Errors
    /// The file, line and what was expected.
    pub fn load_dir(folder: &Path) -> Result<Self, ProfileError> {
        load::from_dir(folder)
    }

    /// A category by code, enabled or not.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|c| c.code == code)
    }

    /// A category's Chinese name; the code itself when the profile no longer knows it.
    #[must_use]
    pub fn category_name(&self, code: &str) -> String {
        self.category(code)
            .map_or_else(|| code.to_owned(), |c| c.zh.clone())
    }

    /// A category that complaints may name.
    #[must_use]
    pub fn open_category(&self, code: &str) -> Option<&Category> {
        self.category(code).filter(|c| c.enabled)
    }

    /// A channel by code.
    #[must_use]
    pub fn channel(&self, code: &str) -> Option<&Channel> {
        self.channels.iter().find(|c| c.code == code)
    }

    /// Whether a channel's complaints come from above (督察, 批办, 转办).
    #[must_use]
    pub fn is_from_above(&self, channel: &str) -> bool {
        self.channel(channel).is_some_and(|c| c.from_above)
    }

    /// Whether reporters come in person through a channel (走访).
    #[must_use]
    pub fn is_in_person(&self, channel: &str) -> bool {
        self.channel(channel).is_some_and(|c| c.in_person)
    }

    /// Whether a list can be filtered by these; a code nobody knows is a slip, and no empty list.
    ///
    /// # Errors
    /// The filter's name and what it has to be.
    pub fn known_filters(
        &self,
        category: Option<&str>,
        street: Option<&str>,
    ) -> Result<(), (&'static str, &'static str)> {
        if category.is_some_and(|code| self.category(code).is_none()) {
            return Err(("category", "is not a category of the district"));
        }
        if street.is_some_and(|code| self.street(code).is_none()) {
            return Err(("street", "is not a street of the district"));
        }
        Ok(())
    }

    /// Whether it is the code of a category, of either level.
    #[must_use]
    pub fn knows_category(&self, code: &str) -> bool {
        let mut categories = self.categories.iter();
        categories.any(|known| known.code == code || known.coarse == code)
    }

    /// Whether it is a demand's code.
    #[must_use]
    pub fn knows_demand(&self, code: &str) -> bool {
        self.rules.demands.iter().any(|demand| demand.code == code)
    }

    /// A demand by its code; whatever else was written is some other demand.
    #[must_use]
    pub fn demand_code<'a>(&self, written: &'a str) -> &'a str {
        if self.knows_demand(written) {
            written
        } else {
            OTHER_DEMAND
        }
    }

    /// A procedure by code.
    #[must_use]
    pub fn procedure(&self, code: &str) -> Option<&Procedure> {
        self.procedures.iter().find(|p| p.code == code)
    }

    /// A document by code.
    #[must_use]
    pub fn document(&self, code: &str) -> Option<&Document> {
        self.documents.iter().find(|d| d.code == code)
    }

    /// The document of a decision that ends in no procedure, such as `refuse`.
    #[must_use]
    pub fn decision_document(&self, decision: &str) -> Option<&Document> {
        let (_, code) = self
            .decision_documents
            .iter()
            .find(|(name, _)| name == decision)?;
        self.document(code)
    }

    /// A street by code.
    #[must_use]
    pub fn street(&self, code: &str) -> Option<&Street> {
        self.streets.iter().find(|s| s.code == code)
    }

    /// A street by name, with or without its 街道 or 镇.
    #[must_use]
    pub fn street_named(&self, name: &str) -> Option<&Street> {
        let plain = |name: &str| {
            name.trim()
                .trim_end_matches("街道")
                .trim_end_matches('镇')
                .to_owned()
        };
        self.streets
            .iter()
            .find(|street| plain(&street.name) == plain(name))
    }

    /// A grid by code.
    #[must_use]
    pub fn grid(&self, code: &str) -> Option<&Grid> {
        self.grids.iter().find(|g| g.code == code)
    }

    /// Whether two grids lie beside each other.
    #[must_use]
    pub fn are_neighbours(&self, one: &str, other: &str) -> bool {
        let outlines = self.grid(one).zip(self.grid(other));
        outlines.is_some_and(|(one, other)| are_beside(&one.outline, &other.outline, BORDER_M))
    }

    /// A unit by code.
    #[must_use]
    pub fn unit(&self, code: &str) -> Option<&OfficialUnit> {
        self.units.iter().find(|u| u.code == code)
    }

    /// The unit competent for a category at a place on a date; `None` is the bureau itself. A row
    /// for the street goes before one for the whole district, then the latest in force.
    #[must_use]
    pub fn competent_unit(
        &self,
        category: &str,
        street: Option<&str>,
        on: NaiveDate,
    ) -> Option<&OfficialUnit> {
        self.competences
            .iter()
            .filter(|row| row.category == category && row.from <= on)
            .filter(|row| row.street.is_none() || row.street.as_deref() == street)
            .max_by_key(|row| (row.street.is_some(), row.from))
            .and_then(|row| self.unit(&row.unit))
    }

    /// The street that holds a place.
    #[must_use]
    pub fn street_at(&self, place: Point) -> Option<&Street> {
        self.street_index
            .at(place)
            .and_then(|code| self.street(code))
    }

    /// The grid that holds a place.
    #[must_use]
    pub fn grid_at(&self, place: Point) -> Option<&Grid> {
        self.grid_index.at(place).and_then(|code| self.grid(code))
    }

    /// Whether a place is in the district, or within `tolerance_m` metres of it: a fix at the
    /// border is only as good as its accuracy.
    #[must_use]
    pub fn contains(&self, place: Point, tolerance_m: f64) -> bool {
        self.street_at(place).is_some() || self.street_index.within(place, tolerance_m)
    }

    /// Whether a place is a hot default point, which is no place at all.
    #[must_use]
    pub fn is_hot_point(&self, place: Point) -> bool {
        let near = |hot: &rules::HotPoint| {
            distance_m(
                place,
                Point {
                    lon: hot.lon,
                    lat: hot.lat,
                },
            ) < HOT_POINT_M
        };
        self.rules.matching.hot_points.iter().any(near)
    }

    /// A place the profile knows by a name that stands in a text; the longest name wins.
    #[must_use]
    pub fn place_named_in(&self, text: &str) -> Option<PlaceHit> {
        self.gazetteer.find(text)
    }
}

#[cfg(test)]
mod tests {
    use geo::{Area as _, InteriorPoint as _};

    use super::*;

    #[test]
    fn the_embedded_profile_is_whole() {
        let profile = Profile::embedded().unwrap();
        assert_eq!(profile.streets.len(), 10);
        assert!(profile.grids.len() >= 30);
        assert_eq!(profile.coarse.len(), 9);
        let drum_tower = Point {
            lon: 119.2985,
            lat: 26.0860,
        };
        assert_eq!(profile.street_at(drum_tower).unwrap().name, "东街街道");
        let grid = profile.grid_at(drum_tower).unwrap();
        assert_eq!(grid.street, "350102004");
        assert_eq!(grid.code.len(), 14);
        assert!(!profile.contains(
            Point {
                lon: 119.20,
                lat: 26.08
            },
            300.0
        ));
    }

    #[test]
    fn a_place_at_the_border_is_as_good_as_its_accuracy() {
        let profile = Profile::embedded().unwrap();
        // Some 40 m beyond the eastern border of 水部街道.
        let east = profile
            .streets
            .iter()
            .map(|s| s.east)
            .fold(f64::MIN, f64::max);
        let outside = Point {
            lon: east + 0.0004,
            lat: 26.0789,
        };
        assert!(!profile.contains(outside, 0.0));
        assert!(profile.contains(outside, 300.0));
    }

    #[test]
    fn places_are_known_by_name() {
        let profile = Profile::embedded().unwrap();
        let hit = profile
            .place_named_in("本人每天路过的梅峰河（左海西门到博物院段）很臭")
            .unwrap();
        assert_eq!(hit.name, "梅峰河");
        assert!(hit.place.is_some());
        assert!(profile.place_named_in("马尾区快安").is_none());
        assert_eq!(
            profile.place_named_in("鼓东街道某小区").unwrap().street,
            "350102001"
        );
    }

    #[test]
    fn neighbours_share_a_border() {
        let profile = Profile::embedded().unwrap();
        let (home, away) = ("35010200400301", "35010200100101");
        for beside in [home, "35010200400201", "35010200500201"] {
            assert!(profile.are_neighbours(home, beside), "{beside}");
            assert!(profile.are_neighbours(beside, home), "{beside}");
        }
        assert!(!profile.are_neighbours(home, away));
        assert!(!profile.are_neighbours(home, "no grid"));
    }

    #[test]
    fn grids_tile_their_streets() {
        let profile = Profile::embedded().unwrap();
        for grid in &profile.grids {
            let inner = grid.outline.interior_point().unwrap();
            let inner = Point {
                lon: inner.x(),
                lat: inner.y(),
            };
            assert_eq!(
                profile.street_at(inner).unwrap().code,
                grid.street,
                "{}",
                grid.code
            );
            assert_eq!(profile.grid_at(inner).unwrap().code, grid.code);
        }
        for street in &profile.streets {
            let grids = profile
                .grids
                .iter()
                .filter(|grid| grid.street == street.code);
            let covered: f64 = grids.map(|grid| grid.outline.unsigned_area()).sum();
            let whole = street.outline.unsigned_area();
            assert!(
                (covered / whole - 1.0).abs() < 0.01,
                "{}: {}",
                street.name,
                covered / whole
            );
        }
    }

    #[test]
    fn streets_are_known_by_name() {
        let profile = Profile::embedded().unwrap();
        for name in ["洪山镇", "洪山", " 洪山 "] {
            assert_eq!(profile.street_named(name).unwrap().code, "350102100");
        }
        assert!(profile.street_named("茶亭街道").is_none());
    }

    #[test]
    fn disabled_and_unknown_categories_are_closed() {
        let profile = Profile::embedded().unwrap();
        assert!(profile.open_category("air.cooking_fume").is_some());
        assert!(profile.category("sea.pollution").is_some());
        assert!(profile.open_category("sea.pollution").is_none());
        assert!(profile.open_category("air.moonlight").is_none());
    }

    #[test]
    fn the_document_follows_from_the_procedure() {
        let profile = Profile::embedded().unwrap();
        // The twelve of the 办法, and that by which a ticket goes back upstream.
        assert_eq!(profile.documents.len(), 13);
        let reply = |code: &str| profile.procedure(code).unwrap().reply.as_str();
        assert_eq!(reply("ordinary_petition"), "handling_opinion");
        assert_eq!(reply("enforcement_request"), "result_notice");
        assert!(!profile.procedure("enforcement_request").unwrap().may_extend);
        assert_eq!(
            profile.decision_document("refuse").unwrap().name,
            "不予受理告知书"
        );
    }

    #[test]
    fn competence_goes_by_category_place_and_date() {
        let mut profile = Profile::embedded().unwrap();
        let day = |text: &str| text.parse().unwrap();
        let hongshan = Some("350102100");
        let now = day("2026-01-01");
        let code = |profile: &Profile, category: &str, street, on| {
            profile
                .competent_unit(category, street, on)
                .map(|unit| unit.code.clone())
        };
        assert_eq!(
            code(&profile, "air.cooking_fume", hongshan, now).as_deref(),
            Some("dept_urban")
        );
        assert_eq!(
            code(&profile, "air.cooking_fume", None, day("2020-01-01")),
            None
        );
        assert_eq!(code(&profile, "water.industrial", hongshan, now), None);

        profile.competences.push(Competence {
            category: "air.cooking_fume".to_owned(),
            street: hongshan.map(str::to_owned),
            unit: "dept_market".to_owned(),
            from: day("2022-06-01"),
        });
        assert_eq!(
            code(&profile, "air.cooking_fume", hongshan, now).as_deref(),
            Some("dept_market")
        );
        assert_eq!(
            code(&profile, "air.cooking_fume", Some("350102001"), now).as_deref(),
            Some("dept_urban")
        );
    }
}
