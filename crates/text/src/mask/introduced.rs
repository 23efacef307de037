//! Persons nobody told us of who introduce themselves, sign, or are named by somebody near them.
//! So little announces these names that they must open with a surname that is hardly a word, and a
//! pause or what a person does must follow.

use super::{
    Found, Kind, MASKED, after_word, is_han,
    names::{NOT_IN_NAMES, goes_on, han_name, is_trade},
};
use crate::digits::get;

/// What somebody is who is named behind it.
const STANDINGS: &[&str] = &[
    "业主",
    "住户",
    "居民",
    "租户",
    "租客",
    "房东",
    "房主",
    "户主",
    "村民",
    "市民",
    "群众",
    "商户",
    "店主",
    "家长",
    "职工",
    "员工",
    "学生",
    "教师",
    "楼长",
    "组长",
    "业主代表",
    "居民代表",
    "楼栋长",
];

/// Where they are it, before what they are.
const AROUND: &[&str] = &[
    "小区",
    "本小区",
    "该小区",
    "附近",
    "周边",
    "楼上",
    "楼下",
    "隔壁",
    "这里的",
    "小区的",
];

/// Who speaks of themselves, before what they are.
const SELVES: &[&str] = &["我是", "我系", "本人系", "本人是", "本人", "我"];

/// Whom people call, before their name.
const CALLED_UPON: &[&str] = &[
    "回电给",
    "回电话给",
    "打电话给",
    "回复给",
    "反馈给",
    "转告",
    "打给",
    "请找",
    "请致电",
    "请回电",
    "请联系",
    "请回复",
];

/// Those near to somebody.
const KIN: &[&str] = &[
    "我爸爸",
    "我妈妈",
    "我父亲",
    "我母亲",
    "我爷爷",
    "我奶奶",
    "我外公",
    "我外婆",
    "我老公",
    "我老婆",
    "我丈夫",
    "我妻子",
    "我爱人",
    "我先生",
    "我太太",
    "我儿子",
    "我女儿",
    "我哥哥",
    "我姐姐",
    "我弟弟",
    "我妹妹",
    "我邻居",
    "我同事",
    "我朋友",
    "我室友",
    "我房东",
    "我爸",
    "我妈",
    "我爹",
    "我娘",
    "我哥",
    "我姐",
    "我弟",
    "我妹",
    "家父",
    "家母",
    "邻居",
    "爱人",
    "丈夫",
    "妻子",
];

/// What persons do who are named first, in a title or at the head of a line.
const DOING: &[&str] = &[
    "反映", "投诉", "举报", "来电", "来信", "来访", "致电", "上访", "信访", "实名", "要求", "表示",
];

/// What stands behind a name in brackets and tells that it is one.
const IN_BRACKETS: &[&str] = &[
    "业主",
    "住户",
    "居民",
    "租户",
    "租客",
    "本人",
    "户主",
    "房主",
    "房东",
    "投诉人",
    "反映人",
    "举报人",
    "联系人",
    "代表",
    "女士",
    "先生",
    "男",
    "女",
    "电话",
    "手机",
    "身份证",
];

/// Words that open like a name.
const NO_NAMES: &[&str] = &[
    "郑重",
    "谢谢",
    "施工",
    "向政府",
    "向物业",
    "向领导",
    "向社区",
    "向街道",
    "向有关",
    "向相关",
    "曾经",
    "马上",
    "马路",
    "许多",
    "许可",
    "周边",
    "周围",
    "周末",
    "周日",
    "严重",
    "严正",
    "严格",
    "单独",
    "单位",
    "杜绝",
    "陈述",
    "陈旧",
    "程度",
    "程序",
    "钱款",
    "钱包",
    "余下",
    "汪洋",
    "张贴",
    "张口",
    "祝愿",
    "游客",
    "童年",
    "童声",
    "温度",
    "温泉",
    "向来",
    "尚未",
    "尚且",
    "田间",
    "田地",
    "古建",
    "甘愿",
    "欧洲",
    "夏天",
    "夏季",
    "秦岭",
    "毛病",
    "武警",
    "汤圆",
    "孔洞",
    "麦当劳",
    "艾灸",
    "林业",
    "林木",
    "林地",
    "林场",
    "宁静",
    "宁愿",
    "苗木",
    "苗圃",
    "霍乱",
    "柳树",
    "梅花",
    "龙头",
    "雷雨",
    "雷声",
    "简单",
    "简直",
    "简易",
    "景区",
    "景观",
    "党员",
    "党委",
    "巫婆",
    "占道",
    "占用",
    "楚楚",
    "尤其",
    "房屋",
    "房间",
    "房子",
    "郎中",
    "池塘",
    "池水",
    "盛夏",
    "季节",
    "齐全",
    "牛肉",
    "康复",
    "易燃",
    "易爆",
    "葛优",
    "武术",
    "贺卡",
    "顾客",
    "覃思",
];

