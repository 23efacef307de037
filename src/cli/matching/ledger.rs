//! What `dengwen match` does on the ledger's own database.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use clap::Args;
use diesel::prelude::*;
use indicatif::ProgressBar;

use super::{
    super::{open_database, operator_error},
    data::{Labelled, hex_sha256},
    held_back::group_of,
};
use crate::complaint::queries as complaints;
use crate::config::Settings;
use crate::linkage::{stored, train::Cases};
use crate::matching::{Explained, queries};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, match_decision, match_fact, match_verdict},
    },
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

/// The ledger's complaints in the order of their arrival, and what officers decided on the matches
/// that were proposed to them.
///
/// # Errors
/// When the database fails, or nothing was confirmed yet.
pub fn labelled(settings: &Settings) -> anyhow::Result<Labelled> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let cases = cases(&mut conn)?;
    let decided = decisions(&mut conn)?;
    let by_id: HashMap<&str, usize> = cases
        .ids
        .iter()
        .enumerate()
        .map(|(at, id)| (id.as_str(), at))
        .collect();
    let of = |decision: &str| -> Vec<(usize, usize)> {
        decided
            .iter()
            .filter(|label| label.decision == decision)
            .filter_map(|label| {
                let at = |id: &String| by_id.get(id.as_str()).copied();
                at(&label.complaint).zip(at(&label.target))
            })
            .collect()
    };
    let pairs = of(CONFIRM);
    anyhow::ensure!(!pairs.is_empty(), "no officer has confirmed a match yet");
    let groups = group_of(&pairs);
    // Who was first told apart and then put into one matter by another way is no example of either.
    let mut different = of(REJECT);
    different.retain(|(a, b)| !groups.contains_key(a) || groups.get(a) != groups.get(b));
    let name = format!(
        "officers' decisions in the ledger, {}: {} confirmations, {} rejections",
        period(&decided),
        pairs.len(),
        different.len()
    );
    let mut lines: Vec<String> = decided
        .iter()
        .map(|label| format!("{} {} {}\n", label.complaint, label.target, label.decision))
        .collect();
    lines.sort();
    Ok(Labelled {
        name,
        sha256: vec![hex_sha256(lines.concat().as_bytes())],
        cases,
        pairs,
        different,
    })
}

fn cases(conn: &mut Connection) -> anyhow::Result<Cases> {
    let rows: Vec<(Id, Vec<u8>, Option<UtcTime>)> = match_fact::table
        .inner_join(complaint::table)
        .order(match_fact::seq)
        .select((
            match_fact::complaint_id,
            match_fact::data,
            complaint::closed_at,
        ))
        .load(conn)?;
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
    Ok(cases)
}

const CONFIRM: &str = "confirm";
const REJECT: &str = "reject";

/// What an officer said of a complaint and the one it was said to belong with.
struct Label {
    complaint: String,
    target: String,
    decision: String,
    on: NaiveDate,
}

/// The decisions that stand, the earliest first, each pair once. A confirmed link must still be the
/// complaint's: a merge or a correction may have changed it since. Of a rejection the target is the
/// one the complaint had before, and the verdict's where that was not kept.
fn decisions(conn: &mut Connection) -> anyhow::Result<Vec<Label>> {
    type Row = (
        Id,
        String,
        Option<Id>,
        String,
        UtcTime,
        Option<JsonValue>,
        Option<Id>,
    );
    let rows: Vec<Row> = match_decision::table
        .inner_join(complaint::table)
        .inner_join(match_verdict::table)
        .filter(match_decision::decision.eq_any([CONFIRM, REJECT]))
        .filter(match_decision::undone_at.is_null())
        .order(match_decision::id)
        .select((
            complaint::id,
            complaint::link,
            complaint::repeat_of,
            match_decision::decision,
            match_decision::decided_at,
            match_decision::kept,
            match_verdict::target_id,
        ))
        .load(conn)?;
    let mut labels: Vec<Label> = Vec::new();
    let mut seen: HashSet<(Id, String, String)> = HashSet::new();
    for (id, link, repeat_of, decision, at, kept, proposed) in rows {
        let before = kept.and_then(|kept| {
            let target = kept.0.pointer("/before/repeat_of")?.as_str()?;
            Some(target.to_owned())
        });
        let target = match decision.as_str() {
            CONFIRM if link == "confirmed" => repeat_of.map(|id| id.to_string()),
            CONFIRM => None,
            _ => before.or_else(|| proposed.map(|id| id.to_string())),
        };
        if let Some(target) = target
            && seen.insert((id, target.clone(), decision.clone()))
        {
            labels.push(Label {
                complaint: id.to_string(),
                target,
                decision,
                on: at.0.date_naive(),
            });
        }
    }
    Ok(labels)
}

fn period(labels: &[Label]) -> String {
    let days = || labels.iter().map(|label| label.on);
    match (days().min(), days().max()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no days".to_owned(),
    }
}

/// Prints every verdict on a complaint with its waterfall of weights.
pub fn explain(settings: &Settings, options: &Explain) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let row = complaints::by_number(&mut conn, &options.number)?
        .ok_or_else(|| anyhow::anyhow!("there is no complaint {}", options.number))?;
    for verdict in queries::verdicts_of(&mut conn, row.id)? {
        tell!(
            "{}  rule {}, {}, model {}",
            verdict.decided_at.0.format("%Y-%m-%d %H:%M"),
            verdict.rule,
            verdict.outcome,
            verdict.model_version
        )?;
        let candidates: Vec<Explained> = serde_json::from_value(verdict.evidence.0)?;
        for candidate in candidates {
            tell_candidate(&candidate)?;
        }
    }
    Ok(())
}

fn tell_candidate(candidate: &Explained) -> anyhow::Result<()> {
    tell!(
        "  {}  {} {:?}, probability {:.3}",
        candidate.number,
        candidate.rule.as_str(),
        candidate.outcome,
        candidate.score
    )?;
    tell!("      {:+6.1}  起点", candidate.prior)?;
    for comparison in &candidate.comparisons {
        tell!("      {:+6.1}  {}", comparison.weight, comparison.words)?;
    }
    for veto in &candidate.vetoes {
        tell!("        veto  {veto}")?;
    }
    Ok(())
}

/// Makes the facts and keys of every complaint anew. Verdicts stay as they are.
pub fn refile(settings: &Settings) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    let all: i64 = complaint::table.count().get_result(&mut *conn)?;
    drop(conn);
    let bar = ProgressBar::new(all.unsigned_abs());
    let mut after: Option<Id> = None;
    let secrets = &settings.secrets;
    anyhow::ensure!(
        secrets.unkept.is_none(),
        "the words are sealed: set DENGWEN_SECRET_KEY, or put its secret.key in {}",
        settings.data_dir.display()
    );
    let keys = Keys::derive(&secrets.present, &secrets.former);
    loop {
        let (from, keys) = (after, keys.clone());
        let refile = move |conn: &mut Connection| queries::refile_after(conn, &keys, from);
        let (done, last) = crate::cli::write(&database, refile)?;
        bar.inc(done as u64);
        after = last;
        if after.is_none() {
            break;
        }
    }
    bar.finish();
    tell!("{} complaints filed anew", bar.position())
}
