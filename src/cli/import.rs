//! `dengwen import complaints`: another system's rows, in bulk.
//!
//! Each row goes the same way as `POST /api/v1/intake`, in a transaction of its own. The row's id
//! is its upstream number, so an import that broke off is simply run again: rows that are there
//! are the first record once more.

use std::{collections::BTreeMap, path::PathBuf};

use actix_web::web;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use crate::app::{App, Ports};
use crate::complaint::{
    body::{ComplaintBody, IntakeBody, LocationBody},
    desk::check_intake,
    intake,
    person::ReporterBody,
};
use crate::config::Settings;
use crate::district::{Profile, shanghai};
use crate::record::Actor;

/// Row errors printed at most; all are counted.
const ERRORS_SHOWN: usize = 20;

/// Letters an upstream number has at most, its source included.
const EXTERNAL_NO_LETTERS: usize = 64;

/// What to import.
#[derive(Debug, Args)]
pub struct Complaints {
    /// CSV file with a header line, UTF-8
    file: PathBuf,
    /// Channel code the rows came through
    #[arg(long, default_value = "hotline_12345")]
    channel: String,
    /// Opens every upstream number, so that two sources never share one
    #[arg(long, default_value = "import")]
    source: String,
    /// Category code of rows without a category column
    #[arg(long, default_value = "water.black_odorous")]
    category: String,
    /// Datum of positions in rows without a datum column
    #[arg(long)]
    datum: Option<String>,
    /// Columns by meaning: id, date, text, title, district, place, category, lon, lat, datum,
    /// accuracy (metres), phone, premises, occurred_at
    #[arg(
        long,
        default_value = "id=id,date=date,text=content,title=title,district=district,place=river"
    )]
    columns: String,
}

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows stored by this run.
    pub stored: usize,
    /// Rows that were there already.
    pub known: usize,
    /// Rows refused, with their line and reason.
    pub refused: Vec<(u64, String)>,
    /// Stored rows that were placed by a name the profile knows.
    pub placed: usize,
}

/// One row by meaning.
struct Row {
    id: String,
    date: String,
    text: String,
    district: String,
    place: String,
    category: Option<String>,
    position: Position,
    phone: Option<String>,
    premises: Option<String>,
    occurred_at: Option<String>,
}

/// A row's position, as its columns hold it.
#[derive(Default)]
struct Position {
    lon: Option<String>,
    lat: Option<String>,
    datum: Option<String>,
    accuracy: Option<String>,
}

/// Imports a file and prints what became of it. Refused rows make the exit code 1, after all others
/// were stored: mend them and run it again.
pub(super) fn run(settings: Settings, options: &Complaints) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let app = web::Data::new(App::build(settings, Ports::default())?);
        let summary = import(&app, options, ProgressDrawTarget::stderr()).await?;
        for (line, reason) in summary.refused.iter().take(ERRORS_SHOWN) {
            super::warn(&format!("line {line}: {reason}"));
        }
        let told = tell!(
            "{} stored ({} placed by name), {} known already, {} refused",
            summary.stored,
            summary.placed,
            summary.known,
            summary.refused.len()
        );
        anyhow::ensure!(
            summary.refused.is_empty(),
            "{} rows were refused; mend them and run the import again",
            summary.refused.len()
        );
        told
    })
}

/// Imports a file.
///
/// # Errors
/// When the file cannot be read or the database fails; a refused row is no error.
pub async fn import(
    app: &web::Data<App>,
    options: &Complaints,
    draw: ProgressDrawTarget,
) -> anyhow::Result<Summary> {
    let columns = columns(&options.columns)?;
    let mut reader = csv::Reader::from_path(&options.file)?;
    let headers = reader.headers()?.clone();
    for name in columns.values() {
        anyhow::ensure!(
            headers.iter().any(|h| h == name),
            "the file has no column {name:?}; name it with --columns"
        );
    }
    let bytes = std::fs::metadata(&options.file)?.len();
    let bar = ProgressBar::with_draw_target(Some(bytes), draw);
    let mut summary = Summary::default();
    for record in reader.records() {
        let (line, offset) = record.as_ref().map_or((0, 0), |r| {
            r.position().map_or((0, 0), |p| (p.line(), p.byte()))
        });
        bar.set_position(offset);
        let outcome = match record {
            Ok(record) => {
                let row = row(&headers, &record, &columns);
                store(app, options, &record, &row).await
            }
            Err(e) => Err(e.to_string()),
        };
        match outcome {
            Ok((true, _)) => summary.known += 1,
            Ok((false, placed)) => {
                summary.stored += 1;
                summary.placed += usize::from(placed);
            }
            Err(reason) => summary.refused.push((line, reason)),
        }
    }
    bar.finish_and_clear();
    Ok(summary)
}

/// `meaning=column` pairs.
fn columns(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    const MEANINGS: [&str; 14] = [
        "id",
        "date",
        "text",
        "title",
        "district",
        "place",
        "category",
        "lon",
        "lat",
        "datum",
        "accuracy",
        "phone",
        "premises",
        "occurred_at",
    ];
    let columns: BTreeMap<String, String> = text
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(meaning, column)| (meaning.trim().to_owned(), column.trim().to_owned()))
        .collect();
    for meaning in columns.keys() {
        anyhow::ensure!(
            MEANINGS.contains(&meaning.as_str()),
            "unknown meaning {meaning:?}; meanings: {}",
            MEANINGS.join(", ")
        );
    }
    for needed in ["id", "date", "text"] {
        anyhow::ensure!(
            columns.contains_key(needed),
            "--columns must name a column for {needed}"
        );
    }
    Ok(columns)
}

