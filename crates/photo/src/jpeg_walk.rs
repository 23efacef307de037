//! The segments of a JPEG, walked before anything is decoded: where the picture ends, how much work
//! its scans ask for, and what it carries beside its pixels.
//!
//! A marker is what stands where a marker may stand. The same two bytes inside a segment (a
//! thumbnail, a maker's note) or behind the picture (the film of a motion photo) mean nothing.

use super::{PhotoLimits, PhotoProblem};

/// Segments and scans at most. Cameras write some dozens, most of them pieces of one profile or of
/// a depth map; a crafted file writes a million to keep a parser busy.
const MAX_SEGMENTS: usize = 1_000;

/// Blocks of 8×8 samples that all scans together may visit: two hundred megapixels in one scan, or
/// sixty-four in the ten scans that progressive cameras write.
const MAX_BLOCK_VISITS: u64 = 12_000_000;

/// Memory for the coefficients of a progressive picture, which are all kept until its last scan.
const MAX_COEFFICIENT_BYTES: u64 = 320 * 1024 * 1024;

/// Bytes of the 64 coefficients of a block.
const BLOCK_BYTES: u64 = 128;

/// Bytes of a colour profile at most; the largest for print have some three million.
pub(super) const MAX_PROFILE_BYTES: usize = 4 * 1024 * 1024;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

/// A JPEG as its segments tell it.
#[derive(Debug)]
pub(super) struct Walked<'a> {
    /// Where the picture ends: behind its end marker, or where the file ends without one.
    pub(super) end: usize,
    /// Whether there is an end marker.
    pub(super) end_missing: bool,
    /// The picture's size and components.
    pub(super) frame: Frame,
    /// Where the coded data of each scan ends.
    pub(super) scan_ends: Vec<usize>,
    /// The first EXIF block, without its name.
    pub(super) exif: Option<&'a [u8]>,
    /// The colour profile, put together.
    pub(super) profile: Option<Vec<u8>>,
}

/// The frame header.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    progressive: bool,
    components: Vec<Component>,
}

#[derive(Debug, Clone, Copy)]
struct Component {
    id: u8,
    horizontal: u8,
    vertical: u8,
}

/// Reads along the bytes.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The next marker; bytes that do not belong there are passed over, as all readers do.
    fn marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += rest.iter().position(|b| *b == 0xff)?;
            self.at += self.bytes.get(self.at..)?.iter().position(|b| *b != 0xff)?;
            let marker = *self.bytes.get(self.at)?;
            self.at += 1;
            if marker != 0 {
                return Some(marker);
            }
        }
    }

    /// The body of a segment.
    fn segment(&mut self) -> Result<&'a [u8], PhotoProblem> {
        let length = match self.bytes.get(self.at..self.at + 2) {
            Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(PhotoProblem::Truncated),
        };
        if length < 2 {
            return Err(PhotoProblem::Corrupt);
        }
        let body = self.bytes.get(self.at + 2..self.at + length);
        self.at += length;
        body.ok_or(PhotoProblem::Truncated)
    }

    /// Passes over the coded data of a scan: up to a marker that is no restart, or to the end.
    fn coded_data(&mut self) {
        while let Some(rest) = self.bytes.get(self.at..) {
            let Some(found) = rest.iter().position(|b| *b == 0xff) else {
                break;
            };
            match rest.get(found + 1) {
                Some(0x00 | 0xd0..=0xd7) => self.at += found + 2,
                Some(_) => {
                    self.at += found;
                    return;
                }
                None => break,
            }
        }
        self.at = self.bytes.len();
    }
}

/// Walks the segments of a JPEG up to its end.
///
/// # Errors
/// When it ends within a segment or before its first scan, is no JPEG that is decoded here, or asks
/// for more work than its pixels are worth.
pub(super) fn walk(bytes: &[u8], limits: PhotoLimits) -> Result<Walked<'_>, PhotoProblem> {
    let mut cursor = Cursor { bytes, at: 2 };
    let mut frame: Option<Frame> = None;
    let mut scan_ends = Vec::new();
    let mut visits = 0u64;
    let (mut exif, mut pieces) = (None, Pieces::default());
    for _ in 0..MAX_SEGMENTS {
        let Some(marker) = cursor.marker() else {
            return finish(frame, scan_ends, exif, pieces, bytes.len(), true);
        };
        match marker {
            EOI => return finish(frame, scan_ends, exif, pieces, cursor.at, false),
            SOI => return Err(PhotoProblem::Corrupt),
            0x01 | 0xd0..=0xd7 => {}
            SOS => {
                let header = cursor.segment()?;
                let frame = frame.as_ref().ok_or(PhotoProblem::Corrupt)?;
                visits += frame.visits_of(header);
                if visits > MAX_BLOCK_VISITS {
                    return Err(PhotoProblem::TooCostly);
                }
                cursor.coded_data();
                scan_ends.push(cursor.at);
            }
            0xc0..=0xc2 => {
                // A second frame belongs to the hierarchical mode, which nobody writes.
                if frame.is_some() {
                    return Err(PhotoProblem::Corrupt);
                }
                let parsed = Frame::parse(cursor.segment()?, marker == 0xc2)?;
                limits.check_size(parsed.width, parsed.height, limits.pixels)?;
                frame = Some(parsed);
            }
            // Lossless, arithmetic and hierarchical frames: no camera writes them.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Err(PhotoProblem::Corrupt),
            0xe1 => {
                let body = cursor.segment()?;
                if exif.is_none() && body.starts_with(b"Exif\0") {
                    exif = body.get(6..);
                }
            }
            0xe2 => pieces.add(cursor.segment()?),
            _ => {
                cursor.segment()?;
            }
        }
    }
    Err(PhotoProblem::TooCostly)
}

