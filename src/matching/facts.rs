//! What is known of a complaint, brought into the form the engine compares.

use chrono::{DateTime, Timelike, Utc};
use uuid::Uuid;

use super::{Address, Named, PhotoRef, Place, Report};
use crate::district::shanghai;
use crate::text::{
    NameKind, file_number, letter_triples, number_key as key_of, premises_key, quoted_numbers,
    text_keys,
};

/// What is known of a complaint, whichever way it came. Its words and numbers are bare of persons
/// (`KnownPeople::bare`), because the report is kept as it is.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "named as in the complaint")]
pub struct Known<'a> {
    pub id: Uuid,
    /// Its number; empty before it has one.
    pub number: &'a str,
    pub channel: &'a str,
    pub external_no: Option<&'a str>,
    pub persons: Vec<String>,
    pub sender: Option<u64>,
    pub object_id: Option<&'a str>,
    pub premises: Option<&'a str>,
    pub place: Option<Place>,
    pub address: Option<&'a str>,
    pub description: &'a str,
    pub street: Option<&'a str>,
    pub category: &'a str,
    pub coarse: &'a str,
    pub group: Option<&'a str>,
    pub occurred: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub received_at: DateTime<Utc>,
    pub demand: Option<&'a str>,
    pub photos: Vec<PhotoRef>,
}

impl Known<'_> {
    /// The report the engine compares.
    #[must_use]
    pub fn report(self) -> Report {
        let own = |text: Option<&str>| text.map(str::to_owned);
        // The premises' name and the roads of the address are evidence of their own; here they
        // would count twice.
        let told = self.address.map(Named::all_in).unwrap_or_default();
        let mut names: Vec<Named> = told
            .into_iter()
            .filter(|name| name.kind != NameKind::Road)
            .collect();
        for name in Named::all_in(self.description) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Report {
            id: self.id,
            number_key: number_key(self.number),
            channel: self.channel.into(),
            external_no: self.external_no.map(file_number),
            persons: self.persons,
            sender: self.sender,
            object_id: self.object_id.map(file_number),
            premises: self.premises.and_then(premises_key),
            place: self.place,
            address: self.address.and_then(Address::read),
            names,
            area: self.street.map(Into::into),
            category: self.category.into(),
            coarse: self.coarse.into(),
            group: self.group.map(Into::into),
            hours: self.occurred.map(hours_of),
            occurred: self.occurred,
            received_at: self.received_at,
            demand: own(self.demand),
            grams: letter_triples(self.description),
            text_keys: text_keys(self.description),
            photos: self.photos,
            quotes: quoted_numbers(self.description),
            says_again: says_again(self.description),
        }
    }
}

/// A complaint's number as a key; 0 when there is none.
#[must_use]
pub fn number_key(number: &str) -> u32 {
    if number.is_empty() { 0 } else { key_of(number) }
}

/// Hours of the day (bit 0: from 0:00, Asia/Shanghai) a report speaks of.
fn hours_of((from, until): (DateTime<Utc>, DateTime<Utc>)) -> u32 {
    let first = from.with_timezone(&shanghai()).hour();
    let minutes = u32::try_from((until - from).num_minutes().max(0)).unwrap_or(u32::MAX);
    let spans = minutes.div_ceil(60).min(23);
    (0..=spans).fold(0, |hours, step| hours | 1 << ((first + step) % 24))
}

/// Words by which people say that they reported the matter before.
const AGAIN: &[&str] = &[
    "上次投诉",
    "上次反映",
    "之前投诉",
    "之前反映",
    "再次投诉",
    "再次反映",
    "多次投诉",
    "多次反映",
    "曾投诉",
    "曾反映",
    "反映过",
    "投诉过",
    "又投诉",
    "仍未解决",
    "一直没有解决",
    "还是没有解决",
    "至今未解决",
];

fn says_again(text: &str) -> bool {
    AGAIN.iter().any(|words| text.contains(words))
}

/// Words by which people say that what had ended began again.
const RENEWED: &[&str] = &[
    "又开始",
    "重新开始",
    "又反弹",
    "再次反弹",
    "出现反弹",
    "死灰复燃",
    "卷土重来",
    "故态复萌",
    "故伎重演",
    "又复发",
    "再次复发",
    "又恢复",
    "恢复原样",
    "又来了",
];

/// Words by which they say that it had ended.
const ENDED: &[&str] = &[
    "整改后",
    "整改完",
    "整改过后",
    "整改之后",
    "处理后",
    "处理完",
    "处理过后",
    "查处后",
    "处罚后",
    "检查后",
    "答复后",
    "办结后",
    "停了",
    "停过",
    "消停",
    "安静了",
    "好了",
    "好转",
    "改善了",
    "收敛了",
];

/// What says so together with them, in one sentence and near enough.
const ANEW: &[&str] = &["又", "再次", "再度", "重新", "反弹"];

/// Letters between the two at most.
const NEAR: usize = 16;

/// What speaks of a report and not of what is reported.
const REPORTING: &[&str] = &["投诉", "反映", "举报", "来电", "来信", "致电", "拨打"];

/// The words by which a text says that what had ended began again, where it does. They may be a new
/// fact; whether they are is for a person to find out.
#[must_use]
pub fn told_anew(text: &str) -> Option<&'static str> {
    let renewed = RENEWED.iter().find(|words| text.contains(**words));
    renewed.copied().or_else(|| {
        let mut sentences = text.split(['。', '！', '？', '!', '?', '\n']);
        sentences.find_map(ended_and_anew)
    })
}

fn ended_and_anew(sentence: &str) -> Option<&'static str> {
    ENDED.iter().find_map(|ended| {
        let (_, after) = sentence.split_once(ended)?;
        let near: String = after.chars().take(NEAR).collect();
        let is_anew = |anew: &&&str| {
            let mut found = near.split(**anew).skip(1);
            found.any(|rest| !REPORTING.iter().any(|word| rest.starts_with(word)))
        };
        ANEW.iter().find(is_anew).map(|_| *ended)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_words() {
        let text = "上次投诉编号gl20261101-0012一直没有解决，电话0591-87654321";
        assert!(quoted_numbers(text).contains(&number_key("GL20261101-0012")));
        assert!(says_again(text));
        assert!(!says_again("楼下烧烤油烟"));
    }

    #[test]
    fn what_began_again_is_heard() {
        for (text, words) in [
            ("好了两个星期，昨天又开始", "又开始"),
            ("上个月处理过，这几天又反弹", "又反弹"),
            ("整改后又偷偷排放", "整改后"),
            ("停了半个月，现在再次夜间施工。", "停了"),
            ("查处后安静过一阵，最近死灰复燃", "死灰复燃"),
        ] {
            assert_eq!(told_anew(text), Some(words), "{text}");
        }
        for text in [
            "楼下烧烤油烟一直很大",
            "答复后再次投诉，还是没有解决",
            "希望整改后告知。又吵又臭",
            "至今没有整改",
        ] {
            assert_eq!(told_anew(text), None, "{text}");
        }
    }

    #[test]
    fn hours_run_over_midnight() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let late = (at("2026-11-24T15:00:00Z"), at("2026-11-24T17:30:00Z"));
        assert_eq!(hours_of(late), 1 << 23 | 1 | 1 << 1 | 1 << 2);
    }
}
