//! `dengwen match eval`: where the recorded partner and its group stand among the candidates.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    BOTH, EM_EVERY, Source, data,
    held_back::{self, HeldBack},
    held_share,
    promote::{Contest, Standing},
};
use crate::config::Settings;
use crate::linkage::{
    Model,
    baseline::Rule,
    compare::SPECS,
    em,
    eval::{Answer, Draw, Figure, Figures, Ranker, ask, figures, shared_text},
    index::{Index, Order},
    model::Provenance,
    reliability::{self, Forecast},
    train::{self, Labels, Question, questions},
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

    /// How the model does beside the one it is held against.
    fn contest(&self, bench: &Bench<'_>) -> anyhow::Result<Option<Contest>> {
        let both = self.model.as_deref().zip(self.against.as_deref());
        both.map(|(new, current)| Contest::hold(bench, new, current))
            .transpose()
    }
}

pub(super) struct Bench<'a> {
    labelled: &'a data::Labelled,
    index: Index,
    order: Order,
    pub(super) asked: Vec<Question>,
    /// Pairs found to be different that no model was shown.
    told_apart: Vec<(usize, usize)>,
    held_back: f64,
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
    let rankers = bench.rankers(options, &[])?;
    let answers = bench.ask_all(&rankers);
    let summary = figures(&answers);
    let contest = options.contest(&bench)?;
    if options.json {
        let against = contest.as_ref();
        println!(
            "{}",
            serde_json::to_string_pretty(&Shown {
                summary: &summary,
                against
            })?
        );
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
        contest.iter().for_each(Contest::print);
    }
    bench.print_worst(&answers, options.worst);
    if options.reliability {
        bench.print_reliability(&rankers, options.json)?;
    }
    if options.ablation {
        bench.ablate(options, &summary)?;
    }
    match (contest, &options.promote) {
        (Some(contest), Some(to)) => contest.promote(to, options.force),
        _ => Ok(()),
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

/// What ranks a part of the questions.
struct Ranking<'a> {
    by: By,
    asked: Vec<&'a Question>,
}

enum By {
    Model(Box<Model>),
    Rule(Rule),
}