fn finish<'a>(
    frame: Option<Frame>,
    scan_ends: Vec<usize>,
    exif: Option<&'a [u8]>,
    pieces: Pieces<'a>,
    end: usize,
    end_missing: bool,
) -> Result<Walked<'a>, PhotoProblem> {
    let missing = if end_missing {
        PhotoProblem::Truncated
    } else {
        PhotoProblem::Corrupt
    };
    if scan_ends.is_empty() {
        return Err(missing);
    }
    Ok(Walked {
        end,
        end_missing,
        frame: frame.ok_or(missing)?,
        scan_ends,
        exif,
        profile: pieces.joined(),
    })
}

impl Frame {
    fn parse(body: &[u8], progressive: bool) -> Result<Self, PhotoProblem> {
        let [precision, h1, h0, w1, w0, count, rest @ ..] = body else {
            return Err(PhotoProblem::Corrupt);
        };
        // Twelve bits are for radiographs; a height of zero comes later, which no camera does.
        if *precision != 8 || rest.len() < usize::from(*count) * 3 {
            return Err(PhotoProblem::Corrupt);
        }
        let components: Vec<Component> = rest
            .chunks_exact(3)
            .take(usize::from(*count))
            .filter_map(|part| match part {
                [id, sampling, _] => Some(Component {
                    id: *id,
                    horizontal: (sampling >> 4).clamp(1, 4),
                    vertical: (sampling & 0x0f).clamp(1, 4),
                }),
                _ => None,
            })
            .collect();
        let frame = Self {
            width: u32::from(u16::from_be_bytes([*w1, *w0])),
            height: u32::from(u16::from_be_bytes([*h1, *h0])),
            progressive,
            components,
        };
        if frame.width == 0 || frame.height == 0 || frame.components.is_empty() {
            return Err(PhotoProblem::Corrupt);
        }
        Ok(frame)
    }

    /// Blocks of a component, those that fill up the last units included.
    fn blocks(&self, component: Component) -> u64 {
        let widest = self.components.iter().map(|c| c.horizontal).max();
        let tallest = self.components.iter().map(|c| c.vertical).max();
        let units = |side: u32, most: Option<u8>| {
            u64::from(side.div_ceil(8 * u32::from(most.unwrap_or(1))))
        };
        units(self.width, widest)
            * units(self.height, tallest)
            * u64::from(component.horizontal)
            * u64::from(component.vertical)
    }

    /// Blocks that a scan visits, by its header.
    fn visits_of(&self, header: &[u8]) -> u64 {
        let count = header.first().copied().map_or(0, usize::from);
        let named = header.get(1..).unwrap_or_default().chunks_exact(2);
        named
            .take(count)
            .filter_map(|part| {
                let id = *part.first()?;
                self.components.iter().find(|c| c.id == id)
            })
            .map(|component| self.blocks(*component))
            .sum()
    }

    /// Whether the coefficients of a progressive picture would take more memory than there is.
    pub(super) fn is_too_large_in_memory(&self) -> bool {
        let blocks: u64 = self.components.iter().map(|c| self.blocks(*c)).sum();
        self.progressive && blocks.saturating_mul(BLOCK_BYTES) > MAX_COEFFICIENT_BYTES
    }
}

/// The pieces of a colour profile, each numbered from one.
#[derive(Debug, Default)]
struct Pieces<'a>(Vec<(u8, &'a [u8])>);

impl<'a> Pieces<'a> {
    fn add(&mut self, body: &'a [u8]) {
        if let Some([number, _count, data @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
            self.0.push((*number, data));
        }
    }

    fn joined(mut self) -> Option<Vec<u8>> {
        let bytes: usize = self.0.iter().map(|(_, data)| data.len()).sum();
        if bytes == 0 || bytes > MAX_PROFILE_BYTES {
            return None;
        }
        self.0.sort_by_key(|(number, _)| *number);
        Some(
            self.0
                .iter()
                .flat_map(|(_, data)| data.iter().copied())
                .collect(),
        )
    }
}
