//! WebP.

use super::super::pictures;
use super::{MAX_BYTES, Worst, exif_bombs, noise, worst};

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len() + body.len() % 2, 0);
    bytes
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP".to_vec(), chunks.concat()].concat();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// What a canvas holds: a profile 0x20, EXIF 0x08, an animation 0x02.
fn canvas(width: u32, height: u32, holds: u8) -> Vec<u8> {
    let mut body = vec![holds, 0, 0, 0];
    body.extend(&(width - 1).to_le_bytes()[..3]);
    body.extend(&(height - 1).to_le_bytes()[..3]);
    chunk(b"VP8X", &body)
}

/// A lossy frame of a size whose data is noise, which every arithmetic decoder takes for pixels.
fn lossy(width: u16, height: u16, bytes: usize) -> Vec<u8> {
    // A key frame, shown, whose first part is a twentieth of it.
    let first = (bytes as u32 / 20).min(0x7_ffff);
    let tag = (first << 5) | 0b1_0000;
    let mut body = tag.to_le_bytes()[..3].to_vec();
    body.extend([0x9d, 0x01, 0x2a]);
    body.extend(width.to_le_bytes());
    body.extend(height.to_le_bytes());
    // No clamping, no segments, a simple filter, one part, steps of one: then noise.
    body.extend([0; 8]);
    body.extend(noise(bytes));
    body
}

fn lossless(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let bits = (width - 1) | ((height - 1) << 14);
    let mut body = vec![0x2f];
    body.extend(bits.to_le_bytes());
    body.extend(data);
    body
}

fn encoded(width: u32, height: u32) -> Vec<u8> {
    let samples = pictures::plain(width, height, [90, 120, 60]);
    pictures::webp(width, height, &samples)
}

/// A lossy picture with a lossless veil over it: both are decoded whole, side by side.
pub fn veiled() -> Worst {
    let (width, height) = (7_700, 7_700);
    // A veil is coded as a picture is, without the name and the size in front; its first byte says
    // so, and that each sample is guessed from its neighbours.
    let mut veil = vec![0b0000_1101];
    veil.extend(&encoded(width, height)[25..]);
    let frame = lossy(width as u16, height as u16, 20_000_000);
    let chunks = [
        canvas(width, height, 0x10),
        chunk(b"ALPH", &veil),
        chunk(b"VP8 ", &frame),
    ];
    worst("WebP, a veil over sixty megapixels", file(&chunks))
}

pub fn set() -> Vec<Worst> {
    let room = MAX_BYTES - 20_000;
    let small = encoded(200, 150);
    let picture = chunk(b"VP8L", &small[20..]);
    let beside = |holds: u8, more: Vec<u8>| file(&[canvas(200, 150, holds), picture.clone(), more]);
    // Where a frame stands, how large it is, how long it is shown; then its own chunk.
    let frame = [
        vec![0; 6],
        vec![199, 0, 0, 149, 0, 0],
        vec![1, 0, 0, 0],
        picture.clone(),
    ]
    .concat();
    let animation = |frames: usize| {
        let frames = chunk(b"ANMF", &frame).repeat(frames);
        file(&[canvas(200, 150, 0x02), chunk(b"ANIM", &[0; 6]), frames])
    };
    let shapes = [(7_700, 7_700), (16_383, 3_660), (4_000, 3_000)];
    let mut all = vec![
        veiled(),
        worst(
            "WebP, 16383 pixels square, lossy",
            file(&[chunk(b"VP8 ", &lossy(16_383, 16_383, 100_000))]),
        ),
        worst(
            "WebP, 16383 pixels square, lossless",
            file(&[chunk(b"VP8L", &lossless(16_383, 16_383, &noise(100_000)))]),
        ),
        worst(
            "WebP, a large frame on a small canvas",
            file(&[
                canvas(100, 100, 0),
                chunk(b"VP8 ", &lossy(16_383, 16_383, 100_000)),
            ]),
        ),
        worst("WebP, one colour, fifty megapixels", encoded(7_200, 7_000)),
        worst(
            "WebP, sixty megapixels and promises of what is not there",
            file(&[
                canvas(7_700, 7_700, 0x3e),
                chunk(b"VP8 ", &lossy(7_700, 7_700, 20_000_000)),
            ]),
        ),
        worst("WebP, ten thousand frames", animation(10_000)),
        worst("WebP, five thousand frames", animation(5_000)),
        worst(
            "WebP, 24 MB of profile",
            file(&[
                canvas(200, 150, 0x20),
                chunk(b"ICCP", &vec![0; room]),
                picture.clone(),
            ]),
        ),
        worst(
            "WebP, 24 MB of EXIF",
            beside(0x08, chunk(b"EXIF", &vec![0; room])),
        ),
        worst(
            "WebP, three million empty chunks",
            beside(0, chunk(b"JUNK", b"").repeat(room / 8)),
        ),
        worst(
            "WebP, a film behind it",
            [small.clone(), noise(room)].concat(),
        ),
    ];
    for (width, height) in shapes {
        all.push(worst(
            format!("WebP, lossy noise, {width} × {height}"),
            file(&[chunk(b"VP8 ", &lossy(width, height, room))]),
        ));
        // No transforms, a colour cache as large as can be, no groups of codes: then noise.
        let bits = [&[0b0101_1010u8], noise(room).as_slice()].concat();
        all.push(worst(
            format!("WebP, lossless noise, {width} × {height}"),
            file(&[chunk(
                b"VP8L",
                &lossless(width.into(), height.into(), &bits),
            )]),
        ));
    }
    all.extend((1..6).map(|part| {
        worst(
            format!("WebP, {part}/6 of it"),
            small[..small.len() * part / 6].to_vec(),
        )
    }));
    for (name, block) in exif_bombs() {
        all.push(worst(
            format!("WebP, {name}"),
            beside(0x08, chunk(b"EXIF", &block)),
        ));
    }
    all
}
