//! `saldo-tests faults`: what fails under the real binary and what floods it, each by its name.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use saldo_tests::real::{FAULTS, FLOODS, Failure};

/// Brings about faults of the machine (disk, memory, files, clock) and floods of the network, one after the other.
#[derive(Args, Debug)]
pub struct FaultsArgs {
    /// Only those whose name begins so; again for more.
    #[arg(long, value_name = "NAME", value_parser = known)]
    only: Vec<String>,
    /// From which everything is chosen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long the well-behaved client is measured before a flood, and during it.
    #[arg(long, default_value_t = 3, value_name = "SECONDS")]
    measure: u64,
}

fn names() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().map(|fault| fault.name).chain(FLOODS.iter().map(|flood| flood.name))
}

fn known(name: &str) -> Result<String, String> {
    if names().any(|known| known.starts_with(name)) {
        return Ok(name.to_owned());
    }
    Err(format!("there is none of this name; there are {}", names().collect::<Vec<_>>().join(", ")))
}

/// Runs it.
pub fn faults(args: FaultsArgs) -> ExitCode {
    let only: String = args.only.iter().map(|name| format!(" --only {name}")).collect();
    let again = format!("saldo-tests faults --seed {}{only}", args.seed);
    super::attack::outcome(all(args), &again)
}

async fn all(args: FaultsArgs) -> Result<String, String> {
    let wanted = |name: &str| {
        args.only.is_empty() || args.only.iter().any(|only| name.starts_with(only.as_str()))
    };
    let mut table = "| fault | shown |\n|---|---|\n".to_owned();
    for fault in FAULTS.iter().filter(|fault| wanted(fault.name)) {
        eprintln!("{} ...", fault.name);
        let shown = match fault.run(args.seed).await {
            Ok(shown) => shown,
            Err(Failure::LeftOut(why)) => format!("LEFT OUT: {why}"),
            Err(Failure::Broken(wrong)) => return Err(format!("{}: {wrong}", fault.name)),
        };
        eprintln!("{}: {shown}", fault.name);
        let _ = writeln!(table, "| {} | {shown} |", fault.name);
    }
    table.push_str("\n| flood | p99 before, ms | meanwhile, ms | memory before, MiB | after |\n|---|---:|---:|---:|---:|\n");
    for flood in FLOODS.iter().filter(|flood| wanted(flood.name)) {
        eprintln!("{} ...", flood.name);
        let withstood = flood.run(Duration::from_secs(args.measure)).await;
        let it = withstood.map_err(|wrong| format!("{}: {wrong}", flood.name))?;
        eprintln!("{}: {it}", flood.name);
        let ms = |us: u64| format!("{}.{}", us / 1_000, us / 100 % 10);
        let (before, meanwhile) = (ms(it.before_us), ms(it.meanwhile_us));
        let (memory, after) = (it.memory_before, it.memory_after);
        let _ = writeln!(table, "| {} | {before} | {meanwhile} | {memory} | {after} |", flood.name);
    }
    Ok(table)
}
