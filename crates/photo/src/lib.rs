//! Photos: bytes in, facts and public copies out. Pure: no files, no database, no HTTP.
//!
//! Every upload is hostile until decoded. The type is what the content says, whatever the name
//! says; a file's own structure is walked first, and each side, the area, the scans, the blocks of
//! EXIF and colour profile are held against bounds before anything is decoded. What no bound
//! foresees is cut short from outside: [`wire`] is how a process that may be given up on is asked.
//!
//! What a photo tells (time, place, device) is kept as facts; the public copies carry nothing but
//! pixels in sRGB.

mod colour;
mod exif;
mod exif_directories;
mod exif_place;
mod exif_said;
mod exif_time;
mod heif;
mod hevc_header;
mod jpeg;
mod jpeg_walk;
mod pdq;
mod pixels;
mod png_file;
pub mod sample;
mod sniff;
mod webp;
pub mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use colour::Profile;
use pixels::Pixels;

pub use pdq::{PerceptualHash, SAME_PICTURE_BITS};
pub use sniff::MediaType;

/// Long edge of the large public derivative, in pixels.
pub const LARGE_EDGE: u32 = 1600;
/// Long edge of the small public derivative, in pixels.
pub const SMALL_EDGE: u32 = 400;

/// Pixels of a picture that cannot be decoded at a smaller scale (PNG, WebP) at most: what fits
/// into the memory of a decoder, and what it can do in its time.
pub const UNSCALED_PIXELS: u64 = 60_000_000;

/// Pixels of a side at most. A picture of one row can be as costly as a square one.
const MAX_SIDE: u32 = 65_535;

/// What a photo may be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct PhotoLimits {
    /// Bytes at most.
    pub bytes: usize,
    /// Pixels at most; [`UNSCALED_PIXELS`] at most where a picture has to be decoded whole.
    pub pixels: u64,
}

impl PhotoLimits {
    /// Whether a picture's area is within these limits and within those of its format.
    fn check_size(&self, width: u32, height: u32, of_format: u64) -> Result<(), PhotoProblem> {
        let most = self.pixels.min(of_format);
        match u64::from(width) * u64::from(height) {
            0 => Err(PhotoProblem::Corrupt),
            pixels if pixels > most => Err(PhotoProblem::TooManyPixels(most)),
            _ => Ok(()),
        }
    }
}

/// A photo that was taken in.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Public derivatives and hash; `None` for what is kept sealed only: every AVIF, a HEIC that
    /// the decoder does not know, and whatever would take too long to decode.
    pub derived: Option<Derived>,
    /// What was odd about the file, though it is kept.
    pub remarks: Vec<Remark>,
}

/// What was odd about a file that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remark {
    /// The mark at its end is missing, though the picture is whole: every scan of it is there, and
    /// where it was decoded, all of each.
    EndMissing,
    /// Part of what the photo tells about itself is unsound and was left out.
    ExifUnsound,
    /// Bytes stand behind the picture (the film of a motion photo, a maker's data): they are in
    /// the sealed original and in no public copy.
    Trailer,
}

impl Remark {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::EndMissing, Self::ExifUnsound, Self::Trailer];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::EndMissing => "end_missing",
            Self::ExifUnsound => "exif_unsound",
            Self::Trailer => "trailer",
        }
    }
}

/// What is made of the pixels.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
    /// It would take more work or memory than a photo may.
    #[error("the photo takes more work to decode than a photo may; send it as an ordinary JPEG")]
    TooCostly,
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
            Self::TooCostly => "too_costly",
        }
    }

    /// All codes.
    pub const CODES: [&'static str; 7] = [
        Self::Empty.code(),
        Self::TooManyBytes(0).code(),
        Self::TooManyPixels(0).code(),
        Self::UnsupportedType.code(),
        Self::Truncated.code(),
        Self::Corrupt.code(),
        Self::TooCostly.code(),
    ];

    /// Which kind of refusal it is.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::TooManyBytes(_) | Self::TooManyPixels(_) => Refusal::TooLarge,
            Self::UnsupportedType => Refusal::UnsupportedType,
            Self::Empty | Self::Truncated | Self::Corrupt | Self::TooCostly => Refusal::Unreadable,
        }
    }
}

/// How far a photo is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Depth {
    /// Down to its pixels, of which public copies are made.
    Pixels,
    /// Its structure and what it tells about itself, which costs next to nothing: for a photo whose
    /// pixels were given up on, and that is kept sealed only.
    Structure,
}

