//! JPEG whose pixels would take more work or memory than a photo may: sound ones are kept sealed.

use super::sample::{SampleExif, with_exif};
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker], length.as_slice(), body].concat()
}

/// The head of a picture whose every code is one bit.
fn head(progressive: bool, (width, height): (u16, u16), components: u8) -> Vec<u8> {
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components);
    frame.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    let table = |class: u8| [&[class, 1], [0; 15].as_slice(), &[0]].concat();
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0], [1; 64].as_slice()].concat()),
        segment(if progressive { 0xc2 } else { 0xc0 }, &frame),
        segment(0xc4, &table(0x00)),
        segment(0xc4, &table(0x10)),
    ]
    .concat()
}

/// A scan of so many bits.
fn scan(components: std::ops::RangeInclusive<u8>, from: u8, to: u8, bits: usize) -> Vec<u8> {
    let mut header = vec![components.clone().count() as u8];
    header.extend(components.flat_map(|id| [id, 0]));
    header.extend([from, to, 0]);
    [segment(0xda, &header), vec![0; bits.div_ceil(8)]].concat()
}

const END: [u8; 2] = [0xff, 0xd9];

fn blocks((width, height): (u16, u16)) -> usize {
    usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8)
}

fn progressive(size: (u16, u16), components: u8) -> Vec<u8> {
    let bits = blocks(size);
    let all = 1..=components;
    let first = scan(all.clone(), 0, 0, bits * usize::from(components));
    let rest = all.flat_map(|id| scan(id..=id, 1, 63, bits)).collect();
    [head(true, size, components), first, rest, END.to_vec()].concat()
}

fn baseline(size: (u16, u16), components: u8) -> Vec<u8> {
    let bits = blocks(size) * usize::from(components) * 2;
    let scan = scan(1..=components, 0, 63, bits);
    [head(false, size, components), scan, END.to_vec()].concat()
}

#[test]
fn a_sound_picture_that_costs_too_much_is_kept_sealed() {
    let exif = SampleExif {
        gps: Some((119.3, 26.0)),
        taken: Some("2026:11:24 09:30:00"),
        orientation: Some(6),
    };
    for (name, bytes) in [
        ("three colours of 64 MP", progressive((8_000, 8_000), 3)),
        ("one of 200 MP", progressive((16_320, 12_240), 1)),
        ("four inks of 200 MP", baseline((16_320, 12_240), 4)),
        (
            "four inks of 200 MP in passes",
            progressive((16_320, 12_240), 4),
        ),
    ] {
        let bytes = with_exif(&bytes, exif);
        let photo = process(&bytes, LIMITS, Depth::Pixels).unwrap();
        assert!(photo.derived.is_none(), "{name}");
        assert!(photo.facts.gps.is_some() && photo.facts.taken_at.is_some());
        assert_eq!(photo.remarks, [], "{name}");
        let film = [bytes.as_slice(), &[7; 500]].concat();
        let photo = process(&film, LIMITS, Depth::Pixels).unwrap();
        assert_eq!(photo.remarks, [Remark::Trailer], "{name}");
    }
    // What costs less is looked at.
    for bytes in [progressive((3_200, 2_400), 3), baseline((8_000, 8_000), 4)] {
        assert!(
            process(&bytes, LIMITS, Depth::Pixels)
                .unwrap()
                .derived
                .is_some()
        );
    }
}

#[test]
fn an_unsound_picture_that_costs_too_much_is_refused() {
    let refused = |bytes: &[u8]| process(bytes, LIMITS, Depth::Pixels).unwrap_err();
    let whole = progressive((8_000, 8_000), 3);
    // Not every part of it was scanned: the last scan is a sixth of it.
    for part in 1..7 {
        let cut = refused(&whole[..whole.len() * part / 8]);
        assert_eq!(cut, PhotoProblem::Truncated, "{part}/8");
    }
    // More segments than a picture needs.
    let comments = segment(0xfe, b"").repeat(1_000);
    let many = [&whole[..2], &comments, &whole[2..]].concat();
    assert_eq!(refused(&many), PhotoProblem::TooCostly);
    let huge = baseline((20_000, 10_008), 1);
    assert_eq!(refused(&huge), PhotoProblem::TooManyPixels(LIMITS.pixels));
}
