//! Good photos, broken photos, hostile photos.

use std::path::{Path, PathBuf};

use super::pixels::Srgb;
use super::sample::{SampleExif, scene, with_exif};
use super::*;

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/photos")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stderr(),
        "left out: no {folder} photos beside the repository"
    );
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

fn pixels_of(jpeg: &[u8]) -> Srgb {
    let pixels = jpeg::open(jpeg, LIMITS, Depth::Pixels)
        .unwrap()
        .picture
        .unwrap()
        .pixels;
    Srgb::new(pixels.width, pixels.height, pixels.data).unwrap()
}

/// Segment markers of a JPEG up to its first scan.
fn markers(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut found) = (2, Vec::new());
    while let [0xff, marker, high, low, ..] = jpeg[at..] {
        found.push(marker);
        if marker == 0xda {
            break;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    found
}

#[test]
fn a_phone_photo_tells_its_facts_and_its_copies_tell_nothing() {
    let exif = SampleExif {
        gps: Some((119.3012, 26.0845)),
        taken: Some("2026:11:24 09:30:00"),
        orientation: Some(6),
    };
    let photo = process(
        &with_exif(&scene(1, 2400, 1800), exif),
        LIMITS,
        Depth::Pixels,
    )
    .unwrap();
    let (lon, lat) = photo.facts.gps.unwrap();
    assert!((lon - 119.3012).abs() < 1e-6 && (lat - 26.0845).abs() < 1e-6);
    assert_eq!(
        photo.facts.taken_at.unwrap().to_rfc3339(),
        "2026-11-24T01:30:00+00:00"
    );
    assert_eq!(photo.facts.device.as_deref(), Some("Dengwen Sample 1"));
    assert_eq!(
        (photo.width, photo.height),
        (Some(1800), Some(2400)),
        "turned upright"
    );
    let derived = photo.derived.unwrap();
    for (copy, edge) in [(&derived.large, 1600), (&derived.small, 400)] {
        let picture = pixels_of(copy);
        assert_eq!(picture.height, edge);
        assert!(picture.width < picture.height);
        assert!(
            markers(copy)
                .iter()
                .all(|m| !(0xe1..=0xef).contains(m) && *m != 0xfe),
            "metadata left"
        );
    }
}

#[test]
fn a_picture_is_turned_as_its_orientation_says() {
    let samples = b"abcdef".iter().flat_map(|letter| [*letter; 3]).collect();
    let picture = Srgb::new(2, 3, samples).unwrap();
    let upright = [
        (1, "ab cd ef"),
        (2, "ba dc fe"),
        (3, "fe dc ba"),
        (4, "ef cd ab"),
        (5, "ace bdf"),
        (6, "eca fdb"),
        (7, "fdb eca"),
        (8, "bdf ace"),
    ];
    for (orientation, wanted) in upright {
        let turned = pixels::turn(picture.clone(), orientation);
        let rows = turned.pixels().chunks(turned.width as usize);
        let rows = rows.map(|row| row.iter().map(|[r, ..]| char::from(*r)).collect::<String>());
        assert_eq!(rows.collect::<Vec<_>>().join(" "), wanted, "{orientation}");
    }
}

#[test]
fn small_pictures_are_not_blown_up() {
    let photo = process(&scene(1, 120, 80), LIMITS, Depth::Pixels).unwrap();
    let derived = photo.derived.unwrap();
    assert_eq!(pixels_of(&derived.large).width, 120);
    assert_eq!(pixels_of(&derived.small).width, 120);
}

#[test]
fn png_and_webp_are_taken_and_transparency_is_white() {
    let clear = pictures::plain(64, 48, [10, 20, 30, 0]);
    for bytes in [
        pictures::png(64, 48, &clear),
        pictures::webp(64, 48, &clear),
    ] {
        let photo = process(&bytes, LIMITS, Depth::Pixels).unwrap();
        let copy = pixels_of(&photo.derived.unwrap().small);
        assert!(copy.pixels().as_flattened().iter().all(|v| *v > 250));
    }
}

#[test]
fn broken_and_hostile_files_are_refused_by_type() {
    let good = scene(3, 900, 700);
    for (name, bytes, code) in hostile::set(&good) {
        assert_eq!(
            process(&bytes, LIMITS, Depth::Pixels).unwrap_err().code(),
            code,
            "{name}"
        );
    }
    let small = PhotoLimits {
        bytes: 100,
        ..LIMITS
    };
    assert_eq!(
        process(&good, small, Depth::Pixels).unwrap_err().refusal(),
        Refusal::TooLarge
    );
}

#[test]
fn a_clock_of_an_impossible_year_is_none() {
    for taken in [
        "1980:01:01 00:00:00",
        "9999:12:31 23:59:59",
        "+262142:12:31 23:59:59",
    ] {
        let exif = SampleExif {
            taken: Some(taken),
            ..SampleExif::default()
        };
        let photo = process(&with_exif(&scene(1, 90, 60), exif), LIMITS, Depth::Pixels).unwrap();
        assert_eq!(photo.facts.taken_at, None, "{taken}");
    }
}

#[test]
fn broken_exif_is_no_facts() {
    let mut photo = with_exif(
        &scene(5, 200, 150),
        SampleExif {
            gps: Some((119.3, 26.0)),
            ..SampleExif::default()
        },
    );
    for byte in &mut photo[12..60] {
        *byte ^= 0x5a;
    }
    assert_eq!(
        process(&photo, LIMITS, Depth::Pixels).unwrap().facts,
        Facts::default()
    );
}

#[test]
fn every_hostile_file_ends_well() {
    let Some(folder) = shared("hostile") else {
        return;
    };
    let all = files(&folder);
    assert!(all.len() > 100);
    for path in all {
        // Whatever the answer, it is one; a decoder that hangs or dies fails the test.
        let _ = process(&std::fs::read(&path).unwrap(), LIMITS, Depth::Pixels);
    }
}

#[test]
fn real_phone_photos_are_taken_with_their_facts() {
    let Some(folder) = shared("phone") else {
        return;
    };
    for path in files(&folder)
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("jpg")))
    {
        let photo = process(&std::fs::read(path).unwrap(), LIMITS, Depth::Pixels).unwrap();
        assert!(
            photo.facts.gps.is_some() && photo.facts.taken_at.is_some(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_phones_heic_is_decoded_and_stands_upright() {
    let Some(folder) = shared("exif") else { return };
    let bytes = std::fs::read(folder.join("IMG_1034.heic")).unwrap();
    let photo = process(&bytes, LIMITS, Depth::Pixels).unwrap();
    assert_eq!(photo.media_type, MediaType::Heic);
    assert_eq!((photo.width, photo.height), (Some(4032), Some(3024)));
    assert!(photo.facts.taken_at.is_some());
    assert!(photo.derived.unwrap().telling);
    // Cut off anywhere, it is refused like half a JPEG.
    for part in [12, 40, 400, 4_000, bytes.len() / 2, bytes.len() - 1] {
        let cut = process(&bytes[..part], LIMITS, Depth::Pixels).unwrap_err();
        assert_eq!(cut, PhotoProblem::Truncated, "{part} bytes");
    }
}

/// The published hashes of the reference pictures.
const REFERENCE: [(&str, &str); 8] = [
    (
        "bridge-1-original",
        "f8f8f0cce0f4e84d0e370a22028f67f0b36e2ed596623e1d33e6339c4e9c9b22",
    ),
    (
        "bridge-2-rotate-90",
        "b0a10efd71cc3f429413d48d0ffffe12e34e0e17ada952a9d29684210aa9e5af",
    ),
    (
        "bridge-3-rotate-180",
        "adad5a64b5a142e55362a09057dacd5ae63b847fc23794b766b319361fc93188",
    ),
    (
        "bridge-4-rotate-270",
        "a5f4a457a48995e8c9065c275aaa5498b61ba4bdf8fcf80387c32f8b0bfc4f05",
    ),
    (
        "bridge-5-flipx",
        "f8f80f31e0f417b00e37f5cd028f980fb36ed02a9662c1e233e6cc634e9c64dd",
    ),
    (
        "bridge-6-flipy",
        "8dad2599b1a1bd1853625f6553da32a1e63b7280c2374b4866b366c91bc9ce77",
    ),
    (
        "bridge-7-flip-plus-1",
        "f0a1f102f1dcc0bd9c5309720fff018de34ef1e8ada9a956d2967ade0ea91a50",
    ),
    (
        "bridge-8-flip-minus-1",
        "a5f05ba8a4896a17c106a3da5aaaab07b61b5b42f8fc07fc83c3d0740bfcb0fa",
    ),
];

#[test]
fn the_hash_meets_its_reference_vectors() {
    let Some(folder) = shared("pdq") else { return };
    for (name, published) in REFERENCE {
        let bytes = std::fs::read(folder.join("dih").join(format!("{name}.jpg"))).unwrap();
        let hash = process(&bytes, LIMITS, Depth::Pixels)
            .unwrap()
            .derived
            .unwrap()
            .hash;
        let distance = hash.distance(&published.parse().unwrap());
        // Decoders and scalers differ in a few bits; the authors accept ten.
        assert!(
            distance <= 10,
            "{name}: {distance} bits from the published hash"
        );
    }
}

#[test]
fn a_re_used_file_is_found_after_edits_and_another_scene_is_not() {
    let hash = |bytes: &[u8]| {
        process(bytes, LIMITS, Depth::Pixels)
            .unwrap()
            .derived
            .unwrap()
            .hash
    };
    let original = scene(7, 1600, 1200);
    let smaller = process(&original, LIMITS, Depth::Pixels)
        .unwrap()
        .derived
        .unwrap()
        .small;
    assert!(hash(&original).distance(&hash(&smaller)) <= SAME_PICTURE_BITS);
    assert!(hash(&original).distance(&hash(&scene(8, 1600, 1200))) > SAME_PICTURE_BITS);
    let text = hash(&original).to_string();
    assert_eq!(text.parse::<PerceptualHash>().unwrap(), hash(&original));
}

#[test]
fn a_picture_is_known_however_it_is_turned() {
    let hash = |bytes: &[u8]| {
        process(bytes, LIMITS, Depth::Pixels)
            .unwrap()
            .derived
            .unwrap()
            .hash
    };
    let original = scene(7, 1200, 900);
    let variants = hash(&original).turned();
    for orientation in 1..=8 {
        let exif = SampleExif {
            orientation: Some(orientation),
            ..SampleExif::default()
        };
        let turned = hash(&with_exif(&original, exif));
        let distance = variants.iter().map(|v| v.distance(&turned)).min();
        assert!(
            distance.unwrap() <= SAME_PICTURE_BITS,
            "{orientation}: {distance:?}"
        );
    }
    let other = hash(&scene(8, 1200, 900));
    assert!(
        variants
            .iter()
            .all(|v| v.distance(&other) > SAME_PICTURE_BITS)
    );
}

#[test]
fn a_wall_tells_nothing() {
    let telling = |bytes: &[u8]| {
        process(bytes, LIMITS, Depth::Pixels)
            .unwrap()
            .derived
            .unwrap()
            .telling
    };
    assert!(telling(&scene(7, 1200, 900)));
    let wall = pictures::png(640, 480, &pictures::plain(640, 480, [200, 200, 190]));
    assert!(!telling(&wall));
}
