//! The number of a household (室号) in a reading: what tells a door from all others of a house.
//! Streets, house numbers and buildings stay: an officer has to find the place.

use super::{Found, Kind, after_word, begins_word, numbers::digit};
use crate::text::digits::get;

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

/// Letters behind a number that make it a measure, a count or a time, and no room.
const MEASURES: &str = "平米元人次吨年分路度个家台辆%.点时天月日多余倍条株棵只件套m㎡k处万千百亿以左上下期届版楼栋幢座";

/// 502室, 3单元1201, 5-2-501, Room 1201.
pub(super) fn room(text: &[char], at: usize) -> Found {
    latin(text, at).or_else(|| numbered(text, at))
}

/// The digits here: where they end and how many. One letter may follow, as in 501B.
fn digits(text: &[char], at: usize) -> (usize, usize) {
    let end = (at..).find(|i| digit(text, *i).is_none()).unwrap_or(at);
    (end, end - at)
}

fn spaces(text: &[char], at: usize) -> usize {
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
fn in_house(text: &[char], at: usize) -> bool {
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
