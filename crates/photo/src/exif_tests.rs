//! EXIF whose pointers lead astray, and values as few devices write them.

use super::neighbour_tests::{EXIF, Field, GPS, INTEROP, fractions, jpeg_with, text, tiff, told};
use super::sample::scene;
use super::*;

fn orientation() -> Field {
    (0x0112, 3, 1, vec![6, 0, 0, 0])
}

fn clock() -> Field {
    text(0x9003, "2026:11:20 09:00:00")
}

fn place() -> Vec<Field> {
    vec![
        text(1, "N"),
        fractions(2, 5, &[(26, 1), (4, 1), (5232, 100)]),
        text(3, "E"),
        fractions(4, 5, &[(119, 1), (18, 1), (108, 100)]),
    ]
}

fn whole() -> Vec<u8> {
    tiff(
        vec![orientation()],
        vec![(EXIF, vec![clock()]), (GPS, place())],
    )
}

/// Where in a block an entry of its main directory stands.
fn entry(block: &[u8], tag: u16) -> usize {
    let count = usize::from(block[8]);
    (0..count)
        .map(|n| 10 + 12 * n)
        .find(|at| block[*at..*at + 2] == tag.to_le_bytes())
        .unwrap()
}

fn pointing(tag: u16, to: u32) -> Vec<u8> {
    let mut block = whole();
    let at = entry(&block, tag) + 8;
    block[at..at + 4].copy_from_slice(&to.to_le_bytes());
    block
}

/// Which of orientation, clock and place are known, and what is remarked.
fn known(block: &[u8]) -> ([bool; 3], Vec<Remark>) {
    let photo = told(block);
    let facts = photo.facts;
    (
        [
            facts.orientation == Some(6),
            facts.taken_at.is_some(),
            facts.gps.is_some(),
        ],
        photo.remarks,
    )
}

#[test]
fn a_pointer_that_leads_astray_costs_only_what_it_led_to() {
    let unsound = || vec![Remark::ExifUnsound];
    assert_eq!(known(&whole()), ([true; 3], vec![]));
    // Back to where it came from.
    assert_eq!(known(&pointing(GPS, 8)), ([true, true, false], unsound()));
    assert_eq!(known(&pointing(EXIF, 8)), ([true, false, true], unsound()));
    // Into a maker's data, where a number of entries is read that nobody wrote.
    let mut block = pointing(GPS, whole().len() as u32);
    block.extend([0xff, 0x7f].repeat(25_000));
    assert_eq!(known(&block), ([true, true, false], unsound()));
    let next = 10 + 12 * usize::from(block[8]);
    for to in [8, whole().len() as u32, 60_000, u32::MAX] {
        let mut block = whole();
        block[next..next + 4].copy_from_slice(&to.to_le_bytes());
        block.extend([0xff, 0x7f].repeat(25_000));
        assert_eq!(known(&block), ([true; 3], unsound()), "{to}");
    }
    // The other byte order, made by turning the block's directory around by hand.
    let mut big = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0".to_vec();
    big.extend(8u32.to_be_bytes());
    assert_eq!(known(&big), ([true, false, false], unsound()));
    // The directory of interoperability leads back to the one it hangs on.
    let interop = (INTEROP, 4, 1, 8u32.to_le_bytes().to_vec());
    let block = tiff(
        vec![orientation()],
        vec![(EXIF, vec![clock(), interop]), (GPS, place())],
    );
    assert_eq!(known(&block), ([true; 3], unsound()));
}

#[test]
fn a_value_in_place_of_the_next_pointer_is_no_pointer() {
    // Web uploaders leave the pointer out; the first value, 8/1, reads as one to the beginning.
    for first in [8u32, 72] {
        let mut block = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
        block.extend([0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
        block.extend([0x1a, 1, 5, 0, 1, 0, 0, 0, 34, 0, 0, 0]);
        block.extend(first.to_le_bytes());
        block.extend(1u32.to_le_bytes());
        assert_eq!(known(&block), ([true, false, false], vec![]), "{first}");
    }
}

#[test]
fn directories_without_end_are_not_looked_at() {
    // Hundreds of pointers to directories of hundreds of entries, all of them one in another.
    let mut block = b"II\x2a\0\x08\0\0\0\xf4\x01".to_vec();
    for n in 0..500u32 {
        block.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0]);
        block.extend((6_100 + 2 * n).to_le_bytes());
    }
    block.extend([0; 200]);
    block.extend([0xe8, 0x03].repeat(20_000));
    let photo = told(&block);
    assert_eq!(photo.remarks, [Remark::ExifUnsound]);
}

/// A photo with blocks in segments of their own, each with a name in front.
fn with_blocks(blocks: &[(&[u8], &[u8])]) -> Processed {
    let segments = blocks.iter().flat_map(|(name, block)| {
        let length = (name.len() as u16 + block.len() as u16 + 2).to_be_bytes();
        [&[0xff, 0xe1], length.as_slice(), name, block].concat()
    });
    let segments: Vec<u8> = segments.collect();
    let good = scene(4, 96, 64);
    let bytes = [&good[..2], &segments, &good[2..]].concat();
    process(&bytes, LIMITS, Depth::Pixels).unwrap()
}

