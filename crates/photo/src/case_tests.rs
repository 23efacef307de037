//! Photos as real phones and programs write them, each with what is right, and their neighbours.

use std::path::Path;

use super::pixels::Srgb;
use super::sample::{SampleExif, scene, with_exif};
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

fn case(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn kept(bytes: &[u8]) -> Processed {
    process(bytes, LIMITS, Depth::Pixels).unwrap()
}

/// Facts as people read them: local clock, degrees with four digits.
fn told(photo: &Processed) -> (Option<u8>, Option<String>, Option<(String, String)>) {
    let degrees = |n: f64| format!("{n:.5}");
    (
        photo.facts.orientation,
        photo.facts.device_clock.map(|clock| clock.to_string()),
        photo
            .facts
            .gps
            .map(|(lon, lat)| (degrees(lon), degrees(lat))),
    )
}

fn place() -> Option<(String, String)> {
    Some(("119.30030".to_owned(), "26.08120".to_owned()))
}

/// The mean colour of the small copy.
fn colour(photo: &Processed) -> [u8; 3] {
    let small = &photo.derived.as_ref().unwrap().small;
    let picture = jpeg::open(small, LIMITS, Depth::Pixels)
        .unwrap()
        .picture
        .unwrap()
        .pixels;
    let picture = Srgb::new(picture.width, picture.height, picture.data).unwrap();
    let count = f64::from(picture.width * picture.height);
    [0, 1, 2].map(|at| {
        let sum: f64 = picture.pixels().iter().map(|p| f64::from(p[at])).sum();
        (sum / count).round() as u8
    })
}

fn near(colour: [u8; 3], wanted: [u8; 3]) -> bool {
    colour.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 3)
}

#[test]
fn bytes_behind_the_picture_are_no_part_of_it() {
    let plain = kept(&scene(3, 320, 240)).derived.unwrap();
    assert_eq!(
        kept(&case("jpeg_then_FFDA_4_bytes.jpg")).remarks,
        [Remark::Trailer]
    );
    // A film, a second picture, an end mark of its own, half a scan: the picture is the same.
    let mut film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    film.extend([0xff, 0xda, 0x00, 0x08, 0xff, 0xd8, 0xff, 0xd9].repeat(400));
    for trailer in [
        film,
        scene(9, 64, 64),
        vec![0; 5000],
        b"\xff\xd9".to_vec(),
        b"\xff\xda\0".to_vec(),
    ] {
        let photo = kept(&[scene(3, 320, 240), trailer].concat());
        assert_eq!(photo.remarks, [Remark::Trailer]);
        assert_eq!(photo.derived.unwrap().large, plain.large);
    }
}

#[test]
fn marks_inside_a_segment_are_no_marks() {
    assert!(
        kept(&case("app2_with_110_FFDA_before_picture.jpg"))
            .remarks
            .is_empty()
    );
    let good = scene(3, 320, 240);
    for inside in [[0xff, 0xda], [0xff, 0xd9], [0xff, 0xd8]] {
        for marker in [0xe0, 0xe5, 0xfe] {
            let mut bytes = good[..2].to_vec();
            let body = inside.repeat(500);
            bytes.extend([0xff, marker]);
            bytes.extend((body.len() as u16 + 2).to_be_bytes());
            bytes.extend(body);
            bytes.extend(&good[2..]);
            assert!(kept(&bytes).remarks.is_empty());
        }
    }
}

#[test]
fn a_whole_scan_needs_no_end_mark_and_half_a_scan_is_refused() {
    assert_eq!(
        kept(&case("jpeg_without_EOI.jpg")).remarks,
        [Remark::EndMissing]
    );
    let good = scene(3, 320, 240);
    let plain = kept(&good).derived.unwrap().large;
    let without = kept(&good[..good.len() - 2]);
    assert_eq!(without.remarks, [Remark::EndMissing]);
    assert_eq!(without.derived.unwrap().large, plain);
    // Cut anywhere in the scan, with or without an end mark put behind it or a film: refused.
    let scan = good.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    for part in 1..10 {
        let cut = good[..scan + 20 + (good.len() - scan - 40) * part / 10].to_vec();
        let ended = [cut.clone(), b"\xff\xd9".to_vec()].concat();
        let filmed = [ended.clone(), vec![0; 9000]].concat();
        for bytes in [cut, ended, filmed] {
            assert_eq!(
                process(&bytes, LIMITS, Depth::Pixels).unwrap_err(),
                PhotoProblem::Truncated,
                "{part}"
            );
        }
    }
}

#[test]
fn exif_is_read_as_uploaders_and_makers_write_it() {
    let clock = || Some("2026-11-20 09:00:00".to_owned());
    let full = kept(&case("piexif_full.jpg"));
    assert_eq!(told(&full), (Some(6), clock(), place()));
    assert!(
        full.remarks.is_empty(),
        "nothing is lost: {:?}",
        full.remarks
    );
    let webp = kept(&case("webp_exif_with_prefix_orientation6.webp"));
    assert_eq!((told(&webp).0, told(&webp).1), (Some(6), clock()));
    assert_eq!(told(&kept(&case("gps_signed_rational.jpg"))).2, place());
    let coarser = Some(("119.30030".to_owned(), "26.06667".to_owned()));
    assert_eq!(told(&kept(&case("gps_seconds_0_over_0.jpg"))).2, coarser);
    let sixty = told(&kept(&case("exif_second_60.jpg"))).1.unwrap();
    assert!(
        ["2026-11-20 09:00:59", "2026-11-20 09:01:00"].contains(&&*sixty),
        "{sixty}"
    );
}

