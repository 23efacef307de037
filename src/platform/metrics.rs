//! Counters and timings for Prometheus, served as OpenMetrics text. Labels carry route patterns and
//! statuses, never ids or personal data.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Mutex, OnceLock, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// The media type of what is served.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What every name begins with.
const PREFIX: &str = "dengwen";

/// Upper bounds of the timing buckets, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Officers' last decisions on a model's provisional links of which the rejected share is shown.
const LAST_DECISIONS: usize = 200;

/// Methods that are counted by name.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A method as it is counted and logged: a client may make one up, and of any length.
#[must_use]
pub fn method_label(method: &str) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method);
    known.copied().unwrap_or("other")
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEvent {
    event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    event: &'static str,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    model: String,
}

fn timings() -> Histogram {
    Histogram::new(BUCKETS)
}

/// Everything that is counted as it happens.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<OfRequest, Histogram>,
    events: Family<OfEvent, Counter>,
    hidden_reviews_overdue: OnceLock<Gauge>,
    jobs_dead: OnceLock<Gauge>,
    matching: Family<OfVerdict, Counter>,
    rejected: Mutex<BTreeMap<String, VecDeque<bool>>>,
    rejected_share: Family<OfModel, Gauge<f64, AtomicU64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::new_with_constructor(timings),
            events: Family::default(),
            hidden_reviews_overdue: OnceLock::new(),
            jobs_dead: OnceLock::new(),
            matching: Family::default(),
            rejected: Mutex::default(),
            rejected_share: Family::default(),
        }
    }
}

impl Metrics {
    /// Counts a request by its method (a [`method_label`]), the pattern of its route and its status,
    /// each of a closed set: what a client makes up leaves no trace.
    pub fn request(&self, method: &'static str, route: String, status: u16, took: Duration) {
        let labels = OfRequest {
            method,
            route,
            status,
        };
        let series = self.requests.get_or_create(&labels);
        series.observe(took.as_secs_f64());
    }

    /// Counts an event such as `complaints_taken_in`.
    pub fn count(&self, event: &'static str) {
        self.events.get_or_create(&OfEvent { event }).inc();
    }

    /// Says how many hidden complaints wait too long for their review; until it was counted nothing
    /// is shown.
    pub fn hidden_reviews_overdue(&self, overdue: i64) {
        let gauge = self.hidden_reviews_overdue.get_or_init(Gauge::default);
        gauge.set(overdue);
    }

    /// Says how many jobs were set aside because they failed too often; until they were counted
    /// nothing is shown.
    pub fn jobs_dead(&self, dead: i64) {
        self.jobs_dead.get_or_init(Gauge::default).set(dead);
    }

    /// Counts what a model said, or what an officer said of it: held against each other they show
    /// when a model no longer fits what comes in.
    pub fn matching(&self, model: &str, event: &'static str) {
        let model = model.to_owned();
        let labels = OfVerdict { event, model };
        self.matching.get_or_create(&labels).inc();
    }

    /// Keeps whether an officer rejected a provisional link of a model.
    pub fn provisional_decided(&self, model: &str, rejected: bool) {
        let model = model.to_owned();
        let mut all = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.entry(model.clone()).or_default();
        last.push_back(rejected);
        if last.len() > LAST_DECISIONS {
            last.pop_front();
        }
        let share = last.iter().filter(|r| **r).count() as f64 / last.len() as f64;
        self.rejected_share
            .get_or_create(&OfModel { model })
            .set(share);
    }

    /// Names all of it for a scrape.
    pub fn register(&self, scrape: &mut Scrape) {
        let Scrape(registry) = scrape;
        registry.register(
            "http_request_seconds",
            "Time to the answer's head",
            self.requests.clone(),
        );
        registry.register("events", "What happened", self.events.clone());
        if let Some(overdue) = self.hidden_reviews_overdue.get() {
            registry.register(
                "hidden_reviews_overdue",
                "Hidden complaints that nobody looked at in time",
                overdue.clone(),
            );
        }
        if let Some(dead) = self.jobs_dead.get() {
            registry.register(
                "jobs_dead",
                "Jobs set aside because they failed too often",
                dead.clone(),
            );
        }
        registry.register(
            "matching",
            "What models said, and officers of it",
            self.matching.clone(),
        );
        registry.register(
            "matching_rejected_share",
            "Rejected of the last provisional links decided",
            self.rejected_share.clone(),
        );
    }
}

