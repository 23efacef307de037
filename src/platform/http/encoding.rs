//! Bodies that were compressed on their way (`Content-Encoding`), unpacked piece by piece, so
//! that the bounds of a body are those of what it holds and never of how it was packed.

use std::{
    collections::VecDeque,
    io::Write,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{HttpRequest, dev::Payload, error::PayloadError, http::header};
use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures_util::Stream;

use crate::platform::problem::{Code, Problem};

/// The codings taken, as `Accept-Encoding` names them.
pub const CODINGS: &str = "gzip, deflate";

/// So much is unpacked at a time: at most a thousand times as many bytes come of it.
const PIECE: usize = 256;

/// A body as it was meant, whatever it was packed in.
pub struct Unpacked<S = Payload> {
    packed: S,
    unpack: Unpack,
    /// What came and is not unpacked yet.
    left: Bytes,
    ready: VecDeque<Bytes>,
    ended: bool,
}

enum Unpack {
    Not,
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
}

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
                "gzip" | "x-gzip" if once => Unpack::Gzip(MultiGzDecoder::new(Vec::new())),
                "deflate" if once => Unpack::Deflate(ZlibDecoder::new(Vec::new())),
                _ => {
                    let detail =
                        format!("send the body as it is, or packed once as one of {CODINGS}");
                    return Err(Problem::because(Code::UnsupportedEncoding, detail));
                }
            };
        }
    }
    Ok(Unpacked {
        packed: payload,
        unpack,
        left: Bytes::new(),
        ready: VecDeque::new(),
        ended: false,
    })
}

impl Unpack {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Not => Ok(piece.to_vec()),
            Self::Gzip(decoder) => {
                decoder.write_all(piece)?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Deflate(decoder) => {
                decoder.write_all(piece)?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }

    /// What is left at the end; a packing that breaks off is an error.
    fn finish(&mut self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Not => Ok(Vec::new()),
            Self::Gzip(decoder) => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Deflate(decoder) => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
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
                Ok(bytes) => this.ready.push_back(Bytes::from(bytes)),
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
    use flate2::{Compression, write::GzEncoder};
    use futures_util::{StreamExt as _, stream};

    fn gzip(text: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        Bytes::from(encoder.finish().unwrap())
    }

    async fn unpack(packed: Bytes) -> Result<Vec<u8>, PayloadError> {
        let chunks: Vec<_> = packed
            .chunks(1000)
            .map(|c| Ok(Bytes::copy_from_slice(c)))
            .collect();
        let mut body = Unpacked {
            packed: stream::iter(chunks),
            unpack: Unpack::Gzip(MultiGzDecoder::new(Vec::new())),
            left: Bytes::new(),
            ready: VecDeque::new(),
            ended: false,
        };
        let mut whole = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = piece?;
            assert!(piece.len() <= 512 * 1024, "{}", piece.len());
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// JSON and headers: a bomb comes in small pieces, so that its reader can stop.
    #[tokio::test]
    async fn a_packed_body_is_unpacked_in_small_pieces() {
        let bomb = vec![0; 20 << 20];
        assert_eq!(unpack(gzip(&bomb)).await.unwrap().len(), bomb.len());
        let twice = [gzip(b"{\"a\":"), gzip(b"1}")].concat();
        assert_eq!(unpack(Bytes::from(twice)).await.unwrap(), b"{\"a\":1}");
        let whole = gzip(&[b'x'; 5000]);
        assert!(unpack(whole.slice(..whole.len() / 2)).await.is_err());
        assert!(unpack(Bytes::from_static(b"no gzip at all")).await.is_err());
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
