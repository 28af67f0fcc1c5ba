//! Every operation is counted once, whatever becomes of its connection.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use saldo_loadtest::measure::recorder::Answer;
use saldo_loadtest::workload::outcome::Verdict;

use saldo_protocol::Code;

use crate::support::{Memory, load, run};

#[test]
fn as_many_operations_begin_as_were_asked_for() {
    for (clients, in_flight, frame) in [(1, 1, 1), (7, 1, 1), (3, 4, 10), (2, 2, 8_192)] {
        let memory = Arc::new(Memory { stock: 600, ..Memory::default() });
        let driven = run(&memory, load(clients, in_flight, frame), Some(1_000));
        let answers = driven.recorder.whole.answers;
        assert_eq!(answers, [600, 400, 0, 0], "{clients} x {in_flight} x {frame}");
        assert_eq!(driven.recorder.whole.latencies.len(), 1_000);
        assert_eq!(driven.recorder.by_answer[Answer::SoldOut as usize].len(), 400);
        assert_eq!(memory.asked.load(Ordering::Relaxed), 1_000);
        let logged: u64 = driven.logs.iter().map(|log| log.operations()).sum();
        assert_eq!(logged, 1_000);
        let in_series: u64 = driven.series.values().map(|it| it.answers.iter().sum::<u64>()).sum();
        assert_eq!(in_series, 1_000);
        assert_eq!(driven.recorder.whole.units, 600);
    }
}

#[test]
fn a_lost_connection_is_made_again_and_nothing_counts_twice() {
    let memory = Arc::new(Memory { stock: 500, fails_every: 7, ..Memory::default() });
    let driven = run(&memory, load(4, 3, 5), Some(800));
    assert_eq!(driven.recorder.whole.answers, [500, 300, 0, 0]);
    assert!(driven.reconnects > 10, "{}", driven.reconnects);
    assert_eq!(memory.connections.load(Ordering::Relaxed), 4 + driven.reconnects);
    let mut names = HashSet::new();
    let mut replayed = 0;
    for log in &driven.logs {
        for entry in &log.entries {
            replayed += u64::from(entry.verdict == Verdict::Replayed);
            for i in 0..u64::from(entry.count) {
                assert!(names.insert(entry.name.as_u64() + i));
            }
        }
    }
    assert_eq!(names.len(), 800);
    assert!(replayed > 0);
}

#[test]
fn what_a_recovering_target_cannot_decide_may_have_happened_before() {
    let memory =
        Arc::new(Memory { stock: 500, fails_every: 7, recovers: true, ..Memory::default() });
    let driven = run(&memory, load(4, 1, 5), Some(200));
    let seen = memory.seen.lock();
    let mut unknown = 0;
    for log in &driven.logs {
        for entry in &log.entries {
            unknown += u64::from(entry.verdict == Verdict::Unknown);
            let names = (0..u64::from(entry.count)).map(|i| entry.name.as_u64() + i);
            if entry.verdict == Verdict::Refused(Code::NotReady) {
                assert!(names.into_iter().all(|name| !seen.contains_key(&name)), "{entry:?}");
            }
        }
    }
    assert!(unknown > 0);
}

#[test]
fn logs_of_consecutive_grants_are_short() {
    let memory = Arc::new(Memory { stock: 10_000, ..Memory::default() });
    let driven = run(&memory, load(1, 1, 1_000), Some(10_000));
    let [log] = driven.logs.as_slice() else { panic!("one client") };
    assert_eq!(log.entries.len(), 10);
    let last = log.entries.last().unwrap();
    assert_eq!((last.version_of(999), last.available_of(999)), (10_001, 0));
}
