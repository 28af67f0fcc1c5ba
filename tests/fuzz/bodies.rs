//! JSON bodies of every call: a body is refused, or what it says is written and read back the same. The first byte
//! chooses the call.

use std::fmt::Debug;

use saldo_protocol::{
    AddLinesRequest, AdjustRequest, Availability, AvailabilityQuery, CommitRequest, CountRequest,
    ExtendRequest, FulfilRequest, Movements, PolicyRequest, Problem, ReceiveRequest,
    ReleaseRequest, Reservation, Reservations, ReserveRequest, ReturnLinesRequest,
    ReturnWithoutOrderRequest, ReturnedLevels, SellRequest, SkuLevels, parse_body,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frames::same_in_json;

/// Reads a body as one call's.
///
/// # Panics
/// Where a body is not read back as it was written.
pub fn run(bytes: &[u8]) {
    /// Requests, then answers: a client reads those.
    const READERS: &[fn(&[u8])] = &[
        request::<ReceiveRequest>,
        request::<AdjustRequest>,
        request::<CountRequest>,
        request::<PolicyRequest>,
        request::<SellRequest>,
        request::<AvailabilityQuery>,
        request::<ReserveRequest>,
        request::<AddLinesRequest>,
        request::<CommitRequest>,
        request::<FulfilRequest>,
        request::<ReleaseRequest>,
        request::<ExtendRequest>,
        request::<ReturnLinesRequest>,
        request::<ReturnWithoutOrderRequest>,
        answer::<Availability>,
        answer::<Reservation>,
        answer::<Reservations>,
        answer::<Movements>,
        answer::<SkuLevels>,
        answer::<ReturnedLevels>,
        answer::<Problem>,
    ];
    let Some((call, body)) = bytes.split_first() else { return };
    READERS[usize::from(*call) % READERS.len()](body);
}

fn request<T: Serialize + DeserializeOwned + PartialEq + Debug>(body: &[u8]) {
    match parse_body::<T>(body) {
        Ok(value) => same_in_json(&value, |json| parse_body(json).ok()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn answer<T: Serialize + DeserializeOwned + PartialEq + Debug>(body: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(body) {
        same_in_json(&value, |json| serde_json::from_slice(json).ok());
    }
}
