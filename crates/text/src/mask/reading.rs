//! A text as a reader takes it in, whatever its writer made of the letters: full-width, styled and
//! traditional forms are the plain ones, what cannot be seen is not there, and every letter knows
//! where in the original it stands.

use std::{collections::HashMap, sync::LazyLock};

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::Kind;
use crate::ink::takes_no_ink;

/// Stands for what was masked already: no letter, no digit, and never masked again.
pub(super) const MASKED: char = '\u{FFFC}';

/// A letter of the reading and the letters of the original it stands for.
#[derive(Debug, Clone, Copy)]
struct Place {
    from: usize,
    to: usize,
}

/// A text in plain letters.
#[derive(Debug)]
pub(super) struct Reading {
    /// The letters.
    pub letters: Vec<char>,
    places: Vec<Place>,
}

impl Reading {
    /// Of a text.
    pub(super) fn of(original: &[char]) -> Self {
        let mut reading = Self {
            letters: Vec::with_capacity(original.len()),
            places: Vec::with_capacity(original.len()),
        };
        let mut at = 0;
        while let Some(letter) = original.get(at) {
            if let Some(to) = masked_before(original, at) {
                reading.push(MASKED, at, to);
                at = to;
                continue;
            }
            for plain in plain(*letter) {
                reading.push(plain, at, at + 1);
            }
            at += 1;
        }
        reading
    }

    fn push(&mut self, letter: char, from: usize, to: usize) {
        self.letters.push(letter);
        self.places.push(Place { from, to });
    }

    /// Where letters of the reading stand in the original.
    pub(super) fn original(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let first = self.places.get(from)?;
        let last = self.places.get(to.checked_sub(1)?)?;
        Some((first.from, last.to))
    }

    /// Takes letters out: what is left is read again, and these are not.
    pub(super) fn cover(&mut self, from: usize, to: usize) {
        for letter in self.letters.iter_mut().take(to).skip(from) {
            *letter = MASKED;
        }
    }
}

/// The end of a replacement that opens here.
fn masked_before(original: &[char], at: usize) -> Option<usize> {
    if original.get(at) != Some(&'[') {
        return None;
    }
    Kind::ALL.iter().find_map(|kind| {
        let word = kind.replacement();
        let count = word.chars().count();
        let there = original.get(at..at + count)?;
        word.chars()
            .zip(there)
            .all(|(a, b)| a == *b)
            .then_some(at + count)
    })
}

/// The plain letters of one letter; none for what nobody sees.
fn plain(letter: char) -> Vec<char> {
    if letter.is_ascii() {
        return plain_ascii(letter).into_iter().collect();
    }
    if ('\u{4e00}'..='\u{9fff}').contains(&letter) {
        return vec![simplified(letter)];
    }
    if is_unseen(letter) {
        return Vec::new();
    }
    if letter.is_whitespace() {
        return vec![' '];
    }
    if let Some(digit) = dressed(letter) {
        return vec![digit];
    }
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let mut bytes = [0; 4];
    normalizer
        .normalize(letter.encode_utf8(&mut bytes))
        .chars()
        .filter(|c| !is_unseen(*c))
        .flat_map(char::to_lowercase)
        .map(|c| digit_of_script(c).unwrap_or_else(|| simplified(hiragana(c))))
        .map(|c| lookalike(c).or_else(|| lettered(c)).unwrap_or(c))
        .collect()
}

/// The rounded form of a Japanese syllable's angular one.
fn hiragana(letter: char) -> char {
    const APART: u32 = 0x60;
    let code = u32::from(letter);
    let angular = ('\u{30A1}'..='\u{30F6}').contains(&letter);
    let rounded = angular.then(|| char::from_u32(code - APART)).flatten();
    rounded.unwrap_or(letter)
}

/// The Latin letter or digit that a Cyrillic or Greek one looks like.
fn lookalike(letter: char) -> Option<char> {
    const ALIKE: &str = "аaвbеeз3іiјjкkмmнhоoрpсcтtуyхxѕsԁdһhαaβbεeιiκkνvοoρpτtυuχx";
    if !('\u{0370}'..='\u{052F}').contains(&letter) {
        return None;
    }
    let letters: Vec<char> = ALIKE.chars().collect();
    let pair = letters
        .chunks_exact(2)
        .find(|pair| pair.first() == Some(&letter))?;
    pair.last().copied()
}

