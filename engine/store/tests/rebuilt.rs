//! A store is rebuilt from one baseline, and nothing of those that were passed over is left in it.

use std::sync::Arc;

use saldo_ledger::Timestamp;

use super::harness::{Bench, OPTIONS, verified};
use crate::journal::group::resumed;
use crate::journal::medium::{Medium, MemoryMedium};
use crate::journal::{
    FramedWriter, JournalError, Options, Origin, Recovery, SEGMENT_BYTES_MIN, Sink,
};
use crate::store::baseline::name_of;
use crate::store::recover::{OpenOptions, open_store};
use crate::store::state::{self, BaselineOpening};

const JOURNAL_ID: u128 = 7;

/// A baseline of one entry, of the journal with this id.
fn write(medium: &MemoryMedium, sequence: u64, journal_id: u128, entry: &str, ends: &[u8]) {
    let shared: Arc<dyn Medium> = Arc::new(medium.clone());
    let mut writer = FramedWriter::create(shared, &name_of(sequence)).unwrap();
    let opening =
        BaselineOpening { sequence, journal_id: journal_id.to_le_bytes(), logged_time: 5 };
    writer.record(&state::put(&opening)).unwrap();
    let entries = vec![(entry.as_bytes().to_vec(), b"value".to_vec())];
    writer.record(&state::put(&entries)).unwrap();
    writer.record(ends).unwrap();
    writer.finish().unwrap();
}

/// Waits for nothing.
struct Deaf;

impl Sink<()> for Deaf {
    fn durable(&mut self, _: u64, _: &mut Vec<()>) {}

    fn failed(&mut self, error: &JournalError, _: &mut Vec<()>) {
        panic!("{error}");
    }
}

/// A journal that begins behind event 9 and ends with event 11.
fn journal() -> Recovery {
    let origin = Origin { journal_id: JOURNAL_ID, last_sequence: 9, last_logged_time_us: 5 };
    let options = Options {
        segment_bytes: SEGMENT_BYTES_MIN,
        disk_free_bytes_min: 0,
        ..Options::new(origin, || 0)
    };
    let medium: Arc<dyn Medium> = Arc::new(MemoryMedium::new());
    let journal = Recovery::scan(Arc::clone(&medium), &options).unwrap().start(Deaf).unwrap();
    for at in 6..8 {
        journal.append(&resumed(Timestamp::from_micros(at)), 1, at, None).unwrap();
    }
    journal.close();
    Recovery::scan(medium, &options).unwrap()
}

#[test]
fn nothing_of_a_baseline_that_is_passed_over_shows_through() {
    let journal = journal();
    assert_eq!((journal.first_sequence(), journal.last_sequence()), (10, 11));
    let none = state::put(&Vec::<(Vec<u8>, Vec<u8>)>::new());
    let baselines = MemoryMedium::new();
    write(&baselines, 11, JOURNAL_ID + 1, "of another journal", &none);
    write(&baselines, 10, JOURNAL_ID, "no state behind it", &[0xff; 9]);
    write(&baselines, 9, JOURNAL_ID, "whole", &none);
    for bench in Bench::both() {
        let options = OpenOptions { store: OPTIONS, journal_is_synced: true };
        let store = open_store(&bench.place(), options, &baselines, &journal).unwrap();
        assert_eq!(store.place().map(|place| place.sequence), Some(9));
        let content = verified(&store).unwrap();
        let names: Vec<&[u8]> = content.keys().map(Vec::as_slice).collect();
        assert_eq!(names, [b"whole"]);
    }
}
