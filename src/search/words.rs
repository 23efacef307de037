//! Words that are looked for: read from what somebody typed, made terms of, and looked for again in the
//! words of each complaint as the caller may read them.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;

use super::wanted::Wanted;
use crate::account::Role;
use crate::complaint::{
    queries::{ComplaintRow, TextRow},
    terms::of_words,
};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id,
        schema::{complaint_text, premises, premises_alias},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::{Need, Scope, Words};
use crate::register::Item;
use crate::registers::premises::Premises;
use crate::text::{normalise, premises_name_key};

/// Words of one search at most.
const WORDS_MAX: usize = 8;

/// Terms of one word that are looked for; what is longer is told apart by its letters.
const TERMS_OF_A_WORD: usize = 12;

/// Names of one premises at most.
const NAMES_MAX: i64 = 40;

/// A word, and what else it may be called; each in normal form.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    spellings: BTreeSet<String>,
    terms: Vec<Vec<i64>>,
}

/// Reads the words of a parameter.
///
/// # Errors
/// 400 for what no complaint can be found by.
pub(super) fn read(parameter: &str, text: &str) -> Result<Vec<Sought>, Problem> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || words.len() > WORDS_MAX {
        let message = format!("has 1 to {WORDS_MAX} words with spaces between them");
        return Err(Problem::bad_parameter(parameter, message));
    }
    let sought = words.into_iter().map(Sought::of).collect::<Option<_>>();
    sought.ok_or_else(|| {
        let message = "has words of two Chinese letters or more, and whole words or numbers of other \
                       letters; a single Chinese letter finds nothing";
        Problem::bad_parameter(parameter, message)
    })
}

impl Sought {
    fn of(word: &str) -> Option<Self> {
        let mut sought = Self {
            spellings: BTreeSet::new(),
            terms: Vec::new(),
        };
        sought.spell(word);
        (!sought.terms.is_empty()).then_some(sought)
    }

    /// Premises by one of their names, however many words it has.
    ///
    /// # Errors
    /// As [`read`].
    pub(super) fn premises(parameter: &str, name: &str) -> Result<Self, Problem> {
        let mut sought = Self::of(name).ok_or_else(|| {
            Problem::bad_parameter(
                parameter,
                "has two Chinese letters or a whole word at least",
            )
        })?;
        sought.spell(&premises_name_key(name));
        Ok(sought)
    }

    fn spell(&mut self, word: &str) {
        let terms: Vec<i64> = of_words(word).take(TERMS_OF_A_WORD).collect();
        if !terms.is_empty() && self.spellings.insert(normalise(word)) {
            self.terms.push(terms);
        }
    }

    /// Adds the names under which the register has premises that are called so, for whoever reads it.
    ///
    /// # Errors
    /// What the database answers.
    pub(super) fn add_names(
        &mut self,
        conn: &mut Connection,
        role: Role,
        scope: &Scope,
    ) -> QueryResult<()> {
        if role != Role::Admin && !Premises::READERS.contains(&role) {
            return Ok(());
        }
        let keys: BTreeSet<String> = self
            .spellings
            .iter()
            .map(|name| premises_name_key(name))
            .collect();
        let mut called: Vec<Id> = premises::table
            .filter(premises::name_key.eq_any(&keys))
            .limit(NAMES_MAX)
            .select(premises::id)
            .load(conn)?;
        let by_alias: Vec<Id> = premises_alias::table
            .filter(premises_alias::key.eq_any(&keys))
            .limit(NAMES_MAX)
            .select(premises_alias::premises_id)
            .load(conn)?;
        called.extend(by_alias);
        if called.is_empty() {
            return Ok(());
        }
        let names: Vec<(Id, String, Option<String>)> = premises::table
            .filter(premises::id.eq_any(&called))
            .select((premises::id, premises::name, premises::street_code))
            .load(conn)?;
        let theirs = |street: &Option<String>| {
            let bound = scope.street();
            bound.is_none_or(|code| street.as_deref() == Some(code))
        };
        let names: Vec<_> = names.into_iter().filter(|(.., at)| theirs(at)).collect();
        let aliases: Vec<String> = premises_alias::table
            .filter(premises_alias::premises_id.eq_any(names.iter().map(|(id, ..)| *id)))
            .order((premises_alias::premises_id, premises_alias::position))
            .limit(NAMES_MAX)
            .select(premises_alias::name)
            .load(conn)?;
        let all = names.iter().map(|(_, name, _)| name).chain(&aliases);
        // People leave out city and company form.
        all.for_each(|name| self.spell(&premises_name_key(name)));
        Ok(())
    }

