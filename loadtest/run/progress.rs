//! What is seen while a run goes on: a bar, and a line of what is answered just now. Drawn on standard error, and only
//! where that is a terminal.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::drive::shared::Shared;
use crate::measure::numbers::{float, ratio};
use crate::measure::recorder::{Answer, Interval};
use crate::report::words::{latency, thousands};

const BAR: &str = "{prefix:<14} {wide_bar} {msg}";
/// Parts of the bar.
const WHOLE: u64 = 1_000;

/// The live line of one run.
pub struct Progress {
    bar: ProgressBar,
    /// Operations after which the run ends; none where time ends it.
    operations: Option<u64>,
    before: (Duration, u64),
    rate: f64,
}

impl Progress {
    /// Of a run with this name. A quiet one draws nothing.
    #[must_use]
    pub fn new(name: &str, operations: Option<u64>, is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::new(WHOLE) };
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Self { bar, operations, before: (Duration::ZERO, 0), rate: 0.0 }
    }

    /// Another part of the run, such as its audit.
    pub fn part(&self, name: &str) {
        self.bar.set_prefix(name.to_owned());
        self.bar.set_message("");
        self.bar.set_position(0);
    }

    /// So much of the part is done.
    pub fn at(&self, done: u64, of: u64) {
        self.bar.set_position(done.saturating_mul(WHOLE) / of.max(1));
        self.bar.set_message(format!("{} of {}", thousands(done), thousands(of)));
    }

    /// Looks at the run.
    pub fn look(&mut self, shared: &Shared, series: &BTreeMap<u64, Interval>) {
        let now = shared.now();
        let counts =
            Answer::ALL.map(|answer| shared.answers[answer as usize].load(Ordering::Relaxed));
        let all: u64 = counts.iter().sum();
        let passed = now.saturating_sub(self.before.0).as_secs_f64();
        if passed >= 0.5 {
            self.rate = ratio(float(all - self.before.1), passed);
            self.before = (now, all);
        }
        let by_time =
            shared.until().map_or(0.0, |until| ratio(now.as_secs_f64(), until.as_secs_f64()));
        let by_count =
            self.operations.map_or(0.0, |operations| ratio(float(all), float(operations)));
        self.bar.set_position(part(by_time.max(by_count)));
        let p99 = series.last_key_value().map_or_else(String::new, |(_, interval)| {
            format!(", p99 {}", latency(float(interval.latencies.value_at_quantile(0.99))))
        });
        let [done, sold_out, refused, unknown] = counts;
        let other = refused + unknown;
        let other =
            if other > 0 { format!(", {} otherwise", thousands(other)) } else { String::new() };
        self.bar.set_message(format!(
            "{:.0}/s{p99}, {} done, {} sold out{other}",
            self.rate,
            thousands(done),
            thousands(sold_out)
        ));
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 1,000 by the clamp"
)]
fn part(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 1_000.0) as u64
}
