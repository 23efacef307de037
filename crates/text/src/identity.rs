//! Identity documents as people write and paste them, brought to one form each.

use chrono::{Datelike as _, NaiveDate};

use super::{
    digits::{check_letter, plain_digit},
    ink::takes_no_ink,
    phone::says_none,
};

/// What a text for an identity number says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityText {
    /// That there is none.
    None,
    /// A number in its normal form.
    Number(String),
    /// Nothing that could be read as one.
    Unread,
}

impl IdentityText {
    /// Reads a text: the 18 letters of a resident's card (GB 11643) with their check letter, the 15
    /// digits of an old one (which come to the 18 of the same person), a permit or card of Hong
    /// Kong, Macau or Taiwan, a passport, a company's 统一社会信用代码 (GB 32100).
    #[must_use]
    pub fn read(text: &str) -> Self {
        if says_none(text) {
            return Self::None;
        }
        let plain = plain(text);
        let number = resident(&plain)
            .or_else(|| of_old_card(&plain))
            .or_else(|| standing_alone(text))
            .or_else(|| neighbour(&plain))
            .or_else(|| passport(&plain))
            .or_else(|| company(&plain));
        number.map_or(Self::Unread, Self::Number)
    }
}

/// Letters and digits in upper case and half width; the label before them and signs between them
/// are left out. The check letter X is also written as a sign or in another script.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !takes_no_ink(*c))
        .map(letter)
        .filter(char::is_ascii_alphanumeric)
        .collect()
}

fn letter(c: char) -> char {
    match plain_digit(c) {
        '×' | '✕' | '╳' | 'х' | 'Х' | 'χ' | 'Χ' | 'Ⅹ' | 'ⅹ' => 'X',
        c => c.to_ascii_uppercase(),
    }
}

/// The number of a card that stands alone in a text, beside a label, a name or another number
/// (`ID No. 110105…`, `…002X,13800138000`): groups that together have its length and its check
/// letter, or the birthday of an old one behind a label.
fn standing_alone(text: &str) -> Option<String> {
    let groups = groups(text);
    let from = |at: usize| groups.get(at..).unwrap_or_default();
    let begins = || (0..groups.len()).map(from);
    let read = |groups: &[Group], length: usize, card: fn(&str) -> Option<String>| {
        let mut number = String::new();
        for (at, group) in groups.iter().enumerate() {
            if at > 0 && group.begins_anew {
                return None;
            }
            number.push_str(&group.letters);
            if number.len() >= length {
                break;
            }
        }
        card(&number)
    };
    begins()
        .find_map(|groups| read(groups, 18, resident))
        .or_else(|| begins().find_map(|groups| read(groups, 15, of_old_card)))
}

/// Whether eight digits are a birthday that a card may have.
fn is_birthday(digits: &str) -> bool {
    const YEARS: std::ops::RangeInclusive<i32> = 1850..=2100;
    let day = NaiveDate::parse_from_str(digits, "%Y%m%d");
    day.is_ok_and(|day| YEARS.contains(&day.year()))
}

/// Digits in a row, the last of which may be the check letter X.
struct Group {
    letters: String,
    /// Whether a word stands between it and the group before.
    begins_anew: bool,
}

