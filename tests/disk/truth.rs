//! What a run really decided: every event that was ever written, and those that became durable.

use std::collections::BTreeMap;

use super::broken::{Broken, Held};
use super::medium::PagedMedium;
use super::rows::{Row, rows};

/// The events of a run by their sequence.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Those that became durable.
    pub settled: BTreeMap<u64, Row>,
    /// All that were ever written under a sequence: one that a crash took with it is given again.
    pub written: BTreeMap<u64, Vec<Row>>,
}

impl Truth {
    /// Takes in what a journal holds, up to `durable` as durable.
    ///
    /// # Errors
    /// Where a durable event is another one than before.
    pub fn read(&mut self, journal: &PagedMedium, durable: u64) -> Held {
        for (_, row) in rows(journal)? {
            let sequence = row.sequence;
            let written = self.written.entry(sequence).or_default();
            if !written.contains(&row) {
                written.push(row.clone());
            }
            if sequence > durable {
                continue;
            }
            let settled = self.settled.entry(sequence).or_insert_with(|| row.clone());
            if *settled != row {
                let seen = format!("event {sequence} was {settled:?} and is {row:?} now");
                return Err(Broken::new("P2", seen));
            }
        }
        Ok(())
    }

    /// Whether an event was written by the run.
    pub fn knows(&self, row: &Row) -> bool {
        self.written.get(&row.sequence).is_some_and(|rows| rows.contains(row))
    }
}
