//! Phone numbers as people write, paste and export them, brought to one form each.
//!
//! The forms: a mobile number of mainland China is its 11 digits, a landline its area code and
//! number without signs (`059187654321`), a number abroad and in Hong Kong, Macau and Taiwan opens
//! with `+` (`+85291234567`, ITU-T E.164). An extension follows a hyphen (`059187654321-8012`): two
//! people behind one switchboard are two people.

mod signs;
mod words;

pub use self::words::says_none;

use self::{
    signs::{as_a_sheet_holds_it, joined, plain, sign},
    words::names_a_phone,
};
use super::digits::is_mobile;

/// Digits an extension has at most.
const EXTENSION_DIGITS: usize = 6;

/// Groups of digits one number is written in at most: each digit may stand alone.
const GROUPS: usize = 16;

/// Numbers read from one text at most.
const NUMBERS: usize = 4;

/// Digits of a number with its country code (E.164).
const ABROAD_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Country codes whose numbers have a known length.
const COUNTRIES: [(&str, std::ops::RangeInclusive<usize>); 4] = [
    ("852", 8..=8),
    ("853", 8..=8),
    ("886", 8..=9),
    ("1", 10..=10),
];

/// Country codes whose numbers are known without a `+` as well: no mainland number has their form.
const KNOWN_WITHOUT_PLUS: [&str; 3] = ["852", "853", "886"];

/// What a text for a phone says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneText {
    /// That there is none.
    None,
    /// Numbers in their normal form, the first of them first; never empty.
    Numbers(Vec<String>),
    /// A service everybody calls, such as 12345: a number, but nobody's own.
    Service,
    /// Nothing that could be read as a number.
    Unread,
}

impl PhoneText {
    /// Reads a text. `home` is the area code of the district, for numbers written without theirs.
    #[must_use]
    pub fn read(text: &str, home: Option<&str>) -> Self {
        if says_none(text) {
            return Self::None;
        }
        let has_digits = text.chars().any(|c| sign(c).is_ascii_digit());
        let held = as_a_sheet_holds_it(&plain(text, !has_digits));
        let tokens = tokens(&held);
        let mut numbers: Vec<String> = Vec::new();
        let runs: Vec<_> = tokens
            .split(|token| *token == Token::Stop)
            .map(groups_of)
            .collect();
        for groups in &runs {
            for number in numbers_of(groups, home) {
                if !numbers.contains(&number) && numbers.len() < NUMBERS {
                    numbers.push(number);
                }
            }
        }
        if !numbers.is_empty() {
            return Self::Numbers(numbers);
        }
        if let Some(number) = parted(text, home) {
            return Self::Numbers(vec![number]);
        }
        let told: Vec<_> = runs.iter().filter(|groups| !groups.is_empty()).collect();
        let is_abroad = |groups: &Groups<'_>| groups.iter().any(|(joint, _)| *joint == Joint::Plus);
        if told.iter().any(|groups| is_abroad(groups)) {
            return Self::Unread;
        }
        let local: Option<Vec<_>> = told.iter().map(|groups| local(groups, home)).collect();
        match (local, told.as_slice()) {
            (Some(mut local), [_, ..]) => {
                local.dedup();
                local.truncate(NUMBERS);
                Self::Numbers(local)
            }
            (None, [only]) if is_short_service(&digits_of(only), home) && names_a_phone(&held) => {
                Self::Service
            }
            _ => Self::Unread,
        }
    }
}

