//! A table's bytes as lines of text, in whatever encoding an office saved it.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek},
    path::Path,
};

use anyhow::Context as _;
use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::records::DELIMITERS;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A file that is no sound UTF-8 is UTF-8 with damage when it has so many sound letters of several
/// bytes for each that is broken. In a text of GBK hardly one in ten is sound by chance.
const SOUND_FOR_ONE_BROKEN: usize = 8;

/// What stands in a text where bytes were no letter.
pub(super) const BROKEN: char = '\u{FFFD}';

/// The encoding by its name, or by what the file's bytes are: a mark at its begin, UTF-16 by
/// its line ends and signs, UTF-8 when it is sound, GB18030 otherwise (which GBK and GB2312 are
/// parts of).
///
/// # Errors
/// When the name is unknown or the file cannot be read.
pub(super) fn encoding_of(path: &Path, named: Option<&str>) -> anyhow::Result<&'static Encoding> {
    if let Some(name) = named {
        return Encoding::for_label(name.as_bytes()).with_context(|| {
            format!("unknown encoding {name:?}; such as utf-8, gb18030, utf-16le, big5")
        });
    }
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut chunk = vec![0; CHUNK];
    let mut length = file.read(&mut chunk)?;
    let head = chunk.get(..length).unwrap_or_default();
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    for encoding in [UTF_16BE, UTF_16LE] {
        if is_utf16(head, encoding) {
            return Ok(encoding);
        }
    }
    let (mut sound, mut broken) = (0, 0);
    let mut carried: Vec<u8> = Vec::new();
    while length > 0 {
        carried.extend(chunk.iter().take(length));
        carried = count_letters(&carried, &mut sound, &mut broken);
        length = file.read(&mut chunk)?;
    }
    broken += usize::from(!carried.is_empty());
    if broken == 0 || sound / broken >= SOUND_FOR_ONE_BROKEN {
        Ok(UTF_8)
    } else {
        Ok(GB18030)
    }
}

/// Whether bytes are lines of fields in this UTF-16: their ends and signs are letters of two bytes
/// in it, one of them nought, as they are in nothing else.
fn is_utf16(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let (mut ends, mut signs) = (false, false);
    for pair in bytes.chunks_exact(2) {
        let letter = match *pair {
            [0, low] if encoding == UTF_16BE => low,
            [low, 0] if encoding == UTF_16LE => low,
            _ => continue,
        };
        ends |= matches!(letter, b'\n' | b'\r');
        signs |= DELIMITERS.contains(&char::from(letter));
    }
    ends && signs
}

/// Counts letters of several bytes, sound and broken, and answers the begin of a letter that the
/// next bytes may end.
fn count_letters(bytes: &[u8], sound: &mut usize, broken: &mut usize) -> Vec<u8> {
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        *sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        let invalid = chunk.invalid();
        let last = chunks.peek().is_none();
        if last
            && invalid.len() < 4
            && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
        {
            return invalid.to_vec();
        }
        *broken += usize::from(!invalid.is_empty());
    }
    Vec::new()
}

/// Reads a file line by line, each with its number from 1. Lines end with LF, CR LF or CR.
pub(super) struct Lines {
    file: File,
    decoder: Decoder,
    text: String,
    ready: VecDeque<String>,
    ended: bool,
    number: u64,
    read: u64,
}

impl Lines {
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn open(path: &Path, encoding: &'static Encoding) -> anyhow::Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.rewind()?;
        Ok(Self {
            file,
            decoder: encoding.new_decoder_with_bom_removal(),
            text: String::new(),
            ready: VecDeque::new(),
            ended: false,
            number: 0,
            read: 0,
        })
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next line and its number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, String)>> {
        while self.ready.is_empty() && !self.ended {
            self.fill()?;
        }
        let Some(line) = self.ready.pop_front() else {
            return Ok(None);
        };
        self.number += 1;
        Ok(Some((self.number, line)))
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        let length = self.file.read(&mut chunk)?;
        self.read += length as u64;
        self.ended = length == 0;
        let mut rest = chunk.get(..length).unwrap_or_default();
        loop {
            let room = self
                .decoder
                .max_utf8_buffer_length(rest.len())
                .unwrap_or(CHUNK);
            self.text.reserve(room);
            let (result, read, _) = self
                .decoder
                .decode_to_string(rest, &mut self.text, self.ended);
            rest = rest.get(read..).unwrap_or_default();
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        self.cut();
        Ok(())
    }

    /// Moves whole lines out of the text. A CR at the very end may have its LF still to come.
    fn cut(&mut self) {
        let mut from = 0;
        while let Some(rest) = self.text.get(from..) {
            let Some(at) = rest.find(['\n', '\r']) else {
                break;
            };
            let ending = rest.get(at..).unwrap_or_default();
            if ending == "\r" && !self.ended {
                break;
            }
            let end = if ending.starts_with("\r\n") { 2 } else { 1 };
            self.ready
                .push_back(rest.get(..at).unwrap_or_default().to_owned());
            from += at + end;
        }
        self.text.drain(..from);
        if self.ended && !self.text.is_empty() {
            self.ready.push_back(std::mem::take(&mut self.text));
        }
    }
}
