//! How many instructions does each stage of a reserve take? Counted by callgrind, so the machine's mood changes nothing.
//!
//! The counts are told beside the committed ones of `counts.csv`, for a reader to judge. Without valgrind each stage is
//! only carried out.

mod stages;

use std::io;
use std::process::{Command, ExitCode};

use saldo_benches::asked_by_test;
use stages::{STAGES, Stage};

/// The committed counts: stage, instructions in a test's build, instructions in a release build.
const COMMITTED: &str = include_str!("counts.csv");
/// Has this program carry out one stage under callgrind.
const ONE: &str = "--stage";

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [option, name] = &given[..]
        && option == ONE
    {
        return match STAGES.iter().find(|stage| stage.name == name) {
            Some(stage) => done(carry_out(stage)),
            None => ExitCode::FAILURE,
        };
    }
    if given.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    done(tell_all())
}

fn done(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("instructions: {why}");
            ExitCode::FAILURE
        }
    }
}

fn tell_all() -> Result<(), String> {
    let build = if asked_by_test() { "a test's" } else { "a release" };
    println!("== instructions, {build} build, beside the committed ones");
    for stage in STAGES {
        let Some(counted) = count(stage)? else {
            println!("== LEFT OUT: instructions: valgrind is missing");
            return STAGES.iter().try_for_each(carry_out);
        };
        let each = counted / stage.times;
        let beside = match committed(stage.name) {
            Some(before) => {
                let percent = 100.0 * (each as f64 - before as f64) / before as f64;
                format!("committed {before:>6}  {percent:>+6.1} %")
            }
            None => "none committed".to_owned(),
        };
        println!("== {:<44} {each:>6}  {beside}", stage.name);
    }
    Ok(())
}

fn committed(name: &str) -> Option<u64> {
    let mut rows = COMMITTED.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let row = rows.find(|row| row.first() == Some(&name))?;
    row.get(if asked_by_test() { 1 } else { 2 })?.parse().ok()
}

/// Instructions of a stage; none without valgrind.
fn count(stage: &Stage) -> Result<Option<u64>, String> {
    let text = |error: io::Error| error.to_string();
    let directory = tempfile::tempdir().map_err(text)?;
    let file = directory.path().join("counts");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*measured*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe().map_err(text)?)
        .args([ONE, stage.name])
        .output();
    let output = match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        output => output.map_err(text)?,
    };
    if !output.status.success() {
        return Err(format!("valgrind: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let counts = std::fs::read_to_string(file).map_err(text)?;
    let totals = counts.lines().find_map(|line| line.strip_prefix("totals: "));
    let total: Option<u64> = totals.and_then(|total| total.trim().parse().ok());
    match total {
        Some(total) if total > stage.times => Ok(Some(total)),
        _ => Err(format!("callgrind counted nothing of {}", stage.name)),
    }
}

fn carry_out(stage: &Stage) -> Result<(), String> {
    let mut work = (stage.prepare)().map_err(|why| format!("{}: {why}", stage.name))?;
    measured(&mut *work);
    Ok(())
}

/// What callgrind counts; it knows this function by its name.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}
