//! WebP whose header promises other chunks than there are.

use super::neighbour_tests::{text, tiff};
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
const ANIMATION: u8 = 0x02;

const WIDTH: u32 = 40;
const HEIGHT: u32 = 30;

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// A file of a canvas that promises something, and chunks.
fn file(promises: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut canvas = vec![promises, 0, 0, 0];
    canvas.extend(&(WIDTH - 1).to_le_bytes()[..3]);
    canvas.extend(&(HEIGHT - 1).to_le_bytes()[..3]);
    let body = [b"WEBP".to_vec(), chunk(b"VP8X", &canvas), chunks.concat()].concat();
    chunk(b"RIFF", &body)
}

fn lossless() -> Vec<u8> {
    let drawn = pictures::drawn(WIDTH, HEIGHT, |x, y| [x as u8 * 5, y as u8 * 7, 90]);
    pictures::webp(WIDTH, HEIGHT, &drawn)[12..].to_vec()
}

/// A key frame whose data any arithmetic decoder takes for pixels.
fn lossy() -> Vec<u8> {
    let mut body = vec![0x10, 0x32, 0, 0x9d, 0x01, 0x2a];
    body.extend((WIDTH as u16).to_le_bytes());
    body.extend((HEIGHT as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend((0..4_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    chunk(b"VP8 ", &body)
}

/// Where a frame stands, how large it is, how long it is shown, and that it covers what was there;
/// then its own chunk.
fn frame(picture: &[u8]) -> Vec<u8> {
    let mut body = vec![0; 6];
    body.extend(&(WIDTH - 1).to_le_bytes()[..3]);
    body.extend(&(HEIGHT - 1).to_le_bytes()[..3]);
    body.extend([1, 0, 0, 2]);
    body.extend(picture);
    chunk(b"ANMF", &body)
}

fn exif() -> Vec<u8> {
    chunk(b"EXIF", &tiff(vec![text(0x0110, "Phone")], vec![]))
}

fn taken(bytes: &[u8]) -> Result<Processed, PhotoProblem> {
    process(bytes, LIMITS, Depth::Pixels)
}

#[test]
fn promised_metadata_that_was_stripped_off_is_remarked_and_the_picture_kept() {
    for picture in [lossless(), lossy()] {
        let plain = taken(&file(0, std::slice::from_ref(&picture))).unwrap();
        let plain = plain.derived.unwrap().large;
        for (promises, chunks, device, is_unsound) in [
            (EXIF, vec![picture.clone(), exif()], Some("Phone"), false),
            (0, vec![picture.clone(), exif()], Some("Phone"), false),
            (EXIF, vec![picture.clone()], None, true),
            (XMP, vec![picture.clone()], None, true),
            (
                EXIF | XMP,
                vec![picture.clone(), exif()],
                Some("Phone"),
                true,
            ),
            (
                EXIF | XMP,
                vec![picture.clone(), chunk(b"XMP ", b"<x/>")],
                None,
                true,
            ),
            (ICC, vec![picture.clone()], None, false),
            (
                ICC | EXIF | XMP,
                vec![chunk(b"JUNK", b"x"), picture.clone()],
                None,
                true,
            ),
        ] {
            let bytes = file(promises, &chunks);
            let photo = taken(&bytes).unwrap();
            assert_eq!(photo.facts.device.as_deref(), device, "{promises:#x}");
            assert_eq!(
                photo.remarks.contains(&Remark::ExifUnsound),
                is_unsound,
                "{promises:#x}"
            );
            assert_eq!(photo.derived.unwrap().large, plain, "{promises:#x}");
            let sealed = process(&bytes, LIMITS, Depth::Structure).unwrap();
            assert_eq!(sealed.remarks, photo.remarks, "{promises:#x}");
        }
    }
}

#[test]
fn a_veil_or_a_movement_that_is_not_there_is_none() {
    for picture in [lossless(), lossy()] {
        let plain = taken(&file(0, std::slice::from_ref(&picture))).unwrap();
        let plain = plain.derived.unwrap().large;
        let moving = frame(&picture);
        let anim = chunk(b"ANIM", &[0; 6]);
        for (promises, chunks) in [
            (ALPHA, vec![picture.clone()]),
            (ANIMATION, vec![picture.clone()]),
            (ANIMATION, vec![anim.clone(), picture.clone()]),
            (ALPHA | ANIMATION, vec![picture.clone()]),
            (ALPHA | ANIMATION | EXIF | XMP | ICC, vec![picture.clone()]),
            (
                ANIMATION,
                vec![anim.clone(), moving.clone(), moving.clone()],
            ),
            (ANIMATION, vec![moving.clone()]),
            (0, vec![anim.clone(), moving.clone()]),
            (ANIMATION, vec![chunk(b"ANIM", &[0; 4]), moving.clone()]),
            (
                0,
                vec![picture.clone(), frame(&lossless()), frame(&lossy())],
            ),
            (0, vec![picture.clone(), lossy(), lossless()]),
        ] {
            let photo = taken(&file(promises, &chunks)).map(|photo| photo.derived.unwrap().large);
            assert_eq!(photo.as_ref(), Ok(&plain), "{promises:#x} {}", chunks.len());
        }
    }
    // A picture that is there in part, or not at all, is not made up.
    let whole = file(ALPHA | EXIF, &[lossy()]);
    for part in 1..8 {
        assert!(taken(&whole[..whole.len() * part / 8]).is_err(), "{part}");
    }
    for promises in [0, ALPHA, EXIF, ANIMATION] {
        assert!(taken(&file(promises, &[exif()])).is_err(), "{promises:#x}");
    }
}

#[test]
fn a_veil_that_is_there_is_seen_through() {
    // Raw, each sample as it is: all clear.
    let veil = [vec![0], vec![0; (WIDTH * HEIGHT) as usize]].concat();
    let chunks = [chunk(b"ALPH", &veil), lossy()];
    for promises in [ALPHA, ALPHA | EXIF] {
        let derived = taken(&file(promises, &chunks)).unwrap().derived.unwrap();
        let copy = jpeg::open(&derived.large, LIMITS, Depth::Pixels).unwrap();
        let pixels = copy.picture.unwrap().pixels.data;
        assert!(pixels.iter().all(|sample| *sample > 250), "{promises:#x}");
    }
}
