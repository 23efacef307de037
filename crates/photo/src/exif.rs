//! What a photo tells about itself. What is unsound in it tells nothing and breaks nothing: the
//! rest still counts, and it is said that something was left out.

use chrono::{DateTime, Datelike as _, NaiveDateTime, Utc};
use exif::{Error, Exif, In, Reader, Tag, Value};

use super::Facts;
use super::exif_time;

/// Bytes of EXIF at most: no phone can write more, since a segment of a JPEG holds no more.
const MAX_BYTES: usize = 64 * 1024;

/// Entries in all directories at most; phones write some eighty.
const MAX_ENTRIES: usize = 2_000;

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

/// A block's beginning, which is all that is ever looked at.
pub(super) fn cut(block: &[u8]) -> &[u8] {
    block.get(..MAX_BYTES).unwrap_or(block)
}

/// Reads a block, with or without its name in front.
pub(super) fn told(block: &[u8]) -> Told {
    let unsound = Told {
        unsound: true,
        ..Told::default()
    };
    let block = cut(block);
    let block = match block.strip_prefix(b"Exif\0") {
        Some(named) => named.get(1..).unwrap_or_default(),
        None => block,
    };
    if !is_bounded(block) {
        return unsound;
    }
    let read = Reader::new()
        .continue_on_error(true)
        .read_raw(block.to_vec());
    let (exif, errors) = match read {
        Ok(exif) => (exif, Vec::new()),
        Err(Error::PartialResult(partial)) => partial.into_inner(),
        Err(_) => return unsound,
    };
    Told {
        unsound: errors.iter().any(matters),
        adobe_rgb: text(&exif, Tag::InteroperabilityIndex).as_deref() == Some("R03"),
        facts: facts(&exif),
    }
}

/// Web uploaders leave out the pointer to a next directory that is not there; nothing is lost.
fn matters(error: &Error) -> bool {
    !matches!(
        error,
        Error::InvalidFormat("Truncated next IFD offset" | "Unexpected next IFD")
    )
}

/// Whether the directories hold no more entries than a reader should look at. Directories that
/// overlap can be made to hold millions in a few kilobytes.
fn is_bounded(block: &[u8]) -> bool {
    const POINTERS: [u16; 3] = [0x8769, 0x8825, 0xa005];
    let little = block.starts_with(b"II");
    let short = |at: usize| match block.get(at..at.checked_add(2)?) {
        Some([a, b]) if little => Some(u16::from_le_bytes([*a, *b])),
        Some([a, b]) => Some(u16::from_be_bytes([*a, *b])),
        _ => None,
    };
    let long = |at: usize| match block.get(at..at.checked_add(4)?) {
        Some([a, b, c, d]) if little => Some(u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        Some([a, b, c, d]) => Some(u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        _ => None,
    };
    let mut left = MAX_ENTRIES;
    let mut directories: Vec<usize> = long(4).into_iter().collect();
    while let Some(directory) = directories.pop() {
        let count = usize::from(short(directory).unwrap_or(0));
        let held = block.len().saturating_sub(directory) / 12;
        match left.checked_sub(count.min(held) + 1) {
            Some(rest) => left = rest,
            None => return false,
        }
        let entries = (0..count.min(held)).map(|n| directory + 2 + 12 * n);
        directories.extend(
            entries
                .filter(|at| short(*at).is_some_and(|tag| POINTERS.contains(&tag)))
                .filter_map(|at| long(at + 8)),
        );
        directories.extend(long(directory + 2 + 12 * count).filter(|next| *next != 0));
    }
    true
}

fn facts(exif: &Exif) -> Facts {
    let clock = CLOCKS.iter().find_map(|(clock, offset)| {
        let read = exif_time::clock(&text(exif, *clock)?)?;
        // Devices that lost their clock write years before there were digital cameras; a year far
        // ahead was written to be read as news.
        let digital = DIGITAL_YEARS.contains(&read.local.year());
        digital.then(|| {
            (
                read,
                text(exif, *offset).and_then(|o| exif_time::offset(&o)),
            )
        })
    });
    let taken_at: Option<DateTime<Utc>> = clock.and_then(|(clock, beside)| {
        let offset = beside.or(clock.offset).or_else(exif_time::shanghai)?;
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
/// that say nothing make it a coarser one.
fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: char) -> Option<f64> {
    let value = &exif.get_field(tag, In::PRIMARY)?.value;
    let whole = number(value, 0)?;
    let part = |at: usize, unit: f64| {
        let part = number(value, at).filter(|n| (0.0..=60.0).contains(n));
        part.unwrap_or(0.0) / unit
    };
    let minutes = part(1, 60.0);
    // Seconds of minutes that nobody knows are none.
    let seconds = if number(value, 1).is_some() {
        part(2, 3600.0)
    } else {
        0.0
    };
    let sign = match text(exif, side) {
        Some(side) if side.to_lowercase().starts_with(negative) => -1.0,
        _ if whole.is_sign_negative() => -1.0,
        _ => 1.0,
    };
    Some(sign * (whole.abs() + minutes + seconds))
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
