//! Runs the file against an engine: first the opening stock, then all invoices with so many workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use indicatif::ProgressBar;
use parking_lot::Mutex;
use saldo_protocol::Location;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::replay::carry_on::CarryOn;
use crate::replay::error::ReplayError;
use crate::replay::latency::Latencies;
use crate::replay::model::Model;
use crate::replay::queue::InvoiceQueue;
use crate::replay::run_ids::RunIds;
use crate::replay::sold_lines::SoldLines;
use crate::replay::tally::Tally;
use crate::replay::transport::Transport;
use crate::replay::worker::Worker;

/// What all workers of a run share. No lock is held across a call.
pub struct Shared<T> {
    /// The engine.
    pub transport: T,
    /// The run's names.
    pub ids: RunIds,
    /// Where all of it happens.
    pub location: Location,
    /// The audit's picture of the stock.
    pub model: Mutex<Model>,
    /// What may come back.
    pub sold: Mutex<SoldLines>,
    /// Woken whenever an invoice is settled that a return may wait for.
    pub settled: Notify,
    /// Refusals of this run, also of an earlier process.
    pub carry_on: Mutex<CarryOn>,
    /// Whether an opening stock was received before: the engine has seen this run.
    pub seen_before: AtomicBool,
    /// Rows done.
    pub bar: ProgressBar,
}

/// What the workers did.
#[derive(Debug, Default)]
pub struct Work {
    /// What became of the rows.
    pub tally: Tally,
    /// How long the calls took, one count a call.
    pub latencies: Latencies,
}

impl Work {
    fn merge(&mut self, other: Self) {
        self.tally.merge(other.tally);
        self.latencies.merge(&other.latencies);
    }
}

/// Receives this stock, by code, with so many calls in flight.
///
/// # Errors
/// The first [`ReplayError`]; calls that are under way then are given up.
pub async fn open_stock<T: Transport>(
    shared: &Arc<Shared<T>>,
    stock: BTreeMap<String, u64>,
    concurrency: usize,
) -> Result<Work, ReplayError> {
    let left = Arc::new(Mutex::new(stock.into_iter()));
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let (left, mut worker) = (Arc::clone(&left), Worker::new(Arc::clone(shared)));
        workers.spawn(async move {
            loop {
                let next = left.lock().next();
                let Some((code, units)) = next else {
                    return Ok(worker.work);
                };
                worker.receive(&code, units).await?;
            }
        });
    }
    gather(workers).await
}

/// Sends all invoices, with so many in flight.
///
/// # Errors
/// The first [`ReplayError`]; invoices that are under way then are given up, and can be carried on.
pub async fn run<T: Transport>(
    shared: &Arc<Shared<T>>,
    queue: InvoiceQueue,
    concurrency: usize,
) -> Result<Work, ReplayError> {
    let queue = Arc::new(tokio::sync::Mutex::new(queue));
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let (queue, mut worker) = (Arc::clone(&queue), Worker::new(Arc::clone(shared)));
        workers.spawn(async move {
            loop {
                let begun = {
                    let mut queue = queue.lock().await;
                    let Some(begun) = queue.next().await? else {
                        return Ok(worker.work);
                    };
                    // While the queue is held: a return must find every earlier sale begun.
                    worker.begin(&begun);
                    begun
                };
                worker.invoice(begun).await?;
            }
        });
    }
    gather(workers).await
}

async fn gather(mut workers: JoinSet<Result<Work, ReplayError>>) -> Result<Work, ReplayError> {
    let mut all = Work::default();
    while let Some(ended) = workers.join_next().await {
        // Dropping the set at the first error ends the others, also those that wait for a sale that failed.
        all.merge(ended.map_err(|error| ReplayError::Worker(error.to_string()))??);
    }
    Ok(all)
}
