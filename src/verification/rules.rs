//! Conditions of a visit, as pure functions.

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use crate::district::{Category, VerificationRules, shanghai};

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
}
