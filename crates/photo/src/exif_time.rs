//! Times as devices and programs write them into EXIF: the standard's colons, ISO 8601 with and
//! without them, fractions, half days, Chinese, offsets behind the time or beside it, a second of
//! 60 and an hour of 24.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime};

/// Offset taken for a device clock without one: Asia/Shanghai.
const SHANGHAI_SECONDS: i32 = 8 * 3600;

/// The widest offset there is on land.
const MAX_OFFSET_SECONDS: i32 = 14 * 3600;

/// What a device's clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// To the second.
    pub(super) local: NaiveDateTime,
    /// The offset written behind it.
    pub(super) offset: Option<FixedOffset>,
}

pub(super) fn shanghai() -> Option<FixedOffset> {
    FixedOffset::east_opt(SHANGHAI_SECONDS)
}

/// Words for the first half of the day and for the second, by which hours count to twelve.
const FORENOON: [&str; 6] = ["am", "a.m.", "上午", "凌晨", "早上", "清晨"];
const AFTERNOON: [&str; 5] = ["pm", "p.m.", "下午", "傍晚", "晚上"];

/// Reads a date and time; `None` when it is none.
pub(super) fn clock(text: &str) -> Option<Clock> {
    let text = half_width(text).to_lowercase();
    let (text, half) = without_half_day(&text);
    let (date, rest) = date(text.trim())?;
    let rest = rest.trim_start_matches([' ', 't', ',']);
    let ([hour, minute, second], rest) = time(rest)?;
    // A leap second, or a device that rounds up, is the last second that every reader knows; an
    // hour of 24 is how some phones write midnight.
    let second = if second == 60 { 59 } else { second };
    let hour = match (half, hour) {
        (Some(Half::First), 12) | (_, 24) => 0,
        (Some(Half::Second), 1..12) => hour + 12,
        _ => hour,
    };
    Some(Clock {
        local: date.and_hms_opt(hour, minute, second)?,
        offset: offset(without_fraction(rest)),
    })
}

/// A half of the day.
#[derive(Debug, Clone, Copy)]
enum Half {
    First,
    Second,
}

/// The text without the word for the half of the day, and which half it is.
fn without_half_day(text: &str) -> (String, Option<Half>) {
    let first = FORENOON.iter().map(|word| (word, Half::First));
    let second = AFTERNOON.iter().map(|word| (word, Half::Second));
    let found = first.chain(second).find(|(word, _)| text.contains(**word));
    match found {
        Some((word, half)) => (text.replacen(*word, " ", 1), Some(half)),
        None => (text.to_owned(), None),
    }
}

/// Digits and signs of full width as those of half width.
fn half_width(text: &str) -> String {
    const APART: u32 = 0xfee0;
    let halved = text.chars().map(|c| match c {
        '！'..='～' => char::from_u32(u32::from(c) - APART).unwrap_or(c),
        _ => c,
    });
    halved.collect()
}

/// Year, month and day, with signs between them or eight digits in a row, and what follows.
fn date(text: &str) -> Option<(NaiveDate, &str)> {
    if let Some((digits, rest)) = digits(text, &[14, 8]) {
        let part = |from, to| digits.get(from..to)?.parse::<u32>().ok();
        let date =
            NaiveDate::from_ymd_opt(i32::try_from(part(0, 4)?).ok()?, part(4, 6)?, part(6, 8)?)?;
        let rest = if digits.len() == 8 {
            rest
        } else {
            text.get(8..)?
        };
        return Some((date, rest));
    }
    let (mut parts, mut rest) = ([0; 3], text);
    for part in &mut parts {
        let (number, behind) = leading_number(rest)?;
        *part = number;
        rest = behind.trim_start_matches([':', '-', '/', '.', '年', '月', '日']);
    }
    let [year, month, day] = parts;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((date, rest))
}

/// Hour, minute and second, with signs between them or four or six digits in a row, and what
/// follows. There may be no second.
fn time(text: &str) -> Option<([u32; 3], &str)> {
    if let Some((digits, rest)) = digits(text, &[6, 4]) {
        let part = |at: usize| digits.get(at..at + 2).and_then(|d| d.parse().ok());
        return Some(([part(0)?, part(2)?, part(4).unwrap_or(0)], rest));
    }
    let (hour, rest) = leading_number(text)?;
    let rest = rest.strip_prefix([':', '时', '時', '点', '點'])?;
    let (minute, rest) = leading_number(rest)?;
    let behind = rest.strip_prefix([':', '分']);
    let (second, rest) = match behind.and_then(leading_number) {
        Some((second, rest)) => (second, rest.trim_start_matches('秒')),
        None => (0, behind.unwrap_or(rest)),
    };
    Some(([hour, minute, second], rest))
}

/// A run of digits in front that is as long as one of some lengths, and what follows.
fn digits<'a>(text: &'a str, lengths: &[usize]) -> Option<(&'a str, &'a str)> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (run, rest) = text.split_at(end.unwrap_or(text.len()));
    lengths.contains(&run.len()).then_some((run, rest))
}

