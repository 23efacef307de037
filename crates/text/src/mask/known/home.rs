//! The door a known person lives behind: what their address says of it, and every way to say it
//! again. Streets, house numbers and buildings stay.

use crate::{
    digits::get,
    mask::{
        after_word,
        doors::{COUNTED, MEASURES, ROOM_DIGITS, is_measured, opens_list_of_rooms, room_word},
        ends_with,
        figures::digit,
        is_han,
        rooms::{OnFloor, in_house, on_floor},
        whole::whole,
    },
};

use super::{
    home_words::{BEFORE, BEHIND},
    letters::digit_here,
};

/// A door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Door {
    /// Its digits, as the house counts them: 502.
    room: Vec<char>,
    /// The number or letter of its building, where the address tells it.
    building: Option<String>,
}

/// What ends the name of a road, behind which the number of a house stands.
const ROADS: &str = "路街巷弄道里坊桥线组村社队";

/// What a building's number is followed by.
const BUILDINGS: &[&str] = &["号楼", "号院", "栋", "幢", "座", "#", "号"];

/// What 502号 may go on with where it is no door.
const NO_DOOR: &str = "楼院铺店商摊厂库线路公文令桥地车井机泵口台";

/// What shops and stalls go on with behind their number.
const SHOPS: &[&str] = &["店", "铺", "商", "摊"];

/// What 502户 goes on with where it counts households.
const OF_A_COUNT: &str = "左以多居人村商业住";

/// Letters that may stand between the building and the door.
const FILLER: &str = " ,.、，-—–(（:：的那个里面第上边之/@_=\"“[【「";

/// Letters between the building and the door at most.
const FILLER_MAX: usize = 6;

/// The doors an address names.
pub(super) fn doors(address: &[char]) -> Vec<Door> {
    let mut doors: Vec<Door> = Vec::new();
    let mut at = 0;
    while at < address.len() {
        let found = door_of_floor(address, at).or_else(|| door(address, at));
        let next = found
            .as_ref()
            .map(|(_, end)| *end)
            .or_else(|| Some(whole(address, at)?.1));
        let told = found.filter(|(room, _)| room.len() >= *ROOM_DIGITS.start());
        doors.extend(told.map(|(room, _)| Door {
            room,
            building: building_before(address, at),
        }));
        at = next.unwrap_or(at + 1).max(at + 1);
    }
    doors.dedup();
    doors
}

fn door_of_floor(address: &[char], at: usize) -> Option<(Vec<char>, usize)> {
    let there = on_floor(address, at)?;
    let said =
        there.sure || get(address, there.end) == '号' || room_word(address, there.end).is_some();
    said.then(|| (there.room.chars().collect(), there.end))
}

fn door(address: &[char], at: usize) -> Option<(Vec<char>, usize)> {
    let (digits, end) = whole(address, at)?;
    let before = at
        .checked_sub(1)
        .map_or('\0', |before| get(address, before));
    if matches!(before, '.' | '+') {
        return None;
    }
    let lettered =
        get(address, end).is_ascii_alphabetic() && !get(address, end + 1).is_ascii_alphanumeric();
    let behind = end + usize::from(lettered);
    let said = room_word(address, behind).is_some() || word_at(address, behind, BEHIND);
    let last = get(address, behind);
    let ends =
        !last.is_alphanumeric() || last == '号' && !NO_DOOR.contains(get(address, behind + 1));
    let on_road = ROADS.contains(before_spaces(address, at));
    let by_place = ROOM_DIGITS.contains(&digits.len())
        && !on_road
        && (ends && !followed_by_number(address, behind) || in_house(address, at))
        && !MEASURES.contains(last)
        && !word_at(address, behind, SHOPS);
    let of_its_word = said && (2..=5).contains(&digits.len());
    (of_its_word || by_place).then(|| (digits.chars().collect(), end))
}

/// Whether another number is joined to this one.
fn followed_by_number(text: &[char], at: usize) -> bool {
    !matches!(get(text, at), ' ' | '\0') && digit(text, at + 1).is_some()
}

fn word_at(text: &[char], at: usize, words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| after_word(text, at, word).is_some())
}

fn before_spaces(text: &[char], at: usize) -> char {
    let mut letters = text.iter().take(at).rev();
    letters.find(|c| **c != ' ').copied().unwrap_or('\0')
}

