//! Neighbours of the given cases: the same kinds of oddity in other places and other formats.

use super::pixels::Srgb;
use super::sample::scene;
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

/// A field of a directory: tag, type, how many, and its bytes.
pub(super) type Field = (u16, u16, u32, Vec<u8>);

pub(super) fn text(tag: u16, text: &str) -> Field {
    let bytes: Vec<u8> = text.bytes().chain([0]).collect();
    (tag, 2, bytes.len() as u32, bytes)
}

pub(super) fn fractions(tag: u16, kind: u16, parts: &[(i32, i32)]) -> Field {
    let bytes = parts
        .iter()
        .flat_map(|(n, d)| [n.to_le_bytes(), d.to_le_bytes()].concat());
    (tag, kind, parts.len() as u32, bytes.collect())
}

/// EXIF of a main directory and those it points to, little endian, each with its pointer.
pub(super) fn tiff(main: Vec<Field>, others: Vec<(u16, Vec<Field>)>) -> Vec<u8> {
    let length = |fields: &[Field]| {
        let values: usize = fields
            .iter()
            .map(|f| f.3.len())
            .filter(|bytes| *bytes > 4)
            .sum();
        2 + 12 * fields.len() + 4 + values
    };
    let mut main = main;
    let mut at = 8 + length(&main) + 12 * others.len();
    for (pointer, fields) in &others {
        main.push((*pointer, 4, 1, (at as u32).to_le_bytes().to_vec()));
        at += length(fields);
    }
    let mut out = b"II\x2a\0\x08\0\0\0".to_vec();
    for fields in std::iter::once(&main).chain(others.iter().map(|(_, fields)| fields)) {
        let mut values_at = out.len() + 2 + 12 * fields.len() + 4;
        let mut values: Vec<u8> = Vec::new();
        out.extend((fields.len() as u16).to_le_bytes());
        for (tag, kind, count, bytes) in fields {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            if bytes.len() <= 4 {
                let mut inline = bytes.clone();
                inline.resize(4, 0);
                out.extend(inline);
            } else {
                out.extend((values_at as u32).to_le_bytes());
                values_at += bytes.len();
                values.extend(bytes);
            }
        }
        out.extend([0; 4]);
        out.extend(values);
    }
    out
}

pub(super) const EXIF: u16 = 0x8769;
pub(super) const GPS: u16 = 0x8825;
pub(super) const INTEROP: u16 = 0xa005;

pub(super) fn jpeg_with(block: &[u8]) -> Vec<u8> {
    let good = scene(4, 96, 64);
    let body = [b"Exif\0\0".as_slice(), block].concat();
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&good[..2], &[0xff, 0xe1], &length, &body, &good[2..]].concat()
}

pub(super) fn told(block: &[u8]) -> Processed {
    process(&jpeg_with(block), LIMITS, Depth::Pixels).unwrap()
}

