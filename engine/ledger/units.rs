//! A reservation's id, where a line's units are, and the steps that move them.

use core::fmt;
use core::num::NonZeroU128;

/// Identifies a reservation: the 128 bits of a UUID (RFC 9562), never nil.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(NonZeroU128);

impl ReservationId {
    /// From a UUID's bits; none for the nil UUID.
    #[must_use]
    pub const fn new(bits: u128) -> Option<Self> {
        match NonZeroU128::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// The UUID's bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0.get()
    }
}

impl fmt::Debug for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.bits())
    }
}

/// A step of a reservation's units after they were granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// held → committed.
    Commit,
    /// committed → fulfilled: handed over, so on-hand falls.
    Fulfil,
    /// held → released.
    Release,
    /// committed → released: a cancelled order.
    Cancel,
    /// held → expired, by the engine's own command.
    Expire,
}

/// Units of one line, by where they are now. The sum of all but `requested` is what was granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Asked for, over all calls that added to the line.
    pub requested: u32,
    /// In an open hold.
    pub held: u32,
    /// Promised to an order, not handed over.
    pub committed: u32,
    /// Handed over and kept by the customer.
    pub fulfilled: u32,
    /// Given back before they were handed over.
    pub released: u32,
    /// Lost to a deadline.
    pub expired: u32,
    /// Handed over, then returned.
    pub returned: u32,
}

impl Units {
    /// What was granted: every unit, wherever it is now.
    #[must_use]
    pub fn granted(&self) -> u64 {
        [self.held, self.committed, self.fulfilled, self.released, self.expired, self.returned]
            .into_iter()
            .map(u64::from)
            .sum()
    }

    /// Whether some unit may still move without a return.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.held > 0 || self.committed > 0
    }

    /// Units that `verb` can act on.
    #[must_use]
    pub fn movable(&self, verb: Verb) -> u32 {
        match verb {
            Verb::Commit | Verb::Release | Verb::Expire => self.held,
            Verb::Fulfil | Verb::Cancel => self.committed,
        }
    }

    /// Moves `quantity` units as `verb` says. Decided before: there are as many.
    pub fn step(&mut self, verb: Verb, quantity: u32) {
        let (from, to) = match verb {
            Verb::Commit => (&mut self.held, &mut self.committed),
            Verb::Fulfil => (&mut self.committed, &mut self.fulfilled),
            Verb::Release => (&mut self.held, &mut self.released),
            Verb::Cancel => (&mut self.committed, &mut self.released),
            Verb::Expire => (&mut self.held, &mut self.expired),
        };
        debug_assert!(*from >= quantity, "{verb:?} of {quantity} where there are {from}");
        *from -= quantity;
        *to += quantity;
    }
}
