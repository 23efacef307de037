//! Holding a model against the one in use, and putting it in that one's place.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::{
    held_back::LEAST_QUESTIONS,
    rankers::{Bench, Ranking, Standing},
};
use crate::linkage::eval::{Figures, figures};

/// How much further off a model's probabilities may be than those of the one it replaces. Both are
/// measured on the same few questions, where a tenth is chance.
const SLACK: f64 = 1.1;

/// A model and the one in use, on the same questions.
#[derive(Debug, Serialize)]
pub struct Contest {
    #[serde(skip)]
    model: PathBuf,
    #[serde(skip)]
    questions: usize,
    #[serde(skip)]
    one_name: bool,
    new: Standing,
    current: Standing,
}

impl Contest {
    /// Measures the current model as the new one was measured, of which `mine` and `summary` are.
    pub(super) fn hold(
        bench: &Bench<'_>,
        new: &Path,
        mine: &[Ranking<'_>],
        summary: &Figures,
        current: &Path,
    ) -> anyhow::Result<Self> {
        let other = [bench.all_by_file(current)?];
        let of_other = figures(&bench.ask_all(&other));
        let models = mine.iter().find_map(Ranking::model);
        let models = models.zip(other.iter().find_map(Ranking::model));
        Ok(Self {
            model: new.to_owned(),
            questions: bench.asked.len(),
            one_name: models.is_some_and(|(a, b)| a.name() == b.name() && a.file() != b.file()),
            new: bench.standing(mine, summary),
            current: bench.standing(&other, &of_other),
        })
    }

    pub(super) fn tell(&self) -> anyhow::Result<()> {
        let (new, current) = (self.new, self.current);
        tell!(
            "any member MRR: {:.4} against {:.4} of the other model",
            new.any_mrr,
            current.any_mrr
        )?;
        tell!(
            "misjudged: {:.5} against {:.5} of the other model",
            new.misjudged,
            current.misjudged
        )
    }

    /// Why the model should not take the other's place.
    fn objection(&self) -> Option<String> {
        let (new, current) = (self.new, self.current);
        if self.questions < LEAST_QUESTIONS {
            let n = self.questions;
            Some(format!(
                "{n} questions are too few to tell, {LEAST_QUESTIONS} are needed"
            ))
        } else if new.any_mrr < current.any_mrr {
            Some(format!(
                "the model is worse than the one it would replace: it ranks the right matter at MRR {:.4}, which the other does at {:.4}",
                new.any_mrr, current.any_mrr
            ))
        } else if new.misjudged > current.misjudged * SLACK {
            Some(format!(
                "the model is worse than the one it would replace: its probabilities are off by {:.5}, the other's by {:.5}",
                new.misjudged, current.misjudged
            ))
        } else {
            None
        }
    }

    /// Puts the model where the one in use is read from, whole or not at all: a server that starts
    /// meanwhile reads the one or the other.
    pub(super) fn promote(&self, to: &Path, force: bool) -> anyhow::Result<()> {
        ensure!(
            !self.one_name,
            "not promoted: both models bear one name, and verdicts would not tell which of them judged (`match train --name`)"
        );
        if let Some(why) = self.objection().filter(|_| !force) {
            anyhow::bail!("not promoted: {why} (--force does it all the same)");
        }
        replace(&self.model, to).with_context(|| format!("cannot write {}", to.display()))?;
        crate::cli::warn(&format!("promoted to {}", to.display()));
        Ok(())
    }
}

fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let text = std::fs::read(from)?;
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = to.with_file_name(name);
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(beside, to)
}
