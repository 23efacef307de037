//! Same matter? Same person? New, duplicate, repeat, rebound; explained (判重).
//!
//! The law's side of matching: `linkage` says how likely two reports are one matter, the rules R0
//! to R12 (domain §3.3) say what follows. Model and thresholds come from the district profile.
//! `candidates` serves those who may answer from indexed keys, never from a scan.

pub mod campaigns;
pub mod candidates;
pub mod escalation;
mod explain;
pub mod facts;
pub mod people;
pub mod petitioners;
pub mod queries;
pub mod refile;
mod rules;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use crate::linkage::{Address, Code, Named, PhotoRef, Place, Report};
pub use rules::{decide, is_resent, radius_m};

use crate::app::App;
use crate::platform::jobs::Registered;

/// What this capability does after the answer.
pub const JOBS: &[Registered<App>] = &[Registered::of::<refile::RefileFacts>()];

/// An earlier complaint and where its handling stands.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The earlier complaint.
    pub report: Report,
    /// Its number.
    pub number: String,
    /// Its ledger entry.
    pub entry_id: Uuid,
    /// When its handling ended; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was answered on the merits; `None` when it was not, as by a refusal or a transfer.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether 复核 was given, after which the same facts are not taken again, however long ago.
    pub finally_reviewed: bool,
    /// Where the entry stands.
    pub entry: EntryStanding,
}

/// Where a ledger entry stands, as far as matching cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryStanding {
    /// Clue, listed, being rectified.
    Open,
    /// 已销号 or 跟踪督导, since the given time.
    WrittenOff(DateTime<Utc>),
    /// 归档: a rebound opens a new entry.
    Archived,
}

/// A row of the rule table (domain §3.3).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Rule {
    /// 技术重复.
    R0,
    /// 重复件(在办).
    R1,
    /// 重复信访.
    R2,
    /// 再次反映(新事实).
    R3,
    /// 多人反映同一问题.
    R4,
    /// 续报.
    R5,
    /// 反弹线索.
    R6,
    /// 关联(同源不同事).
    R7,
    /// 相邻不同源.
    R9,
    /// 不再受理.
    R11,
    /// No rule: a new matter.
    New,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::R0,
        Self::R1,
        Self::R2,
        Self::R3,
        Self::R4,
        Self::R5,
        Self::R6,
        Self::R7,
        Self::R9,
        Self::R11,
        Self::New,
    ];

    /// The rule of a name that is stored.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }

    /// Which goes first of what fits equally well: that a petition was finally reviewed (R11) stands over
    /// its being a repeat.
    const fn order(self) -> u8 {
        match self {
            Self::R0 => 0,
            Self::R1 => 1,
            Self::R11 => 2,
            Self::R2 => 3,
            Self::R3 => 4,
            Self::R4 => 5,
            Self::R5 => 6,
            Self::R6 => 7,
            Self::R7 => 8,
            Self::R9 => 9,
            Self::New => 10,
        }
    }

    /// The name in the database and in explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::R0 => "R0",
            Self::R1 => "R1",
            Self::R2 => "R2",
            Self::R3 => "R3",
            Self::R4 => "R4",
            Self::R5 => "R5",
            Self::R6 => "R6",
            Self::R7 => "R7",
            Self::R9 => "R9",
            Self::R11 => "R11",
            Self::New => "new",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::R0 => "技术重复",
            Self::R1 => "重复件（在办）",
            Self::R2 => "重复信访",
            Self::R3 => "再次反映（新事实）",
            Self::R4 => "多人反映同一问题",
            Self::R5 => "续报",
            Self::R6 => "反弹线索",
            Self::R7 => "关联（同源不同事）",
            Self::R9 => "相邻不同源",
            Self::R11 => "不再受理",
            Self::New => "新件",
        }
    }

    /// Whether it says that one person petitions again on one matter and brings nothing new. Who brings
    /// new facts (R3) petitions anew, which is counted apart.
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        matches!(self, Self::R1 | Self::R2 | Self::R11)
    }
}

/// What follows from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MatchOutcome)]
pub enum Outcome {
    /// The same submission again: the first record is answered, nothing is stored.
    SameSubmission,
    /// Attached without a person (R1 on one registered object, or one name at one place).
    Attached,
    /// Attached until a named person confirms or rejects it; nothing with legal effect follows.
    Provisional,
    /// Between the thresholds: an entry of its own, and a question to the brigade.
    Suspected,
    /// Same object or place, another matter: named as related.
    Related,
    /// A new matter.
    New,
}

impl Outcome {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameSubmission => "same_submission",
            Self::Attached => "attached",
            Self::Provisional => "provisional",
            Self::Suspected => "suspected",
            Self::Related => "related",
            Self::New => "new",
        }
    }
}

impl Outcome {
    /// How much it settles, the most first.
    const fn order(self) -> u8 {
        match self {
            Self::SameSubmission => 0,
            Self::Attached => 1,
            Self::Provisional => 2,
            Self::Suspected => 3,
            Self::Related => 4,
            Self::New => 5,
        }
    }
}

/// What a comparison is called that a reporter made.
pub const SAID: &str = "reporter";

