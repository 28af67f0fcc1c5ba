//! The rules of stock: cases by the thousand beside the model, and the cases that have names, as tables of steps.

use saldo_tests::model::run::{Against, run};
use saldo_tests::model::steps::{run_file, tables};

/// Cases that every run of the tests draws; `saldo-tests model` draws as many as it is told.
const CASES: u32 = 1_000;

#[test]
fn a_ledger_alone_does_as_the_model() {
    run(Against::Ledger, CASES, None).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn a_whole_engine_does_as_the_model() {
    run(Against::Engine, CASES, None).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn the_cases_that_have_names_go_as_their_tables_say() {
    let mut failed = Vec::new();
    let tables = tables();
    assert!(tables.len() > 10, "only {} tables were found", tables.len());
    for table in tables {
        match run_file(&table) {
            Ok(runs) => println!("{}: {runs} runs", table.display()),
            Err(wrong) => failed.push(wrong),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
