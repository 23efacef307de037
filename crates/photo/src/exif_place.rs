//! Positions as devices and programs write them into EXIF: fractions, numbers of any kind, and
//! texts with signs, letters and words for their parts.

use exif::{Exif, In, Tag, Value};

use super::exif_said::{Said, bytes_of, words};
use super::exif_time::half_width;

/// Degrees, minutes and seconds, as far as they are known.
type Parts = [Option<f64>; 3];

/// Minutes and seconds at most.
const MAX_PART: f64 = 60.0;

/// Digits behind a comma from which it is a decimal one: minutes have two.
const DECIMALS: usize = 3;

/// Which values a coordinate may have, and how those below nothing are told.
struct Axis {
    degrees: Tag,
    side: Tag,
    negative: [char; 2],
    most: f64,
}

const LATITUDE: Axis = Axis {
    degrees: Tag::GPSLatitude,
    side: Tag::GPSLatitudeRef,
    negative: ['s', '南'],
    most: 90.0,
};

const LONGITUDE: Axis = Axis {
    degrees: Tag::GPSLongitude,
    side: Tag::GPSLongitudeRef,
    negative: ['w', '西'],
    most: 180.0,
};

/// Letters and words for the sides of the earth, which stand before or behind the numbers.
const SIDES: [char; 13] = [
    'n', 's', 'e', 'w', '北', '南', '东', '東', '西', '纬', '緯', '经', '經',
];

/// Signs for degrees; a comma beside one is a decimal one.
const DEGREE_SIGNS: [char; 4] = ['°', 'º', '˚', '度'];

/// Other signs that stand between parts or behind them.
const PART_SIGNS: [char; 14] = [
    ' ', ',', ';', ':', '\'', '"', '′', '″', '’', '”', '‘', '“', '分', '秒',
];

/// Longitude and latitude in degrees. A device without a fix writes fractions of nothing, or a
/// place in the sea at 0, 0: that says nothing.
pub(super) fn gps(exif: &Exif) -> Said<(f64, f64)> {
    let (lat, lon) = (degrees(exif, &LATITUDE), degrees(exif, &LONGITUDE));
    let place = match (lat.value, lon.value) {
        (None, None) => Said::nothing(),
        (Some(lat), Some(lon)) if (lat, lon) == (0.0, 0.0) => Said::nothing(),
        (Some(lat), Some(lon)) => Said::of((lon, lat)),
        _ => Said::unsound(),
    };
    place.also(lat.unsound || lon.unsound)
}

/// Degrees, minutes and seconds as one number. Without degrees it is no place; minutes or seconds
/// that say nothing make it a coarser one. A sign stands before degrees, or before every part.
fn degrees(exif: &Exif, axis: &Axis) -> Said<f64> {
    let Some(field) = exif.get_field(axis.degrees, In::PRIMARY) else {
        return Said::nothing();
    };
    let (parts, is_negative) = match &field.value {
        Value::Unknown(..) => return Said::unsound(),
        value if is_text(value) => {
            let text = half_width(&words(exif, axis.degrees).value.unwrap_or_default());
            if !text.chars().any(char::is_alphanumeric) {
                return Said::nothing();
            }
            match parts_of(&text.to_lowercase(), axis.negative) {
                Some(read) => read,
                None => return Said::unsound(),
            }
        }
        value => ([0, 1, 2].map(|at| number(value, at)), false),
    };
    if parts == [None; 3] {
        return Said::nothing();
    }
    let [Some(whole), minutes, seconds] = parts else {
        return Said::unsound();
    };
    let is_too_much = |part: Option<f64>| part.is_some_and(|n| n.abs() > MAX_PART);
    let left_out = is_too_much(minutes) || is_too_much(seconds);
    let minutes = minutes.filter(|n| n.abs() <= MAX_PART);
    // Seconds of minutes that nobody knows are none.
    let seconds = minutes.and(seconds.filter(|n| n.abs() <= MAX_PART));
    let parts = [whole, minutes.unwrap_or(0.0), seconds.unwrap_or(0.0)];
    let side = words(exif, axis.side).value.unwrap_or_default();
    let is_other_side = half_width(&side).to_lowercase().starts_with(axis.negative);
    let sign = if is_negative || is_other_side || parts.iter().any(|part| *part < 0.0) {
        -1.0
    } else {
        1.0
    };
    let [whole, minutes, seconds] = parts.map(f64::abs);
    let degrees = sign * (whole + minutes / 60.0 + seconds / 3600.0);
    if degrees.abs() > axis.most {
        return Said::unsound();
    }
    Said::of(degrees).also(left_out)
}

