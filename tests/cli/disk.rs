//! `saldo-tests disk`: every state that a crash can leave of a script's disk, every operation failing, every bit turned.

use std::fmt::Debug;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use saldo_tests::disk::{Broken, Scripts, damage_of, errors_of, states_of};

/// Attacks what is written: crash states, failing operations, damage.
#[derive(Args, Debug)]
pub struct DiskArgs {
    /// All crash states of long writes, every way of failing, every bit; takes hours.
    #[arg(long)]
    full: bool,
    /// Only this one; again for more.
    #[arg(long, value_enum)]
    only: Vec<Attack>,
    /// A script made up from this seed in place of the fixed one.
    #[arg(long)]
    seed: Option<u64>,
}

/// What can be attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Attack {
    /// Every state that a crash can leave.
    States,
    /// Every operation failing.
    Errors,
    /// Bits turned, files cut, records of another history.
    Damage,
}

/// Runs it.
pub fn disk(args: &DiskArgs) -> ExitCode {
    let mut rows = Vec::new();
    for attack in [Attack::States, Attack::Errors, Attack::Damage] {
        if !args.only.is_empty() && !args.only.contains(&attack) {
            continue;
        }
        let began = Instant::now();
        match one(attack, args) {
            Ok(figures) => rows.push((attack, figures, began.elapsed().as_secs())),
            Err(broken) => {
                eprintln!("BROKEN: {broken}");
                eprintln!("again: saldo-tests disk{}", again(attack, args));
                return ExitCode::FAILURE;
            }
        }
    }
    println!("| attack | figures | seconds |\n|---|---|---|");
    for (attack, figures, seconds) in rows {
        println!("| {} | {figures} | {seconds} |", name(attack));
    }
    ExitCode::SUCCESS
}

fn one(attack: Attack, args: &DiskArgs) -> Result<String, Broken> {
    let scripts = args.seed.map_or_else(Scripts::fixed, Scripts::of_seed)?;
    let bar = indicatif::ProgressBar::new(0).with_message(name(attack));
    let mut progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let told = match attack {
        Attack::States => words(&states_of(&scripts.script, args.full, &mut progress)?),
        Attack::Errors => words(&errors_of(&scripts.script, args.full, &mut progress)?),
        Attack::Damage => words(&damage_of(&scripts, args.full, &mut progress)?),
    };
    bar.finish_and_clear();
    Ok(told)
}

/// The figures of a plain list of them: its names and numbers.
fn words(figures: &impl Debug) -> String {
    let text = format!("{figures:?}");
    let inside = text.split_once('{').map_or("", |(_, rest)| rest);
    inside.trim_end_matches('}').trim().replace('_', " ").replace(':', "")
}

const fn name(attack: Attack) -> &'static str {
    match attack {
        Attack::States => "states",
        Attack::Errors => "errors",
        Attack::Damage => "damage",
    }
}

fn again(attack: Attack, args: &DiskArgs) -> String {
    let full = if args.full { " --full" } else { "" };
    let seed = args.seed.map_or_else(String::new, |seed| format!(" --seed {seed}"));
    format!(" --only {}{full}{seed}", name(attack))
}
