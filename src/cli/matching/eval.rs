//! `dengwen match eval`: where the recorded partner and its group stand among the candidates.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{BOTH, EM_EVERY, Source, data, index_of};
use crate::linkage::{
    Model,
    baseline::Rule,
    compare::SPECS,
    em,
    eval::{Answer, Draw, Figure, Figures, Ranker, ask, figures},
    index::{Index, Order},
    model::Provenance,
    train::{self, Question, questions},
};

/// Parts of the cross-validation.
const FOLDS: usize = 5;

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
    #[command(flatten)]
    source: Source,
    /// A model file; without one, models are trained and measured by cross-validation over groups
    #[arg(long)]
    model: Option<PathBuf>,
    /// A model to hold it against, on the same questions
    #[arg(long, requires = "model", value_name = "MODEL")]
    against: Option<PathBuf>,
    /// Copy the model here, unless it is worse than the one it is held against
    #[arg(long, requires = "against", value_name = "FILE")]
    promote: Option<PathBuf>,
    /// Promote a worse model as well
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
    /// Pairs of one group asked at most, so that one campaign does not decide the figures
    #[arg(long, value_name = "N")]
    per_group: Option<usize>,
    /// Print the questions answered worst
    #[arg(long, value_name = "N", default_value_t = 0)]
    worst: usize,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

struct Bench<'a> {
    labelled: &'a data::Labelled,
    index: Index,
    order: Order,
    asked: Vec<Question>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let mapping = data::Mapping::read(&options.source.mapping)?;
    let labelled = data::read(&mapping, &options.source.cases, &options.source.pairs)?;
    let order = match options.order {
        Asked::Any => Order::Any,
        Asked::Arrival => Order::Arrival,
    };
    let mut asked = questions(&labelled.pairs, order);
    if let Some(most) = options.per_group {
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        asked.retain(|question| {
            let n = seen.entry(question.group_no).or_default();
            *n += 1;
            *n <= most
        });
    }
    let bench = Bench {
        index: index_of(&mapping, &labelled.cases),
        labelled: &labelled,
        order,
        asked,
    };
    let answers = bench.measure(options, &[])?;
    let summary = figures(&answers);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        println!(
            "{} cases, {} questions in {} groups, {:.1} s",
            labelled.cases.reports.len(),
            summary.questions,
            answers
                .iter()
                .map(|a| a.group_no)
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            began.elapsed().as_secs_f64()
        );
        print(&summary);
    }
    bench.print_worst(&answers, options.worst);
    if let Some(current) = &options.against {
        bench.hold_against(options, current, &summary)?;
    }
    if options.ablation {
        bench.ablate(options, &summary)?;
    }
    Ok(())
}

