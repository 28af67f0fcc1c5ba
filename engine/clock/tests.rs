//! Logged time, exactly, with the raw readings set by hand.

use std::thread;

use super::*;

const START_US: u64 = 1_000_000_000;

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn clock() -> ManualClock {
    ManualClock::at(at(START_US))
}

#[test]
fn never_stands_still() {
    let clock = clock();
    assert_eq!(clock.now(), at(START_US + 1));
    assert_eq!(clock.now(), at(START_US + 2));
}

#[test]
fn follows_the_wall_clock_while_it_runs_as_monotonic_time_does() {
    let clock = clock();
    clock.advance(Duration::from_secs(900));
    assert_eq!(clock.now(), at(START_US + 900_000_000));
    assert_eq!(clock.wall(), at(START_US + 900_000_000));
    assert_eq!(clock.take_outage(), None);
}

#[test]
fn goes_on_with_monotonic_time_when_the_wall_clock_is_set_back() {
    let clock = clock();
    clock.advance(Duration::from_secs(10));
    assert_eq!(clock.now(), at(START_US + 10_000_000));
    clock.set_wall(at(5));
    assert_eq!(clock.now(), at(START_US + 10_000_001));
    clock.advance(Duration::from_secs(3));
    // From the last reading, which was a microsecond ahead.
    assert_eq!(clock.now(), at(START_US + 13_000_001));
    assert_eq!(clock.wall(), at(3_000_005));
    // Set right again, it is no outage.
    clock.set_wall(at(START_US + 13_000_001));
    assert_eq!(clock.now(), at(START_US + 13_000_002));
    assert_eq!(clock.take_outage(), None);
}

#[test]
fn goes_on_behind_the_journal_when_the_wall_clock_is_behind_it() {
    let source =
        ManualSource { monotonic_us: AtomicU64::new(77), wall_us: AtomicU64::new(START_US) };
    let clock = LoggedClock::new(source, at(START_US + 500));
    assert_eq!(clock.resumed_at(), at(START_US + 501));
    assert_eq!(clock.now(), at(START_US + 502));
    clock.advance(Duration::from_micros(100));
    assert_eq!(clock.now(), at(START_US + 602));
}

#[test]
fn a_long_stop_before_the_start_is_no_outage() {
    let source =
        ManualSource { monotonic_us: AtomicU64::new(0), wall_us: AtomicU64::new(START_US) };
    let clock = LoggedClock::new(source, at(1));
    assert_eq!(clock.resumed_at(), at(START_US));
    assert_eq!(clock.now(), at(START_US + 1));
    assert_eq!(clock.take_outage(), None);
}

#[test]
fn a_wall_clock_a_minute_ahead_is_an_outage_told_once() {
    let clock = clock();
    clock.advance(Duration::from_secs(10));
    assert_eq!(clock.now(), at(START_US + 10_000_000));
    assert_eq!(clock.resumed_at(), at(START_US));
    // To the microsecond: the expected reading is the last and 1 µs.
    let expected = START_US + 10_000_001;
    clock.set_wall(at(expected + OUTAGE_US_MIN));
    let ahead = expected + OUTAGE_US_MIN;
    assert_eq!(clock.now(), at(ahead), "exactly a minute is followed silently");
    assert_eq!(clock.take_outage(), None);
    clock.set_wall(at(ahead + 1 + OUTAGE_US_MIN + 1));
    let resumed = clock.now();
    assert_eq!(resumed, at(ahead + 1 + OUTAGE_US_MIN + 1));
    assert_eq!(clock.resumed_at(), resumed, "known to whoever was told the time");
    clock.now();
    assert_eq!(clock.take_outage(), Some(resumed));
    assert_eq!(clock.take_outage(), None);
    clock.advance(Duration::from_secs(3_600));
    clock.now();
    assert_eq!(clock.take_outage(), None, "monotonic time ran as long");
}

#[test]
fn a_second_outage_is_told_as_well() {
    let clock = clock();
    for hours in 1..=2 {
        let wall = at(START_US + hours * 3_600_000_000);
        clock.set_wall(wall);
        assert_eq!(clock.now(), wall);
        assert_eq!(clock.take_outage(), Some(wall));
    }
}

#[test]
fn the_end_of_time_does_not_overflow() {
    let source = ManualSource { monotonic_us: AtomicU64::new(9), wall_us: AtomicU64::new(0) };
    let clock = LoggedClock::new(source, at(u64::MAX - 1));
    assert_eq!(clock.now(), at(u64::MAX));
    assert_eq!(clock.now(), at(u64::MAX));
}

#[test]
fn all_readings_of_many_threads_are_different_and_in_order() {
    const READINGS: usize = 20_000;
    let clock = SystemClock::starting_at(Timestamp::default());
    let read = || (0..READINGS).map(|_| clock.now()).collect::<Vec<_>>();
    let mut all: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        threads
            .into_iter()
            .flat_map(|thread| {
                let readings = thread.join().expect("a reader");
                assert!(readings.is_sorted_by(|earlier, later| earlier < later));
                readings
            })
            .collect()
    });
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4 * READINGS);
    assert_eq!(clock.take_outage(), None);
}

#[test]
fn readings_of_many_threads_do_not_run_ahead_of_their_source() {
    const READINGS: u64 = 20_000;
    let clock = clock();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..READINGS).for_each(|_| _ = clock.now()));
        }
    });
    // The source stood still: each reading added exactly its microsecond, and no race added more.
    assert_eq!(clock.now(), at(START_US + 4 * READINGS + 1));
}

#[test]
fn the_machines_clocks_run() {
    let earlier = monotonic_us();
    assert!(monotonic_us() >= earlier);
    let clock = SystemClock::starting_at(Timestamp::default());
    let year_2020_us = 1_577_836_800_000_000;
    assert!(clock.now().as_micros() > year_2020_us);
    assert!(clock.wall().as_micros() > year_2020_us);
}
