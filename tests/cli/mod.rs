//! The command line: one subcommand an attack, each in its own file.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Attacks on Saldo's promises. Exit codes: 0 all held; 1 a promise was broken, or an attack could not be made; 2 usage.
#[derive(Debug, Parser)]
#[command(name = "saldo-tests", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// What can be run.
#[derive(Debug, Subcommand)]
enum Command {}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    match CommandLine::parse().command {}
}
