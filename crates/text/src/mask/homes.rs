//! Doors and floors that are told by what stands around them, where no house and no word for a room
//! does: who lives there, the number of the house on its road, the name of an estate.

use super::{
    Found, Kind, after_word,
    doors::{
        COUNTED, counts_a_door, door_number, is_dwelt_in, is_household, is_measured, is_shop,
        spaces,
    },
    ends_with,
    figures::digit,
    is_han,
    whole::whole,
};
use crate::digits::get;

/// Last letters of the names of estates and of houses that people live in.
pub(super) const ESTATES: &str = "区园苑城庭寓舍厦村府湾郡里弄邸院墅营";

/// Letters before a number that leave the name of an estate no place: 编号7-502, 图3-101.
const NO_ESTATE: &str =
    "号第图表条款章附编案件档批约从到至共为是在版型字次约近超达有的了元分比数度级";

/// Words behind which a door comes that people live behind.
const HOMES: &[&str] = &[
    "直达",
    "我就是",
    "同层",
    "们是",
    "我这边",
    "我这",
    "屋里",
    "我屋",
    "本户",
    "我户",
    "住在",
    "们是",
    "家住",
    "住址",
    "住",
    "地址",
    "家在",
    "我家",
    "们家",
    "家里",
    "楼上",
    "楼下",
    "隔壁",
    "对门",
    "对面",
    "邻居",
    "我在",
    "本人",
    "我是",
    "业主",
    "住户",
];

/// What a bare door goes on with, besides a pause.
const GOES_ON: &str =
    "的业住家里房屋那这漏装养有在都也每晚老反投被因经常门阳卫厨邻和及与太总又办是说称窗我";

/// What ends the name of a road, behind which the number of a house stands.
const ROADS: &str = "路街巷弄道里坊桥亭";

/// A door or a floor.
pub(super) fn home(text: &[char], at: usize) -> Found {
    floor(text, at)
        .or_else(|| side(text, at))
        .or_else(|| lettered(text, at))
        .or_else(|| behind_letter(text, at))
        .or_else(|| bare(text, at))
}

/// Blanks just before a place.
fn spaces_before(text: &[char], at: usize) -> usize {
    text.iter()
        .take(at)
        .rev()
        .take(2)
        .take_while(|c| **c == ' ')
        .count()
}

/// Whether a word for somebody's home ends just before a place.
pub(super) fn tells_home(text: &[char], at: usize) -> bool {
    let is_filler = |c: char| matches!(c, ' ' | ':' | ',' | '是' | '在' | '于' | '第' | '的');
    let filler = text.iter().take(at).rev().take(3);
    let from = at - filler.take_while(|c| is_filler(**c)).count();
    (from..=at).any(|end| HOMES.iter().any(|word| ends_with(text, end, word)))
}

/// Whether the name of an estate may end with a letter.
pub(super) fn may_be_estate(letter: char) -> bool {
    is_han(letter) && !NO_ESTATE.contains(letter) && !ROADS.contains(letter)
}

/// Whether a door's number may end here that nothing else makes one.
pub(super) fn ends_door(text: &[char], end: usize) -> bool {
    let behind = spaces(text, end);
    let letter = get(text, behind);
    let joined = matches!(letter, '.' | '-' | ':' | '/' | '~' | '—' | '+' | '%')
        && digit(text, behind + 1).is_some();
    let word = |word: &str| after_word(text, behind, word).is_some();
    let household = letter == '户' && is_household(text, behind);
    let goes_on = GOES_ON.contains(letter) || word("天天") || word("多次") || household;
    let pause = !letter.is_alphanumeric() && !matches!(letter, '#' | '%' | '℃' | '㎡');
    !joined && (pause || goes_on) && !is_measured(text, end) && !is_shop(text, end)
}

