//! Numbers in a reading: phones, identity cards, bank cards. Digits may be of any writing, Chinese
//! ones and those of cheques among them, and may be parted as people part them.

use super::{Found, Kind, MASKED, after_word, begins_word, spoken::said_in_a_row};
use crate::digits::{classify, get, holds_mobile, is_mobile};

/// Letters that may part the digits of one number, in a row.
const PARTING: usize = 3;

/// Digits of the longest number looked for.
const DIGITS_MAX: usize = 19;

/// The digit a letter stands for.
pub(super) fn digit(text: &[char], at: usize) -> Option<char> {
    let letter = get(text, at);
    if letter.is_ascii_digit() {
        return Some(letter);
    }
    let among = |digits: &[char]| digits.contains(&letter);
    Some(match letter {
        _ if among(&['零', '〇', '○', '◯']) => '0',
        _ if among(&['一', '壹', '弌', '幺']) => '1',
        _ if among(&['二', '贰', '弍']) => '2',
        _ if among(&['三', '叁', '弎', '参']) => '3',
        _ if among(&['四', '肆']) => '4',
        _ if among(&['五', '伍']) => '5',
        _ if among(&['六', '陆']) => '6',
        _ if among(&['七', '柒']) => '7',
        _ if among(&['八', '捌']) => '8',
        _ if among(&['九', '玖']) => '9',
        // As they are said over the radio; words of their own unless digits stand around.
        '么' | '洞' | '拐' | '勾' | '两' if amid_digits(text, at) => match letter {
            '么' => '1',
            '洞' => '0',
            '拐' => '7',
            '勾' => '9',
            _ => '2',
        },
        // The letters that look like a nought and a one.
        'o' | 'l' | 'i' if amid_digits(text, at) => match letter {
            'o' => '0',
            _ => '1',
        },
        _ => return None,
    })
}

/// Letters looked over for a plain digit.
const AMID: usize = 8;

/// Whether plain digits stand on both sides, spoken and lookalike ones passed over.
fn amid_digits(text: &[char], at: usize) -> bool {
    let passes = |c: &char| matches!(c, '么' | '洞' | '拐' | '勾' | '两' | 'o' | 'l' | 'i');
    let is_plain = |c: &char| c.is_ascii_digit() || PLAIN_HAN.contains(*c);
    let before = text.iter().take(at).rev().take(AMID).find(|c| !passes(c));
    let after = text.iter().skip(at + 1).take(AMID).find(|c| !passes(c));
    before.is_some_and(is_plain) && after.is_some_and(is_plain)
}

const PLAIN_HAN: &str = "零〇○一二三四五六七八九壹贰叁肆伍陆柒捌玖幺";

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
        let (kind, _, to) = unannounced(text, at + 1)?;
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
    unannounced(text, at)
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
    // Two numbers parted by a space or hyphen look like one run; a part that is a number of its
    // own is one.
    if let Some(kind) = run.digits.get(..first).and_then(classify) {
        return Some((kind, at, with_extension(text, kind, end(first)?)));
    }
    let found = run
        .part_ends()
        .filter(|(digits, parts)| *parts > 1 && fits_its_parts(&run, *digits, *parts))
        .filter_map(|(digits, _)| Some((classify(run.digits.get(..digits)?)?, end(digits)?)))
        .last();
    if let Some((kind, to)) = found {
        return Some((kind, at, with_extension(text, kind, to)));
    }
    // A mobile number inside a longer run of digits is masked with the whole run.
    let plain = plain_run(text, at);
    let digits: String = (at..plain).filter_map(|i| digit(text, i)).collect();
    holds_mobile(&digits).then_some((Kind::Phone, at, plain))
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
    let first: Option<u32> = run.digits.get(..4).and_then(|d| d.parse().ok());
    let dated = run.parts.first() == Some(&4)
        && first.is_some_and(|year| (1900..2100).contains(&year))
        && digits < 15;
    !mixed && !local && !dated
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
    let filler = |c: char| matches!(c, ':' | ' ' | '是' | '为' | '号' | '码' | '=' | '.' | '(');
    let mut from = behind;
    while from < behind + 6 && filler(get(text, from)) {
        from += 1;
    }
    let lettered = kind == Kind::IdNumber
        && get(text, from).is_ascii_alphabetic()
        && digit(text, from + 1).is_some();
    let digits_from = from + usize::from(lettered);
    digit(text, digits_from)?;
    let run = run(text, digits_from);
    let (count, _) = run
        .part_ends()
        .filter(|(count, _)| (least..=most).contains(count))
        .last()?;
    let digits = run.digits.get(..count)?;
    if kind == Kind::Phone && is_day(digits) {
        return None;
    }
    let kind = classify(digits).unwrap_or(kind);
    let to = run.ends.get(count - 1).copied()?;
    Some((kind, from, with_extension(text, kind, to)))
}

/// 20261124, a day and no phone.
fn is_day(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse::<u32>().ok());
    digits.len() == 8
        && part(0, 4).is_some_and(|y| (1900..2100).contains(&y))
        && part(4, 6).is_some_and(|m| (1..=12).contains(&m))
        && part(6, 8).is_some_and(|d| (1..=31).contains(&d))
}
