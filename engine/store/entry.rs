//! How an entry lies in sled: key prefixes, checksums, and values split into parts.
//!
//! Every stored value begins with a CRC-32C over its stored key and its payload, so that neither a changed byte nor
//! an entry that turns up under another key is read as a state.

use super::digest::Print;
use super::error::{Damage, hex};

/// Longest key of an entry, in bytes.
pub const KEY_BYTES_MAX: usize = 1_024;
/// A longer value is split into parts of this length: sled makes files that are never synced of values over 128 KiB.
pub(super) const PART_BYTES_MAX: usize = 31 * 1_024;

/// First byte of the store's own records.
pub(super) const OWN: u8 = 0x00;
/// First byte of an entry's head: the value, or where its parts are.
pub(super) const HEAD: u8 = 0x01;
/// First byte of a part of a long value.
pub(super) const PART: u8 = 0x02;

const KIND_WHOLE: u8 = 0;
const KIND_PARTS: u8 = 1;
const CHECKSUM_BYTES: usize = 4;
const GENERATION_BYTES: usize = 8;
const INDEX_BYTES: usize = 4;

/// What a head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head<'a> {
    /// The value itself.
    Whole(&'a [u8]),
    /// The value lies in parts.
    Parts(Parts),
}

/// Where the parts of a long value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The checkpoint that wrote them: parts are never overwritten, a new value gets new ones.
    pub(super) generation: u64,
    /// How many, at least 2.
    pub(super) count: u32,
    /// Bytes of the value.
    pub(super) bytes: u64,
}

/// The stored key of an entry's head.
pub(super) fn head_key(key: &[u8]) -> Vec<u8> {
    [&[HEAD], key].concat()
}

/// The stored key of part `index` of the value of `key`.
pub(super) fn part_key(key: &[u8], generation: u64, index: u32) -> Vec<u8> {
    [&[PART][..], &generation.to_be_bytes(), key, &index.to_be_bytes()].concat()
}

/// Key, generation and index of a part's stored key.
pub(super) fn parse_part_key(stored_key: &[u8]) -> Option<(&[u8], u64, u32)> {
    let rest = stored_key.strip_prefix(&[PART])?;
    let (generation, rest) = rest.split_first_chunk::<GENERATION_BYTES>()?;
    let (key, index) = rest.split_last_chunk::<INDEX_BYTES>()?;
    Some((key, u64::from_be_bytes(*generation), u32::from_be_bytes(*index)))
}

/// `payload` behind its checksum, as it is stored under `stored_key`.
pub(super) fn seal(stored_key: &[u8], payload: &[&[u8]]) -> Vec<u8> {
    let checksum = payload
        .iter()
        .fold(crc32c::crc32c(stored_key), |crc, piece| crc32c::crc32c_append(crc, piece));
    let mut sealed =
        Vec::with_capacity(CHECKSUM_BYTES + payload.iter().map(|piece| piece.len()).sum::<usize>());
    sealed.extend_from_slice(&checksum.to_le_bytes());
    for piece in payload {
        sealed.extend_from_slice(piece);
    }
    sealed
}

/// The payload of what is stored under `stored_key`.
pub(super) fn unseal<'a>(stored_key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], Damage> {
    let (checksum, payload) =
        sealed.split_first_chunk::<CHECKSUM_BYTES>().ok_or_else(|| Damage::entry(stored_key))?;
    let found = crc32c::crc32c_append(crc32c::crc32c(stored_key), payload);
    if found == u32::from_le_bytes(*checksum) {
        Ok(payload)
    } else {
        Err(Damage::entry(stored_key))
    }
}

/// The stored form of a head.
pub(super) fn encode_head(stored_key: &[u8], head: &Head<'_>) -> Vec<u8> {
    match head {
        Head::Whole(value) => seal(stored_key, &[&[KIND_WHOLE], value]),
        Head::Parts(parts) => seal(
            stored_key,
            &[
                &[KIND_PARTS],
                &parts.generation.to_le_bytes(),
                &parts.count.to_le_bytes(),
                &parts.bytes.to_le_bytes(),
            ],
        ),
    }
}

