//! Letters that leave no mark on the page.

/// Letters that take no ink beside spaces and control characters, which are known by their class:
/// joiners, direction marks, variation selectors, fillers.
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
    '\u{1BCA0}'..='\u{1BCA3}',
    '\u{1D173}'..='\u{1D17A}',
    '\u{E0000}'..='\u{E0FFF}',
];

/// Whether a letter is none that anybody could see and no space either.
#[must_use]
pub fn takes_no_ink(letter: char) -> bool {
    (letter.is_control() && !letter.is_whitespace())
        || WITHOUT_INK.iter().any(|range| range.contains(&letter))
}
