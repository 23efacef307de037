//! Which passwords are too easily guessed (等保2.0 身份鉴别: 复杂度).
//!
//! A guesser begins with what leaked before, with dates, walks over the keyboard and repetitions,
//! and with the names of the person, the place and the product. The first are counted by `zxcvbn`,
//! which knows the common English ones; the names and the common Chinese ones are ours to tell it.

use zxcvbn::Score;

use super::password::{MAX_LETTERS, MIN_LETTERS};
use crate::district::Profile;
use crate::platform::{
    guessable,
    problem::{ItemCode, Problem},
};

/// Letters that must be left of a password without the names everybody would try.
const LEFT_WITHOUT_NAMES: usize = 8;

/// So many digits in a row are a phone number or a date.
const NUMBER_DIGITS: usize = 8;

/// Words of the product and of the trade.
const PRODUCT: [&str; 12] = [
    "dengwen",
    "登闻",
    "admin",
    "password",
    "密码",
    "生态环境局",
    "生态环境",
    "环保局",
    "环保",
    "执法大队",
    "大队",
    "网格员",
];

/// Whom a password is for.
#[derive(Debug)]
pub struct Whose<'a> {
    /// User name.
    pub username: &'a str,
    /// Name shown.
    pub display_name: &'a str,
    /// Words of the place.
    pub district: Vec<&'a str>,
}

/// The words of a district that its people's passwords are tried with.
#[must_use]
pub fn words_of(profile: &Profile) -> Vec<&str> {
    let rules = &profile.rules;
    let streets = profile.streets.iter().map(|street| street.name.as_str());
    let said = rules.password_words.iter().map(String::as_str);
    [rules.name.as_str(), rules.code.as_str()]
        .into_iter()
        .chain(streets)
        .chain(said)
        .collect()
}

/// Refuses a password that is too short, too long or too easily guessed.
///
/// # Errors
/// 422 at `field`, with what is wrong with it.
pub fn check(field: &str, password: &str, whose: &Whose<'_>) -> Result<(), Problem> {
    match weakness(password, whose) {
        None => Ok(()),
        Some((code, message)) => Err(Problem::invalid(field, code, message)),
    }
}

fn weakness(password: &str, whose: &Whose<'_>) -> Option<(ItemCode, String)> {
    let letters = password.chars().count();
    if letters < MIN_LETTERS {
        let message = format!("a password has {MIN_LETTERS} letters or more");
        return Some((ItemCode::TooShort, message));
    }
    if letters > MAX_LETTERS {
        let message = format!("a password has {MAX_LETTERS} letters or fewer");
        return Some((ItemCode::TooLong, message));
    }
    let only_digits = |c: char| c.is_numeric() || matches!(c, '-' | '/' | '.' | ' ' | '+');
    if password.chars().all(only_digits) {
        let message = "is digits alone, as dates and phone numbers are".to_owned();
        return Some((ItemCode::DigitsOnly, message));
    }
    let names = names(whose);
    if left_without(password, &names) < LEFT_WITHOUT_NAMES {
        let message =
            "is little more than the name of the person, the place or the product".to_owned();
        return Some((ItemCode::NamesItsOwner, message));
    }
    let names = names.iter().map(String::as_str);
    let words: Vec<&str> = names.chain(guessable::words().iter().copied()).collect();
    let is_weak = |text: &str| zxcvbn::zxcvbn(text, &words).score() < Score::Three;
    if is_weak(password) || is_weak(&without_shift(password)) || is_around_a_number(password) {
        let message =
            "is easily guessed; several words that do not belong together are not".to_owned();
        return Some((ItemCode::EasilyGuessed, message));
    }
    None
}

/// The keys that were struck: who walks over the keyboard holds shift now and then.
fn without_shift(password: &str) -> String {
    const SHIFTED: [char; 10] = ['!', '@', '#', '$', '%', '^', '&', '*', '(', ')'];
    let struck = |c: char| match SHIFTED.iter().position(|shifted| *shifted == c) {
        Some(at) => char::from_digit((u32::try_from(at).unwrap_or(0) + 1) % 10, 10).unwrap_or(c),
        None => c.to_ascii_lowercase(),
    };
    password.chars().map(struck).collect()
}

