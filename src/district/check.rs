//! Whether the parts of a profile fit each other.

use std::collections::HashSet;

use geo::BoundingRect as _;

use super::{
    DeadlineKind, FIND, Profile,
    features::{GRIDS, STREETS},
    files::{Files, ProfileError, error, line_of},
};
use crate::platform::blob::MOST_BYTES;

const RULES: &str = "district.toml";
const TAXONOMY: &str = "taxonomy.toml";
const UNITS: &str = "units.toml";
const CHANNELS: &str = "channels.toml";
const PROCEDURES: &str = "procedures.toml";
const NOTICES: &str = "notices.toml";

/// Kinds of units; rights and queues hang on them.
const UNIT_KINDS: [&str; 9] = [
    "steering",
    "office",
    "brigade",
    "station",
    "party_office",
    "section",
    "street",
    "park",
    "department",
];

/// Digits of a grid's code: district 6, street 3, community 3, serial 2 (GB/T 30428.1).
const GRID_DIGITS: usize = 14;

/// Days of a deadline at most; ten years, beyond which a number is a slip of the pen.
const MOST_DAYS: u32 = 3650;

/// Refuses a profile whose parts do not fit, naming the line on which the misfit stands.
pub(super) fn check(profile: &Profile, files: &dyn Files) -> Result<(), ProfileError> {
    let check = Check { profile, files };
    check.codes_are_unique()?;
    check.rules()?;
    check.taxonomy()?;
    check.places()?;
    check.units()?;
    check.channels()?;
    check.procedures()?;
    check.notices()
}

struct Check<'a> {
    profile: &'a Profile,
    files: &'a dyn Files,
}

