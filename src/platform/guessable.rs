//! What people take for a secret when they must think of one: words, names and numbers that
//! guessers try first, English and Chinese, the latter as they are typed without tones.

use std::{collections::HashSet, sync::LazyLock};

use sha2::{Digest as _, Sha256, Sha512};

/// The words, in small letters.
static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("guessable.txt").lines().collect());

/// What is put behind a word, and an end of line that a shell adds.
const ENDINGS: [&str; 6] = ["", "1", "123", "123456", "!", "@123"];

/// The first 32 bytes of the hashes of words, as they are made into a key.
static HASHES: LazyLock<HashSet<[u8; 32]>> = LazyLock::new(|| {
    let spelled = words().iter().flat_map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        [(*word).to_owned(), first.chain(letters).collect()]
    });
    std::iter::once(String::new())
        .chain(spelled.flat_map(|word| ENDINGS.map(|ending| format!("{word}{ending}"))))
        .flat_map(|text| [format!("{text}\n"), text])
        .flat_map(|text| {
            let long: [u8; 64] = Sha512::digest(&text).into();
            let head = long.first_chunk::<32>().copied().unwrap_or_default();
            let once: [u8; 32] = Sha256::digest(&text).into();
            [head, once, Sha256::digest(once).into()]
        })
        .collect()
});

/// The words, in small letters, the commonest of their kind first.
#[must_use]
pub fn words() -> &'static [&'static str] {
    &WORDS
}

/// Whether a key is the hash (SHA-256, once or twice, or the head of SHA-512) of such a word.
#[must_use]
pub fn is_hash_of_a_word(key: &[u8; 32]) -> bool {
    HASHES.contains(key)
}
