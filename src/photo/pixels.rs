//! Pixels: scaling, turning, writing.

use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image};
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::PhotoProblem;

/// Scales a picture down so that its long edge has `edge` pixels at most; never up.
pub(super) fn fit(picture: RgbImage, edge: u32) -> Result<RgbImage, PhotoProblem> {
    let (width, height) = picture.dimensions();
    let long = width.max(height);
    if long <= edge {
        return Ok(picture);
    }
    let scaled = |side: u32| {
        (u64::from(side) * u64::from(edge))
            .div_ceil(u64::from(long))
            .max(1) as u32
    };
    let (to_width, to_height) = (scaled(width).min(edge), scaled(height).min(edge));
    let corrupt = |_| PhotoProblem::Corrupt;
    let source = Image::from_vec_u8(width, height, picture.into_raw(), PixelType::U8x3)
        .map_err(|_| PhotoProblem::Corrupt)?;
    let mut target = Image::new(to_width, to_height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(corrupt)?;
    RgbImage::from_raw(to_width, to_height, target.into_vec()).ok_or(PhotoProblem::Corrupt)
}

/// Width and height after an EXIF orientation is applied.
pub(super) fn turned_size(width: u32, height: u32, orientation: u8) -> (u32, u32) {
    if (5..=8).contains(&orientation) {
        (height, width)
    } else {
        (width, height)
    }
}

/// Applies an EXIF orientation (1 to 8).
pub(super) fn turn(picture: RgbImage, orientation: u8) -> RgbImage {
    use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
    match orientation {
        2 => flip_horizontal(&picture),
        3 => rotate180(&picture),
        4 => flip_vertical(&picture),
        5 => flip_horizontal(&rotate90(&picture)),
        6 => rotate90(&picture),
        7 => flip_horizontal(&rotate270(&picture)),
        8 => rotate270(&picture),
        _ => picture,
    }
}

/// Writes a JPEG with nothing in it but pixels.
pub(super) fn to_jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, PhotoProblem> {
    let side = |n: u32| u16::try_from(n).map_err(|_| PhotoProblem::Corrupt);
    let (width, height) = (side(picture.width())?, side(picture.height())?);
    let mut out = Vec::with_capacity(picture.as_raw().len() / 8);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(picture.as_raw(), width, height, ColorType::Rgb)
        .map_err(|_| PhotoProblem::Corrupt)?;
    Ok(out)
}
