//! A day of birth, which an identity number tells, as a date in words.

use crate::{
    digits::get,
    mask::{after_word, begins_word, figures::digit},
};

/// A day of birth: year, month, day.
pub(super) type Birth = (u32, u32, u32);

/// The day of birth in an identity number of 18 digits or of 15.
pub(super) fn of_identity(number: &[char]) -> Option<Birth> {
    let part = |from: usize, to: usize| -> Option<u32> {
        let digits: String = number.get(from..to)?.iter().collect();
        digits.parse().ok()
    };
    let (year, month, day) = match number.len() {
        18 => (part(6, 10)?, part(10, 12)?, part(12, 14)?),
        15 => (1900 + part(6, 8)?, part(8, 10)?, part(10, 12)?),
        _ => return None,
    };
    let real = (1..=12).contains(&month) && (1..=31).contains(&day);
    real.then_some((year, month, day))
}

/// Words after which a month and a day are a birthday.
const ANNOUNCED: &[&str] = &["生日", "生于", "出生", "birthday", "born", "dob"];

/// Letters between such a word and the day.
const FILLER: usize = 6;

/// Where a date ends that opens here and is one of these; and where it begins. Most ways to write a
/// day in digits alone are other days as well, so each is held against the known ones.
pub(super) fn date(text: &[char], at: usize, births: &[Birth]) -> Option<(usize, usize)> {
    if births.is_empty() {
        return None;
    }
    let known = |(year, month, day): Birth| {
        let of_year = |known: u32| year == known || year == known % 100;
        let mut births = births.iter();
        births.any(|birth| of_year(birth.0) && (month, day) == (birth.1, birth.2))
    };
    let turned = |((day, month, year), end): (Birth, usize)| ((year, month, day), end);
    let american = |((month, day, year), end): (Birth, usize)| ((year, month, day), end);
    let full = by_year(text, at).or_else(|| by_month_name(text, at));
    let in_digits = by_digits(text, at);
    let readings = [
        full,
        in_digits,
        in_digits.map(turned),
        in_digits.map(american),
    ];
    let mut readings = readings.into_iter().flatten();
    if let Some((_, end)) = readings.find(|(read, _)| known(*read)) {
        return Some((at, end));
    }
    let behind = ANNOUNCED
        .iter()
        .find_map(|word| after_word(text, at, word))?;
    (behind..behind + FILLER).find_map(|from| {
        let (month, day, end) = month_and_day(text, from)?;
        let known = births
            .iter()
            .any(|birth| (birth.1, birth.2) == (month, day));
        known.then_some((from, end))
    })
}

/// 1985年3月12日, 1985-03-12, 一九八五年三月十二日, 85年3月12日.
fn by_year(text: &[char], at: usize) -> Option<(Birth, usize)> {
    if at > 0 && digit(text, at - 1).is_some() {
        return None;
    }
    let (year, digits, next) = digits_in_a_row(text, at)?;
    if digits == 8 {
        return Some(((year / 10_000, year / 100 % 100, year % 100), next));
    }
    let next = next + usize::from(get(text, next) == ' ' && get(text, next + 1) == '年');
    let sign = get(text, next);
    let said = sign == '年';
    if !(digits == 4 || digits == 2 && said) || !(said || matches!(sign, '-' | '/' | '.' | ' ')) {
        return None;
    }
    let (month, day, end) = month_and_day(text, over_spaces(text, next + 1))?;
    Some(((year, month, day), end))
}

/// 850312, 85/03/12, 15.07.1988, 07/15/1988: three numbers as they stand, whatever each is.
fn by_digits(text: &[char], at: usize) -> Option<(Birth, usize)> {
    if at > 0 && digit(text, at - 1).is_some() {
        return None;
    }
    let (first, digits, next) = digits_in_a_row(text, at)?;
    if digits == 6 {
        return Some(((first / 10_000, first / 100 % 100, first % 100), next));
    }
    let sign = get(text, next);
    if digits > 2 || !matches!(sign, '/' | '.' | '-' | ' ') {
        return None;
    }
    let (second, digits, next) = digits_in_a_row(text, over_spaces(text, next + 1))?;
    if digits > 2 || get(text, next) != sign {
        return None;
    }
    let (third, digits, end) = digits_in_a_row(text, over_spaces(text, next + 1))?;
    matches!(digits, 1 | 2 | 4).then_some(((first, second, third), end))
}

