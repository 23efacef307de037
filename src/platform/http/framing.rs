//! Where the requests of a connection end: their heads, and their bodies.
//!
//! What the framework may be given of a connection depends on where in it a request stands. Heads
//! are delimited here as the framework's parser delimits them; of bodies the framework says how
//! they are delimited, and they are followed just so. Nothing is judged here: what is malformed
//! the framework refuses, and closes.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{self, HeaderValue},
};

/// Where in the requests of a connection we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before a head or in it.
    Head(Head),
    /// In a body.
    Body(Body),
}

/// Where in a head we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Before it; empty lines are passed over.
    Before,
    /// In a line.
    Line,
    /// Where a line begins.
    LineBegins,
    /// After a return where a line begins.
    LineReturns,
}

/// What is left of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Bytes(u64),
    /// Chunks.
    Chunks(Chunks),
    /// Whatever comes.
    Everything,
}

/// Where in a chunked body we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks {
    at: Chunk,
    /// What the chunk's size says, or what is left of its data.
    size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    SizeBegins,
    Size,
    SizeBlank,
    Extension,
    SizeReturns,
    Data,
    DataEnds,
    DataReturns,
    TrailerBegins,
    Trailer,
    TrailerReturns,
    LastReturns,
}

/// What a byte of a chunked body leads to.
enum Next {
    Within(Chunks),
    End,
    Malformed,
}

impl Place {
    /// Between two requests.
    pub const BETWEEN: Self = Self::Head(Head::Before);

    /// How many of the bytes belong to the head or body we are in, and where we are after them;
    /// none when it ended.
    #[must_use]
    pub fn follow(self, bytes: &[u8]) -> (usize, Option<Self>) {
        match self {
            Self::Head(head) => {
                let (ours, rest) = head.follow(bytes);
                (ours, rest.map(Self::Head))
            }
            Self::Body(body) => {
                let (ours, rest) = body.follow(bytes);
                (ours, rest.map(Self::Body))
            }
        }
    }

    /// Whether so many bytes, whatever they are, belong to it.
    #[must_use]
    pub fn has_room_for(self, bytes: usize) -> bool {
        match self {
            Self::Body(Body::Bytes(left)) => u64::try_from(bytes).is_ok_and(|bytes| bytes <= left),
            Self::Body(Body::Everything) => true,
            Self::Body(Body::Chunks(_)) | Self::Head(_) => false,
        }
    }
}

impl Head {
    fn follow(mut self, bytes: &[u8]) -> (usize, Option<Self>) {
        for (at, byte) in bytes.iter().enumerate() {
            self = match (self, byte) {
                (Self::Before, b'\r' | b'\n') => Self::Before,
                (Self::LineBegins | Self::LineReturns, b'\n') => return (at + 1, None),
                (Self::LineBegins, b'\r') => Self::LineReturns,
                (_, b'\n') => Self::LineBegins,
                _ => Self::Line,
            };
        }
        (bytes.len(), Some(self))
    }
}

impl Body {
    /// How the body of a request that has one is delimited, by the framework's order: chunks, what
    /// becomes another protocol, a length.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        if request.chunked().unwrap_or(false) {
            return Self::CHUNKS;
        }
        let text = |value: &HeaderValue| value.to_str().map(|v| v.trim().to_owned()).ok();
        let headers = request.headers();
        let mut upgrades = headers.get_all(header::UPGRADE).filter_map(text);
        if upgrades.any(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
            return Self::Everything;
        }
        let length = headers.get(header::CONTENT_LENGTH).and_then(text);
        let length = length.and_then(|length| length.parse().ok());
        length.map_or(Self::Everything, Self::Bytes)
    }

    const CHUNKS: Self = Self::Chunks(Chunks {
        at: Chunk::SizeBegins,
        size: 0,
    });

    fn follow(self, bytes: &[u8]) -> (usize, Option<Self>) {
        match self {
            Self::Bytes(left) => {
                let ours = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let left = left.saturating_sub(ours as u64);
                (ours, (left > 0).then_some(Self::Bytes(left)))
            }
            Self::Chunks(chunks) => chunks.follow(bytes),
            Self::Everything => (bytes.len(), Some(self)),
        }
    }
}

