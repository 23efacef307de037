//! `dengwen match eval`: where the recorded partner and its group stand among the candidates.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Instant,
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    Source, data,
    held_back::{self, HeldBack},
    held_share,
    promote::Contest,
    rankers::{Bench, By, Ranking},
};
use crate::cli::NobodyReads;
use crate::config::Settings;
use crate::linkage::{
    baseline::Rule,
    eval::{Answer, Figure, Figures, figures, shared_text},
    index::Order,
    levels::SPECS,
    reliability,
    train::{Question, questions},
};

/// Which cases may answer.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Asked {
    /// All others, earlier and later
    Any,
    /// Earlier ones only; the later of a pair asks
    Arrival,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// Ask what officers decided on the ledger's own complaints
    #[arg(long, conflicts_with_all = ["cases", "pairs", "mapping"])]
    ledger: bool,
    #[command(flatten)]
    source: Option<Source>,
    /// A model file; without one, models are trained and measured by cross-validation over groups
    #[arg(long)]
    model: Option<PathBuf>,
    /// A model to hold it against, on the same questions
    #[arg(long, requires = "model", value_name = "MODEL")]
    against: Option<PathBuf>,
    /// Copy the model here, unless it is worse than the one it is held against
    #[arg(long, requires = "against", value_name = "FILE")]
    promote: Option<PathBuf>,
    /// Promote a worse model as well, or one that too few questions were asked of
    #[arg(long, requires = "promote")]
    force: bool,
    /// Another system's rule instead: fixmystreet, signalen, mark-a-spot
    #[arg(long, conflicts_with = "model")]
    rule: Option<Rule>,
    /// Which cases may answer
    #[arg(long, value_enum, default_value = "arrival")]
    order: Asked,
    /// Leave the labels out of the training: expectation and maximisation
    #[arg(long, conflicts_with_all = ["model", "rule"])]
    without_labels: bool,
    /// Leave each comparison out in turn and measure again
    #[arg(long, conflicts_with_all = ["model", "rule", "without_labels"])]
    ablation: bool,
    /// Print how often candidates of each probability were recorded as the same matter
    #[arg(long, conflicts_with = "rule")]
    reliability: bool,
    /// Pairs of one group asked at most, so that one campaign does not decide the figures
    #[arg(long, value_name = "N")]
    per_group: Option<usize>,
    /// Ask a model only what training held back, by the same share as there; 0.2 with --ledger, 0
    /// (everything) with files
    #[arg(long, value_name = "SHARE", value_parser = held_back::share, requires = "model")]
    hold_back: Option<f64>,
    /// Only hard pairs: both have a text, and less than this part of the letter triples of the two
    /// is in both (say 0.15)
    #[arg(long, value_name = "SHARE")]
    hard_below: Option<f64>,
    /// Print the questions answered worst
    #[arg(long, value_name = "N", default_value_t = 0)]
    worst: usize,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

impl Options {
    /// What a model is asked alone. Without a model each part is measured by one trained on the
    /// others: nothing is held back.
    fn held_back(&self, labelled: &data::Labelled) -> Option<HeldBack> {
        let share = held_share(self.ledger, self.hold_back);
        let some = self.model.is_some() && share > 0.0;
        some.then(|| HeldBack::of(labelled, share))
    }
}

pub(super) fn run(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    options: &Options,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let source = options.source.as_ref();
    let (labelled, index) = super::labelled(settings, options.ledger, source)?;
    let order = match options.order {
        Asked::Any => Order::Any,
        Asked::Arrival => Order::Arrival,
    };
    let held = options.held_back(&labelled);
    let asked = asked(options, &labelled, held.as_ref(), order);
    anyhow::ensure!(!asked.is_empty(), "there is no such question to ask");
    let bench = Bench {
        index,
        labelled: &labelled,
        order,
        asked,
        told_apart: match &held {
            Some(held) => held.hidden(&labelled.different),
            None => labelled.different.clone(),
        },
        held_back: held_share(options.ledger, options.hold_back),
    };
    let rankers = rankers(&bench, options, &[])?;
    let answers = bench.ask_all(&rankers);
    let summary = figures(&answers);
    let contest = match (&options.model, &options.against) {
        (Some(new), Some(current)) => {
            Some(Contest::hold(&bench, new, &rankers, &summary, current)?)
        }
        _ => None,
    };
    let run = Run {
        bench: &bench,
        options,
        rankers,
        answers,
        summary,
        contest,
        began,
    };
    let told = run.tell();
    let (Some(contest), Some(to)) = (&run.contest, &options.promote) else {
        return told;
    };
    match told {
        Err(failed) if !failed.is::<NobodyReads>() => Err(failed),
        // Whether anybody reads the figures or not, the model takes its place.
        told => contest.promote(to, options.force).and(told),
    }
}

/// The figures, and how the model held against another.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    summary: &'a Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'a Contest>,
}

/// The questions the options leave.
fn asked(
    options: &Options,
    labelled: &data::Labelled,
    held: Option<&HeldBack>,
    order: Order,
) -> Vec<Question> {
    let mut asked = questions(&labelled.pairs, order);
    if let Some(held) = held {
        asked.retain(|question| held.has(question.asks));
    }
    if let Some(below) = options.hard_below {
        let report = |at: usize| labelled.cases.reports.get(at);
        asked.retain(|question| {
            let pair = report(question.asks).zip(report(question.partner));
            let shared = pair.and_then(|(a, b)| shared_text(a, b));
            shared.is_some_and(|shared| shared < below)
        });
    }
    if let Some(most) = options.per_group {
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        asked.retain(|question| {
            let n = seen.entry(question.group_no).or_default();
            *n += 1;
            *n <= most
        });
    }
    asked
}

