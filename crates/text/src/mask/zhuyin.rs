//! Syllables in phonetic signs (注音符号), as toneless pinyin.

use crate::digits::get;

const INITIALS: [(char, &str); 21] = [
    ('ㄅ', "b"),
    ('ㄆ', "p"),
    ('ㄇ', "m"),
    ('ㄈ', "f"),
    ('ㄉ', "d"),
    ('ㄊ', "t"),
    ('ㄋ', "n"),
    ('ㄌ', "l"),
    ('ㄍ', "g"),
    ('ㄎ', "k"),
    ('ㄏ', "h"),
    ('ㄐ', "j"),
    ('ㄑ', "q"),
    ('ㄒ', "x"),
    ('ㄓ', "zh"),
    ('ㄔ', "ch"),
    ('ㄕ', "sh"),
    ('ㄖ', "r"),
    ('ㄗ', "z"),
    ('ㄘ', "c"),
    ('ㄙ', "s"),
];

const FINALS: [(char, &str); 13] = [
    ('ㄚ', "a"),
    ('ㄛ', "o"),
    ('ㄜ', "e"),
    ('ㄝ', "e"),
    ('ㄞ', "ai"),
    ('ㄟ', "ei"),
    ('ㄠ', "ao"),
    ('ㄡ', "ou"),
    ('ㄢ', "an"),
    ('ㄣ', "en"),
    ('ㄤ', "ang"),
    ('ㄥ', "eng"),
    ('ㄦ', "er"),
];

/// Signs of the tones, before or behind a syllable.
const TONES: &str = "ˊˇˋˉ˙";

/// Whether a sign opens a syllable.
pub(super) fn is_sign(letter: char) -> bool {
    ('\u{3105}'..='\u{3129}').contains(&letter)
}

/// The syllable that opens here, and where it ends with its tone.
pub(super) fn syllable(text: &[char], at: usize) -> Option<(String, usize)> {
    let among = |table: &[(char, &'static str)], at: usize| {
        let found = table.iter().find(|(sign, _)| *sign == get(text, at));
        found.map_or(("", at), |(_, sound)| (*sound, at + 1))
    };
    let (initial, next) = among(&INITIALS, at);
    let medial = Some(get(text, next)).filter(|sign| "ㄧㄨㄩ".contains(*sign));
    let (last, mut end) = among(&FINALS, next + usize::from(medial.is_some()));
    if end == at {
        return None;
    }
    while TONES.contains(get(text, end)) {
        end += 1;
    }
    Some((spelled(initial, medial, last), end))
}

/// The syllable by the rules of pinyin, `v` for the rounded vowel.
fn spelled(initial: &str, medial: Option<char>, last: &str) -> String {
    let rime = match (medial, last) {
        (Some('ㄧ'), "en") => "in".to_owned(),
        (Some('ㄧ'), "eng") => "ing".to_owned(),
        (Some('ㄧ'), "ou") => "iu".to_owned(),
        (Some('ㄧ'), last) => format!("i{last}"),
        (Some('ㄨ'), "en") => "un".to_owned(),
        (Some('ㄨ'), "eng") => "ong".to_owned(),
        (Some('ㄨ'), "ei") => "ui".to_owned(),
        (Some('ㄨ'), last) => format!("u{last}"),
        (Some(_), "eng") => "iong".to_owned(),
        (Some(_), "en") => "vn".to_owned(),
        (Some(_), last) => format!("v{last}"),
        (None, "") => "i".to_owned(),
        (None, last) => last.to_owned(),
    };
    match (initial, medial) {
        ("", Some('ㄧ')) => match last {
            "" | "en" | "eng" => format!("y{rime}"),
            last => format!("y{last}"),
        },
        ("", Some('ㄨ')) => match last {
            "" => "wu".to_owned(),
            last => format!("w{last}"),
        },
        ("", Some(_)) => match last {
            "eng" => "yong".to_owned(),
            _ => format!("y{}", rime.replacen('v', "u", 1)),
        },
        ("j" | "q" | "x", Some('ㄩ')) => format!("{initial}{}", rime.replacen('v', "u", 1)),
        _ => format!("{initial}{rime}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_read_as_pinyin() {
        for (signs, sound) in [
            ("ㄨㄤˊ", "wang"),
            ("ㄒㄧㄠˇ", "xiao"),
            ("ㄇㄧㄥˊ", "ming"),
            ("ㄔㄣˊ", "chen"),
            ("ㄌㄧㄡˊ", "liu"),
            ("ㄧㄡˊ", "you"),
            ("ㄧㄥ", "ying"),
            ("ㄧㄤˊ", "yang"),
            ("ㄨㄣˊ", "wen"),
            ("ㄓㄨㄥ", "zhong"),
            ("ㄌㄩˇ", "lv"),
            ("ㄒㄩˊ", "xu"),
            ("ㄩˇ", "yu"),
            ("ㄩㄢˊ", "yuan"),
            ("ㄒㄩㄥˊ", "xiong"),
            ("ㄩㄥˇ", "yong"),
            ("ㄕˋ", "shi"),
            ("ㄦˊ", "er"),
            ("ㄍㄨㄟˋ", "gui"),
            ("ㄩㄣˊ", "yun"),
        ] {
            let letters: Vec<char> = signs.chars().collect();
            let expected = Some((sound.to_owned(), letters.len()));
            assert_eq!(syllable(&letters, 0), expected, "{signs}");
        }
        assert_eq!(syllable(&['王'], 0), None);
    }
}
