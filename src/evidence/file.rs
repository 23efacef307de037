//! Files that are kept as they are: documents, sound and video. What one is, its first bytes say, and
//! nothing here looks further into it.

use super::Kind;
use crate::district::Limits;
use crate::photo::PhotoProblem;

/// The part of a form in which files come that are no photos to be shown.
pub const FILE: &str = "file";

/// Media types that are taken in beside pictures.
pub const FILE_TYPES: [&str; 11] = [
    "application/pdf",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/wav",
    "audio/ogg",
    "audio/amr",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/3gpp",
];

/// How files begin that are told by that alone. A mark stands at the very beginning: what has one
/// further in is something else as well.
const MARKS: [(&[u8], Kind, &str); 5] = [
    (b"%PDF-", Kind::Pdf, "application/pdf"),
    (b"ID3", Kind::Sound, "audio/mpeg"),
    (b"OggS\0", Kind::Sound, "audio/ogg"),
    (b"#!AMR\n", Kind::Sound, "audio/amr"),
    (b"#!AMR-WB\n", Kind::Sound, "audio/amr"),
];

/// What EBML begins with.
const EBML: &[u8] = b"\x1a\x45\xdf\xa3";

/// The element of an EBML head that says that it is WebM, and how far in it stands at most.
const WEBM: &[u8] = b"\x42\x82\x84webm";
const EBML_HEAD: usize = 64;

/// Bytes of an ISO base media file's first box: a head, a brand, a version; some more brands.
const FIRST_BOX: std::ops::RangeInclusive<u32> = 16..=1024;

/// What a file is by how it begins: its kind and media type; `None` when none is taken.
pub(super) fn sniff(bytes: &[u8]) -> Option<(Kind, &'static str)> {
    let marked = MARKS.iter().find(|(mark, ..)| bytes.starts_with(mark));
    if let Some((_, kind, media_type)) = marked {
        return Some((*kind, media_type));
    }
    match bytes {
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
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some((Kind::Sound, "audio/wav")),
        [a, b, c, d, b'f', b't', b'y', b'p', brand @ ..] => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]);
            let brand = brand.first_chunk::<4>()?;
            FIRST_BOX.contains(&length).then(|| of_brand(*brand))?
        }
        // The sync of MPEG audio, 12 bits: without a layer it is ADTS.
        [0xff, head, ..] if head & 0xf6 == 0xf0 => Some((Kind::Sound, "audio/aac")),
        // 11 bits; any version but the reserved, layer III, a bit rate and a sample rate there are.
        [0xff, head, rates, ..]
            if head & 0xe6 == 0xe2
                && head & 0x18 != 0x08
                && rates & 0xf0 != 0xf0
                && rates & 0x0c != 0x0c =>
        {
            Some((Kind::Sound, "audio/mpeg"))
        }
        _ if bytes.starts_with(EBML) => {
            let head = bytes.get(..EBML_HEAD).unwrap_or(bytes);
            let is_webm = head.windows(WEBM.len()).any(|some| some == WEBM);
            is_webm.then_some((Kind::Video, "video/webm"))
        }
        _ => None,
    }
}

/// What an ISO base media file is by its major brand. Phones record sound into a film's container as
/// well; it counts as what it may hold.
fn of_brand(brand: [u8; 4]) -> Option<(Kind, &'static str)> {
    match &brand {
        b"M4A " | b"M4B " => Some((Kind::Sound, "audio/mp4")),
        b"qt  " => Some((Kind::Video, "video/quicktime")),
        [b'3', b'g', b'p' | b'2' | b'e' | b's' | b'r', _] => Some((Kind::Video, "video/3gpp")),
        [b'i', b's', b'o', _] | [b'm', b'p', b'4', b'1' | b'2'] => Some((Kind::Video, "video/mp4")),
        b"avc1" | b"dash" | b"mmp4" | b"MSNV" | b"M4V " => Some((Kind::Video, "video/mp4")),
        _ => None,
    }
}

/// Bytes that a file of this kind has at most.
pub(super) const fn most_bytes(kind: Kind, limits: Limits) -> usize {
    match kind {
        Kind::Photo | Kind::Scan => limits.photo_bytes,
        Kind::Pdf | Kind::Sound => limits.file_bytes,
        Kind::Video => limits.video_bytes,
    }
}

