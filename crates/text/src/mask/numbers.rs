//! Numbers in a reading: phones, identity cards, bank cards. Digits may be of any writing, Chinese
//! ones and those of cheques among them, and may be parted as people part them.

use super::{
    Found, Kind, MASKED, after_word, begins_word, doors::is_measured, ends_with, figures::digit,
    parted::widely_parted, spoken::said_in_a_row,
};
use crate::digits::{
    classify, get, holds_mobile, is_day, is_landline, is_mobile, is_of_an_exchange,
    opens_like_a_company,
};

/// Letters that may part the digits of one number, in a row.
const PARTING: usize = 3;

/// Digits of the longest number looked for.
const DIGITS_MAX: usize = 19;

/// Digits as they stand: which, in which parts, and where each ends.
struct Run {
    digits: String,
    /// Letter after each digit.
    ends: Vec<usize>,
    /// How many digits each part has.
    parts: Vec<usize>,
    /// What parts them.
    parting: Vec<char>,
}

impl Run {
    /// The parts' end, counted in digits, and how many parts there are until then.
    fn part_ends(&self) -> impl Iterator<Item = (usize, usize)> {
        self.parts.iter().enumerate().scan(0, |sum, (at, count)| {
            *sum += count;
            Some((*sum, at + 1))
        })
    }
}

/// What may stand between the parts of one number.
fn parts_digits(letter: char) -> bool {
    !letter.is_alphanumeric()
        && !matches!(
            letter,
            '\0' | MASKED
                | '\n'
                | ','
                | ';'
                | ':'
                | '。'
                | '、'
                | '!'
                | '?'
                | '|'
                | '/'
                | '*'
                | '#'
                | '%'
                | '+'
        )
}

fn same_writing(a: char, b: char) -> bool {
    a.is_ascii() == b.is_ascii()
}

fn run(text: &[char], at: usize) -> Run {
    let mut run = Run {
        digits: String::new(),
        ends: Vec::new(),
        parts: Vec::new(),
        parting: Vec::new(),
    };
    let mut next = at;
    loop {
        let mut count = 0;
        let mut last = '\0';
        while let Some(found) = digit(text, next).filter(|_| run.digits.len() < DIGITS_MAX + 1) {
            let letter = get(text, next);
            if count > 0 && !same_writing(last, letter) {
                run.parts.push(count);
                run.parting.push('\0');
                count = 0;
            }
            last = letter;
            run.digits.push(found);
            next += 1;
            count += 1;
            run.ends.push(next);
        }
        if matches!(get(text, next), 'x' | '×') && run.digits.len() == 17 {
            run.digits.push('X');
            next += 1;
            count += 1;
            run.ends.push(next);
        }
        run.parts.push(count);
        let gap = text
            .iter()
            .skip(next)
            .take(PARTING + 1)
            .take_while(|c| parts_digits(**c))
            .count();
        let goes_on = digit(text, next + gap).is_some()
            || (run.digits.len() == 17 && matches!(get(text, next + gap), 'x' | '×'));
        if gap == 0 || gap > PARTING || !goes_on || run.digits.len() > DIGITS_MAX {
            return run;
        }
        run.parting.push(get(text, next));
        next += gap;
    }
}

/// Numbers: identity cards, bank cards, mobiles, landlines, and short ones that are announced.
pub(super) fn number(text: &[char], at: usize) -> Found {
    if let Some(found) = announced(text, at).or_else(|| in_words(text, at)) {
        return Some(found);
    }
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let here = get(text, at);
    if here == '+' || (here == '(' && digit(text, at + 1).is_some()) {
        let (kind, _, to) = unannounced(text, at + 1).or_else(|| in_parts(text, at + 1))?;
        let closed = text.iter().take(to).skip(at).any(|c| *c == ')');
        return (here == '+' || closed).then_some((kind, at, to));
    }
    if matches!(here, 'l' | 'i') && !before.is_ascii_alphanumeric() {
        // A one that was typed as a letter.
        let to = plain_run(text, at + 1);
        let digits: String = std::iter::once('1')
            .chain((at + 1..to).filter_map(|i| digit(text, i)))
            .collect();
        return is_mobile(&digits).then_some((Kind::Phone, at, to));
    }
    let goes_on = at > 0 && digit(text, at - 1).is_some() && same_writing(before, here);
    if goes_on || digit(text, at).is_none() {
        return None;
    }
    unannounced(text, at).or_else(|| in_parts(text, at))
}

