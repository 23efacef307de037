//! A table's bytes as lines of text, in whatever encoding an office saved it.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek},
    path::Path,
};

use anyhow::Context as _;
use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// What parts fields.
pub(super) const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A file that is no sound UTF-8 is UTF-8 with damage when it has so many sound letters of several
/// bytes for each that is broken. In a text of GBK hardly one in ten is sound by chance.
const SOUND_FOR_ONE_BROKEN: usize = 8;

/// A line of so many Chinese letters and none that is broken is UTF-8: in a text of GBK hardly one
/// line in a hundred thousand is so by chance.
const LETTERS_OF_UTF8: usize = 2;

/// Bytes a line may have in UTF-8; one with more is no row of a table.
pub(super) const LINE_BYTES: usize = 1024 * 1024;

/// What stands in a text where bytes were no letter.
pub(super) const BROKEN: char = '\u{FFFD}';

/// The encoding by its name, or by what the file's bytes are: a mark at its begin, UTF-16 by
/// its line ends and signs, UTF-8 when it is sound, GB18030 otherwise (which GBK and GB2312 are
/// parts of).
///
/// # Errors
/// When the name is unknown, the file cannot be read, or it holds two encodings.
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
    let mut letters = Letters::default();
    let mut carried: Vec<u8> = Vec::new();
    while length > 0 {
        carried.extend(chunk.iter().take(length));
        carried = letters.count(&carried);
        length = file.read(&mut chunk)?;
    }
    if !carried.is_empty() {
        letters.take_broken();
    }
    letters.end_line();
    if letters.broken == 0 || letters.sound / letters.broken >= SOUND_FOR_ONE_BROKEN {
        return Ok(UTF_8);
    }
    if let (Some(utf8), Some(other)) = (letters.whole_line, letters.broken_line) {
        anyhow::bail!(
            "line {utf8} is UTF-8 and line {other} is not: save the table anew in one encoding, or \
             name with --encoding the one to read it in; with utf-8 the rows in the other are \
             refused by their line"
        );
    }
    anyhow::ensure!(
        letters.sound <= letters.broken,
        "most letters are UTF-8 and many are not: name the encoding with --encoding, such as utf-8 or \
         gb18030"
    );
    Ok(GB18030)
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

/// The letters of several bytes that a text has if it is UTF-8.
#[derive(Default)]
struct Letters {
    sound: usize,
    broken: usize,
    /// Lines that ended.
    lines: u64,
    chinese_in_line: usize,
    broken_in_line: usize,
    after_cr: bool,
    /// The first line that is surely UTF-8.
    whole_line: Option<u64>,
    /// The first line with a broken letter.
    broken_line: Option<u64>,
}

impl Letters {
    /// Counts those of more bytes, and answers the begin of a letter that the next bytes may end.
    fn count(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.take(c));
            let invalid = chunk.invalid();
            let last = chunks.peek().is_none();
            if last
                && invalid.len() < 4
                && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
            {
                return invalid.to_vec();
            }
            if !invalid.is_empty() {
                self.take_broken();
            }
        }
        Vec::new()
    }

    fn take(&mut self, letter: char) {
        match letter {
            '\n' if self.after_cr => {}
            '\n' | '\r' => self.end_line(),
            '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}' => {
                self.sound += 1;
                self.chinese_in_line += 1;
            }
            letter => self.sound += usize::from(!letter.is_ascii()),
        }
        self.after_cr = letter == '\r';
    }

    fn take_broken(&mut self) {
        self.broken += 1;
        self.broken_in_line += 1;
    }

    fn end_line(&mut self) {
        self.lines += 1;
        let chinese = std::mem::take(&mut self.chinese_in_line);
        if std::mem::take(&mut self.broken_in_line) > 0 {
            self.broken_line.get_or_insert(self.lines);
        } else if chinese >= LETTERS_OF_UTF8 {
            self.whole_line.get_or_insert(self.lines);
        }
    }
}

/// A line of a file.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its text, empty where there is too much of it.
    pub(super) text: String,
    /// Whether it has more than [`LINE_BYTES`].
    pub(super) is_too_long: bool,
}

/// Reads a file line by line, each with its number from 1. Lines end with LF, CR LF or CR.
pub(super) struct Lines {
    file: File,
    decoder: Decoder,
    text: String,
    /// Bytes of the text in which no line ends.
    looked_at: usize,
    /// Whether the begin of the text's first line was dropped.
    is_too_long: bool,
    ready: VecDeque<Line>,
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
            looked_at: 0,
            is_too_long: false,
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

