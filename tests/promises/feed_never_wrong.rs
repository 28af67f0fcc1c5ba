//! Whatever happens to sockets, readers and the engine: a reader that comes back is told all that it lacks, and
//! nothing twice. `SALDO_TEST_SCALE=long cargo test --release -p saldo-tests feed_never_wrong` attacks for ten
//! minutes over several seeds; `SALDO_CHAOS_SEED=7` runs one seed.

use std::time::Duration;

use saldo_tests::{Chaos, scaled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reader_knows_at_the_end_what_the_engine_knows() {
    let seconds = scaled(10, 60);
    let seeds = match std::env::var("SALDO_CHAOS_SEED") {
        Ok(seed) => vec![seed.parse().expect("SALDO_CHAOS_SEED is a whole number")],
        Err(_) => (1..=u64::try_from(scaled(1, 10)).expect("few")).collect::<Vec<u64>>(),
    };
    for seed in seeds {
        let chaos = Chaos {
            seed,
            readers_of_each: 100,
            time: Duration::from_secs(u64::try_from(seconds).expect("few")),
            kills: 2,
            changes_per_second: u64::try_from(scaled(300, 1_000)).expect("few"),
        };
        match chaos.run().await {
            Ok(survived) => println!("seed {seed}: {survived}"),
            Err(wrong) => panic!("{wrong}"),
        }
    }
}
