//! How long a body may take to arrive. A sender that stalls must not hold the room its bytes took.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use crate::platform::problem::{Code, Problem};

/// How long a sender may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Without any byte.
    pub pause: Duration,
    /// For the whole body.
    pub whole: Duration,
}

impl Patience {
    /// For photos, which travel over slow mobile networks.
    pub const UPLOAD: Self = Self {
        pause: Duration::from_secs(30),
        whole: Duration::from_secs(15 * 60),
    };

    /// For JSON.
    pub const JSON: Self = Self {
        pause: Duration::from_secs(30),
        whole: Duration::from_secs(60),
    };

    /// Begins to wait.
    #[must_use]
    pub fn begin(self) -> Waiting {
        Waiting {
            pause: self.pause,
            until: Instant::now() + self.whole,
        }
    }
}

/// A body that is being waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pause: Duration,
    until: Instant,
}

impl Waiting {
    /// The next piece of a body; `None` at its end.
    ///
    /// # Errors
    /// 408 when it does not come in time.
    pub async fn next<S: Stream + Unpin>(&self, body: &mut S) -> Result<Option<S::Item>, Problem> {
        let by = self.until.min(Instant::now() + self.pause);
        timeout_at(by, body.next()).await.map_err(|_| {
            Problem::because(
                Code::RequestTimeout,
                "the body stopped coming; send it again with the same Idempotency-Key",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[tokio::test]
    async fn a_sender_that_stalls_is_given_up() {
        let short = Duration::from_millis(20);
        let patience = Patience {
            pause: short,
            whole: Duration::from_secs(60),
        };
        let mut body = Box::pin(stream::iter([1]).chain(stream::pending()));
        let waiting = patience.begin();
        assert_eq!(waiting.next(&mut body).await.unwrap(), Some(1));
        let refused = waiting.next(&mut body).await.unwrap_err();
        assert_eq!(refused.code().status(), 408);

        let patience = Patience {
            pause: Duration::from_secs(60),
            whole: short,
        };
        let waiting = patience.begin();
        assert_eq!(
            waiting.next(&mut body).await.unwrap_err().code().status(),
            408
        );
    }
}
