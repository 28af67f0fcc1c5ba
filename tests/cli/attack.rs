//! Runs an attack on the real binary to its end and says what came of it.

use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;

/// Prints the outcome's summary on standard output, or what was broken and how to run it again. A panic of the attack
/// is a broken promise too, and has said why.
pub fn outcome<T, F>(attack: F, again: &str) -> ExitCode
where
    T: Display + Send + 'static,
    F: Future<Output = Result<T, String>> + Send + 'static,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("saldo-tests: no threads to be had: {error}");
            return ExitCode::FAILURE;
        }
    };
    let began = std::time::Instant::now();
    let outcome = runtime.block_on(async { tokio::spawn(attack).await });
    match outcome {
        Ok(Ok(summary)) => {
            println!("{summary}; {} s", began.elapsed().as_secs());
            return ExitCode::SUCCESS;
        }
        Ok(Err(wrong)) => eprintln!("BROKEN: {wrong}"),
        Err(error) => eprintln!("BROKEN: {error}"),
    }
    eprintln!("again: {again}");
    ExitCode::FAILURE
}