impl Bench<'_> {
    /// The rankers, each with the questions it is asked.
    fn rankers(&self, options: &Options, without: &[usize]) -> anyhow::Result<Vec<Ranking<'_>>> {
        let by = if let Some(rule) = options.rule {
            By::Rule(rule)
        } else if let Some(path) = &options.model {
            By::Model(Box::new(self.model(path)?))
        } else if options.without_labels {
            By::Model(Box::new(em::without_labels(
                &self.labelled.cases,
                &self.index,
                &BOTH,
                "em",
                Provenance::default(),
                EM_EVERY,
            )?))
        } else {
            return self.cross_validate(without);
        };
        Ok(vec![self.all_by(by)])
    }

    fn all_by(&self, by: By) -> Ranking<'_> {
        Ranking {
            by,
            asked: self.asked.iter().collect(),
        }
    }

    fn ask_all(&self, rankers: &[Ranking<'_>]) -> Vec<Answer> {
        let cases = &self.labelled.cases;
        let one = |ranking: &Ranking<'_>| -> Vec<Answer> {
            let ranker = match &ranking.by {
                By::Model(model) => Ranker::Model(model),
                By::Rule(rule) => Ranker::Rule(*rule),
            };
            let asked = ranking.asked.iter();
            asked
                .map(|question| ask(cases, &self.index, question, self.order, ranker))
                .collect()
        };
        rankers.iter().flat_map(one).collect()
    }

    /// Trains on the other parts, to be measured on each: no group is ever in both.
    fn cross_validate(&self, without: &[usize]) -> anyhow::Result<Vec<Ranking<'_>>> {
        let groups = questions(&self.labelled.pairs, self.order);
        let most = groups.iter().map(|q| q.group_no).max().unwrap_or(0);
        let mut draw = Draw(5);
        let folds: Vec<usize> = (0..=most).map(|_| draw.below(FOLDS)).collect();
        let fold_of = |group: usize| folds.get(group).copied().unwrap_or(0);
        let group_of: HashMap<usize, usize> = groups
            .iter()
            .flat_map(|q| [(q.asks, q.group_no), (q.partner, q.group_no)])
            .collect();
        let fold_of_case = |at: usize| group_of.get(&at).map(|group| fold_of(*group));
        let mut rankers = Vec::new();
        for fold in 0..FOLDS {
            let (mut rest, mut left_out) = (Vec::new(), Vec::new());
            for (pair, question) in self.labelled.pairs.iter().zip(&groups) {
                let out = fold_of(question.group_no) == fold;
                if out { &mut left_out } else { &mut rest }.push(*pair);
            }
            let labels = Labels {
                same: &rest,
                different: &self.told_apart(|at| fold_of_case(at) == Some(fold)),
                held_back: &left_out,
            };
            let model = train::with_labels(
                &self.labelled.cases,
                &self.index,
                labels,
                &BOTH,
                "fold",
                Provenance::default(),
                without,
            )?;
            let asked = self.asked.iter();
            rankers.push(Ranking {
                by: By::Model(Box::new(model)),
                asked: asked.filter(|q| fold_of(q.group_no) == fold).collect(),
            });
        }
        Ok(rankers)
    }

    /// What models say of the candidates of their questions, and each of its share of the cases
    /// that nobody labelled.
    fn forecasts(&self, rankers: &[Ranking<'_>]) -> Vec<Forecast> {
        let pairs = &self.labelled.pairs;
        let labelled: HashSet<usize> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let cases = &self.labelled.cases;
        let others = reliability::ordinary(cases, |at| labelled.contains(&at));
        let mut forecasts: Vec<Forecast> = Vec::new();
        for (n, ranking) in rankers.iter().enumerate() {
            let By::Model(model) = &ranking.by else {
                continue;
            };
            let share: Vec<usize> = others
                .iter()
                .skip(n)
                .step_by(rankers.len())
                .copied()
                .collect();
            forecasts.extend(reliability::forecasts(
                cases,
                &self.index,
                model,
                &ranking.asked,
                &share,
                self.order,
            ));
        }
        forecasts
    }

    /// How a model does on the questions and on the pairs that were told apart.
    pub(super) fn standing(&self, model: Model) -> Standing {
        let told_apart =
            train::compared(&self.labelled.cases, &self.index, &self.told_apart, &model);
        let told_apart = told_apart.iter().map(|levels| Forecast {
            probability: Model::probability(model.bits(levels)),
            same: false,
            stands_for: 1.0,
        });
        let told_apart: Vec<Forecast> = told_apart.collect();
        let ranking = [self.all_by(By::Model(Box::new(model)))];
        let answers = self.ask_all(&ranking);
        let mut forecasts = self.forecasts(&ranking);
        forecasts.extend(told_apart);
        Standing {
            any_mrr: figures(&answers).any_mrr.value,
            misjudged: reliability::misjudged(&forecasts),
        }
    }

    /// How often candidates of each probability were recorded as the same matter.
    fn print_reliability(&self, rankers: &[Ranking<'_>], json: bool) -> anyhow::Result<()> {
        let forecasts = self.forecasts(rankers);
        let bands = reliability::bands(&forecasts);
        if json {
            println!("{}", serde_json::to_string(&bands)?);
            return Ok(());
        }
        println!("probability up to   candidates   mean probability   recorded as the same");
        for band in bands {
            println!(
                "{:>17.2}   {:>10.0}   {:>16.3}   {:>20.3}",
                band.up_to, band.candidates, band.expected, band.recorded
            );
        }
        Ok(())
    }

    /// Pairs found to be different, but those about a case that is left out.
    fn told_apart(&self, left_out: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let different = self.labelled.different.iter();
        different
            .filter(|(a, b)| !left_out(*a) && !left_out(*b))
            .copied()
            .collect()
    }

    pub(super) fn model(&self, path: &Path) -> anyhow::Result<Model> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let model = Model::parse(&text).with_context(|| path.display().to_string())?;
        let trained = &model.file().provenance;
        if trained.method == "labels" && trained.held_back < self.held_back {
            eprintln!(
                "{} held back {} of the groups it was trained on, less than is asked: of these labels it may know some",
                path.display(),
                trained.held_back
            );
        }
        Ok(model)
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
            let less = figures(&self.ask_all(&self.rankers(options, &[at])?));
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
