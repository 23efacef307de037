//! What an operator must hear of at once: a closed set, each raised with words for the log and
//! shown by `/readyz` and `/metrics` until it is over.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::metrics::Scrape;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The database is damaged: a page, an index, or the disk below it.
    DatabaseDamaged,
    /// The blob store is gone, or is another installation's.
    BlobsGone,
    /// The data folder is gone, or is another installation's.
    DataGone,
    /// Blobs are missing, or are not what was stored.
    BlobsDamaged,
    /// Jobs were set aside because they failed too often.
    JobsDead,
}

impl Alarm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::DatabaseDamaged,
        Self::BlobsGone,
        Self::DataGone,
        Self::BlobsDamaged,
        Self::JobsDead,
    ];

    /// Whether a server it is raised on should get no requests. Single blobs that are missing
    /// and work left undone keep nobody from reporting.
    #[must_use]
    pub const fn takes_out_of_service(self) -> bool {
        matches!(
            self,
            Self::DatabaseDamaged | Self::BlobsGone | Self::DataGone
        )
    }

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DatabaseDamaged => "database_damaged",
            Self::BlobsGone => "blobs_gone",
            Self::DataGone => "data_gone",
            Self::BlobsDamaged => "blobs_damaged",
            Self::JobsDead => "jobs_dead",
        }
    }
}

/// The alarms that are raised, shared by all who raise and read them.
#[derive(Debug, Clone, Default)]
pub struct Alarms(Arc<Mutex<BTreeMap<Alarm, String>>>);

impl Alarms {
    /// Raises an alarm. The log hears of it once, until it is over.
    pub fn raise(&self, alarm: Alarm, words: &str) {
        let mut raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.insert(alarm, words.to_owned()).is_none() {
            tracing::error!(alarm = alarm.as_str(), "ALARM: {words}");
        }
    }

    /// Ends an alarm.
    pub fn clear(&self, alarm: Alarm) {
        let mut raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.remove(&alarm).is_some() {
            tracing::warn!(alarm = alarm.as_str(), "the alarm is over");
        }
    }

    /// What is raised, with its words for the log.
    #[must_use]
    pub fn raised(&self) -> Vec<(Alarm, String)> {
        let raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        raised
            .iter()
            .map(|(a, words)| (*a, words.clone()))
            .collect()
    }

    /// Whether an alarm is raised.
    #[must_use]
    pub fn is_raised(&self, alarm: Alarm) -> bool {
        let raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        raised.contains_key(&alarm)
    }

    /// Names them for a scrape: each alarm, 0 or 1.
    pub fn register(&self, scrape: &mut Scrape) {
        let raised = |alarm: Alarm| (alarm.as_str(), i64::from(self.is_raised(alarm)));
        let help = "What an operator must hear of at once";
        scrape.gauges("alarm", help, "alarm", Alarm::ALL.map(raised));
    }
}
