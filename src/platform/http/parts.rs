//! A body of several parts (RFC 2046, 5.1), cut at its boundaries.
//!
//! What stands in the headers of a part is its sender's business: file names in any encoding, with
//! letters that no header may have, lengths that are not so, types that nobody knows. They are
//! handed on as they came, within a bound, and never sink the body.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::error::PayloadError;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use memchr::memmem::Finder;

use super::broken_off;
use crate::platform::problem::{Code, Problem};

/// Bytes the headers of one part may have; a file name of 100 KB was seen.
const HEADER_BYTES: usize = 256 * 1024;

/// Spaces a boundary's line may end in.
const PADDING: usize = 64;

/// What comes of the body, in its order: a part is `Headers`, any number of `Data`, and `End`.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// So many bytes before the first part, which say nothing.
    Skipped(usize),
    /// A part begins; its headers' lines.
    Headers(Bytes),
    /// More of the part.
    Data(Bytes),
    /// The part is whole.
    End,
}

enum State {
    Preamble,
    Headers,
    Data,
    Ended,
}

/// The pieces of a body.
pub struct PieceStream<S> {
    body: S,
    boundary: Finder<'static>,
    /// What else the boundary may be, until the first of them is found.
    others: Vec<Finder<'static>>,
    buffer: BytesMut,
    /// Bytes of the buffer in which no end of headers was found.
    looked_at: usize,
    body_ended: bool,
    state: State,
}

/// Where the next boundary stands.
#[derive(Debug, PartialEq, Eq)]
enum Mark {
    /// Not within the bytes there are, the last of which may begin one.
    Beyond,
    /// There may be one; more bytes will tell.
    Perhaps(usize),
    /// There, up to an end, and whether it is the last.
    Here { at: usize, end: usize, last: bool },
}

impl Mark {
    /// Where it stands; behind all else when it does not.
    fn place(&self) -> usize {
        match self {
            Self::Beyond => usize::MAX,
            Self::Perhaps(at) | Self::Here { at, .. } => *at,
        }
    }
}

/// Looks for a boundary: a line of `--`, its name and perhaps spaces. Lines end with CR LF; a lone
/// LF is taken too.
fn mark(buffer: &[u8], boundary: &Finder<'_>, body_ended: bool) -> Mark {
    let mut from = 0;
    while let Some(found) = buffer.get(from..).and_then(|rest| boundary.find(rest)) {
        let at = from + found;
        let end = at + boundary.needle().len();
        let after = buffer.get(end..).unwrap_or_default();
        let spaces = after
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        match after.get(spaces..).unwrap_or_default() {
            _ if after.starts_with(b"--") => {
                return Mark::Here {
                    at,
                    end,
                    last: true,
                };
            }
            // The line's own end stays: the headers begin with it.
            [b'\n', ..] | [b'\r', b'\n', ..] if spaces <= PADDING => {
                let end = end + spaces;
                return Mark::Here {
                    at,
                    end,
                    last: false,
                };
            }
            [] | [b'\r'] | [b'-'] if body_ended => {
                return Mark::Here {
                    at,
                    end,
                    last: true,
                };
            }
            [] | [b'\r'] | [b'-'] if spaces <= PADDING => return Mark::Perhaps(at),
            _ => from = at + 1,
        }
    }
    Mark::Beyond
}

/// The end of headers: an empty line, whose own end is part of it.
fn end_of_headers(buffer: &[u8], from: usize) -> Option<usize> {
    let ends = memchr::memchr_iter(b'\n', buffer.get(from..)?).map(|at| from + at);
    let mut ends = ends.filter_map(|at| match buffer.get(at + 1..)? {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    });
    ends.next()
}

