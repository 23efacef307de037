//! JPEG.

use dengwen::photo::sample::scene;

use super::{MAX_BYTES, Worst, exif_bombs, noise, sealed, worst};

const START: [u8; 2] = [0xff, 0xd8];
const END: [u8; 2] = [0xff, 0xd9];
const BASELINE: u8 = 0xc0;
const PROGRESSIVE: u8 = 0xc2;

pub fn set() -> Vec<Worst> {
    let mut all = sizes();
    all.extend(work());
    all.extend(too_much());
    all.extend(segments());
    all.extend(cuts());
    all
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, marker];
    bytes.extend((body.len() as u16 + 2).to_be_bytes());
    bytes.extend(body);
    bytes
}

/// A grey picture whose every code is one bit: a block of nothing but zeros is valid.
fn grey(kind: u8, width: u16, height: u16, ac_symbol: u8) -> Vec<u8> {
    head(kind, width, height, ac_symbol, 1)
}

/// The same of several components, each as large as the picture.
fn head(kind: u8, width: u16, height: u16, ac_symbol: u8, components: u8) -> Vec<u8> {
    let one_code = |class: u8, symbol: u8| {
        let mut table = vec![class, 1];
        table.extend([0; 15]);
        table.push(symbol);
        table
    };
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components);
    frame.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    let mut quantities = vec![0];
    quantities.extend([1; 64]);
    [
        START.to_vec(),
        segment(0xdb, &quantities),
        segment(kind, &frame),
        segment(0xc4, &one_code(0x00, 0)),
        segment(0xc4, &one_code(0x10, ac_symbol)),
    ]
    .concat()
}

fn scan(from: u8, to: u8, approximation: u8) -> Vec<u8> {
    scan_of(&[1], from, to, approximation)
}

fn scan_of(components: &[u8], from: u8, to: u8, approximation: u8) -> Vec<u8> {
    let mut header = vec![components.len() as u8];
    header.extend(components.iter().flat_map(|id| [*id, 0x00]));
    header.extend([from, to, approximation]);
    segment(0xda, &header)
}

/// Sides and areas.
fn sizes() -> Vec<Worst> {
    let sized = |name: &str, kind: u8, width: u16, height: u16, data: usize| {
        let bytes = [
            grey(kind, width, height, 0),
            scan(0, if kind == PROGRESSIVE { 0 } else { 63 }, 0),
            vec![0; data],
            END.to_vec(),
        ];
        worst(format!("JPEG, {name}"), bytes.concat())
    };
    vec![
        sized("65535 pixels square", BASELINE, 65_535, 65_535, 1_000),
        sized("one row", BASELINE, 65_535, 1, 2_048),
        sized("one column", BASELINE, 1, 65_535, 2_048),
        sized(
            "two hundred megapixels of nothing",
            BASELINE,
            16_320,
            12_240,
            780_300,
        ),
        sized(
            "the same, progressive",
            PROGRESSIVE,
            16_320,
            12_240,
            390_150,
        ),
        sized(
            "a hundred megapixels, progressive",
            PROGRESSIVE,
            11_520,
            8_640,
            194_400,
        ),
        sized(
            "two hundred megapixels, half of them there",
            BASELINE,
            16_320,
            12_240,
            390_000,
        ),
        sized("lossless", 0xc3, 10_000, 6_000, 1_000_000),
        sized("arithmetic", 0xc9, 10_000, 6_000, 1_000_000),
    ]
}

