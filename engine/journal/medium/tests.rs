//! The media do what the trait says, and the two for tests lose and fail what they are told to.

use std::sync::Arc;

use super::*;

fn every_medium(check: impl Fn(&dyn Medium)) {
    let directory = tempfile::tempdir().unwrap();
    check(&FsMedium::open(directory.path()).unwrap());
    check(&MemoryMedium::new());
    check(&FaultyMedium::new(Arc::new(MemoryMedium::new())));
}

#[test]
fn files_are_made_written_read_renamed_and_removed() {
    every_medium(|medium| {
        let file = medium.create_preallocated("a", 3_000_000).unwrap();
        assert_eq!(file.len().unwrap(), 3_000_000);
        let mut bytes = vec![1; 10];
        assert_eq!(file.read_at(&mut bytes, 2_999_995).unwrap(), 5);
        assert_eq!(bytes, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
        file.write_at(b"hello", 4_094).unwrap();
        file.sync_data().unwrap();
        medium.rename("a", "b").unwrap();
        medium.sync_dir().unwrap();
        assert_eq!(medium.list().unwrap(), ["b"]);
        assert_eq!(medium.open("a").err().unwrap().kind(), io::ErrorKind::NotFound);
        assert_eq!(medium.open("b").unwrap().read_at(&mut bytes[..5], 4_094).unwrap(), 5);
        assert_eq!(&bytes[..5], b"hello");
        assert!(medium.create("b").unwrap().is_empty().unwrap());
        medium.remove("b").unwrap();
        assert!(medium.list().unwrap().is_empty());
        assert!(medium.free_bytes().unwrap() > 0);
    });
}

#[test]
fn a_power_cut_keeps_what_was_synced_and_what_is_chosen() {
    let medium = MemoryMedium::new();
    let file = medium.create_preallocated("a", 3 * 4_096).unwrap();
    assert!(medium.power_cut(|_| false).list().unwrap().is_empty());
    medium.sync_dir().unwrap();
    file.write_at(b"one", 0).unwrap();
    file.sync_data().unwrap();
    file.write_at(b"two", 0).unwrap();
    file.write_at(b"three", 4_096).unwrap();
    let first = |cut: &MemoryMedium, at: usize| cut.bytes("a").unwrap()[at..at + 3].to_vec();
    let none = medium.power_cut(|_| false);
    assert_eq!((first(&none, 0), first(&none, 4_096)), (b"one".to_vec(), vec![0; 3]));
    let second = medium.power_cut(|unsynced| unsynced == Unsynced::Page { name: "a", page: 1 });
    assert_eq!((first(&second, 0), first(&second, 4_096)), (b"one".to_vec(), b"thr".to_vec()));
    medium.rename("a", "b").unwrap();
    assert_eq!(medium.power_cut(|_| false).list().unwrap(), ["a"]);
    assert_eq!(medium.power_cut(|_| true).list().unwrap(), ["b"]);
}

#[test]
fn faults_come_when_they_are_due() {
    let medium = FaultyMedium::new(Arc::new(MemoryMedium::new()));
    let file = medium.create("a").unwrap();
    medium.inject(Fault {
        operation: Operation::Write,
        after: 1,
        for_ever: false,
        errno: 28,
        short_bytes: 2,
    });
    file.write_at(b"abcd", 0).unwrap();
    assert_eq!(file.write_at(b"wxyz", 0).unwrap_err().raw_os_error(), Some(28));
    let mut bytes = [0; 4];
    file.read_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"wxcd");
    file.write_at(b"abcd", 0).unwrap();
    medium.inject(Fault {
        operation: Operation::Sync,
        after: 0,
        for_ever: true,
        errno: 5,
        short_bytes: 0,
    });
    assert!(file.sync_data().is_err() && file.sync_data().is_err());
    medium.heal();
    file.sync_data().unwrap();
}
