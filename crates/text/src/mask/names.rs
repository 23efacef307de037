//! Names of persons nobody told us of, in a reading, by the words that announce them.

use super::{Found, Kind, MASKED, after_word, begins_word, is_han, surnames::surname};
use crate::digits::get;

/// Words after which a name comes for certain.
const CERTAIN: &[&str] = &[
    "我的名字叫",
    "我的名字是",
    "我的姓名是",
    "我名字叫",
    "我名叫",
    "我叫做",
    "我叫",
    "本人姓名",
    "本人叫",
    "本人名叫",
    "名字叫",
    "名字是",
    "姓名",
    "联系人",
    "投诉人姓名",
    "举报人姓名",
];

/// Words after which a name comes, or something else.
const LIKELY: &[&str] = &[
    "投诉人",
    "经办人",
    "法定代表人",
    "负责人",
    "报案人",
    "报警人",
    "代理人",
    "委托人",
    "当事人",
    "监护人",
    "收件人",
    "寄件人",
    "房东",
    "邻居",
    "举报人",
    "信访人",
    "反映人",
    "申请人",
    "来信人",
    "来访人",
    "户主",
    "业主代表",
    "落款",
    "署名",
    "此致敬礼",
    "敬礼",
    "本人",
    "我是",
    "我系",
];

/// Latin words after which a name comes.
const LATIN: &[&str] = &[
    "my name is",
    "name is",
    "name:",
    "i am",
    "i'm",
    "contact person",
    "contact:",
    "mr.",
    "mr ",
    "mrs.",
    "mrs ",
    "ms.",
    "ms ",
    "miss ",
];

/// Letters that are in names rarely, but behind those words often.
pub(super) const NOT_IN_NAMES: &str = "是在住的于每家为有对从和与已就不也都曾多次认希要想区街路号楼房人们个这那吗呢吧了着过得很太最更还又再才只及或但而且如因所被把将让给跟向到往由自么什怎你我他她它此该其某等说看听写打问请找来去做办管没能会可应须必先";

/// Letters a name may be parted by.
fn parts_name(letter: char) -> bool {
    letter == ' ' || (!letter.is_alphanumeric() && !stops_name(letter))
}

fn stops_name(letter: char) -> bool {
    matches!(
        letter,
        '\0' | MASKED
            | ','
            | '，'
            | '。'
            | '、'
            | ';'
            | ':'
            | '!'
            | '?'
            | '\n'
            | '('
            | ')'
            | '/'
            | '@'
            | '+'
    )
}

/// 我叫王小明, 联系人：李四, 姓名 John Smith.
pub(super) fn announced(text: &[char], at: usize) -> Found {
    if let Some(found) = latin(text, at) {
        return Some(found);
    }
    if let Some(found) = family_name(text, at) {
        return Some(found);
    }
    let word_at = |words: &[&str]| {
        words
            .iter()
            .filter_map(|word| after_word(text, at, word))
            .max()
    };
    let certain = word_at(CERTAIN);
    let behind = certain.or_else(|| word_at(LIKELY))?;
    let mut from = behind;
    while from < behind + 5
        && matches!(
            get(text, from),
            ':' | ' ' | '是' | '为' | '叫' | '-' | '—' | '=' | '(' | '\n' | '"' | '“' | '【'
        )
    {
        from += 1;
    }
    let direct = from == behind;
    if get(text, from).is_ascii_alphabetic() {
        let to = latin_name(text, from, 1)?;
        return (certain.is_some() || !direct).then_some((Kind::Name, from, to));
    }
    if let Some(to) = dotted(text, from) {
        return Some((Kind::Name, from, to));
    }
    let (to, sure) = han_name(text, from)?;
    // 「本人高度怀疑」: where the word may go on as a sentence, a name is followed by a pause.
    let pause = !is_han(get(text, to)) || goes_on(text, to);
    let word = NO_NAME
        .iter()
        .any(|word| after_word(text, from, word).is_some());
    // A river has a name as well: 名字叫化工河.
    let place = !sure && "河湖路街桥村".contains(get(text, to - 1));
    let certain = certain.is_some() && !place && (sure || pause || !direct);
    let likely = pause && (sure || !direct) && !is_trade(text, from, to);
    (!word && (certain || likely)).then_some((Kind::Name, from, to))
}

/// Words that go on about a person who was named.
const GOES_ON: &[&str] = &[
    "身份证",
    "电话",
    "手机",
    "联系",
    "家住",
    "住在",
    "住址",
    "性别",
];

pub(super) fn goes_on(text: &[char], at: usize) -> bool {
    GOES_ON
        .iter()
        .any(|word| after_word(text, at, word).is_some())
}

/// What stands behind those words instead of a name.
const NO_NAME: &[&str] = &[
    "信息", "公开", "保密", "匿名", "同上", "全名", "有误", "不详", "应当", "时间", "单位", "身份",
    "党员", "方式", "地址", "电话", "空白", "相关", "必填", "任意", "盖章", "签字", "党费",
];

