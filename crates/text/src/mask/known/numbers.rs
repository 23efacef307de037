//! Known phones and identity numbers, their parts, and the extensions of phones.

use crate::{
    digits::{classify, get},
    mask::{Found, Kind, after_word, doors::MEASURES, figures::digit},
};

use super::{
    KnownPeople,
    letters::{HEARD, WRITTEN, common_digits, digit_here, heard_digit, starred_tail},
    number_words::{END_WORDS, EXTENSION_WORDS, NUMBER_WORDS, TAIL_WORDS},
};

/// Digits in a row that tell a known phone or identity number.
pub(super) const TELLING_DIGITS: usize = 7;

/// Digits in a row that tell one read from its end: dates are in such numbers by chance.
const TELLING_TURNED: usize = 9;

/// Digits in a row that tell a known identity number where they stand alone.
const TELLING_ALONE: usize = 5;

/// Digits that tell a number its words announce.
const TELLING_ANNOUNCED: usize = 4;

/// Digits of the region an identity number opens with, which many share.
const REGION_DIGITS: usize = 6;

/// Letters between the word for a number and its digits.
const ANNOUNCED_FILLER: usize = 10;

/// Letters between the word for a tail and its digits.
const TAIL_FILLER: usize = 6;

/// Digits of an extension.
const EXTENSION_DIGITS: std::ops::RangeInclusive<usize> = 1..=6;

/// A number's main digits and its extension, where it has one.
pub(super) fn parts(letters: &[char]) -> (Vec<char>, Option<Vec<char>>) {
    let extension = (0..letters.len()).rev().find_map(|at| {
        let (main, rest) = letters.split_at(at);
        let words = EXTENSION_WORDS
            .iter()
            .filter(|word| !matches!(**word, "拨" | "按" | "打"));
        let behind = words.filter_map(|word| after_word(rest, 0, word)).max();
        // The digits before it are looked at where an extension may begin, and nowhere else.
        let hyphen = behind.is_none() && rest.first() == Some(&'-');
        let behind = behind.or(hyphen.then_some(1))?;
        let main = digits_of(main);
        let parts_a_phone = || classify(&main.iter().collect::<String>()) == Some(Kind::Phone);
        let digits = digits_of(rest.get(behind..)?);
        let fits = main.len() >= TELLING_DIGITS && EXTENSION_DIGITS.contains(&digits.len());
        (fits && (!hyphen || parts_a_phone())).then_some((main, Some(digits)))
    });
    extension.unwrap_or_else(|| (digits_of(letters), None))
}

pub(super) fn digits_of(letters: &[char]) -> Vec<char> {
    let digit_at = |at: usize| {
        let last = letters.get(at).filter(|c| **c == 'x').copied();
        digit(letters, at).or(last)
    };
    (0..letters.len()).filter_map(digit_at).collect()
}

impl KnownPeople {
    /// Any part of a known number that tells it.
    pub(super) fn any_number(&self, text: &[char], at: usize) -> Found {
        self.number(text, at)
            .or_else(|| self.alone(text, at))
            .or_else(|| self.tail(text, at))
            .or_else(|| self.tail_before(text, at))
            .or_else(|| self.announced(text, at))
            .or_else(|| self.extension(text, at))
    }

    /// Seven digits in a row or more of a known number, however written and parted, also from its
    /// end to its beginning.
    fn number(&self, text: &[char], at: usize) -> Found {
        let first = heard_digit(text, at)?.digit;
        let mut best: Found = None;
        let mut longer = |kind: Kind, end: usize| {
            if best.is_none_or(|(_, _, to)| end > to) {
                best = Some((kind, at, end));
            }
        };
        let forward = self.numbers.iter().map(|known| (known, TELLING_DIGITS));
        let turned = self.reversed.iter().map(|known| (known, TELLING_TURNED));
        for ((kind, number), telling) in forward.chain(turned) {
            let offsets = number
                .iter()
                .enumerate()
                .filter(|(_, digit)| **digit == first);
            for (offset, _) in offsets {
                let rest = number.get(offset..).unwrap_or_default();
                let (count, end) = common_digits(text, at, rest, WRITTEN)
                    .max(common_digits(text, at, rest, HEARD));
                if count >= telling.min(number.len()) {
                    longer(*kind, end);
                }
                let starred = starred_tail(text, end, count, offset, number);
                if let Some(end) = starred.filter(|_| telling == TELLING_DIGITS) {
                    longer(*kind, end);
                }
            }
        }
        best
    }

    /// Five digits of an identity number that stand alone, or four with its check letter.
    fn alone(&self, text: &[char], at: usize) -> Found {
        if digit(text, at).is_none() || at > 0 && is_of_number(text, at - 1) {
            return None;
        }
        let numbers = self
            .numbers
            .iter()
            .filter(|(kind, _)| *kind == Kind::IdNumber);
        numbers
            .flat_map(|(kind, number)| (0..number.len()).map(move |offset| (kind, number, offset)))
            .filter_map(|(kind, number, offset)| {
                let rest = number.get(offset..)?;
                let (count, end) = in_a_row(text, at, rest);
                let checked = count == rest.len() && rest.last() == Some(&'x');
                let least = if checked {
                    TELLING_ANNOUNCED
                } else {
                    TELLING_ALONE
                };
                let own = offset + count > REGION_DIGITS;
                let goes_on = is_of_number(text, end);
                let measured = !checked && MEASURES.contains(get(text, end));
                (count >= least && own && !goes_on && !measured).then_some((*kind, at, end))
            })
            .max_by_key(|(_, _, end)| *end)
    }