impl Bench<'_> {
    fn measure(&self, options: &Options, without: &[usize]) -> anyhow::Result<Vec<Answer>> {
        let cases = &self.labelled.cases;
        let all = |ranker: Ranker<'_>| -> Vec<Answer> {
            let ask = |question| ask(cases, &self.index, question, self.order, ranker);
            self.asked.iter().map(ask).collect()
        };
        if let Some(rule) = options.rule {
            return Ok(all(Ranker::Rule(rule)));
        }
        if let Some(path) = &options.model {
            return self.with_model(path);
        }
        if options.without_labels {
            let model = em::without_labels(
                cases,
                &self.index,
                &BOTH,
                "em",
                Provenance::default(),
                EM_EVERY,
            )?;
            return Ok(all(Ranker::Model(&model)));
        }
        self.cross_validate(without)
    }

    /// Trains on the other parts and measures on each: no group is ever in both.
    fn cross_validate(&self, without: &[usize]) -> anyhow::Result<Vec<Answer>> {
        let cases = &self.labelled.cases;
        let groups = questions(&self.labelled.pairs, self.order);
        let most = groups.iter().map(|q| q.group_no).max().unwrap_or(0);
        let mut draw = Draw(5);
        let folds: Vec<usize> = (0..=most).map(|_| draw.below(FOLDS)).collect();
        let fold_of = |group: usize| folds.get(group).copied().unwrap_or(0);
        let mut answers = Vec::new();
        for fold in 0..FOLDS {
            let rest: Vec<(usize, usize)> = self
                .labelled
                .pairs
                .iter()
                .zip(&groups)
                .filter(|(_, q)| fold_of(q.group_no) != fold)
                .map(|(pair, _)| *pair)
                .collect();
            let model = train::with_labels(
                cases,
                &self.index,
                &rest,
                &BOTH,
                "fold",
                Provenance::default(),
                without,
            )?;
            let held = self.asked.iter().filter(|q| fold_of(q.group_no) == fold);
            answers.extend(
                held.map(|q| ask(cases, &self.index, q, self.order, Ranker::Model(&model))),
            );
        }
        Ok(answers)
    }

    /// Measures another model on the same questions and promotes the first if it is no worse.
    fn hold_against(
        &self,
        options: &Options,
        current: &Path,
        figures_of_new: &Figures,
    ) -> anyhow::Result<()> {
        let current = self.with_model(current)?;
        let (new, old) = (
            figures_of_new.any_mrr.value,
            figures(&current).any_mrr.value,
        );
        println!("any member MRR: {new:.4} against {old:.4} of the other model");
        let (Some(to), Some(from)) = (&options.promote, &options.model) else {
            return Ok(());
        };
        anyhow::ensure!(
            new >= old || options.force,
            "not promoted: the model is worse than the one it would replace (--force does it all the same)"
        );
        std::fs::copy(from, to).with_context(|| format!("cannot write {}", to.display()))?;
        println!("promoted to {}", to.display());
        Ok(())
    }

    fn with_model(&self, path: &Path) -> anyhow::Result<Vec<Answer>> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let model = Model::parse(&text).with_context(|| path.display().to_string())?;
        let cases = &self.labelled.cases;
        let ask = |question| {
            ask(
                cases,
                &self.index,
                question,
                self.order,
                Ranker::Model(&model),
            )
        };
        Ok(self.asked.iter().map(ask).collect())
    }

    fn ablate(&self, options: &Options, whole: &Figures) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Row {
            without: &'static str,
            recall_at_1: f64,
            mrr: f64,
            any_recall_at_1: f64,
        }
        for (at, spec) in SPECS.iter().enumerate() {
            let less = figures(&self.measure(options, &[at])?);
            let fall = |of: fn(&Figures) -> Figure| of(&less).value - of(whole).value;
            let row = Row {
                without: spec.name,
                recall_at_1: fall(|f| f.recall_at_1),
                mrr: fall(|f| f.mrr),
                any_recall_at_1: fall(|f| f.any_recall_at_1),
            };
            if options.json {
                println!("{}", serde_json::to_string(&row)?);
            } else {
                println!(
                    "without {:<10} @1 {:+.3}  MRR {:+.3}  any@1 {:+.3}",
                    row.without, row.recall_at_1, row.mrr, row.any_recall_at_1
                );
            }
        }
        Ok(())
    }

    fn print_worst(&self, answers: &[Answer], most: usize) {
        let id = |at: usize| self.labelled.cases.ids.get(at).map_or("", String::as_str);
        let by_question = |a: &Answer| {
            self.asked
                .iter()
                .find(|q| q.asks == a.asks && q.partner == a.partner)
        };
        let mut worst: Vec<&Answer> = answers.iter().filter(|a| a.any_rank > 1.0 + 1e-6).collect();
        worst.sort_by(|a, b| b.any_rank.total_cmp(&a.any_rank));
        for answer in worst.into_iter().take(most) {
            if let Some(question) = by_question(answer) {
                println!(
                    "{} asks, {} is at {}, the group at {}, first is {}",
                    id(question.asks),
                    id(question.partner),
                    answer.rank,
                    answer.any_rank,
                    answer.first.map_or("nothing", id)
                );
            }
        }
    }
}

fn print(figures: &Figures) {
    let show = |name: &str, f: Figure| {
        println!("{name:<18} {:.3}  ({:.3} to {:.3})", f.value, f.low, f.high)
    };
    show("recall@1", figures.recall_at_1);
    show("recall@3", figures.recall_at_3);
    show("recall@5", figures.recall_at_5);
    show("recall@10", figures.recall_at_10);
    show("MRR", figures.mrr);
    show("any member @1", figures.any_recall_at_1);
    show("any member @3", figures.any_recall_at_3);
    show("any member @5", figures.any_recall_at_5);
    show("any member @10", figures.any_recall_at_10);
    show("any member MRR", figures.any_mrr);
    show("blocked out", figures.blocked_out);
    println!(
        "candidates         mean {:.0}, median {:.0}",
        figures.candidates_mean.value, figures.candidates_median.value
    );
    println!(
        "for a question     median {:.0} µs, p99 {:.0} µs",
        figures.median_us, figures.p99_us
    );
}
