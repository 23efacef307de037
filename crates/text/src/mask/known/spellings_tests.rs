//! The spellings of a name that hide it from a reader in haste, and what only looks like a person.

use super::*;

/// Somebody of whom all is known.
pub(super) fn resident() -> KnownPeople {
    KnownPeople::of([KnownPerson {
        name: Some("王晓明".to_owned()),
        phone: Some("13950591234".to_owned()),
        id_number: Some("35010219850312003X".to_owned()),
        address: Some("鼓楼区五四路128号锦绣花园2号楼502室".to_owned()),
    }])
}

/// The texts in which one of these words is still to be read once they are masked.
pub(super) fn showing<'a>(
    known: &KnownPeople,
    texts: &[(&'a str, &'a str)],
) -> Vec<(&'a str, String)> {
    let masked = texts
        .iter()
        .map(|(text, hidden)| (*text, *hidden, known.mask(text).text));
    masked
        .filter(|(_, hidden, masked)| masked.contains(hidden))
        .map(|(text, _, masked)| (text, masked))
        .collect()
}

/// The texts that did not stay as they are.
pub(super) fn changed(known: &KnownPeople, texts: &[&str]) -> Vec<String> {
    let masked = texts.iter().map(|text| (*text, known.mask(text).text));
    masked
        .filter(|(text, masked)| text != masked)
        .map(|(text, masked)| format!("{text}: {masked}"))
        .collect()
}

/// The name 王晓明 in ways to slip it through.
const NAMES: &[(&str, &str)] = &[
    ("ㄨㄤˊㄒㄧㄠˇㄇㄧㄥˊ", "ㄒ"),
    ("ㄨㄤˊ ㄒㄧㄠˇ ㄇㄧㄥˊ", "ㄒ"),
    ("ㄨㄤ ㄒㄧㄠ ㄇㄧㄥ", "ㄒ"),
    ("王ㄒㄧㄠˇㄇㄧㄥˊ", "ㄒ"),
    ("ㄒㄧㄠˇㄇㄧㄥˊ", "ㄒ"),
    ("wáng xiǎo míng", "xi"),
    ("wang2 xiao3 ming2", "xiao"),
    ("w a n g x i a o m i n g", "x i"),
    ("王xm", "xm"),
    ("王X.M.", "M"),
    ("王 x m", "x m"),
    ("王x明", "明"),
    ("王xiaoming", "xiao"),
    ("wxm", "wxm"),
    ("W.X.M", "X"),
    ("Wang XM", "XM"),
    ("XM Wang", "XM"),
    ("X. M. Wang", "X"),
    ("Xiaoming Wang", "Xiao"),
    ("Xiao-Ming WANG", "Xiao"),
    ("xiaoming", "xiao"),
    ("王曉明", "曉"),
    ("王 晓 明", "晓"),
    ("王.晓.明", "晓"),
    ("王\u{200D}晓\u{200C}明", "晓"),
    ("王😊晓😊明", "晓"),
    ("王🇨🇳晓❤️明", "晓"),
    ("王——晓——明", "晓"),
    ("明晓王", "晓"),
    ("明 晓 王", "晓"),
    ("晓明王", "晓"),
    ("晓明女士", "晓"),
    ("晓明阿姨", "晓"),
    ("明女士说", "明女"),
    ("明阿姨来电", "明阿"),
    ("阿明说", "明"),
    ("阿晓", "晓"),
    ("小明反映", "明"),
    ("老明来过", "明"),
    ("明姐说她家", "明"),
    ("明哥家里", "明"),
    ("明工说", "明"),
    ("找明总", "明"),
    ("小王反映", "王"),
    ("老王家", "王"),
    ("王姐说", "王"),
    ("王工说", "王"),
    ("王阿姨说", "王"),
    ("王奶奶", "王"),
    ("三横一竖王", "王"),
    ("三横王晓明", "王"),
    ("gnim oaix gnaw", "oaix"),
    ("王（晓明）", "晓"),
    ("王小名", "小名"),
    ("王晓鸣", "晓"),
    ("汪晓明", "晓"),
    ("王晓M", "晓"),
    ("王XM", "XM"),
    ("Mr Wang", "Wang"),
    ("王氏", "王"),
];