#[test]
fn what_is_sound_in_unsound_exif_is_kept_and_it_is_said() {
    for name in [
        "exif_next_ifd_pointer_beyond_end.jpg",
        "exif_gps_pointer_beyond_end.jpg",
    ] {
        let photo = kept(&case(name));
        assert_eq!(photo.facts.orientation, Some(6), "{name}");
        assert_eq!(photo.remarks, [Remark::ExifUnsound], "{name}");
        let (width, height) = (photo.width.unwrap(), photo.height.unwrap());
        let sides = (width, height);
        assert!(width != 0 && height != 0, "{sides:?}");
    }
    // Whatever single byte of it is broken, the photo is kept.
    let exif = SampleExif {
        gps: Some((119.3, 26.0)),
        taken: Some("2026:11:24 09:30:00"),
        orientation: Some(6),
    };
    let good = with_exif(&scene(5, 64, 48), exif);
    for at in 12..220 {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        kept(&bytes);
    }
}

#[test]
fn a_heic_that_was_cut_off_or_is_noise_is_refused() {
    let cut = process(&case("heic_12_bytes.heic"), LIMITS, Depth::Pixels).unwrap_err();
    assert_eq!(cut, PhotoProblem::Truncated);
    for brand in ["heic", "mif1", "avif", "heix"] {
        let mut noise = b"\0\0\0\x18ftyp".to_vec();
        noise.extend(brand.as_bytes());
        noise.extend(b"\0\0\0\0mif1heic");
        noise.extend((0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
        assert!(process(&noise, LIMITS, Depth::Pixels).is_err(), "{brand}");
    }
}

#[test]
fn colours_of_other_spaces_become_those_of_every_screen() {
    // The case itself is one grey, which is the same in both spaces; the green is made below.
    let p3 = colour(&kept(&case("display_p3_green.jpg")));
    assert!(near(p3, [128, 128, 128]), "{p3:?}");
    let flat = |rgb: [u8; 3]| {
        let picture = Srgb::new(64, 48, rgb.repeat(64 * 48)).unwrap();
        pixels::to_jpeg(&picture, 95).unwrap()
    };
    let with = |profile: moxcms::ColorProfile, rgb| {
        colour(&kept(&with_profile(&flat(rgb), &profile.encode().unwrap())))
    };
    let green = [60, 120, 80];
    assert!(near(
        with(moxcms::ColorProfile::new_display_p3(), green),
        [30, 122, 76]
    ));
    let adobe = with(moxcms::ColorProfile::new_adobe_rgb(), green);
    assert!(adobe[0] < 10 && adobe[1].abs_diff(120) < 5, "{adobe:?}");
    let prophoto = with(moxcms::ColorProfile::new_pro_photo_rgb(), [100, 100, 100]);
    assert!(
        near(prophoto, [117, 117, 117]) || prophoto[0] > 105,
        "{prophoto:?}"
    );
    assert!(near(with(moxcms::ColorProfile::new_srgb(), green), green));
    // A profile that is none changes nothing.
    for broken in [&b"no profile"[..], &[0; 4000]] {
        assert!(near(
            colour(&kept(&with_profile(&flat(green), broken))),
            green
        ));
    }
}

/// A JPEG with a colour profile put in, in as many pieces as it takes.
fn with_profile(jpeg: &[u8], profile: &[u8]) -> Vec<u8> {
    let pieces: Vec<&[u8]> = profile.chunks(60_000).collect();
    let mut out = jpeg[..2].to_vec();
    for (at, piece) in pieces.iter().enumerate() {
        out.extend([0xff, 0xe2]);
        out.extend((piece.len() as u16 + 16).to_be_bytes());
        out.extend(b"ICC_PROFILE\0");
        out.extend([at as u8 + 1, pieces.len() as u8]);
        out.extend(*piece);
    }
    out.extend(&jpeg[2..]);
    out
}

#[test]
fn ink_becomes_light() {
    use jpeg_encoder::{ColorType, Encoder};
    let ink = |pixel: [u8; 4]| {
        let mut jpeg = Vec::new();
        let pixels = pixel.repeat(64 * 48);
        let encoder = Encoder::new(&mut jpeg, 95);
        encoder.encode(&pixels, 64, 48, ColorType::Cmyk).unwrap();
        colour(&kept(&jpeg))
    };
    assert!(
        near(ink([0, 0, 0, 0]), [255, 255, 255]),
        "{:?}",
        ink([0, 0, 0, 0])
    );
    assert!(near(ink([0, 0, 0, 255]), [0, 0, 0]));
    assert!(near(ink([255, 0, 0, 0]), [0, 255, 255]));
}

#[test]
fn pictures_of_up_to_two_hundred_megapixels_are_taken() {
    // One colour, so that the file is small: what is shown is that size alone is no reason.
    let large = |width: u16, height: u16| {
        let mut jpeg = Vec::new();
        let grey = vec![128; usize::from(width) * usize::from(height)];
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 60);
        encoder
            .encode(&grey, width, height, jpeg_encoder::ColorType::Luma)
            .unwrap();
        process(&jpeg, LIMITS, Depth::Pixels)
    };
    let photo = large(16_320, 12_240).unwrap();
    assert_eq!((photo.width, photo.height), (Some(16_320), Some(12_240)));
    assert_eq!(
        large(20_000, 10_001).unwrap_err(),
        PhotoProblem::TooManyPixels(200_000_000)
    );
}
