//! The digits of a reading, of any writing: Chinese ones and those of cheques among them, and those
//! that are said or typed for others.

use crate::digits::get;

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
