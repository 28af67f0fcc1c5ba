//! Names of what the store holds: one prefix byte a kind, then bytes that sort as their readers read.

use saldo_ledger::{ReservationId, StockKey};

/// Head of a key: balances and version.
pub const HEAD: u8 = b'k';
/// A page of a key's hold table.
pub const PAGE: u8 = b'p';
/// What a home keeps of a reservation besides its own line.
pub const BASKET: u8 = b'b';
/// A closed reservation.
pub const CLOSED: u8 = b'c';
/// When a closed reservation may be forgotten.
pub const FORGET: u8 = b'f';
/// A chunk of the table of idempotency keys.
pub const ONCE: u8 = b'i';
/// A reservation by one of its references.
pub const REFERENCE: u8 = b'r';

/// Name of a key's head.
#[must_use]
pub fn head(key: &StockKey) -> Vec<u8> {
    named(HEAD, key.as_str(), &[])
}

/// Prefix of the heads of every key whose SKU is just this.
#[must_use]
pub fn heads_of_sku(sku: &str) -> Vec<u8> {
    named(HEAD, sku, &[0])
}

/// Prefix of the heads of every key whose SKU starts so.
#[must_use]
pub fn heads_of_prefix(prefix: &str) -> Vec<u8> {
    named(HEAD, prefix, &[])
}

/// Name of a page of a key's hold table.
#[must_use]
pub fn page(key: &StockKey, number: u32) -> Vec<u8> {
    numbered(PAGE, key, number)
}

/// Name of a reservation's basket at a key.
#[must_use]
pub fn basket(key: &StockKey, place: u32) -> Vec<u8> {
    numbered(BASKET, key, place)
}

/// Prefix of a key's pages or baskets.
#[must_use]
pub fn all_of(kind: u8, key: &StockKey) -> Vec<u8> {
    named(kind, key.as_str(), &[0])
}

/// Name of a closed reservation.
#[must_use]
pub fn closed(id: ReservationId) -> Vec<u8> {
    let mut name = vec![CLOSED];
    name.extend_from_slice(&id.bits().to_be_bytes());
    name
}

/// Name of the note that a closed reservation may be forgotten from `second` on, since the epoch.
#[must_use]
pub fn forget(second: u64, id: ReservationId) -> Vec<u8> {
    let mut name = vec![FORGET];
    name.extend_from_slice(&second.to_be_bytes());
    name.extend_from_slice(&id.bits().to_be_bytes());
    name
}

/// The second and the reservation that [`forget`] names.
#[must_use]
pub fn forget_of(name: &[u8]) -> Option<(u64, ReservationId)> {
    let (second, id) = name.strip_prefix(&[FORGET])?.split_first_chunk::<8>()?;
    let id = ReservationId::new(u128::from_be_bytes(id.try_into().ok()?))?;
    Some((u64::from_be_bytes(*second), id))
}

/// Name of a chunk of the table of idempotency keys.
#[must_use]
pub fn once(chunk: u64) -> Vec<u8> {
    let mut name = vec![ONCE];
    name.extend_from_slice(&chunk.to_be_bytes());
    name
}

/// The chunk that [`once`] names.
#[must_use]
pub fn once_of(name: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(name.strip_prefix(&[ONCE])?.try_into().ok()?))
}

/// Prefix of the reservations with a reference; `kind` tells which of their texts.
#[must_use]
pub fn references(kind: u8, text: &str) -> Vec<u8> {
    let mut name = vec![REFERENCE, kind];
    name.extend_from_slice(text.as_bytes());
    name.push(0);
    name
}

/// Name of a reservation by one of its references.
#[must_use]
pub fn reference(kind: u8, text: &str, id: ReservationId) -> Vec<u8> {
    let mut name = references(kind, text);
    name.extend_from_slice(&id.bits().to_be_bytes());
    name
}

/// The reservation that [`reference()`] names.
#[must_use]
pub fn reference_of(name: &[u8]) -> Option<ReservationId> {
    let (_, id) = name.split_last_chunk::<16>()?;
    ReservationId::new(u128::from_be_bytes(*id))
}

/// The key and the number that [`page`] and [`basket`] name.
#[must_use]
pub fn numbered_of(name: &[u8]) -> Option<(StockKey, u32)> {
    let (text, number) = name.get(1..)?.split_last_chunk::<4>()?;
    let text = core::str::from_utf8(text.strip_suffix(&[0])?).ok()?;
    Some((StockKey::parse(text)?, u32::from_be_bytes(*number)))
}

/// The key that [`head`] names.
#[must_use]
pub fn head_of(name: &[u8]) -> Option<StockKey> {
    StockKey::parse(core::str::from_utf8(name.strip_prefix(&[HEAD])?).ok()?)
}

fn named(kind: u8, text: &str, end: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(1 + text.len() + 5);
    name.push(kind);
    name.extend_from_slice(text.as_bytes());
    name.extend_from_slice(end);
    name
}

fn numbered(kind: u8, key: &StockKey, number: u32) -> Vec<u8> {
    let mut name = named(kind, key.as_str(), &[0]);
    name.extend_from_slice(&number.to_be_bytes());
    name
}
