//! The segments of a JPEG, walked before anything is decoded: where the picture ends, how much work
//! its scans ask for, and what it carries beside its pixels.
//!
//! A marker is what stands where a marker may stand. The same two bytes inside a segment (a
//! thumbnail, a maker's note) or behind the picture (the film of a motion photo) mean nothing.

use super::exif::{self, Blocks};
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

/// Equal bytes at the end of a scan without an end marker that are padding: a download that was
/// cut off is often filled up with them, and a decoder would read them as a picture. Codes of a
/// picture do not repeat themselves so long.
const PADDING: usize = 16;

/// A JPEG as its segments tell it.
#[derive(Debug)]
pub(super) struct Walked<'a> {
    /// Where the picture ends: behind its end marker, or where the file ends without one.
    pub(super) end: usize,
    /// Whether there is no end marker.
    pub(super) end_missing: bool,
    /// The picture's size and components.
    pub(super) frame: Frame,
    /// Whether its pixels would take more work or memory than a photo may.
    pub(super) is_too_costly: bool,
    /// Where the coded data of each scan ends, up to the scan that completes the picture.
    pub(super) scan_ends: Vec<usize>,
    /// EXIF blocks, without their name.
    pub(super) exif: Blocks<'a>,
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
    /// A bit for each of its 64 coefficients that a scan has brought to its last digit.
    scanned: u64,
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

    /// Passes over the coded data of a scan: up to a marker that is no restart, or to the end. A
    /// marker may have fill bytes in front; a last byte that begins one is no data.
    fn coded_data(&mut self) {
        while let Some(rest) = self.bytes.get(self.at..) {
            let Some(found) = rest.iter().position(|b| *b == 0xff) else {
                break;
            };
            let behind = rest.get(found..).unwrap_or_default();
            let fill = behind.iter().take_while(|b| **b == 0xff).count();
            match behind.get(fill) {
                Some(0x00 | 0xd0..=0xd7) => self.at += found + fill + 1,
                _ => {
                    self.at += found;
                    return;
                }
            }
        }
        self.at = self.bytes.len();
    }
}

/// What the segments that were walked so far tell.
#[derive(Debug, Default)]
struct Told<'a> {
    frame: Option<Frame>,
    scan_ends: Vec<usize>,
    visits: u64,
    exif: Blocks<'a>,
    pieces: Pieces<'a>,
}

/// Walks the segments of a JPEG up to its end. Where every part of the picture was scanned, what
/// is no segment after that is no fault of the picture's: it ends with its last scan.
///
/// # Errors
/// When it ends within a segment or before all of it was scanned, is no JPEG that is decoded here,
/// or has more segments than a picture needs.
pub(super) fn walk(bytes: &[u8], limits: PhotoLimits) -> Result<Walked<'_>, PhotoProblem> {
    let mut cursor = Cursor { bytes, at: 2 };
    let mut told = Told::default();
    match told.segments(&mut cursor, limits) {
        Ok(Some(end)) => told.finish(end, false),
        Ok(None) if told.is_complete() => {
            told.leave_out_padding(bytes);
            told.finish(bytes.len(), true)
        }
        Ok(None) => Err(PhotoProblem::Truncated),
        Err(PhotoProblem::Truncated | PhotoProblem::Corrupt) if told.is_complete() => {
            let end = told.scan_ends.last().copied().unwrap_or(bytes.len());
            told.leave_out_padding(bytes);
            told.finish(end, true)
        }
        Err(problem) => Err(problem),
    }
}