/// Codes and scans.
fn work() -> Vec<Worst> {
    let room = MAX_BYTES - 2_000;
    // Every coefficient of every block is there, two bits each: sixteen bytes a block.
    let full = |width: u16, height: u16| {
        let mut bytes = grey(BASELINE, width, height, 0x01);
        bytes.extend(scan(0, 63, 0));
        let blocks = usize::from(width) / 8 * (usize::from(height) / 8);
        bytes.extend(vec![0; (blocks * 127 / 8 + 1).min(room)]);
        bytes.extend(END);
        bytes
    };
    // All coefficients first, then refined again and again.
    let refined = |width: u16, height: u16, scans: usize| {
        let blocks = usize::from(width) / 8 * (usize::from(height) / 8);
        let mut bytes = grey(PROGRESSIVE, width, height, 0x01);
        bytes.extend(scan(0, 0, 0));
        bytes.extend(vec![0; blocks / 8 + 1]);
        bytes.extend(scan(1, 63, 1));
        bytes.extend(vec![0; blocks * 126 / 8 + 1]);
        // End of block is the only code now; what is not zero takes a bit all the same.
        let mut table = vec![0x10, 1];
        table.extend([0; 15]);
        table.push(0);
        bytes.extend(segment(0xc4, &table));
        for _ in 0..scans {
            bytes.extend(scan(1, 63, 0x10));
            bytes.extend(vec![0; blocks * 64 / 8 + 1]);
        }
        bytes.truncate(room);
        bytes.extend(END);
        bytes
    };
    // Passes over an empty picture: a bit for 32,767 blocks.
    let passes = |width: u16, height: u16, scans: usize| {
        let blocks = usize::from(width) / 8 * (usize::from(height) / 8);
        let mut bytes = grey(PROGRESSIVE, width, height, 0xe0);
        bytes.extend(scan(0, 0, 0));
        bytes.extend(vec![0; blocks / 8 + 1]);
        for _ in 0..scans {
            bytes.extend(scan(1, 63, 0x00));
            bytes.extend(vec![0; blocks / 16_384 * 15 / 8 + 16]);
        }
        bytes.extend(END);
        bytes
    };
    let mut restarts = grey(BASELINE, 16_320, 12_240, 0);
    restarts.extend(segment(0xdd, &[0, 1]));
    restarts.extend(scan(0, 63, 0));
    let round: Vec<u8> = (0xd0..=0xd7u8).flat_map(|n| [0x3f, 0xff, n]).collect();
    restarts.extend(round.repeat(16_320 / 8 * (12_240 / 8) / 8));
    restarts.extend(END);
    vec![
        worst(
            "JPEG, a hundred megapixels with every coefficient",
            full(10_000, 10_000),
        ),
        worst(
            "JPEG, twelve megapixels with every coefficient",
            full(4_000, 3_000),
        ),
        worst("JPEG, refined seventy times", refined(3_200, 3_200, 70)),
        worst("JPEG, a large one refined twice", refined(8_000, 6_000, 2)),
        worst(
            "JPEG, a hundred passes over sixty megapixels",
            passes(7_744, 7_744, 100),
        ),
        worst(
            "JPEG, as many passes as are allowed",
            passes(7_744, 7_744, 11),
        ),
        worst("JPEG, a restart for each block", restarts),
    ]
}

/// Sound pictures whose pixels would take more work or memory than a photo may.
fn too_much() -> Vec<Worst> {
    let blocks = |width: u16, height: u16| usize::from(width) / 8 * (usize::from(height) / 8);
    // First the beginning of every component, then the rest of one after another.
    let progressive = |components: &[u8], width: u16, height: u16, kind: u8| {
        let bits = blocks(width, height);
        let mut bytes = head(kind, width, height, 0, components.len() as u8);
        bytes.extend(scan_of(components, 0, 0, 0));
        bytes.extend(vec![0; bits * components.len() / 8 + 1]);
        for id in components {
            bytes.extend(scan_of(&[*id], 1, 63, 0));
            bytes.extend(vec![0; bits / 8 + 1]);
        }
        bytes.extend(END);
        bytes
    };
    let inks = |width: u16, height: u16, data: Vec<u8>| {
        [
            head(BASELINE, width, height, 0, 4),
            scan_of(&[1, 2, 3, 4], 0, 63, 0),
            data,
            END.to_vec(),
        ]
        .concat()
    };
    let (wide, high) = (16_320, 12_240);
    let room = MAX_BYTES - 2_000;
    let zeros = vec![0; blocks(wide, high) * 4 * 2 / 8 + 1];
    vec![
        sealed(
            "JPEG, three whole colours of sixty-four megapixels, progressive",
            progressive(&[1, 2, 3], 8_000, 8_000, PROGRESSIVE),
        ),
        sealed(
            "JPEG, four inks of two hundred megapixels, progressive",
            progressive(&[1, 2, 3, 4], wide, high, PROGRESSIVE),
        ),
        sealed(
            "JPEG, four inks of two hundred megapixels",
            inks(wide, high, zeros),
        ),
        // As many marks in the data as there can be, each of them looked at.
        sealed(
            "JPEG, four inks and as many marks as there is room for",
            inks(wide, high, [0xff, 0x00].repeat(room / 2)),
        ),
        sealed(
            "JPEG, four inks and restarts, as many as there is room for",
            inks(wide, high, [0xff, 0xd0].repeat(room / 2)),
        ),
    ]
}

