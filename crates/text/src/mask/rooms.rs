//! The number of a household (室号) in a reading: what tells a door from all others of a house.
//! Streets, house numbers and buildings stay: an officer has to find the place.

use super::{Found, Kind, after_word, begins_word, is_han, numbers::digit, whole::whole};
use crate::digits::get;

/// What stands behind a room's number.
const BEHIND: &[&str] = &["号室", "号房间", "号房", "房间", "室"];

/// What stands behind it where a building or a floor stands before it.
const BEHIND_IN_HOUSE: &[&str] = &["住户", "户", "房", "屋", "号屋", "号门"];

/// What a room's number follows.
const HOUSES: &[&str] = &[
    "单元",
    "号楼",
    "号院",
    "栋",
    "幢",
    "座",
    "梯",
    "楼",
    "层",
    "#",
    "门牌号",
    "房号",
    "房间号",
    "室号",
    "门牌",
];

/// Letters behind 房 that make another word of it.
const NO_ROOM: &str = "补产间东屋租客价地源管改车贷型企款";

/// Letters before a number that make it a count.
pub(super) const COUNTED: &str = "共有约近超达余计增剩只仅及另数";

/// Letters behind a number that make it a measure, a count or a time, and no room.
pub(super) const MEASURES: &str = "平米元人次吨年分路度个家台辆%.点时天月日多余倍条株棵只件套m㎡k处万千百亿以左上下期届版楼栋幢座";

/// 502室, 3单元1201, 5-2-501, 6楼02, Room 1201.
pub(super) fn room(text: &[char], at: usize) -> Found {
    latin(text, at)
        .or_else(|| numbered(text, at))
        .or_else(|| spread(text, at))
        .or_else(|| by_floor(text, at))
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
    let word = |from: usize| BEHIND.iter().find_map(|word| after_word(text, from, word));
    if let Some(end) = word(spaces(text, opened)) {
        let closes = matches!(get(text, end), ')' | '」' | '』' | '】' | '"');
        return Some(end + usize::from(opened > at && closes));
    }
    after_word(text, spaces(text, at), "房").filter(|end| !NO_ROOM.contains(get(text, *end)))
}

/// 6 0 2 室, 六百零二室: digits that stand apart, or are said by their places.
fn spread(text: &[char], at: usize) -> Found {
    if at > 0 && digit(text, at - 1).is_some() {
        return None;
    }
    let (mut end, mut count) = (at, 0);
    while digit(text, end).is_some() {
        count += 1;
        end += 1;
        if matches!(get(text, end), ' ' | '-' | '.') && digit(text, end + 1).is_some() {
            end += 1;
        } else {
            break;
        }
    }
    if (3..=4).contains(&count)
        && let Some(to) = room_word(text, end)
    {
        return Some((Kind::Room, at, to));
    }
    let (digits, end) = whole(text, at)?;
    let counted = at > 0 && COUNTED.contains(get(text, at - 1));
    let to = room_word(text, end).filter(|_| (3..=4).contains(&digits.len()) && !counted)?;
    Some((Kind::Room, at, to))
}

/// A door of a floor: 5楼02, 五层2号.
pub(super) struct OnFloor {
    /// The room's digits as the house counts them: 502.
    pub room: String,
    /// Whether the door is written as doors alone are: 02.
    pub sure: bool,
    /// First letter of the door.
    pub door: usize,
    /// Letter after its digits.
    pub end: usize,
}

/// The door of a floor that is named from here on.
pub(super) fn on_floor(text: &[char], at: usize) -> Option<OnFloor> {
    let in_number = at > 0 && (digit(text, at - 1).is_some() || "十百".contains(get(text, at - 1)));
    let (floor, behind) = whole(text, at).filter(|_| !in_number)?;
    let behind = ["楼", "层", "floor", "f"]
        .iter()
        .find_map(|word| after_word(text, behind, word))?;
    let from = (behind..behind + 3)
        .find(|i| !matches!(get(text, *i), ' ' | '-' | '的' | '第' | '之'))
        .unwrap_or(behind);
    let (door, end) = whole(text, from)?;
    let sure = door.len() == 2 && door.starts_with('0');
    let fits = (1..=2).contains(&floor.len()) && door.len() <= 2 && !floor.starts_with('0');
    fits.then(|| OnFloor {
        room: format!("{floor}{door:0>2}"),
        sure,
        door: from,
        end,
    })
}

/// Words behind 2号 that make it a door people live behind.
const LIVED_IN: &[&str] = &[
    "家",
    "住",
    "业主",
    "邻居",
    "的住户",
    "的业主",
    "人家",
    "那户",
];

/// 2单元6楼02, and 6楼2号 before a pause or somebody who lives there.
fn by_floor(text: &[char], at: usize) -> Found {
    let there = on_floor(text, at)?;
    let behind = get(text, there.end);
    let word = LIVED_IN
        .iter()
        .any(|word| after_word(text, there.end + 1, word).is_some());
    let after = get(text, there.end + 1);
    let numbered = behind == '号' && (word || !continues(after)) && !is_joint(after);
    let bare = there.sure
        && !MEASURES.contains(behind)
        && !is_joint(behind)
        && !"号店铺商摊./:".contains(behind);
    (numbered || bare).then_some((Kind::Room, there.door, there.end + usize::from(numbered)))
}

