//! Rules of other systems, to be measured by the same command: each names its candidates and
//! their order.

use std::str::FromStr;

use super::{index::Order, train::Cases};
use dengwen_geo::distance_m;

/// A peer's rule for what may be the same matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// FixMyStreet: same type within 250 m, the nearest first.
    FixMyStreet,
    /// Signalen's list for staff: same type within 50 m and 12 weeks, the nearest first.
    Signalen,
    /// Mark-a-Spot: same type within 50 m and 10 days, the nearest first.
    MarkASpot,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "fixmystreet" => Ok(Self::FixMyStreet),
            "signalen" => Ok(Self::Signalen),
            "mark-a-spot" => Ok(Self::MarkASpot),
            _ => Err("expected fixmystreet, signalen or mark-a-spot".to_owned()),
        }
    }
}

impl Rule {
    const fn reach(self) -> (f64, i64) {
        const FOR_EVER: i64 = 36_500;
        match self {
            Self::FixMyStreet => (250.0, FOR_EVER),
            Self::Signalen => (50.0, 84),
            Self::MarkASpot => (50.0, 10),
        }
    }

    /// The candidates of a case and how well each fits: minus the distance in metres; of equally
    /// near ones, of which there are many where addresses share a point, the closest in time.
    #[must_use]
    pub fn candidates(self, cases: &Cases, at: usize, order: Order) -> Vec<(usize, f64)> {
        let (metres, days) = self.reach();
        let Some(new) = cases.reports.get(at) else {
            return Vec::new();
        };
        let Some(here) = new.place else {
            return Vec::new();
        };
        let until = match order {
            Order::Arrival => at,
            Order::Any => cases.reports.len(),
        };
        cases
            .reports
            .iter()
            .enumerate()
            .take(until)
            .filter(|(other, old)| *other != at && old.category == new.category)
            .filter(|(_, old)| (new.received_at - old.received_at).num_days().abs() <= days)
            .filter_map(|(other, old)| {
                let distance = distance_m(here.point, old.place?.point);
                let days =
                    (new.received_at - old.received_at).num_seconds().abs() as f64 / 86_400.0;
                (distance <= metres).then_some((other, -distance.round() - days / 1e6))
            })
            .collect()
    }
}
