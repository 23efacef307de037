//! Times as devices and programs write them into EXIF: the standard's colons, ISO 8601 with and
//! without them, fractions, half days, Chinese, offsets behind the time or beside it, a second of
//! 60 and an hour of 24.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, Timelike as _};

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
    /// Whether something else stands behind it.
    pub(super) is_odd: bool,
}

pub(super) fn shanghai() -> Option<FixedOffset> {
    FixedOffset::east_opt(SHANGHAI_SECONDS)
}

/// Words for the first half of the day and for the second, by which hours count to twelve.
const FORENOON: [&str; 9] = [
    "am", "a.m.", "a. m.", "上午", "凌晨", "早上", "清晨", "午前", "오전",
];
const AFTERNOON: [&str; 9] = [
    "pm", "p.m.", "p. m.", "下午", "傍晚", "晚上", "午后", "午後", "오후",
];

/// How dates with the name of the month are written, commas left out.
const WITH_MONTH_NAMES: [&str; 7] = [
    "%a %b %d %H:%M:%S %Y",
    "%a %d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%b %d %Y %H:%M:%S",
    "%d %B %Y %H:%M:%S",
    "%B %d %Y %H:%M:%S",
];

/// Reads a date and time; `None` when it is none.
pub(super) fn clock(text: &str) -> Option<Clock> {
    let text = half_width(text).to_lowercase();
    let (text, half) = without_half_day(text.trim());
    let (date, [hour, minute, second], rest) =
        in_numbers(text.trim()).or_else(|| with_month_name(text.trim()))?;
    // A leap second, or a device that rounds up, is the last second that every reader knows; an
    // hour of 24 is how some phones write midnight.
    let second = if second == 60 { 59 } else { second };
    let hour = match (half, hour) {
        (Some(Half::First), 12) | (_, 24) => 0,
        (Some(Half::Second), 1..12) => hour + 12,
        _ => hour,
    };
    let behind = without_fraction(&rest).trim();
    let offset = offset(behind);
    Some(Clock {
        local: date.and_hms_opt(hour, minute, second)?,
        offset,
        is_odd: offset.is_none() && !behind.is_empty(),
    })
}

/// Whether a text is a form that nobody filled in: signs, blanks and noughts.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c == '0' || !c.is_alphanumeric())
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

/// Digits, signs and blanks of any width as those of half width.
pub(super) fn half_width(text: &str) -> String {
    const APART: u32 = 0xfee0;
    let halved = text.chars().map(|c| match c {
        '！'..='～' => char::from_u32(u32::from(c) - APART).unwrap_or(c),
        c if c.is_whitespace() => ' ',
        _ => c,
    });
    halved.collect()
}

/// A date, a time, and what follows.
type Read = (NaiveDate, [u32; 3], String);

fn in_numbers(text: &str) -> Option<Read> {
    let (date, rest) = date(text)?;
    let (time, rest) = time(rest)?;
    Some((date, time, rest.to_owned()))
}

fn with_month_name(text: &str) -> Option<Read> {
    let text = text.replace(',', " ");
    let (read, rest) = WITH_MONTH_NAMES
        .iter()
        .find_map(|format| NaiveDateTime::parse_and_remainder(&text, format).ok())?;
    let time = [read.hour(), read.minute(), read.second()];
    Some((read.date(), time, rest.to_owned()))
}

/// Year, month and day, with one sign between them or eight digits in a row, and what follows
/// what stands between them and the time.
fn date(text: &str) -> Option<(NaiveDate, &str)> {
    if let Some((digits, _)) = digits(text, &[17, 14, 12, 8]) {
        let part = |from, to| digits.get(from..to)?.parse::<u32>().ok();
        let date =
            NaiveDate::from_ymd_opt(i32::try_from(part(0, 4)?).ok()?, part(4, 6)?, part(6, 8)?)?;
        return Some((date, behind_date(text.get(8..)?, '-')));
    }
    let (year, rest) = leading_number(text)?;
    let (first, rest) = sign(rest, &[':', '-', '/', '.', '_', '年'])?;
    let (month, rest) = leading_number(rest)?;
    let second = if first == '年' { '月' } else { first };
    let (_, rest) = sign(rest, &[second]).filter(|(found, _)| *found == second)?;
    let (day, rest) = leading_number(rest)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((date, behind_date(rest, first)))
}

