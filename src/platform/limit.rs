//! Rate limits per address and per person, in memory, with bounded memory.

use std::{net::IpAddr, num::NonZeroU32};

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
    /// Sign-in attempts and phone codes.
    SignIn,
}

/// The limiters. `off` is for load tests alone.
#[derive(Debug)]
pub struct Limits {
    submit: DefaultKeyedRateLimiter<String>,
    unknown_code: DefaultKeyedRateLimiter<String>,
    sign_in: DefaultKeyedRateLimiter<String>,
    on: bool,
}

/// How many are allowed: a burst, refilled over an hour.
#[derive(Debug, Clone, Copy)]
pub struct HourlyRates {
    /// Complaints and photos per address or person.
    pub submit: NonZeroU32,
    /// Unknown tracking codes per address.
    pub unknown_code: NonZeroU32,
    /// Sign-in attempts and phone codes per address, account or phone.
    pub sign_in: NonZeroU32,
}

impl Limits {
    /// Limiters of the given rates.
    #[must_use]
    pub fn new(rates: HourlyRates, on: bool) -> Self {
        let limiter = |burst| RateLimiter::keyed(Quota::per_hour(burst));
        Self {
            submit: limiter(rates.submit),
            unknown_code: limiter(rates.unknown_code),
            sign_in: limiter(rates.sign_in),
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
            Limited::UnknownCode => &self.unknown_code,
            Limited::SignIn => &self.sign_in,
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
