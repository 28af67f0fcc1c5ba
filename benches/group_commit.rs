//! How long does the journal alone take for a group of 1, 64 and 1,024 events, where 1 caller waits for each, or 64 do?

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use saldo::journal::medium::FsMedium;
use saldo::journal::{Journal, JournalError, Options, Origin, Recovery, Sink};
use saldo_benches::monotonic_ns;

/// Bytes of a reserve in the journal, as `group_codec` tells.
const EVENT_BYTES: usize = 48;
/// Events of a group, and callers.
const LOADS: [(u32, u32); 6] = [(1, 1), (1, 64), (64, 1), (64, 64), (1_024, 1), (1_024, 64)];
/// No file is longer in a test: each is zeroed first.
const SEGMENT_BYTES_IN_TEST: u64 = 1 << 20;

/// Wakes who waits.
struct Waker;

impl Sink<Sender<()>> for Waker {
    fn durable(&mut self, _: u64, notices: &mut Vec<Sender<()>>) {
        for notice in notices.drain(..) {
            // Who waits stays until it has heard.
            let _ = notice.send(());
        }
    }

    fn failed(&mut self, _: &JournalError, notices: &mut Vec<Sender<()>>) {
        notices.clear();
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("group_commit: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    // Beside the program: the system's own place for temporary files may be memory, where a sync costs nothing.
    let beside = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = beside.parent().ok_or("a program without a directory")?;
    let directory = tempfile::tempdir_in(beside).map_err(|error| error.to_string())?;
    let medium = FsMedium::open(directory.path()).map_err(|error| error.to_string())?;
    let origin = Origin { journal_id: 1, last_sequence: 0, last_logged_time_us: 0 };
    let mut options = Options::new(origin, || monotonic_ns() / 1_000);
    if saldo_benches::asked_by_test() {
        options.segment_bytes = SEGMENT_BYTES_IN_TEST;
    }
    let journal = Recovery::scan(Arc::new(medium), &options)
        .and_then(|recovery| recovery.start(Waker))
        .map_err(|error| error.to_string())?;
    let mut criterion = Criterion::default().configure_from_args();
    let mut questions = criterion.benchmark_group("synced");
    for (events, callers) in LOADS {
        let name = format!("groups of {events}, {callers} callers");
        questions.throughput(Throughput::Elements(u64::from(events)));
        let mut failed = None;
        questions.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                appended(&journal, events, callers, times).unwrap_or_else(|error| {
                    failed = Some(error);
                    Duration::from_nanos(1)
                })
            });
        });
        if let Some(error) = failed {
            return Err(error.to_string());
        }
        tell(&journal);
    }
    questions.finish();
    criterion.final_summary();
    journal.close();
    Ok(())
}

/// Time of so many groups, by callers of which each waits until its group is durable before it appends the next.
fn appended(
    journal: &Journal<Sender<()>>,
    events: u32,
    callers: u32,
    times: u64,
) -> Result<Duration, JournalError> {
    let group = vec![7; EVENT_BYTES * events as usize];
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..u64::from(callers))
            .map(|caller| {
                let (journal, group) = (journal.clone(), &group);
                // What does not divide goes to the first.
                let times = (times + u64::from(callers) - 1 - caller) / u64::from(callers);
                scope.spawn(move || {
                    for _ in 0..times {
                        let (tell, told) = channel();
                        journal.append(group, events, 1, Some(tell))?;
                        if told.recv().is_err() {
                            return Err(JournalError::Closed);
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        waiting
            .into_iter()
            .try_for_each(|caller| caller.join().unwrap_or(Err(JournalError::Closed)))
    })?;
    Ok(began.elapsed())
}

/// What the journal counted so far, of this load and those before it.
fn tell(journal: &Journal<Sender<()>>) {
    let stats = journal.stats();
    let syncs = stats.syncs.max(1);
    println!(
        "so far {} events in {} syncs, {} a sync, {} us each",
        stats.events,
        stats.syncs,
        stats.events / syncs,
        stats.sync_us_total / syncs
    );
}