fn is_joint(letter: char) -> bool {
    matches!(letter, '-' | '—' | '–' | '~' | '至' | '、')
}

fn continues(letter: char) -> bool {
    is_han(letter) || letter.is_alphanumeric()
}

/// The digits here: where they end and how many. One letter may follow, as in 501B.
fn digits(text: &[char], at: usize) -> (usize, usize) {
    let end = (at..).find(|i| digit(text, *i).is_none()).unwrap_or(at);
    (end, end - at)
}

pub(super) fn spaces(text: &[char], at: usize) -> usize {
    (at..).find(|i| get(text, *i) != ' ').unwrap_or(at)
}

fn numbered(text: &[char], at: usize) -> Found {
    digit(text, at)?;
    if at
        .checked_sub(1)
        .is_some_and(|before| digit(text, before).is_some())
    {
        return None;
    }
    if let Some(to) = dashed(text, at) {
        return Some((Kind::Room, at, to));
    }
    let (mut end, count) = digits(text, at);
    if get(text, end) == '-' {
        let (further, more) = digits(text, end + 1);
        if (1..=4).contains(&more) {
            end = further;
        }
    }
    if get(text, end).is_ascii_alphabetic() && !get(text, end + 1).is_ascii_alphanumeric() {
        end += 1;
    }
    let behind = spaces(text, end);
    let word = |words: &[&str]| words.iter().find_map(|word| after_word(text, behind, word));
    if let Some(to) = word(BEHIND).filter(|_| (2..=5).contains(&count)) {
        return Some((Kind::Room, at, to));
    }
    let counted = at > 0 && COUNTED.contains(get(text, at - 1));
    if let Some(to) = room_word(text, end).filter(|_| (3..=4).contains(&count) && !counted) {
        return Some((Kind::Room, at, to));
    }
    if !in_house(text, at) {
        return None;
    }
    if let Some(to) = word(BEHIND_IN_HOUSE).filter(|_| (3..=5).contains(&count)) {
        return Some((Kind::Room, at, to));
    }
    if get(text, behind) == '号' {
        let is_door = !"楼铺店商摊院厂库".contains(get(text, behind + 1));
        return ((3..=4).contains(&count) && is_door).then_some((Kind::Room, at, behind + 1));
    }
    let measured = MEASURES.contains(get(text, behind));
    ((3..=4).contains(&count) && !measured).then_some((Kind::Room, at, end))
}

/// Whether a building, a floor or another room of it stands before.
pub(super) fn in_house(text: &[char], at: usize) -> bool {
    let mut end = at;
    while let Some(before) = end.checked_sub(1)
        && at - end < 3
        && matches!(get(text, before), ' ' | '-' | '—' | ':' | '.' | '第')
    {
        end = before;
    }
    HOUSES.iter().any(|word| {
        let letters = word.chars().count();
        end.checked_sub(letters)
            .and_then(|from| after_word(text, from, word).map(|_| from))
            .is_some_and(|from| *word != "楼" && *word != "层" || follows_digit(text, from))
    })
}

/// Whether a digit or 十 stands just before, as in 3楼, 十二层.
fn follows_digit(text: &[char], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| digit(text, before).is_some() || get(text, before) == '十')
}

/// 5-2-501, 5#501, 12-1203 behind the name of an estate: the end.
fn dashed(text: &[char], at: usize) -> Option<usize> {
    let joint = |i: usize| matches!(get(text, i), '-' | '—' | '–' | '#' | '－');
    let (first_end, first) = digits(text, at);
    if !(1..=3).contains(&first) || !joint(first_end) {
        return None;
    }
    let (second_end, second) = digits(text, first_end + 1);
    let three = (1..=3).contains(&second) && joint(second_end);
    let (end, last) = if three {
        digits(text, second_end + 1)
    } else {
        (second_end, second)
    };
    let from = end - last;
    let year = last == 4
        && matches!(
            (get(text, from), get(text, from + 1)),
            ('1', '9') | ('2', '0')
        );
    let measured = MEASURES.contains(get(text, spaces(text, end))) && get(text, end) != '.';
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let at_home = "区园苑城庭寓厦村府湾郡里弄邸院".contains(before);
    let joined = before == '-' || joint(end);
    let fits = (3..=4).contains(&last) && !year && !measured && !joined;
    (fits && (three || at_home)).then_some(end)
}

/// Room 1201, Rm. 502B, Flat 3A, Apt 5.
fn latin(text: &[char], at: usize) -> Found {
    if !begins_word(text, at) {
        return None;
    }
    let behind = ["room", "rm", "flat", "apt", "apartment", "unit", "suite"]
        .iter()
        .filter_map(|word| after_word(text, at, word))
        .filter(|end| !get(text, *end).is_ascii_alphabetic())
        .max()?;
    let mut from = behind;
    while from < behind + 6 && matches!(get(text, from), ' ' | '.' | ':' | '#' | 'n' | 'o') {
        from += 1;
    }
    let (mut end, count) = digits(text, from);
    if get(text, end) == '-' && digit(text, end + 1).is_some() {
        end = digits(text, end + 1).0;
    }
    if get(text, end).is_ascii_alphabetic() && !get(text, end + 1).is_ascii_alphabetic() {
        end += 1;
    }
    (1..=5).contains(&count).then_some((Kind::Room, from, end))
}
