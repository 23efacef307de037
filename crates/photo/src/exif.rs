//! What a photo tells about itself. What is unsound in it tells nothing and breaks nothing: the
//! rest still counts, and it is said that something was left out.

use std::borrow::Cow;

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDateTime, Utc};
use exif::{Error, Exif, In, Reader, Tag, Value};

use super::Facts;
use super::{exif_directories, exif_time};

/// Bytes of EXIF at most: no phone can write more, since a segment of a JPEG holds no more.
const MAX_BYTES: usize = 64 * 1024;

/// Blocks of EXIF that are tried at most.
const MAX_BLOCKS: usize = 4;

/// Letters of a device's name at most.
const DEVICE_LETTERS: usize = 64;

/// Years a camera may write.
const DIGITAL_YEARS: std::ops::RangeInclusive<i32> = 1990..=2200;

/// When a photo was taken, by whom the file has it: the clock and the offset that goes with it.
const CLOCKS: [(Tag, Tag); 3] = [
    (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal),
    (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized),
    (Tag::DateTime, Tag::OffsetTime),
];

/// What a block of EXIF tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) facts: Facts,
    /// Whether something in it is unsound.
    pub(super) unsound: bool,
    /// Whether it says that the colours are Adobe RGB's.
    pub(super) adobe_rgb: bool,
}

/// The blocks of EXIF a file holds, as they come. Programs put one in front of another that is
/// empty or broken.
#[derive(Debug, Default)]
pub(super) struct Blocks<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Blocks<'a> {
    /// Adds a block, with or without its name in front. Its beginning is all that is looked at.
    pub(super) fn add(&mut self, block: impl Into<Cow<'a, [u8]>>) {
        if !self.has_room() {
            return;
        }
        self.0.push(match block.into() {
            Cow::Borrowed(block) => Cow::Borrowed(block.get(..MAX_BYTES).unwrap_or(block)),
            Cow::Owned(mut block) => {
                block.truncate(MAX_BYTES);
                Cow::Owned(block)
            }
        });
    }

    /// Whether another block would be tried.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < MAX_BLOCKS
    }

    /// What the first block tells that tells anything.
    pub(super) fn told(&self) -> Told {
        let mut left_out = false;
        for block in &self.0 {
            if let Some(told) = read(block) {
                let unsound = told.unsound || left_out;
                return Told { unsound, ..told };
            }
            left_out |= !without_name(block).is_empty();
        }
        Told {
            unsound: left_out,
            ..Told::default()
        }
    }
}

fn without_name(block: &[u8]) -> &[u8] {
    match block.strip_prefix(b"Exif\0") {
        Some(named) => named.get(1..).unwrap_or_default(),
        None => block,
    }
}

/// Reads a block; `None` when nothing in it can be read.
fn read(block: &[u8]) -> Option<Told> {
    let tidied = exif_directories::tidied(without_name(block))?;
    let read = Reader::new().continue_on_error(true).read_raw(tidied.block);
    let (exif, errors) = match read {
        Ok(exif) => (exif, Vec::new()),
        Err(Error::PartialResult(partial)) => partial.into_inner(),
        Err(_) => return None,
    };
    exif.fields().next()?;
    Some(Told {
        unsound: tidied.left_out || !errors.is_empty(),
        adobe_rgb: text(&exif, Tag::InteroperabilityIndex).as_deref() == Some("R03"),
        facts: facts(&exif),
    })
}

fn facts(exif: &Exif) -> Facts {
    let clock = CLOCKS.iter().find_map(|(clock, offset)| {
        let read = exif_time::clock(&text(exif, *clock)?)?;
        // Devices that lost their clock write years before there were digital cameras; a year far
        // ahead was written to be read as news.
        let digital = DIGITAL_YEARS.contains(&read.local.year());
        digital.then(|| (read, offset_of(exif, *offset)))
    });
    let taken_at: Option<DateTime<Utc>> = clock.and_then(|(clock, beside)| {
        let offset = beside
            .or(clock.offset)
            .or_else(|| any_offset(exif))
            .or_else(exif_time::shanghai)?;
        let at = clock.local.and_local_timezone(offset).single()?;
        Some(at.to_utc())
    });
    let device_clock: Option<NaiveDateTime> = clock.map(|(clock, _)| clock.local);
    Facts {
        taken_at,
        device_clock,
        gps: gps(exif),
        orientation: exif
            .get_field(Tag::Orientation, In::PRIMARY)
            .and_then(|f| f.value.get_uint(0))
            .and_then(|v| u8::try_from(v).ok())
            .filter(|v| (1..=8).contains(v)),
        device: device(exif),
    }
}

fn offset_of(exif: &Exif, tag: Tag) -> Option<FixedOffset> {
    exif_time::offset(&text(exif, tag)?)
}

/// The offset of any of the clocks: it is one device, in one place.
fn any_offset(exif: &Exif) -> Option<FixedOffset> {
    CLOCKS
        .iter()
        .find_map(|(_, offset)| offset_of(exif, *offset))
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let bytes: &[u8] = match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first()?,
        Value::Undefined(bytes, _) | Value::Byte(bytes) => bytes,
        _ => return None,
    };
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
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

/// Longitude and latitude in degrees.
fn gps(exif: &Exif) -> Option<(f64, f64)> {
    let lat = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 's')?;
    let lon = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 'w')?;
    let on_earth = lat.abs() <= 90.0 && lon.abs() <= 180.0;
    (on_earth && (lat, lon) != (0.0, 0.0)).then_some((lon, lat))
}

/// Degrees, minutes and seconds as one number. Without degrees it is no place; minutes or seconds
/// that say nothing make it a coarser one. A sign stands before degrees, or before every part.
fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: char) -> Option<f64> {
    let value = &exif.get_field(tag, In::PRIMARY)?.value;
    let whole = number(value, 0)?;
    let part = |at: usize| number(value, at).filter(|n| n.abs() <= 60.0);
    let minutes = part(1).unwrap_or(0.0);
    // Seconds of minutes that nobody knows are none.
    let seconds = number(value, 1).and_then(|_| part(2)).unwrap_or(0.0);
    let parts = [whole, minutes, seconds];
    let sign = match text(exif, side) {
        Some(side) if side.to_lowercase().starts_with(negative) => -1.0,
        _ if parts.iter().any(|part| *part < 0.0) => -1.0,
        _ => 1.0,
    };
    Some(sign * (whole.abs() + minutes.abs() / 60.0 + seconds.abs() / 3600.0))
}

/// One of a field's numbers, however it is written; `None` for a fraction of nothing.
fn number(value: &Value, at: usize) -> Option<f64> {
    let number = match value {
        Value::Rational(parts) => parts.get(at).filter(|r| r.denom != 0)?.to_f64(),
        Value::SRational(parts) => parts.get(at).filter(|r| r.denom != 0)?.to_f64(),
        Value::Float(parts) => f64::from(*parts.get(at)?),
        Value::Double(parts) => *parts.get(at)?,
        other => f64::from(other.get_uint(at)?),
    };
    number.is_finite().then_some(number)
}