/// What follows a date: blanks, a `T`, or the sign that stands between its own parts.
fn behind_date(rest: &str, own: char) -> &str {
    rest.trim_start_matches(['日', '号', '號'])
        .trim_start_matches([' ', 't', ',', '_', own])
}

/// Hour, minute and second, with one sign between them or digits in a row, and what follows.
/// There may be no second where the sign is one of times.
fn time(text: &str) -> Option<([u32; 3], &str)> {
    if let Some((digits, rest)) = digits(text, &[9, 6, 4]) {
        let part = |at: usize| digits.get(at..at + 2).and_then(|d| d.parse().ok());
        return Some(([part(0)?, part(2)?, part(4).unwrap_or(0)], rest));
    }
    let (hour, rest) = leading_number(text)?;
    let (first, rest) = sign(rest, &[':', '-', '.', '_', 'h', '时', '時', '点', '點'])?;
    let second = match first {
        '时' | '時' | '点' | '點' => '分',
        'h' => 'm',
        other => other,
    };
    let Some((minute, rest)) = leading_number(rest) else {
        // A word for the hour may stand alone.
        let is_word = matches!(second, '分' | 'm');
        return is_word.then(|| match rest.strip_prefix('半') {
            Some(rest) => ([hour, 30, 0], rest),
            None => ([hour, 0, 0], rest.trim_start_matches('整')),
        });
    };
    let behind = sign(rest, &[second]).filter(|(found, _)| *found == second);
    match behind.map(|(_, behind)| (leading_number(behind), behind)) {
        Some((Some((seconds, rest)), _)) => {
            let rest = rest.trim_start_matches(['秒', 's']);
            Some(([hour, minute, seconds], rest))
        }
        Some((None, behind)) if matches!(second, ':' | '分' | 'm') => {
            Some(([hour, minute, 0], behind))
        }
        None if matches!(second, ':' | '分' | 'm') => Some(([hour, minute, 0], rest)),
        _ => None,
    }
}

/// The sign between two numbers, with blanks around it or nothing but blanks, and what follows.
/// Some devices write blanks in place of leading noughts.
fn sign<'a>(text: &'a str, signs: &[char]) -> Option<(char, &'a str)> {
    let rest = text.trim_start();
    match rest.chars().next().filter(|c| signs.contains(c)) {
        Some(found) => Some((found, rest.get(found.len_utf8()..)?.trim_start())),
        None => (rest.len() < text.len()).then_some((' ', rest)),
    }
}

/// A run of digits in front that is as long as one of some lengths, and what follows.
fn digits<'a>(text: &'a str, lengths: &[usize]) -> Option<(&'a str, &'a str)> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (run, rest) = text.split_at(end.unwrap_or(text.len()));
    lengths.contains(&run.len()).then_some((run, rest))
}

