//! Names as passports of Hong Kong, Macau, Taiwan and those abroad write them.

use crate::mask::sounds::sounds;

const ROMANISED: &[(char, &[&str])] = &[
    ('陈', &["chan", "tan", "chin"]),
    ('林', &["lam", "lim"]),
    ('黄', &["wong", "oei", "ng"]),
    ('张', &["cheung", "chang", "teo", "cheong"]),
    ('李', &["lee", "lei"]),
    ('王', &["wong", "ong", "heng"]),
    ('吴', &["ng", "goh", "eng"]),
    ('刘', &["lau", "low"]),
    ('杨', &["yeung", "yeo", "yeoh"]),
    ('郑', &["cheng", "tay", "teh"]),
    ('周', &["chow", "chou", "chau", "chew"]),
    ('许', &["hui", "hsu", "koh"]),
    ('谢', &["tse", "hsieh", "chia"]),
    ('蔡', &["choi", "tsai", "chua"]),
    ('何', &["ho"]),
    ('郭', &["kwok", "kuo", "kwek"]),
    ('曾', &["tsang", "tseng", "chan"]),
    ('赵', &["chiu", "chao", "chio"]),
    ('叶', &["yip", "yeh", "yap"]),
    ('梁', &["leung", "leong", "neo"]),
    ('罗', &["lo", "law"]),
    ('苏', &["so", "soh"]),
    ('徐', &["tsui", "hsu", "chui"]),
    ('朱', &["chu", "choo"]),
    ('胡', &["woo", "wu", "oh"]),
    ('孙', &["suen", "soon"]),
    ('高', &["ko", "kao"]),
    ('余', &["yee"]),
    ('邓', &["tang", "teng"]),
    ('冯', &["fung", "fong"]),
    ('潘', &["poon", "phua"]),
    ('卢', &["lo", "loo"]),
    ('蒋', &["chiang", "cheung"]),
    ('江', &["kong", "chiang", "kang"]),
    ('钟', &["chung", "cheong"]),
    ('萧', &["siu", "hsiao", "seow"]),
    ('方', &["fong", "png"]),
    ('廖', &["liu", "liaw"]),
    ('沈', &["sum", "sim"]),
    ('程', &["ching"]),
    ('詹', &["chim"]),
    ('石', &["shek"]),
    ('关', &["kwan"]),
    ('莫', &["mok"]),
    ('谭', &["tam", "tham"]),
    ('洪', &["hung", "ang"]),
    ('庄', &["chong", "chng"]),
    ('游', &["yau"]),
    ('邱', &["yau", "chiu", "khoo"]),
    ('温', &["wan", "oon"]),
];

/// How such passports write a surname.
pub(super) fn romanised(family: &[char]) -> Vec<String> {
    let of_it = ROMANISED.iter().filter(|(surname, _)| family == [*surname]);
    of_it
        .flat_map(|(_, ways)| ways.iter().map(|way| (*way).to_owned()))
        .collect()
}

/// How a letter is written where pinyin is not in use: qing as ching, xiao as hsiao.
pub(super) fn as_before(letter: char) -> Vec<String> {
    let mut ways: Vec<String> = sounds(letter)
        .iter()
        .map(|sound| wade_giles(sound))
        .collect();
    ways.sort_unstable();
    ways.dedup();
    ways
}

/// First letters of syllables in pinyin and in Wade and Giles's writing, its marks left out.
const INITIALS: &[(&str, &str)] = &[
    ("zh", "ch"),
    ("ch", "ch"),
    ("sh", "sh"),
    ("b", "p"),
    ("d", "t"),
    ("g", "k"),
    ("j", "ch"),
    ("q", "ch"),
    ("x", "hs"),
    ("z", "ts"),
    ("c", "ts"),
    ("r", "j"),
];

/// Syllables that are written differently as a whole.
const WHOLE: &[(&str, &str)] = &[
    ("zi", "tzu"),
    ("ci", "tzu"),
    ("si", "ssu"),
    ("zhi", "chih"),
    ("chi", "chih"),
    ("shi", "shih"),
    ("ri", "jih"),
    ("er", "erh"),
    ("yan", "yen"),
    ("ye", "yeh"),
    ("you", "yu"),
    ("yi", "i"),
    ("yong", "yung"),
    ("ge", "ko"),
    ("ke", "ko"),
    ("he", "ho"),
    ("gui", "kuei"),
    ("kui", "kuei"),
    ("yue", "yueh"),
];

/// Ends of syllables.
const FINALS: &[(&str, &str)] = &[("ong", "ung"), ("ian", "ien"), ("ie", "ieh"), ("ue", "ueh")];

fn wade_giles(sound: &str) -> String {
    if let Some((_, whole)) = WHOLE.iter().find(|(pinyin, _)| *pinyin == sound) {
        return (*whole).to_owned();
    }
    let found = INITIALS
        .iter()
        .find_map(|(pinyin, initial)| Some((*initial, sound.strip_prefix(pinyin)?)));
    let (initial, rest) = found.unwrap_or(("", sound));
    let ended = FINALS
        .iter()
        .find_map(|(pinyin, end)| Some(format!("{}{end}", rest.strip_suffix(pinyin)?)));
    format!("{initial}{}", ended.unwrap_or_else(|| rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_written_as_before_pinyin() {
        for (pinyin, written) in [
            ("qing", "ching"),
            ("wan", "wan"),
            ("xiao", "hsiao"),
            ("zhong", "chung"),
            ("jian", "chien"),
            ("guo", "kuo"),
            ("de", "te"),
            ("shi", "shih"),
            ("mei", "mei"),
        ] {
            assert_eq!(wade_giles(pinyin), written, "{pinyin}");
        }
    }
}
