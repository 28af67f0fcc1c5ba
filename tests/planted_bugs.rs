//! Bugs planted in the engine are found by the attacks on its promises: the short form of `saldo-tests planted`.

use saldo_tests::planted::until_caught;

#[test]
fn every_planted_bug_is_found() {
    let table = until_caught();
    // Past the capture of the test's output: the table is for readers of the log.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{table}").as_bytes());
    assert!(table.missed().is_empty(), "not found: {:?}", table.missed());
}