#[test]
fn places_are_read_however_makers_write_them() {
    let place = |lat: Field, lat_ref: &str, lon: Field, lon_ref: &str| {
        let gps = vec![text(1, lat_ref), lat, text(3, lon_ref), lon];
        let gps = told(&tiff(Vec::new(), vec![(GPS, gps)])).facts.gps;
        gps.map(|(lon, lat)| (format!("{lon:.4}"), format!("{lat:.4}")))
    };
    let east = || fractions(4, 5, &[(119, 1), (18, 1), (108, 100)]);
    let is = |lon: &str, lat: &str| Some((lon.to_owned(), lat.to_owned()));
    let rational = |parts: &[(i32, i32)]| fractions(2, 5, parts);
    // Decimal degrees, decimal minutes, only degrees and minutes.
    assert_eq!(
        place(
            rational(&[(260_812, 10_000), (0, 1), (0, 1)]),
            "N",
            east(),
            "E"
        ),
        is("119.3003", "26.0812")
    );
    assert_eq!(
        place(rational(&[(26, 1), (4872, 1000), (0, 0)]), "N", east(), "E"),
        is("119.3003", "26.0812")
    );
    assert_eq!(
        place(rational(&[(26, 1), (4, 1)]), "N", east(), "E"),
        is("119.3003", "26.0667")
    );
    // Minutes that nobody knows; seconds of them are none.
    assert_eq!(
        place(rational(&[(26, 1), (0, 0), (52, 1)]), "N", east(), "E"),
        is("119.3003", "26.0000")
    );
    // South and west, by letter or by sign, and not by both.
    let signed = |parts: &[(i32, i32)]| fractions(2, 10, parts);
    assert_eq!(
        place(signed(&[(-26, 1), (30, 1), (0, 1)]), "S", east(), "w"),
        is("-119.3003", "-26.5000")
    );
    assert_eq!(
        place(signed(&[(-26, 1), (30, 1), (0, 1)]), "N", east(), "E"),
        is("119.3003", "-26.5000")
    );
    // No degrees, no earth, nothing: no place.
    assert_eq!(
        place(rational(&[(0, 0), (4, 1), (52, 1)]), "N", east(), "E"),
        None
    );
    assert_eq!(
        place(rational(&[(126, 1), (4, 1), (52, 1)]), "N", east(), "E"),
        None
    );
    // Written out, and nothing that can be read.
    assert_eq!(
        place(text(2, "26,4,52.32"), "N", text(4, "119.3003"), "W"),
        is("-119.3003", "26.0812")
    );
    assert_eq!(place(text(2, "here"), "N", east(), "E"), None);
}

#[test]
fn the_time_is_that_of_the_shot_in_its_own_offset() {
    let at = |main: Vec<Field>, exif: Vec<Field>| {
        let facts = told(&tiff(main, vec![(EXIF, exif)])).facts;
        facts.taken_at.map(|at| at.to_rfc3339())
    };
    let utc = |time: &str| Some(format!("2026-11-20T{time}+00:00"));
    let clock = |tag: u16| text(tag, "2026:11:20 09:00:00");
    assert_eq!(
        at(vec![], vec![clock(0x9003)]),
        utc("01:00:00"),
        "ours without one"
    );
    assert_eq!(
        at(vec![], vec![clock(0x9003), text(0x9011, "Z")]),
        utc("09:00:00")
    );
    assert_eq!(
        at(vec![], vec![clock(0x9003), text(0x9011, "+09:30")]),
        utc("23:30:00").map(|t| t.replace("20T23", "19T23"))
    );
    assert_eq!(
        at(vec![], vec![clock(0x9003), text(0x9291, "123")]),
        utc("01:00:00"),
        "milliseconds beside"
    );
    assert_eq!(
        at(vec![], vec![text(0x9003, "2026-11-20T09:00:00.123Z")]),
        utc("09:00:00")
    );
    // The shot's own clock is blank or nonsense: the next best is taken, with its own offset.
    assert_eq!(
        at(
            vec![clock(0x0132)],
            vec![text(0x9003, "    :  :     :  :  ")]
        ),
        utc("01:00:00")
    );
    assert_eq!(
        at(
            vec![],
            vec![
                text(0x9003, "0000:00:00 00:00:00"),
                clock(0x9004),
                text(0x9012, "Z")
            ]
        ),
        utc("09:00:00")
    );
    assert_eq!(at(vec![], vec![text(0x9003, "yesterday")]), None);
}

