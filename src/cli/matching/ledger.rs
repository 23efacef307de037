//! What `dengwen match` does on the ledger's own database.

use std::collections::HashMap;

use clap::Args;
use diesel::prelude::*;
use indicatif::ProgressBar;

use super::{
    super::{open_database, operator_error},
    data::Labelled,
};
use crate::complaint::queries as complaints;
use crate::config::Settings;
use crate::linkage::{stored, train::Cases};
use crate::matching::{Explained, queries};
use crate::platform::db::{
    Id, UtcTime,
    schema::{complaint, match_decision, match_fact},
};

/// How far apart reports of one matter may lie in training, metres, and how exact a position must
/// be: as for a category without a radius of its own.
const LEDGER_RADIUS_M: f64 = 100.0;
const LEDGER_ACCURACY_M: f64 = 300.0;

/// Which complaint.
#[derive(Debug, Args)]
pub struct Explain {
    /// The complaint's number
    number: String,
}

/// The ledger's complaints in the order of their arrival, and the pairs officers confirmed.
///
/// # Errors
/// When the database fails, or nothing was confirmed yet.
pub fn labelled(settings: &Settings) -> anyhow::Result<Labelled> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let rows: Vec<(Id, Vec<u8>, Option<UtcTime>)> = match_fact::table
        .inner_join(complaint::table)
        .order(match_fact::seq)
        .select((
            match_fact::complaint_id,
            match_fact::data,
            complaint::closed_at,
        ))
        .load(&mut *conn)?;
    let mut cases = Cases {
        radius_m: LEDGER_RADIUS_M,
        accuracy_max_m: LEDGER_ACCURACY_M,
        ..Cases::default()
    };
    for (id, data, closed_at) in rows {
        if let Some(report) = stored::decode(&data) {
            cases.reports.push(report);
            cases.closed_at.push(closed_at.map(|at| at.0));
            cases.ids.push(id.to_string());
        }
    }
    let by_id: HashMap<&str, usize> = cases
        .ids
        .iter()
        .enumerate()
        .map(|(at, id)| (id.as_str(), at))
        .collect();
    // A confirmed link still stands on the complaint; one that was undone does not.
    let confirmed: Vec<(Id, Option<Id>)> = match_decision::table
        .inner_join(complaint::table)
        .filter(match_decision::decision.eq("confirm"))
        .filter(complaint::link.eq("confirmed"))
        .order(match_decision::id)
        .select((complaint::id, complaint::repeat_of))
        .distinct()
        .load(&mut *conn)?;
    let pairs: Vec<(usize, usize)> = confirmed
        .into_iter()
        .filter_map(|(child, parent)| {
            let at = |id: Id| by_id.get(id.to_string().as_str()).copied();
            at(child).zip(at(parent?))
        })
        .collect();
    anyhow::ensure!(!pairs.is_empty(), "no officer has confirmed a match yet");
    Ok(Labelled {
        sha256: Vec::new(),
        cases,
        pairs,
    })
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
        let (done, last) = runtime
            .block_on(database.write(move |conn| queries::refile_after(conn, from)))
            .map_err(operator_error)?;
        bar.inc(done as u64);
        after = last;
        if after.is_none() {
            break;
        }
    }
    bar.finish();
    println!("{} complaints filed anew", bar.position());
    Ok(())
}
