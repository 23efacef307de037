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

/// Strangers' questions for similar matters about one place in a day: enough for a street that
/// all files at once, and far too few to search a place for what lies there.
const SIMILAR_PLACE_PER_DAY: NonZeroU32 = match NonZeroU32::new(60) {
    Some(questions) => questions,
    None => NonZeroU32::MIN,
};

/// A burst, refilled over a day.
fn per_day(burst: NonZeroU32) -> Quota {
    let every = Duration::from_secs(24 * 3600) / burst.get();
    Quota::with_period(every)
        .map_or_else(|| Quota::per_hour(burst), |quota| quota.allow_burst(burst))
}

/// One kind of thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Complaints and photos sent.
    Submit,
    /// Tracking codes that turned out unknown.
    UnknownCode,
    /// Looking for similar matters before filing.
    Similar,
    /// Strangers' questions for similar matters about one place, over a day.
    SimilarPlace,
    /// Staff signing in by one name from one address, or from one known device; whoever gets in has
    /// not used one up. So with all sign-ins.
    StaffSignIn,
    /// Staff signing in from one address, by whatever name.
    StaffSignInAddress,
    /// Staff signing in by one name, from whatever address.
    StaffSignInName,
    /// Residents signing in by code, by one phone from one address.
    ResidentSignIn,
    /// Residents signing in by code from one address, by whatever phone.
    ResidentSignInAddress,
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
    similar_place: DefaultKeyedRateLimiter<String>,
    unknown_code: DefaultKeyedRateLimiter<String>,
    phone_code: DefaultKeyedRateLimiter<String>,
    refresh: DefaultKeyedRateLimiter<String>,
    staff_sign_in: Attempts,
    staff_sign_in_address: Attempts,
    staff_sign_in_name: Attempts,
    resident_sign_in: Attempts,
    resident_sign_in_address: Attempts,
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
            similar_place: RateLimiter::keyed(per_day(SIMILAR_PLACE_PER_DAY)),
            unknown_code: limiter(rates.unknown_code),
            phone_code: limiter(rates.sign_in),
            refresh: limiter(rates.sign_in),
            staff_sign_in: Attempts::per_hour(rates.sign_in),
            staff_sign_in_address: Attempts::per_hour(times(rates.sign_in, OF_AN_ADDRESS)),
            staff_sign_in_name: Attempts::per_hour(times(rates.sign_in, OF_A_NAME)),
            resident_sign_in: Attempts::per_hour(rates.sign_in),
            resident_sign_in_address: Attempts::per_hour(times(rates.sign_in, OF_AN_ADDRESS)),
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
            Limited::SimilarPlace => &self.similar_place,
            Limited::UnknownCode => &self.unknown_code,
            Limited::PhoneCode => &self.phone_code,
            Limited::Refresh => &self.refresh,
            Limited::StaffSignIn
            | Limited::StaffSignInAddress
            | Limited::StaffSignInName
            | Limited::ResidentSignIn
            | Limited::ResidentSignInAddress => {
                return self
                    .attempts(what)
                    .map_or(Ok(()), |attempts| attempts.take(key, Instant::now()));
            }
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
        if let Some(attempts) = self.attempts(what) {
            attempts.give_back(key);
        }
    }

    fn attempts(&self, what: Limited) -> Option<&Attempts> {
        match what {
            Limited::StaffSignIn => Some(&self.staff_sign_in),
            Limited::StaffSignInAddress => Some(&self.staff_sign_in_address),
            Limited::StaffSignInName => Some(&self.staff_sign_in_name),
            Limited::ResidentSignIn => Some(&self.resident_sign_in),
            Limited::ResidentSignInAddress => Some(&self.resident_sign_in_address),
            _ => None,
        }
    }
}

/// Failed sign-ins an address may have, in those of one name from it: an office is behind one.
const OF_AN_ADDRESS: u32 = 5;

/// Failed sign-ins a name may have from everywhere, in those from one address.
const OF_A_NAME: u32 = 10;

fn times(rate: NonZeroU32, factor: u32) -> NonZeroU32 {
    NonZeroU32::new(rate.get().saturating_mul(factor)).unwrap_or(rate)
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
            forget_the_lightest(&mut keys);
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

/// Where made-up names and addresses fill the table, half of it goes: those with the fewest
/// failures, so that whoever tries often stays counted.
fn forget_the_lightest(keys: &mut HashMap<String, Instant>) {
    if keys.len() <= SHRINK_AT / 2 {
        return;
    }
    let mut ends: Vec<Instant> = keys.values().copied().collect();
    let middle = ends.len() / 2;
    let (_, middle, _) = ends.select_nth_unstable(middle);
    let middle = *middle;
    keys.retain(|_, at| *at > middle);
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

    /// Made-up names do not fill the memory, and do not wash away whoever tries often.
    #[test]
    fn attempts_are_kept_in_bounded_memory() {
        let attempts = Attempts::per_hour(NonZeroU32::new(20).unwrap());
        let now = Instant::now();
        for _ in 0..20 {
            attempts.take("guesser", now).unwrap();
        }
        for n in 0..3 * SHRINK_AT {
            attempts.take(&format!("made up {n}"), now).unwrap();
        }
        assert!(attempts.keys().len() <= SHRINK_AT + 1);
        assert!(attempts.take("guesser", now).is_err());
    }
}
