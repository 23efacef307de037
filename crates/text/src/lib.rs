//! Chinese free text: masking of personal data, normal forms, keys for finding the same text.
//! Pure.

mod digits;
mod identity;
mod ink;
mod keys;
mod kind;
mod mask;
pub mod phone;
mod place_words;
mod places;
mod quotes;
mod terms;

pub use identity::{IdentityText, company_code};
pub use ink::takes_no_ink;
pub use keys::{
    file_number, letter_triples, normalise, premises_key, premises_name_key, text_keys, text_number,
};
pub use kind::Kind;
pub use mask::{Finding, KnownPeople, KnownPerson, Masked, mask, mask_phone};
pub use phone::PhoneText;
pub use place_words::NameKind;
pub use places::{PlaceName, name_key, place_names};
pub use quotes::{number_key, quoted_numbers};
pub use terms::terms;

/// The first `letters` letters of a text.
#[must_use]
pub fn shorten(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}
