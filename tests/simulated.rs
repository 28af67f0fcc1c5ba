//! Whole engines on a simulated clock, scheduler and disk: the short form of `saldo-tests simulate`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use saldo::actor::call::Call;
use saldo::config::Settings;
use saldo::data_dir::DataDir;
use saldo::journal::medium::MemoryMedium;
use saldo::simulation::{Simulated, live};
use saldo::store::{MemoryTree, StorePlace};
use saldo_ledger::{Level, Mode, Note, References, StockKey, Timestamp};
use saldo_tests::simulation::{Failure, Options, kept_seeds, run};

/// Seeds that are run at every test, behind the kept ones.
const SEEDS: u64 = 200;
/// Seeds whose stories are told twice.
const TWICE: u64 = 8;

#[test]
fn every_promise_holds_in_every_story() {
    let kept: Vec<u64> = kept_seeds().collect();
    let seeds: Vec<u64> = kept.into_iter().chain(1..=SEEDS).collect();
    let next = AtomicU64::new(0);
    let take = || {
        let place = next.fetch_add(1, Ordering::Relaxed);
        seeds.get(usize::try_from(place).ok()?).copied()
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let failures: Vec<Failure> = std::thread::scope(|scope| {
        let work = || {
            std::iter::from_fn(take)
                .filter_map(|seed| run(seed, &Options::default()).failure)
                .collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        told.is_empty(),
        "replay with `saldo-tests simulate --seeds SEED --skip-kept --trace`:\n{}",
        told.join("\n")
    );
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 1..=TWICE {
        let (once, again) = (run(seed, &Options::default()), run(seed, &Options::default()));
        assert_eq!(once.digest, again.digest, "seed {seed}");
    }
}

/// An engine on a disk in memory, with five units of one key, and the medium of its journal.
async fn five_units(medium: &MemoryMedium, store: &StorePlace) -> Simulated {
    let settings =
        Settings { segment_bytes: 1 << 20, disk_free_bytes_min: 1 << 20, ..Settings::default() };
    let baselines = Arc::new(MemoryMedium::new());
    let data = DataDir::on(Arc::new(medium.clone()), baselines, store.clone()).with_journal_id(7);
    let wall = Timestamp::from_micros(1_767_225_600_000_000);
    let sim = Simulated::start(&Arc::new(settings), data, wall).await.expect("it starts");
    if sim.shared().journal.durable() < 2 {
        receive(&sim, 5).await;
    }
    sim
}

fn key() -> StockKey {
    StockKey::new("tent", "oslo").expect("a short name")
}

async fn receive(sim: &Simulated, quantity: u32) {
    let call = Call::Receive { key: key(), quantity, from_incoming: false, note: Note::default() };
    ask(sim, call).await;
}

async fn ask(sim: &Simulated, call: Call) {
    let engine = sim.engine().clone();
    sim.finish(async move { engine.call(call, None).await }).await.expect("it is taken");
}

async fn level(sim: &Simulated) -> Level {
    let engine = sim.engine().clone();
    sim.finish(async move { engine.level(&key()).await }).await.expect("it is there")
}

fn place() -> StorePlace {
    StorePlace::simulated(Arc::new(MemoryMedium::new()), MemoryTree::new())
}

/// A hold that cannot be expired, because nothing can be written, must not keep its arbiter from all else.
#[test]
fn due_holds_on_a_full_disk_let_others_go_on() {
    live(async {
        let (medium, store) = (MemoryMedium::new(), place());
        let sim = five_units(&medium, &store).await;
        let (lines, mode) = (vec![(key(), 2)], Mode::AllOrNothing);
        let references = References::default();
        let hold_seconds = Some(1);
        ask(&sim, Call::Reserve { id: None, lines, hold_seconds, mode, references }).await;
        medium.set_capacity_bytes(0);
        sim.prepare_segment();
        sim.clock().advance(Duration::from_secs(5));
        sim.sweep();
        sim.yield_once().await;
        assert_eq!(level(&sim).await.balances.reserved, 2, "nothing can be written");
        medium.set_capacity_bytes(u64::MAX);
        sim.prepare_segment();
        sim.sweep();
        for _ in 0..4 {
            sim.round().await;
        }
        assert_eq!(level(&sim).await.balances.reserved, 0);
    });
}

/// A checkpoint that is given up, as at a stop, leaves the next one everything to write.
#[test]
fn a_checkpoint_behind_one_that_was_given_up_lacks_nothing() {
    let (medium, store) = (MemoryMedium::new(), place());
    live(async {
        let sim = five_units(&medium, &store).await;
        receive(&sim, 3).await;
        let mut given_up = Box::pin(sim.checkpoint());
        assert!((&mut given_up).now_or_never().is_none(), "the actor has not been visited yet");
        drop(given_up);
        let mut next = Box::pin(sim.checkpoint());
        if (&mut next).now_or_never().is_none() {
            sim.finish(next).await.expect("it is made");
        }
    });
    live(async {
        let sim = five_units(&medium, &store).await;
        assert_eq!(level(&sim).await.balances.on_hand, 8);
    });
}