    /// The next line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        while self.ready.is_empty() && !self.ended {
            self.fill()?;
        }
        Ok(self.ready.pop_front())
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
        let text = std::mem::take(&mut self.text);
        let (mut from, mut looked_at) = (0, self.looked_at);
        while let Some(found) = text
            .as_bytes()
            .get(looked_at..)
            .and_then(|rest| memchr::memchr2(b'\n', b'\r', rest))
        {
            let at = looked_at + found;
            let ending = text.get(at..).unwrap_or_default();
            if ending == "\r" && !self.ended {
                break;
            }
            self.put(text.get(from..at).unwrap_or_default());
            from = at + if ending.starts_with("\r\n") { 2 } else { 1 };
            looked_at = from;
        }
        let mut rest = text.get(from..).unwrap_or_default();
        self.looked_at = match rest.ends_with('\r') {
            true => rest.len() - 1,
            false => rest.len(),
        };
        if rest.len() > LINE_BYTES {
            self.is_too_long = true;
            rest = rest.get(self.looked_at..).unwrap_or_default();
            self.looked_at = 0;
        }
        if self.ended && (self.is_too_long || !rest.is_empty()) {
            self.put(rest);
        } else {
            self.text = rest.to_owned();
        }
    }

    /// A line that is whole.
    fn put(&mut self, text: &str) {
        self.number += 1;
        let is_too_long = std::mem::take(&mut self.is_too_long) || text.len() > LINE_BYTES;
        let text = if is_too_long { "" } else { text };
        self.ready.push_back(Line {
            number: self.number,
            text: text.to_owned(),
            is_too_long,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.csv");
        std::fs::write(&file, bytes).unwrap();
        read(&file)
    }

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    /// CSV encodings: rows of two encodings in one file are refused with what to do.
    #[test]
    fn a_file_of_two_encodings_is_refused_with_advice() {
        let rows = |count: usize| "2,2026-11-20,臭味扰民\n".repeat(count).into_bytes();
        let other = gbk("3,2026-11-20,晋安河边夜里有人烧塑料\r\n");
        let header = b"id,date,content\n".to_vec();
        let odd_last = [header.clone(), rows(3), other.clone()].concat();
        let odd_first = [header.clone(), other.clone(), rows(1)].concat();
        let one_of_many = [header.clone(), other.repeat(50), rows(1), other.repeat(50)].concat();
        for (bytes, utf8, broken) in [(odd_last, 2, 5), (odd_first, 3, 2), (one_of_many, 52, 2)] {
            let refused = in_file(&bytes, |file| {
                encoding_of(file, None).unwrap_err().to_string()
            });
            let told = format!("line {utf8} is UTF-8 and line {broken} is not");
            assert!(
                refused.contains(&told) && refused.contains("--encoding"),
                "{refused}"
            );
            let named = in_file(&bytes, |file| encoding_of(file, Some("utf-8")).unwrap());
            assert_eq!(named, UTF_8);
        }
        for (bytes, encoding) in [
            ([header.clone(), other.repeat(3)].concat(), GB18030),
            ([header.clone(), rows(3)].concat(), UTF_8),
            ([header, rows(300), other].concat(), UTF_8),
        ] {
            assert_eq!(
                in_file(&bytes, |file| encoding_of(file, None).unwrap()),
                encoding
            );
        }
    }

    /// CSV lines: one without an end costs what its bytes cost, and itself alone.
    #[test]
    fn a_line_without_end_is_passed_over_in_one_go() {
        const MEGABYTES: usize = 64;
        let mut bytes = b"a,b\r\n".to_vec();
        bytes.extend(vec![b'x'; MEGABYTES * 1024 * 1024]);
        bytes.extend(b"\r\n1,2\r\r\n3,4");
        let begun = std::time::Instant::now();
        let lines = in_file(&bytes, |file| {
            let mut lines = Lines::open(file, UTF_8).unwrap();
            let mut told = Vec::new();
            while let Some(line) = lines.next().unwrap() {
                assert!(lines.text.len() <= LINE_BYTES + 3 * CHUNK);
                told.push((line.number, line.text, line.is_too_long));
            }
            told
        });
        let expected = [
            (1, "a,b", false),
            (2, "", true),
            (3, "1,2", false),
            (4, "", false),
            (5, "3,4", false),
        ];
        assert_eq!(
            lines,
            expected.map(|(number, text, long)| (number, text.to_owned(), long))
        );
        // Looking through all of it for each chunk would be a thousand times as much.
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    #[test]
    fn a_line_end_may_lie_between_two_reads() {
        for before in [CHUNK - 2, CHUNK - 1, CHUNK] {
            let text = format!("{}\r\nb\r", "a".repeat(before));
            let lines = in_file(text.as_bytes(), |file| {
                let mut lines = Lines::open(file, UTF_8).unwrap();
                std::iter::from_fn(|| lines.next().unwrap())
                    .map(|line| line.text)
                    .collect::<Vec<_>>()
            });
            assert_eq!(lines, ["a".repeat(before), "b".to_owned()]);
        }
    }
}
