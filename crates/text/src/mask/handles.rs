//! What else people and their cars are found by: mail addresses, accounts, plates, tracking codes.

use super::{Found, Kind, MASKED, after_word, begins_word, figures::digit};
use crate::digits::get;

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// Last letters of plates with four signs before them.
const PLATE_ENDS: &str = "学警挂港澳领使试超";

/// Words that announce a plate without its province.
const PLATE_WORDS: &[&str] = &["车牌号", "车牌", "车号", "牌照", "牌号"];

/// Signs that part a plate from what follows it, or end a sentence.
const STOPS: &str = "\n,;。、!?";

/// Signs in a row that may stand between two signs of a plate.
const GAP: usize = 2;

fn parts_plate(letter: char) -> bool {
    !letter.is_alphanumeric() && !STOPS.contains(letter) && !matches!(letter, '\0' | MASKED)
}

/// Signs of a plate from here on: how many, how many of them digits, where they end. A few letters may
/// part them; those of new energy alone have six, and open or end with a letter.
fn signs(text: &[char], at: usize, most: usize) -> (usize, usize, usize) {
    let (mut count, mut digits, mut end, mut next) = (0, 0, at, at);
    while count < most {
        let letter = get(text, next);
        let is_digit = digit(text, next).is_some() && !letter.is_ascii_alphabetic();
        let parted = next > end;
        let sixth = count == 5 && parted && !get(text, at).is_ascii_alphabetic();
        if (letter.is_ascii_alphabetic() || is_digit) && !sixth {
            count += 1;
            digits += usize::from(is_digit);
            next += 1;
            end = next;
        } else if parts_plate(letter) && count > 0 && next < end + GAP {
            next += 1;
        } else {
            break;
        }
    }
    (count, digits, end)
}

/// 闽A12345, 闽 A·D12345, 闽a1234学 and the like; new-energy plates have one letter more.
pub(super) fn plate(text: &[char], at: usize) -> Found {
    let mut city = at + 1;
    if let Some(behind) = PLATE_WORDS
        .iter()
        .find_map(|word| after_word(text, at, word))
    {
        city = behind;
        while city < behind + 4 && matches!(get(text, city), ':' | ' ' | '是' | '为' | '号') {
            city += 1;
        }
        if !get(text, city).is_ascii_alphabetic() {
            return None;
        }
        return signs_of_plate(text, city, 3).map(|to| (Kind::Plate, city, to));
    }
    if !PROVINCES.contains(get(text, at)) {
        return None;
    }
    city += usize::from(matches!(get(text, city), '字' | '牌' | '籍'));
    while city < at + 4 && parts_plate(get(text, city)) {
        city += 1;
    }
    if !get(text, city).is_ascii_alphabetic() {
        return None;
    }
    signs_of_plate(text, city, 2).map(|to| (Kind::Plate, at, to))
}

/// The end of a plate whose city letter stands here.
fn signs_of_plate(text: &[char], city: usize, least_digits: usize) -> Option<usize> {
    let mut next = city + 1;
    while next < city + 4 && parts_plate(get(text, next)) {
        next += 1;
    }
    let (count, digits, end) = signs(text, next, 6);
    if count >= 4 && digits >= 2 && PLATE_ENDS.contains(get(text, end)) {
        return Some(end + 1);
    }
    let goes_on = get(text, end).is_ascii_alphanumeric();
    (count >= 5 && digits >= least_digits && !goes_on).then_some(end)
}

