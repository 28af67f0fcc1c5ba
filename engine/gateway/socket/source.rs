//! The engine as a connection sees it, and no more of it: what tests put a small engine of their own behind.

use std::future::Future;
use std::sync::Arc;

use saldo_ledger::{Level, Refusal, StockKey};

use crate::engine::{Engine, FrameCommand, FrameReply};
use crate::feed::Hub;

/// Levels, commands and the feed.
pub(super) trait Source: Clone + Send + Sync + 'static {
    /// One reply a command, in order, once all are durable. Commands of one key are decided in the order of the
    /// calls to this.
    fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static;

    /// The next levels in key order behind `after` whose SKU begins with `sku_prefix`; fewer than `limit` only
    /// at the end.
    fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Level>, Refusal>> + Send;

    /// All levels of a SKU, or `unknown_stock`.
    fn levels_of_sku(&self, sku: &str) -> impl Future<Output = Result<Vec<Level>, Refusal>> + Send;

    /// The opaque name of a place in the journal.
    fn cursor(&self, sequence: u64) -> String;

    /// Everything up to here is durable, and in every read that is asked for from now on.
    fn durable_sequence(&self) -> u64;

    /// The feed.
    fn feed(&self) -> &Arc<Hub>;
}

impl Source for Engine {
    fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static {
        Self::commands(self, frame)
    }

    fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Level>, Refusal>> + Send {
        Self::levels(self, after, sku_prefix, limit)
    }

    fn levels_of_sku(&self, sku: &str) -> impl Future<Output = Result<Vec<Level>, Refusal>> + Send {
        Self::levels_of_sku(self, sku)
    }

    fn cursor(&self, sequence: u64) -> String {
        Self::cursor(self, sequence)
    }

    fn durable_sequence(&self) -> u64 {
        Self::durable_sequence(self)
    }

    fn feed(&self) -> &Arc<Hub> {
        Self::feed(self)
    }
}
