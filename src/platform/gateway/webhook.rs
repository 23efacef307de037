//! A webhook: messages as JSON to a server of the district's choice, signed.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{CONTENT_TYPE, USER_AGENT},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Gateway, Message, Receipt, signature};
use crate::platform::{
    circuit::Circuit,
    outgoing::{self, AGENT, Calling, NoAuthorities, Outgoing},
    problem::Problem,
};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a message may take, with its answer.
const WHOLE: Duration = Duration::from_secs(10);

/// Bytes of an answer at most.
const ANSWER_BYTES: usize = 16 * 1024;

/// Letters of what a gateway calls a message at most.
const REFERENCE_LETTERS: usize = 128;

/// Seconds after which a gateway that did not take a message is worth asking again.
const ASK_AGAIN_S: u64 = 60;

/// Where messages are sent, and what they are signed with.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// The address.
    pub url: Uri,
    /// What it shares with us.
    pub secret: SecretString,
}

/// The gateway behind a webhook.
pub struct Webhook {
    receiver: Receiver,
    client: Outgoing<Full<Bytes>>,
    circuit: Circuit,
}

/// Reads a receiver's address. Messages name phones, so that they go by TLS unless they stay on this
/// host.
///
/// # Errors
/// What is wrong with it.
pub fn address(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| "is no URL".to_owned())?;
    let host = url.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
    match url.scheme_str() {
        Some("https") if !host.is_empty() => Ok(url),
        Some("http") if is_here => Ok(url),
        _ => Err("expected `https://…`, or `http://` to this host".to_owned()),
    }
}

/// What a gateway may say of a message it takes.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    /// What it calls the message.
    reference: Option<String>,
}

impl Webhook {
    /// The gateway behind a receiver.
    ///
    /// # Errors
    /// When TLS is asked for and this host knows no authority.
    pub fn new(receiver: Receiver) -> Result<Self, NoAuthorities> {
        let calling = Calling {
            plain_too: receiver.url.scheme_str() == Some("http"),
            connect: Some(CONNECT),
            // Messages are few, and come from several runtimes.
            keeps: false,
        };
        Ok(Self {
            receiver,
            client: outgoing::client(calling)?,
            circuit: Circuit::new("the notice gateway"),
        })
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answered, String> {
        let asked = async {
            let answer = self.client.request(request).await;
            let answer: Response<Incoming> = answer.map_err(|e| format!("{e:?}"))?;
            let (head, body) = answer.into_parts();
            let read = Limited::new(body, ANSWER_BYTES).collect().await;
            let body = read.map_err(|e| format!("its answer: {e}"))?.to_bytes();
            Ok((head.status, body))
        };
        tokio::time::timeout(WHOLE, asked)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", WHOLE.as_secs())))
    }
}

type Answered = (StatusCode, Bytes);

/// What an answer means: a message that is wrong stays so, anything else may be better later.
fn meaning((status, body): &Answered) -> Result<Receipt, String> {
    if status.is_success() {
        // A gateway need not say anything.
        let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
        let reference = answer.reference.filter(|reference| {
            !reference.is_empty() && reference.chars().count() <= REFERENCE_LETTERS
        });
        return Ok(Receipt::Taken(reference));
    }
    match *status {
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::GONE
        | StatusCode::UNPROCESSABLE_ENTITY => {
            Ok(Receipt::Refused(format!("the gateway answered {status}")))
        }
        _ => Err(format!("the gateway answered {status}")),
    }
}

#[async_trait]
impl Gateway for Webhook {
    async fn send(&self, message: &Message, now: DateTime<Utc>) -> Result<Receipt, Problem> {
        let body = serde_json::to_vec(message)
            .map_err(|e| Problem::fault(format!("cannot write a message: {e}")))?;
        let signed = signature::sign(&self.receiver.secret, now.timestamp(), &body)
            .ok_or_else(|| Problem::fault("cannot sign a message"))?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.receiver.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header(signature::HEADER, signed)
            .header("Dengwen-Delivery", message.id.to_string())
            .body(Full::new(Bytes::from(body)))
            .map_err(|e| Problem::fault(format!("cannot make a request: {e}")))?;
        let pass = self.circuit.enter()?;
        let later = |why| Problem::unavailable(why, ASK_AGAIN_S);
        match self.answer(request).await {
            Ok(answer) => {
                pass.answered();
                meaning(&answer).map_err(later)
            }
            Err(why) => {
                pass.failed();
                Err(later(format!("the notice gateway: {why}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_by_tls_unless_they_stay_here() {
        for url in [
            "https://sms.example.cn/dengwen",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000/",
            "http://localhost/x",
        ] {
            assert!(address(url).is_ok(), "{url}");
        }
        for url in [
            "http://sms.example.cn/",
            "ftp://127.0.0.1/",
            "sms.example.cn",
            "/path",
            "",
            "http://10.0.0.1/",
        ] {
            assert!(address(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_answer_says_whether_to_ask_again() {
        let said = |status: u16, body: &'static str| {
            let status = StatusCode::from_u16(status).unwrap();
            meaning(&(status, Bytes::from(body)))
        };
        assert_eq!(said(204, ""), Ok(Receipt::Taken(None)));
        assert_eq!(
            said(200, r#"{"reference":"m-1","more":1}"#),
            Ok(Receipt::Taken(Some("m-1".to_owned())))
        );
        assert_eq!(said(202, "OK"), Ok(Receipt::Taken(None)));
        for status in [400, 404, 410, 422] {
            assert!(matches!(said(status, ""), Ok(Receipt::Refused(_))));
        }
        for status in [301, 401, 403, 408, 429, 500, 503] {
            assert!(said(status, "").is_err(), "{status}");
        }
    }
}
