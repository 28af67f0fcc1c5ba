//! Tests of the store as a whole, and the fault that they inject.

use std::path::Path;

use std::sync::Arc;

use parking_lot::Mutex;

use super::error::StoreError;

/// Notes every write and sync, and makes them fail after a number of them. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Fault {
    steps_left: Arc<Mutex<Option<u32>>>,
    steps_seen: Arc<Mutex<String>>,
}

impl Fault {
    /// Lets `steps` more writes and syncs pass; `None`: all.
    pub(super) fn stop_after(&self, steps: Option<u32>) {
        *self.steps_left.lock() = steps;
    }

    /// The writes and syncs of sled (`w`, `s`) and of the redo log (`l`, `L`) since the last call.
    pub(super) fn take_steps(&self) -> String {
        std::mem::take(&mut *self.steps_seen.lock())
    }

    /// Called before each write and sync, whose letter is `step`.
    pub(super) fn step(&self, step: char, path: &Path) -> Result<(), StoreError> {
        self.steps_seen.lock().push(step);
        let mut left = self.steps_left.lock();
        match left.as_mut() {
            Some(0) => Err(StoreError::io("write", path)(std::io::Error::other("injected"))),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

mod checkpoints;
mod cut_short;
mod damage;
mod harness;
mod reading;
mod redo_log;