fn in_parts(text: &[char], at: usize) -> Found {
    let (kind, to) = widely_parted(text, at)?;
    Some((kind, at, with_extension(text, kind, to)))
}

/// A number said digit by digit in words.
fn in_words(text: &[char], at: usize) -> Found {
    if !begins_word(text, at) {
        return None;
    }
    let (digits, end) = said_in_a_row(text, at, DIGITS_MAX);
    Some((classify(&digits)?, at, end))
}

fn unannounced(text: &[char], at: usize) -> Found {
    let run = run(text, at);
    let end = |digits: usize| digits.checked_sub(1).and_then(|i| run.ends.get(i)).copied();
    let first = run.parts.first().copied().unwrap_or(0);
    if is_of_a_company(text, at) {
        return None;
    }
    // Two numbers parted by a space or hyphen look like one run; a part that is a number of its
    // own is one.
    if let Some(kind) = run.digits.get(..first).and_then(classify) {
        let to = end(first)?;
        let amount = first == LOCAL_DIGITS && is_measured(text, to);
        let paper = (kind == Kind::BankCard || matches!(first, LOCAL_DIGITS | OLD_CARD_DIGITS))
            && numbers_a_paper(text, at);
        return (!amount && !paper).then(|| (kind, at, with_extension(text, kind, to)));
    }
    let found = run
        .part_ends()
        .filter(|(digits, parts)| *parts > 1 && fits_its_parts(&run, *digits, *parts))
        .filter_map(|(digits, _)| Some((classify(run.digits.get(..digits)?)?, end(digits)?)))
        .last();
    if let Some((kind, to)) = found {
        // 8800-9500元.
        let local = run.parts.get(..2) == Some(&[4, 4]) && end(LOCAL_DIGITS) == Some(to);
        let amount = local && is_measured(text, to);
        return (!amount).then(|| (kind, at, with_extension(text, kind, to)));
    }
    let plus = at > 0 && get(text, at - 1) == '+';
    if let Some(to) = from_afar(&run, plus).or_else(|| called(text, at, &run)) {
        let to = with_extension(text, Kind::Phone, end(to)?);
        return Some((Kind::Phone, at, to));
    }
    // A mobile number inside a longer run of digits is masked with the whole run.
    let plain = plain_run(text, at);
    let digits: String = (at..plain).filter_map(|i| digit(text, i)).collect();
    holds_mobile(&digits).then_some((Kind::Phone, at, plain))
}

/// Digits of Fuzhou's numbers without their area code.
const LOCAL_DIGITS: usize = 8;

/// Digits of an identity card of before 1999.
const OLD_CARD_DIGITS: usize = 15;

/// Words behind which the number of a paper or of an object comes.
const PAPERS: &[&str] = &[
    "执照",
    "注册号",
    "许可证",
    "编号",
    "编码",
    "单号",
    "文号",
    "案号",
    "证书",
    "批号",
    "批次",
    "订单",
    "型号",
    "条码",
    "二维码",
];

/// Letters between such a word and its number at most.
const PAPERS_FAR: usize = 4;

/// Whether the number here is that of a paper or an object: it then is nobody's by its form alone.
fn numbers_a_paper(text: &[char], at: usize) -> bool {
    let is_filler = |c: &&char| is_call_filler(**c) || "字第".contains(**c);
    let filler = text.iter().take(at).rev().take(PAPERS_FAR);
    let from = at - filler.take_while(is_filler).count();
    let of_paper = |end: usize, word: &str| {
        let start = end.saturating_sub(word.chars().count());
        let of_person = ["身份证", "身份", "证件", "卡", "户"]
            .iter()
            .any(|whose| ends_with(text, start, whose));
        ends_with(text, end, word) && !of_person
    };
    (from..=at).any(|end| PAPERS.iter().any(|word| of_paper(end, word)))
}

