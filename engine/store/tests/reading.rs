//! Reads see what was put last, wherever it lies.

use std::sync::Arc;

use super::harness::{Bench, get, long, parts_in_sled, place, put, scan, synced, verified};
use crate::store::{KEY_BYTES_MAX, Store};

#[test]
fn the_overlay_comes_before_sled() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "a", "1");
    assert_eq!(get(&store, "a").unwrap(), "1");
    store.checkpoint(place(1), synced).unwrap();
    assert_eq!((store.overlay_entries(), store.overlay_bytes()), (0, 0));
    assert_eq!(get(&store, "a").unwrap(), "1");
    put(&store, "a", "2");
    assert_eq!(get(&store, "a").unwrap(), "2");
    store.delete(b"a");
    assert_eq!(get(&store, "a"), None);
    store.checkpoint(place(2), synced).unwrap();
    assert_eq!(get(&store, "a"), None);
    assert_eq!(store.stats().entries, 0);
}

#[test]
fn scan_merges_and_deletions_hide() {
    let bench = Bench::new();
    let store = bench.open();
    for key in ["p1", "p3", "p5", "q1", "o9"] {
        put(&store, key, "old");
    }
    store.checkpoint(place(1), synced).unwrap();
    put(&store, "p0", "new");
    put(&store, "p3", "new");
    put(&store, "p6", "new");
    store.delete(b"p5");
    store.delete(b"p7");
    assert_eq!(scan(&store, "p", None, 9), "p0=new p1=old p3=new p6=new");
    assert_eq!(scan(&store, "p", None, 2), "p0=new p1=old");
    assert_eq!(scan(&store, "p", Some("p1"), 9), "p3=new p6=new");
    assert_eq!(scan(&store, "p", Some("p2"), 1), "p3=new");
    assert_eq!(scan(&store, "p", Some("a"), 1), "p0=new");
    assert_eq!(scan(&store, "p", Some("q"), 9), "");
    assert_eq!(scan(&store, "", None, 1), "o9=old");
    assert_eq!(scan(&store, "p", None, 0), "");
}

#[test]
fn scan_passes_over_more_deletions_than_it_looks_at_once() {
    let bench = Bench::new();
    let store = bench.open();
    for at in 0..500 {
        put(&store, &format!("k{at:03}"), "v");
    }
    store.checkpoint(place(1), synced).unwrap();
    for at in 0..499 {
        store.delete(format!("k{at:03}").as_bytes());
    }
    put(&store, "k600", "w");
    assert_eq!(scan(&store, "k", None, 1), "k499=v");
    assert_eq!(scan(&store, "k", None, 5), "k499=v k600=w");
}

#[test]
fn pages_of_a_scan_are_the_whole() {
    let bench = Bench::new();
    let store = bench.open();
    for at in (0..300).step_by(2) {
        put(&store, &format!("k{at:03}"), "s");
    }
    store.checkpoint(place(1), synced).unwrap();
    for at in (1..300).step_by(2) {
        put(&store, &format!("k{at:03}"), "o");
    }
    let mut after = None;
    let mut seen = 0;
    loop {
        let page = store.scan(b"k", after.as_deref(), 7).unwrap();
        for (key, value) in &page {
            assert_eq!(key, format!("k{seen:03}").as_bytes());
            assert_eq!(value, if seen % 2 == 0 { b"s" } else { b"o" });
            seen += 1;
        }
        match page.last() {
            Some((key, _)) => after = Some(key.clone()),
            None => break,
        }
    }
    assert_eq!(seen, 300);
}

#[test]
fn long_values_grow_shrink_and_go() {
    let bench = Bench::new();
    let store = bench.open();
    let sizes = [31 * 1_024, 31 * 1_024 + 1, 1 << 20, 70_000, 10, 200_000];
    for (at, bytes) in (1..).zip(sizes) {
        let value = long(u8::try_from(at).unwrap(), bytes);
        store.put(b"k", value.clone());
        store.checkpoint(place(at), synced).unwrap();
        assert_eq!(store.get(b"k").unwrap().unwrap(), value);
        assert_eq!(store.scan(b"", None, 9).unwrap()[0].1, value);
        assert_eq!(verified(&store).unwrap()[&b"k"[..]], value);
        let parts = bytes.div_ceil(31 * 1_024);
        assert_eq!(parts_in_sled(&store), if parts > 1 { parts } else { 0 });
    }
    store.delete(b"k");
    store.checkpoint(place(9), synced).unwrap();
    assert_eq!(parts_in_sled(&store), 0);
    assert_eq!(store.get(b"k").unwrap(), None);
}

#[test]
fn put_many_is_seen_as_one() {
    let bench = Bench::new();
    let store = Arc::new(bench.open());
    let writer = Arc::clone(&store);
    let put = std::thread::spawn(move || {
        for round in 0..2_000_u32 {
            let value = round.to_le_bytes().to_vec();
            let changes = [b"a", b"b"].map(|key| (key.to_vec(), Some(value.clone())));
            writer.put_many(changes.into());
        }
    });
    while !put.is_finished() {
        let found = store.scan(b"", None, 2).unwrap();
        assert!(found.len() != 1 && found.first().map(|a| &a.1) == found.last().map(|b| &b.1));
    }
    put.join().unwrap();
}

#[test]
fn reads_go_on_while_checkpoints_replace_long_values() {
    let bench = Bench::new();
    let store = Arc::new(bench.open());
    store.put(b"k", long(0, 100_000));
    let writer = Arc::clone(&store);
    let write = std::thread::spawn(move || {
        for round in 1..40_u8 {
            writer.put(b"k", long(round, 100_000 + usize::from(round)));
            writer.checkpoint(place(u64::from(round)), synced).unwrap();
        }
    });
    let mut newest = 0;
    while !write.is_finished() {
        let value = store.get(b"k").unwrap().unwrap();
        let round = value.len() - 100_000;
        assert!(round >= newest);
        assert_eq!(value, long(u8::try_from(round).unwrap(), value.len()));
        newest = round;
    }
    write.join().unwrap();
}

#[test]
#[should_panic(expected = "a key of 1025 bytes")]
fn a_key_has_a_limit() {
    let bench = Bench::new();
    bench.open().put(&[b'k'; KEY_BYTES_MAX + 1], Vec::new());
}

#[test]
fn a_handle_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Store>();
}
