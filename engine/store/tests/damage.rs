//! Damage is named as such, and never read as a state.

use std::fs;
use std::path::Path;

use super::super::entry::{head_key, part_key};
use super::harness::{Bench, Content, OPTIONS, copy_dir, get, long, place, put, synced, verified};
use crate::store::{Damage, Store, StoreError, StorePlace};

/// A closed store with several checkpoints behind it, and what it held at each, the empty beginning first.
fn written(bench: &Bench) -> Vec<Content> {
    let store = bench.open();
    let mut contents = vec![Content::new()];
    for round in 1..6_u8 {
        let mut content = Content::new();
        for at in 0..200_u16 {
            let key = format!("key {at:03}").into_bytes();
            let value = long(round, 150 + usize::from(at));
            content.insert(key, value);
        }
        content.insert(b"long".to_vec(), long(round, 100_000));
        for (key, value) in &content {
            store.put(key, value.clone());
        }
        store.checkpoint(place(u64::from(round)), synced).unwrap();
        contents.push(content);
    }
    contents
}

/// Opens and reads everything: all as the last checkpoint wrote it, or an error that says damage.
///
/// Where sled's files lose all that came after their beginning, they are an empty store's, without a place.
fn read(dir: &Path, contents: &[Content], what: &str) -> &'static str {
    let at = &StorePlace::directory(dir);
    match Store::open(at, OPTIONS).and_then(|store| Ok((store.place(), verified(&store)?))) {
        Ok((found, read)) => {
            let sequence = found.map_or(0, |found| found.sequence);
            let at = usize::try_from(sequence).unwrap();
            assert!(read == contents[at], "{what}: a mixture was accepted");
            assert!(at == 0 || at + 1 == contents.len(), "{what}: place {at}");
            if at == 0 { "empty" } else { "whole" }
        }
        Err(StoreError::Damaged(_)) => {
            Store::destroy(at).unwrap();
            let store = Store::open(at, OPTIONS).unwrap();
            assert_eq!(store.place(), None);
            assert!(verified(&store).unwrap().is_empty());
            "damaged"
        }
        Err(other) => panic!("{what}: {other}"),
    }
}

#[test]
fn a_flipped_byte_anywhere() {
    let bench = Bench::new();
    let contents = written(&bench);
    let mut damaged = 0;
    for (name, tries) in [("db", 48), ("conf", 4), ("snap", 12)] {
        let files = fs::read_dir(bench.dir().join("sled")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        for name in names.filter(|found| found.starts_with(name)) {
            let bytes = fs::read(bench.dir().join("sled").join(&name)).unwrap();
            for at in 0..tries {
                let offset = bytes.len() * at / tries + at % 7;
                let copy = bench.root().join("copy");
                copy_dir(&bench.dir(), &copy);
                let mut flipped = bytes.clone();
                flipped[offset.min(bytes.len() - 1)] ^= 0x55;
                fs::write(copy.join("sled").join(&name), flipped).unwrap();
                let outcome = read(&copy, &contents, &format!("{name} at {offset}"));
                damaged += u32::from(outcome == "damaged");
                fs::remove_dir_all(&copy).unwrap();
            }
        }
    }
    assert!(damaged > 0);
}

/// Lengths that each file is cut to.
const CUTS: usize = 24;

#[test]
fn truncated_and_missing_files() {
    let bench = Bench::new();
    let contents = written(&bench);
    let files = fs::read_dir(bench.dir().join("sled")).unwrap();
    for file in files.map(Result::unwrap) {
        if file.file_type().unwrap().is_dir() {
            continue;
        }
        let name = file.file_name();
        let bytes = fs::read(file.path()).unwrap();
        let lengths = (0..CUTS).map(|part| Some(bytes.len() * part / CUTS));
        for keep in lengths.chain([None, Some(bytes.len() - 1)]) {
            let copy = bench.root().join("copy");
            copy_dir(&bench.dir(), &copy);
            let target = copy.join("sled").join(&name);
            match keep {
                None => fs::remove_file(&target).unwrap(),
                Some(keep) => fs::write(&target, &bytes[..keep]).unwrap(),
            }
            read(&copy, &contents, &format!("{name:?} cut to {keep:?}"));
            fs::remove_dir_all(&copy).unwrap();
        }
    }
}

#[test]
fn an_entry_lost_in_silence_is_missed() {
    let bench = Bench::new();
    written(&bench);
    let store = bench.open();
    let lost = vec![(head_key(b"key 007"), None)];
    store.tree.apply(lost).unwrap();
    store.tree.sync().unwrap();
    let error = verified(&store).unwrap_err();
    let StoreError::Damaged(Damage::Totals { entries_expected, entries_found, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!((entries_expected, entries_found), (201, 200));
}

#[test]
fn an_entry_that_went_back_in_time_is_noticed() {
    let bench = Bench::new();
    let store = bench.open();
    put(&store, "k", "1");
    store.checkpoint(place(1), synced).unwrap();
    let old = store.tree.get(&head_key(b"k")).unwrap().unwrap().to_vec();
    put(&store, "k", "2");
    store.checkpoint(place(2), synced).unwrap();
    let back = vec![(head_key(b"k"), Some(old))];
    store.tree.apply(back).unwrap();
    let error = verified(&store).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(Damage::Totals { .. })), "{error}");
}

#[test]
fn a_long_value_without_one_of_its_parts_is_damage() {
    let bench = Bench::new();
    let store = bench.open();
    store.put(b"long", long(1, 100_000));
    store.checkpoint(place(1), synced).unwrap();
    let lost = vec![(part_key(b"long", 1, 2), None)];
    store.tree.apply(lost).unwrap();
    let error = store.get(b"long").unwrap_err();
    assert!(error.to_string().contains("part 2 of 4"), "{error}");
    assert!(store.scan(b"", None, 9).is_err());
    assert!(verified(&store).is_err());
}

#[test]
fn a_snapshot_half_written_does_not_keep_the_store_shut() {
    let bench = Bench::new();
    let contents = written(&bench);
    let leftover = bench.dir().join("sled/snap.00000000000A1B2C.generating");
    fs::write(&leftover, b"half").unwrap();
    assert_eq!(read(&bench.dir(), &contents, "leftover"), "whole");
    assert!(!leftover.exists());
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_anew() {
    let bench = Bench::new();
    written(&bench);
    fs::remove_file(bench.dir().join("store.format")).unwrap();
    fs::create_dir_all(bench.dir().join("sled.removed")).unwrap();
    let store = bench.open();
    assert_eq!(store.place(), None);
    assert!(verified(&store).unwrap().is_empty());
}

#[test]
fn another_format_is_refused() {
    let bench = Bench::new();
    written(&bench);
    fs::write(bench.dir().join("store.format"), "saldo store 2\n").unwrap();
    let error = Store::open(&bench.place(), OPTIONS).err().unwrap();
    assert!(matches!(error, StoreError::Format { .. }), "{error}");
    assert!(error.to_string().contains("saldo store 2"));
}

#[test]
fn one_directory_is_opened_once() {
    let bench = Bench::new();
    let store = bench.open();
    let error = Store::open(&bench.place(), OPTIONS).err().unwrap();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(Store::destroy(&bench.place()).is_err());
    put(&store, "a", "1");
    store.checkpoint(place(1), synced).unwrap();
    drop(store);
    assert_eq!(get(&bench.open(), "a").unwrap(), "1");
}
