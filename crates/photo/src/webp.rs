//! WebP: its chunks walked first, its first frame decoded.

use std::borrow::Cow;
use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::colour::Profile;
use super::exif::Blocks;
use super::jpeg_walk::MAX_PROFILE_BYTES;
use super::pixels::{Pixels, Shrink, on_white};
use super::{Depth, Opened, PhotoLimits, PhotoProblem, Picture, UNSCALED_PIXELS};

/// Chunks at most, frames of an animation included.
const MAX_CHUNKS: usize = 8_192;

/// Memory the decoder may take at once.
const MAX_DECODER_BYTES: usize = 256 * 1024 * 1024;

/// Bytes in front of the first chunk, and of a chunk's own header.
const FILE_HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;

/// A WebP as its chunks tell it.
#[derive(Debug, Default)]
struct Walked<'a> {
    /// Where the picture ends: by the file's own header, or behind its last chunk where programs
    /// that write while they encode left the header's length at nothing or too small.
    end: usize,
    exif: Blocks<'a>,
    profile: Option<&'a [u8]>,
    /// Pixels of the largest coded frame, whatever the canvas says.
    largest_frame: u64,
}

/// Chunks that a picture is made of.
const OURS: [&[u8; 4]; 9] = [
    b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ",
];

/// Walks the chunks.
///
/// # Errors
/// When a chunk of the picture ends behind the file, or there are too many.
fn walk(bytes: &[u8]) -> Result<Walked<'_>, PhotoProblem> {
    let length = match bytes.get(4..8) {
        Some([a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]) as usize,
        _ => return Err(PhotoProblem::Truncated),
    };
    let mut walked = Walked {
        end: length.saturating_add(8).min(bytes.len()),
        ..Walked::default()
    };
    let mut at = FILE_HEADER;
    for _ in 0..MAX_CHUNKS {
        let Some([a, b, c, d, l0, l1, l2, l3]) = bytes.get(at..at + CHUNK_HEADER) else {
            return Ok(walked);
        };
        let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
        let kind = &[*a, *b, *c, *d];
        if at >= walked.end && !OURS.contains(&kind) {
            return Ok(walked);
        }
        let from = at + CHUNK_HEADER;
        let Some(body) = bytes.get(from..from.saturating_add(length)) else {
            return match kind {
                b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANMF" => Err(PhotoProblem::Truncated),
                _ => Ok(walked),
            };
        };
        match kind {
            b"EXIF" => walked.exif.add(body),
            b"ICCP" => walked.profile = Some(body).filter(|b| b.len() <= MAX_PROFILE_BYTES),
            b"VP8 " => walked.frame(lossy_pixels(body)),
            b"VP8L" => walked.frame(lossless_pixels(body)),
            // The first frame's own chunk follows sixteen bytes of where and how long.
            b"ANMF" => match (body.get(16..20), body.get(24..)) {
                (Some(b"VP8 "), Some(frame)) => walked.frame(lossy_pixels(frame)),
                (Some(b"VP8L"), Some(frame)) => walked.frame(lossless_pixels(frame)),
                _ => {}
            },
            _ => {}
        }
        at = from + length + length % 2;
        if OURS.contains(&kind) {
            walked.end = walked.end.max(at.min(bytes.len()));
        }
    }
    Err(PhotoProblem::TooCostly)
}

/// The picture's bytes with a header that says how long they are.
fn with_length<'a>(bytes: &'a [u8], walked: &Walked<'_>) -> Cow<'a, [u8]> {
    let inside = bytes.get(..walked.end).unwrap_or_default();
    let length = u32::try_from(inside.len().saturating_sub(8)).unwrap_or(u32::MAX);
    let says = inside.get(4..8).and_then(|b| <[u8; 4]>::try_from(b).ok());
    if says.map(u32::from_le_bytes) >= Some(length) {
        return Cow::Borrowed(inside);
    }
    let mut mended = inside.to_vec();
    if let Some(says) = mended.get_mut(4..8) {
        says.copy_from_slice(&length.to_le_bytes());
    }
    Cow::Owned(mended)
}

impl Walked<'_> {
    fn frame(&mut self, pixels: u64) {
        self.largest_frame = self.largest_frame.max(pixels);
    }
}

/// Fourteen bits of width and of height behind a tag and a start code.
fn lossy_pixels(chunk: &[u8]) -> u64 {
    match chunk.get(6..10) {
        Some([w0, w1, h0, h1]) => {
            let side = |low: u8, high: u8| u64::from(u16::from_le_bytes([low, high]) & 0x3fff);
            side(*w0, *w1) * side(*h0, *h1)
        }
        _ => 0,
    }
}

/// Fourteen bits of each side less one, behind a signature.
fn lossless_pixels(chunk: &[u8]) -> u64 {
    match chunk.get(1..5) {
        Some([a, b, c, d]) => {
            let bits = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
            ((bits & 0x3fff) + 1) * (((bits >> 14) & 0x3fff) + 1)
        }
        _ => 0,
    }
}

pub(super) fn open(
    bytes: &[u8],
    limits: PhotoLimits,
    depth: Depth,
) -> Result<Opened<'_>, PhotoProblem> {
    let walked = walk(bytes)?;
    let inside = with_length(bytes, &walked);
    if walked.largest_frame > UNSCALED_PIXELS.min(limits.pixels) {
        return Err(PhotoProblem::TooManyPixels(
            UNSCALED_PIXELS.min(limits.pixels),
        ));
    }
    let decoder = WebPDecoder::new(Cursor::new(inside.as_ref())).map_err(broken)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height, UNSCALED_PIXELS)?;
    let picture = match depth {
        Depth::Pixels => Some(Picture {
            width,
            height,
            pixels: decode(decoder)?,
            profile: walked.profile.map(|bytes| Profile::Icc(bytes.to_vec())),
            upright: false,
        }),
        Depth::Structure => None,
    };
    Ok(Opened {
        exif: walked.exif,
        end_missing: false,
        trailer: walked.end < bytes.len(),
        picture,
    })
}

fn decode(mut decoder: WebPDecoder<Cursor<&[u8]>>) -> Result<Pixels, PhotoProblem> {
    decoder.set_memory_limit(MAX_DECODER_BYTES);
    let size = decoder.output_buffer_size().ok_or(PhotoProblem::Corrupt)?;
    let mut whole = vec![0; size];
    decoder.read_image(&mut whole).map_err(broken)?;
    let (width, height) = decoder.dimensions();
    Ok(shrunk(whole, width, height, decoder.has_alpha()))
}

fn shrunk(whole: Vec<u8>, width: u32, height: u32, alpha: bool) -> Pixels {
    let mut small = Shrink::of(width, height);
    let samples = if alpha { 4 } else { 3 };
    let mut rgb = Vec::new();
    for row in whole.chunks_exact((width as usize * samples).max(1)) {
        if alpha {
            rgb.clear();
            rgb.extend(row.chunks_exact(4).flat_map(|pixel| {
                let [r, g, b, a] = [0, 1, 2, 3].map(|at| pixel.get(at).copied().unwrap_or(0));
                [r, g, b].map(|v| on_white(v, a))
            }));
            small.row(&rgb);
        } else {
            small.row(row);
        }
    }
    small.finish()
}

fn broken(error: DecodingError) -> PhotoProblem {
    match error {
        DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoProblem::Truncated
        }
        DecodingError::NotEnoughInitData => PhotoProblem::Truncated,
        DecodingError::MemoryLimitExceeded | DecodingError::ImageTooLarge => {
            PhotoProblem::TooCostly
        }
        _ => PhotoProblem::Corrupt,
    }
}