/// 我住806, 温泉路52号503, 左海公寓612, 1204住户.
fn bare(text: &[char], at: usize) -> Found {
    let (digits, end) = door_number(text, at).filter(|(digits, _)| counts_a_door(digits))?;
    let before = text
        .iter()
        .take(at)
        .rev()
        .find(|c| **c != ' ')
        .copied()
        .unwrap_or('\0');
    let near = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let counted = COUNTED.contains(near) && !ends_with(text, at, "直达");
    if near.is_ascii_alphanumeric() || counted || near == '.' {
        return None;
    }
    let dweller = is_dwelt_in(text, end);
    let opens = !is_han(before) || "是们楼".contains(before);
    // 小区502户 counts households sooner, and 小区2019、2020年 years.
    let year = digits.len() == 4 && matches!(digits.get(..2), Some("19" | "20"));
    let placed = on_its_road(text, at)
        || ends_with(text, at - spaces_before(text, at), "soho")
        || ESTATES.contains(before) && !"院府".contains(before);
    let placed = placed && !year && get(text, spaces(text, end)) != '户';
    // 三〇二: few other numbers are written so.
    let letters = text.get(at..end).unwrap_or_default();
    let spelled = !year
        && digits.contains('0')
        && letters.len() == digits.len()
        && letters.iter().all(|c| is_han(*c));
    let household = HOUSEHOLDS
        .iter()
        .any(|word| after_word(text, spaces(text, end), word).is_some());
    let told = dweller && opens
        || household
        || tells_home(text, at) && !is_other_number(text, end)
        || ends_door(text, end) && (placed || opens && spelled);
    told.then_some((Kind::Room, at, end))
}

/// Words that make one household of the number before them, whatever stands before that.
const HOUSEHOLDS: &[&str] = &["这户", "那户", "这家", "那家", "户主", "房主"];

/// A door that the text names as one elsewhere, where it stands alone.
pub(super) fn named_before(text: &[char], at: usize, doors: &[String]) -> Found {
    let (digits, end) = door_number(text, at)?;
    let near = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let joined = near.is_ascii_alphanumeric() || ".-/+#:".contains(near) || COUNTED.contains(near);
    let again = doors.contains(&digits) && !joined && ends_door(text, end);
    again.then_some((Kind::Room, at, end))
}

/// The doors of a place that was found to name some: 502 of 3-502室.
pub(super) fn doors_of(letters: &[char]) -> Vec<String> {
    let starts = (0..letters.len()).filter_map(|at| door_number(letters, at));
    starts
        .map(|(digits, _)| digits)
        .filter(|digits| counts_a_door(digits))
        .collect()
}

/// Letters behind a number that make it another one than a door's.
const OTHERS: &str = "号路街巷弄线班级期届版条款章项页字类型系次旁附侧#%℃㎡";

/// Whether what stands behind a number behind a word for a home makes it no door all the same.
fn is_other_number(text: &[char], end: usize) -> bool {
    let behind = spaces(text, end);
    let joined = !get(text, behind).is_alphanumeric() && !ends_door(text, end);
    joined
        || OTHERS.contains(get(text, behind))
        || !is_household(text, behind)
        || is_measured(text, end)
        || is_shop(text, end)
}

/// Whether the number of a house on its road, or of a house of an estate, stands just before.
pub(super) fn on_its_road(text: &[char], at: usize) -> bool {
    let spaces = text
        .iter()
        .take(at)
        .rev()
        .take(2)
        .take_while(|c| matches!(**c, ' ' | '('))
        .count();
    let Some(sign) = (at - spaces)
        .checked_sub(1)
        .filter(|i| get(text, *i) == '号')
    else {
        return false;
    };
    let digits = text
        .iter()
        .take(sign)
        .rev()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let named = (sign - digits)
        .checked_sub(1)
        .map_or('\0', |i| get(text, i));
    (1..=4).contains(&digits) && (ROADS.contains(named) || ESTATES.contains(named))
}

