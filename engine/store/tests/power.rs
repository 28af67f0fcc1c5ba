//! Each step of a checkpoint is synced before the next: no loss of power leaves a mixture, whatever survives of that
//! which was not synced.

use super::harness::{Bench, OPTIONS, carry_on, cut_short, fill_old, place, synced, verified};
use crate::journal::medium::Operation;
use crate::store::Store;

#[test]
fn at_every_step_of_a_checkpoint() {
    let mut found_both = [false; 2];
    for steps in 0.. {
        let bench = Bench::simulated();
        let (store, old, new, done) = cut_short(&bench, Operation::Change, steps);
        let cuts = bench.power_cuts();
        drop(store);
        for cut in cuts {
            let found = carry_on(&cut, &old, &new);
            assert!(found == 2 || !done, "a completed checkpoint was lost");
            found_both[usize::try_from(found).unwrap() - 1] = true;
        }
        if done {
            break;
        }
    }
    assert_eq!(found_both, [true; 2]);
}

#[test]
fn at_every_step_of_the_second_try() {
    for steps in 0.. {
        let bench = Bench::simulated();
        let (store, old, new, _) = cut_short(&bench, Operation::Apply, 1);
        bench.fail(Operation::Change, steps);
        let done = verified(&store).is_ok();
        let cuts = bench.power_cuts();
        drop(store);
        for cut in cuts {
            assert_eq!(carry_on(&cut, &old, &new), 2, "the log was synced");
        }
        if done {
            break;
        }
    }
}

#[test]
fn at_every_step_of_making_a_store_and_its_first_checkpoint() {
    let mut making = 0;
    for steps in 0.. {
        let bench = Bench::simulated();
        let at = bench.place();
        bench.fail(Operation::Change, steps);
        let opened = Store::open(&at, OPTIONS);
        let mut done = false;
        let mut content = super::harness::Content::new();
        match &opened {
            Ok(store) => {
                content = fill_old(store);
                done = store.checkpoint(place(1), synced).is_ok();
            }
            Err(_) => making += 1,
        }
        let cuts = bench.power_cuts();
        drop(opened);
        for cut in cuts {
            let store = open_or_make_anew(&cut);
            let whole = store.place().is_some();
            assert!(whole || !done, "a completed checkpoint was lost");
            let found = verified(&store).unwrap();
            assert!(if whole { found == content } else { found.is_empty() });
        }
        if done {
            break;
        }
    }
    assert!(making > 5);
}

/// As recovery does: a damaged store, here one with half a marker, is thrown away.
fn open_or_make_anew(at: &crate::store::StorePlace) -> Store {
    Store::open(at, OPTIONS).unwrap_or_else(|error| {
        assert!(matches!(error, crate::store::StoreError::Damaged(_)), "{error}");
        Store::destroy(at).unwrap();
        Store::open(at, OPTIONS).unwrap()
    })
}
