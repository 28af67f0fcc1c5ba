//! The command line: one subcommand an attack, each in its own file.

mod attack;
mod disk;
mod faults;
mod fuzz;
mod kill;
mod load;
mod model;
mod planted;
mod simulate;

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
enum Command {
    Disk(disk::DiskArgs),
    Faults(faults::FaultsArgs),
    Fuzz(fuzz::FuzzArgs),
    Kill(kill::KillArgs),
    Load(load::LoadArgs),
    Model(model::ModelArgs),
    Planted(planted::PlantedArgs),
    Power(kill::PowerArgs),
    Simulate(simulate::SimulateArgs),
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    match CommandLine::parse().command {
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Kill(args) => kill::kill(&args),
        Command::Power(args) => kill::power(&args),
        Command::Disk(args) => disk::disk(&args),
        Command::Faults(args) => faults::faults(args),
        Command::Load(args) => load::load(&args),
        Command::Model(args) => model::run(&args),
        Command::Planted(args) => planted::planted(&args),
    }
}
