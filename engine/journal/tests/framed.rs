//! Framed files: what was written is read, and nothing else passes.

use super::*;
use crate::journal::{FramedError, FramedReader, FramedWriter, Totals};

fn write(medium: &MemoryMedium, payloads: &[Vec<u8>]) -> Totals {
    let mut writer = FramedWriter::create(medium.shared(), "baseline").unwrap();
    for payload in payloads {
        writer.record(payload).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn what_was_written_is_read_and_survives() {
    let medium = MemoryMedium::new();
    let payloads: Vec<Vec<u8>> = (0..50).map(|at| group(at, 60_000)).chain([Vec::new()]).collect();
    let totals = write(&medium, &payloads);
    assert_eq!(totals, Totals { records: 51, bytes: 50 * 60_004 });
    let cut = medium.power_cut(|_| false);
    let mut reader = FramedReader::open(&cut, "baseline").unwrap();
    for payload in &payloads {
        assert_eq!(reader.next().unwrap(), Some(payload.as_slice()));
    }
    for _ in 0..2 {
        assert_eq!(reader.next().unwrap(), None);
    }
    assert_eq!(FramedReader::verify(&cut, "baseline").unwrap(), totals);
    assert_eq!(cut.list().unwrap(), ["baseline"]);
}

#[test]
fn an_unfinished_file_never_has_the_name() {
    let medium = MemoryMedium::new();
    let mut writer = FramedWriter::create(medium.shared(), "baseline").unwrap();
    writer.record(b"one").unwrap();
    drop(writer);
    assert!(matches!(FramedReader::open(&medium, "baseline"), Err(FramedError::Io { .. })));
}

#[test]
fn every_flipped_bit_and_every_truncation_is_refused() {
    let medium = MemoryMedium::new();
    write(&medium, &[b"first".to_vec(), b"second".to_vec()]);
    let whole = medium.bytes("baseline").unwrap();
    let refused = |bytes: Vec<u8>| {
        medium.put("copy", bytes);
        FramedReader::verify(&medium, "copy").is_err()
    };
    for (page, bytes) in [(0, 64 + 5), (1, 64 + 6), (2, 64 + 16)] {
        for bit in page * 4_096 * 8..(page * 4_096 + bytes) * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(refused(flipped), "bit {bit}");
        }
    }
    for length in 0..2 * 4_096 + 64 + 16 {
        assert!(refused(whole[..length].to_vec()), "{length} bytes");
    }
    let mut without_second = whole.clone();
    without_second.drain(4_096..8_192);
    assert!(refused(without_second));
}