/// The building named last before a place of an address.
fn building_before(address: &[char], at: usize) -> Option<String> {
    (0..at)
        .rev()
        .find_map(|from| {
            let opens = from == 0 || digit(address, from - 1).is_none();
            let (digits, end) = whole(address, from).filter(|_| opens)?;
            let joined = matches!(get(address, end), '-' | '—' | '–') && end + 1 == at;
            let named = BUILDINGS
                .iter()
                .filter(|word| **word != "号" || end + 1 == at)
                .any(|word| after_word(address, end, word).is_some());
            (joined || named).then_some(digits)
        })
        .or_else(|| {
            let letter =
                |i: &usize| get(address, *i).is_ascii_alphabetic() && get(address, i + 1) == '座';
            (0..at)
                .rev()
                .find(letter)
                .map(|i| get(address, i).to_string())
        })
}

impl Door {
    /// Where the door stands that is said here: its first letter and the one after its last.
    pub(super) fn find(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let opens = digit_here(text, at).is_some() || matches!(get(text, at), '十' | '拾');
        if !opens
            || at > 0 && (digit(text, at - 1).is_some() || "百十千".contains(get(text, at - 1)))
        {
            return None;
        }
        if let Some(there) =
            on_floor(text, at).filter(|there| there.room.chars().eq(self.room.iter().copied()))
        {
            return self.of_floor(text, &there).map(|end| (at, end));
        }
        let (end, in_words) = self.digits(text, at)?;
        let goes_on = matches!(get(text, end), '.' | ':') && digit(text, end + 1).is_some();
        if digit(text, end).is_some() || goes_on {
            return None;
        }
        let lettered =
            get(text, end).is_ascii_alphabetic() && !get(text, end + 1).is_ascii_alphanumeric();
        let end = end + usize::from(lettered);
        if let Some(end) = self.said_behind(text, at, end) {
            return Some((at, end));
        }
        if opens_list_of_rooms(text, end) {
            return Some((at, end));
        }
        let measured = is_other(text, end);
        let said = in_words
            || self.is_written(text, at, end)
            || stands_alone(text, at, end)
            || self.said_before(text, at)
            || self.building_behind(text, end);
        (said && !measured).then_some((at, end))
    }

    /// Whether the digits are Chinese ones with a nought among them (五〇二): few other numbers are
    /// written so.
    fn is_written(&self, text: &[char], at: usize, end: usize) -> bool {
        let letters = text.get(at..end).unwrap_or_default();
        self.room.contains(&'0')
            && letters.len() == self.room.len()
            && letters.iter().all(|c| is_han(*c))
    }

    /// The end of a door that is told by its floor: 5楼02, 5楼2号.
    fn of_floor(&self, text: &[char], there: &OnFloor) -> Option<usize> {
        if let Some(end) = room_word(text, there.end) {
            return Some(end);
        }
        if get(text, there.end) == '号' {
            let other = "电厅口机线楼门梯铺店商摊-—~至";
            return (!other.contains(get(text, there.end + 1))).then_some(there.end + 1);
        }
        (there.sure && !is_other(text, there.end)).then_some(there.end)
    }

    /// Where the digits of the room end that stand here, and whether they are said in words.
    fn digits(&self, text: &[char], at: usize) -> Option<(usize, bool)> {
        let (mut next, mut in_words) = (at, true);
        let mut parting = Vec::new();
        for (i, wanted) in self.room.iter().enumerate() {
            if i > 0 && digit_here(text, next).is_none() {
                let sign = get(text, next);
                if !matches!(sign, ' ' | '-' | '.' | '·' | '_' | '/' | '(' | ')') {
                    return self.by_places(text, at).map(|end| (end, false));
                }
                parting.push(sign);
                next += 1 + usize::from(sign == ')' && get(text, next + 1) == '(');
            }
            let said =
                digit_here(text, next).filter(|said| said.digit == *wanted && said.times == 1);
            let Some(said) = said else {
                return self.by_places(text, at).map(|end| (end, false));
            };
            in_words &= said.end > next + 1;
            next = said.end;
        }
        // 5.02 is a measure, 5.0.2 is not.
        let all = parting.len() + 1 == self.room.len();
        let fits = all || parting.iter().all(|sign| matches!(sign, ' ' | '-' | ')'));
        fits.then_some((next, in_words))
    }

    /// 五百零二.
    fn by_places(&self, text: &[char], at: usize) -> Option<usize> {
        let (digits, end) = whole(text, at)?;
        digits.chars().eq(self.room.iter().copied()).then_some(end)
    }