/// name@host.cn, with spaces and with the signs spelled out.
pub(super) fn email(text: &[char], at: usize) -> Found {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if part(before) || !get(text, at).is_ascii_alphanumeric() {
        return None;
    }
    let user = text.iter().skip(at).take_while(|c| part(**c)).count();
    let sign = [
        "@", " @ ", " @", "@ ", "(at)", "[at]", " at ", "#at#", "艾特", " (at) ", " [at] ",
    ]
    .iter()
    .find_map(|sign| after_word(text, at + user, sign));
    let from = sign?;
    let mut end = from;
    let mut points = 0;
    loop {
        let letters = text
            .iter()
            .skip(end)
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            .count();
        if letters == 0 {
            break;
        }
        end += letters;
        let point = [".", "。", "点", " . ", "(dot)", "[dot]", " dot "]
            .iter()
            .find_map(|point| after_word(text, end, point))
            .filter(|next| get(text, *next).is_ascii_alphanumeric());
        let Some(next) = point else { break };
        points += 1;
        end = next;
    }
    (points > 0).then_some((Kind::Email, at, end))
}

/// Words that announce an account name.
const ACCOUNT_WORDS: &[&str] = &[
    "微信号码",
    "微信号",
    "微信",
    "薇信",
    "威信号",
    "v信",
    "v:",
    "wechat",
    "weixin",
    "wx",
    "vx",
    "加v",
    "加薇",
    "qq号码",
    "qq号",
    "qq",
    "扣扣",
    "企鹅号",
    "抖音号",
    "抖音",
    "快手号",
    "微博",
    "小红书号",
    "支付宝",
    "钉钉号",
    "钉钉",
    "telegram",
    "whatsapp",
    "skype",
];

/// 微信号：wxid_1, QQ 123 456 789.
pub(super) fn account(text: &[char], at: usize) -> Found {
    if !begins_word(text, at) {
        return None;
    }
    let behind = ACCOUNT_WORDS
        .iter()
        .find_map(|word| after_word(text, at, word))?;
    let mut from = behind;
    while from < behind + 5
        && matches!(
            get(text, from),
            ':' | ' ' | '是' | '为' | '叫' | '号' | '=' | '加' | '('
        )
    {
        from += 1;
    }
    let id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let letters = text.iter().skip(from).take_while(|c| id(**c)).count();
    let digits = text
        .iter()
        .skip(from)
        .take(letters)
        .filter(|c| c.is_ascii_digit())
        .count();
    if letters >= 5 && (digits >= 1 || from > behind) {
        return Some((Kind::Account, from, from + letters));
    }
    parted_digits(text, from).map(|to| (Kind::Account, from, to))
}

/// Five to twelve digits parted by single letters, or written in Chinese.
fn parted_digits(text: &[char], at: usize) -> Option<usize> {
    let (mut count, mut end, mut next) = (0, at, at);
    while count < 12 {
        if digit(text, next).is_some() {
            count += 1;
            next += 1;
            end = next;
        } else if matches!(get(text, next), ' ' | '-' | '.') && count > 0 && end == next {
            next += 1;
        } else {
            break;
        }
    }
    (count >= 5).then_some(end)
}

/// Letters of a tracking code. Whoever has one reads and withdraws what it stands for.
const CODE_LETTERS: usize = 16;

/// A tracking code, in one run or in parts of four to eight letters.
pub(super) fn tracking_code(text: &[char], at: usize) -> Found {
    let sign = |c: char| c.is_ascii_alphanumeric() && !matches!(c, '0' | 'o' | '1' | 'i' | 'l');
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if before.is_ascii_alphanumeric() || before == '-' || !sign(get(text, at)) {
        return None;
    }
    let (mut count, mut digits, mut part, mut next) = (0, 0, 0, at);
    while count < CODE_LETTERS {
        let letter = get(text, next);
        if sign(letter) {
            count += 1;
            part += 1;
            digits += usize::from(letter.is_ascii_digit());
            next += 1;
        } else if matches!(letter, ' ' | '-') && part >= 4 && sign(get(text, next + 1)) {
            part = 0;
            next += 1;
        } else {
            return None;
        }
    }
    let after = get(text, next);
    let ends = !after.is_ascii_alphanumeric() && after != '-';
    // Of sixteen drawn letters, four in fifteen are digits; words have none and numbers no letter.
    (ends && (1..CODE_LETTERS).contains(&digits)).then_some((Kind::Code, at, next))
}
