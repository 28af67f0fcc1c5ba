//! What a run says at its end: a table for people, JSON for programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::replay::audit::Verdict;
use crate::replay::latency::LatencySummary;
use crate::replay::tally::Tally;
use crate::report::words::thousands;

/// A finished replay.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file.
    pub file: String,
    /// The opening stock as a share of what the file sells.
    pub opening_stock: String,
    /// Where.
    pub location: String,
    /// Invoices in flight.
    pub concurrency: usize,
    /// `max` or a factor of real time.
    pub speed: String,
    /// What an answer survives, as the engine tells: `power_loss`, `process_crash` or `unknown`.
    pub durability: String,
    /// Rows, invoices and units.
    pub tally: Tally,
    /// The audit.
    pub audit: Verdict,
    /// Whether everything agrees.
    pub agrees: bool,
    /// Calls that received the opening stock, and how long that took.
    pub opening: Pace,
    /// Calls that replayed the invoices, and how long that took.
    pub replay: Pace,
    /// Attempts without an outcome that were sent again, under the same key.
    pub sent_again: u64,
    /// How long a call of the replay took, retries included.
    pub latency: LatencySummary,
}

/// Calls in a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pace {
    /// Calls that changed something or were refused, each counted once however often it was sent.
    pub commands: u64,
    /// Seconds.
    pub seconds: f64,
    /// The one by the other.
    pub commands_per_second: f64,
}

impl Pace {
    /// So many calls in this time.
    #[must_use]
    pub fn new(commands: u64, taken: Duration) -> Self {
        let seconds = taken.as_secs_f64();
        // Exact up to 2^32 calls, far more than a run has; then it stops growing.
        let count = f64::from(u32::try_from(commands).unwrap_or(u32::MAX));
        Self {
            commands,
            seconds,
            commands_per_second: if seconds > 0.0 { count / seconds } else { 0.0 },
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        let refused: u64 = tally.refused.values().sum();
        let left_out: u64 = tally.left_out.values().sum();
        writeln!(f, "replay of {}", self.file)?;
        let setting = format!(
            "opening stock {} at {}, {} in flight, speed {}",
            self.opening_stock, self.location, self.concurrency, self.speed
        );
        writeln!(f, "  {setting}")?;
        let split = format!(
            "of {} invoices: {} sell, {} return, {} adjust, {} left out",
            thousands(tally.invoices),
            thousands(tally.sales),
            thousands(tally.returns),
            thousands(tally.adjustments),
            thousands(left_out)
        );
        row(f, "rows", tally.rows, &split)?;
        row(f, "granted", tally.granted, "invoices reserved, committed and fulfilled")?;
        row(f, "refused", refused, "invoices")?;
        for (why, count) in &tally.refused {
            row(f, &format!("  {why}"), *count, "")?;
        }
        row(f, "units opening", tally.units_opening, "")?;
        row(f, "units sold", tally.units_sold, "")?;
        row(f, "units refused", tally.units_refused, "")?;
        let split = format!(
            "rows: {} units to their order, {} without one",
            thousands(tally.units_returned_to_order),
            thousands(tally.units_returned_without_order)
        );
        row(f, "returns", tally.returns, &split)?;
        let split = format!(
            "rows: +{} and -{} units",
            thousands(tally.units_adjusted_up),
            thousands(tally.units_adjusted_down)
        );
        row(f, "adjustments", tally.adjustments, &split)?;
        row(f, "left out", left_out, "rows")?;
        for (why, count) in &tally.left_out {
            row(f, &format!("  {why}"), *count, "")?;
        }
        self.figures(f)?;
        self.verdict(f)
    }
}

impl Report {
    fn figures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replay = &self.replay;
        writeln!(
            f,
            "  {:<24}{:>12.0}  {} commands in {:.2} s (opening stock: {:.0} a second); durability {}",
            "commands per second",
            replay.commands_per_second,
            thousands(replay.commands),
            replay.seconds,
            self.opening.commands_per_second,
            self.durability
        )?;
        let latency = &self.latency;
        writeln!(
            f,
            "  {:<24}p50 {}, p99 {}, p99.9 {}, longest {}",
            "latency",
            millis(latency.p50_us),
            millis(latency.p99_us),
            millis(latency.p99_9_us),
            millis(latency.max_us)
        )?;
        row(f, "sent again", self.sent_again, "attempts without an outcome")
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let audit = &self.audit;
        let compared = format!(
            "units by which level, movements and answers differ ({} codes, {} movements)",
            thousands(audit.codes),
            thousands(audit.movements)
        );
        row(f, "oversold", audit.oversold, "units promised that were not there")?;
        row(f, "drift", audit.drift, &compared)?;
        row(
            f,
            "withdrawn",
            audit.withdrawn,
            "lines of refused or unanswered attempts, reserved and released again",
        )?;
        row(
            f,
            "negative by a fact",
            audit.negative_by_fact,
            "codes that an adjustment took below zero",
        )?;
        let crc = &audit.stock_crc;
        writeln!(f, "  {:<24}{crc:>12}  the sum of all balances in the end", "stock")?;
        row(f, "disagreements", audit.disagreements.count, "")?;
        for sentence in &audit.disagreements.shown {
            writeln!(f, "    {sentence}")?;
        }
        let hidden = audit.disagreements.count
            - u64::try_from(audit.disagreements.shown.len()).unwrap_or_default();
        if hidden > 0 {
            writeln!(f, "    and {} more", thousands(hidden))?;
        }
        let verdict = if self.agrees {
            "everything agrees"
        } else {
            "THE AUDIT FAILED: the engine's books are not what it answered"
        };
        write!(f, "{verdict}")
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, count: u64, note: &str) -> fmt::Result {
    let line = format!("  {name:<24}{:>12}  {note}", thousands(count));
    writeln!(f, "{}", line.trim_end())
}

fn millis(micros: u64) -> String {
    format!("{}.{:03} ms", thousands(micros / 1_000), micros % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_people_read_them() {
        assert_eq!(millis(1_042), "1.042 ms");
    }

    #[test]
    fn no_time_is_no_rate() {
        assert_eq!(Pace::new(5, Duration::ZERO).commands_per_second.to_string(), "0");
        assert_eq!(Pace::new(500, Duration::from_secs(2)).commands_per_second.to_string(), "250");
    }
}
