//! `dengwen import complaints`: another system's rows, in bulk, as they stand there.
//!
//! Each row goes the same way as `POST /api/v1/intake`, in a transaction of its own, and then through
//! the steps that were taken on it before, on their days (`triage::past`). A row is known by its channel
//! and upstream number, as at the other door, or by its own id where its table has no such numbers: an
//! import that broke off is simply run again.
//!
//! Files come as offices save them: `decode` knows their encodings, `records` their signs and
//! quotes, `dates` their days, `row` their columns, `mapping` what their words mean, `before` what they
//! tell of the past. Every row read is stored, known or refused by its line; nothing is left out
//! silently.

pub mod batch;
mod before;
mod dates;
mod decode;
mod foresight;
mod mapping;
mod records;
mod row;
mod runs;
mod store;
mod table;
mod taken;

use std::{iter, path::PathBuf};

use actix_web::web;
use chrono::NaiveDate;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

pub use self::foresight::{Foresight, foresee};
pub(super) use self::runs::{Show, list, show};

use self::{
    batch::NewBatch,
    dates::When,
    mapping::Plan,
    store::{Kept, Taking, store},
    table::{Line, Table},
};
use crate::account::queries as accounts;
use crate::app::{App, Ports};
use crate::complaint::person::{Question, QuestionCode};
use crate::config::Settings;
use crate::platform::{
    db::Id,
    problem::{OnDb, Problem},
};

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
    /// Mapping whose `[import]` says what columns and words mean, such as those of profiles/mappings
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Columns by meaning: id, number (upstream, where it is not the id), date (of receipt), text, title,
    /// district, place, category, lon, lat, datum, accuracy (metres), phone, premises, occurred_at,
    /// channel, state, accepted_on, answered_on, closed_on, procedure, unit, answer, reason. Unless said:
    /// the mapping's, or id, date, text=content, and of title, district, place=river and phone those that
    /// are there
    #[arg(long)]
    columns: Option<String>,
    /// The ids are the table's own and no upstream numbers
    #[arg(long)]
    own_ids: bool,
    /// Channel code of rows without a channel column; hotline_12345 unless said
    #[arg(long)]
    channel: Option<String>,
    /// Tells ids of this table's own from those of others; `import` unless said
    #[arg(long)]
    source: Option<String>,
    /// Category code of rows without a category column
    #[arg(long)]
    category: Option<String>,
    /// Procedure code of rows without a procedure column; the profile's unless said
    #[arg(long)]
    procedure: Option<String>,
    /// Unit that transferred rows without a unit column went to
    #[arg(long)]
    unit: Option<String>,
    /// Datum of positions in rows without a datum column
    #[arg(long)]
    datum: Option<String>,
    /// Rows without an end that were received before this day are history: they stand behind the work of
    /// the day, in a list of their own. Unless said, by the profile's number of days
    #[arg(long, value_name = "DATE")]
    open_since: Option<NaiveDate>,
    /// Close such rows, of which nothing says what became of them, as history whose end nobody knows
    #[arg(long)]
    close_older: bool,
    /// User name of the account that takes history in; needed where rows tell of it
    #[arg(long, value_name = "USERNAME")]
    by: Option<String>,
    /// Say what would become of every row, and keep nothing. Rows of the file that would join each other
    /// count as matters of their own
    #[arg(long)]
    dry_run: bool,
}

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows read: those stored, known and refused.
    pub read: usize,
    /// Rows stored by this run, or that would be.
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
    /// Stored rows that joined a matter that was there.
    pub joined: usize,
    /// Stored rows whose handling has ended.
    pub ended: usize,
    /// Stored rows with a duty that is overdue.
    pub overdue: usize,
    /// Stored rows without an end that stand behind the work of the day.
    pub backlog: usize,
}

impl Summary {
    fn take(&mut self, line: u64, kept: Kept, warnings: Vec<String>) {
        let asked = kept.questions.iter().map(asked);
        let warnings = asked.chain(warnings).chain(kept.warnings);
        self.warned.extend(warnings.map(|words| (line, words)));
        if kept.known {
            self.known += 1;
            return;
        }
        self.stored += 1;
        self.placed += usize::from(kept.placed);
        self.joined += usize::from(kept.joined);
        self.ended += usize::from(kept.ended);
        self.overdue += usize::from(kept.overdue);
        self.backlog += usize::from(kept.backlog);
    }

    /// What to say of it, in one line.
    fn told(&self, dry_run: bool) -> String {
        let Self {
            read,
            stored,
            known,
            placed,
            joined,
            ended,
            overdue,
            backlog,
            ..
        } = self;
        let (open, bad) = (stored - ended, self.refused.len());
        let would = if dry_run {
            "nothing is kept; would be "
        } else {
            ""
        };
        format!(
            "{read} rows read: {would}{stored} stored ({placed} placed by name, {joined} joined to a matter, {ended} ended, \
             {open} open, of them {overdue} overdue and {backlog} behind the work of the day), {known} known already, \
             {bad} refused; {} with a warning",
            self.warned.len()
        )
    }
}

