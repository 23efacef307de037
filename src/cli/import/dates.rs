//! Dates as tables hold them.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::complaint::otherwise::Grain;
use crate::district::calendar::date_of;
#[cfg(test)]
use crate::district::shanghai;

/// The forms taken, told with every refusal.
const FORMS: &str = "2026-11-20, 2026/11/20, 2026年11月20日, each with or without a time such as \
                     10:11:12, 20261120, 2026-11-20T10:11:12+08:00, or a spreadsheet's day number";

/// Day numbers of a spreadsheet (1900 system) that are read as days: 1954 to 2146.
const DAY_NUMBERS: std::ops::RangeInclusive<f64> = 20_000.0..=90_000.0;

const SECONDS_OF_A_DAY: f64 = 86_400.0;

/// The middle of a day.
const NOON: TimeDelta = TimeDelta::hours(12);

/// What a cell tells of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// A day alone.
    Day(NaiveDate),
    /// A day and its time.
    Time(NaiveDateTime),
}

/// What a table's times are told by.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// The instant of the import.
    pub(super) now: DateTime<Utc>,
    /// The offset of times that do not say one.
    pub(super) offset: FixedOffset,
}

#[cfg(test)]
impl When {
    /// In Shanghai.
    pub(super) fn of(now: DateTime<Utc>) -> Self {
        Self {
            now,
            offset: shanghai(),
        }
    }
}

/// An instant and how exactly it is told, in the table's own offset unless it says otherwise. A day
/// alone is its noon, or now while the day's noon is still to come.
///
/// # Errors
/// Words for the line, with the forms that are taken.
pub(super) fn instant(text: &str, when: &When) -> Result<(DateTime<Utc>, Grain), String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text)
        && text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Ok((at.to_utc(), Grain::Second));
    }
    if text.is_empty() {
        return Err(format!("has no date; taken are {FORMS}"));
    }
    let plain: String = text.chars().filter_map(plain).collect();
    let plain = plain.trim().trim_start_matches('\'');
    let told = day_number(plain)
        .or_else(|| compact(plain))
        .or_else(|| written(plain))
        .ok_or_else(|| format!("{text:?} is no date that is taken: {FORMS}"))?;
    let (local, grain) = match told {
        Told::Day(day) => (day.and_time(NaiveTime::MIN) + NOON, Grain::Day),
        Told::Time(at) => (at, Grain::Second),
    };
    let at = local.and_local_timezone(when.offset).single();
    let at = at.ok_or_else(|| format!("{text:?} is no day"))?.to_utc();
    let is_today = grain == Grain::Day && date_of(at) == date_of(when.now);
    Ok((if is_today { at.min(when.now) } else { at }, grain))
}

/// Half-width digits and signs; letters that take no ink are left out.
pub(super) fn plain(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        c if c.is_whitespace() => Some(' '),
        c if crate::text::takes_no_ink(c) => None,
        c => Some(c),
    }
}

/// `46346.4`: days since 1899-12-30.
fn day_number(text: &str) -> Option<Told> {
    let whole = text.split('.').next()?;
    let number: f64 = text.parse().ok()?;
    if whole.len() != 5 || !DAY_NUMBERS.contains(&number) {
        return None;
    }
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    let midnight = epoch.and_time(NaiveTime::MIN) + TimeDelta::days(number.trunc() as i64);
    let seconds = (number.fract() * SECONDS_OF_A_DAY).round() as i64;
    Some(match seconds {
        0 => Told::Day(midnight.date()),
        seconds => Told::Time(midnight + TimeDelta::seconds(seconds)),
    })
}

/// `20261120`, `20261120101112`.
fn compact(text: &str) -> Option<Told> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match text.len() {
        8 => NaiveDate::parse_from_str(text, "%Y%m%d")
            .ok()
            .map(Told::Day),
        14 => NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S")
            .ok()
            .map(Told::Time),
        _ => None,
    }
}

/// What is left of a text that is being read.
struct Reading<'a>(&'a str);

impl Reading<'_> {
    fn number(&mut self, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        self.0 = self.0.trim_start();
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.contains(&length).then(|| number.parse().ok())?
    }

    fn sign(&mut self, signs: &[&str]) -> Option<usize> {
        let rest = self.0.trim_start();
        let found = signs.iter().position(|sign| rest.starts_with(sign))?;
        self.0 = rest.get(signs.get(found)?.len()..)?;
        Some(found)
    }
}

/// Year first, with any of the usual signs; then perhaps a day of the week; then perhaps a time.
fn written(text: &str) -> Option<Told> {
    let mut reading = Reading(text);
    let year = reading.number(4..=4)?;
    let sign = reading.sign(&["-", "/", ".", "年"])?;
    let month = reading.number(1..=2)?;
    reading.sign(&[["-"], ["/"], ["."], ["月"]].get(sign)?[..])?;
    let day = reading.number(1..=2)?;
    reading.sign(&["日", "号"]);
    let date = NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day)?;
    if reading.sign(&["星期", "周", "(星期", "(周"]).is_some() {
        let mut letters = reading.0.chars();
        letters.next();
        reading.0 = letters.as_str().trim_start_matches(')');
    }
    if reading.0.trim().is_empty() {
        return Some(Told::Day(date));
    }
    reading.sign(&["T", "t", ","]);
    Some(Told::Time(date.and_time(time(&mut reading)?)))
}

