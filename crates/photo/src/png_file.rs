//! PNG: its chunks walked first, its rows decoded one by one and made smaller as they come.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::colour::Profile;
use super::exif::Blocks;
use super::pixels::{Pixels, Shrink, on_white};
use super::{
    Depth, MAX_SIDE, Opened, PhotoLimits, PhotoProblem, Picture, UNSCALED_PIXELS, unless_too_costly,
};

/// Chunks at most: a picture of 25 MB in pieces of 1 KB has fewer.
const MAX_CHUNKS: usize = 32_768;

/// Memory for rows and for what stands beside the pixels, a blown-up colour profile included.
const MAX_SIDE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of a packed colour profile at most.
const MAX_PACKED_PROFILE: usize = 2 * 1024 * 1024;

/// Bytes of EXIF as programs pack it into text: two letters each, and line breaks.
const MAX_TEXT_BYTES: usize = 160 * 1024;

/// Texts that are looked into for EXIF.
const MAX_TEXTS: usize = 4;

/// A PNG as its chunks tell it.
#[derive(Debug, Default)]
struct Walked<'a> {
    /// Behind the end chunk, or where the file ends without one.
    end: usize,
    end_missing: bool,
    exif: Blocks<'a>,
    texts: usize,
    profile_too_large: bool,
}

fn walk(bytes: &[u8]) -> Result<Walked<'_>, PhotoProblem> {
    let mut walked = Walked {
        end: bytes.len(),
        end_missing: true,
        ..Walked::default()
    };
    let mut at = 8;
    for _ in 0..MAX_CHUNKS {
        let Some([l3, l2, l1, l0, a, b, c, d]) = bytes.get(at..at + 8) else {
            return Ok(walked);
        };
        let length = u32::from_be_bytes([*l3, *l2, *l1, *l0]) as usize;
        let body = bytes.get(at + 8..at + 8 + length);
        let kind = &[*a, *b, *c, *d];
        match kind {
            b"eXIf" => body.into_iter().for_each(|body| walked.exif.add(body)),
            b"zTXt" | b"tEXt" if walked.texts < MAX_TEXTS && body.is_some_and(is_exif_text) => {
                walked.texts += 1;
                let block = body.and_then(|body| exif_in_text(body, kind == b"zTXt"));
                block.into_iter().for_each(|block| walked.exif.add(block));
            }
            b"iCCP" => walked.profile_too_large = length > MAX_PACKED_PROFILE,
            b"IEND" => {
                walked.end_missing = false;
                walked.end = (at + 12 + length).min(bytes.len());
                return Ok(walked);
            }
            _ => {}
        }
        if body.is_none() {
            return Ok(walked);
        }
        at += 12 + length;
    }
    Err(PhotoProblem::TooCostly)
}

/// The names of a text that is EXIF.
const TEXT_NAMES: [&[u8]; 2] = [b"Raw profile type exif\0", b"Raw profile type APP1\0"];

fn is_exif_text(chunk: &[u8]) -> bool {
    TEXT_NAMES.iter().any(|name| chunk.starts_with(name))
}

/// EXIF as programs wrote it before PNG had a place for it: a text of its name, its length and its
/// bytes in hexadecimal, mostly packed.
fn exif_in_text(chunk: &[u8], is_packed: bool) -> Option<Vec<u8>> {
    let named = TEXT_NAMES
        .iter()
        .find_map(|name| chunk.strip_prefix(*name))?;
    let text = if is_packed {
        // A byte says how it is packed; there is one way.
        fdeflate::decompress_to_vec_bounded(named.get(1..)?, MAX_TEXT_BYTES).ok()?
    } else {
        named.get(..MAX_TEXT_BYTES).unwrap_or(named).to_vec()
    };
    let mut words = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let (_name, _length) = (words.next()?, words.next()?);
    let digits: Vec<u8> = words
        .flatten()
        .map_while(|letter| char::from(*letter).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    let bytes = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => 0,
    });
    Some(bytes.collect())
}

