//! Text messages as a port: the district plugs its gateway in; the built-in one only logs.

use std::sync::Mutex;

use super::problem::{Code, Problem};

/// Sends text messages.
pub trait SmsGateway: Send + Sync + 'static {
    /// Sends `text` to a mobile number of mainland China.
    ///
    /// # Errors
    /// 503 when the gateway does not take it; the caller tries again by a job.
    fn send(&self, phone: &str, text: &str) -> Result<(), Problem>;

    /// Whether messages can be sent at all.
    fn is_there(&self) -> bool {
        true
    }
}

/// No gateway: nothing is sent. Whoever needs a message is told so; notices are left out.
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

impl SmsGateway for NoGateway {
    fn send(&self, _: &str, _: &str) -> Result<(), Problem> {
        Err(Self::refusal())
    }

    fn is_there(&self) -> bool {
        false
    }
}

/// Writes messages to the log, for development. Refused in production by `config`.
#[derive(Debug, Default)]
pub struct LogGateway;

impl SmsGateway for LogGateway {
    fn send(&self, phone: &str, text: &str) -> Result<(), Problem> {
        let tail: String = phone.chars().skip(7).collect();
        tracing::info!("SMS to *******{tail}: {text}");
        Ok(())
    }
}

/// Keeps messages in memory, for tests and the demonstration.
#[derive(Debug, Default)]
pub struct MemoryGateway(Mutex<Vec<(String, String)>>);

impl MemoryGateway {
    /// The last message sent to a number.
    #[must_use]
    pub fn last_to(&self, phone: &str) -> Option<String> {
        let sent = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        sent.iter()
            .rev()
            .find(|(to, _)| to == phone)
            .map(|(_, text)| text.clone())
    }
}

impl SmsGateway for MemoryGateway {
    fn send(&self, phone: &str, text: &str) -> Result<(), Problem> {
        let mut sent = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        sent.push((phone.to_owned(), text.to_owned()));
        Ok(())
    }
}