/// Digits of which no normal form makes plain ones: in black circles, on dice and counting rods,
/// Suzhou's and Rome's.
fn dressed(letter: char) -> Option<char> {
    const ONES: [(u32, u32); 9] = [
        (0x24F5, 9),
        (0x2776, 9),
        (0x2780, 9),
        (0x278A, 9),
        (0x2160, 9),
        (0x2170, 9),
        (0x3021, 9),
        (0x2680, 6),
        (0x1_D360, 9),
    ];
    if matches!(letter, '\u{24FF}' | '\u{1F10C}') {
        return Some('0');
    }
    let code = u32::from(letter);
    let (one, _) = ONES
        .iter()
        .find(|(one, count)| (*one..one + count).contains(&code))?;
    char::from_digit(code - one + 1, 10)
}

/// Letters in black circles and squares, of which no normal form makes plain ones.
fn lettered(letter: char) -> Option<char> {
    const AS: [u32; 3] = [0x1_F150, 0x1_F170, 0x1_F1E6];
    let code = u32::from(letter);
    let a = AS.iter().find(|a| (**a..**a + 26).contains(&code))?;
    char::from_u32(u32::from('a') + code - a)
}

fn plain_ascii(letter: char) -> Option<char> {
    match letter {
        '\t' => Some(' '),
        '\n' | '\r' => Some('\n'),
        c if c.is_ascii_control() => None,
        c => Some(c.to_ascii_lowercase()),
    }
}

/// What leaves no mark of its own: what takes no ink, marks on letters, and the letter that stands
/// for what was masked.
fn is_unseen(letter: char) -> bool {
    takes_no_ink(letter)
        || matches!(letter,
            '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}' | MASKED)
}

/// Digits of other scripts: each has ten in a row from its nought.
fn digit_of_script(letter: char) -> Option<char> {
    const NOUGHTS: [u32; 14] = [
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0,
        0xF20,
    ];
    let code = u32::from(letter);
    let nought = NOUGHTS.iter().find(|n| (**n..**n + 10).contains(&code))?;
    char::from_digit(code - nought, 10)
}

/// The simplified form of a traditional letter, where it stands in names and in the words around
/// them.
pub(super) fn simplified(letter: char) -> char {
    SIMPLIFIED.get(&letter).copied().unwrap_or(letter)
}

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let pair = |pair: &str| {
        let mut letters = pair.chars();
        Some((letters.next()?, letters.next()?))
    };
    PAIRS.split_whitespace().filter_map(pair).collect()
});

/// Traditional and variant letters, each followed by its simplified form.
const PAIRS: &str = include_str!("traditional.txt");

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let original: Vec<char> = text.chars().collect();
        Reading::of(&original).letters.into_iter().collect()
    }

    #[test]
    fn the_letters_come_as_pairs() {
        assert!(
            PAIRS
                .split_whitespace()
                .all(|pair| pair.chars().count() == 2)
        );
        assert!(SIMPLIFIED.len() > 1_000);
        for (from, to) in SIMPLIFIED.iter() {
            assert!(SIMPLIFIED.get(to).is_none_or(|end| end == to), "{from}{to}");
        }
    }

    #[test]
    fn styles_disappear() {
        for (text, plain) in [
            ("１３８", "138"),
            ("𝟏𝟑𝟖①③⑧", "138138"),
            ("١٣٨", "138"),
            ("1\u{FE0F}\u{20E3}3", "13"),
            ("林\u{200B}小\u{202E}雨\u{FEFF}", "林小雨"),
            ("林\u{00A0}小\u{3000}雨", "林 小 雨"),
            ("Lín XIǍOYǓ", "lin xiaoyu"),
            ("⼩⾬", "小雨"),
            ("❶❸⓼", "138"),
            ("〡〢〩", "129"),
            ("ⅠⅤⅸ", "159"),
            ("⚀⚅⓿", "160"),
            ("🅛🅸🇳", "lin"),
            ("Сосhо", "cocho"),
            ("張偉", "张伟"),
            ("サクラｻｸﾗ", "さくらさくら"),
            ("𠮷田髙橋", "吉田高桥"),
            ("林\u{F9F4}", "林林"),
            ("电话[电话]", "电话\u{FFFC}"),
            ("[别的]", "[别的]"),
        ] {
            assert_eq!(read(text), plain, "{text}");
        }
    }

    #[test]
    fn letters_know_their_place() {
        let original: Vec<char> = "甲\u{200B}乙⑴[姓名]丙".chars().collect();
        let reading = Reading::of(&original);
        let text: String = reading.letters.iter().collect();
        assert_eq!(text, "甲乙(1)\u{FFFC}丙");
        assert_eq!(reading.original(1, 2), Some((2, 3)));
        assert_eq!(reading.original(2, 5), Some((3, 4)));
        assert_eq!(reading.original(5, 6), Some((4, 8)));
        assert_eq!(reading.original(0, 7), Some((0, 9)));
        assert_eq!(reading.original(7, 8), None);
    }
}
