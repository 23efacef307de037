//! Times as devices and programs write them into EXIF: the standard's colons, ISO 8601, fractions,
//! offsets behind the time or beside it, a second of 60 and an hour of 24.

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

/// Reads a date and time; `None` when it is none.
pub(super) fn clock(text: &str) -> Option<Clock> {
    let (mut date, mut rest) = (Vec::new(), text.trim());
    while date.len() < 3 {
        let (number, behind) = leading_number(rest)?;
        date.push(number);
        rest = behind.trim_start_matches([':', '-', '/', '.', '年', '月', '日']);
    }
    let mut time = Vec::new();
    rest = rest.trim_start_matches([' ', 'T', 't']);
    while time.len() < 3 {
        let Some((number, behind)) = leading_number(rest) else {
            break;
        };
        time.push(number);
        rest = behind;
        match rest.strip_prefix(':') {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    let ([year, month, day], [hour, minute, ..]) = (date.as_slice(), time.as_slice()) else {
        return None;
    };
    // A leap second, or a device that rounds up, is the last second that every reader knows; an
    // hour of 24 is how some phones write midnight.
    let second = match time.get(2).copied().unwrap_or(0) {
        60 => 59,
        second => second,
    };
    let hour = if *hour == 24 { 0 } else { *hour };
    let date = NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, *month, *day)?;
    Some(Clock {
        local: date.and_hms_opt(hour, *minute, second)?,
        offset: offset(without_fraction(rest)),
    })
}

/// Reads an offset: `Z`, `+08:00`, `+0800`, `+08`.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return FixedOffset::east_opt(0);
    }
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '−'])?),
    };
    let (first, rest) = leading_number(digits)?;
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
        assert_eq!(hours("+99:00"), None);
        assert_eq!(hours("east"), None);
    }
}