    /// The end of what is said behind the number and makes a door of it.
    fn said_behind(&self, text: &[char], at: usize, end: usize) -> Option<usize> {
        let before = before_spaces(text, at);
        if let Some(to) = room_word(text, end) {
            return Some(to);
        }
        let from = end + usize::from(get(text, end) == ' ');
        if get(text, from) == '号' {
            let street = ROADS.contains(before) || before == '第';
            let after = get(text, from + 1);
            return (!street && !NO_DOOR.contains(after)).then_some(from + 1);
        }
        if get(text, from) == '#' && digit(text, from + 1).is_none() {
            return Some(from + 1);
        }
        let family = get(text, from) == '家' && !"企商店单公餐门庭".contains(get(text, from + 1));
        let household = get(text, from) == '户' && !OF_A_COUNT.contains(get(text, from + 1));
        let said = family || household || word_at(text, from, BEHIND);
        (said && !COUNTED.contains(before)).then_some(end)
    }

    /// Whether what stands before the number makes a door of it.
    fn said_before(&self, text: &[char], at: usize) -> bool {
        let spaces = text
            .iter()
            .take(at)
            .rev()
            .take(2)
            .take_while(|c| matches!(c, ' ' | ':' | '第'));
        let from = at - spaces.count();
        let said = BEFORE.iter().any(|word| ends_with(text, from, word));
        said || in_house(text, at) || self.joined(text, at) || house_before(text, at)
    }

    /// 2-502, 2/502, A502: the building and the door, joined.
    fn joined(&self, text: &[char], at: usize) -> bool {
        let letter = |i: usize| {
            get(text, i).is_ascii_alphabetic()
                && (i == 0 || !get(text, i - 1).is_ascii_alphanumeric())
        };
        let is_own = |digits: &str| self.building.as_deref() == Some(digits);
        (at.saturating_sub(FILLER_MAX)..at).any(|from| {
            if letter(from) {
                let near = from + 1 == at
                    || from + 2 == at && matches!(get(text, from + 1), '-' | ' ' | '座');
                return near && is_own(&get(text, from).to_string());
            }
            let opens = from == 0 || digit(text, from - 1).is_none();
            let Some((digits, end)) = whole(text, from).filter(|_| opens) else {
                return false;
            };
            let short = (1..=3).contains(&digits.len());
            match text.get(end..at) {
                Some(['-' | '—' | '–' | '#' | '杠' | '~']) => short,
                Some(rest) if !rest.is_empty() => {
                    is_own(&digits) && rest.iter().all(|c| is_joint(*c))
                }
                _ => false,
            }
        })
    }

    /// 502（2号楼）, 502, 2栋.
    fn building_behind(&self, text: &[char], end: usize) -> bool {
        let gap = (end..end + 3).find(|i| get(text, *i).is_alphanumeric());
        let Some((digits, behind)) = gap.and_then(|from| whole(text, from)) else {
            return false;
        };
        self.building.as_deref() == Some(digits.as_str()) && word_at(text, behind, BUILDINGS)
    }
}

/// Signs that join a building, a unit and a door.
fn is_joint(letter: char) -> bool {
    letter.is_ascii_digit() || "/、,. 之号，-—–#:_=@~".contains(letter)
}

/// 2号楼里面那个502: a building, a few words, the door.
fn house_before(text: &[char], at: usize) -> bool {
    let filler = text.iter().take(at).rev().take(FILLER_MAX);
    let filler = filler.take_while(|c| FILLER.contains(**c)).count();
    in_house(text, at - filler)
}

/// Whether nothing stands around a number, or it is the name of a file.
fn stands_alone(text: &[char], at: usize, end: usize) -> bool {
    let stop = |c: char| {
        matches!(
            c,
            '\0' | '\n' | ',' | '，' | '。' | ';' | '、' | '(' | ')' | '!'
        )
    };
    let opens = at == 0 || get(text, at - 1) != '\0' && stop(get(text, at - 1));
    let file = get(text, end) == '.' && get(text, end + 1).is_ascii_alphabetic();
    opens && (stop(get(text, end)) || file)
}

fn is_other(text: &[char], end: usize) -> bool {
    let next = end + usize::from(get(text, end) == ' ');
    if get(text, next) == '户' && OF_A_COUNT.contains(get(text, next + 1)) {
        return true;
    }
    is_measured(text, end)
        || "路线块毫微克公里秒赫胶名位号mgkd℃伏瓦升分大院医厂国省县".contains(get(text, next))
}
