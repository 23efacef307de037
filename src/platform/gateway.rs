//! Messages to people as a port: what takes them on their way, and what it says of it.
//!
//! Built in are the log, for development, and a signed webhook, whose receiver may be any gateway a
//! district has. A gateway is asked again when it does not take a message, so that whoever has taken one
//! knows it again by its id.

pub mod signature;
pub mod webhook;

use std::{fmt, sync::Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::problem::{Code, Problem};

/// A message to somebody.
#[derive(Clone, Serialize)]
pub struct Message {
    /// Its own for ever, however often it is sent.
    pub id: Uuid,
    /// How it goes: `sms`.
    pub channel: &'static str,
    /// What it is about, as templates name it.
    pub event: &'static str,
    /// A mobile number of mainland China.
    pub to: String,
    /// The words.
    pub text: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({}, {})", self.id, self.event)
    }
}

/// What became of a message that a gateway answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is on its way; what it is called there, where that is said.
    Taken(Option<String>),
    /// Whom it is for has it.
    Delivered,
    /// It will never arrive, and why.
    Refused(String),
}

/// Takes messages on their way.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Sends a message.
    ///
    /// # Errors
    /// 503 when the gateway does not take it now; the caller tries again by a job.
    async fn send(&self, message: &Message, now: DateTime<Utc>) -> Result<Receipt, Problem>;

    /// Whether messages can be sent at all.
    fn is_there(&self) -> bool {
        true
    }
}

/// No gateway: nothing is sent. Whoever needs a message is told so; notices are left to staff.
#[derive(Debug, Default)]
pub struct NoGateway;

/// Seconds after which it is worth asking again whether there is a gateway.
const ASK_AGAIN_S: u64 = 3600;

impl NoGateway {
    /// The answer to whoever needs a message.
    #[must_use]
    pub fn refusal() -> Problem {
        Problem::because(
            Code::NoTextMessages,
            "no text messages are sent here, so that nobody signs in by phone and no lost tracking code is sent again; report without signing in and keep the tracking code",
        )
        .retry_in(ASK_AGAIN_S)
    }
}

#[async_trait]
impl Gateway for NoGateway {
    async fn send(&self, _: &Message, _: DateTime<Utc>) -> Result<Receipt, Problem> {
        Err(Self::refusal())
    }

    fn is_there(&self) -> bool {
        false
    }
}

/// Writes messages to the log, for development, where whoever reads it is whom they are for. Refused in
/// production by `config`.
#[derive(Debug, Default)]
pub struct LogGateway;

#[async_trait]
impl Gateway for LogGateway {
    async fn send(&self, message: &Message, _: DateTime<Utc>) -> Result<Receipt, Problem> {
        let tail: String = message.to.chars().skip(7).collect();
        tracing::info!("SMS to *******{tail}: {}", message.text);
        Ok(Receipt::Delivered)
    }
}

/// Keeps messages in memory, for tests and the demonstration.
#[derive(Debug, Default)]
pub struct MemoryGateway(Mutex<Vec<Message>>);

impl MemoryGateway {
    /// The words of the last message sent to a number.
    #[must_use]
    pub fn last_to(&self, phone: &str) -> Option<String> {
        let sent = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut latest = sent.iter().rev();
        latest
            .find(|message| message.to == phone)
            .map(|message| message.text.clone())
    }
}

#[async_trait]
impl Gateway for MemoryGateway {
    async fn send(&self, message: &Message, _: DateTime<Utc>) -> Result<Receipt, Problem> {
        let mut sent = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        sent.push(message.clone());
        Ok(Receipt::Delivered)
    }
}
