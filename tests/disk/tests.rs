//! The short forms of the attacks on the disk.

use saldo_tests::disk;

#[test]
fn every_crash_state_of_the_script_recovers() {
    let figures = disk::states(false).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{figures:?}");
    assert!(figures.boundaries > 100 && figures.distinct > 400, "{figures:?}");
}

#[test]
fn no_failing_operation_loses_what_was_answered() {
    let figures = disk::errors(false).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{figures:?}");
    assert!(figures.runs > 200 && figures.deaths > 50, "{figures:?}");
}

#[test]
fn damage_is_told_apart_and_nothing_is_lost_in_silence() {
    let figures = disk::damage(false).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{figures:?}");
    assert!(figures.flips > 300 && figures.refused > 50 && figures.splices > 0, "{figures:?}");
}
