//! Which of many tables an entry belongs to, where one table alone would grow to a million entries.
//!
//! A hash table doubles when it is full, and who inserts waits for it. Of tables of equal size all would grow at nearly the
//! same time; so their shares of the entries differ, from one part to two, and among the doublings of the whole theirs come
//! one by one.

/// Number of tables.
pub const TABLES: usize = 64;

/// The table of an entry, from 16 bits of its hash that the table itself does not use.
///
/// With the bits as a number x between 0 and 1 it is 64 log2(1 + x): the shares grow by the same factor from table to
/// table. A parabola is close enough.
#[must_use]
pub fn table_of(bits: u16) -> usize {
    const STEEP: u32 = 87_976; // 1.3424 of 65,536
    const BEND: u32 = 22_440; // 0.3424 of 65,536
    let x = u32::from(bits);
    let log = (u64::from(x) * u64::from(STEEP - ((x * BEND) >> 16))) >> 16;
    // Of 16 bits the upper 6.
    usize::try_from(log >> 10).unwrap_or(TABLES - 1).min(TABLES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_tables_grow_evenly_from_one_part_to_two() {
        let mut shares = [0u32; TABLES];
        (0..=u16::MAX).for_each(|bits| shares[table_of(bits)] += 1);
        let (first, last) = (shares[0], shares[TABLES - 1]);
        assert!(first > 700 && last > first * 19 / 10 && last < first * 21 / 10, "{shares:?}");
        for pair in shares.windows(2) {
            assert!(pair[1] + 2 >= pair[0] && pair[1] < pair[0] + 40, "{shares:?}");
        }
    }
}
