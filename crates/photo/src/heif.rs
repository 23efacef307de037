//! HEIC and AVIF: the container walked, HEIC decoded.
//!
//! Both are boxes within boxes: a catalogue of items, where each item's bytes lie, how large the
//! picture is. What merely begins like one is no photo: the primary picture and all its tiles must
//! lie within the file.
//!
//! A HEIC whose picture the decoder does not know (more than eight bits, layers, uncompressed) or
//! that would take it longer than a photo may is kept sealed only, as every AVIF is: a decoder for
//! AV1 without an assembler at build time takes several times what a photo may cost.

use std::borrow::Cow;

use heic_rs::meta::iloc::{Construction, ItemLocation};
use heic_rs::meta::iref::{RefKind, targets};
use heic_rs::meta::{self, Meta};
use heic_rs::props::{self, ItemProps};
use heic_rs::{DecodeOptions, Error};

use super::colour::Profile;
use super::jpeg_walk::MAX_PROFILE_BYTES;
use super::pixels::{Kind, Pixels, Shrink};
use super::{MAX_SIDE, MediaType, Opened, PhotoLimits, PhotoProblem, Picture, exif};

/// Items at most; a picture of two hundred megapixels in tiles of 512 has eight hundred.
const MAX_ITEMS: usize = 2_000;

/// Boxes at the outermost level at most.
const MAX_BOXES: usize = 1_000;

/// Nanoseconds a decoded pixel takes, and a byte of coded data, as measured.
const PIXEL_NS: u64 = 17;
const BYTE_NS: u64 = 150;

/// Nanoseconds beyond which a HEIC is kept without being decoded.
const DECODE_NS: u64 = 900_000_000;

pub(super) fn open(
    bytes: &[u8],
    media_type: MediaType,
    limits: PhotoLimits,
) -> Result<Opened<'_>, PhotoProblem> {
    let end = end_of_boxes(bytes)?;
    let meta = meta::parse(bytes).map_err(broken)?;
    if meta.items.len() > MAX_ITEMS || meta.locations.len() > MAX_ITEMS {
        return Err(PhotoProblem::TooCostly);
    }
    let primary = props::gather(&meta.props, meta.primary).map_err(broken)?;
    let size = primary.ispe.ok_or(PhotoProblem::Corrupt)?;
    if size.width.max(size.height) > MAX_SIDE {
        return Err(PhotoProblem::TooManyPixels(limits.pixels));
    }
    limits.check_size(size.width, size.height, limits.pixels)?;
    let coded = coded_bytes(&meta, bytes)?;
    let pixels = u64::from(size.width) * u64::from(size.height);
    let affordable = pixels * PIXEL_NS + coded * BYTE_NS <= DECODE_NS;
    let picture = if media_type == MediaType::Heic && affordable {
        decode(bytes, &primary, pixels)?
    } else {
        None
    };
    Ok(Opened {
        exif: exif_block(&meta, bytes),
        end_missing: false,
        trailer: end < bytes.len(),
        picture,
    })
}

/// Where the last box that is whole ends. Bytes behind it that are no box are a maker's own.
///
/// # Errors
/// When a box of the picture's catalogue or data ends behind the file.
fn end_of_boxes(bytes: &[u8]) -> Result<usize, PhotoProblem> {
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        let Some([s3, s2, s1, s0, kind @ ..]) = bytes.get(at..at + 8) else {
            return Ok(at);
        };
        let size = match u32::from_be_bytes([*s3, *s2, *s1, *s0]) {
            // To the end of the file.
            0 => bytes.len() - at,
            // Too large for four bytes: eight more follow.
            1 => match bytes.get(at + 8..at + 16) {
                Some(&[a, b, c, d, e, f, g, h]) => {
                    let size = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
                    usize::try_from(size).unwrap_or(usize::MAX)
                }
                _ => usize::MAX,
            },
            size => size as usize,
        };
        match at.checked_add(size).filter(|end| *end <= bytes.len()) {
            Some(end) if size >= 8 => at = end,
            _ if matches!(kind, b"ftyp" | b"meta" | b"mdat") => {
                return Err(PhotoProblem::Truncated);
            }
            _ => return Ok(at),
        }
    }
    Err(PhotoProblem::TooCostly)
}