/// What stands beside the picture.
fn segments() -> Vec<Worst> {
    let good = scene(3, 900, 700);
    let put = |inside: &[u8]| [&good[..2], inside, &good[2..]].concat();
    let room = MAX_BYTES - good.len() - 100;
    let filled = |one: &[u8]| put(&one.repeat(room / one.len()));
    // A segment of as many tables as it holds: each is built anew.
    let mut tables = Vec::new();
    while tables.len() < 65_000 {
        tables.extend([0x10, 1]);
        tables.extend([0; 15]);
        tables.push(0);
    }
    let mut piece = b"ICC_PROFILE\0\x01\xff".to_vec();
    piece.extend(vec![0; 65_000]);
    let mut profile = b"ICC_PROFILE\0\x01\x01".to_vec();
    profile.extend(tag_flood());
    let mut all = vec![
        worst(
            "JPEG, six million empty comments",
            filled(&segment(0xfe, b"")),
        ),
        worst(
            "JPEG, comments as large as can be",
            filled(&segment(0xfe, &vec![0; 65_000])),
        ),
        worst(
            "JPEG, a million and a half tables",
            filled(&segment(0xc4, &tables)),
        ),
        worst(
            "JPEG, tables in nine hundred segments",
            put(&segment(0xc4, &tables[..25_200]).repeat(900)),
        ),
        worst("JPEG, marks and nothing else", put(&vec![0xff; room])),
        worst("JPEG, restarts outside a scan", filled(&[0xff, 0xd0])),
        worst(
            "JPEG, sixteen megabytes of profile",
            put(&segment(0xe2, &piece).repeat(250)),
        ),
        worst(
            "JPEG, a profile of nothing but tags",
            put(&segment(0xe2, &profile)),
        ),
    ];
    for (name, block) in exif_bombs() {
        let body = [b"Exif\0\0".as_slice(), &block].concat();
        all.push(worst(format!("JPEG, {name}"), put(&segment(0xe1, &body))));
        let often = segment(0xe1, &body).repeat(300);
        all.push(worst(format!("JPEG, {name}, 300 times"), put(&often)));
    }
    all
}

/// A colour profile whose table of contents fills it.
fn tag_flood() -> Vec<u8> {
    let mut profile = vec![0; 128];
    profile[36..40].copy_from_slice(b"acsp");
    profile[16..20].copy_from_slice(b"RGB ");
    profile[20..24].copy_from_slice(b"XYZ ");
    profile[12..16].copy_from_slice(b"mntr");
    profile.extend(5_000u32.to_be_bytes());
    for _ in 0..5_000 {
        profile.extend(b"rTRC");
        profile.extend(132u32.to_be_bytes());
        profile.extend(60_000u32.to_be_bytes());
    }
    let length = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&length);
    profile
}

/// Cut off, and with what does not belong to it.
fn cuts() -> Vec<Worst> {
    let good = scene(3, 900, 700);
    let mut all: Vec<Worst> = (1..8)
        .map(|part| {
            worst(
                format!("JPEG, {part}/8 of it"),
                good[..good.len() * part / 8].to_vec(),
            )
        })
        .collect();
    let room = MAX_BYTES - good.len();
    all.push(worst(
        "JPEG, a film behind it",
        [good.clone(), noise(room)].concat(),
    ));
    let scan = good.windows(2).position(|w| w == [0xff, 0xda]).unwrap() + 14;
    all.push(worst(
        "JPEG, noise behind its header",
        [&good[..scan], &noise(MAX_BYTES - scan)].concat(),
    ));
    let mut large = grey(BASELINE, 16_320, 12_240, 0x01);
    large.extend(scan_of_noise());
    all.push(worst("JPEG, noise for two hundred megapixels", large));
    all
}

fn scan_of_noise() -> Vec<u8> {
    [scan(0, 63, 0), noise(MAX_BYTES - 1_000)].concat()
}
