//! Personal data in free text (个人信息), found and masked in every copy that leaves for a role
//! without need (个人信息保护法 6、51 条; domain §2.7).
//!
//! A text is read in plain letters first (`reading`), so that no spelling of a number or a name
//! is another number or name. Two kinds of finders look at it: those who know nobody and go by
//! the form ([`mask`]), and those who know whom a text may name ([`KnownPeople`]). They prefer masking
//! a number too many to letting a phone number out, but dates, hotline numbers, prices, places
//! and measurements stay readable.

mod doors;
mod figures;
mod handles;
mod homes;
mod introduced;
mod known;
mod names;
mod numbers;
mod parted;
mod reading;
mod rooms;
mod sounds;
mod spoken;
mod surnames;
mod titles;
mod whole;
mod zhuyin;

pub use known::{KnownPeople, KnownPerson};

use super::kind::Kind;
use reading::{MASKED, Reading};

/// One find: which letters of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// First letter, counted from 0.
    pub from: usize,
    /// Letter after the last.
    pub to: usize,
}

/// A masked text and what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The text with replacements.
    pub text: String,
    /// The finds, in order.
    pub found: Vec<Finding>,
}

/// Masks what has the form of personal data, whoever it is about.
#[must_use]
pub fn mask(text: &str) -> Masked {
    mask_with(text, &[&by_form])
}

/// A find in a reading, or nothing.
type Found = Option<(Kind, usize, usize)>;

/// Looks for something at one place of a reading: what, where it begins and where it ends. A find
/// may begin later than the place (a name after the words that announce it), never before.
type Finder<'a> = &'a dyn Fn(&[char], usize) -> Found;

/// How often a text is read again after a find: what was hidden may part what hid something else.
const READINGS: usize = 4;

/// Masks what any of the finders finds.
fn mask_with(text: &str, finders: &[Finder<'_>]) -> Masked {
    let original: Vec<char> = text.chars().collect();
    let found = found_in(&original, finders);
    Masked {
        text: replaced(&original, &found, Kind::replacement),
        found,
    }
}

/// Leaves out what any of the finders finds.
fn without(text: &str, finders: &[Finder<'_>]) -> String {
    let original: Vec<char> = text.chars().collect();
    replaced(&original, &found_in(&original, finders), |_| " ")
}

/// What any of the finders finds, in order.
fn found_in(original: &[char], finders: &[Finder<'_>]) -> Vec<Finding> {
    let mut reading = Reading::of(original);
    let mut found: Vec<Finding> = Vec::new();
    let mut doors: Vec<String> = Vec::new();
    for _ in 0..READINGS {
        let again = |letters: &[char], at: usize| homes::named_before(letters, at, &doors);
        let again: Finder<'_> = &again;
        let spans: Vec<_> = finders
            .iter()
            .chain([&again])
            .flat_map(|finder| spans_of(&reading.letters, finder))
            .collect();
        if spans.is_empty() {
            break;
        }
        for (_, from, to) in spans.iter().filter(|(kind, ..)| *kind == Kind::Room) {
            let letters = reading.letters.get(*from..*to).unwrap_or_default();
            doors.extend(homes::doors_of(letters));
        }
        for (kind, from, to) in spans {
            if let Some((first, last)) = reading.original(from, to) {
                found.push(Finding {
                    kind,
                    from: first,
                    to: last,
                });
            }
            reading.cover(from, to);
        }
    }
    united(found)
}

fn spans_of(letters: &[char], finder: &Finder<'_>) -> Vec<(Kind, usize, usize)> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        match finder(letters, at) {
            Some((kind, from, to)) if to > from => {
                spans.push((kind, from, to));
                at = to.max(at + 1);
            }
            _ => at += 1,
        }
    }
    spans
}

/// Finds in their order, those that overlap as one.
fn united(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|f| (f.from, std::cmp::Reverse(f.to)));
    let mut united: Vec<Finding> = Vec::with_capacity(found.len());
    for find in found {
        match united.last_mut() {
            Some(last) if find.from < last.to => last.to = last.to.max(find.to),
            _ => united.push(find),
        }
    }
    united
}

fn replaced(original: &[char], found: &[Finding], by: impl Fn(Kind) -> &'static str) -> String {
    let mut out = String::with_capacity(original.len() * 3);
    let mut at = 0;
    for find in found {
        out.extend(original.get(at..find.from).unwrap_or_default());
        out.push_str(by(find.kind));
        at = find.to;
    }
    out.extend(original.get(at..).unwrap_or_default());
    out
}

/// What has the form of personal data, the most specific first.
fn by_form(text: &[char], at: usize) -> Found {
    if text.get(at) == Some(&MASKED) {
        return None;
    }
    handles::account(text, at)
        .or_else(|| names::announced(text, at))
        .or_else(|| introduced::introduced(text, at))
        .or_else(|| handles::email(text, at))
        .or_else(|| handles::plate(text, at))
        .or_else(|| handles::tracking_code(text, at))
        .or_else(|| rooms::room(text, at))
        .or_else(|| homes::home(text, at))
        .or_else(|| numbers::number(text, at))
        .or_else(|| titles::titled(text, at))
        .or_else(|| names::signature(text, at))
}

/// Whether a letter is of Chinese writing.
fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
        || ('\u{3400}'..='\u{4dbf}').contains(&letter)
        || ('\u{20000}'..='\u{323af}').contains(&letter)
        || letter == '〇'
}

/// Whether a letter is of Japanese syllables, as a reading has them.
fn is_kana(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309A}' | '\u{30FC}')
}

/// The letters after a word that opens here, if it does.
fn after_word(text: &[char], at: usize, word: &str) -> Option<usize> {
    let mut next = at;
    for letter in word.chars() {
        if text.get(next) != Some(&letter) {
            return None;
        }
        next += 1;
    }
    Some(next)
}

/// Whether a word ends just before a place.
fn ends_with(text: &[char], end: usize, word: &str) -> bool {
    end.checked_sub(word.chars().count())
        .is_some_and(|from| after_word(text, from, word) == Some(end))
}

/// Whether a Latin word could begin here.
fn begins_word(text: &[char], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| text.get(before))
        .is_none_or(|c| !c.is_ascii_alphabetic())
}

/// A phone number with its middle hidden, `138****1234`, for roles that may see reporters.
#[must_use]
pub fn mask_phone(phone: &str) -> String {
    let letters: Vec<char> = phone.chars().collect();
    match (
        letters.get(..3),
        letters
            .len()
            .checked_sub(4)
            .and_then(|at| letters.get(at..)),
    ) {
        (Some(head), Some(tail)) if letters.len() >= 8 => {
            format!(
                "{}****{}",
                head.iter().collect::<String>(),
                tail.iter().collect::<String>()
            )
        }
        _ => "****".to_owned(),
    }
}

#[cfg(test)]
mod tests;
