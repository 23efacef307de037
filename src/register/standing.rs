//! An item as it stands in its register, and as it is shown.

use std::{collections::HashMap, convert::Infallible};

use chrono::{DateTime, FixedOffset, Utc};
use diesel::result::{DatabaseErrorKind, Error};
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationErrors};

use super::{
    Item, PlaceBody, Placed,
    term::{Key, Term, TermView},
};
use crate::district::Profile;
use crate::platform::{
    crypto::Keys,
    db::{Id, UtcTime},
    http::{flatten, keep_once},
    problem::{self, Code, ItemCode, OnDb as _, Problem},
    sealed::{SealedColumn, UNREADABLE},
};
use crate::record::local;

/// An item with what a register knows of it.
#[derive(Debug, Clone)]
pub struct Standing<B> {
    /// Id; ids order the list.
    pub id: Id,
    /// Counts its changes.
    pub version: i32,
    /// What was sent of it.
    pub body: B,
    /// Where it lies.
    pub placed: Placed,
    /// The row elsewhere that it is of.
    pub of: Option<Id>,
    /// How long it holds, where items hold for a term.
    pub term: Option<Term>,
    /// What a new one is found by; of one that was read they are not looked at.
    pub keys: Vec<Key>,
    /// When it was added.
    pub created_at: UtcTime,
    /// When it was changed last.
    pub updated_at: UtcTime,
}

impl<B> Standing<B> {
    /// A new one.
    pub(super) fn begin(body: B, placed: Placed, now: DateTime<Utc>) -> Self {
        Self {
            id: Id::new(),
            version: 1,
            body,
            placed,
            of: None,
            term: None,
            keys: Vec::new(),
            created_at: UtcTime(now),
            updated_at: UtcTime(now),
        }
    }

    /// The same with another body.
    pub(super) fn change(&self, body: B, placed: Placed, now: DateTime<Utc>) -> Self {
        Self {
            id: self.id,
            version: self.version + 1,
            body,
            placed,
            of: self.of,
            term: self.term.clone(),
            keys: Vec::new(),
            created_at: self.created_at,
            updated_at: UtcTime(now),
        }
    }

    /// The same, lifted by somebody.
    pub(super) fn lift(mut self, by: Id, now: DateTime<Utc>) -> Self {
        self.version += 1;
        self.updated_at = UtcTime(now);
        if let Some(term) = &mut self.term {
            term.lifted = Some((by, UtcTime(now)));
        }
        self
    }

    /// How long it holds.
    ///
    /// # Errors
    /// A fault when it holds for no term.
    pub fn held(&self) -> Result<&Term, Problem> {
        let held = self.term.as_ref();
        held.ok_or_else(|| Problem::fault("an item of a register holds for no term"))
    }
}

/// What is told of items beside their rows.
#[derive(Debug, Default)]
pub struct Told {
    names: HashMap<Id, Vec<String>>,
    called: HashMap<Id, String>,
}

impl Told {
    /// Of items' further names, and what the rows that they refer to are called.
    pub fn of(names: &[Vec<(Id, String)>], called: &[Vec<(Id, String)>]) -> Self {
        let mut told = Self::default();
        for (id, name) in names.iter().flatten() {
            told.names.entry(*id).or_default().push(name.clone());
        }
        told.called.extend(called.iter().flatten().cloned());
        told
    }

    /// An item's further names.
    pub fn names(&mut self, id: Id) -> Vec<String> {
        self.names.remove(&id).unwrap_or_default()
    }

    /// What a row elsewhere is called.
    pub fn called(&self, id: Id) -> String {
        self.called.get(&id).cloned().unwrap_or_default()
    }
}

/// An item as it is shown: its body, and what the register knows.
#[derive(Debug, Serialize)]
pub(super) struct View<B> {
    id: Id,
    #[serde(flatten)]
    body: B,
    #[serde(flatten)]
    place: Option<PlaceView>,
    #[serde(flatten)]
    term: Option<TermView>,
    version: i32,
    created_at: DateTime<FixedOffset>,
    updated_at: DateTime<FixedOffset>,
}

#[derive(Debug, Serialize)]
struct PlaceView {
    street: Option<String>,
    grid: Option<String>,
}

impl<B> View<B> {
    pub(super) fn of<T: Item<Body = B>>(one: Standing<B>) -> Self {
        let place = T::PLACED.then_some(PlaceView {
            street: one.placed.street,
            grid: one.placed.grid,
        });
        Self {
            id: one.id,
            body: one.body,
            place,
            term: one.term.map(TermView::of),
            version: one.version,
            created_at: local(one.created_at),
            updated_at: local(one.updated_at),
        }
    }
}

/// A body as it was sent: [`sound`] checks it, all of it at once.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Unchecked<B>(pub B);

impl<B> Validate for Unchecked<B> {
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

/// Checks a body: its fields, the register's own rules, and its place. A further name that was said
/// twice is kept once.
pub(super) fn sound<T: Item>(body: &mut T::Body, profile: &Profile) -> Result<Placed, Problem> {
    let mut items = body
        .validate()
        .map_or_else(|e| flatten(&e), |()| Vec::new());
    items.extend(T::check(body, profile));
    let place: Option<PlaceBody> = T::place(body);
    items.extend(place.and_then(|place| place.canonical(profile).err()));
    if !items.is_empty() {
        return Err(Problem::invalid_items(items));
    }
    if let Some(names) = T::names(body) {
        keep_once(names);
    }
    Ok(Placed::of(profile, place))
}

/// What an item that was not written is answered: 409 when there is another of what there may be
/// one of, else a fault.
pub fn refused<T: Item>(error: Error) -> Problem {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Problem::because(Code::AlreadyExists, T::TWICE)
        }
        error => match Err::<(), _>(error).or_fault("write an item of a register") {
            Err(problem) => problem,
            Ok(()) => Problem::fault("an error that is none"),
        },
    }
}

/// What an item that should be of something and is not is answered.
pub fn of_nothing() -> Problem {
    Problem::fault("an item of a register is of nothing")
}

/// A field of words: one that is always there, or one that may be absent.
pub trait Words: Sized {
    /// The same words, each turned into others.
    ///
    /// # Errors
    /// What turning them answers.
    fn turned<E>(self, turn: impl FnOnce(String) -> Result<String, E>) -> Result<Self, E>;
}

impl Words for String {
    fn turned<E>(self, turn: impl FnOnce(String) -> Result<String, E>) -> Result<Self, E> {
        turn(self)
    }
}

impl Words for Option<String> {
    fn turned<E>(self, turn: impl FnOnce(String) -> Result<String, E>) -> Result<Self, E> {
        self.map(turn).transpose()
    }
}

/// Seals a field's words. What is read in place of words whose key is lost is no words of anybody's.
///
/// # Errors
/// 422 for such; a fault when the cipher fails.
pub fn seal<W: Words + Clone>(
    column: SealedColumn,
    keys: &Keys,
    id: Id,
    words: &W,
) -> Result<W, Problem> {
    words.clone().turned(|words| {
        if words == UNREADABLE {
            let message = "cannot be read any more: send it anew, or null";
            let item = problem::Item::new(column.column, ItemCode::Unknown, message);
            return Err(Problem::invalid_items(vec![item]));
        }
        column.seal_text(keys, id.0.as_bytes(), &words)
    })
}

/// Opens a field's words.
pub fn open<W: Words>(column: SealedColumn, keys: &Keys, id: Id, words: W) -> W {
    let opened: Result<W, Infallible> =
        words.turned(|words| Ok(column.read_text(keys, id.0.as_bytes(), words)));
    let Ok(words) = opened;
    words
}
