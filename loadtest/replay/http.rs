//! The transport over HTTP: Saldo's own client, made as patient as the command line says.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use saldo_protocol::client::{Answer, Client, ClientConfig, ClientError, RetryPolicy};
use saldo_protocol::{
    AdjustRequest, CommitRequest, FulfilRequest, Level, Movements, MovementsQuery, ReceiveRequest,
    Reservation, ReserveRequest, ReturnLinesRequest, ReturnWithoutOrderRequest, ReturnedLevels,
};
use uuid::Uuid;

use crate::replay::transport::{Failure, Outcome, Transport};
use crate::targets::durability;

/// The first wait between two attempts, and the longest: an engine that is back is used within half a second.
const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// An engine behind an address.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    /// Makes the first attempt of each call, and no other.
    first: Client,
    /// Makes all further ones, where the first had no outcome: so it is known whether there were any.
    again: Client,
    sent_again: Arc<AtomicU64>,
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
        let once = ClientConfig { retry: RetryPolicy::never(), ..config.clone() };
        let client = |config| Client::new(config).map_err(|error| error.to_string());
        Ok(Self {
            first: client(once)?,
            again: client(config)?,
            sent_again: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Makes the call until its outcome is known or patience has ended.
    async fn until_known<'a, T, F>(&'a self, call: impl Fn(&'a Client) -> F) -> Outcome<T>
    where
        F: Future<Output = Result<Answer<T>, ClientError>>,
    {
        match call(&self.first).await {
            Err(error) if error.is_retryable() => {
                self.sent_again.fetch_add(1, Ordering::Relaxed);
                outcome(call(&self.again).await)
            }
            known => outcome(known),
        }
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
        self.until_known(|client| client.receive(sku, location, body, Some(key))).await
    }

    async fn adjust(
        &self,
        sku: &str,
        location: &str,
        body: &AdjustRequest,
        key: &str,
    ) -> Outcome<Level> {
        self.until_known(|client| client.adjust(sku, location, body, Some(key))).await
    }

    async fn reserve(&self, body: &ReserveRequest, key: &str) -> Outcome<Reservation> {
        self.until_known(|client| client.reserve(body, Some(key))).await
    }

    async fn commit(&self, id: Uuid, key: &str) -> Outcome<Reservation> {
        let all = CommitRequest::default();
        self.until_known(|client| client.commit(id, &all, Some(key))).await
    }

    async fn fulfil(&self, id: Uuid, key: &str) -> Outcome<Reservation> {
        let all = FulfilRequest::default();
        self.until_known(|client| client.fulfil(id, &all, Some(key))).await
    }

    async fn return_to_order(
        &self,
        id: Uuid,
        body: &ReturnLinesRequest,
        key: &str,
    ) -> Outcome<Reservation> {
        self.until_known(|client| client.return_lines(id, body, Some(key))).await
    }

    async fn return_without_order(
        &self,
        body: &ReturnWithoutOrderRequest,
        key: &str,
    ) -> Outcome<ReturnedLevels> {
        self.until_known(|client| client.return_without_order(body, Some(key))).await
    }

    async fn level(&self, sku: &str, location: &str) -> Outcome<Level> {
        self.until_known(|client| client.level(sku, location)).await
    }

    async fn movements(&self, query: &MovementsQuery) -> Outcome<Movements> {
        self.until_known(|client| client.movements(query)).await
    }

    fn sent_again(&self) -> u64 {
        self.sent_again.load(Ordering::Relaxed)
    }

    async fn durability(&self) -> Option<String> {
        let metrics = self.again.metrics_text().await.ok()?;
        durability::told_by(&metrics).map(str::to_owned)
    }
}