/// The mobile number of mainland China that a text is, and nothing else: where a code is sent to.
#[must_use]
pub fn mobile_of(text: &str) -> Option<String> {
    match PhoneText::read(text, None) {
        PhoneText::Numbers(numbers) => match numbers.as_slice() {
            [only] if is_mobile(only) => Some(only.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a number in normal form tells people apart. One of a company's whole service does not:
/// everybody who left it would be one person.
#[must_use]
pub fn tells_people_apart(number: &str) -> bool {
    !is_long_service(number.split('-').next().unwrap_or_default())
}

/// The one number that a text is where signs that else part numbers part its groups
/// (`138/0013/8000`, `0591:87654321`), or where numerals stand among its digits (`1三8零0138000`).
fn parted(text: &str, home: Option<&str>) -> Option<String> {
    [false, true].into_iter().find_map(|numerals| {
        let text = joined(&plain(text, numerals));
        let tokens = tokens(&text);
        let runs = tokens.split(|token| *token == Token::Stop).map(groups_of);
        let mut told = runs.filter(|groups| !groups.is_empty());
        let (groups, None) = (told.next()?, told.next()) else {
            return None;
        };
        let plus = groups
            .first()
            .is_some_and(|(joint, _)| *joint == Joint::Plus);
        number(&groups, plus, home)
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Digits.
    Group(String),
    /// `+`.
    Plus,
    /// `-`.
    Dash,
    /// 转, `ext`, `#`: what follows is an extension.
    Extension,
    /// Anything that is part of no number.
    Stop,
}

/// Words that announce an extension; longer ones first.
const EXTENSION_WORDS: [&str; 10] = [
    "extension",
    "转分机",
    "转接",
    "分机",
    "分機",
    "内线",
    "ext",
    "转",
    "轉",
    "#",
];

fn tokens(text: &str) -> Vec<Token> {
    let lower = text.to_lowercase();
    let mut tokens = Vec::new();
    let mut rest = lower.as_str();
    while let Some(letter) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            let (group, after) = rest.split_at(digits);
            tokens.push(Token::Group(group.to_owned()));
            rest = after;
            continue;
        }
        if let Some(after) = extension(rest, &tokens) {
            while tokens.last() == Some(&Token::Stop) || tokens.last() == Some(&Token::Dash) {
                tokens.pop();
            }
            tokens.push(Token::Extension);
            rest = after;
            continue;
        }
        match letter {
            '-' => tokens.push(Token::Dash),
            '+' => tokens.push(Token::Plus),
            ' ' | '.' => {}
            _ => tokens.push(Token::Stop),
        }
        // A gap parts groups; the parting itself is in there being two of them.
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    tokens
}

/// What follows a word that announces an extension, where digits stand on both sides of it.
fn extension<'a>(rest: &'a str, before: &[Token]) -> Option<&'a str> {
    let after_digits = before
        .iter()
        .rfind(|token| !matches!(token, Token::Stop | Token::Dash))
        .is_some_and(|token| matches!(token, Token::Group(_)));
    let word = EXTENSION_WORDS.iter().find(|word| rest.starts_with(**word));
    let word = word
        .copied()
        .or_else(|| rest.starts_with('x').then_some("x"))?;
    let after = rest.get(word.len()..)?;
    let after = after.trim_start_matches([' ', '.', ':', '：', '=', '-']);
    (after_digits && after.starts_with(|c: char| c.is_ascii_digit())).then_some(after)
}

/// How a group of digits follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    Gap,
    Dash,
    Plus,
    Extension,
}

/// Groups of digits in a row, each with how it follows the one before it.
type Groups<'a> = Vec<(Joint, &'a str)>;

fn groups_of(run: &[Token]) -> Groups<'_> {
    let mut groups = Vec::new();
    let mut joint = Joint::Gap;
    for token in run {
        match token {
            Token::Group(digits) => {
                groups.push((joint, digits.as_str()));
                joint = Joint::Gap;
            }
            Token::Plus => joint = Joint::Plus,
            Token::Extension => joint = Joint::Extension,
            Token::Dash if joint == Joint::Gap => joint = Joint::Dash,
            Token::Dash | Token::Stop => {}
        }
    }
    groups
}

/// The numbers written in a run of groups. The longest reading comes first, so that `138 0013 8000`
/// is one and `13800138000 13900139000` are two.
fn numbers_of(groups: &[(Joint, &str)], home: Option<&str>) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut rest = groups;
    while let Some(((joint, _), tail)) = rest.split_first() {
        let inside = tail
            .iter()
            .take(GROUPS - 1)
            .take_while(|(joint, _)| matches!(joint, Joint::Gap | Joint::Dash))
            .count();
        let plus = *joint == Joint::Plus;
        let found = (1..=inside + 1)
            .rev()
            .find_map(|length| Some((length, number(rest.get(..length)?, plus, home)?)));
        let Some((length, mut number)) = found else {
            rest = tail;
            continue;
        };
        rest = rest.get(length..).unwrap_or_default();
        if let Some(((joint, digits), after)) = rest.split_first()
            && digits.len() <= EXTENSION_DIGITS
            && (*joint == Joint::Extension || (*joint == Joint::Dash && !number.starts_with('+')))
        {
            number = format!("{number}-{digits}");
            rest = after;
        }
        numbers.push(number);
    }
    numbers
}

fn number(groups: &[(Joint, &str)], plus: bool, home: Option<&str>) -> Option<String> {
    let digits: String = groups.iter().map(|(_, digits)| *digits).collect();
    let abroad = if plus {
        Some(digits.strip_prefix("00").unwrap_or(&digits))
    } else {
        digits.strip_prefix("00")
    };
    let Some(digits) = abroad else {
        return national(&digits, home);
    };
    if let Some(rest) = digits.strip_prefix("86") {
        return national(rest, None).or_else(|| national(&format!("0{rest}"), None));
    }
    // `+44 (0)20 …`: the nought is for callers inside the country.
    let without_nought: String = groups
        .iter()
        .enumerate()
        .filter(|(at, (_, group))| *at != 1 || *group != "0")
        .map(|(_, (_, group))| *group)
        .collect();
    let abroad = without_nought.strip_prefix("00").unwrap_or(&without_nought);
    // `+13800138000` is no number of North America, but one of ours with a plus too many.
    international(abroad).or_else(|| is_mobile(digits).then(|| digits.to_owned()))
}

