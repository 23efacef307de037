//! A record by the meaning of its columns, and the intake it becomes.

use std::collections::BTreeMap;

use super::{Complaints, dates::instant, decode::BROKEN};
use crate::complaint::{
    body::{ComplaintBody, IntakeBody, LocationBody},
    person::ReporterBody,
};
use crate::district::Profile;
use crate::text::text_number;

/// Letters an upstream number has at most, its source included.
const EXTERNAL_NO_LETTERS: usize = 64;

/// Digits of a quantity that a spreadsheet holds; those behind them become noughts.
const DIGITS_OF_A_QUANTITY: usize = 15;

/// Meanings that a file must have a column for.
pub(super) const NEEDED: [&str; 3] = ["id", "date", "text"];

/// One row by meaning.
pub(super) struct Row {
    pub(super) id: String,
    date: String,
    pub(super) text: String,
    district: String,
    place: String,
    category: Option<String>,
    position: Position,
    phone: Option<String>,
    premises: Option<String>,
    occurred_at: Option<String>,
    /// What to say of a row that ends before its header does.
    pub(super) is_short: Option<String>,
}

/// What a row says, kind by kind, each as a number: two rows that say the same have the same.
pub(super) type Said = [(&'static str, u64); 4];

impl Row {
    /// What the row says, as it is written.
    pub(super) fn said(&self) -> Said {
        let number = |cells: &[&Option<String>]| text_number(&format!("{cells:?}"));
        let Position {
            lon,
            lat,
            datum,
            accuracy,
        } = &self.position;
        let (text, date) = (Some(self.text.clone()), Some(self.date.clone()));
        let (district, place) = (Some(self.district.clone()), Some(self.place.clone()));
        [
            ("other words", number(&[&text, &self.category])),
            ("another date", number(&[&date, &self.occurred_at])),
            ("another person", number(&[&self.phone])),
            (
                "another place",
                number(&[&district, &place, &self.premises, lon, lat, datum, accuracy]),
            ),
        ]
    }
}

/// A row's position, as its columns hold it.
#[derive(Default)]
struct Position {
    lon: Option<String>,
    lat: Option<String>,
    datum: Option<String>,
    accuracy: Option<String>,
}

/// `meaning=column` pairs.
pub(super) fn columns(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
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
    for needed in NEEDED {
        anyhow::ensure!(
            columns.contains_key(needed),
            "--columns must name a column for {needed}"
        );
    }
    Ok(columns)
}

/// Where each meaning's column stands in the header, whose names are as they are seen.
///
/// # Errors
/// When a named column is not there, or there twice.
pub(super) fn places(
    header: &[String],
    columns: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, usize>> {
    let place = |(meaning, column): (&String, &String)| {
        let mut found = (0..header.len()).filter(|at| header.get(*at) == Some(column));
        let (first, second) = (found.next(), found.next());
        anyhow::ensure!(
            second.is_none(),
            "the file has two columns {column:?}; rename the one that is not meant"
        );
        let at = first.ok_or_else(|| {
            let there = header.join(", ");
            anyhow::anyhow!(
                "the file has no column {column:?}; name it with --columns (there: {there})"
            )
        })?;
        Ok((meaning.clone(), at))
    };
    columns.iter().map(place).collect()
}

/// A cell's text without what nobody sees around it.
pub(super) fn visible(cell: &str) -> String {
    let unseen = |c: char| c.is_whitespace() || crate::text::takes_no_ink(c);
    cell.trim_matches(unseen).to_owned()
}

/// A column's name, on one line.
pub(super) fn heading(cell: &str) -> String {
    visible(cell).split('\n').map(str::trim).collect()
}

/// A record by meaning, of as many fields as the header or of fewer where none is needed.
///
/// # Errors
/// Words for the line.
pub(super) fn row(
    width: usize,
    fields: &[String],
    places: &BTreeMap<String, usize>,
) -> Result<Row, String> {
    let beyond = fields.get(width..).unwrap_or_default();
    let count = fields.len();
    let misfit = format!("has {count} fields where the header has {width}");
    let has_needed = NEEDED
        .iter()
        .all(|meaning| places.get(*meaning).is_none_or(|at| *at < count));
    if !has_needed || beyond.iter().any(|field| !field.trim().is_empty()) {
        return Err(misfit);
    }
    // Spreadsheets leave out the empty fields at a row's end.
    let is_short = (count < width).then(|| format!("{misfit}; the others are taken for empty"));
    if fields.iter().any(|field| field.contains('\0')) {
        return Err("has a letter NUL, which is no text".to_owned());
    }
    if fields.iter().any(|field| field.contains(BROKEN)) {
        return Err(
            "has bytes that are no letters in the file's encoding; name it with --encoding"
                .to_owned(),
        );
    }
    let value = |meaning: &str| {
        let text = visible(fields.get(*places.get(meaning)?)?);
        Some(text).filter(|text| !text.is_empty())
    };
    let text = [value("title"), value("text")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("。");
    let id = value("id").ok_or("has no id")?;
    Ok(Row {
        // A spreadsheet's sign for "this is text" is no part of the number.
        id: id.strip_prefix('\'').map(str::to_owned).unwrap_or(id),
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
        is_short,
    })
}

/// How a spreadsheet spoiled an id, so that others of the file may have become the same: it took
/// the id for a quantity and rounded it (`3.50102E+17`, `1E+15`), kept the 15 digits it can hold and
/// wrote noughts for the rest, or put an error in its place (`#N/A`).
pub(super) fn spoiled(id: &str) -> Option<&'static str> {
    const ROUNDED: &str = "a spreadsheet rounded";
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if id.starts_with('#') {
        return Some("a spreadsheet's error changed");
    }
    let whole = id.strip_suffix(".0").unwrap_or(id);
    if digits(whole)
        && whole
            .get(DIGITS_OF_A_QUANTITY..)
            .is_some_and(|rest| rest.bytes().all(|b| b == b'0') && !rest.is_empty())
    {
        return Some(ROUNDED);
    }
    let (number, exponent) = id.split_once(['E', 'e'])?;
    let power = exponent.trim_start_matches(['+', '-']);
    // Without a point and a sign it may be a number of somebody's own, such as `1E5`.
    let is_quantity = number.contains('.') || power.len() < exponent.len();
    (is_quantity && digits(power) && number.split('.').all(digits)).then_some(ROUNDED)
}

/// The upstream number of a row.
fn external_no(options: &Complaints, id: &str) -> String {
    format!("{}-{id}", options.source)
}

/// The intake a row becomes.
///
/// # Errors
/// Words for the line.
pub(super) fn body(options: &Complaints, row: &Row) -> Result<IntakeBody, String> {
    let external_no = external_no(options, &row.id);
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
pub(super) fn is_ours(profile: &Profile, row: &Row) -> bool {
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

#[cfg(test)]
mod tests {
    use super::spoiled;

    #[test]
    fn ids_that_a_spreadsheet_spoiled_are_seen() {
        for id in [
            "3.50102E+17",
            "2.02611E+13",
            "1.5e10",
            "1E+15",
            "2e+13",
            "3.5E-05",
            "350102202611200000",
            "3501022026112000",
            "350102202611200000.0",
            "#N/A",
            "#REF!",
            "########",
        ] {
            assert!(spoiled(id).is_some(), "{id}");
        }
        for id in [
            "350102",
            "GL-2026",
            "A1E5",
            "1E5",
            "3.5",
            "12.5E",
            "E+17",
            "202611200001",
            "202611200000",
            "350102202611200001",
            "202611200001.0",
            "12#3",
        ] {
            assert!(spoiled(id).is_none(), "{id}");
        }
    }
}
