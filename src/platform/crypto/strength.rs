//! Whether 32 bytes can be a random key. What a person typed, counted up or repeated is refused:
//! such keys are guessed. A key that `openssl rand` prints is refused less than once in a hundred
//! million times.

use crate::platform::guessable;

/// Different values 32 random bytes have at least; thirty are usual.
const DISTINCT_MIN: usize = 20;

/// Different steps from byte to byte that random bytes have at least; 29 are usual. Few steps are
/// a series counted up or down, or a pattern.
const STEPS_MIN: usize = 20;

/// Letters of the base64 text that may follow each other at one same distance; two are usual.
const SAME_STEP_MAX: usize = 16;

/// Why a key is weak, `None` when it may be random. `text` is the base64 it was written as.
#[must_use]
pub fn weakness(key: &[u8; 32], text: &str) -> Option<&'static str> {
    let letters: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b'=' && !b.is_ascii_whitespace())
        .collect();
    let has = |kind: fn(&u8) -> bool| letters.iter().any(kind);
    if distinct(key.iter().copied()) < DISTINCT_MIN {
        Some("repeats the same few bytes")
    } else if distinct(steps(key)) < STEPS_MIN {
        Some("is a series or a pattern")
    } else if guessable::is_hash_of_a_word(key) {
        Some("is the hash of a common word")
    } else if std::str::from_utf8(key).is_ok() {
        Some("is the base64 of text")
    } else if !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_lowercase) {
        Some("is words and not random letters")
    } else if commonest(steps(&letters)) > SAME_STEP_MAX {
        Some("is a row of letters of the alphabet")
    } else {
        None
    }
}

fn steps(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let next = bytes.iter().skip(1);
    bytes.iter().zip(next).map(|(a, b)| b.wrapping_sub(*a))
}

fn distinct(values: impl Iterator<Item = u8>) -> usize {
    values.collect::<std::collections::HashSet<u8>>().len()
}

fn commonest(values: impl Iterator<Item = u8>) -> usize {
    let mut counts = std::collections::HashMap::new();
    for value in values {
        *counts.entry(value).or_insert(0_usize) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::{new_root_key, parse_root_key};
    use sha2::{Digest as _, Sha256};

    use base64::{Engine as _, engine::general_purpose::STANDARD};

    /// Of each kind of weak key several.
    #[test]
    fn keys_that_can_be_guessed_are_refused() {
        let of = |byte: &dyn Fn(usize) -> u8| -> [u8; 32] { std::array::from_fn(byte) };
        let low = |n: usize| u8::try_from(n % 256).unwrap();
        let mut weak: Vec<String> = [
            of(&|_| 0),
            of(&|_| 0xff),
            of(&|_| 0xd7),
            of(&low),
            of(&|n| low(n + 200)),
            of(&|n| low(255 - n)),
            of(&|n| low(n * 7 + 3)),
            of(&|n| low((n % 16) * 31 + 129)),
            of(&|n| if n % 2 == 0 { low(n) } else { 200 }),
            *b"correct horse battery staple 123",
            *b"0123456789abcdefghijklmnopqrstuv",
        ]
        .iter()
        .map(|key| STANDARD.encode(key))
        .collect();
        weak.push(STANDARD.encode("登闻鼓登闻鼓登闻鼓一二".as_bytes()));
        weak.extend(
            [
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopo=",
                "correcthorsebatterystaplecorrecthorsebatter0",
                "changemechangemechangemechangemechangemecha=",
            ]
            .map(str::to_owned),
        );
        weak.extend(
            [
                "",
                "password",
                "password\n",
                "Huawei@123",
                "dengwen-demo",
                "gulou",
                "woaini",
                "5201314",
            ]
            .map(|word| STANDARD.encode(Sha256::digest(word))),
        );
        weak.push(STANDARD.encode(Sha256::digest("鼓楼")));
        weak.push(STANDARD.encode(Sha256::digest(Sha256::digest("dengwen"))));
        for text in weak {
            assert!(parse_root_key(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn random_keys_pass() {
        for _ in 0..2000 {
            let (_, text) = new_root_key();
            assert!(parse_root_key(&text).is_ok(), "{text}");
        }
    }
}
