//! Personal data in free text (个人信息), found and masked in every copy that leaves for a role
//! without need (个人信息保护法 6、51 条; domain §2.7).
//!
//! The scanner walks the text once and at each position tries the finders in a fixed order, the
//! most specific first. It prefers masking a number too many to letting a phone number out, but
//! dates, hotline numbers, prices and measurements stay readable.

use super::{
    digits::{classify, digits_from, get, holds_mobile, is_digit, is_mobile, plain_digits},
    keys::half_width,
};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 手机或固定电话.
    Phone,
    /// 身份证号.
    IdNumber,
    /// 车牌.
    Plate,
    /// 电子邮箱.
    Email,
    /// 微信号、QQ 号.
    Account,
    /// 银行卡号.
    BankCard,
    /// 自报的姓名.
    Name,
    /// 室号.
    Room,
}

impl Kind {
    /// What stands in the text instead.
    #[must_use]
    pub const fn replacement(self) -> &'static str {
        match self {
            Self::Phone => "[电话]",
            Self::IdNumber => "[身份证]",
            Self::Plate => "[车牌]",
            Self::Email => "[邮箱]",
            Self::Account => "[账号]",
            Self::BankCard => "[银行卡]",
            Self::Name => "[姓名]",
            Self::Room => "[室号]",
        }
    }
}

/// One find: which letters of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// First letter, counted from 0.
    pub from: usize,
    /// Letter after the last.
    pub to: usize,
}

/// A masked text and what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The text with replacements.
    pub text: String,
    /// The finds, in order.
    pub found: Vec<Finding>,
}

/// Masks a text.
#[must_use]
pub fn mask(text: &str) -> Masked {
    let original: Vec<char> = text.chars().collect();
    let plain: Vec<char> = original.iter().map(|c| half_width(*c)).collect();
    let mut out = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(letter) = original.get(at) {
        match find_at(&plain, at) {
            Some((kind, from, to)) => {
                // Words that announce a name or account stay; only what follows is replaced.
                out.extend(original.get(at..from).unwrap_or_default());
                out.push_str(kind.replacement());
                found.push(Finding { kind, from, to });
                at = to.max(at + 1);
            }
            None => {
                out.push(*letter);
                at += 1;
            }
        }
    }
    Masked { text: out, found }
}

/// A phone number with its middle hidden, `138****1234`, for roles that may see reporters.
#[must_use]
pub fn mask_phone(phone: &str) -> String {
    let letters: Vec<char> = phone.chars().collect();
    match (
        letters.get(..3),
        letters
            .len()
            .checked_sub(4)
            .and_then(|at| letters.get(at..)),
    ) {
        (Some(head), Some(tail)) if letters.len() >= 8 => {
            format!(
                "{}****{}",
                head.iter().collect::<String>(),
                tail.iter().collect::<String>()
            )
        }
        _ => "****".to_owned(),
    }
}

type Found = Option<(Kind, usize, usize)>;

fn find_at(text: &[char], at: usize) -> Found {
    announced(text, at)
        .or_else(|| email(text, at))
        .or_else(|| plate(text, at))
        .or_else(|| room(text, at))
        .or_else(|| number(text, at))
}

/// Numbers: identity cards, bank cards, mobiles, landlines.
fn number(text: &[char], at: usize) -> Found {
    let before = if at == 0 { '\0' } else { get(text, at - 1) };
    if is_digit(before) || !is_digit(get(text, at)) {
        return plus86(text, at);
    }
    let (digits, end) = digits_from(text, at);
    if let Some(kind) = classify(&digits) {
        return Some((kind, at, end));
    }
    // Two numbers parted by a space or hyphen look like one run; then only the first part counts.
    let (first, first_end) = plain_digits(text, at);
    classify(&first)
        .map(|kind| (kind, at, first_end))
        .or_else(|| {
            // A mobile number inside a longer run of digits is masked with the whole run.
            holds_mobile(&digits).then_some((Kind::Phone, at, end))
        })
}

