//! Whether it is true: what was asked and answered, held against the target's own books. Written from the rules of
//! stock alone, it shares no line with the engine's ledger.
//!
//! [`SaldoAudit`] reads every event of the run: each key's chain of versions and balances, the operation behind each
//! event and the event behind each answer, and an order of the operations that explains all answers. [`TotalsAudit`]
//! holds the sums of targets that keep no such books against the answers.

mod baskets;
mod chain;
mod closing;
pub mod error;
mod facts;
mod feed;
mod findings;
mod index;
mod keys;
mod ledger;
mod saldo;
mod sample;
mod story;
pub mod totals;
mod units;

pub use findings::SHOWN_MAX;
pub use saldo::SaldoAudit;
pub use sample::READ_BACK_MAX;
pub use totals::{KeyTotals, TotalsAudit};

use crate::history::log::ClientLog;
use crate::workload::names::Names;
use crate::workload::script::Expected;

/// A finished run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its keys and names.
    pub names: &'a Names,
    /// Units that each key opened with, in order of the keys.
    pub opening: &'a [u32],
    /// What each client asked and was told, in order of the clients.
    pub logs: &'a [ClientLog],
    /// What must be true at the end.
    pub expected: Expected,
}
