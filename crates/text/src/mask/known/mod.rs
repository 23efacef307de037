//! Persons a text may name: those who petition. What is known of them is found in every spelling a
//! writer might give it, because nothing else tells a reader so surely who complained.

mod births;
mod fields;
mod find;
mod home;
mod home_words;
mod letters;
mod number_words;
mod numbers;
mod romanised;
mod union;
mod words;

use std::collections::{HashMap, HashSet};

use super::{
    Kind, Masked, by_form, is_han, is_kana, mask, mask_with, reading::Reading, sounds::sounds,
    surnames::surname, without,
};
use crate::identity::is_of_a_company;
use numbers::TELLING_DIGITS;
use words::{DRAWN_SURNAMES, FORMS, LATIN_TITLES, SPLIT_SURNAMES};

/// What is known of one person.
#[derive(Debug, Clone, Default)]
pub struct KnownPerson {
    /// Name, as given.
    pub name: Option<String>,
    /// Phone, digits.
    pub phone: Option<String>,
    /// Identity number.
    pub id_number: Option<String>,
    /// Address, as given.
    pub address: Option<String>,
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

/// Ways to say one name in Latin letters looked for at most.
const SPELLINGS_MAX: usize = 48;

/// Letters from which on one part of a name is put together of several.
const COMPOUND_LETTERS: usize = 4;

/// Numbers in names, in digits and as they are written on cheques.
const NUMBERS: &[&str] = &[
    "一1壹", "二2贰", "三3叁", "四4肆", "五5伍", "六6陆", "七7柒", "八8捌", "九9玖",
];

/// Surnames of two letters that are other words as often.
const PLACES_TOO: &[&str] = &[
    "东方", "西门", "南门", "东门", "南宫", "百里", "第五", "微生", "子车", "太史", "长孙", "陈林",
    "南荣", "司空", "司城",
];

/// A name by its sound.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    /// Its letters.
    letters: Vec<char>,
    /// How each is said.
    ways: Vec<Vec<String>>,
    /// Whether other letters that sound alike name the same.
    by_ear: bool,
    /// Whether letters may be written in Latin among the others.
    in_latin: bool,
}

