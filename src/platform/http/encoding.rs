//! Bodies that were compressed on their way (`Content-Encoding`), unpacked piece by piece, so
//! that the bounds of a body are those of what it holds and never of how it was packed.

use std::{
    borrow::Cow,
    collections::VecDeque,
    io::Write,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{HttpRequest, dev::Payload, error::PayloadError, http::header};
use bytes::Bytes;
use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};
use futures_util::Stream;

use crate::platform::problem::{Code, Problem};

/// The codings taken, as `Accept-Encoding` names them.
pub const CODINGS: &str = "gzip, deflate";

/// So much is unpacked at a time: at most a thousand times as many bytes come of it.
const PIECE: usize = 256;

/// A body may unpack to so many times what came of it. Photos are packed already and JSON shrinks to
/// a fifth; what shrinks further is empty room, which would cost its sender nothing and us a disk.
const TIMES: usize = 10;

/// So much may come of a body however small it is: more than JSON may have.
const ALWAYS: usize = 1024 * 1024;

/// A body as it was meant, whatever it was packed in.
pub struct Unpacked<S = Payload> {
    packed: S,
    unpack: Unpack,
    /// What came and is not unpacked yet.
    left: Bytes,
    ready: VecDeque<Bytes>,
    ended: bool,
    /// Bytes that came, and bytes that came of them.
    came: usize,
    made: usize,
}

enum Unpack {
    Not,
    Gzip(GzDecoder<Vec<u8>>),
    /// What came of a `deflate` body until its first two bytes tell which of the two it is.
    Unsure(Vec<u8>),
    Zlib(ZlibDecoder<Vec<u8>>),
    /// Without the frame of zlib, which many senders leave out.
    Raw(DeflateDecoder<Vec<u8>>),
    /// Behind the end of what was packed.
    Padding,
}

/// What opens each member of a gzip file.
const GZIP: u8 = 0x1f;

/// The body of a request, unpacked.
///
/// # Errors
/// 415 for a coding that is not taken.
pub fn unpacked(request: &HttpRequest, payload: Payload) -> Result<Unpacked, Problem> {
    let mut unpack = Unpack::Not;
    for line in request.headers().get_all(header::CONTENT_ENCODING) {
        for coding in line.to_str().unwrap_or("?").split(',').map(str::trim) {
            let once = matches!(unpack, Unpack::Not);
            unpack = match coding.to_ascii_lowercase().as_str() {
                "" | "identity" => unpack,
                "gzip" | "x-gzip" if once => Unpack::Gzip(GzDecoder::new(Vec::new())),
                "deflate" if once => Unpack::Unsure(Vec::new()),
                _ => {
                    let detail =
                        format!("send the body as it is, or packed once as one of {CODINGS}");
                    return Err(Problem::because(Code::UnsupportedEncoding, detail));
                }
            };
        }
    }
    Ok(Unpacked::new(payload, unpack))
}

impl<S> Unpacked<S> {
    fn new(packed: S, unpack: Unpack) -> Self {
        Self {
            packed,
            unpack,
            left: Bytes::new(),
            ready: VecDeque::new(),
            ended: false,
            came: 0,
            made: 0,
        }
    }

    fn is_too_much(&self) -> bool {
        self.made > ALWAYS.max(self.came.saturating_mul(TIMES))
    }
}

impl Unpack {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<Vec<u8>> {
        let (mut unpacked, mut rest) = (Vec::new(), Cow::Borrowed(piece));
        if let Self::Unsure(came) = self {
            came.extend_from_slice(piece);
            let came = std::mem::take(came);
            *self = match came.as_slice() {
                [] | [_] => Self::Unsure(came.clone()),
                // RFC 1950, 2.2: the method, and a check of the two.
                [method, flags, ..]
                    if method & 15 == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0 =>
                {
                    Self::Zlib(ZlibDecoder::new(Vec::new()))
                }
                _ => Self::Raw(DeflateDecoder::new(Vec::new())),
            };
            rest = Cow::Owned(came);
        }
        let mut rest: &[u8] = &rest;
        while !rest.is_empty() {
            let taken = match self {
                Self::Unsure(_) => return Ok(unpacked),
                Self::Not => {
                    unpacked.extend_from_slice(rest);
                    rest.len()
                }
                Self::Gzip(decoder) => decoder.write(rest)?,
                Self::Zlib(decoder) => decoder.write(rest)?,
                Self::Raw(decoder) => decoder.write(rest)?,
                // Some senders fill up a block, or end a line.
                Self::Padding if rest.iter().all(|b| matches!(b, 0 | b'\r' | b'\n')) => rest.len(),
                Self::Padding => return Err(std::io::ErrorKind::InvalidData.into()),
            };
            if taken == 0 {
                unpacked.extend(self.finish()?);
                *self = match self {
                    Self::Gzip(_) if rest.first() == Some(&GZIP) => {
                        Self::Gzip(GzDecoder::new(Vec::new()))
                    }
                    _ => Self::Padding,
                };
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        unpacked.extend(self.take());
        Ok(unpacked)
    }

    /// What was unpacked since.
    fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Gzip(decoder) => std::mem::take(decoder.get_mut()),
            Self::Zlib(decoder) => std::mem::take(decoder.get_mut()),
            Self::Raw(decoder) => std::mem::take(decoder.get_mut()),
            Self::Not | Self::Unsure(_) | Self::Padding => Vec::new(),
        }
    }