/// What ends the name of a place and no person's.
const PLACES: &str = "庄巷路街湾桥坊弄里港山店馆坪埔洋厝埕寺庙塔门口边记";

/// Words that end a letter, before the name of who wrote it.
const ENDS: &[&str] = &["敬礼", "谢谢", "感谢", "反映人", "投诉人", "举报人", "此致"];

/// Signs between such words and the name.
fn is_filler(letter: char) -> bool {
    matches!(letter, ' ' | ':' | '!' | '。' | ',' | '.' | '\n' | '~')
}

/// 我是业主林婉清, 请回电给林婉清, 我爸林建国, 敬礼！林婉清, 林婉清（业主）, 林婉清反映油烟.
pub(super) fn introduced(text: &[char], at: usize) -> Found {
    standing(text, at)
        .or_else(|| behind(text, at, CALLED_UPON, false))
        .or_else(|| behind(text, at, KIN, true))
        .or_else(|| ended(text, at))
        .or_else(|| in_front(text, at))
        .or_else(|| signed(text, at))
}

/// A name that is surely none of other words: where it ends.
fn sure_name(text: &[char], at: usize) -> Option<usize> {
    let (to, sure) = han_name(text, at)?;
    let word = NO_NAMES
        .iter()
        .any(|word| after_word(text, at, word).is_some());
    let place = PLACES.contains(get(text, to - 1)) || is_trade(text, at, to);
    (sure && !word && !place).then_some(to)
}

fn longest(text: &[char], at: usize, words: &[&str]) -> Option<usize> {
    let ends = words.iter().filter_map(|word| after_word(text, at, word));
    ends.max()
}

fn opens(text: &[char], at: usize, words: &[&str]) -> bool {
    longest(text, at, words).is_some()
}

/// Whether a name may end here: at a pause, at what goes on about a person, at what they do.
fn closes(text: &[char], at: usize) -> bool {
    !is_han(get(text, at)) || goes_on(text, at) || opens(text, at, DOING)
}

/// 我是业主林婉清, 本人林婉清反映.
fn standing(text: &[char], at: usize) -> Found {
    let behind = longest(text, at, SELVES)?;
    let around = longest(text, behind, AROUND).unwrap_or(behind);
    let from = longest(text, around, STANDINGS).unwrap_or(behind);
    let told = from > behind || after_word(text, at, "本人").is_some();
    let to = sure_name(text, from).filter(|to| told && closes(text, *to))?;
    Some((Kind::Name, from, to))
}

/// A name behind one of these words; of those it is told what they say, it may go on at once.
fn behind(text: &[char], at: usize, words: &[&str], goes_on: bool) -> Found {
    let mut from = longest(text, at, words)?;
    from += usize::from(matches!(get(text, from), ' ' | ':' | '叫'));
    let to = sure_name(text, from)?;
    let closed = closes(text, to) || goes_on && NOT_IN_NAMES.contains(get(text, to));
    closed.then_some((Kind::Name, from, to))
}

/// 此致敬礼！林婉清: where nothing but a day or a number follows.
fn ended(text: &[char], at: usize) -> Found {
    let behind = longest(text, at, ENDS)?;
    let from = (behind..behind + 4)
        .find(|i| !is_filler(get(text, *i)))
        .filter(|from| *from > behind)?;
    let to = sure_name(text, from)?;
    let closing = opens(text, at, CLOSINGS) && ends_line(text, to);
    (closing || ends_text(text, to)).then_some((Kind::Name, from, to))
}