/// A number as dialled within mainland China, or one of the neighbours without its `+`.
fn national(digits: &str, home: Option<&str>) -> Option<String> {
    if is_mobile(digits) || is_long_service(digits) || is_landline(digits) {
        return Some(digits.to_owned());
    }
    if let Some(mobile) = digits.strip_prefix('0').filter(|rest| is_mobile(rest)) {
        return Some(mobile.to_owned());
    }
    if let Some(rest) = digits.strip_prefix("86") {
        let with_nought = format!("0{rest}");
        if is_mobile(rest) || is_landline(rest) {
            return Some(rest.to_owned());
        }
        if rest.len() >= 9 && is_landline(&with_nought) {
            return Some(with_nought);
        }
    }
    if KNOWN_WITHOUT_PLUS
        .iter()
        .any(|code| digits.starts_with(code))
        && let Some(number) = international(digits)
    {
        return Some(number);
    }
    // A spreadsheet drops the nought an area code opens with.
    let area = home.and_then(|home| home.strip_prefix('0'));
    let lost = format!("0{digits}");
    (area.is_some_and(|area| digits.starts_with(area)) && is_landline(&lost)).then_some(lost)
}

fn international(digits: &str) -> Option<String> {
    let known = COUNTRIES.iter().find(|(code, _)| digits.starts_with(code));
    let Some((code, lengths)) = known else {
        let fits = ABROAD_DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        return fits.then(|| format!("+{digits}"));
    };
    let rest = digits.strip_prefix(code)?;
    let rest = rest.strip_prefix('0').unwrap_or(rest);
    let fits = lengths.contains(&rest.len()) && (*code != "1" || is_north_american(rest));
    fits.then(|| format!("+{code}{rest}"))
}

/// Neither the area code nor the exchange of a North American number opens with 0 or 1.
fn is_north_american(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'2'..=b'9', _, _, b'2'..=b'9', ..])
}

/// Area code and number: 010 and 02x with 8 digits, 03xx to 09xx with 7 or 8; a subscriber's
/// number opens with neither 0 nor 1.
fn is_landline(digits: &str) -> bool {
    let rest = match digits.as_bytes() {
        [b'0', b'1', b'0', rest @ ..] | [b'0', b'2', _, rest @ ..] if rest.len() == 8 => rest,
        [b'0', b'3'..=b'9', _, _, rest @ ..] if (7..=8).contains(&rest.len()) => rest,
        _ => return false,
    };
    matches!(rest.first(), Some(b'2'..=b'9'))
}

/// 400 and 800 numbers, which companies answer.
fn is_long_service(digits: &str) -> bool {
    digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800"))
}

/// 110, 12345, 12369, 10086, 95588, 968900: a service's, with or without an area code.
fn is_short_service(digits: &str, home: Option<&str>) -> bool {
    let short = home
        .and_then(|home| digits.strip_prefix(home))
        .unwrap_or(digits);
    match short.len() {
        3 => short.starts_with('1'),
        5..=8 => ["10", "11", "12", "16", "95", "96"]
            .iter()
            .any(|head| short.starts_with(head)),
        _ => false,
    }
}

fn digits_of(groups: &[(Joint, &str)]) -> String {
    groups.iter().map(|(_, digits)| *digits).collect()
}

/// The landline of the district that groups are, without its area code and perhaps with an
/// extension.
fn local(groups: &[(Joint, &str)], home: Option<&str>) -> Option<String> {
    let (last, before) = groups.split_last()?;
    if last.0 != Joint::Extension
        && let Some(number) = without_area_code(&digits_of(groups), home)
    {
        return Some(number);
    }
    let (joint, extension) = *last;
    if !matches!(joint, Joint::Extension | Joint::Dash) || extension.len() > EXTENSION_DIGITS {
        return None;
    }
    let number = without_area_code(&digits_of(before), home)?;
    Some(format!("{number}-{extension}"))
}

/// A landline of the district written without its area code.
fn without_area_code(digits: &str, home: Option<&str>) -> Option<String> {
    let whole = format!("{}{digits}", home?);
    ((7..=8).contains(&digits.len()) && is_landline(&whole) && !is_short_service(digits, home))
        .then_some(whole)
}

#[cfg(test)]
#[path = "phone_tests.rs"]
mod tests;
