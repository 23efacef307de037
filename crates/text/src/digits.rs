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
        16..=19 if luhn(digits) => Some(Kind::BankCard),
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

/// Whether a longer run has a mobile number in it.
pub(super) fn holds_mobile(digits: &str) -> bool {
    digits.len() > 11
        && (0..=digits.len() - 11).any(|from| digits.get(from..from + 11).is_some_and(is_mobile))
}

/// With area code: 010, 02x (8 digits), 03xx to 09xx (7 or 8 digits).
fn is_landline(digits: &str) -> bool {
    match digits.as_bytes() {
        [b'0', b'1' | b'2', _, rest @ ..] => rest.len() == 8 && rest.first() != Some(&b'0'),
        [b'0', b'3'..=b'9', _, _, rest @ ..] => {
            (7..=8).contains(&rest.len()) && rest.first() != Some(&b'0')
        }
        _ => false,
    }
}

/// Fuzhou's own numbers have eight digits and open with 8, 3 or 6; a date opens with 19 or 20.
fn is_local_landline(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'8', b'3' | b'7' | b'8', ..])
}

fn is_date(year: &str, month: &str, day: &str) -> bool {
    let within = |text: &str, range: std::ops::RangeInclusive<u32>| {
        text.parse().is_ok_and(|n| range.contains(&n))
    };
    within(year, 1900..=2100) && within(month, 1..=12) && within(day, 1..=31)
}

/// 18 digits by GB 11643: a plausible birth date, whatever the check digit says; a mistyped
/// identity number is still somebody's.
fn is_identity_18(digits: &str) -> bool {
    match (digits.get(6..10), digits.get(10..12), digits.get(12..14)) {
        (Some(year), Some(month), Some(day)) => is_date(year, month, day),
        _ => false,
    }
}

fn is_identity_15(digits: &str) -> bool {
    match (digits.get(6..8), digits.get(8..10), digits.get(10..12)) {
        (Some(year), Some(month), Some(day)) => is_date(&format!("19{year}"), month, day),
        _ => false,
    }
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
