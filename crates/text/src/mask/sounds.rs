//! How Chinese letters are said, in toneless pinyin.

use pinyin::ToPinyinMulti;

/// Readings that letters have as surnames alone.
const AS_SURNAMES: &[(char, &str)] = &[
    ('单', "shan"),
    ('解', "xie"),
    ('仇', "qiu"),
    ('曾', "zeng"),
    ('区', "ou"),
    ('查', "zha"),
    ('翟', "zhai"),
    ('盖', "ge"),
    ('乐', "yue"),
    ('任', "ren"),
    ('华', "hua"),
    ('朴', "piao"),
    ('缪', "miao"),
    ('覃', "qin"),
    ('召', "shao"),
    ('员', "yun"),
    ('黑', "he"),
    ('种', "chong"),
    ('冼', "xian"),
    ('秘', "bi"),
    ('折', "she"),
    ('万', "mo"),
    ('俟', "qi"),
    ('尉', "yu"),
    ('令', "ling"),
    ('吕', "lyu"),
    ('闫', "yan"),
    ('郗', "chi"),
];

/// Every way a letter may be written in Latin; none for what is no Chinese letter.
pub(super) fn sounds(letter: char) -> Vec<String> {
    let mut sounds: Vec<String> = Vec::new();
    for reading in letter.to_pinyin_multi().into_iter().flatten() {
        let plain = reading.plain();
        if plain.contains('ü') {
            // Keyboards and passports have their own ways with this vowel.
            sounds.extend(["v", "u", "yu"].map(|vowel| plain.replace('ü', vowel)));
        } else {
            sounds.push(plain.to_owned());
        }
    }
    let as_surname = AS_SURNAMES.iter().filter(|(c, _)| *c == letter);
    sounds.extend(as_surname.map(|(_, sound)| (*sound).to_owned()));
    sounds.sort_unstable();
    sounds.dedup();
    sounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_said_in_all_their_ways() {
        assert_eq!(sounds('林'), ["lin"]);
        assert!(sounds('曾').contains(&"zeng".to_owned()));
        assert!(sounds('单').contains(&"shan".to_owned()));
        assert!(
            ["lv", "lu", "lyu"]
                .iter()
                .all(|s| sounds('吕').contains(&(*s).to_owned()))
        );
        assert!(sounds('a').is_empty());
    }
}
