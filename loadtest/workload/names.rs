//! The names of a run: keys, reservations and idempotency keys. They follow from the run's nonce and a ticket, so that
//! whoever finds a reservation anywhere knows which client asked for it and with which operation.

use std::collections::HashMap;

use uuid::Uuid;

use crate::workload::op::KeyIndex;

/// Bits of a ticket that count the client's operations; the 18 above them are the client.
const NUMBER_BITS: u32 = 44;
/// Clients that a run can have.
pub const CLIENTS_MAX: u32 = 1 << 18;
/// Bits of the nonce that a reservation's id has room for.
const NONCE_BITS: u32 = 60;

/// The name of an operation within its run: a client and how many operations it had begun before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

impl Ticket {
    /// The ticket of a client's operation. What has no room is cut off: 2^18 clients, 2^44 operations of each.
    #[must_use]
    pub const fn new(client: u32, number: u64) -> Self {
        let client = (client % CLIENTS_MAX) as u64;
        Self(client << NUMBER_BITS | number & ((1 << NUMBER_BITS) - 1))
    }

    /// Which client.
    #[must_use]
    pub fn client(self) -> u32 {
        u32::try_from(self.0 >> NUMBER_BITS).unwrap_or_default()
    }

    /// How many operations the client had begun before.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }

    /// As a number of 62 bits.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stock {
    /// What.
    pub sku: Box<str>,
    /// Where.
    pub location: Box<str>,
}

/// The names of one run.
#[derive(Debug)]
pub struct Names {
    nonce: u64,
    stocks: Vec<Stock>,
    places: HashMap<Stock, KeyIndex>,
}

impl Names {
    /// `skus` × `locations` keys; key number `s * locations + l` is SKU `s` at location `l`. Another nonce shares no
    /// name with this run, so that an engine that runs already can be used again.
    #[must_use]
    pub fn new(nonce: u64, skus: u32, locations: u32) -> Self {
        let nonce = nonce & ((1 << NONCE_BITS) - 1);
        let prefix = prefix(nonce);
        let stocks: Vec<Stock> = (0..skus)
            .flat_map(|sku| (0..locations).map(move |location| (sku, location)))
            .map(|(sku, location)| Stock {
                sku: format!("{prefix}{sku:06}").into(),
                location: format!("L{location:03}").into(),
            })
            .collect();
        let places = (0..).zip(&stocks).map(|(place, stock)| (stock.clone(), place)).collect();
        Self { nonce, stocks, places }
    }

    /// What all SKUs of this run begin with, and no other run's do.
    #[must_use]
    pub fn sku_prefix(&self) -> String {
        prefix(self.nonce)
    }

    /// All keys, in order of their numbers.
    #[must_use]
    pub fn stocks(&self) -> &[Stock] {
        &self.stocks
    }

    /// The key of a number.
    ///
    /// # Panics
    /// Where the run has no such key: a fault of the workload.
    #[must_use]
    pub fn stock(&self, key: KeyIndex) -> &Stock {
        &self.stocks[key as usize]
    }

    /// The number of a key; none where the run has no such key.
    #[must_use]
    pub fn key(&self, sku: &str, location: &str) -> Option<KeyIndex> {
        let stock = Stock { sku: sku.into(), location: location.into() };
        self.places.get(&stock).copied()
    }

    /// The id of a reservation: a UUID of version 8 (RFC 9562, 5.8) with 60 bits of nonce and 62 of ticket.
    #[must_use]
    pub fn reservation(&self, ticket: Ticket) -> Uuid {
        let high = u128::from(self.nonce >> 12) << 16 | 0x8000 | u128::from(self.nonce & 0xfff);
        Uuid::from_u128(high << 64 | 0b10 << 62 | u128::from(ticket.0))
    }

    /// The ticket of a reservation of this run; none of another's.
    #[must_use]
    pub fn ticket(&self, reservation: Uuid) -> Option<Ticket> {
        let [_, low] = [reservation.as_u128() >> 64, reservation.as_u128() & u128::from(u64::MAX)];
        let low = u64::try_from(low).ok()?;
        let ticket = Ticket(low & ((1 << 62) - 1));
        (self.reservation(ticket) == reservation).then_some(ticket)
    }

    /// The idempotency key of an operation: visible ASCII, no other run's.
    #[must_use]
    pub fn idempotency_key(&self, ticket: Ticket) -> String {
        format!("lt-{:015x}-{:016x}", self.nonce, ticket.0)
    }
}

/// 15 of the 60 bits' digits would be much to read: 8 tell runs apart that one engine sees.
fn prefix(nonce: u64) -> String {
    format!("LT-{:08x}-", nonce & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_tells_who_asked_for_it() {
        let names = Names::new(0xfedc_ba98_7654_3210, 1, 1);
        for ticket in
            [Ticket::new(0, 0), Ticket::new(CLIENTS_MAX - 1, (1 << 44) - 1), Ticket::new(7, 9)]
        {
            let id = names.reservation(ticket);
            assert_eq!(id.get_version_num(), 8);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(names.ticket(id), Some(ticket));
            assert_eq!(Names::new(1, 1, 1).ticket(id), None);
        }
        assert_eq!((Ticket::new(7, 9).client(), Ticket::new(7, 9).number()), (7, 9));
    }

    #[test]
    fn keys_are_found_by_name_and_number() {
        let names = Names::new(1, 3, 2);
        assert_eq!(names.stocks().len(), 6);
        let Stock { sku, location } = names.stock(5);
        assert_eq!(names.key(sku, location), Some(5));
        assert!(sku.starts_with(&names.sku_prefix()));
        assert_eq!(names.key(sku, "L002"), None);
    }
}
