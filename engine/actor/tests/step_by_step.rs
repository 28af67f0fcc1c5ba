//! Calls that meet in the middle of an operation: the engine runs on one thread, and the test takes every step.

use tokio::task::JoinHandle;

use super::*;
use crate::data_dir::DataDir;
use crate::simulation::{Simulated, live};
use crate::store::{MemoryTree, StorePlace};

async fn start_by_hand() -> Simulated {
    let settings = Settings { segment_bytes: 1 << 20, ..Settings::default() };
    let medium = || Arc::new(MemoryMedium::new());
    let store = StorePlace::simulated(medium(), MemoryTree::default());
    let data = DataDir::on(medium(), medium(), store);
    Simulated::start(&Arc::new(settings), data, beginning()).await.unwrap()
}

fn ask(sim: &Simulated, call: Call, once: &str) -> JoinHandle<CallResult> {
    let (engine, once) = (sim.engine().clone(), once.to_owned());
    actix::spawn(async move { engine.call(call, Some(&once)).await })
}

/// Everyone goes on as far as they can without a key that wakes.
async fn settle_down(sim: &Simulated) {
    for _ in 0..50 {
        sim.yield_once().await;
        sim.step_journal();
    }
}

#[test]
fn a_repeat_of_a_return_without_an_order_waits_until_all_has_arrived() {
    live(async {
        let sim = start_by_hand().await;
        let loose = || Call::ReturnWithoutOrder {
            lines: ["a", "b"].map(|sku| (key(sku), 2, Condition::Sellable)).to_vec(),
            reason: "found".to_owned(),
        };
        let first = ask(&sim, loose(), "loose");
        settle_down(&sim).await;
        assert!(sim.wake_next());
        settle_down(&sim).await;
        assert_eq!(sim.engine().level(&key("a")).await.unwrap().balances.on_hand, 2);
        let repeat = ask(&sim, loose(), "loose");
        settle_down(&sim).await;
        assert!(!repeat.is_finished(), "b has not taken its units in");
        for (call, replayed) in [(first, false), (repeat, true)] {
            let answer = sim.finish(call).await.unwrap().unwrap();
            let Outcome::Levels(levels) = answer.outcome else { panic!("no levels") };
            let on_hand: Vec<_> = levels.iter().map(|level| level.balances.on_hand).collect();
            assert_eq!((on_hand, answer.replayed), (vec![2, 2], replayed));
        }
    });
}