impl<'a> Told<'a> {
    /// Walks all segments; where the end marker ends, if there is one.
    fn segments(
        &mut self,
        cursor: &mut Cursor<'a>,
        limits: PhotoLimits,
    ) -> Result<Option<usize>, PhotoProblem> {
        for _ in 0..MAX_SEGMENTS {
            let Some(marker) = cursor.marker() else {
                return Ok(None);
            };
            match marker {
                EOI => return Ok(Some(cursor.at)),
                // Another picture, where more of this one should be.
                SOI if !self.scan_ends.is_empty() => return Err(PhotoProblem::Truncated),
                SOI => return Err(PhotoProblem::Corrupt),
                0x01 | 0xd0..=0xd7 => {}
                SOS => {
                    let header = cursor.segment()?;
                    let is_needed = !self.is_complete();
                    let frame = self.frame.as_mut().ok_or(PhotoProblem::Corrupt)?;
                    let visits = frame.visits_of(header);
                    frame.take(header);
                    cursor.coded_data();
                    if is_needed {
                        self.visits += visits;
                        self.scan_ends.push(cursor.at);
                    }
                }
                0xc0..=0xc2 => {
                    // A second frame belongs to the hierarchical mode, which nobody writes.
                    if self.frame.is_some() {
                        return Err(PhotoProblem::Corrupt);
                    }
                    let parsed = Frame::parse(cursor.segment()?, marker == 0xc2)?;
                    limits.check_size(parsed.width, parsed.height, limits.pixels)?;
                    self.frame = Some(parsed);
                }
                // Lossless, arithmetic and hierarchical frames: no camera writes them.
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    return Err(PhotoProblem::Corrupt);
                }
                0xe1 => {
                    let body = cursor.segment()?;
                    if exif::is_named(body) {
                        self.exif.add(body);
                    }
                }
                0xe2 => self.pieces.add(cursor.segment()?),
                _ => {
                    cursor.segment()?;
                }
            }
        }
        Err(PhotoProblem::TooCostly)
    }

    /// Whether every part of the picture was scanned to its last digit.
    fn is_complete(&self) -> bool {
        self.frame.as_ref().is_some_and(Frame::is_complete)
    }

    /// Leaves the padding at the end of the last scan out, but for one byte that may belong to it.
    fn leave_out_padding(&mut self, bytes: &[u8]) {
        let Some(end) = self.scan_ends.last_mut() else {
            return;
        };
        let scanned = bytes.get(..*end).unwrap_or_default();
        let Some(last) = scanned.last() else { return };
        let run = scanned.iter().rev().take_while(|b| *b == last).count();
        if run >= PADDING {
            *end -= run - 1;
        }
    }

    fn finish(self, end: usize, end_missing: bool) -> Result<Walked<'a>, PhotoProblem> {
        let missing = if end_missing {
            PhotoProblem::Truncated
        } else {
            PhotoProblem::Corrupt
        };
        if self.scan_ends.is_empty() {
            return Err(missing);
        }
        let frame = self.frame.ok_or(missing)?;
        Ok(Walked {
            end,
            end_missing,
            is_too_costly: self.visits > MAX_BLOCK_VISITS || frame.is_too_large_in_memory(),
            frame,
            scan_ends: self.scan_ends,
            exif: self.exif,
            profile: self.pieces.joined(),
        })
    }
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
                    scanned: 0,
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
        named_by(header)
            .filter_map(|id| self.components.iter().find(|c| c.id == id))
            .map(|component| self.blocks(*component))
            .sum()
    }

    /// Marks what a scan brings to its last digit, by its header.
    fn take(&mut self, header: &[u8]) {
        let brought = match header {
            _ if !self.progressive => u64::MAX,
            // The first and the last coefficient, and the digits that are still to come.
            [.., from @ 0..64, to @ 0..64, digits] if digits & 0x0f == 0 && from <= to => {
                (u64::MAX >> (63 - to)) & (u64::MAX << from)
            }
            _ => 0,
        };
        for id in named_by(header) {
            let component = self.components.iter_mut().find(|c| c.id == id);
            if let Some(component) = component {
                component.scanned |= brought;
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.components.iter().all(|c| c.scanned == u64::MAX)
    }

    /// Whether the coefficients of a progressive picture would take more memory than there is.
    fn is_too_large_in_memory(&self) -> bool {
        let blocks: u64 = self.components.iter().map(|c| self.blocks(*c)).sum();
        self.progressive && blocks.saturating_mul(BLOCK_BYTES) > MAX_COEFFICIENT_BYTES
    }
}

/// The components that a scan's header names.
fn named_by(header: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let count = header.first().copied().map_or(0, usize::from);
    let named = header.get(1..).unwrap_or_default().chunks_exact(2);
    named.take(count).filter_map(|part| part.first()).copied()
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