/// Whether the digits here stand in a company's code or a permit that opens with one.
fn is_of_a_company(text: &[char], at: usize) -> bool {
    let of_word = |c: &&char| c.is_ascii_alphanumeric();
    let before = text.iter().take(at).rev().take_while(of_word).count();
    let word: String = text.iter().skip(at - before).take_while(of_word).collect();
    opens_like_a_company(&word)
}

/// 86-591-87654321, 591-87654321: a landline with its country, or without the nought of its area; how
/// many digits it has. In one run they are the number of anything.
fn from_afar(run: &Run, plus: bool) -> Option<usize> {
    let parts = run.part_ends().filter(|(_, parts)| *parts > 1 || plus);
    let whole = parts.filter(|(digits, _)| {
        let digits = run.digits.get(..*digits).unwrap_or_default();
        let national = digits
            .strip_prefix("0086")
            .or_else(|| digits.strip_prefix("86"))
            .or_else(|| digits.strip_prefix("591").map(|_| digits));
        let spaced = run.parts.first().is_some_and(|first| *first <= 4);
        (spaced || plus)
            && national.is_some_and(|rest| rest.len() > 9 && is_landline(&format!("0{rest}")))
    });
    whole.last().map(|(digits, _)| digits)
}

/// Words beside which eight digits are a phone's.
const CALLS: &[&str] = &[
    "打", "拨", "电话", "座机", "固话", "家电", "宅电", "总机", "联系", "回电", "来电", "致电",
    "传真", "号码", "tel", "phone", "call",
];

/// What may stand between such a word and the number.
fn is_call_filler(letter: char) -> bool {
    " :.(-".contains(letter) || "是为号码到给家里的我请可以一下他她".contains(letter)
}

/// 打22786651, 家电28301177: eight digits of any exchange behind a word for a call; how many digits.
fn called(text: &[char], at: usize, run: &Run) -> Option<usize> {
    let whole = run.parts.first() == Some(&LOCAL_DIGITS)
        || run.parts.get(..2) == Some(&[4, 4])
        || run.parts.len() >= LOCAL_DIGITS && run.parts.iter().take(LOCAL_DIGITS).all(|p| *p == 1);
    let digits = run
        .digits
        .get(..LOCAL_DIGITS)
        .filter(|d| whole && is_of_an_exchange(d))?;
    let filler = text.iter().take(at).rev().take(6);
    let from = at - filler.take_while(|c| is_call_filler(**c)).count();
    let said = (from..=at).any(|end| CALLS.iter().any(|word| ends_with(text, end, word)));
    let end = run.ends.get(LOCAL_DIGITS - 1).copied()?;
    (said && !is_measured(text, end)).then_some(digits.len())
}

/// The end of a run of digits with nothing in it.
fn plain_run(text: &[char], at: usize) -> usize {
    (at..).find(|i| digit(text, *i).is_none()).unwrap_or(at)
}

/// Measurements and times beside each other are no number: a phone is not parted by points and by
/// spaces at once, a local landline has its eight digits in one or in two parts, and what opens
/// with a day is a day.
fn fits_its_parts(run: &Run, digits: usize, parts: usize) -> bool {
    let parting: Vec<char> = run
        .parting
        .iter()
        .take(parts - 1)
        .copied()
        .filter(|c| *c != '\0')
        .collect();
    let mixed = parting.contains(&'.') && parting.iter().any(|c| *c != '.');
    let local = digits == 8 && run.parts.get(..2) != Some(&[4, 4]);
    let dated = run.parts.first() == Some(&4) && opens_with_year(&run.digits) && digits < 15;
    !mixed && !local && !dated
}

fn opens_with_year(digits: &str) -> bool {
    let year: Option<u32> = digits.get(..4).and_then(|four| four.parse().ok());
    year.is_some_and(|year| (1900..2100).contains(&year))
}