/// A-1203, 5B-1203, C2-1506: a building with its letter, and the door.
fn lettered(text: &[char], at: usize) -> Found {
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if before.is_ascii_alphanumeric()
        || digit(text, at).is_some() && !get(text, at).is_ascii_digit()
    {
        return None;
    }
    let mut next = at;
    let mut letters = 0;
    while next < at + 3 && get(text, next).is_ascii_alphanumeric() {
        letters += usize::from(matches!(get(text, next), 'a'..='h'));
        let other = get(text, next).is_ascii_alphabetic() && !matches!(get(text, next), 'a'..='h');
        if other {
            return None;
        }
        next += 1;
    }
    if letters != 1 || !matches!(get(text, next), '-' | '—' | '–') {
        return None;
    }
    let (digits, end) = door_number(text, next + 1)?;
    let opens = !is_han(before) && is_dwelt_in(text, end);
    let told = tells_home(text, at) || ends_with_room_word(text, at);
    let housed = told || opens || may_be_estate(before);
    let fits = counts_a_door(&digits) && housed && ends_door(text, end);
    fits.then_some((Kind::Room, at, end))
}

/// 我住B1205: the letter of a building, and the door.
fn behind_letter(text: &[char], at: usize) -> Found {
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if before.is_ascii_alphanumeric() || !matches!(get(text, at), 'a'..='h') {
        return None;
    }
    let (digits, end) = door_number(text, at + 1)?;
    let fits = counts_a_door(&digits) && tells_home(text, at) && ends_door(text, end);
    fits.then_some((Kind::Room, at, end))
}

/// 房号：, 门牌.
fn ends_with_room_word(text: &[char], at: usize) -> bool {
    let end = at
        - text
            .iter()
            .take(at)
            .rev()
            .take(2)
            .take_while(|c| ": ".contains(**c))
            .count();
    ["房号", "门牌", "室号", "门牌号", "房间号"]
        .iter()
        .any(|word| ends_with(text, end, word))
}

/// Words that somebody's home is told by, before its floor.
const LIVING: &[&str] = &[
    "住",
    "租的是",
    "租在",
    "我家",
    "们家",
    "咱家",
    "家在",
    "自家",
];

/// Letters that make another word of 住, or of what follows it another place.
const NO_LIVING: &str = "户宅建改院房所";

/// Letters between a home and a floor that lead to another place.
const ELSEWHERE: &str = "、下对旁隔附近反投店司馆厅商有被从到听闻能面边里,.;!?\n。";

/// Letters looked back over from a floor.
const LIVING_FAR: usize = 24;

/// Floors without a number.
const NAMED_FLOORS: &[&str] = &["次顶层", "顶楼", "顶层", "最高层"];

/// Households of a floor or of a unit.
const SIDES: &[&str] = &[
    "东户",
    "西户",
    "中户",
    "南户",
    "北户",
    "左户",
    "右户",
    "东边户",
    "西边户",
    "中间户",
    "东头",
    "西头",
    "左边那户",
    "右边那户",
    "左手边",
    "右手边",
    "左边一户",
    "右边一户",
    "左边住户",
    "右边住户",
];

/// Who somebody speaks of with their floor at once: 我们六楼.
const OURSELVES: &[&str] = &["我们", "咱们", "我", "本人"];

/// 住2号楼3单元5楼, 我家在三楼, 住顶楼: the floor somebody lives on; 5楼东户.
fn floor(text: &[char], at: usize) -> Found {
    let in_number =
        at > 0 && (digit(text, at - 1).is_some() || "十百第".contains(get(text, at - 1)));
    if in_number {
        return None;
    }
    let named = NAMED_FLOORS
        .iter()
        .find_map(|word| after_word(text, at, word));
    let end = named.or_else(|| {
        let (floor, behind) = whole(text, at)?;
        let counts = floor.parse().is_ok_and(|n: u32| (1..=60).contains(&n));
        let behind = spaces(text, behind);
        let said = ["楼", "层", "f"]
            .iter()
            .find_map(|word| after_word(text, behind, word));
        said.filter(|_| counts)
    })?;
    if get(text, end).is_ascii_alphanumeric() || get(text, end) == '楼' {
        return None;
    }
    let side = SIDES.iter().find_map(|word| after_word(text, end, word));
    if let Some(to) = side {
        return Some((Kind::Room, at, to));
    }
    let ranged = at > 0 && "-—~至到、和".contains(get(text, at - 1));
    if !ranged && of_house(text, at) && (is_dwelt_in(text, end) || is_lived_on(text, end)) {
        return Some((Kind::Room, at, end));
    }
    let after = get(text, spaces(text, end));
    let closed = !after.is_alphanumeric()
        || "都也就的这那靠住天每经常晚能由正东西南北太总又实家".contains(after);
    let business = [
        "的店", "的餐", "的饭", "的酒", "的公", "的商", "的会", "的健", "的k",
    ]
    .iter()
    .any(|word| after_word(text, end, word).is_some());
    let ours = OURSELVES.iter().any(|word| ends_with(text, at, word));
    ((ours || lives(text, at)) && closed && !business).then_some((Kind::Room, at, end))
}

