//! What ranks the questions: a rule, a model file, or models trained on the other parts.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    time::Instant,
};

use anyhow::Context as _;
use serde::Serialize;

use super::{BOTH, EM_EVERY, data};
use crate::linkage::{
    Model,
    baseline::Rule,
    em,
    eval::{Answer, Draw, Figures, Ranker, ask},
    index::{Index, Order},
    model::Provenance,
    reliability::{self, Forecast},
    train::{self, Labels, Question, questions},
};

/// Parts of the cross-validation.
const FOLDS: usize = 5;

/// Labelled cases and the questions that are asked of them.
pub(super) struct Bench<'a> {
    pub(super) labelled: &'a data::Labelled,
    pub(super) index: Index,
    pub(super) order: Order,
    pub(super) asked: Vec<Question>,
    /// Pairs found to be different that no model was shown.
    pub(super) told_apart: Vec<(usize, usize)>,
    pub(super) held_back: f64,
}

/// How a model does.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Standing {
    /// How early a member of the right group comes among the candidates.
    pub any_mrr: f64,
    /// How far its probabilities are from what people decided.
    pub misjudged: f64,
}

/// What ranks a part of the questions.
pub(super) struct Ranking<'a> {
    by: By,
    asked: Vec<&'a Question>,
}

pub(super) enum By {
    Model(Box<Model>),
    Rule(Rule),
}

impl Ranking<'_> {
    pub(super) fn model(&self) -> Option<&Model> {
        match &self.by {
            By::Model(model) => Some(model),
            By::Rule(_) => None,
        }
    }
}

impl Bench<'_> {
    /// One ranker, asked all questions.
    pub(super) fn all_by(&self, by: By) -> Ranking<'_> {
        Ranking {
            by,
            asked: self.asked.iter().collect(),
        }
    }

    /// A model file, asked all questions.
    pub(super) fn all_by_file(&self, path: &Path) -> anyhow::Result<Ranking<'_>> {
        Ok(self.all_by(By::Model(Box::new(self.model(path)?))))
    }

    /// A model trained without labels, asked all questions.
    pub(super) fn all_without_labels(&self) -> anyhow::Result<Ranking<'_>> {
        let model = em::without_labels(
            &self.labelled.cases,
            &self.index,
            &BOTH,
            "em",
            Provenance::default(),
            EM_EVERY,
        )?;
        Ok(self.all_by(By::Model(Box::new(model))))
    }

    pub(super) fn ask_all(&self, rankers: &[Ranking<'_>]) -> Vec<Answer> {
        let cases = &self.labelled.cases;
        let one = |ranking: &Ranking<'_>| -> Vec<Answer> {
            let ranker = match &ranking.by {
                By::Model(model) => Ranker::Model(model),
                By::Rule(rule) => Ranker::Rule(*rule),
            };
            let asked = ranking.asked.iter();
            asked
                .map(|question| {
                    ask(
                        cases,
                        &self.index,
                        question,
                        self.order,
                        ranker,
                        Instant::now,
                    )
                })
                .collect()
        };
        rankers.iter().flat_map(one).collect()
    }

    /// Trains on the other parts, to be measured on each: no group is ever in both.
    pub(super) fn cross_validate(&self, without: &[usize]) -> anyhow::Result<Vec<Ranking<'_>>> {
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
    pub(super) fn forecasts(&self, rankers: &[Ranking<'_>]) -> Vec<Forecast> {
        let pairs = &self.labelled.pairs;
        let labelled: HashSet<usize> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let cases = &self.labelled.cases;
        let others: Vec<usize> = train::ordinary(cases, |at| labelled.contains(&at)).collect();
        let mut forecasts: Vec<Forecast> = Vec::new();
        for (n, ranking) in rankers.iter().enumerate() {
            let Some(model) = ranking.model() else {
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

    /// How a model does on its questions, which were answered so, and on the pairs that were told
    /// apart.
    pub(super) fn standing(&self, ranking: &[Ranking<'_>], summary: &Figures) -> Standing {
        let cases = &self.labelled.cases;
        let mut forecasts = self.forecasts(ranking);
        for model in ranking.iter().filter_map(Ranking::model) {
            let told_apart = train::compared(cases, &self.index, &self.told_apart, model);
            forecasts.extend(told_apart.iter().map(|levels| Forecast {
                probability: Model::probability(model.bits(levels)),
                same: false,
                stands_for: 1.0,
            }));
        }
        Standing {
            any_mrr: summary.any_mrr.value,
            misjudged: reliability::misjudged(&forecasts),
        }
    }

    /// Pairs found to be different, but those about a case that is left out.
    fn told_apart(&self, left_out: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let different = self.labelled.different.iter();
        different
            .filter(|(a, b)| !left_out(*a) && !left_out(*b))
            .copied()
            .collect()
    }

    fn model(&self, path: &Path) -> anyhow::Result<Model> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let model = Model::parse(&text).with_context(|| path.display().to_string())?;
        let trained = &model.file().provenance;
        if trained.method == "labels" && trained.held_back < self.held_back {
            crate::cli::warn(&format!(
                "{} held back {} of the groups it was trained on, less than is asked: of these labels it may know some",
                path.display(),
                trained.held_back
            ));
        }
        Ok(model)
    }
}
