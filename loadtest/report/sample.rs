//! Reports as tests need them: small, and the same every time.

use crate::measure::figures::{
    EngineInterval, IntervalFigures, LatencyFigures, PercentilePoint, RunFigures, StepFigures,
};
use crate::measure::numbers::float;
use crate::measure::recorder::histogram;
use crate::report::{Report, Setting};

/// 64 clients on one SKU, so many runs that differ a little.
pub fn report(runs: u64) -> Report {
    let setting = Setting {
        workload: "hot".to_owned(),
        target: "saldo".to_owned(),
        target_version: "0.1.0".to_owned(),
        transport: "ws-binary".to_owned(),
        durability: "power_loss".to_owned(),
        clients: 64,
        in_flight: 1,
        frame: 1,
        load: "closed loop".to_owned(),
        seed: 1,
        settings: [("stock".to_owned(), "100000".to_owned())].into(),
        machine: "2 cores".to_owned(),
        began: "2026-01-01T00:00:00Z".to_owned(),
        tester: "0.1.0, optimised".to_owned(),
    };
    Report { setting, runs: (0..runs).map(run).collect(), ..Report::default() }
}

/// A stair whose third step is too much.
pub fn stair() -> Report {
    let mut report = report(1);
    "open, 1000..8000".clone_into(&mut report.setting.load);
    let run = &mut report.runs[0];
    run.client.lateness = Some(latency(40_000));
    for (step, rate) in [1_000.0, 2_000.0, 4_000.0, 8_000.0].into_iter().enumerate() {
        let kept_up = step < 2;
        run.steps.push(StepFigures {
            rate,
            achieved: if kept_up { rate } else { 2_500.0 },
            latency: latency(if kept_up { 1_000_000 } else { 90_000_000 }),
            kept_up,
        });
    }
    run.knee = Some(2_000.0);
    report
}

fn latency(longest_ns: u64) -> LatencyFigures {
    let mut latencies = histogram();
    for part in 1..=1_000 {
        latencies.saturating_record(longest_ns / (1_001 - part));
    }
    LatencyFigures::of(&latencies)
}

fn run(number: u64) -> RunFigures {
    let latency = latency(20_000_000 + number * 1_000_000);
    let percentiles = [(0.0, 20_000), (0.5, 40_000), (0.9, 200_000), (0.99, 2_000_000)];
    let percentiles = percentiles.into_iter().chain([(1.0, latency.max_ns)]);
    RunFigures {
        seconds: 10.0,
        operations: 120_000,
        answers: [("done".to_owned(), 100_000), ("sold_out".to_owned(), 20_000)].into(),
        per_second: 12_000.0 + 100.0 * float(number),
        granted_per_second: 11_500.0,
        latency,
        latency_by_answer: [("done".to_owned(), latency), ("sold_out".to_owned(), latency)].into(),
        latency_by_verb: [("reserve".to_owned(), latency)].into(),
        percentiles: percentiles.map(|(quantile, ns)| PercentilePoint { quantile, ns }).collect(),
        series: (0..12).map(interval).collect(),
        engine: (0..12_u32).map(engine).collect(),
        opening_units: 100_000,
        audit: crate::measure::figures::AuditFigures {
            keys: 1,
            operations: 120_000,
            events: 100_000,
            ..Default::default()
        },
        ..RunFigures::default()
    }
}

fn interval(number: u32) -> IntervalFigures {
    let sold_out = if number > 9 { 10_000 } else { 0 };
    IntervalFigures {
        at_s: f64::from(number),
        length_s: 1.0,
        is_warm_up: number < 2,
        done: 10_000 - sold_out,
        sold_out,
        units: 10_000 - sold_out,
        latency: latency(2_000_000 + u64::from(number) * 50_000),
        ..IntervalFigures::default()
    }
}

fn engine(number: u32) -> EngineInterval {
    EngineInterval {
        at_s: f64::from(number),
        length_s: 1.0,
        events: 10_000,
        syncs: 500,
        sync_seconds: 0.4,
        ..EngineInterval::default()
    }
}
