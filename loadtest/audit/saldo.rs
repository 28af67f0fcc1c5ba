//! The audit of a run against Saldo: reads levels, books and a sample of reservations, and lets the ledger judge.

use std::time::Instant;

use saldo_protocol::client::{Client, ClientConfig, ClientError};
use saldo_protocol::{AvailabilityItem, AvailabilityQuery, Level, Location, Sku};

use crate::audit::Run;
use crate::audit::error::AuditError;
use crate::audit::feed::Feed;
use crate::audit::findings::Fault;
use crate::audit::ledger::Ledger;
use crate::measure::figures::AuditFigures;
use crate::workload::names::{Names, Ticket};

/// Levels that one call asks for: as many as the engine takes.
const LEVELS_AT_ONCE: usize = 1_000;

/// An engine whose books are to be held against a run.
#[derive(Clone, Copy, Debug)]
pub struct SaldoAudit<'a> {
    /// `http://HOST:PORT`.
    pub url: &'a str,
    /// The bearer token, where the engine asks for one.
    pub token: Option<&'a str>,
    /// Where the feed stood before the run began, see [`cursor_now`].
    pub cursor: &'a str,
    /// Which reservations are read back.
    pub seed: u64,
    /// What was asked and answered.
    pub run: Run<'a>,
}

/// Where the feed of an engine stands now: from here on an audit reads the events of a run that begins later.
///
/// # Errors
/// [`AuditError::Feed`] where it cannot be read.
pub async fn cursor_now(url: &str, token: Option<&str>) -> Result<String, AuditError> {
    Feed::subscribe(url, token, None, None).await.map(|(_, cursor)| cursor)
}

impl SaldoAudit<'_> {
    /// Audits; `progress` is told events read, and of how many. Books that cannot be read are `left_out`.
    pub async fn audit(&self, progress: impl FnMut(u64, u64)) -> AuditFigures {
        let begun = Instant::now();
        match self.read(progress).await {
            Ok(ledger) => ledger.finish(begun.elapsed()),
            Err(error) => AuditFigures {
                left_out: Some(error.to_string()),
                seconds: begun.elapsed().as_secs_f64(),
                ..AuditFigures::default()
            },
        }
    }

    async fn read(&self, mut progress: impl FnMut(u64, u64)) -> Result<Ledger<'_>, AuditError> {
        let config = ClientConfig {
            token: self.token.map(str::to_owned),
            ..ClientConfig::new(self.url.trim_end_matches('/'))
        };
        let client = Client::new(config).map_err(|error| call("the engine", &error))?;
        let levels = levels(&client, self.run.names).await?;
        let mut ledger = Ledger::new(self.run, levels, self.seed);
        if !ledger.is_read() {
            let prefix = self.run.names.sku_prefix();
            let subscribed =
                Feed::subscribe(self.url, self.token, Some(&prefix), Some(self.cursor));
            let (mut feed, _) = subscribed.await?;
            let taking = feed.each_frame(|events| {
                for event in events {
                    ledger.take(event);
                }
                let (done, total) = ledger.progress();
                progress(done, total);
                ledger.is_read()
            });
            taking.await?;
        }
        for ticket in ledger.sample.tickets() {
            read_back(&client, &mut ledger, ticket).await?;
        }
        Ok(ledger)
    }
}

/// The levels of all keys, in order; none of a key that does not exist.
async fn levels(client: &Client, names: &Names) -> Result<Vec<Option<Level>>, AuditError> {
    let mut levels: Vec<Option<Level>> = names.stocks().iter().map(|_| None).collect();
    for stocks in names.stocks().chunks(LEVELS_AT_ONCE) {
        let items: Result<Vec<AvailabilityItem>, ClientError> = stocks
            .iter()
            .map(|stock| {
                let location = Some(Location::new(&*stock.location)?);
                Ok(AvailabilityItem { sku: Sku::new(&*stock.sku)?, location })
            })
            .collect();
        let items = items.map_err(|error| call("levels", &error))?;
        let query = AvailabilityQuery { items };
        let told =
            client.query_availability(&query).await.map_err(|error| call("levels", &error))?;
        for level in told.value.levels {
            if let Some(key) = names.key(&level.sku, &level.location) {
                levels[key as usize] = Some(level);
            }
        }
    }
    Ok(levels)
}

/// Reads a granted reservation and compares it with its events.
async fn read_back(
    client: &Client,
    ledger: &mut Ledger<'_>,
    ticket: Ticket,
) -> Result<(), AuditError> {
    let id = ledger.run.names.reservation(ticket);
    let wrong = match client.reservation(id).await {
        Ok(told) => ledger.sample.compare(ledger.run.names, ticket, &told.value),
        // One without events is lost already.
        Err(ClientError::Refused { problem, .. }) if !problem.code.is_retryable() => {
            let code = problem.code;
            ledger.sample.has_events(ticket).then(|| format!("it is refused as {code}"))
        }
        Err(error) => return Err(call(&format!("reservation {id}"), &error)),
    };
    ledger.findings.figures.read_back += 1;
    if let Some(wrong) = wrong {
        let (client, number) = (ticket.client(), ticket.number());
        ledger.findings.add(Fault::Lost, 1, || {
            format!("reservation {id} (operation {number} of client {client}), read back: {wrong}")
        });
    }
    Ok(())
}

fn call(what: &str, error: &ClientError) -> AuditError {
    AuditError::Call { what: what.to_owned(), reason: error.to_string() }
}
