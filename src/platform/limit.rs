//! Rate limits per address and per person, in memory, with bounded memory.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{address::ClientAddress, problem::Problem};

/// Keys held before those at rest are forgotten.
const SHRINK_AT: usize = 50_000;

/// A /48 of IPv6 may have as much as so many subscribers: a site or a small provider is one, and
/// whoever rents a whole one must not be 65,536 senders.
const SITE_TIMES: u32 = 16;

/// Whose allowance something uses: an account's, an address's, or that of whatever else is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Its name.
    pub key: String,
    /// The site around it, which has a ceiling of its own: the /48 of an IPv6 address.
    pub site: Option<String>,
}

impl From<&str> for Sender {
    fn from(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            site: None,
        }
    }
}

impl From<&String> for Sender {
    fn from(key: &String) -> Self {
        Self::from(key.as_str())
    }
}

impl From<&ClientAddress> for Sender {
    fn from(address: &ClientAddress) -> Self {
        Self {
            key: address.to_string(),
            site: address.site(),
        }
    }
}

impl From<&Sender> for Sender {
    fn from(sender: &Sender) -> Self {
        sender.clone()
    }
}

/// Strangers' questions for similar matters about one place in a day: enough for a street that
/// all files at once, and far too few to search a place for what lies there.
const SIMILAR_PLACE_PER_DAY: NonZeroU32 = match NonZeroU32::new(60) {
    Some(questions) => questions,
    None => NonZeroU32::MIN,
};

/// Wrong codes of one account's second factor in an hour, from devices it never signed in from: who
/// sends them has the password. Three codes of a million open at any time, so at this rate one is
/// met in four years.
const SECOND_FACTOR_PER_HOUR: NonZeroU32 = match NonZeroU32::new(10) {
    Some(codes) => codes,
    None => NonZeroU32::MIN,
};

/// Times a day that lost tracking codes are sent to one phone: whoever asks may be somebody else.
const RECOVERIES_OF_A_PHONE_PER_DAY: NonZeroU32 = match NonZeroU32::new(3) {
    Some(times) => times,
    None => NonZeroU32::MIN,
};

/// Lost tracking codes asked for in an hour, whoever asks: far more than a district loses, and little
/// enough for whoever pays the text messages.
const RECOVERIES_PER_HOUR: NonZeroU32 = match NonZeroU32::new(300) {
    Some(times) => times,
    None => NonZeroU32::MIN,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One kind of thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Complaints and photos sent.
    Submit,
    /// What a member of staff finds themselves.
    Find,
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
    /// Codes of the second factor for one account, whose password was right, from devices that are
    /// not known.
    SecondFactor,
    /// Residents signing in by code, by one phone from one address.
    ResidentSignIn,
    /// Residents signing in by code from one address, by whatever phone.
    ResidentSignInAddress,
    /// Codes sent to phones.
    PhoneCode,
    /// Refresh tokens that are not valid.
    Refresh,
    /// Lost tracking codes asked for from one address.
    Recovery,
    /// Lost tracking codes asked for with one phone, over a day.
    RecoveryPhone,
    /// Lost tracking codes asked for in all: each may cost a text message.
    RecoveryInAll,
}

/// The limiters. `off` is for load tests alone.
#[derive(Debug)]
pub struct Limits {
    submit: Allowance,
    find: Allowance,
    similar: Allowance,
    similar_place: Allowance,
    unknown_code: Allowance,
    phone_code: Allowance,
    refresh: Allowance,
    staff_sign_in: Allowance,
    staff_sign_in_address: Allowance,
    staff_sign_in_name: Allowance,
    second_factor: Allowance,
    resident_sign_in: Allowance,
    resident_sign_in_address: Allowance,
    recovery: Allowance,
    recovery_phone: Allowance,
    recovery_in_all: Allowance,
    on: bool,
}

