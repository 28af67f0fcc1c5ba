//! What the command line takes, and what it refuses.

use std::path::Path;

use super::*;
use crate::cli::peers_args::{Guarantee, PeerTarget};
use crate::cli::target_args::Durability;
use crate::drive::load::{Arrivals, Rates, Spacing};
use crate::workload::transport::Transport;

fn read(line: &str) -> Result<Task, clap::Error> {
    let words = std::iter::once("saldo-loadtest").chain(line.split_whitespace());
    Cli::read(words.map(Into::into)).map(Cli::task)
}

fn workload(line: &str) -> (Kind, Box<WorkloadArgs>) {
    match read(line) {
        Ok(Task::Workload(kind, arguments)) => (kind, arguments),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_command_line_is_well_formed() {
    command().debug_assert();
}

#[test]
fn nothing_is_hot_and_so_are_its_options_alone() {
    let (kind, arguments) = workload("");
    assert_eq!(kind, Kind::Hot);
    let settings = arguments.settings(kind).unwrap();
    let load = settings.load();
    assert_eq!((load.clients, load.in_flight, load.frame), (64, 1, 1));
    assert_eq!((settings.transport(), load.arrivals), (Transport::Http, Arrivals::Closed));
    let (kind, arguments) = workload("--clients 8 --stock 1000");
    assert_eq!(kind, Kind::Hot);
    let settings = arguments.settings(kind).unwrap();
    assert_eq!((settings.load().clients, settings.prepare(1).opening()), (8, &[1_000][..]));
}

#[test]
fn options_are_settings() {
    let (kind, arguments) = workload(
        "zipf --transport ws-binary --frame 1000 --in-flight 2 --clients 8 --threads 3 --rate 1k..50k \
         --step 2s --steps 4 --spacing constant --warm-up 500ms --interval 250ms --patience 1m --knee-p99 5ms \
         --seed 9 --stock 7 --skus 20 --locations 3 --exponent 2 --set quantity=4",
    );
    let settings = arguments.settings(kind).unwrap();
    let (load, prepared) = (settings.load(), settings.prepare(1));
    let step = std::time::Duration::from_secs(2);
    let rates = Rates::Stair { from: 1_000.0, to: 50_000.0, steps: 4, step };
    assert_eq!(load.arrivals, Arrivals::Open { rates, spacing: Spacing::Constant });
    assert_eq!((load.frame, load.in_flight, load.clients, load.threads), (1_000, 2, 8, 3));
    assert_eq!((load.warm_up.as_millis(), load.interval.as_millis()), (500, 250));
    assert_eq!((load.patience.as_secs(), load.knee_p99.as_millis()), (60, 5));
    assert_eq!((prepared.opening().len(), prepared.opening()[0], settings.seed()), (60, 7, 9));
    assert_eq!(settings.written()["quantity"], "4");
}

#[test]
fn engine_and_report_are_read() {
    let (_, arguments) = workload(
        "flash-sale --engine ./saldo --durability process_crash --runs 5 --json a.json --html b.html --hdr-log c \
         --require p99<5ms --require oversold==0 --no-audit --quiet",
    );
    assert_eq!(arguments.target.durability.map(Durability::name), Some("process_crash"));
    assert_eq!(arguments.target.engine.as_deref(), Some(Path::new("./saldo")));
    let report = &arguments.report;
    assert_eq!((report.runs, report.require.len()), (5, 2));
    assert!(report.no_audit && report.quiet);
}

#[test]
fn slips_are_usage_errors() {
    for wrong in [
        "cold",
        "hot --clients many",
        "hot --transport pigeon",
        "hot --rate fast",
        "hot --warm-up 5",
        "hot --step soon",
        "hot --spacing now",
        "hot --runs 0",
        "hot --stock 2147483648",
        "hot --stock=-1",
        "hot --set stock",
        "hot --durability none",
        "hot --url http://x --engine y",
        "hot --url http://x --durability power_loss",
        "--clients 5 zipf",
        "feed --while feed",
        "feed --form xml",
        "peers --targets mysql",
        "peers --workloads basket",
        "peers --batch 0",
        "capacity --transports inproc",
        "capacity --frames 9000",
        "compare a.json",
        "replay",
    ] {
        assert_eq!(read(wrong).unwrap_err().exit_code(), 2, "{wrong}");
    }
}

#[test]
fn settings_that_do_not_go_together_say_what_to_do() {
    for (line, said) in [
        ("hot --skus 5", "--skus: there is no setting of hot \"skus\""),
        ("hot --stock 0", "stock must be from 1 to 2147483647, not 0"),
        ("mixed --transport ws-json", "--set read_share=0"),
        ("hot --transport inproc --url http://x", "leave --url and --engine out"),
        ("hot --config /none.toml", "/none.toml"),
    ] {
        let (kind, arguments) = workload(line);
        let error = arguments.settings(kind).unwrap_err().to_string();
        assert!(error.contains(said), "{line}: {error}");
    }
}

#[test]
fn a_feed_has_subscribers_and_a_workload() {
    let feed = |line: &str| match read(line) {
        Ok(Task::Feed(arguments)) => arguments.settings(),
        other => panic!("{line}: {other:?}"),
    };
    let (fleet, workload) = feed("feed").unwrap();
    assert_eq!((fleet.subscribers, workload.kind), (10, Kind::Uniform));
    let (fleet, workload) = feed(
        "feed --subscribers 9 --slow 2 --paced 3 --pace 250ms --form binary --while hot --clients 5",
    )
    .unwrap();
    assert_eq!((fleet.subscribers, fleet.slow, fleet.paced), (9, 2, 3));
    assert_eq!(
        (fleet.pace.0.as_millis(), workload.kind, workload.load().clients),
        (250, Kind::Hot, 5)
    );
    for (line, said) in [
        ("feed --subscribers 0", "set --subscribers to 1 or more"),
        ("feed --transport inproc", "subscribers need a network"),
    ] {
        let error = feed(line).unwrap_err().to_string();
        assert!(error.contains(said), "{line}: {error}");
    }
}

#[test]
fn peers_take_the_same_workloads_in_every_form() {
    let Ok(Task::Peers(peers)) = read("peers --seconds 2 --skus 100") else { panic!() };
    assert_eq!(peers.targets, [PeerTarget::Saldo, PeerTarget::Redis, PeerTarget::Postgres]);
    assert_eq!(
        (&peers.batch[..], &peers.guarantee[..]),
        (&[1, 100, 1_000, 8_192][..], &[Guarantee::PowerLoss][..])
    );
    for kind in peers.workloads.iter().copied() {
        for batch in peers.batch.iter().copied() {
            let settings = peers.settings(kind, batch).unwrap();
            let load = settings.load();
            assert_eq!((load.frame, load.duration.map(|time| time.as_secs())), (batch, Some(2)));
            assert_eq!(load.clients, if batch == 1 { 64 } else { 8 });
            assert_eq!(
                settings.prepare(1).opening().len(),
                if kind == Kind::Hot { 1 } else { 100 }
            );
        }
    }
    let Ok(Task::Peers(peers)) =
        read("peers --guarantee power_loss,relaxed --batch 1 --workloads hot")
    else {
        panic!()
    };
    assert_eq!((peers.guarantee.len(), peers.batch.len(), peers.workloads.len()), (2, 1, 1));
}

#[test]
fn the_help_names_every_command_and_hides_the_server() {
    let help = command().render_long_help().to_string();
    for named in ["hot", "flash-sale", "peers", "compare", "capacity", "Examples:", "Exit code:"] {
        assert!(help.contains(named), "{named} in {help}");
    }
    assert!(!help.contains("echo ") && !help.contains("--clients <N>"), "{help}");
    let help = Cli::read(["saldo-loadtest", "zipf", "--help"].map(Into::into)).unwrap_err();
    let help = help.to_string();
    for named in ["Engine:", "Load:", "Workload:", "Report:", "--exponent", "1k..50k"] {
        assert!(help.contains(named), "{named} in {help}");
    }
}

#[test]
fn every_example_can_be_copied_and_runs() {
    // As wide as a terminal is without being told otherwise, and as wide as the help becomes.
    for (text, width) in [
        (texts::EXAMPLES, 80),
        (texts::WORKLOAD_EXAMPLES, 80),
        (texts::FEED_EXAMPLES, 80),
        (texts::PEERS_EXAMPLES, 80),
        (REPLAY_EXAMPLES, 100),
    ] {
        let examples: Vec<&str> =
            text.lines().filter(|line| line.trim_start().starts_with("saldo-loadtest")).collect();
        assert!(!examples.is_empty(), "{text}");
        for example in examples {
            assert!(example.chars().count() <= width, "{example}");
            // As a shell does with the only quotes that there are.
            let words = example.split_whitespace().map(|word| word.replace('\'', "").into());
            let task = match Cli::read(words) {
                Ok(cli) => cli.task(),
                Err(help) if help.exit_code() == 0 => continue,
                Err(error) => panic!("{example}: {error}"),
            };
            let settings = match task {
                Task::Workload(kind, arguments) => arguments.settings(kind).map(|_| ()),
                Task::Feed(arguments) => arguments.settings().map(|_| ()),
                Task::Peers(peers) => peers.workloads.iter().try_for_each(|kind| {
                    peers
                        .batch
                        .iter()
                        .try_for_each(|batch| peers.settings(*kind, *batch).map(|_| ()))
                }),
                _ => Ok(()),
            };
            settings.unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

#[test]
fn the_help_of_a_workload_offers_what_it_takes() {
    for kind in Kind::ALL {
        let help = Cli::read(["saldo-loadtest", kind.name(), "--help"].map(Into::into));
        let help = help.unwrap_err().to_string();
        for option in ["--stock", "--skus", "--locations", "--exponent"] {
            let (_, arguments) = workload(&format!("{kind} {option} 2"));
            let refused = arguments.settings(kind).err().map(|error| error.to_string());
            let is_taken = !refused.is_some_and(|error| error.contains("there is no setting"));
            assert_eq!(help.contains(&format!("{option} <")), is_taken, "{kind} {option}");
        }
    }
}
