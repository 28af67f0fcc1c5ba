//! Hands invoices to the workers in order of time, no sooner than the chosen speed allows.
//!
//! What order means: invoice k is begun before invoice k + 1, by whichever worker is free. With one worker an
//! invoice is also finished before the next begins, so a run is the same to the unit each time. With N workers up
//! to N invoices are under way, and which of two that want the last unit gets it is the engine's decision.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use crate::replay::error::InputError;
use crate::replay::invoices::Invoice;

/// How fast the file's time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the engine answers.
    Max,
    /// So many times as fast as in the shop: 1 is real time, 3,600 an hour a second.
    Factor(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Self::Factor(factor)),
            _ => Err(format!(
                "a speed is `max` or a factor of real time greater than 0, such as 3600; found {text:?}"
            )),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Factor(factor) => write!(f, "{factor}"),
        }
    }
}

/// Invoices of one file, in order of time.
pub type InvoiceStream = Box<dyn Iterator<Item = Result<Invoice, InputError>> + Send>;

/// An invoice that begins.
#[derive(Debug)]
pub struct Begun {
    /// Its place in the order of time, from 0.
    pub place: u64,
    /// When it was to begin. With a speed that is the moment when it fell due, even if every worker was busy then:
    /// a slow engine must not hide its delay by slowing down who asks.
    pub due: Instant,
    /// The invoice.
    pub invoice: Invoice,
}

/// The one place from which all workers take.
pub struct InvoiceQueue {
    invoices: InvoiceStream,
    speed: Speed,
    place: u64,
    /// The first invoice's time in the file, and the moment when it began.
    origin: Option<(u64, Instant)>,
}

impl InvoiceQueue {
    /// Nothing has begun yet.
    #[must_use]
    pub fn new(invoices: InvoiceStream, speed: Speed) -> Self {
        Self { invoices, speed, place: 0, origin: None }
    }

    /// The next invoice, when it is due. The caller holds the queue meanwhile: the others wait for their turn.
    ///
    /// # Errors
    /// [`InputError`] where the file cannot be read on.
    pub async fn next(&mut self) -> Result<Option<Begun>, InputError> {
        // A blocking read, of a few kilobytes and seldom: the file is buffered.
        let Some(invoice) = self.invoices.next().transpose()? else {
            return Ok(None);
        };
        let due = self.due(invoice.time);
        // Only where there is something to wait for: the timer's grain is 1 ms, also for what is due already.
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        let place = self.place;
        self.place += 1;
        Ok(Some(Begun { place, due, invoice }))
    }

    fn due(&mut self, time: u64) -> Instant {
        let now = Instant::now();
        let Speed::Factor(factor) = self.speed else {
            return now;
        };
        let &mut (first, begun) = self.origin.get_or_insert((time, now));
        let in_file = Duration::from_secs(time.saturating_sub(first)).as_secs_f64();
        let after = Duration::try_from_secs_f64(in_file / factor).unwrap_or(Duration::MAX);
        // A factor so small that the moment cannot be named waits as good as for ever.
        begun.checked_add(after).unwrap_or(now + FAR)
    }
}

/// Thirty years: the furthest moment that is ever waited for.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(times: &[u64], speed: &str) -> InvoiceQueue {
        let invoices: Vec<_> =
            times.iter().map(|&time| Invoice { time, ..Invoice::default() }).map(Ok).collect();
        InvoiceQueue::new(Box::new(invoices.into_iter()), speed.parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_factor_spaces_invoices_as_the_shop_did() {
        let mut queue = queue(&[100, 160, 160, 3_700], "60");
        let start = Instant::now();
        let mut seconds = Vec::new();
        while let Some(begun) = queue.next().await.unwrap() {
            assert_eq!(begun.due, Instant::now());
            seconds.push(start.elapsed().as_secs());
        }
        assert_eq!(seconds, [0, 1, 1, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_falls_due_while_all_are_busy_keeps_its_moment() {
        let mut queue = queue(&[0, 10], "1");
        let first = queue.next().await.unwrap().unwrap();
        tokio::time::advance(Duration::from_secs(25)).await;
        let second = queue.next().await.unwrap().unwrap();
        assert_eq!(second.due - first.due, Duration::from_secs(10));
        assert_eq!((first.place, second.place), (0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn max_never_waits() {
        let mut queue = queue(&[0, 1 << 40], "max");
        let start = Instant::now();
        while queue.next().await.unwrap().is_some() {}
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[test]
    fn refuses_what_is_no_speed() {
        for text in ["0", "-1", "fast", "NaN", "inf", ""] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
