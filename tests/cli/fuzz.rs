//! `saldo-tests fuzz`: every target under libFuzzer for minutes each, guided by coverage, or some inputs again.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use clap::Args;
use saldo_tests::fuzz::{self, Target, short};

/// What libFuzzer's counters are made from; all of it is of the stable compiler.
const RUSTFLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Else the linker may drop a function and keep its counters.
    "-Clink-dead-code",
];
/// Memory that a target may take, MiB: an input's length prefix of 2^60 takes none.
const MEMORY_MIB_MAX: u32 = 2_048;
/// The longest that one input may take, seconds.
const INPUT_SECONDS_MAX: u32 = 25;

/// Fuzz what reads bytes from outside, for minutes a target, guided by coverage.
///
/// New inputs are kept under `target/libfuzzer/corpus`, the next run begins with them. An input that breaks a promise is
/// named, kept, and run again with --replay.
#[derive(Debug, Args)]
pub struct FuzzArgs {
    /// Run this target; may be given several times. All without it.
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Minutes a target.
    #[arg(long, default_value_t = 2.0, value_name = "MINUTES")]
    minutes: f64,
    /// The seed of libFuzzer's choices.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Run these inputs once instead, without libFuzzer; needs one --target.
    #[arg(long, value_name = "FILE")]
    replay: Vec<PathBuf>,
    /// Run the short form instead: the committed corpus and some thousand inputs made from it.
    #[arg(long)]
    short: bool,
    /// Tell the targets and end.
    #[arg(long)]
    list: bool,
}

/// Why nothing could be fuzzed.
#[derive(Debug, thiserror::Error)]
enum FuzzError {
    #[error("there is no target {0}; --list tells them")]
    Unknown(String),
    #[error("--replay needs one --target")]
    ReplayOfWhat,
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
    #[error(
        "the fuzzers cannot be built ({0}); its words are above. libFuzzer needs a C++ compiler: g++"
    )]
    Build(ExitStatus),
}

/// What a run of one target came to.
struct Run {
    target: &'static Target,
    executions: u64,
    seconds: f64,
    /// Edges covered by the corpus alone, and at the end.
    edges: (u64, u64),
    is_broken: bool,
}

/// Runs what is asked for.
pub fn run(args: &FuzzArgs) -> ExitCode {
    match attack(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("saldo-tests: {error}");
            ExitCode::FAILURE
        }
    }
}

fn attack(args: &FuzzArgs) -> Result<bool, FuzzError> {
    let targets = chosen(&args.target)?;
    if args.list {
        for target in &targets {
            println!("{:<13} {}", target.name, target.about);
        }
        return Ok(true);
    }
    if !args.replay.is_empty() {
        let [target] = targets[..] else { return Err(FuzzError::ReplayOfWhat) };
        return Ok(args.replay.iter().all(|path| held(short::replay(target, path))));
    }
    if args.short {
        let run = |target: &&Target| held(short::short(target, u64::from(args.seed)).map(drop));
        return Ok(targets.iter().filter(|target| !run(target)).count() == 0);
    }
    let program = build()?;
    let mut runs = Vec::new();
    for target in targets {
        runs.push(fuzz_one(&program, target, args)?);
    }
    println!("{:<13} {:>12} {:>9} {:>16}  outcome", "target", "executions", "per s", "edges");
    for run in &runs {
        let rate = run.executions as f64 / run.seconds.max(0.001);
        let outcome = if run.is_broken { "BROKEN" } else { "held" };
        let (before, after) = run.edges;
        let edges = format!("{before} → {after}");
        println!(
            "{:<13} {:>12} {rate:>9.0} {edges:>16}  {outcome}",
            run.target.name, run.executions
        );
    }
    Ok(!runs.iter().any(|run| run.is_broken))
}

fn chosen(names: &[String]) -> Result<Vec<&'static Target>, FuzzError> {
    if names.is_empty() {
        return Ok(fuzz::TARGETS.iter().collect());
    }
    let find = |name: &String| fuzz::target(name).ok_or_else(|| FuzzError::Unknown(name.clone()));
    names.iter().map(find).collect()
}

fn held(outcome: Result<(), short::ShortError>) -> bool {
    if let Err(error) = &outcome {
        eprintln!("saldo-tests: {error}");
    }
    outcome.is_ok()
}

