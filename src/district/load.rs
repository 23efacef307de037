//! Reads a profile from its files and checks that the parts fit each other.

use std::{borrow::Cow, fmt, path::Path, str::FromStr};

use chrono::NaiveDate;
use geo::BoundingRect as _;
use geojson::{FeatureCollection, GeoJson};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Profile,
    calendar::{Calendar, Notice},
    places::{Gazetteer, Grid, PlaceHit, Street},
    rules::{Channel, DistrictRules, Document, Procedure},
    taxonomy::{Category, Coarse, Competence, OfficialUnit, Post},
};
use crate::geo::{Area, AreaIndex, Point};

/// Accuracy of a place known only by its street's name (metres): no evidence of place.
const STREET_ACCURACY_M: f64 = 2000.0;

/// Years a calendar is looked for.
const CALENDAR_YEARS: std::ops::RangeInclusive<i32> = 2022..=2040;

/// What is wrong with a profile, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// File name within the profile.
    pub file: String,
    /// Line, counted from one, where it is known.
    pub line: Option<usize>,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "district profile, {}:{line}: {}", self.file, self.expected),
            None => write!(f, "district profile, {}: {}", self.file, self.expected),
        }
    }
}

impl std::error::Error for ProfileError {}

fn error(file: &str, line: Option<usize>, expected: impl Into<String>) -> ProfileError {
    ProfileError { file: file.to_owned(), line, expected: expected.into() }
}

/// Where the files are.
trait Files {
    fn read(&self, file: &str) -> Option<Result<Cow<'static, str>, std::io::Error>>;
}

struct Embedded;

macro_rules! embedded_files {
    ($($name:literal),* $(,)?) => {
        impl Files for Embedded {
            fn read(&self, file: &str) -> Option<Result<Cow<'static, str>, std::io::Error>> {
                match file {
                    $($name => Some(Ok(Cow::Borrowed(include_str!(concat!("../../profiles/gulou/", $name))))),)*
                    _ => None,
                }
            }
        }
    };
}

embedded_files!(
    "district.toml",
    "taxonomy.toml",
    "units.toml",
    "channels.toml",
    "procedures.toml",
    "streets.geojson",
    "grids.geojson",
    "places.csv",
    "calendar/2022.json",
    "calendar/2023.json",
    "calendar/2024.json",
    "calendar/2025.json",
    "calendar/2026.json",
);

struct Folder<'a>(&'a Path);

impl Files for Folder<'_> {
    fn read(&self, file: &str) -> Option<Result<Cow<'static, str>, std::io::Error>> {
        match std::fs::read_to_string(self.0.join(file)) {
            Ok(text) => Some(Ok(Cow::Owned(text))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => Some(Err(e)),
        }
    }
}

pub(super) fn embedded() -> Result<Profile, ProfileError> {
    load(&Embedded)
}

