//! The number of a door in a reading, and what is told of a number by the letters around it: that it
//! measures, counts, or is a shop's.

use super::{after_word, figures::digit, whole::whole};
use crate::digits::get;

/// Letters before a number that make it a count.
pub(super) const COUNTED: &str = "共有约近超达余计增剩只仅及另数";

/// Letters behind a number that make it a measure, a count or a time, and no room.
pub(super) const MEASURES: &str = "平米元人次吨年分路度个家台辆%.点时天月日多余倍条株棵只件套m㎡k处万千百亿以左上下期届版楼栋幢座";

/// Words that open with such a letter and leave the number a room.
const NO_MEASURES: &[&str] = &[
    "平时",
    "平常",
    "平日",
    "平台",
    "人家",
    "次卧",
    "年久",
    "分不清",
    "路过",
    "个个",
    "台风",
    "点名",
    "时常",
    "时时",
    "时不时",
    "天天",
    "天花",
    "日夜",
    "日日",
    "日常",
    "多次",
    "多回",
    "只能",
    "只好",
    "只有",
    "只要",
    "条件",
    "期间",
    "期望",
    "期待",
    "期盼",
    "楼上",
    "楼下",
    "处于",
];

/// Letters that 家 makes a business with: 502家企业.
const OF_BUSINESSES: &str = "企店商餐饭馆厂公单门";

/// Words of several letters that measure.
const MEASURE_WORDS: &[&str] = &[
    "公里", "公斤", "公顷", "公升", "立方", "毫", "厘", "微克", "克每", "小时", "秒", "赫", "摄氏",
    "分贝", "名", "块", "伏", "瓦", "毛钱", "℃",
];

/// Whether what stands behind a number makes it a measure, a count or a time.
pub(super) fn is_measured(text: &[char], end: usize) -> bool {
    let at = spaces(text, end);
    let there = |words: &[&str]| {
        words
            .iter()
            .any(|word| after_word(text, at, word).is_some())
    };
    let next = get(text, at + 1);
    match get(text, at) {
        '.' => digit(text, at + 1).is_some(),
        '家' => OF_BUSINESSES.contains(next),
        // 上下, 左右 and 以上 measure; 上班, 左边 and 以前 go on about somebody.
        '上' => next == '下',
        '下' => false,
        '左' => next == '右',
        '以' => "上下内外".contains(next),
        letter => (MEASURES.contains(letter) && !there(NO_MEASURES)) || there(MEASURE_WORDS),
    }
}

/// Words for what is sold from: its number finds no household.
const SHOPS: &[&str] = &[
    "店", "铺", "商", "摊", "档", "柜", "号店", "号铺", "号商", "号摊",
];

/// Whether what stands behind a number, or behind the last of several, is a shop.
pub(super) fn is_shop(text: &[char], end: usize) -> bool {
    let at = spaces(text, end);
    let here = SHOPS
        .iter()
        .any(|word| after_word(text, at, word).is_some());
    let next = whole(text, at + 1).filter(|_| matches!(get(text, at), '、' | '和' | '-' | '/'));
    here || next.is_some_and(|(_, end)| is_shop(text, end))
}

/// What 户 goes on with where it counts households.
const OF_A_COUNT: &str = "左以多居人村商业住经及共";

/// Whether what stands here is no 户 that counts households.
pub(super) fn is_household(text: &[char], at: usize) -> bool {
    get(text, at) != '户' || !OF_A_COUNT.contains(get(text, at + 1))
}

/// What stands behind a room's number.
const BEHIND: &[&str] = &["号室", "号房间", "号房", "房间", "室"];

/// Letters behind 房 that make another word of it.
const NO_ROOM: &str = "补产间东屋租客价地源管改车贷型企款";

/// The end of a word for a room that opens here: 室, 号房. 号房地产 is none.
pub(super) fn sign_behind(text: &[char], at: usize) -> Option<usize> {
    let end = BEHIND.iter().find_map(|word| after_word(text, at, word))?;
    let estate = get(text, end - 1) == '房' && "地产".contains(get(text, end));
    (!estate).then_some(end)
}