impl Check<'_> {
    /// Refuses unless `holds`, pointing at the first line of the file that has `landmark` on it.
    fn require(
        &self,
        holds: bool,
        file: &str,
        landmark: &str,
        expected: impl FnOnce() -> String,
    ) -> Result<(), ProfileError> {
        if holds {
            return Ok(());
        }
        let line = match self.files.read(file) {
            Some(Ok(text)) => line_of(&text, landmark),
            _ => None,
        };
        Err(error(file, line, expected()))
    }

    fn codes_are_unique(&self) -> Result<(), ProfileError> {
        let profile = self.profile;
        let lists: [(&str, Vec<&str>); 9] = [
            (
                TAXONOMY,
                profile.coarse.iter().map(|c| c.code.as_str()).collect(),
            ),
            (
                TAXONOMY,
                profile.categories.iter().map(|c| c.code.as_str()).collect(),
            ),
            (
                UNITS,
                profile.units.iter().map(|u| u.code.as_str()).collect(),
            ),
            (
                UNITS,
                profile.posts.iter().map(|p| p.code.as_str()).collect(),
            ),
            (
                CHANNELS,
                profile.channels.iter().map(|c| c.code.as_str()).collect(),
            ),
            (
                PROCEDURES,
                profile.procedures.iter().map(|p| p.code.as_str()).collect(),
            ),
            (
                PROCEDURES,
                profile.documents.iter().map(|d| d.code.as_str()).collect(),
            ),
            (
                STREETS,
                profile.streets.iter().map(|s| s.code.as_str()).collect(),
            ),
            (
                GRIDS,
                profile.grids.iter().map(|g| g.code.as_str()).collect(),
            ),
        ];
        for (file, codes) in lists {
            let mut seen = HashSet::new();
            for code in codes {
                self.require(seen.insert(code), file, &quoted(code), || {
                    format!("expected each code once, but {code} stands here and again below")
                })?;
            }
        }
        Ok(())
    }

    fn rules(&self) -> Result<(), ProfileError> {
        let rules = &self.profile.rules;
        let (bounds, matching) = (&rules.bounds, &rules.matching);
        self.require(
            bounds.west < bounds.east && bounds.south < bounds.north,
            RULES,
            "[bounds]",
            || "bounds: expected west < east and south < north".to_owned(),
        )?;
        let costly = |cost: f64| cost.is_finite() && cost > 1.0;
        let ordered = costly(matching.cost_wrong_link)
            && costly(matching.cost_missed)
            && matching.lower() < matching.upper();
        self.require(ordered, RULES, "cost_wrong_link", || {
            "matching: expected costs above 1 with 1/cost_missed < 1 - 1/cost_wrong_link".to_owned()
        })?;
        let limits = rules.limits;
        for (name, bytes) in [
            ("photo_bytes", limits.photo_bytes),
            ("file_bytes", limits.file_bytes),
            ("video_bytes", limits.video_bytes),
        ] {
            self.require(bytes <= MOST_BYTES, RULES, name, || {
                format!("limits: expected {name} of {MOST_BYTES} or less, which a blob store keeps")
            })?;
        }
        let whole = limits.photos.saturating_mul(limits.photo_bytes);
        let fits = limits.file_bytes.max(limits.video_bytes) <= whole;
        self.require(fits, RULES, "video_bytes", || {
            format!("limits: expected file_bytes and video_bytes of {whole} or less, which all photos of a form may have together")
        })?;
        let demands: Vec<&str> = rules.demands.iter().map(|d| d.code.as_str()).collect();
        let distinct: HashSet<&&str> = demands.iter().collect();
        let whole = demands.contains(&super::OTHER_DEMAND) && distinct.len() == demands.len();
        self.require(whole, RULES, "[[demand]]", || {
            "demand: expected codes that differ, and one \"other\"".to_owned()
        })?;
        let visit = &rules.verification;
        self.require(
            visit.night_from < 24 && visit.night_until < 24,
            RULES,
            "night_from",
            || "verification: expected hours 0 to 23".to_owned(),
        )?;
        self.require(
            (0.0..=5_000.0).contains(&visit.nearby_m),
            RULES,
            "nearby_m",
            || "verification: expected nearby_m of 0 to 5000 metres".to_owned(),
        )
    }

    fn taxonomy(&self) -> Result<(), ProfileError> {
        for category in &self.profile.categories {
            let (code, coarse) = (&category.code, &category.coarse);
            let known = self.profile.coarse.iter().any(|c| c.code == *coarse);
            self.require(known, TAXONOMY, &quoted(coarse), || {
                format!("{code}: expected a coarse code, not {coarse}")
            })?;
            let opens = code
                .strip_prefix(coarse.as_str())
                .is_some_and(|rest| rest.starts_with('.'));
            self.require(opens, TAXONOMY, &quoted(code), || {
                format!("expected a code such as {coarse}.name, not {code}")
            })?;
            let risks = [Some(category.risk), category.night_risk];
            let sane = risks.into_iter().flatten().all(|r| (0..=40).contains(&r))
                && category.radius_m > 0.0;
            self.require(sane, TAXONOMY, &quoted(code), || {
                format!("{code}: expected risk 0 to 40 and radius_m above 0")
            })?;
        }
        Ok(())
    }

    fn places(&self) -> Result<(), ProfileError> {
        let (bounds, district) = (&self.profile.rules.bounds, &self.profile.rules.code);
        for street in &self.profile.streets {
            let digits = street.code.len() == 9 && street.code.bytes().all(|b| b.is_ascii_digit());
            self.require(
                digits && street.code.starts_with(district.as_str()),
                STREETS,
                &quoted(&street.code),
                || {
                    format!(
                        "{}: expected nine digits that open with {district}",
                        street.name
                    )
                },
            )?;
            // Swapped axes and Web Mercator metres end here.
            let inside = street.outline.bounding_rect().is_some_and(|outline| {
                (bounds.west..=bounds.east).contains(&outline.min().x)
                    && (bounds.west..=bounds.east).contains(&outline.max().x)
                    && (bounds.south..=bounds.north).contains(&outline.min().y)
                    && (bounds.south..=bounds.north).contains(&outline.max().y)
            });
            self.require(inside, STREETS, &quoted(&street.code), || {
                format!(
                    "{}: expected an outline within the bounds of {RULES}",
                    street.name
                )
            })?;
        }
        for grid in &self.profile.grids {
            let code = &grid.code;
            let digits = code.len() == GRID_DIGITS && code.bytes().all(|b| b.is_ascii_digit());
            let in_street =
                self.profile.street(&grid.street).is_some() && code.starts_with(&grid.street);
            self.require(digits && in_street, GRIDS, &quoted(code), || {
                format!("{code}: expected {GRID_DIGITS} digits that open with the street's code")
            })?;
        }
        Ok(())
    }

    fn units(&self) -> Result<(), ProfileError> {
        for unit in &self.profile.units {
            self.require(
                UNIT_KINDS.contains(&unit.kind.as_str()),
                UNITS,
                &quoted(&unit.kind),
                || {
                    format!(
                        "{}: expected one of {}, not {}",
                        unit.code,
                        UNIT_KINDS.join(", "),
                        unit.kind
                    )
                },
            )?;
        }
        for post in &self.profile.posts {
            self.require(
                self.profile.unit(&post.unit).is_some(),
                UNITS,
                &quoted(&post.unit),
                || format!("{}: expected a unit's code, not {}", post.code, post.unit),
            )?;
        }
        for row in &self.profile.competences {
            let refuse =
                |what: &str, code: &str| format!("competence: expected a {what} code, not {code}");
            self.require(
                self.profile.category(&row.category).is_some(),
                UNITS,
                &quoted(&row.category),
                || refuse("category", &row.category),
            )?;
            self.require(
                self.profile.unit(&row.unit).is_some(),
                UNITS,
                &quoted(&row.unit),
                || refuse("unit", &row.unit),
            )?;
            if let Some(street) = &row.street {
                self.require(
                    self.profile.street(street).is_some(),
                    UNITS,
                    &quoted(street),
                    || refuse("street", street),
                )?;
            }
        }
        Ok(())
    }

    fn channels(&self) -> Result<(), ProfileError> {
        self.require(
            self.profile.channel("app").is_some(),
            CHANNELS,
            "[[channel]]",
            || "expected a channel \"app\", by which the public reports".to_owned(),
        )?;
        self.require(
            self.profile.channel(FIND).is_none(),
            CHANNELS,
            &quoted(FIND),
            || {
                format!(
                    "the code {FIND:?} is kept for what staff find themselves; expected another"
                )
            },
        )?;
        for channel in &self.profile.channels {
            for kind in [DeadlineKind::Notify, DeadlineKind::Reply] {
                let rows = channel
                    .deadlines
                    .iter()
                    .filter(|row| row.kind == kind)
                    .count();
                self.require(rows == 1, CHANNELS, &quoted(&channel.code), || {
                    format!(
                        "{}: expected one deadline of kind {}, not {rows}",
                        channel.code,
                        kind.as_str()
                    )
                })?;
            }
            let sane = channel
                .deadlines
                .iter()
                .all(|row| (1..=MOST_DAYS).contains(&row.amount));
            self.require(sane, CHANNELS, &quoted(&channel.code), || {
                format!(
                    "{}: expected amounts of 1 to {MOST_DAYS} days",
                    channel.code
                )
            })?;
        }
        Ok(())
    }

    fn procedures(&self) -> Result<(), ProfileError> {
        let profile = self.profile;
        for procedure in &profile.procedures {
            let sane = (1..=MOST_DAYS).contains(&procedure.reply_days);
            self.require(sane, PROCEDURES, &quoted(&procedure.code), || {
                format!(
                    "{}: expected reply_days of 1 to {MOST_DAYS}",
                    procedure.code
                )
            })?;
        }
        let documents = profile
            .procedures
            .iter()
            .flat_map(|p| [&p.acceptance, &p.reply])
            .chain(
                profile
                    .decision_documents
                    .iter()
                    .map(|(_, document)| document),
            );
        for document in documents {
            self.require(
                profile.document(document).is_some(),
                PROCEDURES,
                &quoted(document),
                || format!("expected a document's code, not {document}"),
            )?;
        }
        Ok(())
    }

    fn notices(&self) -> Result<(), ProfileError> {
        match self.profile.notices.fault() {
            None => Ok(()),
            Some((landmark, expected)) => self.require(false, NOTICES, &landmark, || expected),
        }
    }
}

/// A code as both TOML and JSON write it.
fn quoted(code: &str) -> String {
    format!("\"{code}\"")
}
