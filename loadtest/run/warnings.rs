//! What whoever believes the figures must know.

use std::collections::BTreeSet;

use crate::drive::load::{Arrivals, Load, Rates};
use crate::measure::figures::RunFigures;
use crate::measure::numbers::float;
use crate::report::words::{latency, percent, thousands};
use crate::targets::saldo::About;

/// A thread of clients that is busier than this measures itself.
const THREAD_BUSY: f64 = 0.9;
/// With a machine as busy as this, whatever the clients take is taken from the engine.
const MACHINE_BUSY: f64 = 0.9;
/// Share of the machine from which the clients count as being in the way.
const CLIENT_SHARE: f64 = 0.35;
/// Lateness of the 99th percentile that is told, in nanoseconds.
const LATE_NS: u64 = 1_000_000;

/// Of an engine, and of this program.
#[must_use]
pub fn of_builds(about: &About) -> Vec<String> {
    let mut all = Vec::new();
    if cfg!(debug_assertions) {
        all.push(
            "this load tester is not optimised: build it with `cargo build --release -p saldo-loadtest`"
                .to_owned(),
        );
    }
    if about.profile.as_deref() == Some("debug") {
        all.push(
            "the engine is not optimised: build it with `cargo build --release -p saldo`"
                .to_owned(),
        );
    }
    match about.durability.as_deref() {
        Some("process_crash") => all.push(
            "durability process_crash: answers do not wait for the sync, a loss of power loses what was acknowledged"
                .to_owned(),
        ),
        Some(_) => {}
        None => all.push("the engine does not tell what its answers survive".to_owned()),
    }
    all
}

/// Of the runs; each sentence once.
#[must_use]
pub fn of_runs(runs: &[RunFigures], load: &Load) -> Vec<String> {
    let mut all = BTreeSet::new();
    for run in runs {
        of_run(run, load, &mut all);
    }
    all.into_iter().collect()
}

fn of_run(run: &RunFigures, load: &Load, all: &mut BTreeSet<String>) {
    let client = &run.client;
    if client.busiest_thread > THREAD_BUSY {
        all.insert(format!(
            "the client is the bottleneck: a thread of clients was busy for more than {} of the time; try --threads",
            percent(THREAD_BUSY)
        ));
    }
    let together = client.machine_share + client.target_share.unwrap_or_default();
    if together > MACHINE_BUSY && client.machine_share > CLIENT_SHARE {
        all.insert(format!(
            "client and engine share a machine that was busy, and the client took more than {} of it: the engine \
             alone can do more",
            percent(CLIENT_SHARE)
        ));
    }
    of_the_open_loop(run, load, all);
    if run.reconnects > 0 {
        all.insert(format!(
            "{} connections failed and were made again; what was in flight was sent again under the same names",
            thousands(run.reconnects)
        ));
    }
    for code in ["overloaded", "read_only", "not_ready"] {
        if let Some(count) = run.refusals.get(code) {
            all.insert(format!("{} operations were refused with `{code}`", thousands(*count)));
        }
    }
    if run.operations == 0 {
        all.insert(
            "nothing was measured: the run ended within its warm-up; --warm-up 0s, or a longer run"
                .to_owned(),
        );
    }
}

fn of_the_open_loop(run: &RunFigures, load: &Load, all: &mut BTreeSet<String>) {
    let Arrivals::Open { rates, .. } = &load.arrivals else { return };
    if let Rates::Stair { steps, .. } = rates {
        let done = u32::try_from(run.steps.len()).unwrap_or(u32::MAX);
        if done < *steps {
            all.insert(format!(
                "the stair ended after {done} of {steps} steps: the engine was a whole step behind, or the run was \
                 ended"
            ));
        }
        return;
    }
    if let [step] = run.steps.as_slice()
        && !step.kept_up
    {
        all.insert(format!(
            "the engine did not keep up: of {:.0} operations a second {:.0} were answered in time, p99 {} from the \
             intended start",
            step.rate,
            step.achieved,
            latency(float(step.latency.p99_ns))
        ));
    }
    if let Some(late) = run.client.lateness.filter(|late| late.p99_ns > LATE_NS) {
        all.insert(format!(
            "operations were sent late (p99 {}): all clients were waiting for answers, or had no time themselves; \
             more --clients or --in-flight, or a lower --rate, tells which",
            latency(float(late.p99_ns))
        ));
    }
}
