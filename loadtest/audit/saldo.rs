//! The audit of a run against Saldo: reads levels, books and a sample of reservations, and lets the ledger judge.

use std::time::Instant;

use saldo_protocol::client::{Client, ClientError};

use crate::audit::Run;
use crate::audit::error::AuditError;
use crate::audit::feed::Feed;
use crate::audit::findings::Fault;
use crate::audit::ledger::Ledger;
use crate::measure::figures::AuditFigures;
use crate::targets::saldo::Saldo;
use crate::workload::names::Ticket;

/// An engine whose books are to be held against a run.
#[derive(Clone, Copy, Debug)]
pub struct SaldoAudit<'a> {
    /// `http://HOST:PORT`.
    pub url: &'a str,
    /// The bearer token, where the engine asks for one.
    pub token: Option<&'a str>,
    /// Where the feed stood before the run began, see [`Saldo::cursor`].
    pub cursor: &'a str,
    /// Which reservations are read back.
    pub seed: u64,
    /// What was asked and answered.
    pub run: Run<'a>,
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
        let saldo = Saldo::new(self.url, self.token.map(str::to_owned), None);
        let saldo = saldo.map_err(|error| call("the engine", &error))?;
        let levels = saldo.levels(self.run.names).await;
        let levels = levels.map_err(|error| call("levels", &error))?;
        let mut ledger = Ledger::new(self.run, levels, self.seed);
        if !ledger.is_read() {
            let prefix = self.run.names.sku_prefix();
            let subscribed = Feed::subscribe(self.url, self.token, &prefix, self.cursor);
            let mut feed = subscribed.await?;
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
            read_back(saldo.client(), &mut ledger, ticket).await?;
        }
        Ok(ledger)
    }
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

fn call(what: &str, error: &impl std::fmt::Display) -> AuditError {
    AuditError::Call { what: what.to_owned(), reason: error.to_string() }
}