/// Reads an offset: `Z`, `+08:00`, `+0800`, `+08`, `GMT+8`, perhaps with a zone's name in brackets
/// behind it.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    let text = half_width(text).to_lowercase();
    let text = text.split(['[', '(']).next().unwrap_or_default().trim();
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
    let (hours, minutes, behind) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (minutes, behind) = leading_number(rest.trim_start())?;
            (first, minutes, behind.trim_start_matches([':', '0']))
        }
        None if first > 99 => (first / 100, first % 100, rest),
        None => (first, 0, rest),
    };
    if minutes > 59 || !behind.is_empty() {
        return None;
    }
    let seconds = hours.checked_mul(3600)?.checked_add(minutes * 60)?;
    let seconds = i32::try_from(seconds).ok()?;
    (seconds <= MAX_OFFSET_SECONDS)
        .then(|| FixedOffset::east_opt(sign * seconds))
        .flatten()
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
            ("2026: 1: 5  9: 5: 3", "2026-01-05 09:05:03", None),
            ("2026- 1- 5  9: 5: 3+ 8: 0", "2026-01-05 09:05:03", Some(8)),
            ("20261120_090000", "2026-11-20 09:00:00", None),
            ("20261120-090000", "2026-11-20 09:00:00", None),
            ("20261120_090000123", "2026-11-20 09:00:00", None),
            ("20261120090000123", "2026-11-20 09:00:00", None),
            ("202611200900", "2026-11-20 09:00:00", None),
            ("2026:11:20 09-00-00", "2026-11-20 09:00:00", None),
            ("2026-11-20_09-00-00", "2026-11-20 09:00:00", None),
            ("2026_11_20_09_00_00", "2026-11-20 09:00:00", None),
            ("2026.11.20 09.00.00", "2026-11-20 09:00:00", None),
            ("2026:11:20:09:00:00", "2026-11-20 09:00:00", None),
            ("2026 11 20 09 00 00", "2026-11-20 09:00:00", None),
            ("2026-11-20 09:00-07:00", "2026-11-20 09:00:00", Some(-7)),
            ("2026-11-20 09h00m05s", "2026-11-20 09:00:05", None),
            (
                "２０２６：１１：２０\u{3000}０９：００：００",
                "2026-11-20 09:00:00",
                None,
            ),
            (
                "2026:11:20\u{202f}9:00:00\u{a0}PM",
                "2026-11-20 21:00:00",
                None,
            ),
            ("2026/11/20 午前9:00:00", "2026-11-20 09:00:00", None),
            ("2026/11/20 午後 9:00:00", "2026-11-20 21:00:00", None),
            ("2026. 11. 20. 오후 9:00:00", "2026-11-20 21:00:00", None),
            ("2026年11月20日 9点半", "2026-11-20 09:30:00", None),
            ("2026年11月20日9时整", "2026-11-20 09:00:00", None),
            ("Fri Nov 20 09:00:00 2026", "2026-11-20 09:00:00", None),
            ("20 Nov 2026 09:00:00 +0800", "2026-11-20 09:00:00", Some(8)),
            ("Nov 20, 2026, 9:00:00 PM", "2026-11-20 21:00:00", None),
            (
                "2026-11-20T09:00:00+08:00[Asia/Shanghai]",
                "2026-11-20 09:00:00",
                Some(8),
            ),
        ] {
            let read = clock(written).unwrap_or_else(|| panic!("{written}"));
            assert_eq!(read.local.to_string(), local, "{written}");
            let offset = offset_h.and_then(|h: i32| FixedOffset::east_opt(h * 3600));
            assert_eq!((read.offset, read.is_odd), (offset, false), "{written}");
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
            "2026:11 09:00:00",
            "2026 11 09:00:00",
            "2026:11:20 09 08:00",
            "2026:11:20 09.5",
            "20/11/2026 09:00:00",
            "1795136400",
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
        for odd in [
            "+480", "-480", "+0860", "+08:60", "+8:75", "+8.5", "+08:00x", "+15:00", "CST", "08:00",
        ] {
            assert_eq!(hours(odd), None, "{odd}");
        }
        for eight in [
            "+800",
            "+8",
            "+ 8: 0",
            "+08:00:00",
            "＋０８：００",
            "+08:00 (CST)",
        ] {
            assert_eq!(hours(eight), Some(28_800), "{eight}");
        }
        assert_eq!(hours("+0545"), Some(20_700));
        assert_eq!(hours("-00:30"), Some(-1_800));
    }

    #[test]
    fn what_stands_behind_a_time_and_is_no_offset_is_odd() {
        for written in ["CST", "+480", "+08:75", "约"] {
            let read = clock(&format!("2026:11:20 09:00:00 {written}")).unwrap();
            assert_eq!((read.offset, read.is_odd), (None, true), "{written}");
        }
    }

    #[test]
    fn a_form_that_nobody_filled_in_is_blank() {
        for blank in [
            "",
            "    :  :     :  :  ",
            "0000:00:00 00:00:00",
            "--",
            "   :  ",
        ] {
            assert!(is_blank(blank), "{blank}");
        }
        for written in ["yesterday", "2026:11", "+480", "昨天"] {
            assert!(!is_blank(written), "{written}");
        }
    }
}
