//! The command line.

/// Writes a line to standard output, made as by `format!`.
macro_rules! tell {
    ($($words:tt)*) => {
        $crate::cli::say(&format!("{}\n", format_args!($($words)*)))
    };
}

mod backup;
mod bench;
mod demo;
mod http;
pub mod import;
mod jobs;
mod keys;
mod matching;
mod photo_decoder;
mod serve;
mod staff;

use std::{io::Write as _, path::PathBuf};

use chrono::Utc;
use clap::{Args, Parser, Subcommand};

use crate::app::{App, Ports};
use crate::config::{Mode, Settings, process_environment};
use crate::platform::blob::Place;
use crate::platform::clock::to_micros;
use crate::platform::db::{self, Connection, Database, Patience};
use crate::platform::installation::{self, Installation};
use crate::platform::marks;
use crate::platform::outage::Outage;
use crate::platform::problem::Problem;
use crate::record;

/// 登闻 dengwen: a district's environmental complaints, from the resident's phone to the ledger.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Command {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    action: Action,
}

/// Options every command takes.
#[derive(Debug, Args)]
pub struct Options {
    /// TOML file with the same keys as the environment, in lower case and without DENGWEN_
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of a district profile to use instead of the built-in 鼓楼区
    #[arg(long, global = true, value_name = "DIR")]
    district: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve the API
    Serve,
    /// Play one full story through the HTTP API on a database of its own, then keep serving
    Demo {
        /// End after the story
        #[arg(long)]
        once: bool,
    },
    /// Measure what this machine bears, through the HTTP API
    Bench(bench::Options),
    /// Train, measure and explain the matching of reports
    #[command(subcommand, name = "match")]
    Match(matching::Action),
    /// Take another system's rows in
    #[command(subcommand)]
    Import(Import),
    /// Bring the database up to date and end
    Migrate,
    /// Back the database and the blobs up into a folder, while the server serves
    Backup(backup::Backup),
    /// Put a backup where the configuration says database and blobs are
    Restore(backup::Restore),
    /// Take the configured database, blobs and data folder as one installation, whatever they say
    Adopt,
    /// Change the secret key, or see which keys the database knows
    #[command(subcommand)]
    Keys(keys::Action),
    /// List what waits to be done or was given up on, and have it tried again
    #[command(subcommand)]
    Jobs(jobs::Action),
    /// Manage staff accounts
    #[command(subcommand)]
    Staff(staff::Action),
    /// Take photos in for a server that started this; spoken to over pipes
    #[command(hide = true)]
    PhotoDecoder,
    /// Print the OpenAPI document
    Openapi {
        /// Compare with the committed openapi/dengwen.json instead of printing
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Import {
    /// Complaints from a CSV file, as they stand in the system they come from; running it twice changes
    /// nothing
    Complaints(Box<import::Complaints>),
    /// List the runs that were, the newest first
    List,
    /// Show one run with the rows that were refused
    Show(import::Show),
}

impl Options {
    /// The configuration these options and the environment make.
    ///
    /// # Errors
    /// When a key is unknown or a value does not fit.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let mut environment = process_environment();
        if let Some(folder) = &self.district {
            environment.insert(
                "DENGWEN_DISTRICT".to_owned(),
                folder.to_string_lossy().into_owned(),
            );
        }
        Ok(Settings::load(self.config.as_deref(), &environment)?)
    }
}

/// Runs a command. A reader that has seen enough (`| head`) ends it quietly.
///
/// # Errors
/// What went wrong, in words for the operator.
pub fn run(command: Command) -> anyhow::Result<()> {
    match act(command) {
        Err(e) if e.is::<NobodyReads>() => Ok(()),
        done => done,
    }
}

fn act(command: Command) -> anyhow::Result<()> {
    let Command { options, action } = command;
    match action {
        Action::Serve => serve::run(options.settings()?),
        Action::Demo { once } => demo::run(options.settings()?, once),
        Action::Bench(what) => bench::run(|| options.settings(), &what),
        Action::Match(action) => matching::run(|| options.settings(), action),
        Action::Import(Import::Complaints(what)) => import::run(options.settings()?, &what),
        Action::Import(Import::List) => import::list(&options.settings()?),
        Action::Import(Import::Show(which)) => import::show(&options.settings()?, &which),
        Action::Migrate => migrate(&options.settings()?),
        Action::Backup(what) => backup::backup(&options.settings()?, &what),
        Action::Restore(what) => backup::restore(&options.settings()?, &what),
        Action::Adopt => adopt(options.settings()?),
        Action::Keys(action) => keys::run(&options.settings()?, action),
        Action::Jobs(action) => jobs::run(&options.settings()?, action),
        Action::Staff(action) => staff::run(&options.settings()?, action),
        Action::PhotoDecoder => photo_decoder::run(),
        Action::Openapi { check } => openapi(check),
    }
}

/// Opens the database of the settings and brings it up to date. Where no key is given, as when a
/// leaked account is to be shut off in a hurry, nothing that is sealed can be read or written, and
/// a database that is known already needs none.
fn open_database(settings: &Settings) -> anyhow::Result<Database> {
    let place = Place::of(settings.blob_url.as_deref(), &settings.data_dir)?;
    marks::refuse_restoring(&place)?;
    let database = Database::open(&settings.database_url, 2, Patience::Work)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    db::migrate(&mut conn)?;
    record::keep_order(&mut conn)?;
    let without_key = settings.secrets.unkept.is_some();
    if !(without_key && installation::is_known(&mut conn)?) {
        enter(&mut conn, settings)?;
    }
    drop(conn);
    Ok(database)
}

fn enter(conn: &mut Connection, settings: &Settings) -> anyhow::Result<Installation> {
    let production = settings.mode == Mode::Production;
    let now = to_micros(Utc::now());
    Ok(installation::enter(
        conn,
        &settings.secrets,
        production,
        now,
    )?)
}

/// Runs one write of a command, the same way as the server's: in its turn, all of it or nothing.
fn write<T: Send + 'static>(
    database: &Database,
    f: impl FnOnce(&mut Connection) -> Result<T, Problem> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(database.write(f)).map_err(write_error)
}

