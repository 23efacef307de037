//! Words that stand in a field for a phone, in the place of a number or beside it.

use crate::{ink::takes_no_ink, keys::normalise};

/// What stands in a field for a number where somebody left none, in normal form.
const NONE_LEFT: &[&str] = &[
    "",
    "0",
    "na",
    "nil",
    "no",
    "none",
    "null",
    "unknown",
    "anonymous",
    "无",
    "没有",
    "暂无",
    "空",
    "没留",
    "不留",
    "未留",
    "未留电话",
    "未留联系方式",
    "未提供",
    "不提供",
    "拒绝提供",
    "不愿提供",
    "不愿透露",
    "拒绝透露",
    "不便透露",
    "不方便透露",
    "不想透露",
    "不方便",
    "不便",
    "不便提供",
    "不方便提供",
    "不想提供",
    "不肯提供",
    "不愿留",
    "不方便留",
    "不愿意留",
    "同上",
    "见上",
    "未登记",
    "未填",
    "未填写",
    "不详",
    "不明",
    "未知",
    "保密",
    "匿名",
    "无电话",
    "无手机",
    "无号码",
    "没有电话",
    "没有手机",
];

/// Whether a text says that there is nothing to say.
#[must_use]
pub fn says_none(text: &str) -> bool {
    let said: String = text.chars().filter(|c| !takes_no_ink(*c)).collect();
    let said = normalise(&said);
    NONE_LEFT.contains(&said.as_str()) || said.chars().all(|c| c == '0')
}

/// Words for a phone and for a service that answers one; longer ones first.
const PHONE_WORDS: [&str; 39] = [
    "telephone",
    "hotline",
    "mobile",
    "phone",
    "call",
    "tel",
    "cell",
    "number",
    "no",
    "联系方式",
    "電話",
    "电话",
    "手机",
    "手機",
    "座机",
    "固话",
    "号码",
    "號碼",
    "联系",
    "热线",
    "熱線",
    "服务",
    "客服",
    "平台",
    "中心",
    "市长",
    "市民",
    "政务",
    "便民",
    "政府",
    "公共",
    "环保",
    "投诉",
    "举报",
    "报警",
    "公安",
    "拨打",
    "请",
    "打",
];

/// Whether nothing but words for a phone stands beside the digits of a text. Digits among other
/// words are a room's or a nickname's sooner than a service's.
pub(super) fn names_a_phone(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: String = lower
        .split(|c: char| c.is_ascii_digit() || !c.is_alphanumeric())
        .collect::<Vec<_>>()
        .join(" ");
    let rest = PHONE_WORDS
        .iter()
        .fold(words, |words, word| words.replace(word, " "));
    rest.trim().is_empty()
}
