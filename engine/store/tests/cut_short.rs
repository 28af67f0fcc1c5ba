//! A checkpoint counts whole or not at all, whenever it is cut short.

use super::harness::{
    Bench, assert_one_of_two, carry_on, cut_short, fill_new, fill_old, long, parts_in_sled, place,
    put, synced, verified,
};
use crate::journal::medium::Operation;

#[test]
fn at_every_step() {
    for make in [Bench::new, Bench::simulated] {
        let mut places = Vec::new();
        for steps in 0.. {
            let bench = make();
            let (store, old, new, done) = cut_short(&bench, Operation::Change, steps);
            // What a kill leaves, and what a process leaves that closes its files.
            let killed = bench.killed("copy");
            drop(store);
            let place_killed = carry_on(&killed, &old, &new);
            let place_closed = carry_on(&bench.place(), &old, &new);
            assert!(place_killed <= place_closed);
            places.push(place_closed);
            if done {
                assert_eq!(place_killed, 2);
                break;
            }
        }
        // Redo log, sync, entries, sync, record, sync.
        assert!(places.len() > 12, "{places:?}");
        assert!(places.is_sorted() && places[0] == 1 && places.last() == Some(&2));
    }
}

#[test]
fn after_an_error_the_next_checkpoint_writes_everything() {
    for make in [Bench::new, Bench::simulated] {
        for steps in 0.. {
            let bench = make();
            let (store, old, mut new, done) = cut_short(&bench, Operation::Change, steps);
            bench.faults.heal();
            if !done {
                assert_eq!(store.place(), Some(place(1)));
            }
            // Read through the overlay, everything is new all the while.
            for (key, value) in &new {
                assert_eq!(store.get(key).unwrap().as_ref(), Some(value));
            }
            if steps % 2 == 0 {
                // Reading everything completes what was begun, too.
                assert_one_of_two(&store, &old, &new);
            }
            put(&store, "key 001", "newest");
            new.insert(b"key 001".to_vec(), b"newest".to_vec());
            store.checkpoint(place(3), synced).unwrap();
            assert_eq!(store.overlay_entries(), 0);
            assert_eq!(verified(&store).unwrap(), new);
            drop(store);
            assert_eq!(verified(&bench.open()).unwrap(), new);
            if done {
                break;
            }
        }
    }
}

#[test]
fn once_more_while_it_is_completed() {
    for make in [Bench::new, Bench::simulated] {
        // The first error comes after the first batch, later ones at each step of the second try.
        for steps in 0.. {
            let bench = make();
            let (store, old, new, _) = cut_short(&bench, Operation::Apply, 1);
            bench.fail(Operation::Change, steps);
            put(&store, "key 001", "not in the log");
            let done = verified(&store).is_ok();
            bench.fail(Operation::Change, 0);
            store.checkpoint(place(4), synced).unwrap_err();
            let killed = bench.killed("copy");
            drop(store);
            assert_eq!(carry_on(&killed, &old, &new), 2);
            assert_eq!(carry_on(&bench.place(), &old, &new), 2);
            if done {
                break;
            }
        }
    }
}

#[test]
fn a_first_checkpoint_that_was_never_completed_leaves_an_empty_store() {
    for steps in 0..12 {
        for bench in Bench::both() {
            let store = bench.open();
            fill_old(&store);
            bench.fail(Operation::Change, steps);
            let done = store.checkpoint(place(1), synced).is_ok();
            drop(store);
            let store = bench.open();
            // The record may be on disk although its sync was not seen to return.
            let whole = store.place().is_some();
            assert!(whole || !done);
            assert_eq!(verified(&store).unwrap().len(), if whole { 402 } else { 0 });
        }
    }
}

#[test]
fn a_first_checkpoint_tried_again_is_no_mixture_either() {
    for make in [Bench::new, Bench::simulated] {
        for again in 0.. {
            let bench = make();
            let store = bench.open();
            let old = fill_old(&store);
            // All but the last sync: the record is in sled, and nobody was told.
            bench.fail(Operation::SyncTree, 1);
            store.checkpoint(place(1), synced).unwrap_err();
            let new = fill_new(&store, &old);
            bench.fail(Operation::Change, again);
            let done = store.checkpoint(place(2), synced).is_ok();
            drop(store);
            let store = bench.open();
            let found = verified(&store).unwrap();
            match store.place().map(|place| place.sequence) {
                None => assert!(found.is_empty()),
                Some(1) => assert_eq!(found, old),
                _ => assert_eq!(found, new),
            }
            if done {
                assert_eq!(store.place(), Some(place(2)));
                break;
            }
        }
    }
}

#[test]
fn a_long_value_outlives_a_first_checkpoint_tried_again() {
    for bench in Bench::both() {
        let store = bench.open();
        store.put(b"long", long(1, 100_000));
        bench.fail(Operation::Change, 2);
        store.checkpoint(place(1), synced).unwrap_err();
        bench.faults.heal();
        store.checkpoint(place(1), synced).unwrap();
        assert_eq!(verified(&store).unwrap()[&b"long"[..]], long(1, 100_000));
        assert_eq!(parts_in_sled(&store), 4);
    }
}
