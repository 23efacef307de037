//! A record by the meaning of its columns.

use std::collections::BTreeMap;

use super::{
    dates::{When, instant, plain},
    decode::BROKEN,
};
use crate::text::text_number;

/// Digits of a quantity that a spreadsheet holds; those behind them become noughts.
const DIGITS_OF_A_QUANTITY: usize = 15;

/// Letters of a header that are shown.
const LETTERS_SHOWN: usize = 500;

/// Meanings that a file must have a column for.
pub(super) const NEEDED: [&str; 3] = ["id", "date", "text"];

/// One row by meaning.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) date: String,
    pub(super) text: String,
    pub(super) district: String,
    pub(super) place: String,
    pub(super) category: Option<String>,
    pub(super) position: Position,
    pub(super) phone: Option<String>,
    pub(super) premises: Option<String>,
    pub(super) occurred_at: Option<String>,
    /// The upstream number, where its column is another than the id's.
    pub(super) number: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) accepted_on: Option<String>,
    pub(super) answered_on: Option<String>,
    pub(super) closed_on: Option<String>,
    pub(super) state: Option<String>,
    pub(super) procedure: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) reason: Option<String>,
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
pub(super) struct Position {
    pub(super) lon: Option<String>,
    pub(super) lat: Option<String>,
    pub(super) datum: Option<String>,
    pub(super) accuracy: Option<String>,
}

/// What a column may mean.
const MEANINGS: [&str; 24] = [
    "id",
    "number",
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
    "channel",
    "state",
    "accepted_on",
    "answered_on",
    "closed_on",
    "procedure",
    "unit",
    "answer",
    "reason",
];

/// `meaning=column` pairs.
pub(super) fn columns(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let columns: BTreeMap<String, String> = text
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(meaning, column)| (meaning.trim().to_owned(), column.trim().to_owned()))
        .collect();
    check_columns(&columns)?;
    Ok(columns)
}

/// Refuses a meaning nobody knows, and a table without what is needed.
pub(super) fn check_columns(columns: &BTreeMap<String, String>) -> anyhow::Result<()> {
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
    Ok(())
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
            let there: String = header.join(", ").chars().take(LETTERS_SHOWN).collect();
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

/// A cell's text without the dress in which exports keep it from becoming a quantity: `="123"`.
fn undressed(cell: &str) -> String {
    let text = visible(cell);
    let Some(formula) = text.strip_prefix(['=', '＝']) else {
        return text;
    };
    let is_number = !formula.is_empty() && formula.chars().all(|c| c.is_ascii_digit());
    let quoted = formula
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map(|inner| inner.replace("\"\"", "\u{0}"))
        // A quote that is not doubled ends the text: the formula joins several.
        .filter(|inner| !inner.contains('"'))
        .map(|inner| inner.replace('\u{0}', "\""));
    match quoted {
        Some(inner) => visible(&inner),
        None if is_number => formula.to_owned(),
        None => text,
    }
}

/// An upstream number as its table means it: without a spreadsheet's sign for "this is text", and
/// without the decimals of a column of quantities.
fn number_of(id: &str) -> String {
    let id = id.strip_prefix('\'').unwrap_or(id);
    let half_width: String = id.chars().filter_map(plain).collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match half_width.split_once(['.', ',']) {
        Some((whole, decimals))
            if digits(whole) && digits(decimals) && decimals.bytes().all(|b| b == b'0') =>
        {
            // Three noughts behind a comma are thousands.
            let is_thousands = half_width.contains(',') && decimals.len() >= 3;
            if is_thousands {
                id.to_owned()
            } else {
                whole.to_owned()
            }
        }
        _ => id.to_owned(),
    }
}

/// A column's name, on one line.
pub(super) fn heading(cell: &str) -> String {
    undressed(cell).split('\n').map(str::trim).collect()
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
        let text = undressed(fields.get(*places.get(meaning)?)?);
        Some(text).filter(|text| !text.is_empty())
    };
    let text = [value("title"), value("text")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("。");
    let id = value("id").ok_or("has no id")?;
    Ok(Row {
        id: number_of(&id),
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
        number: value("number").map(|number| number_of(&number)),
        channel: value("channel"),
        accepted_on: value("accepted_on"),
        answered_on: value("answered_on"),
        closed_on: value("closed_on"),
        state: value("state"),
        procedure: value("procedure"),
        unit: value("unit"),
        answer: value("answer"),
        reason: value("reason"),
        is_short,
    })
}

/// Whether a line that a quoted field goes on over is a row of its own: of its header's width, or
/// with all that is needed, and with a date.
pub(super) fn reads_as_row(
    width: usize,
    fields: &[String],
    places: &BTreeMap<String, usize>,
    when: &When,
) -> bool {
    row(width, fields, places).is_ok_and(|row| instant(&row.date, when).is_ok())
}

/// How a spreadsheet spoiled an id, so that others of the file may have become the same: it took
/// the id for a quantity and rounded it (`3.50102E+17`, `1E+15`), kept the 15 digits it can hold and
/// wrote noughts for the rest, or put an error in its place (`#N/A`).
pub(super) fn spoiled(id: &str) -> Option<&'static str> {
    const ROUNDED: &str = "a spreadsheet rounded";
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let half_width: String = id.chars().filter_map(plain).collect();
    let id = half_width.as_str();
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
    let is_quantity = number.contains(['.', ',']) || power.len() < exponent.len();
    (is_quantity && digits(power) && number.split(['.', ',']).all(digits)).then_some(ROUNDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CSV ids: the dress of a number is no part of it.
    #[test]
    fn numbers_are_what_their_table_shows() {
        for (cell, number) in [
            ("=\"350102202611200001\"", "350102202611200001"),
            ("＝\" 350102 \"", "350102"),
            ("=350102202611200001", "350102202611200001"),
            ("'350102", "350102"),
            ("=\"a\"\"b\"", "a\"b"),
            ("=\"\"", ""),
            ("1.0", "1"),
            ("1,00", "1"),
            ("１.０", "1"),
            ("202611200001.00", "202611200001"),
            ("1.5", "1.5"),
            ("1,000", "1,000"),
            ("1.0.0", "1.0.0"),
            ("A1.0", "A1.0"),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("=A1", "=A1"),
            ("=", "="),
        ] {
            assert_eq!(number_of(&undressed(cell)), number, "{cell}");
        }
    }

    #[test]
    fn ids_that_a_spreadsheet_spoiled_are_seen() {
        for id in [
            "3.50102E+17",
            "2.02611E+13",
            "1.5e10",
            "1E+15",
            "2e+13",
            "3.5E-05",
            "3,50E+17",
            "３.５E+17",
            "３，５０２Ｅ＋１７",
            "3.5E＋17",
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
