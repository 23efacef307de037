//! The model: what each level of each comparison weighs, in bits, and where that comes from.
//!
//! Fellegi and Sunter (1969): a level weighs log2(m/u), the odds of meeting it between two reports
//! of one matter against two of different matters. Weights add up; with the prior they make the
//! odds that a pair is one matter. A model is a small versioned file. Verdicts keep the name of the
//! model that made them, and a later model never rewrites them.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};

use super::{
    Code,
    levels::{KINDS, LEVELS_MAX, Levels, SPECS},
};
use dengwen_text::name_key;

/// Format of model files this program reads.
pub const FORMAT: u32 = 1;

/// Where a model comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What it was trained on, in words.
    pub data: String,
    /// SHA-256 of the cases and of the pairs, hex; empty when set by hand.
    pub data_sha256: Vec<String>,
    /// `labels`, `em`, or `hand`.
    pub method: String,
    /// Day it was made, ISO 8601.
    pub made_on: String,
    /// Cases and labelled pairs it saw.
    pub cases: usize,
    /// Labelled pairs.
    pub pairs: usize,
    /// Pairs it was told are different matters.
    #[serde(default)]
    pub rejected: usize,
    /// Share of the groups it was not shown, to be measured on.
    #[serde(default)]
    pub held_back: f64,
}

/// What one level weighs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// Bits added to the odds.
    pub bits: f64,
    /// Probability of the level between two reports of one matter, where it was estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m: Option<f64>,
    /// Probability of the level between reports of different matters, where it was estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub u: Option<f64>,
}

impl Weight {
    /// A weight somebody set.
    #[must_use]
    pub const fn of_bits(bits: f64) -> Self {
        Self {
            bits,
            m: None,
            u: None,
        }
    }
}

/// A model as its file holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// [`FORMAT`].
    pub format: u32,
    /// Name and version, kept with every verdict.
    pub name: String,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Bits of the odds that a candidate is the same matter before anything is compared.
    pub prior_bits: f64,
    /// Calibration: bits shown are `slope` times the sum of weights plus the prior.
    pub slope: f64,
    /// Weights by comparison and level; a level that is not here weighs nothing.
    pub weights: BTreeMap<String, BTreeMap<String, Weight>>,
    /// Comparisons whose weights were set by hand, because the training data does not show them.
    #[serde(default)]
    pub set_by_hand: Vec<String>,
    /// Pairs of categories that reports of one matter were filed under, more than once.
    #[serde(default)]
    pub confused: Vec<(String, String)>,
    /// Share of each category among all reports.
    #[serde(default)]
    pub shares: BTreeMap<String, f64>,
    /// How rare letter triples are.
    #[serde(default)]
    pub rarity: Rarity,
}

/// How rare letter triples are, by document frequency. Only the common ones are listed; whatever is
/// not is rare.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rarity {
    /// Texts counted.
    pub texts: u32,
    /// Letter triples, as hashes, and how many texts hold them.
    pub common: Vec<(u32, u32)>,
}

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not a model file.
    #[error("not a model file: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Another format.
    #[error("format {0} is not read by this program, which reads {FORMAT}")]
    Format(u32),
    /// A comparison or level nobody knows.
    #[error("unknown comparison or level {0}; known are the names in docs/matching.md")]
    Unknown(String),
}

impl ModelError {
    /// The line the error is on, where it is known.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Unreadable(e) => Some(e.line()),
            Self::Format(_) | Self::Unknown(_) => None,
        }
    }
}

/// How alike two texts are.
#[derive(Debug, Clone, Copy)]
pub struct Alike {
    /// Letter triples both hold.
    pub shared: f64,
    /// Cosine of the rarity-weighted letter triples, 0 to 1.
    pub cosine: f64,
}

fn at_level(bits: &[f64; LEVELS_MAX], level: u8) -> f64 {
    bits.get(usize::from(level)).copied().unwrap_or(0.0)
}

/// A model ready for use.
#[derive(Debug, Clone)]
pub struct Model {
    file: ModelFile,
    /// Calibrated, by comparison and level: side by side, because every pair reads one of each.
    bits: Box<[[f64; LEVELS_MAX]; KINDS]>,
    confused: HashMap<u32, Vec<u32>>,
    shares: HashMap<u32, f64>,
    idf: HashMap<u32, f32, RandomState>,
    idf_of_rare: f32,
}

