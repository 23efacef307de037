//! `dengwen import complaints`: another system's rows, in bulk.
//!
//! Each row goes the same way as `POST /api/v1/intake`, in a transaction of its own. The row's id
//! is its upstream number, so an import that broke off is simply run again: rows that are there
//! are the first record once more.
//!
//! Files come as offices save them: `decode` knows their encodings, `records` their signs and
//! quotes, `dates` their days, `row` their columns. Every row read is stored, known or refused by
//! its line; nothing is left out silently.

mod dates;
mod decode;
mod records;
mod row;

use std::{collections::HashMap, path::PathBuf};

use actix_web::web;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

use self::{
    decode::{Lines, encoding_of},
    records::{Record, Records},
    row::{NEEDED, Row, Said, body, columns, heading, is_ours, places, reads_as_row, spoiled},
};
use crate::app::{App, Ports};
use crate::complaint::{
    desk::check_intake,
    intake,
    otherwise::tells_otherwise,
    person::{Question, QuestionCode},
};
use crate::config::Settings;
use crate::platform::problem::{ItemCode, Problem};
use crate::record::Actor;
use crate::text::{file_number, text_number};

/// Row errors and warnings printed at most, each; all are counted.
const ERRORS_SHOWN: usize = 20;

/// What to import.
#[derive(Debug, Args)]
pub struct Complaints {
    /// CSV file with a header line
    file: PathBuf,
    /// Encoding, such as utf-8, gb18030, utf-16le; found out unless said
    #[arg(long)]
    encoding: Option<String>,
    /// What parts fields: a sign, or `tab`; found out unless said
    #[arg(long, value_parser = delimiter)]
    delimiter: Option<char>,
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
    /// accuracy (metres), phone, premises, occurred_at. Unless said: id, date, text=content, and of
    /// title, district, place=river and phone those that are there
    #[arg(long)]
    columns: Option<String>,
}

/// What helps against a spreadsheet that takes an id for a quantity.
const AS_TEXT: &str = "save the table with its ids as text";

/// Columns unless said.
const COLUMNS: &str =
    "id=id,date=date,text=content,title=title,district=district,place=river,phone=phone";

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows read: those stored, known and refused.
    pub read: usize,
    /// Rows stored by this run.
    pub stored: usize,
    /// Rows that were there already.
    pub known: usize,
    /// Rows refused, with their line and reason.
    pub refused: Vec<(u64, String)>,
    /// Stored and known rows of which something could not be read, with their line and what.
    pub warned: Vec<(u64, String)>,
    /// Columns of the file that were not taken.
    pub left_out: Vec<String>,
    /// Stored rows that were placed by a name the profile knows.
    pub placed: usize,
}

