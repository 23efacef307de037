//! How an S3 is reached. An answer is read to its end, within the time for all of it and up to the
//! bytes that one may have: blobs are photos, which are worked on whole.

use std::{error::Error, iter::successors, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::{Body as _, Incoming},
    header::USER_AGENT,
};
use object_store::{
    ClientConfigKey, ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpResponseBody, HttpService,
    },
};

use crate::platform::outgoing::{self, AGENT, Calling, NoAuthorities, Outgoing};

/// What is not done, and would be missed without a word: whoever asks for it is refused.
const NOT_DONE: [(ClientConfigKey, &str); 4] = [
    (
        ClientConfigKey::AllowInvalidCertificates,
        "AWS_ALLOW_INVALID_CERTIFICATES",
    ),
    (
        ClientConfigKey::NoSystemCertificates,
        "AWS_DISABLE_SYSTEM_CERTIFICATES",
    ),
    (ClientConfigKey::Http2Only, "AWS_HTTP2_ONLY"),
    (ClientConfigKey::ProxyUrl, "AWS_PROXY_URL"),
];

/// Why an S3 cannot be reached as it is asked for.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0} is not supported")]
    NotDone(&'static str),
    #[error(transparent)]
    NoAuthorities(#[from] NoAuthorities),
    #[error("{0:?} is no duration, such as `3 seconds`")]
    Duration(String),
}

impl From<Refusal> for object_store::Error {
    fn from(refusal: Refusal) -> Self {
        Self::NotSupported {
            source: refusal.into(),
        }
    }
}

/// An answer that is larger than any may be.
#[derive(Debug, thiserror::Error)]
#[error("the answer has more than {0} bytes")]
struct TooLarge(usize);

/// Makes clients by their options.
#[derive(Debug)]
pub(super) struct Connector {
    /// Bytes of an answer at most.
    pub(super) most_bytes: usize,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let said = |key| options.get_config_value(&key).filter(|v| v != "false");
        for (key, name) in NOT_DONE {
            if said(key).is_some() {
                return Err(Refusal::NotDone(name).into());
            }
        }
        let plain_too = said(ClientConfigKey::AllowHttp).is_some();
        let calling = Calling {
            plain_too,
            connect: duration(said(ClientConfigKey::ConnectTimeout))?,
            keeps: true,
        };
        let client = outgoing::client(calling).map_err(Refusal::from)?;
        Ok(HttpClient::new(Service {
            client,
            most_bytes: self.most_bytes,
            limit: duration(said(ClientConfigKey::Timeout))?,
        }))
    }
}

fn duration(said: Option<String>) -> Result<Option<Duration>, Refusal> {
    said.map(|text| humantime::parse_duration(&text).map_err(|_| Refusal::Duration(text)))
        .transpose()
}

#[derive(Debug)]
struct Service {
    client: Outgoing<HttpRequestBody>,
    most_bytes: usize,
    /// How long connecting and the whole answer may take.
    limit: Option<Duration>,
}

impl Service {
    async fn answer(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        request.headers_mut().entry(USER_AGENT).or_insert(AGENT);
        let answer = self.client.request(request).await.map_err(|e| {
            let kind = if e.is_connect() {
                HttpErrorKind::Connect
            } else {
                kind(&e)
            };
            HttpError::new(kind, e)
        })?;
        let (head, body) = answer.into_parts();
        let body = self.read(body).await?;
        Ok(HttpResponse::from_parts(head, whole(body)))
    }

    /// Reads an answer to its end. One that says beforehand that it is too large is not begun.
    async fn read(&self, body: Incoming) -> Result<Bytes, HttpError> {
        let too_large = || HttpError::new(HttpErrorKind::Decode, TooLarge(self.most_bytes));
        let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if said > self.most_bytes {
            return Err(too_large());
        }
        let read = Limited::new(body, self.most_bytes).collect().await;
        let read = read.map_err(|e| match e.downcast::<hyper::Error>() {
            Ok(e) => HttpError::new(kind(&*e), *e),
            Err(_) => too_large(),
        });
        Ok(read?.to_bytes())
    }
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.answer(request);
        match self.limit {
            Some(limit) => tokio::time::timeout(limit, answer)
                .await
                .unwrap_or_else(|late| Err(HttpError::new(HttpErrorKind::Timeout, late))),
            None => answer.await,
        }
    }
}

fn whole(body: Bytes) -> HttpResponseBody {
    HttpResponseBody::new(Full::new(body).map_err(|never| match never {}))
}

