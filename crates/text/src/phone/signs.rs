//! The digits and signs of a number in one form each, whatever they were written in.

use crate::{digits::plain_digit, ink::takes_no_ink};

/// The text with a dash for each sign that stands alone between two digits. Several of them hide
/// digits, `138****8000`.
pub(super) fn joined(text: &str) -> String {
    const SIGNS: [char; 12] = [
        '/', '\\', ',', '、', '|', '~', '〜', '*', ':', ';', '。', '=',
    ];
    let mut joined = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(SIGNS) {
        let (before, from) = rest.split_at(at);
        let mut after = from.chars();
        let sign = after.next().unwrap_or_default();
        let parts = before.trim_end().ends_with(|c: char| c.is_ascii_digit())
            && after
                .as_str()
                .trim_start()
                .starts_with(|c: char| c.is_ascii_digit());
        joined.push_str(before);
        joined.push(if parts { '-' } else { sign });
        rest = after.as_str();
    }
    joined.push_str(rest);
    joined
}

/// The text with digits and signs of every script in their ASCII form, without letters that take
/// no ink. `numerals` count as digits where no other digit stands; beside digits, 一 is a dash.
pub(super) fn plain(text: &str, numerals: bool) -> String {
    let letters = text.chars().filter(|c| !takes_no_ink(*c)).map(sign);
    letters
        .map(|c| match numeral(c) {
            Some(digit) if numerals => digit,
            Some(_) if c == '一' => '-',
            _ => c,
        })
        .collect()
}

/// The digit of a Chinese numeral, or of one in a circle, raised or lowered.
fn numeral(c: char) -> Option<char> {
    /// The letter of each row of nine that is a one.
    const ONES: [char; 4] = ['①', '❶', '➀', '➊'];
    let one = ONES.iter().map(|one| u32::from(*one));
    let circled = one
        .filter_map(|one| u32::from(c).checked_sub(one))
        .find(|n| *n < 9);
    if let Some(digit) = circled {
        return char::from_digit(digit + 1, 10);
    }
    Some(match c {
        '⁰' | '₀' | '⓪' | '⓿' | '🄋' | '🄌' => '0',
        '¹' | '₁' => '1',
        '²' | '₂' => '2',
        '³' | '₃' => '3',
        '⁴' | '₄' => '4',
        '⁵' | '₅' => '5',
        '⁶' | '₆' => '6',
        '⁷' | '₇' => '7',
        '⁸' | '₈' => '8',
        '⁹' | '₉' => '9',
        '〇' | '零' | '○' => '0',
        '一' | '壹' | '幺' => '1',
        '二' | '贰' | '两' => '2',
        '三' | '叁' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' => '6',
        '七' | '柒' => '7',
        '八' | '捌' => '8',
        '九' | '玖' => '9',
        _ => return None,
    })
}

/// The ASCII form of a digit, a dash, a space, a plus, a bracket.
pub(super) fn sign(c: char) -> char {
    match plain_digit(c) {
        '-' | '_' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹣' | '﹘' | '─' | '━' | '⁃'
        | 'ー' => '-',
        '+' | '﹢' | '⁺' | '➕' => '+',
        '.' | '·' | '•' | '‧' | '∙' | '・' | '･' => '.',
        '(' | ')' | '[' | ']' | '{' | '}' | '【' | '】' | '〔' | '〕' | '﹙' | '﹚' | '\''
        | '"' | '`' | '‘' | '’' | '“' | '”' | '\u{20E3}' => ' ',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// A number that a spreadsheet took for a quantity, when all its digits are there:
/// `13800138000.0`, `1.3800138000E+10`, `13,800,138,000`. One that was rounded stays as it is.
pub(super) fn as_a_sheet_holds_it(text: &str) -> String {
    let trimmed = text.trim();
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if let Some((whole, rest)) = trimmed.split_once('.') {
        if all_digits(whole) && !rest.is_empty() && rest.bytes().all(|b| b == b'0') {
            return whole.to_owned();
        }
        if let Some((decimals, exponent)) = rest.split_once(['E', 'e'])
            && all_digits(whole)
            && all_digits(decimals)
            && exponent.trim_start_matches('+').parse() == Ok(decimals.len())
        {
            return format!("{whole}{decimals}");
        }
    }
    let thousands: Vec<&str> = trimmed.split(',').collect();
    if let [first, rest @ ..] = thousands.as_slice()
        && !rest.is_empty()
        && all_digits(first)
        && first.len() <= 3
        && rest.iter().all(|part| part.len() == 3 && all_digits(part))
    {
        return thousands.concat();
    }
    text.to_owned()
}
