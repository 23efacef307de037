//! What `dengwen match` does on the ledger's own database.

use clap::Args;
use diesel::prelude::*;
use indicatif::ProgressBar;

use super::super::{open_database, operator_error};
use crate::complaint::queries as complaints;
use crate::config::Settings;
use crate::matching::{Explained, queries};
use crate::platform::{
    db::{Id, schema::complaint},
    problem::OnDb,
};

/// Complaints filed anew in one transaction.
const BATCH: i64 = 500;

/// Which complaint.
#[derive(Debug, Args)]
pub struct Explain {
    /// The complaint's number
    number: String,
}

/// Prints every verdict on a complaint with its waterfall of weights.
pub fn explain(settings: &Settings, options: &Explain) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let row = complaints::by_number(&mut conn, &options.number)?
        .ok_or_else(|| anyhow::anyhow!("there is no complaint {}", options.number))?;
    for verdict in queries::verdicts_of(&mut conn, row.id)? {
        println!(
            "{}  rule {}, {}, model {}",
            verdict.decided_at.0.format("%Y-%m-%d %H:%M"),
            verdict.rule,
            verdict.outcome,
            verdict.model_version
        );
        let candidates: Vec<Explained> = serde_json::from_value(verdict.evidence.0)?;
        for candidate in candidates {
            print(&candidate);
        }
    }
    Ok(())
}

fn print(candidate: &Explained) {
    println!(
        "  {}  {} {:?}, probability {:.3}",
        candidate.number,
        candidate.rule.as_str(),
        candidate.outcome,
        candidate.score
    );
    println!("      {:+6.1}  起点", candidate.prior);
    for comparison in &candidate.comparisons {
        println!("      {:+6.1}  {}", comparison.weight, comparison.words);
    }
    for veto in &candidate.vetoes {
        println!("        veto  {veto}");
    }
}

/// Makes the facts and keys of every complaint anew. Verdicts stay as they are.
pub fn refile(settings: &Settings) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let all: i64 = complaint::table.count().get_result(&mut *conn)?;
    drop(conn);
    let bar = ProgressBar::new(all.unsigned_abs());
    let mut after: Option<Id> = None;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    loop {
        let from = after;
        let done = runtime.block_on(database.write(move |conn| {
            let mut ids = complaint::table
                .filter(complaint::hidden.eq(false))
                .order(complaint::id.asc())
                .limit(BATCH)
                .select(complaint::id)
                .into_boxed();
            if let Some(id) = from {
                ids = ids.filter(complaint::id.gt(id));
            }
            let ids: Vec<Id> = ids.load(conn).or_fault("list complaints")?;
            for id in &ids {
                queries::refile(conn, *id)?;
            }
            Ok(ids)
        }));
        let ids = done.map_err(operator_error)?;
        bar.inc(ids.len() as u64);
        after = ids.last().copied();
        if after.is_none() {
            break;
        }
    }
    bar.finish();
    println!("{} complaints filed anew", bar.position());
    Ok(())
}
