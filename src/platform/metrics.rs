//! Counters and timings for Prometheus, in its text form. Labels carry route patterns and
//! statuses, never ids or personal data.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    sync::Mutex,
    time::Duration,
};

/// Upper bounds of the timing buckets, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0];

/// Officers' last decisions on a model's provisional links of which the rejected share is shown.
const LAST_DECISIONS: usize = 200;

#[derive(Debug, Default, Clone)]
struct Series {
    count: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

/// Methods that are counted by name.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A method as it is counted and logged: a client may make one up, and of any length.
#[must_use]
pub fn method_label(method: &str) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method);
    known.copied().unwrap_or("other")
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, String, u16), Series>>,
    events: Mutex<BTreeMap<&'static str, u64>>,
    gauges: Mutex<BTreeMap<&'static str, i64>>,
    matching: Mutex<BTreeMap<(String, &'static str), u64>>,
    rejected: Mutex<BTreeMap<String, VecDeque<bool>>>,
}

impl Metrics {
    /// Counts a request by its method (a [`method_label`]), the pattern of its route and its status,
    /// each of a closed set: what a client makes up leaves no trace.
    pub fn request(&self, method: &'static str, pattern: String, status: u16, took: Duration) {
        let mut requests = self
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let series = requests.entry((method, pattern, status)).or_default();
        let seconds = took.as_secs_f64();
        series.count += 1;
        series.seconds += seconds;
        for (bucket, bound) in series.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// Counts an event such as `complaints_accepted`.
    pub fn count(&self, event: &'static str) {
        let mut events = self
            .events
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *events.entry(event).or_default() += 1;
    }

    /// Sets a value that goes up and down, such as `hidden_reviews_overdue`.
    pub fn set(&self, gauge: &'static str, value: i64) {
        let mut gauges = self
            .gauges
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        gauges.insert(gauge, value);
    }

    /// Counts what a model said, or what an officer said of it: held against each other they show
    /// when a model no longer fits what comes in.
    pub fn matching(&self, model: &str, event: &'static str) {
        let mut matching = self
            .matching
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *matching.entry((model.to_owned(), event)).or_default() += 1;
    }

    /// Keeps whether an officer rejected a provisional link of a model.
    pub fn provisional_decided(&self, model: &str, rejected: bool) {
        let mut last = self
            .rejected
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let last = last.entry(model.to_owned()).or_default();
        last.push_back(rejected);
        if last.len() > LAST_DECISIONS {
            last.pop_front();
        }
    }

    fn render_matching(&self, out: &mut String) {
        out.push_str("# TYPE dengwen_matching_total counter\n");
        let matching = self
            .matching
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for ((model, event), count) in matching.iter() {
            let model = escaped(model);
            let _ = writeln!(
                out,
                "dengwen_matching_total{{event=\"{event}\",model=\"{model}\"}} {count}"
            );
        }
        out.push_str("# TYPE dengwen_matching_rejected_share gauge\n");
        let rejected = self
            .rejected
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for (model, last) in rejected.iter() {
            let share = last.iter().filter(|r| **r).count() as f64 / last.len().max(1) as f64;
            let model = escaped(model);
            let _ = writeln!(
                out,
                "dengwen_matching_rejected_share{{model=\"{model}\"}} {share}"
            );
        }
    }

    /// The text Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        out.push_str("# TYPE dengwen_http_request_seconds histogram\n");
        let requests = self
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for ((method, pattern, status), series) in requests.iter() {
            let labels = format!("method=\"{method}\",route=\"{pattern}\",status=\"{status}\"");
            for (bound, count) in BUCKETS.iter().zip(series.buckets) {
                let _ = writeln!(
                    out,
                    "dengwen_http_request_seconds_bucket{{{labels},le=\"{bound}\"}} {count}"
                );
            }
            let count = series.count;
            let _ = writeln!(
                out,
                "dengwen_http_request_seconds_bucket{{{labels},le=\"+Inf\"}} {count}"
            );
            let _ = writeln!(
                out,
                "dengwen_http_request_seconds_sum{{{labels}}} {}",
                series.seconds
            );
            let _ = writeln!(
                out,
                "dengwen_http_request_seconds_count{{{labels}}} {count}"
            );
        }
        out.push_str("# TYPE dengwen_events_total counter\n");
        let events = self
            .events
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for (event, count) in events.iter() {
            let _ = writeln!(out, "dengwen_events_total{{event=\"{event}\"}} {count}");
        }
        let gauges = self
            .gauges
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for (gauge, value) in gauges.iter() {
            let _ = writeln!(out, "# TYPE dengwen_{gauge} gauge\ndengwen_{gauge} {value}");
        }
        drop(gauges);
        self.render_matching(&mut out);
        out
    }
}

/// A label's value: a model is named by whoever trained it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
