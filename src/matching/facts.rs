//! What is known of a complaint, brought into the form the engine compares.

use chrono::{DateTime, Timelike, Utc};
use uuid::Uuid;

use super::{Address, Named, PhotoRef, Place, Report};
use crate::district::shanghai;
use crate::text::{NameKind, letter_triples, name_key, premises_key, text_keys};

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
            external_no: own(self.external_no),
            persons: self.persons,
            sender: self.sender,
            object_id: own(self.object_id),
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
    if number.is_empty() {
        0
    } else {
        name_key(number)
    }
}

/// Hours of the day (bit 0: from 0:00, Asia/Shanghai) a report speaks of.
fn hours_of((from, until): (DateTime<Utc>, DateTime<Utc>)) -> u32 {
    let first = from.with_timezone(&shanghai()).hour();
    let minutes = u32::try_from((until - from).num_minutes().max(0)).unwrap_or(u32::MAX);
    let spans = minutes.div_ceil(60).min(23);
    (0..=spans).fold(0, |hours, step| hours | 1 << ((first + step) % 24))
}

/// Numbers such as `GL20261124-0007` that a text quotes.
fn quoted_numbers(text: &str) -> Vec<u32> {
    let upper = text.to_ascii_uppercase();
    let parts = upper.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    parts.filter(|part| is_number(part)).map(name_key).collect()
}

/// Capital letters, eight digits of a day, a dash, a serial.
fn is_number(part: &str) -> bool {
    let Some((head, serial)) = part.split_once('-') else {
        return false;
    };
    let (prefix, day) = head.split_at(head.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
    (1..=6).contains(&prefix.len())
        && day.len() == 8
        && serial.len() >= 4
        && day
            .bytes()
            .chain(serial.bytes())
            .all(|b| b.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_words() {
        let text = "上次投诉编号gl20261101-0012一直没有解决，电话0591-87654321";
        assert_eq!(quoted_numbers(text), [number_key("GL20261101-0012")]);
        assert!(says_again(text));
        assert!(quoted_numbers("2026-11-01 和 GL2026-0042").is_empty());
        assert!(!says_again("楼下烧烤油烟"));
    }

    #[test]
    fn hours_run_over_midnight() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let late = (at("2026-11-24T15:00:00Z"), at("2026-11-24T17:30:00Z"));
        assert_eq!(hours_of(late), 1 << 23 | 1 | 1 << 1 | 1 << 2);
    }
}