fn plus86(text: &[char], at: usize) -> Found {
    if get(text, at) != '+' {
        return None;
    }
    let (digits, end) = digits_from(text, at + 1);
    digits
        .strip_prefix("86")
        .filter(|d| is_mobile(d))
        .map(|_| (Kind::Phone, at, end))
}

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// 闽A12345, 闽A·D12345 and the like; new-energy plates have one letter more.
fn plate(text: &[char], at: usize) -> Found {
    if !PROVINCES.contains(get(text, at)) || !get(text, at + 1).is_ascii_alphabetic() {
        return None;
    }
    let mut next = at + 2;
    while matches!(get(text, next), '·' | ' ' | '-' | '.' | '•') {
        next += 1;
    }
    let tail: Vec<char> = text
        .iter()
        .skip(next)
        .take_while(|c| c.is_ascii_alphanumeric())
        .copied()
        .collect();
    let digits = tail.iter().filter(|c| is_digit(**c)).count();
    let fits = (5..=6).contains(&tail.len()) && digits >= 3;
    fits.then_some((Kind::Plate, at, next + tail.len()))
}

fn email(text: &[char], at: usize) -> Found {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let before = if at == 0 { '\0' } else { get(text, at - 1) };
    if part(before) || !get(text, at).is_ascii_alphanumeric() {
        return None;
    }
    let user = text.iter().skip(at).take_while(|c| part(**c)).count();
    if get(text, at + user) != '@' {
        return None;
    }
    let from = at + user + 1;
    let host: String = text.iter().skip(from).take_while(|c| part(**c)).collect();
    let host = host.trim_end_matches(['.', '-', '_']);
    host.contains('.')
        .then_some((Kind::Email, at, from + host.chars().count()))
}

/// Words that announce an account name, and words that announce a person's name.
const ACCOUNT_WORDS: &[&str] = &[
    "微信号",
    "微信",
    "wechat",
    "weixin",
    "wx",
    "vx",
    "qq号",
    "qq",
];
const NAME_WORDS: &[&str] = &[
    "我的名字叫",
    "我的名字是",
    "我名叫",
    "我叫",
    "本人姓名",
    "姓名",
    "联系人",
    "投诉人",
    "举报人",
    "信访人",
    "本人",
];

/// The 100 commonest surnames cover some 85 % of people; a name must open with one.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤游翁庄倪欧柯占池洪";

/// Letters that follow a self-given name rarely, but follow 本人 often.
const NOT_IN_NAMES: &str = "是在住的于每家为有对从和与已就不也都曾多次认希要想区街路号楼房";

fn announced(text: &[char], at: usize) -> Found {
    let starts = |word: &str| {
        word.chars()
            .enumerate()
            .all(|(i, c)| get(text, at + i).to_ascii_lowercase() == c)
    };
    let after = |word: &str| {
        let mut next = at + word.chars().count();
        while matches!(get(text, next), ':' | ' ' | '是' | '：' | '为' | '叫') {
            next += 1;
        }
        next
    };
    if let Some(word) = ACCOUNT_WORDS.iter().find(|word| starts(word)) {
        let from = after(word);
        let id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let letters = text.iter().skip(from).take_while(|c| id(**c)).count();
        let digits = text
            .iter()
            .skip(from)
            .take(letters)
            .filter(|c| is_digit(**c))
            .count();
        if letters >= 5 && (digits >= 1 || from > at + word.chars().count()) {
            return Some((Kind::Account, from, from + letters));
        }
    }
    let word = NAME_WORDS.iter().find(|word| starts(word))?;
    let from = after(word);
    let direct = from == at + word.chars().count();
    if !SURNAMES.contains(get(text, from)) {
        return None;
    }
    let given = text
        .iter()
        .skip(from + 1)
        .take(2)
        .take_while(|c| ('\u{4e00}'..='\u{9fff}').contains(*c) && !NOT_IN_NAMES.contains(**c))
        .count();
    // 「本人高度怀疑」: after a bare 本人 a name must be followed by a pause.
    let pause = !('\u{4e00}'..='\u{9fff}').contains(&get(text, from + 1 + given));
    let sure = !direct || *word == "我叫" || *word == "我名叫" || pause;
    (given > 0 && sure).then_some((Kind::Name, from, from + 1 + given))
}

