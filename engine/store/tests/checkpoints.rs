//! What a checkpoint promises where nothing goes wrong, and before it writes anything.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::harness::{
    Bench, Content, OPTIONS, fill_new, fill_old, get, place, put, synced, verified,
};
use crate::journal::medium::Operation;
use crate::store::{Store, StoreError, StoreOptions};

#[test]
fn a_checkpoint_is_there_after_reopening() {
    let bench = Bench::new();
    let store = bench.open();
    assert_eq!(store.place(), None);
    let content = fill_old(&store);
    let done = store.checkpoint(place(1), synced).unwrap();
    assert_eq!(done.entries, 402);
    assert!(done.bytes > 300_000);
    put(&store, "not", "kept");
    drop(store);
    let store = bench.open();
    assert_eq!(store.place(), Some(place(1)));
    assert_eq!(verified(&store).unwrap(), content);
    assert_eq!(get(&store, "not"), None);
    assert_eq!(store.stats().entries, 402);
    assert!(store.disk_bytes().unwrap() > 300_000);
}

#[test]
fn nothing_is_written_before_the_caller_is_ready() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "a", "1");
    store.checkpoint(place(1), synced).unwrap();
    put(&store, "a", "2");
    let changes = bench.faults.changes();
    let unready = || {
        put(&store, "b", "meanwhile");
        Err(StoreError::GivenUp)
    };
    let error = store.checkpoint(place(2), unready).unwrap_err();
    assert!(matches!(error, StoreError::GivenUp), "{error}");
    assert_eq!(bench.faults.changes(), changes);
    assert_eq!(store.place(), Some(place(1)));
    assert_eq!(get(&store, "a").unwrap(), "2");
    let ready = || {
        assert_eq!(bench.faults.changes(), changes);
        put(&store, "c", "too late");
        Ok(())
    };
    assert_eq!(store.checkpoint(place(3), ready).unwrap().entries, 2);
    assert_eq!(store.overlay_entries(), 1);
    drop(store);
    let store = bench.open();
    assert_eq!(store.place(), Some(place(3)));
    assert_eq!(get(&store, "a").unwrap(), "2");
    assert_eq!(get(&store, "b").unwrap(), "meanwhile");
    assert_eq!(get(&store, "c"), None);
}

#[test]
fn what_was_put_together_is_checkpointed_together() {
    let bench = Bench::new();
    let store = bench.open();
    let group = [b"head", b"page", b"bask"];
    let puts = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=3_000_u32 {
                let value = round.to_le_bytes().to_vec();
                let changes = group.map(|key| (key.to_vec(), Some(value.clone())));
                store.put_many(changes.into());
                puts.store(round, Ordering::Release);
            }
        });
        for at in 1..20 {
            let before = puts.load(Ordering::Acquire);
            store.checkpoint(place(at), synced).unwrap();
            let content = verified(&store).unwrap();
            let [head, page, basket] = group.map(|key| content.get(&key[..]));
            assert!(head == page && page == basket, "{content:?}");
            let round = head.map_or(0, |head| u32::from_le_bytes(head[..].try_into().unwrap()));
            assert!(round >= before);
        }
    });
}

#[test]
fn spilling_keeps_memory_small_until_the_first_checkpoint() {
    let bench = Bench::new();
    let store = bench.open();
    let old = fill_old(&store);
    assert!(store.spill().unwrap());
    assert_eq!(store.overlay_entries(), 0);
    let new = fill_new(&store, &old);
    bench.fail(Operation::Change, 4);
    store.spill().unwrap_err();
    bench.faults.heal();
    assert!(store.spill().unwrap());
    assert_eq!(verified(&store).unwrap(), new);
    assert_eq!(store.place(), None);
    store.checkpoint(place(1), synced).unwrap();
    put(&store, "more", "1");
    assert!(!store.spill().unwrap());
    assert_eq!(store.overlay_entries(), 1);
    drop(store);
    assert_eq!(verified(&bench.open()).unwrap(), new);
}

#[test]
fn no_checkpoint_begins_on_a_full_disk() {
    let bench = Bench::new();
    let options = StoreOptions { disk_free_bytes_min: u64::MAX, ..OPTIONS };
    let store = Store::open(&bench.place(), options).unwrap();
    put(&store, "a", "1");
    let error = store.checkpoint(place(1), synced).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert_eq!(store.place(), None);
    assert_eq!(get(&store, "a").unwrap(), "1");
}

#[test]
fn a_checkpoint_without_changes_moves_the_place() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "a", "1");
    store.checkpoint(place(1), synced).unwrap();
    assert_eq!(store.checkpoint(place(2), synced).unwrap().entries, 0);
    drop(store);
    assert_eq!(bench.open().place(), Some(place(2)));
}

#[test]
fn a_baseline_reads_the_checkpoint_while_puts_go_on() {
    let bench = Bench::new();
    let store = bench.open();
    let content = fill_old(&store);
    store.checkpoint(place(1), synced).unwrap();
    let mut seen = Content::new();
    let read = store
        .for_each(&mut |key, value| {
            seen.insert(key.to_vec(), value.to_vec());
            store.delete(key);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((read.place, read.entries), (Some(place(1)), 402));
    assert_eq!(seen, content);
    let mut first = 0;
    let stopped = store.for_each(&mut |_, _| {
        first += 1;
        ControlFlow::Break(())
    });
    assert_eq!((first, stopped.unwrap().entries), (1, 1));
}

#[test]
fn the_overlay_says_when_it_is_full() {
    let bench = Bench::new();
    let store = bench.open();
    assert!(!store.overlay_is_full());
    store.put(b"k", vec![0; 1 << 20]);
    assert!(store.overlay_is_full());
    store.checkpoint(place(1), synced).unwrap();
    assert!(!store.overlay_is_full());
}
