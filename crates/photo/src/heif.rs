//! HEIC and AVIF: the container walked, HEIC decoded.
//!
//! Both are boxes within boxes: a catalogue of items, where each item's bytes lie, how large the
//! picture is. What merely begins like one is no photo: the primary picture and all its tiles must
//! lie within the file.
//!
//! A HEIC whose picture the decoder does not know (layers, uncompressed, colours by a matrix that
//! nobody writes) or that would take it longer than a photo may is kept sealed only, as every AVIF
//! is: a decoder for AV1 without an assembler at build time takes several times what a photo may
//! cost.

use std::borrow::Cow;

use heic_rs::grid::{self, Grid};
use heic_rs::meta::iloc::{Construction, ItemLocation};
use heic_rs::meta::iref::{RefKind, targets};
use heic_rs::meta::{self, Meta};
use heic_rs::props::hvcc::NAL_SPS;
use heic_rs::props::{self, ItemProps};
use heic_rs::{Error, Nclx, PixelLayout, color, hevc, transform};

use super::colour::Profile;
use super::exif::Blocks;
use super::hevc_header::{self, Header};
use super::jpeg_walk::MAX_PROFILE_BYTES;
use super::pixels::{Kind, Pixels, Shrink};
use super::{Depth, MAX_SIDE, Opened, PhotoLimits, PhotoProblem, Picture};

/// Items at most; a picture of two hundred megapixels in tiles of 512 has eight hundred.
const MAX_ITEMS: usize = 2_000;

/// Boxes at the outermost level at most.
const MAX_BOXES: usize = 1_000;

/// Nanoseconds a sample takes to decode, and a byte of coded data, on a machine that does nothing
/// else: an even picture of three megapixels took 11 ns a pixel of a sample and a half, one full of
/// detail 70 to 95, a phone's of twelve megapixels and 1.5 MB 44.
const SAMPLE_NS: u64 = 17;
const BYTE_NS: u64 = 150;

/// Nanoseconds beyond which a HEIC is kept without being decoded. A machine that is busy takes
/// nearly twice as long; what is given up on then is kept like this as well.
const DECODE_NS: u64 = 800_000_000;

pub(super) fn open(
    bytes: &[u8],
    limits: PhotoLimits,
    depth: Depth,
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
    let picture = match depth {
        Depth::Pixels => match decode(bytes, &meta, &primary, coded, pixels) {
            Ok(picture) => picture,
            Err(Error::Truncated(_)) => return Err(PhotoProblem::Truncated),
            // Not known to this decoder is not broken: other readers may know it.
            Err(_) => None,
        },
        Depth::Structure => None,
    };
    Ok(Opened {
        exif: exif_blocks(&meta, bytes),
        end_missing: false,
        trailer: end < bytes.len(),
        picture,
    })
}

