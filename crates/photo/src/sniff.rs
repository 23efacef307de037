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
        [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => brand(rest),
        _ => None,
    }
}

/// The brand of an ISO base media file, the major one first.
fn brand(rest: &[u8]) -> Option<MediaType> {
    match rest.get(..4)? {
        b"avif" | b"avis" => Some(MediaType::Avif),
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" | b"mif2"
        | b"mif3" => Some(MediaType::Heic),
        _ => None,
    }
}