/// Whether a floor is that of a house or of a unit that stands just before.
fn of_house(text: &[char], at: usize) -> bool {
    let end = at - spaces_before(text, at);
    ["号楼", "单元", "栋", "幢", "座", "梯", "#", "#楼", "号"]
        .iter()
        .any(|word| ends_with(text, end, word))
}

/// 6座7楼顶层, 8号2楼住着: whether what stands behind a floor of a house makes it somebody's.
fn is_lived_on(text: &[char], end: usize) -> bool {
    let side = "东西左右南北".contains(get(text, end)) && !is_han(get(text, end + 1));
    let word = ["顶层", "顶楼", "住着", "住的"]
        .iter()
        .any(|word| after_word(text, end, word).is_some());
    side || word
}

/// 三单元西户: the household of a unit.
fn side(text: &[char], at: usize) -> Found {
    if !"东西中南北左右".contains(get(text, at)) {
        return None;
    }
    let end = SIDES.iter().find_map(|word| after_word(text, at, word))?;
    let of_unit = ["单元", "梯", "楼", "层"]
        .iter()
        .any(|word| ends_with(text, at, word));
    of_unit.then_some((Kind::Room, at, end))
}

/// Whether somebody is said to live where a floor follows.
fn lives(text: &[char], at: usize) -> bool {
    (at.saturating_sub(LIVING_FAR)..at).rev().any(|from| {
        let end = LIVING.iter().find_map(|word| after_word(text, from, word));
        let Some(end) = end.filter(|end| *end <= at) else {
            return false;
        };
        let between = text.get(end..at).unwrap_or_default();
        let other = between.first().is_some_and(|c| NO_LIVING.contains(*c));
        !other && !between.iter().any(|c| ELSEWHERE.contains(*c))
    })
}

#[cfg(test)]
mod tests {
    use crate::mask::mask;

    #[test]
    fn doors_and_floors_are_told_by_what_stands_around_them() {
        for (text, expected) in [
            ("我住806，楼下很吵", "我住[室号]，楼下很吵"),
            ("我住B1205，", "我住[室号]，"),
            ("温泉路52号503，", "温泉路52号[室号]，"),
            ("左海公寓612的", "左海公寓[室号]的"),
            ("1204住户反映", "[室号]住户反映"),
            ("隔壁503装修", "隔壁[室号]装修"),
            ("楼上702天天漏水", "楼上[室号]天天漏水"),
            ("融侨水都7-502，", "融侨水都[室号]，"),
            ("阳光城5B-1203，", "阳光城[室号]，"),
            ("房号A-1203", "房号[室号]"),
            ("我家在三楼，", "我家在[室号]，"),
            ("住2号楼3单元5楼，", "住2号楼3单元[室号]，"),
            ("家在A栋 12F，", "家在A栋 [室号]，"),
            ("我家住顶楼", "我家住[室号]"),
            ("3单元5楼东户", "3单元[室号]"),
        ] {
            assert_eq!(mask(text).text, expected, "{text}");
        }
    }

    #[test]
    fn other_numbers_beside_homes_stay() {
        for text in [
            "住户反映3楼的餐馆",
            "我家楼下5楼是办公室",
            "我家对面128号的店",
            "我家有3层楼",
            "住宅楼12层高",
            "温泉路52号1203平方米",
            "温泉路52号128户居民",
            "楼下101店面",
            "隔壁502路公交站",
            "我住这里302天了",
            "小区502户",
            "垃圾桶编号A-0317满了",
            "比分3-101",
            "湖东路154-156号之间",
        ] {
            assert_eq!(mask(text).text, text);
        }
    }
}
