//! Which reports are of one matter: evidence, blocking, model, training. Pure: no database, no
//! HTTP, no district. The intake and the batch commands use the same code.
//!
//! A report is brought into the form that comparisons read ([`Report`]); `keys` finds the few
//! earlier reports it may belong with; `compare` says of each kind of evidence which of its `levels`
//! a pair has; `model` says what each level weighs; `train` finds the weights with labels, `em` without.
//! What follows from a score is the business of `matching`, which knows the law.

pub mod baseline;
pub mod compare;
pub mod em;
pub mod eval;
mod fit;
pub mod index;
pub mod keys;
pub mod levels;
pub mod model;
pub mod rank;
pub mod reliability;
pub mod stored;
pub mod train;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use dengwen_geo::Point;
use dengwen_text::{NameKind, name_key, number_key, place_names};

pub use compare::{Context, Side};
pub use levels::Levels;
pub use model::{Model, ModelFile};

/// A report as the engine sees it: keys and facts, no names, no contact data, no words but the
/// premises'.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// The report's id.
    pub id: Uuid,
    /// Its own number as a key; 0 when it has none.
    pub number_key: u32,
    /// Channel code.
    pub channel: Code,
    /// The upstream system's number.
    pub external_no: Option<String>,
    /// Blind indexes of everyone who petitions here: reporter, joint signers, the represented.
    /// Empty when anonymous.
    pub persons: Vec<String>,
    /// The sending device of one day, as a blind number.
    pub sender: Option<u64>,
    /// Registered id of the object complained of, where known (统一社会信用代码, 排污许可证号).
    pub object_id: Option<String>,
    /// Normal form of the premises' name.
    pub premises: Option<String>,
    /// Where, when there is a place.
    pub place: Option<Place>,
    /// The address, when one was written.
    pub address: Option<Address>,
    /// Places named in address, premises and text.
    pub names: Vec<Named>,
    /// The street or other area it lies in.
    pub area: Option<Code>,
    /// Second-level category.
    pub category: Code,
    /// First-level category.
    pub coarse: Code,
    /// What groups first-level categories, where there is such a thing.
    pub group: Option<Code>,
    /// Hours of the day it speaks of (bit 0: from 0:00, Asia/Shanghai).
    pub hours: Option<u32>,
    /// When it happened: begin and end.
    #[serde(with = "stored::span")]
    pub occurred: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When it reached us.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub received_at: DateTime<Utc>,
    /// What the reporter wants, in a word.
    pub demand: Option<String>,
    /// Triples of letters of the text, sorted.
    pub grams: Vec<u32>,
    /// Keys of the text.
    pub text_keys: Vec<u64>,
    /// Photos sent with it.
    pub photos: Vec<PhotoRef>,
    /// Numbers of other reports the text quotes, ours and upstream ones, as keys.
    pub quotes: Vec<u32>,
    /// Whether the text says that the matter was reported before.
    pub says_again: bool,
}

impl Report {
    /// Whether the text quotes another report's number: its own, or the one it has upstream.
    #[must_use]
    pub fn quotes_number_of(&self, other: &Self) -> bool {
        let quotes = |key: u32| self.quotes.contains(&key);
        let own = other.number_key != 0 && quotes(other.number_key);
        let upstream = || {
            other
                .external_no
                .as_deref()
                .is_some_and(|no| quotes(number_key(no)))
        };
        !self.quotes.is_empty() && (own || upstream())
    }
}

/// A short code that is compared very often: its text, and its hash, by which it is compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Code {
    key: u32,
    text: Box<str>,
}

impl Code {
    /// The hash.
    #[must_use]
    pub const fn key(&self) -> u32 {
        self.key
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Default for Code {
    fn default() -> Self {
        Self::from(String::new())
    }
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        Self {
            key: name_key(&text),
            text: text.into_boxed_str(),
        }
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.text.into_string()
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Code {}

impl std::ops::Deref for Code {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// A place as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Canonical place.
    pub point: Point,
    /// Accuracy in metres, when known.
    pub accuracy_m: Option<f64>,
}

/// An address as keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The whole address.
    pub whole: u32,
    /// The roads it names.
    pub roads: Vec<u32>,
    /// The house number on the first of them.
    pub number: Option<u32>,
}

impl Address {
    /// Reads an address as it was written; `None` when nothing is written.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let whole = dengwen_text::normalise(text);
        if whole.is_empty() {
            return None;
        }
        let names = place_names(text);
        let roads: Vec<_> = names.iter().filter(|n| n.kind == NameKind::Road).collect();
        Some(Self {
            whole: name_key(&whole),
            number: roads.first().and_then(|road| road.number),
            roads: roads.iter().map(|road| road.key()).collect(),
        })
    }
}

/// A place named in a text, as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// What it names.
    pub kind: NameKind,
    /// The name.
    pub key: u32,
    /// House number, for roads.
    pub number: Option<u32>,
}

impl Named {
    /// The places a text names.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        place_names(text)
            .into_iter()
            .map(|name| Self {
                kind: name.kind,
                key: name.key(),
                number: name.number,
            })
            .collect()
    }
}

/// A photo as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoRef {
    /// SHA-256 of the original, hex.
    pub sha256: String,
    /// When it was taken, by its own data.
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    pub taken_at: Option<DateTime<Utc>>,
}