const NAME: &[u8] = b"Exif\0\0";

#[test]
fn the_first_block_that_tells_anything_counts() {
    let with = |first: &[u8]| with_blocks(&[(NAME, first), (NAME, &whole())]);
    for (first, remarks) in [
        (b"".as_slice(), vec![]),
        (b"garbage, and more of it", vec![Remark::ExifUnsound]),
        (b"II\x2a\0\x08\0\0\0\0\0\0\0\0\0", vec![Remark::ExifUnsound]),
    ] {
        let photo = with(first);
        assert_eq!(photo.facts.orientation, Some(6), "{first:?}");
        assert!(photo.facts.gps.is_some() && photo.facts.taken_at.is_some());
        assert_eq!(photo.remarks, remarks, "{first:?}");
    }
}

const LIMITS: PhotoLimits = PhotoLimits {
    bytes: 25 * 1024 * 1024,
    pixels: 200_000_000,
};

#[test]
fn a_sign_before_every_part_is_one_sign() {
    let at = |parts: &[(i32, i32)], side: &str| {
        let gps = vec![
            text(1, side),
            fractions(2, 10, parts),
            text(3, "E"),
            fractions(4, 10, &[(119, 1), (18, 1), (108, 100)]),
        ];
        let facts = told(&tiff(Vec::new(), vec![(GPS, gps)])).facts;
        facts.gps.map(|(_, lat)| format!("{lat:.4}"))
    };
    let south = || Some("-26.0812".to_owned());
    assert_eq!(at(&[(-26, 1), (-4, 1), (-5232, 100)], "S"), south());
    assert_eq!(at(&[(-26, 1), (-4, 1), (-5232, 100)], "N"), south());
    assert_eq!(
        at(&[(0, 1), (-30, 1), (0, 1)], "N").as_deref(),
        Some("-0.5000")
    );
}

#[test]
fn an_offset_of_any_clock_is_the_devices() {
    let at = |main: Vec<Field>, exif: Vec<Field>| {
        let block = tiff(main, vec![(EXIF, exif)]);
        let facts = process(&jpeg_with(&block), LIMITS, Depth::Pixels)
            .unwrap()
            .facts;
        facts.taken_at.map(|at| at.format("%H:%M").to_string())
    };
    let utc = |time: &str| Some(time.to_owned());
    assert_eq!(
        at(vec![], vec![clock(), text(0x9010, "+09:00")]),
        utc("00:00")
    );
    assert_eq!(at(vec![], vec![clock(), text(0x9012, "GMT")]), utc("09:00"));
    assert_eq!(
        at(
            vec![],
            vec![clock(), text(0x9011, "Z"), text(0x9010, "+09:00")]
        ),
        utc("09:00"),
        "its own first"
    );
    assert_eq!(
        at(
            vec![],
            vec![
                text(0x9003, "2026:11:20 09:00:00+02:00"),
                text(0x9010, "+09:00")
            ]
        ),
        utc("07:00"),
        "then the one behind it"
    );
}

#[test]
fn what_one_block_lacks_another_tells() {
    let times = |zone: Option<&str>| {
        let fields = zone.map(|zone| text(0x9011, zone));
        let fields = std::iter::once(clock()).chain(fields).collect();
        tiff(vec![], vec![(EXIF, fields)])
    };
    let photo = |blocks: &[&[u8]]| {
        let named: Vec<(&[u8], &[u8])> = blocks.iter().map(|block| (NAME, *block)).collect();
        with_blocks(&named)
    };
    let at = |photo: &Processed| {
        photo
            .facts
            .taken_at
            .map(|at| at.format("%H:%M").to_string())
    };
    let (make, model) = (text(0x010f, "Maker"), text(0x0110, "Phone"));
    let first = tiff(vec![orientation(), make], vec![]);
    let second = tiff(vec![model], vec![(GPS, place())]);
    let merged = photo(&[&first, &second, &times(Some("+09:00"))]);
    assert_eq!(merged.remarks, []);
    assert_eq!(merged.facts.orientation, Some(6));
    assert_eq!(merged.facts.device.as_deref(), Some("Maker Phone"));
    assert!(merged.facts.gps.is_some());
    assert_eq!(at(&merged).as_deref(), Some("00:00"));
    // The first that says anything, the shot's own time before that of a change, and the offset of
    // the same device.
    let changed = tiff(vec![text(0x0132, "2026:11:25 12:00:00")], vec![]);
    let zone = tiff(vec![], vec![(EXIF, vec![text(0x9012, "Z")])]);
    assert_eq!(
        at(&photo(&[&changed, &times(None)])).as_deref(),
        Some("01:00")
    );
    assert_eq!(at(&photo(&[&times(None), &zone])).as_deref(), Some("09:00"));
    assert_eq!(
        at(&photo(&[&times(Some("Z")), &times(Some("+09:00"))])).as_deref(),
        Some("09:00")
    );
    // A coordinate belongs to the block it stands in.
    let half = |at: usize| tiff(vec![], vec![(GPS, place()[at..at + 2].to_vec())]);
    let halves = photo(&[&half(0), &half(2)]);
    assert_eq!(
        (halves.facts.gps, halves.remarks),
        (None, vec![Remark::ExifUnsound])
    );
    let last = photo(&[&whole(), b"garbage"]);
    assert_eq!(last.remarks, [Remark::ExifUnsound]);
    assert!(last.facts.gps.is_some());
}

