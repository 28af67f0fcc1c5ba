//! The engine's own Prometheus recorder. Handles are made once and kept: nothing looks a name up where requests
//! pass, no recorder is global, so that one process may run several engines, and no label names a SKU.

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper bounds of the histograms' buckets in seconds: from what memory takes to what a stalled disk takes.
const LATENCY_BUCKETS_SECONDS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
    0.256, 0.512, 1.0, 4.0,
];

/// Where the recorder's handles say that they come from.
const ORIGIN: Metadata<'static> = Metadata::new("saldo", Level::INFO, Some("saldo"));

/// Everything that `/metrics` tells.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A recorder with nothing in it yet.
    #[must_use]
    pub fn new() -> Self {
        // Buckets are refused only where there are none.
        let recorder = PrometheusBuilder::new()
            .set_buckets(&LATENCY_BUCKETS_SECONDS)
            .unwrap_or_default()
            .build_recorder();
        let handle = recorder.handle();
        Self { recorder, handle }
    }

    /// A number that only rises.
    pub fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.recorder.register_counter(&Key::from_parts(name, labels), &ORIGIN)
    }

    /// A number as it is now.
    pub fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        self.recorder.register_gauge(&Key::from_parts(name, labels), &ORIGIN)
    }

    /// Durations in seconds.
    pub fn histogram(&self, name: &'static str, labels: Vec<Label>) -> Histogram {
        self.recorder.register_histogram(&Key::from_parts(name, labels), &ORIGIN)
    }

    /// What a counter's number means, for the page's `# HELP` line.
    pub fn describe_counter(&self, name: &'static str, help: &'static str) {
        self.recorder.describe_counter(
            KeyName::from_const_str(name),
            None,
            SharedString::const_str(help),
        );
    }

    /// What a gauge's number means.
    pub fn describe_gauge(&self, name: &'static str, help: &'static str) {
        self.recorder.describe_gauge(
            KeyName::from_const_str(name),
            None,
            SharedString::const_str(help),
        );
    }

    /// What a histogram measures.
    pub fn describe_histogram(&self, name: &'static str, help: &'static str) {
        self.recorder.describe_histogram(
            KeyName::from_const_str(name),
            None,
            SharedString::const_str(help),
        );
    }

    /// The page in Prometheus' text format (version 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds samples into buckets. Samples wait in memory until then, so this runs every few seconds even if
    /// nobody scrapes.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_recorders_do_not_see_each_other() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.describe_counter("saldo_things_total", "Things.");
        one.counter("saldo_things_total", vec![Label::new("kind", "a")]).increment(3);
        other.counter("saldo_things_total", vec![Label::new("kind", "a")]).increment(1);
        assert!(one.render().contains("# HELP saldo_things_total Things."));
        assert!(one.render().contains("saldo_things_total{kind=\"a\"} 3"));
        assert!(other.render().contains("saldo_things_total{kind=\"a\"} 1"));
    }

    #[test]
    fn durations_fall_into_buckets() {
        let metrics = Metrics::new();
        metrics.histogram("saldo_wait_seconds", Vec::new()).record(0.003);
        metrics.upkeep();
        let page = metrics.render();
        assert!(page.contains("saldo_wait_seconds_bucket{le=\"0.002\"} 0"), "{page}");
        assert!(page.contains("saldo_wait_seconds_bucket{le=\"0.004\"} 1"), "{page}");
        assert!(page.contains("saldo_wait_seconds_count 1"), "{page}");
    }
}