/// 502室, 3单元1201户: the number before 室 or 户 tells a household.
fn room(text: &[char], at: usize) -> Found {
    let before = if at == 0 { '\0' } else { get(text, at - 1) };
    if is_digit(before) || !is_digit(get(text, at)) {
        return None;
    }
    let (digits, mut end) = plain_digits(text, at);
    if get(text, end) == '-' {
        let (more, further) = plain_digits(text, end + 1);
        if !more.is_empty() {
            end = further;
        }
    }
    if get(text, end).is_ascii_alphabetic() {
        end += 1;
    }
    let fits = (2..=5).contains(&digits.len()) && get(text, end) == '室';
    let household = (3..=5).contains(&digits.len())
        && matches!(
            (before, get(text, end)),
            ('元' | '楼' | '座' | '幢' | '栋' | '梯', '户' | '房')
        );
    (fits || household).then_some((Kind::Room, at, end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn personal_data_is_masked() {
        let cases = [
            ("请联系13800001234", "请联系[电话]"),
            ("电话：138-0000-1234谢谢", "电话：[电话]谢谢"),
            ("电话138 0000 1234。", "电话[电话]。"),
            ("+86 13800001234", "[电话]"),
            ("８６１３８００００１２３４", "[电话]"),
            ("打１３８００００１２３４", "打[电话]"),
            ("13800001234，15912345678", "[电话]，[电话]"),
            ("13800001234 15912345678", "[电话] [电话]"),
            ("13800001234/15912345678", "[电话]/[电话]"),
            ("座机0591-87654321", "座机[电话]"),
            ("座机059187654321", "座机[电话]"),
            ("固话87654321", "固话[电话]"),
            ("010-62345678转3", "[电话]转3"),
            ("身份证350102199001011234", "身份证[身份证]"),
            ("身份证35010219900101123X", "身份证[身份证]"),
            ("350102900101123是旧号", "[身份证]是旧号"),
            ("车牌闽A12345乱停", "车牌[车牌]乱停"),
            ("闽A·D12345", "[车牌]"),
            ("闽AD12345冒黑烟", "[车牌]冒黑烟"),
            ("京A 88888", "[车牌]"),
            ("邮箱wang.xm@163.com。", "邮箱[邮箱]。"),
            ("发到a_b-c@mail.fz.gov.cn谢谢", "发到[邮箱]谢谢"),
            ("微信号：wxid_abc123", "微信号：[账号]"),
            ("QQ12345678", "QQ[账号]"),
            ("加vx zhang_1990", "加vx [账号]"),
            ("卡号6222021234567890128", "卡号[银行卡]"),
            ("我叫王小明，住这里", "我叫[姓名]，住这里"),
            ("联系人：李四", "联系人：[姓名]"),
            ("投诉人陈大文，", "投诉人[姓名]，"),
            ("本人张三，住在东街口", "本人[姓名]，住在东街口"),
            ("3号楼502室", "3号楼[室号]"),
            ("2单元1201户漏水", "2单元[室号]漏水"),
            ("5座1203-2室", "5座[室号]"),
            ("收件8613800001234号", "收件[电话]号"),
            ("单号9913800001234567", "单号[电话]"),
        ];
        for (text, expected) in cases {
            assert_eq!(mask(text).text, expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_personal_stays() {
        for text in [
            "2026年11月24日晚上",
            "20261124投诉过",
            "2020-09-03关于梅峰河",
            "拨打12345没人管",
            "12369热线",
            "噪声达到75.5分贝",
            "罚款100000元",
            "坐标119.3012,26.0845",
            "工单号GL20261124-0007",
            "已打码138****1234",
            "88路公交车",
            "24小时排放",
            "晚上22:00-06:00施工",
            "第3次反映",
            "鼓楼区五四路128号",
            "3号楼楼下烧烤",
            "本人高度怀疑偷排",
            "本人住在旁边",
            "本人家住洪山镇",
            "投诉人表示不满",
            "微信支付平台投诉",
            "qq群里大家都说",
            "面积1200平方米",
            "办公室和休息室",
            "闽江边很臭",
            "PM2.5超标",
        ] {
            assert_eq!(mask(text).text, text);
        }
    }

    #[test]
    fn phones_for_need_to_know_keep_their_ends() {
        assert_eq!(mask_phone("13800001234"), "138****1234");
        assert_eq!(mask_phone("123"), "****");
    }

    proptest! {
        #[test]
        fn masking_twice_changes_nothing(text in "[0-9一-十本人我叫王李室号 :：@.a-z+\\-]{0,60}") {
            let once = mask(&text).text;
            prop_assert_eq!(mask(&once).text, once);
        }

        #[test]
        fn no_mobile_number_gets_out(head in "[一-十,，。 ]{0,8}", tail in "[一-十,，。 ]{0,8}", rest in "[3-9][0-9]{9}") {
            let text = format!("{head}1{rest}{tail}");
            let masked = mask(&text).text;
            let number = format!("1{rest}");
            prop_assert!(!masked.contains(&number), "{}", masked);
        }
    }
}
