//! Tests of the journal: the harness, and one file a promise.

mod damage;
mod faults;
mod framed;
mod golden;
mod power;
mod reading;
mod running;

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::{
    Journal, JournalError, Notify, Options, Origin, Recovery, Sink,
    medium::{Medium, MemoryMedium},
};

pub(super) const ID: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;

/// 1 MiB segments, no watermark, a space check that never comes by itself.
pub(super) fn options() -> Options {
    let origin = Origin { journal_id: ID, last_sequence: 0, last_logged_time_us: 0 };
    Options {
        segment_bytes: 1024 * 1024,
        disk_free_bytes_min: 0,
        space_check_ms: 3_600_000,
        ..Options::new(origin, || 0)
    }
}

#[derive(Default)]
pub(super) struct Heard {
    pub durable: u64,
    pub notices: Vec<u64>,
    pub failed: Option<JournalError>,
    pub failed_notices: Vec<u64>,
}

/// What the sink heard, to wait for without sleeping.
#[derive(Clone, Default)]
pub(super) struct Ear(Arc<(Mutex<Heard>, Condvar)>);

impl Ear {
    pub fn wait(&self, until: impl Fn(&Heard) -> bool) {
        let mut heard = self.0.0.lock();
        while !until(&heard) {
            self.0.1.wait(&mut heard);
        }
    }

    pub fn wait_durable(&self, sequence: u64) {
        self.wait(|heard| heard.durable >= sequence || heard.failed.is_some());
    }

    pub fn read<T>(&self, read: impl FnOnce(&Heard) -> T) -> T {
        read(&self.0.0.lock())
    }
}

impl Sink<u64> for Ear {
    fn durable(&mut self, up_to: u64, notices: &mut Vec<u64>) {
        let mut heard = self.0.0.lock();
        assert!(up_to > heard.durable, "the durable end only rises");
        heard.durable = up_to;
        heard.notices.append(notices);
        self.0.1.notify_all();
    }

    fn failed(&mut self, error: &JournalError, notices: &mut Vec<u64>) {
        let mut heard = self.0.0.lock();
        assert!(heard.failed.is_none(), "a journal fails once");
        heard.failed = Some(error.clone());
        heard.failed_notices.append(notices);
        self.0.1.notify_all();
    }
}

pub(super) fn scan(medium: &impl Shareable) -> Result<Recovery, super::RecoveryError> {
    Recovery::scan(medium.shared(), &options())
}

/// A medium whose clones are the same medium.
pub(super) trait Shareable {
    fn shared(&self) -> Arc<dyn Medium>;
}

impl<M: Medium + Clone> Shareable for M {
    fn shared(&self) -> Arc<dyn Medium> {
        Arc::new(self.clone())
    }
}

pub(super) fn start(medium: &impl Shareable) -> (Journal<u64>, Ear) {
    let ear = Ear::default();
    let journal = scan(medium).unwrap().start(ear.clone()).unwrap();
    (journal, ear)
}

/// A group that tells its length, and whose bytes follow from `seed`.
pub(super) fn group(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = u32::try_from(length).unwrap().to_le_bytes().to_vec();
    bytes.extend(
        (0..length as u64).map(|at| u8::try_from((seed.wrapping_mul(31) + at) % 251).unwrap()),
    );
    bytes
}

/// Appends one event and waits until it is durable: a batch of its own.
pub(super) fn append_alone(journal: &Journal<u64>, ear: &Ear, length: usize) -> u64 {
    let next = journal.next_sequence();
    let sequence = journal.append(&group(next, length), 1, next * 10, None).unwrap();
    ear.wait_durable(sequence);
    sequence
}

/// Appends one event; where there is no room yet, waits for what is in flight and for the coming segment.
pub(super) fn append_patiently(journal: &Journal<u64>, ear: &Ear, length: usize) -> u64 {
    loop {
        let next = journal.next_sequence();
        match journal.append(&group(next, length), 1, next * 10, None) {
            Ok(sequence) => return sequence,
            Err(JournalError::Full { .. }) => {
                ear.wait_durable(next - 1);
                journal.check_space();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// All groups from a sequence on, by the sequence of their first event, each checked against what was appended.
/// Every group holds one event.
pub(super) fn replayed(recovery: &Recovery) -> Vec<u64> {
    let mut sequences = Vec::new();
    recovery
        .replay(recovery.first_sequence(), |record| {
            sequences.extend(check_groups(record.first_sequence, record.count, record.payload));
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
    sequences
}

pub(super) fn check_groups(first_sequence: u64, count: u32, mut payload: &[u8]) -> Vec<u64> {
    let mut sequences = Vec::new();
    for sequence in first_sequence..first_sequence + u64::from(count) {
        let length = usize::try_from(u32::from_le_bytes(payload[..4].try_into().unwrap())).unwrap();
        assert_eq!(payload[..4 + length], group(sequence, length), "event {sequence}");
        payload = &payload[4 + length..];
        sequences.push(sequence);
    }
    assert!(payload.is_empty());
    sequences
}

/// A small generator, so that a seed replays a run.
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
