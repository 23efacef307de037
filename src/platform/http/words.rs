//! Text that a person can read.

use std::collections::HashSet;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use validator::ValidationError;

use crate::text::{normalise, takes_no_ink};

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
        text_of(None, NUMBER_LETTERS)
    }
}

impl ToSchema for MatterNumber {}

/// Refuses what is too long for numbers of matters.
///
/// # Errors
/// A finding with the code `length`.
pub fn are_numbers(numbers: &[String]) -> Result<(), ValidationError> {
    none_longer(numbers, NUMBER_LETTERS, "numbers")
}

/// Letters of a further name at most.
const NAME_LETTERS: usize = 100;

/// A further name in the document: one that [`are_names`] takes.
#[derive(Debug)]
pub struct FurtherName;

impl PartialSchema for FurtherName {
    fn schema() -> RefOr<Schema> {
        text_of(Some(1), NAME_LETTERS)
    }
}

impl ToSchema for FurtherName {}

/// For `validate(custom)`: further names, each of which says something.
///
/// # Errors
/// A finding with the code `blank` or `length`.
pub fn are_names(names: &[String]) -> Result<(), ValidationError> {
    names.iter().try_for_each(|name| says_something(name))?;
    none_longer(names, NAME_LETTERS, "names")
}

/// Keeps the first of names that differ in nothing but what writers vary: blanks, width, case, marks.
pub fn keep_once(names: &mut Vec<String>) {
    let mut kept = HashSet::new();
    names.retain(|name| {
        let letters = normalise(name);
        // Of a name of marks alone they are all there is.
        let is_marks = letters.is_empty();
        kept.insert(if is_marks {
            name.trim().to_owned()
        } else {
            letters
        })
    });
}

fn none_longer(texts: &[String], letters: usize, what: &str) -> Result<(), ValidationError> {
    if texts.iter().all(|text| text.chars().count() <= letters) {
        return Ok(());
    }
    let message = format!("are {what} of {letters} letters at most");
    Err(ValidationError::new("length").with_message(message.into()))
}

fn text_of(least: Option<usize>, most: usize) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(least).max_length(Some(most)).into()
}

#[cfg(test)]
mod tests {
    use super::{is_blank, keep_once};

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

    #[test]
    fn a_name_in_another_dress_is_the_same() {
        let kept = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            keep_once(&mut names);
            names
        };
        for again in [
            "ABC烧烤",
            " ABC烧烤\u{3000}",
            "ＡＢＣ烧烤",
            "abc 烧烤",
            "“ABC”烧烤",
        ] {
            assert_eq!(
                kept(&["ABC烧烤", "老王", again]),
                ["ABC烧烤", "老王"],
                "{again:?}"
            );
        }
        let others = ["ABC烧烤", "ABC烧烤店", "ABD烧烤", "★★", "☆☆"];
        assert_eq!(kept(&others), others);
        assert_eq!(kept(&["★★", " ★★"]), ["★★"]);
    }
}
