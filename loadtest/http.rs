//! The transport over HTTP: Saldo's own client, made as patient as the command line says.

use std::time::Duration;

use saldo_protocol::client::{Answer, Client, ClientConfig, ClientError, RetryPolicy};
use saldo_protocol::{
    AdjustRequest, CommitRequest, FulfilRequest, Level, Movements, MovementsQuery, ReceiveRequest,
    Reservation, ReserveRequest, ReturnLinesRequest, ReturnWithoutOrderRequest, ReturnedLevels,
};
use uuid::Uuid;

use crate::durability;
use crate::transport::{Failure, Outcome, Transport};

/// The first wait between two attempts, and the longest: an engine that is back is used within half a second.
const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// An engine behind an address.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: Client,
}

impl HttpTransport {
    /// A call is sent again for `patience` before it counts as unanswered; `connections` are kept open.
    ///
    /// # Errors
    /// Where no request can be made with the address or token; the text says why.
    pub fn new(
        url: &str,
        token: Option<String>,
        patience: Duration,
        connections: usize,
    ) -> Result<Self, String> {
        let config = ClientConfig {
            token,
            idle_connections_max: connections,
            retry: RetryPolicy {
                attempts_max: u32::MAX,
                total: patience,
                backoff_first: BACKOFF_FIRST,
                backoff_max: BACKOFF_MAX,
            },
            ..ClientConfig::new(url.trim_end_matches('/'))
        };
        let client = Client::new(config).map_err(|error| error.to_string())?;
        Ok(Self { client })
    }
}

fn outcome<T>(result: Result<Answer<T>, ClientError>) -> Outcome<T> {
    result.map_err(|error| match error {
        // Still retryable after all patience: the engine gave no outcome, only asked to wait.
        ClientError::Refused { problem, .. } if !problem.code.is_retryable() => {
            Failure::Refused(problem)
        }
        other => Failure::NoAnswer(other.to_string()),
    })
}

impl Transport for HttpTransport {
    async fn receive(
        &self,
        sku: &str,
        location: &str,
        body: &ReceiveRequest,
        key: &str,
    ) -> Outcome<Level> {
        outcome(self.client.receive(sku, location, body, Some(key)).await)
    }

    async fn adjust(
        &self,
        sku: &str,
        location: &str,
        body: &AdjustRequest,
        key: &str,
    ) -> Outcome<Level> {
        outcome(self.client.adjust(sku, location, body, Some(key)).await)
    }

    async fn reserve(&self, body: &ReserveRequest, key: &str) -> Outcome<Reservation> {
        outcome(self.client.reserve(body, Some(key)).await)
    }

    async fn commit(&self, id: Uuid, key: &str) -> Outcome<Reservation> {
        let all = CommitRequest::default();
        outcome(self.client.commit(id, &all, Some(key)).await)
    }

    async fn fulfil(&self, id: Uuid, key: &str) -> Outcome<Reservation> {
        let all = FulfilRequest::default();
        outcome(self.client.fulfil(id, &all, Some(key)).await)
    }

    async fn return_to_order(
        &self,
        id: Uuid,
        body: &ReturnLinesRequest,
        key: &str,
    ) -> Outcome<Reservation> {
        outcome(self.client.return_lines(id, body, Some(key)).await)
    }

    async fn return_without_order(
        &self,
        body: &ReturnWithoutOrderRequest,
        key: &str,
    ) -> Outcome<ReturnedLevels> {
        outcome(self.client.return_without_order(body, Some(key)).await)
    }

    async fn level(&self, sku: &str, location: &str) -> Outcome<Level> {
        outcome(self.client.level(sku, location).await)
    }

    async fn movements(&self, query: &MovementsQuery) -> Outcome<Movements> {
        outcome(self.client.movements(query).await)
    }

    async fn durability(&self) -> Option<String> {
        let ready = self.client.readyz().await.ok();
        if let Some(told) = ready.and_then(|probe| durability::told_by(&probe.body)) {
            return Some(told);
        }
        let metrics = self.client.metrics_text().await.ok()?;
        durability::told_by(&metrics)
    }
}
