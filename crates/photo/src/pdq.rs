//! The PDQ perceptual hash: 256 bits that survive re-encoding, scaling and small edits.
//!
//! Built from the published description: luminance, two passes of box filters, 64×64 samples, a
//! two-dimensional cosine transform, and one bit for each of the 16×16 lowest frequencies, set
//! when it lies above their median.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::PhotoProblem;
use super::pixels::{Srgb, fit_srgb};

/// Bits by which two hashes of one picture may differ, as the hash's authors recommend.
pub const SAME_PICTURE_BITS: u32 = 31;

/// Points of quality below which a hash tells nothing, as the hash's authors recommend.
const QUALITY_MIN: i32 = 50;

/// The long edge at which the hash is taken; larger pictures tell it nothing more.
const HASH_EDGE: u32 = 512;
const SAMPLES: usize = 64;
const FREQUENCIES: usize = 16;

/// A 256-bit hash, most significant word first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PerceptualHash([u16; FREQUENCIES]);

impl PerceptualHash {
    /// Bits in which two hashes differ, 0 to 256.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0
            .iter()
            .zip(&other.0)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum()
    }
}

impl PerceptualHash {
    /// The hash in 16 pieces of 16 bits.
    #[must_use]
    pub const fn bands(&self) -> [u16; FREQUENCIES] {
        self.0
    }

    /// The hashes the picture would have if it were mirrored or turned by quarters, itself first.
    /// Mirroring changes the sign of every other frequency, and a sign is what a bit tells; it is
    /// exact but for the frequencies next to the median.
    #[must_use]
    pub fn turned(&self) -> [Self; 8] {
        const EVERY_OTHER: u16 = 0x5555;
        let across = |hash: Self| Self(hash.0.map(|word| word ^ EVERY_OTHER));
        let down = |hash: Self| {
            let mut words = hash.0;
            // The last word is the lowest frequency.
            words
                .iter_mut()
                .rev()
                .step_by(2)
                .for_each(|word| *word = !*word);
            Self(words)
        };
        let diagonal = |hash: Self| {
            let mut words = [0u16; FREQUENCIES];
            for (row, word) in hash.0.iter().rev().enumerate() {
                for (column, turned) in words.iter_mut().rev().enumerate() {
                    *turned |= ((word >> column) & 1) << row;
                }
            }
            Self(words)
        };
        let upright = [*self, across(*self), down(*self), across(down(*self))];
        let [a, b, c, d] = upright;
        [
            a,
            b,
            c,
            d,
            diagonal(a),
            diagonal(b),
            diagonal(c),
            diagonal(d),
        ]
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:04x}"))
    }
}

/// Not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a perceptual hash is 64 hexadecimal digits")]
pub struct NoHash;

impl FromStr for PerceptualHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        if text.len() != FREQUENCIES * 4 || !text.is_ascii() {
            return Err(NoHash);
        }
        let mut words = [0; FREQUENCIES];
        for (at, word) in words.iter_mut().enumerate() {
            let digits = text.get(at * 4..at * 4 + 4).ok_or(NoHash)?;
            *word = u16::from_str_radix(digits, 16).map_err(|_| NoHash)?;
        }
        Ok(Self(words))
    }
}

/// The hash of a picture, and whether there is enough in the picture for it to tell anything: of a
/// night sky or a white wall it tells nothing.
pub(super) fn hash(picture: &Srgb) -> Result<(PerceptualHash, bool), PhotoProblem> {
    let picture = fit_srgb(picture.clone(), HASH_EDGE)?;
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut luma: Vec<f32> = picture
        .pixels()
        .iter()
        .map(|pixel| {
            let [r, g, b] = pixel.map(f32::from);
            0.299 * r + 0.587 * g + 0.114 * b
        })
        .collect();
    for _ in 0..2 {
        luma = blur_rows(&luma, width, window(width));
        luma = transpose(&luma, width);
        luma = blur_rows(&luma, height, window(height));
        luma = transpose(&luma, height);
    }
    let samples = sample(&luma, width, height);
    let telling = quality(&samples) >= QUALITY_MIN;
    Ok((threshold(&transform(&samples)), telling))
}

