//! A redo log is applied whole or not at all, and one that is missed is damage.

use std::fs;
use std::path::Path;

use super::super::directory::Directory;
use super::super::meta::Meta;
use super::super::redo::{Redo, RedoLog};
use super::harness::{Bench, Content, OPTIONS, copy_dir, cut_short, place, put, synced, verified};
use crate::journal::medium::Operation;
use crate::store::{Damage, Store, StoreError, StorePlace};

const NAME: &str = "checkpoint.redo";

/// What a kill leaves after a second checkpoint synced its log, and then wrote `batches` of it to sled.
fn killed_after(bench: &Bench, batches: u64) -> (Content, Content) {
    let (_, old, new, done) = cut_short(bench, Operation::Apply, batches);
    assert!(!done);
    (old, new)
}

/// Opens a copy of the store with `log` as its redo log.
fn with_log(bench: &Bench, log: Option<&[u8]>) -> Result<(u64, Content), StoreError> {
    let copy = bench.root().join("copy");
    copy_dir(&bench.dir(), &copy);
    match log {
        Some(log) => fs::write(copy.join(NAME), log).unwrap(),
        None => fs::remove_file(copy.join(NAME)).unwrap(),
    }
    let found = Store::open(&StorePlace::directory(&copy), OPTIONS).and_then(|store| {
        let sequence = store.place().unwrap().sequence;
        Ok((sequence, verified(&store)?))
    });
    fs::remove_dir_all(&copy).unwrap();
    found
}

/// Logs that are not whole: cut, changed in one bit, with something behind.
fn damaged_logs(log: &[u8]) -> Vec<Vec<u8>> {
    let mut logs = Vec::new();
    let places = (0..40).map(|at| log.len() * at / 40);
    for at in places.chain([1, 7, 8, 9, 17, log.len() - 1]) {
        logs.push(log[..at].to_vec());
        let mut flipped = log.to_vec();
        flipped[at] ^= 0x10;
        logs.push(flipped);
    }
    logs.push([log, &b"x"[..]].concat());
    logs
}

#[test]
fn an_incomplete_log_of_a_checkpoint_that_did_not_begin_is_thrown_away() {
    let bench = Bench::new();
    let (old, new) = killed_after(&bench, 0);
    let log = fs::read(bench.dir().join(NAME)).unwrap();
    assert_eq!(with_log(&bench, Some(&log)).unwrap(), (2, new));
    assert_eq!(with_log(&bench, None).unwrap(), (1, old.clone()));
    for damaged in damaged_logs(&log) {
        let (sequence, found) = with_log(&bench, Some(&damaged)).unwrap();
        assert_eq!(sequence, 1);
        assert!(found == old, "a log of {} bytes", damaged.len());
    }
}

#[test]
fn an_incomplete_log_of_a_checkpoint_that_began_is_damage() {
    let bench = Bench::new();
    let (_, new) = killed_after(&bench, 2);
    let log = fs::read(bench.dir().join(NAME)).unwrap();
    let mut logs: Vec<_> = damaged_logs(&log).into_iter().map(Some).collect();
    logs.push(None);
    for damaged in logs {
        let error = with_log(&bench, damaged.as_deref()).unwrap_err();
        let StoreError::Damaged(Damage::Redo { generation: 2 }) = error else {
            panic!("{error}");
        };
    }
    assert_eq!(with_log(&bench, Some(&log)).unwrap(), (2, new));
}

/// Replaces sled's files by those in `from`.
fn put_back(bench: &Bench, from: &Path) {
    let sled = bench.dir().join("sled");
    fs::remove_dir_all(&sled).unwrap();
    copy_dir(&from.join("sled"), &sled);
}

#[test]
fn a_sled_that_lost_its_end_gets_the_last_checkpoint_back_or_is_damaged() {
    let bench = Bench::new();
    let mut copies = Vec::new();
    for at in 1..5_u8 {
        let store = bench.open();
        put(&store, "a", &at.to_string());
        put(&store, &format!("b{at}"), "1");
        store.checkpoint(place(at.into()), synced).unwrap();
        drop(store);
        copies.push(bench.copy(&format!("copy {at}")));
    }
    let whole = verified(&bench.open()).unwrap();
    put_back(&bench, &copies[2]);
    let store = bench.open();
    assert_eq!(store.place(), Some(place(4)));
    assert_eq!(verified(&store).unwrap(), whole);
    drop(store);
    put_back(&bench, &copies[1]);
    let error = Store::open(&bench.place(), OPTIONS).err().unwrap();
    let StoreError::Damaged(Damage::Lost { generation_found: 2, generation_logged: 4 }) = error
    else {
        panic!("{error}");
    };
    Store::destroy(&bench.place()).unwrap();
    assert!(!bench.dir().join(NAME).exists());
    assert_eq!(bench.open().place(), None);
}

#[test]
fn golden_bytes() {
    let bench = Bench::new();
    let directory = Directory::lock(&bench.place()).unwrap();
    let log = RedoLog::new(&directory);
    let meta = Meta { generation: 2, begun: 2, place: Some(place(3)), ..Meta::default() };
    let mut writer = log.begin(2).unwrap();
    writer.push(b"\x01k", Some(b"sealed")).unwrap();
    writer.push(b"\x01gone", None).unwrap();
    let bytes = writer.finish(meta).unwrap();
    let mut end = b"E\x02\0\0\0\0\0\0\0".to_vec();
    end.extend_from_slice(&meta.encode());
    let bodies: [&[u8]; 4] = [b"H\x02\0\0\0\0\0\0\0", b"P\x02\0\x01ksealed", b"D\x01gone", &end];
    let mut expected = Vec::new();
    let mut checksum = 0;
    for body in bodies {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        checksum = crc32c::crc32c_append(checksum, &[&length[..], body].concat());
        expected.extend_from_slice(&length);
        expected.extend_from_slice(&checksum.to_le_bytes());
        expected.extend_from_slice(body);
    }
    let written = fs::read(bench.dir().join(NAME)).unwrap();
    assert_eq!(written, expected);
    assert_eq!(bytes, u64::try_from(written.len()).unwrap());
    let mut reader = log.read().unwrap().unwrap();
    assert_eq!(reader.generation(), 2);
    let put = Redo::Change(b"\x01k", Some(b"sealed"));
    assert_eq!(reader.next().unwrap(), put);
    assert_eq!(reader.next().unwrap(), Redo::Change(b"\x01gone", None));
    assert_eq!(reader.next().unwrap(), Redo::End(meta));
}
