//! `dengwen match`: train a model, measure it, explain a verdict.

mod data;
mod eval;
mod held_back;
mod ledger;
mod link;
mod promote;
mod rankers;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use held_back::HeldBack;

use crate::config::Settings;
use crate::linkage::{
    Model, em,
    index::{Index, Order},
    model::Provenance,
    train::{self, Cases, Labels},
};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Train a model on labelled cases
    Train(Train),
    /// Measure a model, or another system's rule, on labelled cases
    Eval(eval::Options),
    /// Match a whole file against itself and write the likely pairs
    Link(link::Options),
    /// Show why a complaint was judged as it was
    Explain(ledger::Explain),
    /// Make the facts of all complaints anew, after the engine learnt to read more
    Refile,
}

/// Cases with labels, of which a command that takes `--ledger` has no need.
#[derive(Debug, Args)]
pub struct Source {
    /// CSV file of cases, plain or gzip
    #[arg(long, required = false, required_unless_present = "ledger")]
    cases: PathBuf,
    /// CSV file of pairs: child, parent
    #[arg(long, required = false, required_unless_present = "ledger")]
    pairs: PathBuf,
    /// Which column means what (TOML)
    #[arg(long, required = false, required_unless_present = "ledger")]
    mapping: PathBuf,
}

/// How to train.
#[derive(Debug, Args)]
pub struct Train {
    /// Train on the ledger's own complaints and what officers decided on their matches
    #[arg(long, conflicts_with_all = ["cases", "pairs", "mapping"])]
    ledger: bool,
    #[command(flatten)]
    source: Option<Source>,
    /// Where the model goes
    #[arg(long)]
    out: PathBuf,
    /// Name and version, kept with every verdict; unset: of the day and of what it learnt from
    #[arg(long)]
    name: Option<String>,
    /// Leave the labels out: expectation and maximisation
    #[arg(long)]
    without_labels: bool,
    /// Share of the labelled groups not shown to the model, for `match eval` to ask; 0.2 with
    /// --ledger, 0 with files
    #[arg(long, value_name = "SHARE", value_parser = held_back::share)]
    hold_back: Option<f64>,
}

/// Labels of the ledger or of files.
fn labelled(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    ledger: bool,
    source: Option<&Source>,
) -> anyhow::Result<(data::Labelled, Index)> {
    match source {
        _ if ledger => {
            let labelled = ledger::labelled(&settings()?)?;
            let index = Index::of(&labelled.cases.reports);
            Ok((labelled, index))
        }
        Some(source) => {
            let mapping = data::Mapping::read(&source.mapping)?;
            let labelled = data::read(&mapping, &source.cases, &source.pairs)?;
            let index = index_of(&mapping, &labelled.cases);
            Ok((labelled, index))
        }
        None => anyhow::bail!("give --cases, --pairs and --mapping, or --ledger"),
    }
}

/// What is held back: what was asked for, or what is usual for the source.
fn held_share(ledger: bool, asked: Option<f64>) -> f64 {
    let usual = if ledger { held_back::LEDGER_SHARE } else { 0.0 };
    asked.unwrap_or(usual)
}

pub(super) fn run(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    action: Action,
) -> anyhow::Result<()> {
    match action {
        Action::Train(options) => run_train(settings, &options),
        Action::Eval(options) => eval::run(settings, &options),
        Action::Link(options) => link::run(&options),
        Action::Explain(options) => ledger::explain(&settings()?, &options),
        Action::Refile => ledger::refile(&settings()?),
    }
}

fn run_train(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    options: &Train,
) -> anyhow::Result<()> {
    let (labelled, index) = labelled(settings, options.ledger, options.source.as_ref())?;
    let cases = &labelled.cases;
    let share = held_share(options.ledger, options.hold_back);
    let held = HeldBack::of(&labelled, share);
    let (same, different) = (held.shown(&labelled.pairs), held.shown(&labelled.different));
    anyhow::ensure!(
        !same.is_empty(),
        "every labelled group is held back: there is nothing to train on"
    );
    let provenance = Provenance {
        data: labelled.name.clone(),
        data_sha256: labelled.sha256.clone(),
        method: if options.without_labels {
            "em"
        } else {
            "labels"
        }
        .to_owned(),
        made_on: chrono::Utc::now().date_naive().to_string(),
        cases: cases.reports.len(),
        pairs: same.len(),
        rejected: different.len(),
        held_back: share,
    };
    let name = match &options.name {
        Some(name) => name.clone(),
        None => usual_name(&provenance),
    };
    let model = if options.without_labels {
        em::without_labels(cases, &index, &BOTH, &name, provenance, EM_EVERY)
    } else {
        let labels = Labels {
            same: &same,
            different: &different,
            held_back: &held.hidden(&labelled.pairs),
        };
        train::with_labels(cases, &index, labels, &BOTH, &name, provenance, &[])
    }?;
    write(&model, &options.out)?;
    tell!("{} written to {}", model.name(), options.out.display())
}

/// A name that no model of other labels or of another day bears.
fn usual_name(provenance: &Provenance) -> String {
    let labels = provenance.data_sha256.last();
    let labels = labels
        .and_then(|sha256| sha256.get(..8))
        .unwrap_or_default();
    format!("{}-{}-{labels}", provenance.method, provenance.made_on)
}

/// Orders a model with labels learns from.
const BOTH: [Order; 2] = [Order::Arrival, Order::Any];

/// Expectation and maximisation looks at the candidates of every so many-th case.
const EM_EVERY: usize = 8;

fn index_of(mapping: &data::Mapping, cases: &Cases) -> Index {
    match mapping.all_within_days {
        Some(days) => Index::of_all_within(&cases.reports, days),
        None => Index::of(&cases.reports),
    }
}

fn write(model: &Model, out: &PathBuf) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(model.file())?;
    text.push('\n');
    std::fs::write(out, text).with_context(|| format!("cannot write {}", out.display()))
}