/// Imports a file and prints what became of it. Refused rows make the exit code 1, after all others
/// were stored: mend them and run it again.
pub(super) fn run(settings: Settings, options: &Complaints) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let app = web::Data::new(App::build(settings, Ports::default())?);
        // Whether anybody reads it or not, the rows come in.
        let foreseen = tell!("{}", foresee(&app, options)?);
        let summary = import(&app, options, ProgressDrawTarget::stderr()).await?;
        for (lines, kind) in [(&summary.warned, "warning: "), (&summary.refused, "")] {
            for (line, reason) in lines.iter().take(ERRORS_SHOWN) {
                super::warn(&format!("line {line}: {kind}{reason}"));
            }
        }
        if !summary.left_out.is_empty() {
            let columns = summary.left_out.join(", ");
            super::warn(&format!(
                "columns left out, take them with --columns: {columns}"
            ));
        }
        let told = tell!("{}", summary.told(options.dry_run));
        anyhow::ensure!(
            summary.refused.is_empty(),
            "{} rows were refused; mend them and run the import again",
            summary.refused.len()
        );
        foreseen.and(told)
    })
}

/// Imports a file.
///
/// # Errors
/// When the file cannot be read, a name that was said is unknown or the database fails; a refused row is
/// no error.
pub async fn import(
    app: &web::Data<App>,
    options: &Complaints,
    draw: ProgressDrawTarget,
) -> anyhow::Result<Summary> {
    let plan = Plan::of(options, &app.profile, app.now())?;
    let mut table = options.table(&plan)?;
    let by = account(app, options, &plan).await?;
    let batch = if options.dry_run {
        None
    } else {
        Some(begin(app, options, &plan, by).await?)
    };
    let bar = ProgressBar::with_draw_target(Some(std::fs::metadata(&options.file)?.len()), draw);
    let mut summary = Summary {
        left_out: table.left_out.clone(),
        ..Summary::default()
    };
    let taking = Taking { plan, by, batch };
    let offset = taking.plan.offset;
    while let Some(Line {
        number: line,
        row,
        swallowed,
    }) = table.next(&When {
        now: app.now(),
        offset,
    })? {
        bar.set_position(table.bytes_read());
        summary.read += 1;
        let stored = match row {
            Ok((row, warnings)) => store(app, &taking, line, &row)
                .await
                .map(|kept| (kept, warnings)),
            Err(reason) => Err(reason),
        };
        match stored {
            Ok((kept, warnings)) => {
                let warnings = warnings.into_iter().chain(swallowed);
                summary.take(line, kept, warnings.collect());
            }
            Err(reason) => {
                let reasons: Vec<String> = iter::once(reason).chain(swallowed).collect();
                summary.refused.push((line, reasons.join("; ")));
            }
        }
    }
    bar.finish_and_clear();
    if let Some(batch) = batch {
        summary = end(app, batch, summary).await?;
    }
    Ok(summary)
}

impl Complaints {
    fn table(&self, plan: &Plan) -> anyhow::Result<Table> {
        Table::open(&self.file, self.encoding.as_deref(), self.delimiter, plan)
    }
}

/// The account that takes the rows in.
async fn account(
    app: &web::Data<App>,
    options: &Complaints,
    plan: &Plan,
) -> anyhow::Result<Option<Id>> {
    let Some(name) = options.by.clone() else {
        anyhow::ensure!(
            !plan.tells_of_the_past(),
            "rows may come in answered and closed: name with --by the account that takes them in"
        );
        return Ok(None);
    };
    let found = app.db.read({
        let name = name.clone();
        move |conn| accounts::staff_by_name(conn, &name).or_fault("look for the account")
    });
    let found = found.await.map_err(super::operator_error)?;
    let found = found.filter(|row| !row.disabled);
    let row = found.ok_or_else(|| {
        anyhow::anyhow!(
            "--by: there is no account {name:?} that may sign in; see `dengwen staff list`"
        )
    })?;
    Ok(Some(row.id))
}

async fn begin(
    app: &web::Data<App>,
    options: &Complaints,
    plan: &Plan,
    by: Option<Id>,
) -> anyhow::Result<Id> {
    let new = NewBatch::of(&options.file, &plan.source, by, app.now())?;
    let kept = app
        .db
        .write(move |conn| batch::begin(conn, &new).or_fault("keep that an import begins"));
    kept.await.map_err(super::operator_error)
}

async fn end(app: &web::Data<App>, batch: Id, summary: Summary) -> anyhow::Result<Summary> {
    let now = app.now();
    let kept = app.db.write(move |conn| {
        batch::end(conn, batch, &summary, now).or_fault("keep what became of an import")?;
        Ok::<Summary, Problem>(summary)
    });
    kept.await.map_err(super::operator_error)
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

/// What could not be read of a row, for whoever imports.
fn asked(question: &Question) -> String {
    let what = match question.code {
        QuestionCode::UnreadablePhone => "the phone could not be read",
        QuestionCode::NotAPersonsPhone => "the phone is a service's and no person's",
        QuestionCode::UnreadableIdNumber => "the identity number could not be read",
    };
    format!("{what}; the row stands and keeps it sealed")
}
