//! The program `saldo`: reads its command line and runs one command.

mod cli;

use std::process::ExitCode;

/// Frames, batches and pages come and go by the million on a few threads: an allocator that keeps what a thread gave
/// back for the same thread, and returns what is not used to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
