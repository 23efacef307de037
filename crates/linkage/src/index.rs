//! The batch index: the blocking keys in memory, with the same caps as the database.

use std::collections::HashMap;

use chrono::TimeDelta;
use foldhash::fast::RandomState;

use super::{
    Report,
    keys::{self, CANDIDATES_MAX, CLEAN_UP, Found, PER_KEY},
};
use dengwen_geo::Origin;

/// Reports by blocking key. Reports are numbered in the order of their arrival.
#[derive(Debug, Default)]
pub struct Index {
    postings: HashMap<i64, Vec<u32>, RandomState>,
    all_within: Option<TimeDelta>,
}

/// Which reports may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Only earlier ones: what an intake does.
    Arrival,
    /// All others: what a clean-up does.
    Any,
}

impl Order {
    /// How many times the caps of an intake it looks at.
    const fn times(self) -> usize {
        match self {
            Self::Arrival => 1,
            Self::Any => CLEAN_UP,
        }
    }
}

impl Index {
    /// An index of reports, which are in the order of their arrival.
    #[must_use]
    pub fn of(reports: &[Report]) -> Self {
        let mut index = Self::default();
        for (at, report) in reports.iter().enumerate() {
            index.insert(at, report);
        }
        index
    }

    /// An index under which all reports within so many days are candidates of one another, for
    /// small sets that tell no places.
    #[must_use]
    pub fn of_all_within(reports: &[Report], days: i64) -> Self {
        Self {
            all_within: Some(TimeDelta::days(days)),
            ..Self::of(reports)
        }
    }

    /// Files a report under its keys.
    pub fn insert(&mut self, at: usize, report: &Report) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for key in keys::filed_under(report) {
            self.postings.entry(key).or_default().push(at);
        }
    }

    /// The candidates of a report, in the order of arrival. Of a hot key the nearest in time are
    /// taken, and of all of them as well.
    #[must_use]
    pub fn candidates(
        &self,
        reports: &[Report],
        at: usize,
        radius_m: f64,
        order: Order,
    ) -> Vec<usize> {
        let Some(new) = reports.get(at) else {
            return Vec::new();
        };
        if let Some(span) = self.all_within {
            let near = |old: &Report| (new.received_at - old.received_at).abs() <= span;
            let until = if order == Order::Any {
                reports.len()
            } else {
                at
            };
            let others = reports.iter().enumerate().take(until);
            let others = others.filter(|(other, old)| *other != at && near(old));
            return others.map(|(other, _)| other).collect();
        }
        let mut seen = Found::default();
        for asked in keys::looked_for(new, radius_m, order == Order::Any) {
            self.filed(asked.key, at, order, |other| seen.add(other, asked));
        }
        // As the database does it, which sees no place before it loads: cut first, measure then.
        let best = seen.best(CANDIDATES_MAX * order.times(), |other| {
            (other as usize).abs_diff(at)
        });
        let search_m = keys::search_radius_m(new, radius_m);
        let origin = new.place.map(|p| Origin::at(p.point));
        let within = |other: usize| {
            let there = reports.get(other).and_then(|old| old.place);
            let metres = origin.zip(there).map(|(o, t)| o.metres_to(t.point));
            metres.is_some_and(|metres| metres <= search_m)
        };
        let mut found: Vec<usize> = best
            .into_iter()
            .map(|(other, told)| (other as usize, told))
            .filter(|(other, told)| *told || within(*other))
            .map(|(other, _)| other)
            .collect();
        found.sort_unstable();
        found
    }

    /// What is filed under a key, the nearest in time.
    fn filed(&self, key: i64, at: usize, order: Order, mut each: impl FnMut(u32)) {
        let Some(filed) = self.postings.get(&key) else {
            return;
        };
        let me = u32::try_from(at).unwrap_or(u32::MAX);
        let here = filed.partition_point(|other| *other < me);
        let most = PER_KEY * order.times();
        let earlier = filed.get(here.saturating_sub(most)..here);
        earlier.unwrap_or_default().iter().for_each(|o| each(*o));
        if order == Order::Any {
            let later = filed.iter().skip(here).filter(|other| **other != me);
            later.take(most).for_each(|other| each(*other));
        }
    }
}
