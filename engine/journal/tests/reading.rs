//! Reading durable records back while the journal runs, over segments, and removing old ones.

use super::*;
use crate::journal::medium::{Fault, FaultyMedium, Operation, Unsynced};
use crate::journal::{PAGE_BYTES, ReadError};

/// Some three segments of events.
fn filled(medium: &impl Shareable) -> (Journal<u64>, Ear, u64) {
    let (journal, ear) = start(medium);
    for at in 0..120 {
        append_patiently(&journal, &ear, if at % 3 == 0 { 60_000 } else { 7_000 });
    }
    let last = journal.next_sequence() - 1;
    ear.wait_durable(last);
    assert!(journal.segments().len() >= 3);
    (journal, ear, last)
}

#[test]
fn every_event_is_found_by_its_sequence() {
    let medium = MemoryMedium::new();
    let (journal, _, last) = filled(&medium);
    let find_all = |journal: &Journal<u64>| {
        let reader = journal.reader();
        for sequence in (1..=last).rev() {
            let record = reader.record_at(sequence).unwrap();
            assert!(
                check_groups(record.first_sequence, record.count, &record.payload)
                    .contains(&sequence)
            );
        }
        assert!(matches!(reader.record_at(last + 1), Err(ReadError::NotYet { .. })));
    };
    find_all(&journal);
    journal.close();
    // After a start the index of older segments is built when it is first needed.
    find_all(&start(&medium).0);
}

#[test]
fn records_are_read_in_order_and_go_on_as_more_become_durable() {
    let medium = MemoryMedium::new();
    let (journal, ear, last) = filled(&medium);
    let mut records = journal.reader().records_from(5);
    let mut found = Vec::new();
    let mut drain = |records: &mut super::super::Records| {
        for record in records {
            let record = record.unwrap();
            found.extend(check_groups(record.first_sequence, record.count, &record.payload));
        }
        found.last().copied()
    };
    assert_eq!(drain(&mut records), Some(last));
    for _ in 0..100 {
        let sequence = append_patiently(&journal, &ear, 30_000);
        ear.wait_durable(sequence);
        assert_eq!(drain(&mut records), Some(sequence));
    }
    assert!(found.windows(2).all(|pair| pair[0] + 1 == pair[1]) && found[0] <= 5);
}

#[test]
fn only_segments_wholly_before_the_place_are_removed() {
    let medium = MemoryMedium::new();
    let (journal, _, last) = filled(&medium);
    let segments = journal.segments();
    let second = segments[1].first_sequence;
    assert_eq!(journal.remove_segments_before(second - 1).unwrap().segments, 0);
    let removed = journal.remove_segments_before(second).unwrap();
    assert_eq!((removed.segments, removed.bytes), (1, 1024 * 1024));
    let reader = journal.reader();
    assert_eq!(reader.earliest(), second);
    assert!(
        matches!(reader.record_at(second - 1), Err(ReadError::Gone { earliest, .. }) if earliest == second)
    );
    assert!(reader.record_at(second).is_ok());
    assert!(matches!(reader.records_from(1).next(), Some(Err(ReadError::Gone { .. }))));
    // The segment in use stays, whatever is asked.
    journal.remove_segments_before(u64::MAX).unwrap();
    assert_eq!(journal.segments().len(), 1);
    assert_eq!(journal.segments()[0].last_sequence, last);
    journal.close();
    let cut = medium.power_cut(|_| false);
    let recovery = scan(&cut).unwrap();
    assert_eq!(
        (recovery.first_sequence(), recovery.last_sequence()),
        (segments.last().unwrap().first_sequence, last)
    );
    assert_eq!(replayed(&recovery).last(), Some(&last));
}

#[test]
fn a_removal_that_failed_leaves_no_gap() {
    for (operation, after) in
        [(Operation::Remove, 0), (Operation::SyncDir, 0), (Operation::SyncDir, 1)]
    {
        let medium = MemoryMedium::new();
        let faulty = FaultyMedium::new(medium.shared());
        let (journal, _, last) = filled(&faulty);
        let segments = journal.segments();
        let whole = |left: &MemoryMedium| {
            assert_eq!(replayed(&scan(left).unwrap()).last(), Some(&last), "{operation:?} {after}");
        };
        faulty.inject(Fault { operation, after, for_ever: true, errno: 5, short_bytes: 0 });
        for next in &segments[1..3] {
            journal.remove_segments_before(next.first_sequence).unwrap_err();
        }
        whole(
            &medium
                .power_cut(|it| matches!(it, Unsynced::Removed(name) if name == segments[1].name)),
        );
        faulty.heal();
        journal.remove_segments_before(u64::MAX).unwrap();
        whole(&medium.power_cut(|_| false));
    }
}

#[test]
fn a_damaged_record_is_named_and_its_neighbours_are_read() {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    for _ in 0..3 {
        append_alone(&journal, &ear, 100);
    }
    let file = medium.open(&journal.segments()[0].name).unwrap();
    file.write_at(b"!", 2 * PAGE_BYTES as u64 + 70).unwrap();
    let reader = journal.reader();
    assert!(matches!(
        reader.record_at(2),
        Err(ReadError::Damaged { sequence: 2, offset: 8_192, .. })
    ));
    assert!(reader.record_at(1).is_ok() && reader.record_at(3).is_ok());
}
