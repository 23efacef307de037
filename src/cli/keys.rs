//! `dengwen keys`: which secret keys the database knows, changing them, and giving one up.

use std::time::Duration;

use chrono::Utc;
use clap::Subcommand;

use super::{operator_error, write};
use crate::config::{Mode, Settings};
use crate::platform::{
    clock::to_micros,
    crypto::{KeyId, Keys},
    db::{self, Database, Patience},
    installation::{self, LOST},
    problem::{OnDb, Problem},
};
use crate::rotation::{self, Progress};

/// Times a batch is tried while others hold the database, and how long between them.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List the secret keys the database knows, by name, and what each is used for
    Status,
    /// Seal and index everything anew under DENGWEN_SECRET_KEY; the former key is in
    /// DENGWEN_SECRET_KEY_OLD, for this command and for every server. May be broken off and run
    /// again, while servers serve
    Rotate {
        /// Stop after so many batches, to go on another time
        #[arg(long)]
        batches: Option<u64>,
    },
    /// Give a lost key up: what it sealed stays closed for ever, and the server starts without it
    Forget {
        /// The key's name, as `dengwen keys status` lists it
        key: String,
        /// Yes, it is lost
        #[arg(long)]
        lost_for_ever: bool,
    },
}

pub(super) fn run(settings: &Settings, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Status => status(settings),
        Action::Rotate { batches } => rotate(settings, batches),
        Action::Forget { key, lost_for_ever } => forget(settings, &key, lost_for_ever),
    }
}

/// The database without entering it: these are for when its key is not there.
fn outside(settings: &Settings) -> anyhow::Result<Database> {
    let database = Database::open(&settings.database_url, 1, Patience::Work)?;
    db::migrate(&mut *database.blocking().map_err(operator_error)?)?;
    Ok(database)
}

fn status(settings: &Settings) -> anyhow::Result<()> {
    let database = outside(settings)?;
    let known = installation::known_keys(&mut *database.blocking().map_err(operator_error)?)?;
    for key in known {
        let since = key.changed_at.0.format("%Y-%m-%d %H:%M UTC");
        tell!("{}  {:8}  since {since}", key.key_id, key.state)?;
    }
    if settings.secrets.unkept.is_none() {
        let given = KeyId::of(&settings.secrets.present);
        tell!("given in DENGWEN_SECRET_KEY: {given}")?;
    }
    for root in &settings.secrets.former {
        tell!("given in DENGWEN_SECRET_KEY_OLD: {}", KeyId::of(root))?;
    }
    Ok(())
}

fn rotate(settings: &Settings, batches: Option<u64>) -> anyhow::Result<()> {
    let secrets = &settings.secrets;
    let database = outside(settings)?;
    let production = settings.mode == Mode::Production;
    let (given, now) = (secrets.clone(), to_micros(Utc::now()));
    write(&database, move |c| {
        Ok(installation::enter(c, &given, production, now))
    })??;
    let keys = Keys::derive(&secrets.present, &secrets.former);
    actix_web::rt::System::new().block_on(async {
        let mut last = String::new();
        let mut left = batches.unwrap_or(u64::MAX);
        while left > 0 {
            left -= 1;
            match patiently(&database, &keys).await? {
                Progress::Going { what, rows } => {
                    if what != last {
                        tell!("{what}: {rows} rows so far")?;
                        last = what;
                    }
                }
                Progress::Done { rows, unreadable } => {
                    tell!("done: {rows} rows are now under key {}", keys.id())?;
                    if unreadable > 0 {
                        tell!("{unreadable} rows are opened by no key given and stay as they are")?;
                    }
                    return tell!(
                        "Take DENGWEN_SECRET_KEY_OLD away and restart every server: the former key's indexes are dropped then."
                    );
                }
                Progress::NotBegun => anyhow::bail!(
                    "no change of keys has begun: set the new key in DENGWEN_SECRET_KEY and the former one in DENGWEN_SECRET_KEY_OLD, restart every server, and run this again"
                ),
                Progress::SomebodyStillUsesIt => anyhow::bail!(
                    "rows are still sealed under the former key, round after round: a server was not restarted with both keys. Restart it and run this again"
                ),
            }
        }
        tell!("stopped as asked; run it again to go on")
    })
}

/// A batch, tried again while the database is busy with others.
async fn patiently(database: &Database, keys: &Keys) -> anyhow::Result<Progress> {
    let mut tries = 0;
    loop {
        let keys = keys.clone();
        let now = to_micros(Utc::now());
        let done: Result<Progress, Problem> = database
            .write(move |c| rotation::advance(c, &keys, now))
            .await;
        match done {
            Err(problem) if problem.retry_after_s().is_some() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            done => return done.map_err(operator_error),
        }
    }
}

fn forget(settings: &Settings, key: &str, lost_for_ever: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        lost_for_ever,
        "what key {key} sealed could never be opened again; say --lost-for-ever if that is so"
    );
    let database = outside(settings)?;
    let (name, now) = (key.to_owned(), to_micros(Utc::now()));
    let changed = write(&database, move |c| {
        installation::set_state(c, &name, LOST, now).or_fault("forget a key")
    })?;
    anyhow::ensure!(changed > 0, "the database knows no key {key}");
    tell!("key {key} is given up; who petitioned under it is shown as unreadable")
}
