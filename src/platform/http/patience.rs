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
    /// The least that comes in each [`Patience::WINDOW`].
    pub least: usize,
}

impl Patience {
    /// The time over which a rate is an average: a phone that changes cells is silent for a while.
    pub const WINDOW: Duration = Duration::from_secs(30);

    /// For photos, which travel over slow mobile networks. 4 KB/s is what the slowest network in
    /// use, EDGE at the edge of a cell, still brings on average; a body of 226 MB would take 16
    /// hours at that rate, so the whole is bounded as well.
    pub const UPLOAD: Self = Self {
        pause: Duration::from_secs(30),
        whole: Duration::from_secs(15 * 60),
        least: 30 * 4 * 1024,
    };

    /// For JSON, which is small: its whole time is bound enough.
    pub const JSON: Self = Self {
        pause: Duration::from_secs(60),
        whole: Duration::from_secs(60),
        least: 0,
    };

    /// Begins to wait.
    #[must_use]
    pub fn begin(self) -> Waiting {
        let now = Instant::now();
        Waiting {
            patience: self,
            until: now + self.whole,
            window: now,
            came: 0,
        }
    }
}

/// A body that is being waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    patience: Patience,
    until: Instant,
    /// When the present window began, and what came in it.
    window: Instant,
    came: usize,
}

fn too_slow() -> Problem {
    Problem::because(
        Code::RequestTimeout,
        "the body stopped coming or came too slowly; send it again with the same Idempotency-Key, \
         smaller photos first where the network is bad",
    )
}

impl Waiting {
    /// Counts what came.
    ///
    /// # Errors
    /// 408 when less than the least came in a window.
    pub fn received(&mut self, bytes: usize) -> Result<(), Problem> {
        self.received_at(bytes, Instant::now())
    }

    fn received_at(&mut self, bytes: usize, now: Instant) -> Result<(), Problem> {
        self.came = self.came.saturating_add(bytes);
        let elapsed = now.saturating_duration_since(self.window);
        if elapsed < Patience::WINDOW {
            return Ok(());
        }
        let windows = elapsed.as_secs_f64() / Patience::WINDOW.as_secs_f64();
        if (self.came as f64) < self.patience.least as f64 * windows {
            return Err(too_slow());
        }
        (self.window, self.came) = (now, 0);
        Ok(())
    }

    /// The next piece of a body; `None` at its end.
    ///
    /// # Errors
    /// 408 when it does not come in time.
    pub async fn next<S: Stream + Unpin>(&self, body: &mut S) -> Result<Option<S::Item>, Problem> {
        let by = self.until.min(Instant::now() + self.patience.pause);
        timeout_at(by, body.next()).await.map_err(|_| too_slow())
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
            least: 0,
        };
        let mut body = Box::pin(stream::iter([1]).chain(stream::pending()));
        let waiting = patience.begin();
        assert_eq!(waiting.next(&mut body).await.unwrap(), Some(1));
        let refused = waiting.next(&mut body).await.unwrap_err();
        assert_eq!(refused.code().status(), 408);

        let patience = Patience {
            pause: Duration::from_secs(60),
            whole: short,
            least: 0,
        };
        let waiting = patience.begin();
        assert_eq!(
            waiting.next(&mut body).await.unwrap_err().code().status(),
            408
        );
    }

    /// Fairness: a body that drips is given up; one over a bad network, with pauses, is not.
    #[test]
    fn a_body_that_drips_is_given_up() {
        let mut waiting = Patience::UPLOAD.begin();
        let mut now = Instant::now();
        let mut pass = |seconds| {
            now += Duration::from_secs(seconds);
            now
        };
        let dripping = (0..10).find_map(|_| waiting.received_at(1000, pass(10)).err());
        assert_eq!(dripping.unwrap().code().status(), 408);

        let mut waiting = Patience::UPLOAD.begin();
        waiting.window = pass(0);
        for _ in 0..20 {
            waiting.received_at(10, pass(20)).unwrap();
            for _ in 0..10 {
                waiting.received_at(14 * 1024, pass(1)).unwrap();
            }
        }
    }
}
