//! What a photo tells about itself. Broken EXIF tells nothing and breaks nothing.

use std::io::Cursor;

use chrono::{Datelike as _, FixedOffset, NaiveDateTime};
use exif::{Exif, In, Rational, Reader, Tag, Value};

use super::Facts;

/// Letters of a device's name at most.
const DEVICE_LETTERS: usize = 64;

/// Years a camera may write.
const DIGITAL_YEARS: std::ops::RangeInclusive<i32> = 1990..=2200;

/// Offset taken for a device clock without one: Asia/Shanghai.
const SHANGHAI_SECONDS: i32 = 8 * 3600;

pub(super) fn facts(bytes: &[u8]) -> Facts {
    let Ok(exif) = Reader::new().read_from_container(&mut Cursor::new(bytes)) else {
        return Facts::default();
    };
    let device_clock = device_clock(&exif);
    let taken_at = device_clock.and_then(|clock| {
        let local = offset(&exif).or_else(|| FixedOffset::east_opt(SHANGHAI_SECONDS))?;
        clock
            .and_local_timezone(local)
            .single()
            .map(|at| at.to_utc())
    });
    Facts {
        taken_at,
        device_clock,
        gps: gps(&exif),
        orientation: exif
            .get_field(Tag::Orientation, In::PRIMARY)
            .and_then(|f| f.value.get_uint(0))
            .and_then(|v| u8::try_from(v).ok())
            .filter(|v| (1..=8).contains(v)),
        device: device(&exif),
    }
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => {
            let line = lines.first()?;
            let text: String = String::from_utf8_lossy(line)
                .chars()
                .filter(|c| !c.is_control())
                .collect();
            Some(text.trim().to_owned()).filter(|t| !t.is_empty())
        }
        _ => None,
    }
}

fn device_clock(exif: &Exif) -> Option<NaiveDateTime> {
    let text = text(exif, Tag::DateTimeOriginal).or_else(|| text(exif, Tag::DateTime))?;
    let clock = NaiveDateTime::parse_from_str(&text, "%Y:%m:%d %H:%M:%S").ok()?;
    // Devices that lost their clock write years before there were digital cameras; a year far ahead
    // was written to be read as news.
    DIGITAL_YEARS.contains(&clock.year()).then_some(clock)
}

fn offset(exif: &Exif) -> Option<FixedOffset> {
    text(exif, Tag::OffsetTimeOriginal)?.parse().ok()
}

fn device(exif: &Exif) -> Option<String> {
    let make = text(exif, Tag::Make).unwrap_or_default();
    let model = text(exif, Tag::Model).unwrap_or_default();
    let name = if model.starts_with(&make) {
        model
    } else {
        format!("{make} {model}")
    };
    let name: String = name.trim().chars().take(DEVICE_LETTERS).collect();
    Some(name).filter(|n| !n.is_empty())
}

/// Longitude and latitude in degrees. A zero denominator or 0/0 is no place.
fn gps(exif: &Exif) -> Option<(f64, f64)> {
    let lat = degrees(exif, Tag::GPSLatitude)? * sign(exif, Tag::GPSLatitudeRef, "S");
    let lon = degrees(exif, Tag::GPSLongitude)? * sign(exif, Tag::GPSLongitudeRef, "W");
    let on_earth = lat.abs() <= 90.0 && lon.abs() <= 180.0;
    (on_earth && (lat, lon) != (0.0, 0.0)).then_some((lon, lat))
}

fn sign(exif: &Exif, tag: Tag, negative: &str) -> f64 {
    if text(exif, tag).is_some_and(|t| t.eq_ignore_ascii_case(negative)) {
        -1.0
    } else {
        1.0
    }
}

fn degrees(exif: &Exif, tag: Tag) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else {
        return None;
    };
    let part = |at: usize| -> Option<f64> {
        match parts.get(at) {
            None if at > 0 => Some(0.0),
            Some(Rational { denom: 0, .. }) | None => None,
            Some(r) => Some(r.to_f64()),
        }
    };
    Some(part(0)? + part(1)? / 60.0 + part(2)? / 3600.0)
}
