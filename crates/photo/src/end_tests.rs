//! Where a picture ends: JPEGs cut, padded, and with something behind them, and formats whose own
//! lengths are wrong.

use jpeg_encoder::{ColorType, Encoder};

use super::sample::{SampleExif, scene, with_exif};
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

fn taken(bytes: &[u8]) -> Result<Processed, PhotoProblem> {
    process(bytes, LIMITS, Depth::Pixels)
}

/// A picture that no code of is like another.
fn noise(progressive: bool, restarts: u16) -> Vec<u8> {
    let mut state = 7u32;
    let pixels: Vec<u8> = (0..320 * 240 * 3)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 90);
    encoder.set_progressive(progressive);
    if restarts > 0 {
        encoder.set_restart_interval(restarts);
    }
    encoder.encode(&pixels, 320, 240, ColorType::Rgb).unwrap();
    jpeg
}

fn film() -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    film.extend(noise(false, 0));
    film
}

#[test]
fn a_whole_scan_is_kept_whatever_stands_in_place_of_its_end() {
    for good in [noise(false, 0), noise(true, 0), noise(false, 4)] {
        let plain = taken(&good).unwrap().derived.unwrap().large;
        let without = &good[..good.len() - 2];
        for behind in [
            b"\xff".to_vec(),
            b"\xff\xff\xff".to_vec(),
            film(),
            b"\0\0\x30\x0aMotionPhoto_Data\xff\xe1\xff\xff".to_vec(),
            [b"DepthP\0\0".as_slice(), &b"\xff\xda".repeat(20)].concat(),
            scene(9, 64, 64),
            b"\xff\xd8\xff".to_vec(),
            b"\xff\xe0\xff\xff".to_vec(),
            vec![0; 9_000],
            b" ".repeat(9_000),
        ] {
            let photo = taken(&[without, &behind].concat());
            let photo =
                photo.unwrap_or_else(|e| panic!("{e}: {:?}", &behind[..behind.len().min(9)]));
            assert!(!photo.remarks.is_empty(), "it is said");
            assert_eq!(photo.derived.unwrap().large, plain);
        }
    }
}

#[test]
fn a_part_of_a_scan_is_refused_however_it_is_filled_up() {
    for good in [noise(false, 0), noise(true, 0), noise(false, 4)] {
        for part in [50, 70, 90] {
            let cut = &good[..good.len() * part / 100];
            for filling in [
                vec![0; 90_000],
                b" ".repeat(9_000),
                vec![0x55; 60_000],
                vec![0xff; 9_000],
                film(),
            ] {
                let photo = taken(&[cut, &filling].concat());
                assert_eq!(photo.unwrap_err(), PhotoProblem::Truncated, "{part} %");
            }
        }
    }
}

#[test]
fn a_mark_within_a_scan_may_have_fill_bytes_in_front() {
    let good = noise(false, 4);
    let plain = taken(&good).unwrap().derived.unwrap().large;
    let (mut filled, mut at) = (Vec::new(), 0);
    while at < good.len() {
        if matches!(good[at..], [0xff, 0xd0..=0xd7, ..]) {
            filled.extend([0xff, 0xff]);
        }
        filled.push(good[at]);
        at += 1;
    }
    assert!(filled.len() > good.len() + 100);
    let photo = taken(&filled).unwrap();
    assert_eq!(
        (photo.derived.unwrap().large, photo.remarks),
        (plain, vec![])
    );
}

fn png() -> Vec<u8> {
    pictures::png(90, 60, &ramp())
}

fn webp() -> Vec<u8> {
    pictures::webp(90, 60, &ramp())
}

fn ramp() -> Vec<u8> {
    pictures::drawn(90, 60, |x, y| [x as u8, y as u8, 90])
}

#[test]
fn a_webp_whose_header_names_no_length_or_a_wrong_one_is_whole() {
    let good = webp();
    let plain = taken(&good).unwrap().derived.unwrap().large;
    for length in [
        0u32,
        4,
        12,
        good.len() as u32 - 12,
        good.len() as u32,
        u32::MAX,
    ] {
        let mut bytes = good.clone();
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        let photo = taken(&bytes).unwrap();
        assert_eq!(photo.derived.unwrap().large, plain, "{length}");
        assert_eq!(photo.remarks, [], "{length}");
        let cut = taken(&bytes[..bytes.len() - 20]).unwrap_err();
        assert_eq!(cut, PhotoProblem::Truncated, "{length}");
    }
}

#[test]
fn a_png_may_hold_its_exif_as_text() {
    let exif = SampleExif {
        taken: Some("2026:11:24 09:30:00"),
        orientation: Some(6),
        ..SampleExif::default()
    };
    let jpeg = with_exif(&[0xff, 0xd8], exif);
    let block = &jpeg[6..];
    let hex: String = block.iter().map(|b| format!("{b:02x}")).collect();
    let lines: Vec<&str> = hex
        .as_bytes()
        .chunks(72)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let text = format!("\nexif\n{:8}\n{}\n", block.len(), lines.join("\n"));
    let with_chunk = |kind: &[u8; 4], body: Vec<u8>| {
        let good = png();
        let chunk = [kind.as_slice(), &body].concat();
        let length = (body.len() as u32).to_be_bytes();
        let mut crc = !0u32;
        for byte in &chunk {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                };
            }
        }
        let crc = (!crc).to_be_bytes();
        [&good[..33], &length, &chunk, &crc, &good[33..]].concat()
    };
    let name = b"Raw profile type exif\0";
    let packed = fdeflate::compress_to_vec(text.as_bytes());
    for bytes in [
        with_chunk(b"tEXt", [name, text.as_bytes()].concat()),
        with_chunk(b"zTXt", [name, &[0][..], &packed].concat()),
    ] {
        let facts = taken(&bytes).unwrap().facts;
        assert_eq!(facts.orientation, Some(6));
        assert!(facts.taken_at.is_some());
    }
    // What unpacks to more than EXIF can be is none.
    let bomb = fdeflate::compress_to_vec(&vec![b'0'; 5_000_000]);
    let photo = taken(&with_chunk(b"zTXt", [name, &[0][..], &bomb].concat())).unwrap();
    assert_eq!(photo.facts, Facts::default());
}

#[test]
fn without_its_pixels_a_photo_is_kept_with_its_facts_alone() {
    let exif = SampleExif {
        orientation: Some(6),
        ..SampleExif::default()
    };
    let jpeg = with_exif(&scene(1, 90, 60), exif);
    for bytes in [&jpeg, &png(), &webp()] {
        let whole = taken(bytes).unwrap();
        let photo = process(bytes, LIMITS, Depth::Structure).unwrap();
        assert!(photo.derived.is_none() && whole.derived.is_some());
        assert_eq!((photo.sha256, photo.facts), (whole.sha256, whole.facts));
    }
    // What breaks a bound by its structure is refused at either depth.
    let large = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    let mut large_jpeg = jpeg.clone();
    large_jpeg[large + 5..large + 9].copy_from_slice(&[0xff; 4]);
    let refused = process(&large_jpeg, LIMITS, Depth::Structure).unwrap_err();
    assert_eq!(refused, PhotoProblem::TooManyPixels(LIMITS.pixels));
}
