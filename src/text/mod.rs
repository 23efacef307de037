//! Chinese free text: masking of personal data, normal forms, keys for finding the same text.
//! Pure.

mod keys;
mod mask;

pub use keys::{gram_overlap, grams, normalise, premises_key, text_keys};
pub use mask::{Finding, Kind, Masked, mask, mask_phone};

/// The first `letters` letters of a text.
#[must_use]
pub fn shorten(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}
