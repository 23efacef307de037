//! Text that a person can read.

use validator::ValidationError;

/// Letters that take no ink: a text of these alone says nothing. Spaces and control characters
/// are known by their class; these are not.
const WITHOUT_INK: &[std::ops::RangeInclusive<char>] = &[
    '\u{00AD}'..='\u{00AD}',
    '\u{034F}'..='\u{034F}',
    '\u{061C}'..='\u{061C}',
    '\u{115F}'..='\u{1160}',
    '\u{17B4}'..='\u{17B5}',
    '\u{180B}'..='\u{180F}',
    '\u{200B}'..='\u{200F}',
    '\u{202A}'..='\u{202E}',
    '\u{2060}'..='\u{206F}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{FE00}'..='\u{FE0F}',
    '\u{FEFF}'..='\u{FEFF}',
    '\u{FFA0}'..='\u{FFA0}',
    '\u{FFF9}'..='\u{FFFB}',
    '\u{E0000}'..='\u{E0FFF}',
];

/// Whether a text has no letter that anybody could see.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| {
        letter.is_whitespace()
            || letter.is_control()
            || WITHOUT_INK.iter().any(|range| range.contains(&letter))
    })
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