/// What to do when a write did not get its turn.
fn write_error(problem: Problem) -> anyhow::Error {
    let held = problem.outage_met() == Some(Outage::Busy);
    let error = operator_error(problem);
    if held {
        error.context(
            "nothing was changed: another process, most likely a server that stands still in the middle of a write, holds the database. \
             Stop it (with SIGKILL when it does not end by itself) and run this again",
        )
    } else {
        error
    }
}

fn migrate(settings: &Settings) -> anyhow::Result<()> {
    open_database(settings)?;
    say(&format!("{} is up to date\n", settings.database_url))
}

/// The operator's word that three places belong together.
fn adopt(settings: Settings) -> anyhow::Result<()> {
    let place = Place::of(settings.blob_url.as_deref(), &settings.data_dir)?;
    let database = Database::open(&settings.database_url, 2, Patience::Work)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    db::migrate(&mut conn)?;
    let installation = enter(&mut conn, &settings)?;
    marks::adopt(&mut conn, &installation, &place, &settings.data_dir)?;
    drop(conn);
    if matches!(place, Place::Bucket(_)) {
        let id = installation.id.to_string();
        actix_web::rt::System::new().block_on(async {
            let app = App::build(settings, Ports::default())?;
            app.blobs.set_mark(&id).await.map_err(operator_error)
        })?;
    }
    tell!(
        "database, blobs and data folder are installation {} now",
        installation.id
    )
}

fn openapi(check: bool) -> anyhow::Result<()> {
    const COMMITTED: &str = "openapi/dengwen.json";
    let document = crate::openapi::document()?;
    if !check {
        return say(&document);
    }
    anyhow::ensure!(
        std::fs::read_to_string(COMMITTED)? == document,
        "{COMMITTED} is not what the code says; run `just bless` and look at the difference"
    );
    say(&format!("{COMMITTED} matches the code\n"))
}

/// What was asked for was done, and not all of it is as it should be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Incomplete(String);

/// The exit status of [`Incomplete`]; 1 is a failure and 2 a command line that is not understood.
const INCOMPLETE: u8 = 3;

/// The exit status a failed command ends with.
#[must_use]
pub fn exit_status(error: &anyhow::Error) -> u8 {
    if error.is::<Incomplete>() {
        INCOMPLETE
    } else {
        1
    }
}

/// Standard output is a closed pipe.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads what is written")]
struct NobodyReads;

/// Writes to standard output.
///
/// # Errors
/// [`NobodyReads`] when it is closed, which is no failure; other failures of writing.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Err(NobodyReads.into()),
        done => Ok(done?),
    }
}

/// Writes a line to standard error, if anybody reads it.
pub fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// An operator may read what a client may not.
fn operator_error(problem: Problem) -> anyhow::Error {
    match problem.internal() {
        Some(internal) => anyhow::anyhow!("{problem}: {internal}"),
        None => anyhow::anyhow!("{problem}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::problem::Code;

    #[test]
    fn a_write_without_a_turn_says_what_to_do() {
        let held = Problem::outage(Outage::Busy, "begin: database is locked");
        let said = format!("{:#}", write_error(held));
        for words in ["Stop it", "run this again", "database is locked"] {
            assert!(said.contains(words), "{said}");
        }
        let refused = Problem::because(Code::WrongState, "x");
        assert!(!format!("{:#}", write_error(refused)).contains("Stop it"));
    }
}
