//! `dengwen import list` and `show`: the runs that were, and what became of their rows.

use clap::Args;
use serde::Deserialize;
use uuid::Uuid;

use super::batch::{self, BatchRow};
use crate::cli::{open_database, operator_error};
use crate::config::Settings;
use crate::platform::db::Id;
use crate::record::local;

/// Runs listed at most.
const LISTED: i64 = 100;

/// Which run to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// A run's id, as `dengwen import list` lists it
    id: Uuid,
}

/// A row that was refused, as it is kept.
#[derive(Debug, Deserialize)]
struct Fault {
    line: u64,
    reason: String,
}

/// Lists the newest runs.
pub(in crate::cli) fn list(settings: &Settings) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    for (row, by) in batch::newest(&mut conn, LISTED)? {
        tell!("{}  {}", line(&row), by.unwrap_or_default())?;
    }
    Ok(())
}

/// Shows one run with the rows that were refused.
pub(in crate::cli) fn show(settings: &Settings, which: &Show) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let found = batch::by_id(&mut conn, Id(which.id))?;
    let (row, came) =
        found.ok_or_else(|| anyhow::anyhow!("no run {}; see `dengwen import list`", which.id))?;
    tell!("{}", line(&row))?;
    tell!("sha256 {}; {came} complaints came of it", row.file_sha256)?;
    let faults: Vec<Fault> = serde_json::from_value(row.faults.0)?;
    for fault in faults {
        tell!("line {}: {}", fault.line, fault.reason)?;
    }
    Ok(())
}

fn line(row: &BatchRow) -> String {
    let began = local(row.started_at).format("%Y-%m-%d %H:%M");
    format!(
        "{}  {began}  {}  {}  {} read, {} stored, {} known, {} refused  {}",
        row.id.0,
        row.file,
        row.source,
        row.rows_read,
        row.rows_stored,
        row.rows_known,
        row.rows_refused,
        row.status()
    )
}