#[test]
fn a_known_name_is_found_however_it_is_dressed() {
    let showing = showing(&resident(), NAMES);
    assert!(showing.is_empty(), "{showing:#?}");
}

/// Names of a surname of two letters, and as they are written abroad.
#[test]
fn other_known_names_are_found_however_they_are_dressed() {
    let of = |name: &str| {
        KnownPeople::of([KnownPerson {
            name: Some(name.to_owned()),
            ..KnownPerson::default()
        }])
    };
    let texts = [
        ("歐陽靜怡", "歐"),
        ("静怡女士", "静"),
        ("怡姐", "怡"),
        ("阿静", "静"),
        ("老欧阳", "欧"),
        ("欧阳工", "欧"),
        ("怡静阳欧", "静"),
        ("Jingyi Ouyang", "Jing"),
        ("OYJY", "OY"),
        ("ouyang", "ou"),
        ("ㄡㄧㄤˊㄐㄧㄥˋㄧˊ", "ㄡ"),
        ("ㄡ ㄧㄤˊ女士", "ㄡ"),
        ("欧阳jy", "jy"),
        ("欧阳j怡", "怡"),
        ("欧阳静y", "静"),
        ("鸥阳静宜", "静"),
        ("欧阳静怡.jpg", "静"),
    ];
    let showing_of_two = showing(&of("欧阳静怡"), &texts);
    assert!(showing_of_two.is_empty(), "{showing_of_two:#?}");
    let texts = [
        ("Madam Chan", "Chan"),
        ("Chan Mei-ling", "Chan"),
        ("Meiling Chan", "Chan"),
        ("ㄔㄣˊ女士", "ㄔ"),
        ("陈ㄇㄟˇ玲", "ㄇ"),
        ("陈美ling", "ing"),
        ("Chen ML", "ML"),
        ("陈M.L.", "M"),
        ("姓陈，单名玲", "玲"),
        ("耳东美玲", "耳"),
        ("玲姐反映", "玲"),
        ("陳　美　玲", "陳"),
    ];
    let showing_abroad = showing(&of("陈美玲"), &texts);
    assert!(showing_abroad.is_empty(), "{showing_abroad:#?}");
    let shop = "加木子工作室";
    assert_eq!(of("李建国").hide(shop), shop);
}

#[test]
fn split_letters_tell_a_surname() {
    for (name, texts) in [
        (
            "张伟强",
            &[
                "弓长张",
                "弓长伟强",
                "姓弓长",
                "弓长先生",
                "弓 长 张",
                "弓长",
                "強偉張",
            ][..],
        ),
        (
            "李国华",
            &[
                "木子李",
                "木子国华",
                "我姓木子",
                "木子女士",
                "十八子李",
                "李國華",
            ],
        ),
        ("陈美凤", &["耳东陈", "耳东美凤", "陳美鳳", "耳东女士"]),
        ("章建军", &["立早章", "立早建军", "音十章"]),
        (
            "黄丽",
            &["草头黄", "黃麗", "ㄏㄨㄤˊㄌㄧˋ", "黄ㄌㄧˋ", "丽黄"],
        ),
        ("许文", &["言午许", "言午文", "許文"]),
    ] {
        let known = KnownPeople::of([KnownPerson {
            name: Some(name.to_owned()),
            ..KnownPerson::default()
        }]);
        for text in texts {
            if *text == "弓长" {
                assert_eq!(known.mask(text).text, *text);
                continue;
            }
            let masked = known.mask(text).text.replace("[姓名]", "");
            let rest: String = masked
                .chars()
                .filter(|c| !"我姓先生女士".contains(*c))
                .collect();
            assert_eq!(rest, "", "{name}: {text}: {masked}");
        }
    }
}