/// How many are allowed: a burst, refilled over an hour.
#[derive(Debug, Clone, Copy)]
pub struct HourlyRates {
    /// Complaints and photos per address or person; as many questions for similar matters, and as many
    /// finds per member of staff.
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
        Self {
            submit: Allowance::per_hour(rates.submit),
            find: Allowance::per_hour(rates.submit),
            similar: Allowance::per_hour(rates.submit),
            similar_place: Allowance::new(SIMILAR_PLACE_PER_DAY, DAY),
            unknown_code: Allowance::per_hour(rates.unknown_code),
            phone_code: Allowance::per_hour(rates.sign_in),
            refresh: Allowance::per_hour(rates.sign_in),
            staff_sign_in: Allowance::per_hour(rates.sign_in),
            staff_sign_in_address: Allowance::per_hour(times(rates.sign_in, OF_AN_ADDRESS)),
            staff_sign_in_name: Allowance::per_hour(times(rates.sign_in, OF_A_NAME)),
            second_factor: Allowance::per_hour(rates.sign_in.min(SECOND_FACTOR_PER_HOUR)),
            resident_sign_in: Allowance::per_hour(rates.sign_in),
            resident_sign_in_address: Allowance::per_hour(times(rates.sign_in, OF_AN_ADDRESS)),
            recovery: Allowance::per_hour(rates.sign_in),
            recovery_phone: Allowance::new(RECOVERIES_OF_A_PHONE_PER_DAY, DAY),
            recovery_in_all: Allowance::per_hour(RECOVERIES_PER_HOUR),
            on,
        }
    }

    /// Takes one from the allowance of a sender and, where there is one, from its site's.
    ///
    /// # Errors
    /// 429 with the seconds to wait; nothing was taken.
    pub fn take(&self, what: Limited, sender: impl Into<Sender>) -> Result<(), Problem> {
        if self.on {
            self.of(what).take(&sender.into(), Instant::now())
        } else {
            Ok(())
        }
    }

    /// Gives back what was taken for something that turned out to cost nothing: a good sign-in, a
    /// request whose answer was there already.
    pub fn give_back(&self, what: Limited, sender: impl Into<Sender>) {
        if self.on {
            self.of(what).give_back(&sender.into());
        }
    }

    const fn of(&self, what: Limited) -> &Allowance {
        match what {
            Limited::Submit => &self.submit,
            Limited::Find => &self.find,
            Limited::Similar => &self.similar,
            Limited::SimilarPlace => &self.similar_place,
            Limited::UnknownCode => &self.unknown_code,
            Limited::PhoneCode => &self.phone_code,
            Limited::Refresh => &self.refresh,
            Limited::StaffSignIn => &self.staff_sign_in,
            Limited::StaffSignInAddress => &self.staff_sign_in_address,
            Limited::StaffSignInName => &self.staff_sign_in_name,
            Limited::SecondFactor => &self.second_factor,
            Limited::ResidentSignIn => &self.resident_sign_in,
            Limited::ResidentSignInAddress => &self.resident_sign_in_address,
            Limited::Recovery => &self.recovery,
            Limited::RecoveryPhone => &self.recovery_phone,
            Limited::RecoveryInAll => &self.recovery_in_all,
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

/// An allowance from which an attempt is taken before it is made and may be given back, so that
/// only failures count and a burst of guesses in parallel gains nothing.
#[derive(Debug)]
struct Allowance {
    /// When each key's allowance is whole again.
    whole_at: Mutex<HashMap<String, Instant>>,
    /// What one attempt costs in time.
    every: Duration,
    /// In this time an empty allowance is whole again.
    refilled: Duration,
}

impl Allowance {
    fn per_hour(most: NonZeroU32) -> Self {
        Self::new(most, HOUR)
    }

    /// A burst, refilled over a time.
    fn new(most: NonZeroU32, refilled: Duration) -> Self {
        Self {
            whole_at: Mutex::default(),
            every: refilled / most.get(),
            refilled,
        }
    }

    /// The keys of a sender and what an attempt costs each.
    fn costs(&self, sender: &Sender) -> impl Iterator<Item = (String, Duration)> {
        let site = sender.site.clone();
        let site = site.map(|site| (site, self.every / SITE_TIMES));
        std::iter::once((sender.key.clone(), self.every)).chain(site)
    }

    fn take(&self, sender: &Sender, now: Instant) -> Result<(), Problem> {
        let mut keys = self.keys();
        if keys.len() > SHRINK_AT {
            keys.retain(|_, at| *at > now);
            forget_the_lightest(&mut keys);
        }
        let mut taken = Vec::new();
        for (key, cost) in self.costs(sender) {
            let at = keys.get(&key).copied();
            let whole_at = at.filter(|at| *at > now).unwrap_or(now) + cost;
            let over = (whole_at - now).checked_sub(self.refilled);
            if let Some(wait) = over.filter(|wait| !wait.is_zero()) {
                return Err(Problem::too_many(wait.as_secs().saturating_add(1)));
            }
            taken.push((key, whole_at));
        }
        keys.extend(taken);
        Ok(())
    }

    fn give_back(&self, sender: &Sender) {
        let mut keys = self.keys();
        for (key, cost) in self.costs(sender) {
            if let Some(at) = keys.get_mut(&key)
                && let Some(earlier) = at.checked_sub(cost)
            {
                *at = earlier;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(per_hour: u32) -> Allowance {
        Allowance::per_hour(NonZeroU32::new(per_hour).unwrap())
    }

    #[test]
    fn only_failures_use_the_allowance_up() {
        let attempts = allowance(3);
        let now = Instant::now();
        let (a, b) = (Sender::from("a"), Sender::from("b"));
        for _ in 0..10 {
            attempts.take(&a, now).unwrap();
            attempts.give_back(&a);
        }
        for _ in 0..3 {
            attempts.take(&a, now).unwrap();
        }
        let refused = attempts.take(&a, now).unwrap_err();
        assert_eq!(refused.retry_after_s(), Some(1201));
        attempts.take(&b, now).unwrap();
        attempts.take(&a, now + Duration::from_secs(1200)).unwrap();
        let refused = attempts.take(&a, now + Duration::from_secs(1201));
        assert!(refused.is_err());
    }

    /// Made-up names do not fill the memory, and do not wash away whoever tries often.
    #[test]
    fn attempts_are_kept_in_bounded_memory() {
        let attempts = allowance(20);
        let now = Instant::now();
        let guesser = Sender::from("guesser");
        for _ in 0..20 {
            attempts.take(&guesser, now).unwrap();
        }
        for n in 0..3 * SHRINK_AT {
            attempts
                .take(&Sender::from(&format!("made up {n}")), now)
                .unwrap();
        }
        assert!(attempts.keys().len() <= SHRINK_AT + 1);
        assert!(attempts.take(&guesser, now).is_err());
    }

    /// Addresses: whoever rents a /48 has sixteen subscribers' allowance, not 65,536; a neighbour
    /// in another /48 has their own.
    #[test]
    fn a_48_has_a_ceiling_over_all_its_subscribers() {
        let attempts = allowance(2);
        let now = Instant::now();
        let sender = |text: String| Sender::from(&ClientAddress::of(text.parse().unwrap()));
        let taken = (0..100)
            .map(|n| attempts.take(&sender(format!("2001:db8:7:{n:x}::1")), now))
            .filter(Result::is_ok)
            .count();
        assert_eq!(taken, 2 * SITE_TIMES as usize);
        attempts
            .take(&sender("2001:db8:8::1".to_owned()), now)
            .unwrap();
        for n in 0..100 {
            attempts
                .take(&sender(format!("203.0.113.{n}")), now)
                .unwrap();
        }
        let of_site = sender("2001:db8:7:ffff::1".to_owned());
        assert!(attempts.take(&of_site, now).is_err());
        attempts.give_back(&sender("2001:db8:7:0::1".to_owned()));
        attempts.take(&of_site, now).unwrap();
    }
}
