//! JPEG: decoded at 1/2, 1/4 or 1/8 scale where the large copy allows, so that most of the work for
//! a phone's picture is never done.

use std::io::Read;

use jpeg_decoder::{Decoder, PixelFormat};

use super::colour::Profile;
use super::jpeg_walk::{self, Walked};
use super::pixels::{Kind, Pixels};
use super::{Depth, LARGE_EDGE, Opened, PhotoLimits, PhotoProblem, Picture, unless_too_costly};

/// Memory for the decoded picture; at the scale it is decoded at it needs a tenth.
const MAX_OUTPUT_BYTES: usize = 256 * 1024 * 1024;

/// What stands behind the data of every scan while it is decoded: ones only, which no code of a
/// JPEG begins with. A scan that is whole never needs them; one that was cut off runs into them and
/// fails, where decoders would go on and paint what is missing grey.
const BEHIND_A_SCAN: [u8; 32] = {
    let mut ones = [0; 32];
    let mut at = 0;
    while at < ones.len() {
        ones[at] = 0xff;
        at += 2;
    }
    ones
};

const END: [u8; 2] = [0xff, 0xd9];

pub(super) fn open(
    bytes: &[u8],
    limits: PhotoLimits,
    depth: Depth,
) -> Result<Opened<'_>, PhotoProblem> {
    let walked = jpeg_walk::walk(bytes, limits)?;
    let pixels = match depth {
        Depth::Pixels => unless_too_costly(decode(bytes, &walked))?,
        Depth::Structure => None,
    };
    Ok(Opened {
        exif: walked.exif,
        end_missing: walked.end_missing,
        trailer: walked.end < bytes.len(),
        picture: pixels.map(|pixels| Picture {
            width: walked.frame.width,
            height: walked.frame.height,
            pixels,
            profile: walked.profile.map(Profile::Icc),
            upright: false,
        }),
    })
}

fn decode(bytes: &[u8], walked: &Walked<'_>) -> Result<Pixels, PhotoProblem> {
    if walked.is_too_costly {
        return Err(PhotoProblem::TooCostly);
    }
    let mut source = Source::new(bytes, walked);
    let decoded = scaled(&mut source, walked.frame.width, walked.frame.height);
    decoded.map_err(|error| match error {
        jpeg_decoder::Error::Io(_) => PhotoProblem::Truncated,
        // Without an end mark, what does not fit is what was put in place of the rest.
        _ if source.ran_over || walked.end_missing => PhotoProblem::Truncated,
        _ => PhotoProblem::Corrupt,
    })
}

fn scaled(source: &mut Source<'_>, width: u32, height: u32) -> Result<Pixels, jpeg_decoder::Error> {
    let mut decoder = Decoder::new(source);
    decoder.set_max_decoding_buffer_size(MAX_OUTPUT_BYTES);
    let long = width.max(height).max(1);
    if long > LARGE_EDGE {
        let wanted = |side: u32| u16::try_from((side * LARGE_EDGE / long).max(1)).unwrap_or(1);
        decoder.scale(wanted(width), wanted(height))?;
    }
    let data = decoder.decode()?;
    let odd = || jpeg_decoder::Error::Format("no pixels that are known here".to_owned());
    let info = decoder.info().ok_or_else(odd)?;
    let kind = match info.pixel_format {
        PixelFormat::L8 => Kind::Grey,
        PixelFormat::RGB24 => Kind::Rgb,
        PixelFormat::CMYK32 => Kind::Cmyk,
        PixelFormat::L16 => return Err(odd()),
    };
    Ok(Pixels {
        width: u32::from(info.width),
        height: u32::from(info.height),
        kind,
        data,
    })
}

/// The picture's own bytes up to the end of its last scan, with [`BEHIND_A_SCAN`] put behind every
/// scan and an end marker at the end, whether it was there or not.
struct Source<'a> {
    /// What is being read.
    now: &'a [u8],
    /// What comes after it, the last first.
    after: Vec<&'a [u8]>,
    /// Whether something was read from behind a scan that a whole scan would not ask for.
    ran_over: bool,
}

impl<'a> Source<'a> {
    fn new(bytes: &'a [u8], walked: &Walked<'_>) -> Self {
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(walked.scan_ends.len() * 2 + 1);
        let mut from = 0;
        for end in &walked.scan_ends {
            pieces.push(bytes.get(from..*end).unwrap_or_default());
            pieces.push(&BEHIND_A_SCAN);
            from = *end;
        }
        pieces.push(&END);
        pieces.reverse();
        Self {
            now: &[],
            after: pieces,
            ran_over: false,
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.now.is_empty() {
            match self.after.pop() {
                Some(next) => {
                    self.ran_over = std::ptr::eq(next, BEHIND_A_SCAN.as_slice());
                    self.now = next;
                }
                None => return Ok(0),
            }
        }
        self.now.read(into)
    }

    // The decoder asks for one byte at a time.
    fn read_exact(&mut self, into: &mut [u8]) -> std::io::Result<()> {
        if let (Some((first, rest)), [to]) = (self.now.split_first(), &mut *into) {
            *to = *first;
            self.now = rest;
            return Ok(());
        }
        let mut filled = 0;
        while let Some(free) = into.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.read(free)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                n => filled += n,
            }
        }
        Ok(())
    }
}
