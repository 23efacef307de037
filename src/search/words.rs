//! Words that are looked for: read from what somebody typed, made terms of, and looked for again in the
//! words of each complaint as the caller may read them.

use std::collections::{BTreeSet, HashMap};

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
const NAMES_MAX: i64 = 20;

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

/// Description, address and premises of a complaint: masked in the one case, opened in the other, since the
/// terms of a name are those of its masked copy.
type Told = [String; 3];

/// Whether all words stand in a complaint, and its premises are called so.
fn is_told(told: &Told, (words, premises): (&[Sought], Option<&Sought>)) -> bool {
    let texts = told.each_ref().map(|text| normalise(text));
    let [.., called] = &texts;
    let anywhere = |word: &Sought| texts.iter().any(|text| word.stands_in(text));
    words.iter().all(anywhere) && premises.is_none_or(|name| name.stands_in(called))
}

/// Whether anything that is sought stands in a text.
fn is_any(text: &str, (words, premises): (&[Sought], Option<&Sought>)) -> bool {
    let text = normalise(text);
    let mut sought = words.iter().chain(premises);
    sought.any(|word| word.stands_in(&text))
}

/// Of these complaints those in which all words stand, and the premises are called so, as the caller reads
/// them. Nobody finds by what is behind the mask, whoever may look there.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn standing(
    conn: &mut Connection,
    keys: &Keys,
    need: Need,
    mut rows: Vec<ComplaintRow>,
    sought: (&[Sought], Option<&Sought>),
) -> Result<Vec<ComplaintRow>, Problem> {
    if (sought.0.is_empty() && sought.1.is_none()) || rows.is_empty() {
        return Ok(rows);
    }
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let mut told = told(conn, keys, &ids)?;
    told.retain(|_, told| is_told(told, sought));
    if need != Need::Everybody {
        // More may be known than when the copies were made. Masking costs most, and takes words away only.
        let alone = told.keys().map(|id| (*id, vec![*id])).collect();
        let words = Words::about_matters(conn, keys, need, &alone)?;
        told.retain(|id, told| {
            let holds = |text: &str| is_any(text, sought);
            let read = words.get(id).map(|words| {
                told.clone()
                    .map(|text| if holds(&text) { words.text(text) } else { text })
            });
            read.is_some_and(|read| is_told(&read, sought))
        });
    }
    rows.retain(|row| told.contains_key(&row.id));
    Ok(rows)
}

fn told(conn: &mut Connection, keys: &Keys, ids: &[Id]) -> Result<HashMap<Id, Told>, Problem> {
    let texts: Vec<(Id, TextRow)> = complaint_text::table
        .filter(complaint_text::complaint_id.eq_any(ids))
        .select((complaint_text::complaint_id, TextRow::as_select()))
        .load(conn)
        .or_fault("load the words")?;
    let told = texts.into_iter().map(|(id, text)| {
        let premises = sealed::PREMISES.read_maybe(keys, id.0.as_bytes(), text.premises);
        let texts = [Some(text.description_masked), text.address_masked, premises];
        (id, texts.map(Option::unwrap_or_default))
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
