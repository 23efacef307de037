//! Digits as they are said: in English words, in pinyin and in Cantonese.

use crate::digits::get;

/// A digit that is said, how often, and where the words end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// Which.
    pub digit: char,
    /// Twice after `double`, three times after `triple`.
    pub times: usize,
    /// Letter after the last.
    pub end: usize,
}

/// Words for digits.
const DIGITS: &[(&str, char)] = &[
    ("zero", '0'),
    ("nought", '0'),
    ("oh", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("ling", '0'),
    ("dong", '0'),
    ("yao", '1'),
    ("yi", '1'),
    ("liang", '2'),
    ("er", '2'),
    ("san", '3'),
    ("si", '4'),
    ("wu", '5'),
    ("liu", '6'),
    ("guai", '7'),
    ("qi", '7'),
    ("ba", '8'),
    ("gou", '9'),
    ("jiu", '9'),
    ("jat", '1'),
    ("yat", '1'),
    ("saam", '3'),
    ("sam", '3'),
    ("sei", '4'),
    ("ng", '5'),
    ("luk", '6'),
    ("cat", '7'),
    ("chat", '7'),
    ("baat", '8'),
    ("gau", '9'),
    ("ji", '2'),
];

/// Words for how often.
const TIMES: &[(&str, usize)] = &[("double", 2), ("triple", 3)];

/// Signs that may stand between `double` and its digit.
const PARTING: usize = 2;

/// The digit whose words begin here.
pub(super) fn said(text: &[char], at: usize) -> Option<Said> {
    if !get(text, at).is_ascii_alphabetic() {
        return None;
    }
    let often = TIMES
        .iter()
        .find_map(|(word, times)| Some((*times, after(text, at, word)?)));
    let (times, from) = match often {
        Some((times, behind)) => {
            let gap = (0..=PARTING).find(|gap| get(text, behind + gap).is_ascii_alphabetic())?;
            (times, behind + gap)
        }
        None => (1, at),
    };
    let words = DIGITS
        .iter()
        .filter_map(|(word, digit)| Some((after(text, from, word)?, *digit)));
    let (end, digit) = words.max()?;
    Some(Said { digit, times, end })
}

fn after(text: &[char], at: usize, word: &str) -> Option<usize> {
    let there = word.chars().enumerate();
    let fits = there.into_iter().all(|(i, c)| get(text, at + i) == c);
    fits.then_some(at + word.len())
}

/// Signs that may stand between two digits that are said.
const BETWEEN: usize = 3;

/// The digits said from here on, at most `most`, and where they end. One word after another, signs
/// between them, nothing else.
pub(super) fn said_in_a_row(text: &[char], at: usize, most: usize) -> (String, usize) {
    let (mut digits, mut end, mut next) = (String::new(), at, at);
    while let Some(said) = said(text, next).filter(|_| digits.len() < most) {
        digits.extend(std::iter::repeat_n(said.digit, said.times));
        end = said.end;
        let gap = (0..BETWEEN)
            .take_while(|i| is_sign(get(text, end + i)))
            .count();
        next = end + gap;
    }
    (digits, end)
}

fn is_sign(letter: char) -> bool {
    letter != '\0' && !letter.is_alphanumeric() && letter != super::MASKED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        said_in_a_row(&letters, 0, 19).0
    }

    #[test]
    fn digits_are_said_one_after_another() {
        assert_eq!(row("one three eight, five-nine one"), "138591");
        assert_eq!(row("onethreeeight"), "138");
        assert_eq!(row("double three triple five oh"), "335550");
        assert_eq!(row("yao san ba wu jiu"), "13859");
        assert_eq!(row("one river"), "1");
        assert_eq!(row("river"), "");
    }
}
