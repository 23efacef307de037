//! Names of persons nobody told us of, by the titles that follow them.

use super::{Found, Kind, after_word, is_han, names::NOT_IN_NAMES, surnames::surname};
use crate::digits::get;

/// Titles that follow a name. 老板 is none: shops bear it.
const TITLES: &[&str] = &[
    "先生", "女士", "小姐", "太太", "夫人", "师傅", "老师", "阿姨", "大爷", "大妈", "大叔", "大婶",
    "大哥", "大姐", "大娘", "奶奶", "爷爷", "叔叔", "伯伯", "婆婆", "嫂子", "医生", "大夫", "警官",
    "律师", "教授", "同志", "同学", "博士", "某某", "某", "敬上", "敬启", "谨启", "谨上", "拜上",
];

/// Words whose end looks like a surname before a title.
const NO_SURNAME: &[&str] = &[
    "保安",
    "门卫",
    "警卫",
    "护卫",
    "环卫",
    "城管",
    "宿管",
    "协管",
    "语文",
    "中文",
    "英文",
    "物管",
    "主管",
    "高管",
    "网管",
    "公安",
    "治安",
    "水电",
    "施工",
    "车间",
    "党员",
    "人民",
    "居民",
    "农民",
    "村民",
    "市民",
    "商家",
    "工商",
    "厂商",
    "房东",
    "股东",
    "家居",
    "邻居",
    "司机",
    "外国",
    "全国",
    "中国",
    "一位",
    "老年",
    "青年",
    "中年",
    "少年",
    "成年",
    "大年",
    "楼上",
    "地方",
    "对方",
    "双方",
    "官方",
    "警方",
    "男方",
    "女方",
    "军官",
    "法官",
    "检察官",
    "班主任",
    "在校",
    "学校",
    "年轻",
    "低段",
    "高段",
    "有些",
    "这些",
    "那些",
    "请来",
    "找来",
    "环保",
    "可以",
    "白天",
    "后续",
    "管床",
    "班上",
    "幼师",
    "厨师",
    "讲师",
    "设计师",
    "工程师",
    "营业",
    "物业",
    "作业",
    "企业",
    "业务",
    "红娘",
    "和平",
    "公平",
    "水平",
    "太平",
    "音乐",
    "舞蹈",
    "体育",
    "历史",
    "物理",
    "化学",
    "数学",
    "政治",
    "班",
    "黑",
    "白",
    "新",
    "老",
    "时",
    "那",
    "于",
    "有",
    "和",
    "对",
    "同",
    "向",
    "从",
    "由",
    "自",
    "让",
    "经",
    "但",
    "为",
    "等",
    "因",
    "以",
    "后",
    "元",
    "字",
    "只",
    "首",
    "年",
    "次",
    "春",
    "要",
    "用",
    "好",
];

/// Letters that lead to a name in the middle of a sentence.
const BEFORE_NAMES: &str = "的找叫给跟和与向对请问让是由把为了在系诉报访映知位名人主";

/// Last letters of offices and crews, whose people are greeted as 环保局同志, 施工队同志.
const OFFICES: &str = "局队处科所站厅组案";

/// 王先生, 欧阳小红女士, 陈某: the name before a title.
pub(super) fn titled(text: &[char], at: usize) -> Found {
    if !is_han(get(text, at)) {
        return None;
    }
    let window: Vec<char> = text.iter().skip(at).take(12).copied().collect();
    let opens = surname(&window)?;
    let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
    let mut end = at + opens.letters;
    for given in 0..=2 {
        if given > 0 {
            let letter = get(text, end);
            if !is_han(letter) || NOT_IN_NAMES.contains(letter) {
                return None;
            }
            end += 1;
        }
        let mut next = end;
        while next < end + 2 && get(text, next) == ' ' {
            next += 1;
        }
        let Some(title) = TITLES
            .iter()
            .find(|title| after_word(text, next, title).is_some())
        else {
            continue;
        };
        let some = title.starts_with('某');
        let to = if some {
            next + title.chars().count()
        } else {
            end
        };
        let no_one =
            some && (given > 0 || "些个种处地次天年月日时路街市县区公司人".contains(get(text, to)));
        let office = given > 0 && OFFICES.contains(get(text, end - 1));
        let word = office || is_word(text, at, end) || (given == 0 && is_word_end(text, at));
        // A name of several letters must open with a surname that is hardly a word; behind Han
        // letters it is else any part of a sentence.
        let unsure = !opens.sure && is_han(before) && (given > 0 || !BEFORE_NAMES.contains(before));
        let doubtful = some && !opens.sure;
        return (!no_one && !word && !unsure && !doubtful).then_some((Kind::Name, at, to));
    }
    None
}

/// Whether the letters are, or end, a word that is no name.
fn is_word(text: &[char], from: usize, to: usize) -> bool {
    NO_SURNAME.iter().any(|word| {
        let letters = word.chars().count();
        letters == to - from && after_word(text, from, word).is_some()
    })
}

/// Whether a surname of one letter is the end of a longer word.
fn is_word_end(text: &[char], at: usize) -> bool {
    NO_SURNAME.iter().any(|word| {
        (at + 1)
            .checked_sub(word.chars().count())
            .is_some_and(|from| after_word(text, from, word) == Some(at + 1))
    })
}
