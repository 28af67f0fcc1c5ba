//! Killed at random moments under live clients, in starts, checkpoints and baselines too, the engine comes back with all
//! that it had told anyone. The long form is `saldo-tests kill`.

use saldo_tests::real::{Death, Lives};
use saldo_tests::scaled;

async fn killed(death: Death, short: usize, long: usize, seed: u64) {
    let deaths = u32::try_from(scaled(short, long)).expect("a count");
    let lives = Lives { deaths, seed, death, life_ms_max: 500 };
    let survived = lives.run(|_, _| ()).await;
    let survived = survived.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(survived.unknown > 0, "every kill found the clients idle: {survived}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_told_survives_kills() {
    killed(Death::Kill, 20, 100, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_harmed_between_kills_costs_nothing_but_time() {
    killed(Death::KillAndHarmStore, 6, 60, 2).await;
}
