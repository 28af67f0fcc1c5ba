//! The engine as a connection sees it, and no more of it: what tests put a small engine of their own behind.

use std::future::Future;
use std::sync::Arc;

use saldo_ledger::{Refusal, StockKey};

use crate::engine::{Engine, FrameCommand, FrameReply, Placed};
use crate::feed::{CatchUpFault, EventsPage, Hub, Selection};

/// Levels, events, commands and the feed.
pub(super) trait Source: Clone + Send + Sync + 'static {
    /// One reply a command, in order, once all are durable. Commands of one key are decided in the order of the
    /// calls to this.
    fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static + use<Self>;

    /// The next levels in key order behind `after` whose SKU begins with `sku_prefix`; fewer than `limit` only
    /// at the end.
    fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Placed>, Refusal>> + Send;

    /// All levels of a SKU, or `unknown_stock`.
    fn levels_of_sku(&self, sku: &str)
    -> impl Future<Output = Result<Vec<Placed>, Refusal>> + Send;

    /// About `limit` events of the selected keys behind `after` and up to `until`.
    fn events(
        &self,
        after: u64,
        until: u64,
        selection: Arc<Selection>,
        limit: usize,
    ) -> impl Future<Output = Result<EventsPage, CatchUpFault>> + Send;

    /// The opaque name of a place in the journal.
    fn cursor(&self, sequence: u64) -> String;

    /// The place that a cursor names; none where it is of another journal.
    fn place(&self, cursor: &str) -> Option<u64>;

    /// The oldest event that is kept.
    fn earliest_sequence(&self) -> u64;

    /// Everything up to here is durable, and in every read that is asked for from now on.
    fn durable_sequence(&self) -> u64;

    /// The feed.
    fn feed(&self) -> &Arc<Hub>;
}

impl Source for Engine {
    fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static + use<> {
        Self::commands(self, frame)
    }

    fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Placed>, Refusal>> + Send {
        Self::levels(self, after, sku_prefix, limit)
    }

    fn levels_of_sku(
        &self,
        sku: &str,
    ) -> impl Future<Output = Result<Vec<Placed>, Refusal>> + Send {
        self.placed_of_sku(sku)
    }

    fn events(
        &self,
        after: u64,
        until: u64,
        selection: Arc<Selection>,
        limit: usize,
    ) -> impl Future<Output = Result<EventsPage, CatchUpFault>> + Send {
        Self::events(self, after, until, selection, limit)
    }

    fn cursor(&self, sequence: u64) -> String {
        Self::cursor(self, sequence)
    }

    fn place(&self, cursor: &str) -> Option<u64> {
        Self::place(self, cursor)
    }

    fn earliest_sequence(&self) -> u64 {
        Self::earliest_sequence(self)
    }

    fn durable_sequence(&self) -> u64 {
        Self::durable_sequence(self)
    }

    fn feed(&self) -> &Arc<Hub> {
        Self::feed(self)
    }
}
