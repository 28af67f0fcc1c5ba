//! The record of the last completed checkpoint: its place in the journal and the totals of what it left.

use super::digest::Totals;
use super::entry::{OWN, seal, unseal};
use super::error::Damage;

/// Stored key of the record.
pub(super) const META_KEY: [u8; 2] = [OWN, b'm'];

/// A place in the journal that a checkpoint stands for. States in the store are of this place or newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Every event up to this sequence number is in the states.
    pub sequence: u64,
    /// Which journal the sequence belongs to.
    pub journal_id: u128,
    /// Logged time of that event, microseconds since 1970.
    pub logged_time_us: u64,
}

/// The record itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meta {
    /// Rises with every checkpoint.
    pub(super) generation: u64,
    /// The generation whose changes went to sled last: above `generation` while a redo log is being applied.
    pub(super) begun: u64,
    /// `None` until the first checkpoint is complete.
    pub(super) place: Option<Place>,
    /// Over all entries.
    pub(super) totals: Totals,
}

impl Meta {
    /// As stored under [`META_KEY`]: the checksum, then little-endian words of 8 bytes, the journal's id of 16.
    pub(super) fn encode(&self) -> Vec<u8> {
        let place = self.place.unwrap_or_default();
        let payload: [&[u8]; 9] = [
            &self.generation.to_le_bytes(),
            &self.begun.to_le_bytes(),
            &u64::from(self.place.is_some()).to_le_bytes(),
            &place.sequence.to_le_bytes(),
            &place.journal_id.to_le_bytes(),
            &place.logged_time_us.to_le_bytes(),
            &self.totals.entries.to_le_bytes(),
            &self.totals.bytes.to_le_bytes(),
            &self.totals.sum.to_le_bytes(),
        ];
        seal(&META_KEY, &payload)
    }

    /// Reads what [`Meta::encode`] wrote.
    pub(super) fn decode(sealed: &[u8]) -> Result<Self, Damage> {
        let mut rest = unseal(&META_KEY, sealed).map_err(|_| Damage::Place)?;
        let generation = word(&mut rest)?;
        let begun = word(&mut rest)?;
        let has_place = word(&mut rest)? == 1;
        let place = Place {
            sequence: word(&mut rest)?,
            journal_id: u128::from_le_bytes(take(&mut rest)?),
            logged_time_us: word(&mut rest)?,
        };
        let totals =
            Totals { entries: word(&mut rest)?, bytes: word(&mut rest)?, sum: word(&mut rest)? };
        if !rest.is_empty() {
            return Err(Damage::Place);
        }
        Ok(Self { generation, begun, place: has_place.then_some(place), totals })
    }
}

fn word(rest: &mut &[u8]) -> Result<u64, Damage> {
    take(rest).map(u64::from_le_bytes)
}

fn take<const BYTES: usize>(rest: &mut &[u8]) -> Result<[u8; BYTES], Damage> {
    let (taken, left) = rest.split_first_chunk().ok_or(Damage::Place)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let meta = Meta {
            generation: 1,
            begun: 2,
            place: Some(Place { sequence: 3, journal_id: (5 << 64) + 4, logged_time_us: 6 }),
            totals: Totals { entries: 7, bytes: 8, sum: 9 },
        };
        let sealed = meta.encode();
        let words: Vec<u8> =
            [1, 2, 1, 3, 4, 5, 6, 7, 8, 9_u64].iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(sealed[4..], words);
        assert_eq!(Meta::decode(&sealed).unwrap(), meta);
        for byte in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[byte] ^= 1;
            assert!(Meta::decode(&flipped).is_err());
        }
    }

    #[test]
    fn without_a_place() {
        let meta = Meta::default();
        assert_eq!(Meta::decode(&meta.encode()).unwrap(), meta);
    }
}
