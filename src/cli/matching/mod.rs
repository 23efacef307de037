//! `dengwen match`: train a model, measure it, explain a verdict.

mod data;
mod eval;
mod ledger;
mod link;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use crate::config::Settings;
use crate::linkage::{
    Model, em,
    index::{Index, Order},
    model::Provenance,
    train::{self, Cases},
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

/// Cases with labels.
#[derive(Debug, Args)]
pub struct Source {
    /// CSV file of cases, plain or gzip
    #[arg(long)]
    cases: PathBuf,
    /// CSV file of pairs: child, parent
    #[arg(long)]
    pairs: PathBuf,
    /// Which column means what (TOML)
    #[arg(long)]
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
    /// Name and version, kept with every verdict
    #[arg(long, default_value = "trained-1")]
    name: String,
    /// Leave the labels out: expectation and maximisation
    #[arg(long)]
    without_labels: bool,
}

pub(super) fn run(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    action: Action,
) -> anyhow::Result<()> {
    match action {
        Action::Train(options) => run_train(settings, &options),
        Action::Eval(options) => eval::run(&options),
        Action::Link(options) => link::run(&options),
        Action::Explain(options) => ledger::explain(&settings()?, &options),
        Action::Refile => ledger::refile(&settings()?),
    }
}

fn run_train(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    options: &Train,
) -> anyhow::Result<()> {
    let (labelled, index, data) = match &options.source {
        _ if options.ledger => {
            let labelled = ledger::labelled(&settings()?)?;
            let index = Index::of(&labelled.cases.reports);
            (
                labelled,
                index,
                "officers' decisions in the ledger".to_owned(),
            )
        }
        Some(source) => {
            let mapping = data::Mapping::read(&source.mapping)?;
            let labelled = data::read(&mapping, &source.cases, &source.pairs)?;
            let index = index_of(&mapping, &labelled.cases);
            let name = source.cases.file_name().unwrap_or_default();
            (labelled, index, name.to_string_lossy().into_owned())
        }
        None => anyhow::bail!("give --cases, --pairs and --mapping, or --ledger"),
    };
    let cases = &labelled.cases;
    let provenance = Provenance {
        data,
        data_sha256: labelled.sha256.clone(),
        method: if options.without_labels {
            "em"
        } else {
            "labels"
        }
        .to_owned(),
        made_on: chrono::Utc::now().date_naive().to_string(),
        cases: cases.reports.len(),
        pairs: labelled.pairs.len(),
    };
    let model = if options.without_labels {
        em::without_labels(cases, &index, &BOTH, &options.name, provenance, EM_EVERY)
    } else {
        let pairs = &labelled.pairs;
        train::with_labels(cases, &index, pairs, &BOTH, &options.name, provenance, &[])
    }?;
    write(&model, &options.out)?;
    println!("{} written to {}", model.name(), options.out.display());
    Ok(())
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
