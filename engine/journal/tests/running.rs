//! Appending, numbering, hearing of it, stopping and starting again.

use super::*;

#[test]
fn what_was_appended_is_replayed_after_a_clean_stop() {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    assert_eq!(journal.append(b"\x02\0\0\0ab", 1, 10, None).unwrap(), 1);
    assert_eq!(journal.append(b"xyz", 3, 20, None).unwrap(), 2);
    assert_eq!(journal.next_sequence(), 5);
    journal.close();
    assert_eq!((journal.durable(), ear.read(|heard| heard.durable)), (4, 4));
    assert!(matches!(journal.append(b"late", 1, 30, None), Err(JournalError::Closed)));

    let recovery = scan(&medium).unwrap();
    assert!(recovery.is_clean_stop() && recovery.torn_tail().is_none());
    assert_eq!(
        (recovery.first_sequence(), recovery.last_sequence(), recovery.last_logged_time_us()),
        (1, 4, 20)
    );
    assert_eq!((recovery.journal_id(), recovery.coming_run()), (ID, 2));
    let mut payload = Vec::new();
    let mut events = 0;
    recovery
        .replay(1, |record| {
            payload.extend_from_slice(record.payload);
            events += record.count;
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!((payload.as_slice(), events), (&b"\x02\0\0\0abxyz"[..], 4));
}

#[test]
fn each_start_is_a_run_and_sequences_go_on() {
    let medium = MemoryMedium::new();
    for run in 1..=5 {
        let (journal, ear) = start(&medium);
        assert_eq!((journal.run(), journal.next_sequence()), (run, run));
        append_alone(&journal, &ear, 100);
        journal.close();
    }
    assert_eq!(replayed(&scan(&medium).unwrap()), [1, 2, 3, 4, 5]);
}

#[test]
fn starts_without_an_event_leave_no_segments() {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    append_alone(&journal, &ear, 100);
    drop(journal);
    for _ in 0..5 {
        let (journal, _) = start(&medium);
        assert_eq!(journal.segments().len(), 2);
    }
    assert_eq!(replayed(&scan(&medium).unwrap()), [1]);
}

#[test]
fn a_journal_begins_behind_its_origin() {
    let medium = MemoryMedium::new();
    let origin = Origin { journal_id: 9, last_sequence: 1_000, last_logged_time_us: 77 };
    let options = Options { origin, ..options() };
    let recovery = Recovery::scan(medium.shared(), &options).unwrap();
    assert_eq!((recovery.last_sequence(), recovery.last_logged_time_us()), (1_000, 77));
    let journal = recovery.start(Ear::default()).unwrap();
    assert_eq!(journal.append(b"a", 1, 80, None).unwrap(), 1_001);
    journal.close();
    let again = scan(&medium).unwrap();
    assert_eq!(
        (again.first_sequence(), again.last_sequence(), again.journal_id()),
        (1_001, 1_001, 9)
    );
}

#[test]
fn notices_come_in_order_and_name_their_sequence() {
    let (journal, ear) = start(&MemoryMedium::new());
    for _ in 0..1_000 {
        journal.append_with(b"group", 2, 1, Some).unwrap();
    }
    assert_eq!(journal.notify(0, 7), Notify::Durable(7));
    journal.close();
    let expected: Vec<u64> = (0..1_000).map(|at| at * 2 + 1).collect();
    assert_eq!(ear.read(|heard| heard.notices.clone()), expected);
    assert_eq!(journal.notify(2_000, 8), Notify::Durable(8));
}

#[test]
fn a_notice_without_a_group_waits_for_its_sequence_and_writes_nothing() {
    let (journal, ear) = start(&MemoryMedium::new());
    for round in 1..=200 {
        let sequence = journal.append(b"group", 1, 1, None).unwrap();
        match journal.notify(sequence, round) {
            Notify::Durable(back) => assert_eq!(back, round),
            Notify::Queued => ear.wait(|heard| heard.notices.last() == Some(&round)),
            Notify::Failed(_) => panic!("it did not fail"),
        }
        assert!(journal.durable() >= sequence);
    }
    journal.close();
    assert_eq!(journal.stats().events, 200);
}

#[test]
fn records_are_cut_at_the_target_and_large_groups_stand_alone() {
    let medium = MemoryMedium::new();
    let (journal, ear) = start(&medium);
    append_alone(&journal, &ear, 300_000);
    for _ in 0..100 {
        append_patiently(&journal, &ear, 3_000);
    }
    journal.close();
    let mut lengths = Vec::new();
    let recovery = scan(&medium).unwrap();
    recovery
        .replay(1, |record| {
            lengths.push(record.payload.len());
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!(lengths[0], 300_004);
    assert!(lengths[1..].iter().all(|length| *length <= 64 * 1024));
    assert_eq!(replayed(&recovery).len(), 101);
}

#[test]
fn what_can_never_be_stored_is_refused_and_changes_nothing() {
    let (journal, _) = start(&MemoryMedium::new());
    let bytes_max = options().group_bytes_max();
    let refused = journal.append_with(&vec![0; bytes_max + 1], 1, 1, |_| panic!("not called"));
    assert!(matches!(refused, Err(JournalError::TooLarge { .. })));
    assert!(matches!(journal.append(b"", 0, 1, None), Err(JournalError::NoEvents)));
    assert_eq!(journal.next_sequence(), 1);
    assert_eq!(journal.append(&vec![0; bytes_max], 1, 1, None).unwrap(), 1);
}

#[test]
fn settings_out_of_range_are_named() {
    let medium = MemoryMedium::new().shared();
    let refused =
        |options: Options| Recovery::scan(Arc::clone(&medium), &options).unwrap_err().to_string();
    assert!(
        refused(Options { segment_bytes: 4_096, ..options() }).starts_with("segment_bytes is 4096")
    );
    assert!(
        refused(Options { record_bytes_max: 1, ..options() }).starts_with("record_bytes_max is 1")
    );
    assert!(refused(Options { space_check_ms: 0, ..options() }).starts_with("space_check_ms is 0"));
}

#[test]
fn a_real_directory_does_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let medium = || -> Arc<dyn Medium> {
        Arc::new(super::super::medium::FsMedium::open(&directory.path().join("journal")).unwrap())
    };
    let ear = Ear::default();
    let journal = Recovery::scan(medium(), &options()).unwrap().start(ear.clone()).unwrap();
    for _ in 0..60 {
        append_patiently(&journal, &ear, 50_000);
    }
    journal.close();
    assert!(journal.segments().len() > 2);
    let recovery = Recovery::scan(medium(), &options()).unwrap();
    assert_eq!(replayed(&recovery).len(), 60);
    let journal = recovery.start(Ear::default()).unwrap();
    assert_eq!(journal.next_sequence(), 61);
}

#[test]
fn many_callers_get_sequences_without_gaps_and_notices_in_their_order() {
    let (journal, ear) = start(&MemoryMedium::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    journal.append_with(b"group", 1, 1, Some).unwrap();
                }
            });
        }
    });
    journal.close();
    assert_eq!(ear.read(|heard| heard.notices.clone()), (1..=2_000).collect::<Vec<_>>());
    let stats = journal.stats();
    assert_eq!((stats.events, stats.syncs), (2_000, stats.batches));
    assert_eq!(stats.batch_events_buckets.iter().sum::<u64>(), stats.batches);
}

struct Panicking;

impl Sink<u64> for Panicking {
    fn durable(&mut self, _: u64, _: &mut Vec<u64>) {
        panic!("a sink that panics, as this test wants");
    }

    fn failed(&mut self, _: &JournalError, _: &mut Vec<u64>) {}
}

#[test]
fn a_sink_that_panics_fails_the_journal() {
    let medium = MemoryMedium::new();
    let journal = scan(&medium).unwrap().start(Panicking).unwrap();
    journal.append(b"a", 1, 1, None).unwrap();
    journal.close();
    assert!(journal.is_failed());
    assert!(matches!(journal.append(b"a", 1, 1, None), Err(JournalError::Failed { .. })));
}
