//! A torn tail is cut, damage to acknowledged events is refused, and the two are told apart, wherever it is.

use super::*;
use crate::journal::{PAGE_BYTES, RecoveryError};

const FIRST: &str = "0000000000000001.segment";
const EVENT_BYTES: usize = 30;
/// Header, length and bytes of one event's record.
const RECORD_BYTES: usize = 64 + 4 + EVENT_BYTES;

/// A journal of four records that each were acknowledged before the next was written.
fn journal_of_four(closed: bool) -> Vec<u8> {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    for _ in 0..4 {
        append_alone(&journal, &ear, EVENT_BYTES);
    }
    if closed {
        journal.close();
    }
    medium.bytes(FIRST).unwrap()
}

fn scan_bytes(bytes: Vec<u8>) -> Result<Recovery, RecoveryError> {
    let medium = MemoryMedium::new();
    medium.put(FIRST, bytes);
    scan(&medium)
}

/// Every bit of every record, with the page that it is in.
fn bits() -> impl Iterator<Item = (usize, usize)> {
    (0..5).flat_map(|page| {
        let bytes = if page == 0 { 64 + 48 } else { RECORD_BYTES };
        (0..bytes * 8).map(move |bit| (page, page * PAGE_BYTES * 8 + bit))
    })
}

#[test]
fn every_flipped_bit_is_damage_unless_nobody_can_have_been_told() {
    let whole = journal_of_four(false);
    for (page, bit) in bits() {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match (page, scan_bytes(bytes)) {
            (4, Ok(recovery)) => {
                assert_eq!(replayed(&recovery), [1, 2, 3], "bit {bit}");
                let torn = recovery.torn_tail().unwrap();
                assert_eq!((torn.offset, torn.first_sequence), (4 * PAGE_BYTES as u64, 4));
            }
            (0, Err(RecoveryError::Damaged { offset: 0, .. })) => {}
            (1..=3, Err(RecoveryError::Damaged { offset, sequence, .. })) => {
                assert_eq!(
                    (offset, sequence),
                    ((page * PAGE_BYTES) as u64, page as u64),
                    "bit {bit}"
                );
            }
            (_, other) => panic!("page {page}, bit {bit}: {other:?}"),
        }
    }
}

#[test]
fn after_a_clean_stop_the_last_record_is_acknowledged_too() {
    let whole = journal_of_four(true);
    for (page, bit) in bits().filter(|(page, _)| *page == 4) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(
            matches!(scan_bytes(bytes), Err(RecoveryError::Damaged { .. })),
            "page {page}, bit {bit}"
        );
    }
    let mut bytes = whole;
    bytes[5 * PAGE_BYTES + 20] ^= 1;
    let recovery = scan_bytes(bytes).unwrap();
    assert!(!recovery.is_clean_stop() && recovery.torn_tail().is_some());
    assert_eq!(replayed(&recovery), [1, 2, 3, 4]);
}

#[test]
fn every_truncation_keeps_the_records_before_it() {
    let whole = journal_of_four(false);
    for length in 0..5 * PAGE_BYTES {
        let recovery = scan_bytes(whole[..length].to_vec()).unwrap();
        let kept = (1..=4).filter(|page| page * PAGE_BYTES + RECORD_BYTES <= length).count();
        assert_eq!(replayed(&recovery).len(), kept, "{length} bytes");
        if length > PAGE_BYTES && !length.is_multiple_of(PAGE_BYTES) {
            assert!(recovery.torn_tail().unwrap().file_cut_short, "{length} bytes");
        }
    }
}

#[test]
fn a_last_segment_that_was_emptied_is_reported() {
    let medium = MemoryMedium::new();
    for _ in 0..2 {
        let (journal, ear) = start(&medium);
        append_alone(&journal, &ear, EVENT_BYTES);
    }
    let names = medium.list().unwrap();
    let begun = |name: &&String| medium.bytes(name).is_some_and(|it| it.starts_with(&[0xFA]));
    let last = names.iter().filter(begun).max();
    for length in [0, 40, PAGE_BYTES / 2] {
        let left = medium.process_crash();
        let mut bytes = medium.bytes(last.unwrap()).unwrap();
        bytes[60] ^= 1;
        bytes.truncate(length);
        left.put(last.unwrap(), bytes);
        let recovery = scan(&left).unwrap();
        assert_eq!(replayed(&recovery), [1]);
        assert!(recovery.torn_tail().unwrap().file_cut_short, "{length} bytes");
    }
}

