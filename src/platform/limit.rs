//! Rate limits per address and per person, in memory, with bounded memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

use super::problem::Problem;

/// Keys held before those at rest are forgotten.
const SHRINK_AT: usize = 50_000;

/// One kind of thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Complaints and photos sent.
    Submit,
    /// Tracking codes that turned out unknown.
    UnknownCode,
    /// Looking for similar matters before filing.
    Similar,
    /// Staff signing in; whoever gets in has not used one up.
    StaffSignIn,
    /// Residents signing in by code; whoever gets in has not used one up.
    ResidentSignIn,
    /// Codes sent to phones.
    PhoneCode,
    /// Refresh tokens that are not valid.
    Refresh,
}

/// The limiters. `off` is for load tests alone.
#[derive(Debug)]
pub struct Limits {
    submit: DefaultKeyedRateLimiter<String>,
    similar: DefaultKeyedRateLimiter<String>,
    unknown_code: DefaultKeyedRateLimiter<String>,
    phone_code: DefaultKeyedRateLimiter<String>,
    refresh: DefaultKeyedRateLimiter<String>,
    staff_sign_in: Attempts,
    resident_sign_in: Attempts,
    on: bool,
}

/// How many are allowed: a burst, refilled over an hour.
#[derive(Debug, Clone, Copy)]
pub struct HourlyRates {
    /// Complaints and photos per address or person; as many questions for similar matters.
    pub submit: NonZeroU32,
    /// Unknown tracking codes per address.
    pub unknown_code: NonZeroU32,
    /// Failed sign-ins of staff, failed sign-ins of residents, phone codes, refused refresh tokens:
    /// each per address, account or phone.
    pub sign_in: NonZeroU32,
}

impl Limits {
    /// Limiters of the given rates.
    #[must_use]
    pub fn new(rates: HourlyRates, on: bool) -> Self {
        let limiter = |burst| RateLimiter::keyed(Quota::per_hour(burst));
        Self {
            submit: limiter(rates.submit),
            similar: limiter(rates.submit),
            unknown_code: limiter(rates.unknown_code),
            phone_code: limiter(rates.sign_in),
            refresh: limiter(rates.sign_in),
            staff_sign_in: Attempts::per_hour(rates.sign_in),
            resident_sign_in: Attempts::per_hour(rates.sign_in),
            on,
        }
    }

    /// Takes one from the allowance of `key`.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn take(&self, what: Limited, key: &str) -> Result<(), Problem> {
        if !self.on {
            return Ok(());
        }
        let limiter = match what {
            Limited::Submit => &self.submit,
            Limited::Similar => &self.similar,
            Limited::UnknownCode => &self.unknown_code,
            Limited::PhoneCode => &self.phone_code,
            Limited::Refresh => &self.refresh,
            Limited::StaffSignIn => return self.staff_sign_in.take(key, Instant::now()),
            Limited::ResidentSignIn => return self.resident_sign_in.take(key, Instant::now()),
        };
        if limiter.len() > SHRINK_AT {
            limiter.retain_recent();
        }
        limiter.check_key(&key.to_owned()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Problem::too_many(wait.as_secs().saturating_add(1))
        })
    }
}

impl Limits {
    /// Gives back what an attempt took that turned out well.
    pub fn give_back(&self, what: Limited, key: &str) {
        match what {
            Limited::StaffSignIn => self.staff_sign_in.give_back(key),
            Limited::ResidentSignIn => self.resident_sign_in.give_back(key),
            _ => {}
        }
    }
}

/// An allowance from which an attempt is taken before it is made and given back when it turned
/// out well, so that only failures count and a burst of guesses in parallel gains nothing. The
/// limiter crate cannot give back.
#[derive(Debug)]
struct Attempts {
    /// When each key's allowance is whole again.
    whole_at: Mutex<HashMap<String, Instant>>,
    /// What one attempt costs in time.
    every: Duration,
}

impl Attempts {
    const HOUR: Duration = Duration::from_secs(3600);

    fn per_hour(most: NonZeroU32) -> Self {
        Self {
            whole_at: Mutex::default(),
            every: Self::HOUR / most.get(),
        }
    }

    fn take(&self, key: &str, now: Instant) -> Result<(), Problem> {
        let mut keys = self.keys();
        if keys.len() > SHRINK_AT {
            keys.retain(|_, at| *at > now);
        }
        let whole_at = keys.get(key).copied().filter(|at| *at > now).unwrap_or(now) + self.every;
        match (whole_at - now).checked_sub(Self::HOUR) {
            Some(wait) if !wait.is_zero() => {
                Err(Problem::too_many(wait.as_secs().saturating_add(1)))
            }
            _ => {
                keys.insert(key.to_owned(), whole_at);
                Ok(())
            }
        }
    }

    fn give_back(&self, key: &str) {
        if let Some(at) = self.keys().get_mut(key)
            && let Some(earlier) = at.checked_sub(self.every)
        {
            *at = earlier;
        }
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.whole_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The key of an address: an IPv6 subscriber holds a whole /64, so that is what counts.
#[must_use]
pub fn address_key(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_use_the_allowance_up() {
        let attempts = Attempts::per_hour(NonZeroU32::new(3).unwrap());
        let now = Instant::now();
        for _ in 0..10 {
            attempts.take("a", now).unwrap();
            attempts.give_back("a");
        }
        for _ in 0..3 {
            attempts.take("a", now).unwrap();
        }
        let refused = attempts.take("a", now).unwrap_err();
        assert_eq!(refused.retry_after_s(), Some(1201));
        attempts.take("b", now).unwrap();
        attempts.take("a", now + Duration::from_secs(1200)).unwrap();
        assert!(attempts.take("a", now + Duration::from_secs(1201)).is_err());
    }
}