pub(super) fn open(
    bytes: &[u8],
    limits: PhotoLimits,
    depth: Depth,
) -> Result<Opened<'_>, PhotoProblem> {
    let walked = walk(bytes)?;
    let bounds = Limits {
        bytes: MAX_SIDE_BYTES,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), bounds);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(walked.profile_too_large);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(broken)?;
    let (width, height) = (header.width, header.height);
    if width.max(height) > MAX_SIDE {
        return Err(PhotoProblem::TooManyPixels(limits.pixels));
    }
    limits.check_size(width, height, UNSCALED_PIXELS)?;
    let picture = match depth {
        Depth::Pixels => unless_too_costly(decode(decoder, width, height))?,
        Depth::Structure => None,
    };
    Ok(Opened {
        exif: walked.exif,
        end_missing: walked.end_missing,
        trailer: walked.end < bytes.len(),
        picture,
    })
}

fn decode(
    decoder: Decoder<Cursor<&[u8]>>,
    width: u32,
    height: u32,
) -> Result<Picture, PhotoProblem> {
    let mut reader = decoder.read_info().map_err(broken)?;
    Ok(Picture {
        width,
        height,
        profile: profile(reader.info()),
        pixels: rows(&mut reader, width, height)?,
        upright: false,
    })
}

fn profile(info: &png::Info<'_>) -> Option<Profile> {
    if let Some(coded) = info.coding_independent_code_points {
        return Some(Profile::Coded {
            primaries: coded.color_primaries,
            transfer: coded.transfer_function,
        });
    }
    info.icc_profile
        .as_ref()
        .map(|bytes| Profile::Icc(bytes.to_vec()))
}

fn rows(
    reader: &mut png::Reader<Cursor<&[u8]>>,
    width: u32,
    height: u32,
) -> Result<Pixels, PhotoProblem> {
    let (colours, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err(PhotoProblem::Corrupt);
    }
    let mut small = Shrink::of(width, height);
    let mut rgb = Vec::with_capacity(width as usize * 3);
    if reader.info().interlaced {
        // Its rows come in seven passes, so all of it is needed before the first is whole.
        let size = reader.output_buffer_size().ok_or(PhotoProblem::Corrupt)?;
        let mut whole = vec![0; size];
        let frame = reader.next_frame(&mut whole).map_err(broken)?;
        for row in whole.chunks_exact(frame.line_size.max(1)) {
            to_rgb(row, colours, &mut rgb);
            small.row(&rgb);
        }
    } else {
        for _ in 0..height {
            let row = reader.next_row().map_err(broken)?;
            to_rgb(
                row.ok_or(PhotoProblem::Truncated)?.data(),
                colours,
                &mut rgb,
            );
            small.row(&rgb);
        }
    }
    Ok(small.finish())
}

fn to_rgb(row: &[u8], colours: ColorType, rgb: &mut Vec<u8>) {
    rgb.clear();
    match colours {
        ColorType::Rgb | ColorType::Indexed => rgb.extend_from_slice(row),
        ColorType::Grayscale => rgb.extend(row.iter().flat_map(|v| [*v; 3])),
        ColorType::GrayscaleAlpha => rgb.extend(row.chunks_exact(2).flat_map(|pixel| {
            let [grey, alpha] = [0, 1].map(|at| pixel.get(at).copied().unwrap_or(0));
            [on_white(grey, alpha); 3]
        })),
        ColorType::Rgba => rgb.extend(row.chunks_exact(4).flat_map(|pixel| {
            let [r, g, b, alpha] = [0, 1, 2, 3].map(|at| pixel.get(at).copied().unwrap_or(0));
            [r, g, b].map(|v| on_white(v, alpha))
        })),
    }
}

fn broken(error: DecodingError) -> PhotoProblem {
    match error {
        DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoProblem::Truncated
        }
        DecodingError::LimitsExceeded => PhotoProblem::TooCostly,
        _ => PhotoProblem::Corrupt,
    }
}
