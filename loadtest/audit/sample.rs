//! Granted reservations that are read back one by one: what the engine tells of each must be what its events are.

use std::collections::HashMap;

use saldo_protocol::{Reservation, ReservationLine};

use crate::audit::index::LogIndex;
use crate::audit::units::Cause;
use crate::workload::names::{Names, Ticket};
use crate::workload::op::{KeyIndex, Verb};

/// Reservations that are read back.
pub const READ_BACK_MAX: usize = 1_000;

/// What the events of a reservation come to on one key, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineSum {
    pub(super) reserved: i64,
    pub(super) committed: i64,
    pub(super) fulfilled: i64,
    pub(super) released: i64,
    pub(super) cancelled: i64,
    pub(super) expired: i64,
    pub(super) returned: i64,
}

impl LineSum {
    /// Counts an event.
    pub(super) const fn take(&mut self, cause: Cause, units: i64) {
        let sum = match cause {
            Cause::Expiry => &mut self.expired,
            Cause::Verb(Verb::Reserve) => &mut self.reserved,
            Cause::Verb(Verb::Commit) => &mut self.committed,
            Cause::Verb(Verb::Fulfil) => &mut self.fulfilled,
            Cause::Verb(Verb::Release) => &mut self.released,
            Cause::Verb(Verb::Cancel) => &mut self.cancelled,
            Cause::Verb(Verb::Return) => &mut self.returned,
            Cause::Verb(Verb::Receive | Verb::Extend | Verb::Sell | Verb::Read) => return,
        };
        *sum += units;
    }

    /// Whether the reservation tells the same. Held units may have run out of time since the books were read.
    fn is_told_by(&self, line: &ReservationLine) -> bool {
        let told = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
        let held = self.reserved - self.committed - self.released - self.expired;
        let since = told(line.expired) - self.expired;
        since >= 0
            && told(line.held) == held - since
            && told(line.committed) == self.committed - self.fulfilled - self.cancelled
            && told(line.fulfilled) == self.fulfilled - self.returned
            && told(line.returned) == self.returned
    }
}

/// The reservations that will be read back.
#[derive(Debug, Default)]
pub(super) struct Sample {
    sums: HashMap<Ticket, Vec<(KeyIndex, LineSum)>>,
}

impl Sample {
    /// Chooses evenly among all grants, beginning where the seed says.
    pub(super) fn choose(index: &LogIndex<'_>, seed: u64) -> Self {
        let grants = || index.entries().filter(|(_, entry)| entry.is_grant());
        let count: u64 = grants().map(|(_, entry)| u64::from(entry.count)).sum();
        let stride = count.div_ceil(u64::try_from(READ_BACK_MAX).unwrap_or(u64::MAX)).max(1);
        let (mut due, mut begun) = (seed % stride, 0);
        let mut sums = HashMap::new();
        for (_, entry) in grants() {
            let end = begun + u64::from(entry.count);
            while due < end {
                let number = entry.reservation.number() + (due - begun);
                sums.insert(Ticket::new(entry.reservation.client(), number), Vec::new());
                due += stride;
            }
            begun = end;
        }
        Self { sums }
    }

    /// Counts an event of a reservation.
    pub(super) fn take(&mut self, ticket: Ticket, key: KeyIndex, cause: Cause, units: i64) {
        let Some(sums) = self.sums.get_mut(&ticket) else { return };
        match sums.iter_mut().find(|(of, _)| *of == key) {
            Some((_, sum)) => sum.take(cause, units),
            None => {
                let mut sum = LineSum::default();
                sum.take(cause, units);
                sums.push((key, sum));
            }
        }
    }

    /// Which ones, in order.
    pub(super) fn tickets(&self) -> Vec<Ticket> {
        let mut tickets: Vec<Ticket> = self.sums.keys().copied().collect();
        tickets.sort_unstable();
        tickets
    }

    /// Whether the books have any event of it.
    pub(super) fn has_events(&self, ticket: Ticket) -> bool {
        self.sums.get(&ticket).is_some_and(|sums| !sums.is_empty())
    }

    /// How what was read back differs from the events, in words; none where it does not, or where there are no events,
    /// which is a fault that is found without reading back.
    pub(super) fn compare(
        &self,
        names: &Names,
        ticket: Ticket,
        told: &Reservation,
    ) -> Option<String> {
        let sums = self.sums.get(&ticket).filter(|sums| !sums.is_empty())?;
        if told.lines.len() != sums.len() {
            return Some(format!("it has {} lines, its events {}", told.lines.len(), sums.len()));
        }
        let differing = told.lines.iter().find(|line| {
            let key = names.key(&line.sku, &line.location);
            !sums.iter().any(|(of, sum)| Some(*of) == key && sum.is_told_by(line))
        })?;
        Some(format!("it tells {differing:?}, its events come to {sums:?}"))
    }
}