/// What stands behind a number that is a room's in every case: 室, 号房, (室). Its end.
pub(super) fn room_word(text: &[char], at: usize) -> Option<usize> {
    let opened = (at..at + 2)
        .find(|i| {
            !matches!(
                get(text, *i),
                '(' | ')' | '「' | '」' | '『' | '』' | '【' | '】' | '"'
            )
        })
        .unwrap_or(at + 2);
    if let Some(end) = sign_behind(text, spaces(text, opened)) {
        let closes = matches!(get(text, end), ')' | '」' | '』' | '】' | '"');
        return Some(end + usize::from(opened > at && closes));
    }
    after_word(text, spaces(text, at), "房").filter(|end| !NO_ROOM.contains(get(text, *end)))
}

/// Who is at a door, behind its number.
const DWELLERS: &[&str] = &[
    "业主",
    "租户",
    "租客",
    "房客",
    "房主",
    "户主",
    "邻居",
    "住户",
    "那户",
    "这户",
    "这家",
    "那家",
    "老人",
    "孩子",
    "小孩",
    "大妈",
    "大爷",
    "阿姨",
    "大姐",
    "大哥",
    "老太",
    "老夫妻",
];

/// Whether somebody lives where a number ends: 业主, 的租户.
pub(super) fn is_dwelt_in(text: &[char], end: usize) -> bool {
    let behind = spaces(text, end);
    let behind = behind + usize::from(get(text, behind) == '的');
    DWELLERS
        .iter()
        .any(|word| after_word(text, behind, word).is_some())
}

/// Digits of a room.
pub(super) const ROOM_DIGITS: std::ops::RangeInclusive<usize> = 3..=4;

/// 502、503室, 502、503业主: whether other numbers follow, and the last of them is a room's.
pub(super) fn opens_list_of_rooms(text: &[char], end: usize) -> bool {
    let joined = "、,，和与及跟/~-—至到".contains(get(text, end));
    let next =
        whole(text, end + 1).filter(|(digits, _)| joined && ROOM_DIGITS.contains(&digits.len()));
    next.is_some_and(|(_, end)| {
        let last = room_word(text, end).is_some() || is_dwelt_in(text, end);
        last || opens_list_of_rooms(text, end)
    })
}

/// Whether digits are a door as houses count them: a floor, and two digits of the door on it.
pub(super) fn counts_a_door(digits: &str) -> bool {
    let parts = digits
        .len()
        .checked_sub(2)
        .and_then(|at| digits.split_at_checked(at));
    let within = |text: &str, most: u32| text.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
    (3..=4).contains(&digits.len())
        && parts.is_some_and(|(floor, door)| within(floor, 60) && within(door, 40))
}

/// The number of a door that stands here: its digits, in a row, parted by blanks or said by their
/// places, and where it ends, with the letter that may follow, as in 501b.
pub(super) fn door_number(text: &[char], at: usize) -> Option<(String, usize)> {
    let in_number =
        at > 0 && (digit(text, at - 1).is_some() || "十百千".contains(get(text, at - 1)));
    if in_number {
        return None;
    }
    let (digits, end) = blank_parted(text, at).or_else(|| whole(text, at))?;
    let lettered = is_door_letter(get(text, end)) && !get(text, end + 1).is_ascii_alphanumeric();
    let end = end + usize::from(lettered);
    (!get(text, end).is_ascii_alphanumeric()).then_some((digits, end))
}

/// A door's letter. What else stands behind digits is a unit of measure, or F for a floor.
pub(super) fn is_door_letter(letter: char) -> bool {
    matches!(letter, 'a'..='e' | 'h')
}

/// 6 0 3.
fn blank_parted(text: &[char], at: usize) -> Option<(String, usize)> {
    let single = |i: usize| digit(text, i).filter(|_| digit(text, i + 1).is_none());
    let mut digits = String::from(single(at)?);
    let mut end = at + 1;
    while get(text, end) == ' '
        && let Some(next) = single(end + 1)
    {
        digits.push(next);
        end += 2;
    }
    (3..=4).contains(&digits.len()).then_some((digits, end))
}

pub(super) fn spaces(text: &[char], at: usize) -> usize {
    (at..).find(|i| get(text, *i) != ' ').unwrap_or(at)
}