/// Where builds, grown corpora and broken inputs lie.
fn work_folder() -> PathBuf {
    let of_cargo = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let own = || [env!("CARGO_MANIFEST_DIR"), "..", "target"].iter().collect();
    of_cargo.unwrap_or_else(own).join("libfuzzer")
}

/// Builds the fuzzers with counters; the program.
fn build() -> Result<PathBuf, FuzzError> {
    let host = host()?;
    let folder = work_folder();
    let source: PathBuf = [env!("CARGO_MANIFEST_DIR"), "libfuzzer"].iter().collect();
    eprintln!(
        "building with counters of coverage in {}: minutes, the first time",
        folder.display()
    );
    let status = Command::new("cargo")
        // With a target named, build scripts go without counters.
        .args(["build", "--release", "--target", &host])
        .current_dir(source)
        .env("RUSTFLAGS", RUSTFLAGS.join(" "))
        .env("CARGO_TARGET_DIR", &folder)
        .status()
        .map_err(io_error("cargo"))?;
    if !status.success() {
        return Err(FuzzError::Build(status));
    }
    Ok(folder.join(host).join("release/saldo-libfuzzer"))
}

/// The compiler's name for this machine.
fn host() -> Result<String, FuzzError> {
    let told = Command::new("rustc").arg("-vV").output().map_err(io_error("rustc"))?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| io_error("rustc -vV")(io::Error::other("it names no host")))
}

fn fuzz_one(program: &Path, target: &'static Target, args: &FuzzArgs) -> Result<Run, FuzzError> {
    let grown = work_folder().join("corpus").join(target.name);
    let broken = work_folder().join("broken").join(target.name);
    for folder in [&grown, &broken] {
        fs::create_dir_all(folder).map_err(io_error(&folder.display().to_string()))?;
    }
    let log = work_folder().join(format!("{}.log", target.name));
    let said = fs::File::create(&log).map_err(io_error(&log.display().to_string()))?;
    let mut artifacts = OsString::from("-artifact_prefix=");
    artifacts.push(broken.join(""));
    let seconds = (args.minutes * 60.0).max(1.0).ceil();
    eprintln!("{}: {seconds} s, log in {}", target.name, log.display());
    let status = Command::new(program)
        .arg(&artifacts)
        .args([
            format!("-max_total_time={seconds}"),
            format!("-seed={}", args.seed),
            format!("-max_len={}", target.bytes_max),
            format!("-rss_limit_mb={MEMORY_MIB_MAX}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            "-print_final_stats=1".to_owned(),
        ])
        .args([&grown, &target.corpus()])
        .env("SALDO_FUZZ_TARGET", target.name)
        .stdout(Stdio::null())
        .stderr(said)
        .status()
        .map_err(io_error("the fuzzer"))?;
    let told = fs::read_to_string(&log).map_err(io_error(&log.display().to_string()))?;
    if !status.success() {
        let from = told.char_indices().rev().nth(3_000).map_or(0, |(at, _)| at);
        eprintln!("{}\n{}: {status}; inputs in {}", &told[from..], target.name, broken.display());
    }
    let (executions, edges) = figures(&told);
    Ok(Run { target, executions, seconds, edges, is_broken: !status.success() })
}

/// Executions and edges, out of libFuzzer's words: `#123 INITED cov: 45 …`.
fn figures(log: &str) -> (u64, (u64, u64)) {
    let number = |text: &str| text.parse::<u64>().ok();
    let covered = |line: &str| number(line.split("cov: ").nth(1)?.split_whitespace().next()?);
    let is_figure = |line: &&str| {
        line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut lines = log.lines().filter(is_figure);
    let before = lines.clone().find(|line| line.contains("INITED")).and_then(covered);
    let after = lines.clone().rev().find_map(covered);
    let executed = |line: &str| number(line[1..].split_whitespace().next()?);
    let executions = lines.next_back().and_then(executed).unwrap_or_default();
    (executions, (before.unwrap_or_default(), after.unwrap_or_default()))
}

fn io_error(doing: &str) -> impl FnOnce(io::Error) -> FuzzError {
    let doing = doing.to_owned();
    move |source| FuzzError::Io { doing, source }
}
