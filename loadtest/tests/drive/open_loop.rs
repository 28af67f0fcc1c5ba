//! In the open loop nothing is hidden by waiting.

use std::sync::Arc;
use std::time::Duration;

use saldo_loadtest::drive::load::{Arrivals, Rates, Spacing};

use crate::support::{Memory, load, run};

#[test]
fn operations_that_had_to_wait_count_from_when_they_were_to_begin() {
    let stall = Duration::from_millis(200);
    let memory = Arc::new(Memory { stock: 100_000, stalls: Some(stall), ..Memory::default() });
    let mut load = load(1, 1, 1);
    load.duration = Some(Duration::from_millis(600));
    let spacing = Spacing::Constant;
    load.arrivals = Arrivals::Open { rates: Rates::Fixed(1_000.0), spacing };
    let driven = run(&memory, load, None);
    // One answer took 200 ms; some 100 operations fell due in its first half and waited for 100 ms or longer.
    let latencies = &driven.recorder.whole.latencies;
    let waited = latencies.len() - latencies.count_between(0, 90_000_000);
    assert!(waited >= 80, "{waited} of {}", latencies.len());
    assert!(driven.recorder.lateness.max() >= 90_000_000);
    assert!(latencies.len() >= 500, "{}", latencies.len());
}

#[test]
fn each_step_of_a_stair_has_its_own_figures() {
    let memory = Arc::new(Memory { stock: 100_000, ..Memory::default() });
    let mut load = load(2, 4, 16);
    let step = Duration::from_millis(100);
    let rates = Rates::Stair { from: 1_000.0, to: 4_000.0, steps: 3, step };
    load.arrivals = Arrivals::Open { rates, spacing: Spacing::Constant };
    let driven = run(&memory, load, None);
    let counts: Vec<u64> = driven.steps.iter().map(|step| step.latencies.len()).collect();
    assert_eq!(counts.len(), 3);
    for (count, asked) in counts.iter().zip([100_u64, 200, 400]) {
        assert!(count.abs_diff(asked) <= 4, "{counts:?}");
    }
}
