//! A circuit before what may be away (the database, the blob store): the first find out, and the
//! others need not.
//!
//! A failure that took long (a host that vanished, a primary that stands still) opens the circuit
//! at once, unless something else succeeded meanwhile; quick ones open it when several follow one
//! another. While it is open requests are told to come back at once; after a rest one of them
//! probes, and its success closes it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{outage::Outage, problem::Problem};

/// How long nobody asks after a failure.
const REST: Duration = Duration::from_secs(1);

/// A failure that took this long opens the circuit alone.
const SLOW: Duration = Duration::from_secs(1);

/// As many quick failures in a row open it.
const QUICK_FAILURES: u32 = 3;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    last_success: Option<Instant>,
    open_until: Option<Instant>,
    probing: bool,
}

/// Lets requests through, or not; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Circuit {
    /// What may be away, for the log.
    what: &'static str,
    state: Arc<Mutex<State>>,
    opened: Arc<AtomicU64>,
}

/// One request let through; it must say how it went, else it counts as neither.
pub(super) struct Pass {
    circuit: Circuit,
    began: Instant,
    probe: bool,
}

impl Circuit {
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            state: Arc::default(),
            opened: Arc::default(),
        }
    }

    /// How often it opened since the start.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses when the circuit is open and it is nobody's turn to probe.
    ///
    /// # Errors
    /// 503 with `Retry-After`.
    pub(super) fn look(&self) -> Result<(), Problem> {
        let state = self.state();
        let resting = state.open_until.is_some_and(|until| Instant::now() < until);
        if state.open_until.is_some() && (resting || state.probing) {
            let why = format!("{} is away; not asked again yet", self.what);
            return Err(Problem::outage(Outage::Lost, why));
        }
        Ok(())
    }

    /// Lets a request through, as the probe when the circuit is open and has rested.
    ///
    /// # Errors
    /// 503 with `Retry-After`.
    pub(super) fn enter(&self) -> Result<Pass, Problem> {
        self.look()?;
        let mut state = self.state();
        let probe = state.open_until.is_some();
        state.probing |= probe;
        Ok(Pass {
            circuit: self.clone(),
            began: Instant::now(),
            probe,
        })
    }
}

impl Pass {
    /// There was an answer, whatever it said.
    pub(super) fn answered(self) {
        let mut state = self.circuit.state();
        state.failures = 0;
        state.last_success = Some(Instant::now());
        state.open_until = None;
    }

    /// It could not be reached, or did not answer in time.
    pub(super) fn failed(self) {
        let mut state = self.circuit.state();
        state.failures += 1;
        let slow = self.began.elapsed() >= SLOW;
        let others_fare_well = state.last_success.is_some_and(|at| at > self.began);
        if self.probe || (slow && !others_fare_well) || state.failures >= QUICK_FAILURES {
            if state.open_until.is_none() {
                self.circuit.opened.fetch_add(1, Ordering::Relaxed);
                let what = self.circuit.what;
                tracing::error!("{what} is away: requests are put off until it answers");
            }
            state.open_until = Some(Instant::now() + REST);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probe {
            self.circuit.state().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quick_failures_open_it_and_one_probe_closes_it() {
        let circuit = Circuit::new("it");
        for _ in 0..QUICK_FAILURES {
            circuit.enter().unwrap().failed();
        }
        let refused = circuit.enter().err().unwrap();
        assert_eq!(
            (refused.code().status(), refused.retry_after_s()),
            (503, Some(2))
        );
        assert_eq!(circuit.opened(), 1);
        circuit.state().open_until = Some(Instant::now());
        let probe = circuit.enter().unwrap();
        assert!(circuit.enter().is_err(), "one probe at a time");
        probe.answered();
        circuit.enter().unwrap().answered();
    }

    #[test]
    fn a_success_between_keeps_it_closed() {
        let circuit = Circuit::new("it");
        for _ in 0..10 {
            circuit.enter().unwrap().failed();
            circuit.enter().unwrap().answered();
        }
        assert_eq!(circuit.opened(), 0);
    }

    #[test]
    fn one_slow_failure_opens_it_unless_others_fared_well_meanwhile() {
        let circuit = Circuit::new("it");
        let long_ago = Instant::now().checked_sub(SLOW * 2).unwrap();
        let mut slow = circuit.enter().unwrap();
        slow.began = long_ago;
        circuit.enter().unwrap().answered();
        slow.failed();
        assert_eq!(circuit.opened(), 0);
        let circuit = Circuit::new("it");
        let mut slow = circuit.enter().unwrap();
        slow.began = long_ago;
        slow.failed();
        assert!(circuit.look().is_err());
    }

    #[test]
    fn a_probe_that_never_reports_lets_another_probe() {
        let circuit = Circuit::new("it");
        for _ in 0..QUICK_FAILURES {
            circuit.enter().unwrap().failed();
        }
        circuit.state().open_until = Some(Instant::now());
        drop(circuit.enter().unwrap());
        assert!(circuit.enter().is_ok());
    }
}
