//! Conditions of a visit, as pure functions.

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use crate::district::{Category, VerificationRules, shanghai};
use crate::platform::named::named;

/// Hours of the day in which a matter was complained of: first and last, both included; a band
/// over midnight has a first hour after its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// First hour, 0 to 23, Asia/Shanghai.
    pub from: u32,
    /// Last hour.
    pub until: u32,
}

/// The band a visit must fall in: for noise and fumes the complained hours, widened by the
/// tolerance. Other matters can be seen at any hour.
#[must_use]
pub fn band_of(
    category: &Category,
    occurred: Option<(DateTime<Utc>, DateTime<Utc>)>,
    rules: &VerificationRules,
) -> Option<Band> {
    let (from, until) = occurred.filter(|_| category.time_bound)?;
    let hour = |at: DateTime<Utc>| at.with_timezone(&shanghai()).hour();
    // A report that spans most of a day binds a visit to no hour.
    if (until - from).num_hours() >= 20 {
        return None;
    }
    let tolerance = rules.band_tolerance_hours % 24;
    Some(Band {
        from: (hour(from) + 24 - tolerance) % 24,
        until: (hour(until) + tolerance) % 24,
    })
}

impl Band {
    /// Whether an instant falls in the band.
    #[must_use]
    pub fn holds(self, at: DateTime<Utc>) -> bool {
        let hour = at.with_timezone(&shanghai()).hour();
        if self.from <= self.until {
            (self.from..=self.until).contains(&hour)
        } else {
            hour >= self.from || hour <= self.until
        }
    }

    /// Whether any instant of a span falls in the band.
    #[must_use]
    fn meets(self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        let hours = (0..24).map(|hours| from + TimeDelta::hours(hours));
        let mut looked_at = hours.take_while(|at| *at <= until).chain([until]);
        from <= until && looked_at.any(|at| self.holds(at))
    }
}

/// How far a device's clock may stray from ours before it is doubted.
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(10);

/// Whether a device's time lies so far ahead of ours that its clock is wrong.
#[must_use]
pub fn is_ahead(device_time: DateTime<Utc>, received_at: DateTime<Utc>) -> bool {
    device_time > received_at + CLOCK_TOLERANCE
}

/// Whether something on a device's clock happened after the visit was assigned.
#[must_use]
pub fn is_after_assignment(device_time: DateTime<Utc>, assigned_at: Option<DateTime<Utc>>) -> bool {
    assigned_at.is_none_or(|at| device_time + CLOCK_TOLERANCE >= at)
}

/// Uploads that reach us this long after they happened are late.
pub const LATE_AFTER: TimeDelta = TimeDelta::hours(1);

named! {
    /// How the time is read that a phone claims for what happened.
    pub enum ClockReading {
        /// As claimed: the phone's clock and ours agree as far as can be seen.
        Agrees "agrees",
        /// The phone said what its clock showed when it sent: the claim is moved by the difference.
        Corrected "corrected",
        /// The claim lies after its own arrival: it is read as the arrival.
        Arrival "arrival",
        /// It came long after the claim, and nothing says how the phone's clock goes: read as claimed,
        /// and for the reviewer to believe.
        Unmeasured "unmeasured",
        /// The claim lies before the visit was given, and nothing says how the phone's clock goes: either
        /// the clock is behind, or it was captured before. For the reviewer to decide.
        Undecided "undecided",
    }
}

/// Whether something is so, as far as clocks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// It is not.
    No,
    /// Nobody can tell but by what is seen and known beside.
    Undecided,
    /// It is.
    Yes,
}

impl Holds {
    /// As it is shown: absent where nobody can tell.
    #[must_use]
    pub const fn known(self) -> Option<bool> {
        match self {
            Self::No => Some(false),
            Self::Undecided => None,
            Self::Yes => Some(true),
        }
    }
}

/// The clocks that tell when something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// When, by the device.
    pub claimed: DateTime<Utc>,
    /// When it reached us.
    pub received: DateTime<Utc>,
    /// By how much our clock was ahead of the device's when it was sent, where the device said what its
    /// own showed.
    pub offset: Option<TimeDelta>,
}

/// When something happened, as far as its clocks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant, never after the arrival.
    pub at: DateTime<Utc>,
    /// How it was read.
    pub reading: ClockReading,
}

impl Clocks {
    /// When it happened, on a visit that was given then. What a device claims is bounded by when it
    /// reached us, because nobody sends what did not happen yet.
    #[must_use]
    pub fn moment(self, assigned_at: Option<DateTime<Utc>>) -> Moment {
        let Self {
            claimed, received, ..
        } = self;
        let bounded = |at: DateTime<Utc>| at.min(received);
        let (at, reading) = match self.offset {
            Some(offset) if offset.abs() > CLOCK_TOLERANCE => {
                (bounded(claimed + offset), ClockReading::Corrected)
            }
            Some(offset) => (bounded(claimed + offset), ClockReading::Agrees),
            None if is_ahead(claimed, received) => (received, ClockReading::Arrival),
            None if self.is_of_now(assigned_at) && !is_after_assignment(claimed, assigned_at) => {
                (claimed, ClockReading::Undecided)
            }
            None if received - claimed > LATE_AFTER => (claimed, ClockReading::Unmeasured),
            None => (bounded(claimed), ClockReading::Agrees),
        };
        Moment { at, reading }
    }