/// What one look at `/metrics` shows.
#[derive(Debug)]
pub struct Scrape(Registry);

impl Default for Scrape {
    fn default() -> Self {
        Self(Registry::with_prefix(PREFIX))
    }
}

impl Scrape {
    /// Adds a value that is known now.
    pub fn gauge(&mut self, name: &str, help: &str, value: i64) {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        self.0.register(name, help, gauge);
    }

    /// Adds values that are known now, one for each value of a label.
    pub fn gauges(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, i64)>,
    ) {
        let family = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        for (of, value) in values {
            family.get_or_create(&[(label, of)]).set(value);
        }
        self.0.register(name, help, family);
    }

    /// Adds a count that is kept elsewhere; its name ends in `_total`, which is added.
    pub fn counter(&mut self, name: &str, help: &str, count: u64) {
        let counter = Counter::<u64>::default();
        counter.inc_by(count);
        self.0.register(name, help, counter);
    }

    /// Adds counts that are kept elsewhere, one for each value of a label.
    pub fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        counts: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        let family = Family::<[(&'static str, &'static str); 1], Counter>::default();
        for (of, count) in counts {
            family.get_or_create(&[(label, of)]).inc_by(count);
        }
        self.0.register(name, help, family);
    }

    /// The text.
    ///
    /// # Errors
    /// When a value cannot be written.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, labels and values are what dashboards and alarms are made on.
    #[test]
    fn the_text_is_as_it_was() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(20);
        metrics.request("GET", "/healthz".to_owned(), 200, took);
        metrics.count("unmaskings");
        metrics.matching("a\"b\\c\nd", "new");
        for rejected in [true, false, false, false] {
            metrics.provisional_decided("m", rejected);
        }
        let mut scrape = Scrape::default();
        metrics.register(&mut scrape);
        let before = scrape.text().unwrap();
        assert!(!before.contains("overdue"), "{before}");
        metrics.hidden_reviews_overdue(3);
        let mut scrape = Scrape::default();
        metrics.register(&mut scrape);
        scrape.gauge("ready", "Ready", 1);
        scrape.gauges("alarm", "Alarms", "alarm", [("data_gone", 0)]);
        scrape.counter("database_circuit_opened", "Circuit", 2);
        scrape.counters("database_outages", "Outages", "reason", [("full", 4)]);
        let text = scrape.text().unwrap();
        let series = "{method=\"GET\",route=\"/healthz\",status=\"200\"";
        let le = |le: &str| {
            format!(
                "dengwen_http_request_seconds_bucket{{le=\"{le}\",{}",
                &series[1..]
            )
        };
        for line in [
            "# TYPE dengwen_http_request_seconds histogram".to_owned(),
            format!("{}}} 0", le("0.005")),
            format!("{}}} 1", le("0.02")),
            format!("{}}} 1", le("1.0")),
            format!("{}}} 1", le("+Inf")),
            format!("dengwen_http_request_seconds_sum{series}}} 0.02"),
            format!("dengwen_http_request_seconds_count{series}}} 1"),
            "# TYPE dengwen_events counter".to_owned(),
            "dengwen_events_total{event=\"unmaskings\"} 1".to_owned(),
            "dengwen_hidden_reviews_overdue 3".to_owned(),
            "dengwen_matching_total{event=\"new\",model=\"a\\\"b\\\\c\\nd\"} 1".to_owned(),
            "dengwen_matching_rejected_share{model=\"m\"} 0.25".to_owned(),
            "dengwen_ready 1".to_owned(),
            "dengwen_alarm{alarm=\"data_gone\"} 0".to_owned(),
            "dengwen_database_circuit_opened_total 2".to_owned(),
            "dengwen_database_outages_total{reason=\"full\"} 4".to_owned(),
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
