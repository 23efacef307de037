//! Pixels: scaling, turning, writing.

use fast_image_resize::images::TypedImage;
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
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

/// A picture in sRGB.
#[derive(Debug, Clone)]
pub(super) struct Srgb {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Red, green and blue, eight bits each, row by row, nothing between.
    data: Vec<u8>,
}

impl Srgb {
    /// A picture of samples that mean sRGB.
    ///
    /// # Errors
    /// When there are not as many samples as the size says.
    pub(super) fn new(width: u32, height: u32, mut data: Vec<u8>) -> Result<Self, PhotoProblem> {
        let samples = u64::from(width) * u64::from(height) * Kind::Rgb.samples() as u64;
        let samples = usize::try_from(samples).map_err(|_| PhotoProblem::Corrupt)?;
        if data.len() < samples {
            return Err(PhotoProblem::Corrupt);
        }
        data.truncate(samples);
        Ok(Self {
            width,
            height,
            data,
        })
    }

    /// Its pixels, row by row.
    pub(super) fn pixels(&self) -> &[[u8; 3]] {
        self.data.as_chunks().0
    }
}

/// Scales a picture down so that its long edge has `edge` pixels at most; never up.
pub(super) fn fit(picture: Pixels, edge: u32) -> Result<Pixels, PhotoProblem> {
    let long = picture.width.max(picture.height);
    if long <= edge {
        return Ok(picture);
    }
    let side = |side: u32| {
        (u64::from(side) * u64::from(edge))
            .div_ceil(u64::from(long))
            .clamp(1, u64::from(edge)) as u32
    };
    let (width, height) = (side(picture.width), side(picture.height));
    let Pixels {
        width: from_width,
        height: from_height,
        kind,
        data,
    } = picture;
    let scaled = |samples| scaled(samples, (from_width, from_height), (width, height));
    let data = match kind {
        Kind::Rgb => scaled(data)?,
        Kind::Grey => first_of_three(&scaled(thrice(data.into_iter()))?).collect(),
        Kind::Cmyk => {
            let black = scaled(thrice(data.iter().skip(3).step_by(4).copied()))?;
            let colours = scaled(
                data.as_chunks::<4>()
                    .0
                    .iter()
                    .flat_map(|[c, m, y, _]| [*c, *m, *y])
                    .collect(),
            )?;
            drop(data);
            let pixels = colours
                .as_chunks::<3>()
                .0
                .iter()
                .zip(first_of_three(&black));
            pixels.flat_map(|([c, m, y], k)| [*c, *m, *y, k]).collect()
        }
    };
    Ok(Pixels {
        width,
        height,
        kind,
        data,
    })
}

/// Each sample three times, as if grey were a colour.
pub(super) fn thrice(samples: impl Iterator<Item = u8>) -> Vec<u8> {
    samples.flat_map(|sample| [sample; 3]).collect()
}

fn first_of_three(samples: &[u8]) -> impl Iterator<Item = u8> {
    samples.as_chunks::<3>().0.iter().map(|[first, ..]| *first)
}

/// Pixels of three samples each at another size.
///
/// Grey and inks are scaled as such as well, and both sides are views of one type, because the
/// resizer is compiled anew for each kind of pixel and each pair of views: a minute of a build.
fn scaled(mut samples: Vec<u8>, from: (u32, u32), to: (u32, u32)) -> Result<Vec<u8>, PhotoProblem> {
    let (width, height) = to;
    let mut data = vec![0; width as usize * height as usize * Kind::Rgb.samples()];
    let source = TypedImage::<U8x3>::from_buffer(from.0, from.1, &mut samples);
    let target = TypedImage::<U8x3>::from_buffer(width, height, &mut data);
    let (Ok(source), Ok(mut target)) = (source, target) else {
        return Err(PhotoProblem::Corrupt);
    };
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(false);
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|_| PhotoProblem::Corrupt)?;
    Ok(data)
}

/// The same for a picture in sRGB.
pub(super) fn fit_srgb(picture: Srgb, edge: u32) -> Result<Srgb, PhotoProblem> {
    let Srgb {
        width,
        height,
        data,
    } = picture;
    let kind = Kind::Rgb;
    let fitted = fit(
        Pixels {
            width,
            height,
            kind,
            data,
        },
        edge,
    )?;
    Srgb::new(fitted.width, fitted.height, fitted.data)
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
pub(super) fn turn(picture: Srgb, orientation: u8) -> Srgb {
    // Whether rows become columns, and from which ends columns and rows are then read.
    let (is_transposed, from_right, from_below) = match orientation {
        2 => (false, true, false),
        3 => (false, true, true),
        4 => (false, false, true),
        5 => (true, false, false),
        6 => (true, false, true),
        7 => (true, true, true),
        8 => (true, true, false),
        _ => return picture,
    };
    let (columns, rows) = (picture.width as usize, picture.height as usize);
    let (width, height) = turned_size(picture.width, picture.height, orientation);
    let pixels = picture.pixels();
    let mut data = Vec::with_capacity(picture.data.len());
    for y in 0..height as usize {
        for x in 0..width as usize {
            let (column, row) = if is_transposed { (y, x) } else { (x, y) };
            let column = if from_right {
                columns - 1 - column
            } else {
                column
            };
            let row = if from_below { rows - 1 - row } else { row };
            let pixel = pixels.get(row * columns + column).copied();
            data.extend_from_slice(&pixel.unwrap_or_default());
        }
    }
    Srgb {
        width,
        height,
        data,
    }
}

/// Writes a JPEG with nothing in it but pixels.
pub(super) fn to_jpeg(picture: &Srgb, quality: u8) -> Result<Vec<u8>, PhotoProblem> {
    let side = |n: u32| u16::try_from(n).map_err(|_| PhotoProblem::Corrupt);
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let mut out = Vec::with_capacity(picture.data.len() / 8);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder
        .encode(&picture.data, width, height, ColorType::Rgb)
        .map_err(|_| PhotoProblem::Corrupt)?;
    Ok(out)
}