pub(super) fn from_dir(folder: &Path) -> Result<Profile, ProfileError> {
    load(&Folder(folder))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaxonomyFile {
    coarse: Vec<Coarse>,
    category: Vec<Category>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitsFile {
    unit: Vec<OfficialUnit>,
    #[serde(default)]
    post: Vec<Post>,
    #[serde(default)]
    competence: Vec<CompetenceRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompetenceRow {
    category: String,
    unit: String,
    from: toml::value::Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelsFile {
    channel: Vec<Channel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProceduresFile {
    document: Vec<Document>,
    procedure: Vec<Procedure>,
    decisions: std::collections::BTreeMap<String, String>,
}

fn load(files: &dyn Files) -> Result<Profile, ProfileError> {
    let rules: DistrictRules = read_toml(files, "district.toml")?;
    let taxonomy: TaxonomyFile = read_toml(files, "taxonomy.toml")?;
    let units: UnitsFile = read_toml(files, "units.toml")?;
    let channels: ChannelsFile = read_toml(files, "channels.toml")?;
    let procedures: ProceduresFile = read_toml(files, "procedures.toml")?;
    let streets = read_streets(files)?;
    let grids = read_grids(files)?;
    let area = |code: &str, outline: &geo::MultiPolygon<f64>| Area {
        code: code.to_owned(),
        outline: outline.clone(),
    };
    let profile = Profile {
        street_index: AreaIndex::new(streets.iter().map(|s| area(&s.code, &s.outline)).collect()),
        grid_index: AreaIndex::new(grids.iter().map(|g| area(&g.code, &g.outline)).collect()),
        gazetteer: read_gazetteer(files, &streets)?,
        calendar: read_calendar(files)?,
        coarse: taxonomy.coarse,
        categories: taxonomy.category,
        units: units.unit,
        posts: units.post,
        competences: units.competence.into_iter().map(competence).collect::<Result<_, _>>()?,
        channels: channels.channel,
        procedures: procedures.procedure,
        documents: procedures.document,
        decision_documents: procedures.decisions.into_iter().collect(),
        streets,
        grids,
        rules,
    };
    check(&profile)?;
    Ok(profile)
}

fn text(files: &dyn Files, file: &str) -> Result<Cow<'static, str>, ProfileError> {
    match files.read(file) {
        Some(Ok(text)) => Ok(text),
        Some(Err(e)) => Err(error(file, None, format!("expected a readable UTF-8 file: {e}"))),
        None => Err(error(file, None, "expected this file in the profile's folder")),
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

fn read_toml<T: DeserializeOwned>(files: &dyn Files, file: &str) -> Result<T, ProfileError> {
    let text = text(files, file)?;
    toml::from_str(&text).map_err(|e| {
        error(file, e.span().map(|span| line_at(&text, span.start)), e.message())
    })
}

fn competence(row: CompetenceRow) -> Result<Competence, ProfileError> {
    let from = NaiveDate::from_str(&row.from.to_string())
        .map_err(|_| error("units.toml", None, format!("expected a date such as 2022-05-01, not {}", row.from)))?;
    Ok(Competence { category: row.category, unit: row.unit, from })
}

fn read_features(files: &dyn Files, file: &str) -> Result<FeatureCollection, ProfileError> {
    let text = text(files, file)?;
    // serde_json knows the line of a syntax error, geojson only that there is one.
    if let Err(e) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        return Err(error(file, Some(e.line()), format!("expected GeoJSON: {e}")));
    }
    let json: GeoJson =
        text.parse().map_err(|e: geojson::Error| error(file, None, e.to_string()))?;
    FeatureCollection::try_from(json)
        .map_err(|_| error(file, None, "expected a FeatureCollection in CGCS2000 degrees"))
}

fn property(feature: &geojson::Feature, name: &str, file: &str, line: usize) -> Result<String, ProfileError> {
    feature
        .property(name)
        .and_then(|value| value.as_str())
        .map(str::to_owned)
        .ok_or_else(|| error(file, Some(line), format!("expected a text property {name:?}")))
}

fn outline(feature: &geojson::Feature, file: &str, line: usize) -> Result<geo::MultiPolygon<f64>, ProfileError> {
    let expected = || error(file, Some(line), "expected a Polygon or MultiPolygon");
    let geometry = feature.geometry.clone().ok_or_else(expected)?;
    let geometry = geo::Geometry::<f64>::try_from(geometry).map_err(|_| expected())?;
    match geometry {
        geo::Geometry::Polygon(polygon) => Ok(geo::MultiPolygon(vec![polygon])),
        geo::Geometry::MultiPolygon(polygons) => Ok(polygons),
        _ => Err(expected()),
    }
}

fn read_streets(files: &dyn Files) -> Result<Vec<Street>, ProfileError> {
    const FILE: &str = "streets.geojson";
    read_features(files, FILE)?
        .features
        .iter()
        .enumerate()
        .map(|(at, feature)| {
            // One feature a line, after the opening one.
            let line = at + 2;
            let outline = outline(feature, FILE, line)?;
            Ok(Street {
                code: property(feature, "code", FILE, line)?,
                name: property(feature, "name", FILE, line)?,
                east: outline.bounding_rect().map_or(0.0, |bounds| bounds.max().x),
                outline,
            })
        })
        .collect()
}

fn read_grids(files: &dyn Files) -> Result<Vec<Grid>, ProfileError> {
    const FILE: &str = "grids.geojson";
    read_features(files, FILE)?
        .features
        .iter()
        .enumerate()
        .map(|(at, feature)| {
            let line = at + 2;
            Ok(Grid {
                code: property(feature, "code", FILE, line)?,
                name: property(feature, "name", FILE, line)?,
                street: property(feature, "street", FILE, line)?,
                outline: outline(feature, FILE, line)?,
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct PlaceRow {
    name: String,
    lon: Option<f64>,
    lat: Option<f64>,
    street: String,
    accuracy_m: f64,
}

fn read_gazetteer(files: &dyn Files, streets: &[Street]) -> Result<Gazetteer, ProfileError> {
    const FILE: &str = "places.csv";
    let text = text(files, FILE)?;
    let mut places: Vec<PlaceHit> = streets
        .iter()
        .map(|street| PlaceHit {
            name: street.name.clone(),
            place: None,
            street: street.code.clone(),
            accuracy_m: STREET_ACCURACY_M,
        })
        .collect();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for row in reader.deserialize::<PlaceRow>() {
        let row = row.map_err(|e| {
            let line = e.position().and_then(|p| usize::try_from(p.line()).ok());
            error(FILE, line, format!("expected name,lon,lat,street,accuracy_m: {e}"))
        })?;
        if !streets.iter().any(|s| s.code == row.street) {
            return Err(error(FILE, None, format!("{}: expected a street code of streets.geojson, not {}", row.name, row.street)));
        }
        places.push(PlaceHit {
            name: row.name,
            place: row.lon.zip(row.lat).map(|(lon, lat)| Point { lon, lat }),
            street: row.street,
            accuracy_m: row.accuracy_m,
        });
    }
    Ok(Gazetteer::new(places))
}

fn read_calendar(files: &dyn Files) -> Result<Calendar, ProfileError> {
    let mut notices = Vec::new();
    for year in CALENDAR_YEARS {
        let file = format!("calendar/{year}.json");
        if files.read(&file).is_none() {
            continue;
        }
        let text = text(files, &file)?;
        let notice: Notice = serde_json::from_str(&text)
            .map_err(|e| error(&file, Some(e.line()), e.to_string()))?;
        if notice.year != year {
            return Err(error(&file, Some(1), format!("expected the notice of {year}")));
        }
        notices.push(notice);
    }
    if notices.is_empty() {
        return Err(error("calendar", None, "expected at least one notice such as calendar/2026.json"));
    }
    Ok(Calendar::new(notices))
}

/// References between the files.
fn check(profile: &Profile) -> Result<(), ProfileError> {
    let require = |holds: bool, file: &str, expected: String| {
        if holds { Ok(()) } else { Err(error(file, None, expected)) }
    };
    for category in &profile.categories {
        require(
            profile.coarse.iter().any(|c| c.code == category.coarse),
            "taxonomy.toml",
            format!("{}: expected a coarse code, not {}", category.code, category.coarse),
        )?;
        require(
            (0..=40).contains(&category.risk) && category.radius_m > 0.0,
            "taxonomy.toml",
            format!("{}: expected risk 0 to 40 and radius_m above 0", category.code),
        )?;
    }
    for grid in &profile.grids {
        require(
            profile.street(&grid.street).is_some() && grid.code.starts_with(&grid.street),
            "grids.geojson",
            format!("{}: expected a code that opens with its street's", grid.code),
        )?;
    }
    for row in &profile.competences {
        require(
            profile.category(&row.category).is_some() && profile.unit(&row.unit).is_some(),
            "units.toml",
            format!("competence: expected a known category and unit, not {} and {}", row.category, row.unit),
        )?;
    }
    let documents = profile
        .procedures
        .iter()
        .flat_map(|p| [&p.acceptance, &p.reply])
        .chain(profile.decision_documents.iter().map(|(_, document)| document));
    for document in documents {
        require(
            profile.document(document).is_some(),
            "procedures.toml",
            format!("expected a document code, not {document}"),
        )?;
    }
    let matching = &profile.rules.matching;
    require(
        0.0 < matching.lower && matching.lower < matching.upper && matching.upper <= 1.0,
        "district.toml",
        "matching: expected 0 < lower < upper <= 1".to_owned(),
    )?;
    require(profile.channel("app").is_some(), "channels.toml", "expected a channel `app`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A copy of the built-in profile with one file changed.
    fn broken(file: &str, change: impl Fn(&str) -> String) -> ProfileError {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/gulou");
        std::fs::create_dir(folder.path().join("calendar")).unwrap();
        for name in ["", "calendar"] {
            for entry in std::fs::read_dir(source.join(name)).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    std::fs::write(
                        folder.path().join(name).join(entry.file_name()),
                        std::fs::read(entry.path()).unwrap(),
                    )
                    .unwrap();
                }
            }
        }
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, change(&text)).unwrap();
        from_dir(folder.path()).unwrap_err()
    }

    #[test]
    fn a_broken_profile_says_where() {
        let at = broken("channels.toml", |t| t.replacen("unit = \"working_day\"", "unit = \"workday\"", 1));
        assert_eq!((at.file.as_str(), at.line.is_some()), ("channels.toml", true));
        assert!(at.to_string().contains("working_day"), "{at}");

        let at = broken("district.toml", |t| t.replacen("upper = 0.80", "uper = 0.80", 1));
        assert!(at.line.is_some() && at.to_string().contains("uper"), "{at}");

        let at = broken("streets.geojson", |t| t.replacen("\"type\":\"Polygon\"", "\"type\":\"Point\"", 1));
        assert_eq!(at.file, "streets.geojson");

        let at = broken("taxonomy.toml", |t| t.replacen("coarse = \"air\"", "coarse = \"fire\"", 1));
        assert!(at.to_string().contains("fire"), "{at}");

        let at = broken("calendar/2026.json", |t| t.replacen("2026-01-01", "2026-13-01", 1));
        assert_eq!(at.file, "calendar/2026.json");
        assert_eq!(at.line, Some(2));
    }
}