/// Everything known of the persons of one or several complaints, made ready to be found.
#[derive(Debug, Default)]
pub struct KnownPeople {
    /// Han letters in a row that name somebody, by their first letter.
    words: HashMap<char, Vec<Vec<char>>>,
    /// Their surnames.
    surnames: HashSet<Vec<char>>,
    /// Those of two letters that tell them alone.
    compounds: HashSet<Vec<char>>,
    /// What their surnames are drawn of.
    drawn: Vec<(Vec<char>, char)>,
    /// Last letters of their given names, which 小 and 哥 go with.
    lasts: HashSet<char>,
    /// First letters of given names of two.
    middles: HashSet<char>,
    /// Latin spellings, by their first letter.
    latin: HashMap<char, HashSet<Vec<char>>>,
    /// Initials of given names, which go behind a surname.
    initials: HashSet<Vec<char>>,
    /// Names by sound, for those who write them by ear.
    by_ear: Vec<Heard>,
    /// Phones and identity numbers.
    numbers: Vec<(Kind, Vec<char>)>,
    /// The same from their ends.
    reversed: Vec<(Kind, Vec<char>)>,
    /// Extensions of phones.
    extensions: Vec<Vec<char>>,
    /// Doors they live behind.
    doors: Vec<home::Door>,
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
            let (digits, extension) = match kind {
                Kind::Phone => numbers::parts(&letters),
                _ => (numbers::digits_of(&letters), None),
            };
            self.extensions.extend(extension);
            if kind == Kind::IdNumber {
                self.births.extend(births::of_identity(&digits));
            }
            let entry = (kind, digits);
            if entry.1.len() >= TELLING_DIGITS && !self.numbers.contains(&entry) {
                let turned = entry.1.iter().rev().copied().collect();
                self.reversed.push((kind, turned));
                self.numbers.push(entry);
            }
        }
        for field in [&person.address, &person.name].into_iter().flatten() {
            self.doors.extend(home::doors(&read(field)));
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
            && self.doors.is_empty()
            && self.codes.is_empty()
    }

    /// Masks a text: what has the form of personal data, and whatever is known.
    #[must_use]
    pub fn mask(&self, text: &str) -> Masked {
        let known = |letters: &[char], at: usize| self.find(letters, at);
        let birth = |letters: &[char], at: usize| self.birth(letters, at);
        mask_with(text, &[&birth, &known, &by_form])
    }

    /// Masks only what is known, for words that are to be read as they stand otherwise: an
    /// office's reply gives the office's phone.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let known = |letters: &[char], at: usize| self.find(letters, at);
        let birth = |letters: &[char], at: usize| self.birth(letters, at);
        mask_with(text, &[&birth, &known]).text
    }

    /// A text to compare with others': without persons. What is known and numbers found by their
    /// form are left out. Names that are merely guessed stay, for shops bear such, and so do rooms,
    /// which tell places.
    #[must_use]
    pub fn bare(&self, text: &str) -> String {
        let known = |letters: &[char], at: usize| {
            self.find(letters, at)
                .filter(|(kind, ..)| *kind != Kind::Room)
        };
        let numbers = |letters: &[char], at: usize| {
            by_form(letters, at).filter(|(kind, ..)| !matches!(kind, Kind::Name | Kind::Room))
        };
        let birth = |letters: &[char], at: usize| self.birth(letters, at);
        without(text, &[&birth, &known, &numbers])
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
        for syllables in letters
            .split(|c| !is_kana(*c))
            .filter(|word| word.len() > 1)
        {
            self.add_word(syllables.to_vec());
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
            self.add_halves(part);
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
        self.add_drawn(family, given);
        if given.is_empty() {
            return;
        }
        self.add_word(given.iter().chain(family).copied().collect());
        self.add_word(name.iter().rev().copied().collect());
        if given.len() > 1 {
            self.add_word(given.to_vec());
        }
        // 吴刘佳怡 bears the surnames of both parents.
        if let ([_], [_, own @ ..]) = (family, given)
            && own.len() == 2
        {
            self.add_word(own.to_vec());
        }
        for letter in given.iter().filter(|letter| is_rare(**letter)) {
            self.add_word(vec![*letter]);
        }
        if family.len() > 1 && !PLACES_TOO.contains(&text_of(family).as_str()) {
            self.compounds.insert(family.to_vec());
        }
        self.add_numbered(family, given);
        if given.len() <= 2 {
            self.lasts.extend(given.last());
        }
        if given.len() == 2 {
            self.middles.extend(given.first());
        }
        self.add_spellings(family, given);
        self.add_heard(name, name.len() > 2, true);
        if given.len() > 1 {
            self.add_heard(given, false, false);
        }
    }

    /// 阿依 and 古丽 of 阿依古丽, which is put together of names.
    fn add_halves(&mut self, part: &[char]) {
        if part.len() >= COMPOUND_LETTERS {
            let (head, tail) = part.split_at(part.len() - 2);
            self.add_word(head.to_vec());
            self.add_word(tail.to_vec());
        }
    }

    /// 陈1 and 陈壹 for 陈一.
    fn add_numbered(&mut self, family: &[char], given: &[char]) {
        for to in 1..=2 {
            let other = |letter: &char| {
                let row = NUMBERS.iter().find(|row| row.starts_with(*letter));
                row.and_then(|row| row.chars().nth(to)).unwrap_or(*letter)
            };
            let turned: Vec<char> = given.iter().map(other).collect();
            if turned != given {
                self.add_word([family, &turned].concat());
            }
        }
    }

    /// 弓长张 for 张; and 弓长 alone for it, with a given name or a title.
    fn add_drawn(&mut self, family: &[char], given: &[char]) {
        let drawn_as = |table: &[(&str, char)]| -> Vec<Vec<char>> {
            let of_it = table.iter().filter(|(_, surname)| family == [*surname]);
            of_it.map(|(drawn, _)| drawn.chars().collect()).collect()
        };
        let split = drawn_as(SPLIT_SURNAMES);
        let surname = family.first().copied().unwrap_or_default();
        let drawn = drawn_as(DRAWN_SURNAMES).into_iter().chain(split.clone());
        self.drawn.extend(drawn.map(|drawn| (drawn, surname)));
        for split in split {
            if !given.is_empty() {
                self.add_word(split.iter().chain(given).copied().collect());
            }
            self.surnames.insert(split);
        }
    }

    fn add_heard(&mut self, letters: &[char], by_ear: bool, in_latin: bool) {
        let heard = Heard {
            letters: letters.to_vec(),
            ways: letters.iter().map(|c| sounds(*c)).collect(),
            by_ear,
            in_latin,
        };
        if heard.ways.iter().all(|ways| !ways.is_empty()) && !self.by_ear.contains(&heard) {
            self.by_ear.push(heard);
        }
    }

    /// 林小雨 as linxiaoyu, xiaoyulin, xiaoyu, lxy and mrlin; gaps and tones are passed over.
    fn add_spellings(&mut self, family_letters: &[char], given_letters: &[char]) {
        let initials = |name: &str, parts: &[String]| -> String {
            let firsts = parts.iter().filter_map(|part| part.chars().next());
            name.chars().chain(firsts).collect()
        };
        let abroad = romanised::romanised(family_letters);
        let abroad = abroad.into_iter().map(|surname| vec![surname]);
        for family in spellings(family_letters).into_iter().chain(abroad) {
            let surname = family.concat();
            if family.len() > 1 {
                self.add_spelling(&surname);
            }
            for title in LATIN_TITLES {
                self.add_spelling(&format!("{title}{surname}"));
                self.add_spelling(&format!("{surname}{title}"));
            }
            for given in written(given_letters, romanised::as_before) {
                let name = given.concat();
                self.add_spelling(&format!("{surname}{name}"));
                self.add_spelling(&format!("{name}{surname}"));
                if given.len() > 1 {
                    self.add_spelling(&name);
                }
            }
            for given in spellings(given_letters) {
                let (name, letters) = (given.concat(), initials("", &given));
                self.add_spelling(&format!("{surname}{name}"));
                self.add_spelling(&format!("{name}{surname}"));
                let turned: String = format!("{surname}{name}").chars().rev().collect();
                self.add_spelling(&turned);
                self.add_spelling(&initials(&surname, &given));
                self.add_spelling(&format!("{letters}{surname}"));
                if given.len() > 1 {
                    self.initials.insert(letters.chars().collect());
                    self.add_partly_initialled(family_letters, given_letters, &letters);
                    self.add_spelling(&name);
                    self.add_spelling(&format!("{}{letters}", initials("", &family)));
                }
            }
        }
    }

    /// 王晓m, 王x明: one letter of a given name by its initial.
    fn add_partly_initialled(&mut self, family: &[char], given: &[char], initials: &str) {
        for (at, initial) in initials.chars().enumerate() {
            let mut name = [family, given].concat();
            if let Some(letter) = name.get_mut(family.len() + at) {
                *letter = initial;
            }
            self.add_word(name);
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

/// Whether a letter is in so few words that it tells a name alone.
fn is_rare(letter: char) -> bool {
    is_han(letter) && !('\u{4e00}'..='\u{9fff}').contains(&letter) && letter != '〇'
}

/// The ways to write letters in Latin, syllable by syllable.
fn spellings(letters: &[char]) -> Vec<Vec<String>> {
    written(letters, sounds)
}

/// The ways to write letters, each as `ways_of` has it.
fn written(letters: &[char], ways_of: impl Fn(char) -> Vec<String>) -> Vec<Vec<String>> {
    letters.iter().fold(vec![Vec::new()], |ways, letter| {
        let sounds = ways_of(*letter);
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

#[cfg(test)]
mod spellings_tests;

#[cfg(test)]
mod home_tests;

#[cfg(test)]
mod number_tests;