/// Where the last of the picture's own boxes ends. What stands behind it is a maker's own, or a
/// film that begins like a file.
///
/// # Errors
/// When a box of the picture's catalogue or data ends behind the file.
fn end_of_boxes(bytes: &[u8]) -> Result<usize, PhotoProblem> {
    let (mut at, mut end) = (0, 0);
    for _ in 0..MAX_BOXES {
        let Some([s3, s2, s1, s0, kind @ ..]) = bytes.get(at..at + 8) else {
            return Ok(end);
        };
        if kind == b"ftyp" && at > 0 {
            return Ok(end);
        }
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
        let is_own = matches!(kind, b"ftyp" | b"meta" | b"mdat" | b"moov");
        match at.checked_add(size).filter(|end| *end <= bytes.len()) {
            Some(next) if size >= 8 => {
                at = next;
                if is_own {
                    end = next;
                }
            }
            _ if is_own => return Err(PhotoProblem::Truncated),
            _ => return Ok(end),
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

/// Decodes the picture, or its tiles one by one; `None` when that would take too long, or its
/// colours are not known.
fn decode(
    bytes: &[u8],
    meta: &Meta<'_>,
    primary: &ItemProps<'_>,
    coded: u64,
    pixels: u64,
) -> heic_rs::Result<Option<Picture>> {
    let grid = grid_of(bytes, meta)?;
    let parts = match &grid {
        Some(_) => targets(&meta.refs, meta.primary, RefKind::Dimg),
        None => &[meta.primary],
    };
    let props = parts.iter().map(|part| props::gather(&meta.props, *part));
    let props: Vec<ItemProps<'_>> = props.collect::<heic_rs::Result<_>>()?;
    let headers: Option<Vec<Header>> = props.iter().map(header_of).collect();
    let (Some(headers), Some(first)) = (headers, props.first()) else {
        return Ok(None);
    };
    let samples: u64 = headers.iter().map(|header| header.samples).sum();
    let affordable = samples * SAMPLE_NS + coded * BYTE_NS <= DECODE_NS;
    let named = primary.nclx.or(first.nclx);
    let named = named.or(headers.first().map(|header| header.colours));
    let Some(colours) = named
        .and_then(hevc_header::convertible)
        .filter(|_| affordable)
    else {
        return Ok(None);
    };
    let frames = parts.iter().zip(&props).map(|(part, props)| {
        let config = props.hvcc.as_ref().ok_or(Error::MissingBox("hvcC"))?;
        let data = meta.item_data(bytes, *part)?;
        hevc::decode_still(&config.parameter_sets(), &config.split_nals(&data)?)
    });
    let mut frames: Vec<hevc::Frame> = frames.collect::<heic_rs::Result<_>>()?;
    let frame = match grid {
        Some(grid) => grid::compose(&grid, &frames, pixels)?,
        None => frames.pop().ok_or(Error::MissingItem(meta.primary))?,
    };
    drop(frames);
    let image = color::convert(&frame, None, colours, PixelLayout::Rgb8, pixels, None)?;
    drop(frame);
    let image = transform::apply_all(image, &primary.transforms)?;
    Ok(Some(Picture {
        width: image.width,
        height: image.height,
        profile: profile(primary.icc.or(first.icc), colours),
        pixels: shrunk(&image.data, image.width, image.height),
        // The file's own turns are applied; those in EXIF repeat them.
        upright: true,
    }))
}

/// How the primary picture is laid out in tiles, if it is.
fn grid_of(bytes: &[u8], meta: &Meta<'_>) -> heic_rs::Result<Option<Grid>> {
    if !meta.primary_item()?.is_grid() {
        return Ok(None);
    }
    let grid = grid::parse(&meta.item_data(bytes, meta.primary)?)?;
    grid::check_tiles(&grid, targets(&meta.refs, meta.primary, RefKind::Dimg))?;
    Ok(Some(grid))
}

/// The header of a coded picture; of several, the one that asks for most work.
fn header_of(props: &ItemProps<'_>) -> Option<Header> {
    let arrays = &props.hvcc.as_ref()?.arrays;
    let units = arrays.iter().filter(|array| array.nal_type == NAL_SPS);
    let headers: Option<Vec<Header>> = units
        .flat_map(|array| &array.nals)
        .map(|unit| hevc_header::read(unit))
        .collect();
    headers?.into_iter().max_by_key(|header| header.samples)
}

fn shrunk(data: &[u8], width: u32, height: u32) -> Pixels {
    let mut small = Shrink::of(width, height);
    for row in data.chunks_exact((width as usize * Kind::Rgb.samples()).max(1)) {
        small.row(row);
    }
    small.finish()
}

fn profile(icc: Option<&[u8]>, colours: Nclx) -> Option<Profile> {
    match icc {
        Some(icc) if icc.len() <= MAX_PROFILE_BYTES => Some(Profile::Icc(icc.to_vec())),
        _ => Some(Profile::Coded {
            primaries: u8::try_from(colours.primaries).ok()?,
            transfer: u8::try_from(colours.transfer).ok()?,
        }),
    }
}

/// The EXIF items: how far the header is from the beginning, then perhaps its name, then the header.
fn exif_blocks<'a>(meta: &Meta<'a>, bytes: &'a [u8]) -> Blocks<'a> {
    let mut blocks = Blocks::default();
    for item in meta.items.iter().filter(|i| &i.item_type == b"Exif") {
        if !blocks.has_room() {
            break;
        }
        let Ok(data) = meta.item_data(bytes, item.id) else {
            continue;
        };
        let skip = match data.get(..4) {
            Some([a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]) as usize,
            _ => continue,
        };
        let skip = if skip < data.len() - 4 { 4 + skip } else { 4 };
        match data {
            Cow::Borrowed(data) => blocks.add(data.get(skip..).unwrap_or_default()),
            Cow::Owned(data) => blocks.add(data.get(skip..).unwrap_or_default().to_vec()),
        }
    }
    blocks
}

fn broken(error: Error) -> PhotoProblem {
    match error {
        Error::Truncated(_) | Error::BoxTooLarge { .. } => PhotoProblem::Truncated,
        _ => PhotoProblem::Corrupt,
    }
}
