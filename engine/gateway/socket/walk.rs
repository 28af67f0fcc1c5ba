//! A snapshot under way: page after page of the levels that a subscription selects, read only when the page
//! before it is on its way, so that it holds one page at most.

use std::collections::VecDeque;
use std::sync::Arc;

use saldo_ledger::{Level, Refusal, RefusalCode, StockKey};

use super::source::Source;
use crate::engine::Placed;
use crate::feed::{Selection, SubscriptionId};

/// Reads in a row before a page is handed over, however few levels they found: others want to be served too.
const READS_MAX: usize = 64;

/// Where a snapshot stands.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) subscription: SubscriptionId,
    selection: Arc<Selection>,
    /// Keys that changed last at this place or before are known to the reader.
    since: u64,
    /// The prefix being walked; past the last one come the SKUs.
    prefix: usize,
    /// The last key read of that prefix.
    after: Option<StockKey>,
    /// The SKU to read next.
    sku: usize,
    /// Read, but more than fitted into the page.
    rest: VecDeque<Level>,
}

impl Walk {
    pub(super) const fn new(
        subscription: SubscriptionId,
        selection: Arc<Selection>,
        since: u64,
    ) -> Self {
        let rest = VecDeque::new();
        Self { subscription, selection, since, prefix: 0, after: None, sku: 0, rest }
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
            && self.prefix >= self.selection.prefixes().len()
            && self.sku >= self.selection.skus().len()
    }

    /// The next page: at most `limit` levels, and perhaps none although more come.
    pub(super) async fn page<E: Source>(
        &mut self,
        source: &E,
        limit: usize,
    ) -> Result<Vec<Level>, Refusal> {
        for _ in 0..READS_MAX {
            if self.rest.len() >= limit || self.is_done() {
                break;
            }
            let found = self.read(source, limit).await?;
            let (selection, since) = (&self.selection, self.since);
            let selected = found.into_iter().filter(|found| {
                found.place > since && selection.has_location(found.level.key.location())
            });
            self.rest.extend(selected.map(|found| found.level));
        }
        let taken = self.rest.len().min(limit);
        Ok(self.rest.drain(..taken).collect())
    }

    async fn read<E: Source>(&mut self, source: &E, limit: usize) -> Result<Vec<Placed>, Refusal> {
        if let Some(prefix) = self.selection.prefixes().get(self.prefix) {
            let found = source.levels(self.after.as_ref(), prefix, limit).await?;
            if found.len() < limit {
                self.prefix += 1;
                self.after = None;
            } else {
                self.after = found.last().map(|found| found.level.key.clone());
            }
            return Ok(found);
        }
        let Some(sku) = self.selection.skus().get(self.sku) else {
            return Ok(Vec::new());
        };
        self.sku += 1;
        match source.levels_of_sku(sku).await {
            // No error: its level comes when it does.
            Err(refusal) if refusal.code == RefusalCode::UnknownStock => Ok(Vec::new()),
            found => found,
        }
    }
}
