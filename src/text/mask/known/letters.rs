//! Letters and digits that stand one after another, whatever parts them.

use crate::text::{
    digits::get,
    mask::{
        MASKED, is_han,
        numbers::digit,
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
        '两' => Some('2'),
        '×' => Some('x'),
        'x' => Some('x'),
        _ => None,
    })
}

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

/// Letters that may stand between two digits of a known number.
const DIGITS_PARTING: usize = 6;

/// Of these, those that are no signs and no words that part digits.
const DIGITS_STRAY: usize = 2;

/// How many digits of a number stand here one after another, and where they end.
pub(super) fn common_digits(text: &[char], at: usize, number: &[char]) -> (usize, usize) {
    let (mut count, mut end) = (0, at);
    while let Some(digit) = number.get(count) {
        let here = if count == 0 {
            digit_here(text, end)
        } else {
            next_digit(text, end, *digit)
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
    (count, end)
}

/// The next digit, where it is the wanted one, over what may part digits.
fn next_digit(text: &[char], at: usize, wanted: char) -> Option<Said> {
    let mut strays = 0;
    for next in at..=at + DIGITS_PARTING {
        let letter = get(text, next);
        let here = digit_here(text, next).filter(|here| here.digit == wanted);
        if here.is_some() {
            return here;
        }
        if matches!(letter, '\0' | MASKED) || digit(text, next).is_some() {
            return None;
        }
        let parts = !letter.is_alphanumeric() || "杠横点转接空格短减然后再是".contains(letter);
        strays += usize::from(!parts);
        if strays > DIGITS_STRAY {
            return None;
        }
    }
    None
}

/// 138****8000: the end, where the first digits, stars and the last ones of a number stand.
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
        .take(14)
        .take_while(|c| "*x×某·.#-_…●○□".contains(**c))
        .count();
    if stars < 2 {
        return None;
    }
    (2..=6).rev().find_map(|count| {
        let tail = number.get(number.len().checked_sub(count)?..)?;
        let (there, end) = common_digits(text, at + stars, tail);
        (there == count).then_some(end)
    })
}