/// Reads an offset: `Z`, `+08:00`, `+0800`, `+08`, `GMT+8`.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    let text = half_width(text).to_lowercase();
    let text = text.trim();
    let named = ["gmt", "utc", "ut", "z"]
        .iter()
        .find_map(|name| text.strip_prefix(name));
    let text = match named.map(str::trim) {
        Some("") => return FixedOffset::east_opt(0),
        Some(rest) => rest,
        None => text,
    };
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '−'])?),
    };
    let (first, rest) = leading_number(digits.trim_start())?;
    let (hours, minutes) = match leading_number(rest.trim_start_matches(':')) {
        Some((minutes, _)) => (first, minutes),
        None if first > 99 => (first / 100, first % 100),
        None => (first, 0),
    };
    let seconds = i32::try_from(
        hours
            .checked_mul(3600)?
            .checked_add(minutes.checked_mul(60)?)?,
    );
    let seconds = seconds.ok().filter(|s| *s <= MAX_OFFSET_SECONDS)?;
    FixedOffset::east_opt(sign * seconds)
}

/// What stands behind the fraction of a second.
fn without_fraction(text: &str) -> &str {
    match text.strip_prefix(['.', ',', ':']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => text,
    }
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_devices_and_programs_write_them() {
        for (written, local, offset_h) in [
            ("2026:11:20 09:00:00", "2026-11-20 09:00:00", None),
            ("2026-11-20 09:00:00", "2026-11-20 09:00:00", None),
            ("2026/11/20 09:00:00", "2026-11-20 09:00:00", None),
            ("2026:11:20 09:00:60", "2026-11-20 09:00:59", None),
            ("2026:11:20 24:10:00", "2026-11-20 00:10:00", None),
            ("2026:11:20 09:00:00.123", "2026-11-20 09:00:00", None),
            ("2026:11:20 09:00:00:123", "2026-11-20 09:00:00", None),
            ("2026:11:20 09:00", "2026-11-20 09:00:00", None),
            ("2026-11-20T09:00:00Z", "2026-11-20 09:00:00", Some(0)),
            (
                "2026-11-20T09:00:00.5+08:00",
                "2026-11-20 09:00:00",
                Some(8),
            ),
            ("2026:11:20 09:00:00+0900", "2026-11-20 09:00:00", Some(9)),
            ("2026:11:20 09:00:00-07", "2026-11-20 09:00:00", Some(-7)),
            ("20261120T090000", "2026-11-20 09:00:00", None),
            ("20261120T0900Z", "2026-11-20 09:00:00", Some(0)),
            ("20261120090000+0800", "2026-11-20 09:00:00", Some(8)),
            ("2026:11:20 09:00:00 PM", "2026-11-20 21:00:00", None),
            ("2026:11:20 12:05:00 a.m.", "2026-11-20 00:05:00", None),
            (
                "2026:11:20 12:05:00pm +08:00",
                "2026-11-20 12:05:00",
                Some(8),
            ),
            ("2026:11:20 下午9:00", "2026-11-20 21:00:00", None),
            ("2026/11/20 上午 9:00:00", "2026-11-20 09:00:00", None),
            ("2026年11月20日 09时00分00秒", "2026-11-20 09:00:00", None),
            ("2026年11月20日 下午9点00分", "2026-11-20 21:00:00", None),
            (
                "２０２６：１１：２０ ０９：００：００",
                "2026-11-20 09:00:00",
                None,
            ),
            ("2026:11:20 09:00:00 GMT+9", "2026-11-20 09:00:00", Some(9)),
        ] {
            let read = clock(written).unwrap_or_else(|| panic!("{written}"));
            assert_eq!(read.local.to_string(), local, "{written}");
            let offset = offset_h.and_then(|h: i32| FixedOffset::east_opt(h * 3600));
            assert_eq!(read.offset, offset, "{written}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for written in [
            "",
            "    :  :     :  :  ",
            "0000:00:00 00:00:00",
            "2026:11",
            "2026:13:01 00:00:00",
            "soon",
            "2026:11:20",
            "99999999999:1:1 1:1:1",
            "20261320T090000",
            "2026:11:20 09",
        ] {
            assert_eq!(clock(written), None, "{written}");
        }
    }

    #[test]
    fn offsets_are_read_within_the_earth() {
        let hours = |text: &str| offset(text).map(|o| o.local_minus_utc());
        assert_eq!(hours("Z"), Some(0));
        assert_eq!(hours("+08:00"), Some(28_800));
        assert_eq!(hours("+0800"), Some(28_800));
        assert_eq!(hours("-03:30"), Some(-12_600));
        assert_eq!(hours("GMT"), Some(0));
        assert_eq!(hours("GMT+9"), Some(32_400));
        assert_eq!(hours("UTC+09:00"), Some(32_400));
        assert_eq!(hours("utc -3"), Some(-10_800));
        assert_eq!(hours("+99:00"), None);
        assert_eq!(hours("east"), None);
    }
}
