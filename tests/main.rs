//! `saldo-tests`: the long forms of the attacks on Saldo's promises. `docs/promises.md` tells what each shows.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