/// A last line that holds a name and nothing else, or a name and a day: who wrote the letter.
pub(super) fn signature(text: &[char], at: usize) -> Found {
    if at.checked_sub(1).and_then(|before| text.get(before)) != Some(&'\n') {
        return None;
    }
    let (to, sure) = han_name(text, at)?;
    let mut end = to;
    while matches!(
        get(text, end),
        ' ' | '\n' | '.' | '/' | '-' | '年' | '月' | '日'
    ) || get(text, end).is_ascii_digit()
    {
        end += 1;
    }
    let last = get(text, end) == '\0';
    (sure && last && !is_trade(text, at, to)).then_some((Kind::Name, at, to))
}

/// A surname and one or two letters: where they end, and whether the surname is hardly a word.
pub(super) fn han_name(text: &[char], at: usize) -> Option<(usize, bool)> {
    let window: Vec<char> = text.iter().skip(at).take(8).copied().collect();
    let opens = surname(&window)?;
    let mut end = at + opens.letters;
    let mut given = 0;
    while given < 2 {
        let mut next = end;
        while next < end + 2 && parts_name(get(text, next)) {
            next += 1;
        }
        let letter = get(text, next);
        if !is_han(letter) || NOT_IN_NAMES.contains(letter) || goes_on(text, next) {
            break;
        }
        end = next + 1;
        given += 1;
    }
    (given > 0).then_some((end, opens.sure))
}

/// 阿依古丽·买买提: parts of a name joined by points.
fn dotted(text: &[char], at: usize) -> Option<usize> {
    let mut end = at;
    let mut parts = 0;
    loop {
        let letters = text.iter().skip(end).take_while(|c| is_han(**c)).count();
        if !(2..=8).contains(&letters) {
            return None;
        }
        end += letters;
        parts += 1;
        if !matches!(get(text, end), '·' | '•' | '・') {
            return (parts > 1).then_some(end);
        }
        end += 1;
    }
}

/// What stands where a name might, and is a trade or a standing: 我是党员, 我是江苏人.
pub(super) fn is_trade(text: &[char], from: usize, to: usize) -> bool {
    let word: String = text.iter().take(to).skip(from).collect();
    let last = word.chars().last().unwrap_or('\0');
    "人员民户主生客商师工长友者家属区村镇县市省校院厂店司局处科所站会队办委".contains(last)
}

/// 我姓王, 免贵姓欧阳.
fn family_name(text: &[char], at: usize) -> Found {
    if get(text, at) != '姓' {
        return None;
    }
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if matches!(before, '百' | '同' | '异' | '复' | '单') {
        return None;
    }
    let mut from = at + 1;
    while from < at + 3 && matches!(get(text, from), ' ' | ':' | '是') {
        from += 1;
    }
    let window: Vec<char> = text.iter().skip(from).take(8).copied().collect();
    let opens = surname(&window)?;
    // 「姓党的」 and 「姓名」: what follows a surname here is a pause or a word for a person.
    let end = from + opens.letters;
    let after = get(text, end);
    let fits = !is_han(after) || "的先女小老师是住在".contains(after);
    fits.then_some((Kind::Name, from, end))
}

/// My name is John Smith; Mr. Wang.
fn latin(text: &[char], at: usize) -> Found {
    if !begins_word(text, at) {
        return None;
    }
    let behind = LATIN
        .iter()
        .filter_map(|word| after_word(text, at, word))
        .max()?;
    let mut from = behind;
    while from < behind + 3 && matches!(get(text, from), ' ' | ':' | '.') {
        from += 1;
    }
    let small = ["i am", "i'm"]
        .iter()
        .any(|w| after_word(text, at, w).is_some());
    if small && !is_pause(text, latin_name(text, from, 2)?) {
        return None;
    }
    latin_name(text, from, if small { 2 } else { 1 }).map(|to| (Kind::Name, from, to))
}

fn is_pause(text: &[char], at: usize) -> bool {
    matches!(
        get(text, at),
        '\0' | ',' | '.' | ';' | '\n' | '。' | '，' | '!' | '('
    )
}

/// One to three Latin words of a name.
fn latin_name(text: &[char], at: usize, least: usize) -> Option<usize> {
    const WORDS: [&str; 24] = [
        "a",
        "an",
        "the",
        "from",
        "living",
        "very",
        "not",
        "here",
        "of",
        "and",
        "to",
        "in",
        "at",
        "on",
        "writing",
        "reporting",
        "so",
        "is",
        "i",
        "my",
        "tired",
        "sick",
        "complaining",
        "resident",
    ];
    let mut end = at;
    let mut words = 0;
    while words < 3 {
        let mut from = end;
        while words > 0 && from < end + 2 && matches!(get(text, from), ' ' | '-' | '.' | '·') {
            from += 1;
        }
        let word: String = text
            .iter()
            .skip(from)
            .take_while(|c| c.is_ascii_alphabetic() || **c == '\'')
            .collect();
        if word.is_empty() || WORDS.contains(&word.as_str()) || (words > 0 && from == end) {
            break;
        }
        end = from + word.chars().count();
        words += 1;
    }
    (words >= least).then_some(end)
}
