//! Reads a profile from its files.

use std::{borrow::Cow, path::Path, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Profile,
    calendar::{Calendar, Notice},
    check::check,
    features::{read_grids, read_streets},
    files::{Files, ProfileError, error, line_at, line_of, text},
    notices::Notices,
    places::{Gazetteer, PlaceHit, Street},
    rules::{Channel, DistrictRules, Document, Procedure},
    taxonomy::{Category, Coarse, Competence, OfficialUnit, Post},
};
use crate::geo::{Area, AreaIndex, Point};
use crate::linkage::Model;

/// Accuracy of a place known only by its street's name (metres): no evidence of place.
const STREET_ACCURACY_M: f64 = 2000.0;

/// Years a calendar is looked for.
const CALENDAR_YEARS: std::ops::RangeInclusive<i32> = 2022..=2040;

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
    "notices.toml",
    "model.json",
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
    street: Option<String>,
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

fn read_model(files: &dyn Files) -> Result<Model, ProfileError> {
    const FILE: &str = "model.json";
    let json = text(files, FILE)?;
    Model::parse(&json).map_err(|e| error(FILE, e.line(), e.to_string()))
}

fn load(files: &dyn Files) -> Result<Profile, ProfileError> {
    let rules: DistrictRules = read_toml(files, "district.toml")?;
    let taxonomy: TaxonomyFile = read_toml(files, "taxonomy.toml")?;
    let units: UnitsFile = read_toml(files, "units.toml")?;
    let channels: ChannelsFile = read_toml(files, "channels.toml")?;
    let procedures: ProceduresFile = read_toml(files, "procedures.toml")?;
    let notices: Notices = read_toml(files, "notices.toml")?;
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
        competences: competences(files, units.competence)?,
        channels: channels.channel,
        model: read_model(files)?,
        procedures: procedures.procedure,
        documents: procedures.document,
        notices,
        decision_documents: procedures.decisions.into_iter().collect(),
        streets,
        grids,
        rules,
    };
    check(&profile, files)?;
    Ok(profile)
}

fn read_toml<T: DeserializeOwned>(files: &dyn Files, file: &str) -> Result<T, ProfileError> {
    let text = text(files, file)?;
    toml::from_str(&text).map_err(|e| {
        error(
            file,
            e.span().map(|span| line_at(&text, span.start)),
            e.message(),
        )
    })
}