fn row(
    headers: &csv::StringRecord,
    record: &csv::StringRecord,
    columns: &BTreeMap<String, String>,
) -> Row {
    let value = |meaning: &str| {
        let column = columns.get(meaning)?;
        let at = headers.iter().position(|h| h == column)?;
        Some(record.get(at)?.trim().to_owned()).filter(|v| !v.is_empty())
    };
    let text = [value("title"), value("text")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("。");
    Row {
        id: value("id").unwrap_or_default(),
        date: value("date").unwrap_or_default(),
        text,
        district: value("district").unwrap_or_default(),
        place: value("place").unwrap_or_default(),
        category: value("category"),
        position: Position {
            lon: value("lon"),
            lat: value("lat"),
            datum: value("datum"),
            accuracy: value("accuracy"),
        },
        phone: value("phone"),
        premises: value("premises"),
        occurred_at: value("occurred_at"),
    }
}

/// Stores a row: whether it was known, and whether it was placed by name.
async fn store(
    app: &web::Data<App>,
    options: &Complaints,
    record: &csv::StringRecord,
    row: &Row,
) -> Result<(bool, bool), String> {
    if row.id.is_empty() {
        return Err("has no id".to_owned());
    }
    if record.iter().any(|field| field.contains('\0')) {
        return Err("has a letter NUL, which is no text".to_owned());
    }
    let body = body(options, row)?;
    let draft = check_intake(app, body, Actor::System).map_err(|p| p.to_string())?;
    let mut prepared = draft.prepare(app, Vec::new());
    if !is_ours(&app.profile, row) {
        prepared.forget_named_place();
    }
    let placed = prepared.is_placed_by_name();
    let (shared, now) = (app.clone(), app.now());
    let stored = app
        .db
        .write(move |conn| intake::store(conn, &shared.profile, &shared.keys, &prepared, now))
        .await
        .map_err(|p| format!("{p}: {}", p.internal().unwrap_or_default()))?;
    Ok((stored.first_record, placed))
}

fn body(options: &Complaints, row: &Row) -> Result<IntakeBody, String> {
    let external_no = format!("{}-{}", options.source, row.id);
    if external_no.chars().count() > EXTERNAL_NO_LETTERS {
        let message = format!("{external_no:?} has more than {EXTERNAL_NO_LETTERS} letters");
        return Err(message);
    }
    Ok(IntakeBody {
        channel: options.channel.clone(),
        external_no: Some(external_no),
        source_class: None,
        received_at: Some(instant(&row.date)?),
        object_id: None,
        petitioners: Vec::new(),
        complaint: ComplaintBody {
            category: row
                .category
                .clone()
                .unwrap_or_else(|| options.category.clone()),
            description: row.text.clone(),
            location: location(&row.position, options)?,
            address: address(row),
            premises: row.premises.clone(),
            occurred_at: row.occurred_at.as_deref().map(instant).transpose()?,
            occurred_until: None,
            demand: None,
            reporter: row.phone.clone().map(|phone| ReporterBody {
                name: None,
                phone: Some(phone),
                id_number: None,
            }),
            acknowledged_similar: Vec::new(),
            same_as: None,
        },
    })
}

/// Whether a row names our district, or none.
fn is_ours(profile: &Profile, row: &Row) -> bool {
    row.district.is_empty() || profile.rules.name.ends_with(&row.district)
}

/// District and place as an address.
fn address(row: &Row) -> Option<String> {
    let words = format!("{}{}", row.district, row.place);
    (!words.is_empty()).then_some(words)
}

/// A pair and its datum, or none of them.
fn location(position: &Position, options: &Complaints) -> Result<Option<LocationBody>, String> {
    let (Some(lon), Some(lat)) = (&position.lon, &position.lat) else {
        return match (&position.lon, &position.lat) {
            (None, None) => Ok(None),
            _ => Err("has half a position".to_owned()),
        };
    };
    let number = |text: &str, what: &str| {
        text.parse::<f64>()
            .map_err(|_| format!("{what} {text:?} is no number"))
    };
    let datum = position.datum.as_ref().or(options.datum.as_ref());
    let datum = datum.ok_or("has a position without its datum; name it with --datum")?;
    Ok(Some(LocationBody {
        lon: number(lon, "lon")?,
        lat: number(lat, "lat")?,
        datum: datum
            .parse()
            .map_err(|_| format!("{datum:?} is no datum"))?,
        accuracy_m: position
            .accuracy
            .as_deref()
            .map(|text| number(text, "accuracy"))
            .transpose()?,
    }))
}

/// A day (its noon in Shanghai) or an RFC 3339 instant.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let no_date = || format!("{text:?} is no date such as 2020-09-03");
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(no_date());
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let day: NaiveDate = text.parse().map_err(|_| no_date())?;
    NaiveTime::from_hms_opt(12, 0, 0)
        .and_then(|noon| day.and_time(noon).and_local_timezone(shanghai()).single())
        .map(|at| at.to_utc())
        .ok_or_else(|| format!("{text:?} is no day"))
}