/// How much there is in a picture, 0 to 100, as the hash's authors reckon it: the differences of
/// neighbouring samples in per cent of the whole range, of which 90 make a point.
fn quality(samples: &[f32]) -> i32 {
    let step = |a: &f32, b: &f32| (((a - b) * 100.0 / 255.0) as i32).abs();
    let across = samples
        .chunks(SAMPLES)
        .flat_map(|row| row.iter().zip(row.iter().skip(1)));
    let down = samples.iter().zip(samples.iter().skip(SAMPLES));
    let differences: i32 = across.chain(down).map(|(a, b)| step(a, b)).sum();
    (differences / 90).min(100)
}

/// Width of the box that covers what one sample stands for.
fn window(side: usize) -> usize {
    side.div_ceil(2 * SAMPLES).max(1)
}

/// A box filter along each row; at the ends the box covers what there is.
fn blur_rows(values: &[f32], width: usize, window: usize) -> Vec<f32> {
    let (back, ahead) = (window - window.div_ceil(2), window.div_ceil(2));
    values
        .chunks(width.max(1))
        .flat_map(|row| {
            let mut sums = Vec::with_capacity(row.len() + 1);
            sums.push(0.0f64);
            let mut sum = 0.0;
            for value in row {
                sum += f64::from(*value);
                sums.push(sum);
            }
            (0..row.len()).map(move |at| {
                let from = at.saturating_sub(back);
                let to = (at + ahead).min(sums.len() - 1);
                let total = sums.get(to).zip(sums.get(from)).map_or(0.0, |(b, a)| b - a);
                (total / (to - from).max(1) as f64) as f32
            })
        })
        .collect()
}

fn transpose(values: &[f32], width: usize) -> Vec<f32> {
    (0..width)
        .flat_map(|column| values.iter().skip(column).step_by(width.max(1)).copied())
        .collect()
}

fn sample(luma: &[f32], width: usize, height: usize) -> Vec<f32> {
    let at = |step: usize, side: usize| (2 * step + 1) * side / (2 * SAMPLES);
    (0..SAMPLES)
        .flat_map(|row| {
            let row = at(row, height) * width;
            (0..SAMPLES)
                .map(move |column| luma.get(row + at(column, width)).copied().unwrap_or(0.0))
        })
        .collect()
}

/// The 16×16 lowest frequencies of the cosine transform, the constant one left out.
fn transform(samples: &[f32]) -> Vec<f32> {
    let basis: Vec<f32> = (0..FREQUENCIES)
        .flat_map(|i| {
            (0..SAMPLES).map(move |j| {
                let angle = std::f64::consts::PI / (2.0 * SAMPLES as f64)
                    * (i as f64 + 1.0)
                    * (2.0 * j as f64 + 1.0);
                ((2.0 / SAMPLES as f64).sqrt() * angle.cos()) as f32
            })
        })
        .collect();
    let dot = |a: &[f32], b: &mut dyn Iterator<Item = f32>| -> f32 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    };
    // Rows first: basis × samples, 16×64; then columns: × basis transposed, 16×16.
    let half: Vec<f32> = basis
        .chunks(SAMPLES)
        .flat_map(|wave| {
            (0..SAMPLES).map(move |column| {
                dot(
                    wave,
                    &mut samples.iter().skip(column).step_by(SAMPLES).copied(),
                )
            })
        })
        .collect();
    half.chunks(SAMPLES)
        .flat_map(|row| {
            basis
                .chunks(SAMPLES)
                .map(move |wave| dot(row, &mut wave.iter().copied()))
        })
        .collect()
}

fn threshold(frequencies: &[f32]) -> PerceptualHash {
    let mut sorted = frequencies.to_vec();
    sorted.sort_by(f32::total_cmp);
    // The lower of the two middle values, as the reference takes it.
    let median = sorted.get(sorted.len() / 2 - 1).copied().unwrap_or(0.0);
    let mut words = [0u16; FREQUENCIES];
    for (row, word) in frequencies.chunks(FREQUENCIES).zip(words.iter_mut().rev()) {
        for (bit, value) in row.iter().enumerate() {
            *word |= u16::from(*value > median) << bit;
        }
    }
    PerceptualHash(words)
}
