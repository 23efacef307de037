//! Who is next where only so much goes on at once. Whoever used least lately is first, so that
//! one sender's heavy work waits behind everybody else's light work and not the other way round.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{limit::Sender, problem::Problem};

/// What is charged when a turn begins, before its cost is known.
const EXPECTED: Duration = Duration::from_millis(300);

/// In this time half of what a sender used is forgiven.
const HALF_LIFE: Duration = Duration::from_secs(60);

/// A site that used so many times as much as a sender is as far back as they are.
const SITE_TIMES: f64 = 4.0;

/// Senders remembered before those at rest are forgotten.
const SHRINK_AT: usize = 10_000;

/// Seconds used below which a sender is at rest.
const AT_REST: f64 = 0.001;

/// The turns there are.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: Vec<Waiting>,
    used: HashMap<String, Used>,
}

#[derive(Debug)]
struct Waiting {
    sender: Sender,
    turn: oneshot::Sender<Turn>,
}

/// Seconds used, as of an instant.
#[derive(Debug, Clone, Copy)]
struct Used {
    seconds: f64,
    at: Instant,
}

/// A turn; dropping it ends it and settles what it cost.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    sender: Sender,
    began: Instant,
    cost: Option<Duration>,
}

impl Used {
    fn now(self, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(self.at);
        self.seconds * 0.5_f64.powf(elapsed.as_secs_f64() / HALF_LIFE.as_secs_f64())
    }
}

impl State {
    /// Adds to what a sender and their site used; less than nothing takes back.
    fn charge(&mut self, sender: &Sender, seconds: f64, now: Instant) {
        if self.used.len() > SHRINK_AT {
            self.used.retain(|_, used| used.now(now) > AT_REST);
        }
        for key in std::iter::once(&sender.key).chain(&sender.site) {
            let before = self.used.get(key).map_or(0.0, |used| used.now(now));
            let seconds = (before + seconds).max(0.0);
            self.used.insert(key.clone(), Used { seconds, at: now });
        }
    }

    fn used(&self, sender: &Sender, now: Instant) -> f64 {
        let of = |key: &String| self.used.get(key).map_or(0.0, |used| used.now(now));
        let site = sender.site.as_ref().map_or(0.0, of);
        of(&sender.key).max(site / SITE_TIMES)
    }

    /// The place in the queue of whoever used least; among equals, of who came first.
    fn next(&self, now: Instant) -> Option<usize> {
        let used = self.waiting.iter().map(|w| self.used(&w.sender, now));
        used.enumerate()
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(at, _)| at)
    }
}

impl Turns {
    /// So many turns at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: at_once.max(1),
            waiting: Vec::new(),
            used: HashMap::new(),
        })))
    }

    /// Waits for the sender's turn.
    ///
    /// # Errors
    /// 503 when turns are no longer given.
    pub async fn wait(&self, sender: &Sender) -> Result<Turn, Problem> {
        let (turn, given) = oneshot::channel();
        let sender = sender.clone();
        self.state().waiting.push(Waiting { sender, turn });
        self.give();
        let mut turn = given
            .await
            .map_err(|_| Problem::unavailable("turns are no longer given", 5))?;
        turn.began = Instant::now();
        Ok(turn)
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// Gives every free turn. A turn whose taker went away in this very moment comes back by
    /// being dropped, outside of the lock.
    fn give(&self) {
        loop {
            let (waiting, turn) = {
                let now = Instant::now();
                let mut state = self.state();
                state.waiting.retain(|waiting| !waiting.turn.is_closed());
                let Some(at) = state.next(now).filter(|_| state.free > 0) else {
                    return;
                };
                let Waiting {
                    sender,
                    turn: waiting,
                } = state.waiting.remove(at);
                state.free -= 1;
                state.charge(&sender, EXPECTED.as_secs_f64(), now);
                let turn = Turn {
                    turns: self.clone(),
                    sender,
                    began: now,
                    cost: None,
                };
                (waiting, turn)
            };
            drop(waiting.send(turn));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Says what the work cost, where that is known better than by the clock on the wall.
    pub fn costs(&mut self, cost: Duration) {
        self.cost = Some(cost);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let cost = self.cost.unwrap_or_else(|| self.began.elapsed());
        let settled = cost.as_secs_f64() - EXPECTED.as_secs_f64();
        {
            let mut state = self.turns.state();
            state.free += 1;
            state.charge(&self.sender, settled, Instant::now());
        }
        self.turns.give();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    /// Fairness: of one who used much and has much waiting, and one who comes later with little,
    /// the later one is next.
    #[tokio::test]
    async fn who_used_least_is_next() {
        let turns = Turns::new(1);
        let (heavy, light) = (Sender::from("heavy"), Sender::from("light"));
        let mut first = turns.wait(&heavy).await.unwrap();
        first.costs(Duration::from_secs(10));
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(turns.wait(&heavy))).collect();
        for wait in &mut waiting {
            assert!(wait.now_or_never().is_none());
        }
        let mut late = Box::pin(turns.wait(&light));
        assert!((&mut late).now_or_never().is_none());
        drop(first);
        let late = late.now_or_never().expect("the light one is next").unwrap();
        assert!((&mut waiting[0]).now_or_never().is_none());
        drop(late);
        assert!((&mut waiting[0]).now_or_never().is_some());
    }

    /// A taker that went away while waiting, or in the moment of being called, loses no turn.
    #[tokio::test]
    async fn no_turn_is_lost_with_its_taker() {
        let turns = Turns::new(1);
        let sender = Sender::from("a");
        let first = turns.wait(&sender).await.unwrap();
        let mut gone = Box::pin(turns.wait(&sender));
        assert!((&mut gone).now_or_never().is_none());
        let mut called = Box::pin(turns.wait(&sender));
        assert!((&mut called).now_or_never().is_none());
        drop(gone);
        drop(first);
        drop(called);
        turns
            .wait(&sender)
            .now_or_never()
            .expect("a free turn")
            .unwrap();
    }

    #[tokio::test]
    async fn a_48_with_fresh_senders_is_no_crowd_of_innocents() {
        let turns = Turns::new(1);
        let sender = |n: u32| Sender {
            key: format!("2001:db8:1:{n:x}::/64"),
            site: Some("2001:db8:1::/48".to_owned()),
        };
        for n in 0..20 {
            turns
                .wait(&sender(n))
                .await
                .unwrap()
                .costs(Duration::from_secs(2));
        }
        let light = Sender::from("light");
        turns
            .wait(&light)
            .await
            .unwrap()
            .costs(Duration::from_secs(1));
        let held = turns.wait(&Sender::from("other")).await.unwrap();
        let newcomer = sender(99);
        let mut fresh = Box::pin(turns.wait(&newcomer));
        assert!((&mut fresh).now_or_never().is_none());
        let mut waits = Box::pin(turns.wait(&light));
        assert!((&mut waits).now_or_never().is_none());
        drop(held);
        assert!(waits.now_or_never().is_some());
    }
}
