//! Normal forms and keys of texts.

use std::collections::BTreeSet;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{
    digits::{half_width, plain_digit},
    ink::takes_no_ink,
};

/// Keys of a text at most; enough to meet a copy that was shortened or edited.
const MAX_KEYS: usize = 8;

/// Letters of the windows that keys are made of.
const WINDOW: usize = 8;

/// Texts shorter than this (normal form) get no keys: a few words are nobody's own.
const MIN_LETTERS: usize = 12;

/// The text without what writers vary: full-width forms, case, punctuation, spaces.
#[must_use]
pub fn normalise(text: &str) -> String {
    text.chars()
        .map(half_width)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// FNV-1a with a final mix: stable for ever, because keys are stored, and cheap, because every
/// candidate's text goes through it. Nothing secret hangs on it.
pub(super) fn hash(window: &[char]) -> u64 {
    let bytes = window.iter().flat_map(|c| u32::from(*c).to_le_bytes());
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

/// The number of a file or the code of an object as a key. Who types or pastes one varies full-width
/// forms, case, spaces, the length of a dash and the quote a spreadsheet puts before it; all else
/// tells two numbers apart.
#[must_use]
pub fn file_number(text: &str) -> String {
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let is_told = |c: &char| !c.is_whitespace() && !takes_no_ink(*c) && !QUOTES.contains(c);
    let mut key = String::with_capacity(text.len());
    for letter in plain.chars().filter(is_told) {
        if !DASHES.contains(&letter) {
            key.extend(plain_digit(letter).to_uppercase());
        } else if !key.ends_with('-') {
            key.push('-');
        }
    }
    // What is nothing but such signs is told apart as it stands.
    if key.is_empty() { text.to_owned() } else { key }
}

/// Dashes of every length, as they are after compatibility composition.
const DASHES: [char; 13] = [
    '-', '\u{058a}', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}',
    '\u{2043}', '\u{2212}', '\u{2500}', '\u{2796}', '\u{30fc}',
];

/// Quotes that stand around a number or before it.
const QUOTES: [char; 8] = [
    '\'', '"', '`', '\u{00b4}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}',
];

/// The distinct triples of neighbouring letters of a text's normal form, as sorted hashes: what two
/// texts are compared by.
#[must_use]
pub fn letter_triples(text: &str) -> Vec<u32> {
    let letters: Vec<char> = normalise(text).chars().collect();
    let set: BTreeSet<u32> = letters
        .windows(3)
        .map(|triple| (hash(triple) >> 32) as u32)
        .collect();
    set.into_iter().collect()
}

/// A stable number for a text as it is, for locks and keys.
#[must_use]
pub fn text_number(text: &str) -> u64 {
    let letters: Vec<char> = text.chars().collect();
    hash(&letters)
}

/// Up to eight stable keys of a text: the least hashes of its windows. Copies of a text share most
/// of them even when some words were changed; unrelated texts share none.
#[must_use]
pub fn text_keys(text: &str) -> Vec<u64> {
    let letters: Vec<char> = normalise(text).chars().collect();
    if letters.len() < MIN_LETTERS {
        return Vec::new();
    }
    let set: BTreeSet<u64> = letters.windows(WINDOW).map(hash).collect();
    set.into_iter().take(MAX_KEYS).collect()
}

/// What is not a premises' name although written with it.
const PREMISES_PREFIXES: &[&str] = &["福建省", "福建", "福州市", "福州", "鼓楼区", "鼓楼"];
const PREMISES_SUFFIXES: &[&str] = &[
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "分公司",
    "总店",
    "分店",
    "公司",
    "店",
];

/// The name of a premises as a key: normal form without city, district and company form. `None`
/// when nothing is left that could tell two premises apart.
#[must_use]
pub fn premises_key(name: &str) -> Option<String> {
    let open = name.find(['(', '（']).unwrap_or(name.len());
    let mut key = normalise(name.get(..open).unwrap_or(name));
    while let Some(rest) = PREMISES_PREFIXES.iter().find_map(|p| key.strip_prefix(p)) {
        key = rest.to_owned();
    }
    if let Some(rest) = PREMISES_SUFFIXES.iter().find_map(|s| key.strip_suffix(s)) {
        key = rest.to_owned();
    }
    (key.chars().count() >= 2).then_some(key)
}

/// What premises are found by: the key of their name, or the name in normal form where the key would
/// tell no two premises apart.
#[must_use]
pub fn premises_name_key(name: &str) -> String {
    premises_key(name).unwrap_or_else(|| normalise(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writers_variations_disappear() {
        assert_eq!(normalise("ＡＢＣ，你 好！１２"), "abc你好12");
    }

    #[test]
    fn a_file_number_is_one_in_every_spelling() {
        for spelling in [
            "E-100",
            " E-100 ",
            "e-100",
            "Ｅ－100",
            "E–100",
            "E—100",
            "E——100",
            "E \u{2212} 100",
            "\u{202d}E-100\u{202c}",
            "'E-100",
            "E\u{a0}-１００",
            "E-\u{200b}100",
            "ｅ‑100",
            "E-١٠٠",
        ] {
            assert_eq!(file_number(spelling), "E-100", "{spelling:?}");
        }
        for other in ["E100", "E-1000", "E-10-0", "E/100", "F-100"] {
            assert_ne!(file_number(other), "E-100", "{other:?}");
        }
        assert_eq!(file_number("榕环〔2026〕12号"), "榕环〔2026〕12号");
        assert_eq!(file_number("''"), "''");
    }

    #[test]
    fn premises_meet_under_their_names() {
        for name in [
            "福州市鼓楼区老王烧烤店",
            "老王烧烤",
            "老王烧烤（东街店）",
            "老王烧烤有限公司",
        ] {
            assert_eq!(premises_key(name).as_deref(), Some("老王烧烤"), "{name}");
        }
        assert_eq!(premises_key("福州店"), None);
    }

    #[test]
    fn copies_share_keys_and_strangers_do_not() {
        let text =
            "楼下烧烤店每天晚上油烟直排，熏得全楼居民无法开窗，多次反映没有人管，请尽快处理。";
        let copy =
            "您好：楼下烧烤店每天晚上油烟直排，熏得全楼居民无法开窗，多次反映没有人管，请速处理！";
        let other =
            "梅峰河水质发黑发臭，两岸居民苦不堪言，希望水务部门尽快截污清淤，恢复河道清澈。";
        let shared = |a: &str, b: &str| {
            let keys = text_keys(a);
            text_keys(b).iter().filter(|k| keys.contains(k)).count()
        };
        assert!(shared(text, copy) >= 2);
        assert_eq!(shared(text, other), 0);
        assert!(text_keys("油烟扰民").is_empty());
    }

    proptest! {
        #[test]
        fn letter_triples_are_a_sorted_set(text in "[一-龥]{0,40}") {
            let triples = letter_triples(&text);
            prop_assert!(triples.is_sorted_by(|a, b| a < b));
            prop_assert!(triples.len() < text.chars().count().max(1));
        }
    }
}
