//! The tree in memory does what a simulation asks of it, and the store above it does the same again when asked again.

use std::ops::Bound;
use std::sync::Arc;

use super::harness::{Content, OPTIONS, fill_new, fill_old, place, put, synced, verified};
use crate::journal::medium::{Fault, Medium, MemoryMedium, Operation};
use crate::store::tree::Tree;
use crate::store::{Damage, MemoryTree, Store, StoreError, StorePlace, TreeDamage};

fn apply(tree: &MemoryTree, key: &str, value: Option<&str>) {
    let batch = vec![(key.into(), value.map(Into::into))];
    tree.apply(batch).unwrap();
}

/// `a=1 b=2`.
fn told(tree: &MemoryTree) -> String {
    let entry = |(key, value): (_, _)| {
        let (key, value): (crate::store::tree::Bytes, crate::store::tree::Bytes) = (key, value);
        format!("{}={}", String::from_utf8_lossy(&key), String::from_utf8_lossy(&value))
    };
    let entries = tree.range(Bound::Unbounded).map(Result::unwrap);
    entries.map(entry).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_loss_of_power_leaves_what_was_synced_and_a_beginning_of_the_rest() {
    let tree = MemoryTree::new();
    apply(&tree, "b", Some("1"));
    apply(&tree, "c", Some("1"));
    tree.sync().unwrap();
    apply(&tree, "a", Some("2"));
    apply(&tree, "b", Some("2"));
    apply(&tree, "c", None);
    assert_eq!((told(&tree).as_str(), tree.unsynced()), ("a=2 b=2", 3));
    assert_eq!(told(&tree.power_cut(|_| 0)), "b=1 c=1");
    assert_eq!(told(&tree.power_cut(|all| all - 1)), "a=2 b=2 c=1");
    assert_eq!(told(&tree.power_cut(|all| all)), "a=2 b=2");
    let killed = tree.process_crash();
    assert_eq!(told(&killed), "a=2 b=2");
    assert_eq!(told(&killed.power_cut(|_| 1)), "a=2 b=1 c=1");
    apply(&killed, "z", Some("3"));
    assert_eq!(told(&tree), "a=2 b=2", "it is another tree");
    tree.clear().unwrap();
    assert_eq!(told(&tree.power_cut(|all| all - 1)), "a=2 b=2");
    assert!(tree.power_cut(|all| all).is_empty());
}

#[test]
fn faults_come_when_they_are_due() {
    let tree = MemoryTree::new();
    let fault = |operation, after, for_ever| Fault {
        operation,
        after,
        for_ever,
        errno: 28,
        short_bytes: 0,
    };
    let write = |key: &str| tree.apply(vec![(key.into(), Some(Vec::new()))]);
    tree.inject(fault(Operation::Apply, 1, false));
    tree.inject(fault(Operation::SyncTree, 0, true));
    write("a").unwrap();
    assert!(matches!(write("b").unwrap_err(), StoreError::Io { .. }));
    write("c").unwrap();
    tree.sync().unwrap_err();
    tree.sync().unwrap_err();
    assert_eq!((tree.len(), tree.unsynced()), (2, 2));
    tree.heal();
    tree.sync().unwrap();
    assert_eq!(tree.unsynced(), 0);
}

/// A simulated store with two checkpoints.
fn written() -> (MemoryMedium, MemoryTree, Content) {
    let (medium, tree) = (MemoryMedium::new(), MemoryTree::new());
    let store = Store::open(&on(&medium, &tree), OPTIONS).unwrap();
    let old = fill_old(&store);
    store.checkpoint(place(1), synced).unwrap();
    let new = fill_new(&store, &old);
    store.checkpoint(place(2), synced).unwrap();
    (medium, tree, new)
}

fn on(medium: &MemoryMedium, tree: &MemoryTree) -> StorePlace {
    StorePlace::simulated(Arc::new(medium.clone()), tree.clone())
}

#[test]
fn damage_of_every_kind_is_noticed() {
    let (medium, tree, _) = written();
    let flips = (0..tree.len()).step_by(7).map(|entry| TreeDamage::Flip { entry, bit: entry * 13 });
    let drops = [1, 3, 300].map(|entries| TreeDamage::DropLast { entries });
    for damage in flips.chain(drops).chain([TreeDamage::Cut]) {
        let tree = tree.process_crash();
        let medium = medium.process_crash();
        assert!(tree.damage(damage));
        let at = on(&medium, &tree);
        let read = Store::open(&at, OPTIONS).and_then(|store| verified(&store));
        assert!(matches!(read, Err(StoreError::Damaged(_))), "{damage:?}");
        Store::destroy(&at).unwrap();
        assert_eq!(Store::open(&at, OPTIONS).unwrap().place(), None);
    }
    assert!(!MemoryTree::new().damage(TreeDamage::Flip { entry: 0, bit: 0 }));
    tree.damage(TreeDamage::Cut);
    let error = Store::open(&on(&medium, &tree), OPTIONS).err().unwrap();
    assert!(matches!(error, StoreError::Damaged(Damage::Medium { .. })), "{error}");
}

#[test]
fn a_place_is_opened_again_and_again() {
    let (medium, tree, content) = written();
    let store = Store::open(&on(&medium, &tree), OPTIONS).unwrap();
    assert_eq!((store.place(), verified(&store).unwrap()), (Some(place(2)), content));
    put(&store, "more", "1");
    store.checkpoint(place(3), synced).unwrap();
    assert!(store.disk_bytes().unwrap() > 300_000);
    drop(store);
    let killed = on(&medium.process_crash(), &tree.process_crash());
    assert_eq!(Store::open(&killed, OPTIONS).unwrap().place(), Some(place(3)));
}

#[test]
fn the_same_calls_leave_the_same_bytes() {
    let (one, other) = (written(), written());
    assert_eq!(told(&one.1), told(&other.1));
    let names = one.0.list().unwrap();
    assert_eq!(names, ["checkpoint.redo", "store.format"]);
    for name in names {
        assert_eq!(one.0.bytes(&name), other.0.bytes(&name));
    }
}

#[test]
fn a_full_simulated_disk_is_full() {
    let (medium, tree, _) = written();
    let store = Store::open(&on(&medium, &tree), OPTIONS).unwrap();
    put(&store, "more", "1");
    medium.set_capacity_bytes(0);
    let error = store.checkpoint(place(3), synced).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    medium.set_capacity_bytes(u64::MAX);
    store.checkpoint(place(3), synced).unwrap();
}