fn competences(
    files: &dyn Files,
    rows: Vec<CompetenceRow>,
) -> Result<Vec<Competence>, ProfileError> {
    let competence = |row: CompetenceRow| {
        let written = row.from.to_string();
        // A TOML date may carry a time of day, which would mean nothing here.
        let Ok(from) = NaiveDate::from_str(&written) else {
            let line = line_of(&text(files, "units.toml")?, &written);
            let expected = format!("expected a date such as 2022-05-01, not {written}");
            return Err(error("units.toml", line, expected));
        };
        Ok(Competence {
            category: row.category,
            street: row.street,
            unit: row.unit,
            from,
        })
    };
    rows.into_iter().map(competence).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
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
            error(
                FILE,
                line,
                format!("expected name,lon,lat,street,accuracy_m: {e}"),
            )
        })?;
        let refuse = |expected: String| error(FILE, line_of(&text, &row.name), expected);
        if row.name.is_empty() || row.accuracy_m.is_nan() || row.accuracy_m <= 0.0 {
            return Err(refuse("expected a name, and accuracy_m above 0".to_owned()));
        }
        let Some(street) = streets.iter().find(|s| s.code == row.street) else {
            return Err(refuse(format!(
                "expected a street code of streets.geojson, not {}",
                row.street
            )));
        };
        let place = row.lon.zip(row.lat).map(|(lon, lat)| Point { lon, lat });
        if place.is_some_and(|place| !street.holds(place)) {
            return Err(refuse(format!(
                "expected {} to lie in {}",
                row.name, street.name
            )));
        }
        places.push(PlaceHit {
            name: row.name,
            place,
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
        let notice: Notice =
            serde_json::from_str(&text).map_err(|e| error(&file, Some(e.line()), e.to_string()))?;
        if notice.year != year {
            return Err(error(
                &file,
                Some(1),
                format!("expected the notice of {year}"),
            ));
        }
        notices.push(notice);
    }
    if notices.is_empty() {
        return Err(error(
            "calendar",
            None,
            "expected at least one notice such as calendar/2026.json",
        ));
    }
    Ok(Calendar::new(notices))
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

    /// The line of the built-in file on which a text first stands.
    fn line(file: &str, landmark: &str) -> Option<usize> {
        line_of(&text(&Embedded, file).unwrap(), landmark)
    }

    #[test]
    fn what_does_not_parse_is_refused_with_its_line() {
        let at = broken("channels.toml", |t| {
            t.replacen("unit = \"working_day\"", "unit = \"workday\"", 1)
        });
        assert_eq!(
            (at.file.as_str(), at.line),
            (
                "channels.toml",
                line("channels.toml", "unit = \"working_day\"")
            )
        );
        assert!(at.to_string().contains("working_day"), "{at}");

        let at = broken("district.toml", |t| {
            t.replacen("cost_missed = 4.0", "cost_mised = 4.0", 1)
        });
        assert_eq!(at.line, line("district.toml", "cost_missed = 4.0"));
        assert!(at.to_string().contains("cost_mised"), "{at}");

        let at = broken("places.csv", |t| {
            t.replacen("屏山公园,119.2935", "屏山公园,east", 1)
        });
        assert_eq!(
            (at.file.as_str(), at.line),
            ("places.csv", line("places.csv", "屏山公园"))
        );

        let at = broken("calendar/2026.json", |t| {
            t.replacen("2026-01-01", "2026-13-01", 1)
        });
        assert_eq!((at.file.as_str(), at.line), ("calendar/2026.json", Some(2)));
    }

    #[test]
    fn outlines_are_refused_with_their_line() {
        let file = "streets.geojson";
        let at = broken(file, |t| {
            t.replacen("\"type\":\"Polygon\"", "\"type\":\"Point\"", 1)
        });
        assert_eq!((at.file.as_str(), at.line), (file, Some(2)), "{at}");

        let at = broken(file, |t| {
            t.replacen("\"name\":\"温泉街道\"", "\"nom\":\"温泉街道\"", 1)
        });
        assert_eq!(at.line, line(file, "温泉街道"));

        // The layout of the file means nothing.
        let misnamed = |t: &str| {
            t.replace("\"properties\":{", "\n\"properties\":\n{")
                .replace("\"name\":\"温泉街道\"", "\"nom\":\"温泉街道\"")
        };
        let text = misnamed(&text(&Embedded, file).unwrap());
        let at = broken(file, misnamed);
        assert_eq!(
            at.line,
            line_of(&text, "温泉街道").map(|line| line - 1),
            "{at}"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        let misfits = [
            ("taxonomy.toml", "coarse = \"air\"", "coarse = \"fire\""),
            (
                "taxonomy.toml",
                "code = \"air.odour\"",
                "code = \"smell.odour\"",
            ),
            ("units.toml", "kind = \"steering\"", "kind = \"steer\""),
            (
                "units.toml",
                "unit = \"dept_urban\"",
                "unit = \"dept_rural\"",
            ),
            (
                "units.toml",
                "category = \"air.cooking_fume\"",
                "category = \"air.cooking\"",
            ),
            ("channels.toml", "code = \"app\"", "code = \"apps\""),
            ("channels.toml", "code = \"wechat\"", "code = \"find\""),
            (
                "procedures.toml",
                "reply = \"result_notice\"",
                "reply = \"result\"",
            ),
            ("grids.geojson", "\"35010200100101\"", "\"3501020010010\""),
            ("places.csv", "左海公园,119.28", "左海公园,119.305"),
            (
                "district.toml",
                "cost_wrong_link = 5.0",
                "cost_wrong_link = 0.5",
            ),
            ("district.toml", "south = 26.04", "south = 26.14"),
            (
                "district.toml",
                "video_bytes = 52428800",
                "video_bytes = 134217729",
            ),
            (
                "district.toml",
                "photo_bytes = 26214400",
                "photo_bytes = 134217729",
            ),
        ];
        for (file, from, to) in misfits {
            let at = broken(file, |t| t.replacen(from, to, 1));
            assert!(at.file == file && at.line.is_some(), "{from}: {at}");
            assert!(at.to_string().contains("expected"), "{at}");
        }
    }

    #[test]
    fn the_file_that_refers_is_blamed_for_what_is_gone() {
        let at = broken("streets.geojson", |t| {
            t.replace("\"350102009\"", "\"350102099\"")
        });
        assert_eq!(
            (at.file.as_str(), at.line),
            ("places.csv", line("places.csv", "350102009"))
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let at = from_dir(tempfile::tempdir().unwrap().path()).unwrap_err();
        assert_eq!((at.file.as_str(), at.line), ("district.toml", None));
    }
}