#[test]
fn adobe_rgb_may_be_said_in_exif_alone() {
    let flat = Srgb::new(64, 48, [200, 60, 60].repeat(64 * 48)).unwrap();
    let flat = pixels::to_jpeg(&flat, 95).unwrap();
    // The directory of interoperability hangs on that of EXIF.
    let inner = [text(1, "R03")];
    let exif_at = 8 + 2 + 12 + 4;
    let interop_at = exif_at + 2 + 12 + 4;
    let mut block = b"II\x2a\0\x08\0\0\0".to_vec();
    for (tag, at) in [(EXIF, exif_at), (INTEROP, interop_at)] {
        block.extend([1, 0]);
        block.extend(tag.to_le_bytes());
        block.extend([4, 0, 1, 0, 0, 0]);
        block.extend((at as u32).to_le_bytes());
        block.extend([0; 4]);
    }
    block.extend([1, 0, 1, 0, 2, 0, 4, 0, 0, 0]);
    block.extend(&inner[0].3);
    block.extend([0; 4]);
    let body = [b"Exif\0\0".as_slice(), &block].concat();
    let length = (body.len() as u16 + 2).to_be_bytes();
    let adobe = [&flat[..2], &[0xff, 0xe1], &length, &body, &flat[2..]].concat();
    let red = |bytes: &[u8]| {
        let small = process(bytes, LIMITS, Depth::Pixels)
            .unwrap()
            .derived
            .unwrap()
            .small;
        jpeg::open(&small, LIMITS, Depth::Pixels)
            .unwrap()
            .picture
            .unwrap()
            .pixels
            .data[0]
    };
    assert!(
        red(&adobe) > red(&flat) + 15,
        "{} {}",
        red(&adobe),
        red(&flat)
    );
}

#[test]
fn other_formats_end_where_they_end_too() {
    let ramp = pictures::drawn(90, 60, |x, y| [x as u8, y as u8, 90]);
    let (png, webp) = (pictures::png(90, 60, &ramp), pictures::webp(90, 60, &ramp));
    let remarks = |bytes: &[u8]| process(bytes, LIMITS, Depth::Pixels).map(|photo| photo.remarks);
    for good in [&png, &webp] {
        assert_eq!(remarks(good), Ok(vec![]));
        let film = [good.as_slice(), &[7; 5000]].concat();
        assert_eq!(remarks(&film), Ok(vec![Remark::Trailer]));
        for part in 1..8 {
            assert!(remarks(&good[..good.len() * part / 8]).is_err(), "{part}");
        }
    }
    // All of the picture, but not the chunk that says so.
    assert_eq!(
        remarks(&png[..png.len() - 12]),
        Ok(vec![Remark::EndMissing])
    );
}

#[test]
fn sides_count_as_well_as_areas() {
    let grey = |width: u32, height: u32| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer
            .write_image_data(&vec![90; width as usize * height as usize])
            .unwrap();
        drop(writer);
        process(&bytes, LIMITS, Depth::Pixels).map(|photo| (photo.width, photo.height))
    };
    assert_eq!(grey(65_535, 3), Ok((Some(65_535), Some(3))));
    assert_eq!(grey(2, 40_000), Ok((Some(2), Some(40_000))));
    let too_many = Err(PhotoProblem::TooManyPixels(LIMITS.pixels));
    assert_eq!(grey(65_536, 1), too_many);
    assert_eq!(grey(1, 70_000), too_many);
}

#[test]
fn exif_beyond_what_a_phone_can_write_is_not_read() {
    // The clock lies behind the first 64 KB: whatever is there is none of a phone's.
    let mut block = tiff(vec![text(0x0110, "Phone")], vec![]);
    block.resize(70_000, 0);
    let png = |chunk: &[u8]| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 8, 8);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::eXIf, chunk).unwrap();
        writer.write_image_data(&[90; 64]).unwrap();
        drop(writer);
        process(&bytes, LIMITS, Depth::Pixels).unwrap()
    };
    assert_eq!(png(&block).facts.device.as_deref(), Some("Phone"));
    let behind = block.len() as u32;
    block.extend(b"2026:11:20 09:00:00\0");
    let mut far = b"II\x2a\0\x08\0\0\0\x01\0\x32\x01\x02\0\x14\0\0\0".to_vec();
    far.extend(behind.to_le_bytes());
    far.extend(&block[far.len()..]);
    let photo = png(&far);
    assert_eq!(photo.facts.taken_at, None);
    assert_eq!(photo.remarks, [Remark::ExifUnsound]);
}