/// The rankers, each with the questions it is asked.
fn rankers<'a>(
    bench: &'a Bench<'_>,
    options: &Options,
    without: &[usize],
) -> anyhow::Result<Vec<Ranking<'a>>> {
    if let Some(rule) = options.rule {
        Ok(vec![bench.all_by(By::Rule(rule))])
    } else if let Some(path) = &options.model {
        Ok(vec![bench.all_by_file(path)?])
    } else if options.without_labels {
        Ok(vec![bench.all_without_labels()?])
    } else {
        bench.cross_validate(without)
    }
}

/// What was asked and answered.
struct Run<'a> {
    bench: &'a Bench<'a>,
    options: &'a Options,
    rankers: Vec<Ranking<'a>>,
    answers: Vec<Answer>,
    summary: Figures,
    contest: Option<Contest>,
    began: Instant,
}

impl Run<'_> {
    /// Writes what was found.
    fn tell(&self) -> anyhow::Result<()> {
        if self.options.json {
            let shown = Shown {
                summary: &self.summary,
                against: self.contest.as_ref(),
            };
            tell!("{}", serde_json::to_string_pretty(&shown)?)?;
        } else {
            let groups: BTreeSet<usize> = self.answers.iter().map(|a| a.group_no).collect();
            tell!(
                "{} cases, {} questions in {} groups, {:.1} s",
                self.bench.labelled.cases.reports.len(),
                self.summary.questions,
                groups.len(),
                self.began.elapsed().as_secs_f64()
            )?;
            tell_figures(&self.summary)?;
            self.contest.as_ref().map_or(Ok(()), Contest::tell)?;
        }
        self.tell_worst()?;
        if self.options.reliability {
            self.tell_reliability()?;
        }
        if self.options.ablation {
            self.ablate()?;
        }
        Ok(())
    }

    /// How often candidates of each probability were recorded as the same matter.
    fn tell_reliability(&self) -> anyhow::Result<()> {
        let bands = reliability::bands(&self.bench.forecasts(&self.rankers));
        if self.options.json {
            return tell!("{}", serde_json::to_string(&bands)?);
        }
        tell!("probability up to   candidates   mean probability   recorded as the same")?;
        for band in bands {
            tell!(
                "{:>17.2}   {:>10.0}   {:>16.3}   {:>20.3}",
                band.up_to,
                band.candidates,
                band.expected,
                band.recorded
            )?;
        }
        Ok(())
    }

    fn ablate(&self) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Row {
            without: &'static str,
            recall_at_1: f64,
            mrr: f64,
            any_recall_at_1: f64,
        }
        for (at, spec) in SPECS.iter().enumerate() {
            let rankers = rankers(self.bench, self.options, &[at])?;
            let less = figures(&self.bench.ask_all(&rankers));
            let fall = |of: fn(&Figures) -> Figure| of(&less).value - of(&self.summary).value;
            let row = Row {
                without: spec.name,
                recall_at_1: fall(|f| f.recall_at_1),
                mrr: fall(|f| f.mrr),
                any_recall_at_1: fall(|f| f.any_recall_at_1),
            };
            if self.options.json {
                tell!("{}", serde_json::to_string(&row)?)?;
            } else {
                tell!(
                    "without {:<10} @1 {:+.3}  MRR {:+.3}  any@1 {:+.3}",
                    row.without,
                    row.recall_at_1,
                    row.mrr,
                    row.any_recall_at_1
                )?;
            }
        }
        Ok(())
    }

    fn tell_worst(&self) -> anyhow::Result<()> {
        let ids = &self.bench.labelled.cases.ids;
        let id = |at: usize| ids.get(at).map_or("", String::as_str);
        let answers = self.answers.iter();
        let mut worst: Vec<&Answer> = answers.filter(|a| a.any_rank > 1.0 + 1e-6).collect();
        worst.sort_by(|a, b| b.any_rank.total_cmp(&a.any_rank));
        for answer in worst.into_iter().take(self.options.worst) {
            tell!(
                "{} asks, {} is at {}, the group at {}, first is {}",
                id(answer.asks),
                id(answer.partner),
                answer.rank,
                answer.any_rank,
                answer.first.map_or("nothing", id)
            )?;
        }
        Ok(())
    }
}

fn tell_figures(figures: &Figures) -> anyhow::Result<()> {
    for (name, f) in [
        ("recall@1", figures.recall_at_1),
        ("recall@3", figures.recall_at_3),
        ("recall@5", figures.recall_at_5),
        ("recall@10", figures.recall_at_10),
        ("MRR", figures.mrr),
        ("any member @1", figures.any_recall_at_1),
        ("any member @3", figures.any_recall_at_3),
        ("any member @5", figures.any_recall_at_5),
        ("any member @10", figures.any_recall_at_10),
        ("any member MRR", figures.any_mrr),
        ("blocked out", figures.blocked_out),
    ] {
        tell!("{name:<18} {:.3}  ({:.3} to {:.3})", f.value, f.low, f.high)?;
    }
    tell!(
        "candidates         mean {:.0}, median {:.0}",
        figures.candidates_mean.value,
        figures.candidates_median.value
    )?;
    tell!(
        "for a question     median {:.0} µs, p99 {:.0} µs",
        figures.median_us,
        figures.p99_us
    )
}