impl Model {
    /// Checks a model file and prepares it.
    ///
    /// # Errors
    /// When its format, a comparison or a level is unknown.
    pub fn new(file: ModelFile) -> Result<Self, ModelError> {
        if file.format != FORMAT {
            return Err(ModelError::Format(file.format));
        }
        let mut bits = Box::new([[0.0; LEVELS_MAX]; KINDS]);
        for (comparison, levels) in &file.weights {
            let at = SPECS.iter().position(|s| s.name == comparison);
            for (level, weight) in levels {
                let slot = at.and_then(|at| {
                    let level = SPECS.get(at)?.levels.iter().position(|l| l.name == level)?;
                    bits.get_mut(at)?.get_mut(level)
                });
                match slot {
                    Some(slot) => *slot = weight.bits * file.slope,
                    None => return Err(ModelError::Unknown(format!("{comparison}.{level}"))),
                }
            }
        }
        let mut confused: HashMap<u32, Vec<u32>> = HashMap::new();
        for (a, b) in &file.confused {
            let (a, b) = (name_key(a), name_key(b));
            confused.entry(a).or_default().push(b);
            confused.entry(b).or_default().push(a);
        }
        let shares = file.shares.iter();
        let texts = f64::from(file.rarity.texts.max(1));
        let idf = |holding: f64| ((texts + 1.0) / (holding + 0.5)).ln().max(0.05) as f32;
        Ok(Self {
            bits,
            confused,
            shares: shares
                .map(|(name, share)| (name_key(name), *share))
                .collect(),
            idf: file
                .rarity
                .common
                .iter()
                .map(|(gram, holding)| (*gram, idf(f64::from(*holding))))
                .collect(),
            idf_of_rare: idf(1.0).max(1.0),
            file,
        })
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// When it is none, or names what is not known.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let file: ModelFile = serde_json::from_str(text)?;
        Self::new(file)
    }

    /// The file it was made of.
    #[must_use]
    pub fn file(&self) -> &ModelFile {
        &self.file
    }

    /// Its name and version.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// What a level weighs, in bits, calibrated.
    #[must_use]
    pub fn weight(&self, comparison: usize, level: u8) -> f64 {
        let levels = self.bits.get(comparison);
        levels.map_or(0.0, |levels| at_level(levels, level))
    }

    /// Bits of the odds that a pair is one matter.
    #[must_use]
    pub fn bits(&self, levels: &Levels) -> f64 {
        let weights = self.bits.iter().zip(levels.indexes());
        let sum: f64 = weights.map(|(bits, level)| at_level(bits, *level)).sum();
        self.file.prior_bits + sum
    }

    /// Bits as a probability.
    #[must_use]
    pub fn probability(bits: f64) -> f64 {
        1.0 / (1.0 + (-bits).exp2())
    }

    /// Categories under which reports of one matter were filed as well, as keys.
    #[must_use]
    pub fn confused_with(&self, category: &Code) -> &[u32] {
        self.confused
            .get(&category.key())
            .map_or(&[], Vec::as_slice)
    }

    /// The share of a category among all reports, where it is known.
    #[must_use]
    pub fn share_of(&self, category: &Code) -> Option<f64> {
        self.shares.get(&category.key()).copied()
    }

    fn idf(&self, gram: u32) -> f64 {
        f64::from(self.idf.get(&gram).copied().unwrap_or(self.idf_of_rare))
    }

    /// The sum of the squared rarities of a text's letter triples: what [`Model::alike`] holds
    /// what two texts share against.
    #[must_use]
    pub fn square(&self, grams: &[u32]) -> f64 {
        grams.iter().map(|gram| self.idf(*gram).powi(2)).sum()
    }

    /// How alike two texts are, by their sorted letter triples; `None` when one has none.
    /// `square_a` is the [`square`](Model::square) of the first, which is compared with many.
    #[must_use]
    pub fn alike(&self, a: &[u32], square_a: f64, b: &[u32]) -> Option<Alike> {
        if a.is_empty() || b.is_empty() {
            return None;
        }
        let (mut shared, mut dot) = (0.0, 0.0);
        let (mut x, mut y) = (a.iter().peekable(), b.iter().peekable());
        while let (Some(g), Some(h)) = (x.peek(), y.peek()) {
            match g.cmp(h) {
                std::cmp::Ordering::Less => {
                    x.next();
                }
                std::cmp::Ordering::Greater => {
                    y.next();
                }
                std::cmp::Ordering::Equal => {
                    shared += 1.0;
                    dot += self.idf(**g).powi(2);
                    x.next();
                    y.next();
                }
            }
        }
        Some(Alike {
            shared,
            cosine: dot / (square_a * self.square(b)).sqrt().max(f64::MIN_POSITIVE),
        })
    }
}