/// Words and numbers beside what is known.
#[test]
fn what_only_looks_like_the_person_is_read() {
    let texts = [
        "五四路128号",
        "5点02分",
        "19:03:12",
        "2003年建成",
        "2003年",
        "12003元",
        "12003平方米",
        "编号350102",
        "350102行政区",
        "1234户",
        "12345",
        "12345热线",
        "K1234次",
        "139路公交",
        "噪声65分贝",
        "11月12日晚",
        "3月12日",
        "说明情况",
        "明天上午",
        "明显异味",
        "证明书",
        "发明家",
        "清明节",
        "透明工地",
        "老百姓",
        "三明市",
        "照明工程",
        "照明总开关",
        "文明工地",
        "明处",
        "国王饭店",
        "王庄新村",
        "明明是他们",
        "第三明渠",
        "后四位数字",
        "尾号限行",
        "中间四位",
        "大明河",
        "李工程师",
        "2019年8月5号凌晨3点14分",
    ];
    let changed = changed(&resident(), &texts);
    assert!(changed.is_empty(), "{changed:#?}");
}

/// Names as neighbours say them, and parts of names that are put together of several.
#[test]
fn names_are_found_as_neighbours_say_them() {
    let of = |name: &str| {
        KnownPeople::of([KnownPerson {
            name: Some(name.to_owned()),
            ..KnownPerson::default()
        }])
    };
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "林婉清",
            &[
                ("林W清说", "清"),
                ("Lin Wan-ching", "Wan"),
                ("Lin Wanching", "Wan"),
                ("Wan-ching Lin", "ching"),
                ("小婉说的", "婉"),
                ("小婉", "婉"),
                ("婉婉", "婉"),
                ("清清", "清"),
                ("问清清", "清清"),
                ("清婉林", "婉"),
                ("林婉青", "婉"),
            ],
        ),
        (
            "王伟",
            &[("大伟", "伟"), ("大伟说", "伟"), ("找大伟的", "伟")],
        ),
        (
            "陈一",
            &[
                ("陈1", "1"),
                ("陈壹", "壹"),
                ("是陈１。", "１"),
                ("陳壹", "壹"),
            ],
        ),
        (
            "田中さくら",
            &[
                ("さくら", "くら"),
                ("サクラ", "クラ"),
                ("ｻｸﾗさん", "ｸﾗ"),
                ("田中", "田中"),
                ("田中サクラ", "クラ"),
            ],
        ),
        (
            "阿依古丽·买买提",
            &[
                ("古丽说", "古丽"),
                ("古丽·买买提", "古丽"),
                ("阿依来过", "阿依"),
            ],
        ),
        ("司马南风", &[("司马说的", "司马"), ("找司马", "司马")]),
        ("林㛃", &[("我是㛃", "㛃")]),
        ("𠮷田𡶶", &[("𡶶说", "𡶶")]),
        ("孙晓红", &[("Sun Hsiao-hung", "Hsiao")]),
    ];
    let mut left = Vec::new();
    for (name, texts) in cases {
        left.extend(showing(&of(name), texts));
    }
    assert!(left.is_empty(), "{left:#?}");
    let mut hidden = Vec::new();
    for (name, texts) in [
        (
            "林婉清",
            &[
                "清清楚楚",
                "河水清清的",
                "清洁工",
                "小区",
                "婉转",
                "大清早",
                "小清新",
            ][..],
        ),
        ("王伟", &["伟大", "大楼", "大家"]),
        ("林小海", &["大海", "海边", "小小的摊", "小店"]),
        ("陈一", &["陈10号", "一号楼", "1号楼"]),
        ("司马南风", &["司马路", "马路"]),
        ("东方红", &["东方大酒店", "东方"]),
        ("李建国", &["小建筑", "大国", "建筑工地"]),
    ] {
        hidden.extend(changed(&of(name), texts));
    }
    assert!(hidden.is_empty(), "{hidden:#?}");
}
