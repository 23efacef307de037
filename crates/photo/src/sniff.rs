//! What a file is, by its content.

use serde::{Deserialize, Serialize};

/// A type of picture that is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// HEIC/HEIF.
    Heic,
    /// AVIF: kept sealed only.
    Avif,
}

impl MediaType {
    /// All types.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::WebP, Self::Heic, Self::Avif];

    /// The media type's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
        }
    }
}

/// The type by the first bytes; `None` when it is none of ours.
pub(super) fn media_type(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(MediaType::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => brand(bytes),
        _ => None,
    }
}

/// Brands that are looked at: the major one and those it says to be compatible with.
const MAX_BRANDS: usize = 32;

/// What an ISO base media file is by its brands. One of a coding tells; those that only say that
/// there is a picture are taken for the common coding, as is a film's with such a one beside it.
fn brand(bytes: &[u8]) -> Option<MediaType> {
    let length = match bytes {
        [a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]) as usize,
        _ => return None,
    };
    let major = bytes.get(8..12)?;
    // The version stands between.
    let others = bytes
        .get(16..length.min(bytes.len()))
        .unwrap_or_default()
        .chunks_exact(4);
    let brands = || {
        std::iter::once(major)
            .chain(others.clone())
            .take(MAX_BRANDS)
    };
    brands()
        .find_map(|brand| match brand {
            b"avif" | b"avis" => Some(MediaType::Avif),
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" => Some(MediaType::Heic),
            _ => None,
        })
        .or_else(|| {
            let picture = |brand: &[u8]| {
                matches!(
                    brand,
                    b"mif1" | b"msf1" | b"mif2" | b"mif3" | b"miaf" | b"MiHE"
                )
            };
            brands().any(picture).then_some(MediaType::Heic)
        })
}