/// 3月12日, 三月十二, 03-12.
fn month_and_day(text: &[char], at: usize) -> Option<(u32, u32, usize)> {
    let (month, next) = small(text, at)?;
    let next = over_spaces(text, next);
    if !matches!(get(text, next), '月' | '-' | '/' | '.' | ' ') {
        return None;
    }
    let (day, end) = small(text, over_spaces(text, next + 1))?;
    let closed = usize::from(matches!(get(text, end), '日' | '号'));
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day, end + closed))
}

fn over_spaces(text: &[char], at: usize) -> usize {
    at + usize::from(get(text, at) == ' ')
}

/// Digits of any writing one after another: their number, how many they are, and where they end.
fn digits_in_a_row(text: &[char], at: usize) -> Option<(u32, usize, usize)> {
    const MOST: usize = 9;
    let digits: String = (at..at + MOST).map_while(|i| digit(text, i)).collect();
    Some((digits.parse().ok()?, digits.len(), at + digits.len()))
}

/// A number below a hundred in digits, or in Chinese as it is read: 十二, 二十一, 三十.
fn small(text: &[char], at: usize) -> Option<(u32, usize)> {
    let unit = |at: usize| digit(text, at)?.to_digit(10);
    let tens_at = usize::from(unit(at).is_some());
    if get(text, at + tens_at) == '十' {
        let tens = unit(at).unwrap_or(1);
        let behind = at + tens_at + 1;
        return Some(match unit(behind) {
            Some(one) => (tens * 10 + one, behind + 1),
            None => (tens * 10, behind),
        });
    }
    let (value, digits, end) = digits_in_a_row(text, at)?;
    (digits <= 2).then_some((value, end))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Letters of a month's name that tell it.
const MONTH_LETTERS: usize = 3;

/// Signs and short words between the parts of an English date.
const ENGLISH_GAP: usize = 5;

/// 12 March 1985, March 12th, 1985, March twelfth nineteen eighty-five.
fn by_month_name(text: &[char], at: usize) -> Option<(Birth, usize)> {
    if !begins_word(text, at) || (at > 0 && get(text, at - 1).is_ascii_digit()) {
        return None;
    }
    let (month, day, next) = match month_name(text, at) {
        Some((month, next)) => {
            let (day, next) = english(text, over_gap(text, next))?;
            (month, day, next)
        }
        None => {
            let (day, next) = english(text, at)?;
            let (month, next) = month_name(text, over_gap(text, next))?;
            (month, day, next)
        }
    };
    let (year, end) = english_year(text, over_gap(text, next))?;
    Some(((year, month, day), end))
}

fn month_name(text: &[char], at: usize) -> Option<(u32, usize)> {
    let word = word_at(text, at);
    let fits = |name: &str| word.len() >= MONTH_LETTERS && name.starts_with(&word);
    let month = MONTHS.iter().position(|name| fits(name))?;
    Some((u32::try_from(month).ok()? + 1, at + word.len()))
}

/// The Latin letters from here on.
fn word_at(text: &[char], at: usize) -> String {
    let rest = text.iter().skip(at);
    rest.take_while(|c| c.is_ascii_alphabetic()).collect()
}

/// Over signs, `of`, `the` and `and`.
fn over_gap(text: &[char], at: usize) -> usize {
    let signs = |at: usize| {
        let rest = text.iter().skip(at).take(ENGLISH_GAP);
        at + rest
            .take_while(|c| matches!(c, ' ' | ',' | '.' | '-'))
            .count()
    };
    let next = signs(at);
    let word = word_at(text, next);
    if matches!(word.as_str(), "of" | "the" | "and") {
        signs(next + word.len())
    } else {
        next
    }
}

/// What a word counts; `th` and the like are passed over.
const COUNTED: &[(&str, u32)] = &[
    ("one", 1),
    ("first", 1),
    ("two", 2),
    ("second", 2),
    ("three", 3),
    ("third", 3),
    ("four", 4),
    ("fourth", 4),
    ("five", 5),
    ("fifth", 5),
    ("six", 6),
    ("sixth", 6),
    ("seven", 7),
    ("seventh", 7),
    ("eight", 8),
    ("eighth", 8),
    ("nine", 9),
    ("ninth", 9),
    ("ten", 10),
    ("tenth", 10),
    ("eleven", 11),
    ("eleventh", 11),
    ("twelve", 12),
    ("twelfth", 12),
    ("thirteen", 13),
    ("thirteenth", 13),
    ("fourteen", 14),
    ("fourteenth", 14),
    ("fifteen", 15),
    ("fifteenth", 15),
    ("sixteen", 16),
    ("sixteenth", 16),
    ("seventeen", 17),
    ("seventeenth", 17),
    ("eighteen", 18),
    ("eighteenth", 18),
    ("nineteen", 19),
    ("nineteenth", 19),
    ("twenty", 20),
    ("twentieth", 20),
    ("thirty", 30),
    ("thirtieth", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];

fn counted(text: &[char], at: usize) -> Option<(u32, usize)> {
    let word = word_at(text, at);
    let found = COUNTED.iter().find(|(name, _)| *name == word)?;
    Some((found.1, at + word.len()))
}

/// A number below a hundred, in digits or English words.
fn english(text: &[char], at: usize) -> Option<(u32, usize)> {
    if let Some((value, end)) = small(text, at) {
        let suffix = word_at(text, end);
        let is_one = matches!(suffix.as_str(), "st" | "nd" | "rd" | "th");
        return Some((value, end + if is_one { suffix.len() } else { 0 }));
    }
    let (value, end) = counted(text, at)?;
    let unit = counted(text, over_gap(text, end)).filter(|(unit, _)| value >= 20 && *unit < 10);
    Some(unit.map_or((value, end), |(unit, end)| (value + unit, end)))
}

/// 1985, nineteen eighty-five, two thousand and five.
fn english_year(text: &[char], at: usize) -> Option<(u32, usize)> {
    if let Some((year, 4, end)) = digits_in_a_row(text, at) {
        return Some((year, end));
    }
    let (century, next) = counted(text, at)?;
    let next = over_gap(text, next);
    if word_at(text, next) == "thousand" {
        let end = next + "thousand".len();
        let rest = english(text, over_gap(text, end));
        return Some(rest.map_or((century * 1000, end), |(rest, end)| {
            (century * 1000 + rest, end)
        }));
    }
    let (rest, end) = english(text, next)?;
    Some((century * 100 + rest, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BORN: [Birth; 1] = [(1985, 3, 12)];

    fn found(text: &str) -> bool {
        let letters: Vec<char> = text.to_lowercase().chars().collect();
        (0..letters.len()).any(|at| date(&letters, at, &BORN).is_some())
    }

    #[test]
    fn a_birthday_is_read_in_every_writing() {
        for text in [
            "1985年3月12日",
            "1985年03月12日",
            "一九八五年三月十二日",
            "85年3月12日",
            "1985-03-12",
            "1985/3/12",
            "1985.3.12",
            "19850312",
            "我生日是3月12日",
            "生于三月十二",
            "12 March 1985",
            "March 12th, 1985",
            "Mar 12 1985",
            "the twelfth of March nineteen eighty-five",
            "March twelfth, nineteen eighty five",
            "1985 年 3 月 12 日",
            "03/12/1985",
            "12.03.1985",
            "12.3.85",
            "850312",
            "85/03/12",
            "85.3.12",
            "12-03-1985",
            "二十世纪生于一九八五年三月十二日",
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            "2026年3月12日",
            "3月12日晚上",
            "1985年3月11日",
            "1985年建成",
            "11 March 1985",
            "编号11985031299",
            "12 March 2026",
            "may 12",
            "850311",
            "8503121",
            "12.4.1985",
            "比例85/3/13",
            "12/03",
        ] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn an_identity_number_tells_a_birthday() {
        let of = |text: &str| of_identity(&text.chars().collect::<Vec<_>>());
        assert_eq!(of("35010219850312481x"), Some((1985, 3, 12)));
        assert_eq!(of("350102850312481"), Some((1985, 3, 12)));
        assert_eq!(of("350102851312481"), None);
        assert_eq!(of("E12345678"), None);
    }
}
