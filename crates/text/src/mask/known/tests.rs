//! Whom a text names, in every spelling.

use super::*;

/// Somebody known by name alone.
fn named(name: &str) -> KnownPeople {
    KnownPeople::of([KnownPerson {
        name: Some(name.to_owned()),
        ..KnownPerson::default()
    }])
}

/// Ways to write a name of a surname and two letters: `S`, `A`, `B` stand for the letters.
const PHRASES: &str = include_str!("phrases.txt");

/// Those with letters that cannot be seen in a file.
const UNSEEN: [&str; 8] = [
    "S\u{00A0}A\u{00A0}B",
    "S\u{200B}A\u{200B}B",
    "S\u{200E}A\u{202C}B",
    "S\u{2060}A\u{FEFF}B",
    "S\nA\nB",
    "S\tA\tB",
    "A\u{200B}B",
    "S\u{200B}女士",
];

/// Whether any of these letters is still to be read.
fn shows(text: &str, letters: &[char]) -> bool {
    text.chars().any(|c| letters.contains(&c))
}

#[test]
fn a_known_name_is_found_in_every_phrase() {
    let mut tried = 0;
    for (name, family) in [
        ("林曦雯", "林"),
        ("谯梓桐", "谯"),
        ("欧阳沁怡", "欧阳"),
        ("陈鸿飚", "陈"),
        ("吕佩璐", "吕"),
    ] {
        let known = named(name);
        let letters: Vec<char> = name.chars().collect();
        let given: Vec<char> = letters[family.chars().count()..].to_vec();
        for phrase in PHRASES.lines().chain(UNSEEN) {
            let text: String = phrase
                .chars()
                .map(|c| match c {
                    'S' => family.to_owned(),
                    'A' => given[0].to_string(),
                    'B' => given[1].to_string(),
                    c => c.to_string(),
                })
                .collect();
            let masked = known.mask(&text).text;
            assert!(!shows(&masked, &letters), "{name} in {text:?}: {masked:?}");
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_short_name_is_found_in_every_phrase() {
    let known = named("岑珂");
    for text in [
        "岑珂",
        "岑 珂",
        "岑\u{200B}珂",
        "岑-珂",
        "岑，珂",
        "珂岑",
        "珂 岑",
        "岑先生",
        "小岑",
        "老岑",
        "阿珂",
        "小珂",
        "珂哥",
        "珂珂",
        "岑某",
        "岑*",
        "岑X",
        "岑x，",
        "姓岑",
        "岑珂先生",
        "我是岑珂。",
        "岑总",
        "岑老师",
        "岑\n珂",
        "岑a珂",
        "岑1珂",
        "岑😀😀珂",
        "岑......珂",
        "涔岑珂",
    ] {
        let masked = known.mask(text).text;
        assert!(!shows(&masked, &['岑', '珂']), "{text:?}: {masked:?}");
    }
}

#[test]
fn a_known_name_is_found_in_other_letters() {
    // Traditional, compatibility and radical forms, and letters that sound alike.
    for (name, texts) in [
        (
            "张伟强",
            &[
                "張偉強",
                "張伟强",
                "张偉强",
                "章威强",
                "張 偉 強",
                "張先生",
                "小張",
                "张伟墙",
            ][..],
        ),
        (
            "林小雨",
            &[
                "林⼩⾬",
                "林曉雨",
                "林晓宇",
                "琳筱羽",
                "\u{F9F4}小雨",
                "双木林",
                "林　⼩ 雨",
            ],
        ),
        (
            "刘国华",
            &["劉國華", "劉国华", "劉先生", "文刀刘", "留国花"],
        ),
        ("钟丽云", &["鍾麗雲", "鐘麗雲", "鍾女士", "钟俪芸"]),
        ("李建军", &["木子李", "李建君", "李健军", "理建军"]),
        ("叶赫那拉明", &["叶赫那拉明", "葉赫那拉明"]),
    ] {
        let known = named(name);
        for text in texts {
            let masked = known.mask(text).text;
            let left: String = masked.replace("[姓名]", "");
            let rest: String = left.chars().filter(|c| !"先生女士".contains(*c)).collect();
            assert_eq!(rest.trim(), "", "{name} in {text}: {masked}");
        }
    }
}

#[test]
fn a_known_name_is_found_in_latin_letters() {
    let known = named("林曦雯");
    for text in [
        "Lin Xiwen",
        "lin xiwen",
        "LIN XIWEN",
        "LinXiwen",
        "linxiwen",
        "LINXIWEN",
        "Xiwen Lin",
        "XIWEN LIN",
        "xiwenlin",
        "Xi Wen Lin",
        "Lin Xi Wen",
        "Lin Xi-wen",
        "Lin, Xiwen",
        "Lin Xi\u{200B}wen",
        "Xi-Wen LIN",
        "Ｌｉｎ　Ｘｉｗｅｎ",
        "Lín Xīwén",
        "lin2 xi1 wen2",
        "lin2xi1wen2",
        "Xiwen",
        "xi wen",
        "Mr. Lin",
        "Ms Lin",
        "Miss LIN",
        "Lin xiansheng",
        "Lin X.W.",
        "X.W. Lin",
        "L X W",
        "LXW",
        "lxw",
        "lin_xiwen",
        "lin.xiwen",
        "xiwen.lin",
        "l.i.n x.i.w.e.n",
        "𝓛𝓲𝓷 𝓧𝓲𝔀𝓮𝓷",
        "Lin....Xiwen",
        "Lin88Xi88wen",
        "L☺i☺n☺x☺i☺w☺e☺n",
        "Lin Хiwеn",
        "Lіn Xіwеn",
    ] {
        let text = format!("我叫人{text}，河很臭");
        let masked = known.mask(&text).text;
        assert!(
            masked.ends_with("，河很臭") && !masked.to_lowercase().contains(['i', 'l', 'w', 'x']),
            "{text}: {masked}"
        );
    }
    for (name, texts) in [
        (
            "John Smith",
            &[
                "John Smith",
                "JOHN SMITH",
                "Smith, John",
                "john.smith",
                "Mr Smith",
                "John",
                "smithjohn",
                "J o h n",
            ][..],
        ),
        (
            "Li Weihong",
            &[
                "Li Weihong",
                "Weihong Li",
                "LI WEIHONG",
                "Wei-hong Li",
                "weihong",
                "liweihong",
            ],
        ),
        ("吕绿", &["Lv Lv", "LU LU", "Lyu Lyu"]),
        ("单强", &["Shan Qiang", "Qiang Shan"]),
        (
            "阿依古丽·买买提",
            &[
                "阿依古丽",
                "买买提",
                "阿依古丽买买提",
                "阿依古丽 · 买买提",
                "买买提·阿依古丽",
            ],
        ),
        ("王女士", &["王女士", "王 女士", "王小姐"]),
    ] {
        let known = named(name);
        for text in texts {
            let masked = known.mask(text).text;
            let rest = masked
                .replace("[姓名]", "")
                .replace(['·', ' ', ',', '.'], "");
            assert!(
                ["", "Mr", "女士", "小姐"].contains(&rest.as_str()),
                "{name} in {text}: {masked}"
            );
        }
    }
}

#[test]
fn known_numbers_are_found_in_every_writing() {
    let known = KnownPeople::of([KnownPerson {
        phone: Some("13859174623".to_owned()),
        id_number: Some("35010219850312481X".to_owned()),
        ..KnownPerson::default()
    }]);
    for text in [
        "13859174623",
        "138 5917 4623",
        "138-5917-4623",
        "138.5917.4623",
        "138 59174623",
        "138/5917/4623",
        "138_5917_4623",
        "(138)59174623",
        "138、5917、4623",
        "138,5917,4623",
        "138:5917:4623",
        "1 3 8 5 9 1 7 4 6 2 3",
        "１３８５９１７４６２３",
        "+86 138 5917 4623",
        "8613859174623",
        "0086-138-5917-4623",
        "138\u{00A0}5917\u{00A0}4623",
        "138\u{200B}5917\u{200B}4623",
        "\u{202A}138\u{202C}59174623",
        "一三八五九一七四六二三",
        "幺三八五九幺七四六二三",
        "壹叁捌伍玖壹柒肆陆贰叁",
        "一三八 五九一七 四六二三",
        "138五九一七4623",
        "①③⑧⑤⑨①⑦④⑥②③",
        "𝟏𝟑𝟖𝟓𝟗𝟏𝟕𝟒𝟔𝟐𝟑",
        "1️⃣3️⃣8️⃣5️⃣9️⃣1️⃣7️⃣4️⃣6️⃣2️⃣3️⃣",
        "l385917462З3",
        "138杠5917杠4623",
        "138转5917接4623",
        "3859174623",
        "13859174",
        "138****4623",
        "138xxxx4623",
        "138…4623",
        "尾号4623",
        "手机后四位是4623",
        "١٣٨٥٩١٧٤٦٢٣",
        "138\n5917\n4623",
        "138—5917—4623",
        "138 - 5917 - 4623",
        "[138][5917][4623]",
        "138五九一七四六23",
        "a13859174623b",
        "35010219850312481X",
        "350102 19850312 481X",
        "350102-19850312-481x",
        "３５０１０２１９８５０３１２４８１Ｘ",
        "350102 1985 0312 481 X",
        "三五零一零二一九八五零三一二四八一X",
        "35010219850312481×",
        "19850312481X",
        "350102198503124",
        "350102********481X",
        "身份证后四位481X",
        "one three eight five nine one seven four six two three",
        "One-Three-Eight five-nine-one-seven four, six, two, three",
        "onethreeeightfivenineonesevenfoursixtwothree",
        "yao san ba wu jiu yao qi si liu er san",
        "幺三八wu九yi七四liu二san",
        "one 3 eight 5 nine 1 seven 4 six 2 three",
        "1a3a8a5a9a1a7a4a6a2a3",
        "1啊3啊8啊5啊9啊1啊7啊4啊6啊2啊3",
        "1😀3😀8😀5😀9😀1😀7😀4😀6😀2😀3",
        "1...3...8...5...9...1...7...4...6...2...3",
        "⓵⓷⓼⓹⓽⓵⓻⓸⓺⓶⓷",
        "❶❸❽❺❾❶❼❹❻❷❸",
        "一九八五年三月十二日",
        "1985年3月12日",
    ] {
        let masked = known.mask(&format!("请回{text}谢谢")).text;
        let digits = masked
            .chars()
            .filter(|c| c.is_numeric() || "一二三四五六七八九零".contains(*c))
            .count();
        assert!(digits < 3 && masked.contains('['), "{text}: {masked}");
        assert!(
            !masked.contains("three") && !masked.contains("san"),
            "{text}: {masked}"
        );
    }
}

/// A name's letters stand in many words that name nobody.
#[test]
fn words_with_a_names_letters_stay() {
    for (name, texts) in [
        (
            "高志明",
            &[
                "高楼抛物",
                "高处坠物",
                "高科技园区",
                "高温天气",
                "小高层住宅",
                "明明说好的",
                "长*宽*高*数量",
                "高~低两处",
                "高工资",
                "高压电",
                "提高标准",
            ][..],
        ),
        ("林业平", &["林业主管部门", "园林业主", "平平的路面"]),
        ("施昊天", &["施工扬尘", "天天半夜施工", "施工单位"]),
        ("何刚", &["何处投诉", "刚刚投诉", "何时解决"]),
        ("时小雨", &["24小时", "小时候", "当时业主不在"]),
        ("向东", &["向业主收费", "向老师反映", "向南走"]),
        ("和建国", &["和老师说", "和居民商量", "和群众"]),
        ("李龙", &["小龙虾店"]),
        ("卫健", &["卫生间漏水", "环境卫生"]),
        ("于海", &["位于居民楼下", "由于业主反对"]),
        ("区志强", &["小区门口", "老区改造"]),
    ] {
        let known = named(name);
        for text in texts {
            assert_eq!(known.hide(text), *text, "{name}");
        }
    }
}

/// What is parted, mixed or hidden to be read all the same.
#[test]
fn a_known_name_is_found_between_other_letters() {
    let known = named("谯曦雯");
    for text in [
        "谯a曦b雯",
        "谯1曦2雯",
        "谯😀曦😀雯",
        "谯👨‍👩‍👧曦雯",
        "谯......曦......雯",
        "谯。。曦。。雯",
        "谯xi雯",
        "谯Xi1 wen2",
        "qiao曦雯",
        "Qiao曦wen",
        "谯 x i w e n",
        "(谯)(曦)(雯)",
        "谯—曦—雯",
        "谯<b>曦</b>雯",
        "Q i a o X i w e n",
        "譙曦雯",
    ] {
        let masked = known.mask(&format!("我叫人{text}，河很臭")).text;
        assert!(
            !shows(&masked, &['谯', '曦', '雯', '譙']) && !masked.to_lowercase().contains("xi"),
            "{text:?}: {masked:?}"
        );
        assert!(masked.ends_with("，河很臭"), "{text:?}: {masked:?}");
    }
}

#[test]
fn a_text_to_compare_is_bare_of_persons() {
    let known = KnownPeople::of([KnownPerson {
        name: Some("谯曦雯".to_owned()),
        phone: Some("13859174623".to_owned()),
        ..KnownPerson::default()
    }]);
    assert_eq!(known.bare("老王烧烤谯曦雯13859174623"), "老王烧烤  ");
    assert_eq!(
        known.bare("王女士烧烤，3号楼502室"),
        "王女士烧烤，3号楼502室"
    );
    assert_eq!(known.bare("找13675029481"), "找 ");
    for number in ["谯曦雯-2", "FZ-13859174623", "13675029481", "联系人李四"] {
        assert!(known.stands_in(number), "{number}");
    }
    for number in [
        "FZ20261124001",
        "X2FJ201908130070",
        "GL20261124-0007",
        "91350100M000100Y43",
        "913501021583951010",
    ] {
        assert!(!known.stands_in(number), "{number}");
    }
}

#[test]
fn words_of_an_office_stand_but_for_whom_they_address() {
    let known = named("谯曦雯");
    assert_eq!(
        known.hide("谯曦雯女士：已责令整改，电话0591-87654321，联系人王先生。"),
        "[姓名]女士：已责令整改，电话0591-87654321，联系人王先生。"
    );
}

#[test]
fn a_known_code_is_found_however_it_is_written() {
    let mut known = KnownPeople::default();
    known.add_code("ABCDEFGHJKMNPQRS");
    for text in [
        "ABCDEFGHJKMNPQRS",
        "abcd efgh jkmn pqrs",
        "ABCDEFGH-JKMNPQRS",
        "ＡＢＣＤＥＦＧＨＪＫＭＮＰＱＲＳ",
    ] {
        assert_eq!(known.mask(text).text, "[查询码]", "{text}");
    }
}

/// Fields hold more than a bare name or number, and all of it is known.
#[test]
fn whatever_the_fields_hold_is_found() {
    for (field, texts) in [
        (
            "林秀英（3栋业主代表）",
            &["找林秀英", "秀英说的", "林女士来过"][..],
        ),
        ("业主林秀英", &["找林秀英", "秀英说的"]),
        ("302室林秀英", &["找林秀英", "秀英说的"]),
        (
            "陈美凤 林秀英",
            &["林秀英来过", "美凤来过", "陈美凤和林秀英"],
        ),
        ("林秀英、陈美凤", &["秀英来过", "陈美凤来过"]),
        (
            "福州美凤商贸有限公司 陈美凤",
            &["陈美凤来过", "美凤来过", "福州美凤商贸有限公司投诉的"],
        ),
    ] {
        let letters: Vec<char> = "林秀英陈美凤".chars().collect();
        for text in texts {
            let masked = named(field).mask(text).text;
            assert!(!shows(&masked, &letters), "{field}: {text}: {masked}");
        }
    }
    let known = KnownPeople::of([KnownPerson {
        phone: Some("微信 linxy_88".to_owned()),
        ..KnownPerson::default()
    }]);
    for text in ["加他linxy_88", "微信号LinXY88"] {
        let masked = known.mask(text).text.to_lowercase();
        assert!(!masked.contains("linxy"), "{masked}");
    }
}

/// What is known of each, put together, finds what is known of all; twice the same adds nothing.
#[test]
fn what_is_known_of_each_adds_up() {
    let people = [
        KnownPerson {
            name: Some("林曦雯".to_owned()),
            phone: Some("059187654321-802".to_owned()),
            address: Some("鼓东路8号3座502室".to_owned()),
            ..KnownPerson::default()
        },
        KnownPerson {
            name: Some("阿依古丽·买买提".to_owned()),
            id_number: Some("350102198503070028".to_owned()),
            ..KnownPerson::default()
        },
        KnownPerson {
            name: Some("Chen Peter".to_owned()),
            phone: Some("13900001111".to_owned()),
            ..KnownPerson::default()
        },
    ];
    let mut each: Vec<KnownPeople> = people
        .iter()
        .map(|person| KnownPeople::of([person.clone()]))
        .collect();
    each[1].add_code("7K3M9QW2XB5D");
    let joined: KnownPeople = each.iter().chain(&each).collect();
    let mut whole = KnownPeople::of(people);
    whole.add_code("7K3M9QW2XB5D");
    for text in [
        "林曦雯说的，linxiwen，林女士，雯雯",
        "打87654321转802",
        "住502的，3座502",
        "阿依古丽，85年3月7日生，买买提",
        "peter chen，1390000 1111",
        "查询码7K3M9QW2XB5D",
    ] {
        assert_eq!(joined.mask(text).text, whole.mask(text).text);
        assert_ne!(joined.mask(text).text, text);
    }
    assert_eq!(joined.numbers.len(), whole.numbers.len());
    assert_eq!(joined.by_ear.len(), whole.by_ear.len());
}