/// Whether a value is letters: more bytes than there are parts are none of them.
fn is_text(value: &Value) -> bool {
    match value {
        Value::Byte(bytes) => bytes.len() > 3,
        value => bytes_of(value).is_some(),
    }
}

/// The parts of a position written out, and whether it lies on the negative side of the earth;
/// `None` when it is none.
fn parts_of(text: &str, negative: [char; 2]) -> Option<(Parts, bool)> {
    let text = text.replace("deg", "°");
    let is_around = |c: char| SIDES.contains(&c) || c.is_whitespace();
    let numbers = text.trim_matches(is_around);
    if numbers.is_empty() {
        return None;
    }
    let is_negative = text.split(numbers).any(|around| around.contains(negative));
    let numbers = if numbers.contains(DEGREE_SIGNS) || is_decimal(numbers) {
        numbers.replace(',', ".")
    } else {
        numbers.to_owned()
    };
    let mut parts: Parts = [None; 3];
    let mut room = parts.iter_mut();
    for part in numbers
        .split(|c| DEGREE_SIGNS.contains(&c) || PART_SIGNS.contains(&c))
        .filter(|part| !part.is_empty())
    {
        *room.next()? = Some(fraction(part)?);
    }
    let is_sound = parts
        .iter()
        .skip(1)
        .flatten()
        .all(|part| part.abs() <= MAX_PART);
    is_sound.then_some((parts, is_negative))
}

/// Whether the one comma in a number is a decimal one.
fn is_decimal(text: &str) -> bool {
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let Some((whole, decimals)) = text.split_once(',') else {
        return false;
    };
    is_digits(whole.trim_start_matches(['-', '+']))
        && is_digits(decimals)
        && decimals.len() >= DECIMALS
}

/// A number, or one over another.
fn fraction(text: &str) -> Option<f64> {
    let number = |text: &str| {
        let is_number = text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+'));
        text.parse::<f64>().ok().filter(|_| is_number)
    };
    match text.split_once('/') {
        Some((over, under)) => {
            let under = number(under).filter(|n| *n != 0.0)?;
            Some(number(over)? / under)
        }
        None => number(text),
    }
}

/// One of a field's numbers, however it is written; `None` for a fraction of nothing.
fn number(value: &Value, at: usize) -> Option<f64> {
    let number = match value {
        Value::Rational(parts) => parts.get(at).filter(|r| r.denom != 0)?.to_f64(),
        Value::SRational(parts) => parts.get(at).filter(|r| r.denom != 0)?.to_f64(),
        Value::Float(parts) => f64::from(*parts.get(at)?),
        Value::Double(parts) => *parts.get(at)?,
        Value::SByte(parts) => f64::from(*parts.get(at)?),
        Value::SShort(parts) => f64::from(*parts.get(at)?),
        Value::SLong(parts) => f64::from(*parts.get(at)?),
        other => f64::from(other.get_uint(at)?),
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_programs_write_them() {
        let degrees = |text: &str| {
            let (parts, is_negative) = parts_of(&half_width(text).to_lowercase(), ['s', '南'])?;
            let [whole, minutes, seconds] = parts.map(Option::unwrap_or_default);
            let sum = whole.abs() + minutes / 60.0 + seconds / 3600.0;
            let sign = if is_negative || whole < 0.0 {
                -1.0
            } else {
                1.0
            };
            Some(format!("{:.4}", sign * sum))
        };
        for written in [
            "26.0812",
            "+26.0812",
            "26,0812",
            "26,4,52.32",
            "26, 4, 52.32",
            "26/1,4/1,5232/100",
            "26 4 52.32",
            "26:4:52.32",
            "26,4.872N",
            "N26.0812",
            "26.0812 N",
            "26.0812°",
            "26°4'52.32\"N",
            "26°4′52.32″",
            "26°4'52,32\"",
            "26 deg 4' 52.32\" N",
            "北纬26度4分52.32秒",
            "２６．０８１２",
        ] {
            assert_eq!(degrees(written).as_deref(), Some("26.0812"), "{written}");
        }
        for written in ["-26.0812", "26.0812S", "S 26°4'52.32\"", "南纬26,4,52.32"] {
            assert_eq!(degrees(written).as_deref(), Some("-26.0812"), "{written}");
        }
        for written in [
            "here",
            "N",
            "lat 26.08",
            "26.0812,119.3003",
            "+26.0812+119.3003/",
            "2.60812e1",
            "26/0",
            "26,4,52,32,1",
            "26,75",
            "nan",
            "inf",
        ] {
            assert_eq!(degrees(written), None, "{written}");
        }
    }
}
