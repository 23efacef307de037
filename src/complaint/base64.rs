//! Base64 as a part of a form is written in it (RFC 2045, 6.8), decoded as it comes.

use bytes::Bytes;

/// Letters by which a text shows whether it is Base64.
const TOLD_BY: usize = 64;

/// Bits of a letter.
const BITS: u32 = 6;

/// A text that is being decoded. What breaks its lines is no letter of it. A part that only says that
/// it is Base64, as some clients do of any part, is handed on as it came: its first letters show it.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    /// What came until it is known what it is.
    begin: Vec<u8>,
    is_written: Option<bool>,
    /// Bits that make no whole byte yet, and how many.
    left: u32,
    count: u32,
}

impl Base64 {
    /// The bytes of what came.
    pub(super) fn decode(&mut self, sent: Bytes) -> Bytes {
        match self.is_written {
            Some(false) => sent,
            Some(true) => self.bytes(&sent),
            None => {
                self.begin.extend_from_slice(&sent);
                let is_other = self.begin.iter().any(|b| is_other(*b));
                let letters = self.begin.iter().filter(|b| value(**b).is_some()).count();
                if is_other || letters >= TOLD_BY {
                    self.settle(!is_other)
                } else {
                    Bytes::new()
                }
            }
        }
    }

    /// The bytes that are left at the end.
    pub(super) fn finish(&mut self) -> Bytes {
        match self.is_written {
            None => self.settle(true),
            Some(_) => Bytes::new(),
        }
    }

    fn settle(&mut self, is_written: bool) -> Bytes {
        self.is_written = Some(is_written);
        let begin = std::mem::take(&mut self.begin);
        if is_written {
            self.bytes(&begin)
        } else {
            begin.into()
        }
    }

    fn bytes(&mut self, sent: &[u8]) -> Bytes {
        let mut bytes = Vec::with_capacity(sent.len() / 4 * 3 + 3);
        for letter in sent {
            if *letter == b'=' {
                (self.left, self.count) = (0, 0);
            }
            let Some(value) = value(*letter) else {
                continue;
            };
            self.left = (self.left << BITS) | value;
            self.count += BITS;
            if let Some(rest) = self.count.checked_sub(u8::BITS) {
                let [.., byte] = (self.left >> rest).to_be_bytes();
                bytes.push(byte);
                self.left &= (1 << rest) - 1;
                self.count = rest;
            }
        }
        bytes.into()
    }
}

/// The six bits of a letter, in either alphabet of RFC 4648.
fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// Whether a byte stands in no text of Base64.
fn is_other(byte: u8) -> bool {
    value(byte).is_none() && byte != b'=' && !byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose};

    fn decoded(text: &[u8], size: usize) -> Vec<u8> {
        let mut base64 = Base64::default();
        let mut bytes: Vec<u8> = text
            .chunks(size)
            .flat_map(|chunk| base64.decode(Bytes::copy_from_slice(chunk)))
            .collect();
        bytes.extend(base64.finish());
        bytes
    }

    #[test]
    fn text_comes_to_its_bytes_however_it_comes() {
        let photo: Vec<u8> = (0..1000_u32).map(|n| (n * 7 % 256) as u8).collect();
        for length in [0, 1, 2, 3, 47, 48, 49, 1000] {
            let bytes = &photo[..length];
            let plain = general_purpose::STANDARD.encode(bytes);
            let lines: Vec<&str> = plain
                .as_bytes()
                .chunks(76)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            let texts = [
                lines.join("\r\n"),
                format!("{}\n", lines.join("\n")),
                general_purpose::STANDARD_NO_PAD.encode(bytes),
                general_purpose::URL_SAFE.encode(bytes),
                plain.clone(),
            ];
            for text in texts {
                for size in [1, 3, 64, 5000] {
                    assert_eq!(decoded(text.as_bytes(), size), bytes, "{size} {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_none_is_handed_on() {
        let riff = b"RIFF\x24\x1a\0\0WEBPVP8X".as_slice();
        for bytes in [b"\xff\xd8\xff\xe0JFIF".as_slice(), riff, b"{\"a\":1}"] {
            for size in [1, 1000] {
                assert_eq!(decoded(bytes, size), bytes);
            }
        }
    }
}