/// Imports a file and prints what became of it. Refused rows make the exit code 1, after all others
/// were stored: mend them and run it again.
pub(super) fn run(settings: Settings, options: &Complaints) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let app = web::Data::new(App::build(settings, Ports::default())?);
        let summary = import(&app, options, ProgressDrawTarget::stderr()).await?;
        for (lines, kind) in [(&summary.warned, "warning: "), (&summary.refused, "")] {
            for (line, reason) in lines.iter().take(ERRORS_SHOWN) {
                super::warn(&format!("line {line}: {kind}{reason}"));
            }
        }
        if !summary.left_out.is_empty() {
            let columns = summary.left_out.join(", ");
            super::warn(&format!("columns left out, take them with --columns: {columns}"));
        }
        let told = tell!(
            "{} rows read: {} stored ({} placed by name), {} known already, {} refused; {} with a warning",
            summary.read,
            summary.stored,
            summary.placed,
            summary.known,
            summary.refused.len(),
            summary.warned.len()
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
    let mut columns = columns(options.columns.as_deref().unwrap_or(COLUMNS))?;
    let names: Vec<String> = columns.values().cloned().collect();
    let encoding = encoding_of(&options.file, options.encoding.as_deref())?;
    let mut records = Records::new(Lines::open(&options.file, encoding)?);
    let header = records.header(options.delimiter, &names)?;
    let header: Vec<String> = header.iter().map(|name| heading(name)).collect();
    if options.columns.is_none() {
        columns.retain(|meaning, column| {
            NEEDED.contains(&meaning.as_str()) || header.contains(column)
        });
    }
    let places = places(&header, &columns)?;
    let bytes = std::fs::metadata(&options.file)?.len();
    let bar = ProgressBar::with_draw_target(Some(bytes), draw);
    let taken: Vec<&String> = columns.values().collect();
    let left_out = header
        .iter()
        .filter(|name| !name.is_empty() && !taken.contains(name));
    let mut summary = Summary {
        left_out: left_out.cloned().collect(),
        ..Summary::default()
    };
    let mut seen = Seen::default();
    while let Some(Record {
        line,
        fields,
        within,
    }) = records.next()?
    {
        bar.set_position(records.bytes_read());
        summary.read += 1;
        let is_row = |fields: &[String]| reads_as_row(header.len(), fields, &places, app.now());
        let swallowed = swallowed(&within, is_row);
        let row = fields.and_then(|fields| row::row(header.len(), &fields, &places));
        let outcome = match row {
            Ok(row) => match seen.warning(line, &row) {
                Ok(spoiled) => {
                    let warnings = [spoiled, row.is_short.clone(), swallowed.clone()];
                    let warnings = warnings.into_iter().flatten();
                    let kept = store(app, options, &row).await;
                    kept.map(|kept| (kept, warnings.collect::<Vec<_>>()))
                }
                Err(reason) => Err(reason),
            },
            Err(reason) => Err(reason),
        };
        match outcome {
            Ok((kept, warnings)) => {
                let questions = kept.questions.iter().map(asked).chain(warnings);
                summary.warned.extend(questions.map(|words| (line, words)));
                summary.known += usize::from(kept.known);
                summary.stored += usize::from(!kept.known);
                summary.placed += usize::from(kept.placed && !kept.known);
            }
            Err(reason) => {
                let reasons: Vec<String> =
                    [Some(reason), swallowed].into_iter().flatten().collect();
                summary.refused.push((line, reasons.join("; ")));
            }
        }
    }
    bar.finish_and_clear();
    Ok(summary)
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

/// `--delimiter`.
fn delimiter(text: &str) -> Result<char, String> {
    let mut letters = text.chars();
    match (text, letters.next(), letters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(sign), None) if sign != '"' => Ok(sign),
        _ => Err("is one sign, or `tab`".to_owned()),
    }
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

/// What could not be read of a row, for whoever imports.
fn asked(question: &Question) -> String {
    let what = match question.code {
        QuestionCode::UnreadablePhone => "the phone could not be read",
        QuestionCode::NotAPersonsPhone => "the phone is a service's and no person's",
        QuestionCode::UnreadableIdNumber => "the identity number could not be read",
    };
    format!("{what}; the row stands and keeps it sealed")
}

/// What became of a row.
struct Kept {
    known: bool,
    placed: bool,
    questions: Vec<Question>,
}

/// Stores a row, or finds that it is known.
async fn store(app: &web::Data<App>, options: &Complaints, row: &Row) -> Result<Kept, String> {
    let (body, grains) = body(options, row, app.now())?;
    let draft = check_intake(app, body, Actor::System).map_err(|p| p.to_string())?;
    let questions = draft.questions().to_vec();
    let mut prepared = draft.prepare(app);
    if !is_ours(&app.profile, row) {
        prepared.forget_named_place();
    }
    let placed = prepared.is_placed_by_name();
    let (shared, now) = (app.clone(), app.now());
    let id = row.id.clone();
    let stored = app
        .db
        .write(move |conn| {
            if let Some(first) = tells_otherwise(conn, &shared.keys, &prepared, grains)? {
                let (number, what) = (first.number, first.what.join(" and "));
                let message = format!("the id {id:?} is known as {number} with {what}");
                return Err(Problem::invalid("id", ItemCode::TellsOtherwise, message));
            }
            intake::store(conn, &shared.profile, &shared.keys, &prepared, now)
        })
        .await
        .map_err(|p| format!("{p}: {}", p.internal().unwrap_or_default()))?;
    Ok(Kept {
        known: stored.first_record,
        placed,
        questions,
    })
}