/// What a stored head says.
pub(super) fn decode_head<'a>(stored_key: &[u8], sealed: &'a [u8]) -> Result<Head<'a>, Damage> {
    let damage = || Damage::entry(stored_key);
    let (kind, body) = unseal(stored_key, sealed)?.split_first().ok_or_else(damage)?;
    match *kind {
        KIND_WHOLE => Ok(Head::Whole(body)),
        KIND_PARTS => {
            let (generation, rest) = body.split_first_chunk().ok_or_else(damage)?;
            let (count, rest) = rest.split_first_chunk().ok_or_else(damage)?;
            let bytes = rest.try_into().map_err(|_| damage())?;
            Ok(Head::Parts(Parts {
                generation: u64::from_le_bytes(*generation),
                count: u32::from_le_bytes(*count),
                bytes: u64::from_le_bytes(bytes),
            }))
        }
        _ => Err(damage()),
    }
}

/// Puts the parts of one value together and checks that they are all there.
pub(super) struct Assembly<'a> {
    key: &'a [u8],
    parts: Parts,
    next: u32,
    value: Vec<u8>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(key: &'a [u8], parts: Parts) -> Self {
        Self { key, parts, next: 0, value: Vec::new() }
    }

    /// The stored key of the part wanted next, or `None` when all are there.
    pub(super) fn wanted(&self) -> Option<Vec<u8>> {
        (self.next < self.parts.count).then(|| part_key(self.key, self.parts.generation, self.next))
    }

    /// Takes the part that was wanted; `sealed` is what was stored, if anything.
    pub(super) fn take(&mut self, stored_key: &[u8], sealed: Option<&[u8]>) -> Result<(), Damage> {
        let piece = unseal(stored_key, sealed.ok_or_else(|| self.damage())?)?;
        self.value.extend_from_slice(piece);
        self.next += 1;
        Ok(())
    }

    /// The value, if it is as long as its head says.
    pub(super) fn finish(self) -> Result<Vec<u8>, Damage> {
        if u64::try_from(self.value.len()) == Ok(self.parts.bytes) {
            Ok(self.value)
        } else {
            Err(self.damage())
        }
    }

    fn damage(&self) -> Damage {
        Damage::Part { key: hex(self.key), part: self.next, parts: self.parts.count }
    }
}

/// What a key holds in sled.
pub(super) struct Stored {
    /// Its print.
    pub(super) print: Print,
    /// Where its parts are, if it was split.
    pub(super) parts: Option<Parts>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let key = head_key(b"k");
        assert_eq!(key, b"\x01k");
        assert_eq!(part_key(b"k", 2, 3), b"\x02\0\0\0\0\0\0\0\x02k\0\0\0\x03".to_vec());
        let whole = encode_head(&key, &Head::Whole(b"v"));
        assert_eq!(whole[..4], crc32c::crc32c(b"\x01k\0v").to_le_bytes());
        assert_eq!(whole[4..], *b"\0v");
        let parts = Parts { generation: 2, count: 3, bytes: 4 };
        let split = encode_head(&key, &Head::Parts(parts));
        assert_eq!(split[4..], *b"\x01\x02\0\0\0\0\0\0\0\x03\0\0\0\x04\0\0\0\0\0\0\0");
    }

    #[test]
    fn another_key_or_byte_is_damage() {
        let key = head_key(b"k");
        let sealed = encode_head(&key, &Head::Whole(b"value"));
        assert_eq!(decode_head(&key, &sealed).unwrap(), Head::Whole(b"value"));
        assert!(decode_head(&head_key(b"l"), &sealed).is_err());
        for byte in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[byte] ^= 1;
            assert!(decode_head(&key, &flipped).is_err());
            assert!(decode_head(&key, &sealed[..byte]).is_err());
        }
    }

    #[test]
    fn part_keys_read_back() {
        let stored = part_key(b"a key", 9, 31);
        assert_eq!(parse_part_key(&stored), Some((&b"a key"[..], 9, 31)));
        assert_eq!(parse_part_key(&stored[..8]), None);
    }
}
