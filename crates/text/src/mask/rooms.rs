//! The number of a household (室号) in a reading: what tells a door from all others of a house.
//! Streets, house numbers and buildings stay: an officer has to find the place.

use super::{
    Found, Kind, after_word, begins_word,
    doors::{
        COUNTED, MEASURES, ROOM_DIGITS, counts_a_door, door_number, is_door_letter, is_dwelt_in,
        is_household, is_measured, is_shop, opens_list_of_rooms, room_word, sign_behind, spaces,
    },
    ends_with,
    figures::digit,
    homes::{ESTATES, ends_door, may_be_estate, on_its_road, tells_home},
    is_han,
    whole::whole,
};
use crate::digits::get;

/// What stands behind a room's number where a building or a floor stands before it.
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
    "门",
    "#",
    "#楼",
    "门牌号",
    "房号",
    "房间号",
    "房间",
    "室号",
    "门牌",
];

/// 502室, 3单元1201, 5-2-501, 6楼02, Room 1201.
pub(super) fn room(text: &[char], at: usize) -> Found {
    latin(text, at)
        .or_else(|| numbered(text, at))
        .or_else(|| spread(text, at))
        .or_else(|| of_list(text, at))
        .or_else(|| behind_sign(text, at))
        .or_else(|| by_floor(text, at))
        .or_else(|| by_unit(text, at))
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
    let to = room_word(text, end).filter(|_| (3..=4).contains(&digits.len()) && !counted);
    to.map(|to| (Kind::Room, at, to))
        .or_else(|| in_words_or_blanks(text, at))
}

/// 三座五百零二, 3座 5 0 2: the door of a house whose digits stand in no row.
fn in_words_or_blanks(text: &[char], at: usize) -> Found {
    let (digits, end) = door_number(text, at).filter(|_| in_house(text, at))?;
    (counts_a_door(&digits) && !is_other(text, end)).then_some((Kind::Room, at, end))
}

/// Whether what stands behind a number is a shop, a measure, a count or another number's sign.
fn is_other(text: &[char], end: usize) -> bool {
    let behind = spaces(text, end);
    let sign = get(text, behind) == '号' || !is_household(text, behind);
    sign || is_measured(text, end) || is_shop(text, end)
}

/// 502、503室, 3座502、503: one of several doors, of which the last is said to be one or the first
/// stands in a house.
fn of_list(text: &[char], at: usize) -> Found {
    let (_, end) = door_number(text, at).filter(|(digits, _)| counts_a_door(digits))?;
    let listed = opens_list_of_rooms(text, end) || follows_door(text, at) && !is_other(text, end);
    listed.then_some((Kind::Room, at, end))
}

/// 5号楼，902, 2号楼A1203: the door of a house behind a comma or the letter of a part of it.
fn behind_sign(text: &[char], at: usize) -> Found {
    let lettered = matches!(get(text, at), 'a'..='h');
    let (digits, end) = door_number(text, at + usize::from(lettered))?;
    let comma = at
        .checked_sub(1)
        .filter(|i| matches!(get(text, *i), ',' | '、'));
    let housed = if lettered {
        in_house(text, at)
    } else {
        comma.is_some_and(|comma| in_house(text, comma))
    };
    let year = digits.len() == 4 && matches!(digits.get(..2), Some("19" | "20"));
    let fits = housed && !year && counts_a_door(&digits) && ends_door(text, end);
    fits.then_some((Kind::Room, at, end))
}

