//! A client that behaves well while others do not: it reserves and releases, one call after the other.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::real::kept::Kept;
use crate::uuid;

/// A client with a connection of its own, which it keeps.
pub struct Bystander(Kept);

/// How it fared.
#[derive(Clone, Copy, Debug)]
pub struct Fared {
    /// Calls, each answered well.
    pub calls: usize,
    /// The 99th percentile of their latency, in microseconds.
    pub p99_us: u64,
}

/// Between two calls. A closed loop without it would measure its own load.
const PAUSE: Duration = Duration::from_millis(2);

impl Bystander {
    /// Connects, and puts up stock.
    pub async fn new(url: &str) -> Result<Self, String> {
        let mut http = Kept::connect(url).await?;
        let body = json!({"quantity": 1_000_000_000});
        let told = http.post("/v1/stock/COLD/OSLO-1/receive", &body).await?;
        if told.status == 200 { Ok(Self(http)) } else { Err(told.text()) }
    }

    /// Goes on for so long. Every call must be answered with what was asked for.
    pub async fn goes_on(&mut self, time: Duration) -> Result<Fared, String> {
        let (began, mut latencies) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            let id = uuid();
            let lines = json!([{"sku": "COLD", "location": "OSLO-1", "quantity": 1}]);
            let calls = [
                ("/v1/reservations".to_owned(), json!({"id": id, "lines": lines}), 201),
                (format!("/v1/reservations/{id}/release"), json!({}), 200),
            ];
            for (path, body, status) in calls {
                let sent = Instant::now();
                let told = self.0.post(&path, &body).await?;
                if told.status != status {
                    return Err(format!("a well-behaved client was answered {}", told.text()));
                }
                latencies.push(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
                tokio::time::sleep(PAUSE).await;
            }
        }
        latencies.sort_unstable();
        let p99 = latencies.len().saturating_sub(1) * 99 / 100;
        let p99_us = latencies.get(p99).copied().unwrap_or_default();
        Ok(Fared { calls: latencies.len(), p99_us })
    }
}
