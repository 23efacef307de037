//! A table's rows, one after another, each with what is to be said of it.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use super::{
    dates::When,
    decode::{Lines, encoding_of},
    mapping::Plan,
    records::{Record, Records},
    row::{NEEDED, Row, Said, heading, places, reads_as_row, row, spoiled},
};
use crate::text::{file_number, text_number};

/// What helps against a spreadsheet that takes an id for a quantity.
const AS_TEXT: &str = "save the table with its ids as text";

/// A table that is being read.
pub(super) struct Table {
    records: Records,
    width: usize,
    places: BTreeMap<String, usize>,
    seen: Seen,
    /// Columns that are not taken.
    pub(super) left_out: Vec<String>,
}

/// A row as it was read.
pub(super) struct Line {
    /// The line it begins on.
    pub(super) number: u64,
    /// The row with what to say of it, or what is wrong with it.
    pub(super) row: Result<(Row, Vec<String>), String>,
    /// What to say of it whatever becomes of it: that it may have taken others in.
    pub(super) swallowed: Option<String>,
}

impl Table {
    /// Opens a table and reads its header.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, or lacks a column that is named.
    pub(super) fn open(
        path: &Path,
        encoding: Option<&str>,
        delimiter: Option<char>,
        plan: &Plan,
    ) -> anyhow::Result<Self> {
        let mut columns = plan.columns.clone();
        let names: Vec<String> = columns.values().cloned().collect();
        let encoding = encoding_of(path, encoding)?;
        let mut records = Records::new(Lines::open(path, encoding)?);
        let header = records.header(delimiter, &names)?;
        let header: Vec<String> = header.iter().map(|name| heading(name)).collect();
        if !plan.named {
            columns.retain(|meaning, column| {
                NEEDED.contains(&meaning.as_str()) || header.contains(column)
            });
        }
        let places = places(&header, &columns)?;
        let taken: Vec<&String> = columns.values().collect();
        let left_out = header
            .iter()
            .filter(|name| !name.is_empty() && !taken.contains(name));
        Ok(Self {
            records,
            width: header.len(),
            places,
            seen: Seen::default(),
            left_out: left_out.cloned().collect(),
        })
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }

    /// The next row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self, when: &When) -> std::io::Result<Option<Line>> {
        let Some(record) = self.records.next()? else {
            return Ok(None);
        };
        let Record {
            line,
            fields,
            within,
        } = record;
        let is_row = |fields: &[String]| reads_as_row(self.width, fields, &self.places, when);
        let swallowed = swallowed(&within, is_row);
        let read = fields.and_then(|fields| row(self.width, &fields, &self.places));
        let read = read.and_then(|row| Ok((self.seen.warning(line, &row)?, row)));
        let row = read.map(|(spoiled, row)| {
            let warnings = [spoiled, row.is_short.clone()].into_iter().flatten();
            let warnings = warnings.collect();
            (row, warnings)
        });
        Ok(Some(Line {
            number: line,
            row,
            swallowed,
        }))
    }
}

/// What to say of lines that a quoted field of their record goes on over, when they read as rows of
/// their own: the quote may be one that was never closed.
fn swallowed(within: &[(u64, Vec<String>)], is_row: impl Fn(&[String]) -> bool) -> Option<String> {
    let rows = within.iter().filter(|(_, fields)| is_row(fields));
    let lines: Vec<String> = rows.map(|(line, _)| line.to_string()).collect();
    let told = lines.join(", ");
    (!lines.is_empty()).then(|| {
        format!(
            "a quoted field goes on over what reads as rows of their own (line {told}), which are \
             part of this row: look for a quote that is not closed"
        )
    })
}

/// The ids of a file so far: by their number, the line they came on and what it said.
#[derive(Default)]
struct Seen(HashMap<u64, (u64, Said)>);

impl Seen {
    /// What to say of a row that is taken: that its id is one that a spreadsheet spoiled.
    ///
    /// # Errors
    /// Words for the line when the id came before with something else, or may have.
    fn warning(&mut self, line: u64, row: &Row) -> Result<Option<String>, String> {
        let (id, spoiled) = (&row.id, spoiled(&row.id));
        let said = row.said();
        let (first_line, first) = *self
            .0
            .entry(text_number(&file_number(id)))
            .or_insert((line, said));
        let differs: Vec<&str> = said
            .iter()
            .zip(first)
            .filter(|(now, then)| *now != then)
            .map(|((what, _), _)| *what)
            .collect();
        if first_line == line || (spoiled.is_none() && differs.is_empty()) {
            return Ok(spoiled.map(|how| format!("{how} the id to {id:?}; {AS_TEXT}")));
        }
        let why = spoiled.map_or_else(String::new, |how| format!("; {how} it: {AS_TEXT}"));
        let with = if differs.is_empty() {
            String::new()
        } else {
            format!(" with {}", differs.join(" and "))
        };
        Err(format!(
            "the id {id:?} is known from line {first_line}{with}{why}"
        ))
    }
}
