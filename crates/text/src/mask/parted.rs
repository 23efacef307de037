//! Numbers whose digits are parted by signs that part numbers from one another as well, or by words
//! for such signs: 138，5917，4623 and 138杠5917杠4623. The parts must be those in which people say
//! such numbers.

use super::{Kind, MASKED, after_word, figures::digit};
use crate::digits::{classify, get, is_day};

/// Signs in a row between two parts.
const SIGNS: usize = 3;

/// Digits of the longest number.
const DIGITS_MAX: usize = 18;

/// Words for the sign between two parts.
const SIGN_WORDS: &[&str] = &["横杠", "短横", "杠", "空格", "横", "点", "减", "空"];

/// Parts of a mobile, of a landline with its area code, of an identity number.
const PARTS: &[(Kind, &[usize])] = &[
    (Kind::Phone, &[3, 4, 4]),
    (Kind::Phone, &[4, 4, 3]),
    (Kind::Phone, &[4, 3, 4]),
    (Kind::Phone, &[3, 3, 5]),
    (Kind::Phone, &[3, 8]),
    (Kind::Phone, &[7, 4]),
    (Kind::Phone, &[3, 2, 2, 2, 2]),
    (Kind::Phone, &[1; 11]),
    (Kind::Phone, &[4, 8]),
    (Kind::Phone, &[4, 7]),
    (Kind::Phone, &[4, 4, 4]),
    (Kind::Phone, &[1; 12]),
    (Kind::IdNumber, &[6, 8, 4]),
    (Kind::IdNumber, &[6, 4, 4, 4]),
    (Kind::IdNumber, &[6, 4, 2, 2, 4]),
    (Kind::IdNumber, &[6, 12]),
    (Kind::IdNumber, &[14, 4]),
    (Kind::IdNumber, &[4, 4, 4, 4, 2]),
    (Kind::IdNumber, &[3, 3, 4, 4, 4]),
    (Kind::IdNumber, &[1; 18]),
];

/// A number in parts: what it is and where it ends.
pub(super) fn widely_parted(text: &[char], at: usize) -> Option<(Kind, usize)> {
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if before.is_ascii_alphanumeric() {
        return None;
    }
    let (mut digits, mut parts) = (String::new(), Vec::new());
    let mut found = None;
    let mut next = at;
    while digits.len() < DIGITS_MAX {
        let part = part(text, next);
        if part.is_empty() {
            break;
        }
        digits.push_str(&part);
        parts.push(part.len());
        let end = next + part.chars().count();
        found = kind_of(&digits, &parts, &part)
            .map(|kind| (kind, end))
            .or(found);
        let Some(behind) = over_sign(text, end) else {
            break;
        };
        next = behind;
    }
    found
}

/// The digits in a row from here on, the check letter of an identity number among them.
fn part(text: &[char], at: usize) -> String {
    let here = |i: usize| {
        let check = get(text, i) == 'x' && i > at && !get(text, i + 1).is_ascii_alphanumeric();
        digit(text, i).or(check.then_some('X'))
    };
    (at..).map_while(here).take(DIGITS_MAX).collect()
}

fn kind_of(digits: &str, parts: &[usize], last: &str) -> Option<Kind> {
    let said = PARTS.iter().any(|(_, of)| *of == parts);
    let kind = classify(digits).filter(|_| said && !is_day(last))?;
    PARTS
        .iter()
        .any(|(of, said)| *of == kind && *said == parts)
        .then_some(kind)
}

/// Where the digits go on behind a sign or a word for one.
fn over_sign(text: &[char], at: usize) -> Option<usize> {
    let is_sign = |c: &&char| !c.is_alphanumeric() && !matches!(**c, '\0' | MASKED);
    let signs = text
        .iter()
        .skip(at)
        .take(SIGNS + 1)
        .take_while(is_sign)
        .count();
    let next = if signs > 0 {
        at + signs
    } else {
        SIGN_WORDS
            .iter()
            .find_map(|word| after_word(text, at, word))?
    };
    (signs <= SIGNS && digit(text, next).is_some()).then_some(next)
}

#[cfg(test)]
mod tests {
    use crate::mask::mask;

    #[test]
    fn any_sign_may_part_a_number() {
        for (text, expected) in [
            ("138，5917，4623", "[电话]"),
            ("138/5917/4623", "[电话]"),
            ("138*5917*4623", "[电话]"),
            ("138杠5917杠4623", "[电话]"),
            ("138\n5917\n4623", "[电话]"),
            ("1、3、8、5、9、1、7、4、6、2、3", "[电话]"),
            ("0591/87654321", "[电话]"),
            ("0591，2278，6651转803", "[电话]"),
            ("350102,1985,0312,4813", "[身份证]"),
        ] {
            assert_eq!(mask(text).text, expected, "{text}");
        }
    }

    #[test]
    fn numbers_beside_each_other_are_none() {
        for text in [
            "138/20261103",
            "128、1305、2026",
            "138,591,746",
            "13号、14号、15号",
            "7:00-12:00、14:00-22:00",
        ] {
            assert_eq!(mask(text).text, text);
        }
    }
}