    /// The end of the last digits of a known number that stand here, the longest first.
    fn last_digits(&self, text: &[char], from: usize) -> Option<(Kind, usize)> {
        self.numbers.iter().find_map(|(kind, number)| {
            (3..=8).rev().find_map(|count| {
                let tail = number.get(number.len().checked_sub(count)?..)?;
                let (there, end) = common_digits(text, from, tail, WRITTEN);
                (there == count).then_some((*kind, end))
            })
        })
    }

    /// 尾号8000: the last digits of a known number where they are said to be that.
    fn tail(&self, text: &[char], at: usize) -> Found {
        let behind = tail_word(text, at)?;
        let from = (behind..behind + TAIL_FILLER).find(|i| digit_here(text, *i).is_some())?;
        let (kind, end) = self.last_digits(text, from)?;
        Some((kind, from, end))
    }

    /// 8000结尾, 003X的身份证.
    fn tail_before(&self, text: &[char], at: usize) -> Found {
        if at > 0 && is_of_number(text, at - 1) {
            return None;
        }
        digit_here(text, at)?;
        let (kind, end) = self.last_digits(text, at)?;
        let from = (end..end + 3).find(|i| get(text, *i).is_alphanumeric())?;
        let said = END_WORDS
            .iter()
            .any(|word| after_word(text, from, word).is_some());
        said.then_some((kind, at, end))
    }

    /// 身份证里有12003: a part of a number behind the word for it.
    fn announced(&self, text: &[char], at: usize) -> Found {
        let (word, of) = NUMBER_WORDS
            .iter()
            .find(|(word, _)| after_word(text, at, word).is_some())?;
        let behind = at + word.chars().count();
        let from = (behind..behind + ANNOUNCED_FILLER).find(|i| digit(text, *i).is_some())?;
        let numbers = self.numbers.iter().filter(|(kind, _)| kind == of);
        let ends = numbers.flat_map(|(kind, number)| {
            (0..number.len()).filter_map(move |offset| {
                let rest = number.get(offset..)?;
                let (count, end) = in_a_row(text, from, rest);
                let own = *kind != Kind::IdNumber || offset + count > REGION_DIGITS;
                let tells = count >= TELLING_ANNOUNCED && own && !is_of_number(text, end);
                tells.then_some((*kind, from, end))
            })
        });
        ends.max_by_key(|(_, _, end)| *end)
    }

    /// 转805, 分机号八零五, 805分机: the extension of a known phone.
    fn extension(&self, text: &[char], at: usize) -> Found {
        if let Some(behind) = EXTENSION_WORDS
            .iter()
            .filter_map(|word| after_word(text, at, word))
            .max()
        {
            let filler = |c: char| " :.(-\"「".contains(c) || "号是为打码拨按至到".contains(c);
            let from = (behind..behind + TAIL_FILLER).find(|i| !filler(get(text, *i)))?;
            let end = self.extension_at(text, from)?;
            let behind = get(text, end + usize::from(get(text, end) == '号'));
            let other = "路线栋楼单区站街口".contains(behind) || MEASURES.contains(behind);
            return (!other).then_some((Kind::Phone, from, end));
        }
        if at > 0 && is_of_number(text, at - 1) {
            return None;
        }
        let end = self.extension_at(text, at)?;
        let from = (end..end + 2).find(|i| get(text, *i) != ' ')?;
        let said = ["分机", "内线", "ext"]
            .iter()
            .any(|word| after_word(text, from, word).is_some());
        said.then_some((Kind::Phone, at, end))
    }

    fn extension_at(&self, text: &[char], at: usize) -> Option<usize> {
        self.extensions.iter().find_map(|extension| {
            let (count, end) = common_digits(text, at, extension, WRITTEN);
            (count == extension.len() && digit(text, end).is_none()).then_some(end)
        })
    }
}

/// Whether a digit stands here, or a point between two.
fn is_of_number(text: &[char], at: usize) -> bool {
    let joins =
        matches!(get(text, at), '.' | ':' | '/' | '-') && at > 0 && digit(text, at - 1).is_some();
    digit(text, at).is_some() || joins && digit(text, at + 1).is_some()
}

/// How many digits of a number stand here with nothing but single spaces or hyphens between them.
fn in_a_row(text: &[char], at: usize, number: &[char]) -> (usize, usize) {
    let (mut count, mut end, mut next) = (0, at, at);
    for wanted in number {
        let here =
            |i: usize| digit(text, i).or(Some('x').filter(|_| matches!(get(text, i), 'x' | '×')));
        if count > 0 && matches!(get(text, next), ' ' | '-') && here(next + 1).is_some() {
            next += 1;
        }
        if here(next) != Some(*wanted) {
            break;
        }
        next += 1;
        count += 1;
        end = next;
    }
    (count, end)
}

/// The letter after a word that announces the last digits of a number: 尾号, 最后四位, 后6位数.
fn tail_word(text: &[char], at: usize) -> Option<usize> {
    if let Some(behind) = TAIL_WORDS
        .iter()
        .filter_map(|word| after_word(text, at, word))
        .max()
    {
        return Some(behind);
    }
    let opening = [
        "最后面",
        "最后",
        "最末",
        "后面",
        "后边",
        "后头",
        "末尾",
        "后",
        "末",
        "尾",
    ];
    let behind = opening.iter().find_map(|word| after_word(text, at, word))?;
    let behind = behind + usize::from(get(text, behind) == ' ');
    matches!(digit(text, behind)?, '2'..='8').then_some(())?;
    let units = [
        "位数字",
        "位号码",
        "位数",
        "位",
        "个数字",
        "个数",
        "个号",
        "码",
        "个",
    ];
    units
        .iter()
        .find_map(|unit| after_word(text, behind + 1, unit))
}
