//! PNG: its chunks walked first, its rows decoded one by one and made smaller as they come.

use std::borrow::Cow;
use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::colour::Profile;
use super::pixels::{Pixels, Shrink, on_white};
use super::{MAX_SIDE, Opened, PhotoLimits, PhotoProblem, Picture, UNSCALED_PIXELS, exif};

/// Chunks at most: a picture of 25 MB in pieces of 1 KB has fewer.
const MAX_CHUNKS: usize = 32_768;

/// Memory for rows and for what stands beside the pixels, a blown-up colour profile included.
const MAX_SIDE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of a packed colour profile at most.
const MAX_PACKED_PROFILE: usize = 2 * 1024 * 1024;

/// A PNG as its chunks tell it.
#[derive(Debug, Default)]
struct Walked<'a> {
    /// Behind the end chunk, or where the file ends without one.
    end: usize,
    end_missing: bool,
    exif: Option<&'a [u8]>,
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
        match &[*a, *b, *c, *d] {
            b"eXIf" => walked.exif = body.map(exif::cut),
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

pub(super) fn open(bytes: &[u8], limits: PhotoLimits) -> Result<Opened<'_>, PhotoProblem> {
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
    let mut reader = decoder.read_info().map_err(broken)?;
    let profile = profile(reader.info());
    let pixels = rows(&mut reader, width, height)?;
    Ok(Opened {
        exif: walked.exif.map(Cow::Borrowed),
        end_missing: walked.end_missing,
        trailer: walked.end < bytes.len(),
        picture: Some(Picture {
            width,
            height,
            pixels,
            profile,
            upright: false,
        }),
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