/// The groups of a text. What letters stand before the digits of a word is its label; what has
/// letters among or behind its digits is no group.
fn groups(text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut begins_anew = true;
    let letters: String = text
        .chars()
        .filter(|c| !takes_no_ink(*c))
        .map(letter)
        .collect();
    for word in letters
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
    {
        // A label of another script ends where the digits begin, and a name begins behind them.
        for part in word.split(|c: char| !c.is_ascii()) {
            let digits = part.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let is_check = part == "X";
            let letters = if is_check { part } else { digits };
            let head = letters.strip_suffix('X').unwrap_or(letters);
            if !is_check && !all_digits(head) {
                begins_anew = true;
                continue;
            }
            groups.push(Group {
                letters: letters.to_owned(),
                begins_anew: begins_anew || letters.len() < part.len(),
            });
            begins_anew = false;
        }
    }
    groups
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The number of a card: its check letter and its birthday are right.
fn resident(text: &str) -> Option<String> {
    let is_born = text.get(6..14).is_some_and(is_birthday);
    (is_born && has_card_check(text)).then(|| text.to_owned())
}

/// Whether a text has the form of a card's number with its check letter.
fn has_card_check(text: &str) -> bool {
    text.split_at_checked(17).is_some_and(|(digits, last)| {
        all_digits(digits) && check_letter(digits).map(String::from).as_deref() == Some(last)
    })
}

/// Cards issued until 1999 lack the century and the check letter.
fn of_old_card(text: &str) -> Option<String> {
    let (area, rest) = text.split_at_checked(6)?;
    let born = is_birthday(&format!("19{}", rest.get(..6)?));
    if text.len() != 15 || !all_digits(text) || area.starts_with('0') || !born {
        return None;
    }
    let digits = format!("{area}19{rest}");
    let check = check_letter(&digits)?;
    Some(format!("{digits}{check}"))
}

/// 港澳居民来往内地通行证 (H or M and 8 digits; older ones end in two digits of the issue), 台湾
/// 居民来往大陆通行证 (8 digits; older ones had ten and a letter), identity cards of Hong Kong
/// (A123456(7)) and Taiwan (A123456789).
fn neighbour(text: &str) -> Option<String> {
    let (head, rest) = text.split_at_checked(1)?;
    let letter = head.bytes().all(|b| b.is_ascii_uppercase());
    if letter && matches!(head, "H" | "M") && all_digits(rest) && matches!(rest.len(), 8 | 10) {
        return text.get(..9).map(str::to_owned);
    }
    let taiwan = letter
        && rest.len() == 9
        && all_digits(rest)
        && matches!(rest.as_bytes(), [b'1' | b'2' | b'8' | b'9', ..]);
    if taiwan || is_hong_kong_card(text) {
        return Some(text.to_owned());
    }
    let permit = all_digits(text) && text.len() == 8
        || matches!(text.len(), 10 | 11)
            && text.get(..10).is_some_and(all_digits)
            && text.ends_with(|c: char| c.is_ascii_uppercase());
    (permit && !text.starts_with('1'))
        .then(|| text.get(..8).map(str::to_owned))
        .flatten()
}

/// One letter or two, six digits and a check digit or A.
fn is_hong_kong_card(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.get(letters..).unwrap_or_default();
    (1..=2).contains(&letters)
        && digits.len() == 7
        && digits.get(..6).is_some_and(all_digits)
        && digits.ends_with(|c: char| c.is_ascii_digit() || c == 'A')
}

/// One letter or two (three at most) and six to nine digits; seven to nine digits alone abroad.
fn passport(text: &str) -> Option<String> {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = text.get(letters..).unwrap_or_default();
    let fits = all_digits(digits)
        && match letters {
            1..=3 => (6..=9).contains(&digits.len()),
            _ => false,
        };
    fits.then(|| text.to_owned())
}

/// A company's code (统一社会信用代码) in its normal form, if its last letter checks the others.
#[must_use]
pub fn company_code(text: &str) -> Option<String> {
    Some(plain(text)).filter(|code| has_company_check(code))
}

/// Whether a text is a company's code (统一社会信用代码), or a permit's that begins with it.
#[must_use]
pub fn is_of_a_company(text: &str) -> bool {
    const LETTERS: usize = 18;
    const PERMIT_MAX: usize = 4;
    let plain = plain(text);
    let permit = plain.len().checked_sub(LETTERS);
    permit.is_some_and(|more| more <= PERMIT_MAX)
        && plain
            .get(..LETTERS)
            .is_some_and(|code| has_company_check(code) && !has_card_check(code))
}

/// A company's code in the field of an identity number; one of digits alone, or of such with an X
/// behind them, would be a misspelled identity number sooner.
fn company(text: &str) -> Option<String> {
    let is_card = all_digits(text.strip_suffix('X').unwrap_or(text));
    (!is_card && has_company_check(text)).then(|| text.to_owned())
}

/// 18 letters without I, O, S, V, Z; the last checks the others (GB 32100-2015).
fn has_company_check(text: &str) -> bool {
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> = text.chars().map(|c| LETTERS.find(c)).collect();
    let values = values
        .filter(|values| values.len() == 18)
        .unwrap_or_default();
    let Some((last, others)) = values.split_last() else {
        return false;
    };
    let mut weight = 1;
    let mut sum = 0;
    for value in others {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == *last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<String> {
        match IdentityText::read(text) {
            IdentityText::Number(number) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn every_spelling_of_a_card_comes_to_its_eighteen_letters() {
        for text in [
            "11010519491231002X",
            "11010519491231002x",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105 19491231 002X",
            "110105-19491231-002x",
            "\u{202d}11010519491231002X\u{202c}",
            "'11010519491231002X",
            "身份证：11010519491231002X",
            "11010519491231002×",
            "110105\u{a0}19491231\u{2009}002Ⅹ",
            "110105194912 31002х",
            "110105491231002",
            "110105 491231 002",
            "ID: 11010519491231002X",
            "ID No. 110105 19491231 002X",
            "No:11010519491231002x",
            "NO.11010519491231002X",
            "sfz11010519491231002X",
            "ZHANG SAN 11010519491231002X",
            "XU XI 11010519491231 002 X",
            "张三11010519491231002X李四",
            "11010519491231002X,13800138000",
            "13800138000 11010519491231002X",
            "13800138000，身份证110105194912 31002×",
            "11010519491231002X.0",
            "11010519491231002X (ZHANG)",
            "ID 110105491231002",
        ] {
            assert_eq!(
                number(text).as_deref(),
                Some("11010519491231002X"),
                "{text:?}"
            );
        }
    }

    /// A right check letter behind a day that never was is a misspelling all the same.
    #[test]
    fn a_card_has_a_birthday() {
        let checked = |birthday: &str| {
            let digits = format!("110105{birthday}002");
            let check = check_letter(&digits).unwrap();
            format!("{digits}{check}")
        };
        for day in ["19491231", "20000229", "19000101", "20240101"] {
            assert_eq!(number(&checked(day)), Some(checked(day)), "{day}");
        }
        for day in [
            "19491331", "19490031", "19490230", "19000229", "19491200", "19491232", "00001231",
            "99990101",
        ] {
            assert_eq!(
                IdentityText::read(&checked(day)),
                IdentityText::Unread,
                "{day}"
            );
            assert!(!is_of_a_company(&checked(day)), "{day}");
        }
    }

    #[test]
    fn permits_and_passports_are_numbers_too() {
        for (text, read) in [
            ("H12345678", "H12345678"),
            ("h 1234 5678", "H12345678"),
            ("H1234567801", "H12345678"),
            ("M02345678", "M02345678"),
            ("02345678", "02345678"),
            ("0234567801(B)", "02345678"),
            ("A123456789", "A123456789"),
            ("A123456(7)", "A1234567"),
            ("E12345678", "E12345678"),
            ("EA1234567", "EA1234567"),
            ("91350100M000100Y43", "91350100M000100Y43"),
        ] {
            assert_eq!(number(text).as_deref(), Some(read), "{text:?}");
        }
    }

    #[test]
    fn none_and_unreadable_are_told_apart() {
        for text in ["", "无", "未提供", "—"] {
            assert_eq!(IdentityText::read(text), IdentityText::None, "{text:?}");
        }
        for text in [
            "110105194912310021",
            "350102199001011234",
            "11010519491331002X",
            "身份证 11010519491331002X",
            "110105490231002",
            "3.50102E+17",
            "13800138000",
            "110105491331002",
            "1101051949123100",
            "91350100M000100Y44",
            "忘记了",
            "ID: 110105194912310021",
            "11010519491231 ZHANG 002X",
            "ID 11010519491231002X1",
            "11010519491231002 1380013",
            "13800138000 1380013",
            "ID 110105194912310",
        ] {
            assert_eq!(IdentityText::read(text), IdentityText::Unread, "{text:?}");
        }
    }
}
