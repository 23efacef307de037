//! Cases and labelled pairs from CSV files, by a mapping of their columns.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufReader, Read},
    path::Path,
    str::FromStr as _,
};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::geo::{Datum, RawPosition};
use crate::linkage::{Place, Report, train::Cases};
use crate::matching::facts::Known;

/// Which column means what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    id: String,
    time: String,
    closed: Option<String>,
    #[serde(default = "utc")]
    utc_offset: String,
    lon: Option<String>,
    lat: Option<String>,
    datum: Option<String>,
    accuracy_m: Option<String>,
    fine: Option<String>,
    coarse: Option<String>,
    group: Option<String>,
    channel: Option<String>,
    person: Option<String>,
    area: Option<String>,
    #[serde(default)]
    address: Vec<String>,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default = "hundred")]
    radius_m: f64,
    #[serde(default)]
    no_location: Vec<NoLocation>,
    /// Days within which every case is a candidate, for small sets without places.
    pub all_within_days: Option<i64>,
    /// How the table comes in, which `dengwen import` reads.
    #[serde(default, rename = "import")]
    _import: serde::de::IgnoredAny,
    pairs: Pairs,
}

/// A point that stands for "no location".
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoLocation {
    lon: f64,
    lat: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    child: String,
    parent: String,
    #[serde(default, rename = "where")]
    only: BTreeMap<String, String>,
}

fn utc() -> String {
    "+00:00".to_owned()
}

const fn hundred() -> f64 {
    100.0
}

/// Share of all places above which one exact point is nobody's place but somebody's default.
const HOT_SHARE: f64 = 0.002;

/// Reports on one exact point that are ordinary, whatever their share.
const HOT_LEAST: usize = 50;

/// Positions less exact than this are no evidence, metres.
const ACCURACY_MAX_M: f64 = 300.0;

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// When it cannot be read, or names a key nobody knows.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a mapping", path.display()))
    }

    /// The columns cases can do without.
    fn optional(&self) -> impl Iterator<Item = &String> {
        [
            &self.closed,
            &self.lon,
            &self.lat,
            &self.accuracy_m,
            &self.group,
            &self.channel,
            &self.person,
            &self.area,
        ]
        .into_iter()
        .flatten()
        .chain(&self.address)
        .chain(&self.text)
    }
}

/// Cases and pairs with the hashes of what they came from.
#[derive(Debug)]
pub struct Labelled {
    /// What it is, in words.
    pub name: String,
    /// The cases, in the order of arrival.
    pub cases: Cases,
    /// Labelled pairs (child, parent), by place in the cases.
    pub pairs: Vec<(usize, usize)>,
    /// Pairs that were proposed and found to be different matters.
    pub different: Vec<(usize, usize)>,
    /// SHA-256 of the two files, or of the decisions, hex.
    pub sha256: Vec<String>,
}

/// Reads cases and pairs.
///
/// # Errors
/// When a file cannot be read, a mapped column is missing, or no pair is about two known cases.
pub fn read(mapping: &Mapping, cases: &Path, pairs: &Path) -> anyhow::Result<Labelled> {
    let (read, cases_sha256) = read_cases(mapping, cases)?;
    let (labels, pairs_sha256) = read_pairs(mapping, pairs, &read)?;
    ensure!(
        !labels.is_empty(),
        "{}: no row names two cases of {}",
        pairs.display(),
        cases.display()
    );
    let name = cases.file_name().unwrap_or_default();
    Ok(Labelled {
        name: name.to_string_lossy().into_owned(),
        different: Vec::new(),
        cases: read,
        pairs: labels,
        sha256: vec![cases_sha256, pairs_sha256],
    })
}

fn open(path: &Path) -> anyhow::Result<(Vec<u8>, String)> {
    let mut raw = Vec::new();
    File::open(path)
        .and_then(|f| BufReader::new(f).read_to_end(&mut raw))
        .with_context(|| format!("cannot read {}", path.display()))?;
    let sha256 = hex_sha256(&raw);
    if raw.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        MultiGzDecoder::new(raw.as_slice())
            .read_to_end(&mut text)
            .with_context(|| format!("{} is not whole gzip", path.display()))?;
        return Ok((text, sha256));
    }
    Ok((raw, sha256))
}

