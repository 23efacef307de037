//! What a run of digits in free text is: a phone, an identity number, a bank card, or none of these.

use super::kind::Kind;

/// The letter at a place; NUL beyond the text.
pub(super) fn get(text: &[char], at: usize) -> char {
    text.get(at).copied().unwrap_or('\0')
}

/// The half-width form of a full-width letter, digit or sign.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// The ASCII form of a full-width letter or sign and of a digit of another script or dress; any other
/// letter as it is.
pub(super) fn plain_digit(c: char) -> char {
    /// Scripts and dresses in which people write digits: the letter of each that is a nought.
    const NOUGHTS: [char; 11] = [
        '\u{0660}',
        '\u{06f0}',
        '\u{07c0}',
        '\u{0966}',
        '\u{09e6}',
        '\u{0f20}',
        '\u{1d7ce}',
        '\u{1d7d8}',
        '\u{1d7e2}',
        '\u{1d7ec}',
        '\u{1d7f6}',
    ];
    let code = u32::from(c);
    let nought = NOUGHTS
        .iter()
        .map(|nought| u32::from(*nought))
        .find(|nought| (*nought..nought + 10).contains(&code));
    match nought {
        Some(nought) => char::from_digit(code - nought, 10).unwrap_or(c),
        None => half_width(c),
    }
}

/// What a run of digits is by its length and form.
pub(super) fn classify(digits: &str) -> Option<Kind> {
    match digits.len() {
        18 if is_identity_18(digits) => Some(Kind::IdNumber),
        15 if is_identity_15(digits) => Some(Kind::IdNumber),
        16..=19 if is_bank_card(digits) => Some(Kind::BankCard),
        11 if is_mobile(digits) => Some(Kind::Phone),
        13 if digits.strip_prefix("86").is_some_and(is_mobile) => Some(Kind::Phone),
        15 if digits.strip_prefix("0086").is_some_and(is_mobile) => Some(Kind::Phone),
        10..=12 if is_landline(digits) => Some(Kind::Phone),
        8 if is_local_landline(digits) => Some(Kind::Phone),
        _ => None,
    }
}

pub(super) fn is_mobile(digits: &str) -> bool {
    digits.len() == 11
        && digits.bytes().all(|b| b.is_ascii_digit())
        && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

/// Digits of a day that numbers of files open with: 20190813.
const DAY_DIGITS: usize = 8;

/// Whether a longer run has a mobile number in it. Behind the day that the number of a file opens
/// with, it is looked for; a day and what follows it are none.
pub(super) fn holds_mobile(digits: &str) -> bool {
    let dated = digits.get(..DAY_DIGITS).is_some_and(is_day);
    let first = if dated { DAY_DIGITS } else { 0 };
    digits.len() > 11
        && (first..=digits.len() - 11)
            .any(|from| digits.get(from..from + 11).is_some_and(is_mobile))
}

/// With area code: 010, 02x (8 digits), 03xx to 09xx (7 or 8 digits).
pub(super) fn is_landline(digits: &str) -> bool {
    match digits.as_bytes() {
        [b'0', b'1' | b'2', _, rest @ ..] => rest.len() == 8 && rest.first() != Some(&b'0'),
        [b'0', region @ b'3'..=b'9', part, _, rest @ ..] => {
            // No area opens with 080; numbers of files of 2008 do.
            let area = *part != b'0' || matches!(region, b'7' | b'9');
            area && (7..=8).contains(&rest.len()) && !matches!(rest.first(), Some(b'0' | b'1'))
        }
        _ => false,
    }
}

/// The exchanges of Fuzhou's old town, by which a number is told that nothing announces.
fn is_local_landline(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'8', b'2'..=b'8', ..])
}

/// Whether eight digits may be a number of any of Fuzhou's exchanges, where something else says that
/// they are a phone's.
pub(super) fn is_of_an_exchange(digits: &str) -> bool {
    digits.len() == 8 && matches!(digits.as_bytes(), [b'2'..=b'8', ..]) && !is_day(digits)
}

fn is_date(year: &str, month: &str, day: &str) -> bool {
    let within = |text: &str, range: std::ops::RangeInclusive<u32>| {
        text.parse().is_ok_and(|n| range.contains(&n))
    };
    within(year, 1900..=2100) && within(month, 1..=12) && within(day, 1..=31)
}

/// 20261124, a day of this time.
pub(super) fn is_day(digits: &str) -> bool {
    match (digits.get(..4), digits.get(4..6), digits.get(6..)) {
        (Some(year), Some(month), Some(day)) => {
            digits.len() == DAY_DIGITS && is_date(year, month, day)
        }
        _ => false,
    }
}

/// Whether an identity number may open so: with a province.
fn opens_with_province(digits: &str) -> bool {
    let province = digits.get(..2).and_then(|two| two.parse::<u32>().ok());
    province.is_some_and(|code| {
        matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
    })
}

/// Years of birth from which on nobody writes complaints: a number that has one is a permit's sooner,
/// unless its check letter is right.
const BORN_TOO_LATE: &str = "2015";

/// 18 digits by GB 11643: a province and a plausible birth date, whatever the check digit says; a
/// mistyped identity number is still somebody's.
fn is_identity_18(digits: &str) -> bool {
    match (digits.get(6..10), digits.get(10..12), digits.get(12..14)) {
        (Some(year), Some(month), Some(day)) => {
            let checked = digits.get(..17).and_then(check_letter) == digits.chars().last();
            opens_with_province(digits)
                && is_date(year, month, day)
                && (year < BORN_TOO_LATE || checked)
        }
        _ => false,
    }
}

/// The 15 digits of an old card. Nobody born before 1910 writes.
fn is_identity_15(digits: &str) -> bool {
    match (digits.get(6..8), digits.get(8..10), digits.get(10..12)) {
        (Some(year), Some(month), Some(day)) => {
            opens_with_province(digits) && year >= "10" && is_date(&format!("19{year}"), month, day)
        }
        _ => false,
    }
}

/// The check letter of GB 11643-1999 for the 17 digits before it.
pub(super) fn check_letter(digits: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const LETTERS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = digits
        .bytes()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b.wrapping_sub(b'0')) * w)
        .sum();
    LETTERS.get(sum as usize % LETTERS.len()).copied()
}

/// A card's digits check, and it opens and is as long as those of banks are.
fn is_bank_card(digits: &str) -> bool {
    let opens = match digits.as_bytes() {
        [b'6' | b'9', ..] => true,
        [b'3'..=b'5', ..] => digits.len() == 16,
        _ => false,
    };
    opens && luhn(digits)
}

/// Whether a word of letters and digits opens as a company's code does (统一社会信用代码): what
/// registered it, and a province. Permits open with that code and have more letters.
pub(super) fn opens_like_a_company(word: &str) -> bool {
    (18..=22).contains(&word.len())
        && matches!(word.as_bytes(), [b'9', b'1'..=b'3', ..])
        && word.get(2..).is_some_and(opens_with_province)
        && word
            .get(2..8)
            .is_some_and(|area| area.bytes().all(|b| b.is_ascii_digit()))
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match (at % 2, digit) {
                (0, d) => d,
                (_, d) if d > 4 => d * 2 - 9,
                (_, d) => d * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