/// Words that close a letter and nothing else: what follows the name may be another.
const CLOSINGS: &[&str] = &["敬礼", "此致"];

/// Whether nothing but days and what was masked stands in the rest of the line.
fn ends_line(text: &[char], at: usize) -> bool {
    let rest = text.iter().skip(at).take_while(|c| **c != '\n');
    let line: Vec<char> = rest.copied().collect();
    ends_text(&line, 0)
}

/// Whether nothing but days and what was masked stands from here on.
fn ends_text(text: &[char], at: usize) -> bool {
    let rest = text.iter().skip(at);
    rest.into_iter().all(|c| {
        !c.is_alphanumeric() || c.is_ascii_digit() || matches!(*c, MASKED | '年' | '月' | '日')
    })
}

/// Whether a name may open here: nothing is before it in its sentence.
fn opens_sentence(text: &[char], at: usize) -> bool {
    at.checked_sub(1)
        .is_none_or(|before| !get(text, before).is_alphanumeric() && get(text, before) != MASKED)
}

/// 林婉清（业主）, and 林婉清反映油烟 at the head of a sentence.
fn in_front(text: &[char], at: usize) -> Found {
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let led = opens_sentence(text, at) || "是叫找为给和与跟".contains(before);
    let to = sure_name(text, at).filter(|_| led)?;
    let bracket = get(text, to) == '(' && opens(text, to + 1, IN_BRACKETS);
    let does = opens_sentence(text, at) && opens(text, to, DOING);
    (bracket || does).then_some((Kind::Name, at, to))
}

/// Letters of a name that is signed with nothing but a day.
const SIGNED: usize = 3;

/// 林婉清 2026年11月20日, and a last sentence that is a name and nothing else: who wrote it.
fn signed(text: &[char], at: usize) -> Found {
    let to = sure_name(text, at).filter(|to| opens_sentence(text, at) && ends_text(text, *to))?;
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let dated = (to..text.len()).any(|i| get(text, i) == '年') && to - at >= SIGNED;
    let last = matches!(before, '。' | '!' | '?' | ';' | '\n') && to - at >= SIGNED;
    (dated || last).then_some((Kind::Name, at, to))
}

#[cfg(test)]
mod tests {
    use crate::mask::mask;

    #[test]
    fn who_introduces_themselves_or_signs_is_masked() {
        let mut shown = Vec::new();
        for text in [
            "本人林婉清反映",
            "本人林婉清，反映油烟",
            "本人系业主林婉清",
            "我是业主林婉清",
            "我是住户陈明，反映噪声",
            "我系居民林婉清。",
            "此致敬礼！林婉清",
            "此致 敬礼！\n林婉清",
            "敬礼！林婉清 2026年11月20日",
            "请尽快处理，谢谢！林婉清",
            "林婉清 2026年11月20日",
            "油烟很大，请处理。林婉清 2026年11月20日",
            "油烟很大，请处理。林婉清",
            "请回电给林婉清",
            "请联系林婉清，",
            "有结果请转告陈婉清。",
            "林婉清（业主）",
            "我是林婉清（502业主）",
            "反映的是林婉清(女)",
            "我爸林建国",
            "我爸林建国说受不了",
            "我老公陈伟被熏得咳嗽",
            "我邻居张小芳也投诉过",
            "林婉清反映油烟",
            "林婉清投诉楼下烧烤",
            "油烟扰民。林婉清来电反映",
            "我是仉婉清",
            "我是仉婉清。",
            "我叫郗婉清",
            "本人晁婉清反映",
        ] {
            let masked = mask(text).text;
            let left = ["婉清", "建国", "陈明", "陈伟", "小芳"];
            if left.iter().any(|name| masked.contains(name)) {
                shown.push((text, masked));
            }
        }
        assert!(shown.is_empty(), "{shown:#?}");
    }
}
