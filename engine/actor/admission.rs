//! Admission: how many commands are in flight. Beyond the limit the answer is `overloaded`, never a
//! growing queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use saldo_ledger::RefusalCode;

/// Counts commands in flight.
#[derive(Debug)]
pub struct Admission {
    in_flight: AtomicUsize,
    in_flight_max: usize,
}

/// Commands that were admitted, until dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    commands: usize,
}

impl Admission {
    /// Admits at most `in_flight_max` commands at a time.
    #[must_use]
    pub fn new(in_flight_max: u64) -> Arc<Self> {
        let in_flight_max = usize::try_from(in_flight_max).unwrap_or(usize::MAX);
        Arc::new(Self { in_flight: AtomicUsize::new(0), in_flight_max })
    }

    /// Admits `commands` at once.
    ///
    /// # Errors
    /// `overloaded` where that would be too many.
    pub fn admit(self: &Arc<Self>, commands: usize) -> Result<Permit, RefusalCode> {
        let before = self.in_flight.fetch_add(commands, Ordering::Relaxed);
        let permit = Permit { admission: Arc::clone(self), commands };
        // A call that is larger than the limit itself is admitted when nothing else is in flight.
        if before > 0 && before + commands > self.in_flight_max {
            return Err(RefusalCode::Overloaded);
        }
        Ok(permit)
    }

    /// Commands in flight now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.in_flight.fetch_sub(self.commands, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_limit_nothing_is_admitted_until_something_ends() {
        let admission = Admission::new(3);
        let two = admission.admit(2).unwrap();
        assert_eq!(admission.admit(2).unwrap_err(), RefusalCode::Overloaded);
        let one = admission.admit(1).unwrap();
        drop(two);
        assert!(admission.admit(2).is_ok());
        drop(one);
        assert_eq!(admission.in_flight(), 0);
        assert!(admission.admit(1_000).is_ok(), "alone, a large frame is served");
    }
}
