//! A checkpoint counts whole or not at all, whenever it is cut short.

use std::path::Path;

use super::harness::{
    Bench, Content, OPTIONS, fill_new, fill_old, long, parts_in_sled, place, put, synced, verified,
};
use crate::store::Store;

/// Just the old content under the old place or just the new one under the new; returns the place.
fn assert_one_of_two(store: &Store, old: &Content, new: &Content) -> u64 {
    let found = verified(store).unwrap();
    let sequence = store.place().unwrap().sequence;
    let expected = [old, new][usize::try_from(sequence).unwrap() - 1];
    assert!(&found == expected, "a mixture under place {sequence}");
    let long_values = found.values().filter(|value| value.len() > 31 * 1_024);
    let parts: usize = long_values.map(|value| value.len().div_ceil(31 * 1_024)).sum();
    assert_eq!(parts_in_sled(store), parts, "no part is left over");
    sequence
}

/// Opens what a crash left, and carries on from there.
fn carry_on(dir: &Path, old: &Content, new: &Content) -> u64 {
    let store = Store::open(dir, OPTIONS).unwrap();
    let found = assert_one_of_two(&store, old, new);
    // As replay does: the newer states once more.
    fill_new(&store, old);
    store.checkpoint(place(3), synced).unwrap();
    assert_eq!(&verified(&store).unwrap(), new);
    found
}

/// A store whose second checkpoint was cut short after `steps` writes and syncs, the contents before and after that
/// one, and whether it was completed all the same.
fn cut_short(bench: &Bench, steps: u32) -> (Store, Content, Content, bool) {
    let store = bench.open();
    let old = fill_old(&store);
    store.checkpoint(place(1), synced).unwrap();
    let new = fill_new(&store, &old);
    store.disk.fault.take_steps();
    store.disk.fault.stop_after(Some(steps));
    let done = store.checkpoint(place(2), synced).is_ok();
    (store, old, new, done)
}

#[test]
fn at_every_step() {
    let mut places = Vec::new();
    for steps in 0.. {
        let bench = Bench::new();
        let (store, old, new, done) = cut_short(&bench, steps);
        // What a kill leaves, and what a process leaves that closes its files.
        let killed = bench.copy("copy");
        drop(store);
        let place_killed = carry_on(&killed, &old, &new);
        let place_closed = carry_on(&bench.dir(), &old, &new);
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

#[test]
fn after_an_error_the_next_checkpoint_writes_everything() {
    for steps in 0.. {
        let bench = Bench::new();
        let (store, old, mut new, done) = cut_short(&bench, steps);
        store.disk.fault.stop_after(None);
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

#[test]
fn once_more_while_it_is_completed() {
    let logged = {
        let bench = Bench::new();
        let (store, ..) = cut_short(&bench, u32::MAX);
        let steps = store.disk.fault.take_steps();
        u32::try_from(steps.find('L').unwrap()).unwrap() + 1
    };
    // The first error comes after the first batch, later ones at each step of the second try.
    for steps in 0.. {
        let bench = Bench::new();
        let (store, old, new, _) = cut_short(&bench, logged + 1);
        store.disk.fault.stop_after(Some(steps));
        put(&store, "key 001", "not in the log");
        let done = verified(&store).is_ok();
        store.disk.fault.stop_after(Some(0));
        store.checkpoint(place(4), synced).unwrap_err();
        let killed = bench.copy("copy");
        drop(store);
        assert_eq!(carry_on(&killed, &old, &new), 2);
        assert_eq!(carry_on(&bench.dir(), &old, &new), 2);
        if done {
            break;
        }
    }
}

#[test]
fn a_first_checkpoint_that_was_never_completed_leaves_an_empty_store() {
    for steps in 0..12 {
        let bench = Bench::new();
        let store = bench.open();
        fill_old(&store);
        store.disk.fault.stop_after(Some(steps));
        let done = store.checkpoint(place(1), synced).is_ok();
        drop(store);
        let store = bench.open();
        // The record may be on disk although its sync was not seen to return.
        let whole = store.place().is_some();
        assert!(whole || !done);
        assert_eq!(verified(&store).unwrap().len(), if whole { 402 } else { 0 });
    }
}

#[test]
fn a_first_checkpoint_tried_again_is_no_mixture_either() {
    for again in 0.. {
        let bench = Bench::new();
        let store = bench.open();
        let old = fill_old(&store);
        store.disk.fault.take_steps();
        // All but the last sync: the record is in sled, and nobody was told.
        store.disk.fault.stop_after(Some(8));
        let outcome = store.checkpoint(place(1), synced);
        let steps = store.disk.fault.take_steps();
        assert!(outcome.is_err() && steps.ends_with("ws"), "{steps}");
        let new = fill_new(&store, &old);
        store.disk.fault.stop_after(Some(again));
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

#[test]
fn a_long_value_outlives_a_first_checkpoint_tried_again() {
    let bench = Bench::new();
    let store = bench.open();
    store.put(b"long", long(1, 100_000));
    store.disk.fault.stop_after(Some(2));
    store.checkpoint(place(1), synced).unwrap_err();
    store.disk.fault.stop_after(None);
    store.checkpoint(place(1), synced).unwrap();
    assert_eq!(verified(&store).unwrap()[&b"long"[..]], long(1, 100_000));
    assert_eq!(parts_in_sled(&store), 4);
}