/// Bytes of the primary picture, all its tiles included, every one of which lies within the file.
fn coded_bytes(meta: &Meta<'_>, bytes: &[u8]) -> Result<u64, PhotoProblem> {
    let item = meta.primary_item().map_err(broken)?;
    let tiles = targets(&meta.refs, item.id, RefKind::Dimg);
    if tiles.len() > MAX_ITEMS {
        return Err(PhotoProblem::TooCostly);
    }
    let mut coded = length_within(meta, item.id, bytes)?;
    for tile in tiles {
        coded += length_within(meta, *tile, bytes)?;
    }
    if coded == 0 {
        return Err(PhotoProblem::Truncated);
    }
    Ok(coded)
}

fn length_within(meta: &Meta<'_>, item: u32, bytes: &[u8]) -> Result<u64, PhotoProblem> {
    let location: &ItemLocation = meta.location(item).ok_or(PhotoProblem::Corrupt)?;
    let room = match location.construction {
        Construction::File => bytes.len() as u64,
        Construction::Idat => meta.idat.ok_or(PhotoProblem::Corrupt)?.len() as u64,
        // Items made of pieces of other items: nobody writes photos so.
        Construction::Item => return Err(PhotoProblem::Corrupt),
    };
    let mut length = 0u64;
    for extent in &location.extents {
        let from = location.base_offset.checked_add(extent.offset);
        let from = from.ok_or(PhotoProblem::Corrupt)?;
        // A length of nothing means all that is left.
        let to = if extent.length == 0 {
            room.max(from)
        } else {
            from.checked_add(extent.length)
                .ok_or(PhotoProblem::Corrupt)?
        };
        if to > room {
            return Err(PhotoProblem::Truncated);
        }
        length = length.saturating_add(to - from);
    }
    Ok(length)
}

fn decode(
    bytes: &[u8],
    primary: &ItemProps<'_>,
    pixels: u64,
) -> Result<Option<Picture>, PhotoProblem> {
    let options = DecodeOptions {
        max_pixels: Some(pixels),
        ..DecodeOptions::default()
    };
    let image = match heic_rs::decode(bytes, &options) {
        Ok(image) => image,
        Err(Error::Truncated(_)) => return Err(PhotoProblem::Truncated),
        // Not known to this decoder is not broken: other readers may know it.
        Err(_) => return Ok(None),
    };
    Ok(Some(Picture {
        width: image.width,
        height: image.height,
        profile: profile(primary),
        pixels: shrunk(&image.data, image.width, image.height),
        // The file's own turns are applied; those in EXIF repeat them.
        upright: true,
    }))
}

fn shrunk(data: &[u8], width: u32, height: u32) -> Pixels {
    let mut small = Shrink::of(width, height);
    for row in data.chunks_exact((width as usize * Kind::Rgb.samples()).max(1)) {
        small.row(row);
    }
    small.finish()
}

fn profile(primary: &ItemProps<'_>) -> Option<Profile> {
    match (primary.icc, primary.nclx) {
        (Some(icc), _) if icc.len() <= MAX_PROFILE_BYTES => Some(Profile::Icc(icc.to_vec())),
        (_, Some(coded)) => Some(Profile::Coded {
            primaries: u8::try_from(coded.primaries).ok()?,
            transfer: u8::try_from(coded.transfer).ok()?,
        }),
        _ => None,
    }
}

/// The EXIF item: how far its header is from its beginning, then perhaps its name, then the header.
fn exif_block<'a>(meta: &Meta<'a>, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let item = meta.items.iter().find(|i| &i.item_type == b"Exif")?;
    let data = meta.item_data(bytes, item.id).ok()?;
    let skip = match data.get(..4) {
        Some([a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]) as usize,
        _ => return None,
    };
    let skip = if skip < data.len() { 4 + skip } else { 4 };
    Some(match data {
        Cow::Borrowed(data) => Cow::Borrowed(exif::cut(data.get(skip..)?)),
        Cow::Owned(data) => Cow::Owned(exif::cut(data.get(skip..)?).to_vec()),
    })
}

fn broken(error: Error) -> PhotoProblem {
    match error {
        Error::Truncated(_) | Error::BoxTooLarge { .. } => PhotoProblem::Truncated,
        _ => PhotoProblem::Corrupt,
    }
}
