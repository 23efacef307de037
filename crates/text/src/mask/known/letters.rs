//! Letters and digits that stand one after another, whatever parts them.

use std::{collections::HashMap, sync::LazyLock};

use super::number_words::{HEAD_WORDS, PARTING_WORDS, TAIL_WORDS};
use crate::{
    digits::get,
    mask::{
        MASKED, after_word,
        figures::digit,
        is_han,
        sounds::sounds,
        spoken::{Said, said},
    },
};

/// Signs that may part the letters of a known name.
const PARTING: usize = 6;

/// Latin letters and digits that may stand among such signs: somebody puts them there to be read
/// over.
const STRAY: usize = 2;

/// The next letter of a kind, over what has no meaning.
pub(super) fn over_gap(text: &[char], at: usize, fits: impl Fn(char) -> bool) -> Option<usize> {
    let gap = text
        .iter()
        .skip(at)
        .take(PARTING + 1)
        .take_while(|c| is_sign(**c))
        .count();
    let next = at + gap;
    (gap <= PARTING && fits(get(text, next))).then_some(next)
}

/// The next letter of a kind, over signs and a few stray letters.
pub(super) fn over_stray(text: &[char], at: usize, fits: impl Fn(char) -> bool) -> Option<usize> {
    let mut strays = 0;
    for next in at..=at + PARTING {
        let letter = get(text, next);
        if fits(letter) {
            return Some(next);
        }
        strays += usize::from(letter.is_ascii_alphanumeric());
        if strays > STRAY || !(letter.is_ascii_alphanumeric() || is_sign(letter)) {
            return None;
        }
    }
    None
}

fn is_sign(letter: char) -> bool {
    !letter.is_alphanumeric() && !is_han(letter) && !matches!(letter, '\0' | MASKED)
}

/// Where letters end that stand here one after another, over gaps.
pub(super) fn match_letters(text: &[char], at: usize, letters: &[char]) -> Option<usize> {
    let mut next = at;
    for (i, letter) in letters.iter().enumerate() {
        if i > 0 && is_han(*letter) {
            next = over_stray(text, next, |c| c == *letter)?;
        } else if i > 0 {
            next = over_gap(text, next, |c| c == *letter)?;
        }
        if get(text, next) != *letter {
            return None;
        }
        next += 1;
    }
    (!letters.is_empty()).then_some(next)
}

/// The digit a letter stands for in a number that is known: also what merely looks or sounds like
/// one.
pub(super) fn loose_digit(text: &[char], at: usize) -> Option<char> {
    digit(text, at).or(match get(text, at) {
        'o' | '洞' => Some('0'),
        'l' | 'i' | '么' => Some('1'),
        '拐' => Some('7'),
        '勾' => Some('9'),
        '两' | 'z' => Some('2'),
        's' => Some('5'),
        '×' => Some('x'),
        'x' => Some('x'),
        _ => None,
    })
}

/// How the digits of a number are read: what reads one, and how many letters of no meaning may
/// stand before the next.
#[derive(Clone, Copy)]
pub(super) struct DigitReader {
    read: fn(&[char], usize) -> Option<Said>,
    strays: usize,
}

/// Digits as they are written or said.
pub(super) const WRITTEN: DigitReader = DigitReader {
    read: digit_here,
    strays: 2,
};

/// Digits written by ear among others: in a sentence many letters sound so, thus they must follow one
/// another.
pub(super) const HEARD: DigitReader = DigitReader {
    read: heard_digit,
    strays: 0,
};

/// The digit that stands or is said here.
pub(super) fn digit_here(text: &[char], at: usize) -> Option<Said> {
    said(text, at).or_else(|| {
        Some(Said {
            digit: loose_digit(text, at)?,
            times: 1,
            end: at + 1,
        })
    })
}

/// Syllables that digits are said with.
const SAID: [(&str, char); 17] = [
    ("ling", '0'),
    ("dong", '0'),
    ("yi", '1'),
    ("yao", '1'),
    ("er", '2'),
    ("liang", '2'),
    ("san", '3'),
    ("shan", '3'),
    ("si", '4'),
    ("shi", '4'),
    ("wu", '5'),
    ("liu", '6'),
    ("qi", '7'),
    ("guai", '7'),
    ("ba", '8'),
    ("jiu", '9'),
    ("gou", '9'),
];