    /// What is left at the end; a packing that breaks off is an error.
    fn finish(&mut self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish()?,
            Self::Zlib(decoder) => decoder.try_finish()?,
            Self::Raw(decoder) => decoder.try_finish()?,
            Self::Unsure(came) if !came.is_empty() => {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            Self::Not | Self::Unsure(_) | Self::Padding => {}
        }
        Ok(self.take())
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Unpacked<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(piece) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(piece)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let unpacked = if this.left.is_empty() {
                match ready!(Pin::new(&mut this.packed).poll_next(cx)) {
                    Some(Ok(bytes)) if matches!(this.unpack, Unpack::Not) => {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    Some(Ok(bytes)) => {
                        this.came += bytes.len();
                        this.left = bytes;
                        continue;
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => {
                        this.ended = true;
                        this.unpack.finish()
                    }
                }
            } else {
                let piece = this.left.split_to(PIECE.min(this.left.len()));
                this.unpack.write(&piece)
            };
            match unpacked {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    this.made += bytes.len();
                    if this.is_too_much() {
                        this.ended = true;
                        return Poll::Ready(Some(Err(PayloadError::Overflow)));
                    }
                    this.ready.push_back(Bytes::from(bytes));
                }
                Err(_) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(PayloadError::EncodingCorrupted)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use futures_util::{StreamExt as _, stream};

    fn gzip(text: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        Bytes::from(encoder.finish().unwrap())
    }

    async fn unpack(packed: Bytes) -> Result<Vec<u8>, PayloadError> {
        unpack_as(Unpack::Gzip(GzDecoder::new(Vec::new())), packed, 1000).await
    }

    async fn unpack_as(
        unpack: Unpack,
        packed: Bytes,
        chunk: usize,
    ) -> Result<Vec<u8>, PayloadError> {
        let chunks: Vec<_> = packed
            .chunks(chunk)
            .map(|c| Ok(Bytes::copy_from_slice(c)))
            .collect();
        let mut body = Unpacked::new(stream::iter(chunks), unpack);
        let mut whole = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece?;
            assert!(piece.len() <= 512 * 1024, "{}", piece.len());
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// JSON and headers: a bomb comes in small pieces and ends early, whatever was honest before it.
    #[tokio::test]
    async fn a_packed_body_is_unpacked_in_small_pieces() {
        let bomb = vec![0; 20 << 20];
        let ended = unpack(gzip(&bomb)).await.unwrap_err();
        assert!(matches!(ended, PayloadError::Overflow), "{ended}");
        let small = vec![0; ALWAYS - 1];
        assert_eq!(unpack(gzip(&small)).await.unwrap().len(), small.len());
        let noise: Vec<u8> = (0_u32..500_000)
            .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 8).to_be_bytes())
            .collect();
        let honest = [noise.as_slice(), &vec![0; 4 << 20]].concat();
        assert_eq!(unpack(gzip(&honest)).await.unwrap().len(), honest.len());
        let twice = [gzip(b"{\"a\":"), gzip(b"1}")].concat();
        assert_eq!(unpack(Bytes::from(twice)).await.unwrap(), b"{\"a\":1}");
        let whole = gzip(&[b'x'; 5000]);
        assert!(unpack(whole.slice(..whole.len() / 2)).await.is_err());
        assert!(unpack(Bytes::from_static(b"no gzip at all")).await.is_err());
    }

    /// JSON and headers: a block that was filled up, and a `deflate` without its frame, are read.
    #[tokio::test]
    async fn what_stands_behind_and_before_is_tolerated() {
        let text = b"{\"a\":1}";
        let (mut zlib, mut raw) = (
            ZlibEncoder::new(Vec::new(), Compression::best()),
            DeflateEncoder::new(Vec::new(), Compression::best()),
        );
        zlib.write_all(text).unwrap();
        raw.write_all(text).unwrap();
        let packed = [
            (true, gzip(text).to_vec()),
            (false, zlib.finish().unwrap()),
            (false, raw.finish().unwrap()),
        ];
        for (is_gzip, packed) in packed {
            for chunk in [1, 1000] {
                let read = async |bytes: Vec<u8>| {
                    let unpack = if is_gzip {
                        Unpack::Gzip(GzDecoder::new(Vec::new()))
                    } else {
                        Unpack::Unsure(Vec::new())
                    };
                    unpack_as(unpack, Bytes::from(bytes), chunk).await
                };
                for behind in [&b""[..], b"\0", b"\r\n", &[0; 700]] {
                    let whole = [packed.as_slice(), behind].concat();
                    assert_eq!(read(whole).await.unwrap(), text, "{is_gzip} {chunk}");
                }
                assert!(read([packed.as_slice(), b"junk"].concat()).await.is_err());
                assert!(read([packed.as_slice(), b"\0\x1f"].concat()).await.is_err());
                assert!(read(packed[..packed.len() - 1].to_vec()).await.is_err());
            }
        }
    }

    #[test]
    fn only_known_codings_are_taken_and_once() {
        let taken = |coding: &str| {
            let request = TestRequest::default().insert_header(("content-encoding", coding));
            unpacked(&request.to_http_request(), Payload::None).is_ok()
        };
        for coding in [
            "gzip",
            "GZIP",
            "x-gzip",
            "deflate",
            "identity",
            "identity, gzip",
            "",
        ] {
            assert!(taken(coding), "{coding}");
        }
        for coding in ["br", "zstd", "gzip, gzip", "gzip, br", "compress"] {
            assert!(!taken(coding), "{coding}");
        }
    }
}