    /// Whether it reached us since the visit was given; what came before belongs to an earlier round.
    fn is_of_now(self, assigned_at: Option<DateTime<Utc>>) -> bool {
        assigned_at.is_none_or(|at| self.received >= at)
    }

    /// Whether it happened after the visit was given.
    #[must_use]
    pub fn is_of_visit(self, assigned_at: Option<DateTime<Utc>>) -> Holds {
        if !self.is_of_now(assigned_at) {
            return Holds::No;
        }
        let Moment { at, reading } = self.moment(assigned_at);
        match reading {
            ClockReading::Undecided => Holds::Undecided,
            _ if is_after_assignment(at, assigned_at) => Holds::Yes,
            _ => Holds::No,
        }
    }

    /// Whether it happened after the visit was given and in these hours. Where the clock is in doubt,
    /// it must at least have been possible between the assignment and the arrival.
    #[must_use]
    pub fn falls_in(self, band: Band, assigned_at: Option<DateTime<Utc>>) -> Holds {
        match self.is_of_visit(assigned_at) {
            Holds::Yes if band.holds(self.moment(assigned_at).at) => Holds::Yes,
            Holds::Undecided if assigned_at.is_some_and(|at| band.meets(at, self.received)) => {
                Holds::Undecided
            }
            _ => Holds::No,
        }
    }

    /// Whether it reached us long after it happened.
    #[must_use]
    pub fn is_late(self, assigned_at: Option<DateTime<Utc>>) -> bool {
        self.received - self.moment(assigned_at).at > LATE_AFTER
    }
}