/// One comparison of two reports: what was found, what it weighs, and words an officer reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// `place`, `address`, `category`, `text`, …: a comparison of docs/matching.md.
    pub name: String,
    /// The level found; `missing` says that there is no evidence of this kind.
    #[serde(default)]
    pub level: String,
    /// Bits added to the odds that the two are one matter; below 0 it speaks against.
    pub weight: f64,
    /// In words.
    pub words: String,
}

/// A candidate with all that was found out about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explained {
    /// The earlier complaint's id.
    pub candidate: Uuid,
    /// Its number.
    pub number: String,
    /// Its ledger entry.
    pub entry_id: Uuid,
    /// The rule that fits the pair.
    pub rule: Rule,
    /// What would follow from this pair alone.
    pub outcome: Outcome,
    /// Probability that the two are one matter, 0 to 1.
    pub score: f64,
    /// Bits of the odds before anything was compared; with the weights they make the score.
    #[serde(default)]
    pub prior: f64,
    /// The comparisons that say something, the weightiest first.
    pub comparisons: Vec<Comparison>,
    /// Why they cannot be one matter, whatever the score.
    pub vetoes: Vec<String>,
}

/// What the engine decided, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The rule that fired.
    pub rule: Rule,
    /// What follows.
    pub outcome: Outcome,
    /// The earlier complaint it rests on.
    pub target: Option<Uuid>,
    /// The ledger entry it leads to.
    pub target_entry: Option<Uuid>,
    /// Score of the deciding pair.
    pub score: Option<f64>,
    /// The best candidates, the deciding one first.
    pub candidates: Vec<Explained>,
    /// The model that scored.
    pub model: String,
}

impl Verdict {
    /// The verdict of candidates, the best first.
    fn of(candidates: Vec<Explained>, model: &str) -> Self {
        let Some(best) = candidates.first() else {
            return Self::new_matter(model);
        };
        let decided = best.outcome != Outcome::New;
        let leads = best.outcome.order() <= Outcome::Provisional.order();
        Self {
            rule: if decided { best.rule } else { Rule::New },
            outcome: best.outcome,
            target: decided.then_some(best.candidate),
            target_entry: leads.then_some(best.entry_id),
            score: Some(best.score),
            model: model.to_owned(),
            candidates,
        }
    }

    /// The verdict when the reporter was shown matters and says that theirs is another. Their word
    /// attaches nothing and settles nothing: whatever would lead to one of these is asked instead.
    #[must_use]
    pub fn beside(mut self, numbers: &[String]) -> Self {
        let shown = self
            .candidates
            .iter()
            .filter(|c| numbers.contains(&c.number));
        let shown: Vec<Uuid> = shown.map(|c| c.entry_id).collect();
        let joins = |c: &Explained| matches!(c.outcome, Outcome::Attached | Outcome::Provisional);
        for candidate in &mut self.candidates {
            if shown.contains(&candidate.entry_id) && joins(candidate) {
                candidate.outcome = Outcome::Suspected;
                candidate.comparisons.push(Comparison {
                    name: SAID.to_owned(),
                    level: "other".to_owned(),
                    weight: 0.0,
                    words: "反映人看过该事项，称另有其事".to_owned(),
                });
            }
        }
        self.candidates.sort_by_key(|c| c.outcome.order());
        Self::of(self.candidates, &self.model)
    }

    /// The verdict when the reporter says that theirs is a matter they were shown. Their word
    /// lifts a suspicion to a provisional link, and chooses among several, which a named person
    /// still confirms or rejects; it never leads to a matter the evidence does not.
    #[must_use]
    pub fn following(mut self, number: &str) -> Self {
        let open = |outcome| matches!(outcome, Outcome::Suspected | Outcome::Provisional);
        let chosen = self
            .candidates
            .iter()
            .position(|c| c.number == number && c.vetoes.is_empty() && open(c.outcome));
        let Some(at) = chosen.filter(|_| open(self.outcome)) else {
            return self;
        };
        let mut told = self.candidates.remove(at);
        told.outcome = Outcome::Provisional;
        told.comparisons.push(Comparison {
            name: SAID.to_owned(),
            level: "same".to_owned(),
            weight: 0.0,
            words: "反映人指明为同一事项".to_owned(),
        });
        self.rule = told.rule;
        self.outcome = Outcome::Provisional;
        self.target = Some(told.candidate);
        self.target_entry = Some(told.entry_id);
        self.score = Some(told.score);
        self.candidates.insert(0, told);
        self
    }

    /// The complaint and the entry that a report joins by this verdict; none when it opens an
    /// entry of its own.
    #[must_use]
    pub fn joins(&self) -> Option<(Uuid, Uuid)> {
        let joins = matches!(self.outcome, Outcome::Attached | Outcome::Provisional);
        self.target.zip(self.target_entry).filter(|_| joins)
    }

    /// The verdict when there is nobody to compare with.
    #[must_use]
    pub fn new_matter(model: &str) -> Self {
        Self {
            rule: Rule::New,
            outcome: Outcome::New,
            target: None,
            target_entry: None,
            score: None,
            candidates: Vec::new(),
            model: model.to_owned(),
        }
    }
}
