//! Persons a text may name: those who petition. What is known of them is found in every spelling a
//! writer might give it, because nothing else tells a reader so surely who complained.

mod births;
mod fields;
mod find;
mod letters;
mod words;

use std::collections::{HashMap, HashSet};

use super::{
    Kind, Masked, by_form, mask, mask_with, numbers::digit, reading::Reading, sounds::sounds,
    surnames::surname, without,
};
use crate::text::identity::is_of_a_company;
use words::{FORMS, LATIN_TITLES};

/// What is known of one person.
#[derive(Debug, Clone, Default)]
pub struct KnownPerson {
    /// Name, as given.
    pub name: Option<String>,
    /// Phone, digits.
    pub phone: Option<String>,
    /// Identity number.
    pub id_number: Option<String>,
}

impl KnownPerson {
    /// One for each number of a person who left several.
    #[must_use]
    pub fn each(
        name: Option<String>,
        phones: impl IntoIterator<Item = String>,
        id_numbers: impl IntoIterator<Item = String>,
    ) -> Vec<Self> {
        let named = Self {
            name,
            ..Self::default()
        };
        let phones = phones.into_iter().map(|phone| Self {
            phone: Some(phone),
            ..Self::default()
        });
        let id_numbers = id_numbers.into_iter().map(|id_number| Self {
            id_number: Some(id_number),
            ..Self::default()
        });
        std::iter::once(named)
            .chain(phones)
            .chain(id_numbers)
            .collect()
    }
}

/// Digits in a row that tell a known phone or identity number.
const TELLING_DIGITS: usize = 7;

/// Ways to say one name in Latin letters looked for at most.
const SPELLINGS_MAX: usize = 48;

/// Everything known of the persons of one or several complaints, made ready to be found.
#[derive(Debug, Default)]
pub struct KnownPeople {
    /// Han letters in a row that name somebody, by their first letter.
    words: HashMap<char, Vec<Vec<char>>>,
    /// Their surnames.
    surnames: HashSet<Vec<char>>,
    /// Last letters of their given names, which 小 and 哥 go with.
    lasts: HashSet<char>,
    /// First letters of given names of two.
    middles: HashSet<char>,
    /// Latin spellings, by their first letter.
    latin: HashMap<char, HashSet<Vec<char>>>,
    /// Names of three letters or more by sound, for those who write them by ear.
    by_ear: Vec<Vec<Vec<String>>>,
    /// Phones and identity numbers.
    numbers: Vec<(Kind, Vec<char>)>,
    /// Days of birth.
    births: Vec<births::Birth>,
    /// Tracking codes.
    codes: HashSet<Vec<char>>,
}

impl KnownPeople {
    /// What is known of these persons.
    pub fn of(people: impl IntoIterator<Item = KnownPerson>) -> Self {
        let mut known = Self::default();
        for person in people {
            known.add(&person);
        }
        known
    }

    /// Adds a person.
    pub fn add(&mut self, person: &KnownPerson) {
        if let Some(name) = &person.name {
            self.add_name(name);
        }
        let numbers = [
            (Kind::Phone, &person.phone),
            (Kind::IdNumber, &person.id_number),
        ];
        for (kind, number) in numbers {
            let letters = read(number.as_deref().unwrap_or_default());
            for account in fields::accounts(&letters) {
                self.add_spelling(&account);
            }
            let digits: Vec<char> = (0..letters.len())
                .filter_map(|at| {
                    let last = letters.get(at).filter(|c| **c == 'x').copied();
                    digit(&letters, at).or(last)
                })
                .collect();
            if kind == Kind::IdNumber {
                self.births.extend(births::of_identity(&digits));
            }
            let entry = (kind, digits);
            if entry.1.len() >= TELLING_DIGITS && !self.numbers.contains(&entry) {
                self.numbers.push(entry);
            }
        }
    }

