//! What is a reason to look behind a mask. Nobody can tell a true one from a false one by its
//! letters; but what says nothing can be told, and whoever must write something answers for it.

use validator::ValidationError;
use zxcvbn::Score;

use crate::text::normalise;

/// Different letters a reason has at least beside what says nothing.
const DIFFERENT: usize = 4;

/// Letters of a reason in Latin script, beside what says nothing.
const LATIN: usize = 8;

/// Chinese digits, which say as little as others.
const DIGITS: &str = "零〇一二三四五六七八九十百千万两";

/// Of so many letters of a text in English one at least is a vowel.
const LETTERS_PER_VOWEL: usize = 6;

/// Words by which people say that they look, and not why; in normal form, the longer before those
/// they contain.
const SAY_NOTHING: &[&str] = &[
    "工作需要",
    "业务需要",
    "了解情况",
    "没有原因",
    "没有理由",
    "没什么",
    "不知道",
    "为什么",
    "看看",
    "查看",
    "查询",
    "浏览",
    "打开",
    "显示",
    "了解",
    "测试",
    "试试",
    "随便",
    "需要",
    "必须",
    "应该",
    "可以",
    "工作",
    "业务",
    "使用",
    "信息",
    "资料",
    "数据",
    "内容",
    "详情",
    "情况",
    "原因",
    "理由",
    "其他",
    "其它",
    "下",
    "没有",
    "因为",
    "所以",
    "就是",
    "哈",
    "呵",
    "嘿",
    "嘻",
    "啦",
    "我们",
    "自己",
    "领导",
    "要求",
    "我",
    "你",
    "想",
    "要",
    "看",
    "查",
    "用",
    "请",
    "的",
    "了",
    "是",
    "吧",
    "啊",
    "呀",
    "哦",
    "嗯",
    "无",
    "略",
    "loremipsum",
    "dolor",
    "sitamet",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "asrequired",
    "required",
    "require",
    "because",
    "purpose",
    "ineed",
    "testing",
    "test",
    "reason",
    "please",
    "nothing",
    "none",
    "look",
    "view",
    "check",
    "need",
    "work",
    "data",
    "information",
    "info",
];

/// A text that says which step needs the person.
///
/// # Errors
/// What is wrong with one that says nothing.
pub fn says_why(text: &str) -> Result<(), ValidationError> {
    if is_reason(text) {
        return Ok(());
    }
    let message = "says no reason; name the step that needs the person, as 电话回访核实油烟时段";
    Err(ValidationError::new("no_reason").with_message(message.into()))
}

fn is_reason(text: &str) -> bool {
    let plain: String = normalise(text)
        .chars()
        .filter(|c| !c.is_numeric() && !DIGITS.contains(*c))
        .collect();
    let mut left = plain.clone();
    for word in SAY_NOTHING {
        left = left.replace(word, "");
    }
    let different: std::collections::HashSet<char> = left.chars().collect();
    let is_long = !left.is_ascii() || left.len() >= LATIN;
    is_long && different.len() >= DIFFERENT && !is_repeated(&plain) && !is_mashed(&plain)
}

/// Whether a text is one piece over and over, the last perhaps broken off.
fn is_repeated(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=letters.len() / 2).any(|piece| {
        let shifted = letters.iter().skip(piece);
        letters.iter().zip(shifted).all(|(a, b)| a == b)
    })
}

/// Whether a text of Latin letters is a walk over the keyboard, or no words.
fn is_mashed(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let vowels = text.chars().filter(|c| "aeiouy".contains(*c)).count();
    text.len() > vowels * LETTERS_PER_VOWEL || zxcvbn::zxcvbn(text, &[]).score() < Score::Two
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_a_step() {
        for text in [
            "电话回访核实情况",
            "call back to verify",
            "12345转办需联系",
            "送达答复意见书",
            "核对是否重复信访",
            "想请反映人补充油烟出现的时段",
            "公安机关依法调取，见调取通知书",
            "第3次电话回访核实",
            "Confirm the time of the noise",
            "phone the reporter because the site was closed",
        ] {
            assert!(is_reason(text), "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_none() {
        for text in [
            "",
            "      ",
            "啊啊啊啊啊啊啊",
            "。。。。。。。",
            "abababab",
            "\u{200B}\u{200B}核实核实",
            "asdfasdfasdf",
            "asdf asdf asdf",
            "qwertyuiop",
            "zxcvbnm,./",
            "fghjkdfgh jkdfg",
            "12345678901234567890",
            "１２３４５６７８９０",
            "二〇二六一一二四",
            "查看一下查看一下",
            "看一下看一下看",
            "核实情况核实情况",
            "工作需要，查看信息",
            "我想看看他的资料",
            "测试测试测试一下",
            "哈哈哈哈呵呵呵呵",
            "test test testing",
            "no reason needed",
            "as required by work",
            "because I need it",
            "lorem ipsum dolor",
            "因为要用所以要看",
            "哈哈哈嘿嘿嘿联系",
            "核实qwerty",
        ] {
            assert!(!is_reason(text), "{text:?}");
        }
    }
}