/// 转 8001, ext. 8001, -8001 behind a phone.
fn with_extension(text: &[char], kind: Kind, to: usize) -> usize {
    if kind != Kind::Phone {
        return to;
    }
    let skip = |at: usize| {
        (at..)
            .find(|i| !matches!(get(text, *i), ' ' | '.' | ':' | '('))
            .unwrap_or(at)
    };
    let from = skip(to);
    let Some(behind) = EXTENSIONS
        .iter()
        .find_map(|word| after_word(text, from, word))
        .map(skip)
    else {
        return to;
    };
    let end = plain_run(text, behind);
    if (1..=6).contains(&(end - behind)) {
        end
    } else {
        to
    }
}

const EXTENSIONS: &[&str] = &["转分机", "分机号", "分机", "转", "ext", "-"];

/// Words that announce a number, what it is, and how many digits it has.
const ANNOUNCED: &[(&str, Kind, usize, usize)] = &[
    ("银行卡", Kind::BankCard, 9, 25),
    ("卡号", Kind::BankCard, 9, 25),
    ("账号", Kind::BankCard, 9, 25),
    ("帐号", Kind::BankCard, 9, 25),
    ("账户", Kind::BankCard, 9, 25),
    ("身份证", Kind::IdNumber, 15, 18),
    ("护照", Kind::IdNumber, 7, 9),
    ("通行证", Kind::IdNumber, 7, 11),
    ("台胞证", Kind::IdNumber, 7, 11),
    ("手机", Kind::Phone, 7, 13),
    ("电话", Kind::Phone, 7, 13),
    ("家电", Kind::Phone, 7, 13),
    ("宅电", Kind::Phone, 7, 13),
    ("总机", Kind::Phone, 7, 13),
    ("座机", Kind::Phone, 7, 13),
    ("固话", Kind::Phone, 7, 13),
    ("号码", Kind::Phone, 7, 13),
    ("来电", Kind::Phone, 7, 13),
    ("致电", Kind::Phone, 7, 13),
    ("传真", Kind::Phone, 7, 13),
    ("联系方式", Kind::Phone, 7, 13),
    ("tel", Kind::Phone, 7, 13),
    ("phone", Kind::Phone, 7, 13),
    ("mobile", Kind::Phone, 7, 13),
];

/// 电话是 8765432, 护照 E12345678: after its word a number of less form is one as well.
fn announced(text: &[char], at: usize) -> Found {
    if !begins_word(text, at) {
        return None;
    }
    let (behind, kind, least, most) = ANNOUNCED.iter().find_map(|(word, kind, least, most)| {
        Some((after_word(text, at, word)?, *kind, *least, *most))
    })?;
    let filler = |c: char| {
        matches!(
            c,
            ':' | ' ' | '是' | '为' | '编' | '号' | '码' | '=' | '.' | '('
        )
    };
    let mut from = behind;
    while from < behind + 6 && filler(get(text, from)) {
        from += 1;
    }
    let lettered = kind == Kind::IdNumber
        && get(text, from).is_ascii_alphabetic()
        && digit(text, from + 1).is_some();
    let digits_from = from + usize::from(lettered);
    digit(text, digits_from)?;
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    if after_word(text, at, "号码").is_some() && OF_PAPERS.contains(before) {
        return None;
    }
    let run = run(text, digits_from);
    let (count, _) = run
        .part_ends()
        .filter(|(count, _)| (least..=most).contains(count))
        .last()?;
    let digits = run.digits.get(..count)?;
    let dated = run.parts.first() == Some(&4) && run.parts.len() > 1 && opens_with_year(digits);
    if kind == Kind::Phone && (is_day(digits) || dated) {
        return None;
    }
    let kind = classify(digits).unwrap_or(kind);
    let to = run.ends.get(count - 1).copied()?;
    Some((kind, from, with_extension(text, kind, to)))
}

/// Letters before 号码 that make it the number of a paper: 发票号码, 订单号码.
const OF_PAPERS: &str = "票单案档批文书";
