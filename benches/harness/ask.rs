//! How a question is asked: by `cargo bench` with options, or by `cargo test` at its smallest size.

use std::future::Future;
use std::process::ExitCode;
use std::{env, fs};

use clap::Parser;
use tokio::runtime::Builder;

use crate::{BenchError, Common, Report};

/// Asks a question: reads the options, runs it, prints its table and writes its JSON.
///
/// Fails where there is no answer, or where a check of the answer fails.
pub fn ask<A, F>(
    question: &'static str,
    common_of: impl FnOnce(&A) -> &Common,
    run: impl FnOnce(A) -> F,
) -> ExitCode
where
    A: Parser,
    F: Future<Output = Result<Report, BenchError>>,
{
    let Some(asked) = options::<A>(question) else { return ExitCode::SUCCESS };
    let common = common_of(&asked).clone();
    let outcome = Builder::new_multi_thread()
        .worker_threads(usize::from(common.client_threads))
        .enable_all()
        .build()
        .map_err(BenchError::io("starting the client's threads"))
        .and_then(|runtime| runtime.block_on(run(asked)))
        .and_then(|report| written(report, &common));
    match outcome {
        Ok(report) => {
            println!("{report}");
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{question}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn written(report: Report, common: &Common) -> Result<Report, BenchError> {
    if let Some(path) = &common.json {
        let writing = || BenchError::io(format!("writing {}", path.display()));
        let text = serde_json::to_string_pretty(&report.to_json())
            .map_err(|error| writing()(error.into()))?;
        fs::write(path, text + "\n").map_err(writing())?;
    }
    Ok(report)
}

/// The options; None where a test's filter names others or only asks what there is.
fn options<A: Parser>(question: &str) -> Option<A> {
    if !asked_by_test() {
        return Some(A::parse());
    }
    let given: Vec<String> = env::args().skip(1).collect();
    if given.iter().any(|argument| argument == "--list") {
        println!("{question}: benchmark");
        return None;
    }
    let mut filters = given.iter().filter(|argument| !argument.starts_with('-')).peekable();
    let is_meant =
        filters.peek().is_none() || filters.any(|filter| question.contains(filter.as_str()));
    is_meant.then(|| A::parse_from([question, "--quick"]))
}

/// Whether `cargo test` runs this, which gives its own arguments; `cargo bench` always adds `--bench`.
#[must_use]
pub fn asked_by_test() -> bool {
    !env::args().any(|argument| argument == "--bench" || argument == "--help")
}