/// Letters that sound like a digit, for those who write a number by ear.
static BY_EAR: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let letters = ('\u{4e00}'..='\u{9fff}').filter_map(|letter| {
        let heard = sounds(letter);
        let digit = SAID
            .iter()
            .find(|(sound, _)| heard.iter().any(|s| s == sound))?;
        Some((letter, digit.1))
    });
    letters.collect()
});

/// The digit that stands here, is said, or is written by ear.
pub(super) fn heard_digit(text: &[char], at: usize) -> Option<Said> {
    digit_here(text, at).or_else(|| {
        let digit = BY_EAR.get(&get(text, at)).copied()?;
        Some(Said {
            digit,
            times: 1,
            end: at + 1,
        })
    })
}

/// Letters that may stand between two digits of a known number.
const DIGITS_PARTING: usize = 6;

/// Words that may stand there besides, in a row.
const WORDS_PARTING: usize = 4;

/// How many digits of a number stand here one after another, as `reader` reads each, and where they
/// end.
pub(super) fn common_digits(
    text: &[char],
    at: usize,
    number: &[char],
    reader: DigitReader,
) -> (usize, usize) {
    let (mut count, mut end) = (0, at);
    while let Some(digit) = number.get(count) {
        let here = if count == 0 {
            (reader.read)(text, end)
        } else {
            next_digit(text, end, *digit, reader)
        };
        let Some(here) = here.filter(|here| here.digit == *digit) else {
            break;
        };
        let same = number.iter().skip(count).take(here.times);
        if same.filter(|next| *next == digit).count() < here.times {
            break;
        }
        count += here.times;
        end = here.end;
    }
    (count, end + usize::from(count > 0 && is_tone(text, end)))
}

/// The next digit, where it is the wanted one, over what may part digits.
fn next_digit(text: &[char], at: usize, wanted: char, reader: DigitReader) -> Option<Said> {
    let (mut strays, mut letters, mut words) = (0, 0, 0);
    let mut next = at + usize::from(is_tone(text, at) && get(text, at) != wanted);
    while letters <= DIGITS_PARTING && words <= WORDS_PARTING {
        let word = PARTING_WORDS
            .iter()
            .filter_map(|word| after_word(text, next, word))
            .max();
        let here = (reader.read)(text, next).filter(|here| here.digit == wanted);
        if here.is_some() && word.is_none_or(|end| end == next + 1) {
            return here;
        }
        if let Some(end) = word {
            words += 1;
            next = end;
            continue;
        }
        let letter = get(text, next);
        if matches!(letter, '\0' | MASKED) || digit(text, next).is_some() {
            return None;
        }
        strays += usize::from(letter.is_alphanumeric());
        if strays > reader.strays {
            return None;
        }
        letters += 1;
        next += 1;
    }
    None
}

/// Whether the number of a tone stands here, behind a digit that is said: yao1.
fn is_tone(text: &[char], at: usize) -> bool {
    matches!(get(text, at), '1'..='5')
        && at > 0
        && get(text, at - 1).is_ascii_alphabetic()
        && digit(text, at + 1).is_none()
}

/// Letters of stars and of words that hide the middle of a number, at most.
const HIDDEN_MAX: usize = 14;

/// 138****8000, 138开头尾号8000: the end, where the first digits, stars or words and the last ones
/// of a number stand.
pub(super) fn starred_tail(
    text: &[char],
    at: usize,
    count: usize,
    offset: usize,
    number: &[char],
) -> Option<usize> {
    if offset != 0 || count < 3 {
        return None;
    }
    let stars = text
        .iter()
        .skip(at)
        .take(HIDDEN_MAX)
        .take_while(|c| "*x×某·.#-_…●○□ ".contains(**c))
        .count();
    let from = if stars > 1 {
        at + stars
    } else {
        behind_head(text, at)?
    };
    (2..=6).rev().find_map(|count| {
        let tail = number.get(number.len().checked_sub(count)?..)?;
        let (there, end) = common_digits(text, from, tail, WRITTEN);
        (there == count).then_some(end)
    })
}

/// Behind 开头 and what announces a tail.
fn behind_head(text: &[char], at: usize) -> Option<usize> {
    let mut end = HEAD_WORDS
        .iter()
        .find_map(|word| after_word(text, at, word))?;
    while end < at + HIDDEN_MAX {
        let words = TAIL_WORDS.iter().chain(PARTING_WORDS).chain(&["的", "以"]);
        let word = words.filter_map(|word| after_word(text, end, word)).max();
        match word {
            Some(behind) => end = behind,
            None if !get(text, end).is_alphanumeric() && get(text, end) != MASKED => end += 1,
            None => return Some(end),
        }
    }
    None
}