/// Bytes that any file has at most.
#[must_use]
pub fn most_bytes_of_any(limits: Limits) -> usize {
    let kinds = Kind::ALL.iter().map(|kind| most_bytes(*kind, limits));
    kinds.max().unwrap_or_default()
}

/// Why a file is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Too many bytes.
    #[error("the file has more than {0} bytes, which is what its kind may have")]
    TooManyBytes(usize),
    /// Nothing that is taken.
    #[error(
        "the content is no picture, PDF, sound (MP3, M4A, AAC, WAV, OGG, AMR) or video (MP4, MOV, WebM, 3GPP)"
    )]
    UnsupportedType,
    /// A picture that cannot be read.
    #[error("{0}")]
    Picture(PhotoProblem),
}

impl FileProblem {
    /// The stable code, which is that of a photo.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => PhotoProblem::Empty.code(),
            Self::TooManyBytes(most) => PhotoProblem::TooManyBytes(*most).code(),
            Self::UnsupportedType => PhotoProblem::UnsupportedType.code(),
            Self::Picture(problem) => problem.code(),
        }
    }
}

impl From<PhotoProblem> for FileProblem {
    fn from(problem: PhotoProblem) -> Self {
        match problem {
            PhotoProblem::Empty => Self::Empty,
            PhotoProblem::TooManyBytes(most) => Self::TooManyBytes(most),
            PhotoProblem::UnsupportedType => Self::UnsupportedType,
            other => Self::Picture(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(length: u32, brand: &[u8; 4]) -> Vec<u8> {
        [&length.to_be_bytes()[..], b"ftyp", brand, &[0; 24]].concat()
    }

    #[test]
    fn files_are_known_by_how_they_begin() {
        let webm = [EBML, b"\x9f\x42\x86\x81\x01", WEBM, b"\x42\x87"].concat();
        let known: [(&[u8], Kind, &str); 12] = [
            (b"%PDF-1.7\n", Kind::Pdf, "application/pdf"),
            (b"ID3\x04\0\0", Kind::Sound, "audio/mpeg"),
            (b"\xff\xfb\x90\x64", Kind::Sound, "audio/mpeg"),
            (b"\xff\xf3\x40\xc4", Kind::Sound, "audio/mpeg"),
            (b"\xff\xf1\x50\x80", Kind::Sound, "audio/aac"),
            (b"RIFF\x24\0\0\0WAVEfmt ", Kind::Sound, "audio/wav"),
            (b"OggS\0\x02", Kind::Sound, "audio/ogg"),
            (b"#!AMR\n\x3c", Kind::Sound, "audio/amr"),
            (&iso(24, b"M4A "), Kind::Sound, "audio/mp4"),
            (&iso(24, b"isom"), Kind::Video, "video/mp4"),
            (&iso(20, b"qt  "), Kind::Video, "video/quicktime"),
            (&webm, Kind::Video, "video/webm"),
        ];
        for (bytes, kind, media_type) in known {
            assert_eq!(sniff(bytes), Some((kind, media_type)), "{bytes:?}");
            assert!(FILE_TYPES.contains(&media_type));
        }
        assert_eq!(sniff(&iso(24, b"3gp4")), Some((Kind::Video, "video/3gpp")));
    }

    /// What has the mark of a file further in, or is a program, a page or an archive, is none.
    #[test]
    fn what_only_looks_like_a_file_is_none() {
        let matroska = [EBML, b"\xa3\x42\x86\x81\x01\x42\x82\x88matroska"].concat();
        let none: [&[u8]; 14] = [
            b"",
            b"%PD",
            b"\n%PDF-1.7",
            b"MZ\x90\0%PDF-1.7",
            b"PK\x03\x04",
            b"<html>%PDF-",
            b"GIF89a",
            b"\xff\xd8\xff\xe0",
            b"\xff\xff\xff\xff",
            b"RIFF\x24\0\0\0WEBPVP8 ",
            b"RIFF\x24\0\0\0AVI LIST",
            &iso(24, b"heic"),
            &iso(8, b"isom"),
            &matroska,
        ];
        for bytes in none {
            assert_eq!(sniff(bytes), None, "{bytes:?}");
        }
    }
}