fn malformed(detail: &str) -> Problem {
    Problem::because(Code::MalformedRequest, detail.to_owned())
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> PieceStream<S> {
    /// The parts between lines of `--` and a boundary: of those it may be, the one that comes.
    #[must_use]
    pub fn new(boundaries: &[String], body: S) -> Self {
        let line = |boundary: &String| {
            let line = format!("\n--{boundary}");
            Finder::new(line.as_bytes()).into_owned()
        };
        let mut lines: Vec<_> = boundaries.iter().map(line).collect();
        // What is dropped before a boundary is found leaves room for the longest.
        lines.sort_by_key(|line| std::cmp::Reverse(line.needle().len()));
        let others = lines.split_off(lines.len().min(1));
        let boundary = lines.pop().unwrap_or_else(|| line(&String::new()));
        Self {
            body,
            boundary,
            others,
            // The first boundary may open the body, where no line ends before it.
            buffer: BytesMut::from(&b"\n"[..]),
            looked_at: 0,
            body_ended: false,
            state: State::Preamble,
        }
    }

    /// Where the next boundary stands; the first one that does shows which it is.
    fn mark(&mut self) -> Mark {
        let found = mark(&self.buffer, &self.boundary, self.body_ended);
        let other = self
            .others
            .iter()
            .enumerate()
            .map(|(at, other)| (at, mark(&self.buffer, other, self.body_ended)))
            .min_by_key(|(_, mark)| mark.place());
        let Some((at, other)) = other.filter(|(_, other)| other.place() < found.place()) else {
            return found;
        };
        if let Mark::Here { .. } = other {
            self.boundary = self.others.swap_remove(at);
        }
        other
    }

    /// The next piece of what is there; `None` when more must come.
    fn piece(&mut self) -> Option<Result<Piece, Problem>> {
        if let State::Headers = self.state {
            return self.headers();
        }
        let found = self.mark();
        let before = |at: usize| {
            // A line's CR goes with its LF.
            at - usize::from(
                self.buffer
                    .get(..at)
                    .is_some_and(|data| data.ends_with(b"\r")),
            )
        };
        let ready = match found {
            Mark::Here { at, end, last } => match before(at) {
                0 => return Some(Ok(self.pass(end, last))),
                data => data,
            },
            Mark::Perhaps(at) => before(at),
            Mark::Beyond => self
                .buffer
                .len()
                .saturating_sub(self.boundary.needle().len()),
        };
        if ready == 0 {
            return self
                .body_ended
                .then(|| Err(malformed("the multipart body breaks off")));
        }
        let data = self.buffer.split_to(ready).freeze();
        Some(Ok(match self.state {
            State::Data => Piece::Data(data),
            _ => Piece::Skipped(data.len()),
        }))
    }

    /// Goes behind a boundary.
    fn pass(&mut self, end: usize, last: bool) -> Piece {
        let _boundary = self.buffer.split_to(end);
        self.others = Vec::new();
        let next = if last { State::Ended } else { State::Headers };
        match std::mem::replace(&mut self.state, next) {
            State::Data => Piece::End,
            _ => Piece::Skipped(end),
        }
    }

    fn headers(&mut self) -> Option<Result<Piece, Problem>> {
        let Some(end) = end_of_headers(&self.buffer, self.looked_at) else {
            // What stands last may be the begin of the empty line.
            self.looked_at = self.buffer.len().saturating_sub(2);
            return if self.buffer.len() > HEADER_BYTES {
                let detail = format!("the headers of a part may have {HEADER_BYTES} bytes");
                Some(Err(malformed(&detail)))
            } else {
                let broken = "the multipart body breaks off in the headers of a part";
                self.body_ended.then(|| Err(malformed(broken)))
            };
        };
        self.looked_at = 0;
        self.state = State::Data;
        Some(Ok(Piece::Headers(self.buffer.split_to(end).freeze())))
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for PieceStream<S> {
    type Item = Result<Piece, Problem>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let State::Ended = this.state {
                return Poll::Ready(None);
            }
            if let Some(piece) = this.piece() {
                if piece.is_err() {
                    this.state = State::Ended;
                }
                return Poll::Ready(Some(piece));
            }
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(bytes)) => this.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    this.state = State::Ended;
                    return Poll::Ready(Some(Err(broken_off(&error))));
                }
                None => this.body_ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt as _, stream};

    /// The parts of a body that comes in pieces of a size: headers and data of each.
    async fn parts(body: &[u8], size: usize) -> Result<Vec<(String, String)>, Problem> {
        parts_between(&["b"], body, size).await
    }

    async fn parts_between(
        boundaries: &[&str],
        body: &[u8],
        size: usize,
    ) -> Result<Vec<(String, String)>, Problem> {
        let boundaries: Vec<String> = boundaries.iter().map(|&b| b.to_owned()).collect();
        let pieces: Vec<_> = body
            .chunks(size)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut pieces = PieceStream::new(&boundaries, stream::iter(pieces));
        let (mut parts, mut ended) = (Vec::new(), 0);
        while let Some(piece) = pieces.next().await {
            let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
            match piece? {
                Piece::Skipped(_) => {}
                Piece::Headers(headers) => {
                    let lines = text(headers).trim_start().to_owned();
                    parts.push((lines, String::new()));
                }
                Piece::Data(data) => parts.last_mut().unwrap().1.push_str(&text(data)),
                Piece::End => ended += 1,
            }
        }
        assert_eq!(ended, parts.len());
        Ok(parts)
    }

    #[tokio::test]
    async fn a_body_is_cut_at_its_boundaries_however_it_comes() {
        let two = [("A: 1\r\n\r\n", "x\r\ny"), ("B: 2\r\nC: 3\r\n\r\n", "")];
        let plain = "--b\r\nA: 1\r\n\r\nx\r\ny\r\n--b\r\nB: 2\r\nC: 3\r\n\r\n\r\n--b--\r\n";
        let two = two.map(|(headers, data)| (headers.to_owned(), data.to_owned()));
        let bodies = [
            plain.to_owned(),
            format!("preamble\r\n{plain}epilogue"),
            format!("\r\n{plain}"),
            plain.replace("--b\r\n", "--b \t\r\n"),
            plain.replace("--b--\r\n", "--b--"),
            plain.replace("--b--\r\n", "--b"),
        ];
        for body in bodies {
            for size in [1, 2, 3, 7, 1000] {
                assert_eq!(
                    parts(body.as_bytes(), size).await.unwrap(),
                    two,
                    "{size} {body:?}"
                );
            }
        }
        let lines = plain.replace("\r\n", "\n");
        assert_eq!(parts(lines.as_bytes(), 1).await.unwrap().len(), 2);
        for (body, data) in [
            (
                "--b\r\nA: 1\r\n\r\n\r\n--bc\r\n--b -\r\n--b--",
                "\r\n--bc\r\n--b -",
            ),
            ("--b\r\nA: 1\r\n\r\nx--b\r\n--b--", "x--b"),
            ("--b\r\nA: 1\r\n\r\n\r\r\n--b--", "\r"),
            ("--b\r\n\r\nx\r\n--b--", "x"),
        ] {
            for size in [1, 1000] {
                let parts = parts(body.as_bytes(), size).await.unwrap();
                assert_eq!(
                    (parts.len(), parts[0].1.as_str()),
                    (1, data),
                    "{size} {body:?}"
                );
            }
        }
    }

    /// Forms: quotes around a boundary are part of it where the body says so.
    #[tokio::test]
    async fn of_several_boundaries_the_body_shows_which() {
        let plain = "preamble\r\n--b\r\nA: 1\r\n\r\nx\r\n--'b'\r\ny\r\n--b--\r\n";
        let quoted = "--'b'\r\nA: 1\r\n\r\nx\r\n--b\r\ny\r\n--'b'--";
        for size in [1, 2, 3, 7, 1000] {
            let names = ["'b'", "b"];
            let read = parts_between(&names, plain.as_bytes(), size).await.unwrap();
            assert_eq!(
                (read.len(), read[0].1.as_str()),
                (1, "x\r\n--'b'\r\ny"),
                "{size}"
            );
            let read = parts_between(&names, quoted.as_bytes(), size)
                .await
                .unwrap();
            assert_eq!(
                (read.len(), read[0].1.as_str()),
                (1, "x\r\n--b\r\ny"),
                "{size}"
            );
            assert!(
                parts_between(&names, b"--c\r\n\r\nx\r\n--c--", size)
                    .await
                    .is_err()
            );
        }
    }

    #[tokio::test]
    async fn what_breaks_off_or_has_no_end_is_refused() {
        for body in [
            "",
            "--",
            "x",
            "--b\r\n",
            "--b\r\nA: 1",
            "--b\r\nA: 1\r\n\r\n",
            "--b\r\nA: 1\r\n\r\nx\r\n--",
        ] {
            for size in [1, 1000] {
                let refused = parts(body.as_bytes(), size).await.unwrap_err();
                assert_eq!(refused.code(), Code::MalformedRequest, "{body:?}");
            }
        }
        let headers = |bytes: usize| format!("--b\r\nA: {}\r\n\r\nx\r\n--b--", "a".repeat(bytes));
        assert!(
            parts(headers(HEADER_BYTES - 100).as_bytes(), 1000)
                .await
                .is_ok()
        );
        assert!(
            parts(headers(HEADER_BYTES + 1000).as_bytes(), 1000)
                .await
                .is_err()
        );
    }
}
