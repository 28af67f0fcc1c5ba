//! What a request's path names: a SKU, a key, a reservation. Read from the raw path, so that `%2F` stays inside
//! its segment.

use axum::http::Uri;
use saldo_ledger::{ReservationId, StockKey};
use saldo_protocol::{Location, Sku};
use uuid::Uuid;

use super::failure::Failure;
use super::percent::decoded;

/// Place of the first variable segment: behind `/v1/stock/` and `/v1/reservations/`.
const FIRST: usize = 3;

/// The SKU of `/v1/stock/{sku}…`.
pub(crate) fn sku(uri: &Uri) -> Result<Sku, Failure> {
    let text = decoded(segment(uri, FIRST), "`sku` in the path")?;
    Sku::new(text).map_err(|error| Failure::malformed(error.to_string()))
}

/// The key of `/v1/stock/{sku}/{location}…`.
pub(crate) fn stock_key(uri: &Uri) -> Result<StockKey, Failure> {
    let sku = decoded(segment(uri, FIRST), "`sku` in the path")?;
    let location = decoded(segment(uri, FIRST + 1), "`location` in the path")?;
    key(&sku, &location)
}

/// The id of `/v1/reservations/{id}…`.
pub(crate) fn reservation_id(uri: &Uri) -> Result<ReservationId, Failure> {
    let text = decoded(segment(uri, FIRST), "`id` in the path")?;
    let id = Uuid::try_parse(&text).map_err(|_| {
        Failure::malformed(format!(
            "`id` in the path must be a UUID such as 01940000-0000-7000-8000-000000000001, found {:?}",
            shortened(&text)
        ))
    })?;
    given_id(id)
}

/// An id that a caller gave: any UUID but the nil one.
pub(crate) fn given_id(id: Uuid) -> Result<ReservationId, Failure> {
    ReservationId::new(id.as_u128()).ok_or_else(|| {
        Failure::malformed("`id` must not be the nil UUID: leave it out and the engine makes one")
    })
}

/// A key of two texts; the error is that of the field.
pub(crate) fn key(sku: &str, location: &str) -> Result<StockKey, Failure> {
    StockKey::new(sku, location).map_err(|error| {
        let of_field = Sku::new(sku).err().or_else(|| Location::new(location).err());
        let detail = of_field.map_or_else(|| error.to_string(), |field| field.to_string());
        Failure::malformed(detail)
    })
}

/// At most 64 characters of what was given: an error need not repeat more.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

fn segment(uri: &Uri, place: usize) -> &str {
    uri.path().split('/').nth(place).unwrap_or_default()
}