/// Whether a check-in needs a reason: outside the radius, or outside its own accuracy as far as
/// that is still a position. The grid is a fact beside it and excuses nothing.
#[must_use]
pub fn needs_reason(
    distance_m: Option<f64>,
    accuracy_m: Option<f64>,
    radius_m: f64,
    accuracy_max_m: f64,
) -> bool {
    let accuracy = accuracy_m.unwrap_or(0.0).min(accuracy_max_m);
    distance_m.is_some_and(|metres| metres > radius_m.max(accuracy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::Profile;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn a_night_noise_is_visited_at_night() {
        let profile = Profile::embedded().unwrap();
        let noise = profile.category("noise.construction").unwrap();
        let occurred = Some((
            at("2026-11-23T23:00:00+08:00"),
            at("2026-11-24T02:30:00+08:00"),
        ));
        let band = band_of(noise, occurred, &profile.rules.verification).unwrap();
        assert_eq!(band, Band { from: 22, until: 3 });
        assert!(band.holds(at("2026-11-25T01:00:00+08:00")));
        assert!(band.holds(at("2026-11-25T22:10:00+08:00")));
        assert!(!band.holds(at("2026-11-25T10:00:00+08:00")));
    }

    #[test]
    fn other_matters_have_no_hour() {
        let profile = Profile::embedded().unwrap();
        let water = profile.category("water.industrial").unwrap();
        let occurred = Some((
            at("2026-11-23T23:00:00+08:00"),
            at("2026-11-23T23:30:00+08:00"),
        ));
        assert_eq!(band_of(water, occurred, &profile.rules.verification), None);
        let fumes = profile.category("air.cooking_fume").unwrap();
        assert_eq!(band_of(fumes, None, &profile.rules.verification), None);
    }

    #[test]
    fn outside_the_radius_needs_a_reason() {
        let asks = |distance, accuracy| needs_reason(distance, accuracy, 100.0, 300.0);
        assert!(!asks(Some(99.0), None));
        assert!(asks(Some(101.0), None));
        assert!(!asks(Some(150.0), Some(200.0)));
        assert!(!asks(None, None), "no place to be far from");
        assert!(
            asks(Some(301.0), Some(50_000.0)),
            "a phone that knows nothing waives nothing"
        );
    }

    #[test]
    fn clocks_may_stray_a_little() {
        let now = at("2026-11-24T10:00:00+08:00");
        assert!(!is_ahead(now + TimeDelta::minutes(9), now));
        assert!(is_ahead(now + TimeDelta::minutes(11), now));
        assert!(is_after_assignment(now - TimeDelta::minutes(9), Some(now)));
        assert!(!is_after_assignment(
            now - TimeDelta::minutes(11),
            Some(now)
        ));
        assert!(is_after_assignment(now, None));
    }

    const MORNING: &str = "2026-11-24T08:43:00+08:00";

    fn clocks(claimed: &str, received: &str, shown: Option<&str>) -> Clocks {
        let received = at(received);
        Clocks {
            claimed: at(claimed),
            received,
            offset: shown.map(|shown| received - at(shown)),
        }
    }

    #[test]
    fn an_arrival_bounds_what_a_phone_claims() {
        let night = Band { from: 22, until: 3 };
        let assigned = Some(at("2026-11-23T10:00:00+08:00"));
        let ahead = clocks("2026-11-24T23:20:00+08:00", MORNING, None);
        let read = ahead.moment(assigned);
        assert_eq!(
            (read.at, read.reading),
            (at(MORNING), ClockReading::Arrival)
        );
        assert_eq!(ahead.falls_in(night, assigned), Holds::No);
        // The same night, told late, is believed and marked.
        let late = clocks("2026-11-23T23:20:00+08:00", MORNING, None);
        assert_eq!(late.moment(assigned).reading, ClockReading::Unmeasured);
        assert_eq!(late.falls_in(night, assigned), Holds::Yes);
        assert!(late.is_late(assigned) && !ahead.is_late(assigned));
        // A little ahead is nothing, and is not after the arrival either.
        let little = clocks("2026-11-24T08:50:00+08:00", MORNING, None);
        let read = little.moment(assigned);
        assert_eq!((read.at, read.reading), (at(MORNING), ClockReading::Agrees));
    }

    #[test]
    fn a_measured_clock_is_corrected() {
        let night = Band { from: 22, until: 3 };
        let assigned = Some(at("2026-11-23T10:00:00+08:00"));
        // A day behind: it was the last night, not the one before.
        let behind = clocks(
            "2026-11-22T23:20:00+08:00",
            MORNING,
            Some("2026-11-23T08:43:00+08:00"),
        );
        let read = behind.moment(assigned);
        assert_eq!(
            (read.at, read.reading),
            (at("2026-11-23T23:20:00+08:00"), ClockReading::Corrected)
        );
        assert_eq!(behind.falls_in(night, assigned), Holds::Yes);
        // Right, and still before the visit was given.
        let old = clocks("2026-11-22T23:20:00+08:00", MORNING, Some(MORNING));
        assert_eq!(old.moment(assigned).reading, ClockReading::Agrees);
        assert_eq!(old.is_of_visit(assigned), Holds::No);
        assert_eq!(old.falls_in(night, assigned), Holds::No);
        // Never after the arrival, whatever the phone says of itself.
        let odd = clocks(
            "2026-11-24T23:20:00+08:00",
            MORNING,
            Some("2026-11-24T08:43:00+08:00"),
        );
        assert_eq!(odd.moment(assigned).at, at(MORNING));
    }

    #[test]
    fn what_clocks_cannot_tell_is_undecided() {
        let night = Band { from: 22, until: 3 };
        let assigned = Some(at("2026-11-23T10:00:00+08:00"));
        let before = clocks("2026-11-22T23:20:00+08:00", MORNING, None);
        assert_eq!(before.moment(assigned).reading, ClockReading::Undecided);
        assert_eq!(before.is_of_visit(assigned), Holds::Undecided);
        assert_eq!(before.falls_in(night, assigned), Holds::Undecided);
        // No night between assignment and arrival: that can be told.
        let noon = clocks(
            "2026-11-22T23:20:00+08:00",
            "2026-11-23T12:00:00+08:00",
            None,
        );
        assert_eq!(noon.is_of_visit(assigned), Holds::Undecided);
        assert_eq!(noon.falls_in(night, assigned), Holds::No);
        // What came before the visit was given anew is of the former round, however close.
        let former = clocks(
            "2026-11-23T09:55:00+08:00",
            "2026-11-23T09:55:00+08:00",
            None,
        );
        assert_eq!(former.moment(assigned).reading, ClockReading::Agrees);
        assert_eq!(former.is_of_visit(assigned), Holds::No);
    }

    #[test]
    fn a_span_meets_the_hours_it_touches() {
        let night = Band { from: 22, until: 3 };
        let meets = |from: &str, until: &str| night.meets(at(from), at(until));
        assert!(meets(
            "2026-11-23T10:00:00+08:00",
            "2026-11-23T22:00:00+08:00"
        ));
        assert!(meets(
            "2026-11-23T10:30:00+08:00",
            "2026-11-23T22:05:00+08:00"
        ));
        assert!(meets(
            "2026-11-01T10:00:00+08:00",
            "2026-11-23T12:00:00+08:00"
        ));
        assert!(!meets(
            "2026-11-23T10:00:00+08:00",
            "2026-11-23T21:59:00+08:00"
        ));
        assert!(!meets(
            "2026-11-23T23:00:00+08:00",
            "2026-11-23T22:00:00+08:00"
        ));
    }
}
