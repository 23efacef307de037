//! Photos made to cost as much as they can, family by family for every format: what a stranger
//! would send who wants the machine for himself. Each is within the size a photo may have.

mod heif;
mod jpeg;
mod png;
mod webp;

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// Bytes of a photo at most, as the profile has it.
pub const MAX_BYTES: usize = 26_214_400;

/// A made-up file and what it tries.
pub struct Worst {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Whether it is sound, so that it is kept though nothing can be made of its pixels.
    pub is_sealed: bool,
}

fn worst(name: impl Into<String>, bytes: Vec<u8>) -> Worst {
    let name = name.into();
    assert!(bytes.len() <= MAX_BYTES, "{name}: {}", bytes.len());
    Worst {
        name,
        bytes,
        is_sealed: false,
    }
}

fn sealed(name: impl Into<String>, bytes: Vec<u8>) -> Worst {
    Worst {
        is_sealed: true,
        ..worst(name, bytes)
    }
}

/// All of them.
pub fn all() -> Vec<Worst> {
    [jpeg::set(), png::set(), webp::set(), heif::set()]
        .into_iter()
        .flatten()
        .collect()
}

/// One that cannot be done within the bounds of a helper, and that no look at its structure tells.
pub fn costly() -> Vec<u8> {
    webp::veiled().bytes
}

/// Noise, always the same, cheap to make in a build that is not optimised.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let block: Vec<u8> = (0..8_192)
        .flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .collect();
    let mut out = block.repeat(bytes.div_ceil(block.len()));
    out.truncate(bytes);
    out
}

/// Zeros, packed.
fn packed_zeros(bytes: usize) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..bytes.div_ceil(block.len()) {
        packer.write_all(&block).unwrap();
    }
    packer.finish().unwrap()
}

/// EXIF blocks that are small to send and large to read.
fn exif_bombs() -> Vec<(&'static str, Vec<u8>)> {
    let entry = |tag: u16, kind: u16, count: u32, at: u32| {
        let mut bytes = tag.to_be_bytes().to_vec();
        bytes.extend(kind.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(at.to_be_bytes());
        bytes
    };
    let header = b"MM\0\x2a\0\0\0\x08".to_vec();
    // Every text the reader looks at is the same run of separators.
    let texts = |run: u32| {
        let tags = [
            0x010f, 0x0110, 0x0131, 0x0132, 0x013b, 0x8298, 0x9003, 0x9004, 0x9010,
        ];
        let mut bytes = header.clone();
        bytes.extend((tags.len() as u16).to_be_bytes());
        for tag in tags {
            bytes.extend(entry(tag, 2, run, 8));
        }
        bytes.extend(vec![0; run as usize + 8]);
        bytes
    };
    // Directories that overlap: every few bytes one begins that points to all the others.
    let mut overlapping = header.clone();
    let mut at = 0u32;
    while overlapping.len() < 64_000 {
        overlapping.extend(0x1500u16.to_be_bytes());
        overlapping.extend(entry(0x8769, 4, 1, 8 + at % 63_000));
        at += 14;
    }
    // A directory of as many entries as can be.
    let mut many = header.clone();
    many.extend(5_400u16.to_be_bytes());
    for tag in 0..5_400u16 {
        many.extend(entry(tag, 2, 60_000, 8));
    }
    // A chain of next directories that comes back to its beginning.
    let mut chain = header.clone();
    chain.extend([0, 0, 0, 0, 0, 8]);
    vec![
        ("texts of one run of nothing", texts(60_000)),
        ("directories that overlap", overlapping),
        ("five thousand entries", many),
        ("a chain without end", chain),
    ]
}
