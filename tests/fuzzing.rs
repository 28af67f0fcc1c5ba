//! Bytes from outside break nothing: every target of `tests/fuzz` over its corpus and some thousand inputs made from it.
//! A run prints its seed; `SALDO_FUZZ_SEED=<seed>` repeats it. `saldo-tests fuzz` is the long form, guided by coverage.

use std::hash::{BuildHasher, RandomState};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use saldo_tests::fuzz::{short, target};

/// Whether some thread panicked, also where the engine contained it.
static PANICKED: AtomicBool = AtomicBool::new(false);

fn holds(name: &str) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::SeqCst);
            told(panic);
        }));
    });
    let seed = match std::env::var("SALDO_FUZZ_SEED") {
        Ok(seed) => seed.parse().expect("SALDO_FUZZ_SEED must be a whole number"),
        Err(_) => RandomState::new().hash_one(name),
    };
    println!("{name}: SALDO_FUZZ_SEED={seed}");
    let target = target(name).expect("a target of this name");
    match short::short(target, seed) {
        Ok(inputs) => println!("{name}: {inputs} inputs"),
        Err(error) => panic!("{error}"),
    }
    assert!(!PANICKED.load(Ordering::SeqCst), "a thread panicked, told above");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name));
        })*

        #[test]
        fn every_target_has_a_test() {
            let names: Vec<&str> = saldo_tests::fuzz::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

targets! {
    segment groups baseline stored client_frame engine_frame client_json engine_json body text http socket settings sales
}