/// SHA-256 in hex, as the provenance of a model holds it.
#[must_use]
pub fn hex_sha256(data: &[u8]) -> String {
    Sha256::digest(data)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Where the mapped columns stand.
struct Columns<'a> {
    mapping: &'a Mapping,
    at: HashMap<String, usize>,
}

impl<'a> Columns<'a> {
    fn of(mapping: &'a Mapping, headers: &csv::StringRecord, path: &Path) -> anyhow::Result<Self> {
        let at: HashMap<String, usize> = headers
            .iter()
            .enumerate()
            .map(|(at, name)| (name.trim_start_matches('\u{feff}').to_owned(), at))
            .collect();
        let categories = [&mapping.fine, &mapping.coarse].into_iter().flatten();
        for needed in [&mapping.id, &mapping.time].into_iter().chain(categories) {
            ensure!(
                at.contains_key(needed),
                "{} has no column {needed:?}",
                path.display()
            );
        }
        // Another year's file may lack one, but a misspelt one must not quietly be no evidence.
        for column in mapping
            .optional()
            .filter(|column| !at.contains_key(*column))
        {
            crate::cli::warn(&format!(
                "{} has no column {column:?}: read as empty",
                path.display()
            ));
        }
        Ok(Self { mapping, at })
    }

    fn text<'r>(&self, row: &'r csv::StringRecord, column: &str) -> Option<&'r str> {
        let text = row.get(*self.at.get(column)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn optional<'r>(&self, row: &'r csv::StringRecord, column: Option<&String>) -> Option<&'r str> {
        self.text(row, column?)
    }

    fn report(&self, row: &csv::StringRecord) -> anyhow::Result<(Report, Option<DateTime<Utc>>)> {
        let mapping = self.mapping;
        let time = self.text(row, &mapping.time).context("no time")?;
        let address = mapping.address.iter().find_map(|c| self.text(row, c));
        let words: Vec<&str> = mapping
            .text
            .iter()
            .filter_map(|c| self.text(row, c))
            .collect();
        let words = words.join(" ");
        let own = |column: Option<&String>| self.optional(row, column);
        let report = Known {
            channel: own(mapping.channel.as_ref()).unwrap_or_default(),
            persons: own(mapping.person.as_ref())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            place: self.place(row),
            address,
            description: &words,
            street: own(mapping.area.as_ref()),
            category: own(mapping.fine.as_ref()).unwrap_or_default(),
            coarse: own(mapping.coarse.as_ref()).unwrap_or_default(),
            group: own(mapping.group.as_ref()),
            received_at: self.time(time)?,
            ..Known::default()
        }
        .report();
        let closed = self.optional(row, mapping.closed.as_ref());
        Ok((report, closed.map(|text| self.time(text)).transpose()?))
    }

    fn place(&self, row: &csv::StringRecord) -> Option<Place> {
        let number = |column: &Option<String>| -> Option<f64> {
            self.optional(row, column.as_ref())?.parse().ok()
        };
        let (lon, lat) = (number(&self.mapping.lon)?, number(&self.mapping.lat)?);
        let stands_for_none =
            |p: &NoLocation| (p.lon - lon).abs() < 1e-6 && (p.lat - lat).abs() < 1e-6;
        if self.mapping.no_location.iter().any(stands_for_none) {
            return None;
        }
        let datum = self.mapping.datum.as_deref().unwrap_or("WGS84");
        let datum = Datum::from_str(datum).ok()?;
        let accuracy_m = number(&self.mapping.accuracy_m);
        let position = RawPosition::parse(lon, lat, datum, accuracy_m).ok()?;
        Some(Place {
            point: position.canonical(),
            accuracy_m,
        })
    }

    fn time(&self, text: &str) -> anyhow::Result<DateTime<Utc>> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(at.to_utc());
        }
        let offset: FixedOffset = self.mapping.utc_offset.parse()?;
        let formats = [
            "%Y-%m-%d %H:%M:%S",
            "%Y/%m/%d %H:%M:%S",
            "%Y/%m/%d %H:%M",
            "%Y-%m-%dT%H:%M:%S%.f",
        ];
        let naive = formats
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .or_else(|| {
                let day = ["%Y-%m-%d", "%Y/%m/%d"]
                    .iter()
                    .find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
                Some(day.and_time(NaiveTime::MIN))
            });
        let naive = naive.with_context(|| format!("{text:?} is no time"))?;
        let at = naive.and_local_timezone(offset).single();
        Ok(at.context("no such time")?.to_utc())
    }
}

