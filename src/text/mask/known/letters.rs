//! Letters and digits that stand one after another, whatever parts them.

use crate::text::{
    digits::get,
    mask::{is_han, numbers::digit},
};

/// Letters without ink or meaning that may part the letters of a known name.
const PARTING: usize = 3;

/// The next letter of a kind, over what has no meaning.
pub(super) fn over_gap(text: &[char], at: usize, fits: impl Fn(char) -> bool) -> Option<usize> {
    let gap = text
        .iter()
        .skip(at)
        .take(PARTING + 1)
        .take_while(|c| !c.is_alphanumeric() && !is_han(**c) && **c != '\0')
        .count();
    let next = at + gap;
    (gap <= PARTING && fits(get(text, next))).then_some(next)
}

/// Where letters end that stand here one after another, over gaps.
pub(super) fn match_letters(text: &[char], at: usize, letters: &[char]) -> Option<usize> {
    let mut next = at;
    for (i, letter) in letters.iter().enumerate() {
        if i > 0 {
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

/// Letters that may stand between two digits of a known number.
const DIGITS_PARTING: usize = 5;

/// How many digits of a number stand here one after another, and where they end.
pub(super) fn common_digits(text: &[char], at: usize, number: &[char]) -> (usize, usize) {
    let (mut count, mut end, mut next) = (0, at, at);
    for digit in number {
        let gap = text
            .iter()
            .skip(next)
            .take(DIGITS_PARTING + 1)
            .take_while(|c| parts_known(**c))
            .count();
        let from = if count == 0 { next } else { next + gap };
        if gap > DIGITS_PARTING || loose_digit(text, from) != Some(*digit) {
            break;
        }
        count += 1;
        end = from + 1;
        next = end;
    }
    (count, end)
}

fn parts_known(letter: char) -> bool {
    letter != '\0'
        && (!letter.is_alphanumeric() || "杠横点转接空格短减然后再是".contains(letter))
        && !is_digit_word(letter)
}

fn is_digit_word(letter: char) -> bool {
    matches!(letter, '〇' | '○' | '◯')
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