    /// Adds a tracking code: whoever reads it has the complaint's reporter's rights.
    pub fn add_code(&mut self, code: &str) {
        self.codes.insert(read(code));
    }

    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
            && self.surnames.is_empty()
            && self.latin.is_empty()
            && self.numbers.is_empty()
            && self.codes.is_empty()
    }

    /// Masks a text: what has the form of personal data, and whatever is known.
    #[must_use]
    pub fn mask(&self, text: &str) -> Masked {
        let known = |letters: &[char], at: usize| self.find(letters, at);
        mask_with(text, &[&known, &by_form])
    }

    /// Masks only what is known, for words that are to be read as they stand otherwise: an
    /// office's reply gives the office's phone.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let known = |letters: &[char], at: usize| self.find(letters, at);
        mask_with(text, &[&known]).text
    }

    /// A text to compare with others': without persons. What is known and numbers found by their
    /// form are left out. Names that are merely guessed stay, for shops bear such, and so do rooms,
    /// which tell places.
    #[must_use]
    pub fn bare(&self, text: &str) -> String {
        let known = |letters: &[char], at: usize| self.find(letters, at);
        let numbers = |letters: &[char], at: usize| {
            by_form(letters, at).filter(|(kind, ..)| !matches!(kind, Kind::Name | Kind::Room))
        };
        without(text, &[&known, &numbers])
    }

    /// Whether somebody's name or number stands in what should be the number of a file or an object.
    #[must_use]
    pub fn stands_in(&self, number: &str) -> bool {
        self.hide(number) != number || (!is_of_a_company(number) && !mask(number).found.is_empty())
    }

    /// The names in the field of a name.
    fn add_name(&mut self, field: &str) {
        let letters = read(field);
        for name in fields::names(&letters) {
            let points = name.split(|c| fields::is_point(*c));
            let parts: Vec<Vec<char>> = points.map(<[char]>::to_vec).collect();
            self.add_han(&parts.concat(), &parts);
        }
        for body in fields::bodies(&letters) {
            self.add_word(body);
        }
        let words: Vec<Vec<char>> = letters
            .split(|c| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty() && !FORMS.contains(&text_of(word).as_str()))
            .map(<[char]>::to_vec)
            .collect();
        if !words.is_empty() {
            self.add_latin(&words);
        }
    }

    fn add_word(&mut self, word: Vec<char>) {
        if let Some(first) = word.first() {
            let words = self.words.entry(*first).or_default();
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }

    /// A name in Chinese letters: whole, turned around, its given name, its parts.
    fn add_han(&mut self, name: &[char], parts: &[Vec<char>]) {
        for part in parts
            .iter()
            .filter(|part| parts.len() > 1 && part.len() > 1)
        {
            self.add_word(part.clone());
        }
        let letters = surname(name).map_or(1, |s| s.letters).min(name.len());
        let (family, given) = name.split_at(letters);
        if name.len() > 1 {
            self.add_word(name.to_vec());
        }
        // Somebody named by surname alone is found with a title, as everybody is.
        if name.len() <= 4 {
            self.surnames.insert(family.to_vec());
        }
        if given.is_empty() {
            return;
        }
        self.add_word(given.iter().chain(family).copied().collect());
        if given.len() > 1 {
            self.add_word(given.to_vec());
        }
        if given.len() <= 2 {
            self.lasts.extend(given.last());
        }
        if given.len() == 2 {
            self.middles.extend(given.first());
        }
        self.add_spellings(family, given);
        if name.len() > 2 {
            let by_ear: Vec<Vec<String>> = name.iter().map(|c| sounds(*c)).collect();
            if by_ear.iter().all(|sounds| !sounds.is_empty()) && !self.by_ear.contains(&by_ear) {
                self.by_ear.push(by_ear);
            }
        }
    }

    /// 林小雨 as linxiaoyu, xiaoyulin, xiaoyu, lxy and mrlin; gaps and tones are passed over.
    fn add_spellings(&mut self, family: &[char], given: &[char]) {
        let initials = |name: &str, parts: &[String]| -> String {
            let firsts = parts.iter().filter_map(|part| part.chars().next());
            name.chars().chain(firsts).collect()
        };
        for family in spellings(family) {
            let surname = family.concat();
            for title in LATIN_TITLES {
                self.add_spelling(&format!("{title}{surname}"));
                self.add_spelling(&format!("{surname}{title}"));
            }
            for given in spellings(given) {
                let (name, letters) = (given.concat(), initials("", &given));
                self.add_spelling(&format!("{surname}{name}"));
                self.add_spelling(&format!("{name}{surname}"));
                self.add_spelling(&initials(&surname, &given));
                self.add_spelling(&format!("{letters}{surname}"));
                if given.len() > 1 {
                    self.add_spelling(&name);
                    self.add_spelling(&format!("{}{letters}", initials("", &family)));
                }
            }
        }
    }

    fn add_spelling(&mut self, spelling: &str) {
        let letters: Vec<char> = spelling.chars().collect();
        if let Some(first) = letters.first().filter(|_| letters.len() > 2) {
            self.latin.entry(*first).or_default().insert(letters);
        }
    }

    /// A name in Latin letters: its words alone, together, and turned around.
    fn add_latin(&mut self, words: &[Vec<char>]) {
        let joined =
            |words: &mut dyn Iterator<Item = &Vec<char>>| -> String { words.flatten().collect() };
        for word in words {
            self.add_spelling(&text_of(word));
        }
        for turn in 0..words.len() {
            let (before, after) = words.split_at(turn);
            self.add_spelling(&joined(&mut after.iter().chain(before)));
        }
        self.add_spelling(&joined(&mut words.iter().rev()));
    }
}

fn read(text: &str) -> Vec<char> {
    Reading::of(&text.chars().collect::<Vec<_>>()).letters
}

fn text_of(letters: &[char]) -> String {
    letters.iter().collect()
}

/// The ways to write letters in Latin, syllable by syllable.
fn spellings(letters: &[char]) -> Vec<Vec<String>> {
    letters.iter().fold(vec![Vec::new()], |ways, letter| {
        let sounds = sounds(*letter);
        let longer = ways.iter().flat_map(|way| {
            sounds.iter().map(move |sound| {
                let mut longer = way.clone();
                longer.push(sound.clone());
                longer
            })
        });
        longer.take(SPELLINGS_MAX).collect()
    })
}

#[cfg(test)]
mod tests;
