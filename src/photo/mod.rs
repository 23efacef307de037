//! Photos: bytes in, facts and derivatives out. Pure: no files, no database, no HTTP.
//!
//! Every upload is hostile until decoded. The type is what the content says, whatever the name
//! says; sizes are read from the header before anything is decoded; decoders get memory limits,
//! and a decoder that panics on a crafted file loses that file, not the process.
//!
//! What a photo tells (time, place, device) is kept as facts; the public copies carry nothing but
//! pixels.

mod decode;
mod exif;
mod pdq;
mod pixels;
pub mod sample;
mod sniff;

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, NaiveDateTime, Utc};
use sha2::{Digest, Sha256};

pub use pdq::{PerceptualHash, SAME_PICTURE_BITS};
pub use sniff::MediaType;

/// Long edge of the large public derivative, in pixels.
pub const LARGE_EDGE: u32 = 1600;
/// Long edge of the small public derivative, in pixels.
pub const SMALL_EDGE: u32 = 400;

/// What a photo may be.
#[derive(Debug, Clone, Copy)]
pub struct PhotoLimits {
    /// Bytes at most.
    pub bytes: usize,
    /// Pixels at most.
    pub pixels: u64,
}

/// A photo that was taken in.
#[derive(Debug, Clone)]
pub struct Processed {
    /// SHA-256 of the original, hex.
    pub sha256: String,
    /// What it is.
    pub media_type: MediaType,
    /// Width in pixels, after orientation; `None` when the type is kept sealed only.
    pub width: Option<u32>,
    /// Height in pixels, after orientation.
    pub height: Option<u32>,
    /// What it tells about itself.
    pub facts: Facts,
    /// Public derivatives and hash; `None` for a type that is kept sealed only (HEIC, AVIF): no
    /// maintained decoder with a fitting licence builds without system libraries.
    pub derived: Option<Derived>,
}

/// What is made of the pixels.
#[derive(Debug, Clone)]
pub struct Derived {
    /// JPEG, long edge [`LARGE_EDGE`] at most, no metadata.
    pub large: Vec<u8>,
    /// JPEG, long edge [`SMALL_EDGE`] at most, no metadata.
    pub small: Vec<u8>,
    /// Finds the same file again after edits; never the same scene photographed again.
    pub hash: PerceptualHash,
    /// Whether there is enough in the picture for the hash to tell anything.
    pub telling: bool,
}

/// What a photo's EXIF data tells. Evidence, never proof.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// When it was taken, by the device's clock with its own offset (or Asia/Shanghai without).
    pub taken_at: Option<DateTime<Utc>>,
    /// The device's clock as written.
    pub device_clock: Option<NaiveDateTime>,
    /// Where it was taken: longitude and latitude, WGS-84 degrees.
    pub gps: Option<(f64, f64)>,
    /// EXIF orientation, 1 to 8.
    pub orientation: Option<u8>,
    /// Make and model of the device.
    pub device: Option<String>,
}

/// Why a photo was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhotoProblem {
    /// No bytes.
    #[error("the photo is empty")]
    Empty,
    /// Too many bytes.
    #[error("the photo has more than {0} bytes")]
    TooManyBytes(usize),
    /// Too many pixels.
    #[error("the photo has more than {0} pixels")]
    TooManyPixels(u64),
    /// Not a photo, or a type not taken.
    #[error("the content is not JPEG, PNG, WebP or HEIC")]
    UnsupportedType,
    /// It ends before its pixels do.
    #[error("the photo ends too early; it was cut off on the way")]
    Truncated,
    /// It cannot be decoded.
    #[error("the photo cannot be decoded")]
    Corrupt,
}

/// Which kind of refusal a problem is when the photo was sent on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedType,
    /// 422.
    Unreadable,
}

impl PhotoProblem {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyBytes(_) => "too_many_bytes",
            Self::TooManyPixels(_) => "too_many_pixels",
            Self::UnsupportedType => "unsupported_type",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
        }
    }

    /// Which kind of refusal it is.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::TooManyBytes(_) | Self::TooManyPixels(_) => Refusal::TooLarge,
            Self::UnsupportedType => Refusal::UnsupportedType,
            Self::Empty | Self::Truncated | Self::Corrupt => Refusal::Unreadable,
        }
    }
}

/// Takes a photo in. Costly (about 80 ms for 12 megapixels on one core): run it off the async
/// threads and few at a time.
///
/// # Errors
/// Why it was not taken in.
pub fn process(bytes: &[u8], limits: PhotoLimits) -> Result<Processed, PhotoProblem> {
    if bytes.is_empty() {
        return Err(PhotoProblem::Empty);
    }
    if bytes.len() > limits.bytes {
        return Err(PhotoProblem::TooManyBytes(limits.bytes));
    }
    let media_type = sniff::media_type(bytes).ok_or(PhotoProblem::UnsupportedType)?;
    // The decoders are third-party code on hostile input: a panic in one is that file's fault.
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        let facts = exif::facts(bytes);
        let picture = match media_type {
            MediaType::Heic | MediaType::Avif => None,
            _ => Some(decode::picture(bytes, media_type, limits)?),
        };
        Ok((facts, picture))
    }));
    let (facts, picture) = guarded.unwrap_or(Err(PhotoProblem::Corrupt))?;
    let turned = facts.orientation.unwrap_or(1);
    let size = picture
        .as_ref()
        .map(|p| pixels::turned_size(p.width, p.height, turned));
    Ok(Processed {
        sha256: hex(&Sha256::digest(bytes)),
        media_type,
        width: size.map(|s| s.0),
        height: size.map(|s| s.1),
        derived: picture.map(|p| derive(p, turned)).transpose()?,
        facts,
    })
}

fn derive(picture: decode::Picture, orientation: u8) -> Result<Derived, PhotoProblem> {
    let large = pixels::fit(picture.pixels, LARGE_EDGE)?;
    let small = pixels::fit(large.clone(), SMALL_EDGE)?;
    let (large, small) = (
        pixels::turn(large, orientation),
        pixels::turn(small, orientation),
    );
    let (hash, telling) = pdq::hash(&large)?;
    Ok(Derived {
        hash,
        telling,
        large: pixels::to_jpeg(&large, 80)?,
        small: pixels::to_jpeg(&small, 75)?,
    })
}

/// Whether there is enough in a public copy for its perceptual hash to tell anything.
///
/// # Errors
/// When it is no picture within the limits.
pub fn is_telling(copy: &[u8], limits: PhotoLimits) -> Result<bool, PhotoProblem> {
    let derived = process(copy, limits)?.derived;
    Ok(derived.is_some_and(|derived| derived.telling))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