    /// What its terms lead to.
    pub(super) fn wanted(&self) -> Wanted {
        let spellings = self.terms.iter();
        Wanted::Any(
            spellings
                .map(|terms| Wanted::terms(terms.iter().copied()))
                .collect(),
        )
    }

    fn stands_in(&self, text: &str) -> bool {
        self.spellings
            .iter()
            .any(|word| text.contains(word.as_str()))
    }
}

/// The words of complaints as somebody may read them and as they may be found: masked for everybody, because
/// what is behind the mask is no word to find somebody by.
struct Told {
    /// Description, address and premises, in normal form.
    texts: [String; 3],
}

/// Of these complaints those in which all words stand, and the premises are called so.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn standing(
    conn: &mut Connection,
    keys: &Keys,
    need: Need,
    rows: Vec<ComplaintRow>,
    (words, premises): (&[Sought], Option<&Sought>),
) -> Result<Vec<ComplaintRow>, Problem> {
    if (words.is_empty() && premises.is_none()) || rows.is_empty() {
        return Ok(rows);
    }
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let told = told(conn, keys, need, &ids)?;
    let holds = |told: &Told| {
        let [.., called] = &told.texts;
        let anywhere = |word: &Sought| told.texts.iter().any(|text| word.stands_in(text));
        words.iter().all(anywhere) && premises.is_none_or(|name| name.stands_in(called))
    };
    let held: HashSet<Id> = told
        .iter()
        .filter(|(_, told)| holds(told))
        .map(|(id, _)| *id)
        .collect();
    Ok(rows
        .into_iter()
        .filter(|row| held.contains(&row.id))
        .collect())
}

fn told(
    conn: &mut Connection,
    keys: &Keys,
    need: Need,
    ids: &[Id],
) -> Result<HashMap<Id, Told>, Problem> {
    let texts: Vec<(Id, TextRow)> = complaint_text::table
        .filter(complaint_text::complaint_id.eq_any(ids))
        .select((complaint_text::complaint_id, TextRow::as_select()))
        .load(conn)
        .or_fault("load the words")?;
    let alone = ids.iter().map(|id| (*id, vec![*id])).collect();
    let words = Words::about_matters(conn, keys, need, &alone)?;
    let told = texts.into_iter().filter_map(|(id, text)| {
        let words = words.get(&id)?;
        let premises = sealed::PREMISES.read_maybe(keys, id.0.as_bytes(), text.premises);
        let texts = [Some(text.description_masked), text.address_masked, premises];
        let texts = texts.map(|text| words.maybe(text).unwrap_or_default());
        let texts = texts.map(|text| normalise(&text));
        Some((id, Told { texts }))
    });
    Ok(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_two_letters_or_whole() {
        assert_eq!(read("q", "油烟 ＫＴＶ　12").unwrap().len(), 3);
        assert!(read("q", "臭").is_err());
        assert!(read("q", "油烟 臭").is_err());
        assert!(read("q", "  ").is_err());
        assert!(read("q", "油烟 ".repeat(9).as_str()).is_err());
    }

    #[test]
    fn a_word_stands_as_it_is_written() {
        let word = &read("q", "夜间施工").unwrap()[0];
        assert!(word.stands_in(&normalise("凌晨，夜间 施工！")));
        assert!(!word.stands_in(&normalise("施工在夜间")));
    }
}
