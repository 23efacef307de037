//! Text that a person can read.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use validator::ValidationError;

use crate::text::takes_no_ink;

/// Whether a text has no letter that anybody could see.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_whitespace() || takes_no_ink(letter))
}

/// For `validate(custom)`: a text that says something.
///
/// # Errors
/// When nobody could read any of it.
pub fn says_something(text: &str) -> Result<(), ValidationError> {
    if is_blank(text) {
        return Err(ValidationError::new("blank").with_message("says nothing".into()));
    }
    Ok(())
}

/// Letters of a matter's number at most.
const NUMBER_LETTERS: usize = 32;

/// A matter's number in the document: one that [`are_numbers`] takes.
#[derive(Debug)]
pub struct MatterNumber;

impl PartialSchema for MatterNumber {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::String);
        number.max_length(Some(NUMBER_LETTERS)).into()
    }
}

impl ToSchema for MatterNumber {}

/// Refuses what is too long for numbers of matters.
///
/// # Errors
/// A finding with the code `length`.
pub fn are_numbers(numbers: &[String]) -> Result<(), ValidationError> {
    let is_too_long = |number: &String| number.chars().count() > NUMBER_LETTERS;
    if numbers.iter().any(is_too_long) {
        let message = format!("are numbers of {NUMBER_LETTERS} letters at most");
        return Err(ValidationError::new("length").with_message(message.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_blank;

    #[test]
    fn what_nobody_can_see_is_blank() {
        for text in [
            "",
            "  \u{3000}\t",
            "\u{200B}\u{200D}\u{FEFF}",
            "\u{1}\u{7}",
            "\u{2060} \u{E0001}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["烟", ".", "\u{200B}烟", "👨\u{200D}👩", "é"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
