//! `dengwen match link`: a whole file against itself, for cleaning up what another system left.

use std::{io::Write as _, path::PathBuf, time::Instant};

use anyhow::Context as _;
use clap::Args;

use super::data;
use crate::linkage::{
    Model, em,
    index::{Index, Order},
    model::Provenance,
    train::Cases,
};

/// What to link.
#[derive(Debug, Args)]
pub struct Options {
    /// CSV file of cases, plain or gzip
    #[arg(long)]
    cases: PathBuf,
    /// Which column means what (TOML)
    #[arg(long)]
    mapping: PathBuf,
    /// The model; without one, one is trained on the cases themselves, which needs no labels
    #[arg(long)]
    model: Option<PathBuf>,
    /// Where the likely pairs go: earlier id, later id, probability, bits
    #[arg(long)]
    out: PathBuf,
    /// Probability from which a pair is likely
    #[arg(long, default_value_t = 0.5)]
    above: f64,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let mapping = data::Mapping::read(&options.mapping)?;
    let cases = data::read_cases(&mapping, &options.cases)?.0;
    let read = began.elapsed();
    let index = super::index_of(&mapping, &cases);
    let blocked = began.elapsed();
    let model = model_for(options, &cases, &index)?;
    let trained = began.elapsed();
    let threads = std::thread::available_parallelism()?.get();
    let parts = score(&cases, &index, &model, options.above, threads)?;
    let scored = began.elapsed();
    let file = std::fs::File::create(&options.out)
        .with_context(|| format!("cannot write {}", options.out.display()))?;
    let mut out = std::io::BufWriter::new(file);
    writeln!(out, "earlier,later,probability,bits")?;
    let (mut compared, mut likely) = (0, 0);
    for part in &parts {
        compared += part.compared;
        likely += part.likely.len();
        for (later, earlier, bits) in &part.likely {
            let id = |at: usize| cases.ids.get(at).map_or("", String::as_str);
            let probability = Model::probability(*bits);
            writeln!(
                out,
                "{},{},{probability:.4},{bits:.2}",
                id(*earlier),
                id(*later)
            )?;
        }
    }
    out.flush()?;
    let scoring = (scored - trained).as_secs_f64();
    tell!(
        "{} cases: read {:.2} s, index {:.2} s, model {:.2} s, {compared} pairs compared in {scoring:.2} s on {threads} threads ({:.1} million a second), {likely} likely pairs",
        cases.reports.len(),
        read.as_secs_f64(),
        (blocked - read).as_secs_f64(),
        (trained - blocked).as_secs_f64(),
        compared as f64 / scoring / 1e6
    )
}

/// Cases whose candidates a model is trained on, when none is given.
const TRAINED_ON: usize = 4000;

fn model_for(options: &Options, cases: &Cases, index: &Index) -> anyhow::Result<Model> {
    let Some(path) = &options.model else {
        let every = cases.reports.len() / TRAINED_ON;
        let provenance = Provenance {
            data: options.cases.display().to_string(),
            method: "em".to_owned(),
            ..Provenance::default()
        };
        let orders = [Order::Arrival];
        return Ok(em::without_labels(
            cases,
            index,
            &orders,
            "untrained",
            provenance,
            every,
        )?);
    };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Model::parse(&text).with_context(|| path.display().to_string())
}

#[derive(Default)]
struct Part {
    compared: usize,
    likely: Vec<(usize, usize, f64)>,
}

/// Scores every case against the earlier ones, the cases shared out among threads.
fn score(
    cases: &Cases,
    index: &Index,
    model: &Model,
    above: f64,
    threads: usize,
) -> anyhow::Result<Vec<Part>> {
    let one = |thread: usize| {
        let mut part = Part::default();
        for at in (thread..cases.reports.len()).step_by(threads) {
            let (found, levels) = cases.compared(index, at, Order::Arrival, model);
            part.compared += found.len();
            for (earlier, levels) in found.into_iter().zip(levels) {
                let bits = model.bits(&levels);
                if Model::probability(bits) >= above {
                    part.likely.push((at, earlier, bits));
                }
            }
        }
        part
    };
    std::thread::scope(|scope| {
        let one = &one;
        let running: Vec<_> = (0..threads).map(|t| scope.spawn(move || one(t))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread died")))
            .collect()
    })
}
