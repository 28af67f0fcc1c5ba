//! `saldo-tests kill` and `saldo-tests power`: violent deaths of the real binary under live clients.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use saldo_tests::real::{Death, FileSystem, Lives};

/// Kills the engine (`kill -9`) again and again under live clients, and holds all that they were told against it.
#[derive(Args, Debug)]
pub struct KillArgs {
    /// How many kills at least.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// From which everything is chosen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Deletes, cuts or damages the store's files after each kill.
    #[arg(long)]
    harm_store: bool,
}

/// Cuts the power under the engine's file system again and again. Needs root, mkfs and `xfs_io`.
#[derive(Args, Debug)]
pub struct PowerArgs {
    /// How many cuts; one life of four ends by a kill instead.
    #[arg(long, default_value_t = 50)]
    cuts: u32,
    /// The file system on the image.
    #[arg(long, value_enum, default_value = "ext4")]
    fs: Fs,
    /// From which everything is chosen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Fs {
    Ext4,
    Xfs,
}

/// The longest life of the long forms, in milliseconds.
const LIFE_MS_MAX: u64 = 1_500;

/// Runs `kill`.
pub fn kill(args: &KillArgs) -> ExitCode {
    let (deaths, seed) = (args.kills, args.seed);
    let again = format!("saldo-tests kill --kills {deaths} --seed {seed}");
    let again = if args.harm_store { format!("{again} --harm-store") } else { again };
    let death = if args.harm_store { Death::KillAndHarmStore } else { Death::Kill };
    run(Lives { deaths, seed, death, life_ms_max: LIFE_MS_MAX }, &again)
}

/// Runs `power`.
pub fn power(args: &PowerArgs) -> ExitCode {
    let (deaths, seed) = (args.cuts, args.seed);
    let file_system = match args.fs {
        Fs::Ext4 => FileSystem::Ext4,
        Fs::Xfs => FileSystem::Xfs,
    };
    let again = format!("saldo-tests power --cuts {deaths} --fs {file_system} --seed {seed}");
    run(Lives { deaths, seed, death: Death::Cut(file_system), life_ms_max: LIFE_MS_MAX }, &again)
}

fn run(lives: Lives, again: &str) -> ExitCode {
    let attack = lives.run(|life, survived| eprintln!("life {life}: {survived}"));
    super::attack::outcome(attack, again)
}
