//! Syncs that fail, a disk that is full, no more memory, no more files, a clock that is stepped: nothing acknowledged is
//! lost, and what cannot be done is refused. The same by name: `saldo-tests faults --only NAME`.

use std::io::Write as _;

use saldo_tests::real::{Failure, Fault};

async fn brought_about(name: &str) {
    let fault = Fault::named(name).expect("a fault of this name");
    match fault.run(1).await {
        Ok(_) => {}
        Err(Failure::LeftOut(why)) => {
            // Past what captures tests' output: that it was left out must be seen.
            let _ = writeln!(std::io::stderr(), "== LEFT OUT: {name}: {why}");
        }
        Err(Failure::Broken(wrong)) => panic!("{name}: {wrong}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_acknowledges_nothing() {
    brought_about("failed-sync").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_without_memory_loses_nothing() {
    brought_about("no-memory").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_runs_low_refuses_changes_until_there_is_room() {
    brought_about("disk-low").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_filled_at_once_refuses_changes_until_there_is_room() {
    brought_about("disk-full").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_files_who_is_connected_is_served_on() {
    brought_about("open-files").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_ahead_expires_no_cart() {
    brought_about("clock-forward").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_back_turns_no_time_back() {
    brought_about("clock-back").await;
}
