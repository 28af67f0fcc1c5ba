//! Totals over all entries, independent of their order, kept up with every checkpoint.
//!
//! sled can lose a whole segment without any single entry being unreadable; the totals show it.

/// What one entry adds to the [`Totals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Print {
    /// Hash of key and value.
    pub(super) hash: u64,
    /// Bytes of key and value.
    pub(super) bytes: u64,
}

impl Print {
    /// The print of one entry. Stored on disk: a change needs a new format marker.
    pub(super) fn of(key: &[u8], value: &[u8]) -> Self {
        let hash = absorb(absorb(SEED, key), value);
        Self { hash, bytes: length(key) + length(value) }
    }
}

/// Count, bytes and digest of a set of entries. Sums wrap: a wrong figure is found by comparing, never trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Entries.
    pub(super) entries: u64,
    /// Bytes of their keys and values.
    pub(super) bytes: u64,
    /// Sum of their hashes modulo 2^64.
    pub(super) sum: u64,
}

impl Totals {
    /// Takes `old` out and puts `new` in.
    pub(super) fn replace(&mut self, old: Option<Print>, new: Option<Print>) {
        if let Some(print) = old {
            self.entries = self.entries.wrapping_sub(1);
            self.bytes = self.bytes.wrapping_sub(print.bytes);
            self.sum = self.sum.wrapping_sub(print.hash);
        }
        if let Some(print) = new {
            self.entries = self.entries.wrapping_add(1);
            self.bytes = self.bytes.wrapping_add(print.bytes);
            self.sum = self.sum.wrapping_add(print.hash);
        }
    }
}

// Odd constants without structure: fractional digits of pi.
const SEED: u64 = 0x243f_6a88_85a3_08d3;
const WORD: u64 = 0x1319_8a2e_0370_7345;
const END: u64 = 0xa409_3822_299f_31d1;

/// Mixes `bytes` and their number into `state`, eight bytes at a time (a folded multiplication, as in wyhash).
fn absorb(mut state: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), WORD);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    state = fold(state ^ u64::from_le_bytes(last), WORD);
    fold(state ^ length(bytes), END)
}

/// The two halves of the product, one upon the other.
fn fold(a: u64, b: u64) -> u64 {
    let product = (u128::from(a) * u128::from(b)).to_le_bytes();
    let (halves, _) = product.as_chunks::<8>();
    halves.iter().fold(0, |folded, half| folded ^ u64::from_le_bytes(*half))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_prints() {
        // Stored on disk: these never change within one format.
        let hashes = [
            Print::of(b"", b"").hash,
            Print::of(b"sku-1", b"ten").hash,
            Print::of(b"sku-1", b"a value past eight").hash,
        ];
        assert_eq!(hashes, [0xca21_f6f6_60c3_4ce2, 0x8d64_beba_e184_0c7d, 0x2a0d_fcf8_7bdc_c9d8]);
    }

    #[test]
    fn key_and_value_do_not_run_into_each_other() {
        assert_ne!(Print::of(b"ab", b"c"), Print::of(b"a", b"bc"));
        assert_ne!(Print::of(b"a", b""), Print::of(b"", b"a"));
        assert_ne!(Print::of(b"a", b"\0"), Print::of(b"a", b""));
    }

    #[test]
    fn every_bit_counts() {
        let value = vec![7; 40];
        let before = Print::of(b"k", &value);
        for byte in 0..value.len() {
            for bit in 0..8 {
                let mut flipped = value.clone();
                flipped[byte] ^= 1 << bit;
                assert_ne!(Print::of(b"k", &flipped), before);
            }
        }
    }

    #[test]
    fn order_does_not_matter_and_replacing_undoes() {
        let (a, b) = (Print::of(b"a", b"1"), Print::of(b"b", b"2"));
        let mut one = Totals::default();
        one.replace(None, Some(a));
        one.replace(None, Some(b));
        let mut other = Totals::default();
        other.replace(None, Some(b));
        other.replace(None, Some(a));
        assert_eq!(one, other);
        one.replace(Some(a), None);
        one.replace(Some(b), None);
        assert_eq!(one, Totals::default());
    }
}