/// Hour and minute, perhaps a second and its parts, perhaps 上午 or PM.
fn time(reading: &mut Reading<'_>) -> Option<NaiveTime> {
    const HALVES: [&str; 8] = ["上午", "早上", "AM", "am", "下午", "晚上", "PM", "pm"];
    let before = reading.sign(&HALVES);
    let hour = reading.number(1..=2)?;
    reading.sign(&[":", "时", "点"])?;
    let minute = match reading.number(1..=2) {
        Some(minute) => minute,
        None if reading.0.trim().is_empty() => 0,
        None => return None,
    };
    let second = match reading.sign(&[":", "分"]) {
        Some(_) if !reading.0.trim().is_empty() => reading.number(1..=2)?,
        _ => 0,
    };
    reading.sign(&["秒"]);
    if reading.sign(&["."]).is_some() {
        reading.number(1..=9)?;
    }
    let half = before.or_else(|| reading.sign(&HALVES));
    let hour = match half {
        Some(4..) if hour < 12 => hour + 12,
        Some(..4) if hour == 12 => 0,
        _ => hour,
    };
    // A leap second, or one that was rounded up, is the last of its minute.
    let time = NaiveTime::from_hms_opt(hour, minute, second.min(59));
    time.filter(|_| reading.0.trim().is_empty() && second <= 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn read(text: &str) -> Option<String> {
        let at = instant(text, &When::of(at("2026-12-24T00:00:00Z"))).ok()?.0;
        let at = at.with_timezone(&shanghai());
        Some(at.format("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn days_come_to_their_noon_and_times_to_shanghai() {
        for text in [
            "2026-11-20",
            "2026/11/20",
            "2026.11.20",
            "2026年11月20日",
            "2026 年 11 月 20 日",
            "2026年11月20日 星期五",
            "２０２６－１１－２０",
            "20261120",
            "46346",
            "46346.0",
            "'2026-11-20",
            " 2026-11-20 ",
        ] {
            assert_eq!(
                read(text).as_deref(),
                Some("2026-11-20 12:00:00"),
                "{text:?}"
            );
        }
        for text in [
            "2026-11-20 10:11:12",
            "2026-11-20T10:11:12",
            "2026-11-20T10:11:12+08:00",
            "2026-11-20T02:11:12Z",
            "2026/11/20 10:11:12",
            "2026/11/20 上午 10:11:12",
            "2026/11/20 10:11:12 AM",
            "2026-11-20 10:11:12.345",
            "2026年11月20日10时11分12秒",
            "2026年11月20日 10:11:12",
            "20261120101112",
            "46346.42444444",
            "2026-11-20　10：11：12",
        ] {
            assert_eq!(
                read(text).as_deref(),
                Some("2026-11-20 10:11:12"),
                "{text:?}"
            );
        }
        assert_eq!(
            read("2026/1/5 9:05").as_deref(),
            Some("2026-01-05 09:05:00")
        );
        assert_eq!(
            read("2026年11月20日 10时11分").as_deref(),
            Some("2026-11-20 10:11:00")
        );
        assert_eq!(
            read("2026/11/20 下午3:30").as_deref(),
            Some("2026-11-20 15:30:00")
        );
        assert_eq!(
            read("2026/11/20 12:30 AM").as_deref(),
            Some("2026-11-20 00:30:00")
        );
        assert_eq!(read("46346.4").as_deref(), Some("2026-11-20 09:36:00"));
    }

    /// CSV dates: the morning's export of the day is of now, and tomorrow is still to come.
    #[test]
    fn a_day_alone_is_never_later_than_now_on_its_day() {
        // 09:00 and 15:00 in Shanghai, and half an hour after its midnight.
        let (morning, noon) = (at("2026-11-30T01:00:00Z"), at("2026-11-30T04:00:00Z"));
        let (afternoon, night) = (at("2026-11-30T07:00:00Z"), at("2026-11-29T16:30:00Z"));
        for text in [
            "2026-11-30",
            "2026/11/30",
            "2026年11月30日 星期一",
            "46356",
            "46356.0",
            "20261130",
        ] {
            for (now, expected) in [(morning, morning), (night, night), (afternoon, noon)] {
                assert_eq!(
                    instant(text, &When::of(now)),
                    Ok((expected, Grain::Day)),
                    "{text} {now}"
                );
            }
        }
        let tomorrow = instant("2026-12-01", &When::of(morning)).unwrap();
        assert_eq!(tomorrow, (at("2026-12-01T04:00:00Z"), Grain::Day));
        let timed = instant("2026-11-30 10:00", &When::of(morning)).unwrap();
        assert_eq!(timed, (at("2026-11-30T02:00:00Z"), Grain::Second));
    }

    /// A table of elsewhere tells its times in its own offset.
    #[test]
    fn times_are_told_in_the_tables_offset() {
        let when = When {
            now: at("2026-11-30T01:00:00Z"),
            offset: FixedOffset::west_opt(5 * 3600).unwrap(),
        };
        let told = instant("2011-07-01 01:32:33", &when).unwrap();
        assert_eq!(told, (at("2011-07-01T06:32:33Z"), Grain::Second));
        let told = instant("2011-07-01T01:32:33Z", &when).unwrap();
        assert_eq!(told.0, at("2011-07-01T01:32:33Z"));
    }

    #[test]
    fn what_could_be_two_days_or_none_is_refused_with_the_forms() {
        for text in [
            "",
            "soon",
            "20/11/2026",
            "11/20/2026",
            "05/06/2026",
            "26-11-20",
            "20-Nov-26",
            "2026-13-01",
            "2026-02-30",
            "2026-11/20",
            "2026年11月",
            "2026-11-20 25:00",
            "2026-11-20 10:11:12 and more",
            "1763604000",
            "12",
            "463460",
            "+262142-01-01",
            "4.6346E+04",
            "########",
        ] {
            let refused = instant(text, &When::of(Utc::now())).unwrap_err();
            assert!(refused.contains("2026年11月20日"), "{text:?}: {refused}");
        }
    }
}
