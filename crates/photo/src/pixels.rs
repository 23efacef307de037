//! Pixels: scaling, turning, writing.

use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image};
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{LARGE_EDGE, PhotoProblem};

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One sample of grey.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Four inks, 255 for all of it.
    Cmyk,
}

impl Kind {
    /// Samples of a pixel, each of eight bits.
    pub(super) const fn samples(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Pixels in the colours of their file.
#[derive(Debug)]
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) kind: Kind,
    /// Row by row, nothing between.
    pub(super) data: Vec<u8>,
}

/// Scales a picture down so that its long edge has `edge` pixels at most; never up.
pub(super) fn fit(picture: Pixels, edge: u32) -> Result<Pixels, PhotoProblem> {
    let Pixels {
        width,
        height,
        kind,
        data,
    } = picture;
    let long = width.max(height);
    if long <= edge {
        return Ok(Pixels {
            width,
            height,
            kind,
            data,
        });
    }
    let scaled = |side: u32| {
        (u64::from(side) * u64::from(edge))
            .div_ceil(u64::from(long))
            .max(1) as u32
    };
    let (to_width, to_height) = (scaled(width).min(edge), scaled(height).min(edge));
    let samples = match kind {
        Kind::Grey => PixelType::U8,
        Kind::Rgb => PixelType::U8x3,
        Kind::Cmyk => PixelType::U8x4,
    };
    let source =
        Image::from_vec_u8(width, height, data, samples).map_err(|_| PhotoProblem::Corrupt)?;
    let mut target = Image::new(to_width, to_height, samples);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|_| PhotoProblem::Corrupt)?;
    Ok(Pixels {
        width: to_width,
        height: to_height,
        kind,
        data: target.into_vec(),
    })
}

/// The same for a picture in sRGB.
pub(super) fn fit_rgb(picture: RgbImage, edge: u32) -> Result<RgbImage, PhotoProblem> {
    let (width, height) = picture.dimensions();
    let fitted = fit(
        Pixels {
            width,
            height,
            kind: Kind::Rgb,
            data: picture.into_raw(),
        },
        edge,
    )?;
    RgbImage::from_raw(fitted.width, fitted.height, fitted.data).ok_or(PhotoProblem::Corrupt)
}

/// A picture that is made smaller while its rows come in, so that a large one is never held whole:
/// each square of `step` × `step` pixels becomes their mean.
pub(super) struct Shrink {
    width: usize,
    height: u32,
    step: usize,
    /// Sums of the row of squares that is being filled.
    sums: Vec<u32>,
    rows: usize,
    data: Vec<u8>,
}

impl Shrink {
    /// Of a picture of a size, to no less than twice the long edge of the large copy.
    pub(super) fn of(width: u32, height: u32) -> Self {
        let step = (width.max(height) / (2 * LARGE_EDGE)).max(1) as usize;
        let width = width as usize;
        Self {
            width,
            height,
            step,
            sums: vec![0; width.div_ceil(step) * 3],
            rows: 0,
            data: Vec::with_capacity(width.div_ceil(step) * 3 * (height as usize).div_ceil(step)),
        }
    }

    /// Takes a row of red, green and blue.
    pub(super) fn row(&mut self, row: &[u8]) {
        if self.step == 1 {
            self.data.extend_from_slice(row);
            return;
        }
        for (sums, square) in self.sums.chunks_exact_mut(3).zip(row.chunks(3 * self.step)) {
            for pixel in square.chunks_exact(3) {
                for (sum, sample) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(*sample);
                }
            }
        }
        self.rows += 1;
        if self.rows == self.step {
            self.close_squares();
        }
    }

    fn close_squares(&mut self) {
        let last = self.width.div_ceil(self.step).saturating_sub(1);
        for (at, sums) in self.sums.chunks_exact_mut(3).enumerate() {
            let across = if at == last {
                self.width - last * self.step
            } else {
                self.step
            };
            let pixels = (across * self.rows).max(1) as u32;
            self.data
                .extend(sums.iter().map(|sum| (sum / pixels) as u8));
            sums.fill(0);
        }
        self.rows = 0;
    }

    /// The smaller picture.
    pub(super) fn finish(mut self) -> Pixels {
        if self.rows > 0 {
            self.close_squares();
        }
        Pixels {
            width: self.width.div_ceil(self.step) as u32,
            height: self.height.div_ceil(self.step as u32),
            kind: Kind::Rgb,
            data: self.data,
        }
    }
}

/// A sample laid on white as far as it is see-through.
pub(super) fn on_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u16::from(sample), u16::from(alpha));
    ((sample * alpha + 255 * (255 - alpha)) / 255) as u8
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
