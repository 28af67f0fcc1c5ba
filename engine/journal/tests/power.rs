//! Whatever a loss of power leaves, nothing acknowledged is lost, nothing is invented, and recovering again
//! finds the same.

use super::*;
use crate::journal::medium::{Fault, FaultyMedium, Operation};

const RUNS: u64 = 60;

/// Recovers what a loss of power left; the last sequence found.
fn recovered(cut: &MemoryMedium, acknowledged: u64, appended: u64, seed: u64) -> u64 {
    let recovery = scan(cut).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let last = recovery.last_sequence();
    assert!(last >= acknowledged, "seed {seed}: {acknowledged} were acknowledged, {last} found");
    assert!(last <= appended, "seed {seed}: {appended} were appended, {last} found");
    let found = replayed(&recovery);
    assert_eq!(found, (1..=last).collect::<Vec<_>>(), "seed {seed}");
    last
}

#[test]
fn a_power_cut_at_any_time_loses_nothing_acknowledged() {
    for seed in 1..=RUNS {
        let mut random = Random::new(seed);
        let medium = MemoryMedium::new();
        let (journal, ear) = start(&medium);
        let cut_after = random.below(60);
        for _ in 0..cut_after {
            let length = usize::try_from(random.below(70_000)).unwrap();
            append_patiently(&journal, &ear, length);
            if random.below(4) == 0 {
                ear.wait_durable(journal.next_sequence() - 1);
            }
        }
        // The journal's thread is somewhere in between; what is asked first is certain.
        let acknowledged = journal.durable();
        let of_eight = random.below(9);
        let cut = medium.power_cut(|_| random.below(8) < of_eight);
        let last = recovered(&cut, acknowledged, journal.next_sequence() - 1, seed);
        interrupted_recoveries(&cut, last, seed, &mut random);
        let (journal, ear) = start(&cut);
        assert_eq!(journal.next_sequence(), last + 1, "seed {seed}");
        let more = append_alone(&journal, &ear, 10);
        let again = cut.power_cut(|_| random.below(2) == 0);
        assert_eq!(recovered(&again, more, more, seed), more);
    }
}

/// Starts that a fault and a loss of power cut short, at every step: the end found stays the same.
fn interrupted_recoveries(cut: &MemoryMedium, last: u64, seed: u64, random: &mut Random) {
    use Operation::{Allocate, Remove, Rename, Sync, SyncDir, Write};
    let mut left = cut.power_cut(|_| true);
    for operation in [Allocate, Write, Sync, Rename, SyncDir, Remove] {
        for after in 0..3 {
            let faulty = FaultyMedium::new(left.shared());
            faulty.inject(Fault { operation, after, for_ever: true, errno: 5, short_bytes: 2_000 });
            if let Ok(journal) = scan(&faulty).unwrap().start(Ear::default()) {
                drop(journal);
            }
            left = left.power_cut(|_| random.below(2) == 0);
            assert_eq!(
                recovered(&left, last, last, seed),
                last,
                "seed {seed}, {operation:?} {after}"
            );
        }
    }
}

#[test]
fn a_killed_process_and_then_a_power_cut_agree() {
    // What a killed process left in the page cache was served after the restart: it must be durable by then.
    for seed in 1..=RUNS {
        let mut random = Random::new(seed);
        let medium = MemoryMedium::new();
        let faulty = FaultyMedium::new(medium.shared());
        let (journal, ear) = start(&faulty);
        append_alone(&journal, &ear, 1_000);
        faulty.inject(Fault {
            operation: Operation::Sync,
            after: 0,
            for_ever: true,
            errno: 5,
            short_bytes: 0,
        });
        journal.append(&group(2, 50_000), 1, 1, None).unwrap();
        ear.wait(|heard| heard.failed.is_some());
        let killed = medium.process_crash();
        let (journal, _) = start(&killed);
        let served = journal.durable();
        assert_eq!(served, 2);
        drop(journal);
        let cut = killed.power_cut(|_| random.below(2) == 0);
        assert_eq!(recovered(&cut, served, served, seed), served);
    }
}

#[test]
fn a_first_start_cut_short_is_a_new_journal() {
    for seed in 1..=RUNS {
        let mut random = Random::new(seed);
        let mut left = MemoryMedium::new();
        for after in 0..2 {
            let faulty = FaultyMedium::new(left.shared());
            faulty.inject(Fault {
                operation: Operation::Sync,
                after: 0,
                for_ever: true,
                errno: 5,
                short_bytes: 0,
            });
            assert!(scan(&faulty).unwrap().start(Ear::default()).is_err(), "{after}");
            left = left.power_cut(|_| random.below(2) == 0);
        }
        let (journal, ear) = start(&left);
        assert_eq!(append_alone(&journal, &ear, 1), 1);
    }
}