#[test]
fn every_lost_page_behind_the_acknowledged_is_a_torn_tail() {
    // One batch of three records that no later one vouches for.
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    append_alone(&journal, &ear, EVENT_BYTES);
    drop(journal);
    let (journal, ear) = start(&medium);
    journal.append(&group(2, 60_000), 1, 1, None).unwrap();
    ear.wait_durable(2);
    let name = journal.segments().last().unwrap().name.clone();
    let pages = 60_068_usize.div_ceil(PAGE_BYTES);
    for lost in 1..=pages {
        let copy = medium.process_crash();
        let mut bytes = copy.bytes(&name).unwrap();
        bytes[lost * PAGE_BYTES..(lost + 1) * PAGE_BYTES].fill(0);
        copy.put(&name, bytes);
        let recovery = scan(&copy).unwrap();
        assert_eq!(replayed(&recovery), [1], "page {lost}");
        assert_eq!(recovery.torn_tail().unwrap().first_sequence, 2);
    }
}

#[test]
fn damage_in_an_older_segment_is_found_by_a_replay_that_passes_it() {
    let medium = MemoryMedium::new();
    for _ in 0..3 {
        let (journal, ear) = start(&medium);
        append_alone(&journal, &ear, EVENT_BYTES);
    }
    let mut bytes = medium.bytes(FIRST).unwrap();
    bytes[PAGE_BYTES + 70] ^= 1;
    medium.put(FIRST, bytes);
    let recovery = scan(&medium).unwrap();
    let error =
        recovery.replay(1, |_| Ok::<(), std::convert::Infallible>(())).unwrap_err().to_string();
    assert!(
        error.contains(FIRST)
            && error.contains("at byte 4096")
            && error.contains("restore the newest backup"),
        "{error}"
    );
    recovery.replay(2, |_| Ok::<(), std::convert::Infallible>(())).unwrap();
}

#[test]
fn a_missing_or_foreign_segment_is_refused() {
    let medium = MemoryMedium::new();
    for _ in 0..3 {
        let (journal, ear) = start(&medium);
        append_alone(&journal, &ear, EVENT_BYTES);
    }
    let names: Vec<String> = {
        let (journal, _) = start(&medium);
        journal.segments().into_iter().map(|segment| segment.name).collect()
    };
    let without = medium.process_crash();
    without.remove(&names[1]).unwrap();
    let error =
        scan(&without).unwrap().replay(1, |_| Ok::<(), std::convert::Infallible>(())).unwrap_err();
    assert!(error.to_string().contains(&names[0]), "{error}");

    let renamed = medium.process_crash();
    renamed.put("0000000000000099.segment", medium.bytes(FIRST).unwrap());
    assert!(matches!(scan(&renamed), Err(RecoveryError::Foreign { .. })));
}

#[test]
fn a_place_outside_the_journal_is_named() {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    append_alone(&journal, &ear, EVENT_BYTES);
    journal.close();
    let recovery = scan(&medium).unwrap();
    let replay = |from| {
        recovery
            .replay(from, |_| Ok::<(), std::convert::Infallible>(()))
            .map_err(|error| error.to_string())
    };
    assert!(replay(0).unwrap_err().contains("begins with 1"));
    assert!(replay(3).unwrap_err().contains("ends with 1"));
    replay(2).unwrap();
}

#[test]
fn a_segment_of_another_history_breaks_the_chain() {
    let history = |length| {
        let medium = MemoryMedium::new();
        for _ in 0..2 {
            let (journal, ear) = start(&medium);
            append_alone(&journal, &ear, length);
        }
        medium
    };
    let medium = history(10);
    medium.put(FIRST, history(20).bytes(FIRST).unwrap());
    let error =
        scan(&medium).unwrap().replay(1, |_| Ok::<(), std::convert::Infallible>(())).unwrap_err();
    assert!(error.to_string().contains("names another record"), "{error}");
}
