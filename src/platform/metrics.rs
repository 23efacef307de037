//! Counters and timings for Prometheus, in its text form. Labels carry route patterns and
//! statuses, never ids or personal data.

use std::{collections::BTreeMap, fmt::Write as _, sync::Mutex, time::Duration};

/// Upper bounds of the timing buckets, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0];

#[derive(Debug, Default, Clone)]
struct Series {
    count: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Series>>,
    events: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    /// Counts a request by its method, route pattern and status.
    pub fn request(&self, method: &str, pattern: String, status: u16, took: Duration) {
        let mut requests = self
            .requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let series = requests
            .entry((method.to_owned(), pattern, status))
            .or_default();
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
        out
    }
}
