//! Surnames as passports of Hong Kong, Macau, Taiwan and those abroad write them.

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