impl Chunks {
    fn follow(mut self, bytes: &[u8]) -> (usize, Option<Body>) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.at == Chunk::Data {
                let here = (bytes.len() - at) as u64;
                let skipped = self.size.min(here);
                self.size -= skipped;
                at += usize::try_from(skipped).unwrap_or(bytes.len());
                if self.size == 0 {
                    self.at = Chunk::DataEnds;
                }
                continue;
            }
            at += 1;
            match self.step(*byte) {
                Next::Within(next) => self = next,
                Next::End => return (at, None),
                Next::Malformed => return (bytes.len(), Some(Body::Everything)),
            }
        }
        (bytes.len(), Some(Body::Chunks(self)))
    }

    fn step(self, byte: u8) -> Next {
        let size = self.size;
        let at = match (self.at, byte) {
            (Chunk::SizeBegins | Chunk::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).map(u64::from);
                let before = if self.at == Chunk::Size { size } else { 0 };
                let size = before.checked_mul(16).zip(digit).map(|(s, d)| s + d);
                return size.map_or(Next::Malformed, |size| {
                    let at = Chunk::Size;
                    Next::Within(Self { at, size })
                });
            }
            (Chunk::Size | Chunk::SizeBlank, b'\t' | b' ') => Chunk::SizeBlank,
            (Chunk::Size | Chunk::SizeBlank, b';') => Chunk::Extension,
            (Chunk::Size | Chunk::SizeBlank | Chunk::Extension, b'\r') => Chunk::SizeReturns,
            (Chunk::Extension, b'\t' | b' '..=b'~' | 0x80..) => Chunk::Extension,
            (Chunk::SizeReturns, b'\n') if size > 0 => Chunk::Data,
            (Chunk::SizeReturns | Chunk::TrailerReturns, b'\n') => Chunk::TrailerBegins,
            (Chunk::DataEnds, b'\r') => Chunk::DataReturns,
            (Chunk::DataReturns, b'\n') => Chunk::SizeBegins,
            (Chunk::TrailerBegins, b'\r') => Chunk::LastReturns,
            (Chunk::Trailer, b'\r') => Chunk::TrailerReturns,
            (Chunk::TrailerBegins | Chunk::Trailer, _) => Chunk::Trailer,
            (Chunk::LastReturns, b'\n') => return Next::End,
            _ => return Next::Malformed,
        };
        Next::Within(Self { at, size })
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Place};

    const HEADS: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
    ];

    const CHUNKED: [&[u8]; 5] = [
        b"0\r\n\r\n",
        b"1B\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n\r\n0\r\n\r\n",
        b"a \t;x=\"y\"\r\n0\r\n\r\n0\r\n\r\n\r\n00\r\n\r\n",
        b"1\r\nx\r\n2;\r\n\r\n\r\n0;q\r\nTrailer: a\r\nb: c\r\n\r\n",
        b"0\r\n\n\r\n\r\n",
    ];

    /// Where a place ends in bytes that come in pieces of one size.
    fn end_in(start: Place, bytes: &[u8], piece: usize) -> Option<usize> {
        let (mut place, mut at) = (start, 0);
        for piece in bytes.chunks(piece) {
            let (ours, rest) = place.follow(piece);
            at += ours;
            match rest {
                Some(next) => place = next,
                None => return Some(at),
            }
        }
        None
    }

    fn check(start: Place, bytes: &[u8]) {
        let followed = [bytes, b"GET / HTTP/1.1\r\n\r\n".as_slice()].concat();
        for piece in 1..=followed.len() {
            let said = String::from_utf8_lossy(bytes);
            assert_eq!(end_in(start, &followed, piece), Some(bytes.len()), "{said}");
            assert_eq!(end_in(start, &bytes[..bytes.len() - 1], piece), None);
        }
    }

    /// Pipelining: what belongs to a request is found in pieces of any size.
    #[test]
    fn heads_and_bodies_end_where_the_framework_ends_them() {
        for head in HEADS {
            check(Place::BETWEEN, head);
        }
        for body in CHUNKED {
            check(Place::Body(Body::CHUNKS), body);
        }
        check(Place::Body(Body::Bytes(5)), b"\r\n\r\n\n");
    }

    /// What the framework refuses has no end: nothing after it is a head.
    #[test]
    fn malformed_chunks_have_no_end() {
        let malformed: [&[u8]; 7] = [
            b"x\r\n",
            b"1\n",
            b"1;\x01\r\n",
            b"1 1\r\n",
            b"1\r\nxx\r\n",
            b"10000000000000000\r\n",
            b"0\r\n\rx",
        ];
        for bytes in malformed {
            let (_, rest) = Place::Body(Body::CHUNKS).follow(bytes);
            assert_eq!(rest, Some(Place::Body(Body::Everything)), "{bytes:?}");
        }
    }
}
