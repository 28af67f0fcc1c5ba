//! The stored form, byte by byte, as docs/journal_format.md tells it.

use super::super::{HEADER_BYTES, Header, HeaderFault, Kind, Mark};

fn header() -> Header {
    Header {
        kind: Kind::Events,
        run: 0x1112_1314_1516_1718,
        first_sequence: 0x2122_2324_2526_2728,
        logged_time_us: 0x3132_3334_3536_3738,
        durable_to: 0x4142_4344_4546_4748,
        count: 0x5152_5354,
        length: 0x0062_6364,
        previous_checksum: 0x7172_7374,
        payload_checksum: 0x8182_8384,
    }
}

#[test]
fn a_header_has_these_bytes() {
    let (bytes, checksum) = header().encode();
    #[rustfmt::skip]
    let expected: [u8; HEADER_BYTES] = [
        0xfa, b'S', b'L', b'D', 1, 0, 2, 0,
        0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
        0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,
        0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31,
        0x48, 0x47, 0x46, 0x45, 0x44, 0x43, 0x42, 0x41,
        0x54, 0x53, 0x52, 0x51, 0x64, 0x63, 0x62, 0x00,
        0x74, 0x73, 0x72, 0x71, 0x84, 0x83, 0x82, 0x81,
        0x00, 0x00, 0x00, 0x00, 0x77, 0x9b, 0xcb, 0x2d,
    ];
    assert_eq!(bytes, expected, "checksum {checksum:#010x}");
    assert_eq!(Header::decode(&bytes), Ok((header(), checksum)));
}

#[test]
fn kinds_have_these_numbers() {
    let kinds = [Kind::Opening, Kind::Events, Kind::Closing, Kind::Frame, Kind::FrameEnd];
    let numbers = kinds.map(|kind| Header { kind, ..header() }.encode().0[6]);
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[test]
fn a_mark_has_these_bytes() {
    let mark = Mark {
        journal_id: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
        segment_number: 7,
        segment_bytes: 0x0010_0000,
        last_sequence: 0x1234,
        last_checksum: 0xaabb_ccdd,
    };
    #[rustfmt::skip]
    let expected = [
        0x10, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
        7, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0x10, 0, 0, 0, 0, 0,
        0x34, 0x12, 0, 0, 0, 0, 0, 0,
        0xdd, 0xcc, 0xbb, 0xaa, 0, 0, 0, 0,
    ];
    assert_eq!(mark.encode(), expected);
    assert_eq!(Mark::decode(&expected), Some(mark));
}

#[test]
fn every_flipped_bit_of_a_header_is_refused() {
    let (bytes, _) = header().encode();
    for bit in 0..HEADER_BYTES * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Header::decode(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn what_is_valid_but_unknown_is_named() {
    let decode = |at: usize, value: u8| {
        let (mut bytes, _) = header().encode();
        bytes[at] = value;
        let checksum = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&checksum.to_le_bytes());
        Header::decode(&bytes).unwrap_err()
    };
    assert_eq!(decode(4, 2), HeaderFault::Version(2));
    assert_eq!(decode(6, 9), HeaderFault::Kind(9));
    assert_eq!(decode(47, 0x05), HeaderFault::Length(0x0562_6364));
    assert_eq!(Header::decode(&[0; HEADER_BYTES]), Err(HeaderFault::Blank));
}