#[test]
fn a_block_may_be_named_carelessly() {
    for name in [
        b"Exif\0\0".as_slice(),
        b"Exif\0",
        b"Exif",
        b"EXIF\0\0",
        b"exif\0\0\0",
    ] {
        let photo = with_blocks(&[(name, &whole())]);
        assert!(photo.facts.gps.is_some(), "{name:?}");
        assert_eq!(photo.facts.orientation, Some(6), "{name:?}");
        assert_eq!(photo.remarks, [], "{name:?}");
    }
}

#[test]
fn pointers_may_be_of_any_type_that_points() {
    for (kind, is_pointer) in [(4u16, true), (13, true), (9, true), (3, true), (2, false)] {
        let mut block = whole();
        for tag in [EXIF, GPS] {
            let at = entry(&block, tag) + 2;
            block[at..at + 2].copy_from_slice(&kind.to_le_bytes());
        }
        let (facts, remarks) = known(&block);
        assert_eq!(facts, [true, is_pointer, is_pointer], "{kind}");
        assert_eq!(remarks.is_empty(), is_pointer, "{kind}");
    }
}

#[test]
fn what_is_said_and_cannot_be_read_is_remarked() {
    let remarks = |exif: Vec<Field>, gps: Vec<Field>| {
        told(&tiff(vec![], vec![(EXIF, exif), (GPS, gps)])).remarks
    };
    let replaced = |at: usize, field: Field| {
        let mut gps = place();
        gps[at] = field;
        gps
    };
    let sound: [(Vec<Field>, Vec<Field>); 8] = [
        (vec![clock(), text(0x9011, "+08:00")], place()),
        (vec![text(0x9003, "    :  :     :  :  ")], vec![]),
        (
            vec![text(0x9003, "0000:00:00 00:00:00"), text(0x9011, "   :  ")],
            vec![],
        ),
        (vec![text(0x9003, "2026: 1: 5  9: 5: 3")], vec![]),
        // No fix.
        (
            vec![],
            vec![fractions(2, 5, &[(0, 0); 3]), fractions(4, 5, &[(0, 0); 3])],
        ),
        (
            vec![],
            vec![fractions(2, 5, &[(0, 1); 3]), fractions(4, 5, &[(0, 1); 3])],
        ),
        (vec![], replaced(1, text(2, "26.0812"))),
        (
            vec![],
            replaced(3, fractions(4, 5, &[(119, 1), (18, 1), (0, 0)])),
        ),
    ];
    for (exif, gps) in sound {
        let said = format!("{exif:?} {gps:?}");
        assert_eq!(remarks(exif, gps), [], "{said}");
    }
    let unsound: [(Vec<Field>, Vec<Field>); 12] = [
        (vec![text(0x9003, "yesterday")], vec![]),
        (vec![text(0x9003, "2026:11:20")], vec![]),
        (vec![text(0x9003, "1980:01:01 00:00:00")], vec![]),
        (vec![(0x9003, 3, 1, vec![7, 0, 0, 0])], vec![]),
        (vec![clock(), text(0x9004, "soon")], vec![]),
        (vec![clock(), text(0x9011, "+480")], vec![]),
        (vec![text(0x9003, "2026:11:20 09:00:00 CST")], vec![]),
        (vec![], replaced(1, text(2, "here"))),
        (vec![], place()[..2].to_vec()),
        (vec![], replaced(1, fractions(2, 5, &[(126, 1), (4, 1)]))),
        (vec![], replaced(1, fractions(2, 5, &[(0, 0), (4, 1)]))),
        (vec![], replaced(3, fractions(4, 5, &[(119, 1), (75, 1)]))),
    ];
    for (exif, gps) in unsound {
        let said = format!("{exif:?} {gps:?}");
        assert_eq!(remarks(exif, gps), [Remark::ExifUnsound], "{said}");
    }
    // An offset that is none leaves the clock the one of here.
    let odd = told(&tiff(
        vec![],
        vec![(EXIF, vec![clock(), text(0x9011, "+480")])],
    ));
    let at = odd.facts.taken_at.map(|at| at.to_rfc3339());
    assert_eq!(at.as_deref(), Some("2026-11-20T01:00:00+00:00"));
}