/// A file whose structure is sound, decoded where it can be.
struct Opened<'a> {
    exif: exif::Blocks<'a>,
    end_missing: bool,
    trailer: bool,
    picture: Option<Picture>,
}

/// A picture as decoded: full size by its header, pixels perhaps already scaled down.
struct Picture {
    width: u32,
    height: u32,
    pixels: Pixels,
    profile: Option<Profile>,
    /// Whether the decoder has turned it already.
    upright: bool,
}

/// What a file is, as far as its size and its first bytes tell. Costs nothing.
///
/// # Errors
/// When it cannot be a photo that is taken.
pub fn at_sight(bytes: &[u8], limits: PhotoLimits) -> Result<MediaType, PhotoProblem> {
    if bytes.is_empty() {
        return Err(PhotoProblem::Empty);
    }
    if bytes.len() > limits.bytes {
        return Err(PhotoProblem::TooManyBytes(limits.bytes));
    }
    sniff::media_type(bytes).ok_or(PhotoProblem::UnsupportedType)
}

/// Takes a photo in. Costly (about 80 ms for 12 megapixels on one core), and more costly than that
/// for a file made to be so: ask a process for it that can be given up on.
///
/// # Errors
/// Why it was not taken in.
pub fn process(bytes: &[u8], limits: PhotoLimits, depth: Depth) -> Result<Processed, PhotoProblem> {
    let media_type = at_sight(bytes, limits)?;
    // The decoders are third-party code on hostile input: a panic in one is that file's fault.
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        take_in(bytes, media_type, limits, depth)
    }));
    guarded.unwrap_or(Err(PhotoProblem::Corrupt))
}

fn take_in(
    bytes: &[u8],
    media_type: MediaType,
    limits: PhotoLimits,
    depth: Depth,
) -> Result<Processed, PhotoProblem> {
    let opened = match media_type {
        MediaType::Jpeg => jpeg::open(bytes, limits, depth)?,
        MediaType::Png => png_file::open(bytes, limits, depth)?,
        MediaType::WebP => webp::open(bytes, limits, depth)?,
        MediaType::Heic => heif::open(bytes, limits, depth)?,
        // Nothing here decodes its pixels.
        MediaType::Avif => heif::open(bytes, limits, Depth::Structure)?,
    };
    let told = opened.exif.told();
    let remarks = [
        (opened.end_missing, Remark::EndMissing),
        (told.unsound, Remark::ExifUnsound),
        (opened.trailer, Remark::Trailer),
    ];
    let mut picture = opened.picture;
    if let Some(picture) = picture
        .as_mut()
        .filter(|p| p.profile.is_none() && told.adobe_rgb)
    {
        picture.profile = Some(Profile::AdobeRgb);
    }
    let turned = match &picture {
        Some(picture) if picture.upright => 1,
        _ => told.facts.orientation.unwrap_or(1),
    };
    let size = picture
        .as_ref()
        .map(|p| pixels::turned_size(p.width, p.height, turned));
    Ok(Processed {
        sha256: content_hash(bytes),
        media_type,
        width: size.map(|s| s.0),
        height: size.map(|s| s.1),
        derived: picture.map(|p| derive(p, turned)).transpose()?,
        facts: told.facts,
        remarks: remarks
            .into_iter()
            .filter_map(|(applies, remark)| applies.then_some(remark))
            .collect(),
    })
}

/// A picture whose pixels would cost more than a photo may is none: its file is kept sealed.
fn unless_too_costly<T>(decoded: Result<T, PhotoProblem>) -> Result<Option<T>, PhotoProblem> {
    match decoded {
        Err(PhotoProblem::TooCostly) => Ok(None),
        decoded => decoded.map(Some),
    }
}

fn derive(picture: Picture, orientation: u8) -> Result<Derived, PhotoProblem> {
    let large = pixels::fit(picture.pixels, LARGE_EDGE)?;
    let large = colour::to_srgb(large, picture.profile.as_ref())?;
    let small = pixels::fit_srgb(large.clone(), SMALL_EDGE)?;
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

/// The SHA-256 of a photo as it came, in hex: what it is known and stored by.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod case_tests;
#[cfg(test)]
mod end_tests;
#[cfg(test)]
mod exif_tests;
#[cfg(test)]
mod heif_tests;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod neighbour_tests;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod sealed_tests;
#[cfg(test)]
mod webp_tests;