/// Reads cases alone, with the hash of their file.
///
/// # Errors
/// When the file cannot be read or a mapped column is missing.
pub fn read_cases(mapping: &Mapping, path: &Path) -> anyhow::Result<(Cases, String)> {
    let (text, sha256) = open(path)?;
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_slice());
    let headers = reader.headers()?.clone();
    let columns = Columns::of(mapping, &headers, path)?;
    let mut rows: Vec<(Report, Option<DateTime<Utc>>, String)> = Vec::new();
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row)? {
        let line = row.position().map_or(0, csv::Position::line);
        let (report, closed) = columns
            .report(&row)
            .with_context(|| format!("{}, line {line}", path.display()))?;
        let id = columns
            .text(&row, &mapping.id)
            .unwrap_or_default()
            .to_owned();
        rows.push((report, closed, id));
    }
    drop(text);
    // Arrival order; of one instant the order of the file.
    rows.sort_by_key(|(report, ..)| report.received_at);
    let mut cases = Cases {
        radius_m: mapping.radius_m,
        accuracy_max_m: ACCURACY_MAX_M,
        ..Cases::default()
    };
    for (report, closed, id) in rows {
        cases.reports.push(report);
        cases.closed_at.push(closed);
        cases.ids.push(id);
    }
    forget_hot_points(&mut cases.reports);
    Ok((cases, sha256))
}

/// A point that very many reports share exactly is a default and no place.
fn forget_hot_points(reports: &mut [Report]) {
    let exact = |place: &Place| (place.point.lon.to_bits(), place.point.lat.to_bits());
    let mut counts: HashMap<(u64, u64), usize> = HashMap::new();
    for place in reports.iter().filter_map(|r| r.place) {
        *counts.entry(exact(&place)).or_default() += 1;
    }
    let most = reports.len() as f64 * HOT_SHARE;
    counts.retain(|_, n| *n as f64 > most && *n > HOT_LEAST);
    for report in reports {
        report.place = report.place.filter(|p| !counts.contains_key(&exact(p)));
    }
}

fn read_pairs(
    mapping: &Mapping,
    path: &Path,
    cases: &Cases,
) -> anyhow::Result<(Vec<(usize, usize)>, String)> {
    let (text, sha256) = open(path)?;
    let by_id: HashMap<&str, usize> = cases
        .ids
        .iter()
        .enumerate()
        .map(|(at, id)| (id.as_str(), at))
        .collect();
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_slice());
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}') == name)
    };
    let (child, parent) = match (column(&mapping.pairs.child), column(&mapping.pairs.parent)) {
        (Some(child), Some(parent)) => (child, parent),
        // A file of two plain columns is child and parent.
        _ if headers.len() == 2 => (0, 1),
        _ => bail!(
            "{} has no columns {:?} and {:?}",
            path.display(),
            mapping.pairs.child,
            mapping.pairs.parent
        ),
    };
    let mut pairs = Vec::new();
    for row in reader.records() {
        let row = row?;
        let taken =
            mapping.pairs.only.iter().all(|(name, value)| {
                column(name).is_none_or(|at| row.get(at) == Some(value.as_str()))
            });
        let case = |at: usize| row.get(at).and_then(|id| by_id.get(id.trim()).copied());
        if let (true, Some(a), Some(b)) = (taken, case(child), case(parent))
            && a != b
        {
            pairs.push((a, b));
        }
    }
    Ok((pairs, sha256))
}
