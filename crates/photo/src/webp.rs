//! WebP: its chunks walked first, its first frame decoded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::colour::Profile;
use super::exif::Blocks;
use super::jpeg_walk::MAX_PROFILE_BYTES;
use super::pixels::{Pixels, Shrink, on_white};
use super::{
    Depth, Opened, PhotoLimits, PhotoProblem, Picture, UNSCALED_PIXELS, unless_too_costly,
};

/// Chunks at most, frames of an animation included.
const MAX_CHUNKS: usize = 8_192;

/// Memory the decoder may take at once.
const MAX_DECODER_BYTES: usize = 256 * 1024 * 1024;

/// Bytes in front of the first chunk, and of a chunk's own header.
const FILE_HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;

/// What the header of an extended picture promises, a bit each.
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
const ANIMATION: u8 = 0x02;

/// Bytes of that header: its promises, and the sides of the canvas.
const CANVAS_BYTES: usize = 10;

/// Bytes of what an animation says of all its frames.
const ANIM_BYTES: usize = 6;

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
    /// The first body of each kind of chunk.
    first: BTreeMap<[u8; 4], &'a [u8]>,
    /// The first chunk that is a picture which does not move.
    still: Option<[u8; 4]>,
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
        if OURS.contains(&kind) {
            walked.first.entry(*kind).or_insert(body);
        }
        if matches!(kind, b"VP8 " | b"VP8L") {
            walked.still.get_or_insert(*kind);
        }
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

/// The picture's bytes with headers that say how long they are and promise what is there. What
/// strips metadata off a file leaves its header as it was.
fn mended<'a>(bytes: &'a [u8], walked: &Walked<'_>) -> Cow<'a, [u8]> {
    match walked.canvas() {
        Some(canvas) if !walked.keeps_promises(canvas) => Cow::Owned(walked.put_anew(canvas)),
        _ => with_length(bytes, walked),
    }
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

    fn has(&self, kind: &[u8; 4]) -> bool {
        self.first.contains_key(kind)
    }

    /// The header of an extended picture.
    fn canvas(&self) -> Option<[u8; CANVAS_BYTES]> {
        let body = self.first.get(b"VP8X")?.get(..CANVAS_BYTES)?;
        body.try_into().ok()
    }

    /// Whether metadata was promised that is not there.
    fn lacks_metadata(&self) -> bool {
        let lacks = |[promised, ..]: [u8; CANVAS_BYTES]| {
            (promised & EXIF != 0 && !self.has(b"EXIF"))
                || (promised & XMP != 0 && !self.has(b"XMP "))
        };
        self.canvas().is_some_and(lacks)
    }

    /// What the header would promise of the pixels if it knew what follows.
    fn of_pixels(&self, promised: u8) -> u8 {
        let moves = self.has(b"ANMF") && (promised & ANIMATION != 0 || self.still.is_none());
        let is_clear = moves || self.still == Some(*b"VP8L") || self.has(b"ALPH");
        let kept = if is_clear { promised & ALPHA } else { 0 };
        kept | if moves { ANIMATION } else { 0 }
    }

    fn keeps_promises(&self, [promised, ..]: [u8; CANVAS_BYTES]) -> bool {
        let of_pixels = self.of_pixels(promised);
        let is_one_picture = if of_pixels & ANIMATION != 0 {
            self.first.get(b"ANIM").map(|body| body.len()) == Some(ANIM_BYTES)
        } else {
            !(self.has(b"ANMF") || self.has(b"VP8 ") && self.has(b"VP8L"))
        };
        is_one_picture && !self.lacks_metadata() && promised & (ALPHA | ANIMATION) == of_pixels
    }

    /// A file of the picture alone, of an animation its first frame.
    fn put_anew(&self, mut canvas: [u8; CANVAS_BYTES]) -> Vec<u8> {
        let of_pixels = self.of_pixels(canvas[0]);
        canvas[0] = of_pixels;
        let first = |kind: [u8; 4]| (kind, self.first.get(&kind).copied().unwrap_or_default());
        let mut chunks = vec![(*b"VP8X", canvas.as_slice())];
        if of_pixels & ANIMATION != 0 {
            chunks.push((*b"ANIM", &[0; ANIM_BYTES]));
            chunks.push(first(*b"ANMF"));
        } else if let Some(still) = self.still {
            if of_pixels & ALPHA != 0 && self.has(b"ALPH") {
                chunks.push(first(*b"ALPH"));
            }
            chunks.push(first(still));
        }
        let length_of = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        let bytes: usize = chunks
            .iter()
            .map(|(_, body)| CHUNK_HEADER + body.len().next_multiple_of(2))
            .sum();
        let mut file = Vec::with_capacity(FILE_HEADER + bytes);
        file.extend(b"RIFF");
        file.extend(length_of(bytes + FILE_HEADER - CHUNK_HEADER));
        file.extend(b"WEBP");
        for (kind, body) in chunks {
            file.extend(kind);
            file.extend(length_of(body.len()));
            file.extend(body);
            file.resize(file.len().next_multiple_of(2), 0);
        }
        file
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
    let mut walked = walk(bytes)?;
    if walked.lacks_metadata() {
        walked.exif.lacks_some();
    }
    let inside = mended(bytes, &walked);
    if walked.largest_frame > UNSCALED_PIXELS.min(limits.pixels) {
        return Err(PhotoProblem::TooManyPixels(
            UNSCALED_PIXELS.min(limits.pixels),
        ));
    }
    let decoder = WebPDecoder::new(Cursor::new(inside.as_ref())).map_err(broken)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(width, height, UNSCALED_PIXELS)?;
    let picture = match depth {
        Depth::Pixels => unless_too_costly(decode(decoder))?.map(|pixels| Picture {
            width,
            height,
            pixels,
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
