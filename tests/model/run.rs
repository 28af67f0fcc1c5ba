//! Cases by the thousand, drawn by proptest from a seed. A case that fails is made small and kept.

use futures_util::FutureExt;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner,
};
use saldo::actor::call::Call;
use saldo_ledger::StockKey;

use super::act::{drafts, keys};
use super::ledger_alone::LedgerAlone;
use super::whole_engine::play;
use super::{Act, Case, Draft};

/// When every case begins: 2026-01-01T00:00:00Z, in microseconds.
pub const BEGINNING_US: u64 = 1_767_225_600_000_000;

/// Most acts of a case.
const ACTS_MAX: usize = 60;

/// Where cases that failed are kept, beside this file.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/model/failed_cases.txt");

/// What the model is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The pure ledger of one key.
    Ledger,
    /// A whole engine on one thread.
    Engine,
}

/// Runs so many cases, from a seed; without one, from a random one, and the kept ones before.
///
/// # Errors
/// The smallest case found that fails, as sentences.
pub fn run(against: Against, cases: u32, seed: Option<u64>) -> Result<(), String> {
    let config = Config {
        cases,
        max_shrink_iters: 5_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(KEPT))),
        ..Config::default()
    };
    run_with(config, against, seed).map_err(|(why, drafts)| format!("{why}\n{drafts:?}"))
}

/// The same, for who only wants to know whether one fails: it is neither made small nor kept.
///
/// # Errors
/// The first case that fails, as sentences.
pub fn try_out(against: Against, cases: u32, seed: u64) -> Result<(), String> {
    let config =
        Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    run_with(config, against, Some(seed)).map_err(|(why, _)| why)
}

/// Tells why a case failed, and the case.
fn run_with(
    config: Config,
    against: Against,
    seed: Option<u64>,
) -> Result<(), (String, Vec<Draft>)> {
    let mut runner = match seed {
        None => TestRunner::new(config),
        Some(seed) => {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&seed.to_le_bytes());
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
        }
    };
    let case = |drafts: Vec<Draft>| {
        let told = match against {
            Against::Ledger => ledger_case(&drafts),
            Against::Engine => engine_case(&drafts),
        };
        told.map_err(TestCaseError::fail)
    };
    match runner.run(&drafts(ACTS_MAX), case) {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, drafts)) => Err((why.to_string(), drafts)),
        Err(TestError::Abort(why)) => Err((format!("given up: {why}"), Vec::new())),
    }
}

/// A case against the ledger of one key.
fn ledger_case(drafts: &[Draft]) -> Result<(), String> {
    let keys = vec![keys().swap_remove(0)];
    let mut subject = LedgerAlone::new(keys[0].clone(), BEGINNING_US);
    let mut case = Case::new(keys);
    case.model.resume(BEGINNING_US);
    let mut trace = Vec::new();
    // A key of which nothing was ever heard has no ledger that could be asked.
    let first = Draft { what: 0, bytes: [0, 9, 1, 1, 0, 0, 0, 1] };
    for draft in std::iter::once(&first).chain(drafts) {
        let act = at_one_key(draft.act(&case.keys, &case.model), &case.keys[0]);
        trace.push(format!("{act:?}"));
        let stepped = match &act {
            Act::Crash(crash) => {
                subject.crash(crash.outage_us);
                let now = super::Subject::now(&mut subject);
                case.model.resume(now);
                at_once(case.compare_all(&mut subject))
            }
            act => at_once(case.step(&mut subject, act)),
        };
        stepped.map_err(|wrong| told(&trace, &wrong))?;
    }
    at_once(case.compare_all(&mut subject)).map_err(|wrong| told(&trace, &wrong))
}

/// A case against a whole engine.
fn engine_case(drafts: &[Draft]) -> Result<(), String> {
    let mut case = Case::new(keys());
    let mut trace = Vec::new();
    let mut drafts = drafts.iter();
    let played = play(&mut case, BEGINNING_US, |case| {
        let act = drafts.next()?.act(&case.keys, &case.model);
        trace.push(format!("{act:?}"));
        Some(act)
    });
    played.map_err(|wrong| told(&trace, &wrong))
}

fn told(trace: &[String], wrong: &str) -> String {
    format!("{}\n{wrong}", trace.join("\n"))
}

/// Runs what never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a ledger alone waits for nothing")
}

/// The act without idempotency keys, and with goods that arrive where they came from.
fn at_one_key(mut act: Act, own: &StockKey) -> Act {
    if let Act::Call(call, key) = &mut act {
        *key = None;
        if let Call::Return { lines, .. } = call {
            lines.iter_mut().for_each(|line| line.to = own.clone());
        }
    }
    act
}