/// What an error means for trying again, by the first of its causes that tells.
fn kind(error: &(dyn Error + 'static)) -> HttpErrorKind {
    let mut causes = successors(Some(error), |error| (*error).source());
    let told = causes.find_map(|cause| {
        let http = cause.downcast_ref().and_then(of_http);
        http.or_else(|| cause.downcast_ref().and_then(of_network))
    });
    told.unwrap_or(HttpErrorKind::Unknown)
}

fn of_http(error: &hyper::Error) -> Option<HttpErrorKind> {
    if error.is_timeout() {
        Some(HttpErrorKind::Timeout)
    } else if error.is_closed() || error.is_incomplete_message() || error.is_body_write_aborted() {
        Some(HttpErrorKind::Request)
    } else if error.is_parse() {
        Some(HttpErrorKind::Decode)
    } else {
        None
    }
}

fn of_network(error: &std::io::Error) -> Option<HttpErrorKind> {
    use std::io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof,
    };
    match error.kind() {
        TimedOut => Some(HttpErrorKind::Timeout),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => {
            Some(HttpErrorKind::Interrupted)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
    };

    use hyper::Method;

    use super::*;

    const CONNECTOR: Connector = Connector { most_bytes: 9 };

    fn options() -> ClientOptions {
        ClientOptions::new()
            .with_allow_http(true)
            .with_timeout(Duration::from_millis(500))
    }

    #[test]
    fn what_is_not_done_is_refused_by_name() {
        assert!(CONNECTOR.connect(&options()).is_ok());
        for (key, name) in NOT_DONE {
            let refused = CONNECTOR.connect(&options().with_config(key, "true"));
            let words = refused.unwrap_err().to_string();
            assert!(words.contains(name), "{words}");
        }
    }

    /// What a client makes of a server that does this with each connection.
    async fn met(serve: fn(TcpStream) -> Option<TcpStream>) -> Result<u16, HttpErrorKind> {
        asked(Method::GET, &served(serve)).await
    }

    /// Where a server is that does this with each connection.
    fn served(serve: fn(TcpStream) -> Option<TcpStream>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/key", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let kept = listener.incoming().flatten().map(serve);
            kept.collect::<Vec<_>>()
        });
        url
    }

    async fn asked(method: Method, url: &str) -> Result<u16, HttpErrorKind> {
        let request = hyper::Request::builder().method(method).uri(url);
        let request = request.body(HttpRequestBody::empty()).unwrap();
        let client = CONNECTOR.connect(&options()).unwrap();
        let answer = client.execute(request).await;
        answer
            .map(|answer| answer.status().as_u16())
            .map_err(|e| e.kind())
    }

    /// Reads a request, and answers with these words.
    fn answered(mut stream: TcpStream, words: &str) -> Option<TcpStream> {
        let read = stream.read(&mut [0; 4096]).unwrap();
        assert!(read > 0);
        stream.write_all(words.as_bytes()).unwrap();
        None
    }

    #[tokio::test]
    async fn errors_say_whether_to_try_again() {
        let sound = met(|s| answered(s, "HTTP/1.1 404 Gone\r\ncontent-length: 0\r\n\r\n"));
        assert_eq!(sound.await, Ok(404));
        assert_eq!(met(Some).await, Err(HttpErrorKind::Timeout));
        assert_eq!(met(|s| answered(s, "")).await, Err(HttpErrorKind::Request));
        let cut = met(|s| answered(s, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"));
        assert_eq!(cut.await, Err(HttpErrorKind::Interrupted));
        let nonsense = met(|s| answered(s, "no HTTP\r\n\r\n"));
        assert_eq!(nonsense.await, Err(HttpErrorKind::Decode));
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let url = format!("http://{}/key", nobody.unwrap());
        let refused = asked(Method::GET, &url).await;
        assert_eq!(refused, Err(HttpErrorKind::Connect));
    }

    #[tokio::test]
    async fn no_answer_is_larger_than_one_may_be() {
        // It hangs up behind the head, so that whoever read on would be interrupted.
        const TOO_LARGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
        const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let said = met(|s| answered(s, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789"));
        assert_eq!(said.await, Ok(200));
        let unsaid = met(|s| answered(s, &format!("{CHUNKED}9\r\n123456789\r\n0\r\n\r\n")));
        assert_eq!(unsaid.await, Ok(200));
        let said = met(|s| answered(s, TOO_LARGE));
        assert_eq!(said.await, Err(HttpErrorKind::Decode));
        let unsaid = met(|s| answered(s, &format!("{CHUNKED}a\r\n1234567890\r\n0\r\n\r\n")));
        assert_eq!(unsaid.await, Err(HttpErrorKind::Decode));
        let head = served(|s| answered(s, TOO_LARGE));
        assert_eq!(asked(Method::HEAD, &head).await, Ok(200));
    }
}
