//! A failed write or sync ends the journal without a further acknowledgement; a full disk makes it read-only
//! and it comes back.

use super::*;
use crate::journal::medium::{Fault, FaultyMedium, Operation};

const NO_SPACE: i32 = 28;
const IO_ERROR: i32 = 5;

#[test]
fn nothing_is_acknowledged_from_the_failed_write_or_sync_on() {
    for operation in [Operation::Write, Operation::Sync] {
        for after in 0..8 {
            let medium = MemoryMedium::new();
            let faulty = FaultyMedium::new(medium.shared());
            let (journal, ear) = start(&faulty);
            faulty.inject(Fault {
                operation,
                after,
                for_ever: false,
                errno: IO_ERROR,
                short_bytes: 100,
            });
            for sequence in 1..=after {
                assert_eq!(append_alone(&journal, &ear, 100), sequence);
            }
            journal.append(&group(after + 1, 100), 1, 1, Some(7)).unwrap();
            ear.wait(|heard| heard.failed.is_some());
            assert_eq!(
                ear.read(|heard| (heard.durable, heard.failed_notices.clone())),
                (after, vec![7])
            );
            assert!(journal.is_failed());
            assert!(matches!(journal.append(b"a", 1, 1, None), Err(JournalError::Failed { .. })));
            assert_eq!(journal.notify(after + 1, 8), Notify::Failed(8));
            assert_eq!(journal.notify(after, 9), Notify::Durable(9));
            journal.close();
            assert_eq!(ear.read(|heard| heard.durable), after);
            let last = scan(&medium).unwrap().last_sequence();
            assert!(last == after || last == after + 1);
        }
    }
}

#[test]
fn a_full_disk_makes_it_read_only_until_there_is_room() {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    journal.check_space();
    medium.set_capacity_bytes(2 * 1024 * 1024);
    let accepted = fill(&journal, &ear);
    assert!(journal.is_read_only());
    assert!(accepted > 10 && journal.durable() == accepted, "{accepted}");
    assert!(matches!(journal.append(b"a", 1, 1, None), Err(JournalError::ReadOnly)));
    assert_eq!(journal.next_sequence(), accepted + 1);
    journal.check_space();
    assert!(journal.is_read_only());
    medium.set_capacity_bytes(u64::MAX);
    journal.check_space();
    assert!(!journal.is_read_only());
    append_alone(&journal, &ear, 100);
    journal.close();
    assert_eq!(replayed(&scan(&medium).unwrap()).len() as u64, accepted + 1);
}

/// Appends until it is refused for want of space; how many were accepted.
fn fill(journal: &Journal<u64>, ear: &Ear) -> u64 {
    loop {
        let next = journal.next_sequence();
        match journal.append(&group(next, 60_000), 1, next, None) {
            Ok(sequence) => ear.wait_durable(sequence),
            Err(JournalError::Full { .. }) => journal.check_space(),
            Err(JournalError::ReadOnly) => return next - 1,
            Err(error) => panic!("{error}"),
        }
        assert!(ear.read(|heard| heard.failed.is_none()), "what was accepted has room");
    }
}

#[test]
fn a_failed_allocation_is_tried_again() {
    for operation in [Operation::Allocate, Operation::Rename, Operation::SyncDir] {
        let medium = MemoryMedium::new();
        let faulty = FaultyMedium::new(medium.shared());
        let (journal, ear) = start(&faulty);
        journal.check_space();
        faulty.inject(Fault {
            operation,
            after: 0,
            for_ever: true,
            errno: NO_SPACE,
            short_bytes: 0,
        });
        let accepted = fill(&journal, &ear);
        faulty.heal();
        journal.check_space();
        assert!(!journal.is_read_only());
        for _ in 0..40 {
            append_patiently(&journal, &ear, 60_000);
        }
        journal.close();
        assert_eq!(replayed(&scan(&medium).unwrap()).len() as u64, accepted + 40, "{operation:?}");
    }
}

#[test]
fn free_space_below_the_watermark_makes_it_read_only_though_a_segment_is_ready() {
    let medium = MemoryMedium::new();
    medium.set_capacity_bytes(10 * 1024 * 1024);
    let options = Options { disk_free_bytes_min: 5 * 1024 * 1024, ..options() };
    let journal = Recovery::scan(medium.shared(), &options).unwrap().start(Ear::default()).unwrap();
    journal.check_space();
    assert!(!journal.is_read_only());
    medium.put("other", vec![0; 6 * 1024 * 1024]);
    journal.check_space();
    assert!(matches!(journal.append(b"a", 1, 1, None), Err(JournalError::ReadOnly)));
    medium.remove("other").unwrap();
    journal.check_space();
    assert_eq!(journal.append(b"a", 1, 1, None).unwrap(), 1);
}

#[test]
fn a_start_without_room_says_how_much_is_needed() {
    let medium = MemoryMedium::new();
    medium.set_capacity_bytes(1_000);
    let error = scan(&medium).unwrap().start(Ear::default()).unwrap_err().to_string();
    assert!(error.starts_with("1000 bytes are free, 1048576 are needed"), "{error}");
}

#[test]
fn more_than_there_is_room_for_is_refused_and_harms_nothing() {
    let medium = MemoryMedium::new();
    let faulty = FaultyMedium::new(medium.shared());
    let ear = Ear::default();
    let options = Options { backlog_bytes_max: 64 * 1024, ..options() };
    let journal = Recovery::scan(faulty.shared(), &options).unwrap().start(ear.clone()).unwrap();
    let refused = journal.append(&vec![0; 65 * 1024], 1, 1, None);
    assert!(matches!(refused, Err(JournalError::TooLarge { .. })));
    for _ in 0..1_000 {
        let next = journal.next_sequence();
        match journal.append(&group(next, 30_000), 1, next, None) {
            Ok(_) => assert!(journal.backlog_bytes() <= 64 * 1024),
            Err(JournalError::Full { .. }) => {
                ear.wait_durable(next - 1);
                journal.check_space();
            }
            Err(error) => panic!("{error}"),
        }
    }
    journal.close();
    let recovery = scan(&medium).unwrap();
    assert_eq!(replayed(&recovery).len() as u64, recovery.last_sequence());
}
