//! PNG.

use flate2::{Compress, Compression, FlushCompress};

use super::{MAX_BYTES, Worst, exif_bombs, noise, packed_zeros, worst};

const START: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

/// Colour types: grey, colours, a palette, colours that can be seen through.
const GREY: u8 = 0;
const RGB: u8 = 2;
const RGBA: u8 = 6;

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut checked = flate2::Crc::new();
    checked.update(kind);
    checked.update(body);
    let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes.extend(checked.sum().to_be_bytes());
    bytes
}

fn header(width: u32, height: u32, depth: u8, colours: u8, interlaced: bool) -> Vec<u8> {
    let mut body = width.to_be_bytes().to_vec();
    body.extend(height.to_be_bytes());
    body.extend([depth, colours, 0, 0, u8::from(interlaced)]);
    [START.to_vec(), chunk(b"IHDR", &body)].concat()
}

/// So many times the same bytes, packed: one piece is packed once and repeated, since packing
/// hundreds of megabytes would take longer than what is tested.
fn packed(piece: &[u8], times: usize) -> Vec<u8> {
    let mut packer = Compress::new(Compression::fast(), true);
    let mut pack = || {
        let mut out = Vec::with_capacity(piece.len() + 1_000);
        packer
            .compress_vec(piece, &mut out, FlushCompress::Sync)
            .unwrap();
        out
    };
    let (first, again) = (pack(), pack());
    [first, again.repeat(times.saturating_sub(1))].concat()
}

/// A picture of rows that are all alike.
fn rows(width: u32, height: u32, depth: u8, colours: u8, filter: u8) -> Vec<u8> {
    let samples = match colours {
        GREY => 1,
        RGB => 3,
        _ => 4,
    };
    let mut row = vec![0; width as usize * samples * usize::from(depth) / 8 + 1];
    row[0] = filter;
    [
        header(width, height, depth, colours, false),
        chunk(b"IDAT", &packed(&row, height as usize)),
        chunk(b"IEND", b""),
    ]
    .concat()
}

pub fn set() -> Vec<Worst> {
    let small = |between: Vec<u8>| {
        let idat = packed(&[0; 1 + 300 * 3], 200);
        [
            header(300, 200, 8, RGB, false),
            between,
            chunk(b"IDAT", &idat),
            chunk(b"IEND", b""),
        ]
        .concat()
    };
    let room = MAX_BYTES - 10_000;
    let zeros = packed_zeros(200 << 20);
    let named = |name: &[u8]| [name, b"\0\0", &zeros].concat();
    let interlaced = [
        header(7_745, 7_745, 16, RGBA, true),
        chunk(b"IDAT", &packed(&[0; 1 << 20], 460)),
        chunk(b"IEND", b""),
    ]
    .concat();
    let flood = |kind: &[u8; 4]| chunk(kind, b"").repeat(room / 12);
    let mut all = vec![
        worst(
            "PNG, one row of sixty million",
            rows(60_000_000, 1, 8, GREY, 0),
        ),
        worst(
            "PNG, one column of sixty million",
            header(1, 60_000_000, 8, RGBA, false),
        ),
        worst(
            "PNG, sixteen bits, one row",
            header(65_535, 900, 16, RGBA, false),
        ),
        worst(
            "PNG, 2^31 pixels square",
            header(0x7fff_ffff, 0x7fff_ffff, 16, RGBA, false),
        ),
        worst(
            "PNG, sixty megapixels of sixteen bits",
            rows(7_745, 7_745, 16, RGBA, 4),
        ),
        worst("PNG, sixty megapixels", rows(7_745, 7_745, 8, RGBA, 3)),
        worst("PNG, long rows", rows(65_535, 915, 16, RGBA, 4)),
        worst("PNG, interlaced, sixteen bits", interlaced),
        worst(
            "PNG, a blown-up profile",
            small(chunk(b"iCCP", &named(b"p"))),
        ),
        worst(
            "PNG, a blown-up text",
            small(chunk(b"zTXt", &named(b"t")).repeat(40)),
        ),
        worst("PNG, two million empty chunks", small(flood(b"tIME"))),
        worst(
            "PNG, two million empty pieces of picture",
            small(flood(b"IDAT")),
        ),
        worst(
            "PNG, noise behind its header",
            [
                header(7_000, 7_000, 8, RGBA, false),
                chunk(b"IDAT", &noise(room)),
            ]
            .concat(),
        ),
        worst(
            "PNG, a film behind it",
            [small(Vec::new()), noise(room)].concat(),
        ),
    ];
    let whole = small(Vec::new());
    all.extend((1..6).map(|part| {
        worst(
            format!("PNG, {part}/6 of it"),
            whole[..whole.len() * part / 6].to_vec(),
        )
    }));
    for (name, block) in exif_bombs() {
        all.push(worst(format!("PNG, {name}"), small(chunk(b"eXIf", &block))));
    }
    // The texts all point at one run that fills the file.
    let mut large = b"MM\0\x2a\0\0\0\x08\0\x03".to_vec();
    for tag in [0x010fu16, 0x0110, 0x0132] {
        large.extend(tag.to_be_bytes());
        large.extend([0, 2]);
        large.extend(24_000_000u32.to_be_bytes());
        large.extend(50u32.to_be_bytes());
    }
    large.extend(vec![0; 24_000_100]);
    all.push(worst(
        "PNG, texts of one run of 24 MB",
        small(chunk(b"eXIf", &large)),
    ));
    all
}
