//! Decoding within bounds.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};

use super::{LARGE_EDGE, MediaType, PhotoLimits, PhotoProblem};

/// A picture as decoded: full size by its header, pixels perhaps already scaled down.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: RgbImage,
}

/// Scans of a progressive JPEG at most. Cameras write ten or so; a crafted file writes thousands
/// to keep a decoder busy.
const MAX_SCANS: usize = 100;

/// Memory a decoder may take: 60 megapixels of 16-bit RGBA.
const MAX_DECODER_BYTES: u64 = 512 * 1024 * 1024;

pub(super) fn picture(
    bytes: &[u8],
    media_type: MediaType,
    limits: PhotoLimits,
) -> Result<Picture, PhotoProblem> {
    match media_type {
        MediaType::Jpeg => jpeg(bytes, limits),
        _ => other(bytes, limits),
    }
}

fn check_size(width: u32, height: u32, limits: PhotoLimits) -> Result<(), PhotoProblem> {
    match u64::from(width) * u64::from(height) {
        0 => Err(PhotoProblem::Corrupt),
        pixels if pixels > limits.pixels => Err(PhotoProblem::TooManyPixels(limits.pixels)),
        _ => Ok(()),
    }
}

/// A JPEG, decoded at 1/2, 1/4 or 1/8 scale when the large derivative allows: most of the work
/// for a phone's picture is never done.
fn jpeg(bytes: &[u8], limits: PhotoLimits) -> Result<Picture, PhotoProblem> {
    let marker = |second: u8| bytes.windows(2).filter(move |w| *w == [0xff, second]);
    if marker(0xda).take(MAX_SCANS + 1).count() > MAX_SCANS {
        return Err(PhotoProblem::Corrupt);
    }
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.read_info().map_err(broken)?;
    let info = decoder.info().ok_or(PhotoProblem::Corrupt)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(width, height, limits)?;
    // Decoders fill what is missing with grey; a photo that was cut off is refused instead, so
    // that the phone sends it again.
    let last_scan = bytes
        .windows(2)
        .rposition(|w| w == [0xff, 0xda])
        .unwrap_or(0);
    if !bytes
        .get(last_scan..)
        .is_some_and(|tail| tail.windows(2).any(|w| w == [0xff, 0xd9]))
    {
        return Err(PhotoProblem::Truncated);
    }
    decoder.set_max_decoding_buffer_size(usize::try_from(MAX_DECODER_BYTES).unwrap_or(usize::MAX));
    let long = width.max(height).max(1);
    let wanted = |side: u32| {
        u16::try_from(side * LARGE_EDGE / long)
            .unwrap_or(u16::MAX)
            .max(1)
    };
    if long > LARGE_EDGE {
        decoder
            .scale(wanted(width), wanted(height))
            .map_err(broken)?;
    }
    let raw = decoder.decode().map_err(broken)?;
    let info = decoder.info().ok_or(PhotoProblem::Corrupt)?;
    let pixels = to_rgb(
        raw,
        u32::from(info.width),
        u32::from(info.height),
        info.pixel_format,
    )?;
    Ok(Picture {
        width,
        height,
        pixels,
    })
}

fn broken(error: jpeg_decoder::Error) -> PhotoProblem {
    match error {
        jpeg_decoder::Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoProblem::Truncated
        }
        _ => PhotoProblem::Corrupt,
    }
}

fn to_rgb(
    raw: Vec<u8>,
    width: u32,
    height: u32,
    format: PixelFormat,
) -> Result<RgbImage, PhotoProblem> {
    let rgb: Vec<u8> = match format {
        PixelFormat::RGB24 => raw,
        PixelFormat::L8 => raw.iter().flat_map(|v| [*v; 3]).collect(),
        // Native-endian 16-bit samples; the high byte is what eight bits can show.
        PixelFormat::L16 => raw
            .chunks_exact(2)
            .flat_map(|pair| [(pair.iter().fold(0, |_, b| u16::from(*b)) & 0xff) as u8; 3])
            .collect(),
        PixelFormat::CMYK32 => raw.chunks_exact(4).flat_map(cmyk_to_rgb).collect(),
    };
    RgbImage::from_raw(width, height, rgb).ok_or(PhotoProblem::Corrupt)
}

/// CMYK as JPEG carries it (inverted, as Adobe writes it): each ink times black.
fn cmyk_to_rgb(pixel: &[u8]) -> [u8; 3] {
    let ink = |at: usize| u16::from(pixel.get(at).copied().unwrap_or(0));
    let black = 255 - ink(3);
    [0, 1, 2].map(|at| ((255 - ink(at)) * black / 255) as u8)
}

/// PNG and WebP, the first frame, laid on white.
fn other(bytes: &[u8], limits: PhotoLimits) -> Result<Picture, PhotoProblem> {
    let broken = |e: image::ImageError| match e {
        image::ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoProblem::Truncated
        }
        image::ImageError::Limits(_) => PhotoProblem::TooManyPixels(limits.pixels),
        _ => PhotoProblem::Corrupt,
    };
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| PhotoProblem::Corrupt)?;
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    let mut memory = Limits::default();
    memory.max_alloc = Some(MAX_DECODER_BYTES);
    decoder.set_limits(memory).map_err(broken)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok(Picture {
        width,
        height,
        pixels: on_white(decoded),
    })
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, alpha] = from.0;
        let blend = |v: u8| {
            let alpha = u16::from(alpha);
            ((u16::from(v) * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        to.0 = [blend(r), blend(g), blend(b)];
    }
    rgb
}