/// Whether the door of a house stands before a number, joined to it.
fn follows_door(text: &[char], at: usize) -> bool {
    let Some(end) = at
        .checked_sub(1)
        .filter(|i| "、和与及跟/".contains(get(text, *i)))
    else {
        return false;
    };
    let count = text
        .iter()
        .take(end)
        .rev()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let from = end - count;
    ROOM_DIGITS.contains(&count) && (in_house(text, from) || follows_door(text, from))
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

/// 1栋1单元2号 before a pause or somebody who lives there: the door of a unit.
fn by_unit(text: &[char], at: usize) -> Found {
    let (digits, end) = whole(text, at)?;
    let of_unit = ["单元", "梯"].iter().any(|word| ends_with(text, at, word));
    let behind = end + 1;
    let lived_in = LIVED_IN
        .iter()
        .any(|word| after_word(text, behind, word).is_some());
    let closed = lived_in || !continues(get(text, behind)) && !is_joint(get(text, behind));
    let fits = of_unit && digits.len() <= 2 && get(text, end) == '号' && closed;
    fits.then_some((Kind::Room, at, behind))
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
    if matches!(get(text, end), '-' | '~' | '—' | '–' | '至' | '到') {
        let (further, more) = digits(text, end + 1);
        if (1..=4).contains(&more) {
            end = further;
        }
    }
    let plain = end;
    if get(text, end).is_ascii_alphabetic() && !get(text, end + 1).is_ascii_alphanumeric() {
        end += 1;
    }
    let behind = spaces(text, end);
    if let Some(to) = sign_behind(text, behind).filter(|_| (2..=5).contains(&count)) {
        return Some((Kind::Room, at, to));
    }
    let counted = at > 0 && COUNTED.contains(get(text, at - 1));
    if let Some(to) = room_word(text, end).filter(|_| (3..=4).contains(&count) && !counted) {
        return Some((Kind::Room, at, to));
    }
    // Units are few: what has three digits before 单元 is a door.
    let door = door_number(text, at).filter(|(digits, _)| counts_a_door(digits));
    let of_unit = door.and_then(|(_, end)| after_word(text, spaces(text, end), "单元"));
    if let Some(to) = of_unit {
        return Some((Kind::Room, at, to));
    }
    if !in_house(text, at) {
        return None;
    }
    of_house(text, at, plain, count)
}

/// The door of a house that stands before it: its digits end here.
fn of_house(text: &[char], at: usize, plain: usize, count: usize) -> Found {
    let lettered = is_door_letter(get(text, plain));
    let end = plain + usize::from(lettered);
    if get(text, end).is_ascii_alphanumeric() || is_shop(text, end) {
        return None;
    }
    if lettered {
        return (1..=4).contains(&count).then_some((Kind::Room, at, end));
    }
    let behind = spaces(text, end);
    let word = BEHIND_IN_HOUSE
        .iter()
        .find_map(|word| after_word(text, behind, word));
    if let Some(to) = word.filter(|_| (3..=5).contains(&count)) {
        let door: String = (at..plain).filter_map(|i| digit(text, i)).collect();
        let households =
            get(text, to - 1) == '户' && !(is_household(text, to - 1) && counts_a_door(&door));
        let counted = households || COUNTED.contains(get(text, at.saturating_sub(1)));
        return (!counted).then_some((Kind::Room, at, to));
    }
    if !(3..=4).contains(&count) {
        return None;
    }
    if get(text, behind) == '号' {
        let is_door = !"楼铺店商摊院厂库".contains(get(text, behind + 1));
        return is_door.then_some((Kind::Room, at, behind + 1));
    }
    (!is_measured(text, end)).then_some((Kind::Room, at, end))
}

/// Whether a building, a floor or another room of it stands before.
pub(super) fn in_house(text: &[char], at: usize) -> bool {
    let mut end = at;
    while let Some(before) = end.checked_sub(1)
        && at - end < 3
        && matches!(
            get(text, before),
            ' ' | '-' | '—' | ':' | '.' | '/' | '_' | '·' | '(' | '第' | '的' | '之'
        )
    {
        end = before;
    }
    if end > 0 && matches!(get(text, end - 1), '是' | '为') {
        // 房号是11A.
        return ["房号", "室号", "房间号", "门牌号", "门牌", "房间"]
            .iter()
            .any(|word| ends_with(text, end - 1, word));
    }
    HOUSES.iter().any(|word| {
        let letters = word.chars().count();
        end.checked_sub(letters)
            .and_then(|from| after_word(text, from, word).map(|_| from))
            .is_some_and(|from| match *word {
                "楼" | "层" | "门" => follows_digit(text, from),
                // An entity of a web page is none: &#160.
                "#" => from > 0 && get(text, from - 1).is_alphanumeric(),
                _ => true,
            })
    })
}

/// Whether a digit or 十 stands just before, as in 3楼, 十二层.
fn follows_digit(text: &[char], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| digit(text, before).is_some() || get(text, before) == '十')
}

/// 5-2-501, 5#501, 12-1203 behind the name of an estate, 1-502 and 5-02 in a house: the end.
fn dashed(text: &[char], at: usize) -> Option<usize> {
    let joint = |i: usize| matches!(get(text, i), '-' | '—' | '–' | '#');
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
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let spaced = at.checked_sub(2).filter(|_| before == ' ');
    let named = spaced.map_or(before, |i| get(text, i));
    let joined = before == '-' || joint(end);
    // 5#501 names its house apart; stalls and hotlines (400-889-3333) have three numbers too.
    let apart = !three && get(text, first_end) == '#';
    let other = year
        || joined
        || apart
        || "铺店摊位".contains(before)
        || is_measured(text, end)
        || is_shop(text, end);
    let housed = in_house(text, at);
    let of_floor = housed && first <= 2 && last == 2 && get(text, from) == '0';
    if other || !((3..=4).contains(&last) || of_floor) {
        return None;
    }
    let door: String = (from..end).filter_map(|i| digit(text, i)).collect();
    let at_home = housed
        || ESTATES.contains(named)
        || tells_home(text, at)
        || on_its_road(text, at)
        || counts_a_door(&door) && is_dwelt_in(text, end);
    let alone = first <= 2 && counts_a_door(&door) && may_be_estate(before) && ends_door(text, end);
    (three && first <= 2 || at_home || alone).then_some(end)
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
