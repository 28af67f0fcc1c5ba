//! The trade's words for the calls that most tests make.

use saldo_protocol::client::percent_encoded;
use saldo_protocol::{Level, Movement, Movements, Reservation};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Http, Told};

/// A line of a reservation.
#[must_use]
pub fn line(sku: &str, location: &str, quantity: i64) -> Value {
    json!({"sku": sku, "location": location, "quantity": quantity})
}

/// The body of a reserve with nothing but lines.
#[must_use]
pub fn reserve_body(lines: &[(&str, &str, i64)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, location, quantity)| line(sku, location, *quantity)).collect();
    json!({"lines": lines})
}

/// A new id for a reservation, or a new idempotency key.
#[must_use]
pub fn uuid() -> Uuid {
    Uuid::now_v7()
}

fn stock(sku: &str, location: &str, call: &str) -> String {
    format!("/v1/stock/{}/{}{call}", percent_encoded(sku), percent_encoded(location))
}

impl Http {
    /// Receives units.
    pub async fn receive(&self, sku: &str, location: &str, quantity: i64) -> Level {
        self.post(&stock(sku, location, "/receive"), json!({"quantity": quantity})).await.ok()
    }

    /// A change of a key: `adjust`, `count`, `sell`, `receive`.
    pub async fn change(&self, sku: &str, location: &str, call: &str, body: Value) -> Told {
        self.post(&stock(sku, location, &format!("/{call}")), body).await
    }

    /// The key's balances.
    pub async fn level(&self, sku: &str, location: &str) -> Level {
        self.get(&stock(sku, location, "")).await.ok()
    }

    /// Reserves lines, all or nothing.
    pub async fn reserve(&self, lines: &[(&str, &str, i64)]) -> Told {
        self.post("/v1/reservations", reserve_body(lines)).await
    }

    /// Reserves lines that must be granted.
    pub async fn granted(&self, lines: &[(&str, &str, i64)]) -> Reservation {
        self.reserve(lines).await.with_status(201)
    }

    /// Moves units of a reservation: `commit`, `fulfil`, `release`, `extend`, `return`, `lines`.
    pub async fn step(&self, id: Uuid, verb: &str, body: Value) -> Told {
        self.post(&format!("/v1/reservations/{id}/{verb}"), body).await
    }

    /// The reservation as it is now.
    pub async fn reservation(&self, id: Uuid) -> Reservation {
        self.get(&format!("/v1/reservations/{id}")).await.ok()
    }

    /// All movements of a key, oldest first, over as many pages as there are.
    pub async fn movements(&self, sku: &str, location: &str) -> Vec<Movement> {
        let (sku, location) = (percent_encoded(sku), percent_encoded(location));
        let first = format!("/v1/movements?sku={sku}&location={location}&limit=1000");
        let mut path = first.clone();
        let mut all = Vec::new();
        loop {
            let page: Movements = self.get(&path).await.ok();
            all.extend(page.movements);
            let Some(cursor) = page.next_cursor else { break };
            path = format!("{first}&cursor={}", percent_encoded(&cursor));
        }
        all.reverse();
        all
    }

    /// A figure of `/metrics` that has no labels.
    ///
    /// # Panics
    /// Where there is no such figure.
    pub async fn metric(&self, name: &str) -> f64 {
        let page = self.get("/metrics").await.text();
        let found = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("no figure {name} in\n{page}"))
    }
}
