//! The terms a text is found by: each two neighbouring letters of a script that writes without spaces,
//! and words and numbers of other scripts as a whole.

use std::collections::BTreeSet;

use super::digits::half_width;

/// Whether a letter belongs to a script without capitals, as Chinese is written, so that no space says
/// where a word ends.
fn runs_on(letter: char) -> bool {
    letter.is_alphabetic() && !letter.is_lowercase() && !letter.is_uppercase()
}

/// The terms of a text, each once. Full-width forms and capitals are as others; what stands between two
/// Chinese letters without being a letter is passed over, as in the normal form, and ends every word
/// or number.
#[must_use]
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    for letter in text.chars().map(half_width).flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() && !runs_on(letter) {
            word.push(letter);
            before = None;
            continue;
        }
        if !word.is_empty() {
            terms.insert(std::mem::take(&mut word));
        }
        if runs_on(letter) {
            terms.extend(before.map(|before| String::from_iter([before, letter])));
            before = Some(letter);
        }
    }
    if !word.is_empty() {
        terms.insert(word);
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        terms(text).into_iter().collect()
    }

    #[test]
    fn chinese_is_found_by_pairs_and_other_words_as_a_whole() {
        assert_eq!(of("油烟，扰民"), ["扰民", "油烟", "烟扰"]);
        assert_eq!(of("ＫＴＶ 12号楼"), ["12", "ktv", "号楼"]);
        assert_eq!(of("5#3单元"), ["3", "5", "单元"]);
        assert_eq!(of("PM2.5"), ["5", "pm2"]);
    }

    #[test]
    fn a_single_letter_is_no_term() {
        assert!(terms("臭").is_empty());
        assert!(terms(" ，。").is_empty());
        assert_eq!(of("a"), ["a"]);
    }
}