/// Whether a password is a phone number or a date with a little beside it.
fn is_around_a_number(password: &str) -> bool {
    let mut beside = 0;
    let mut in_number = 0;
    let pieces = password.split_inclusive(|c: char| !c.is_ascii_digit());
    for piece in pieces {
        let digits = piece.chars().filter(char::is_ascii_digit).count();
        let others = piece.chars().count() - digits;
        if digits >= NUMBER_DIGITS {
            in_number += digits;
            beside += others;
        } else {
            beside += digits + others;
        }
    }
    in_number > 0 && beside < LEFT_WITHOUT_NAMES
}

/// Every name a guesser would begin with, in small letters, the longest first. A single letter or
/// digit is in every password and no name.
fn names(whose: &Whose<'_>) -> Vec<String> {
    let own = [whose.username, whose.display_name];
    let parts = own
        .into_iter()
        .flat_map(|name| name.split(['.', '_', '-', ' ']));
    let mut names: Vec<String> = own
        .into_iter()
        .chain(parts)
        .chain(whose.district.iter().flat_map(|name| without_ranks(name)))
        .chain(PRODUCT)
        .map(str::to_lowercase)
        .filter(|name| name.len() >= 3)
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    names
}

/// A place's name whole, and its parts without their ranks (市, 区, 街道).
fn without_ranks(name: &str) -> impl Iterator<Item = &str> {
    let parts = name.split(['市', '区', '县']);
    std::iter::once(name).chain(parts.map(|part| part.trim_end_matches("街道")))
}

/// Letters left of a password when the names are taken out.
fn left_without(password: &str, names: &[String]) -> usize {
    let mut left = password.to_lowercase();
    for name in names {
        left = left.replace(name, "");
    }
    left.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(password: &str) -> Option<&'static str> {
        let whose = Whose {
            username: "chen.li",
            display_name: "陈力力",
            district: vec!["福州市鼓楼区", "gulou", "fuzhou", "350102"],
        };
        weakness(password, &whose).map(|(code, _)| code.as_str())
    }

    #[test]
    fn what_a_guesser_tries_first_is_refused() {
        for (password, code) in [
            ("short", "too_short"),
            ("一二三四五六七八九", "too_short"),
            ("19900101199", "digits_only"),
            ("1990-01-01 ", "digits_only"),
            ("13800001234", "digits_only"),
            ("dengwen-demo", "names_its_owner"),
            ("chen.li2026", "names_its_owner"),
            ("Chen.Li@2026", "names_its_owner"),
            ("陈力力陈力力陈力力1!", "names_its_owner"),
            ("gulou350102!", "names_its_owner"),
            ("Fuzhou2026!!", "names_its_owner"),
            ("福州市鼓楼区2026!", "names_its_owner"),
            ("password1234", "names_its_owner"),
            ("qwertyuiop", "easily_guessed"),
            ("1qaz2wsx3edc", "easily_guessed"),
            ("asdfghjkl;'", "easily_guessed"),
            ("aaaaaaaaaaaa", "easily_guessed"),
            ("abcabcabcabc", "easily_guessed"),
            ("abcdefghijkl", "easily_guessed"),
            ("iloveyou1234", "easily_guessed"),
            ("P@ssw0rd2024", "easily_guessed"),
            ("福州鼓楼区环保局2026", "names_its_owner"),
            ("qwe123!@#QWE", "easily_guessed"),
            ("1qaz@WSX3edc", "easily_guessed"),
            ("13805917766aa", "easily_guessed"),
            ("li19880715li", "easily_guessed"),
            ("correct horse battery staple", "easily_guessed"),
            ("CorrectHorseBatteryStaple", "easily_guessed"),
            ("Summer1990!", "easily_guessed"),
            ("woaini1314520", "easily_guessed"),
            ("woaizhongguo", "easily_guessed"),
            ("Huawei@123", "easily_guessed"),
            ("Huawei@2026", "easily_guessed"),
            ("zhangwei1990", "easily_guessed"),
            ("wodemima123", "easily_guessed"),
            ("laopo5201314", "easily_guessed"),
            ("我爱中国我爱中国1", "too_short"),
            ("我爱你我爱你我爱你中国", "easily_guessed"),
        ] {
            assert_eq!(of(password), Some(code), "{password}");
        }
        assert_eq!(of(&"长".repeat(MAX_LETTERS + 1)), Some("too_long"));
    }

    #[test]
    fn what_nobody_would_try_is_taken() {
        for password in [
            "copper window seven otters",
            "river-lantern 4821 first",
            "v9#Kq2!mZx7p",
            "今天傍晚江边的风很大",
            "fuzhou tea with seven spoons",
        ] {
            assert_eq!(of(password), None, "{password}");
        }
    }
}
