//! Items that hold for a term: somebody named makes one, and it ends by itself or is lifted.

use chrono::{DateTime, FixedOffset, TimeDelta};
use serde::Serialize;

use crate::platform::db::{Id, UtcTime};
use crate::record::local;

/// How long an item holds.
#[derive(Debug, Clone)]
pub struct Term {
    /// Who made it.
    pub by: Id,
    /// Their user name.
    pub by_name: String,
    /// When it ends by itself.
    pub until: Option<UtcTime>,
    /// Who lifted it, and when.
    pub lifted: Option<(Id, UtcTime)>,
}

/// A blind index that an item is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The index.
    pub key: String,
    /// Whether what it stands for was proved by whoever it is of.
    pub proven: bool,
}

/// What a new item begins with of what stands elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Begun {
    /// What it is found by.
    pub keys: Vec<Key>,
    /// How long it holds, if it ends by itself.
    pub lasts: Option<TimeDelta>,
}

/// A term as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct TermView {
    created_by: String,
    expires_at: Option<DateTime<FixedOffset>>,
    lifted_at: Option<DateTime<FixedOffset>>,
}

impl TermView {
    pub(super) fn of(term: Term) -> Self {
        Self {
            created_by: term.by_name,
            expires_at: term.until.map(local),
            lifted_at: term.lifted.map(|(_, at)| local(at)),
        }
    }
}
